//! WHIP and WHEP, rule by rule, against any server: named checks that pass, fail, or say why they were skipped.
//!
//! ```text
//!   checks (one function per rule) ──▶ bench (requests, sessions, clean-up) ──▶ http
//!                                  └─▶ live  (a publisher or viewer with real media)
//! ```
//!
//! Each check stands alone: it makes the sessions it needs and the bench ends them, so that one failure does not drag
//! others with it. It knows nothing about the server but its two URLs, and a token where one is needed.

mod bench;
mod checks;
mod live;
mod report;
mod sdp;

use std::time::{Duration, Instant};

pub use report::{Entry, Level, Outcome, Report};

use crate::Error;
use bench::Bench;
use dial::Url;

#[derive(Debug, Clone)]
pub struct Options {
    /// A WHIP endpoint that nobody uses while the suite runs.
    pub url_whip: Url,
    /// The WHEP endpoint that shows what is published there.
    pub url_whep: Url,
    /// Sent with every request; must allow publishing and watching there.
    pub token: Option<String>,
    /// Somebody else's valid token: may it touch our sessions?
    pub other_token: Option<String>,
    /// How long a connection that sends nothing useful may stay open.
    pub patience: Duration,
    /// Runs only the checks whose name contains this.
    pub only: Option<String>,
}

impl Options {
    /// A server that has its endpoints at `/whip/ROOM` and `/whep/ROOM`, as Weir has.
    pub fn of_room(base: &Url, room: &str) -> Options {
        Options::of_endpoints(base.child("whip").child(room), base.child("whep").child(room))
    }

    pub fn of_endpoints(url_whip: Url, url_whep: Url) -> Options {
        Options { url_whip, url_whep, token: None, other_token: None, patience: Duration::from_secs(15), only: None }
    }
}

/// Runs every check, one after the other. `progress` sees each result as it comes.
pub async fn run(options: Options, mut progress: impl FnMut(&Entry)) -> Result<Report, Error> {
    let only = options.only.clone().unwrap_or_default();
    let bench = Bench::new(options)?;
    // One request decides whether there is a server at all; without it every check would fail with the same words.
    bench.reach().await?;
    let mut entries = Vec::new();
    for check in checks::all().filter(|check| check.name.contains(&only)) {
        let start = Instant::now();
        let outcome = match tokio::time::timeout(CHECK_TIMEOUT + bench.options.patience, (check.run)(&bench)).await {
            Ok(Ok(())) => Outcome::Passed,
            Ok(Err(bench::Stop::Failed(why))) => Outcome::Failed(why),
            Ok(Err(bench::Stop::Skipped(why))) => Outcome::Skipped(why),
            Err(_) => Outcome::Failed("did not end in time".to_owned()),
        };
        bench.clean_up().await;
        let took_ms = start.elapsed().as_millis() as u64;
        let entry = Entry { name: check.name, rule: check.rule, level: check.level, outcome, took_ms };
        progress(&entry);
        entries.push(entry);
    }
    Ok(Report { whip: bench.options.url_whip.to_string(), whep: bench.options.url_whep.to_string(), entries })
}

/// The longest check waits for a publisher to be given up.
const CHECK_TIMEOUT: Duration = Duration::from_secs(45);
