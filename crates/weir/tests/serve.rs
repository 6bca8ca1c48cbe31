//! A node as the operator of a machine meets it: started, asked, told to stop.

mod support;

use std::time::{Duration, Instant};

use support::{Folder, Serving, success, weir};

const OFFER: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n\
    m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=rtcp-mux\r\na=ice-ufrag:abcd\r\n\
    a=ice-pwd:0123456789abcdef01234567\r\na=fingerprint:sha-256 \
    00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF\r\n\
    a=setup:actpass\r\na=mid:0\r\na=sendonly\r\na=rtpmap:111 opus/48000/2\r\n";

const LONG: Duration = Duration::from_secs(20);

#[test]
fn it_is_ready_with_no_configuration_at_all_and_ends_when_asked() {
    let here = Folder::new("plain");
    let mut node = Serving::start(&here, &[]);
    assert_eq!(node.ask("GET", "/readyz", &[], "").0, 200);
    assert!(here.path("weir-data/token.key").exists());
    let asked = Instant::now();
    node.signal("INT");
    let (code, stdout) = node.ended(LONG);
    assert_eq!(code, Some(0));
    assert_eq!(stdout, "", "scripts get the one line and nothing else");
    assert!(asked.elapsed() < Duration::from_secs(10), "nobody was there to wait for");
}

#[test]
fn a_token_from_the_command_line_opens_the_door_it_names() {
    let here = Folder::new("door");
    let node = Serving::start(&here, &["--auth", "token"]);
    let token = success(weir(&here).args(["token", "create", "--room", "demo", "--publish"]));
    let bearer = format!("Bearer {}", token.trim());
    let post = |room: &str, headers: &[(&str, &str)]| node.ask("POST", &format!("/whip/{room}"), headers, OFFER).0;
    assert_eq!(post("demo", &[]), 401);
    assert_eq!(post("other", &[("Authorization", &bearer)]), 403);
    assert_eq!(post("demo", &[("Authorization", &bearer)]), 201);
}

#[test]
fn draining_waits_for_who_is_there_and_a_second_signal_does_not() {
    let here = Folder::new("drain");
    let mut node = Serving::start(&here, &["--set", "drain.deadline_s=60"]);
    assert_eq!(node.ask("POST", "/whip/demo", &[], OFFER).0, 201);
    node.signal("TERM");
    let begun = Instant::now();
    while node.ask("GET", "/readyz", &[], "").0 == 200 {
        assert!(begun.elapsed() < LONG, "it says that it takes nobody");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(node.ask("GET", "/livez", &[], "").0, 200);
    assert_eq!(node.ask("POST", "/whip/other", &[], OFFER).0, 503);
    assert!(node.is_running(), "somebody is still there");
    node.signal("TERM");
    let (code, _) = node.ended(LONG);
    assert_eq!(code, Some(1), "it was not the end they were promised");
}

#[test]
fn a_drain_ends_at_its_deadline() {
    let here = Folder::new("deadline");
    let mut node = Serving::start(&here, &["--set", "drain.deadline_s=1"]);
    assert_eq!(node.ask("POST", "/whip/demo", &[], OFFER).0, 201);
    node.signal("TERM");
    assert_eq!(node.ended(LONG).0, Some(0));
}

#[test]
fn an_account_is_still_there_after_the_node_was_killed() {
    let here = Folder::new("people");
    let json = [("Content-Type", "application/json")];
    let person = r#"{"email": "ann@example.org", "password": "four calm herons wade"}"#;
    let mut node = Serving::start(&here, &[]);
    assert_eq!(node.ask("POST", "/account", &json, person).0, 201);
    node.signal("KILL");
    node.ended(LONG);
    let node = Serving::start(&here, &[]);
    assert_eq!(node.ask("POST", "/account/login", &json, person).0, 200);
    assert_eq!(node.ask("POST", "/account/login", &json, &person.replace("calm", "loud")).0, 401);
}

#[test]
fn a_database_of_somebody_elses_is_refused_with_its_name_and_left_alone() {
    let here = Folder::new("foreign");
    std::fs::create_dir(here.path("weir-data")).unwrap();
    std::fs::write(here.path("weir-data/weir.db"), "not a database\n".repeat(100)).unwrap();
    let output = weir(&here).args(["serve", "--http", "127.0.0.1:0", "--media", "127.0.0.1:0"]).output().unwrap();
    assert!(!output.status.success());
    let says = String::from_utf8_lossy(&output.stderr);
    assert!(says.contains("weir.db"), "{says}");
    assert_eq!(std::fs::read(here.path("weir-data/weir.db")).unwrap(), "not a database\n".repeat(100).into_bytes());
}
