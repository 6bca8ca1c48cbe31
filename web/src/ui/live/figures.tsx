import type { JSX } from "preact";
import type { Sample } from "../../media/statistics";
import { StatisticsPanel, sentRows } from "../parts/statistics";
import { streams } from "../streams";
import { bitrate, codec, size } from "../words";
import type { LiveModel } from "./model";

/** How the sending fares: the whole, and each layer. */
export function Figures({ model }: { model: LiveModel }): JSX.Element {
  return (
    <section class="card figures" aria-labelledby="statistics">
      <h2 id="statistics">{streams.value.statistics.title}</h2>
      <StatisticsPanel rows={sentRows(model.samples.value)} />
      <Layers sample={model.samples.value.at(-1)} />
    </section>
  );
}

/** A line for each stream that is sent. */
function Layers({ sample }: { sample: Sample | undefined }): JSX.Element | null {
  if (sample === undefined || sample.streams.length === 0) return null;
  const w = streams.value.live;
  const names: Record<string, string> = w.layers;
  const limits: Record<string, string> = w.limits;
  const reasons = [...new Set(sample.streams.flatMap((s) => (s.limited === null ? [] : [s.limited])))];
  return (
    <>
      <table class="layers" data-testid="layers">
        <thead>
          <tr>
            <th scope="col">{w.layers.layer}</th>
            <th scope="col">{w.layers.size}</th>
            <th scope="col">{w.layers.rate}</th>
            <th scope="col">{w.layers.bitrate}</th>
          </tr>
        </thead>
        <tbody>
          {sample.streams.map((s, i) => (
            <tr key={s.rid ?? `${s.kind}${i}`} class={s.kbps < 1 ? "silent" : ""}>
              <th scope="row">
                {s.kind === "audio" ? w.layers.sound : s.rid === null ? w.layers.picture : (names[s.rid] ?? s.rid)} <small>{s.codec !== null && codec(s.codec)}</small>
              </th>
              <td>{s.kbps >= 1 && s.width !== null && s.height !== null && size(s.width, s.height)}</td>
              <td>{s.kbps >= 1 && s.fps !== null && `${Math.round(s.fps)} fps`}</td>
              <td>{s.kbps < 1 ? w.layers.paused : bitrate(s.kbps)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {reasons.length > 0 && <p class="note">{w.limited(reasons.map((reason) => limits[reason] ?? w.otherLimit(reason)))}</p>}
    </>
  );
}
