use super::*;
use crate::dd;

fn sources() -> Vec<Source> {
    let mut sources: Vec<_> = Codec::ALL
        .into_iter()
        .filter(|codec| codec.kind() == Kind::Video)
        .flat_map(|codec| (1..=3).map(move |layers| (codec, layers)))
        .map(|(codec, layers)| Source::video(codec, 800, 30, 60, 7, 42).with_temporal_layers(layers))
        .collect();
    sources.push(Source::audio(7));
    sources.push(Source::video(Codec::Vp9, 800, 30, 60, 7, 1).with_spatial_layers(3).with_temporal_layers(2));
    sources.push(Source::video(Codec::Vp9, 800, 30, 60, 7, 1).flexible());
    sources.push(Source::video(Codec::H264, 800, 30, 60, 7, 1).with_parameter_sets(ParameterSets::Single));
    sources.push(Source::video(Codec::H265, 800, 30, 60, 7, 1).with_parameter_sets(ParameterSets::Single));
    sources
}

#[test]
fn every_payload_is_within_its_limit_and_knows_what_it_is() {
    for mut source in sources() {
        let codec = source.codec();
        let mut counter = 0;
        for packet in (0..100).flat_map(|_| source.next_frame()) {
            assert!(packet.payload.len() <= PAYLOAD_LEN_MAX, "{codec}");
            let Some(tag) = read_tag(codec, &packet.payload) else {
                assert!(packet.payload.len() < 64 && packet.keyframe, "{codec}: only parameter sets are bare");
                continue;
            };
            assert_eq!((tag.stream, tag.counter), (7, counter), "{codec}");
            assert!(tag_is_intact(codec, &packet.payload), "{codec}");
            counter += 1;
        }
    }
}

#[test]
fn key_frames_come_first_when_due_and_when_asked() {
    for mut source in sources().into_iter().filter(|source| source.codec().kind() == Kind::Video) {
        let codec = source.codec();
        let mut parser = dd::Parser::new();
        let mut keys = Vec::new();
        for n in 0..100 {
            if n == 30 {
                source.request_keyframe();
            }
            let packets = source.next_frame();
            let mut begins = false;
            for (i, packet) in packets.iter().enumerate() {
                let descriptor = packet.dd.as_ref().map(|bytes| parser.parse(bytes).unwrap());
                let facts = crate::facts(codec, &packet.payload, packet.marker, descriptor.as_ref());
                assert!(i > 0 || facts.frame_start, "{codec}");
                begins |= facts.keyframe;
                assert_eq!(packet.marker, i + 1 == packets.len());
            }
            assert_eq!(begins, packets[0].keyframe, "{codec} frame {n}");
            if begins {
                keys.push(n);
            }
        }
        assert_eq!(keys, [0, 30, 90], "{codec}");
    }
}

#[test]
fn a_stream_has_the_rate_it_was_asked_for() {
    for codec in Codec::ALL.into_iter().filter(|codec| codec.kind() == Kind::Video) {
        let mut source = Source::video(codec, 1_500, 30, 90, 1, 9);
        let bytes: usize = (0..900).flat_map(|_| source.next_frame()).map(|packet| packet.payload.len()).sum();
        let kbps = bytes * 8 / 30 / 1_000;
        assert!((1_400..1_700).contains(&kbps), "{codec}: {kbps}");
    }
}

#[test]
fn timestamps_follow_the_frame_rate_without_drift() {
    let mut source = Source::video(Codec::Vp8, 100, 24, 0, 1, 5);
    let first = source.next_frame()[0].time;
    let times: Vec<_> = (1..=240).map(|_| source.next_frame()[0].time.since(first)).collect();
    assert_eq!((times[0], times[239]), (3_750, 900_000));
    assert_eq!(source.due(24), Duration::from_secs(1));
    let mut audio = Source::audio(1);
    let (one, two) = (audio.next_frame().remove(0), audio.next_frame().remove(0));
    assert_eq!((two.time.since(one.time), one.marker, two.marker), (960, true, false));
}

#[test]
fn one_seed_is_one_stream() {
    let frames = |seed| {
        let mut source = Source::video(Codec::Vp8, 500, 30, 60, 1, seed);
        (0..10).flat_map(|_| source.next_frame()).collect::<Vec<_>>()
    };
    assert_eq!(frames(3), frames(3));
    assert_ne!(frames(3), frames(4));
}

#[test]
fn temporal_layers_are_told_by_descriptor_and_payload_alike() {
    for codec in [Codec::Vp8, Codec::Vp9, Codec::Av1] {
        let mut source = Source::video(codec, 300, 30, 0, 1, 1).with_temporal_layers(3).with_descriptors();
        let mut parser = dd::Parser::new();
        let mut layers = Vec::new();
        for packet in (0..9).map(|_| source.next_frame().remove(0)) {
            let descriptor = parser.parse(packet.dd.as_ref().unwrap()).unwrap();
            assert_eq!(crate::facts(codec, &packet.payload, true, None).temporal, descriptor.temporal, "{codec}");
            layers.push(descriptor.temporal);
        }
        assert_eq!(layers, [0, 2, 1, 2, 0, 2, 1, 2, 0], "{codec}");
    }
}
