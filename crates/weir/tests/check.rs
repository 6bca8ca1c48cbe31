//! `weir check` on capture files made here: a clean stream, a broken one, and what is no capture.

mod support;

use std::time::Duration;

use media::testing::{Pcap, Source, rtp};
use media::{Codec, Seq, ext};
use support::{Folder, success, weir};

/// 60 frames of VP8 in a pcap, without the packets of which `keep` says no.
fn capture(keep: impl Fn(usize) -> bool) -> Vec<u8> {
    let mut source = Source::video(Codec::Vp8, 500, 30, 30, 1, 3);
    let (from, to) = ("192.0.2.1:5000".parse().unwrap(), "192.0.2.2:6000".parse().unwrap());
    let mut pcap = Pcap::new();
    let mut seq = Seq(65_530);
    let mut n = 0;
    for _ in 0..60 {
        let at = Duration::from_secs(1000) + source.due(source.frames());
        for packet in source.next_frame() {
            if keep(n) {
                pcap.udp(at, from, to, &rtp(&packet, 96, seq, 0x1234, &ext::Writer::new()));
            }
            n += 1;
            seq = seq.next();
        }
    }
    pcap.as_bytes().to_vec()
}

#[test]
fn the_exit_code_says_whether_a_capture_is_clean() {
    let here = Folder::new("check");
    std::fs::write(here.path("clean.pcap"), capture(|_| true)).unwrap();
    std::fs::write(here.path("broken.pcap"), capture(|n| n != 20)).unwrap();

    let text = success(weir(&here).args(["check", "clean.pcap"]));
    assert!(text.contains("VP8 (guessed") && text.contains("from 192.0.2.1:5000 to 192.0.2.2:6000"), "{text}");
    assert!(text.contains("60 frames, 2 keyframes") && text.ends_with(" clean\n"), "{text}");

    let output = weir(&here).args(["check", "broken.pcap", "--codec", "96=vp8"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("gap x1") && text.contains("incomplete-frame x1") && text.ends_with("NOT CLEAN\n"), "{text}");
}

#[test]
fn a_script_reads_the_same_verdicts_as_json() {
    let here = Folder::new("check-json");
    std::fs::write(here.path("broken.pcap"), capture(|n| n != 20)).unwrap();
    let output = weir(&here).args(["check", "broken.pcap", "--json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let stream = &json["streams"][0];
    assert_eq!((&json["clean"], &stream["ssrc"], &stream["codec"]), (&false.into(), &0x1234.into(), &"VP8".into()));
    let verdict = &stream["verdicts"][0];
    assert_eq!((&verdict["kind"], &verdict["count"]), (&"gap".into(), &1.into()));
}

#[test]
fn what_cannot_be_judged_is_no_verdict() {
    let here = Folder::new("check-none");
    here.write("text.pcap", "certainly not a capture");
    std::fs::write(here.path("empty.pcap"), Pcap::new().as_bytes()).unwrap();
    for (file, says) in [
        ("text.pcap", "reading text.pcap: not a capture we read"),
        ("empty.pcap", "empty.pcap holds no RTP stream of 10 packets or more"),
        ("gone.pcap", "reading gone.pcap: No such file"),
    ] {
        let output = weir(&here).args(["check", file]).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), stderr.lines().count()), (Some(2), 1), "{stderr}");
        assert!(stderr.starts_with(&format!("weir: {says}")), "{stderr}");
    }
}
