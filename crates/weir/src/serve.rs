//! `weir serve`: a node from its configuration to its end.

use std::io::{self, IsTerminal as _};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use meetings::Store;
use node::Node;
use signal::auth::{Grant, Key, Policy, Rooms, mint};
use store::Sqlite;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::config::{Config, Loaded, Mode};
use crate::greeting::{self, Greeting};
use crate::logging;
use crate::output::print;
use crate::setup::Setup;

/// For trying things out on the day the node was started.
const GREETING_TOKEN_TTL: Duration = Duration::from_secs(24 * 3600);

/// HTTP and the desk need little, and the cores belong to the workers.
const CONTROL_THREADS: usize = 2;

pub fn run(setup: &Setup) -> Result<ExitCode> {
    let loaded = setup.load()?;
    logging::start(&loaded.config);
    say_where_it_came_from(&loaded);
    let key = Key::load_or_create(&loaded.config.data.dir)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(CONTROL_THREADS)
        .thread_name("weir-control")
        .enable_all()
        .build()
        .context("starting the control threads")?;
    runtime.block_on(serve(&loaded.config, key))
}

async fn serve(config: &Config, key: Key) -> Result<ExitCode> {
    // Before the node starts: a signal that comes while it does must not kill it half way.
    let mut stop = Stop::new().context("listening for signals")?;
    let store = open_store(config).await?;
    let node = Node::start(node_config(config, key.clone(), store)?).await?;
    greet(config, &node, &key)?;

    stop.asked().await;
    let deadline = config.drain.deadline();
    tracing::info!(deadline_s = deadline.as_secs(), "draining: no new sessions; signal again to end at once");
    tokio::select! {
        left = node.drain(deadline) => tracing::info!(everybody_left = left, "drained"),
        () = stop.asked() => {
            tracing::warn!("ended at once, as asked");
            return Ok(ExitCode::FAILURE);
        }
    }
    // Farewells take a moment, and a second signal does not wait for them either.
    tokio::select! {
        () = node.stop() => Ok(ExitCode::SUCCESS),
        () = stop.asked() => Ok(ExitCode::FAILURE),
    }
}

fn node_config(config: &Config, key: Key, store: Arc<dyn Store>) -> Result<node::Config> {
    let mut signal = signal::Settings::new(key, store);
    config.accounts.apply(&mut signal.people);
    signal.meetings = config.meetings.rules();
    signal.chronicle = config.events.settings();
    signal.webhooks = config.webhooks.settings();
    signal.people.public_url = config.http.public_url();
    signal.people.mail = Some(config.mail.settings(&config.data.dir).expect("checked when it was loaded"));
    signal.auth = config.auth.mode.into();
    signal.ice_servers = config.media.ice_servers().expect("checked when it was loaded");
    signal.limits = config.limits.http();
    signal.people.joins_burst = config.limits.meeting_joins_burst;
    signal.cors = config.http.cors();
    signal.trusted_proxies = config.http.trusted_proxies.clone();
    signal.version = env!("CARGO_PKG_VERSION").to_owned();
    signal.workers = config.media.workers();
    let mut limits = node::Limits::default();
    config.limits.apply(&mut limits);
    config.stream.apply(&mut limits);
    let idle_clip = config.stream.idle_clip().map_err(|fault| anyhow!("{}: {}", fault.key, fault.problem))?;
    Ok(node::Config {
        http: config.http.listen.0,
        media: config.media.listen.0,
        advertise: config.media.advertise.clone(),
        workers: config.media.workers(),
        sessions_max: config.limits.sessions_max,
        limits,
        upstream: config.upstream.node(),
        idle_clip,
        ftl: config.ftl.settings(),
        signal,
    })
}

/// Where accounts and meetings are kept.
async fn open_store(config: &Config) -> Result<Arc<dyn Store>> {
    Ok(Arc::new(Sqlite::open(&config.data.dir).await?))
}

fn greet(config: &Config, node: &Node, key: &Key) -> Result<()> {
    let http = node.http_addr();
    let policy = Policy::from(config.auth.mode);
    let needs_token = match policy {
        Policy::Auto => !http.ip().to_canonical().is_loopback(),
        Policy::Required => true,
        Policy::Open => false,
    };
    let on_terminal = io::stdout().is_terminal();
    // A token that nobody sees is not made.
    let token = (needs_token && on_terminal).then(|| {
        let room = greeting::ROOM.parse().expect("a room name");
        let grant = Grant { rooms: Rooms::One(room), publish: true, subscribe: true, admin: false };
        mint(key, grant, None, GREETING_TOKEN_TTL)
    });
    tracing::info!(%http, media = ?node.media_addrs(), workers = config.media.workers(), "ready");
    if let Some((ftl, media)) = node.ftl_addrs() {
        tracing::info!(%ftl, %media, "FTL ingest is on: its media is not encrypted and not authenticated");
    }
    let greeting = Greeting { http, token, open: config.auth.mode == Mode::Open };
    print(&greeting.ready())?;
    if on_terminal {
        print(&greeting.help())?;
    }
    Ok(())
}

fn say_where_it_came_from(loaded: &Loaded) {
    match &loaded.file {
        Some(file) => tracing::info!(file = %file.display(), "configuration read"),
        None => tracing::debug!("no configuration file"),
    }
    for warning in &loaded.warnings {
        tracing::warn!("{warning}");
    }
}

/// SIGTERM and SIGINT, which mean the same.
struct Stop {
    terminate: Signal,
    interrupt: Signal,
}

impl Stop {
    fn new() -> io::Result<Stop> {
        Ok(Stop { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn asked(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
