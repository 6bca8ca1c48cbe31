import type { JSX } from "preact";
import { words } from "../language";
import { Link, navigate } from "../router";
import { LogInForm, SignUpForm, type Access } from "./forms";
import { hasMeetings } from "./me";

export function AccessPage({ access }: { access: Access }): JSX.Element {
  const w = words.value.account;
  const done = (): void => navigate("/");
  const login = access === "login";
  const other = (
    <Link class="text-link" href={login ? "/signup" : "/login"} data-testid={login ? "to-signup" : "to-login"}>
      {login ? `${w.noAccount} ${w.signUp}` : `${w.hasAccount} ${w.logIn}`}
    </Link>
  );
  return (
    <main class="page narrow">
      <section class="card">
        <h1>{login ? w.logIn : w.signUp}</h1>
        {hasMeetings.value ? login ? <LogInForm onDone={done} other={other} /> : <SignUpForm onDone={done} other={other} /> : <p>{w.unavailable}</p>}
      </section>
    </main>
  );
}
