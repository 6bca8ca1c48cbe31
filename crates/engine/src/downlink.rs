//! One track on its way to one viewer: where a layer is chosen to be shown, where a packet gets the viewer's numbering,
//! and where it waits when the viewer's line is narrow.
//!
//! A downlink is the hot structure of the product: they lie in one dense array per source, and a fan-out walks that
//! array. It keeps no packets: what waits, and what is repaired, comes out of the source's ring. What a viewer's tracks
//! share (address, keys, estimate) is its [`Line`].

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use media::codec::{Codec, Kind, PictureId, vp8, vp9};
use transport::bwe::Sent;
use transport::{Outbox, SendTrack, rtcp};

use crate::drops::{Drop, Drops};
use crate::header::Header;
use crate::line::{Line, Moment, Stream};
use crate::ring::Packet;
use crate::source::{Layer, Pending};
use crate::splice::{Mapped, Mark, Splice};

#[repr(align(64))]
pub struct Downlink {
    pub ssrc: u32,
    /// The viewer's slot: its line and its session there.
    pub slot: u32,
    payload_type: u8,
    pub codec: Codec,
    /// The layer on show; `None` until the first packet that a decoder can start with.
    pub layer: Option<u8>,
    /// The layer to show from its next keyframe on.
    target: u8,
    /// A keyframe of the target that has begun while a frame of the layer on show was incomplete: layers come interleaved, and a
    /// decoder should not see half a frame.
    upcoming: Option<u64>,
    open: Option<Open>,
    header: Header,
    splice: Splice,
    rtx: Option<Rtx>,
    pub packets: u64,
    pub bytes: u64,
    /// Packets that the pacer made wait, in the viewer's numbering already.
    held: VecDeque<Held>,
    reported: Option<Reported>,
}

/// The frame whose last packet has not been sent.
#[derive(Clone, Copy)]
struct Open {
    /// In the source's clock.
    time: u32,
    at: Instant,
}

impl Open {
    /// A frame that has rested this long has lost its end. Encoders pace a frame over a frame interval, at most 66 ms.
    fn is_fresh(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.at) < Duration::from_millis(100)
    }
}

struct Rtx {
    payload_type: u8,
    ssrc: u32,
    seq: u64,
    /// Bytes that may still be repeated: a fifth of what was sent, so that a viewer who loses everything costs at most that much
    /// more. Probes spend it too.
    budget: u64,
}

/// A packet that waits in the ring.
struct Held {
    layer: u8,
    seq: u64,
    mapped: Mapped,
}

/// Our last sender report: what the viewer's answer to it says about the round trip.
#[derive(Clone, Copy)]
struct Reported {
    /// The middle 32 bits of its NTP time, as a report block repeats them.
    ntp: u32,
    at: Instant,
}

/// Enough for the repairs of a first lost keyframe.
const RTX_BUDGET_FIRST: u64 = 64 * 1024;
/// About half a second of 8 Mbit/s: credit does not pile up while a line is good.
const RTX_BUDGET_MAX: u64 = 512 * 1024;

/// Packets that wait at most: two keyframes of 8 Mbit/s. When it is full the oldest leaves at once, so that none is lost here.
const HELD_MAX: usize = 512;

/// What a flush hands to every downlink of a source.
pub struct Batch<'a> {
    pub layers: &'a mut [Layer],
    /// Everything that arrived and has not gone out; the first `burst` go out now.
    pub pending: &'a [Pending],
    pub burst: usize,
}

/// The way out for one visit to one viewer.
pub struct Way<'a> {
    pub moment: Moment,
    pub line: &'a mut Line,
    pub out: &'a mut Outbox,
    pub drops: &'a mut Drops,
}

impl Downlink {
    pub fn new(slot: u32, track: &SendTrack, seq_first: u16) -> Downlink {
        Downlink {
            ssrc: track.ssrc,
            slot,
            payload_type: track.pt,
            codec: track.codec,
            layer: None,
            target: 0,
            upcoming: None,
            open: None,
            header: Header::new(track),
            splice: Splice::new(track.clock_rate, seq_first),
            rtx: track.rtx.map(|(payload_type, ssrc)| Rtx {
                payload_type,
                ssrc,
                seq: u64::from(seq_first),
                budget: RTX_BUDGET_FIRST,
            }),
            packets: 0,
            bytes: 0,
            held: VecDeque::new(),
            reported: None,
        }
    }

    pub fn kind(&self) -> Kind {
        self.codec.kind()
    }

    /// The source is another one from here on: show nothing until it can be decoded.
    pub fn await_source(&mut self, target: u8) {
        self.layer = None;
        self.open = None;
        self.upcoming = None;
        self.target = target;
    }

    pub fn target(&self) -> u8 {
        self.target
    }

    /// Shows this layer from its next keyframe on.
    pub fn aim_at(&mut self, target: u8) {
        if target != self.target {
            self.target = target;
            self.upcoming = None;
        }
    }

    /// Waiting for a keyframe of this layer.
    pub fn waits_for(&self) -> Option<u8> {
        let waits = self.kind() == Kind::Video && self.layer != Some(self.target) && self.upcoming.is_none();
        waits.then_some(self.target)
    }

    /// Sends what is new of the source.
    pub fn forward(&mut self, batch: &mut Batch<'_>, way: &mut Way<'_>) {
        for (i, pending) in batch.pending[..batch.burst].iter().enumerate() {
            let ring = &batch.layers[pending.layer as usize].ring;
            let Some(packet) = ring.get(pending.seq) else { continue };
            let (time, arrival) = (packet.time, packet.arrival);
            let rest = &batch.pending[i + 1..];
            if self.layer == Some(pending.layer) {
                if self.upcoming.is_none() || self.open.is_some_and(|open| open.time == time) {
                    self.send(batch.layers, pending.layer, pending.seq, way);
                }
                // Its frame is complete now, or never will be: another one has begun.
                let goes_on = self.open.is_some_and(|open| open.time == time);
                if let Some(seq) = self.upcoming.filter(|_| !goes_on) {
                    self.switch(seq, rest, batch, way);
                }
                continue;
            }
            if pending.layer != self.target {
                way.drops.count(if self.layer.is_some() { Drop::LayerNotWanted } else { Drop::WaitingForKeyframe });
                continue;
            }
            let is_open = self.open.is_some_and(|open| open.is_fresh(arrival));
            match self.upcoming {
                // It lies in the ring until the frame on show is complete.
                Some(_) if is_open => {}
                Some(seq) => self.switch(seq, rest, batch, way),
                None if self.kind() == Kind::Video && !ring.is_decodable_start(self.codec, packet) => {
                    way.drops.count(if self.layer.is_some() { Drop::LayerNotWanted } else { Drop::WaitingForKeyframe });
                }
                None if is_open => self.upcoming = Some(pending.seq),
                None => self.switch(pending.seq, rest, batch, way),
            }
        }
    }

    /// The target layer takes over with its packet `seq`, and with what followed that and is not in `rest`, still to come.
    fn switch(&mut self, seq: u64, rest: &[Pending], batch: &mut Batch<'_>, way: &mut Way<'_>) {
        self.upcoming = None;
        let target = self.target;
        let ring = &batch.layers[target as usize].ring;
        // Gone from the ring: the next keyframe will do.
        let Some(first) = ring.get(seq) else { return };
        let newest = ring.newest().unwrap_or(seq);
        self.layer = Some(target);
        self.splice.begin(&mark(first));
        for seq in seq..=newest {
            let comes_later = rest.iter().any(|p| p.layer == target && p.seq == seq);
            if !comes_later {
                self.send(batch.layers, target, seq, way);
            }
        }
    }

    /// A packet of the layer on show gets its number, and leaves, or waits its turn.
    fn send(&mut self, layers: &mut [Layer], layer: u8, seq: u64, way: &mut Way<'_>) {
        let Some(packet) = layers[layer as usize].ring.get_mut(seq) else { return };
        let Some(mapped) = self.splice.map(&mark(packet)) else {
            way.drops.count(Drop::BeforeSplice);
            return;
        };
        self.open = (!packet.marker).then_some(Open { time: packet.time, at: packet.arrival });
        let waits = way.line.pacer.is_limited()
            && self.kind() == Kind::Video
            && (!self.held.is_empty() || !way.line.pacer.admits(way.moment.now, packet.text().len()));
        if !waits {
            return self.emit(packet, &mapped, way);
        }
        way.line.held_bytes += packet.text().len() as u64;
        self.held.push_back(Held { layer, seq, mapped });
        if self.held.len() > HELD_MAX {
            self.release_one(layers, way);
        }
    }

    fn emit(&mut self, packet: &mut Packet, mapped: &Mapped, way: &mut Way<'_>) {
        rewrite_payload(self.codec, packet.payload_mut(), mapped);
        let (header, payload_type, ssrc) = (&self.header, self.payload_type, self.ssrc);
        let stream = Stream { header, payload_type, ssrc, index: mapped.seq, time: mapped.time };
        match way.line.send(way.moment, &stream, packet, way.out) {
            Ok(len) => {
                self.packets += 1;
                self.bytes += len as u64;
                if let Some(rtx) = &mut self.rtx {
                    rtx.budget = (rtx.budget + len as u64 / 5).min(RTX_BUDGET_MAX);
                }
            }
            Err(reason) => way.drops.count(reason),
        }
    }

    /// Whether packets wait for the pacer.
    pub fn holds(&self) -> bool {
        !self.held.is_empty()
    }

    /// Sends what the pacer lets go of.
    pub fn release(&mut self, layers: &mut [Layer], way: &mut Way<'_>) {
        while let Some(held) = self.held.front() {
            let len = layers[held.layer as usize].ring.get(held.seq).map_or(0, |packet| packet.text().len());
            if !way.line.pacer.admits(way.moment.now, len) {
                return;
            }
            self.release_one(layers, way);
        }
    }

    /// Sends all that waits: its ring is about to go.
    pub fn release_all(&mut self, layers: &mut [Layer], way: &mut Way<'_>) {
        while self.holds() {
            self.release_one(layers, way);
        }
    }

    fn release_one(&mut self, layers: &mut [Layer], way: &mut Way<'_>) {
        let Some(Held { layer, seq, mapped }) = self.held.pop_front() else { return };
        if self.held.is_empty() {
            way.line.held_bytes = 0;
        }
        match layers[layer as usize].ring.get_mut(seq) {
            Some(packet) => {
                way.line.held_bytes = way.line.held_bytes.saturating_sub(packet.text().len() as u64);
                self.emit(packet, &mapped, way);
            }
            None => way.drops.count(Drop::HeldTooLong),
        }
    }

    /// Repeats a packet that the viewer says it lost, on the repair stream (RFC 4588).
    ///
    /// Never on the stream itself: a second sealing of one (SSRC, sequence number) with other bytes would use a nonce
    /// twice, and under GCM that gives the authentication key away.
    pub fn repair(&mut self, layers: &mut [Layer], lost: u16, way: &mut Way<'_>) -> Result<(), Drop> {
        let layer = self.layer.ok_or(Drop::RepairTooLate)?;
        let source_seq = self.splice.source_seq(lost).ok_or(Drop::RepairTooLate)?;
        if self.held.iter().any(|held| held.mapped.seq as u16 == lost) {
            // It has not been sent yet.
            return Err(Drop::RepairTooEarly);
        }
        let ring = &mut layers[layer as usize].ring;
        ring.get_fresh(way.moment.now, source_seq).ok_or(Drop::RepairTooLate)?;
        self.send_again(packet_of(layers, layer, source_seq)?, lost, Sent::Media, way).map(|_| ())
    }

    /// Sends the newest packet once more, on the repair stream: a viewer throws away what it has, and its report says how the
    /// line bore it. Says how long the datagram was.
    pub fn repeat_newest(&mut self, layers: &mut [Layer], why: Sent, way: &mut Way<'_>) -> Result<usize, Drop> {
        let layer = self.layer.ok_or(Drop::WaitingForKeyframe)?;
        if self.rtx.is_none() || self.holds() {
            return Err(Drop::RepairWithoutRtx);
        }
        let newest = self.splice.newest().ok_or(Drop::WaitingForKeyframe)?;
        let source_seq = self.splice.source_seq(newest).ok_or(Drop::RepairTooLate)?;
        self.send_again(packet_of(layers, layer, source_seq)?, newest, why, way)
    }

    fn send_again(&mut self, packet: &mut Packet, lost: u16, why: Sent, way: &mut Way<'_>) -> Result<usize, Drop> {
        let mapped = self.splice.map(&mark(packet)).ok_or(Drop::RepairTooLate)?;
        let rtx = self.rtx.as_mut().ok_or(Drop::RepairWithoutRtx)?;
        let cost = packet.text().len() as u64 + 60;
        rtx.budget = rtx.budget.checked_sub(cost).ok_or(Drop::RepairBudget)?;
        let (header, payload_type, ssrc) = (&self.header, rtx.payload_type, rtx.ssrc);
        let stream = Stream { header, payload_type, ssrc, index: rtx.seq, time: mapped.time };
        rtx.seq += 1;
        rewrite_payload(self.codec, packet.payload_mut(), &mapped);
        way.line.send_again(way.moment, &stream, packet, lost, why, way.out)
    }

    pub fn can_repeat(&self) -> bool {
        self.rtx.is_some() && self.layer.is_some() && !self.holds()
    }

    /// The viewer reports on what it got of us. Says how long ago it must have been sent.
    pub fn hear_report(&mut self, now: Instant, block: &rtcp::ReportBlock) -> Option<Duration> {
        self.header.is_known = true;
        let reported = self.reported.filter(|reported| block.last_sr != 0 && reported.ntp == block.last_sr)?;
        // In 1/65536 s.
        let rested = Duration::from_micros((u64::from(block.delay) * 1_000_000) >> 16);
        now.saturating_duration_since(reported.at).checked_sub(rested)
    }

    /// A sender report: ties the viewer's timestamps to wall-clock time, so that audio and video stay in step.
    pub fn report(&mut self, now: Instant, layers: &[Layer], cname: &str, line: &mut Line, out: &mut Outbox) {
        let Some(layer) = self.layer else { return };
        let layer = &layers[layer as usize];
        let Some((ntp, source_time)) = layer.wall_clock(now, self.codec.clock_rate()) else { return };
        let Some(time) = self.splice.map_time(source_time) else { return };
        // Both counters wrap by definition (RFC 3550 §6.4.1).
        let info = rtcp::SenderInfo { ntp, rtp_time: time, packets: self.packets as u32, bytes: self.bytes as u32 };
        let mut packet = Vec::with_capacity(128);
        rtcp::sender_report(&mut packet, self.ssrc, &info, &[], cname);
        line.send_report(&mut packet, out);
        self.reported = Some(Reported { ntp: (ntp >> 16) as u32, at: now });
    }
}

fn packet_of(layers: &mut [Layer], layer: u8, seq: u64) -> Result<&mut Packet, Drop> {
    layers[layer as usize].ring.get_mut(seq).ok_or(Drop::RepairTooLate)
}

fn mark(packet: &Packet) -> Mark {
    Mark {
        seq: packet.seq,
        time: packet.time,
        arrival: packet.arrival,
        picture_id: packet.facts.picture_id.map(PictureId::value),
        tl0: packet.facts.tl0,
        keyidx: packet.facts.keyidx,
    }
}

/// Picture numbering lives in the payload descriptor of VP8 and VP9; only those header bytes change.
fn rewrite_payload(codec: Codec, payload: &mut [u8], mapped: &Mapped) {
    let Mapped { tl0, keyidx, .. } = *mapped;
    match (codec, mapped.picture_id) {
        (Codec::Vp8, Some(picture_id)) => vp8::rewrite(payload, vp8::Numbers { picture_id, tl0, keyidx }),
        (Codec::Vp9, Some(picture_id)) => vp9::rewrite(payload, vp9::Numbers { picture_id, tl0 }),
        _ => false,
    };
}
