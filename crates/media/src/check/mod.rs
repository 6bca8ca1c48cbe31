//! The decoder's opinion of a stream as a viewer gets it: one SSRC, packet by packet.
//!
//! Every emitted stream in every test passes through a [`Checker`]; `weir check` runs it on captures, load tests run one
//! per viewer. It expects sequence numbers without gap, doubling or reordering, frames that are complete and in time, a
//! start that can be decoded and numbering that goes on across splices. It looks at no pixel and keeps no payload.
//!
//! ```text
//! packet ─ shape ─▶ order ──in sequence──▶ picture ─▶ faults ─▶ report
//!        (stateless)  (gaps, doubles)      (frames, times, ids, references)
//! ```

mod order;
mod picture;
mod references;
mod report;
mod shape;

pub use report::{Fault, Report, Verdict};

use std::time::Duration;

use crate::{Codec, Packet, RtpTime, Seq, dd};
use order::Order;
use picture::Pictures;
use report::{Faults, Reason};
use shape::Shape;

/// What a checker wants to know of a packet.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    pub seq: Seq,
    pub time: RtpTime,
    pub marker: bool,
    pub payload: &'a [u8],
    /// Dependency descriptor, as received.
    pub dd: Option<&'a [u8]>,
}

impl<'a> View<'a> {
    /// A parsed packet. The caller knows which extension is the dependency descriptor.
    pub fn of(packet: &Packet<'a>, dd: Option<&'a [u8]>) -> View<'a> {
        let header = packet.header;
        View { seq: header.seq, time: header.time, marker: header.marker, payload: packet.payload, dd }
    }
}

/// Checks one stream. About 400 bytes, and more only while packets are missing or a stream has dependency descriptors.
#[derive(Debug, Clone)]
pub struct Checker {
    codec: Option<Codec>,
    order: Order,
    pictures: Option<Pictures>,
    parser: Option<Box<dd::Parser>>,
    faults: Faults,
    packets: u64,
    payload_bytes: u64,
    first_at: Option<Duration>,
    last_at: Duration,
}

impl Checker {
    pub fn new(codec: Codec) -> Checker {
        Checker { codec: Some(codec), pictures: Some(Pictures::new(codec)), ..Checker::sequence_only() }
    }

    /// For payloads that cannot be read: encrypted captures, retransmissions, unknown codecs.
    pub fn sequence_only() -> Checker {
        Checker {
            codec: None,
            order: Order::new(),
            pictures: None,
            parser: None,
            faults: Faults::default(),
            packets: 0,
            payload_bytes: 0,
            first_at: None,
            last_at: Duration::ZERO,
        }
    }

    /// The next packet, as it came, `at` since any fixed moment.
    pub fn push(&mut self, at: Duration, view: &View<'_>) {
        self.packets += 1;
        self.payload_bytes += view.payload.len() as u64;
        self.first_at.get_or_insert(at);
        self.last_at = at;
        let shape = Shape::of(self.codec, at, view);
        let Checker { order, pictures, parser, faults, .. } = self;
        order.push(shape, view.dd, faults, |packet, faults| judge(packet, pictures, parser, faults));
    }

    /// Whether nothing was found so far.
    pub fn is_clean(&self) -> bool {
        self.faults.is_empty()
    }

    /// What was found so far. Packets that are being waited for do not count as lost yet.
    pub fn report(&self) -> Report {
        Report {
            codec: self.codec,
            packets: self.packets,
            payload_bytes: self.payload_bytes,
            frames: self.pictures.as_ref().map_or(0, |pictures| pictures.frames),
            keyframes: self.pictures.as_ref().map_or(0, |pictures| pictures.keyframes),
            duration: self.last_at.saturating_sub(self.first_at.unwrap_or_default()),
            verdicts: self.faults.verdicts(),
        }
    }

    /// The stream ended. What it ends in the middle of is not held against it.
    pub fn finish(mut self) -> Report {
        let Checker { order, pictures, parser, faults, .. } = &mut self;
        order.flush(faults, |packet, faults| judge(packet, pictures, parser, faults));
        self.report()
    }
}

/// A packet in its place.
fn judge(
    packet: order::InOrder<'_>,
    pictures: &mut Option<Pictures>,
    parser: &mut Option<Box<dd::Parser>>,
    faults: &mut Faults,
) {
    let Some(pictures) = pictures else { return };
    let descriptor = match packet.dd {
        None => None,
        Some(bytes) => match parser.get_or_insert_default().parse(bytes) {
            Ok(descriptor) => Some(descriptor),
            Err(error) => {
                let Shape { seq, at, .. } = *packet.shape;
                faults.add(Fault::Malformed, 1, seq, at, Reason::DescriptorUnreadable(error));
                None
            }
        },
    };
    pictures.push(&packet, descriptor.as_ref(), faults);
}

#[cfg(test)]
mod tests;
