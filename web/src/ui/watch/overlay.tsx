import type { JSX } from "preact";
import { Button } from "../parts/button";
import { TextField } from "../parts/field";
import { useNow } from "../parts/now";
import { token } from "../token";
import { words } from "../language";
import { streams } from "../streams";
import { duration } from "../words";
import type { WatchModel } from "./model";
import type { Situation } from "./situation";

/** Says over the picture what is being waited for. Stays in the document when empty, so that readers hear it change. */
export function Overlay({ model, situation }: { model: WatchModel; situation: Situation }): JSX.Element {
  const { kind, title, detail, sinceMs, offerRetryAfterMs, needsToken } = situation;
  const now = useNow(sinceMs !== null);
  const waitedMs = sinceMs === null ? 0 : now - sinceMs;
  const retry = (event: SubmitEvent): void => {
    event.preventDefault();
    model.tryNow();
  };
  return (
    <div class={`overlay ${kind}`}>
      <div role="status" data-testid="situation" data-kind={kind}>
        <p class="title">{title}</p>
        {detail !== null && <p class="secondary">{detail}</p>}
      </div>
      {sinceMs !== null && (
        <p class="time" aria-hidden="true">
          {duration(waitedMs)}
        </p>
      )}
      {waitedMs >= offerRetryAfterMs && (
        <form class="actions" onSubmit={retry}>
          {needsToken && <TextField label={streams.value.watch.token} secret value={token.value ?? ""} onInput={(text) => (token.value = text.trim() || null)} testid="token" />}
          <Button type="submit" icon="refresh" testid="try-now">
            {kind === "failed" ? words.value.parts.tryAgain : streams.value.watch.tryNow}
          </Button>
        </form>
      )}
    </div>
  );
}
