// What stands around every page but a stream's: the way home, to the pages, and to one's account.

import { useEffect } from "preact/hooks";
import type { JSX } from "preact";
import { AccountMenu } from "./account/menu";
import { learnWho } from "./account/me";
import { Icon, Mark, type IconName } from "./icons";
import { chooseLanguage, language, LANGUAGES, words } from "./language";
import { node } from "./node";
import { IconButton } from "./parts/button";
import { Link, place } from "./router";
import { switchTheme, theme } from "./theme";

const THEMES: Record<typeof theme.value, IconName> = { system: "system", light: "sun", dark: "moon" };

export function Header(): JSX.Element {
  useEffect(() => void learnWho(), []);
  const w = words.value.frame;
  const here = place.value.page;
  return (
    <header class="top">
      <Link class="home" href="/" aria-label={w.home}>
        <Mark />
        <span>Weir</span>
      </Link>
      <nav aria-label={w.pages}>
        <Link href="/live" aria-current={here === "live" ? "page" : undefined}>
          <Icon name="live" />
          {w.live}
        </Link>
        <Link href="/rooms" aria-current={here === "rooms" ? "page" : undefined}>
          <Icon name="rooms" />
          {w.rooms}
        </Link>
      </nav>
      <IconButton icon={THEMES[theme.value]} label={w.themes[theme.value]} onClick={switchTheme} testid="theme" />
      <AccountMenu />
    </header>
  );
}

export function Footer(): JSX.Element {
  const w = words.value.frame;
  return (
    <footer class="bottom">
      <span>{node.value !== null && `Weir ${node.value.version}`}</span>
      <label class="languages">
        <span>{w.language}</span>
        <select value={language.value} onChange={(event) => void chooseLanguage(event.currentTarget.value)} data-testid="language">
          {Object.entries(LANGUAGES).map(([tag, name]) => (
            <option key={tag} value={tag} lang={tag}>
              {name}
            </option>
          ))}
        </select>
      </label>
    </footer>
  );
}
