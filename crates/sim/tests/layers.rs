//! Layers within a stream: each viewer gets the part that it wants or can carry, and no decoder notices that there is more.

use media::check::Fault;
use media::codec::{Codec, Kind};
use netsim::Rng;
use proto::LayerChoice;
use proto::api::{SessionTrack, TrackKind};
use sim::{Publish, Sim, ms, profile, secs};

fn layered(video: Codec) -> Publish {
    let (spatial_layers, descriptors) = match video {
        Codec::Vp9 => (3, false),
        Codec::Av1 => (3, true),
        Codec::H264 => (1, true),
        _ => (1, false),
    };
    Publish { video, kbps: 1200, spatial_layers, temporal_layers: 3, descriptors, ..Publish::default() }
}

const CODECS: [Codec; 4] = [Codec::Vp8, Codec::Vp9, Codec::Av1, Codec::H264];

fn video(sim: &mut Sim, who: &str) -> SessionTrack {
    let view = sim.look(who);
    view.tracks.into_iter().find(|t| t.kind == TrackKind::Video).expect("a video track")
}

fn is_clean(sim: &Sim, who: &str, what: &str) {
    let track = sim.viewer(who).track(Kind::Video);
    assert!(track.report().is_clean(), "{what}, {who}: {:?}", track.report());
    assert_eq!((track.duplicates, track.corrupt), (0, 0), "{what}, {who}");
}

#[test]
fn a_viewer_gets_the_layers_it_asks_for_and_its_neighbour_all() {
    for codec in CODECS {
        let mut sim = Sim::with_workers(1, 2);
        sim.publish_with("room", "ann", layered(codec));
        sim.run(secs(1));
        for (worker, who) in [(0, "bob"), (0, "all"), (1, "zoe")] {
            sim.watch_on(worker, "room", who);
        }
        sim.run(secs(2));
        for who in ["bob", "zoe"] {
            let wish = LayerChoice { spatial: Some(0), temporal: Some(0), ..LayerChoice::default() };
            sim.choose(who, wish).unwrap_or_else(|refusal| panic!("{codec}, {who}: {refusal}"));
        }
        let before = video(&mut sim, "bob").bytes;
        let all_before = video(&mut sim, "all").bytes;
        sim.run(secs(4));
        let (base, all) = (video(&mut sim, "bob").bytes - before, video(&mut sim, "all").bytes - all_before);
        assert!(base * 3 < all * 2, "{codec}: the base is {base} bytes of {all}");
        assert_eq!((video(&mut sim, "bob").spatial, video(&mut sim, "bob").temporal), (Some(0), Some(0)), "{codec}");
        sim.choose("bob", LayerChoice::default()).unwrap();
        sim.run(secs(2));
        let within = (video(&mut sim, "bob").spatial, video(&mut sim, "bob").temporal);
        assert_eq!(within, (video(&mut sim, "all").spatial, video(&mut sim, "all").temporal), "{codec}");
        for who in ["bob", "all", "zoe"] {
            is_clean(&sim, who, codec.name());
            let track = sim.viewer(who).track(Kind::Video);
            assert_eq!(track.described > 100, codec == Codec::Av1, "{codec}: only AV1 needs frames described");
        }
        sim.sees_everything("all");
    }
}

#[test]
fn a_line_that_gets_narrow_gets_fewer_layers_and_all_of_them_back() {
    for codec in [Codec::Vp9, Codec::Av1] {
        let mut sim = Sim::seed(2);
        sim.publish_with("room", "ann", layered(codec));
        sim.run(secs(1));
        sim.watch("room", "bob");
        sim.run(secs(3));
        let top = video(&mut sim, "bob").spatial;
        assert_eq!(top, Some(2), "{codec}");
        sim.way_down("bob", "delay=10ms,rate=700kbps,queue=300ms".parse().unwrap());
        sim.run(secs(8));
        let narrow = video(&mut sim, "bob");
        assert!(narrow.spatial < top || narrow.temporal < Some(2), "{codec}: {narrow:?}");
        sim.way_down("bob", "delay=10ms,rate=20mbps,queue=300ms".parse().unwrap());
        sim.run(secs(15));
        assert_eq!(video(&mut sim, "bob").spatial, top, "{codec}");
        let track = sim.viewer("bob").track(Kind::Video);
        assert_eq!((track.corrupt, track.steps.back, track.steps.torn), (0, 0, 0));
        // What the queue dropped before the estimate followed may not all have been repaired in time.
        let report = track.report();
        let excused =
            [Fault::Gap, Fault::IncompleteFrame, Fault::MissingReference, Fault::PictureIdJump, Fault::Tl0Jump];
        for fault in Fault::ALL.into_iter().filter(|fault| !excused.contains(fault)) {
            assert_eq!(report.count(fault), 0, "{codec}: {report:?}");
        }
        assert!(report.count(Fault::Gap) * 100 <= report.packets, "{codec}: {report:?}");
    }
}

#[test]
fn wishes_at_random_with_packets_that_overtake_each_other_leave_a_stream_without_fault() {
    for seed in 0..12 {
        let codec = CODECS[seed as usize % 4];
        let mut rng = Rng::seed(seed);
        let mut sim = Sim::with_workers(seed, 2);
        let publish = Publish { keyframe_every: 60 + 20 * seed as u32, ..layered(codec) };
        sim.publish_with("room", "ann", publish);
        sim.run(secs(1));
        sim.line("ann", profile(["clean", "reordering", "wifi"][seed as usize % 3]));
        for n in 0..8 {
            sim.watch_on(n % 2, "room", &format!("viewer {n}"));
        }
        sim.run(secs(1));
        for _ in 0..400 {
            let wish = LayerChoice {
                spatial: Some(rng.below(3) as u8),
                temporal: Some(rng.below(3) as u8),
                ..LayerChoice::default()
            };
            sim.choose(&format!("viewer {}", rng.below(8)), wish).expect("a layered stream");
            sim.run(ms(rng.below(40)));
        }
        sim.run(secs(1));
        for n in 0..8 {
            let who = format!("viewer {n}");
            let track = sim.viewer(&who).track(Kind::Video);
            let report = track.report();
            let loses = seed % 3 == 2;
            for fault in Fault::ALL {
                // What the publisher's line has lost for good.
                let gaps = report.count(Fault::Gap);
                let excused = match fault {
                    Fault::Gap if loses => report.packets / 100,
                    _ if loses => gaps * 20,
                    _ => 0,
                };
                assert!(report.count(fault) <= excused, "seed {seed}, {codec}, {who}: {report:?}");
            }
            assert_eq!((track.duplicates, track.corrupt), (0, 0), "seed {seed}, {codec}, {who}");
        }
    }
}

#[test]
fn a_publisher_stops_what_nobody_wants_and_goes_on_before_anybody_misses_it() {
    for viewers_worker in 0..2 {
        let mut sim = Sim::with_workers(4, 2);
        let layers = vec!["m", "f", "q"];
        sim.publish_with("room", "ann", Publish { kbps: 1600, layers, is_thrifty: true, ..Publish::default() });
        sim.run(secs(6));
        assert_eq!(sim.sent_layers("ann"), ["q"], "nobody watches; the smallest goes on for who comes");
        sim.watch_on(viewers_worker, "room", "bob");
        sim.run(ms(200));
        let bob = sim.viewer("bob");
        let waited = bob.track(Kind::Video).first_keyframe.expect("a picture") - bob.connected.expect("a connection");
        assert!(waited < ms(40), "{waited:?}");
        sim.run(ms(700));
        assert_eq!(video(&mut sim, "bob").layer.as_deref(), Some("m"), "the best, which is not the first by name");
        sim.run(secs(6));
        assert_eq!(sim.sent_layers("ann"), ["m", "q"]);
        let wish = LayerChoice { rid: Some("f".into()), ..LayerChoice::default() };
        sim.choose("bob", wish).expect("a layer that is stopped can be chosen");
        sim.run(ms(500));
        assert_eq!(video(&mut sim, "bob").layer.as_deref(), Some("f"));
        sim.run(secs(6));
        assert_eq!(sim.sent_layers("ann"), ["f", "q"]);
        is_clean(&sim, "bob", "thrift");
    }
}
