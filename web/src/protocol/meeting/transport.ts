// One of a person's peer connections to a meeting: what they send of themselves, what they show, or what they receive. Offers,
// candidates and restarts go over the meeting's socket. It brings its media back by itself; what the media are, `prepare` knows.
//
//   offer ──OFFER──▶ ANSWER     candidates ──ICE──▶     new credentials ──ICE──▶ ICE     over ──STOP──▶

import { readFragment, restartedAnswer, writeFragment } from "../fragment";
import type { Place, What } from "../generated/meeting";
import { backoffMs } from "../retry";
import { slim } from "./offer";
import type { Packet, Saying } from "./packets";

export type Health = "connecting" | "connected" | "shaky" | "lost";

export type Plan = {
  what: What;
  send: (saying: Saying) => boolean;
  /** Adds the transceivers of a fresh connection, before its offer is made. */
  prepare: (pc: RTCPeerConnection) => void;
  /** Its sections have their names from here on. */
  onanswer: (pc: RTCPeerConnection) => void;
  onhealth: (health: Health) => void;
};

/** Long enough to gather the candidates of a few interfaces into one packet, short against a round trip. */
const TRICKLE_BATCH_MS = 60;
/** A Wi-Fi roam takes 2-5 s; browsers notice after about as long, so half of it again before help is asked for. */
const SHAKY_MS = 2_000;
/** Time for a restart, or for a fresh connection, to carry media. */
const CONNECT_MS = 8_000;

/** Ids of all offers of this page: a late answer to an earlier one is then no answer to this one. */
let offers = 0;

export class Transport {
  #pc: RTCPeerConnection | null = null;
  #offer = 0;
  #answer = "";
  #candidates: string[] = [];
  #batch: ReturnType<typeof setTimeout> | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #restarting = false;
  #attempt = 0;
  #closed = false;
  readonly #plan: Plan;

  constructor(plan: Plan) {
    this.#plan = plan;
    void this.#open();
  }

  get what(): What {
    return this.#plan.what;
  }

  get pc(): RTCPeerConnection | null {
    return this.#pc;
  }

  async hear(packet: Packet<"ANSWER"> | Packet<"ICE"> | Packet<"MEDIA_ENDED">): Promise<void> {
    const pc = this.#pc;
    if (this.#closed || pc === null) return;
    try {
      switch (packet.content_type) {
        case "ANSWER":
          if (packet.id === this.#offer && this.#answer === "") await this.#answered(pc, packet.sdp);
          return;
        case "ICE":
          await this.#restarted(pc, packet.fragment);
          return;
        case "MEDIA_ENDED":
          this.#reopen();
          return;
        default:
          return packet satisfies never;
      }
    } catch {
      // The browser does not take what the server said; a fresh connection says it anew.
      if (pc === this.#pc) this.#reopen();
    }
  }

  /** There is a line to the server again. */
  resumed(place: Place): void {
    if (this.#closed) return;
    // On a new place nothing of ours is there any more; and an offer without an answer may never have arrived.
    if (place === "new" || this.#answer === "") {
      this.#attempt = 0;
      return void this.#open();
    }
    if (this.#pc?.connectionState === "connected") return;
    // The answer to a restart that was under way may be lost with the old line.
    this.#restarting = false;
    void this.#restart();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#plan.send({ content_type: "STOP", what: this.what });
    this.#drop();
  }

  async #open(): Promise<void> {
    this.#drop();
    const pc = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
    this.#pc = pc;
    this.#answer = "";
    this.#plan.onhealth("connecting");
    this.#plan.prepare(pc);
    pc.onicecandidate = ({ candidate }) => this.#gather(candidate);
    pc.onconnectionstatechange = () => this.#report(pc);
    try {
      const offer = await pc.createOffer();
      if (pc !== this.#pc) return;
      await pc.setLocalDescription(offer);
      if (pc !== this.#pc) return;
      this.#offer = offers += 1;
      const sent = this.#plan.send({ content_type: "OFFER", what: this.what, id: this.#offer, sdp: slim(pc.localDescription?.sdp ?? "") });
      // Without a line there is nothing to wait for; `resumed` comes here again.
      if (sent) this.#after(CONNECT_MS, () => this.#reopen());
    } catch {
      if (pc === this.#pc) this.#reopen();
    }
  }

  async #answered(pc: RTCPeerConnection, sdp: string): Promise<void> {
    this.#answer = sdp;
    await pc.setRemoteDescription({ type: "answer", sdp });
    if (pc !== this.#pc) return;
    this.#plan.onanswer(pc);
    this.#schedule();
  }

  /** New ICE credentials on both sides; DTLS and SRTP go on as they are. */
  async #restart(): Promise<void> {
    const pc = this.#pc;
    if (pc === null || this.#restarting) return;
    this.#restarting = true;
    this.#candidates = [];
    this.#after(CONNECT_MS, () => this.#reopen());
    try {
      if (pc.signalingState === "stable") {
        pc.restartIce();
        await pc.setLocalDescription(await pc.createOffer());
      }
      if (pc !== this.#pc) return;
      this.#plan.send({ content_type: "ICE", what: this.what, fragment: writeFragment(pc.localDescription?.sdp ?? "", [], "more") });
    } catch {
      if (pc === this.#pc) this.#reopen();
    }
  }

  async #restarted(pc: RTCPeerConnection, text: string): Promise<void> {
    const fragment = readFragment(text);
    if (!this.#restarting || fragment === null) return;
    this.#restarting = false;
    this.#answer = restartedAnswer(this.#answer, fragment);
    await pc.setRemoteDescription({ type: "answer", sdp: this.#answer });
    if (pc === this.#pc) this.#schedule();
  }

  #reopen(): void {
    this.#drop();
    if (this.#closed) return;
    this.#plan.onhealth("lost");
    this.#after(backoffMs(this.#attempt, null, Math.random), () => void this.#open());
    this.#attempt += 1;
  }

  #gather(candidate: RTCIceCandidate | null): void {
    if (candidate === null || candidate.candidate === "") return;
    this.#candidates.push(candidate.candidate);
    // Candidates wait until the server knows the credentials they belong to.
    if (this.#answer !== "" && !this.#restarting) this.#schedule();
  }

  #schedule(): void {
    if (this.#batch !== null || this.#candidates.length === 0) return;
    this.#batch = setTimeout(() => {
      this.#batch = null;
      this.#trickle();
    }, TRICKLE_BATCH_MS);
  }

  #trickle(): void {
    // A server with an address of its own learns ours from the connectivity checks: once they met, there is no news.
    if (this.#pc === null || this.#pc.connectionState === "connected" || this.#candidates.length === 0 || this.#restarting) return;
    const fragment = writeFragment(this.#pc.localDescription?.sdp ?? "", this.#candidates, "more");
    this.#candidates = [];
    this.#plan.send({ content_type: "ICE", what: this.what, fragment });
  }

  #report(pc: RTCPeerConnection): void {
    if (pc !== this.#pc) return;
    switch (pc.connectionState) {
      case "new":
      case "connecting":
        return;
      case "connected":
        this.#cancel();
        this.#attempt = 0;
        return this.#plan.onhealth("connected");
      case "disconnected":
        this.#plan.onhealth("shaky");
        return this.#after(SHAKY_MS, () => void this.#restart());
      case "failed":
        this.#plan.onhealth("lost");
        // A restart that failed has had its chance.
        return this.#restarting ? this.#reopen() : void this.#restart();
      case "closed":
        return this.#reopen();
      default:
        return pc.connectionState satisfies never;
    }
  }

  #drop(): void {
    this.#cancel();
    if (this.#batch !== null) clearTimeout(this.#batch);
    this.#batch = null;
    this.#restarting = false;
    this.#candidates = [];
    const pc = this.#pc;
    this.#pc = null;
    if (pc === null) return;
    pc.onicecandidate = null;
    pc.onconnectionstatechange = null;
    pc.close();
  }

  #after(ms: number, then: () => void): void {
    this.#cancel();
    this.#timer = setTimeout(then, ms);
  }

  #cancel(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
