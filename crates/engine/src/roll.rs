//! Who is here, for whoever looks after the node: sessions by their room, one by its peer, and its end.
//!
//! A peer's id is public and gives no right, so nothing here asks whose a session is: the control plane has asked who wants to know.

use std::time::Instant;

use proto::api::{AdminSession, AdminSessionView, AdminSide, SessionState, SessionTrack, Verdict};
use proto::{PeerId, RoomName};

use crate::Engine;
use crate::command::{EndReason, Refusal, Reply, Roll, Side};
use crate::line::Line;
use crate::look::{kbps, ms, percent};
use crate::session::{Publisher, Role, Session};

impl Engine {
    /// Costs a look at each of the sessions that are given back, and a comparison of names for all others.
    pub(crate) fn roll(&self, now: Instant, room: &RoomName, after: Option<u32>, limit: usize) -> Roll {
        let first = after.map_or(0, |slot| slot.saturating_add(1));
        let mut there = self.sessions.iter_from(first).filter(|session| session.room == *room).peekable();
        let mut sessions = Vec::new();
        let mut last = None;
        while sessions.len() < limit
            && let Some(session) = there.next()
        {
            last = Some(session.peer_id.slot);
            sessions.push(self.entry(now, session, &self.session_view(now, session).tracks));
        }
        Roll { sessions, next: last.filter(|_| there.peek().is_some()) }
    }

    pub(crate) fn inspect(&self, now: Instant, peer: PeerId) -> Result<Reply, Refusal> {
        let session = self.sessions.of_peer(peer).ok_or(Refusal::NoSession)?;
        let view = self.session_view(now, session);
        let remote = session.peer.remote();
        let local =
            self.config.candidates.iter().filter(|local| remote.is_some_and(|r| r.is_ipv4() == local.is_ipv4()));
        let sent = match session.role {
            Role::Publisher(_) => (session.packets, session.bytes),
            // What a viewer was sent is counted where its tracks are.
            Role::Viewer(_) => view.tracks.iter().fold((0, 0), |sum, t| (sum.0 + t.packets, sum.1 + t.bytes)),
        };
        Ok(Reply::Inspected(Box::new(AdminSessionView {
            session: self.entry(now, session, &view.tracks),
            local: local.map(ToString::to_string).collect(),
            packets: sent.0,
            bytes: sent.1,
            nacks: session.nacks,
            keyframe_requests: session.keyframe_requests,
            view,
        })))
    }

    /// A feed without a peer connection can be ended as well.
    pub(crate) fn remove(&mut self, now: Instant, peer: PeerId) -> Result<Reply, Refusal> {
        if let Some((id, room)) = self.remove_feed(now, peer) {
            return Ok(Reply::Removed { session: id, room });
        }
        let session = self.sessions.of_peer(peer).ok_or(Refusal::NoSession)?;
        if session.side() == Side::Pull {
            return Err(Refusal::IsAPull);
        }
        let (id, room) = (session.id, session.room.clone());
        self.end(now, peer.slot, EndReason::Removed);
        Ok(Reply::Removed { session: id, room })
    }

    fn entry(&self, now: Instant, session: &Session, tracks: &[SessionTrack]) -> AdminSession {
        let line = self.line_of(session);
        let name = match &session.role {
            Role::Publisher(publisher) => publisher.name.as_ref(),
            Role::Viewer(viewer) => viewer.own.first(),
        };
        let (came, loss) = match &session.role {
            Role::Publisher(publisher) => self.received_of(publisher),
            Role::Viewer(_) => {
                (line.map_or(0, |line| kbps(line.sent_bps)), line.map_or(0.0, |line| percent(line.view().loss)))
            }
        };
        // What nobody publishes is missed only where there is nothing else: of a meeting's slots most are empty.
        let verdicts = tracks.iter().map(|track| &track.verdict).filter(|verdict| **verdict != Verdict::NoSource);
        let verdict = verdicts.max_by_key(|verdict| verdict.gravity()).cloned().unwrap_or(Verdict::NoSource);
        AdminSession {
            id: session.peer_id.to_string(),
            room: session.room.to_string(),
            side: match session.side() {
                Side::Publisher => AdminSide::Publisher,
                Side::Viewer => AdminSide::Viewer,
                Side::Pull => AdminSide::Pull,
            },
            name: name.map(ToString::to_string),
            person: None,
            state: if session.connected.is_some() { SessionState::Connected } else { SessionState::Connecting },
            age_s: now.saturating_duration_since(session.created).as_secs(),
            remote: session.peer.remote().map(|address| address.to_string()),
            rtt_ms: line.map(Line::view).and_then(|view| view.rtt).map(|rtt| ms(rtt) as u32),
            kbps: came,
            loss_percent: loss,
            sentence: verdict.sentence(),
            verdict,
        }
    }

    /// What comes from a publisher, and what is missing of its worst layer.
    fn received_of(&self, publisher: &Publisher) -> (u32, f32) {
        let sources = publisher.tracks.iter().filter_map(|track| self.sources[*self.by_track.get(track)?].as_ref());
        let layers = sources.flat_map(|source| &source.layers);
        layers.fold((0, 0.0), |(sum, worst), layer| (sum + layer.kbps, f32::max(worst, percent(layer.loss))))
    }
}
