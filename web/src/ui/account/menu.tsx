import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { Icon } from "../icons";
import { words } from "../language";
import { useDisclosure } from "../parts/disclosure";
import { Link, navigate, place } from "../router";
import { leave, who } from "./me";

/** "Log in", or the name of who is, with what is theirs below it. */
export function AccountMenu(): JSX.Element | null {
  const now = who.value;
  const w = words.value.account;
  if (now.at === "in") return <Menu name={now.me.name} admin={now.me.grant === "admin"} />;
  if (now.at !== "out") return null;
  return (
    <Link class="account" href="/login" data-testid="login">
      <Icon name="person" />
      <span>{w.logIn}</span>
    </Link>
  );
}

/** Links that a button shows and hides: plain ones, walked by Tab. Escape closes it, and so does going elsewhere. */
function Menu({ name, admin }: { name: string; admin: boolean }): JSX.Element {
  const { account: w, titles } = words.value;
  const { hide, ...shown } = useDisclosure();
  const here = place.value;
  // Another page is another place to begin at.
  useEffect(hide, [here]);
  const out = async (): Promise<void> => {
    await leave();
    navigate("/");
  };
  return (
    <div ref={shown.root} class="menu" onKeyDown={shown.onKeyDown}>
      <button ref={shown.button} type="button" class="account" aria-label={w.menu(name)} aria-expanded={shown.open} aria-controls={shown.id} onClick={shown.toggle} data-testid="account">
        <Icon name="person" />
        <span>{name}</span>
        <Icon name="down" />
      </button>
      <div id={shown.id} class="menu-items" hidden={!shown.open}>
        <Link href="/meetings" data-testid="to-meetings">
          <Icon name="people" />
          {titles.meetings}
        </Link>
        {admin && (
          <Link href="/admin" data-testid="to-admin">
            <Icon name="chart" />
            {titles.admin}
          </Link>
        )}
        <Link href="/settings" data-testid="to-settings">
          <Icon name="settings" />
          {titles.settings}
        </Link>
        <button type="button" onClick={() => void out()} data-testid="logout">
          <Icon name="leave" />
          {w.logOut}
        </button>
      </div>
    </div>
  );
}
