// The pages that lead to a mail, and those that its links lead to. A link's token is in the fragment, which stays in the
// browser; it is taken out of the address bar as soon as it has been read.

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { askForReset, confirmEmail, PASSWORD_LETTERS_MIN, resetPassword } from "../../protocol/account";
import type { Denied } from "../../protocol/ask";
import { deniedBy, sentenceOf, useAsking } from "../asking";
import { words } from "../language";
import { Button } from "../parts/button";
import { TextField } from "../parts/field";
import { Form } from "../parts/form";
import { Notice } from "../parts/notice";
import { Link } from "../router";
import { emailProblem, Mailbox, passwordProblem } from "./forms";
import { forget } from "./me";

export function ForgotPage(): JSX.Element {
  const w = words.value.account;
  const email = useSignal("");
  const tried = useSignal(false);
  const sentTo = useSignal<string | null>(null);
  const { busy, denied, run } = useAsking();
  const send = (): void => {
    tried.value = true;
    const address = email.value.trim();
    if (emailProblem(address) !== null) return;
    void run(async () => {
      await askForReset(address);
      sentTo.value = address;
    });
  };
  return (
    <main class="page narrow">
      <section class="card">
        <h1>{w.forgotTitle}</h1>
        {sentTo.value !== null ? (
          <Mailbox sentence={w.forgotSent(sentTo.value)} after={<ToLogin />} />
        ) : (
          <>
            <p class="secondary">{w.forgotLead}</p>
            <Form onSubmit={send}>
              <TextField label={w.email} fill="username" value={email.value} problem={tried.value ? emailProblem(email.value) : null} onInput={(text) => (email.value = text)} testid="email" />
              {denied.value !== null && <Notice sentence={sentenceOf(denied.value)} testid="access-problem" />}
              <Button type="submit" look="primary" disabled={busy.value} testid="forgot-submit">
                {busy.value ? w.busy : w.forgotSend}
              </Button>
            </Form>
          </>
        )}
      </section>
    </main>
  );
}

export function ResetPage(): JSX.Element {
  const w = words.value.account;
  const [token] = useState(takeToken);
  const password = useSignal("");
  const tried = useSignal(false);
  const done = useSignal(false);
  const { busy, denied, run } = useAsking();
  const save = (): void => {
    tried.value = true;
    if (passwordProblem(password.value) !== null) return;
    void run(async () => {
      await resetPassword(token, password.value);
      forget();
      done.value = true;
    });
  };
  return (
    <main class="page narrow">
      <section class="card">
        <h1>{w.resetTitle}</h1>
        {token === "" ? (
          <BadLink />
        ) : done.value ? (
          <>
            <p role="status" data-testid="reset-done">
              {w.resetDone}
            </p>
            <ToLogin />
          </>
        ) : (
          <Form onSubmit={save}>
            <TextField
              label={w.newPassword}
              secret
              fill="new-password"
              hint={w.passwordHint(PASSWORD_LETTERS_MIN)}
              value={password.value}
              problem={tried.value ? passwordProblem(password.value) : null}
              onInput={(text) => (password.value = text)}
              testid="password"
            />
            {denied.value !== null && (isBadLink(denied.value) ? <BadLink /> : <Notice sentence={sentenceOf(denied.value)} detail={denied.value.detail} testid="access-problem" />)}
            <Button type="submit" look="primary" disabled={busy.value} testid="reset-submit">
              {busy.value ? w.busy : w.resetSave}
            </Button>
          </Form>
        )}
      </section>
    </main>
  );
}

export function ConfirmPage(): JSX.Element {
  const w = words.value.account;
  const [token] = useState(takeToken);
  const state = useSignal<"asking" | "done" | Denied>("asking");
  useEffect(() => {
    if (token === "") return;
    confirmEmail(token).then(
      () => (state.value = "done"),
      (cause: unknown) => (state.value = deniedBy(cause)),
    );
  }, [token, state]);
  const now = state.value;
  return (
    <main class="page narrow">
      <section class="card">
        <h1>{w.confirmTitle}</h1>
        {token === "" ? (
          <BadLink />
        ) : now === "asking" ? (
          <p role="status">{w.busy}</p>
        ) : now === "done" ? (
          <p role="status" data-testid="confirmed">
            {w.confirmDone}
          </p>
        ) : isBadLink(now) ? (
          <BadLink />
        ) : (
          <Notice sentence={sentenceOf(now)} testid="access-problem" />
        )}
        <div class="actions">
          <Link class="button plain normal" href="/">
            {w.toStart}
          </Link>
        </div>
      </section>
    </main>
  );
}

function BadLink(): JSX.Element {
  const w = words.value.account;
  return (
    <Notice sentence={w.badLink} testid="bad-link">
      <Link class="button plain normal" href="/forgot">
        {w.forgotLink}
      </Link>
    </Notice>
  );
}

function ToLogin(): JSX.Element {
  return (
    <Link class="text-link" href="/login" data-testid="to-login">
      {words.value.account.logIn}
    </Link>
  );
}

/** Used up, too old, or not whole: the server has no use for it either way. */
const isBadLink = (denied: Denied): boolean => ["unauthorized", "forbidden", "not-found", "gone"].includes(denied.kind);

function takeToken(): string {
  const token = decodeURIComponent(location.hash.slice(1).replaceAll(/%(?![0-9a-f]{2})/gi, "%25"));
  history.replaceState(null, "", location.pathname);
  return token;
}
