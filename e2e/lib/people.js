// What people do with accounts and meetings on Weir's page.

import { until } from "./until.js";

export const PASSWORD = "four calm herons wade";

/** Signs up on the page for it, and ends where that leads: logged in, at the start. */
export async function signUp(tab, weir, { name, email }) {
  await tab.goto(`${weir.url}/signup`);
  await fillSignUp(tab, { name, email });
  await until(`${name} is logged in`, async () => (await tab.text("account")) === name);
}

/** Fills in and sends the form, wherever it stands. */
export async function fillSignUp(tab, { name, email }) {
  await tab.fill("name", name);
  await tab.fill("email", email);
  await tab.fill("password", PASSWORD);
  await tab.click("signup-submit");
}

/** One press, from any page that has the button; returns the code of the meeting. */
export async function newMeeting(tab) {
  await tab.click("new-meeting");
  return reachedMeeting(tab);
}

/** The code of the meeting whose door this tab is at. */
export function reachedMeeting(tab) {
  return until("the page before a meeting", () => tab.ask(() => (document.querySelector('[data-testid="outlook"]') === null ? null : location.pathname.split("/m/")[1])));
}

/** Goes to another address without loading the page again, as a link does. */
export function wander(tab, path) {
  return tab.ask((to) => {
    history.pushState(null, "", to);
    dispatchEvent(new PopStateEvent("popstate"));
  }, path);
}
