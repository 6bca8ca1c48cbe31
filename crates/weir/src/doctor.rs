//! `weir doctor`: what a node would find on this machine, before there is one.

use std::fmt::Write as _;
use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::process::ExitCode;

use anyhow::Result;
use node::udp::{BUFFER_BYTES, Socket};
use signal::auth::Key;

use crate::config::Config;
use crate::output::print;
use crate::setup::Setup;

/// How well a thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Health {
    Good,
    /// It works, at a price.
    Weak,
    /// `weir serve` would not start.
    Broken,
}

struct Finding {
    health: Health,
    subject: &'static str,
    words: String,
}

/// Prints one line per finding. The exit code is a failure when a node could not start.
pub fn run(setup: &Setup) -> Result<ExitCode> {
    let config = setup.load()?.config;
    let mut findings = vec![http(config.http.listen.0)];
    findings.extend(media(&config));
    findings.extend([key(&config), descriptors(), clock(), cores(&config)]);
    let mut text = String::new();
    for Finding { health, subject, words } in &findings {
        let mark = match health {
            Health::Good => "ok    ",
            Health::Weak => "weak  ",
            Health::Broken => "broken",
        };
        let _ = writeln!(text, "{mark}  {subject:<12} {words}");
    }
    print(&text)?;
    let broken = findings.iter().any(|finding| finding.health == Health::Broken);
    Ok(if broken { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn http(address: SocketAddr) -> Finding {
    let (health, words) = match TcpListener::bind(address) {
        Ok(_) => (Health::Good, format!("{address} is free")),
        Err(error) => (Health::Broken, format!("{address}: {error}; choose another with --http")),
    };
    Finding { health, subject: "HTTP port", words }
}

fn media(config: &Config) -> Vec<Finding> {
    let first = config.media.listen.0;
    let mut sockets = Vec::new();
    for worker in 0..config.media.workers() {
        let port = if first.port() == 0 { 0 } else { first.port() + u16::from(worker) };
        let address = SocketAddr::new(first.ip(), port);
        match Socket::bind(address) {
            Ok(socket) => sockets.push(socket),
            Err(error) => {
                let words = format!("UDP {address}: {error}; choose others with --media, or fewer with --workers");
                return vec![Finding { health: Health::Broken, subject: "media ports", words }];
            }
        }
    }
    let socket = &sockets[0];
    let ports = format!("{} free from UDP {}", sockets.len(), socket.local_addr());
    vec![
        Finding { health: Health::Good, subject: "media ports", words: ports },
        buffer("receive", socket.recv_buffer_bytes(), "net.core.rmem_max"),
        buffer("send", socket.send_buffer_bytes(), "net.core.wmem_max"),
        offload("GSO", socket.sends_gso(), "sending a datagram costs two to three times the CPU"),
        offload("GRO", socket.receives_gro(), "receiving a datagram costs two to five times the CPU"),
    ]
}

fn buffer(direction: &str, granted: usize, limit: &str) -> Finding {
    let subject = if direction == "send" { "send buffer" } else { "recv buffer" };
    if granted >= BUFFER_BYTES {
        return Finding { health: Health::Good, subject, words: format!("{granted} bytes") };
    }
    let words = format!(
        "{granted} of {BUFFER_BYTES} bytes, so bursts lose packets inside this machine; sysctl -w {limit}={BUFFER_BYTES}"
    );
    Finding { health: Health::Weak, subject, words }
}

fn offload(subject: &'static str, works: bool, price: &str) -> Finding {
    match works {
        true => Finding { health: Health::Good, subject, words: "the kernel has it".to_owned() },
        false => Finding { health: Health::Weak, subject, words: format!("this kernel refuses it: {price}") },
    }
}

fn key(config: &Config) -> Finding {
    let dir = &config.data.dir;
    // Looking must not make the key: a doctor changes nothing.
    let (health, words) = match dir.join("token.key").exists().then(|| Key::load_or_create(dir)) {
        Some(Err(error)) => (Health::Broken, format!("{:#}", anyhow::Error::from(error))),
        Some(Ok(_)) => (Health::Good, format!("{} has a key", dir.display())),
        None => (Health::Good, format!("{} will get a key on first start", dir.display())),
    };
    Finding { health, subject: "data", words }
}

/// Descriptors bound the HTTP connections; sessions need none.
fn descriptors() -> Finding {
    let soft = fs::read_to_string("/proc/self/limits").ok().and_then(|limits| {
        let line = limits.lines().find(|line| line.starts_with("Max open files"))?.to_owned();
        line.split_whitespace().nth(3)?.parse::<u64>().ok()
    });
    let subject = "descriptors";
    match soft {
        Some(n) if n < 4200 => {
            let words =
                format!("{n} open files at most, fewer than limits.connections_max may ask for; ulimit -n 8192");
            Finding { health: Health::Weak, subject, words }
        }
        Some(n) => Finding { health: Health::Good, subject, words: format!("{n} open files at most") },
        None => Finding { health: Health::Good, subject, words: "no limit to be seen".to_owned() },
    }
}

/// A worker reads the clock many times in a tick. Through a register that costs 25 ns, through a device a microsecond.
fn clock() -> Finding {
    let subject = "clock";
    let source = fs::read_to_string("/sys/devices/system/clocksource/clocksource0/current_clocksource");
    match source.unwrap_or_default().trim() {
        slow @ ("hpet" | "acpi_pm" | "jiffies" | "refined-jiffies") => {
            let words =
                format!("{slow}, which is slow to read: every packet costs more CPU; try clocksource=tsc at boot");
            Finding { health: Health::Weak, subject, words }
        }
        "" => Finding { health: Health::Good, subject, words: "the kernel does not say which".to_owned() },
        fast => Finding { health: Health::Good, subject, words: fast.to_owned() },
    }
}

fn cores(config: &Config) -> Finding {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let workers = usize::from(config.media.workers());
    let words = format!("{workers} workers on {cores} cores");
    let health = if workers > cores { Health::Weak } else { Health::Good };
    Finding { health, subject: "cores", words }
}
