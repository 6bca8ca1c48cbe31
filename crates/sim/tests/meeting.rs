//! Many pictures for each viewer: whose they are, what a line carries of them, and that nothing tears when they change.

use std::collections::BTreeSet;
use std::time::Duration;

use engine::Limits;
use media::codec::Kind;
use proto::api::Verdict;
use proto::{Assignment, Given};
use sim::{Publish, Sim, ms, secs};

fn named() -> Publish {
    Publish { is_named: true, kbps: 300, ..Publish::default() }
}

/// Three layers of 600, 150 and 37 kbit/s.
fn simulcast() -> Publish {
    Publish { is_named: true, kbps: 600, layers: vec!["h", "m", "l"], is_thrifty: true, ..Publish::default() }
}

/// Publishers of these names in a room on worker 0 of two.
fn room(seed: u64, people: &[String], publish: &Publish) -> Sim {
    let mut sim = Sim::with_workers(seed, 2).without_trace();
    for who in people {
        sim.publish_on(0, "hall", who, publish.clone());
        sim.run(ms(20));
    }
    sim.run(secs(2));
    sim
}

fn people(n: usize) -> Vec<String> {
    (0..n).map(|n| format!("p{n}")).collect()
}

fn strs(people: &[String]) -> Vec<&str> {
    people.iter().map(String::as_str).collect()
}

/// Whose picture a section showed last.
fn shows(sim: &Sim, who: &str, section: usize) -> Option<u32> {
    Some(sim.viewer(who).picture(section)?.pictures.last()?.stream >> 8)
}

/// The layer that a section showed last: 0 is the best.
fn layer(sim: &Sim, who: &str, section: usize) -> u32 {
    sim.viewer(who).picture(section).expect("something").pictures.last().expect("a picture").stream & 0xff
}

fn pictures(sim: &Sim, who: &str, section: usize) -> usize {
    sim.viewer(who).picture(section).map_or(0, |track| track.pictures.len())
}

fn given(sim: &Sim, who: &str, section: usize) -> Given {
    sim.given(who)[section].given.clone()
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
fn everybody_in_a_meeting_may_be_seen_however_few_may_publish_in_a_room() {
    let limits = Limits { publishers_max: 3, ..Limits::default() };
    let mut sim = Sim::with_limits(13, 1, limits);
    for who in people(6) {
        assert!(sim.try_publish_as("~hall", &who, &who).is_ok(), "{who}");
        let on_stage = sim.try_publish_as("stage", &who, &format!("{who} on stage"));
        assert_eq!(on_stage.is_ok(), who.as_str() < "p3", "{who}");
    }
}

#[test]
fn paging_through_a_gallery_changes_what_the_sections_carry_and_nobody_renegotiates() {
    let people = people(20);
    let mut sim = room(1, &people, &named());
    for (worker, who) in [(0, "ann"), (1, "bob")] {
        sim.meet(worker, "hall", who, 5, 9);
    }
    let mut slowest = Duration::ZERO;
    for page in 0..50 {
        let on_page: Vec<&str> = (0..9).map(|n| people[(page * 7 + n) % people.len()].as_str()).collect();
        let turned = sim.now();
        sim.show("ann", &on_page);
        sim.show("bob", &on_page);
        sim.run(ms(600));
        for who in ["ann", "bob"] {
            for (section, of) in on_page.iter().enumerate() {
                let person = sim.person(of);
                assert_eq!(shows(&sim, who, section), Some(person), "{who} page {page} section {section}");
                let seen = sim.viewer(who).picture(section).unwrap();
                // The connection is made with the first page.
                let first = seen.pictures.iter().find(|p| p.at > turned && p.stream >> 8 == person).unwrap();
                if page > 0 {
                    slowest = slowest.max(first.at - turned);
                }
                assert!(matches!(given(&sim, who, section), Given::Layer { .. }), "{:?}", given(&sim, who, section));
            }
        }
    }
    println!("a section showed whom it should within {slowest:?}");
    assert!(slowest < ms(400), "{slowest:?}");
    is_without_a_seam(&sim, "ann");
    is_without_a_seam(&sim, "bob");
}

#[test]
fn pictures_that_nobody_asked_for_do_not_cross_to_another_worker() {
    let people = people(12);
    let mut sim = room(2, &people, &simulcast());
    sim.meet(1, "hall", "bob", 1, 9);
    let mut small = sim.assignments("bob", people[..2].iter().map(|who| who.parse().ok()).collect());
    small.iter_mut().for_each(|assignment| assignment.ceiling_kbps = Some(60));
    sim.assign("bob", None, small).unwrap();
    sim.run(secs(3));
    assert_eq!([0, 1].map(|section| layer(&sim, "bob", section)), [2, 2]);
    let before = sim.stats(0).records_out;
    sim.run(secs(2));
    let crossed = sim.stats(0).records_out - before;
    // 50 packets a second of one voice, and 30 of each of the two small layers.
    assert!((200..=240).contains(&crossed), "{crossed} packets in two seconds");
    assert_eq!((pictures(&sim, "bob", 2), given(&sim, "bob", 2)), (0, Given::Nothing));
    // Nor are they sent to us for long: the smallest layer is all that stays of who is not seen.
    sim.run(secs(5));
    assert_eq!(sim.sent_layers("p7"), ["l"]);
    is_without_a_seam(&sim, "bob");
}

#[test]
fn a_person_who_turns_the_camera_off_and_on_again_comes_back_in_the_same_section() {
    for worker in [0, 1] {
        let people = people(3);
        let mut sim = room(3 + u64::from(worker), &people, &named());
        sim.meet(worker, "hall", "bob", 1, 4);
        sim.show("bob", &["p0", "p1", "p2", "late"]);
        sim.run(secs(2));
        assert_eq!(given(&sim, "bob", 3), Given::Nothing);
        sim.leave("p1");
        sim.run(ms(300));
        assert_eq!(given(&sim, "bob", 1), Given::Nothing);
        let before = pictures(&sim, "bob", 1);
        sim.run(secs(3));
        assert_eq!(pictures(&sim, "bob", 1), before, "no clip, and nobody else");
        sim.publish_on(0, "hall", "p1", named());
        sim.publish_on(0, "hall", "late", named());
        sim.run(secs(2));
        for (section, who) in ["p0", "p1", "p2", "late"].into_iter().enumerate() {
            assert_eq!(shows(&sim, "bob", section), Some(sim.person(who)), "worker {worker}: {who}");
        }
        // One that is only covered sends nothing and keeps its place.
        sim.mute("p0", true);
        sim.run(secs(3));
        assert_eq!(given(&sim, "bob", 0), Given::Silent);
        let before = pictures(&sim, "bob", 0);
        sim.mute("p0", false);
        sim.run(ms(500));
        assert!(pictures(&sim, "bob", 0) > before + 10);
        is_without_a_seam(&sim, "bob");
    }
}

#[test]
fn a_ceiling_picks_the_layer_and_another_one_another() {
    for worker in [0, 1] {
        let mut sim = room(5 + u64::from(worker), &people(2), &simulcast());
        sim.meet(worker, "hall", "bob", 1, 3);
        let of = |who: &str| who.parse().ok();
        let ceilings = |sim: &mut Sim, kbps: [Option<u32>; 3]| {
            let mut wish = sim.assignments("bob", vec![of("p0"), of("p1"), of("p0")]);
            wish.iter_mut().zip(kbps).for_each(|(wish, kbps)| wish.ceiling_kbps = kbps);
            sim.assign("bob", None, wish).unwrap();
            sim.run(secs(4));
            [0, 1, 2].map(|section| layer(sim, "bob", section))
        };
        assert_eq!(ceilings(&mut sim, [Some(300), Some(60), None]), [1, 2, 0], "worker {worker}");
        assert_eq!(ceilings(&mut sim, [Some(10), None, Some(300)]), [2, 0, 1], "the smallest when none is below");
        is_without_a_seam(&sim, "bob");
    }
}

#[test]
fn nobody_hears_or_sees_themselves_unless_they_ask() {
    let people = people(4);
    let mut sim = room(7, &people, &named());
    sim.publish_on(0, "hall", "p0-screen", named());
    sim.run(ms(500));
    sim.meet(1, "hall", "me", 5, 2);
    sim.assign("me", Some(&["p0", "p0-screen"]), Vec::new()).unwrap();
    sim.speak("p0", 20);
    sim.run(secs(3));
    let own = [sim.person("p0"), sim.person("p0-screen")];
    let heard: BTreeSet<u32> =
        sim.viewer("me").voices().flat_map(|voice| &voice.tags).map(|tag| tag.stream >> 8).collect();
    assert!(heard.len() >= 3 && own.iter().all(|own| !heard.contains(own)), "{heard:?} without {own:?}");
    // Nothing is assigned yet: the first section follows who speaks, but not itself.
    let seen = sim.viewer("me").picture(0).unwrap();
    assert!(seen.pictures.iter().all(|picture| !own.contains(&(picture.stream >> 8))));
    assert_eq!(pictures(&sim, "me", 1), 0);
    sim.show("me", &["p0-screen", "p1"]);
    sim.run(secs(2));
    assert_eq!(shows(&sim, "me", 0), Some(own[1]));
    is_without_a_seam(&sim, "me");
}

#[test]
fn a_thirty_person_meeting_with_one_on_a_narrow_line_hurts_nobody_else() {
    let people = people(30);
    let mut sim = room(8, &people, &simulcast());
    for (n, who) in ["ann", "bob", "cem"].into_iter().enumerate() {
        sim.meet(n as u8 % 2, "hall", who, 2, 9);
        let mut wish = sim.assignments(who, people[..9].iter().map(|who| who.parse().ok()).collect());
        for (n, assignment) in wish.iter_mut().enumerate() {
            assignment.ceiling_kbps = Some(200);
            assignment.priority = 9 - n as u8;
        }
        sim.assign(who, None, wish).unwrap();
    }
    sim.line("bob", "rate=200kbps,delay=20ms,queue=200ms".parse().unwrap());
    sim.run(secs(15));
    let sound: usize = sim.viewer("bob").voices().map(|voice| voice.tags.len()).sum();
    let before = pictures(&sim, "bob", 0);
    sim.run(secs(5));
    for who in ["ann", "cem"] {
        for section in 0..9 {
            assert_eq!(layer(&sim, who, section), 1, "{who} keeps the layer of the ceiling in {section}");
            assert_eq!(sim.viewer(who).picture(section).unwrap().missing(), 0, "{who} {section}");
        }
        is_without_a_seam(&sim, who);
    }
    let heard: usize = sim.viewer("bob").voices().map(|voice| voice.tags.len()).sum::<usize>() - sound;
    assert!(heard > 450, "{heard} of 500 packets of two voices in 5 s");
    assert!(pictures(&sim, "bob", 0) > before + 100, "the first by priority is seen");
    let withheld: Vec<bool> = (0..9).map(|section| given(&sim, "bob", section) == Given::Withheld).collect();
    assert!(!withheld[0] && withheld[8], "{:?}", sim.given("bob"));
    let verdicts = sim.look("bob").tracks;
    assert!(
        verdicts
            .iter()
            .any(|track| matches!(track.verdict, Verdict::TooNarrow { needs_kbps, has_kbps } if needs_kbps > has_kbps))
    );
    // And back.
    sim.line("bob", "delay=20ms".parse().unwrap());
    sim.run(secs(40));
    for section in 0..9 {
        assert!(matches!(given(&sim, "bob", section), Given::Layer { .. }), "{section}: {:?}", sim.given("bob"));
    }
    for track in &sim.viewer("bob").tracks {
        assert_eq!(track.corrupt, 0);
    }
}

#[test]
fn what_is_switched_off_reaches_nobody_on_any_worker_and_goes_on_without_a_seam() {
    let mut sim = room(11, &people(2), &named());
    for (worker, who) in [(0, "ann"), (1, "bob")] {
        sim.meet(worker, "hall", who, 2, 2);
        sim.show(who, &["p0", "p1"]);
    }
    sim.run(secs(3));
    let heard = |sim: &Sim, who: &str| sim.viewer(who).voices().map(|voice| voice.tags.len()).collect::<Vec<_>>();
    for kind in [Kind::Video, Kind::Audio] {
        sim.forward("p0", kind, false).unwrap();
        sim.run(ms(200));
        let before = ["ann", "bob"].map(|who| (pictures(&sim, who, 0), pictures(&sim, who, 1), heard(&sim, who)));
        sim.run(secs(2));
        for (who, (first, second, voices)) in ["ann", "bob"].into_iter().zip(before) {
            let still: Vec<bool> = heard(&sim, who).iter().zip(&voices).map(|(now, before)| now == before).collect();
            match kind {
                Kind::Video => {
                    assert_eq!(pictures(&sim, who, 0), first, "{who} sees nothing new");
                    assert!(still.iter().all(|still| !still), "{who} hears both: {voices:?}");
                }
                Kind::Audio => {
                    assert!(pictures(&sim, who, 0) > first + 20, "{who} sees what is on");
                    assert_eq!(still.iter().filter(|still| **still).count(), 1, "{who} hears the other: {voices:?}");
                }
            }
            assert!(pictures(&sim, who, 1) > second + 20, "{who} sees the other");
        }
        sim.forward("p0", kind, true).unwrap();
        sim.run(secs(2));
    }
    for who in ["ann", "bob"] {
        assert_eq!(shows(&sim, who, 0), Some(sim.person("p0")));
        assert!(matches!(given(&sim, who, 0), Given::Layer { .. }));
        is_without_a_seam(&sim, who);
    }
    assert!(matches!(sim.forward("ann", Kind::Audio, false), Err(engine::Refusal::NotAPublisher)));
}

#[test]
fn an_assignment_is_carried_out_whole_or_not_at_all() {
    let mut sim = room(9, &people(2), &named());
    sim.meet(0, "hall", "bob", 1, 3);
    sim.show("bob", &["p0", "p1"]);
    sim.run(secs(2));
    let wish = sim.assignments("bob", vec!["p1".parse().ok(), "p0".parse().ok()]);
    let with = |mid: &str| {
        let bad = Assignment { mid: mid.to_owned(), ..wish[0].clone() };
        [wish.as_slice(), &[bad]].concat()
    };
    let twice = with(&wish[0].mid);
    let why = sim.assign("bob", None, twice).unwrap_err().to_string();
    assert!(why.contains("twice"), "{why}");
    let why = sim.assign("bob", None, with("no-such")).unwrap_err().to_string();
    assert!(why.contains("no video section no-such"), "{why}");
    assert!(matches!(sim.assign("p0", None, wish.clone()), Err(engine::Refusal::NotAViewer)));
    sim.run(secs(1));
    assert_eq!(shows(&sim, "bob", 0), Some(sim.person("p0")));
    assert!(sim.viewer("bob").has(Kind::Audio));
    is_without_a_seam(&sim, "bob");
}

#[test]
fn fifty_pictures_and_sixteen_voices_fit_into_one_session() {
    let people = people(20);
    let mut sim = room(10, &people, &Publish { kbps: 60, ..named() });
    sim.meet(1, "hall", "bob", 16, 50);
    let everybody: Vec<&str> = strs(&people).into_iter().cycle().take(50).collect();
    sim.show("bob", &everybody);
    sim.run(secs(3));
    for (section, who) in everybody.iter().enumerate() {
        assert_eq!(shows(&sim, "bob", section), Some(sim.person(who)), "section {section}");
    }
    is_without_a_seam(&sim, "bob");
}
