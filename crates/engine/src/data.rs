//! Messages of applications: from a person's data channels to those of the others in the room.
//!
//! ```text
//!  channel ─▶ hear_message: rate, bounds, rights ─▶ deliver ─▶ a mailbox for each reader ─▶ hand_out_data ─▶ channels
//!                                                      └────▶ records to the other workers ─▶ handle_data ─▶ deliver
//! ```
//!
//! Whose a message is follows from the session, which was given its member by whoever runs the meeting; nothing that a peer sends says who it is.
//! To queue a message for a reader costs a pointer. To send it costs an encryption, and so a tick sends no more than [`SENDS_PER_TICK`]:
//! the media's turn comes in between, however much is said.

mod mailbox;
mod rate;

use std::sync::Arc;
use std::time::{Duration, Instant};

use proto::data::{Fault, Lane, Member, Notice, Post, Said, Sent};
use proto::{RoomName, SessionId};
use transport::peer::Channel;

use mailbox::{Mailbox, Pushed};
use rate::Rate;
pub use rate::Rates;

use crate::command::{Event, Owner, Refusal, Reply};
use crate::drops::Drop;
use crate::link::Link;
use crate::session::{Role, Session, Viewer};
use crate::{Engine, fence};

/// Messages handed to channels per tick: 64 of 10 µs are less than a millisecond, a tenth of what a browser's jitter buffer forgives.
const SENDS_PER_TICK: usize = 64;
/// Of these, to one reader before the next one's turn: so many small ones share a packet.
const SENDS_PER_TURN: usize = 8;
/// Between two notices of one kind to one person. What is wrong a thousand times a second is said once.
const NOTICE_EVERY: Duration = Duration::from_secs(2);

/// Bounds for each person. The defaults are those of `weir.toml`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub rates: Rates,
    /// Reliable messages that may wait for one reader. One who reads more slowly is closed.
    pub queue_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            // A pointer that moves with each of a screen's frames, and a drawing of 64 kB a second.
            rates: Rates { messages_per_s: 60, bytes_per_s: 64 * 1024 },
            // Four seconds of one person who sends as much as they may.
            queue_bytes_max: 256 * 1024,
        }
    }
}

/// Lossy messages that wait for one reader: more than these are older than what makes them worth sending. A third of a second of 200 kbit/s.
const LOSSY_QUEUE_BYTES_MAX: usize = 8 * 1024;

/// What a channel may have unconfirmed before the rest waits in its mailbox, where it can still be dropped; and how little of it has to be
/// left for more to go. At a round trip of 100 ms these are 400 kB/s, and 40 kB/s of what is to be fresh: what a lost packet makes SCTP hold back for
/// a second or two is no more than this, as much as it may send before it knows a line.
fn window(lane: Lane) -> (usize, usize) {
    match lane {
        Lane::Reliable => (40 * 1024, 20 * 1024),
        Lane::Lossy => (4 * 1024, 1024),
    }
}

/// A viewer's data channels and who it is to the others. Channels may be there before the member is known.
#[derive(Debug)]
pub struct Talk {
    introduced: Option<Introduced>,
    lines: [LaneLine; 2],
    /// It is in the engine's list of those to whom something can be sent.
    is_due: bool,
}

#[derive(Debug)]
struct Introduced {
    member: Member,
    may_send: bool,
    rate: Rate,
    /// When each kind of notice was said last.
    told: Vec<(Notice, Instant)>,
}

#[derive(Debug)]
struct LaneLine {
    channel: Option<Channel>,
    mailbox: Mailbox,
}

impl Default for Talk {
    fn default() -> Talk {
        let lines = Lane::ALL.map(|lane| LaneLine { channel: None, mailbox: Mailbox::new(lane) });
        Talk { introduced: None, lines, is_due: false }
    }
}

impl Talk {
    fn line(&mut self, lane: Lane) -> &mut LaneLine {
        &mut self.lines[lane as usize]
    }

    fn lane_of(&self, channel: Channel) -> Option<Lane> {
        Lane::ALL.into_iter().find(|lane| self.lines[*lane as usize].channel == Some(channel))
    }
}

impl Introduced {
    fn judge<'a>(&mut self, now: Instant, limits: &Limits, heard: &Heard<'a>) -> Result<Sent<'a>, Notice> {
        // Whatever is wrong with a message, it has cost its bytes.
        if !self.rate.admits(now, limits.rates, heard.bytes.len()) {
            return Err(Notice::TooFast);
        }
        if !self.may_send {
            return Err(Notice::NotAllowed);
        }
        if !heard.is_binary {
            return Err(Notice::Fault(Fault::Malformed));
        }
        Sent::parse(heard.lane, heard.bytes).map_err(Notice::Fault)
    }

    /// Whether it is time to say this again.
    fn may_tell(&mut self, now: Instant, notice: Notice) -> bool {
        self.told.retain(|(_, at)| now.saturating_duration_since(*at) < NOTICE_EVERY);
        let first = !self.told.iter().any(|(told, _)| *told == notice);
        if first {
            self.told.push((notice, now));
        }
        first
    }
}

struct Heard<'a> {
    lane: Lane,
    is_binary: bool,
    bytes: &'a [u8],
}

impl Session {
    fn viewer(&mut self) -> Option<&mut Viewer> {
        match &mut self.role {
            Role::Viewer(viewer) => Some(viewer),
            Role::Publisher(_) => None,
        }
    }
}

impl Engine {
    /// Says who a viewer is to the others of its room, and whether it may send. From then on it hears them.
    pub(crate) fn introduce(
        &mut self,
        now: Instant,
        id: SessionId,
        owner: Owner,
        member: Member,
        may_send: bool,
    ) -> Result<Reply, Refusal> {
        let slot = self.find(id, owner)?;
        let session = self.sessions.get_mut(slot).expect("found above");
        let room = session.room.clone();
        let Some(viewer) = session.viewer() else { return Err(Refusal::NotAViewer) };
        let seat = viewer.talk.introduced.get_or_insert_with(|| Introduced {
            member: member.clone(),
            may_send,
            rate: Rate::new(now),
            told: Vec::new(),
        });
        (seat.member, seat.may_send) = (member, may_send);
        let members = &mut self.rooms.entry(room).or_default().members;
        if !members.contains(&slot) {
            members.push(slot);
        }
        Ok(Reply::Done)
    }

    /// Who leaves a room is no member of it any more.
    pub(crate) fn withdraw(&mut self, slot: u32, room: &RoomName) {
        if let Some(room) = self.rooms.get_mut(room) {
            room.members.retain(|&member| member != slot);
        }
        if let Some(viewer) = self.sessions.get_mut(slot).and_then(|session| session.viewer()) {
            viewer.talk.introduced = None;
            viewer.talk.lines.iter_mut().for_each(|line| line.mailbox.clear());
        }
    }

    pub(crate) fn open_lane(&mut self, slot: u32, channel: Channel, label: &str) {
        let Some(session) = self.sessions.get_mut(slot) else { return };
        let Role::Viewer(viewer) = &mut session.role else { return };
        let Some(lane) = Lane::of_label(label) else { return };
        let line = viewer.talk.line(lane);
        // A second one of the same kind would change nothing but which of them is read.
        if line.channel.is_none() {
            line.channel = Some(channel);
            let (_, low) = window(lane);
            fence(|| session.peer.set_low_mark(channel, low));
        }
    }

    pub(crate) fn close_lane(&mut self, slot: u32, channel: Channel) {
        let Some(viewer) = self.sessions.get_mut(slot).and_then(|session| session.viewer()) else { return };
        if let Some(lane) = viewer.talk.lane_of(channel) {
            let line = viewer.talk.line(lane);
            line.channel = None;
            line.mailbox.clear();
        }
    }

    /// A peer says something on a channel.
    pub(crate) fn hear_message(&mut self, now: Instant, slot: u32, channel: Channel, is_binary: bool, bytes: &[u8]) {
        let limits = self.config.limits.data;
        let Some(session) = self.sessions.get_mut(slot) else { return };
        let (id, room) = (session.id, session.room.clone());
        let heard = session.viewer().and_then(|viewer| {
            let lane = viewer.talk.lane_of(channel)?;
            Some((viewer.talk.introduced.as_mut()?, Heard { lane, is_binary, bytes }))
        });
        let Some((seat, heard)) = heard else { return self.stats.drops.count(Drop::MessageOfStranger) };
        match seat.judge(now, &limits, &heard) {
            Err(notice) => {
                let tells = seat.may_tell(now, notice);
                self.stats.drops.count(match notice {
                    Notice::TooFast => Drop::MessageTooFast,
                    _ => Drop::MessageRefused,
                });
                if tells {
                    self.events.push_back(Event::Message { session: id, notice });
                }
            }
            Ok(Sent { topic, to, payload }) => {
                let from = seat.member.clone();
                let post =
                    Post::Message { room: room.as_str(), from: from.as_str(), lane: heard.lane, topic, to, payload };
                if !self.links.is_empty() {
                    let record = post.encode();
                    self.links.iter_mut().for_each(|link| link.push_post(&record));
                }
                self.stats.messages_in += 1;
                self.deliver(now, &post);
            }
        }
    }

    /// Another worker passes something on.
    pub fn handle_data(&mut self, now: Instant, record: &[u8]) {
        match Post::parse(record) {
            None => self.stats.drops.count(Drop::Unusable),
            Some(post) => self.deliver(now, &post),
        }
    }

    /// To the readers here.
    fn deliver(&mut self, now: Instant, post: &Post<'_>) {
        let (Post::Message { room, .. } | Post::Torn { room }) = post;
        let Ok(room) = room.parse::<RoomName>() else { return };
        let Some(members) = self.rooms.get(&room).map(|room| room.members.clone()) else { return };
        let Post::Message { from, lane, topic, to, payload, .. } = post else {
            return members.into_iter().for_each(|slot| self.drop_reader(now, slot, Notice::Torn));
        };
        let said = Said { topic, from, is_private: !to.is_empty(), payload };
        let message: Arc<[u8]> = said.encode().into();
        let bytes_max = match lane {
            Lane::Reliable => self.config.limits.data.queue_bytes_max,
            Lane::Lossy => LOSSY_QUEUE_BYTES_MAX,
        };
        for slot in members {
            let Some(viewer) = self.sessions.get_mut(slot).and_then(|session| session.viewer()) else { continue };
            let Some(seat) = &viewer.talk.introduced else { continue };
            let member = seat.member.as_str();
            if member == *from || !to.is_empty() && !to.contains(&member) {
                continue;
            }
            let line = viewer.talk.line(*lane);
            if line.channel.is_none() {
                continue;
            }
            match line.mailbox.push(&message, bytes_max) {
                Pushed::Queued => {}
                Pushed::InsteadOf(older) => self.stats.drops.add(Drop::MessageOutdated, older),
                Pushed::Full => {
                    self.drop_reader(now, slot, Notice::TooSlow);
                    continue;
                }
            }
            self.note_due(now, slot);
        }
    }

    /// Whoever cannot have all reliable messages gets none, and is told: the sender and the other readers do not wait.
    fn drop_reader(&mut self, now: Instant, slot: u32, notice: Notice) {
        let Some(session) = self.sessions.get_mut(slot) else { return };
        let id = session.id;
        let Role::Viewer(viewer) = &mut session.role else { return };
        let line = viewer.talk.line(Lane::Reliable);
        let Some(channel) = line.channel.take() else { return };
        line.mailbox.clear();
        if fence(|| session.peer.close_channel(channel)).is_none() {
            return self.end(now, slot, crate::EndReason::Panicked);
        }
        self.stats.drops.count(Drop::MessageReaderSlow);
        self.events.push_back(Event::Message { session: id, notice });
        self.pump(now, slot);
    }

    /// Something waits for a reader, or a channel of theirs has room again.
    pub(crate) fn note_due(&mut self, now: Instant, slot: u32) {
        let Some(viewer) = self.sessions.get_mut(slot).and_then(|session| session.viewer()) else { return };
        let has_mail = viewer.talk.lines.iter().any(|line| line.mailbox.front().is_some());
        if has_mail && !std::mem::replace(&mut viewer.talk.is_due, true) {
            self.post.due.push_back(slot);
            self.post.at.get_or_insert(now);
        }
    }

    /// Sends what waits, in turn, and a bounded part of it.
    pub(crate) fn hand_out_data(&mut self, now: Instant) {
        let mut left = SENDS_PER_TICK;
        while left > 0
            && let Some(slot) = self.post.due.pop_front()
        {
            // Whoever has gone costs a look.
            left -= self.take_turn(now, slot).clamp(1, left);
        }
        self.post.at = (!self.post.due.is_empty()).then_some(now);
    }

    /// One reader's turn: how many messages it was sent.
    fn take_turn(&mut self, now: Instant, slot: u32) -> usize {
        let Some(session) = self.sessions.get_mut(slot) else { return 0 };
        let Session { peer, role: Role::Viewer(viewer), .. } = session else { return 0 };
        viewer.talk.is_due = false;
        let mut sent = 0;
        let mut is_blocked = [false; 2];
        // What is lossy is of the moment.
        for lane in [Lane::Lossy, Lane::Reliable] {
            let line = viewer.talk.line(lane);
            let (Some(channel), (high, _)) = (line.channel, window(lane)) else { continue };
            while sent < SENDS_PER_TURN
                && let Some(message) = line.mailbox.front()
            {
                let handed = fence(|| {
                    let waiting = peer.unconfirmed(channel);
                    waiting + message.len() <= high && peer.send_message(channel, true, message)
                });
                match handed {
                    None => {
                        self.end(now, slot, crate::EndReason::Panicked);
                        return 1;
                    }
                    Some(false) => {
                        is_blocked[lane as usize] = true;
                        break;
                    }
                    Some(true) => {}
                }
                line.mailbox.pop();
                sent += 1;
            }
        }
        // What is blocked goes on when its channel is drained.
        let goes_on = (0..2).any(|lane| !is_blocked[lane] && viewer.talk.lines[lane].mailbox.front().is_some());
        if goes_on {
            viewer.talk.is_due = true;
            self.post.due.push_back(slot);
        }
        self.stats.messages_out += sent as u64;
        if sent > 0 {
            self.pump(now, slot);
        }
        sent
    }
}

/// The readers to whom something can be sent.
#[derive(Debug, Default)]
pub struct Due {
    due: std::collections::VecDeque<u32>,
    /// There is one.
    pub at: Option<Instant>,
}

impl Link {
    /// What did not fit into the way to the other worker: of a lossy message nothing is said, and of a reliable one the whole room there is told.
    pub(crate) fn miss(&mut self, record: &[u8]) {
        if let Some(Post::Message { room, lane: Lane::Reliable, .. } | Post::Torn { room }) = Post::parse(record)
            && let Ok(room) = room.parse()
        {
            self.torn.insert(room);
        }
    }

    pub(crate) fn push_torn(&mut self) {
        for room in std::mem::take(&mut self.torn) {
            self.push_post(&Post::Torn { room: room.as_str() }.encode());
        }
    }
}
