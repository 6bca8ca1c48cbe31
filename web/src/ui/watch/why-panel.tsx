import { useComputed, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { JSX } from "preact";
import { Icon } from "../icons";
import { IconButton } from "../parts/button";
import { SelectField } from "../parts/field";
import type { Failure } from "../../protocol/failure";
import { sentenceOfFailure, streams } from "../streams";
import type { WatchModel } from "./model";
import { diagnose, summary } from "./why";

const AUTOMATIC = "";

/** Says for each track what is the matter. Asks the server only while it is open. */
export function WhyPanel({ model, onClose }: { model: WatchModel; onClose: () => void }): JSX.Element {
  const problem = useSignal<Failure | null>(null);
  const w = streams.value;
  const tracks = useComputed(() => diagnose(model.views.value, model.samples.value));
  useEffect(() => {
    const abort = new AbortController();
    model.follow(abort.signal);
    return () => abort.abort();
  }, [model]);
  const view = model.views.value.at(-1);
  const choose = (mid: string, value: string): void => {
    void model.choose(mid, value === AUTOMATIC ? null : value).then((wrong) => (problem.value = wrong));
  };
  return (
    <section class="why-overlay" aria-label={w.watch.why} data-testid="why">
      <div class="card-head">
        <h2>{w.watch.why}</h2>
        <IconButton icon="close" label={w.watch.closeWhy} onClick={onClose} />
      </div>
      {view !== undefined && <p class="secondary">{summary(view)}</p>}
      {view === undefined && <p class="secondary">{model.unseen.value === null ? w.why.asking : sentenceOfFailure(model.unseen.value)}</p>}
      {tracks.value.map((track) => (
        <div key={track.mid} class={track.good ? "track good" : "track"} data-testid={`why-${track.is}`} data-good={track.good}>
          <h3>
            <Icon name={track.good ? "check" : "alert"} />
            {track.title}
          </h3>
          <p role="status">{track.sentence}</p>
          <p class="secondary">{track.facts}</p>
          {track.layers.length > 0 && (
            <SelectField
              label={w.why.layer}
              value={track.chosen ?? AUTOMATIC}
              choices={[{ value: AUTOMATIC, label: w.why.automatic }, ...track.layers.map(({ rid, label }) => ({ value: rid, label }))]}
              onChange={(value) => choose(track.mid, value)}
              testid="layer"
            />
          )}
        </div>
      ))}
      {problem.value !== null && (
        <p class="problem" role="alert">
          {sentenceOfFailure(problem.value)} {problem.value.detail}
        </p>
      )}
    </section>
  );
}
