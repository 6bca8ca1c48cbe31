//! Several people publish in one room: who is heard, who is seen, and that nothing tears when that changes.

use std::collections::BTreeSet;

use media::codec::Kind;
use proto::api::{TrackKind, Verdict};
use sim::{Publish, Sim, ms, secs};

const SILENCE: u8 = 127;
const SPEECH: u8 = 30;

fn named() -> Publish {
    Publish { is_named: true, kbps: 300, ..Publish::default() }
}

fn microphone() -> Publish {
    Publish { has_video: false, ..named() }
}

/// A room on worker 0 in which all of these publish, and are silent.
fn room(seed: u64, publishers: &[(&str, Publish)]) -> Sim {
    let mut sim = Sim::with_workers(seed, 2);
    for (who, publish) in publishers {
        sim.publish_on(0, "hall", who, publish.clone());
        sim.speak(who, SILENCE);
        sim.run(ms(100));
    }
    sim.run(secs(1));
    sim
}

/// The streams that somebody hears in this time, each voice by its number.
fn heard(sim: &mut Sim, who: &str, ms_long: u64) -> BTreeSet<u32> {
    let before: Vec<usize> = sim.viewer(who).voices().map(|voice| voice.tags.len()).collect();
    sim.run(ms(ms_long));
    let tags = sim
        .viewer(who)
        .voices()
        .enumerate()
        .flat_map(|(at, voice)| &voice.tags[before.get(at).copied().unwrap_or(0)..]);
    tags.map(|tag| tag.stream).collect()
}

fn picture(sim: &Sim, who: &str) -> u32 {
    sim.viewer(who).track(Kind::Video).tags.last().expect("a picture").stream
}

/// What every decoder of a viewer says, and every packet of it.
fn is_without_a_seam(sim: &Sim, who: &str) {
    for track in &sim.viewer(who).tracks {
        let (report, steps) = (track.report(), track.steps);
        assert!(report.is_clean(), "{who}: {report:?}");
        assert_eq!((steps.lost, steps.back, steps.torn, track.corrupt), (0, 0, 0, 0), "{who}");
    }
}

#[test]
fn a_viewer_with_one_section_hears_and_sees_who_speaks() {
    for worker in [0, 1] {
        let mut sim = room(1 + u64::from(worker), &[("ann", named()), ("bea", named()), ("cem", named())]);
        sim.watch_on(worker, "hall", "zoe");
        sim.run(secs(2));
        let latest = picture(&sim, "zoe");
        let mut pictures = BTreeSet::from([latest]);
        for (who, others) in [("ann", 3), ("bea", 3), ("ann", 3)] {
            sim.speak(who, SPEECH);
            sim.run(secs(2));
            let voices = heard(&mut sim, "zoe", 1000);
            assert_eq!(voices.len(), 1, "worker {worker}: while {who} speaks, nobody of {others} else is heard");
            assert_eq!(
                voices.first().map(|v| v >> 8),
                Some(picture(&sim, "zoe") >> 8),
                "the voice is that of the picture"
            );
            pictures.insert(picture(&sim, "zoe"));
            sim.speak(who, SILENCE);
        }
        assert_eq!(pictures.len(), 3, "the latest before anybody spoke, then the two who did");
        is_without_a_seam(&sim, "zoe");
    }
}

#[test]
fn the_five_who_have_a_seat_are_heard_each_in_a_section_of_its_own() {
    let people = ["a", "b", "c", "d", "e", "f", "g"];
    let microphones: Vec<(&str, Publish)> = people.iter().map(|who| (*who, microphone())).collect();
    let mut sim = room(3, &microphones);
    sim.listen(1, "hall", "zoe", 5);
    sim.run(secs(1));
    let at_first = heard(&mut sim, "zoe", 500);
    assert_eq!(at_first.len(), 5);
    // The two who came last had no seat. One of them speaks, and takes that of somebody who never did.
    sim.speak("g", SPEECH);
    sim.run(ms(500));
    let then = heard(&mut sim, "zoe", 500);
    assert_eq!(then.len(), 5, "{then:?}");
    assert_eq!(then.difference(&at_first).count(), 1, "one newcomer: {at_first:?} to {then:?}");
    // Who stays is in the section where it was: four sections have carried one voice each.
    let voices: Vec<usize> =
        sim.viewer("zoe").voices().map(|v| v.tags.iter().map(|t| t.stream).collect::<BTreeSet<_>>().len()).collect();
    assert_eq!(voices.iter().filter(|voices| **voices == 1).count(), 4, "{voices:?}");
    is_without_a_seam(&sim, "zoe");
}

#[test]
fn what_nobody_may_hear_does_not_cross_to_another_worker() {
    let people = ["a", "b", "c", "d", "e", "f", "g", "h", "i"];
    let microphones: Vec<(&str, Publish)> = people.iter().map(|who| (*who, microphone())).collect();
    let mut sim = room(4, &microphones);
    sim.listen(1, "hall", "zoe", 5);
    sim.run(secs(1));
    let before = sim.stats(0).records_out;
    sim.run(secs(2));
    let crossed = sim.stats(0).records_out - before;
    // 50 packets a second of five voices, and not of nine.
    assert!((450..=550).contains(&crossed), "{crossed} packets of sound in two seconds");
}

#[test]
fn a_name_is_taken_while_its_publisher_sends_and_free_for_others() {
    let mut sim = room(5, &[("ann", named()), ("bea", named())]);
    let again = sim.try_publish_as("hall", "ann", "impostor");
    assert!(matches!(again, Err(engine::Refusal::Occupied(_))), "{again:?}");
    sim.watch_on(1, "hall", "zoe");
    sim.speak("ann", SPEECH);
    sim.run(secs(2));
    let ann = picture(&sim, "zoe");
    // Her network is gone, and she comes back under her name: bea is still there, and zoe sees ann again.
    sim.mute("ann", true);
    sim.run(secs(3));
    sim.try_publish_as("hall", "ann", "ann-again").expect("she has been silent");
    sim.run(secs(2));
    let after = picture(&sim, "zoe");
    assert_ne!(after >> 8, ann >> 8, "another encoder");
    sim.speak("bea", SILENCE);
    sim.run(secs(1));
    assert_eq!(picture(&sim, "zoe"), after);
    assert_eq!(sim.worker(0).stats().publishers, 2);
    is_without_a_seam(&sim, "zoe");
}

#[test]
fn a_look_tells_of_the_voices_that_are_heard_and_of_none_that_could_be() {
    let mut sim = room(7, &[("ann", named()), ("bea", named())]);
    sim.listen(1, "hall", "zoe", 5);
    sim.run(secs(2));
    let verdicts = |sim: &mut Sim| sim.look("zoe").tracks.into_iter().map(|t| (t.kind, t.verdict)).collect::<Vec<_>>();
    let plays = [
        (TrackKind::Audio, Verdict::Playing),
        (TrackKind::Video, Verdict::Playing),
        (TrackKind::Audio, Verdict::Playing),
    ];
    assert_eq!(verdicts(&mut sim), plays);
    sim.leave("ann");
    sim.leave("bea");
    sim.run(ms(100));
    assert_eq!(verdicts(&mut sim), [(TrackKind::Audio, Verdict::NoSource), (TrackKind::Video, Verdict::NoSource)]);
}

#[test]
fn more_publishers_than_a_room_may_have_are_refused() {
    let limits = engine::Limits { publishers_max: 2, ..engine::Limits::default() };
    let mut sim = Sim::with_limits(6, 1, limits);
    sim.publish_with("hall", "ann", named());
    sim.publish_with("hall", "bea", named());
    let refused = sim.try_publish_as("hall", "cem", "cem");
    assert_eq!(refused, Err(engine::Refusal::Crowded(2)));
    sim.publish_with("other", "cem", named());
}
