// Where the tiles go, and what is made of names, addresses and keys.

import { describe, expect, test } from "vitest";
import { colourOf, initials } from "../../src/ui/meeting/face";
import { actionOf } from "../../src/ui/meeting/keys";
import { arrange, capacity, largestGrid, type Placed, type Scene } from "../../src/ui/meeting/layout";
import { pieces } from "../../src/ui/meeting/links";
import { item } from "../../src/ui/meeting/view";

const people = (count: number): Scene["others"] => Array.from({ length: count }, (_, i) => item(`p${i}`, "camera"));
const scene = (count: number, width: number, height: number, more: Partial<Scene> = {}): Scene => ({ width, height, others: people(count), self: item("me", "camera"), staged: [], page: 0, most: 49, ...more });
const names = (tiles: readonly Placed[]): string[] => tiles.map(({ account_id }) => account_id);

function apart(tiles: readonly Placed[], width: number, height: number): void {
  for (const a of tiles) {
    expect(a.x >= -0.01 && a.y >= -0.01 && a.x + a.width <= width + 0.01 && a.y + a.height <= height + 0.01, a.id).toBe(true);
    for (const b of tiles) {
      const over = a !== b && a.x < b.x + b.width - 0.01 && b.x < a.x + a.width - 0.01 && a.y < b.y + b.height - 0.01 && b.y < a.y + a.height - 0.01;
      expect(over, `${a.id} over ${b.id}`).toBe(false);
    }
  }
}

describe("the grid", () => {
  test("makes tiles as large as they can be, up to seven rows of seven", () => {
    const shape = (count: number, width: number, height: number): string => {
      const { columns, rows } = largestGrid(count, width, height);
      return `${columns}×${rows}`;
    };
    expect([1, 2, 4, 9, 49].map((count) => shape(count, 1920, 1080))).toEqual(["1×1", "2×1", "2×2", "3×3", "7×7"]);
    expect([2, 3].map((count) => shape(count, 500, 1200))).toEqual(["1×2", "1×3"]);
  });

  test("fits into every window, and no tile covers another", () => {
    for (const [width, height] of [[360, 560], [800, 600], [1280, 650], [1920, 1000], [3840, 2000], [200, 80]] as const) {
      for (const count of [0, 1, 2, 3, 5, 8, 13, 48, 49, 120]) {
        const { tiles } = arrange(scene(count, width, height));
        apart(tiles, width, height);
        expect(names(tiles).at(-1), `${count} in ${width}×${height}`).toBe("me");
      }
    }
  });

  test("shows oneself smaller when nobody else is there", () => {
    const { tiles } = arrange(scene(0, 1920, 1080));
    expect(tiles.map(({ width }) => width)).toEqual([480]);
  });

  test("keeps everybody where they are when somebody enters a full page", () => {
    const full = capacity(1280, 650) - 1;
    const before = arrange(scene(full, 1280, 650));
    const after = arrange(scene(full + 1, 1280, 650));
    expect([before.pages, after.pages]).toEqual([1, 2]);
    expect(after.tiles).toEqual(before.tiles);
    const second = arrange(scene(full + 1, 1280, 650, { page: 1 }));
    expect(names(second.tiles)).toEqual([`p${full}`, "me"]);
    expect(second.tiles[0]?.width).toBe(before.tiles[0]?.width);
  });

  test("has two columns on a phone", () => {
    const { tiles } = arrange(scene(5, 344, 560));
    expect(new Set(tiles.map(({ x }) => Math.round(x))).size).toBeLessThanOrEqual(3);
    expect(capacity(344, 560)).toBeGreaterThanOrEqual(8);
  });

  test("shows no more people on a page than can be received at a time", () => {
    const { tiles, pages } = arrange(scene(30, 844, 390, { most: 12 }));
    expect([tiles.length, pages]).toEqual([13, 3]);
    const share = item("p0", "screen");
    expect(arrange(scene(30, 1280, 2000, { most: 12, others: [share, ...people(30)], staged: [share] })).tiles.length).toBe(13);
  });

  test("goes back to the last page when those of the one behind have left", () => {
    expect(arrange(scene(3, 1280, 650, { page: 7 })).page).toBe(0);
  });
});

describe("the stage", () => {
  const share = item("p2", "screen");
  test("has what is shared, with a strip beside or below it that ends with oneself", () => {
    for (const [width, height] of [[1280, 650], [360, 560]] as const) {
      const { tiles } = arrange(scene(30, width, height, { others: [share, ...people(30)], staged: [share] }));
      apart(tiles, width, height);
      expect(tiles.filter(({ on }) => on === "stage").map(({ id }) => id)).toEqual(["screen p2"]);
      expect(tiles.at(-1)?.account_id).toBe("me");
      expect(tiles[0] !== undefined && tiles[0].height > height / 2).toBe(true);
    }
  });

  test("has room for two, and for oneself when one pins oneself", () => {
    const both = [share, item("p3", "screen")];
    const { tiles } = arrange(scene(4, 1280, 650, { others: [...both, ...people(4)], staged: both }));
    apart(tiles, 1280, 650);
    expect(tiles.filter(({ on }) => on === "stage").length).toBe(2);
    const self = item("me", "camera");
    expect(names(arrange(scene(1, 1280, 650, { staged: [self] })).tiles)).toEqual(["me", "p0"]);
  });

  test("leaves the strip where it is when somebody else speaks, but for the two who change places", () => {
    const [a, b] = people(6);
    if (a === undefined || b === undefined) throw new Error("there are six");
    const speaks = (who: typeof a): string[] => names(arrange(scene(6, 1600, 900, { staged: [who] })).tiles.filter(({ on }) => on === "strip"));
    expect(speaks(a)).toEqual(["p1", "p2", "p3", "p4", "p5", "me"]);
    expect(speaks(b)).toEqual(["p0", "p2", "p3", "p4", "p5", "me"]);
  });
});

test("initials are of the first and the last word, in whatever script", () => {
  expect(["Ana", "ana maria lópez", "  ", "李小龍", "Ngozi O. Eze (she/her)", "🙂", "über alles"].map(initials)).toEqual(["A", "AL", "?", "李", "NH", "?", "ÜA"].map((text, i) => (i === 4 ? "NS" : text)));
  expect(colourOf("Ana")).toBe(colourOf(" Ana "));
  expect(new Set(["Ana", "Bo", "Cem", "Dag", "Eve", "Fay", "Gus", "Hal"].map(colourOf)).size).toBeGreaterThan(3);
});

test("addresses become links, and nothing else does", () => {
  const linked = (text: string): string[] => pieces(text).flatMap((piece) => ("href" in piece ? [piece.href] : []));
  expect(pieces("see https://example.org/a_(b)), or http://x.test.")).toEqual([
    { text: "see " },
    { href: "https://example.org/a_(b)", text: "https://example.org/a_(b)" },
    { text: "), or " },
    { href: "http://x.test/", text: "http://x.test" },
    { text: "." },
  ]);
  for (const text of ["javascript:alert(1)", "data:text/html,x", "https://", "https://bank.example@evil.test/", "ftp://x.test", "<b>https</b>"]) expect(linked(text), text).toEqual([]);
  expect(linked('<a href="https://x.test/">')).toEqual(["https://x.test/"]);
  for (const text of ["", "plain", "a https://x.test/?a=1&b=2#c b"]) expect(pieces(text).map((piece) => piece.text).join("")).toBe(text);
});

test("keys mean something unless somebody types, holds a modifier, or presses a button", () => {
  const press = (key: string, more = {}): Parameters<typeof actionOf>[0] => ({ key, ctrlKey: false, metaKey: false, altKey: false, repeat: false, ...more });
  expect(actionOf(press("M"), "page")).toBe("mic");
  expect(actionOf(press(" "), "page")).toBe("talk");
  expect(actionOf(press(" "), "control")).toBeNull();
  expect(actionOf(press("c", { ctrlKey: true }), "page")).toBeNull();
  expect(actionOf(press("m"), "text")).toBeNull();
  expect(actionOf(press(" ", { repeat: true }), "page")).toBeNull();
});
