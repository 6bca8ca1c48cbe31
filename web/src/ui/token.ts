// The bearer token somebody arrived with or typed. Kept in memory only: what is not stored cannot be read later.

import { signal } from "@preact/signals";

export const token = signal<string | null>(arrivedWith());

function arrivedWith(): string | null {
  const fragment = new URLSearchParams(location.hash.slice(1)).get("token");
  if (fragment !== null && fragment !== "") return fragment;
  const address = new URL(location.href);
  const query = address.searchParams.get("token");
  if (query === null || query === "") return null;
  // In the query it would reach logs with every request and every copied link; a fragment stays in the browser.
  address.searchParams.delete("token");
  address.hash = new URLSearchParams({ token: query }).toString();
  history.replaceState(null, "", address);
  return query;
}
