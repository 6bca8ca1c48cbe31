//! Running other programs: their output goes to the terminal as it comes, and is kept for whoever counts tests in it.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context, Result};

/// What a finished program left.
pub struct Ended {
    pub success: bool,
    /// Both streams, line by line in the order they came, without colours.
    pub lines: Vec<String>,
}

/// Runs a program to its end, or to `limit`: then it and what it started are killed, because a step that hangs must
/// cost one step and not the whole run.
pub fn run(limit: Duration, program: &str, arguments: &[&str]) -> Result<Ended> {
    let mut command = Command::new("timeout");
    command.args(["--kill-after=10", &limit.as_secs().to_string(), program]).args(arguments);
    own_environment(&mut command);
    command.env("NO_COLOR", "1").env("CARGO_TERM_COLOR", "never").env("CI", "true");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().with_context(|| format!("starting {program}"))?;

    let (sender, receiver) = mpsc::channel();
    let out = child.stdout.take().expect("piped above");
    let err = child.stderr.take().expect("piped above");
    let readers = [forward(out, sender.clone()), forward(err, sender)];
    let mut lines = Vec::new();
    for line in receiver {
        // The reader of our output may be gone (a closed terminal); the run goes on and its exit code still counts.
        let _ = writeln!(std::io::stdout(), "{line}");
        lines.push(plain(&line));
    }
    for reader in readers {
        let _ = reader.join();
    }
    let status = child.wait()?;
    if status.code() == Some(124) {
        println!("{program} {} was stopped after {} s", arguments.join(" "), limit.as_secs());
    }
    Ok(Ended { success: status.success(), lines })
}

/// `cargo run` describes xtask to its child by variables; a cargo started from here would see another environment than
/// one started by hand, and rebuild for it.
fn own_environment(command: &mut Command) {
    for (name, _) in std::env::vars() {
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            command.env_remove(name);
        }
    }
}

fn forward(stream: impl Read + Send + 'static, lines: mpsc::Sender<String>) -> std::thread::JoinHandle<()> {
    std::thread::spawn(move || {
        let mut stream = BufReader::new(stream);
        let mut line = Vec::new();
        while matches!(stream.read_until(b'\n', &mut line), Ok(n) if n > 0) {
            let text = String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']).to_owned();
            if lines.send(text).is_err() {
                return;
            }
            line.clear();
        }
    })
}

/// Without terminal colours.
fn plain(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        if c == '\u{1b}' {
            chars.by_ref().find(|c| c.is_ascii_alphabetic());
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_heard_and_its_failure_noticed() {
        let ended = run(Duration::from_secs(20), "sh", &["-c", "echo out; echo err >&2; exit 3"]).unwrap();
        assert!(!ended.success);
        let mut lines = ended.lines;
        lines.sort();
        assert_eq!(lines, ["err", "out"]);
    }

    #[test]
    fn a_program_that_hangs_is_stopped_and_has_failed() {
        assert!(!run(Duration::from_secs(1), "sleep", &["60"]).unwrap().success);
    }

    #[test]
    fn colours_are_taken_out() {
        assert_eq!(plain("\u{1b}[32m3 passed\u{1b}[39m (3)"), "3 passed (3)");
    }
}
