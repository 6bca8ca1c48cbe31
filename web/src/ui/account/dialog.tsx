import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { words } from "../language";
import { IconButton } from "../parts/button";
import { LogInForm, SignUpForm, type Access } from "./forms";

/** Asks who it is in place, so that what somebody wanted to do goes on afterwards. */
export function AccessDialog({ why, onDone, onClose }: { why: string; onDone: () => void; onClose: () => void }): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  const access = useSignal<Access>("login");
  // Modal: the rest of the page is inert, Escape closes it, and the focus goes back to where it was.
  useEffect(() => dialog.current?.showModal(), []);
  const w = words.value;
  const turn = (to: Access): JSX.Element => (
    <button type="button" class="text-link" onClick={() => (access.value = to)} data-testid={`turn-to-${to}`}>
      {to === "login" ? `${w.account.hasAccount} ${w.account.logIn}` : `${w.account.noAccount} ${w.account.signUp}`}
    </button>
  );
  return (
    <dialog ref={dialog} class="dialog" aria-labelledby="access-title" onClose={onClose} data-testid="access">
      <div class="card-head">
        <h2 id="access-title">{access.value === "login" ? w.account.logIn : w.account.signUp}</h2>
        <IconButton icon="close" label={w.account.close} onClick={() => dialog.current?.close()} testid="access-close" />
      </div>
      <p class="secondary">{why}</p>
      {access.value === "login" ? <LogInForm onDone={onDone} other={turn("signup")} /> : <SignUpForm onDone={onDone} other={turn("login")} />}
    </dialog>
  );
}
