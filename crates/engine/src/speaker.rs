//! Who speaks in a room, and whose audio is passed on.
//!
//! A room with many microphones needs few of them at a time: [`Speakers`] keeps a seat for each of the loudest and names
//! the one who speaks. A track takes a free seat at once. When there is none, it waits until somebody has been quiet for
//! two seconds, and only if it is the loudest of all does it take the seat of a quieter one sooner: what a listener hears
//! is not cut for somebody whom he would not hear. Knows levels (RFC 6464) and the time as they are said to it; a track
//! that says no levels counts as speaking softly all the time.

use std::time::{Duration, Instant};

use media::ext::AudioLevel;
use proto::TrackId;

/// Seats, unless `stream.voices_max` says otherwise: more than five voices at once are a noise.
pub const SEATS: usize = 5;
/// Decibels above the faintest (127 below overload) at which a packet is speech: -60 dBov, above the noise of a room.
const SPEECH: u32 = 67;
/// Quiet this long, a talk spurt is over: longer than the pauses inside words and between them.
const SPURT_GAP: Duration = Duration::from_millis(400);
/// Quiet this long, a seat may be given to anybody.
const HANGOVER: Duration = Duration::from_secs(2);
/// A track that is this far into its spurt is no click or cough: three packets of 20 ms.
const SPURT_MIN: Duration = Duration::from_millis(60);
/// How much louder than those who sit somebody has to be to take a seat, or be named, before its time.
const MARGIN: u32 = 6 * UNIT;
/// Louder for so long, another is named as the speaker.
const NAMED_AFTER: Duration = Duration::from_millis(300);
/// Loudness counts in sixty-fourths of a decibel, so that it can fall slowly.
const UNIT: u32 = 64;
/// A packet counts for a half where it is louder, for a 32nd where it is not: up within 100 ms, down within a second.
const RISE: u32 = 2;
const FALL: u32 = 32;
/// The loudness of a track that says nothing about it: at the edge of speech.
const UNKNOWN: u32 = SPEECH * UNIT;

#[derive(Debug, Clone)]
pub struct Speakers {
    seats: usize,
    /// In the order in which they came.
    tracks: Vec<Track>,
    speaker: Option<TrackId>,
    challenger: Option<(TrackId, Instant)>,
}

#[derive(Debug, Clone)]
struct Track {
    id: TrackId,
    seated: bool,
    /// Decibels above the faintest, smoothed, in units.
    loudness: u32,
    /// When its talk spurt began, while there is one, and when it was last heard to speak.
    spurt: Option<Instant>,
    spoke_at: Option<Instant>,
    /// Whether its packets have levels; it has none until the first comes.
    levels: bool,
}

/// What a packet or the passing of time changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Changed {
    pub seats: bool,
    pub speaker: bool,
}

impl Speakers {
    pub fn new(seats: usize) -> Speakers {
        Speakers { seats, tracks: Vec::new(), speaker: None, challenger: None }
    }

    /// A track of the room; it takes a seat if there is a free one.
    pub fn add(&mut self, id: TrackId) {
        if self.tracks.iter().any(|track| track.id == id) {
            return;
        }
        let seated = self.seated().count() < self.seats;
        self.tracks.push(Track { id, seated, loudness: 0, spurt: None, spoke_at: None, levels: false });
    }

    /// Its seat goes to the loudest of those who have none.
    pub fn remove(&mut self, id: TrackId) {
        self.tracks.retain(|track| track.id != id);
        self.speaker = self.speaker.filter(|speaker| *speaker != id);
        self.challenger = self.challenger.filter(|(challenger, _)| *challenger != id);
        if self.seated().count() < self.seats
            && let Some(next) = self.loudest_of(|track| !track.seated)
        {
            self.tracks[next].seated = true;
        }
    }

    /// A packet of a track. `level` is what its extension says, if it has one.
    pub fn hear(&mut self, now: Instant, id: TrackId, level: Option<AudioLevel>) -> Changed {
        let Some(at) = self.tracks.iter().position(|track| track.id == id) else { return Changed::default() };
        self.tracks[at].hear(now, level);
        let seats = !self.tracks[at].seated && self.seat(now, at);
        Changed { seats, speaker: self.name(now) }
    }

    /// Whether the track's packets are passed on.
    pub fn is_seated(&self, id: TrackId) -> bool {
        self.tracks.iter().any(|track| track.id == id && track.seated)
    }

    /// The tracks that are passed on, in the order in which they came.
    pub fn seated(&self) -> impl Iterator<Item = TrackId> + '_ {
        self.tracks.iter().filter(|track| track.seated).map(|track| track.id)
    }

    /// Who speaks, or spoke last.
    pub fn speaker(&self) -> Option<TrackId> {
        self.speaker
    }

    /// Gives a seat to a track that speaks, if there is one to be had.
    fn seat(&mut self, now: Instant, at: usize) -> bool {
        if self.seated().count() < self.seats {
            self.tracks[at].seated = true;
            return true;
        }
        if self.tracks[at].spurt.is_none() {
            return false;
        }
        let Some(left) = self.leaver(now, at) else { return false };
        self.tracks[left].seated = false;
        self.tracks[at].seated = true;
        true
    }

    /// Whose seat a track may have: that of one who has been quiet for long; of one who says no levels, if this one does;
    /// if it is the loudest, of whoever pauses longest, and of the quietest if nobody pauses.
    fn leaver(&self, now: Instant, at: usize) -> Option<usize> {
        let seated = || (0..self.tracks.len()).filter(|other| self.tracks[*other].seated);
        let quiet = |other: &usize| self.tracks[*other].quiet_for(now);
        let longest = seated().filter(|other| quiet(other) >= HANGOVER).max_by_key(quiet);
        if longest.is_some() || !self.tracks[at].levels {
            return longest;
        }
        let newcomer = &self.tracks[at];
        if let Some(mute) = seated().find(|other| !self.tracks[*other].levels) {
            return Some(mute);
        }
        let loudest = seated().map(|other| self.tracks[other].loudness_at(now)).max()?;
        let speaks = newcomer.spurt.is_some_and(|began| now.duration_since(began) >= SPURT_MIN);
        if !speaks || newcomer.loudness < loudest.saturating_add(MARGIN) {
            return None;
        }
        seated().min_by_key(|other| (self.tracks[*other].loudness_at(now), std::cmp::Reverse(quiet(other))))
    }

    /// Looks who speaks; answers whether it is another one.
    fn name(&mut self, now: Instant) -> bool {
        let Some(loudest) = self.loudest_speaking(now) else {
            self.challenger = None;
            return false;
        };
        let id = self.tracks[loudest].id;
        let Some(speaker) = self.speaker.and_then(|id| self.tracks.iter().find(|track| track.id == id)) else {
            self.speaker = Some(id);
            return true;
        };
        let stronger = self.tracks[loudest].loudness >= speaker.loudness_at(now).saturating_add(MARGIN);
        if id == speaker.id || !(stronger || speaker.quiet_for(now) >= SPURT_GAP) {
            self.challenger = None;
            return false;
        }
        let (challenger, since) = *self.challenger.get_or_insert((id, now));
        if challenger != id {
            self.challenger = Some((id, now));
            return false;
        }
        if now.duration_since(since) < NAMED_AFTER {
            return false;
        }
        (self.speaker, self.challenger) = (Some(id), None);
        true
    }

    /// The loudest who sits and speaks and says how loud.
    fn loudest_speaking(&self, now: Instant) -> Option<usize> {
        self.loudest_of(|track| track.seated && track.levels && track.quiet_for(now) < SPURT_GAP)
    }

    fn loudest_of(&self, which: impl Fn(&Track) -> bool) -> Option<usize> {
        let fitting = (0..self.tracks.len()).filter(|at| which(&self.tracks[*at]));
        fitting.rev().max_by_key(|at| self.tracks[*at].loudness)
    }
}

impl Track {
    fn hear(&mut self, now: Instant, level: Option<AudioLevel>) {
        let Some(level) = level else {
            if !self.levels {
                self.loudness = UNKNOWN;
                self.speak(now);
            }
            return;
        };
        if !self.levels {
            (self.levels, self.loudness, self.spurt) = (true, 0, None);
        }
        if self.quiet_for(now) >= SPURT_GAP {
            (self.spurt, self.loudness) = (None, 0);
        }
        let heard = 127 - u32::from(level.level.min(127));
        self.loudness = match heard * UNIT {
            louder if louder > self.loudness => self.loudness + (louder - self.loudness).div_ceil(RISE),
            other => self.loudness - (self.loudness - other).div_ceil(FALL),
        };
        if heard >= SPEECH {
            self.speak(now);
        }
    }

    fn speak(&mut self, now: Instant) {
        self.spurt.get_or_insert(now);
        self.spoke_at = Some(now);
    }

    /// How long it has said nothing; for ever if it never spoke. Silence sends few packets or none (DTX), so time counts.
    fn quiet_for(&self, now: Instant) -> Duration {
        self.spoke_at.map_or(Duration::MAX, |spoke_at| now.saturating_duration_since(spoke_at))
    }

    /// Its loudness, which does not count once it says nothing: no packet need come that would let it fall.
    fn loudness_at(&self, now: Instant) -> u32 {
        if self.quiet_for(now) >= SPURT_GAP { 0 } else { self.loudness }
    }
}

#[cfg(test)]
mod tests {
    use media::testing::Rng;
    use proto::WorkerId;

    use super::*;

    fn id(n: u32) -> TrackId {
        TrackId { origin: WorkerId(0), n }
    }

    /// A room in virtual time: every track sends a packet each 20 ms, except one that is silent and saves its packets.
    struct Room {
        speakers: Speakers,
        start: Instant,
        now: Instant,
        tracks: u32,
        /// Times that somebody sat down, or was named.
        moves: u32,
        named: u32,
    }

    impl Room {
        fn new(tracks: u32) -> Room {
            let mut speakers = Speakers::new(SEATS);
            (0..tracks).for_each(|n| speakers.add(id(n)));
            let start = Instant::now();
            Room { speakers, start, now: start, tracks, moves: 0, named: 0 }
        }

        /// `level` is what a track says at a moment, in decibels below overload; `None` for no packet.
        fn run(&mut self, ms: u64, mut level: impl FnMut(u32, u64) -> Option<u8>) {
            for _ in 0..ms / 20 {
                let passed = (self.now - self.start).as_millis() as u64;
                for n in 0..self.tracks {
                    let Some(level) = level(n, passed) else { continue };
                    let level = AudioLevel { level, voice: level < 60 };
                    let changed = self.speakers.hear(self.now, id(n), Some(level));
                    self.moves += u32::from(changed.seats);
                    self.named += u32::from(changed.speaker);
                    assert!(self.speakers.seated().count() <= SEATS);
                }
                self.now += Duration::from_millis(20);
            }
        }

        fn sits(&self, n: u32) -> bool {
            self.speakers.is_seated(id(n))
        }
    }

    #[test]
    fn few_tracks_are_all_passed_on() {
        let mut room = Room::new(5);
        room.run(5_000, |_, _| Some(127));
        assert!((0..5).all(|n| room.sits(n)));
        assert_eq!((room.moves, room.speakers.speaker()), (0, None));
    }

    /// Fails when a spurt has to last before a seat of somebody quiet is given.
    #[test]
    fn who_begins_to_speak_is_heard_from_the_first_packet_on() {
        let mut room = Room::new(8);
        room.run(3_000, |_, _| Some(127));
        room.run(20, |n, _| (n == 7).then_some(30));
        assert!(room.sits(7));
        assert_eq!(room.speakers.speaker(), Some(id(7)));
    }

    /// Fails when a seat is given away during a pause, or to somebody who is not louder by the margin.
    #[test]
    fn nobody_loses_a_seat_in_the_midst_of_what_he_says() {
        let mut room = Room::new(8);
        // Five speak, a second on and a second off; the others mumble from the third second on.
        room.run(20_000, |n, ms| match n {
            0..5 => Some(if (ms / 1000 + u64::from(n)).is_multiple_of(2) { 30 } else { 90 }),
            _ => Some(if ms > 3_000 { 40 } else { 127 }),
        });
        assert!((0..5).all(|n| room.sits(n)));
        assert_eq!(room.moves, 0);
        room.run(3_000, |n, _| Some(if n == 0 { 127 } else { 35 }));
        assert!(!room.sits(0) && (1..5).all(|n| room.sits(n)));
        assert_eq!(room.moves, 1);
    }

    /// Fails when the loudest has to wait for the hangover.
    #[test]
    fn the_loudest_of_all_is_in_within_200_ms_whatever_the_others_do() {
        let mut rng = Rng::new(3);
        for _ in 0..300 {
            let tracks = 6 + rng.below(20) as u32;
            let mut room = Room::new(tracks);
            let quietest = 45 + rng.below(10) as u8;
            let talk = |rng: &mut Rng| match rng.below(3) {
                0 => None,
                _ => Some(quietest + rng.below(80) as u8),
            };
            room.run(4_000, |_, _| talk(&mut rng));
            let shouts = rng.below(u64::from(tracks)) as u32;
            room.run(200, |n, _| if n == shouts { Some(quietest - 15) } else { talk(&mut rng) });
            assert!(room.sits(shouts));
        }
    }

    /// Fails without the margin.
    #[test]
    fn equal_voices_do_not_take_turns_at_the_seats_or_at_the_name() {
        let mut rng = Rng::new(4);
        let mut room = Room::new(12);
        room.run(1_000, |_, _| Some(38 + rng.below(7) as u8));
        (room.moves, room.named) = (0, 0);
        room.run(60_000, |_, _| Some(38 + rng.below(7) as u8));
        assert_eq!((room.moves, room.named), (0, 0));
    }

    /// Fails when the name goes to the loudest at once.
    #[test]
    fn a_cough_is_no_speech_and_the_next_speaker_is_named_within_a_second() {
        let mut room = Room::new(3);
        room.run(3_000, |n, _| Some(if n == 0 { 40 } else { 127 }));
        assert_eq!(room.speakers.speaker(), Some(id(0)));
        room.run(100, |n, _| Some(if n == 0 { 40 } else { 10 }));
        room.run(2_000, |n, _| Some(if n == 0 { 40 } else { 127 }));
        assert_eq!((room.speakers.speaker(), room.named), (Some(id(0)), 1));
        room.run(1_000, |n, _| Some(if n == 2 { 40 } else { 127 }));
        assert_eq!((room.speakers.speaker(), room.named), (Some(id(2)), 2));
    }

    /// Fails when a seat is taken by two loud packets, when a track that begins again is as loud as it was at its end, or
    /// when somebody who speaks has to leave although another one pauses.
    #[test]
    fn a_cough_or_a_soft_word_takes_no_seat_and_a_loud_one_that_of_who_pauses() {
        let mut room = Room::new(7);
        let sitting = |n: u32| Some(if n == 3 { 58 } else { 50 });
        room.run(2_000, |n, _| if n < 5 { sitting(n) } else { (n == 6).then_some(127) });
        room.run(40, |n, _| if n < 5 { sitting(n) } else { (n == 5).then_some(0) });
        assert_eq!(room.moves, 0, "a cough");
        room.run(3_000, |n, _| if n < 5 { sitting(n) } else { None });
        room.run(40, |n, _| if n < 5 { sitting(n) } else { (n == 5).then_some(0) });
        room.run(1_000, |n, _| if n < 5 { sitting(n) } else { None });
        room.run(1_000, |n, _| if n < 5 { sitting(n) } else { (n == 5).then_some(52) });
        assert_eq!(room.moves, 0, "a soft word after another cough");
        room.run(600, |n, _| if n < 5 && n != 1 { sitting(n) } else { None });
        room.run(200, |n, _| if n < 5 && n != 1 { sitting(n) } else { (n == 6).then_some(20) });
        assert!(room.sits(6) && !room.sits(1), "the one who pauses leaves");
    }

    #[test]
    fn a_track_without_levels_speaks_softly_all_the_time() {
        let mut room = Room::new(6);
        for n in 0..5 {
            room.speakers.hear(room.now, id(n), None);
        }
        let mute = |room: &mut Room, n| room.speakers.hear(room.now, id(n), None).seats;
        assert!(!mute(&mut room, 5), "it displaces none of its kind");
        room.run(40, |n, _| (n == 5).then_some(50));
        assert!(room.sits(5), "and whoever says levels comes before it");
        assert_eq!(room.speakers.seated().count(), SEATS);
        assert_eq!(room.speakers.speaker(), Some(id(5)));
    }

    #[test]
    fn a_seat_that_is_left_goes_to_the_loudest_who_has_none() {
        let mut room = Room::new(7);
        room.run(1_000, |n, _| Some(if n == 6 { 50 } else { 45 }));
        assert!(!room.sits(6));
        room.speakers.remove(id(2));
        assert!(room.sits(5) && !room.sits(6));
        assert_eq!(room.speakers.seated().count(), SEATS);
    }

    #[test]
    fn any_levels_keep_the_seats_full_and_no_fuller() {
        let mut rng = Rng::new(8);
        let mut room = Room::new(15);
        room.run(120_000, |_, _| (rng.below(4) > 0).then(|| rng.below(128) as u8));
        assert_eq!(room.speakers.seated().count(), SEATS);
    }
}
