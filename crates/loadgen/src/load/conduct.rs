//! The conductor: phases in order, and nothing of how media moves.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use dial::Url;
use indicatif::{ProgressBar, ProgressStyle};
use media::codec::Codec;
use tokio::sync::Semaphore;
use transport::client::{Publish, Setup, Watch};
use transport::{Client, CodecChoice, Identity};

use super::board::Board;
use super::codecs;
use super::crew::{Crew, Order};
use super::endpoint::Endpoint;
use super::options::{self, Options, Weight};
use super::publisher::Publisher;
use super::recording::Recording;
use super::tally::Tally;
use super::viewer::Viewer;
use crate::Error;
use crate::metrics;
use crate::report::{Inside, Keyframes, Own, Report, Server, Switches};
use crate::server::{self, Usage};
use crate::signalling::{Guest, Session, Signalling, Srtp};
use crate::udp::{Socket, local_ip_towards};
use crate::{janus, whip};

/// Runs the whole test; takes as long as joining, `duration` and `drain` take.
pub fn run(options: Options) -> Result<Report, Error> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.map_err(Error::Socket)?;
    match options.server {
        options::Server::Whip => {
            let signaller = whip::Signaller::new(options.url.clone(), options.token.clone());
            runtime.block_on(conduct(options, signaller))
        }
        options::Server::Janus => {
            let signaller = runtime.block_on(async { janus::Signaller::new(options.url.clone()) });
            runtime.block_on(conduct(options, signaller))
        }
    }
}

/// From a silent publisher's last packet until the server has nothing of it to do any more: for a second, Weir lets viewers begin with what it
/// remembers of it.
const SETTLE: Duration = Duration::from_millis(1_200);
/// Joins at the same time; beyond it the pace of joining gives way.
const JOINS_AT_ONCE: usize = 64;
const LEAVES_AT_ONCE: usize = 32;

/// What every join needs.
struct Cast<S> {
    options: Options,
    signaller: S,
    identity: Identity,
    ip: IpAddr,
    board: Arc<Board>,
}

async fn conduct<S: Signalling>(options: Options, signaller: S) -> Result<Report, Error> {
    if let Some(folder) = &options.record {
        let failed = |source| Error::Folder { folder: folder.clone(), source };
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    let cast = Arc::new(Cast {
        signaller,
        identity: Identity::generate()?,
        ip: local_ip(&options.url).await?,
        board: Arc::new(Board::new(options.publishers)),
        options,
    });
    let options = &cast.options;
    let bar = progress_bar();

    bar.set_message("publishers join");
    let (publishers, mut sessions) = publish(&cast).await?;
    let before = options.server_pid.map(server::usage).transpose()?;

    let mut tally = Tally::new(options.silent);
    let joining = Instant::now();
    let asked_before = cast.board.keyframe_requests.load(Ordering::Relaxed);
    let crews = start_crews("viewers", options.threads.max(1))?;
    let joined = watch(&cast, &crews, &bar, &mut tally).await;
    let settled = if options.silent { &cast.board.connected } else { &cast.board.pictured };
    wait_for(settled, joined, options.patience, &bar).await;
    let joining = Joining {
        began: joining,
        took: joining.elapsed(),
        before,
        after: options.server_pid.map(server::usage).transpose()?,
    };
    tokio::time::sleep(options.settle).await;

    let steady = measure(&cast, &bar).await?;
    let keyframes = cast.keyframes(asked_before, joining.began);
    bar.set_message("what is on its way arrives");
    publishers.order(Order::Each(Publisher::stop));
    tokio::time::sleep(options.drain).await;

    for crew in crews {
        for viewer in crew.disband().map_err(Error::Socket)? {
            let mut found = viewer.finish();
            tally.add(&mut found);
            sessions.push(found.session);
        }
    }
    let mut not_sent = 0;
    for publisher in publishers.disband().map_err(Error::Socket)? {
        not_sent += publisher.not_sent();
        if let Some(reason) = publisher.closed() {
            tally.add_error(format!("a publisher's session ended early: {reason}"));
        }
    }
    bar.set_message("everybody leaves");
    leave(&cast.signaller, sessions, &mut tally).await;
    bar.finish_and_clear();

    Ok(Report {
        clean: false,
        url: options.url.to_string(),
        room: options.room.clone(),
        codec: options.codec.mime().to_owned(),
        video_kbps: options.video_kbps,
        publishers: options.publishers,
        viewers: options.viewers,
        silent: options.silent,
        steady_seconds: steady.seconds,
        joins: tally.joins(options.viewers, joining.server_cpu_ms(options, &steady)),
        keyframes,
        packets: tally.packets(
            cast.board.sent(),
            cast.board.received(),
            (steady.received as f64 / steady.seconds) as u64,
        ),
        check: tally.check(),
        feedback: tally.feedback(),
        forwarding_delay: tally.delays().into(),
        inside: steady.inside,
        switches: cast.switches(),
        recorded: tally.take_recorded(),
        srtp: tally.srtp(),
        server: steady.server(options, before),
        own: Own {
            overflowed: tally.overflowed(),
            not_sent,
            cpu_percent: steady.own_cpu.as_secs_f64() / steady.seconds * 100.0,
            coalesced: options.coalesce == crate::udp::Coalesce::Yes,
        },
        errors: tally.into_errors(),
    }
    .judged())
}

/// Our address on the way to the server: what our candidates say.
pub async fn local_ip(url: &Url) -> Result<IpAddr, Error> {
    let authority = || url.authority();
    let connect = |source| dial::Error::Connect { authority: authority(), source };
    let mut addresses = tokio::net::lookup_host((url.host(), url.port())).await.map_err(connect)?;
    let server = addresses.next().ok_or_else(|| connect(io::ErrorKind::NotFound.into()))?;
    Ok(local_ip_towards(server).map_err(connect)?)
}

/// All publishers send when this returns, or have sent what tells the server their codecs.
async fn publish<S: Signalling>(cast: &Cast<S>) -> Result<(Crew<Publisher>, Vec<Session>), Error> {
    let crew = Crew::start("publishers").map_err(Error::Socket)?;
    let mut sessions = Vec::new();
    for number in 0..cast.options.publishers {
        let (endpoint, session) = cast.publish(number).await?;
        sessions.push(session);
        let publisher = Publisher::new(number, endpoint, &cast.options, cast.board.clone());
        crew.order(Order::Join(Box::new(publisher)));
    }
    let deadline = Instant::now() + cast.options.patience;
    while cast.board.publishing.load(Ordering::Relaxed) < cast.options.publishers {
        if Instant::now() > deadline {
            return Err(Error::NotConnected { what: "publisher", after: cast.options.patience });
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // The first packets reach the server, and it learns what there is to watch.
    tokio::time::sleep(cast.options.lead).await;
    if cast.options.silent {
        crew.order(Order::Each(Publisher::stop));
        tokio::time::sleep(SETTLE).await;
    }
    Ok((crew, sessions))
}

fn start_crews(name: &str, count: usize) -> Result<Vec<Crew<Viewer>>, Error> {
    (0..count).map(|n| Crew::start(&format!("{name}-{n}")).map_err(Error::Socket)).collect()
}

/// Starts viewers at their pace; answers how many have a session.
async fn watch<S: Signalling>(
    cast: &Arc<Cast<S>>,
    crews: &[Crew<Viewer>],
    bar: &ProgressBar,
    tally: &mut Tally,
) -> u32 {
    let viewers = cast.options.viewers;
    bar.set_length(viewers.into());
    bar.set_message("viewers join");
    let permits = Arc::new(Semaphore::new(JOINS_AT_ONCE));
    let gap = Duration::from_secs(1) / cast.options.joins_per_second.max(1);
    let mut pace = tokio::time::interval(gap.max(Duration::from_micros(1)));
    let mut joins = tokio::task::JoinSet::new();
    for number in 0..viewers {
        // Who has joined is seated meanwhile: its ICE would wait for the next one's turn, and its join would look slower.
        loop {
            tokio::select! {
                _ = pace.tick() => break,
                Some(joined) = joins.join_next() => seat(joined, crews, bar, tally),
            }
        }
        let permit = permits.clone().acquire_owned().await.expect("the semaphore is never closed");
        let cast = cast.clone();
        joins.spawn(async move {
            let _permit = permit;
            let publisher = number % cast.options.publishers.max(1);
            let asked = Instant::now();
            let (endpoint, session) = cast.watch(publisher).await?;
            if let Some(place) = session.location.clone().filter(|_| !cast.options.switch.is_empty()) {
                tokio::spawn(wander(cast.clone(), place, number as usize));
            }
            let recording = cast.recording(number);
            let (weight, board) = (cast.options.weight, cast.board.clone());
            Ok::<_, Error>((number, Viewer::watching(publisher, endpoint, session, asked, weight, board, recording)))
        });
    }
    while let Some(joined) = joins.join_next().await {
        seat(joined, crews, bar, tally);
    }
    bar.position() as u32
}

type Joined = Result<Result<(u32, Viewer), Error>, tokio::task::JoinError>;

fn seat(joined: Joined, crews: &[Crew<Viewer>], bar: &ProgressBar, tally: &mut Tally) {
    match joined {
        Ok(Ok((number, viewer))) => {
            crews[number as usize % crews.len()].order(Order::Join(Box::new(viewer)));
            bar.inc(1);
        }
        Ok(Err(error)) => tally.add_refused(crate::with_causes(&error)),
        Err(error) => tally.add_refused(error.to_string()),
    }
}

/// Takes a viewer through the other rooms while everybody watches, beginning with another one than its neighbours.
async fn wander<S: Signalling>(cast: Arc<Cast<S>>, session: Url, number: usize) {
    let Options { switch: rooms, switch_every, .. } = &cast.options;
    let mut pace = tokio::time::interval(*switch_every);
    pace.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    for room in rooms.iter().cycle().skip(number) {
        pace.tick().await;
        while !cast.board.is_steady() {
            pace.tick().await;
        }
        cast.board.switches.fetch_add(1, Ordering::Relaxed);
        if cast.signaller.switch(&session, room).await.is_err() {
            cast.board.switches_refused.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl<S: Signalling> Cast<S> {
    async fn publish(&self, number: u32) -> Result<(Endpoint, Session), Error> {
        let socket = self.socket()?;
        let setup = Setup { now: Instant::now(), identity: &self.identity, address: socket.local() };
        let video = Some(codecs::choice(self.options.codec));
        let client = Client::publisher(setup, &Publish { audio: self.audio(), video, ..Publish::default() })?;
        let (client, session) = self.signaller.publish(&self.options.room_of(number), client).await?;
        Ok((Endpoint::new(client, socket), session))
    }

    /// A viewer of this publisher's room.
    async fn watch(&self, publisher: u32) -> Result<(Endpoint, Session), Error> {
        let socket = self.socket()?;
        let audio = self.audio().into_iter().collect();
        let guest = Guest {
            identity: self.identity.clone(),
            address: socket.local(),
            watch: Watch { audio, video: codecs::playable(), ..Watch::default() },
            srtp: match self.options.weight {
                Weight::Full => Srtp::Clients,
                Weight::Light => Srtp::Ours,
            },
        };
        let (client, session) = self.signaller.watch(&self.options.room_of(publisher), guest).await?;
        Ok((Endpoint::new(client, socket), session))
    }

    fn recording(&self, number: u32) -> Option<Recording> {
        let folder = self.options.record.as_ref()?;
        Some(Recording::new(folder.join(format!("viewer-{number}.h264"))))
    }

    fn switches(&self) -> Option<Switches> {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let Board { switches, switches_refused, .. } = &*self.board;
        let found = Switches { asked: count(switches), refused: count(switches_refused) };
        (!self.options.switch.is_empty()).then_some(found)
    }

    fn keyframes(&self, before: u64, since: Instant) -> Keyframes {
        let requests = self.board.keyframe_requests.load(Ordering::Relaxed) - before;
        let requests_per_second = requests as f64 / since.elapsed().as_secs_f64();
        Keyframes { requests, requests_per_second, answered: self.options.keyframes_on_request }
    }

    fn socket(&self) -> Result<Socket, Error> {
        Socket::bind(self.ip, self.options.coalesce).map_err(Error::Socket)
    }

    fn audio(&self) -> Option<CodecChoice> {
        self.options.audio.then(|| codecs::choice(Codec::Opus))
    }
}

async fn wait_for(count: &AtomicU32, wanted: u32, patience: Duration, bar: &ProgressBar) {
    bar.set_message("first pictures");
    let deadline = Instant::now() + patience;
    while count.load(Ordering::Relaxed) < wanted && Instant::now() < deadline {
        bar.set_position(count.load(Ordering::Relaxed).into());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// What joining cost the server.
struct Joining {
    began: Instant,
    took: Duration,
    before: Option<Usage>,
    after: Option<Usage>,
}

impl Joining {
    /// Less what the joined cost anyway (checks, reports): as much as in the steady state, for the half of them that was
    /// there on average.
    fn server_cpu_ms(&self, options: &Options, steady: &Steady) -> Option<f64> {
        let (before, after) = self.before.zip(self.after).filter(|_| options.silent && options.viewers > 0)?;
        let (start, end) = steady.server?;
        let idle_per_second = (end.cpu - start.cpu).as_secs_f64() / steady.seconds;
        let joins = (after.cpu - before.cpu).as_secs_f64() - idle_per_second * self.took.as_secs_f64() / 2.0;
        Some(joins.max(0.0) * 1e3 / f64::from(options.viewers))
    }
}

/// What happened while everybody watched.
struct Steady {
    seconds: f64,
    received: u64,
    own_cpu: Duration,
    server: Option<(Usage, Usage)>,
    inside: Option<Inside>,
}

async fn measure<S>(cast: &Cast<S>, bar: &ProgressBar) -> Result<Steady, Error> {
    let Options { duration, server_pid, .. } = cast.options;
    let delays_before = inside(&cast.options).await;
    bar.set_message("everybody watches");
    bar.set_length(duration.as_secs());
    let usage = || server_pid.map(server::usage).transpose();
    let own = || server::usage(std::process::id());
    let (start, received, server_before, own_before) = (Instant::now(), cast.board.received(), usage()?, own()?);
    cast.board.set_steady(true);
    while start.elapsed() < duration {
        bar.set_position(start.elapsed().as_secs());
        tokio::time::sleep(Duration::from_millis(200).min(duration - start.elapsed().min(duration))).await;
    }
    cast.board.set_steady(false);
    let server_after = usage()?;
    let own_after = own()?;
    let seconds = start.elapsed().as_secs_f64();
    let received = cast.board.received() - received;
    let delays = inside(&cast.options).await;
    Ok(Steady {
        seconds,
        received,
        own_cpu: own_after.cpu - own_before.cpu,
        inside: delays.zip(delays_before).map(|(now, before)| now.since(&before)),
        server: server_before.zip(server_after),
    })
}

async fn inside(options: &Options) -> Option<metrics::Buckets> {
    match options.server {
        options::Server::Whip => metrics::forward_delay(&options.url, options.token.as_deref()).await,
        options::Server::Janus => None,
    }
}

impl Steady {
    fn server(&self, options: &Options, before_viewers: Option<Usage>) -> Option<Server> {
        let (start, end) = self.server?;
        let cpu = (end.cpu - start.cpu).as_secs_f64();
        let grown = end.rss_bytes.saturating_sub(before_viewers?.rss_bytes);
        Some(Server {
            pid: options.server_pid?,
            cpu_us_per_packet: if self.received == 0 { 0.0 } else { cpu * 1e6 / self.received as f64 },
            cpu_percent: cpu / self.seconds * 100.0,
            rss_kb_per_viewer: grown as f64 / 1000.0 / f64::from(options.viewers.max(1)),
            rss_mb: end.rss_bytes as f64 / 1e6,
        })
    }
}

async fn leave(signaller: &impl Signalling, sessions: Vec<Session>, tally: &mut Tally) {
    let permits = Arc::new(Semaphore::new(LEAVES_AT_ONCE));
    let mut leaves = tokio::task::JoinSet::new();
    for session in sessions {
        let (signaller, permits) = (signaller.clone(), permits.clone());
        leaves.spawn(async move {
            let _permit = permits.acquire().await;
            signaller.leave(session).await
        });
    }
    while let Some(left) = leaves.join_next().await {
        if let Ok(Err(error)) = left {
            tally.add_error(format!("leaving: {}", crate::with_causes(&error)));
        }
    }
}

/// On a terminal only; elsewhere it stays silent.
pub fn progress_bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{msg:28} {wide_bar} {pos}/{len} {elapsed}");
    ProgressBar::new(0).with_style(style.expect("the template above is well-formed"))
}
