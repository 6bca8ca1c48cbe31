// Accounts and meetings as the HTTP API speaks of them. Times are seconds since 1970.

export type Me = { account_id: string; name: string; email: string; grant: "person" | "admin"; expires: number };

export type AccountChange = { name?: string; email?: string; password?: string };

/** What a host decides about a meeting. */
export type MeetingRules = { guests: boolean; lobby: boolean; locked: boolean };

/** An empty passcode takes it away. */
export type MeetingChange = Partial<MeetingRules> & { title?: string; passcode?: string };

/** A meeting as its hosts see it. */
export type HostedMeeting = MeetingRules & {
  meeting_id: string;
  server: string;
  host: string;
  title: string;
  link: string;
  /** Whether one is asked for; which one is not told again. */
  passcode: boolean;
  created: number;
  ended?: number;
  role: string;
};

/** A meeting as somebody sees it who has only its link. */
export type VisitedMeeting = MeetingRules & {
  meeting_id: string;
  title: string;
  host_name: string;
  passcode: boolean;
  ended?: number;
  /** Names of who is in it, where the server tells. */
  inside?: string[];
};

export type SeenMeeting = HostedMeeting | VisitedMeeting;

/** Whoever is told the role has one. */
export const isHosted = (meeting: SeenMeeting): meeting is HostedMeeting => "role" in meeting;

export type MeetingPage = { meetings: HostedMeeting[]; next?: string };

/** The right to connect to a meeting, as one person, for a short time. */
export type Seat = {
  meeting_id: string;
  server: string;
  person: { account_id: string; name: string; role: string };
  ticket: string;
  expires: number;
  socket: string;
};
