import type { JSX } from "preact";
import type { Me } from "../../protocol/people";
import { words } from "../language";
import { Link } from "../router";
import { LogInForm } from "./forms";
import { who } from "./me";

/** What only somebody who is logged in can see; everybody else is asked to log in first, in its place. */
export function Gate({ children }: { children: (me: Me) => JSX.Element }): JSX.Element {
  const w = words.value.account;
  const now = who.value;
  switch (now.at) {
    case "in":
      return children(now.me);
    case "asking":
      return (
        <p class="secondary patient" role="status">
          {w.busy}
        </p>
      );
    case "unavailable":
      return <p>{w.unavailable}</p>;
    case "out":
      return (
        <section class="card">
          <p>{w.loggedOut}</p>
          <LogInForm
            onDone={() => undefined}
            other={
              <Link class="text-link" href="/signup">
                {`${w.noAccount} ${w.signUp}`}
              </Link>
            }
          />
        </section>
      );
    default:
      return now satisfies never;
  }
}
