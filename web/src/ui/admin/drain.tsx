import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { DrainView } from "../../protocol/generated/api";
import { sentenceOf, useAsking } from "../asking";
import { Icon } from "../icons";
import { Button } from "../parts/button";
import { Notice } from "../parts/notice";
import type { AdminModel } from "./model";
import { words } from "./words";

/** Taking no new sessions: said what it means before, shown while it lasts, and undone. */
export function Drain({ drain, model }: { drain: DrainView; model: AdminModel }): JSX.Element {
  const w = words.value;
  const asking = useSignal(false);
  const { busy, denied, run } = useAsking();
  const box = useRef<HTMLDivElement>(null);
  const turned = useRef(false);
  useEffect(() => {
    if (turned.current) box.current?.querySelector("button")?.focus();
    turned.current = true;
  }, [asking.value, drain.state]);
  const set = (on: boolean): void =>
    void run(async () => {
      await model.admin.drain(on);
      asking.value = false;
      await model.look();
    });
  return (
    <div ref={box} class="drain" data-testid="drain-state" data-state={drain.state}>
      {drain.state === "serving" && !asking.value && (
        <Button onClick={() => (asking.value = true)} testid="drain">
          {w.drain}
        </Button>
      )}
      {drain.state === "serving" && asking.value && (
        <div class="card" onKeyDown={(event) => event.key === "Escape" && (asking.value = false)}>
          <p>{w.drainLead(drain.sessions)}</p>
          <div class="actions">
            <Button onClick={() => (asking.value = false)} testid="drain-keep">
              {w.keep}
            </Button>
            <Button look="danger" disabled={busy.value} onClick={() => set(true)} testid="drain-sure">
              {w.drainSure}
            </Button>
          </div>
        </div>
      )}
      {drain.state !== "serving" && (
        <div class="notice" role="status">
          <Icon name="alert" />
          <div>
            <p>{drain.state === "draining" ? w.draining(drain.sessions) : w.stopping(drain.sessions)}</p>
            {drain.state === "draining" && (
              <div class="actions">
                <Button disabled={busy.value} onClick={() => set(false)} testid="undrain">
                  {w.undrain}
                </Button>
              </div>
            )}
          </div>
        </div>
      )}
      {denied.value !== null && <Notice sentence={sentenceOf(denied.value)} detail={denied.value.detail} testid="drain-problem" />}
    </div>
  );
}
