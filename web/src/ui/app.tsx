import { useEffect } from "preact/hooks";
import type { JSX } from "preact";
import { Icon, Mark, type IconName } from "./icons";
import { LandingPage } from "./landing";
import { LivePage } from "./live/page";
import { learnNode, node } from "./node";
import { IconButton } from "./parts/button";
import { titleOf } from "./place";
import { RoomsPage } from "./rooms/page";
import { Link, place } from "./router";
import { switchTheme, theme } from "./theme";
import { WatchPage } from "./watch/page";

export function App(): JSX.Element {
  useEffect(() => void learnNode(), []);
  const here = place.value;
  const title = titleOf(here);
  useEffect(() => {
    document.title = title;
  }, [title]);
  // A stream gets the whole window; everything else steps back.
  if (here.page === "watch") return <WatchPage key={here.room} room={here.room} />;
  return (
    <>
      <Header />
      {here.page === "landing" && <LandingPage />}
      {here.page === "live" && <LivePage room={here.room} />}
      {here.page === "rooms" && <RoomsPage />}
      {here.page === "unknown" && <UnknownPage />}
      <Footer />
    </>
  );
}

const THEMES: Record<typeof theme.value, { icon: IconName; label: string }> = {
  system: { icon: "system", label: "Theme: as the system" },
  light: { icon: "sun", label: "Theme: light" },
  dark: { icon: "moon", label: "Theme: dark" },
};

function Header(): JSX.Element {
  const here = place.value.page;
  const { icon, label } = THEMES[theme.value];
  return (
    <header class="top">
      <Link class="home" href="/" aria-label="Weir, home">
        <Mark />
        <span>Weir</span>
      </Link>
      <nav aria-label="Pages">
        <Link href="/live" aria-current={here === "live" ? "page" : undefined}>
          <Icon name="live" />
          Go live
        </Link>
        <Link href="/rooms" aria-current={here === "rooms" ? "page" : undefined}>
          <Icon name="rooms" />
          Rooms
        </Link>
      </nav>
      <IconButton icon={icon} label={label} onClick={switchTheme} testid="theme" />
    </header>
  );
}

function Footer(): JSX.Element {
  return <footer class="bottom">{node.value !== null && `Weir ${node.value.version}`}</footer>;
}

function UnknownPage(): JSX.Element {
  return (
    <main class="page">
      <h1>There is nothing at this address</h1>
      <p class="secondary">The link may be cut short. A stream is at /watch/ and the name of its room.</p>
      <div class="actions">
        <Link class="button primary normal" href="/">
          To the start
        </Link>
        <Link class="button plain normal" href="/rooms">
          All rooms
        </Link>
      </div>
    </main>
  );
}
