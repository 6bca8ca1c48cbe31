//! What a viewer saw: packets put in order by a receive buffer, judged by the checker, compared with what was published.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use media::check::{Checker, Report, View};
use media::codec::{Codec, Kind};
use media::seq::{RtpTime, Seq};
use media::testing::{self, Tag};
use transport::{Mid, Received};

/// How long a viewer waits for a missing packet before its decoder goes on without it. Browsers wait up to about half a
/// second while NACKs are under way.
const PATIENCE: Duration = Duration::from_millis(500);

/// Longer than any line of the scenarios lets one packet overtake another.
const FIRST_PATIENCE: Duration = Duration::from_millis(150);

/// One track as a viewer received it.
pub struct TrackSeen {
    pub codec: Codec,
    pub(crate) ssrc: u32,
    mid: Mid,
    start: Instant,
    checker: Checker,
    /// Received and not yet played: by sequence number.
    waiting: BTreeMap<u64, Held>,
    next: Option<u64>,
    /// Publisher's packet counters by stream, in order of play.
    pub tags: Vec<Tag>,
    /// Times that the sequence numbers, or the timestamps, of what was played began again at zero.
    pub seq_rollovers: u32,
    pub time_wraps: u32,
    last_time: Option<u32>,
    first_time: Option<u32>,
    last_played: Option<Instant>,
    /// Between two packets, in order of play.
    pub longest_rest: Duration,
    /// The pictures that a decoder could show, of a track of video.
    pub pictures: Vec<Picture>,
    picture: Option<Incoming>,
    /// Everything since the last keyframe was there.
    is_intact: bool,
    seen: BTreeSet<(u32, u64)>,
    pub duplicates: u32,
    /// What came right after what: see [`Steps`].
    pub steps: Steps,
    /// A keyframe has begun since the last packet with a tag.
    keyframe_begins: bool,
    pub corrupt: u32,
    /// Packets with a dependency descriptor.
    pub described: u32,
    pub first_keyframe: Option<Instant>,
    first_arrival: Instant,
    pub last_arrival: Option<Instant>,
}

/// A picture that was complete, as was all that it builds on.
#[derive(Debug, Clone, Copy)]
pub struct Picture {
    pub at: Instant,
    /// Its timestamp.
    pub time: u32,
    /// The stream that it is of: its lowest byte says which layer.
    pub stream: u32,
}

/// A picture of which not all packets have been played.
struct Incoming {
    time: u32,
    stream: Option<u32>,
    is_keyframe: bool,
    complete_at: Instant,
}

struct Held {
    arrival: Instant,
    time: u32,
    marker: bool,
    payload: Vec<u8>,
    dd: Option<Vec<u8>>,
}

/// The stream judged packet by packet: one follows on the one before, or a decoder can begin with it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Steps {
    /// To the next packet that the publisher sent.
    pub even: u64,
    /// To the beginning of a keyframe, of whatever source and time.
    pub splices: u64,
    /// Missing packets of one stream, which nothing explains.
    pub lost: u64,
    /// To a packet that was there before, without a keyframe.
    pub back: u64,
    /// To another stream, in the midst of it.
    pub torn: u64,
}

/// Both tracks of a viewer.
#[derive(Default)]
pub struct Seen {
    pub tracks: Vec<TrackSeen>,
    /// Audio sections of its offer beyond the first.
    pub(crate) more_voices: usize,
    /// Video sections beyond the first.
    pub(crate) more_pictures: usize,
    /// It opens data channels.
    pub(crate) talks: bool,
    /// Its video sections, in the order of the offer.
    pub(crate) pictures: Vec<Mid>,
    pub connected: Option<Instant>,
}

impl TrackSeen {
    fn new(received: &Received, start: Instant) -> TrackSeen {
        let (codec, now) = (received.codec, received.arrival);
        TrackSeen {
            codec,
            ssrc: received.ssrc,
            mid: received.mid,
            start,
            checker: Checker::new(codec),
            waiting: BTreeMap::new(),
            next: None,
            tags: Vec::new(),
            seq_rollovers: 0,
            time_wraps: 0,
            last_time: None,
            first_time: None,
            last_played: None,
            longest_rest: Duration::ZERO,
            pictures: Vec::new(),
            picture: None,
            is_intact: false,
            seen: BTreeSet::new(),
            duplicates: 0,
            steps: Steps::default(),
            keyframe_begins: false,
            corrupt: 0,
            described: 0,
            first_keyframe: None,
            first_arrival: now,
            last_arrival: None,
        }
    }

    fn play(&mut self, now: Instant) {
        while let Some((&seq, held)) = self.waiting.first_key_value() {
            let waited = now.saturating_duration_since(held.arrival);
            let is_next = match self.next {
                Some(next) => seq == next,
                // Nobody knows which packet is the first: one that was overtaken may be on its way.
                None => waited >= FIRST_PATIENCE,
            };
            if !is_next && waited < PATIENCE {
                return;
            }
            let held = self.waiting.remove(&seq).expect("just seen");
            self.seq_rollovers += u32::from(self.next.is_some_and(|next| seq >> 16 > (next - 1) >> 16));
            if self.codec.kind() == Kind::Video {
                self.show(seq, &held);
            }
            self.next = Some(seq + 1);
            self.time_wraps +=
                u32::from(self.last_time.is_some_and(|last| last > held.time && last - held.time > 1 << 31));
            self.last_time = Some(held.time);
            self.first_time.get_or_insert(held.time);
            let rest = self.last_played.map_or(Duration::ZERO, |at| held.arrival.saturating_duration_since(at));
            self.longest_rest = self.longest_rest.max(rest);
            self.last_played = Some(held.arrival);
            let at = held.arrival.saturating_duration_since(self.start);
            let (seq, time) = (Seq(seq as u16), RtpTime(held.time));
            self.checker
                .push(at, &View { seq, time, marker: held.marker, payload: &held.payload, dd: held.dd.as_deref() });
            self.described += u32::from(held.dd.is_some());
            if held.payload.is_empty() {
                continue;
            }
            let facts = media::facts(self.codec, &held.payload, held.marker, None);
            self.keyframe_begins |= facts.keyframe && self.codec.kind() == Kind::Video;
            match testing::read_tag(self.codec, &held.payload) {
                // Parameter sets are too short for a tag.
                None => {}
                Some(_) if !testing::tag_is_intact(self.codec, &held.payload) => self.corrupt += 1,
                Some(tag) => {
                    if !self.seen.insert((tag.stream, tag.counter)) {
                        self.duplicates += 1;
                    }
                    self.step(&tag);
                    self.tags.push(tag);
                }
            }
            if self.first_keyframe.is_none() && facts.keyframe {
                self.first_keyframe = Some(held.arrival);
            }
        }
    }
}

impl TrackSeen {
    /// What a decoder makes of the next packet in order. A keyframe is shown when it is complete; any other picture also needs all since
    /// the last one.
    fn show(&mut self, seq: u64, held: &Held) {
        let facts = media::facts(self.codec, &held.payload, held.marker, None);
        if self.next.is_some_and(|next| next != seq) {
            (self.is_intact, self.picture) = (false, None);
        }
        if self.picture.as_ref().is_none_or(|picture| picture.time != held.time) {
            // One that has no end will never be complete.
            self.is_intact &= self.picture.is_none();
            let is_keyframe = facts.keyframe && facts.frame_start;
            self.picture = Some(Incoming { time: held.time, stream: None, is_keyframe, complete_at: held.arrival });
        }
        let Some(picture) = &mut self.picture else { return };
        picture.is_keyframe |= facts.keyframe && facts.frame_start;
        picture.complete_at = picture.complete_at.max(held.arrival);
        let tag = testing::read_tag(self.codec, &held.payload);
        picture.stream = tag.map(|tag| tag.stream).or(picture.stream);
        if !held.marker {
            return;
        }
        let Some(Incoming { stream: Some(stream), is_keyframe, complete_at, time }) = self.picture.take() else {
            return;
        };
        self.is_intact |= is_keyframe;
        if self.is_intact {
            let before = self.pictures.last().map_or(complete_at, |picture| picture.at);
            self.pictures.push(Picture { at: before.max(complete_at), time, stream });
        }
    }

    /// The longest time from one picture to the next after `since`.
    pub fn longest_still(&self, since: Instant) -> Duration {
        let pairs = self.pictures.windows(2).filter(|pair| pair[1].at > since);
        pairs.map(|pair| pair[1].at - pair[0].at).max().unwrap_or(Duration::MAX)
    }

    /// When the first picture of a layer came after `since`, and how long that took.
    pub fn first_of(&self, layer: u32, since: Instant) -> Option<Duration> {
        let first = self.pictures.iter().find(|picture| picture.at > since && picture.stream & 0xff == layer)?;
        Some(first.at - since)
    }

    fn step(&mut self, tag: &Tag) {
        // Every packet of sound can be begun with.
        let begins = std::mem::take(&mut self.keyframe_begins) || self.codec.kind() == Kind::Audio;
        let Some(before) = self.tags.last() else { return };
        let same = before.stream == tag.stream;
        match tag.counter.checked_sub(before.counter) {
            Some(1) if same => self.steps.even += 1,
            _ if begins => self.steps.splices += 1,
            Some(n) if same && n > 0 => self.steps.lost += n - 1,
            _ if same => self.steps.back += 1,
            _ => self.steps.torn += 1,
        }
    }
}

impl Seen {
    pub(crate) fn receive(&mut self, start: Instant, received: &Received) {
        let track = match self.tracks.iter_mut().position(|t| (t.codec, t.mid) == (received.codec, received.mid)) {
            Some(at) => &mut self.tracks[at],
            None => {
                self.tracks.push(TrackSeen::new(received, start));
                self.tracks.last_mut().expect("just pushed")
            }
        };
        track.last_arrival = Some(received.arrival);
        if track.next.is_some_and(|next| received.seq < next) {
            return; // too late to be played
        }
        let held = Held {
            arrival: received.arrival,
            time: received.time,
            marker: received.marker,
            payload: received.payload.to_vec(),
            dd: received.dd.as_ref().map(|dd| dd.to_vec()),
        };
        track.waiting.insert(received.seq, held);
    }

    pub(crate) fn play(&mut self, now: Instant) {
        for track in &mut self.tracks {
            track.play(now);
        }
    }

    /// Video has been coming for a while, and no keyframe was in it.
    pub(crate) fn is_blind(&self, now: Instant) -> bool {
        let video = self.tracks.iter().find(|t| t.codec.kind() == Kind::Video);
        video.is_some_and(|t| {
            t.first_keyframe.is_none() && now.saturating_duration_since(t.first_arrival) > Duration::from_millis(300)
        })
    }

    pub fn track(&self, kind: Kind) -> &TrackSeen {
        self.tracks.iter().find(|t| t.codec.kind() == kind).unwrap_or_else(|| panic!("the viewer saw no {kind:?}"))
    }

    /// What a video section of it saw, by its number in the offer; `None` until something came.
    pub fn picture(&self, section: usize) -> Option<&TrackSeen> {
        let mid = self.pictures[section];
        self.tracks.iter().find(|t| t.codec.kind() == Kind::Video && t.mid == mid)
    }

    /// Everything that it hears, an audio section each.
    pub fn voices(&self) -> impl Iterator<Item = &TrackSeen> {
        self.tracks.iter().filter(|t| t.codec.kind() == Kind::Audio)
    }

    pub fn has(&self, kind: Kind) -> bool {
        self.tracks.iter().any(|t| t.codec.kind() == kind)
    }
}

impl TrackSeen {
    /// From the first timestamp to the last.
    pub fn media_ticks(&self) -> u32 {
        self.last_time.unwrap_or(0).wrapping_sub(self.first_time.unwrap_or(0))
    }

    /// The decoder's opinion of everything played so far.
    pub fn report(&self) -> Report {
        self.checker.clone().finish()
    }

    /// Published packets between the first and the last played one that were not played, stream by stream.
    pub fn missing(&self) -> usize {
        let mut bounds: BTreeMap<u32, (u64, u64, usize)> = BTreeMap::new();
        for tag in &self.tags {
            let entry = bounds.entry(tag.stream).or_insert((tag.counter, tag.counter, 0));
            *entry = (entry.0.min(tag.counter), entry.1.max(tag.counter), entry.2 + 1);
        }
        bounds.values().map(|(first, last, count)| (last - first + 1) as usize - count).sum()
    }
}
