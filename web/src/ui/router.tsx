// The address bar as a signal, and links that change it without loading the page again.

import { signal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import { placeOf, type Place } from "./place";

export const place = signal<Place>(placeOf(location.pathname));

export function navigate(path: string): void {
  history.pushState(null, "", path);
  place.value = placeOf(location.pathname);
  window.scrollTo(0, 0);
}

/** Changes what the address bar says without going anywhere: a reload then comes back to the same room. */
export function rename(path: string): void {
  history.replaceState(null, "", path + location.hash);
}

window.addEventListener("popstate", () => (place.value = placeOf(location.pathname)));

type LinkProps = {
  href: string;
  class?: string;
  children: ComponentChildren;
  "aria-label"?: string;
  "aria-current"?: "page" | undefined;
  "data-testid"?: string;
};

export function Link({ href, ...rest }: LinkProps): JSX.Element {
  const follow = (event: MouseEvent): void => {
    // Anything but a plain click is the browser's: new tab, new window, download.
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    navigate(href);
  };
  return <a href={href} onClick={follow} {...rest} />;
}
