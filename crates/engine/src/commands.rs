//! What the control plane asks for: sessions made, patched and ended.

use std::time::{Duration, Instant};

use media::codec::Kind;
use proto::{PublisherName, RoomName, SessionId};
use transport::fragment::Fragment;
use transport::offer::Offer;
use transport::{Accept, Answer, CodecChoice, Creds, Peer};

use crate::command::{Answered, Command, EndReason, Event, Expect, Owner, Refusal, Reply, Ticket};
use crate::mute::Muted;
use crate::session::{Beginning, Publisher, Role, Session, Viewer, ViewerTrack};
use crate::{Engine, fence};

impl Engine {
    pub fn command(&mut self, now: Instant, command: Command) {
        let (ticket, result) = match command {
            Command::Publish { ticket, room, name, offer, owner } => {
                (ticket, self.publish(now, room, name, &offer, owner))
            }
            Command::Watch { ticket, room, offer, owner } => (ticket, self.watch(now, room, &offer, owner)),
            Command::Wait { ticket, room, offer, owner, expected } => {
                (ticket, self.wait(now, room, &offer, owner, expected))
            }
            Command::Accept { ticket, session, reply } => (ticket, self.accept_reply(now, session, &reply)),
            Command::Bring { ticket, room, tracks, owner } => (ticket, self.bring(now, room, tracks, owner)),
            Command::Lose { peer, reason } => return self.lose_feed(now, peer, reason),
            Command::Patch { ticket, session, owner, expect, fragment } => {
                (ticket, self.patch(now, session, owner, &expect, &fragment))
            }
            Command::End { ticket, session, owner } => (ticket, self.end_by_id(now, session, owner)),
            Command::Exists { ticket, session, owner } => (ticket, self.exists(session, owner)),
            Command::Switch { ticket, session, owner, room } => (ticket, self.switch(now, session, owner, room)),
            Command::Choose { ticket, session, owner, choice } => {
                (ticket, self.choose_for(now, session, owner, choice))
            }
            Command::Assign { ticket, session, owner, own, assignments } => {
                (ticket, self.assign(now, session, owner, own, &assignments))
            }
            Command::Introduce { ticket, session, owner, member, may_send } => {
                (ticket, self.introduce(now, session, owner, member, may_send))
            }
            Command::Forward { ticket, session, owner, kind, on } => {
                (ticket, self.forward(now, session, owner, kind, on))
            }
            Command::Look { ticket, session, owner } => (ticket, self.look(now, session, owner)),
            Command::Roll { ticket, room, after, limit } => {
                (ticket, Ok(Reply::Roll(self.roll(now, &room, after, limit))))
            }
            Command::Inspect { ticket, peer } => (ticket, self.inspect(now, peer)),
            Command::Remove { ticket, peer } => (ticket, self.remove(now, peer)),
            Command::EndAll { reason } => return self.end_all(now, reason),
        };
        self.reply(ticket, result);
    }

    pub(crate) fn reply(&mut self, ticket: Ticket, result: Result<Reply, Refusal>) {
        let reply = result.unwrap_or_else(Reply::Refused);
        self.events.push_back(Event::Reply { ticket, reply });
    }

    fn publish(
        &mut self,
        now: Instant,
        room: RoomName,
        name: Option<PublisherName>,
        offer: &Offer,
        owner: Owner,
    ) -> Result<Reply, Refusal> {
        self.check_room_for_one()?;
        let sitting = self.free_place(now, &room, name.as_ref())?;
        let since_ms = self.since_ms(now);
        let reply = self.accept(now, room.clone(), offer, owner, transport::Side::Publish, |answer| {
            let sections = answer.receivers.clone();
            Role::Publisher(Publisher {
                since_ms,
                name,
                pulled: false,
                sections,
                tracks: Vec::new(),
                layers_channel: None,
                media_at: None,
                muted: Muted::default(),
            })
        })?;
        // Only now that the new one is accepted: a bad offer must not cost the room its publisher.
        if let Some(sitting) = sitting {
            self.unseat(now, sitting);
        }
        self.end_pull(now, &room);
        Ok(reply)
    }

    fn watch(&mut self, now: Instant, room: RoomName, offer: &Offer, owner: Owner) -> Result<Reply, Refusal> {
        self.check_room_for_one()?;
        let (audio, video) = (self.shown_codec(&room, Kind::Audio), self.shown_codec(&room, Kind::Video));
        if audio.is_none() && video.is_none() {
            return Err(Refusal::NotLive);
        }
        self.attend_to(now, room, offer, owner, audio, video)
    }

    fn shown_codec(&self, room: &RoomName, kind: Kind) -> Option<CodecChoice> {
        let source = self.sources[self.shown(room, kind)?].as_ref()?;
        Some(CodecChoice { codec: source.codec, fmtp: source.fmtp.clone() })
    }

    /// A viewer before its source, or whether there is one or not.
    fn wait(
        &mut self,
        now: Instant,
        room: RoomName,
        offer: &Offer,
        owner: Owner,
        expected: Vec<CodecChoice>,
    ) -> Result<Reply, Refusal> {
        self.check_room_for_one()?;
        let choice = |kind| {
            let expected = || expected.iter().find(|e| e.codec.kind() == kind && offer.supports(e)).cloned();
            self.shown_codec(&room, kind).filter(|shown| offer.supports(shown)).or_else(expected)
        };
        let (audio, video) = (choice(Kind::Audio), choice(Kind::Video));
        self.attend_to(now, room, offer, owner, audio, video)
    }

    fn attend_to(
        &mut self,
        now: Instant,
        room: RoomName,
        offer: &Offer,
        owner: Owner,
        audio: Option<CodecChoice>,
        video: Option<CodecChoice>,
    ) -> Result<Reply, Refusal> {
        // What is not published yet may come: the viewer can then take it without a new session.
        let audio = audio.or_else(|| offer.codecs(Kind::Audio).next());
        let video = video.or_else(|| offer.codecs(Kind::Video).next());
        let side = transport::Side::Watch { audio: audio.as_ref(), video: video.as_ref() };
        self.accept(now, room, offer, owner, side, |answer| {
            let tracks = answer.senders.iter().map(|send| ViewerTrack::new(send.clone())).collect();
            Role::Viewer(Viewer::new(tracks))
        })
    }

    pub(crate) fn check_room_for_one(&self) -> Result<(), Refusal> {
        if self.draining {
            return Err(Refusal::Draining);
        }
        if self.load() >= self.config.limits.sessions_max {
            return Err(Refusal::Full);
        }
        Ok(())
    }

    fn accept(
        &mut self,
        now: Instant,
        room: RoomName,
        offer: &Offer,
        owner: Owner,
        side: transport::Side<'_>,
        role: impl FnOnce(&Answer) -> Role,
    ) -> Result<Reply, Refusal> {
        let peer_id = self.sessions.next_id(self.config.worker);
        let creds = self.make_creds(peer_id.slot);
        let id = SessionId { worker: self.config.worker, secret: u128::from_be_bytes(self.random()) };
        let ssrc_seed = u64::from_be_bytes(self.random());
        let candidates = &self.config.candidates;
        let accept = Accept { now, identity: &self.identity, creds: creds.clone(), candidates, offer, side, ssrc_seed };
        let accepted = fence(|| Peer::accept(accept));
        let Some(accepted) = accepted else {
            self.stats.panics += 1;
            return Err(Refusal::BadOffer(
                "the offer could not be handled; this is a bug in weir, please report it".into(),
            ));
        };
        let (peer, answer) = accepted.map_err(refusal)?;
        let answered = Answered { session: id, peer: peer_id, tag: creds.ufrag.clone(), sdp: answer.sdp.clone() };
        let role = role(&answer);
        if let Role::Viewer(_) = role {
            self.rooms.entry(room.clone()).or_default().viewers += 1;
        }
        let check_at = now + Duration::from_secs(1);
        let beginning = Beginning { id, peer_id, room, owner, peer, role, creds, now, check_at };
        self.sessions.insert(Session::new(beginning));
        self.by_id.insert(id.secret, peer_id.slot);
        self.pump(now, peer_id.slot);
        Ok(Reply::Answered(answered))
    }

    fn patch(
        &mut self,
        now: Instant,
        id: SessionId,
        owner: Owner,
        expect: &Expect,
        fragment: &Fragment,
    ) -> Result<Reply, Refusal> {
        let slot = self.find(id, owner)?;
        let session = self.sessions.get_mut(slot).expect("found above");
        if matches!(expect, Expect::Tags(tags) if !tags.contains(&session.creds.ufrag)) {
            return Err(Refusal::StaleTag);
        }
        let is_restart = fragment.ufrag.as_deref().is_some_and(|ufrag| session.peer.remote_ufrag() != ufrag);
        if !is_restart {
            for candidate in &fragment.candidates {
                // mDNS, TCP and what we cannot parse are passed over in silence (whip §4.3.2).
                session.peer.add_remote_candidate(candidate);
            }
            self.pump(now, slot);
            return Ok(Reply::Trickled);
        }
        let (Some(ufrag), Some(pwd)) = (&fragment.ufrag, &fragment.pwd) else {
            let missing = "an ICE restart needs both a=ice-ufrag and a=ice-pwd in the fragment";
            return Err(Refusal::RestartRefused(missing.into()));
        };
        let creds = self.make_creds(slot);
        let session = self.sessions.get_mut(slot).expect("found above");
        session.peer.restart_ice(creds.clone(), ufrag, pwd).map_err(|e| Refusal::RestartRefused(e.to_string()))?;
        for candidate in &fragment.candidates {
            session.peer.add_remote_candidate(candidate);
        }
        let text = session.peer.answer_fragment();
        session.creds = creds.clone();
        self.pump(now, slot);
        Ok(Reply::Restarted { tag: creds.ufrag, fragment: text })
    }

    fn end_by_id(&mut self, now: Instant, id: SessionId, owner: Owner) -> Result<Reply, Refusal> {
        match self.find(id, owner) {
            Ok(slot) => self.end(now, slot, EndReason::Left),
            Err(Refusal::NoSession) => {
                let feed = self.find_feed(id, owner)?;
                self.end_feed(now, feed, EndReason::Left);
            }
            Err(refusal) => return Err(refusal),
        }
        Ok(Reply::Ended)
    }

    fn exists(&self, id: SessionId, owner: Owner) -> Result<Reply, Refusal> {
        match self.find(id, owner) {
            Err(Refusal::NoSession) => self.find_feed(id, owner).map(|_| Reply::Exists),
            found => found.map(|_| Reply::Exists),
        }
    }

    fn end_all(&mut self, now: Instant, reason: EndReason) {
        self.draining = true;
        let slots: Vec<u32> = self.sessions.iter().map(|s| s.peer_id.slot).collect();
        for slot in slots {
            self.end(now, slot, reason);
        }
        self.end_all_feeds(now, reason);
    }

    pub(crate) fn find(&self, id: SessionId, owner: Owner) -> Result<u32, Refusal> {
        let slot = *self.by_id.get(&id.secret).ok_or(Refusal::NoSession)?;
        let session = self.sessions.get(slot).ok_or(Refusal::NoSession)?;
        // A session made without a token belongs to whoever knows its URL.
        if session.owner.0.is_some() && session.owner != owner {
            return Err(Refusal::NotYours);
        }
        Ok(slot)
    }

    /// The ufrag names worker and slot, so that a STUN request finds its peer without a table; the password is 128 random bits.
    pub(crate) fn make_creds(&mut self, slot: u32) -> Creds {
        let tail = u64::from_be_bytes(self.random());
        let pwd = u128::from_be_bytes(self.random());
        Creds { ufrag: format!("{:02x}{slot:08x}{tail:016x}", self.config.worker.0), pwd: format!("{pwd:032x}") }
    }
}

/// The slot in a ufrag of ours.
pub fn slot_of(ufrag: &str) -> Option<u32> {
    u32::from_str_radix(ufrag.get(2..10)?, 16).ok()
}

fn refusal(error: transport::Error) -> Refusal {
    match error {
        transport::Error::CodecMismatch { .. } => Refusal::CodecMismatch(error.to_string()),
        _ => Refusal::BadOffer(error.to_string()),
    }
}

impl Session {
    /// How long a publisher has sent nothing; `None` while it never sent anything.
    pub(crate) fn silence(&self, now: Instant) -> Option<Duration> {
        let Role::Publisher(publisher) = &self.role else { return None };
        Some(now.saturating_duration_since(publisher.media_at?))
    }
}
