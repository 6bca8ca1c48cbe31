// What somebody has chosen to be seen behind them.

import { pictureOf, SCENES, type Scene } from "../media/background/scenery";
import type { Behind } from "../media/background/track";
import { ownPicture } from "./own-picture";

export type Background = "none" | "blur" | "own" | Scene;

const ALL: readonly Background[] = ["none", "blur", "own", ...SCENES];

export const isBackground = (word: unknown): word is Background => ALL.some((each) => each === word);

/** What the worker is to put there. Throws when one's own picture is gone. */
export async function behindOf(background: Exclude<Background, "none">): Promise<Behind> {
  if (background === "blur") return null;
  if (background !== "own") return pictureOf(background);
  const picture = await ownPicture();
  if (picture === null) throw new Error("the picture is not kept here any more");
  return createImageBitmap(picture);
}
