import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import type { Denied } from "../../protocol/ask";
import { LogInForm } from "../account/forms";
import { me, who } from "../account/me";
import { Button } from "../parts/button";
import { TextField } from "../parts/field";
import { Form } from "../parts/form";
import { token } from "../token";
import { words } from "./words";

/** What to do about it: log in, have the grant given, or show a token. */
export function Refused({ denied }: { denied: Denied }): JSX.Element {
  const w = words.value;
  const person = me.value;
  const typed = useSignal("");
  const wrong = token.value !== null;
  return (
    <>
      {denied.kind === "forbidden" && (
        <section class="card" data-testid="refused">
          <h2>{w.refused}</h2>
          <p>{w.refusedLead}</p>
          <pre>{`weir account grant ${person?.email ?? "EMAIL"} admin\nweir token create --admin`}</pre>
        </section>
      )}
      {denied.kind === "unauthorized" && who.value.at === "out" && (
        <section class="card" data-testid="log-in-first">
          <p>{w.logIn}</p>
          <LogInForm onDone={() => undefined} other={<></>} />
        </section>
      )}
      <section class="card">
        <Form onSubmit={() => typed.value.trim() !== "" && (token.value = typed.value.trim())}>
          <div class="with-button">
            <TextField label={w.token} secret value={typed.value} problem={wrong ? w.badToken : null} onInput={(text) => (typed.value = text)} testid="admin-token" />
            <Button type="submit" testid="admin-token-use">
              {w.tokenShow}
            </Button>
          </div>
        </Form>
      </section>
    </>
  );
}
