//! One track on its way to one viewer: where a layer is chosen to be shown, where a packet gets the viewer's numbering,
//! and where it is sealed.
//!
//! A downlink is the hot structure of the product: they lie in one dense array per source, and a fan-out walks that
//! array. It keeps no packets: repairs come out of the source's ring.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use media::codec::{Codec, Kind, PictureId, vp8, vp9};
use media::ext;
use transport::srtp::Sealer;
use transport::{Outbox, SendTrack, rtcp};

use crate::drops::{Drop, Drops};
use crate::ring::Packet;
use crate::source::{Layer, Pending};
use crate::splice::{Mapped, Mark, Splice};

#[repr(align(64))]
pub struct Downlink {
    pub to: SocketAddr,
    pub ssrc: u32,
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
    ids: Ids,
    splice: Splice,
    sealer: Sealer,
    rtx: Option<Rtx>,
    /// The viewer's slot, and its session there.
    pub slot: u32,
    pub packets: u64,
    pub bytes: u64,
    cname: String,
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

/// Negotiated extension ids; 0 where not negotiated.
#[derive(Default)]
struct Ids {
    abs_send_time: u8,
    audio_level: u8,
    orientation: u8,
    mid: u8,
    mid_value: [u8; 16],
    mid_len: u8,
}

struct Rtx {
    payload_type: u8,
    ssrc: u32,
    seq: u64,
    /// Bytes that may still be repeated: a fifth of what was sent, so that a viewer who loses everything costs at most that much more.
    budget: u64,
}

/// Enough for the repairs of a first lost keyframe.
const RTX_BUDGET_FIRST: u64 = 64 * 1024;
/// About half a second of 8 Mbit/s: credit does not pile up while a line is good.
const RTX_BUDGET_MAX: u64 = 512 * 1024;

/// What a flush hands to every downlink of a source.
pub struct Batch<'a> {
    pub layers: &'a [Layer],
    /// Everything that arrived and has not gone out; the first `burst` go out now.
    pub pending: &'a [Pending],
    pub burst: usize,
    /// 6.18 fixed-point seconds, as abs-send-time wants it.
    pub send_time: u32,
}

impl Downlink {
    pub fn new(slot: u32, to: SocketAddr, track: &SendTrack, sealer: Sealer, seq_first: u16) -> Downlink {
        let id = |kind| track.ext.id(kind).filter(|id| (1..=14).contains(id)).unwrap_or(0);
        let mut ids = Ids {
            abs_send_time: id(ext::Kind::AbsSendTime),
            audio_level: if track.kind == Kind::Audio { id(ext::Kind::AudioLevel) } else { 0 },
            orientation: if track.kind == Kind::Video { id(ext::Kind::Orientation) } else { 0 },
            ..Ids::default()
        };
        let mid = track.mid.as_str().as_bytes();
        // A longer one needs no carrying: the answer names our SSRC.
        if (1..=16).contains(&mid.len()) {
            ids.mid = id(ext::Kind::Mid);
            ids.mid_value[..mid.len()].copy_from_slice(mid);
            ids.mid_len = mid.len() as u8;
        }
        Downlink {
            to,
            ssrc: track.ssrc,
            payload_type: track.pt,
            codec: track.codec,
            layer: None,
            target: 0,
            upcoming: None,
            open: None,
            ids,
            splice: Splice::new(track.clock_rate, seq_first),
            sealer,
            rtx: track.rtx.map(|(payload_type, ssrc)| Rtx {
                payload_type,
                ssrc,
                seq: u64::from(seq_first),
                budget: RTX_BUDGET_FIRST,
            }),
            slot,
            packets: 0,
            bytes: 0,
            cname: track.cname.clone(),
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
    pub fn forward(&mut self, batch: &Batch<'_>, out: &mut Outbox, drops: &mut Drops) {
        for (i, pending) in batch.pending[..batch.burst].iter().enumerate() {
            let ring = &batch.layers[pending.layer as usize].ring;
            let Some(packet) = ring.get(pending.seq) else { continue };
            let rest = &batch.pending[i + 1..];
            if self.layer == Some(pending.layer) {
                if self.upcoming.is_none() || self.open.is_some_and(|open| open.time == packet.time) {
                    self.send(packet, batch.send_time, out, drops);
                }
                // Its frame is complete now, or never will be: another one has begun.
                let goes_on = self.open.is_some_and(|open| open.time == packet.time);
                if let Some(seq) = self.upcoming.filter(|_| !goes_on) {
                    self.switch(seq, rest, batch, out, drops);
                }
                continue;
            }
            if pending.layer != self.target {
                drops.count(if self.layer.is_some() { Drop::LayerNotWanted } else { Drop::WaitingForKeyframe });
                continue;
            }
            let is_open = self.open.is_some_and(|open| open.is_fresh(packet.arrival));
            match self.upcoming {
                // It lies in the ring until the frame on show is complete.
                Some(_) if is_open => {}
                Some(seq) => self.switch(seq, rest, batch, out, drops),
                None if self.kind() == Kind::Video && !ring.is_decodable_start(self.codec, packet) => {
                    drops.count(if self.layer.is_some() { Drop::LayerNotWanted } else { Drop::WaitingForKeyframe });
                }
                None if is_open => self.upcoming = Some(pending.seq),
                None => self.switch(pending.seq, rest, batch, out, drops),
            }
        }
    }

    /// The target layer takes over with its packet `seq`, and with what followed that and is not in `rest`, still to come.
    fn switch(&mut self, seq: u64, rest: &[Pending], batch: &Batch<'_>, out: &mut Outbox, drops: &mut Drops) {
        self.upcoming = None;
        let ring = &batch.layers[self.target as usize].ring;
        // Gone from the ring: the next keyframe will do.
        let Some(first) = ring.get(seq) else { return };
        self.layer = Some(self.target);
        self.splice.begin(&mark(first));
        for seq in seq..=ring.newest().unwrap_or(seq) {
            let comes_later = rest.iter().any(|p| p.layer == self.target && p.seq == seq);
            if let Some(packet) = ring.get(seq).filter(|_| !comes_later) {
                self.send(packet, batch.send_time, out, drops);
            }
        }
    }

    fn send(&mut self, packet: &Packet, send_time: u32, out: &mut Outbox, drops: &mut Drops) {
        let Some(mapped) = self.splice.map(&mark(packet)) else {
            drops.count(Drop::BeforeSplice);
            return;
        };
        let start = out.bytes.len();
        let header = Header { payload_type: self.payload_type, seq: mapped.seq as u16, ssrc: self.ssrc };
        self.write_header(&header, packet, &mapped, send_time, &mut out.bytes);
        let payload_at = out.bytes.len();
        out.bytes.extend_from_slice(&packet.payload);
        if packet.payload.is_empty() {
            // Padding that probed the publisher's line: it has a number, so the viewer gets a byte of padding for it.
            out.bytes[start] |= 0x20;
            out.bytes.push(1);
        }
        rewrite_payload(self.codec, &mut out.bytes[payload_at..], &mapped);
        let Some(len) = self.seal(&mut out.bytes, start, payload_at, self.ssrc, mapped.seq) else {
            drops.count(Drop::SealedTwice);
            return;
        };
        out.commit(self.to, start);
        self.open = (!packet.marker).then_some(Open { time: packet.time, at: packet.arrival });
        self.packets += 1;
        self.bytes += len as u64;
        if let Some(rtx) = &mut self.rtx {
            rtx.budget = (rtx.budget + len as u64 / 5).min(RTX_BUDGET_MAX);
        }
    }

    /// Repeats a packet that the viewer says it lost, on the repair stream (RFC 4588).
    ///
    /// Never on the stream itself: a second sealing of one (SSRC, sequence number) with other bytes would use a nonce
    /// twice, and under GCM that gives the authentication key away.
    pub fn repair(
        &mut self,
        now: Instant,
        layers: &[Layer],
        lost: u16,
        send_time: u32,
        out: &mut Outbox,
    ) -> Result<(), Drop> {
        let layer = self.layer.ok_or(Drop::RepairTooLate)?;
        let source_seq = self.splice.source_seq(lost).ok_or(Drop::RepairTooLate)?;
        let packet = layers[layer as usize].ring.get_fresh(now, source_seq).ok_or(Drop::RepairTooLate)?;
        let mapped = self.splice.map(&mark(packet)).ok_or(Drop::RepairTooLate)?;
        let rtx = self.rtx.as_mut().ok_or(Drop::RepairWithoutRtx)?;
        let cost = packet.payload.len() as u64 + 60;
        rtx.budget = rtx.budget.checked_sub(cost).ok_or(Drop::RepairBudget)?;
        let (index, ssrc) = (rtx.seq, rtx.ssrc);
        let header = Header { payload_type: rtx.payload_type, seq: index as u16, ssrc };
        rtx.seq += 1;

        let start = out.bytes.len();
        self.write_header(&header, packet, &mapped, send_time, &mut out.bytes);
        let payload_at = out.bytes.len();
        out.bytes.extend_from_slice(&lost.to_be_bytes());
        out.bytes.extend_from_slice(&packet.payload);
        rewrite_payload(self.codec, &mut out.bytes[payload_at + 2..], &mapped);
        self.seal(&mut out.bytes, start, payload_at, ssrc, index).ok_or(Drop::SealedTwice)?;
        out.commit(self.to, start);
        Ok(())
    }

    /// A sender report: ties the viewer's timestamps to wall-clock time, so that audio and video stay in step.
    pub fn report(&mut self, now: Instant, layers: &[Layer], out: &mut Outbox) {
        let Some(layer) = self.layer else { return };
        let layer = &layers[layer as usize];
        let Some((ntp, source_time)) = layer.wall_clock(now, self.codec.clock_rate()) else { return };
        let Some(time) = self.splice.map_time(source_time) else { return };
        // Both counters wrap by definition (RFC 3550 §6.4.1).
        let info = rtcp::SenderInfo { ntp, rtp_time: time, packets: self.packets as u32, bytes: self.bytes as u32 };
        let mut packet = Vec::with_capacity(128);
        rtcp::sender_report(&mut packet, self.ssrc, &info, &[], &self.cname);
        if self.sealer.seal_rtcp(&mut packet) {
            out.push(self.to, &packet);
        }
    }

    /// Seals the packet that begins at `start` of the arena; returns its length, or takes it out again when its number
    /// was used before.
    fn seal(&mut self, bytes: &mut Vec<u8>, start: usize, payload_at: usize, ssrc: u32, index: u64) -> Option<usize> {
        let payload_len = bytes.len() - payload_at;
        bytes.resize(bytes.len() + self.sealer.tag_len(), 0);
        let len = self.sealer.seal_rtp(&mut bytes[start..], payload_at - start, payload_len, ssrc, index);
        bytes.truncate(start + len.unwrap_or(0));
        len
    }

    fn write_header(&self, header: &Header, packet: &Packet, mapped: &Mapped, send_time: u32, out: &mut Vec<u8>) {
        out.push(0x90);
        out.push(header.payload_type | if packet.marker { 0x80 } else { 0 });
        out.extend_from_slice(&header.seq.to_be_bytes());
        out.extend_from_slice(&mapped.time.to_be_bytes());
        out.extend_from_slice(&header.ssrc.to_be_bytes());
        // One-byte extensions (RFC 8285 §4.2): our ids are 1 to 14.
        out.extend_from_slice(&[0xbe, 0xde, 0, 0]);
        let block = out.len();
        let ids = &self.ids;
        if ids.mid != 0 {
            out.push(ids.mid << 4 | (ids.mid_len - 1));
            out.extend_from_slice(&ids.mid_value[..ids.mid_len as usize]);
        }
        if ids.abs_send_time != 0 {
            out.push(ids.abs_send_time << 4 | 2);
            out.extend_from_slice(&send_time.to_be_bytes()[1..]);
        }
        if let (true, Some((level, voice))) = (ids.audio_level != 0, packet.audio_level) {
            out.push(ids.audio_level << 4);
            out.push(level & 0x7f | if voice { 0x80 } else { 0 });
        }
        if let (true, Some(orientation)) = (ids.orientation != 0, packet.orientation) {
            out.push(ids.orientation << 4);
            out.push(orientation);
        }
        while !(out.len() - block).is_multiple_of(4) {
            out.push(0);
        }
        let words = (out.len() - block) / 4;
        out[block - 1] = words as u8;
    }
}

struct Header {
    payload_type: u8,
    seq: u16,
    ssrc: u32,
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

/// Seconds since 1900 in 6.18 fixed point, 24 bits (the abs-send-time extension). Only differences matter, so any clock will do.
pub fn abs_send_time(since_epoch: Duration) -> u32 {
    let micros = since_epoch.as_micros() as u64;
    ((micros << 18) / 1_000_000) as u32 & 0x00ff_ffff
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn abs_send_time_wraps_every_64_seconds() {
        assert_eq!(abs_send_time(Duration::from_secs(1)), 1 << 18);
        assert_eq!(abs_send_time(Duration::from_secs(64)), 0);
        assert_eq!(abs_send_time(Duration::from_millis(64_500)), 1 << 17);
    }
}
