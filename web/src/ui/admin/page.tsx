import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { AdminOverview } from "../../protocol/generated/api";
import { me } from "../account/me";
import { Notice } from "../parts/notice";
import { sentenceOf } from "../asking";
import "../styles/admin.css";
import { token } from "../token";
import { age } from "../words";
import { Drain } from "./drain";
import { Events } from "./events";
import { AdminModel } from "./model";
import { Refused } from "./refused";
import { Rooms } from "./rooms";
import { Workers } from "./workers";
import { bytes, number, words } from "./words";

/** Somebody else, or another token, is another look at the server. */
export function AdminPage(): JSX.Element {
  return <Look key={`${me.value?.account_id ?? ""} ${token.value ?? ""}`} bearer={token.value} />;
}

function Look({ bearer }: { bearer: string | null }): JSX.Element {
  const w = words.value;
  const [model] = useState(() => new AdminModel(bearer));
  useEffect(() => () => model.close(), [model]);
  const overview = model.overview.value;
  const denied = model.denied.value;
  const refused = denied !== null && (denied.kind === "unauthorized" || denied.kind === "forbidden");
  return (
    <main class="page admin">
      <div class="admin-head">
        <div>
          <h1>{w.title}</h1>
          {overview !== null && !refused && <Facts overview={overview} />}
        </div>
        {overview !== null && !refused && <Drain drain={overview.drain} model={model} />}
      </div>
      {refused && <Refused denied={denied} />}
      {denied !== null && !refused && <Notice sentence={overview === null ? sentenceOf(denied) : w.stale} detail={denied.detail} testid="admin-problem" />}
      {overview === null && denied === null && (
        <p class="secondary patient" role="status">
          {w.asking}
        </p>
      )}
      {overview !== null && !refused && (
        <>
          <Workers overview={overview} history={model.history.value} />
          <Rooms model={model} />
          <Events model={model} />
        </>
      )}
    </main>
  );
}

function Facts({ overview }: { overview: AdminOverview }): JSX.Element {
  const w = words.value;
  const { process, drain } = overview;
  const max = process.open_files_max;
  const facts = [
    `Weir ${overview.version}`,
    w.up(age(overview.up_s)),
    w.sessions(drain.sessions, overview.sessions_max),
    ...(process.memory_bytes === null ? [] : [w.memory(bytes(process.memory_bytes))]),
    ...(process.open_files === null ? [] : [w.files(number(process.open_files), max === null ? null : number(max))]),
    w.connections(process.http_connections),
  ];
  return (
    <p class="secondary numbers" data-testid="facts">
      {facts.join(" · ")}
    </p>
  );
}
