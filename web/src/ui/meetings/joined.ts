import type { HostedMeeting } from "../../protocol/people";

/** A meeting that was made between two pages moves the others down: it may come a second time. */
export function joined(before: readonly HostedMeeting[], page: readonly HostedMeeting[]): HostedMeeting[] {
  const known = new Set(before.map((meeting) => meeting.meeting_id));
  return [...before, ...page.filter((meeting) => !known.has(meeting.meeting_id))];
}
