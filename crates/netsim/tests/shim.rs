//! The shim between two real network namespaces, judged by `ping`. Needs root, TUN, iproute2 and iputils-ping, and says
//! so where one is missing.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::JoinHandle;

use netsim::shim::{Direction, End, Options, Reply, Request, Shim, Status, Weather, ask};
use netsim::{Error, Profile};

#[test]
fn real_programs_see_the_network_that_was_programmed() {
    if let Err(missing) = requirements() {
        eprintln!("SKIPPED: the shim was not tried between namespaces: {missing}");
        return;
    }
    let bed = Bed::new("delay=50ms");

    // First, and at once: an address is there when the shim says so.
    let v6 = bed.run("left", &["ping", "-6", "-q", "-c", "3", "-i", "0.05", "fd00:9::2"]);
    assert!(v6.contains(" 0% packet loss"), "{v6}");
    let quiet = bed.ping(&["-c", "30", "-i", "0.02"]);
    assert_eq!(quiet.lost_percent, 0.0);
    assert!((100.0..115.0).contains(&quiet.rtt_min_ms), "twice 50 ms: {quiet:?}");

    // 1 - 0.8² of the pings; five standard deviations of 500 tries are 11 %.
    bed.set(Direction::Both, "loss=20%");
    let lossy = bed.ping(&["-c", "500", "-i", "0.002", "-W", "1"]);
    assert!((25.0..47.0).contains(&lossy.lost_percent), "{lossy:?}");

    bed.set(Direction::Forward, "mtu=1200");
    bed.set(Direction::Back, "clean");
    assert_eq!(bed.ping(&["-c", "10", "-i", "0.01", "-s", "1172"]).lost_percent, 0.0);
    assert_eq!(bed.ping(&["-c", "10", "-i", "0.01", "-s", "1173", "-W", "1"]).lost_percent, 100.0);

    // 0.55 Mbit/s into 0.27: a queue that fills to its 400 ms and then drops. (Below 10 ms ping waits for its answers.)
    bed.set(Direction::Forward, "rate=270kbps,queue=400ms");
    let bloated = bed.ping(&["-c", "150", "-i", "0.015", "-s", "1000", "-W", "1"]);
    assert!((380.0..480.0).contains(&bloated.rtt_max_ms), "{bloated:?}");
    assert!((15.0..55.0).contains(&bloated.lost_percent), "{bloated:?}");

    bed.set(Direction::Back, "partition");
    assert_eq!(bed.ping(&["-c", "3", "-i", "0.01", "-W", "1"]).lost_percent, 100.0);
    let status = bed.set(Direction::Both, "clean");
    assert!(status.back.stats.dropped_partition >= 3, "{status:?}");
    assert_eq!(bed.ping(&["-c", "5", "-i", "0.01"]).lost_percent, 0.0);
}

#[test]
fn a_wrong_profile_is_refused_on_the_control_socket_and_the_old_one_stays() {
    if let Err(missing) = requirements() {
        eprintln!("SKIPPED: the control socket was not tried: {missing}");
        return;
    }
    let bed = Bed::new("delay=1ms");
    let wrong = Request::Set { direction: Direction::Both, profile: Weather::Text("delay=fast".to_owned()) };
    let Reply::Error(error) = ask(&bed.control, &wrong).unwrap() else { panic!("accepted") };
    assert!(error.contains("milliseconds"), "{error}");
    let Reply::Ok(status) = ask(&bed.control, &Request::Status).unwrap() else { panic!("no status") };
    assert_eq!(status.forward.profile, "delay=1ms".parse().unwrap());

    let taken = Shim::open(bed.options("clean")).err().map(|error| error.to_string()).unwrap_or_default();
    assert!(taken.contains("creating"), "a second device of that name: {taken}");
}

fn requirements() -> Result<(), String> {
    if !Path::new("/dev/net/tun").exists() {
        return Err("there is no /dev/net/tun".to_owned());
    }
    for (program, package) in [("ip", "iproute2"), ("ping", "iputils-ping")] {
        if Command::new(program).arg("-V").output().is_err() {
            return Err(format!("there is no `{program}` (apt-get install {package})"));
        }
    }
    let name = format!("weir-probe-{}-{:?}", std::process::id(), std::thread::current().id()).replace(['(', ')'], "");
    let created = Command::new("ip").args(["netns", "add", &name]).output().expect("ip was just started");
    if !created.status.success() {
        return Err(format!("no right to create a namespace: {}", String::from_utf8_lossy(&created.stderr).trim()));
    }
    ip(&["netns", "del", &name]);
    Ok(())
}

/// Two namespaces, a running shim between them, and everything gone at the end.
struct Bed {
    left: String,
    right: String,
    control: PathBuf,
    shim: Option<JoinHandle<Result<Status, Error>>>,
}

#[derive(Debug)]
struct Ping {
    lost_percent: f64,
    rtt_min_ms: f64,
    rtt_max_ms: f64,
}

impl Bed {
    fn new(profile: &str) -> Bed {
        let unique = format!("{}-{:?}", std::process::id(), std::thread::current().id()).replace(['(', ')'], "");
        let (left, right) = (format!("weir-l-{unique}"), format!("weir-r-{unique}"));
        for namespace in [&left, &right] {
            ip(&["netns", "add", namespace]);
        }
        let control = std::env::temp_dir().join(format!("weir-netsim-{unique}.sock"));
        let mut bed = Bed { left, right, control, shim: None };
        let shim = Shim::open(bed.options(profile)).unwrap();
        bed.shim = Some(std::thread::spawn(move || shim.run()));
        bed
    }

    fn options(&self, profile: &str) -> Options {
        let end = |namespace: &str, v4: &str, v6: &str| {
            End::new("weir0").namespace(namespace).address(v4.parse().unwrap()).address(v6.parse().unwrap())
        };
        let profile: Profile = profile.parse().unwrap();
        Options {
            left: end(&self.left, "10.9.0.1/24", "fd00:9::1/64"),
            right: end(&self.right, "10.9.0.2/24", "fd00:9::2/64"),
            forward: profile.clone(),
            back: profile,
            seed: 1,
            control: Some(self.control.clone()),
        }
    }

    fn set(&self, direction: Direction, profile: &str) -> Status {
        let request = Request::Set { direction, profile: Weather::Text(profile.to_owned()) };
        match ask(&self.control, &request).unwrap() {
            Reply::Ok(status) => *status,
            Reply::Error(error) => panic!("{error}"),
        }
    }

    fn run(&self, side: &str, command: &[&str]) -> String {
        let namespace = if side == "left" { &self.left } else { &self.right };
        let output = Command::new("ip").args(["netns", "exec", namespace]).args(command).output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
    }

    fn ping(&self, arguments: &[&str]) -> Ping {
        let output = self.run("left", &[&["ping", "-q"], arguments, &["10.9.0.2"]].concat());
        let number = |text: &str| text.trim().rsplit([' ', ',']).next().unwrap().parse::<f64>().ok();
        let lost_percent = output.split("% packet loss").next().and_then(number);
        // rtt min/avg/max/mdev = 100.2/100.4/101.0/0.1 ms
        let rtt: Vec<f64> = output
            .split("mdev = ")
            .nth(1)
            .map_or(Vec::new(), |rtt| rtt.split(['/', ' ']).filter_map(|part| part.parse().ok()).collect());
        Ping {
            lost_percent: lost_percent.unwrap_or_else(|| panic!("{output}")),
            rtt_min_ms: rtt.first().copied().unwrap_or(f64::INFINITY),
            rtt_max_ms: rtt.get(2).copied().unwrap_or(f64::INFINITY),
        }
    }
}

impl Drop for Bed {
    fn drop(&mut self) {
        let stopped = ask(&self.control, &Request::Stop).is_ok();
        if let Some(shim) = self.shim.take().filter(|_| stopped) {
            let _ = shim.join();
        }
        for namespace in [&self.left, &self.right] {
            let _ = Command::new("ip").args(["netns", "del", namespace]).output();
        }
    }
}

fn ip(arguments: &[&str]) {
    let output = Command::new("ip").args(arguments).output().unwrap();
    assert!(output.status.success(), "ip {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}
