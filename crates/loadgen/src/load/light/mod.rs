//! A light viewer: str0m connects it and no more. Media is opened and reports are sealed here with the session's keys,
//! which costs a fraction; the server is told all that a browser would tell it.
//!
//! ```text
//!   datagram ─▶ Opener ─▶ Arrivals (transport-wide) ─▶ Stream (gaps, jitter) ─▶ Seen, for the judges
//!                             │                            │
//!                             └────────▶ speak ◀───────────┘    reports, feedback, NACK, PLI ─▶ Sealer ─▶ datagram
//! ```
//!
//! It is not a browser's judgement: there is no jitter buffer and no bandwidth estimate of its own, and a repair is asked
//! for as soon as its gap is seen. It holds the only sealer of its direction, see `transport::Client::leave_srtp`.

mod arrivals;
mod stream;
mod terms;

use std::time::{Duration, Instant};

use media::codec::{Codec, Kind, facts};
use media::packet::Packet;
use media::{Seq, ext};
use transport::rtcp::{self, ReportBlock};
use transport::srtp::{Keys, Opener, Sealer};

use super::track::Seen;
use crate::report::Feedback;
use crate::udp::WallNs;
use arrivals::Arrivals;
use stream::{Asks, Stream};
pub use terms::Terms;
use terms::{Carries, Format};

pub struct Light {
    opener: Opener,
    sealer: Sealer,
    terms: Terms,
    streams: Vec<Stream>,
    /// If the answer agreed to transport-wide feedback.
    arrivals: Option<Arrivals>,
    /// Of `streams`, where the next report begins: one holds 31.
    report_from: usize,
    report_due: Instant,
    feedback_due: Instant,
    said: Feedback,
    clear: Vec<u8>,
    compound: Vec<u8>,
}

/// What libwebrtc calls itself when it sends nothing.
const OUR_SSRC: u32 = 1;
/// Enough for every section of a meeting's page, 49 pictures and 16 voices; a server that makes up more is not reported on.
const STREAMS_MAX: usize = 66;
/// The count of blocks has five bits. With more streams than that each is reported on every other time (RFC 3550 §6.4).
const BLOCKS_MAX: usize = 31;
/// RFC 3550 would allow more seldom; browsers report once a second.
const REPORT_EVERY: Duration = Duration::from_secs(1);
/// What libwebrtc does while less than 5 % of the bandwidth goes into it: 50 to 250 ms.
const FEEDBACK_EVERY: Duration = Duration::from_millis(100);
impl Light {
    pub fn new(now: Instant, keys: &Keys, terms: Terms) -> Light {
        Light {
            opener: Opener::new(keys),
            sealer: Sealer::new(keys),
            arrivals: terms.transport_seq().map(|_| Arrivals::default()),
            report_from: 0,
            terms,
            streams: Vec::new(),
            report_due: now + REPORT_EVERY,
            feedback_due: now + FEEDBACK_EVERY,
            said: Feedback::default(),
            clear: Vec::new(),
            compound: Vec::new(),
        }
    }

    /// The media packet inside: from the stream itself or a repair that was missing. Nothing comes of padding, of repairs
    /// that nobody needs (probes among them), and of what the keys do not open.
    pub fn open(&mut self, at: WallNs, now: Instant, datagram: &[u8]) -> Option<Seen<'_>> {
        let opened = self.opener.open_rtp(datagram, &mut self.clear).ok()?;
        let packet = Packet::parse(&self.clear[..opened.len]).ok()?;
        if let Some((id, arrivals)) = self.terms.transport_seq().zip(self.arrivals.as_mut())
            && let Some(seq) = packet.extension.and_then(|block| block.find(id)?.first_chunk().copied())
        {
            arrivals.note(Seq(u16::from_be_bytes(seq)), at);
        }
        let &Format { carries, nack, .. } = self.terms.format(packet.header.payload_type)?;
        let ssrc = packet.header.ssrc;
        let (stream, seq, payload) = match carries {
            Carries::Media(codec) => {
                let stream = stream_of(&mut self.streams, now, ssrc, codec, nack)?;
                stream.arrived(opened.index, at, now, packet.header.time);
                (stream, opened.index, packet.payload)
            }
            Carries::RepairsOf(codec) => {
                // The number that the packet had comes first (RFC 4588 §4).
                let (original, payload) = packet.payload.split_first_chunk::<2>()?;
                let of = self.terms.repaired_by(ssrc);
                let is_it = |stream: &&mut Stream| of.map_or(stream.codec() == codec, |of| stream.ssrc() == of);
                let stream = self.streams.iter_mut().rev().find(is_it)?;
                let Some(seq) = stream.repaired(Seq(u16::from_be_bytes(*original))) else {
                    self.said.repairs_unneeded += 1;
                    return None;
                };
                self.said.repaired += 1;
                (stream, seq, payload)
            }
        };
        if payload.is_empty() {
            return None;
        }
        let (codec, ssrc) = (stream.codec(), stream.ssrc());
        if stream.wants_picture() {
            let facts = facts(codec, payload, packet.header.marker, None);
            if facts.keyframe && facts.frame_start {
                stream.has_picture();
            }
        }
        let descriptor = self.terms.extensions().id(ext::Kind::DependencyDescriptor);
        let descriptor = descriptor.filter(|_| codec.kind() == Kind::Video);
        Some(Seen {
            ssrc,
            codec,
            seq,
            time: packet.header.time.0,
            marker: packet.header.marker,
            payload,
            dd: descriptor.and_then(|id| packet.extension?.find(id)),
        })
    }

    /// A report of the server: our next one says when it came.
    pub fn open_report(&mut self, at: WallNs, datagram: &[u8]) {
        if self.opener.open_rtcp(datagram, &mut self.clear).is_err() {
            return;
        }
        for packet in rtcp::read(&self.clear) {
            if let rtcp::Packet::SenderReport { ssrc, info, .. } = packet
                && let Some(stream) = self.streams.iter_mut().find(|stream| stream.ssrc() == ssrc)
            {
                stream.sender_reported(info.ntp, at);
            }
        }
    }

    /// When [`Light::speak`] has something to say.
    pub fn due(&self) -> Instant {
        let mut due = self.report_due;
        if self.arrivals.as_ref().is_some_and(|arrivals| !arrivals.is_empty()) {
            due = due.min(self.feedback_due);
        }
        if self.terms.takes_pli() {
            due = self.streams.iter().filter_map(Stream::keyframe_due).fold(due, Instant::min);
        }
        self.streams.iter().filter_map(Stream::ask_due).fold(due, Instant::min)
    }

    /// All that is due, as one compound. The report leads, as RFC 3550 wants it where there is one.
    pub fn speak(&mut self, now: Instant, wall: WallNs, send: impl FnOnce(&[u8])) {
        self.compound.clear();
        if now >= self.report_due {
            self.report_due = now + REPORT_EVERY;
            self.said.reports += 1;
            let (from, count) = (self.report_from, self.streams.len());
            let blocks = (0..count.min(BLOCKS_MAX)).map(|n| self.streams[(from + n) % count].report(wall));
            let blocks: Vec<ReportBlock> = blocks.collect();
            self.report_from = if count > BLOCKS_MAX { (from + BLOCKS_MAX) % count } else { 0 };
            rtcp::receiver_report(&mut self.compound, OUR_SSRC, &blocks, "weir-load");
        }
        if now >= self.feedback_due
            && let Some(arrivals) = &mut self.arrivals
            && let Some(media) = self.streams.last().map(Stream::ssrc)
        {
            self.feedback_due = now + FEEDBACK_EVERY;
            self.said.transport += u64::from(arrivals.write(&mut self.compound, OUR_SSRC, media));
        }
        self.ask_for_repairs(now);
        self.ask_for_keyframe(now);
        if !self.compound.is_empty() && self.sealer.seal_rtcp(&mut self.compound) {
            send(&self.compound);
        }
    }

    pub fn said(&self) -> Feedback {
        self.said
    }

    fn ask_for_repairs(&mut self, now: Instant) {
        for stream in &mut self.streams {
            if stream.ask_due().is_none_or(|due| due > now) {
                continue;
            }
            let Asks { lost, given_up } = stream.ask(now);
            self.said.nacked += lost.len() as u64;
            self.said.given_up += given_up;
            if !lost.is_empty() {
                rtcp::nack(&mut self.compound, OUR_SSRC, stream.ssrc(), &lost);
            }
            if given_up > 0 {
                stream.lost_picture(now);
            }
        }
    }

    /// If that was agreed. Like a browser, it does not ask a stream that does not come.
    fn ask_for_keyframe(&mut self, now: Instant) {
        if !self.terms.takes_pli() {
            return;
        }
        for stream in &mut self.streams {
            if stream.keyframe_due().is_some_and(|due| due <= now) {
                stream.asked_for_picture(now);
                self.said.keyframes_asked += 1;
                rtcp::pli(&mut self.compound, OUR_SSRC, stream.ssrc());
            }
        }
    }
}

/// The stream with this SSRC, which begins with its first authentic packet.
fn stream_of(streams: &mut Vec<Stream>, now: Instant, ssrc: u32, codec: Codec, nack: bool) -> Option<&mut Stream> {
    let at = match streams.iter().position(|stream| stream.ssrc() == ssrc) {
        Some(at) => at,
        None if streams.len() < STREAMS_MAX => {
            streams.push(Stream::new(now, ssrc, codec, nack));
            streams.len() - 1
        }
        None => return None,
    };
    streams.get_mut(at)
}
