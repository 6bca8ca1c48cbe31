//! Which codec a payload is of, when nobody says.
//!
//! Each codec is tried on the beginning of the stream: its checker tells how badly the framing fits, and its own marks
//! (start codes, parameter sets, packet durations) tell whether it fits for a reason. Encrypted payloads fit none.

use crate::capture::streams::Captured;
use crate::check::{Checker, Fault, View};
use crate::codec::{av1, h264, h265, opus, vp8, vp9};
use crate::{Codec, Kind, seq};

const SAMPLE: usize = 400;
/// Faults of framing per hundred packets that are forgiven when a mark was seen, and when none was.
const FAULTS_WITH_MARK_MAX: u64 = 20;
const FAULTS_WITHOUT_MARK_MAX: u64 = 2;

pub(super) fn codec(packets: &[Captured<'_>]) -> Option<Codec> {
    let sample: Vec<_> = packets.iter().filter(|p| !p.packet.payload.is_empty()).take(SAMPLE).copied().collect();
    if sample.is_empty() {
        return None;
    }
    let fitting = Codec::ALL.into_iter().filter_map(|codec| Some((fit(codec, &sample)?, codec)));
    fitting.min().map(|(_, codec)| codec)
}

/// Smaller is better: those with a mark first, then by faults. `None` when it does not fit.
fn fit(codec: Codec, sample: &[Captured<'_>]) -> Option<(bool, u64)> {
    if codec.kind() == Kind::Audio {
        return lasts_as_long_as_it_says(sample).then_some((false, 0));
    }
    let marked = sample.iter().any(|captured| has_mark(codec, captured.packet.payload));
    let faults = framing_faults(codec, sample) * 100 / sample.len() as u64;
    let most = if marked { FAULTS_WITH_MARK_MAX } else { FAULTS_WITHOUT_MARK_MAX };
    (faults <= most).then_some((!marked, faults))
}

fn framing_faults(codec: Codec, sample: &[Captured<'_>]) -> u64 {
    let mut checker = Checker::new(codec);
    sample.iter().for_each(|captured| checker.push(captured.at, &View::of(&captured.packet, None)));
    let report = checker.finish();
    let framing = [Fault::Malformed, Fault::IncompleteFrame, Fault::PictureIdJump, Fault::Tl0Jump];
    let framing: u64 = framing.into_iter().map(|kind| report.count(kind)).sum();
    let foreign = sample.iter().filter(|captured| is_foreign(codec, captured.packet.payload)).count();
    framing + foreign as u64
}

/// What a reader lets pass, and a sender of this codec does not send. H.265's headers are so loose that H.264 looks like
/// it: but its unit types have gaps, and WebRTC uses no layers of its multi-layer extensions.
fn is_foreign(codec: Codec, payload: &[u8]) -> bool {
    let Some(first) = payload.first().filter(|_| codec == Codec::H265) else {
        return false;
    };
    first & 1 != 0 || !matches!(first >> 1 & 0x3f, 0..=9 | 16..=21 | 32..=40 | 48..=50)
}

/// Something that only this codec has.
fn has_mark(codec: Codec, payload: &[u8]) -> bool {
    match codec {
        Codec::Vp8 => {
            let key = vp8::Descriptor::parse(payload).filter(|(descriptor, _)| descriptor.frame_start());
            key.is_some_and(|(_, frame)| vp8::resolution(frame).is_some())
        }
        Codec::Vp9 => {
            let start = vp9::Descriptor::parse(payload).filter(|(descriptor, _)| descriptor.frame_start);
            start.is_some_and(|(_, frame)| frame.get(1..4) == Some(&[0x49, 0x83, 0x42]))
        }
        Codec::H264 => h264::Summary::read(payload).is_some_and(|summary| summary.sps),
        Codec::H265 => h265::Summary::read(payload).is_some_and(|summary| summary.vps),
        Codec::Av1 => av1::Summary::read(payload).is_some_and(|s| s.new_sequence && s.sequence_header),
        Codec::Opus => false,
    }
}

/// Opus says in its first byte how long a packet lasts, and the next timestamp follows that.
fn lasts_as_long_as_it_says(sample: &[Captured<'_>]) -> bool {
    let mut consecutive = 0;
    let mut exact = 0;
    for pair in sample.windows(2) {
        let (one, two) = (pair[0].packet, pair[1].packet);
        if two.header.seq != one.header.seq.next() {
            continue;
        }
        consecutive += 1;
        let ticks = opus::Toc::parse(one.payload).map(|toc| seq::ticks(toc.duration(), Codec::Opus.clock_rate()));
        exact += usize::from(ticks == u64::try_from(two.header.time.since(one.header.time)).ok());
    }
    consecutive > 0 && exact * 10 >= consecutive * 8
}
