//! The packets of all sessions, which come to one UDP port: whose each is, and whether it can be meant.
//!
//! FTL sends RTP in the clear and unsigned, so all there is to go by is the address that a session's TCP connection comes
//! from, and the SSRCs and payload types that it announced. A packet that fits none is dropped and counted. Whoever can send
//! from the address of an encoder can still put packets into its stream: that is the protocol, and why it is off by default.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use media::Unroller;
use media::codec::Kind;

use crate::announce::{Announcement, Track};
use crate::sets::{Placed, Sets};

/// An encoder that has sent nothing for so long is gone.
pub const SILENCE_MAX: Duration = Duration::from_secs(1);

/// Encoders start only when they are connected.
pub const FIRST_MEDIA_MAX: Duration = Duration::from_secs(5);

/// Sender reports, told apart by the whole second byte (RFC 5761).
const SENDER_REPORT: u8 = 200;
/// The client library's own way to measure its round trip: it wants them back as they are.
const PING: u8 = 250;
const PING_LEN_MAX: usize = 64;

/// OBS now and then sends what is no Opus at all as audio: long, and zeros in front.
const BOGUS_LEN: usize = 600;
const BOGUS_ZEROS: usize = 10;

/// A session, for as long as it lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FeedId(pub u64);

/// A datagram that belongs to somebody.
#[derive(Debug, PartialEq, Eq)]
pub enum Heard<'a> {
    Media {
        feed: FeedId,
        kind: Kind,
        /// Extended sequence number.
        seq: u64,
        time: u32,
        marker: bool,
        payload: &'a [u8],
        /// Goes before it, with the number before and the same time.
        sets: Option<Vec<u8>>,
    },
    /// What was in it goes before a keyframe that is to come.
    Kept,
    /// What wall-clock time (NTP, 32.32) an RTP timestamp was.
    Clock { feed: FeedId, kind: Kind, ntp: u64, time: u32 },
    /// Send it back to where it came from.
    Ping,
}

macro_rules! ignored {
    ($($(#[$doc:meta])* $name:ident = $label:literal,)*) => {
        /// Why a datagram was dropped.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Ignored { $($(#[$doc])* $name,)* }

        impl Ignored {
            pub const ALL: &'static [Ignored] = &[$(Ignored::$name,)*];

            /// The value of the metric label `reason`.
            pub fn label(self) -> &'static str {
                match self { $(Ignored::$name => $label,)* }
            }
        }
    };
}

ignored! {
    /// From an address without a session.
    Stranger = "stranger",
    /// Neither RTP nor anything that FTL sends.
    NotRtp = "not_rtp",
    /// From the address of a session, which announced another SSRC.
    WrongSsrc = "wrong_ssrc",
    /// With an announced SSRC, and another payload type.
    WrongPayloadType = "wrong_payload_type",
    /// Audio that is none.
    Bogus = "bogus",
    /// Older than the first packet of its stream.
    TooOld = "too_old",
}

/// Why a session cannot be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// The channel has a session.
    Channel,
    /// Somebody at the same address sends with the SSRC of this track.
    Ssrc(Kind),
}

/// Everybody who sends.
#[derive(Debug, Default)]
pub struct Streams {
    feeds: BTreeMap<FeedId, Feed>,
    by_source: BTreeMap<(IpAddr, u32), (FeedId, Kind)>,
    /// Sessions at each address.
    addresses: BTreeMap<IpAddr, u32>,
}

#[derive(Debug)]
struct Feed {
    channel: u32,
    ip: IpAddr,
    video: Option<Stream>,
    audio: Option<Stream>,
    /// No media until then: it is over.
    silent_at: Instant,
}

#[derive(Debug)]
struct Stream {
    track: Track,
    numbers: Unroller,
    sets: Sets,
}

impl Streams {
    /// A session of `channel` begins to send from `ip`, unless something of it is taken.
    pub fn add(
        &mut self,
        now: Instant,
        feed: FeedId,
        channel: u32,
        ip: IpAddr,
        announcement: &Announcement,
    ) -> Result<(), Taken> {
        let ip = ip.to_canonical();
        if self.feeds.values().any(|feed| feed.channel == channel) {
            return Err(Taken::Channel);
        }
        let tracks = [(Kind::Audio, announcement.audio), (Kind::Video, announcement.video)];
        let tracks = tracks.into_iter().filter_map(|(kind, track)| Some((kind, track?)));
        if let Some((kind, _)) = tracks.clone().find(|(_, track)| self.by_source.contains_key(&(ip, track.ssrc))) {
            return Err(Taken::Ssrc(kind));
        }
        self.by_source.extend(tracks.map(|(kind, track)| ((ip, track.ssrc), (feed, kind))));
        *self.addresses.entry(ip).or_default() += 1;
        let stream = |track| Stream { track, numbers: Unroller::new(), sets: Sets::default() };
        let (video, audio) = (announcement.video.map(stream), announcement.audio.map(stream));
        self.feeds.insert(feed, Feed { channel, ip, video, audio, silent_at: now + FIRST_MEDIA_MAX });
        Ok(())
    }

    pub fn remove(&mut self, feed: FeedId) {
        let Some(gone) = self.feeds.remove(&feed) else { return };
        self.by_source.retain(|_, (owner, _)| *owner != feed);
        if let Some(sessions) = self.addresses.get_mut(&gone.ip) {
            *sessions -= 1;
            if *sessions == 0 {
                self.addresses.remove(&gone.ip);
            }
        }
    }

    pub fn handle<'a>(&mut self, now: Instant, from: IpAddr, datagram: &'a [u8]) -> Result<Heard<'a>, Ignored> {
        let from = from.to_canonical();
        if !self.addresses.contains_key(&from) {
            return Err(Ignored::Stranger);
        }
        match datagram.get(1) {
            Some(&PING) if datagram.len() <= PING_LEN_MAX => Ok(Heard::Ping),
            Some(&SENDER_REPORT) => self.handle_report(from, datagram),
            _ => self.handle_media(now, from, datagram),
        }
    }

    /// A session from which no media has come for too long.
    pub fn silent(&self, now: Instant) -> Option<FeedId> {
        self.feeds.iter().find(|(_, feed)| feed.silent_at <= now).map(|(id, _)| *id)
    }

    pub fn len(&self) -> usize {
        self.feeds.len()
    }

    pub fn is_empty(&self) -> bool {
        self.feeds.is_empty()
    }

    fn handle_media<'a>(&mut self, now: Instant, from: IpAddr, datagram: &'a [u8]) -> Result<Heard<'a>, Ignored> {
        let packet = media::Packet::parse(datagram).map_err(|_| Ignored::NotRtp)?;
        let header = packet.header;
        let (feed, kind) = *self.by_source.get(&(from, header.ssrc)).ok_or(Ignored::WrongSsrc)?;
        let entry = self.feeds.get_mut(&feed).expect("by_source names feeds that are there");
        let stream = match kind {
            Kind::Video => entry.video.as_mut(),
            Kind::Audio => entry.audio.as_mut(),
        };
        let stream = stream.expect("by_source names tracks that were announced");
        if header.payload_type != stream.track.payload_type {
            return Err(Ignored::WrongPayloadType);
        }
        if kind == Kind::Audio && is_bogus(packet.payload) {
            return Err(Ignored::Bogus);
        }
        let seq = stream.numbers.unroll(header.seq).ok_or(Ignored::TooOld)?;
        entry.silent_at = now + SILENCE_MAX;
        let (time, marker, payload) = (header.time.0, header.marker, packet.payload);
        let placed = match kind {
            Kind::Video => stream.sets.place(seq, time, payload),
            Kind::Audio => Placed::At { seq, sets: None },
        };
        Ok(match placed {
            Placed::Kept => Heard::Kept,
            Placed::At { seq, sets } => Heard::Media { feed, kind, seq, time, marker, payload, sets },
        })
    }

    fn handle_report<'a>(&self, from: IpAddr, datagram: &'a [u8]) -> Result<Heard<'a>, Ignored> {
        let word = |at: usize| {
            let bytes = datagram.get(at..at + 4)?.try_into().expect("four bytes");
            Some(u32::from_be_bytes(bytes))
        };
        let read = || Some((word(4)?, word(8)?, word(12)?, word(16)?));
        let version_2 = datagram[0] >> 6 == 2;
        let (ssrc, seconds, fraction, time) = read().filter(|_| version_2).ok_or(Ignored::NotRtp)?;
        let (feed, kind) = *self.by_source.get(&(from, ssrc)).ok_or(Ignored::WrongSsrc)?;
        Ok(Heard::Clock { feed, kind, ntp: u64::from(seconds) << 32 | u64::from(fraction), time })
    }
}

fn is_bogus(payload: &[u8]) -> bool {
    payload.len() > BOGUS_LEN && payload[..BOGUS_ZEROS].iter().all(|&b| b == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);
    const HOME: &str = "192.0.2.7";

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn announcement(audio: u32) -> Announcement {
        let track = |ssrc, payload_type| Some(Track { ssrc, payload_type });
        Announcement { vendor: String::new(), video: track(audio + 1, 96), audio: track(audio, 97), size: None }
    }

    fn rtp(payload_type: u8, seq: u16, ssrc: u32, payload: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0x80, payload_type];
        bytes.extend_from_slice(&seq.to_be_bytes());
        bytes.extend_from_slice(&[0, 0, 0, 9]);
        bytes.extend_from_slice(&ssrc.to_be_bytes());
        bytes.extend_from_slice(payload);
        bytes
    }

    fn one() -> (Streams, Instant) {
        let (mut streams, now) = (Streams::default(), Instant::now());
        streams.add(now, FeedId(1), 77, ip(HOME), &announcement(77)).unwrap();
        (streams, now)
    }

    #[test]
    fn a_packet_is_whose_address_and_ssrc_it_has_and_is_numbered_on_across_the_wrap() {
        let (mut streams, now) = one();
        streams.add(now, FeedId(2), 5, ip("192.0.2.8"), &announcement(77)).unwrap();
        let mut seen = Vec::new();
        for (from, seq) in [(HOME, 65_535), ("192.0.2.8", 5), (HOME, 0), ("::ffff:192.0.2.7", 65_534)] {
            let bytes = rtp(96, seq, 78, &[0x41, 1]);
            let Ok(Heard::Media { feed, kind: Kind::Video, seq, time: 9, payload: [0x41, 1], .. }) =
                streams.handle(now, ip(from), &bytes)
            else {
                panic!("{from} {seq}")
            };
            seen.push((feed.0, seq));
        }
        assert_eq!(seen, [(1, 65_535), (2, 5), (1, 65_536), (1, 65_534)]);
    }

    #[test]
    fn what_was_not_announced_is_dropped_with_its_reason() {
        let (mut streams, now) = one();
        let good = rtp(96, 1, 78, &[0x41, 1]);
        for (from, bytes, reason) in [
            ("192.0.2.9", good.clone(), Ignored::Stranger),
            (HOME, rtp(96, 1, 79, &[1]), Ignored::WrongSsrc),
            (HOME, rtp(97, 1, 78, &[1]), Ignored::WrongPayloadType),
            (HOME, rtp(96, 1, 77, &[1]), Ignored::WrongPayloadType),
            (HOME, good[..11].to_vec(), Ignored::NotRtp),
            (HOME, vec![], Ignored::NotRtp),
            (HOME, vec![0x80, 200, 0, 6], Ignored::NotRtp),
            (HOME, [&[0x80, 250][..], &[0; 70]].concat(), Ignored::WrongSsrc),
        ] {
            assert_eq!(streams.handle(now, ip(from), &bytes), Err(reason), "{bytes:?}");
        }
        assert!(streams.handle(now, ip(HOME), &good).is_ok());
        streams.remove(FeedId(1));
        assert_eq!(streams.handle(now, ip(HOME), &good), Err(Ignored::Stranger));
        assert!(streams.is_empty() && streams.by_source.is_empty() && streams.addresses.is_empty());
    }

    #[test]
    fn audio_that_is_none_is_dropped_and_long_audio_is_not() {
        let (mut streams, now) = one();
        let mut long = [0; 700];
        let bogus = rtp(97, 1, 77, &long);
        assert_eq!(streams.handle(now, ip(HOME), &bogus), Err(Ignored::Bogus));
        long[9] = 1;
        assert!(streams.handle(now, ip(HOME), &rtp(97, 1, 77, &long)).is_ok());
        assert!(streams.handle(now, ip(HOME), &rtp(97, 2, 77, &[0; 600])).is_ok());
    }

    #[test]
    fn a_session_is_silent_after_a_second_and_at_the_beginning_after_five() {
        let (mut streams, now) = one();
        assert_eq!(streams.silent(now + 4999 * MS), None);
        assert_eq!(streams.silent(now + 5000 * MS), Some(FeedId(1)));
        streams.handle(now + 100 * MS, ip(HOME), &rtp(97, 1, 77, &[0xfc, 1])).unwrap();
        // What is no media proves nothing.
        let report = [&[0x80, 200, 0, 6][..], &77u32.to_be_bytes(), &[0; 20]].concat();
        streams.handle(now + 900 * MS, ip(HOME), &report).unwrap();
        streams.handle(now + 900 * MS, ip(HOME), &rtp(96, 1, 99, &[1])).unwrap_err();
        assert_eq!(streams.silent(now + 1099 * MS), None);
        assert_eq!(streams.silent(now + 1100 * MS), Some(FeedId(1)));
    }

    #[test]
    fn sender_reports_tell_the_time_and_pings_come_back() {
        let (mut streams, now) = one();
        let mut report = vec![0x80, 200, 0, 6];
        for word in [78u32, 3_900_000_000, 1 << 31, 90_000, 1, 2] {
            report.extend_from_slice(&word.to_be_bytes());
        }
        let clock =
            Heard::Clock { feed: FeedId(1), kind: Kind::Video, ntp: 3_900_000_000 << 32 | 1 << 31, time: 90_000 };
        assert_eq!(streams.handle(now, ip(HOME), &report), Ok(clock));
        assert_eq!(streams.handle(now, ip(HOME), &[0x81, 250, 0, 20, 1, 2, 3, 4]), Ok(Heard::Ping));
        assert_eq!(streams.handle(now, ip("192.0.2.9"), &[0x81, 250, 0, 20]), Err(Ignored::Stranger));
    }

    #[test]
    fn a_channel_has_one_session_and_those_of_one_address_need_different_ssrcs() {
        let (mut streams, now) = one();
        let mut add = |channel, audio| streams.add(now, FeedId(2), channel, ip(HOME), &announcement(audio));
        assert_eq!(add(77, 200), Err(Taken::Channel));
        assert_eq!(add(5, 77), Err(Taken::Ssrc(Kind::Audio)));
        assert_eq!(add(5, 78), Err(Taken::Ssrc(Kind::Audio)));
        assert_eq!(add(5, 76), Err(Taken::Ssrc(Kind::Video)));
        assert_eq!(add(5, 100), Ok(()));
        assert_eq!(streams.len(), 2);
        streams.remove(FeedId(1));
        assert!(streams.handle(now, ip(HOME), &rtp(97, 1, 100, &[1])).is_ok());
    }
}
