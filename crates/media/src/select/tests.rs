//! Each rule was seen to fail these tests when it was taken out; which one fails is said at the test.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::*;
use crate::check::{Checker, Report, View};
use crate::codec::vp8;
use crate::testing::{Generated, Prediction, Rng, Source};
use crate::{Codec, Seq, codec};

const BEST: Target = Target { spatial: 2, temporal: 2 };

fn target(spatial: u8, temporal: u8) -> Target {
    Target { spatial, temporal }
}

/// The layered streams that browsers send.
fn sources(seed: u64) -> Vec<(&'static str, Source)> {
    let source = |codec| Source::video(codec, 900, 30, 90, 1, seed).with_temporal_layers(3).with_payload_max(300);
    let svc = |codec| source(codec).with_spatial_layers(3);
    let ksvc = |codec| svc(codec).with_prediction(Prediction::AtKeys);
    vec![
        ("VP8 L1T3", source(Codec::Vp8)),
        ("VP9 L3T3", svc(Codec::Vp9)),
        ("VP9 L3T3 flexible", svc(Codec::Vp9).flexible()),
        ("VP9 L3T3_KEY", ksvc(Codec::Vp9)),
        ("VP9 L3T3_KEY with descriptors", ksvc(Codec::Vp9).with_descriptors()),
        ("AV1 L3T3", svc(Codec::Av1)),
        ("AV1 L3T3_KEY", ksvc(Codec::Av1)),
        ("AV1 L1T3", source(Codec::Av1)),
        ("H264 L1T3", source(Codec::H264).with_descriptors()),
    ]
}

/// One packet through its codec's reader, as a server does it.
struct Reader {
    codec: Codec,
    parser: dd::Parser,
}

impl Reader {
    fn new(codec: Codec) -> Reader {
        Reader { codec, parser: dd::Parser::new() }
    }

    /// `None` for a descriptor whose structure has not come yet: such a packet waits, or is lost.
    fn read(&mut self, packet: &Generated) -> Option<Packet> {
        let descriptor = match &packet.dd {
            Some(bytes) => Some(self.parser.parse(bytes).ok()?),
            None => None,
        };
        let facts = codec::facts(self.codec, &packet.payload, packet.marker, descriptor.as_ref());
        let described = descriptor.as_ref().zip(self.parser.structure());
        Some(Packet::of(packet.time, packet.marker, &facts, described))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// Before us.
    Lost,
    Given(Verdict),
}

/// What happens to a stream on its way to one viewer.
#[derive(Debug, Clone, Copy)]
struct Way {
    frames: u64,
    /// Of a thousand packets.
    lost: u64,
    /// Of a thousand packets, and by how many places at most.
    late: u64,
    late_by: u64,
    /// Of a thousand packets, after how many the wish changes.
    wishes: u64,
}

/// A run: the stream in its own order, and what became of each packet.
struct Run {
    codec: Codec,
    packets: Vec<(Duration, Generated)>,
    fates: Vec<Fate>,
    /// What the viewer had of spatial and temporal layers over the run, in pictures.
    best_pictures: usize,
}

fn run(mut source: Source, way: Way, rng: &mut Rng) -> Run {
    let mut selector = Selector::new(target(rng.below(3) as u8, rng.below(3) as u8));
    let mut reader = Reader::new(source.codec());
    let (mut packets, mut order) = (Vec::new(), Vec::new());
    for n in 0..way.frames {
        if rng.below(25) == 0 {
            source.request_keyframe();
        }
        for packet in source.next_frame() {
            let late = if n > 0 && rng.below(1000) < way.late { 1 + rng.below(way.late_by) } else { 0 };
            order.push((packets.len() as u64 + late, late == 0, packets.len()));
            packets.push((source.due(n), packet));
        }
    }
    order.sort();
    let mut fates = vec![Fate::Lost; packets.len()];
    let mut best_pictures = 0;
    for (_, _, at) in order {
        if rng.below(1000) < way.wishes {
            selector.want(target(rng.below(3) as u8, rng.below(3) as u8));
        }
        if at > 0 && rng.below(1000) < way.lost {
            continue;
        }
        let Some(packet) = reader.read(&packets[at].1) else { continue };
        fates[at] = Fate::Given(selector.admit(&packet));
        best_pictures += usize::from(selector.current() == BEST);
    }
    Run { codec: source.codec(), packets, fates, best_pictures }
}

impl Run {
    /// The decoder's opinion of what is forwarded: numbered without gap, save what was lost before us.
    fn check(&self) -> Report {
        let mut checker = Checker::new(self.codec);
        let (mut seq, mut left_out) = (Seq(65_000), BTreeSet::new());
        for ((at, packet), fate) in self.packets.iter().zip(&self.fates) {
            match fate {
                Fate::Given(Verdict::Drop) => {
                    left_out.insert(packet.time.0);
                    continue;
                }
                Fate::Lost => {}
                Fate::Given(Verdict::Forward { marker }) => {
                    let mut payload = packet.payload.clone();
                    if self.codec == Codec::Vp8 {
                        close_up(&mut payload, left_out.len() as u16);
                    }
                    let (time, dd) = (packet.time, packet.dd.as_deref());
                    checker.push(*at, &View { seq, time, marker: *marker, payload: &payload, dd });
                }
            }
            seq = seq.next();
        }
        checker.finish()
    }

    /// What was done to each layer frame, by timestamp and spatial layer: packets forwarded, dropped.
    fn frames(&self) -> BTreeMap<(u32, u8), (u32, u32)> {
        let mut frames = BTreeMap::new();
        for ((_, packet), fate) in self.packets.iter().zip(&self.fates) {
            let counts: &mut (u32, u32) = frames.entry((packet.time.0, packet.layer.spatial)).or_default();
            match fate {
                Fate::Lost => {}
                Fate::Given(Verdict::Forward { .. }) => counts.0 += 1,
                Fate::Given(Verdict::Drop) => counts.1 += 1,
            }
        }
        frames
    }

    /// The reference oracle: from what the generator says each frame is predicted, not from what the packets say.
    fn assert_decodable(&self, name: &str) {
        let frames = self.frames();
        let dropped = |time: RtpTime, spatial| frames.get(&(time.0, spatial)).is_some_and(|(_, dropped)| *dropped > 0);
        for ((_, packet), fate) in self.packets.iter().zip(&self.fates) {
            let layer = packet.layer;
            let base = layer.spatial == 0 && layer.temporal == 0;
            assert!(!base || *fate != Fate::Given(Verdict::Drop), "{name}: the base layer was dropped");
            let Fate::Given(Verdict::Forward { .. }) = fate else { continue };
            assert!(!dropped(packet.time, layer.spatial), "{name}: half a frame");
            if let Some(from) = layer.from {
                assert!(!dropped(from, layer.spatial), "{name}: {layer:?} without the picture it refers to");
            }
            let below = layer.from_below && dropped(packet.time, layer.spatial - 1);
            assert!(!below, "{name}: {layer:?} without the layer below");
        }
    }
}

/// A VP8 decoder waits for picture ids that are missing; in VP9, references are told by distance, so ids stay.
fn close_up(payload: &mut [u8], pictures_left_out: u16) {
    let (vp8::Descriptor { picture_id, tl0, keyidx, .. }, _) = vp8::Descriptor::parse(payload).unwrap();
    let picture_id = picture_id.unwrap().value().wrapping_sub(pictures_left_out);
    vp8::rewrite(payload, vp8::Numbers { picture_id, tl0: tl0.unwrap(), keyidx: keyidx.unwrap() });
}

/// Fails when: a picture may go up after something of it was dropped, or after its end was marked; the marker is not set
/// on the viewer's highest layer; a viewer goes down inside a picture; spatial layers are entered at any picture; what a
/// frame opens counts for who does not get it; a late packet gets the target of the newest picture.
#[test]
fn whatever_a_viewer_wants_and_in_whatever_order_it_comes_the_stream_is_clean() {
    let way = Way { frames: 120, lost: 0, late: 60, late_by: 25, wishes: 25 };
    let mut rng = Rng::new(4);
    let mut best = BTreeMap::new();
    for seed in 0..150 {
        for (name, source) in sources(seed) {
            let run = run(source, way, &mut rng);
            let report = run.check();
            assert!(report.is_clean(), "{name}, seed {seed}: {:?}", report.verdicts);
            run.assert_decodable(name);
            *best.entry(name).or_insert(0) += run.best_pictures;
        }
    }
    assert!(best.values().all(|packets| *packets > 1_000), "all layers were reached: {best:?}");
}

/// Fails as the test above does, except by markers.
#[test]
fn what_was_lost_before_us_makes_no_half_frames_and_no_dangling_references() {
    let way = Way { frames: 120, lost: 40, late: 60, late_by: 40, wishes: 25 };
    let mut rng = Rng::new(5);
    for seed in 0..150 {
        for (name, source) in sources(seed) {
            run(source, way, &mut rng).assert_decodable(name);
        }
    }
}

/// A stream in order, to a viewer who wants what `wish` says before each picture; answers what each picture was given.
fn follow(mut source: Source, frames: u64, mut wish: impl FnMut(u64) -> Target) -> Vec<Target> {
    let mut reader = Reader::new(source.codec());
    let mut selector = Selector::new(wish(0));
    let mut given = Vec::new();
    for n in 0..frames {
        selector.want(wish(n));
        for packet in source.next_frame() {
            selector.admit(&reader.read(&packet).unwrap());
        }
        given.push(selector.current());
    }
    given
}

#[test]
fn a_viewer_who_comes_with_a_key_frame_gets_all_it_wants_at_once() {
    for (name, source) in sources(1) {
        assert!(follow(source, 8, |_| BEST).iter().all(|given| *given == BEST), "{name}");
    }
}

/// Fails when downs wait for a key frame or a switch point.
#[test]
fn a_viewer_goes_down_with_the_next_picture() {
    for (name, source) in sources(1) {
        let given = follow(source, 12, |n| if n < 7 { BEST } else { target(0, 1) });
        assert_eq!((given[6], given[7]), (BEST, target(0, 1)), "{name}");
    }
}

/// Fails when a spatial layer is entered without a key frame, and when temporal ones wait for one.
#[test]
fn temporal_layers_come_within_two_cycles_and_spatial_ones_with_the_key_frame() {
    for (name, source) in sources(1) {
        let given = follow(source, 100, |n| if n < 7 { target(0, 0) } else { BEST });
        assert!(given[1..7].iter().all(|given| *given == target(0, 0)), "{name}");
        assert!(given[7..90].iter().all(|given| given.spatial == 0), "{name}");
        assert!(given[15..90].iter().all(|given| given.temporal == 2), "{name}: {:?}", &given[7..20]);
        assert_eq!(given[90], BEST, "{name}");
    }
}

/// Fails when what is remembered is not moved along with the stream.
#[test]
fn hours_without_a_change_do_not_make_packets_look_too_late() {
    let mut selector = Selector::new(BEST);
    let packet = |time: u64, keyframe| Packet {
        time: RtpTime(time as u32),
        marker: true,
        spatial: 0,
        temporal: 0,
        keyframe,
        frame_end: true,
        ups: Ups::Opens(0),
    };
    let forwarded = Verdict::Forward { marker: true };
    assert_eq!(selector.admit(&packet(0, true)), forwarded);
    for second in 1..30_000 {
        assert_eq!(selector.admit(&packet(second * 90_000, false)), forwarded);
        assert_eq!(selector.admit(&packet(second * 90_000 - 45_000, false)), forwarded, "half a second late");
    }
}

#[test]
fn what_comes_from_before_the_viewer_began_is_dropped_and_a_new_clock_is_a_new_beginning() {
    let mut selector = Selector::new(BEST);
    let packet = |time| Packet {
        time: RtpTime(time),
        marker: true,
        spatial: 0,
        temporal: 0,
        keyframe: false,
        frame_end: true,
        ups: Ups::Payload { enters: false, frees_above: false },
    };
    selector.admit(&packet(900_000_000));
    assert_eq!(selector.admit(&packet(899_990_000)), Verdict::Drop);
    assert_eq!(selector.admit(&packet(5)), Verdict::Forward { marker: true });
    assert_eq!(selector.admit(&packet(3_005)), Verdict::Forward { marker: true });
}

/// Fails when the marker is left as it came.
#[test]
fn the_last_packet_of_the_highest_layer_given_ends_the_picture() {
    let mut source = Source::video(Codec::Vp9, 900, 30, 0, 1, 1).with_spatial_layers(3).with_payload_max(300);
    let mut reader = Reader::new(Codec::Vp9);
    let mut selector = Selector::new(target(1, 0));
    for _ in 0..20 {
        let (mut marks, mut last) = (0, false);
        for packet in source.next_frame() {
            if let Verdict::Forward { marker } = selector.admit(&reader.read(&packet).unwrap()) {
                (marks, last) = (marks + u32::from(marker), marker);
            }
        }
        assert_eq!((marks, last), (1, true));
    }
}

/// Fails when a pair of layers counts as open although a lower spatial layer that is sent along is not.
#[test]
fn a_layer_is_open_when_all_that_is_sent_with_it_is() {
    let mut selector = Selector::new(target(1, 2));
    let packet = |spatial, opens| Packet {
        time: RtpTime(1),
        marker: false,
        spatial,
        temporal: 0,
        keyframe: false,
        frame_end: false,
        ups: Ups::Opens(opens),
    };
    selector.admit(&packet(0, layers_bit(1, 2) | layers_bit(1, 0) | layers_bit(0, 0)));
    assert_eq!(selector.current(), target(1, 0));
    selector.admit(&packet(1, layers_bit(0, 2)));
    assert_eq!(selector.current(), target(1, 2));
}

#[test]
fn no_sequence_of_packets_makes_the_selector_panic_or_drop_the_newest_base_layer() {
    let mut rng = Rng::new(9);
    let mut selector = Selector::new(BEST);
    let mut newest: Option<RtpTime> = None;
    for _ in 0..200_000 {
        let bits = rng.word();
        let (spatial, temporal) = (bits as u8 & 7, (bits >> 3) as u8 & 7);
        let step = if rng.below(500) == 0 { rng.word() as u32 } else { rng.below(9_000) as u32 };
        let time = newest.map_or(RtpTime(step), |newest| newest.plus(step));
        let ups = match bits >> 6 & 1 {
            0 => Ups::Opens(rng.word() as u32),
            _ => Ups::Payload { enters: bits >> 7 & 1 != 0, frees_above: bits >> 8 & 1 != 0 },
        };
        let flag = |at: u32| bits >> at & 1 != 0;
        let (marker, keyframe, frame_end) = (flag(9), flag(10), flag(11));
        if rng.below(20) == 0 {
            selector.want(target(rng.below(8) as u8, rng.below(8) as u8));
        }
        let verdict = selector.admit(&Packet { time, marker, spatial, temporal, keyframe, frame_end, ups });
        assert!(spatial > 0 || temporal > 0 || verdict != Verdict::Drop);
        newest = Some(time);
    }
}

/// Pictures of one spatial layer without descriptors, as (temporal layer, enters, frees above); what each was given.
fn temporal(wanted: u8, pictures: &[(u8, bool, bool)]) -> Vec<bool> {
    let mut selector = Selector::new(target(0, wanted));
    let admit = |(n, (temporal, enters, frees_above)): (usize, &(u8, bool, bool))| {
        let ups = Ups::Payload { enters: *enters, frees_above: *frees_above };
        let time = RtpTime(3_000 * n as u32);
        let (marker, frame_end, keyframe) = (true, true, false);
        let packet = Packet { time, marker, spatial: 0, temporal: *temporal, keyframe, frame_end, ups };
        selector.admit(&packet) != Verdict::Drop
    };
    pictures.iter().enumerate().map(admit).collect()
}

/// Fails when a temporal layer is entered at any of its pictures, or two are entered at once: a picture of layer 2 that
/// depends on the base only says nothing about the pictures of layer 1 after it, which go on from older ones.
#[test]
fn a_temporal_layer_is_entered_where_it_says_so_and_one_at_a_time() {
    let (plain, enters) = (false, true);
    let pictures = [(0, plain), (2, enters), (1, plain), (0, plain), (1, enters), (2, plain), (0, plain), (2, enters)];
    let pictures = pictures.map(|(temporal, enters)| (temporal, enters, false));
    assert_eq!(temporal(2, &pictures), [true, false, false, true, true, false, true, true]);
    assert_eq!(temporal(1, &pictures), [true, false, false, true, true, false, true, false]);
}

/// Fails when the mark counts on a picture that the viewer does not get.
#[test]
fn a_picture_that_frees_those_above_it_frees_them_for_who_gets_it() {
    let (plain, frees) = (false, true);
    let pictures = [(0, plain), (1, frees), (2, plain), (0, frees), (2, plain), (1, plain)];
    let pictures = pictures.map(|(temporal, frees)| (temporal, false, frees));
    assert_eq!(temporal(2, &pictures), [true, false, false, true, true, true]);
}
