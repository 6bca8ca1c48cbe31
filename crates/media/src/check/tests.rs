use super::*;
use crate::codec::{vp8, vp9};
use crate::testing::{ParameterSets, Prediction, Source};
use crate::{Kind, dd};

/// A packet on its way to the checker.
#[derive(Debug, Clone)]
struct Sent {
    at: Duration,
    seq: Seq,
    time: RtpTime,
    marker: bool,
    payload: Vec<u8>,
    dd: Option<Vec<u8>>,
    frame: usize,
}

/// `frames` frames of a source, numbered across the wrap.
fn sent(source: &mut Source, frames: usize) -> Vec<Sent> {
    let mut seq = Seq(65_500);
    let mut packets = Vec::new();
    for frame in 0..frames {
        let at = source.due(source.frames());
        for packet in source.next_frame() {
            let (time, marker, payload, dd) = (packet.time, packet.marker, packet.payload, packet.dd);
            packets.push(Sent { at, seq, time, marker, payload, dd, frame });
            seq = seq.next();
        }
    }
    packets
}

/// Numbers the packets anew, so that leaving some out is not a gap: what a faulty server would emit.
fn renumbered(mut packets: Vec<Sent>) -> Vec<Sent> {
    for (packet, n) in packets.iter_mut().zip(0..) {
        packet.seq = Seq(10).plus(n);
    }
    packets
}

fn check(codec: Codec, packets: &[Sent]) -> Report {
    let mut checker = Checker::new(codec);
    for packet in packets {
        let Sent { at, seq, time, marker, ref payload, ref dd, .. } = *packet;
        checker.push(at, &View { seq, time, marker, payload, dd: dd.as_deref() });
    }
    checker.finish()
}

fn faults(report: &Report) -> Vec<(Fault, u64)> {
    report.verdicts.iter().map(|verdict| (verdict.kind, verdict.count)).collect()
}

fn vp8() -> Source {
    Source::video(Codec::Vp8, 1_000, 30, 60, 1, 11)
}

fn sources() -> Vec<Source> {
    let mut sources = vec![Source::audio(3)];
    for codec in Codec::ALL.into_iter().filter(|codec| codec.kind() == Kind::Video) {
        for layers in 1..=3 {
            sources.push(Source::video(codec, 1_000, 30, 40, 1, 5).with_temporal_layers(layers));
            sources.push(Source::video(codec, 1_000, 30, 40, 1, 5).with_temporal_layers(layers).with_descriptors());
        }
    }
    sources.push(Source::video(Codec::H264, 1_000, 30, 40, 1, 6).with_parameter_sets(ParameterSets::Single));
    sources.push(Source::video(Codec::H265, 1_000, 30, 40, 1, 6).with_parameter_sets(ParameterSets::Single));
    sources.push(Source::video(Codec::Vp9, 1_000, 30, 40, 1, 6).with_spatial_layers(3).with_temporal_layers(3));
    sources.push(Source::video(Codec::Vp9, 1_000, 30, 40, 1, 6).flexible().with_temporal_layers(3));
    for prediction in [Prediction::Always, Prediction::AtKeys] {
        let svc = |codec| Source::video(codec, 1_000, 30, 40, 1, 6).with_spatial_layers(3).with_temporal_layers(3);
        sources.push(svc(Codec::Vp9).with_prediction(prediction).flexible());
        sources.push(svc(Codec::Vp9).with_prediction(prediction).with_descriptors());
        sources.push(svc(Codec::Av1).with_prediction(prediction));
    }
    sources.push(Source::video(Codec::Av1, 1_000, 30, 40, 1, 6).without_descriptors());
    sources
}

#[test]
fn a_clean_stream_of_every_codec_is_clean() {
    for mut source in sources() {
        let codec = source.codec();
        let packets = sent(&mut source, 200);
        let report = check(codec, &packets);
        assert!(report.is_clean(), "{codec}: {:?}", report.verdicts);
        assert_eq!((report.packets, report.frames), (packets.len() as u64, 200), "{codec}");
        assert_eq!(report.keyframes, if codec.kind() == Kind::Video { 5 } else { 0 }, "{codec}");
    }
}

#[test]
fn any_lost_packet_is_a_gap_and_nothing_hides_it() {
    for mut source in sources() {
        let codec = source.codec();
        let packets = sent(&mut source, 50);
        for lost in (1..packets.len() - 1).step_by(7) {
            let mut rest = packets.clone();
            rest.remove(lost);
            let report = check(codec, &rest);
            assert_eq!(report.count(Fault::Gap), 1, "{codec}");
            let explained = [Fault::Gap, Fault::IncompleteFrame, Fault::MissingParameterSets, Fault::Malformed];
            assert!(faults(&report).iter().all(|(kind, _)| explained.contains(kind)), "{codec}: {:?}", report.verdicts);
        }
    }
}

#[test]
fn a_lost_run_of_packets_counts_each() {
    let packets = sent(&mut vp8(), 30);
    let gone = packets.iter().filter(|packet| (3..6).contains(&packet.frame)).count() as u64;
    let rest: Vec<_> = packets.into_iter().filter(|packet| !(3..6).contains(&packet.frame)).collect();
    assert_eq!(faults(&check(Codec::Vp8, &rest)), [(Fault::Gap, gone)]);
}

#[test]
fn a_packet_that_comes_twice_is_a_duplicate() {
    let mut packets = sent(&mut vp8(), 30);
    packets.insert(20, packets[10].clone());
    packets.insert(40, packets[39].clone());
    assert_eq!(faults(&check(Codec::Vp8, &packets)), [(Fault::Duplicate, 2)]);
}

#[test]
fn a_packet_that_overtakes_others_is_reordering_and_nothing_else() {
    for mut source in sources() {
        let codec = source.codec();
        let mut packets = sent(&mut source, 80);
        packets.swap(30, 31);
        let late = packets.remove(40);
        packets.insert(55, late);
        let report = check(codec, &packets);
        assert_eq!(faults(&report), [(Fault::Reordered, 2)], "{codec}: {:?}", report.verdicts);
    }
}

#[test]
fn a_packet_that_comes_after_it_was_given_up_is_a_gap_and_reordered() {
    let mut packets = sent(&mut vp8(), 120);
    let place = packets.iter().position(|packet| packet.frame == 10).unwrap();
    let late = packets.remove(place);
    packets.push(late);
    let report = check(Codec::Vp8, &packets);
    assert_eq!((report.count(Fault::Gap), report.count(Fault::Reordered)), (1, 1), "{:?}", report.verdicts);
}

#[test]
fn a_source_whose_numbers_were_not_rewritten_is_a_sequence_jump() {
    let mut packets = sent(&mut vp8(), 40);
    for packet in packets.iter_mut().filter(|packet| packet.frame >= 20) {
        packet.seq = packet.seq.plus(20_000);
    }
    let report = check(Codec::Vp8, &packets);
    assert_eq!(faults(&report), [(Fault::SequenceJump, 1)], "{:?}", report.verdicts);
}

#[test]
fn a_timestamp_that_goes_back_or_stands_still_is_told() {
    let mut packets = sent(&mut vp8(), 40);
    for packet in packets.iter_mut().filter(|packet| packet.frame == 20) {
        packet.time = packet.time.minus(4_000);
    }
    assert_eq!(faults(&check(Codec::Vp8, &packets)), [(Fault::TimestampBackwards, 1)]);

    let mut audio = sent(&mut Source::audio(1), 20);
    audio[10].time = audio[9].time;
    assert_eq!(faults(&check(Codec::Opus, &audio)), [(Fault::TimestampBackwards, 1)]);
}

#[test]
fn a_source_whose_timestamps_were_not_rewritten_is_a_timestamp_jump() {
    for offset in [1_000_000_000u32, 3_000_000_000] {
        let mut packets = sent(&mut vp8(), 40);
        for packet in packets.iter_mut().filter(|packet| packet.frame >= 20) {
            packet.time = packet.time.plus(offset);
        }
        assert_eq!(faults(&check(Codec::Vp8, &packets)), [(Fault::TimestampJump, 1)]);
    }
}

#[test]
fn a_pause_of_both_clocks_and_a_replayed_group_of_pictures_are_clean() {
    let mut packets = sent(&mut vp8(), 120);
    for packet in &mut packets {
        match packet.frame {
            ..60 => packet.at = Duration::from_millis(2_000), // two seconds replayed at once
            _ => {
                packet.at += Duration::from_secs(600);
                packet.time = packet.time.plus(600 * 90_000);
            }
        }
    }
    let report = check(Codec::Vp8, &packets);
    assert!(report.is_clean(), "{:?}", report.verdicts);
}

/// Leaves out one packet of frame 20 and closes the hole in the numbering.
fn without(source: &mut Source, pick: impl Fn(&[usize]) -> usize) -> (Codec, Vec<Sent>) {
    source.request_keyframe();
    let mut packets = sent(source, 20);
    source.request_keyframe(); // frame 20 has many packets
    for packet in sent(source, 20) {
        packets.push(Sent { frame: packet.frame + 20, ..packet });
    }
    let of_frame: Vec<_> = (0..packets.len()).filter(|i| packets[*i].frame == 20).collect();
    assert!(of_frame.len() > 3);
    packets.remove(pick(&of_frame));
    (source.codec(), renumbered(packets))
}

#[test]
fn a_frame_without_its_end_is_incomplete_even_when_the_numbers_go_on() {
    for mut source in sources().into_iter().filter(|source| source.codec().kind() == Kind::Video) {
        let (codec, packets) = without(&mut source, |frame| frame[frame.len() - 1]);
        let report = check(codec, &packets);
        assert_eq!(faults(&report), [(Fault::IncompleteFrame, 1)], "{codec}: {:?}", report.verdicts);
    }
}

#[test]
fn a_frame_without_its_beginning_is_incomplete_even_when_the_numbers_go_on() {
    // H.264 and H.265 begin with parameter sets, which the decoder has from the key frame before.
    let without_sets = |codec| matches!(codec, Codec::Vp8 | Codec::Vp9 | Codec::Av1);
    for mut source in sources().into_iter().filter(|source| without_sets(source.codec())) {
        let (codec, packets) = without(&mut source, |frame| frame[0]);
        let report = check(codec, &packets);
        assert_eq!(report.count(Fault::IncompleteFrame), 1, "{codec}: {:?}", report.verdicts);
    }
}

#[test]
fn a_fragment_missing_from_a_unit_is_noticed_by_its_ends() {
    for codec in [Codec::H264, Codec::H265] {
        // Packets: parameter sets, first fragment, ...
        let mut source = Source::video(codec, 1_000, 30, 0, 1, 2);
        let (codec, packets) = without(&mut source, |frame| frame[1]);
        assert_eq!(faults(&check(codec, &packets)), [(Fault::IncompleteFrame, 1)]);
    }
}

#[test]
fn a_marker_too_early_is_told() {
    let mut packets = sent(&mut vp8(), 40);
    let first = packets.iter().position(|packet| packet.frame == 0).unwrap();
    packets[first].marker = true;
    let rest_of_frame = packets.iter().filter(|packet| packet.frame == 0).count() as u64 - 1;
    assert_eq!(faults(&check(Codec::Vp8, &packets)), [(Fault::PacketAfterMarker, rest_of_frame)]);
}

#[test]
fn a_stream_that_does_not_begin_with_a_key_frame_is_told() {
    for mut source in sources().into_iter().filter(|source| source.codec().kind() == Kind::Video) {
        let codec = source.codec();
        let packets: Vec<_> = sent(&mut source, 39).into_iter().filter(|packet| packet.frame > 0).collect();
        let report = check(codec, &packets);
        assert_eq!(report.count(Fault::UndecodableStart), 1, "{codec}: {:?}", report.verdicts);
        assert_eq!(report.keyframes, 0);
    }
}

#[test]
fn a_key_frame_without_its_parameter_sets_is_told() {
    for codec in [Codec::H264, Codec::H265, Codec::Av1] {
        let mut source =
            Source::video(codec, 1_000, 30, 40, 1, 6).with_parameter_sets(ParameterSets::Single).without_descriptors();
        let mut packets = sent(&mut source, 40);
        if codec == Codec::Av1 {
            packets[0].payload = [&[0b0001_1000, 0x30][..], &[0x10; 50]].concat();
        } else {
            packets.remove(1); // PPS or SPS
        }
        let report = check(codec, &renumbered(packets));
        assert_eq!(report.count(Fault::MissingParameterSets), 1, "{codec}: {:?}", report.verdicts);
    }
}

#[test]
fn picture_ids_that_do_not_go_on_are_told() {
    for codec in [Codec::Vp8, Codec::Vp9] {
        let mut packets = sent(&mut Source::video(codec, 1_000, 30, 60, 1, 11), 60);
        let mut numbers = |picture_id, from: usize, to: usize| {
            for packet in packets.iter_mut().filter(|packet| (from..to).contains(&packet.frame)) {
                let tl0 = crate::facts(codec, &packet.payload, false, None).tl0.unwrap();
                match codec {
                    Codec::Vp8 => vp8::rewrite(&mut packet.payload, vp8::Numbers { picture_id, tl0, keyidx: 0 }),
                    _ => vp9::rewrite(&mut packet.payload, vp9::Numbers { picture_id, tl0 }),
                };
            }
        };
        numbers(5, 20, 21); // away and back again
        let report = check(codec, &packets);
        assert_eq!(faults(&report), [(Fault::PictureIdJump, 2)], "{codec}: {:?}", report.verdicts);
    }
}

#[test]
fn a_picture_id_that_changes_inside_a_frame_or_is_lost_is_told() {
    let mut packets = sent(&mut vp8(), 30);
    assert_eq!((packets[0].frame, packets[2].frame), (0, 0));
    vp8::rewrite(&mut packets[1].payload, vp8::Numbers { picture_id: 5, tl0: 0, keyidx: 0 });
    assert!(check(Codec::Vp8, &packets).count(Fault::PictureIdJump) > 0);

    let mut packets = sent(&mut vp8(), 30);
    for packet in packets.iter_mut().filter(|packet| packet.frame == 20) {
        let (descriptor, media) = vp8::Descriptor::parse(&packet.payload).unwrap();
        let bare = [&[u8::from(descriptor.partition_start) << 4][..], media].concat();
        packet.payload = bare;
    }
    let report = check(Codec::Vp8, &packets);
    assert_eq!(faults(&report), [(Fault::PictureIdJump, 2)], "{:?}", report.verdicts);
}

#[test]
fn base_layer_indices_that_do_not_go_on_are_told() {
    let packets = sent(&mut vp8().with_temporal_layers(3), 40);
    let tl0 = |packet: &Sent| vp8::Descriptor::parse(&packet.payload).unwrap().0;
    // The index stands still at a base layer frame, or moves at an upper one.
    for (frame, to) in [(20, -1i8), (21, 1)] {
        let mut packets = packets.clone();
        for packet in packets.iter_mut().filter(|packet| packet.frame == frame) {
            let was = tl0(packet);
            let numbers = vp8::Numbers {
                picture_id: was.picture_id.unwrap().value(),
                tl0: was.tl0.unwrap().wrapping_add_signed(to),
                keyidx: was.keyidx.unwrap(),
            };
            vp8::rewrite(&mut packet.payload, numbers);
        }
        assert!(check(Codec::Vp8, &packets).count(Fault::Tl0Jump) > 0, "frame {frame}");
    }
}

#[test]
fn upper_temporal_layers_may_be_left_out_if_the_numbers_go_on() {
    let packets = sent(&mut vp8().with_temporal_layers(3), 80);
    let mut kept = Vec::new();
    let mut picture_id = 7u16;
    for packet in packets {
        let (descriptor, _) = vp8::Descriptor::parse(&packet.payload).unwrap();
        if descriptor.layer.unwrap().temporal == 2 {
            continue;
        }
        let mut packet = packet;
        picture_id += u16::from(descriptor.frame_start());
        let numbers = vp8::Numbers { picture_id, tl0: descriptor.tl0.unwrap(), keyidx: descriptor.keyidx.unwrap() };
        vp8::rewrite(&mut packet.payload, numbers);
        kept.push(packet);
    }
    let report = check(Codec::Vp8, &renumbered(kept));
    assert!(report.is_clean(), "{:?}", report.verdicts);
}

#[test]
fn a_descriptor_that_refers_to_a_frame_that_was_not_sent_is_told() {
    for codec in [Codec::Av1, Codec::H264] {
        let mut source = Source::video(codec, 500, 30, 60, 1, 3).with_temporal_layers(3).with_descriptors();
        let packets = sent(&mut source, 40);
        // Frame 4 n is base, 4 n + 2 middle, the odd ones are referred to by nobody.
        let without = |frame| packets.iter().filter(|packet| packet.frame != frame).cloned().collect::<Vec<_>>();
        let report = check(codec, &renumbered(without(21)));
        assert!(report.is_clean(), "{codec}: {:?}", report.verdicts);
        let report = check(codec, &renumbered(without(22)));
        assert_eq!(faults(&report), [(Fault::MissingReference, 1)], "{codec}");
        let report = check(codec, &renumbered(without(20)));
        assert!(report.count(Fault::MissingReference) >= 3, "{codec}: {:?}", report.verdicts);
    }
}

#[test]
fn a_flexible_vp9_picture_that_refers_to_one_that_was_not_sent_is_told() {
    let mut source = Source::video(Codec::Vp9, 500, 30, 60, 1, 3).flexible().with_temporal_layers(3);
    let packets = sent(&mut source, 40);
    let without = |frame| packets.iter().filter(|packet| packet.frame != frame).cloned().collect::<Vec<_>>();
    assert!(check(Codec::Vp9, &renumbered(without(21))).is_clean());
    assert_eq!(faults(&check(Codec::Vp9, &renumbered(without(22)))), [(Fault::MissingReference, 1)]);
}

/// What a viewer is sent of the spatial layers that `wanted` names for each frame, renumbered and marked anew.
fn selected(packets: &[Sent], wanted: impl Fn(usize) -> &'static [u8]) -> Vec<Sent> {
    let spatial = |packet: &Sent| vp9::Descriptor::parse(&packet.payload).unwrap().0.spatial();
    let mut kept: Vec<_> = packets.iter().filter(|p| wanted(p.frame).contains(&spatial(p))).cloned().collect();
    for at in 0..kept.len() {
        kept[at].marker = kept.get(at + 1).is_none_or(|next| next.frame != kept[at].frame);
    }
    renumbered(kept)
}

#[test]
fn a_spatial_layer_that_comes_back_without_what_it_refers_to_is_told() {
    let mut source = Source::video(Codec::Vp9, 500, 30, 60, 1, 3).flexible().with_spatial_layers(3);
    let packets = sent(&mut source, 80);
    let check = |wanted: &dyn Fn(usize) -> &'static [u8]| faults(&check(Codec::Vp9, &selected(&packets, wanted)));
    assert_eq!(check(&|_| &[0, 1, 2]), []);
    assert_eq!(check(&|_| &[0]), []);
    assert_eq!(check(&|frame| if frame < 20 { &[0, 1, 2] } else { &[0, 1] }), []);
    assert_eq!(check(&|frame| if frame < 60 { &[0] } else { &[0, 1, 2] }), [], "a key frame is no return");
    let told = [(Fault::MissingReference, 1)];
    assert_eq!(check(&|frame| if frame < 20 { &[0] } else { &[0, 1] }), told);
    assert_eq!(check(&|frame| if frame == 20 { &[0, 1] } else { &[0, 1, 2] }), told);
    assert_eq!(check(&|frame| if frame == 20 { &[0, 2] } else { &[0, 1, 2] })[0].0, Fault::MissingReference);
}

#[test]
fn what_a_mid_stream_start_or_a_jump_hides_of_upper_layers_is_not_told() {
    let mut source = Source::video(Codec::Vp9, 500, 30, 60, 1, 3).flexible().with_spatial_layers(3);
    let packets = sent(&mut source, 50);
    let late: Vec<_> = packets.iter().filter(|packet| packet.frame >= 10).cloned().collect();
    assert_eq!(faults(&check(Codec::Vp9, &renumbered(late))), [(Fault::UndecodableStart, 1)]);
    let jump: Vec<_> = packets.into_iter().filter(|packet| !(20..35).contains(&packet.frame)).collect();
    assert_eq!(faults(&check(Codec::Vp9, &renumbered(jump))), [(Fault::PictureIdJump, 1)]);
}

#[test]
fn descriptors_tell_a_layer_that_comes_back_without_what_it_refers_to() {
    let mut source = Source::video(Codec::Av1, 500, 30, 60, 1, 3).with_spatial_layers(3).with_temporal_layers(3);
    let packets = sent(&mut source, 50);
    let mut parser = dd::Parser::new();
    let layers: Vec<_> = packets
        .iter()
        .map(|packet| parser.parse(packet.dd.as_ref().unwrap()).map(|dd| (dd.spatial, dd.temporal)).unwrap())
        .collect();
    let check = |wanted: &dyn Fn(usize) -> u8| {
        let mut kept: Vec<_> = packets
            .iter()
            .zip(&layers)
            .filter(|(packet, (spatial, temporal))| *spatial <= wanted(packet.frame) && *temporal < 2)
            .map(|(packet, _)| packet.clone())
            .collect();
        for at in 0..kept.len() {
            kept[at].marker = kept.get(at + 1).is_none_or(|next| next.frame != kept[at].frame);
        }
        faults(&check(Codec::Av1, &renumbered(kept)))
    };
    assert_eq!(check(&|_| 2), []);
    assert_eq!(check(&|frame| if frame < 20 { 2 } else { 0 }), [], "frame numbers may be left out");
    assert_eq!(check(&|frame| if frame < 20 { 0 } else { 1 })[0].0, Fault::MissingReference);
}

#[test]
fn a_frame_number_that_goes_back_is_told() {
    let mut packets = sent(&mut Source::video(Codec::Av1, 500, 30, 60, 1, 3), 40);
    for packet in packets.iter_mut().filter(|packet| packet.frame >= 20) {
        let bytes = packet.dd.as_mut().unwrap();
        let was = dd::frame_number(bytes).unwrap();
        dd::renumber(bytes, was.minus(10));
    }
    assert_eq!(faults(&check(Codec::Av1, &packets)), [(Fault::FrameNumberBackwards, 1)]);
}

#[test]
fn a_payload_or_descriptor_that_cannot_be_read_is_told_once_per_packet() {
    let mut packets = sent(&mut Source::video(Codec::H264, 200, 30, 60, 1, 3), 40);
    let single = packets.iter().position(|packet| packet.frame == 30).unwrap();
    packets[single].payload = vec![0xff; 50];
    let report = check(Codec::H264, &packets);
    assert_eq!(faults(&report), [(Fault::Malformed, 1)], "{:?}", report.verdicts);

    let mut packets = sent(&mut Source::video(Codec::Av1, 200, 30, 60, 1, 3), 40);
    let single = packets.iter().position(|packet| packet.frame == 30).unwrap();
    packets[single].dd = Some(vec![0xff; 3]);
    assert_eq!(check(Codec::Av1, &packets).count(Fault::Malformed), 1);

    let mut audio = sent(&mut Source::audio(1), 20);
    audio[10].payload = vec![0xff, 0];
    assert_eq!(faults(&check(Codec::Opus, &audio)), [(Fault::Malformed, 1)]);
}

#[test]
fn padding_between_frames_is_clean() {
    let mut packets = Vec::new();
    for packet in sent(&mut vp8(), 40) {
        let end = packet.marker;
        let padding = Sent { marker: false, payload: Vec::new(), ..packet.clone() };
        packets.push(packet);
        if end {
            packets.push(padding);
        }
    }
    let report = check(Codec::Vp8, &renumbered(packets));
    assert!(report.is_clean(), "{:?}", report.verdicts);
    assert_eq!(report.frames, 40);
}

#[test]
fn a_splice_with_continuous_numbers_is_clean_and_without_them_is_not() {
    // Two sources one after the other, the second rewritten to go on where the first ended; and not rewritten.
    let (mut one, mut two) = (vp8(), Source::video(Codec::Vp8, 500, 15, 0, 2, 99));
    let first = sent(&mut one, 30);
    let last = first.last().unwrap().clone();
    let last_id = vp8::Descriptor::parse(&last.payload).unwrap().0;
    let second = sent(&mut two, 30);
    let base = second[0].clone();
    let base_id = vp8::Descriptor::parse(&base.payload).unwrap().0;
    let mut spliced = first.clone();
    let mut unspliced = first;
    for packet in second {
        let at = last.at + Duration::from_millis(66) + packet.at;
        let (mine, frame) = vp8::Descriptor::parse(&packet.payload).map(|(d, _)| (d, packet.frame)).unwrap();
        let seq = last.seq.next().plus(packet.seq.distance(base.seq) as u16);
        unspliced.push(Sent { at, seq, ..packet.clone() });
        let mut payload = packet.payload;
        let numbers = vp8::Numbers {
            picture_id: last_id.picture_id.unwrap().plus(1 + frame as u16).value(),
            tl0: last_id
                .tl0
                .unwrap()
                .wrapping_add(1)
                .wrapping_add(mine.tl0.unwrap().wrapping_sub(base_id.tl0.unwrap())),
            keyidx: last_id.keyidx.unwrap() + mine.keyidx.unwrap(),
        };
        vp8::rewrite(&mut payload, numbers);
        let time = last.time.plus(6_000 + packet.time.since(base.time) as u32);
        spliced.push(Sent { at, seq, time, payload, ..packet });
    }
    let report = check(Codec::Vp8, &spliced);
    assert!(report.is_clean(), "{:?}", report.verdicts);
    let report = check(Codec::Vp8, &unspliced);
    assert_eq!(report.count(Fault::PictureIdJump), 1, "{:?}", report.verdicts);
    assert_eq!((report.count(Fault::TimestampJump), report.count(Fault::Tl0Jump)), (1, 1));
}

#[test]
fn an_unreadable_stream_is_checked_for_its_sequence_alone() {
    let mut checker = Checker::sequence_only();
    for seq in [1, 2, 4, 3, 3, 9] {
        let view = View { seq: Seq(seq), time: RtpTime(7), marker: false, payload: b"sealed", dd: None };
        checker.push(Duration::ZERO, &view);
    }
    let report = checker.finish();
    assert_eq!(faults(&report), [(Fault::Gap, 4), (Fault::Duplicate, 1), (Fault::Reordered, 1)]);
    assert_eq!((report.packets, report.payload_bytes, report.frames), (6, 36, 0));
}

#[test]
fn a_verdict_says_what_where_and_how_often() {
    let mut packets = sent(&mut vp8(), 30);
    packets.insert(20, packets[10].clone());
    let report = check(Codec::Vp8, &packets);
    let text = report.verdicts[0].to_string();
    assert!(text.starts_with("duplicate x1, first at ") && text.ends_with(": it came before"), "{text}");
    for (i, kind) in Fault::ALL.into_iter().enumerate() {
        assert_eq!(kind as usize, i, "Fault::ALL is in declaration order");
    }
}

#[test]
fn a_checker_of_a_clean_stream_stays_small() {
    assert!(std::mem::size_of::<Checker>() <= 480, "{}", std::mem::size_of::<Checker>());
}
