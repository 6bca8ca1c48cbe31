//! People who come and go, thousands of them, each in one of the ways in which people do; and whether a node is after that
//! what it was before.
//!
//! ```text
//!   warm-up ─► nobody anywhere: gauges A ─► hosts alone: gauges B ─► cycles ─► hosts alone: B again? ─► the end ─► A again?
//! ```
//!
//! The warm-up is a round of the same, so that what a node makes once and keeps (a pool of database connections) is there.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use media::Codec;
use proto::meeting::{ClientBody, Hello, Me, Offer, Resume, ServerBody, VERSION, What};
use tokio::sync::mpsc::unbounded_channel;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::timeout;

use super::conduct::{runtime, venue};
use super::door::Door;
use super::gauges::Gauges;
use super::listener::{Noted, Place};
use super::options::CycleOptions;
use super::person;
use super::report::CyclesReport;
use super::rota::Rota;
use super::socket::Socket;
use super::studio::{Look, Studio};
use crate::Error;
use crate::delay::Histogram;
use crate::load::conduct::{local_ip, progress_bar};
use crate::load::crew::Exit;
use crate::server;

/// How somebody comes and goes. All are dealt out evenly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Both connections, until media could flow, then LEAVE.
    Whole,
    /// The same, and then the network is gone: nobody says goodbye.
    Lost,
    /// Offers, and does not stay for the connections.
    Hasty,
    /// Offers, and is gone before an answer could come.
    Torn,
    /// LEAVE without an offer.
    Quiet,
    /// Gone without an offer.
    Dropped,
    /// Loses the socket, comes back by another one, then LEAVE.
    Back,
    /// A ticket that nobody uses.
    TicketOnly,
}

const WAYS: [Way; 8] =
    [Way::Whole, Way::Quiet, Way::Hasty, Way::Lost, Way::Back, Way::Dropped, Way::Torn, Way::TicketOnly];

impl Way {
    fn words(self) -> &'static str {
        match self {
            Way::Whole => "connected and left",
            Way::Lost => "connected and lost their network",
            Way::Hasty => "offered and left before they were connected",
            Way::Torn => "offered and dropped the socket",
            Way::Quiet => "never offered, and left",
            Way::Dropped => "never offered, and dropped the socket",
            Way::Back => "lost the socket, came back and left",
            Way::TicketOnly => "took a ticket and never came",
        }
    }
}

/// A resumption's grace (15 s), a lost session's (the node ends it then), and an idle HTTP connection's.
const GRACES: Duration = Duration::from_secs(60);
const WARM_UP: u32 = 64;
const ERRORS_MAX: usize = 5;

pub fn run(options: CycleOptions) -> Result<CyclesReport, Error> {
    runtime()?.block_on(conduct(options))
}

/// What every cycle needs.
struct Yard {
    door: Door,
    studio: Studio,
    meetings: Vec<String>,
    patience: Duration,
    next: AtomicU32,
}

async fn conduct(options: CycleOptions) -> Result<CyclesReport, Error> {
    let bar = progress_bar();
    let (url, token) = (options.venue.url.clone(), options.venue.token.as_deref());
    let door = Door::new(url.clone());
    let host = match token {
        Some(token) => token.to_owned(),
        None => door.sign_up().await?,
    };
    let mut report = CyclesReport { url: url.to_string(), cycles: options.cycles, ..CyclesReport::default() };

    bar.set_message("warm-up");
    let ip = local_ip(&url).await?;
    let open = || {
        let look = Look { codec: Codec::Vp8, kbps: 100, fps: 15, drawn: false };
        Studio::open(ip, look, Rota::new(1, Duration::from_secs(5)), options.threads)
    };
    let mut warm = CyclesReport::default();
    let hosts = Hosts::come(&door, &options, &host).await?;
    cycle(&door, open()?, &hosts, &options, WARM_UP.min(options.cycles), &mut warm, &bar).await?;
    hosts.end(&door, &host).await?;
    let empty = Gauges::calm(&url, token, GRACES).await?;

    let hosts = Hosts::come(&door, &options, &host).await?;
    let alone = Gauges::calm(&url, token, GRACES).await?;
    let usage = || options.venue.server_pid.map(server::usage).transpose();
    let before = usage()?;
    let started = Instant::now();
    bar.set_message("people come and go");
    cycle(&door, open()?, &hosts, &options, options.cycles, &mut report, &bar).await?;
    report.seconds = started.elapsed().as_secs_f64();
    let after = usage()?;

    bar.set_message("graces end");
    let settling = Instant::now();
    report.differences = alone.return_to(&url, token, "with hosts alone", GRACES).await?;
    hosts.end(&door, &host).await?;
    report.differences.extend(empty.return_to(&url, token, "with nobody", GRACES).await?);
    report.settle_seconds = settling.elapsed().as_secs_f64();
    report.gauges = alone.len() + empty.len();
    report.meetings = options.meetings;
    report.rss_mb_before = before.map(|usage| usage.rss_bytes as f64 / 1e6);
    report.rss_mb_after = usage()?.map(|usage| usage.rss_bytes as f64 / 1e6);
    report.server_cpu_ms_per_cycle = before
        .zip(after)
        .map(|(before, after)| (after.cpu - before.cpu).as_secs_f64() * 1e3 / f64::from(options.cycles.max(1)));
    bar.finish_and_clear();
    Ok(report.judged())
}

/// Somebody in each meeting who stays, so that it goes on.
struct Hosts {
    meetings: Vec<String>,
    stays: Vec<JoinHandle<()>>,
}

impl Hosts {
    async fn come(door: &Door, options: &CycleOptions, token: &str) -> Result<Hosts, Error> {
        let mut hosts = Hosts { meetings: Vec::new(), stays: Vec::new() };
        for _ in 0..options.meetings.max(1) {
            let made = super::options::Venue { token: Some(token.to_owned()), ..options.venue.clone() };
            let (meeting, _) = venue(door, &made).await?;
            let ticket = door.join(&meeting, "Synthetic host", Some(token)).await?;
            let mut socket = Socket::open(&door.http, &ticket.socket, &meeting).await?;
            socket.send(ClientBody::Join(Hello { ticket: ticket.ticket, version: VERSION, resume: None })).await?;
            timeout(options.venue.patience, person::welcome(&mut socket)).await.map_err(|_| late("WELCOME"))??;
            hosts.meetings.push(meeting);
            hosts.stays.push(tokio::spawn(sit(socket)));
        }
        Ok(hosts)
    }

    async fn end(self, door: &Door, token: &str) -> Result<(), Error> {
        for meeting in &self.meetings {
            door.end(meeting, token).await?;
        }
        for stay in self.stays {
            let _ = stay.await;
        }
        Ok(())
    }
}

/// Reads what is said, so that a host is not closed as a slow reader, until the meeting is over.
async fn sit(mut socket: Socket) {
    let mut ping = tokio::time::interval(Duration::from_secs(5));
    loop {
        tokio::select! {
            said = socket.next() => match said {
                Ok(Some(_)) => {}
                Ok(None) | Err(_) => return,
            },
            _ = ping.tick() => {
                let seq = socket.last_seq();
                if socket.send(ClientBody::Ping { seq }).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// So many cycles, several at a time. Each worker begins another one when the last is over.
async fn cycle(
    door: &Door,
    studio: Studio,
    hosts: &Hosts,
    options: &CycleOptions,
    cycles: u32,
    report: &mut CyclesReport,
    bar: &indicatif::ProgressBar,
) -> Result<(), Error> {
    bar.set_length(cycles.into());
    bar.set_position(0);
    let (meetings, patience) = (hosts.meetings.clone(), options.venue.patience);
    let yard = Arc::new(Yard { door: door.clone(), studio, meetings, patience, next: AtomicU32::new(0) });
    let mut workers = JoinSet::new();
    for _ in 0..options.at_once.max(1) {
        let (yard, bar) = (yard.clone(), bar.clone());
        workers.spawn(async move {
            let (mut welcome, mut errors, mut failed) = (Histogram::new(), Vec::new(), 0);
            loop {
                let number = yard.next.fetch_add(1, Ordering::Relaxed);
                if number >= cycles {
                    return (welcome, failed, errors);
                }
                match visit(&yard, number).await {
                    Ok(took) => took.into_iter().for_each(|took| welcome.add(took)),
                    Err(error) => {
                        failed += 1;
                        errors.push(crate::with_causes(&error));
                        errors.truncate(ERRORS_MAX);
                    }
                }
                bar.inc(1);
            }
        });
    }
    let mut welcome = Histogram::new();
    while let Some(worked) = workers.join_next().await {
        let Ok((found, failed, errors)) = worked else { continue };
        welcome.merge(&found);
        report.failed += failed;
        for error in errors {
            if report.errors.len() < ERRORS_MAX && !report.errors.contains(&error) {
                report.errors.push(error);
            }
        }
    }
    report.welcome = (&welcome).into();
    let ways = WAYS.iter().enumerate().map(|(n, way)| (way.words().to_owned(), (cycles + 7 - n as u32) / 8));
    report.ways = ways.collect();
    Arc::into_inner(yard).expect("the workers are done").studio.close().map(drop)
}

/// How long it took until somebody was in, if they wanted to be.
async fn visit(yard: &Yard, number: u32) -> Result<Option<Duration>, Error> {
    let way = WAYS[number as usize % WAYS.len()];
    let meeting = &yard.meetings[number as usize / WAYS.len() % yard.meetings.len()];
    let asked = Instant::now();
    let ticket = yard.door.join(meeting, &person::name(number), None).await?;
    if way == Way::TicketOnly {
        return Ok(None);
    }
    let open = || Socket::open(&yard.door.http, &ticket.socket, meeting);
    let hello = |resume| ClientBody::Join(Hello { ticket: ticket.ticket.clone(), version: VERSION, resume });
    let mut socket = open().await?;
    socket.send(hello(None)).await?;
    let (_, session) = in_time(yard, "WELCOME", person::welcomed(&mut socket)).await?;
    let took = asked.elapsed();
    let exit = Exit::default();
    match way {
        Way::Whole | Way::Lost => connect(yard, number, &mut socket, &exit).await?,
        Way::Hasty | Way::Torn => drop(offer(yard, &mut socket).await?),
        Way::Back => {
            let seq = socket.last_seq();
            drop(socket);
            socket = open().await?;
            socket.send(hello(Some(Resume { session, seq, chat: 0 }))).await?;
            in_time(yard, "WELCOME", person::welcomed(&mut socket)).await?;
        }
        Way::Quiet | Way::Dropped | Way::TicketOnly => {}
    }
    exit.open();
    if !matches!(way, Way::Lost | Way::Torn | Way::Dropped) {
        socket.send(ClientBody::Leave {}).await?;
        let closed = async {
            while socket.next().await?.is_some() {}
            Ok(())
        };
        in_time(yard, "the close after LEAVE", closed).await?;
    }
    Ok(Some(took))
}

type Offers = (super::studio::Offered, super::studio::Offered);

async fn offer(yard: &Yard, socket: &mut Socket) -> Result<Offers, Error> {
    let offers = (yard.studio.offer_camera()?, yard.studio.offer_receive(4)?);
    for (what, offered) in [(What::Camera, &offers.0), (What::Receive, &offers.1)] {
        socket.send(ClientBody::Offer(Offer { what, id: 1, sdp: offered.sdp() })).await?;
    }
    Ok(offers)
}

/// Until both connections are there.
async fn connect(yard: &Yard, number: u32, socket: &mut Socket, exit: &Exit) -> Result<(), Error> {
    let (camera, receive) = offer(yard, socket).await?;
    let (mut camera, mut receive) = (Some(camera), Some(receive));
    let (to, mut noted) = unbounded_channel();
    let answered = async {
        while camera.is_some() || receive.is_some() {
            let said = socket.next().await?.ok_or_else(|| late("an answer"))?;
            match said {
                ServerBody::Answer { what: What::Camera, sdp, .. } => {
                    if let Some(offered) = camera.take() {
                        yard.studio.send(number, offered, &sdp, exit.clone())?;
                        let on = Me { microphone: Some(true), camera: Some(true), ..Me::default() };
                        socket.send(ClientBody::Me(on)).await?;
                    }
                }
                ServerBody::Answer { sdp, .. } => {
                    if let Some(offered) = receive.take() {
                        let place = Place { person: number, answer: sdp, to: to.clone(), exit: exit.clone() };
                        yard.studio.receive(offered, place)?;
                    }
                }
                ServerBody::MediaEnded { reason, .. } => return Err(Error::Meeting(reason)),
                ServerBody::Error { msg, .. } => return Err(Error::Meeting(msg)),
                _ => {}
            }
        }
        Ok(())
    };
    in_time(yard, "an answer", answered).await?;
    let connected = async {
        loop {
            match noted.recv().await {
                Some(Noted::Connected) => return Ok(()),
                Some(Noted::Closed(reason)) => return Err(Error::Meeting(reason)),
                Some(Noted::Shown { .. } | Noted::Found(_)) => {}
                None => return Err(late("the receiving connection")),
            }
        }
    };
    in_time(yard, "the receiving connection", connected).await
}

async fn in_time<T>(yard: &Yard, what: &str, expected: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    timeout(yard.patience, expected).await.map_err(|_| late(what))?
}

fn late(what: &str) -> Error {
    Error::Meeting(format!("{what} does not come"))
}
