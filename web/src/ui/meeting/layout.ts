// Where the tiles go: a pure function of the space, of who is there, and of what somebody wants to see. Nobody's place depends on who
// speaks, except on the stage of the speaker view; who comes takes the next free place, on the next page if need be.

import type { Source } from "../../protocol/generated/meeting";

export type Item = { id: string; account_id: string; source: Source };
export type Box = { x: number; y: number; width: number; height: number };
export type Placed = Item & Box & { on: "grid" | "stage" | "strip" };

export type Scene = {
  width: number;
  height: number;
  /** Without oneself, in their lasting order. */
  others: readonly Item[];
  self: Item;
  /** Large: what is shared, pinned or spoken. Empty: a grid. */
  staged: readonly Item[];
  page: number;
  /** As many of the others as can be received at a time. */
  most: number;
};

export type Arrangement = { tiles: readonly Placed[]; page: number; pages: number };

const GAP = 8;
const RATIO = 16 / 9;
/** Seven rows of seven: as many as anybody can receive. */
const SIDE_MAX = 7;
/** A face that is smaller than this is not recognised. */
const TILE_MIN = 132;
/** From here on a strip stands beside the stage, below it lies under it. */
const WIDE = 720;
const STRIP = { width: 192, height: 108 };
/** Alone, one is not what the page is about. */
const ALONE_MAX = 480;

export function arrange(scene: Scene): Arrangement {
  return scene.staged.length > 0 ? stageAndStrip(scene) : grid(scene);
}

export type Grid = { columns: number; rows: number; width: number; height: number };

/** The rows and columns that make tiles of 16:9 as large as they can be. */
export function largestGrid(count: number, width: number, height: number): Grid {
  let best: Grid = { columns: 1, rows: 1, width: 0, height: 0 };
  for (let columns = 1; columns <= Math.min(SIDE_MAX, Math.max(1, count)); columns += 1) {
    const rows = Math.ceil(count / columns);
    if (rows > SIDE_MAX) continue;
    const across = (width - GAP * (columns - 1)) / columns;
    const down = (height - GAP * (rows - 1)) / rows;
    const fits = Math.max(0, Math.min(across, down * RATIO));
    if (fits > best.width) best = { columns, rows, width: fits, height: fits / RATIO };
  }
  return best;
}

/** Tiles of a page, of which one's own is one. */
export function capacity(width: number, height: number): number {
  const along = (space: number, tile: number): number => Math.min(SIDE_MAX, Math.max(1, Math.floor((space + GAP) / (tile + GAP))));
  return along(width, TILE_MIN) * along(height, TILE_MIN / RATIO);
}

function grid({ width, height, others, self, page, most }: Scene): Arrangement {
  if (others.length === 0) {
    const wide = Math.min(ALONE_MAX, width, height * RATIO);
    return { tiles: [{ ...self, ...centred({ x: 0, y: 0, width, height }, wide), on: "grid" }], page: 0, pages: 1 };
  }
  const per = Math.max(1, Math.min(capacity(width, height) - 1, most));
  const { shown, at, pages } = pageOf(others, page, per);
  // A last page with few people keeps the size of the others: a turned page should not make faces jump.
  const size = largestGrid(pages > 1 ? per + 1 : others.length + 1, width, height);
  return { tiles: inGrid([...shown, self], size, width, height), page: at, pages };
}

function inGrid(items: readonly Item[], size: Grid, width: number, height: number): Placed[] {
  const rows = Math.ceil(items.length / size.columns);
  const top = (height - rows * size.height - (rows - 1) * GAP) / 2;
  return items.map((item, i) => {
    const row = Math.floor(i / size.columns);
    // The last row stands in the middle, like the others.
    const inRow = row === rows - 1 ? items.length - row * size.columns : size.columns;
    const left = (width - inRow * size.width - (inRow - 1) * GAP) / 2;
    const x = left + (i % size.columns) * (size.width + GAP);
    return { ...item, x, y: top + row * (size.height + GAP), width: size.width, height: size.height, on: "grid" };
  });
}

function stageAndStrip({ width, height, others, self, staged, page, most }: Scene): Arrangement {
  const beside = width >= WIDE;
  const onStage = new Set(staged.map((item) => item.id));
  const rest = others.filter((item) => !onStage.has(item.id));
  const strip = beside
    ? { x: width - STRIP.width, y: 0, width: STRIP.width, height }
    : { x: 0, y: height - STRIP.height, width, height: STRIP.height };
  const stage = beside ? { x: 0, y: 0, width: width - STRIP.width - GAP, height } : { x: 0, y: 0, width, height: height - STRIP.height - GAP };
  const slot = beside ? STRIP : { width: Math.min(STRIP.width, (width - GAP) / 2), height: STRIP.height };
  const room = beside ? Math.floor((height + GAP) / (slot.height + GAP)) : Math.floor((width + GAP) / (slot.width + GAP));
  const withSelf = !onStage.has(self.id);
  const { shown, at, pages } = pageOf(rest, page, Math.max(1, Math.min(room - (withSelf ? 1 : 0), most - staged.length)));
  const inStrip = [...shown, ...(withSelf ? [self] : [])].map((item, i): Placed => {
    const place = beside ? { x: strip.x, y: i * (slot.height + GAP) } : { x: i * (slot.width + GAP), y: strip.y };
    return { ...item, ...place, ...slot, on: "strip" };
  });
  return { tiles: [...onTheStage(staged, stage), ...inStrip], page: at, pages };
}

/** Two shares stand side by side, or one above the other, whichever is larger. */
function onTheStage(staged: readonly Item[], stage: Box): Placed[] {
  const { columns, rows } = largestGrid(staged.length, stage.width, stage.height);
  const width = (stage.width - GAP * (columns - 1)) / columns;
  const height = (stage.height - GAP * (rows - 1)) / rows;
  return staged.map((item, i) => ({
    ...item,
    x: stage.x + (i % columns) * (width + GAP),
    y: stage.y + Math.floor(i / columns) * (height + GAP),
    width,
    height,
    on: "stage",
  }));
}

/** The page that was asked for, or the last one when there are fewer by now. */
function pageOf(items: readonly Item[], page: number, per: number): { shown: readonly Item[]; at: number; pages: number } {
  const pages = Math.max(1, Math.ceil(items.length / per));
  const at = Math.min(Math.max(0, page), pages - 1);
  return { shown: items.slice(at * per, (at + 1) * per), at, pages };
}

function centred(space: Box, width: number): Box {
  const height = width / RATIO;
  return { x: space.x + (space.width - width) / 2, y: space.y + (space.height - height) / 2, width, height };
}
