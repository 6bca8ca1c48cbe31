// Accounts: signing up, logging in, and what their owners change.

import { ask } from "./ask";
import type { AccountChange, Me } from "./people";

/** The server answers alike whether or not the address is known: who has an account is nobody else's business. */
export const signUp = (email: string, password: string, name: string): Promise<{ account_id: string }> =>
  ask("/account", { method: "POST", body: { email, password, ...(name === "" ? {} : { name }) } });

export const logIn = (email: string, password: string): Promise<Me> =>
  ask("/account/login", { method: "POST", body: { email, password, cookie: true } });

/** Who the cookie says is asking. */
export const verify = (signal: AbortSignal): Promise<Me> => ask("/account/verify", { signal });

export const logOut = (): Promise<void> => ask("/account/logout", { method: "POST" });

export const logOutEverywhere = (): Promise<void> => ask("/account/logout-everywhere", { method: "POST" });

export const changeAccount = (id: string, change: AccountChange): Promise<void> => ask(own(id), { method: "PATCH", body: change });

export const changePassword = (id: string, current: string, next: string): Promise<void> =>
  ask(`${own(id)}/password`, { method: "POST", body: { current, new: next } });

export const deleteAccount = (id: string, password: string): Promise<void> => ask(own(id), { method: "DELETE", body: { password } });

export const askForReset = (email: string): Promise<void> => ask("/account/reset", { method: "POST", body: { email } });

export const resetPassword = (token: string, password: string): Promise<void> =>
  ask("/account/reset/confirm", { method: "POST", body: { token, password } });

export const confirmEmail = (token: string): Promise<void> => ask("/account/confirm", { method: "POST", body: { token } });

const own = (id: string): string => `/account/${encodeURIComponent(id)}`;

/** The least that the server takes. */
export const PASSWORD_LETTERS_MIN = 8;
