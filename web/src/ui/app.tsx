import { useEffect, useRef } from "preact/hooks";
import type { JSX } from "preact";
import { Footer, Header } from "./frame";
import { LandingPage } from "./landing";
import { words } from "./language";
import { lazy } from "./lazy";
import { step } from "./meeting/step";
import { learnNode } from "./node";
import { titleOf, type Place } from "./place";
import { Link, place } from "./router";

const LivePage = lazy(() => import("./live/page").then((file) => file.LivePage));
const WatchPage = lazy(() => import("./watch/page").then((file) => file.WatchPage));
const RoomsPage = lazy(() => import("./rooms/page").then((file) => file.RoomsPage));
const AccessPage = lazy(() => import("./account/access-page").then((file) => file.AccessPage));
const ForgotPage = lazy(() => import("./account/mail-pages").then((file) => file.ForgotPage));
const ResetPage = lazy(() => import("./account/mail-pages").then((file) => file.ResetPage));
const ConfirmPage = lazy(() => import("./account/mail-pages").then((file) => file.ConfirmPage));
const SettingsPage = lazy(() => import("./account/settings-page").then((file) => file.SettingsPage));
const MeetingsPage = lazy(() => import("./meetings/page").then((file) => file.MeetingsPage));
const AdminPage = lazy(() => import("./admin/page").then((file) => file.AdminPage));
const MeetingDoor = lazy(() => import("./meeting/door").then((file) => file.MeetingDoor));

export function App(): JSX.Element {
  useEffect(() => void learnNode(), []);
  const here = place.value;
  const title = titleOf(here, words.value.titles);
  useEffect(() => {
    document.title = title;
  }, [title]);
  const content = useRef<HTMLDivElement>(null);
  const arrived = useRef(here);
  useEffect(() => {
    // What was focused went with the last page; without this the next Tab would begin at the top, and readers would stay silent.
    if (arrived.current !== here) content.current?.focus();
    arrived.current = here;
  }, [here]);
  // A stream gets the whole window, and so does a meeting; everything else steps back.
  if (here.page === "watch") return <WatchPage key={here.room} room={here.room} />;
  const inMeeting = here.page === "meeting" && step.value.at === "inside";
  return (
    <>
      {!inMeeting && (
        <a class="skip" href="#content" onClick={(event) => (event.preventDefault(), content.current?.focus())}>
          {words.value.frame.skip}
        </a>
      )}
      {!inMeeting && <Header />}
      <div ref={content} id="content" class="content" tabIndex={-1}>
        <Page here={here} />
      </div>
      {!inMeeting && <Footer />}
    </>
  );
}

function Page({ here }: { here: Exclude<Place, { page: "watch" }> }): JSX.Element {
  switch (here.page) {
    case "landing":
      return <LandingPage />;
    case "live":
      return <LivePage room={here.room} />;
    case "rooms":
      return <RoomsPage />;
    case "login":
    case "signup":
      return <AccessPage key={here.page} access={here.page} />;
    case "forgot":
      return <ForgotPage />;
    case "reset":
      return <ResetPage />;
    case "confirm":
      return <ConfirmPage />;
    case "settings":
      return <SettingsPage />;
    case "meetings":
      return <MeetingsPage />;
    case "admin":
      return <AdminPage />;
    case "meeting":
      return <MeetingDoor key={here.id} id={here.id} />;
    case "unknown":
      return <UnknownPage />;
    default:
      return here satisfies never;
  }
}

function UnknownPage(): JSX.Element {
  const w = words.value.unknown;
  return (
    <main class="page">
      <h1>{w.title}</h1>
      <p class="secondary">{w.lead}</p>
      <div class="actions">
        <Link class="button primary normal" href="/">
          {w.home}
        </Link>
        <Link class="button plain normal" href="/rooms">
          {w.rooms}
        </Link>
      </div>
    </main>
  );
}
