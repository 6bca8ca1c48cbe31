//! A node: workers with their sockets, the desk that HTTP talks to, and nothing that decides about media.
//!
//! ```text
//!   HTTP (tokio) ──ask──▶ desk (tokio) ──command──▶ worker 0 ─┐ rings and messages,
//!                              ▲                     worker 1 ─┤ every worker with every other
//!                              └────────event──────  worker n ─┘
//! ```
//!
//! This is the only crate that knows everyone. tokio is for control; a worker is a plain thread.

mod address;
mod chronicle;
mod desk;
mod endings;
mod feeds;
mod followed;
mod load;
mod metrics;
mod placement;
mod pulls;
pub mod ring;
pub mod udp;
mod upstream;
pub mod wake;
mod worker;

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use engine::Engine;
pub use engine::{Limits, gop};
use proto::WorkerId;
use tokio::sync::{mpsc, oneshot, watch};
use transport::Identity;
pub use transport::offer::VOICES_MAX;
pub use upstream::{Config as Upstream, check as check_upstream};

use chronicle::Chronicle;
use desk::{Desk, Handle, Order};
use endings::Endings;
use feeds::Feeds;
use followed::Followed;
use load::Loads;
use placement::Placement;
use pulls::Pulls;
use udp::{RecvBatch, Socket};
use upstream::Upstreams;
use wake::Poller;
use worker::{Neighbour, Snapshot, SocketStats, Worker};

/// A worker id is a byte, and 64 cores on one UDP port range are plenty.
pub const WORKERS_MAX: u8 = 64;

pub struct Config {
    /// Where HTTP listens.
    pub http: SocketAddr,
    /// Where media arrives: worker `i` uses this port plus `i`. With port 0 each worker takes a free one.
    pub media: SocketAddr,
    /// Addresses to offer instead of the machine's own, for a node behind a 1:1 NAT. Ports stay the same.
    pub advertise: Vec<IpAddr>,
    pub workers: u8,
    /// Sessions of the whole node.
    pub sessions_max: u32,
    pub limits: Limits,
    pub upstream: Upstream,
    /// What viewers see while their publisher is silent.
    pub idle_clip: Option<Arc<media::clip::Clip>>,
    /// FTL ingest, where somebody wants it.
    pub ftl: Option<ftl::listener::Settings>,
    pub signal: signal::Settings,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot listen for HTTP on {address}: {why}", why = in_use(source))]
    Http { address: SocketAddr, source: io::Error },
    #[error("cannot open UDP {address} for worker {worker}: {why}", why = in_use(source))]
    Media { address: SocketAddr, worker: u8, source: io::Error },
    #[error(transparent)]
    Ftl(#[from] ftl::Error),
    #[error("a node has 1 to {WORKERS_MAX} workers, not {0}")]
    Workers(u8),
    #[error("media port {port} plus {workers} workers goes beyond port 65535; choose a lower port")]
    Ports { port: u16, workers: u8 },
    #[error("this machine has no address to offer for media on {0}; name one with --advertise")]
    NoAddress(SocketAddr),
    #[error("the upstream cannot be used: {0}")]
    Upstream(String),
    #[error("cannot make the DTLS identity")]
    Identity(#[source] transport::Error),
    #[error("cannot start a worker thread")]
    Thread(#[source] io::Error),
}

fn in_use(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => "another program uses that port".into(),
        io::ErrorKind::AddrNotAvailable => "this machine does not have that address".into(),
        io::ErrorKind::PermissionDenied => "ports below 1024 need privileges".into(),
        _ => error.to_string(),
    }
}

pub struct Node {
    http: SocketAddr,
    media: Vec<SocketAddr>,
    ftl: Option<Ftl>,
    orders: mpsc::Sender<Order>,
    http_stop: oneshot::Sender<()>,
    http_task: tokio::task::JoinHandle<()>,
    desk_task: tokio::task::JoinHandle<()>,
    threads: Vec<JoinHandle<()>>,
}

/// FTL ingest while it runs.
struct Ftl {
    address: SocketAddr,
    media_address: SocketAddr,
    task: tokio::task::JoinHandle<()>,
}

impl Node {
    /// Binds every port first, so that a taken one is an error and not a half-started node.
    pub async fn start(config: Config) -> Result<Node, Error> {
        if config.workers == 0 || config.workers > WORKERS_MAX {
            return Err(Error::Workers(config.workers));
        }
        let http_listener = tokio::net::TcpListener::bind(config.http)
            .await
            .map_err(|source| Error::Http { address: config.http, source })?;
        let http = http_listener.local_addr().unwrap_or(config.http);
        let sockets = bind_media(config.media, config.workers)?;
        let listener = match config.ftl.clone() {
            Some(settings) => Some(ftl::Listener::bind(settings).await?),
            None => None,
        };
        let mut random = [0; 8];
        getrandom::fill(&mut random).expect("the operating system has random bytes");
        let id = proto::NodeId(u64::from_be_bytes(random));
        let upstreams = Upstreams::new(config.upstream.clone(), id, config.media.ip(), config.advertise.clone())
            .map_err(Error::Upstream)?;
        let identity = Identity::generate().map_err(Error::Identity)?;

        let (events_out, events) = mpsc::channel(worker::EVENTS_MAX);
        let mut handles = Vec::new();
        let mut threads = Vec::new();
        let mut media = Vec::new();
        for worker in wire(&config, sockets, &identity, events_out, &mut handles)? {
            media.push(worker.socket.local_addr());
            let thread = std::thread::Builder::new().name(format!("weir-worker-{}", worker.id));
            threads.push(thread.spawn(move || worker.run()).map_err(Error::Thread)?);
        }

        let (front, server) = signal::Desk::new();
        let (recorder, scribe) = signal::chronicle::new();
        let (orders, orders_in) = mpsc::channel(8);
        let feeds = Feeds::new(listener.as_ref());
        let ftl = listener.map(|listener| {
            let (address, media_address) = (listener.address(), listener.media_address());
            Ftl { address, media_address, task: tokio::spawn(listener.run(feeds.desk())) }
        });
        let desk = Desk {
            server,
            workers: handles,
            events,
            feeds,
            orders: orders_in,
            placement: Placement::new(config.workers),
            upstreams,
            open: HashMap::new(),
            tickets: 0,
            followed: Followed::default(),
            endings: Endings::default(),
            chronicle: Chronicle::new(recorder),
            rooms_at: None,
            draining: false,
            stopping: false,
            loads: Loads::default(),
            started: Instant::now(),
            drained: Vec::new(),
            sessions_max: config.sessions_max,
            version: config.signal.version.clone(),
        };
        let desk_task = tokio::spawn(desk.run());
        let (http_stop, stopped) = oneshot::channel::<()>();
        let http_task = tokio::spawn(async move {
            let stopped = async { drop(stopped.await) };
            if let Err(error) = signal::serve(http_listener, config.signal, front, scribe, stopped).await {
                tracing::error!(%error, "HTTP ended");
            }
        });
        Ok(Node { http, media, ftl, orders, http_stop, http_task, desk_task, threads })
    }

    pub fn http_addr(&self) -> SocketAddr {
        self.http
    }

    /// The UDP address of each worker.
    pub fn media_addrs(&self) -> &[SocketAddr] {
        &self.media
    }

    /// Where FTL clients connect, and where their media goes.
    pub fn ftl_addrs(&self) -> Option<(SocketAddr, SocketAddr)> {
        self.ftl.as_ref().map(|ftl| (ftl.address, ftl.media_address))
    }

    /// Takes no new sessions, and waits until the last one has ended or the deadline has come. True when everybody had left.
    pub async fn drain(&self, deadline: Duration) -> bool {
        let (done, drained) = oneshot::channel();
        if self.orders.send(Order::Drain { done }).await.is_err() {
            return true;
        }
        tokio::time::timeout(deadline, drained).await.is_ok()
    }

    /// Says goodbye to whoever is left, and ends.
    pub async fn stop(self) {
        let (done, ended) = oneshot::channel();
        if self.orders.send(Order::EndAll { done }).await.is_ok() {
            // A worker answers within a tick; one that does not must not keep the process.
            let _ = tokio::time::timeout(Duration::from_secs(2), ended).await;
        }
        if let Some(ftl) = self.ftl {
            // Its clients are told by tasks of their own: a moment for the last lines.
            tokio::time::sleep(Duration::from_millis(50)).await;
            ftl.task.abort();
        }
        let _ = self.http_stop.send(());
        let _ = tokio::time::timeout(Duration::from_secs(2), self.http_task).await;
        // With its orders gone the desk ends, with the desk the command queues, and with those the workers.
        drop(self.orders);
        let _ = self.desk_task.await;
        let _ = tokio::task::spawn_blocking(move || {
            for thread in self.threads {
                let _ = thread.join();
            }
        })
        .await;
    }
}

fn bind_media(media: SocketAddr, workers: u8) -> Result<Vec<Socket>, Error> {
    (0..workers)
        .map(|worker| {
            let port = match media.port() {
                0 => 0,
                port => port.checked_add(worker.into()).ok_or(Error::Ports { port, workers })?,
            };
            let address = SocketAddr::new(media.ip(), port);
            Socket::bind(address).map_err(|source| Error::Media { address, worker, source })
        })
        .collect()
}

/// One end of each ring, by who writes and who reads it.
type Ends<T> = HashMap<(WorkerId, WorkerId), T>;

/// A ring from each worker to every other.
fn rings(workers: u8, capacity: usize) -> (Ends<ring::Sender>, Ends<ring::Receiver>) {
    let ids = || (0..workers).map(WorkerId);
    let pairs = ids().flat_map(|a| ids().map(move |b| (a, b))).filter(|(a, b)| a != b);
    pairs
        .map(|pair| {
            let (sender, receiver) = ring::ring(capacity);
            ((pair, sender), (pair, receiver))
        })
        .unzip()
}

/// Workers with a ring and a message queue from each to every other.
fn wire(
    config: &Config,
    sockets: Vec<Socket>,
    identity: &Identity,
    events: mpsc::Sender<engine::Event>,
    handles: &mut Vec<Handle>,
) -> Result<Vec<Worker>, Error> {
    let epoch = Instant::now();
    let ids = || (0..config.workers).map(WorkerId);
    let (mut senders, mut receivers) = rings(config.workers, worker::RECORD_BYTES_MAX);
    let (mut post_senders, mut post_receivers) = rings(config.workers, worker::POST_BYTES_MAX);
    let mailboxes: Vec<_> = ids().map(|_| sync_channel(worker::MESSAGES_MAX)).collect();
    let mut pollers = Vec::new();
    for _ in ids() {
        pollers.push(Poller::new().map_err(Error::Thread)?);
    }
    let wakers: Vec<_> = pollers.iter().map(|(_, waker)| waker.clone()).collect();
    let (post, inboxes): (Vec<_>, Vec<_>) = mailboxes.into_iter().unzip();

    let mut workers = Vec::new();
    for (((id, socket), (poller, waker)), messages_in) in ids().zip(sockets).zip(pollers).zip(inboxes) {
        let neighbours = ids()
            .filter(|&other| other != id)
            .map(|other| Neighbour {
                id: other,
                records_out: senders.remove(&(id, other)).expect("made above for every pair"),
                records_in: receivers.remove(&(other, id)).expect("made above for every pair"),
                posts_out: post_senders.remove(&(id, other)).expect("made above for every pair"),
                posts_in: post_receivers.remove(&(other, id)).expect("made above for every pair"),
                messages_out: post[other.0 as usize].clone(),
                waker: wakers[other.0 as usize].clone(),
            })
            .collect();
        let local = socket.local_addr();
        let candidates = address::candidates(local, &config.advertise);
        if candidates.is_empty() {
            return Err(Error::NoAddress(local));
        }
        let engine = Engine::new(
            epoch,
            engine::Config {
                worker: id,
                workers: config.workers,
                candidates,
                epoch,
                limits: config.limits,
                idle_clip: config.idle_clip.clone(),
            },
            identity.clone(),
            Box::new(|bytes| getrandom::fill(bytes).expect("the operating system has random bytes")),
        );
        let (jobs, jobs_in) = sync_channel(worker::COMMANDS_MAX);
        let (plain, plain_in) = sync_channel(worker::PLAIN_MAX);
        let (snapshots_out, snapshots) = watch::channel(Snapshot::default());
        handles.push(Handle { id, jobs, plain, waker, snapshots });
        workers.push(Worker {
            id,
            engine,
            socket,
            pulls: Pulls::new().map_err(Error::Thread)?,
            poller,
            jobs: jobs_in,
            plain: plain_in,
            messages_in,
            neighbours,
            events: events.clone(),
            snapshots: snapshots_out,
            batch: RecvBatch::new(),
            socket_stats: SocketStats::default(),
            snapshot_at: epoch,
            held: None,
            is_torn: false,
        });
    }
    Ok(workers)
}
