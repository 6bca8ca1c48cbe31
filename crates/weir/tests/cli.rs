//! The real binary, as somebody at a terminal or a script meets it.

mod support;

use std::fs;
use std::net::{TcpListener, UdpSocket};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;

use support::{Folder, failure, success, weir};

#[test]
fn a_mistake_in_the_configuration_ends_it_with_one_sentence() {
    let here = Folder::new("mistake");
    for (text, says) in [
        ("[htpp]\nlisten = \"x\"\n", "unknown key `htpp` in own.toml line 1: did you mean `http`?"),
        ("[http]\nlisten = 80\n", "own.toml line 2, column 10: http.listen: invalid type: integer `80`"),
        ("[media]\nworkers = 99\n", "media.workers = 99 (own.toml line 2): more than 64 workers"),
        ("[http\n", "own.toml line 1"),
    ] {
        here.write("own.toml", text);
        for command in [&["serve"][..], &["config", "check"], &["config", "show"], &["doctor"]] {
            let line = failure(weir(&here).args(command).args(["--config", "own.toml"]));
            assert!(line.contains(says), "{line}");
        }
    }
    assert!(failure(weir(&here).args(["serve", "--config", "gone.toml"])).contains("gone.toml cannot be read"));
    let line = failure(weir(&here).args(["serve", "--workers", "many"]));
    assert!(line.contains("--workers: \"many\" is not a whole number"), "{line}");
    let line = failure(weir(&here).arg("serve").env("WEIR_MEDIA_WORKRES", "2"));
    assert!(line.contains("unknown key `workres` in environment variable WEIR_MEDIA_WORKRES: did you mean `workers`?"));
}

#[test]
fn a_taken_port_ends_it_with_one_sentence() {
    let here = Folder::new("taken");
    let http = TcpListener::bind("127.0.0.1:0").unwrap();
    let media = UdpSocket::bind("127.0.0.1:0").unwrap();
    let (http, media) = (http.local_addr().unwrap().to_string(), media.local_addr().unwrap().to_string());
    let line = failure(weir(&here).args(["serve", "--http", &http, "--media", "127.0.0.1:0", "--workers", "1"]));
    assert!(line.contains(&http), "{line}");
    let line = failure(weir(&here).args(["serve", "--http", "127.0.0.1:0", "--media", &media, "--workers", "1"]));
    assert!(line.contains(&media), "{line}");
    // The doctor sees it without starting anything.
    let output = weir(&here).args(["doctor", "--http", &http]).output().unwrap();
    assert!(!output.status.success() && String::from_utf8_lossy(&output.stdout).contains("broken  HTTP port"));
}

#[test]
fn a_bad_key_or_directory_ends_it_with_one_sentence() {
    let here = Folder::new("key");
    let serve = |data: &str| failure(weir(&here).args(["serve", "--http", "127.0.0.1:0", "--data", data]));
    here.write("file", "");
    assert!(serve("file").contains("file/token.key"), "a file is no directory");
    fs::create_dir(here.path("data")).unwrap();
    here.write("data/token.key", "short\n");
    assert!(serve("data").contains("data/token.key is not a key"));
}

#[test]
fn an_idle_clip_that_cannot_be_used_ends_it_with_one_sentence() {
    let here = Folder::new("idle-clip");
    here.write("own.weirclip", "RIFF");
    for (path, says) in [
        ("own.weirclip", "stream.idle_clip = \"own.weirclip\" (flag --set): own.weirclip: not a clip: make one with"),
        ("gone.weirclip", "gone.weirclip cannot be read"),
    ] {
        for command in [&["serve"][..], &["config", "check"]] {
            let line = failure(weir(&here).args(command).args(["--set", &format!("stream.idle_clip={path}")]));
            assert!(line.contains(says), "{line}");
        }
    }
    let made = success(weir(&here).args(["idle-clip", "make", "-o", "own.weirclip"]));
    assert_eq!(success(weir(&here).args(["idle-clip", "show", "own.weirclip"])), made);
    for clip in ["own.weirclip", "off", ""] {
        success(weir(&here).args(["config", "check", "--set", &format!("stream.idle_clip={clip}")]));
    }
    let line = failure(weir(&here).args(["idle-clip", "export", "-o", "own.mp4"]));
    assert!(line.contains("own.mp4: the name must end in .h264, .ivf or .y4m"), "{line}");
}

#[test]
fn every_value_says_where_it_came_from() {
    let here = Folder::new("origin");
    here.write("weir.toml", "[log]\nlevel = \"warn\"\n");
    let text = success(
        weir(&here)
            .args(["config", "show", "--origin", "--workers", "3", "--set", "drain.deadline_s=5"])
            .env("WEIR_HTTP_LISTEN", "127.0.0.1:9999"),
    );
    let lines: Vec<String> = text.lines().map(|l| l.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    for line in [
        "level = \"warn\" # weir.toml line 2",
        "workers = 3 # flag --workers",
        "deadline_s = 5 # flag --set",
        "listen = \"127.0.0.1:9999\" # environment WEIR_HTTP_LISTEN",
        "mode = \"auto\" # default",
    ] {
        assert!(lines.iter().any(|l| l == line), "{line:?} is not in\n{text}");
    }
    assert_eq!(success(weir(&here).args(["config", "check"])), "weir.toml can be used\n");
}

#[test]
fn the_manual_can_be_used_as_a_file() {
    let here = Folder::new("manual");
    let manual = success(weir(&here).args(["config", "manual"]));
    let defaults = success(weir(&here).args(["config", "show"]));
    here.write("own.toml", &manual);
    assert_eq!(success(weir(&here).args(["config", "show", "--config", "own.toml"])), defaults);
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let here = Folder::new("pipe");
    let mut command = weir(&here);
    let mut child = command.args(["config", "manual"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
}

#[test]
fn a_token_is_made_with_the_nodes_own_key() {
    let here = Folder::new("token");
    let create = ["token", "create", "--data", "data"];
    let token = success(weir(&here).args(create).args(["--room", "demo", "--publish", "--subscribe", "--ttl", "1h"]));
    assert_eq!((token.matches('.').count(), token.lines().count()), (2, 1), "{token}");
    let key = here.path("data/token.key");
    assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    let secret = fs::read(&key).unwrap();
    success(weir(&here).args(create).args(["--admin", "--ttl", "5m"]));
    assert_eq!(fs::read(&key).unwrap(), secret, "the key is made once");

    let line = failure(weir(&here).args(create).args(["--room", "demo"]));
    assert!(line.contains("add --publish, --subscribe or --admin"), "{line}");
    // What cannot be understood is a usage error.
    for wrong in
        [&["--publish"][..], &["--room", "a b", "--publish"], &["--room", "demo", "--publish", "--ttl", "soon"]]
    {
        let output = weir(&here).args(create).args(wrong).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{wrong:?}");
    }
}
