import type { JSX } from "preact";
import type { Sample } from "../../media/statistics";
import { StatisticsPanel, sentRows } from "../parts/statistics";
import { bitrate, codec, limit, size } from "../words";
import type { LiveModel } from "./model";

/** How the sending fares: the whole, and each layer. */
export function Figures({ model }: { model: LiveModel }): JSX.Element {
  return (
    <section class="card figures" aria-labelledby="statistics">
      <h2 id="statistics">Statistics</h2>
      <StatisticsPanel rows={sentRows(model.samples.value)} />
      <Layers sample={model.samples.value.at(-1)} />
    </section>
  );
}

const NAMES: Record<string, string> = { q: "Small", h: "Medium", f: "Full" };

/** A line for each stream that is sent. */
function Layers({ sample }: { sample: Sample | undefined }): JSX.Element | null {
  if (sample === undefined || sample.streams.length === 0) return null;
  const reasons = [...new Set(sample.streams.flatMap((s) => (s.limited === null ? [] : [s.limited])))];
  return (
    <>
      <table class="layers" data-testid="layers">
        <thead>
          <tr>
            <th scope="col">Layer</th>
            <th scope="col">Size</th>
            <th scope="col">Rate</th>
            <th scope="col">Bitrate</th>
          </tr>
        </thead>
        <tbody>
          {sample.streams.map((s, i) => (
            <tr key={s.rid ?? `${s.kind}${i}`} class={s.kbps < 1 ? "silent" : ""}>
              <th scope="row">
                {s.kind === "audio" ? "Sound" : (NAMES[s.rid ?? ""] ?? s.rid ?? "Picture")} <small>{s.codec !== null && codec(s.codec)}</small>
              </th>
              <td>{s.kbps >= 1 && s.width !== null && s.height !== null && size(s.width, s.height)}</td>
              <td>{s.kbps >= 1 && s.fps !== null && `${Math.round(s.fps)} fps`}</td>
              <td>{s.kbps < 1 ? "paused" : bitrate(s.kbps)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {reasons.length > 0 && <p class="note">The picture is {reasons.map(limit).join(" and ")}.</p>}
    </>
  );
}
