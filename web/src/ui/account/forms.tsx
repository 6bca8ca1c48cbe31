// Logging in and signing up: on pages of their own, and in place where something else waits for it.

import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { logIn, PASSWORD_LETTERS_MIN, signUp } from "../../protocol/account";
import { Denied } from "../../protocol/ask";
import type { Me } from "../../protocol/people";
import { sentenceOf, useAsking } from "../asking";
import { words } from "../language";
import { useArrival } from "../parts/arrival";
import { Button } from "../parts/button";
import { TextField } from "../parts/field";
import { Form } from "../parts/form";
import { Notice } from "../parts/notice";
import { Link } from "../router";
import { welcome } from "./me";

export type Access = "login" | "signup";

type FormProps = { onDone: (me: Me) => void; other: JSX.Element };

export function LogInForm({ onDone, other }: FormProps): JSX.Element {
  const w = words.value.account;
  const email = useSignal("");
  const password = useSignal("");
  const tried = useSignal(false);
  const { busy, denied, run } = useAsking();
  const problems = { email: emailProblem(email.value), password: password.value === "" ? w.noPassword : null };
  const send = (): void => {
    tried.value = true;
    if (problems.email !== null || problems.password !== null) return;
    void run(async () => enter(await logIn(email.value.trim(), password.value), onDone));
  };
  return (
    <Form onSubmit={send} testid="login-form">
      <TextField label={w.email} fill="username" value={email.value} problem={tried.value ? problems.email : null} onInput={(text) => (email.value = text)} testid="email" />
      <TextField
        label={w.password}
        secret
        fill="current-password"
        value={password.value}
        problem={tried.value ? problems.password : null}
        onInput={(text) => (password.value = text)}
        testid="password"
      />
      {denied.value !== null && <Notice sentence={sentenceOf(denied.value, { unauthorized: w.wrong })} testid="access-problem" />}
      <Button type="submit" look="primary" disabled={busy.value} testid="login-submit">
        {busy.value ? w.busy : w.logIn}
      </Button>
      <p class="beside">
        {other}
        <Link class="text-link" href="/forgot" data-testid="forgot-link">
          {w.forgotLink}
        </Link>
      </p>
    </Form>
  );
}

export function SignUpForm({ onDone, other }: FormProps): JSX.Element {
  const w = words.value.account;
  const name = useSignal("");
  const email = useSignal("");
  const password = useSignal("");
  const tried = useSignal(false);
  const writtenTo = useSignal<string | null>(null);
  const { busy, denied, run } = useAsking();
  const problems = {
    name: name.value.trim() === "" ? w.noName : null,
    email: emailProblem(email.value),
    password: passwordProblem(password.value),
  };
  const send = (): void => {
    tried.value = true;
    if (Object.values(problems).some((problem) => problem !== null)) return;
    void run(async () => {
      const address = email.value.trim();
      await signUp(address, password.value, name.value.trim());
      try {
        enter(await logIn(address, password.value), onDone);
      } catch (cause) {
        // The address has to answer a mail first, or it is taken; the server does not say which, and nor do we.
        if (!(cause instanceof Denied) || !["unauthorized", "forbidden"].includes(cause.kind)) throw cause;
        writtenTo.value = address;
      }
    });
  };
  if (writtenTo.value !== null) return <Mailbox sentence={w.signedUp(writtenTo.value)} after={other} />;
  return (
    <Form onSubmit={send} testid="signup-form">
      <TextField label={w.name} fill="name" hint={w.nameHint} value={name.value} problem={tried.value ? problems.name : null} onInput={(text) => (name.value = text)} testid="name" />
      <TextField label={w.email} fill="username" value={email.value} problem={tried.value ? problems.email : null} onInput={(text) => (email.value = text)} testid="email" />
      <TextField
        label={w.password}
        secret
        fill="new-password"
        hint={w.passwordHint(PASSWORD_LETTERS_MIN)}
        value={password.value}
        problem={tried.value ? problems.password : null}
        onInput={(text) => (password.value = text)}
        testid="password"
      />
      {denied.value !== null && <Notice sentence={sentenceOf(denied.value)} detail={denied.value.kind === "bad-input" ? denied.value.detail : null} testid="access-problem" />}
      <Button type="submit" look="primary" disabled={busy.value} testid="signup-submit">
        {busy.value ? w.busy : w.signUp}
      </Button>
      <p class="beside">{other}</p>
    </Form>
  );
}

/** Takes the place of a form once the rest happens in a mailbox. */
export function Mailbox({ sentence, after }: { sentence: string; after: JSX.Element }): JSX.Element {
  const arrival = useArrival<HTMLDivElement>();
  return (
    <div ref={arrival} class="stack" tabIndex={-1} data-testid="mailbox">
      <h2>{words.value.account.mailbox}</h2>
      <p>{sentence}</p>
      <p class="beside">{after}</p>
    </div>
  );
}

/** A first look only: the mail that is sent is the proof. */
export function emailProblem(email: string): string | null {
  return /^[^\s@]+@[^\s@]+$/.test(email.trim()) ? null : words.value.account.badEmail;
}

export function passwordProblem(password: string): string | null {
  return password.length < PASSWORD_LETTERS_MIN ? words.value.account.shortPassword(PASSWORD_LETTERS_MIN) : null;
}

function enter(person: Me, onDone: (me: Me) => void): void {
  welcome(person);
  onDone(person);
}
