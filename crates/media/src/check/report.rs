//! What a checker found, countable and in words.

use std::fmt;
use std::time::Duration;

use crate::{Codec, Seq};

/// What can be wrong with a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fault {
    /// Sequence numbers that never came. Counts packets.
    Gap,
    /// A sequence number that came again.
    Duplicate,
    /// A packet that came after a later one.
    Reordered,
    /// A sequence number so far off that it belongs to another numbering.
    SequenceJump,
    /// A frame whose timestamp is not after that of the frame before.
    TimestampBackwards,
    /// A timestamp that moved seconds more or less than the time that passed.
    TimestampJump,
    /// A frame that lacks its beginning, its end or something between.
    IncompleteFrame,
    /// A packet of a frame that its marker bit had ended.
    PacketAfterMarker,
    /// The stream does not begin with a key frame.
    UndecodableStart,
    /// A key frame whose parameter sets (SPS, PPS, VPS, sequence header) were not sent before it.
    MissingParameterSets,
    /// A picture id that does not follow the one before.
    PictureIdJump,
    /// A base layer index that does not follow the one before.
    Tl0Jump,
    /// A frame that refers to one that was not sent.
    MissingReference,
    /// A dependency descriptor's frame number that is not after the one before.
    FrameNumberBackwards,
    /// A payload or dependency descriptor that is not well-formed.
    Malformed,
}

impl Fault {
    pub const ALL: [Fault; 15] = [
        Fault::Gap,
        Fault::Duplicate,
        Fault::Reordered,
        Fault::SequenceJump,
        Fault::TimestampBackwards,
        Fault::TimestampJump,
        Fault::IncompleteFrame,
        Fault::PacketAfterMarker,
        Fault::UndecodableStart,
        Fault::MissingParameterSets,
        Fault::PictureIdJump,
        Fault::Tl0Jump,
        Fault::MissingReference,
        Fault::FrameNumberBackwards,
        Fault::Malformed,
    ];

    /// Stable name for JSON and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Fault::Gap => "gap",
            Fault::Duplicate => "duplicate",
            Fault::Reordered => "reordered",
            Fault::SequenceJump => "sequence-jump",
            Fault::TimestampBackwards => "timestamp-backwards",
            Fault::TimestampJump => "timestamp-jump",
            Fault::IncompleteFrame => "incomplete-frame",
            Fault::PacketAfterMarker => "packet-after-marker",
            Fault::UndecodableStart => "undecodable-start",
            Fault::MissingParameterSets => "missing-parameter-sets",
            Fault::PictureIdJump => "picture-id-jump",
            Fault::Tl0Jump => "tl0-jump",
            Fault::MissingReference => "missing-reference",
            Fault::FrameNumberBackwards => "frame-number-backwards",
            Fault::Malformed => "malformed",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One kind of fault and how often it occurred.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    pub kind: Fault,
    /// Packets for faults of sequence, frames or pictures for the others.
    pub count: u64,
    /// Where it occurred first.
    pub first_seq: Seq,
    pub first_at: Duration,
    /// The first occurrence, in words.
    pub detail: String,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.first_at.as_secs_f64();
        write!(f, "{} x{}, first at {at:.3} s, seq {}: {}", self.kind, self.count, self.first_seq.0, self.detail)
    }
}

/// A checked stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// `None` for a stream of which only the sequence was checked.
    pub codec: Option<Codec>,
    /// Everything that was pushed, duplicates included.
    pub packets: u64,
    pub payload_bytes: u64,
    /// Pictures (or audio packets) that began, complete or not.
    pub frames: u64,
    pub keyframes: u64,
    /// From the first packet to the last.
    pub duration: Duration,
    /// In the order of [`Fault::ALL`]; empty for a clean stream.
    pub verdicts: Vec<Verdict>,
}

impl Report {
    pub fn is_clean(&self) -> bool {
        self.verdicts.is_empty()
    }

    /// How often a fault occurred.
    pub fn count(&self, kind: Fault) -> u64 {
        self.verdicts.iter().find(|verdict| verdict.kind == kind).map_or(0, |verdict| verdict.count)
    }
}

/// Why a fault was found; turned into words when somebody asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    Missing { packets: u16 },
    Again,
    Late { by: u16 },
    Jumped { by: i16 },
    TimeMoved { ticks: i32 },
    ClockMoved { stream_ms: i64, passed_ms: i64 },
    NoBeginning,
    NoEnd,
    HoleInside,
    UnitCut,
    AfterMarker,
    NotKey,
    SetsMissing,
    IdMoved { from: Option<u16>, to: Option<u16> },
    IdChangedInside { from: Option<u16>, to: Option<u16> },
    Tl0Moved { from: u8, to: u8, temporal: u8 },
    RefersTo { back: u16 },
    RefersBelow { spatial: u8 },
    NumberMoved { by: i16 },
    PayloadUnreadable,
    DescriptorUnreadable(crate::Error),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = |id: &Option<u16>| id.map_or("none".to_owned(), |id| id.to_string());
        match self {
            Reason::Missing { packets } => write!(f, "{packets} missing before it"),
            Reason::Again => f.write_str("it came before"),
            Reason::Late { by } => write!(f, "{by} behind the newest"),
            Reason::Jumped { by } => write!(f, "{by} from the expected number"),
            Reason::TimeMoved { ticks } => write!(f, "the timestamp moved by {ticks}"),
            Reason::ClockMoved { stream_ms, passed_ms } => {
                write!(f, "the timestamp moved by {stream_ms} ms while {passed_ms} ms passed")
            }
            Reason::NoBeginning => f.write_str("the frame begins in its middle"),
            Reason::NoEnd => f.write_str("the frame before it has no packet with a marker"),
            Reason::HoleInside => f.write_str("packets inside the frame are missing"),
            Reason::UnitCut => f.write_str("the frame's packets do not fit together"),
            Reason::AfterMarker => f.write_str("the frame's marker came earlier"),
            Reason::NotKey => f.write_str("the first frame is not a key frame"),
            Reason::SetsMissing => f.write_str("a key frame came before its parameter sets"),
            Reason::IdMoved { from, to } => write!(f, "picture id {} after {}", id(to), id(from)),
            Reason::IdChangedInside { from, to } => {
                write!(f, "picture id changes from {} to {} inside a frame", id(from), id(to))
            }
            Reason::Tl0Moved { from, to, temporal } => write!(f, "tl0 {to} after {from} in temporal layer {temporal}"),
            Reason::RefersTo { back } => write!(f, "it refers to the frame {back} before it, which was not sent"),
            Reason::RefersBelow { spatial } => {
                write!(f, "spatial layer {spatial} without the one below it, which it is predicted from")
            }
            Reason::NumberMoved { by } => write!(f, "the frame number moved by {by}"),
            Reason::PayloadUnreadable => f.write_str("the payload is not of this codec"),
            Reason::DescriptorUnreadable(error) => error.fmt(f),
        }
    }
}

/// Collects faults; empty, and without memory, for a clean stream.
#[derive(Debug, Clone, Default)]
pub(super) struct Faults {
    records: Vec<Record>,
}

#[derive(Debug, Clone)]
struct Record {
    kind: Fault,
    count: u64,
    seq: Seq,
    at: Duration,
    reason: Reason,
}

impl Faults {
    pub fn add(&mut self, kind: Fault, count: u64, seq: Seq, at: Duration, reason: Reason) {
        match self.records.iter_mut().find(|record| record.kind == kind) {
            Some(record) => record.count += count,
            None => self.records.push(Record { kind, count, seq, at, reason }),
        }
    }

    pub fn verdicts(&self) -> Vec<Verdict> {
        let mut verdicts: Vec<_> = self.records.iter().map(Record::verdict).collect();
        verdicts.sort_by_key(|verdict| verdict.kind);
        verdicts
    }

    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }
}

impl Record {
    fn verdict(&self) -> Verdict {
        Verdict {
            kind: self.kind,
            count: self.count,
            first_seq: self.seq,
            first_at: self.at,
            detail: self.reason.to_string(),
        }
    }
}
