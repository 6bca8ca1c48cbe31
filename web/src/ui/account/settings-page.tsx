import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { changeAccount, changePassword, deleteAccount, logOutEverywhere, PASSWORD_LETTERS_MIN } from "../../protocol/account";
import type { AccountChange, Me } from "../../protocol/people";
import { sentenceOf, useAsking } from "../asking";
import { words } from "../language";
import { Button } from "../parts/button";
import { ConfirmButton } from "../parts/confirm";
import { TextField } from "../parts/field";
import { Form } from "../parts/form";
import { Notice } from "../parts/notice";
import { navigate } from "../router";
import { emailProblem, passwordProblem } from "./forms";
import { Gate } from "./gate";
import { forget, welcome } from "./me";

export function SettingsPage(): JSX.Element {
  return (
    <main class="page narrow">
      <h1>{words.value.settings.title}</h1>
      <Gate>
        {(me) => (
          <>
            <Profile me={me} />
            <Password me={me} />
            <Logins />
            <Deletion me={me} />
          </>
        )}
      </Gate>
    </main>
  );
}

function Profile({ me }: { me: Me }): JSX.Element {
  const { account, settings } = words.value;
  const name = useSignal(me.name);
  const email = useSignal(me.email);
  const saved = useSignal(false);
  const { busy, denied, run } = useAsking();
  const problems = { name: name.value.trim() === "" ? account.noName : null, email: emailProblem(email.value) };
  const save = (): void => {
    saved.value = false;
    if (problems.name !== null || problems.email !== null) return;
    const wanted = { name: name.value.trim(), email: email.value.trim() };
    const change: AccountChange = { ...(wanted.name === me.name ? {} : { name: wanted.name }), ...(wanted.email === me.email ? {} : { email: wanted.email }) };
    void run(async () => {
      if (Object.keys(change).length > 0) await changeAccount(me.account_id, change);
      welcome({ ...me, ...wanted });
      saved.value = true;
    });
  };
  return (
    <section class="card" aria-labelledby="profile">
      <h2 id="profile">{settings.profile}</h2>
      <Form onSubmit={save}>
        <TextField label={account.name} fill="name" hint={account.nameHint} value={name.value} problem={problems.name} onInput={(text) => (name.value = text)} testid="name" />
        <TextField label={account.email} fill="email" value={email.value} problem={problems.email} onInput={(text) => (email.value = text)} testid="email" />
        {denied.value !== null && <Notice sentence={sentenceOf(denied.value)} detail={denied.value.detail} testid="profile-problem" />}
        <div class="actions">
          <Button type="submit" disabled={busy.value} testid="profile-save">
            {settings.save}
          </Button>
          <Said text={saved.value ? settings.saved : ""} testid="profile-saved" />
        </div>
      </Form>
    </section>
  );
}

function Password({ me }: { me: Me }): JSX.Element {
  const { account, settings } = words.value;
  const current = useSignal("");
  const next = useSignal("");
  const tried = useSignal(false);
  const changed = useSignal(false);
  const { busy, denied, run } = useAsking();
  const problems = { current: current.value === "" ? account.noPassword : null, next: passwordProblem(next.value) };
  const change = (): void => {
    tried.value = true;
    changed.value = false;
    if (problems.current !== null || problems.next !== null) return;
    void run(async () => {
      await changePassword(me.account_id, current.value, next.value);
      current.value = next.value = "";
      tried.value = false;
      changed.value = true;
    });
  };
  const wrong = { unauthorized: settings.wrongCurrent, forbidden: settings.wrongCurrent };
  return (
    <section class="card" aria-labelledby="own-password">
      <h2 id="own-password">{settings.password}</h2>
      <Form onSubmit={change}>
        <TextField label={settings.current} secret fill="current-password" value={current.value} problem={tried.value ? problems.current : null} onInput={(text) => (current.value = text)} testid="current-password" />
        <TextField
          label={account.newPassword}
          secret
          fill="new-password"
          hint={account.passwordHint(PASSWORD_LETTERS_MIN)}
          value={next.value}
          problem={tried.value ? problems.next : null}
          onInput={(text) => (next.value = text)}
          testid="new-password"
        />
        {denied.value !== null && <Notice sentence={sentenceOf(denied.value, wrong)} detail={denied.value.kind === "bad-input" ? denied.value.detail : null} testid="password-problem" />}
        <div class="actions">
          <Button type="submit" disabled={busy.value} testid="password-save">
            {settings.change}
          </Button>
          <Said text={changed.value ? settings.changed : ""} testid="password-changed" />
        </div>
      </Form>
    </section>
  );
}

function Logins(): JSX.Element {
  const w = words.value.settings;
  const { busy, denied, run } = useAsking();
  const out = (): void =>
    void run(async () => {
      await logOutEverywhere();
      forget();
      navigate("/");
    });
  return (
    <section class="card" aria-labelledby="logins">
      <h2 id="logins">{w.sessions}</h2>
      <p class="secondary">{w.sessionsLead}</p>
      {denied.value !== null && <Notice sentence={sentenceOf(denied.value)} />}
      <div class="actions">
        <Button icon="leave" disabled={busy.value} onClick={out} testid="logout-everywhere">
          {w.everywhere}
        </Button>
      </div>
    </section>
  );
}

function Deletion({ me }: { me: Me }): JSX.Element {
  const { account, settings: w } = words.value;
  const password = useSignal("");
  const { busy, denied, run } = useAsking();
  const tried = useSignal(false);
  const remove = (): void => {
    tried.value = true;
    if (password.value === "") return;
    void run(async () => {
      await deleteAccount(me.account_id, password.value);
      forget();
      navigate("/");
    });
  };
  const wrong = { unauthorized: w.wrongCurrent, forbidden: w.wrongCurrent };
  return (
    <section class="card" aria-labelledby="deletion">
      <h2 id="deletion">{w.delete}</h2>
      <p class="secondary">{w.deleteLead}</p>
      <TextField
        label={w.current}
        secret
        fill="current-password"
        value={password.value}
        problem={tried.value && password.value === "" ? account.noPassword : null}
        onInput={(text) => (password.value = text)}
        testid="delete-password"
      />
      {denied.value !== null && <Notice sentence={sentenceOf(denied.value, wrong)} testid="delete-problem" />}
      <ConfirmButton label={w.deleteNow} sure={w.deleteSure} keep={w.keep} disabled={busy.value} onConfirm={remove} testid="delete-account" />
    </section>
  );
}

/** Always there, so that readers hear its text when it comes. */
function Said({ text, testid }: { text: string; testid: string }): JSX.Element {
  return (
    <span class="said" role="status" data-testid={testid}>
      {text}
    </span>
  );
}
