//! One meeting that is looked at: phases in order.
//!
//! ```text
//!   the host ─► the others, one by one ─► all are there ─► books are closed ─► everybody leaves ─► report
//!                                          (five speak in turn,
//!                                           pages are turned)
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use media::Codec;
use tokio::task::JoinSet;

use super::door::Door;
use super::listener::Found;
use super::options::{Options, Venue};
use super::person::{self, Cast, Outcome};
use super::report::{Joins, Own, Report, Server, Turns, Voices};
use super::rota::Rota;
use super::studio::{Look, Studio};
use crate::Error;
use crate::delay::Histogram;
use crate::load::conduct::{local_ip, progress_bar};
use crate::report::{Check, CheckVerdict};
use crate::server::{self, Usage};

/// What was sent when everybody stopped has arrived by then.
const DRAIN: Duration = Duration::from_millis(400);
/// After the last one has come in, until what is measured begins.
const SETTLE: Duration = Duration::from_secs(1);
/// Before the end, pages are turned no more, so that the last ones have as long as the others.
const NO_MORE_TURNS: Duration = Duration::from_secs(3);
/// The same thing tends to go wrong for everybody.
const ERRORS_MAX: usize = 5;

/// Runs the whole meeting.
pub fn run(options: Options) -> Result<Report, Error> {
    runtime()?.block_on(conduct(options))
}

pub fn runtime() -> Result<tokio::runtime::Runtime, Error> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().map_err(Error::Socket)
}

/// Where everybody meets, and the login of who made it.
pub async fn venue(door: &Door, venue: &Venue) -> Result<(String, Option<String>), Error> {
    let token = match (&venue.token, &venue.meeting) {
        (Some(token), _) => Some(token.clone()),
        // People without an account wait until a host comes.
        (None, Some(_)) => None,
        (None, None) => Some(door.sign_up().await?),
    };
    match (&venue.meeting, &token) {
        (Some(meeting), _) => Ok((meeting.clone(), token)),
        (None, Some(made_by)) => Ok((door.new_meeting(made_by).await?, token)),
        (None, None) => Err(Error::Meeting("neither a meeting nor somebody who makes one".to_owned())),
    }
}

async fn conduct(options: Options) -> Result<Report, Error> {
    let bar = progress_bar();
    let door = Door::new(options.venue.url.clone());
    let (meeting, token) = venue(&door, &options.venue).await?;
    let look = Look {
        codec: options.codec,
        kbps: options.video_kbps,
        fps: options.video_fps,
        drawn: options.drawn && options.codec == Codec::Vp8,
    };
    let rota = Rota::new(options.people, options.turn_to_speak);
    let cast = Arc::new(Cast {
        studio: Studio::open(local_ip(&options.venue.url).await?, look, rota, options.threads)?,
        door,
        meeting: meeting.clone(),
        token: token.clone(),
        tiles: options.tiles,
        turn_every: options.turn_every,
        patience: options.venue.patience,
    });
    let usage = || options.venue.server_pid.map(server::usage).transpose();
    let before = usage()?;

    let mut stays = gather(&cast, &options, &bar).await;
    tokio::time::sleep(SETTLE).await;
    let steady = watch(&cast, &options, &bar, usage).await?;

    bar.set_message("everybody leaves");
    cast.studio.stop_sending();
    tokio::time::sleep(DRAIN).await;
    cast.studio.close_books();
    let mut tally = Tally::default();
    while let Some(stayed) = stays.join_next().await {
        match stayed {
            Ok((number, outcome, ended)) => tally.add(number, outcome, ended),
            Err(error) => tally.error(error.to_string()),
        }
    }
    let keyframes_asked = cast.studio.board.keyframe_requests.load(Ordering::Relaxed);
    if let (None, Some(token)) = (&options.venue.meeting, &token)
        && let Err(error) = cast.door.end(&meeting, token).await
    {
        tally.error(format!("ending the meeting: {}", crate::with_causes(&error)));
    }
    let cast = Arc::into_inner(cast).expect("nobody is left who holds it");
    let not_sent = cast.studio.close()?;
    bar.finish_and_clear();
    Ok(tally.report(&options, meeting, &steady, before, not_sent, keyframes_asked))
}

type Stays = JoinSet<(u32, Outcome, Result<(), Error>)>;

/// The first person is the host, so that nobody waits at the door; then the others, at their pace.
async fn gather(cast: &Arc<Cast>, options: &Options, bar: &ProgressBar) -> Stays {
    bar.set_length(options.people.into());
    bar.set_message("people join");
    let mut stays = Stays::new();
    let gap = Duration::from_secs(1) / options.joins_per_second.max(1);
    let mut pace = tokio::time::interval(gap.max(Duration::from_micros(1)));
    for number in 1..=options.people {
        pace.tick().await;
        let cast = cast.clone();
        stays.spawn(async move {
            let (outcome, ended) = person::stay(cast, number).await;
            (number, outcome, ended)
        });
        bar.inc(1);
    }
    // Who joins last gets as long as it takes them, within reason.
    let connected = &cast.studio.board;
    let deadline = Instant::now() + options.venue.patience;
    while connected.publishing.load(Ordering::Relaxed) < options.people && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    stays
}

/// What happened while everybody was there.
struct Steady {
    seconds: f64,
    received: u64,
    own_cpu: Duration,
    server: Option<(Usage, Usage)>,
}

async fn watch(
    cast: &Cast,
    options: &Options,
    bar: &ProgressBar,
    usage: impl Fn() -> Result<Option<Usage>, Error>,
) -> Result<Steady, Error> {
    let board = &cast.studio.board;
    bar.set_message("everybody is there");
    bar.set_length(options.duration.as_secs());
    let own = || server::usage(std::process::id());
    let (start, received, before, own_before) = (Instant::now(), board.received(), usage()?, own()?);
    cast.studio.rota.begin(start);
    board.set_steady(true);
    while start.elapsed() < options.duration {
        bar.set_position(start.elapsed().as_secs());
        let rest = options.duration.saturating_sub(start.elapsed());
        tokio::time::sleep(rest.min(Duration::from_millis(200))).await;
        // A page that is turned at the last moment is not a page that did not come.
        if rest < NO_MORE_TURNS {
            board.set_steady(false);
        }
    }
    let after = usage()?;
    Ok(Steady {
        seconds: start.elapsed().as_secs_f64(),
        received: board.received() - received,
        own_cpu: own()?.cpu - own_before.cpu,
        server: before.zip(after),
    })
}

/// Everybody's outcome, added up.
#[derive(Default)]
struct Tally {
    ticket: Histogram,
    welcome: Histogram,
    connected: Histogram,
    picture: Histogram,
    pages: Histogram,
    tiles: Histogram,
    missed: u64,
    wrong_slot: u64,
    failed: u32,
    voices: Voices,
    check: Check,
    verdicts: BTreeMap<&'static str, CheckVerdict>,
    mixed: u64,
    corrupt: u64,
    numbers_used_twice: u64,
    overflowed: u64,
    received: u64,
    keyframes_asked: u64,
    errors: Vec<String>,
}

impl Tally {
    fn error(&mut self, error: String) {
        if self.errors.len() < ERRORS_MAX && !self.errors.contains(&error) {
            self.errors.push(error);
        }
    }

    fn add(&mut self, number: u32, outcome: Outcome, ended: Result<(), Error>) {
        if let Err(error) = ended {
            self.error(format!("{}: {}", person::name(number), crate::with_causes(&error)));
        }
        let add = |histogram: &mut Histogram, took: Option<Duration>| took.map(|took| histogram.add(took));
        add(&mut self.ticket, outcome.ticket);
        add(&mut self.welcome, outcome.welcome);
        add(&mut self.connected, outcome.connected);
        // The first one has nobody to look at.
        let sees = number == 1 || add(&mut self.picture, outcome.picture).is_some();
        self.failed += u32::from(outcome.connected.is_none() || !sees);
        outcome.pages.iter().for_each(|took| self.pages.add(*took));
        outcome.tiles.iter().for_each(|took| self.tiles.add(*took));
        self.missed += outcome.missed;
        self.wrong_slot += outcome.wrong_slot;
        if let Some(found) = outcome.found {
            self.add_found(*found);
        }
    }

    fn add_found(&mut self, found: Found) {
        let Voices { right, missing, wrong } = found.voices;
        self.voices.right += right;
        self.voices.missing += missing;
        self.voices.wrong += wrong;
        self.mixed += found.counts.mixed;
        self.corrupt += found.counts.corrupt;
        self.numbers_used_twice += found.numbers_used_twice;
        self.overflowed += found.overflowed;
        self.received += found.packets;
        self.keyframes_asked += found.keyframes_asked;
        let mut seen = BTreeMap::new();
        for report in &found.checks {
            self.check.frames += report.frames;
            self.check.keyframes += report.keyframes;
            for verdict in &report.verdicts {
                let (count, _) = seen.entry(verdict.kind.name()).or_insert((0, verdict.to_string()));
                *count += verdict.count;
            }
        }
        for (kind, (count, example)) in seen {
            let new = CheckVerdict { kind: kind.to_owned(), count: 0, viewers: 0, example };
            let total = self.verdicts.entry(kind).or_insert(new);
            total.count += count;
            total.viewers += 1;
        }
    }

    fn report(
        self,
        options: &Options,
        meeting: String,
        steady: &Steady,
        before: Option<Usage>,
        not_sent: u64,
        keyframes_asked: u64,
    ) -> Report {
        let people = f64::from(options.people.max(1));
        let server = steady.server.zip(before).map(|((start, end), before)| {
            let cpu = (end.cpu - start.cpu).as_secs_f64();
            let percent = cpu / steady.seconds * 100.0;
            Server {
                pid: options.venue.server_pid.unwrap_or_default(),
                cpu_percent: percent,
                cpu_percent_per_person: percent / people,
                cpu_us_per_packet: cpu * 1e6 / (steady.received.max(1)) as f64,
                rss_kb_per_person: end.rss_bytes.saturating_sub(before.rss_bytes) as f64 / 1000.0 / people,
                rss_mb: end.rss_bytes as f64 / 1e6,
            }
        });
        let verdicts: Vec<CheckVerdict> = self.verdicts.into_values().collect();
        let turns = Turns {
            page: (&self.pages).into(),
            tile: (&self.tiles).into(),
            missed: self.missed,
            wrong_slot: self.wrong_slot,
        };
        Report {
            clean: false,
            url: options.venue.url.to_string(),
            meeting,
            people: options.people,
            codec: options.codec.mime().to_owned(),
            video_kbps: options.video_kbps,
            steady_seconds: steady.seconds,
            joins: Joins {
                asked: options.people,
                failed: self.failed,
                ticket: (&self.ticket).into(),
                welcome: (&self.welcome).into(),
                connected: (&self.connected).into(),
                picture: (&self.picture).into(),
                picture_p95_max_ms: options.join_p95_max.map(|max| max.as_secs_f64() * 1e3),
            },
            turns: options.turn_every.map(|_| turns),
            voices: self.voices,
            check: Check { errors: verdicts.iter().map(|verdict| verdict.count).sum(), verdicts, ..self.check },
            mixed: self.mixed,
            corrupt: self.corrupt,
            numbers_used_twice: self.numbers_used_twice,
            packets_received: self.received,
            packets_per_second: (steady.received as f64 / steady.seconds) as u64,
            keyframes_asked,
            keyframes_asked_by_tiles: self.keyframes_asked,
            server,
            own: Own {
                overflowed: self.overflowed,
                not_sent,
                cpu_percent: steady.own_cpu.as_secs_f64() / steady.seconds * 100.0,
            },
            errors: self.errors,
        }
        .judged()
    }
}
