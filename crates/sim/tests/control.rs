//! A viewer asks for another room, another layer or a pause, and a look at its session says how it fares.

use media::codec::Kind;
use proto::LayerChoice;
use proto::api::{SessionSide, SessionState, TrackKind, Verdict};
use sim::{Publish, Sim, ms, secs};

/// Which publisher's pictures a viewer sees, and which layer of them.
fn shown(sim: &Sim, who: &str) -> (u32, u32) {
    let stream = sim.viewer(who).track(Kind::Video).tags.last().expect("a picture").stream;
    (stream >> 8, stream & 0xff)
}

fn pictures(sim: &Sim, who: &str) -> usize {
    sim.viewer(who).track(Kind::Video).tags.len()
}

fn video(sim: &mut Sim, who: &str) -> proto::api::SessionTrack {
    sim.look(who).tracks.into_iter().find(|track| track.kind == TrackKind::Video).expect("a video track")
}

fn choose(rid: &str) -> LayerChoice {
    LayerChoice { rid: Some(rid.into()), ..LayerChoice::default() }
}

fn viewers(sim: &mut Sim, worker: u8, room: &str) -> u32 {
    let now = sim.now();
    let view = sim.worker(worker).view(now);
    view.rooms.iter().find(|part| part.name.as_str() == room).map_or(0, |part| part.viewers)
}

#[test]
fn a_viewer_moves_to_another_room_and_back_in_one_continuous_stream() {
    for (worker, seed) in [(0, 1), (1, 2)] {
        let mut sim = Sim::with_workers(seed, 2);
        sim.publish("a", "ann");
        sim.publish("b", "bea");
        sim.run(secs(1));
        sim.watch_on(worker, "a", "bob");
        sim.watch_on(worker, "a", "zoe");
        sim.run(secs(3));
        let at_first = shown(&sim, "bob");
        sim.switch("bob", "b");
        sim.run(secs(3));
        assert_ne!(shown(&sim, "bob"), at_first, "seed {seed}: it sees the other publisher");
        assert_eq!(sim.look("bob").room, "b");
        assert_eq!((viewers(&mut sim, worker, "a"), viewers(&mut sim, worker, "b")), (1, 1));
        sim.switch("bob", "a");
        sim.run(secs(3));
        assert_eq!(shown(&sim, "bob"), at_first, "seed {seed}: and the first one again");
        // `viewer` has the stream checked: numbers went on through both moves.
        assert!(pictures(&sim, "bob") > 100, "{}", pictures(&sim, "bob"));
        sim.sees_everything("zoe");
        sim.leave("bob");
        assert_eq!(viewers(&mut sim, worker, "a"), 1);
    }
}

#[test]
fn a_viewer_that_moves_to_an_empty_room_waits_there() {
    let mut sim = Sim::seed(3);
    sim.publish("a", "ann");
    sim.run(secs(1));
    sim.watch("a", "bob");
    sim.run(secs(2));
    sim.switch("bob", "b");
    sim.run(ms(100));
    let before = pictures(&sim, "bob");
    sim.run(ms(600));
    assert_eq!(video(&mut sim, "bob").verdict, Verdict::NoSource);
    assert_eq!(pictures(&sim, "bob"), before);
    sim.run(secs(1));
    assert_eq!(video(&mut sim, "bob").verdict, Verdict::IdleClip);
    sim.publish("b", "bea");
    sim.run(secs(3));
    assert!(pictures(&sim, "bob") > before + 30);
    assert_eq!(video(&mut sim, "bob").verdict, Verdict::Playing);
}

#[test]
fn a_viewer_that_passes_an_empty_room_takes_picture_and_sound_along() {
    let mut sim = Sim::seed(4);
    sim.publish("a", "ann");
    sim.run(secs(1));
    sim.watch("a", "bob");
    sim.run(secs(2));
    // Shorter than the time after which the clip takes the picture away: both wait in the room, side by side.
    sim.switch("bob", "b");
    sim.run(ms(300));
    sim.switch("bob", "a");
    sim.run(ms(300));
    let counts = |sim: &Sim| [Kind::Audio, Kind::Video].map(|kind| sim.viewer("bob").track(kind).tags.len());
    let before = counts(&sim);
    sim.run(secs(1));
    let after = counts(&sim);
    assert!(after[0] > before[0] + 40 && after[1] > before[1] + 20, "{before:?} to {after:?}");
}

#[test]
fn a_viewer_that_moves_before_it_is_connected_starts_in_the_other_room() {
    let mut sim = Sim::seed(4);
    sim.publish("a", "ann");
    sim.publish("b", "bea");
    sim.run(secs(2));
    sim.watch("a", "zoe");
    sim.watch("a", "bob");
    assert_eq!(sim.look("bob").state, SessionState::Connecting);
    sim.switch("bob", "b");
    sim.run(secs(3));
    assert_ne!(shown(&sim, "bob"), shown(&sim, "zoe"));
    assert_eq!(viewers(&mut sim, 0, "b"), 1);
}

#[test]
fn a_chosen_layer_is_shown_whatever_the_line_carries_until_the_server_may_choose_again() {
    let mut sim = Sim::seed(5);
    sim.publish_with("room", "ann", Publish { layers: vec!["h", "m", "l"], kbps: 1600, ..Publish::default() });
    sim.run(secs(3));
    sim.watch("room", "bob");
    sim.watch("room", "zoe");
    sim.run(secs(4));
    assert_eq!(shown(&sim, "bob").1, 0);
    sim.choose("bob", choose("l")).unwrap();
    sim.run(secs(5));
    assert_eq!((shown(&sim, "bob").1, shown(&sim, "zoe").1), (2, 0));
    let track = video(&mut sim, "bob");
    assert_eq!((track.layer.as_deref(), track.chosen.as_deref()), (Some("l"), Some("l")));
    assert_eq!(track.layers.len(), 3);
    sim.choose("bob", LayerChoice::default()).unwrap();
    sim.run(secs(5));
    assert_eq!(shown(&sim, "bob").1, 0);

    let why = sim.choose("bob", choose("x")).unwrap_err().to_string();
    assert!(["h", "m", "l"].iter().all(|rid| why.contains(rid)) && why.contains("choose one of"), "{why}");
    let bounded = LayerChoice { temporal: Some(1), ..LayerChoice::default() };
    assert!(sim.choose("bob", bounded).is_err());
    let no_track = LayerChoice { mid: Some("7".into()), ..LayerChoice::default() };
    assert!(sim.choose("bob", no_track).is_err());
    assert!(matches!(sim.choose("ann", LayerChoice::default()), Err(engine::Refusal::NotAViewer)));
}

#[test]
fn a_paused_track_costs_nothing_and_goes_on_where_it_left() {
    let mut sim = Sim::seed(6);
    sim.publish("room", "ann");
    sim.run(secs(1));
    sim.watch("room", "bob");
    sim.run(secs(2));
    sim.choose("bob", LayerChoice { paused: true, ..LayerChoice::default() }).unwrap();
    sim.run(ms(200));
    let (before, sound) = (pictures(&sim, "bob"), sim.viewer("bob").track(Kind::Audio).tags.len());
    sim.run(secs(2));
    assert_eq!(pictures(&sim, "bob"), before);
    assert!(sim.viewer("bob").track(Kind::Audio).tags.len() > sound + 50, "the sound goes on");
    assert_eq!(video(&mut sim, "bob").verdict, Verdict::PausedByViewer);
    sim.choose("bob", LayerChoice::default()).unwrap();
    sim.run(secs(2));
    assert!(pictures(&sim, "bob") > before + 20);
    assert_eq!(video(&mut sim, "bob").verdict, Verdict::Playing);
}

#[test]
fn a_look_says_how_a_session_fares() {
    let mut sim = Sim::seed(7);
    sim.publish("room", "ann");
    sim.run(secs(2));
    sim.watch("room", "bob");
    sim.run(secs(3));
    let view = sim.look("bob");
    assert_eq!((view.room.as_str(), view.side, view.state), ("room", SessionSide::Viewer, SessionState::Connected));
    assert!(view.connected_ms.unwrap() <= view.age_ms && view.sent_kbps > 0);
    for track in &view.tracks {
        assert_eq!(track.verdict, Verdict::Playing, "{track:?}");
        assert!(track.packets > 50 && track.bytes > 1_000 && track.last_packet_ms_ago.unwrap() < 500, "{track:?}");
    }
    let publisher = sim.look("ann");
    assert_eq!((publisher.side, publisher.tracks.len()), (SessionSide::Publisher, 2));
    assert!(publisher.tracks.iter().all(|track| track.verdict == Verdict::Playing && track.packets > 50));
}

#[test]
fn what_the_publishers_line_loses_is_said_of_the_publisher() {
    let mut sim = Sim::seed(9);
    sim.publish("room", "ann");
    sim.run(secs(1));
    sim.watch("room", "bob");
    sim.run(secs(2));
    sim.line("ann", "delay=20ms,loss=60%".parse().unwrap());
    sim.run(secs(5));
    let verdict = video(&mut sim, "bob").verdict;
    let by_publisher = matches!(verdict, Verdict::Loss { hop: proto::api::Hop::Publisher, percent } if percent > 5.0);
    assert!(by_publisher, "{verdict:?}");
}

#[test]
fn a_stream_that_has_just_begun_has_lost_nothing() {
    let mut sim = Sim::seed(10);
    sim.publish_with("room", "ann", Publish { first_seq: 30_000, ..Publish::default() });
    sim.run(ms(200));
    sim.watch("room", "bob");
    for _ in 0..20 {
        sim.run(ms(100));
        assert_eq!(video(&mut sim, "bob").verdict, Verdict::Playing);
    }
}
