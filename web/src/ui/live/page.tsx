import { useEffect, useState } from "preact/hooks";
import type { JSX } from "preact";
import { suggestRoomName } from "../../protocol/room";
import { rename } from "../router";
import { streams } from "../streams";
import { Figures } from "./figures";
import { LiveModel } from "./model";
import { OnAir } from "./on-air";
import { Preview } from "./preview";
import { Setup } from "./setup";

export function LivePage({ room }: { room: string | null }): JSX.Element {
  const [model] = useState(() => new LiveModel());
  useEffect(() => {
    void model.ask();
    return () => model.close();
  }, [model]);
  useEffect(() => {
    model.room.value = room ?? suggestRoomName(Math.random);
  }, [model, room]);

  const onAir = model.onAir.value;
  useEffect(() => {
    if (onAir) rename(`/live/${model.room.value}`);
  }, [onAir, model]);
  return (
    <main class="page live">
      <h1 class="sr-only">{streams.value.live.title}</h1>
      <div class="panels">
        <Preview model={model} />
        {onAir && <Figures model={model} />}
      </div>
      {onAir ? <OnAir model={model} /> : <Setup model={model} />}
    </main>
  );
}
