import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { Icon } from "../icons";
import { words } from "../language";
import { Link, navigate, place } from "../router";
import { leave, who } from "./me";

/** "Log in", or the name of who is, with what is theirs below it. */
export function AccountMenu(): JSX.Element | null {
  const now = who.value;
  const w = words.value.account;
  if (now.at === "in") return <Menu name={now.me.name} />;
  if (now.at !== "out") return null;
  return (
    <Link class="account" href="/login" data-testid="login">
      <Icon name="person" />
      <span>{w.logIn}</span>
    </Link>
  );
}

/** Links that a button shows and hides: plain ones, walked by Tab. Escape closes it, and so does going elsewhere. */
function Menu({ name }: { name: string }): JSX.Element {
  const { account: w, titles } = words.value;
  const open = useSignal(false);
  const root = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const id = useId();
  const here = place.value;
  useEffect(() => void (open.value = false), [here, open]);
  useEffect(() => {
    const elsewhere = (event: Event): void => {
      if (event.target instanceof Node && root.current?.contains(event.target) === false) open.value = false;
    };
    document.addEventListener("pointerdown", elsewhere);
    document.addEventListener("focusin", elsewhere);
    return () => {
      document.removeEventListener("pointerdown", elsewhere);
      document.removeEventListener("focusin", elsewhere);
    };
  }, [open]);
  const key = (event: KeyboardEvent): void => {
    if (event.key !== "Escape" || !open.value) return;
    open.value = false;
    button.current?.focus();
  };
  const out = async (): Promise<void> => {
    await leave();
    navigate("/");
  };
  return (
    <div ref={root} class="menu" onKeyDown={key}>
      <button ref={button} type="button" class="account" aria-label={w.menu(name)} aria-expanded={open.value} aria-controls={id} onClick={() => (open.value = !open.value)} data-testid="account">
        <Icon name="person" />
        <span>{name}</span>
        <Icon name="down" />
      </button>
      <div id={id} class="menu-items" hidden={!open.value}>
        <Link href="/meetings" data-testid="to-meetings">
          <Icon name="people" />
          {titles.meetings}
        </Link>
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
