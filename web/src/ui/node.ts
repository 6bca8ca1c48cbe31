// What the node says about itself, asked for once. Unknown until then, and after a failure: pages work without it.

import { signal } from "@preact/signals";
import type { NodeView } from "../protocol/generated/api";
import { fetchNode } from "../protocol/rooms";

export const node = signal<NodeView | null>(null);

export async function learnNode(): Promise<void> {
  try {
    node.value = await fetchNode(AbortSignal.timeout(10_000));
  } catch {
    node.value = null;
  }
}
