// Which pictures are wanted, and how large: a pure function of the tiles on the page, and the least that has to be said to get from
// what was asked for to what is wanted.

export type Source = "camera" | "screen";
export type Feed = { account_id: string; source: Source; height?: number };

/** A picture on the page, in device pixels. `weight`: the highest are asked for first when there are more tiles than slots. */
export type Seen = { account_id: string; source: Source; heightPx: number; weight: number };

export const PINNED = 2;
export const SHARE = 3;
export const TILE = 1;

export type Wanted = ReadonlyMap<string, Feed>;

export const NOTHING: Wanted = new Map();

/** Heights that the layers of cameras come in; wishes in between would only change, and not what is sent. */
const RUNGS = [90, 180, 360, 720, 1080] as const;
/** A tile that is a little larger than a rung is not worth the next layer, which costs three times as much. */
const STRETCH = 1.25;
/** A rung is left downwards only when the tile is clearly smaller than what the one below would show well: a window that is dragged, a panel that opens. */
const SHRINK = 0.85;

const keyOf = (feed: { account_id: string; source: Source }): string => `${feed.source} ${feed.account_id}`;

/** `before` is what was wanted last: near a boundary it stays so. */
export function desired(seen: readonly Seen[], limit: number, before: Wanted): Wanted {
  const most = new Map<string, Seen>();
  for (const tile of seen) {
    // Twice on the page (large, and in the strip): the larger one counts.
    const other = most.get(keyOf(tile));
    if (other === undefined || other.heightPx < tile.heightPx) most.set(keyOf(tile), { ...tile, weight: Math.max(tile.weight, other?.weight ?? 0) });
    else if (other.weight < tile.weight) most.set(keyOf(tile), { ...other, weight: tile.weight });
  }
  const first = [...most.values()].toSorted((a, b) => b.weight - a.weight).slice(0, limit);
  return new Map(
    first.map(({ account_id, source, heightPx }) => {
      const key = keyOf({ account_id, source });
      return [key, { account_id, source, height: rung(heightPx, before.get(key)?.height) }];
    }),
  );
}

export function rung(heightPx: number, before: number | undefined): number {
  const fit = (px: number): number => RUNGS.find((lines) => px <= lines * STRETCH) ?? 1080;
  const now = fit(heightPx);
  return before !== undefined && now < before && fit(heightPx / SHRINK) >= before ? before : now;
}

export type Change = { unsubscribe: Feed[]; subscribe: Feed[] };

/** Null where nothing is to be said. A feed that is wanted in another size is asked for again, which keeps its slot. */
export function diff(before: Wanted, after: Wanted): Change | null {
  const unsubscribe = [...before].filter(([key]) => !after.has(key)).map(([, { account_id, source }]) => ({ account_id, source }));
  const subscribe = [...after].filter(([key, feed]) => before.get(key)?.height !== feed.height || !before.has(key)).map(([, feed]) => feed);
  return unsubscribe.length === 0 && subscribe.length === 0 ? null : { unsubscribe, subscribe };
}
