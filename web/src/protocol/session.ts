// One session: a peer connection and the HTTP resource that stands for it on the server.
//
//   offer --POST--> 201 answer      candidates --PATCH--> 204      new credentials --PATCH--> 200      leave --DELETE-->
//
// It reports how its transport fares and restarts ICE when told; whether to give up is `Connection`'s business.

import type { Failure, Side } from "./failure";
import { restartedAnswer, writeFragment } from "./fragment";
import { open, type Resource } from "./resource";

export type Health = "connecting" | "connected" | "shaky" | "lost";

export type Plan = {
  side: Side;
  endpoint: URL;
  token: string | null;
  /** Adds the transceivers. Runs before the offer is made. */
  prepare: (pc: RTCPeerConnection) => void;
};

/** Long enough to gather the candidates of a few interfaces into one request, short against a round trip. */
const TRICKLE_BATCH_MS = 60;

export class Session {
  readonly pc: RTCPeerConnection;
  readonly #resource: Resource;
  readonly #onhealth: (health: Health) => void;
  #candidates: string[] = [];
  #gathered = false;
  #batch: ReturnType<typeof setTimeout> | null = null;
  #trickles = true;
  #closed = false;

  static async open(plan: Plan, onhealth: (health: Health) => void, signal: AbortSignal): Promise<Session> {
    const pc = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
    try {
      plan.prepare(pc);
      const offer = await pc.createOffer();
      const opened = await open(plan.side, plan.endpoint, plan.token, offer.sdp ?? "", signal);
      const session = new Session(pc, opened.resource, onhealth);
      try {
        // Applied only now, so that the servers named in the answer's headers count from the first candidate on.
        if (opened.iceServers.length > 0) pc.setConfiguration({ ...pc.getConfiguration(), iceServers: opened.iceServers });
        await pc.setLocalDescription(offer);
        await pc.setRemoteDescription({ type: "answer", sdp: opened.answer });
        signal.throwIfAborted();
      } catch (cause) {
        session.close();
        throw cause;
      }
      session.#watchTransport();
      return session;
    } catch (cause) {
      pc.close();
      throw cause;
    }
  }

  private constructor(pc: RTCPeerConnection, resource: Resource, onhealth: (health: Health) => void) {
    this.pc = pc;
    this.#resource = resource;
    this.#onhealth = onhealth;
    pc.onicecandidate = ({ candidate }) => this.#gather(candidate);
    pc.onconnectionstatechange = () => this.#report();
  }

  /** Where the server keeps the session. Knowing it is a right: it is not to be shown. */
  get url(): URL {
    return this.#resource.url;
  }

  /** A path can come back; closed DTLS cannot. */
  get canRestart(): boolean {
    return this.#resource.canRestart && !this.#closed && !ended(this.#transport);
  }

  /** New ICE credentials on both sides; DTLS and SRTP go on as they are. Throws when the server does not go along. */
  async restart(): Promise<void> {
    const pc = this.pc;
    const answer = pc.remoteDescription?.sdp ?? "";
    pc.restartIce();
    this.#candidates = [];
    this.#gathered = false;
    // Candidates of the new generation wait until the server knows the credentials they belong to.
    this.#trickles = false;
    const offer = await pc.createOffer();
    await pc.setLocalDescription(offer);
    const fragment = await this.#resource.restart(writeFragment(offer.sdp ?? "", [], "more"));
    await pc.setRemoteDescription({ type: "answer", sdp: restartedAnswer(answer, fragment) });
    this.#trickles = true;
    this.#schedule();
  }

  /** What the server says of a session whose transport is closed; null when it says that it is there. */
  farewell(): Promise<Failure | null> {
    return this.#resource.farewell();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#batch !== null) clearTimeout(this.#batch);
    this.#resource.end();
    this.pc.onicecandidate = null;
    this.pc.onconnectionstatechange = null;
    this.pc.close();
  }

  #gather(candidate: RTCIceCandidate | null): void {
    if (candidate !== null && candidate.candidate !== "") this.#candidates.push(candidate.candidate);
    else this.#gathered = true;
    this.#schedule();
  }

  #schedule(): void {
    if (!this.#trickles || this.#batch !== null) return;
    this.#batch = setTimeout(() => {
      this.#batch = null;
      void this.#trickle();
    }, TRICKLE_BATCH_MS);
  }

  async #trickle(): Promise<void> {
    // A server with an address of its own learns ours from the connectivity checks: once they met, there is no news.
    if (this.#closed || this.pc.connectionState === "connected" || this.#candidates.length === 0) return;
    const sdp = this.pc.localDescription?.sdp ?? "";
    const batch = this.#candidates;
    this.#candidates = [];
    try {
      await this.#resource.trickle(writeFragment(sdp, batch, this.#gathered ? "complete" : "more"));
    } catch {
      // Trickling is a help and not a need: the checks may still succeed, and if not, the connection state will tell.
      this.#trickles = false;
    }
  }

  /** One for all, by BUNDLE. */
  get #transport(): RTCDtlsTransport | null {
    const [first] = this.pc.getTransceivers();
    return first?.sender.transport ?? first?.receiver.transport ?? null;
  }

  /** A server that ends a session closes DTLS, which browsers report there and not as a connection state. */
  #watchTransport(): void {
    const transport = this.#transport;
    if (transport === null) return;
    transport.onstatechange = () => {
      if (!this.#closed && ended(transport)) this.#onhealth("lost");
    };
  }

  #report(): void {
    if (this.#closed) return;
    switch (this.pc.connectionState) {
      case "new":
      case "connecting":
        return this.#onhealth("connecting");
      case "connected":
        return this.#onhealth("connected");
      case "disconnected":
        return this.#onhealth("shaky");
      case "failed":
      case "closed":
        return this.#onhealth("lost");
      default:
        return this.pc.connectionState satisfies never;
    }
  }
}

const ended = (transport: RTCDtlsTransport | null): boolean => transport?.state === "closed" || transport?.state === "failed";
