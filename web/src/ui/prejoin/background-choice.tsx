import { useSignal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { paint, SCENES, type Scene } from "../../media/background/scenery";
import type { Background } from "../background";
import { Icon } from "../icons";
import { words } from "../language";
import { ownPicture } from "../own-picture";
import type { OwnMedia } from "../own-media";
import { Button } from "../parts/button";
import { Notice } from "../parts/notice";

/** What others see behind somebody: the room, the room blurred, one of our pictures, or one of their own. */
export function BackgroundChoice({ media }: { media: OwnMedia }): JSX.Element {
  const w = words.value.prejoin;
  const group = useId();
  const own = useOwnPicture(media.background.value);
  const problem = media.pictureProblem.value;
  const option = (value: Background, label: string, face: ComponentChildren): JSX.Element => (
    <label class="swatch" data-testid={`background-${value}`} data-chosen={media.background.value === value}>
      <input type="radio" class="sr-only" name={group} checked={media.background.value === value} disabled={media.asking.value} onChange={() => void media.chooseBackground(value)} />
      <span class="swatch-face">{face}</span>
      <span class="swatch-name">{label}</span>
    </label>
  );
  return (
    <fieldset class="backgrounds">
      <legend>{w.background}</legend>
      <div class="swatches">
        {option("none", w.backgroundNone, <Icon name="person" />)}
        {option("blur", w.backgroundBlur, <span class="swatch-blur" />)}
        {SCENES.map((scene) => option(scene, w.backgrounds[scene], <ScenePicture scene={scene} />))}
        {own !== null && option("own", w.backgroundOwn, <img src={own} alt="" />)}
        <label class="swatch">
          <input type="file" class="sr-only" accept="image/*" disabled={media.asking.value} onChange={(event) => take(event.currentTarget, media)} data-testid="background-file" />
          <span class="swatch-face">
            <Icon name="plus" />
          </span>
          <span class="swatch-name">{w.backgroundChoose}</span>
        </label>
      </div>
      {problem !== null && (
        <p class="note problem" role="alert" data-testid="background-file-problem">
          {w.pictureProblems[problem]}
        </p>
      )}
      <p class="note" role="status">
        {media.hiding.value === "fetching" ? w.backgroundLoading : w.backgroundOwnHint}
      </p>
    </fieldset>
  );
}

/** Says why there is no picture where a background was asked for, and gives the way out. */
export function BackgroundTrouble({ media }: { media: OwnMedia }): JSX.Element | null {
  const w = words.value.prejoin;
  if (media.hiding.value !== "failed") return null;
  return (
    <Notice sentence={w.backgroundFailed} testid="background-problem">
      <Button onClick={() => void media.chooseBackground("none")} testid="background-show">
        {w.backgroundShow}
      </Button>
    </Notice>
  );
}

function take(input: HTMLInputElement, media: OwnMedia): void {
  const [file] = input.files ?? [];
  if (file !== undefined) void media.chooseOwnPicture(file);
  // The same file again is a choice, too.
  input.value = "";
}

function ScenePicture({ scene }: { scene: Scene }): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (context) paint(scene, context);
  }, [scene]);
  return <canvas ref={canvas} width={192} height={108} aria-hidden="true" />;
}

/** The address of one's own picture, made anew when another is chosen; null while there is none. */
function useOwnPicture(background: Background): string | null {
  const address = useSignal<string | null>(null);
  useEffect(() => {
    let left = false;
    void ownPicture().then((picture) => {
      if (left) return;
      if (address.value !== null) URL.revokeObjectURL(address.value);
      address.value = picture === null ? null : URL.createObjectURL(picture);
    });
    return () => void (left = true);
  }, [background, address]);
  useEffect(
    () => () => {
      if (address.value !== null) URL.revokeObjectURL(address.value);
    },
    [address],
  );
  return address.value;
}
