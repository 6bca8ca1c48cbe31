// A file for whoever helps: what the browser, the line and the connections say, addresses on the network among it. Without tickets, sessions,
// names and what people wrote.

import { reportsOf } from "../../media/sampler";
import type { Meeting } from "../../protocol/meeting/model";
import type { MeetingModel } from "./model";

export async function downloadDiagnostics(model: MeetingModel): Promise<void> {
  const { sending, receiving } = model.connections();
  const about = {
    at: new Date().toISOString(),
    browser: navigator.userAgent,
    cores: navigator.hardwareConcurrency,
    meeting_id: model.seat.meeting_id,
    line: model.line.value,
    meeting: harmless(model.meeting.value),
    sending: await described(sending),
    receiving: await described(receiving),
  };
  const url = URL.createObjectURL(new Blob([JSON.stringify(about, null, 1)], { type: "application/json" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = `weir-${model.seat.meeting_id}.json`;
  link.click();
  // The browser reads it after this turn.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** The names stay out as well: what went wrong does not depend on them. */
export function harmless(meeting: Meeting): object {
  return {
    stage: meeting.stage,
    me: meeting.me,
    seq: meeting.seq,
    limits: meeting.limits,
    people: [...meeting.people.values()].map((person) => ({ ...person, name: undefined })),
    feeds: Object.fromEntries(meeting.feeds),
    slots: [...meeting.slots.values()],
    speaker: meeting.speaker,
    settings: meeting.settings,
    messages: meeting.chat.lines.length,
  };
}

async function described(pc: RTCPeerConnection | null): Promise<object | null> {
  if (pc === null) return null;
  return {
    connection: pc.connectionState,
    ice: pc.iceConnectionState,
    signalling: pc.signalingState,
    slots: pc.getTransceivers().map(({ mid, currentDirection, receiver }) => ({ mid, currentDirection, kind: receiver.track.kind, muted: receiver.track.muted })),
    statistics: reportsOf(await pc.getStats()),
  };
}
