//! Joins, switches, restarts and layers, at random and by the ten thousand: whatever happens, each viewer gets one stream in which
//! every packet follows on the one before or is the beginning of a keyframe.

use std::time::{Duration, Instant};

use media::check::Fault;
use media::codec::{Codec, Kind};
use netsim::Rng;
use sim::{Publish, Sim, Steps, ms, profile, secs};

/// Worlds of a run: each makes about five thousand splices.
const SEEDS: u64 = 25;

/// A publisher's line is clean so long: the stack that receives it drops what a stream's first packet overtook.
const FIRST: Duration = Duration::from_millis(300);

/// What a seed's world is made of.
struct Plan {
    video: Codec,
    rooms: u64,
    viewers: u64,
    /// Of the publishers' lines.
    line: &'static str,
    events: u64,
}

fn publish(plan: &Plan, n: u64) -> Publish {
    let layers = if n.is_multiple_of(3) { vec!["f", "h"] } else { vec![] };
    // Little enough that half a minute of many rooms fits into a second.
    Publish { video: plan.video, kbps: 250, layers, keyframe_every: 20 + 17 * n as u32, fps: 30, ..Publish::default() }
}

/// Runs a plan; returns the steps of all viewers, and the splices that were asked for.
fn run(seed: u64, plan: &Plan) -> (Steps, u64) {
    let mut rng = Rng::seed(seed);
    let mut sim = Sim::with_workers(seed, 2).without_trace();
    let mut names: Vec<String> = Vec::new();
    for n in 0..plan.rooms {
        let who = format!("publisher {n}");
        sim.publish_on((n % 2) as u8, &format!("room-{n}"), &who, publish(plan, n));
        names.push(who);
    }
    sim.run(secs(1));
    for who in &names {
        sim.line(who, profile(plan.line));
    }
    for n in 0..plan.viewers {
        sim.watch_on((n % 2) as u8, &format!("room-{}", n % plan.rooms), &format!("viewer {n}"));
    }
    sim.run(secs(1));
    let mut total = Steps::default();
    let mut asked = plan.viewers;
    let mut departures = 0;
    // Publishers whose line is still good.
    let mut fresh: Vec<(Instant, usize)> = Vec::new();
    for event in 0..plan.events {
        let (due, later): (Vec<_>, Vec<_>) = fresh.into_iter().partition(|(at, _)| *at <= sim.now());
        fresh = later;
        for (_, room) in due {
            sim.line(&names[room], profile(plan.line));
        }
        let viewer = rng.below(plan.viewers);
        let room = rng.below(plan.rooms);
        match rng.below(200) {
            // Somebody leaves, and somebody else comes.
            0..4 => {
                let name = format!("viewer {viewer}");
                judge(&sim, seed, &name, plan, departures, &mut total);
                sim.leave(&name);
                // A room whose publisher is on its way back has nobody to offer.
                let rooms = (room..room + plan.rooms).map(|room| format!("room-{}", room % plan.rooms));
                let worker = rng.below(2) as u8;
                let joined = rooms.into_iter().any(|room| sim.try_watch_on(worker, &room, &name).is_ok());
                assert!(joined, "seed {seed}: no room is live");
                asked += 1;
            }
            // A publisher begins anew: other SSRCs, numbers and clock, or another one takes its place.
            4 => {
                let who = std::mem::take(&mut names[room as usize]);
                sim.leave(&who);
                departures += 1;
                names[room as usize] = format!("publisher {room} again {event}");
                let again = publish(plan, room + rng.below(3));
                sim.publish_on((room % 2) as u8, &format!("room-{room}"), &names[room as usize], again);
                fresh.push((sim.now() + FIRST, room as usize));
            }
            // Its encoder gives a layer up, and takes it up again.
            5 if room.is_multiple_of(3) => sim.stop_layer(&names[room as usize], "f"),
            6 if room.is_multiple_of(3) => sim.resume_layer(&names[room as usize], "f"),
            // Its camera stands still: after a second its viewers see the clip, and then the camera again.
            7 => sim.mute(&names[room as usize], true),
            8..10 => sim.mute(&names[room as usize], false),
            _ => {
                sim.switch(&format!("viewer {viewer}"), &format!("room-{room}"));
                asked += 1;
            }
        }
        sim.run(ms(rng.below(3)));
    }
    for who in &names {
        sim.mute(who, false);
    }
    sim.run(secs(2));
    for viewer in 0..plan.viewers {
        judge(&sim, seed, &format!("viewer {viewer}"), plan, departures, &mut total);
    }
    (total, asked)
}

fn judge(sim: &Sim, seed: u64, who: &str, plan: &Plan, departures: u64, total: &mut Steps) {
    for kind in [Kind::Video, Kind::Audio] {
        if !sim.viewer(who).has(kind) {
            continue;
        }
        let track = sim.viewer(who).track(kind);
        let (report, steps) = (track.report(), track.steps);
        let context = || format!("seed {seed}, {who}, {kind:?}: {steps:?} {report:?}");
        // What a publisher's line has lost is missing here too, and shows as a gap in the numbers; a publisher who leaves in the midst of a
        // frame takes the rest of it along.
        let gaps = report.count(Fault::Gap);
        let (loses, reorders) = (profile(plan.line).loss != netsim::Loss::None, profile(plan.line).reorder);
        for fault in Fault::ALL {
            let excused = match fault {
                Fault::IncompleteFrame => departures + gaps,
                Fault::Gap | Fault::PictureIdJump | Fault::Tl0Jump | Fault::MissingReference if loses => u64::MAX,
                // What a first packet overtook is dropped by the client's own stack, and sound is not repaired.
                // And what is under way when a publisher leaves, is gone.
                Fault::Gap if reorders => departures + u64::from(kind == Kind::Audio),
                _ => 0,
            };
            assert!(report.count(fault) <= excused, "{}", context());
        }
        assert!(steps.lost <= gaps, "{}", context());
        assert!(gaps * 10 <= report.packets + 50, "{}", context());
        assert_eq!((steps.back, steps.torn, track.corrupt), (0, 0, 0), "{}", context());
        if kind == Kind::Video {
            total.even += steps.even;
            total.splices += steps.splices;
            total.lost += steps.lost;
        }
    }
}

#[test]
fn a_hundred_thousand_splices_are_seen_by_no_decoder() {
    let codecs = [Codec::Vp8, Codec::H264, Codec::Vp9, Codec::Av1];
    let lines = ["clean", "clean", "wifi", "reordering", "5%loss50ms"];
    let mut total = Steps::default();
    for seed in 0..SEEDS {
        let (video, line) = (codecs[seed as usize % 4], lines[seed as usize % 5]);
        let (steps, asked) = run(seed, &Plan { video, rooms: 7, viewers: 48, line, events: 6000 });
        println!("seed {seed}, {video} over {line}: {asked} asked for, {steps:?}");
        total.even += steps.even;
        total.splices += steps.splices;
        total.lost += steps.lost;
    }
    println!("in all: {total:?}");
    assert!(total.splices >= 100_000, "{total:?}");
}

#[test]
fn ten_thousand_switches_in_a_minute_over_a_hundred_rooms_stay_exact() {
    let mut rng = Rng::seed(1);
    let mut sim = Sim::with_workers(1, 2).without_trace();
    for n in 0..100 {
        let publish = Publish { kbps: 60, fps: 10, keyframe_every: 30 + n, ..Publish::default() };
        sim.publish_on((n % 2) as u8, &format!("room-{n}"), &format!("publisher {n}"), publish);
    }
    sim.run(secs(1));
    for n in 0..20 {
        sim.watch_on((n % 2) as u8, "room-0", &format!("viewer {n}"));
    }
    for _ in 0..10_000 {
        sim.switch(&format!("viewer {}", rng.below(20)), &format!("room-{}", rng.below(100)));
        sim.run(ms(6));
    }
    sim.run(secs(1));
    let plan = Plan { video: Codec::Vp8, rooms: 100, viewers: 20, line: "clean", events: 0 };
    let mut total = Steps::default();
    for n in 0..20 {
        judge(&sim, 1, &format!("viewer {n}"), &plan, 0, &mut total);
    }
    assert!(total.splices > 4000, "{total:?}");
    assert_eq!(sim.stats(0).drops.get(engine::Drop::SealedTwice), 0);
}
