//! Publishers without a peer connection: feeds whose packets come to us in the clear, from a shell that has already found out
//! whose they are (FTL ingest).
//!
//! A feed occupies its room, is taken over when silent, counted, shown and ended like any publisher; only the way back is
//! missing: it cannot be asked for keyframes or repairs. It knows nothing of the protocol that brought it.

use std::time::{Duration, Instant};

use media::codec::{Codec, h264};
use proto::frame::Frame;
use proto::room::{LinkMessage, RoomEvent};
use proto::{PeerId, PublisherName, RoomName, SessionId, TrackId};

use crate::Engine;
use crate::command::{EndReason, Event, Owner, Refusal, Reply, Side, Summary};
use crate::drops::Drop;
use crate::publish::describe;
use crate::ring::Inserted;
use crate::source::{Clock, Source, Upstream};

/// A camera and a microphone, and one more of each.
const TRACKS_MAX: usize = 4;

/// Sessions count from slot 0, feeds from here: both are the slots of a `PeerId`, and must not be taken for each other.
const FIRST_SLOT: u32 = 1 << 31;

/// Whether that is a publisher without a peer connection.
pub fn is_plain(peer: PeerId) -> bool {
    peer.slot >= FIRST_SLOT
}

/// A track that a feed announces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlainTrack {
    pub codec: Codec,
    /// As in an `a=fmtp` line. `None` for H.264 whose profile only its first sequence parameter set tells; what comes before
    /// that nobody could decode.
    pub fmtp: Option<String>,
}

/// One packet of a feed, decrypted, checked and numbered by whoever received it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlainPacket {
    /// Index into the tracks that were announced.
    pub track: u8,
    pub arrival: Instant,
    pub content: PlainContent,
    /// Packets of this feed that were dropped on the way here because a queue was full, since the last one that came through.
    pub lost_before: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlainContent {
    Media {
        /// Extended sequence number.
        seq: u64,
        time: u32,
        marker: bool,
        payload: Vec<u8>,
    },
    /// What wall-clock time (NTP, 32.32) an RTP timestamp was.
    Clock { ntp: u64, time: u32 },
}

/// The feeds of a worker.
#[derive(Default)]
pub(crate) struct Feeds {
    entries: Vec<Option<Feed>>,
    /// Counts all feeds there ever were: no two have the same `PeerId`.
    made: u32,
}

struct Feed {
    id: SessionId,
    peer_id: PeerId,
    room: RoomName,
    owner: Owner,
    since_ms: u64,
    created: Instant,
    media_at: Option<Instant>,
    tracks: Vec<(PlainTrack, Option<TrackId>)>,
    packets: u64,
    bytes: u64,
    keyframe_requests: u64,
}

/// A feed as the rooms view shows it.
pub(crate) struct Shown<'a> {
    pub peer_id: PeerId,
    pub room: &'a RoomName,
    pub age: Duration,
    pub tracks: Vec<TrackId>,
}

/// Who publishes in a room at present.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sitting {
    Peer(u32),
    Feed(usize),
}

impl Engine {
    /// A feed asks for a room.
    pub(crate) fn bring(
        &mut self,
        now: Instant,
        room: RoomName,
        tracks: Vec<PlainTrack>,
        owner: Owner,
    ) -> Result<Reply, Refusal> {
        self.check_room_for_one()?;
        if tracks.is_empty() || tracks.len() > TRACKS_MAX {
            return Err(Refusal::BadOffer(format!("a plain feed has 1 to {TRACKS_MAX} tracks")));
        }
        let sitting = self.free_place(now, &room, None)?;
        if let Some(sitting) = sitting {
            self.unseat(now, sitting);
        }
        self.end_pull(now, &room);
        let index = self.feeds.free_entry();
        let slot = FIRST_SLOT + index as u32;
        let peer_id = PeerId { worker: self.config.worker, slot, generation: self.feeds.made };
        let id = SessionId { worker: self.config.worker, secret: u128::from_be_bytes(self.random()) };
        self.feeds.made = self.feeds.made.wrapping_add(1);
        self.feeds.entries[index] = Some(Feed {
            id,
            peer_id,
            room: room.clone(),
            owner,
            since_ms: self.since_ms(now),
            created: now,
            media_at: None,
            tracks: tracks.into_iter().map(|track| (track, None)).collect(),
            packets: 0,
            bytes: 0,
            keyframe_requests: 0,
        });
        self.stats.publishers_joined += 1;
        self.events.push_back(Event::Connected { peer: peer_id, room, side: Side::Publisher, after: Duration::ZERO });
        Ok(Reply::Brought { session: id, peer: peer_id })
    }

    /// A packet of a feed. One for a feed that has ended finds nobody, which is nothing to complain of: it was under way.
    pub fn handle_plain(&mut self, now: Instant, peer: PeerId, packet: PlainPacket) {
        self.stats.drops.add(Drop::FeedQueueFull, u64::from(packet.lost_before));
        let Some(index) = self.feeds.index_of(peer) else { return };
        match packet.content {
            PlainContent::Media { seq, time, marker, payload } => {
                self.ingest_plain(
                    now,
                    index,
                    packet.track,
                    packet.arrival,
                    Media { seq, time, marker, payload: &payload },
                );
            }
            PlainContent::Clock { ntp, time } => {
                let clock = Clock { ntp, time, at: packet.arrival };
                self.set_plain_clock(index, packet.track, clock);
            }
        }
    }

    /// Who has the place of this name in a room, if a newcomer may have it; a refusal if not. Feeds have no name, like
    /// publishers who give none.
    pub(crate) fn free_place(
        &self,
        now: Instant,
        room: &RoomName,
        name: Option<&PublisherName>,
    ) -> Result<Option<Sitting>, Refusal> {
        let peers = || self.sessions.iter().filter(|s| s.room == *room && s.side() == Side::Publisher);
        let peer = peers().find(|s| s.publisher_name() == name);
        let peer = peer.map(|s| (Sitting::Peer(s.peer_id.slot), s.silence(now)));
        let feed = self.feeds.iter().find(|(_, feed)| feed.room == *room);
        let publishers = peers().count() + usize::from(feed.is_some());
        let feed = feed.filter(|_| name.is_none()).map(|(index, feed)| (Sitting::Feed(index), feed.silence(now)));
        let Some((sitting, silence)) = peer.or(feed) else {
            let most = self.config.limits.publishers_max;
            // A meeting counts people at its door, and lets everybody in it be seen.
            let is_free = publishers < most || room.is_reserved();
            return if is_free { Ok(None) } else { Err(Refusal::Crowded(most)) };
        };
        let takeover_silence = self.config.limits.takeover_silence;
        match silence {
            Some(silence) if silence >= takeover_silence => Ok(Some(sitting)),
            _ => Err(Refusal::Occupied(takeover_silence)),
        }
    }

    /// Whether anybody publishes a room here: a pull is nobody.
    pub(crate) fn is_published(&self, room: &RoomName) -> bool {
        self.sessions.iter().any(|s| s.room == *room && s.side() == Side::Publisher)
            || self.feeds.iter().any(|(_, feed)| feed.room == *room)
    }

    /// When a publication begins. Never 0: that is a pull, and everybody who publishes here is shown before one.
    pub(crate) fn since_ms(&self, now: Instant) -> u64 {
        (now.saturating_duration_since(self.config.epoch).as_millis() as u64).max(1)
    }

    /// Ends whoever published in a room until now.
    pub(crate) fn unseat(&mut self, now: Instant, sitting: Sitting) {
        match sitting {
            Sitting::Peer(slot) => self.end(now, slot, EndReason::TakenOver),
            Sitting::Feed(index) => self.end_feed(now, index, EndReason::TakenOver),
        }
    }

    /// The feed of this name, if there is one and the asker may touch it.
    pub(crate) fn find_feed(&self, id: SessionId, owner: Owner) -> Result<usize, Refusal> {
        let (index, feed) = self.feeds.iter().find(|(_, feed)| feed.id == id).ok_or(Refusal::NoSession)?;
        if feed.owner.0.is_some() && feed.owner != owner {
            return Err(Refusal::NotYours);
        }
        Ok(index)
    }

    /// The shell says that a feed's sender is gone, and how it went.
    pub(crate) fn lose_feed(&mut self, now: Instant, peer: PeerId, reason: EndReason) {
        if let Some(index) = self.feeds.index_of(peer) {
            self.end_feed(now, index, reason);
        }
    }

    /// By whoever looks after the node; `None` when this is no feed's.
    pub(crate) fn remove_feed(&mut self, now: Instant, peer: PeerId) -> Option<(SessionId, RoomName)> {
        let index = self.feeds.index_of(peer)?;
        let feed = self.feeds.entries[index].as_ref().expect("index_of finds feeds that are there");
        let known = (feed.id, feed.room.clone());
        self.end_feed(now, index, EndReason::Removed);
        Some(known)
    }

    pub(crate) fn end_feed(&mut self, now: Instant, index: usize, reason: EndReason) {
        let Some(feed) = self.feeds.entries[index].take() else { return };
        self.stats.ended[reason as usize] += 1;
        for track in feed.tracks.iter().filter_map(|(_, track)| *track) {
            self.announce(RoomEvent::TrackRemoved { track });
            self.remove_source(now, track);
        }
        self.forget_room_if_empty(&feed.room);
        self.events.push_back(Event::Ended(Summary {
            peer: feed.peer_id,
            room: feed.room,
            side: Side::Publisher,
            reason,
            lasted: now.saturating_duration_since(feed.created),
            connected: true,
            packets: feed.packets,
            bytes: feed.bytes,
            nacks: 0,
            keyframe_requests: feed.keyframe_requests,
        }));
    }

    pub(crate) fn end_all_feeds(&mut self, now: Instant, reason: EndReason) {
        for index in 0..self.feeds.entries.len() {
            self.end_feed(now, index, reason);
        }
    }

    /// A feed that has sent nothing for too long is over, as a peer is.
    pub(crate) fn end_silent_feeds(&mut self, now: Instant) {
        for index in 0..self.feeds.entries.len() {
            let Some(feed) = &self.feeds.entries[index] else { continue };
            let heard = feed.media_at.unwrap_or(feed.created);
            if now.saturating_duration_since(heard) >= self.config.limits.silence_timeout {
                self.end_feed(now, index, EndReason::Silent);
            }
        }
    }

    /// Somebody waits for a keyframe of a feed, which nobody can ask: it is counted, and the next one comes when it comes.
    pub(crate) fn wish_for_keyframe(&mut self, feed: u32) {
        self.stats.keyframe_requests_unanswerable += 1;
        if let Some(Some(feed)) = self.feeds.entries.get_mut(feed as usize) {
            feed.keyframe_requests += 1;
        }
    }

    fn ingest_plain(&mut self, now: Instant, index: usize, track: u8, arrival: Instant, media: Media<'_>) {
        self.stats.packets_in += 1;
        self.stats.bytes_in += media.payload.len() as u64;
        let feed = self.feeds.entries[index].as_mut().expect("index_of found it");
        feed.packets += 1;
        feed.bytes += media.payload.len() as u64;
        feed.media_at = Some(now);
        let Some(source) = self.source_of_feed(now, index, track, media.payload) else {
            return self.stats.drops.count(Drop::Unusable);
        };
        let Some(entry) = self.sources[source].as_ref() else { return };
        let frame = Frame {
            track: entry.id,
            layer: 0,
            marker: media.marker,
            generation: entry.layers[0].generation,
            seq: media.seq,
            time: media.time,
            arrival_us: arrival.saturating_duration_since(self.config.epoch).as_micros() as u64,
            audio_level: None,
            orientation: None,
            dependency: &[],
            is_redundant: false,
            payload: media.payload,
        };
        let wanted = entry.wanted_by(0, media.seq);
        if self.store(source, now, arrival, &frame) == Inserted::Stored {
            self.hand_on(wanted, &frame);
            self.hear(now, source, None);
        }
    }

    /// The source of a feed's track; made when its first packet arrives that says how to decode it.
    fn source_of_feed(&mut self, now: Instant, index: usize, track: u8, payload: &[u8]) -> Option<usize> {
        let feed = self.feeds.entries[index].as_ref()?;
        let (plain, made) = feed.tracks.get(usize::from(track))?;
        if let Some(made) = made {
            return self.by_track.get(made).copied();
        }
        let fmtp = match &plain.fmtp {
            Some(fmtp) => fmtp.clone(),
            None if plain.codec == Codec::H264 => h264::fmtp(payload)?,
            None => String::new(),
        };
        let upstream = Upstream::Plain { feed: index as u32 };
        let id = TrackId { origin: self.config.worker, n: self.tracks_made };
        let mut source = Source::new(id, feed.room.clone(), plain.codec, fmtp, feed.since_ms, upstream);
        source.layer_index("", &self.config.limits);
        self.tracks_made = self.tracks_made.wrapping_add(1);
        self.announce(RoomEvent::TrackAdded(describe(&source)));
        let feed = self.feeds.entries[index].as_mut()?;
        feed.tracks[usize::from(track)].1 = Some(id);
        Some(self.add_source(now, source))
    }

    fn set_plain_clock(&mut self, index: usize, track: u8, clock: Clock) {
        let Some(feed) = self.feeds.entries[index].as_ref() else { return };
        let Some(&(_, Some(track))) = feed.tracks.get(usize::from(track)) else { return };
        let Some(source) = self.by_track.get(&track).and_then(|&i| self.sources[i].as_mut()) else { return };
        source.layers[0].clock = Some(clock);
        let message = LinkMessage::Clock { track, layer: 0, ntp: clock.ntp, time: clock.time };
        for want in &source.wants {
            if let Some(link) = self.links.iter_mut().find(|l| l.to == want.from) {
                link.messages.push_back(message.clone());
            }
        }
    }
}

struct Media<'a> {
    seq: u64,
    time: u32,
    marker: bool,
    payload: &'a [u8],
}

impl Feeds {
    pub fn len(&self) -> usize {
        self.entries.iter().flatten().count()
    }

    pub fn shown(&self, now: Instant) -> impl Iterator<Item = Shown<'_>> {
        self.entries.iter().flatten().map(move |feed| Shown {
            peer_id: feed.peer_id,
            room: &feed.room,
            age: now.saturating_duration_since(feed.created),
            tracks: feed.tracks.iter().filter_map(|(_, track)| *track).collect(),
        })
    }

    fn iter(&self) -> impl Iterator<Item = (usize, &Feed)> {
        self.entries.iter().enumerate().filter_map(|(index, feed)| Some((index, feed.as_ref()?)))
    }

    fn index_of(&self, peer: PeerId) -> Option<usize> {
        let index = peer.slot.checked_sub(FIRST_SLOT)? as usize;
        self.entries.get(index)?.as_ref().filter(|feed| feed.peer_id == peer).map(|_| index)
    }

    fn free_entry(&mut self) -> usize {
        self.entries.iter().position(Option::is_none).unwrap_or_else(|| {
            self.entries.push(None);
            self.entries.len() - 1
        })
    }
}

impl Feed {
    fn silence(&self, now: Instant) -> Option<Duration> {
        Some(now.saturating_duration_since(self.media_at?))
    }
}

#[cfg(test)]
mod tests {
    use proto::WorkerId;

    use transport::Identity;

    use super::*;
    use crate::{Command, Config, Limits, Ticket};

    const KEY: [u8; 12] = [0x78, 0, 4, 0x67, 0x42, 0xe0, 0x1f, 0, 3, 0x68, 0xce, 0x3c];

    struct Bench {
        engine: Engine,
        now: Instant,
        seq: u64,
    }

    impl Bench {
        fn new() -> Bench {
            let now = Instant::now();
            let config = Config {
                worker: WorkerId(0),
                workers: 2,
                candidates: vec!["192.0.2.1:7900".parse().unwrap()],
                epoch: now,
                limits: Limits::default(),
                idle_clip: None,
            };
            let mut n = 0;
            let entropy = Box::new(move |bytes: &mut [u8]| {
                bytes.fill_with(|| {
                    n += 1;
                    n as u8
                })
            });
            Bench { engine: Engine::new(now, config, Identity::generate().unwrap(), entropy), now, seq: 0 }
        }

        fn bring(&mut self, room: &str) -> Result<(SessionId, PeerId), Refusal> {
            let tracks = vec![
                PlainTrack { codec: Codec::H264, fmtp: None },
                PlainTrack { codec: Codec::Opus, fmtp: Some(String::new()) },
            ];
            let room = room.parse().unwrap();
            self.engine.command(self.now, Command::Bring { ticket: Ticket(1), room, tracks, owner: Owner(None) });
            while let Some(event) = self.engine.poll_event() {
                match event {
                    Event::Reply { reply: Reply::Brought { session, peer }, .. } => return Ok((session, peer)),
                    Event::Reply { reply: Reply::Refused(refusal), .. } => return Err(refusal),
                    _ => {}
                }
            }
            panic!("no reply")
        }

        fn send(&mut self, peer: PeerId, track: u8, payload: &[u8]) {
            self.seq += 1;
            let content = PlainContent::Media { seq: self.seq, time: 0, marker: true, payload: payload.to_vec() };
            let packet = PlainPacket { track, arrival: self.now, content, lost_before: 0 };
            self.engine.handle_plain(self.now, peer, packet);
            self.engine.flush(self.now);
        }

        fn after(&mut self, time: Duration) {
            self.now += time;
            self.engine.handle_timeout(self.now);
        }

        fn ended(&mut self) -> Vec<EndReason> {
            let mut reasons = Vec::new();
            while let Some(event) = self.engine.poll_event() {
                if let Event::Ended(summary) = event {
                    reasons.push(summary.reason);
                }
            }
            reasons
        }
    }

    #[test]
    fn a_feed_is_a_publisher_with_the_profile_that_its_first_parameter_set_tells() {
        let mut bench = Bench::new();
        let (_, peer) = bench.bring("demo").unwrap();
        bench.send(peer, 0, &[0x41, 0x9a]);
        assert_eq!(bench.engine.stats().sources, 0, "nobody could decode this");
        bench.send(peer, 0, &KEY);
        bench.send(peer, 1, &[0xfc, 1, 2]);
        let track = bench.engine.sources[0].as_ref().unwrap();
        assert!(track.fmtp.contains("profile-level-id=42e01f") && track.fmtp.contains("packetization-mode=1"));
        let view = bench.engine.view(bench.now);
        assert_eq!((view.rooms.len(), view.rooms[0].publishers[0].tracks.len()), (1, 2));
        let stats = bench.engine.stats();
        assert_eq!((stats.publishers, stats.packets_in, stats.sources), (1, 3, 2));
        assert_eq!(stats.drops.get(Drop::Unusable), 1);
    }

    #[test]
    fn a_room_with_a_feed_is_taken_until_the_feed_is_silent() {
        let mut bench = Bench::new();
        let (_, first) = bench.bring("demo").unwrap();
        assert!(matches!(bench.bring("demo"), Err(Refusal::Occupied(_))), "it may be about to begin");
        bench.send(first, 0, &KEY);
        bench.after(Duration::from_millis(1900));
        assert!(matches!(bench.bring("demo"), Err(Refusal::Occupied(_))));
        assert!(bench.bring("other").is_ok());
        bench.after(Duration::from_millis(100));
        let (_, second) = bench.bring("demo").unwrap();
        assert_ne!(first, second);
        // What the first one still sends finds nobody.
        bench.send(first, 0, &KEY);
        assert_eq!(bench.engine.stats().sources, 0);
    }

    #[test]
    fn a_feed_ends_by_command_by_loss_and_by_silence_and_leaves_nothing_behind() {
        let mut bench = Bench::new();
        let (id, peer) = bench.bring("a").unwrap();
        bench.send(peer, 0, &KEY);
        bench.engine.command(bench.now, Command::End { ticket: Ticket(2), session: id, owner: Owner(None) });
        assert_eq!(bench.ended(), [EndReason::Left]);
        let (_, peer) = bench.bring("a").unwrap();
        bench.send(peer, 1, &[0xfc, 1, 2]);
        bench.engine.command(bench.now, Command::Lose { peer, reason: EndReason::Closed });
        bench.engine.command(bench.now, Command::Lose { peer, reason: EndReason::Closed });
        assert_eq!(bench.ended(), [EndReason::Closed]);
        let (_, peer) = bench.bring("a").unwrap();
        bench.send(peer, 0, &KEY);
        for _ in 0..31 {
            bench.after(Duration::from_secs(1));
        }
        assert_eq!(bench.ended(), [EndReason::Silent]);
        let stats = bench.engine.stats();
        assert_eq!((stats.publishers, stats.sources, stats.rooms), (0, 0, 0));
    }

    #[test]
    fn another_worker_that_wants_a_feed_gets_its_packets() {
        let mut bench = Bench::new();
        let (_, peer) = bench.bring("demo").unwrap();
        bench.send(peer, 0, &KEY);
        let track = bench.engine.sources[0].as_ref().unwrap().id;
        bench.engine.handle_message(bench.now, LinkMessage::Want { from: WorkerId(1), track, layers: 1 });
        bench.send(peer, 0, &KEY);
        bench.engine.handle_timeout(bench.now);
        assert_eq!(
            bench.engine.stats().records_out,
            3,
            "what a decoder needs first, what was there before it wanted it, and what came since"
        );
        // It waits for a keyframe, which a feed cannot be asked for.
        bench.engine.handle_message(bench.now, LinkMessage::Keyframe { track, layer: 0 });
        let stats = bench.engine.stats();
        assert_eq!((stats.keyframe_requests_out, stats.keyframe_requests_unanswerable), (0, 1));
    }

    #[test]
    fn a_draining_worker_takes_no_feed_and_ends_those_it_has() {
        let mut bench = Bench::new();
        bench.bring("demo").unwrap();
        bench.engine.command(bench.now, Command::EndAll { reason: EndReason::Drained });
        assert_eq!(bench.ended(), [EndReason::Drained]);
        assert_eq!(bench.bring("demo"), Err(Refusal::Draining));
    }
}
