import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";

/** A track as a picture, without its sound. People know themselves from mirrors. */
export function Picture({ track, label, mirrored = false, testid }: { track: MediaStreamTrack; label: string; mirrored?: boolean; testid?: string }): JSX.Element {
  const element = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    if (element.current !== null) element.current.srcObject = new MediaStream([track]);
  }, [track]);
  return <video ref={element} class={mirrored ? "mirrored" : ""} autoplay muted playsInline aria-label={label} data-testid={testid} />;
}
