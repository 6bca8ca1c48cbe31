//! The way to one viewer, whatever tracks it takes: its address, its keys, what its line can carry.
//!
//! Lines lie in one dense array by slot, apart from the sessions, because every visit of a fan-out touches one. A viewer's
//! tracks share its line: one sealer, so that one nonce cannot be used twice; one transport-wide numbering, so that the viewer
//! can report on all of it; one estimate.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use transport::Outbox;
use transport::bwe::{Estimator, Limits, Probe, Sent, View};
use transport::srtp::{Keys, OVERHEAD_MAX, Sealer};
use transport::{rtcp, sys};

use crate::allowance::Allowance;
use crate::drops::Drop;
use crate::header::{self, Fields, Header};
use crate::pacer::{Pacer, Room};
use crate::ring::Packet;

/// IPv4 and UDP headers: an estimate speaks of what a line carries.
const DATAGRAM_OVERHEAD: usize = 28;

/// Above this share of a limit that was seen, a line has no room for bursts: a keyframe of five frames at twice the rate fills
/// a queue of 80 ms.
const NEAR_PERCENT: u64 = 50;

/// Above this loss, the hundredth part of which would hit a repair too, a second copy is worth its bytes.
const LOSSY: f64 = 0.01;
/// Longer than a Wi-Fi retry or a full queue's burst, shorter than a frame.
const COPY_AFTER: Duration = Duration::from_millis(12);
/// Copies that wait: more losses than that within [`COPY_AFTER`] are an outage, which copies do not mend.
const COPIES_MAX: usize = 64;

pub struct Line {
    pub to: SocketAddr,
    sealer: Sealer,
    estimator: Estimator,
    pub pacer: Pacer,
    /// Media bytes since the last review, and what that came to.
    bytes: u64,
    reviewed_at: Instant,
    pub sent_bps: u64,
    /// Bytes of the viewer's packets that wait for the pacer.
    pub held_bytes: u64,
    pub probing: Option<Probing>,
    /// Repairs to be sent once more, the first due first.
    pub copies: VecDeque<Again>,
    repairs: Allowance,
    /// When something that waits, a copy, or a probe wants to be looked at.
    pub next_at: Option<Instant>,
    /// The last report of any kind on what arrived.
    pub heard_at: Instant,
    /// When the first packet of a picture left, until it is counted.
    pub first_picture: Option<Instant>,
}

/// The second sending of a repair. A viewer asks again only a round trip later, libwebrtc at first 100 ms: long enough for a
/// picture to freeze when the repair is lost as well.
#[derive(Debug, Clone, Copy)]
pub struct Again {
    pub at: Instant,
    /// Of the track, not of its repairs.
    pub ssrc: u32,
    pub lost: u16,
}

/// A probe on its way: packets sent again, faster than the stream, to see whether the line carries them.
#[derive(Debug, Clone, Copy)]
pub struct Probing {
    pub probe: Probe,
    pub sent_bytes: usize,
    pub started: Instant,
}

/// Everything that differs between a track's own stream and its repair stream.
pub struct Stream<'a> {
    pub header: &'a Header,
    pub payload_type: u8,
    pub ssrc: u32,
    /// Extended sequence number.
    pub index: u64,
    /// Its RTP timestamp.
    pub time: u32,
    pub marker: bool,
    /// Without redundant sound.
    pub is_plain: bool,
    /// Its frame number in the dependency descriptor.
    pub frame: u16,
}

/// The moment of a visit, as the wire wants it.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    pub now: Instant,
    /// 6.18 fixed-point seconds, as abs-send-time wants it.
    pub send_time: u32,
}

impl Line {
    pub fn new(now: Instant, to: SocketAddr, keys: &Keys, limits: Limits) -> Line {
        Line {
            to,
            sealer: Sealer::new(keys),
            estimator: Estimator::new(limits),
            pacer: Pacer::default(),
            bytes: 0,
            reviewed_at: now,
            sent_bps: 0,
            held_bytes: 0,
            probing: None,
            copies: VecDeque::new(),
            repairs: Allowance::new(now),
            next_at: None,
            heard_at: now,
            first_picture: None,
        }
    }

    /// How the line fares.
    pub fn view(&self) -> View {
        self.estimator.view()
    }

    /// Has brought near what sending will touch: first, two visits ahead, the line itself;
    #[inline]
    pub fn prefetch(&self) {
        sys::prefetch(&self.to);
        sys::prefetch(&self.sealer);
        sys::prefetch(&self.estimator);
    }

    /// then, one visit ahead, what it points to.
    #[inline]
    pub fn prefetch_behind(&self) {
        self.sealer.prefetch();
        self.estimator.prefetch();
    }

    /// Seals a packet straight from the ring into the outbox; says how long the datagram is.
    pub fn send(
        &mut self,
        moment: Moment,
        stream: &Stream<'_>,
        packet: &Packet,
        out: &mut Outbox,
    ) -> Result<usize, Drop> {
        let text = if stream.is_plain { packet.plain() } else { packet.text() };
        let room = out.room(header::LEN_MAX + text.len() + OVERHEAD_MAX).ok_or(Drop::OutboxFull)?;
        let transport = self.number(moment.now, stream.header, text.len(), Sent::Media);
        let header_len = stream.header.write(room, packet, &stream.fields(moment, transport, false));
        let sealed = self.sealer.seal_rtp_gather(room, header_len, text, stream.ssrc, stream.index);
        let len = sealed.ok_or(Drop::SealedTwice)?;
        out.commit(self.to, len);
        self.bytes += len as u64;
        Ok(len)
    }

    /// The same on the repair stream (RFC 4588): the lost packet's number goes before its payload.
    pub fn send_again(
        &mut self,
        moment: Moment,
        stream: &Stream<'_>,
        packet: &Packet,
        lost: u16,
        why: Sent,
        out: &mut Outbox,
    ) -> Result<usize, Drop> {
        let text = packet.text();
        let room = out.room(header::LEN_MAX + 2 + text.len() + OVERHEAD_MAX).ok_or(Drop::OutboxFull)?;
        let transport = self.number(moment.now, stream.header, 2 + text.len(), why);
        let header_len = stream.header.write(room, packet, &stream.fields(moment, transport, true));
        room[header_len..][..2].copy_from_slice(&lost.to_be_bytes());
        room[header_len + 2..][..text.len()].copy_from_slice(text);
        let sealed = self.sealer.seal_rtp(room, header_len, 2 + text.len(), stream.ssrc, stream.index);
        let len = sealed.ok_or(Drop::SealedTwice)?;
        out.commit(self.to, len);
        Ok(len)
    }

    pub fn send_report(&mut self, packet: &mut Vec<u8>, out: &mut Outbox) {
        if self.sealer.seal_rtcp(packet) {
            out.push(self.to, packet);
        }
    }

    fn number(&mut self, now: Instant, header: &Header, text_len: usize, what: Sent) -> u16 {
        if !header.is_numbered() {
            return 0;
        }
        self.estimator.sent(now, text_len + header.len() + self.sealer.tag_len() + DATAGRAM_OVERHEAD, what)
    }

    pub fn hear_arrivals(&mut self, now: Instant, report: &rtcp::Twcc<'_>) {
        self.heard_at = now;
        self.estimator.feedback(now, report);
        self.adjust_pace();
    }

    pub fn hear_ceiling(&mut self, now: Instant, bps: u64) {
        self.estimator.remb(now, bps);
        self.adjust_pace();
    }

    pub fn hear_report(&mut self, now: Instant, block: &rtcp::ReportBlock, rtt: Option<Duration>) {
        self.estimator.receiver_report(now, block, rtt);
        self.adjust_pace();
    }

    /// About once a second.
    pub fn review(&mut self, now: Instant) {
        let elapsed = now.saturating_duration_since(self.reviewed_at).as_micros() as u64;
        self.reviewed_at = now;
        self.sent_bps = self.bytes * 8 * 1_000_000 / elapsed.max(1);
        self.bytes = 0;
        self.estimator.tick(now);
        self.adjust_pace();
    }

    /// A repair was sent. Where much is lost it is sent once more, a little later, so that one burst does not take both.
    pub fn copy_later(&mut self, now: Instant, ssrc: u32, lost: u16) {
        // A full queue would lose the copy as well.
        if self.estimator.view().loss > LOSSY && !self.estimator.has_queue() && self.copies.len() < COPIES_MAX {
            let at = now + COPY_AFTER;
            self.copies.push_back(Again { at, ssrc, lost });
            self.look_at(at);
        }
    }

    /// What waits here is of no use any more.
    pub fn forget_waiting(&mut self) {
        self.held_bytes = 0;
        self.copies.clear();
        self.adjust_pace();
        self.pacer.rest();
    }

    /// Whether a repair of so many bytes may leave now. A yes spends them.
    pub fn admits_repair(&mut self, now: Instant, bytes: u64) -> bool {
        self.estimate_bps().is_none_or(|bps| self.repairs.admits(now, bps, bytes))
    }

    /// Something is due at `at`; what is due earlier stays so.
    pub fn look_at(&mut self, at: Instant) {
        self.next_at = Some(self.next_at.map_or(at, |next| next.min(at)));
    }

    /// What the viewer can take, bits per second; `None` until its line has shown something.
    pub fn estimate_bps(&self) -> Option<u64> {
        self.estimator.is_proven().then(|| self.estimator.bps())
    }

    pub fn adjust_pace(&mut self) {
        let bps = self.estimator.bps();
        let is_near = self.estimator.has_limit() && self.sent_bps * 100 > bps * NEAR_PERCENT;
        if is_near || self.held_bytes > 0 {
            let room = match self.estimator.has_queue() {
                true if self.estimator.has_just_fallen() => Room::None,
                true => Room::Queue,
                false => Room::Some,
            };
            self.pacer.limit(bps, room, self.held_bytes);
        } else {
            self.pacer.free();
        }
    }

    /// Begins a probe when the estimator wants one: `wanted_bps` is what could be sent if the line carried it. True when one began.
    pub fn begin_probe(&mut self, now: Instant, wanted_bps: u64) -> bool {
        // A line that carries all that there is to send is left alone: what is sent tests it.
        let is_enough = self.estimate_bps().is_some_and(|bps| bps >= wanted_bps);
        if self.probing.is_some() || is_enough {
            return false;
        }
        let Some(probe) = self.estimator.probe(now, wanted_bps) else { return false };
        self.probing = Some(Probing { probe, sent_bytes: 0, started: now });
        self.look_at(now);
        true
    }

    /// So much of the probe has been sent; `is_over` when there will not be more.
    pub fn probed(&mut self, now: Instant, sent_bytes: usize, is_over: bool) {
        let Some(probing) = &mut self.probing else { return };
        probing.sent_bytes = sent_bytes;
        if is_over {
            self.probing = None;
            // It proves nothing if it is not complete, and what is sent next must not be taken for the rest of it.
            self.estimator.give_up_probe(now);
        }
    }
}

impl Stream<'_> {
    fn fields(&self, moment: Moment, transport: u16, is_repair: bool) -> Fields {
        Fields {
            payload_type: self.payload_type,
            ssrc: self.ssrc,
            seq: self.index as u16,
            time: self.time,
            send_time: moment.send_time,
            transport,
            is_repair,
            marker: self.marker,
            frame: self.frame,
        }
    }
}
