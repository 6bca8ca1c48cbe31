import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { playOn } from "../../media/speaker";
import { Icon } from "../icons";
import type { MeetingModel } from "./model";
import { words } from "./words";

/** All voices. Which of them is whose the server decides; one element each, because an element plays one track everywhere. */
export function Sound({ model }: { model: MeetingModel }): JSX.Element {
  const blocked = useSignal(false);
  const root = useRef<HTMLDivElement>(null);
  const listen = (): void => {
    blocked.value = false;
    for (const audio of root.current?.querySelectorAll("audio") ?? []) audio.play().catch(() => (blocked.value = true));
  };
  return (
    <>
      <div ref={root} hidden>
        {model.voices.value.map((track) => (
          <Voice key={track.id} track={track} speaker={model.media.speaker.value} onBlocked={() => (blocked.value = true)} />
        ))}
      </div>
      {blocked.value && (
        <button type="button" class="listen" onClick={listen} data-testid="listen">
          <Icon name="volume" />
          {words.value.stage.listen}
        </button>
      )}
    </>
  );
}

function Voice({ track, speaker, onBlocked }: { track: MediaStreamTrack; speaker: string; onBlocked: () => void }): JSX.Element {
  const element = useRef<HTMLAudioElement>(null);
  useEffect(() => {
    const audio = element.current;
    if (audio === null) return;
    audio.srcObject = new MediaStream([track]);
    // Browsers that saw no press on this page stay silent until there is one.
    audio.play().catch((cause: unknown) => {
      if (cause instanceof DOMException && cause.name === "NotAllowedError") onBlocked();
    });
    return () => void (audio.srcObject = null);
  }, [track, onBlocked]);
  useEffect(() => {
    if (element.current !== null) void playOn(element.current, speaker);
  }, [speaker]);
  return <audio ref={element} />;
}
