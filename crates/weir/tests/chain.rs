//! Nodes that pull from each other, as processes on loopback.

mod support;

use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;
use support::{Folder, Serving, weir};

/// A publisher of a room at a node, killed with the test.
struct Publisher(std::process::Child);

impl Publisher {
    fn start(folder: &Folder, node: &Serving, room: &str) -> Publisher {
        let publish = ["load", "--url", &node.url(), "--room", room, "--viewers", "0", "--seconds", "120"];
        let quiet = std::process::Stdio::null;
        let child = weir(folder).args(publish).stdout(quiet()).stderr(quiet()).spawn().unwrap();
        let path = format!("\"name\":\"{room}\",\"live\":true");
        until("the room is live", || node.ask("GET", "/api/rooms", &[], "").1.contains(&path));
        Publisher(child)
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(15), "not so after 15 s: {what}");
        sleep(Duration::from_millis(20));
    }
}

fn metric(node: &Serving, name: &str) -> u64 {
    let (_, text) = node.ask("GET", "/metrics", &[], "");
    text.lines()
        .filter(|line| line.starts_with(name))
        .filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok())
        .sum()
}

/// Viewers at a node for a second, and what they report.
fn watch(folder: &Folder, node: &Serving, room: &str, viewers: &str) -> Value {
    let load = ["load", "--url", &node.url(), "--room", room, "--publishers", "0", "--viewers", viewers];
    let output = weir(folder).args(load).args(["--seconds", "1", "--json"]).output().unwrap();
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&output.stderr)))
}

#[test]
fn three_cold_nodes_show_a_picture_at_once_and_forget_each_other_when_nobody_watches() {
    let here = Folder::new("chain");
    let origin = Serving::start(&here, &[]);
    let middle = Serving::start(&here, &["--upstream", &origin.url(), "--set", "upstream.linger_s=1"]);
    let edge = Serving::start(&here, &["--upstream", &middle.url(), "--set", "upstream.linger_s=1"]);
    let mut pictures = Vec::new();
    for n in 0..5 {
        let room = format!("room-{n}");
        let _publisher = Publisher::start(&here, &origin, &room);
        let report = watch(&here, &edge, &room, "1");
        assert_eq!(report["joins"]["failed"], 0, "{report}");
        let check = &report["check"];
        assert_eq!((&check["errors"], &report["packets"]["lost"]), (&0.into(), &0.into()), "{report}");
        assert!(check["frames"].as_u64() > Some(15), "{report}");
        pictures.push(report["joins"]["first_frame"]["max_ms"].as_f64().unwrap());
    }
    pictures.sort_by(f64::total_cmp);
    println!("first picture through three cold nodes: {pictures:.0?} ms");
    // What is promised. The slowest is left to whatever else this machine does at the moment.
    assert!(pictures[pictures.len() - 2] < 300.0, "{pictures:?}");

    // The last viewer has left: one after the other deletes its session above.
    until("the middle lets go", || metric(&middle, "weir_sessions_pulling") == 0);
    until("nobody watches the origin", || metric(&origin, "weir_sessions_watching") == 0);
    assert_eq!(metric(&edge, "weir_upstream_unwatched_total"), 5);
    let (_, text) = origin.ask("GET", "/metrics", &[], "");
    // By its DELETE or by the farewell of its DTLS, whichever came first.
    let said = |line: &&str| line.contains("\"left\"") || line.contains("\"closed\"");
    let ended = text.lines().filter(|line| line.starts_with("weir_sessions_ended_total")).filter(said);
    let ended: u64 = ended.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum();
    assert!(ended >= 5, "they were ended, and did not expire: {ended}");
}

#[test]
fn a_room_that_is_live_nowhere_is_not_live_here_and_a_circle_is_noticed() {
    let here = Folder::new("circle");
    let origin = Serving::start(&here, &[]);
    let edge = Serving::start(&here, &["--upstream", &origin.url()]);
    let report = watch(&here, &edge, "nobody", "1");
    assert!(report["errors"].to_string().contains("answered 409"), "{report}");

    // Each is the other's parent.
    let order = format!("{{\"url\":\"{}\"}}", edge.url());
    let json = [("Content-Type", "application/json")];
    let (status, answer) = origin.ask("PUT", "/api/rooms/circle/upstream", &json, &order);
    assert_eq!(status, 422, "no host is allowed by default: {answer}");
    let origin = Serving::start(&here, &["--set", "upstream.allow=127.0.0.1"]);
    let edge = Serving::start(&here, &["--upstream", &origin.url()]);
    let secret = format!("{{\"url\":\"{}\",\"token\":\"secret\"}}", edge.url());
    let (status, answer) = origin.ask("PUT", "/api/rooms/circle/upstream", &json, &secret);
    assert_eq!(status, 200, "{answer}");
    assert!(answer.contains("\"state\":\"idle\"") && !answer.contains("secret"), "{answer}");
    // A token that is shown is checked, so the other goes without.
    let order = format!("{{\"url\":\"{}\"}}", edge.url());
    assert_eq!(origin.ask("PUT", "/api/rooms/circle/upstream", &json, &order).0, 200);
    let report = watch(&here, &edge, "circle", "1");
    assert!(report["errors"].to_string().contains("answered 508"), "{report}");
    assert_eq!(origin.ask("DELETE", "/api/rooms/circle/upstream", &[], "").0, 204);
    assert_eq!(origin.ask("GET", "/api/rooms/circle/upstream", &[], "").0, 404);
}

/// Otherwise the node below would take the codec that was guessed here for the room's.
#[test]
fn a_node_is_not_let_in_blindly_but_its_viewers_are() {
    let here = Folder::new("blind");
    let origin = Serving::start(&here, &[]);
    let address = origin.url();
    drop(origin);
    let middle = Serving::start(&here, &["--upstream", &address]);
    let edge = Serving::start(&here, &["--upstream", &middle.url()]);
    let load = ["load", "--url", &edge.url(), "--room", "blind", "--publishers", "0", "--viewers", "1"];
    let mut viewer = weir(&here);
    viewer.args(load).args(["--seconds", "1", "--json"]).stdout(std::process::Stdio::piped());
    let viewer = viewer.spawn().unwrap();
    until("the viewer is let in", || metric(&edge, "weir_viewers_joined_total") == 1);
    assert_eq!(metric(&middle, "weir_viewers_joined_total"), 0);
    let origin = Serving::start(&here, &["--http", address.strip_prefix("http://").unwrap()]);
    let _publisher = Publisher::start(&here, &origin, "blind");
    let output = viewer.wait_with_output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(report["check"]["frames"].as_u64() > Some(10), "{report}");
}

#[test]
fn whoever_publishes_here_comes_before_the_parent() {
    let here = Folder::new("local");
    let origin = Serving::start(&here, &[]);
    let edge = Serving::start(&here, &["--upstream", &origin.url()]);
    let _far = Publisher::start(&here, &origin, "both");
    assert_eq!(watch(&here, &edge, "both", "2")["joins"]["failed"], 0);
    assert_eq!(metric(&edge, "weir_sessions_pulling"), 1, "it lingers");
    let _near = Publisher::start(&here, &edge, "both");
    until("the pull gives way", || metric(&edge, "weir_sessions_pulling") == 0);
    assert_eq!(watch(&here, &edge, "both", "2")["joins"]["failed"], 0);
    assert_eq!(metric(&edge, "weir_upstream_calls_total"), 1);
    until("and is gone above", || metric(&origin, "weir_sessions_watching") == 0);
}

#[test]
fn a_viewer_is_let_in_while_the_parent_is_away_and_sees_it_come() {
    let here = Folder::new("away");
    let origin = Serving::start(&here, &[]);
    let address = origin.url();
    drop(origin);
    let edge = Serving::start(&here, &["--upstream", &address]);
    let load = ["load", "--url", &edge.url(), "--room", "late", "--publishers", "0", "--viewers", "1"];
    let mut viewer = weir(&here);
    viewer.args(load).args(["--seconds", "1", "--json"]).stdout(std::process::Stdio::piped());
    let viewer = viewer.spawn().unwrap();
    until("the viewer is let in", || metric(&edge, "weir_viewers_joined_total") == 1);
    let http = address.strip_prefix("http://").unwrap();
    let origin = Serving::start(&here, &["--http", http]);
    let _publisher = Publisher::start(&here, &origin, "late");
    let live = Instant::now();
    let output = viewer.wait_with_output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    println!("seen and reported {:?} after the parent's room was live: {}", live.elapsed(), report["joins"]);
    assert!(report["check"]["frames"].as_u64() > Some(10), "{report}");
}
