//! The commands that are clients, pointed at a node of our own.

mod support;

use serde_json::Value;
use support::{Folder, Serving, failure, success, weir};

#[test]
fn a_load_test_reports_what_viewers_got() {
    let here = Folder::new("load");
    let node = Serving::start(&here, &[]);
    let (url, pid) = (node.url(), node.pid().to_string());
    // The kernel reports CPU time in hundredths of a second: twenty viewers for three seconds cost about ten of them.
    let load =
        ["load", "--url", &url, "--viewers", "20", "--seconds", "3", "--keyframe-interval", "30", "--server-pid", &pid];
    let output = weir(&here).args(load).arg("--json").output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&report["joins"]["asked"], &report["joins"]["failed"]), (&20.into(), &0.into()), "{report}");
    let packets = &report["packets"];
    assert!(packets["received"].as_u64() > Some(300), "{report}");
    assert_eq!(
        (&packets["lost"], &packets["corrupt"], &packets["foreign"]),
        (&0.into(), &0.into(), &0.into()),
        "{report}"
    );
    assert!(report["server"]["cpu_us_per_packet"].as_f64() > Some(0.0), "{report}");
    assert!(report["server"]["rss_mb"].as_f64() > Some(1.0), "{report}");
    assert_eq!(report["clean"].as_bool(), Some(output.status.success()), "the exit code is the verdict");
}

#[test]
fn a_load_test_without_a_server_says_so() {
    let here = Folder::new("noload");
    // Port 1 is nobody's.
    let line = failure(weir(&here).args(["load", "--url", "http://127.0.0.1:1", "--viewers", "1"]));
    assert!(line.contains("127.0.0.1:1"), "{line}");
}

#[test]
fn hostile_datagrams_are_for_this_machine_only() {
    let here = Folder::new("hostile");
    let line = failure(weir(&here).args(["load", "--hostile", "192.0.2.1:9", "--datagrams", "1"]));
    assert!(line.contains("192.0.2.1:9 is not this machine"), "{line}");
}

#[test]
fn a_node_conforms_with_a_token_and_the_suite_says_so() {
    let here = Folder::new("conformance");
    let node = Serving::start(&here, &["--auth", "token"]);
    let token = || success(weir(&here).args(["token", "create", "--room", "conformance", "--publish", "--subscribe"]));
    let (ours, other) = (token(), token());
    let suite = ["conformance", &node.url(), "--token", ours.trim(), "--other-token", other.trim(), "--json"];
    let report: Value = serde_json::from_str(&success(weir(&here).args(suite).args(["--only", "token"]))).unwrap();
    let entries = report["entries"].as_array().unwrap();
    assert!(entries.len() >= 4, "{report}");
    assert!(entries.iter().all(|entry| entry["outcome"] == "passed"), "{report}");
}

#[test]
fn the_network_profiles_with_a_name_are_listed() {
    let here = Folder::new("presets");
    assert!(success(weir(&here).args(["netsim", "presets"])).lines().any(|line| line.starts_with("lte ")));
    assert!(failure(weir(&here).args(["netsim", "status", "--control", "nobody.sock"])).contains("nobody.sock"));
}
