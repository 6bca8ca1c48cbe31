import { expect, test } from "vitest";
import { roomFromInput, roomNameProblem, suggestRoomName } from "../src/protocol/room";

test("a pasted link means the room that it leads to", () => {
  expect(roomFromInput("https://example.org/watch/quiet-river-204?x=1#token=abc")).toBe("quiet-river-204");
  expect(roomFromInput(" demo ")).toBe("demo");
  expect(roomFromInput("/whep/demo")).toBe("demo");
});

test("a name that the server would refuse is explained while it is typed", () => {
  expect(roomNameProblem("quiet_river.2~x-Y")).toBeNull();
  expect(roomNameProblem("")).toBe("empty");
  expect(roomNameProblem("two words")).toBe("strange");
  expect(roomNameProblem("x".repeat(65))).toBe("too-long");
  expect(roomNameProblem("a/b")).not.toBeNull();
  expect(roomNameProblem("x".repeat(64))).toBeNull();
  
});

test("every suggested name is a valid one", () => {
  for (let i = 0; i < 1000; i += 1) expect(roomNameProblem(suggestRoomName(() => i / 1000))).toBeNull();
});
