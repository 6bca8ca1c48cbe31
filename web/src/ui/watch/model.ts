// What a viewer's page knows and can do. Holds the connection and the stream; draws nothing.

import { signal } from "@preact/signals";
import { addReceivers } from "../../media/publish";
import { KEPT, sampler, type Sampler } from "../../media/sampler";
import { Silence } from "../../media/silence";
import type { Sample } from "../../media/statistics";
import { Connection, type State } from "../../protocol/connection";
import type { Failure } from "../../protocol/failure";
import type { SessionView } from "../../protocol/generated/api";
import { chooseLayer, lookAt, type Looked } from "../../protocol/inspect";
import { whepEndpoint } from "../../protocol/room";
import { expose } from "../debug";
import { token } from "../token";

export class WatchModel {
  readonly room: string;
  readonly state = signal<State>({ at: "connecting" });
  /** Changes with each session. */
  readonly stream = signal<MediaStream | null>(null);
  /** The session carries a picture, and not sound alone. */
  readonly picture = signal(false);
  /** Since when nothing arrives although the connection is well, by `performance.now()`. */
  readonly quietSinceMs = signal<number | null>(null);
  readonly samples = signal<readonly Sample[]>([]);

  /** What the server says of the session, newest last, while somebody wants to know. */
  readonly views = signal<readonly SessionView[]>([]);
  /** Why the server says nothing. */
  readonly unseen = signal<Failure | null>(null);

  #connection: Connection | null = null;
  #sampler: Sampler | null = null;

  constructor(room: string) {
    this.room = room;
    window.addEventListener("pagehide", this.leave);
    window.addEventListener("pageshow", this.#back);
    expose(() => this.#connection?.pc ?? null);
  }

  readonly join = (): void => {
    this.leave();
    this.state.value = { at: "connecting" };
    const connection = new Connection(
      {
        side: "watch",
        endpoint: new URL(whepEndpoint(this.room), location.href),
        token: token.value,
        prepare: (pc) => this.#prepare(pc),
      },
      (state) => {
        if (state.at !== "closed") this.state.value = state;
      },
    );
    this.#connection = connection;
    const silence = new Silence();
    this.#sampler = sampler(
      () => (this.state.value.at === "connected" ? connection.pc : null),
      (sample) => {
        this.samples.value = [...this.samples.value.slice(1 - KEPT), sample];
        const verdict = silence.push(sample.packetsReceived);
        this.quietSinceMs.value = verdict === "flowing" ? null : (this.quietSinceMs.value ?? performance.now());
        if (verdict === "rejoin") connection.renew();
      },
    );
  };

  /** Asks the server how the session fares, until the signal aborts. */
  readonly follow = (signal: AbortSignal): void => {
    this.views.value = [];
    void lookAt(
      () => this.#connection?.sessionUrl ?? null,
      token.value,
      (looked: Looked) => {
        if (looked.view !== null) this.views.value = [...this.views.value.slice(-1), looked.view];
        this.unseen.value = looked.problem;
      },
      signal,
    );
  };

  /** Null leaves the choice to the server. Returns what was wrong with it. */
  readonly choose = async (mid: string, rid: string | null): Promise<Failure | null> => {
    const url = this.#connection?.sessionUrl ?? null;
    return url === null ? null : chooseLayer(url, token.value, mid, rid);
  };

  /** For somebody who does not want to wait for the next try. */
  readonly tryNow = (): void => {
    if (this.state.value.at === "failed") this.join();
    else this.#connection?.renew();
  };

  readonly leave = (): void => {
    this.#connection?.close();
    this.#connection = null;
    this.#sampler?.close();
    this.#sampler = null;
    this.quietSinceMs.value = null;
  };

  close(): void {
    this.leave();
    window.removeEventListener("pagehide", this.leave);
    window.removeEventListener("pageshow", this.#back);
  }

  #prepare(pc: RTCPeerConnection): void {
    const stream = new MediaStream();
    this.picture.value = false;
    pc.ontrack = ({ track }) => {
      stream.addTrack(track);
      if (track.kind === "video") this.picture.value = true;
      this.stream.value = stream;
    };
    addReceivers(pc);
  }

  /** A page taken back from the browser's cache comes without its session, which ended when it was left. */
  readonly #back = (event: PageTransitionEvent): void => {
    if (event.persisted) this.join();
  };
}
