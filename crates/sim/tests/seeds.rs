//! Many worlds: whatever the seed, a viewer who joins at some moment of some publication over some line sees a stream that
//! nothing of ours has damaged.

use media::check::Fault;
use media::codec::{Codec, Kind};
use netsim::Rng;
use sim::{Publish, Sim, ms, profile, secs};

/// Seeds that once failed come first and stay.
const SEEDS: std::ops::Range<u64> = 0..100;

#[test]
fn a_hundred_seeds_of_comings_and_goings() {
    for seed in SEEDS {
        world(seed);
    }
}

fn world(seed: u64) {
    let mut dice = Rng::seed(seed ^ 0x5eed);
    let workers = 1 + dice.below(3) as u8;
    let mut sim = Sim::with_workers(seed, workers);
    let video = [Codec::Vp8, Codec::H264, Codec::Vp9, Codec::Av1][dice.below(4) as usize];
    let publish = Publish { video, kbps: 300 + dice.below(1500) as u32, ..Publish::default() };
    sim.publish_with("room", "ann", publish.clone());
    sim.run(ms(500 + dice.below(1500)));

    let lines = ["clean", "lan", "wifi", "lte", "intercontinental", "reordering", "5%loss50ms"];
    let mut viewers = Vec::new();
    for i in 0..1 + dice.below(3) {
        let who = format!("viewer {i}");
        let line = lines[dice.below(lines.len() as u64) as usize];
        sim.watch_on(dice.below(u64::from(workers)) as u8, "room", &who);
        if line == "reordering" {
            // The client's stack drops whatever its very first packet overtook, which no server can mend.
            sim.run(ms(1000));
        }
        sim.line(&who, profile(line));
        viewers.push((who, line));
        sim.run(ms(dice.below(800)));
    }
    sim.run(ms(500 + dice.below(1000)));
    match dice.below(3) {
        0 => {}
        1 => {
            sim.leave("ann");
            sim.run(ms(dice.below(3000)));
            sim.publish_with("room", "ann", publish);
        }
        _ => {
            sim.mute("ann", true);
            sim.run(ms(2200));
            sim.publish_with("room", "zoe", publish);
        }
    }
    sim.run(secs(3));

    for (who, line) in viewers {
        for kind in [Kind::Video, Kind::Audio] {
            let track = sim.viewer(&who).track(kind);
            let report = track.report();
            let context = format!("seed {seed}, {workers} workers, {video}, {who} on {line}, {kind:?}: {report:?}");
            assert_eq!((track.duplicates, track.corrupt), (0, 0), "{context}");
            // Only a line that loses may leave holes; no line may leave anything else.
            let holes = [
                Fault::Gap,
                Fault::IncompleteFrame,
                Fault::MissingReference,
                Fault::PictureIdJump,
                Fault::Tl0Jump,
                // The very first packet was lost: nobody can miss what nobody knows of, but a picture is asked for.
                Fault::UndecodableStart,
                Fault::MissingParameterSets,
            ];
            let lossy = matches!(line, "wifi" | "lte" | "intercontinental" | "5%loss50ms");
            for fault in Fault::ALL {
                let allowed = lossy && holes.contains(&fault);
                assert!(allowed || report.count(fault) == 0, "{fault:?}: {context}");
            }
            if !lossy {
                assert_eq!(track.missing(), 0, "{context}");
            }
            let late = sim.now() - track.last_arrival.expect("something arrived");
            assert!(late < ms(400), "nothing for {late:?}: {context}");
        }
        let waited = sim.viewer(&who).track(Kind::Video).first_keyframe.expect("a picture");
        let waited = waited - sim.viewer(&who).connected.unwrap();
        // A lost first packet costs a request, and requests are a second apart.
        let patience = if line == "5%loss50ms" { secs(4) } else { secs(2) };
        assert!(waited < patience, "seed {seed}: {who} on {line} waited {waited:?} for a picture");
    }
}
