//! What the control plane asks of a worker, and what the worker says back. Reliable and meaningful; media never takes
//! this road.

use std::time::Duration;

use media::codec::Kind;
use proto::api::{AdminSession, AdminSessionView, SessionView};
use proto::data::{Member, Notice};
use proto::{Assignment, LayerChoice, PeerId, PublisherName, RoomName, Section, SessionId};
use transport::CodecChoice;
use transport::fragment::Fragment;
use transport::offer::Offer;

use crate::plain::PlainTrack;

/// Ties a reply to its command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// Who may touch a session after it was made: the bearer token it was made with, as a hash; `None` where sessions are
/// open to everybody who knows their URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner(pub Option<[u8; 16]>);

/// What must be true of the ICE session for a PATCH to apply (`If-Match`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expect {
    Any,
    /// One of these (none: nothing matches).
    Tags(Vec<String>),
}

pub enum Command {
    Publish {
        ticket: Ticket,
        room: RoomName,
        /// Several publish in one room under different names.
        name: Option<PublisherName>,
        offer: Offer,
        owner: Owner,
    },
    Watch {
        ticket: Ticket,
        room: RoomName,
        offer: Offer,
        owner: Owner,
    },
    /// Watch a room in which nothing may be published yet: the session waits for its source.
    Wait {
        ticket: Ticket,
        room: RoomName,
        offer: Offer,
        owner: Owner,
        /// What the room is expected to carry, where that is known; the viewer's own preference decides the rest.
        expected: Vec<CodecChoice>,
    },
    /// The parent's answer to the offer of a pull, see [`crate::Engine::dial`].
    Accept {
        ticket: Ticket,
        session: SessionId,
        reply: transport::Reply,
    },
    /// Publish without a peer connection: the packets come by `Engine::handle_plain`.
    Bring {
        ticket: Ticket,
        room: RoomName,
        tracks: Vec<PlainTrack>,
        owner: Owner,
    },
    /// The sender of a plain feed is gone, and this is how it went.
    Lose {
        peer: PeerId,
        reason: EndReason,
    },
    /// Trickled candidates, or an ICE restart when the fragment carries new credentials.
    Patch {
        ticket: Ticket,
        session: SessionId,
        owner: Owner,
        expect: Expect,
        fragment: Fragment,
    },
    End {
        ticket: Ticket,
        session: SessionId,
        owner: Owner,
    },
    Exists {
        ticket: Ticket,
        session: SessionId,
        owner: Owner,
    },
    /// The viewer is to see another room from its next decodable point on.
    Switch {
        ticket: Ticket,
        session: SessionId,
        owner: Owner,
        room: RoomName,
    },
    Choose {
        ticket: Ticket,
        session: SessionId,
        owner: Owner,
        choice: LayerChoice,
    },
    /// Says whose pictures a viewer's sections are to show. The first one ends that any of them follows who speaks: what is not named shows
    /// nothing. All of it is done, or nothing.
    Assign {
        ticket: Ticket,
        session: SessionId,
        owner: Owner,
        /// The publishers that are the viewer itself; `None` leaves them as they are.
        own: Option<Vec<PublisherName>>,
        /// Sections that are not named stay as they are.
        assignments: Vec<Assignment>,
    },
    /// Who a viewer is to the others of its room, and whether it may send them messages over its data channels. Until the first of these it
    /// neither sends nor hears any.
    Introduce {
        ticket: Ticket,
        session: SessionId,
        owner: Owner,
        member: Member,
        may_send: bool,
    },
    /// Whether what a publisher sends of one kind is passed on to anybody.
    Forward {
        ticket: Ticket,
        session: SessionId,
        owner: Owner,
        kind: Kind,
        on: bool,
    },
    /// How the session fares.
    Look {
        ticket: Ticket,
        session: SessionId,
        /// `None`: an operator, who may look at every session.
        owner: Option<Owner>,
    },
    /// Who is in a room, on this worker: at most `limit` of those whose slots come after `after`.
    Roll {
        ticket: Ticket,
        room: RoomName,
        after: Option<u32>,
        limit: usize,
    },
    /// How a session fares, for who looks after the node and knows it by its peer.
    Inspect {
        ticket: Ticket,
        peer: PeerId,
    },
    /// Whoever looks after the node ends somebody's session.
    Remove {
        ticket: Ticket,
        peer: PeerId,
    },
    /// The node stops: say goodbye to everybody.
    EndAll {
        reason: EndReason,
    },
}

/// What happened to a command.
#[derive(Debug)]
pub enum Reply {
    Answered(Answered),
    /// A pull has made its offer, which goes to the parent.
    Dialled {
        session: SessionId,
        peer: PeerId,
        sdp: String,
    },
    /// The parent's answer is taken and its tracks are sources of the room: viewers can be answered.
    Accepted {
        codecs: Vec<CodecChoice>,
    },
    Brought {
        session: SessionId,
        peer: PeerId,
    },
    Trickled,
    /// The new tag and the fragment with our new credentials and candidates.
    Restarted {
        tag: String,
        fragment: String,
    },
    Ended,
    Exists,
    Done,
    Seen(Box<SessionView>),
    Roll(Roll),
    Inspected(Box<AdminSessionView>),
    /// Which session it was, by the id that its holder knows.
    Removed {
        session: SessionId,
        room: RoomName,
    },
    Refused(Refusal),
}

/// Part of a room's sessions on one worker.
#[derive(Debug)]
pub struct Roll {
    pub sessions: Vec<AdminSession>,
    /// The slot of the last one, if there are more.
    pub next: Option<u32>,
}

#[derive(Debug, Clone)]
pub struct Answered {
    pub session: SessionId,
    pub peer: PeerId,
    /// Names this ICE session (a strong entity tag without its quotes).
    pub tag: String,
    pub sdp: String,
}

/// Why not, in words for the person who asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("nobody is publishing in this room yet")]
    NotLive,
    #[error(
        "somebody is already publishing in this room under this name, or without one as you do; publish under a name of your \
         own (?as=NAME), end that session, or wait until it has been silent for {0:?}"
    )]
    Occupied(Duration),
    #[error("{0} publish in this room, and no more may; see stream.publishers_max")]
    Crowded(usize),
    #[error("this worker has all the sessions it may have")]
    Full,
    #[error("the node is shutting down")]
    Draining,
    #[error("{0}")]
    BadOffer(String),
    #[error("{0}")]
    CodecMismatch(String),
    #[error("there is no such session (it may have ended)")]
    NoSession,
    #[error("the session belongs to another token")]
    NotYours,
    #[error("the If-Match tag is not the session's current one")]
    StaleTag,
    #[error("{0}")]
    RestartRefused(String),
    #[error("the parent's answer cannot be used: {0}")]
    BadAnswer(String),
    #[error("this session publishes; only a viewer can be moved or choose a layer")]
    NotAViewer,
    #[error("this session watches; only a publisher can be muted")]
    NotAPublisher,
    #[error("{0}")]
    BadChoice(String),
    #[error(
        "this session is the room's pull from its parent; take the room's upstream away (DELETE /api/rooms/{{room}}/upstream) to end it"
    )]
    IsAPull,
}

/// Why a session is over. Every ended session has exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndReason {
    /// DELETE.
    Left,
    /// The peer closed DTLS.
    Closed,
    /// Never completed ICE and DTLS.
    NeverConnected,
    /// No consent check for 30 s.
    ConsentExpired,
    /// Connected, but no media for too long.
    Silent,
    /// Another publisher took the room over, from a silent one or from a pull.
    TakenOver,
    /// The certificate is not the one that the offer promised.
    WrongFingerprint,
    /// DTLS went wrong.
    Failed,
    /// The room's new publication is in a codec that this viewer did not negotiate: a new session can.
    CodecChanged,
    /// A bug of ours, contained to this session.
    Panicked,
    /// The node stops.
    Drained,
    /// By whoever looks after the node.
    Removed,
}

impl EndReason {
    pub const ALL: [EndReason; 12] = [
        EndReason::Left,
        EndReason::Closed,
        EndReason::NeverConnected,
        EndReason::ConsentExpired,
        EndReason::Silent,
        EndReason::TakenOver,
        EndReason::WrongFingerprint,
        EndReason::Failed,
        EndReason::CodecChanged,
        EndReason::Panicked,
        EndReason::Drained,
        EndReason::Removed,
    ];

    pub fn label(self) -> &'static str {
        match self {
            EndReason::Left => "left",
            EndReason::Closed => "closed",
            EndReason::NeverConnected => "never_connected",
            EndReason::ConsentExpired => "consent_expired",
            EndReason::Silent => "silent",
            EndReason::TakenOver => "taken_over",
            EndReason::WrongFingerprint => "wrong_fingerprint",
            EndReason::Failed => "failed",
            EndReason::CodecChanged => "codec_changed",
            EndReason::Panicked => "panicked",
            EndReason::Drained => "drained",
            EndReason::Removed => "removed",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Publisher,
    /// A parent, from which a room is pulled.
    Pull,
    Viewer,
}

#[derive(Debug)]
pub enum Event {
    Reply {
        ticket: Ticket,
        reply: Reply,
    },
    /// ICE and DTLS are done: `after` the command that made the session.
    Connected {
        peer: PeerId,
        room: RoomName,
        side: Side,
        after: Duration,
    },
    Ended(Summary),
    /// The sections of a session that was assigned are given something else: how all of them stand.
    Given {
        session: SessionId,
        sections: Vec<Section>,
    },
    /// To whoever sits at the other end of a session, about what they say or read on its data channels.
    Message {
        session: SessionId,
        notice: Notice,
    },
    /// A track has come or gone here, or somebody else speaks: `Engine::view` has news.
    RoomsChanged,
}

/// One line for the log when a session is over.
#[derive(Debug)]
pub struct Summary {
    pub peer: PeerId,
    pub room: RoomName,
    pub side: Side,
    pub reason: EndReason,
    pub lasted: Duration,
    pub connected: bool,
    pub packets: u64,
    pub bytes: u64,
    /// For a viewer: repairs asked for; for a publisher: keyframes requested of it.
    pub nacks: u64,
    pub keyframe_requests: u64,
}
