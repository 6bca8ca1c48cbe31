//! A room from a parent: this worker calls another server and becomes its viewer, and what arrives is a publication here.
//!
//! ```text
//!   dial ──▶ offer … the node asks the parent … answer ──▶ accept_reply ──▶ sources, at once
//!                                                                           media, when ICE and DTLS are done
//! ```
//!
//! A pull differs from a publisher in three ways. It has a socket of its own: a parent answers all of our pulls from one
//! address, and behind one address of ours there would be no telling whose DTLS record or packet it is. Its sources are made when the answer
//! names the codecs, before the first packet, so that a chain of cold nodes is negotiated in one go. And whoever
//! publishes here comes first: its sources are the oldest (`since_ms` is 0), and `publish` ends it.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use proto::room::RoomEvent;
use proto::{PeerId, RoomName, SessionId, TrackId};
use transport::{CodecChoice, Dial, Peer, RecvTrack};

use crate::command::{EndReason, Owner, Refusal, Reply, Side, Ticket};
use crate::mute::Muted;
use crate::publish::describe;
use crate::session::{Beginning, Publisher, Role, Session};
use crate::source::{Source, Upstream};
use crate::{Engine, fence};

/// Pulls are looked at so often.
pub const CHECK: Duration = Duration::from_millis(250);

/// Without media for so long, and without an answer to two checks: the parent is gone.
const DEAD_AFTER: Duration = Duration::from_secs(1);

/// A datagram for a parent, from the socket of that pull.
#[derive(Debug)]
pub struct Parcel {
    pub peer: PeerId,
    pub to: SocketAddr,
    pub bytes: Vec<u8>,
}

impl Engine {
    /// Begins to pull a room: the reply to `ticket` carries the offer. `candidates` are the addresses of the one socket
    /// that this pull has; what arrives there goes to [`Engine::handle_pulled`].
    pub fn dial(&mut self, now: Instant, ticket: Ticket, room: RoomName, candidates: &[SocketAddr]) -> Option<PeerId> {
        match self.try_dial(now, room, candidates) {
            Ok((peer, reply)) => {
                self.reply(ticket, Ok(reply));
                Some(peer)
            }
            Err(refusal) => {
                self.reply(ticket, Err(refusal));
                None
            }
        }
    }

    fn try_dial(
        &mut self,
        now: Instant,
        room: RoomName,
        candidates: &[SocketAddr],
    ) -> Result<(PeerId, Reply), Refusal> {
        self.check_room_for_one()?;
        if self.is_published(&room) {
            return Err(Refusal::Occupied(self.config.limits.takeover_silence));
        }
        self.end_pull(now, &room);
        let peer_id = self.sessions.next_id(self.config.worker);
        let creds = self.make_creds(peer_id.slot);
        let id = SessionId { worker: self.config.worker, secret: u128::from_be_bytes(self.random()) };
        let seed = u64::from_be_bytes(self.random());
        let dial = Dial { now, identity: &self.identity, creds: creds.clone(), candidates, seed };
        let dialled = fence(|| Peer::dial(dial));
        let Some(dialled) = dialled else {
            self.stats.panics += 1;
            return Err(Refusal::BadOffer("the offer to the parent could not be made; please report this bug".into()));
        };
        let (peer, sdp) = dialled.map_err(|e| Refusal::BadOffer(e.to_string()))?;
        let role = Role::Publisher(Publisher {
            since_ms: 0,
            name: None,
            pulled: true,
            sections: Vec::new(),
            tracks: Vec::new(),
            layers_channel: None,
            media_at: None,
            muted: Muted::default(),
        });
        let check_at = now + CHECK;
        let beginning = Beginning { id, peer_id, room, owner: Owner(None), peer, role, creds, now, check_at };
        self.sessions.insert(Session::new(beginning));
        self.by_id.insert(id.secret, peer_id.slot);
        self.pump(now, peer_id.slot);
        Ok((peer_id, Reply::Dialled { session: id, peer: peer_id, sdp }))
    }

    pub(crate) fn accept_reply(
        &mut self,
        now: Instant,
        id: SessionId,
        reply: &transport::Reply,
    ) -> Result<Reply, Refusal> {
        let slot = *self.by_id.get(&id.secret).ok_or(Refusal::NoSession)?;
        let session = self.sessions.get_mut(slot).filter(|s| s.side() == Side::Pull).ok_or(Refusal::NoSession)?;
        let accepted = fence(|| session.peer.accept_answer(now, reply));
        let Some(accepted) = accepted else {
            self.end(now, slot, EndReason::Panicked);
            return Err(Refusal::BadAnswer("this is a bug in weir, please report it".into()));
        };
        let tracks = match accepted {
            Ok(tracks) => tracks,
            Err(error) => {
                self.end(now, slot, EndReason::Failed);
                return Err(Refusal::BadAnswer(error.to_string()));
            }
        };
        // Of several codecs the first is the likeliest. Should another one come, its packets make a source of their own,
        // and the room shows that.
        let choices = tracks.iter().filter_map(|track| Some((track, track.codecs.first()?.1.clone())));
        let choices: Vec<(&RecvTrack, CodecChoice)> = choices.collect();
        if let Some(Role::Publisher(publisher)) = self.sessions.get_mut(slot).map(|s| &mut s.role) {
            publisher.sections.clone_from(&tracks);
        }
        for (track, choice) in &choices {
            self.foresee(now, slot, track, choice);
        }
        self.pump(now, slot);
        Ok(Reply::Accepted { codecs: choices.into_iter().map(|(_, choice)| choice).collect() })
    }

    /// A source for a track that is going to arrive.
    fn foresee(&mut self, now: Instant, slot: u32, section: &RecvTrack, choice: &CodecChoice) {
        let Some(room) = self.sessions.get(slot).map(|s| s.room.clone()) else { return };
        let track = TrackId { origin: self.config.worker, n: self.tracks_made };
        self.tracks_made = self.tracks_made.wrapping_add(1);
        let mut source = Source::new(track, room, choice.codec, choice.fmtp.clone(), 0, Upstream::Local { slot });
        source.mid = Some(section.mid);
        source.layer_index("", &self.config.limits);
        self.announce(RoomEvent::TrackAdded(describe(&source)));
        if let Some(Role::Publisher(publisher)) = self.sessions.get_mut(slot).map(|s| &mut s.role) {
            publisher.tracks.push(track);
        }
        self.add_source(now, source);
    }

    /// A datagram from the socket of a pull.
    pub fn handle_pulled(&mut self, now: Instant, peer: PeerId, from: SocketAddr, to: SocketAddr, bytes: &[u8]) {
        if self.sessions.get(peer.slot).is_some_and(|s| s.peer_id == peer) {
            self.feed_peer(now, peer.slot, from, to, bytes);
        }
    }

    /// What the pulls have to send. The shell takes it out.
    pub fn parcels(&mut self) -> std::vec::Drain<'_, Parcel> {
        self.parcels.drain(..)
    }

    /// Somebody publishes the room here, or another pull begins.
    pub(crate) fn end_pull(&mut self, now: Instant, room: &RoomName) {
        let pulls = self.sessions.iter().filter(|s| s.room == *room && s.side() == Side::Pull);
        let slots: Vec<u32> = pulls.map(|s| s.peer_id.slot).collect();
        for slot in slots {
            self.end(now, slot, EndReason::TakenOver);
        }
    }

    /// A peer's datagram to the socket it belongs to.
    pub(crate) fn carry(&mut self, slot: u32, to: SocketAddr, bytes: Vec<u8>) {
        match self.sessions.get(slot) {
            Some(session) if session.side() == Side::Pull => {
                self.parcels.push(Parcel { peer: session.peer_id, to, bytes });
            }
            _ => self.outbox.push(to, &bytes),
        }
    }
}

/// Whether a parent has stopped sending and does not answer checks either. One that has nothing to show still answers.
pub fn is_dead(now: Instant, session: &Session) -> bool {
    let Role::Publisher(publisher) = &session.role else { return false };
    // Until it is connected, the peer keeps its own time.
    let Some(connected) = session.connected else { return false };
    let silent = |since: Instant| now.saturating_duration_since(since) >= DEAD_AFTER;
    silent(publisher.media_at.unwrap_or(connected)) && silent(session.peer.heard_at().unwrap_or(connected))
}
