import { isHosted, type SeenMeeting } from "../../protocol/people";

/** What will happen when "Join" is pressed. */
export type Outlook = "host" | "enter" | "lobby" | "locked" | "needs-account" | "over";

export function outlook(meeting: SeenMeeting | null, loggedIn: boolean): Outlook {
  if (meeting === null) return "enter";
  if (meeting.ended !== undefined) return "over";
  if (isHosted(meeting)) return "host";
  if (!meeting.guests && !loggedIn) return "needs-account";
  if (meeting.locked) return "locked";
  return meeting.lobby ? "lobby" : "enter";
}
