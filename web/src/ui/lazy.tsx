// Pages that are fetched when somebody goes there.

import { useSignal } from "@preact/signals";
import type { ComponentType, JSX } from "preact";
import { useEffect } from "preact/hooks";
import { words } from "./language";
import { Button } from "./parts/button";
import { Notice } from "./parts/notice";

export function lazy<P extends object>(load: () => Promise<ComponentType<P>>): (props: P) => JSX.Element {
  let loaded: ComponentType<P> | null = null;
  return function Lazy(props: P): JSX.Element {
    const state = useSignal<"loading" | "here" | "stale">(loaded === null ? "loading" : "here");
    useEffect(() => {
      if (loaded !== null) return;
      load().then(
        (page) => {
          loaded = page;
          state.value = "here";
        },
        // A server that was updated has no files of the page before it.
        () => (state.value = "stale"),
      );
    }, [state]);
    const Page = loaded;
    if (Page !== null && state.value === "here") return <Page {...props} />;
    return <Waiting stale={state.value === "stale"} />;
  };
}

function Waiting({ stale }: { stale: boolean }): JSX.Element {
  const w = words.value.frame;
  return (
    <main class="page">
      {stale ? (
        <Notice sentence={w.stale}>
          <Button icon="refresh" onClick={() => location.reload()}>
            {w.reload}
          </Button>
        </Notice>
      ) : (
        <p class="secondary patient" role="status">
          {w.loading}
        </p>
      )}
    </main>
  );
}
