// A meeting as the page holds it: the line, what is known, one's own media, and what is received. Draws nothing, and decides nothing that
// the layers below can decide.

import { computed, effect, signal } from "@preact/signals";
import { Messages } from "../../protocol/meeting/messages";
import { slotsFor, Reception } from "../../media/meeting/reception";
import { Publication } from "../../media/meeting/publication";
import type { Seen } from "../../media/meeting/desired";
import { Subscriptions } from "../../media/meeting/subscriptions";
import type { ServerPacket, Source } from "../../protocol/generated/meeting";
import { readAll } from "../../protocol/meeting/chat";
import { commands, type Commands } from "../../protocol/meeting/commands";
import { OUTSIDE, reduce, resumption, type Meeting } from "../../protocol/meeting/model";
import { newsIn, type News } from "../../protocol/meeting/news";
import { Outbox, type Unsent } from "../../protocol/meeting/outbox";
import { hosts, myself } from "../../protocol/meeting/people";
import { Socket, type Line } from "../../protocol/meeting/socket";
import { Transport, type Health } from "../../protocol/meeting/transport";
import type { Seat } from "../../protocol/people";
import type { OwnMedia } from "../own-media";
import { Sharing } from "./sharing";
import { Typing, TYPING } from "./typing";

export class MeetingModel {
  readonly seat: Seat;
  readonly media: OwnMedia;
  readonly commands: Commands;
  readonly sharing: Sharing;
  readonly meeting = signal<Meeting>(OUTSIDE);
  readonly line = signal<Line>({ at: "connecting" });
  readonly unsent = signal<readonly Unsent[]>([]);
  readonly sending = signal<Health>("connecting");
  readonly receiving = signal<Health>("connecting");
  readonly voices = signal<readonly MediaStreamTrack[]>([]);
  readonly inside = computed(() => this.line.value.at === "open" && this.meeting.value.stage.at === "inside");
  readonly isHost = computed(() => hosts(myself(this.meeting.value)));
  /** Why a host did what they did to us last; for the page that says so. */
  readonly removedBecause = signal<string | null>(null);
  /** It was whoever runs the server, and no host. */
  readonly removedByServer = signal(false);
  /** Grows with each connection to receive on: tracks of a slot are others then. */
  readonly #received = signal(0);
  readonly #socket: Socket;
  readonly #outbox: Outbox;
  readonly #subscriptions: Subscriptions;
  readonly #publication = new Publication();
  /** What applications in the page say to each other. */
  readonly messages = new Messages();
  readonly typing = new Typing(this.messages.topic(TYPING, "lossy"), () => performance.now());
  #reception: Reception | null = null;
  readonly #transports = new Map<"camera" | "receive", Transport>();
  readonly #listeners = new Set<(news: News) => void>();
  readonly #stops: (() => void)[] = [];

  constructor(seat: Seat, media: OwnMedia, url: URL) {
    this.seat = seat;
    this.media = media;
    media.goOnAir();
    const send = (saying: Parameters<Socket["send"]>[0]): boolean => this.#socket.send(saying);
    this.commands = commands(send);
    this.sharing = new Sharing(send);
    this.#outbox = new Outbox(
      (message) => send({ content_type: "CHAT", ...message }),
      (unsent) => (this.unsent.value = unsent),
    );
    this.#subscriptions = new Subscriptions(
      ({ unsubscribe, subscribe }) => this.commands.watch(unsubscribe, subscribe),
      () => performance.now(),
    );
    this.#socket = new Socket({
      url,
      meetingId: seat.meeting_id,
      ticket: seat.ticket,
      resumption: () => resumption(this.meeting.value),
      onpacket: (packet) => this.#hear(packet),
      online: (line) => this.#onLine(line),
    });
    this.#stops.push(
      effect(() => void this.#publication.send("audio", media.audio.value)),
      effect(() => void this.#publication.send("video", media.video.value)),
      effect(() => this.#publish()),
      effect(() => void this.#sayWhatIsOn()),
    );
  }

  /** The network is back, or somebody looks at the page again. */
  readonly nudge = (): void => this.#socket.nudge();

  /** Hears what is worth saying aloud. */
  onNews(listener: (news: News) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  readonly say = (text: string, to: string | null): void => {
    this.typing.stopped();
    this.#outbox.say({ id: crypto.randomUUID(), text, ...(to === null ? {} : { to }) });
  };

  readonly takeBack = (id: string): void => this.#outbox.forget(id);

  /** What has been said so far has been looked at. */
  readonly readChat = (): void => {
    const chat = readAll(this.meeting.value.chat);
    if (chat !== this.meeting.value.chat) this.meeting.value = { ...this.meeting.value, chat };
  };

  /** What the page shows now. */
  readonly show = (seen: readonly Seen[]): void => this.#subscriptions.show(seen, this.slots);

  /** The picture that comes on a slot; null while there is none to come. */
  track(mid: string): MediaStreamTrack | null {
    // Read so that whoever draws it draws it again when there is another.
    return this.#received.value > 0 ? (this.#reception?.track(mid) ?? null) : null;
  }

  /** For statistics, by what they carry. */
  connections(): { sending: RTCPeerConnection | null; receiving: RTCPeerConnection | null } {
    return { sending: this.#transports.get("camera")?.pc ?? null, receiving: this.#transports.get("receive")?.pc ?? null };
  }

  readonly toggleHand = (): void => {
    const hand = myself(this.meeting.value)?.hand;
    this.commands.me({ hand: hand === undefined });
  };

  readonly leave = (): void => this.#socket.leave();

  close(): void {
    for (const stop of this.#stops) stop();
    this.#socket.leave();
    this.sharing.close();
    for (const transport of this.#transports.values()) transport.close();
    this.#transports.clear();
    this.#outbox.close();
    this.typing.close();
    this.messages.close();
    this.#subscriptions.close();
    this.media.close();
  }

  /** As many pictures as can come at a time. */
  get slots(): number {
    return slotsFor(Math.min(screen.width, screen.height), this.meeting.value.limits.feeds);
  }

  #hear(packet: ServerPacket): void {
    const before = this.meeting.value;
    const news = newsIn(before, packet);
    this.meeting.value = reduce(before, packet);
    switch (packet.content_type) {
      case "WELCOME":
        this.#welcomed(packet.place);
        break;
      case "ANSWER":
      case "ICE":
      case "MEDIA_ENDED":
        if (packet.what === "screen") this.sharing.hear(packet);
        else void this.#transports.get(packet.what)?.hear(packet);
        break;
      case "CHAT":
        this.#outbox.seen([packet.message], this.meeting.value.me);
        this.typing.done(packet.message.from);
        break;
      case "HISTORY":
        this.#outbox.seen(packet.messages, this.meeting.value.me);
        break;
      case "LEAVE":
        this.#subscriptions.forget(packet.account_id);
        this.typing.done(packet.account_id);
        break;
      case "SUBSCRIBED":
        for (const feed of packet.refused) if (feed.code !== "not_subscribed") this.#subscriptions.refused(feed);
        break;
      case "MODERATED":
        this.#obey(packet);
        break;
      case "ERROR":
        if (packet.about === "CHAT") this.#outbox.refused(packet.code, packet.msg);
        if (packet.about === "ME" && packet.code === "not_allowed" && this.media.micOn.value) this.media.toggleMic();
        if (packet.about === "OFFER" && (packet.code === "not_allowed" || packet.code === "too_many_shares")) this.sharing.stop();
        break;
      case "WAITING":
      case "JOIN_DENIED":
      case "MEETING_USERS":
      case "JOIN":
      case "STATE":
      case "END":
      case "ENDING":
      case "SETTINGS":
      case "LOBBY":
      case "SLOTS":
      case "SPEAKER":
      case "REACTION":
      case "PONG":
        break;
      default:
        packet satisfies never;
    }
    for (const said of news) for (const listener of this.#listeners) listener(said);
  }

  #onLine(line: Line): void {
    this.line.value = line;
    if (!this.inside.value) return;
    this.#outbox.resume();
    const known = [...this.meeting.value.feeds.keys()].map((key) => {
      const [source, account_id = ""] = key.split(" ");
      return { account_id, source: source as Source };
    });
    this.#subscriptions.resume(known);
  }

  #welcomed(place: Parameters<Transport["resumed"]>[0]): void {
    // What is sent now goes out with the news that there is a line, which follows at once.
    queueMicrotask(() => {
      for (const transport of this.#transports.values()) transport.resumed(place);
      this.sharing.resumed(place);
      this.#publish();
      this.#receive();
    });
  }

  #receive(): void {
    if (this.#transports.has("receive")) return;
    const reception = new Reception(this.slots, (voices) => (this.voices.value = voices));
    this.#reception = reception;
    const prepare = (pc: RTCPeerConnection): void => {
      reception.prepare(pc);
      this.messages.prepare(pc);
    };
    const transport = this.#transport("receive", prepare, this.receiving, () => (this.#received.value += 1));
    this.#transports.set("receive", transport);
  }

  /** Whoever has neither camera nor microphone sends nothing. */
  #publish(): void {
    const something = this.media.audio.value !== null || this.media.video.value !== null;
    if (!something || !this.inside.value || this.#transports.has("camera")) return;
    this.#transports.set("camera", this.#transport("camera", this.#publication.prepare, this.sending, () => undefined));
  }

  #transport(what: "camera" | "receive", prepare: (pc: RTCPeerConnection) => void, health: { value: Health }, onanswer: () => void): Transport {
    const send = (saying: Parameters<Socket["send"]>[0]): boolean => this.#socket.send(saying);
    return new Transport({ what, send, prepare, onanswer, onhealth: (now) => (health.value = now) });
  }

  #sayWhatIsOn(): boolean {
    const microphone = this.media.micOn.value && this.media.audio.value !== null;
    const camera = this.media.cameraOn.value && this.media.video.value !== null;
    return this.inside.value && this.commands.me({ microphone, camera });
  }

  /** The server has done it already; this makes it true here too, down to the camera's light. */
  #obey({ action, by, reason }: Extract<ServerPacket, { content_type: "MODERATED" }>): void {
    switch (action) {
      case "mute":
        if (this.media.micOn.value) this.media.toggleMic();
        return;
      case "stop_video":
        if (this.media.cameraOn.value) void this.media.toggleCamera();
        return;
      case "stop_share":
        return this.sharing.stop();
      case "remove":
      case "ban":
        this.removedBecause.value = reason ?? null;
        this.removedByServer.value = by === "";
        return;
      case "ask_unmute":
      case "lower_hand":
      case "promote":
      case "demote":
      case "admit":
      case "deny":
        return;
      default:
        return action satisfies never;
    }
  }
}
