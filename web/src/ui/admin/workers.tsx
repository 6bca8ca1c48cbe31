import type { JSX } from "preact";
import type { AdminOverview, AdminWorker } from "../../protocol/generated/api";
import { NO_HISTORY, sessionsOf, total, type Load, type History } from "./history";
import { Plot } from "./plot";
import { number, percent, rate, words } from "./words";

/** The node as a whole, and each of its workers. */
export function Workers({ overview, history }: { overview: AdminOverview; history: History }): JSX.Element {
  const w = words.value;
  const all = total(overview.workers);
  return (
    <>
      <section aria-label={w.load} class="admin-part">
        <h2>
          {w.load} <span class="secondary">{w.minutes}</span>
        </h2>
        <div class="card load" data-testid="load">
          <Plot label={w.sent} value={rate(all.kbps_out)} series={history.node.out} top={100} write={rate} testid="sent" />
          <Plot label={w.received} value={rate(all.kbps_in)} series={history.node.in} top={100} write={rate} testid="received" />
          <Plot label={w.people} value={number(sessionsOf(all))} note={w.roles(all.publishers, all.viewers, all.pulls)} series={history.node.sessions} top={4} write={number} testid="people" />
          <Plot label={w.cpu} value={percent(all.cpu_percent)} note={w.cpuCores(overview.workers.length)} series={history.node.cpu} top={20} write={percent} testid="cpu" />
        </div>
      </section>
      <section aria-label={w.workers} class="admin-part">
        <h2>{w.workers}</h2>
        <ul class="workers">
          {overview.workers.map((worker) => (
            <WorkerCard key={worker.id} worker={worker} load={history.workers.get(worker.id) ?? NO_HISTORY.node} />
          ))}
        </ul>
      </section>
    </>
  );
}

function WorkerCard({ worker, load }: { worker: AdminWorker; load: Load }): JSX.Element {
  const w = words.value;
  const troubles = [
    ...(worker.repairs_per_s > 0 ? [w.repairs(number(worker.repairs_per_s))] : []),
    ...(worker.drops_per_s > 0 ? [w.drops(number(worker.drops_per_s))] : []),
  ];
  return (
    <li class="card worker" data-testid="worker">
      <div class="worker-head">
        <h3>{w.worker(worker.id)}</h3>
        <p class="secondary">{w.roles(worker.publishers, worker.viewers, worker.pulls)}</p>
      </div>
      <div class="worker-plots">
        <Plot label={w.cpu} value={percent(worker.cpu_percent)} series={load.cpu} top={20} write={percent} />
        <Plot label={w.sent} value={rate(worker.kbps_out)} series={load.out} top={100} write={rate} />
      </div>
      <p class="secondary numbers">{[w.packets(number(worker.packets_out_per_s), number(worker.packets_in_per_s)), ...troubles].join(" · ")}</p>
    </li>
  );
}
