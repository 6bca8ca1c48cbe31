//! What every handler shares, and the table of routes.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use axum::http::request::Parts;
use axum::routing::{MethodRouter, get, post};
use axum::{Router, middleware};
use meetings::events::Sequence;
use tokio::sync::{Semaphore, watch};

use crate::admin::{self, Removed};
use crate::auth::Guard;
use crate::chronicle::{Recorder, Scribe, Writing};
use crate::desk::Desk;
use crate::events::{self, Streams};
use crate::gate::Gate;
use crate::live::{self, Live};
use crate::meet::{self, Front};
use crate::metrics::Metrics;
use crate::people::{self, Chores, People};
use crate::problem::{Failure, Kind};
use crate::rate::Limiter;
use crate::room_list::{self, Serial};
use crate::settings::Settings;
use crate::subscribers::Subscribers;
use crate::webhooks::Webhooks;
use crate::{api, assets, headers, held, layer, links, probes, sessions, switch, upstream};

pub type App = Arc<Shared>;

#[derive(Debug)]
pub struct Shared {
    pub desk: Desk,
    pub guard: Guard,
    pub settings: Settings,
    pub metrics: Metrics,
    pub gate: Arc<Gate>,
    /// `Link` headers of the ICE servers, written once.
    pub links: Vec<axum::http::HeaderValue>,
    /// Places for those who wait for news: event streams and long polls.
    pub event_streams: Arc<Semaphore>,
    /// The event streams of viewers.
    pub streams: Arc<Streams>,
    /// What older clients call their viewers.
    pub subscribers: Subscribers,
    pub room_serial: Serial,
    pub people: People,
    /// Sessions that an administrator has ended.
    pub removed: Removed,
    /// The meetings that happen here.
    pub meet: Arc<Front>,
    /// For what happens where requests are answered.
    pub recorder: Recorder,
    /// The last event in the log.
    pub last_event: watch::Receiver<Sequence>,
    pub webhooks: Webhooks,
    /// True when the server is closing: streams that would never end, end.
    pub closing: watch::Receiver<bool>,
    limiter: Mutex<Limiter>,
    local_limiter: Mutex<Limiter>,
}

/// The other end of the connection, as the socket says.
#[derive(Debug, Clone, Copy)]
pub struct Remote(pub SocketAddr);

impl Shared {
    /// Also returns what has to go on in the background.
    pub async fn new(
        desk: Desk,
        settings: Settings,
        local: SocketAddr,
        gate: Arc<Gate>,
        scribe: Scribe,
        closing: watch::Receiver<bool>,
    ) -> (App, Chores, live::Server, Writing) {
        let (live, told) = Live::new();
        let (people, chores) = People::new(settings.people.clone(), settings.key.clone(), local, live);
        let (store, live) = (people.store().clone(), people.live().clone());
        let recorder = scribe.recorder();
        let (writing, last_event) = scribe.begin(store, settings.chronicle.clone(), live, &settings.version).await;
        let app = Arc::new(Shared {
            people,
            recorder,
            last_event,
            webhooks: Webhooks::new(&settings.webhooks),
            meet: Front::new(&settings.limits),
            guard: Guard::new(settings.auth, local, settings.key.clone()),
            links: links::ice_servers(&settings.ice_servers),
            event_streams: Arc::new(Semaphore::new(settings.limits.event_streams_max)),
            streams: Streams::new(settings.limits.event_streams_max),
            subscribers: Subscribers::default(),
            room_serial: Serial::default(),
            removed: Removed::default(),
            limiter: Mutex::new(Limiter::new(settings.limits.rate)),
            local_limiter: Mutex::new(Limiter::new(settings.limits.local_rate)),
            metrics: Metrics::default(),
            desk,
            settings,
            gate,
            closing,
        });
        (app, chores, told, writing)
    }

    /// The client's own address: behind a trusted proxy, the last one in `X-Forwarded-For` that is no trusted proxy.
    pub fn client_ip(&self, request: &Parts) -> IpAddr {
        let mut ip = remote_ip(request);
        let forwarded = request.headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
        let mut hops: Vec<&str> = forwarded.flat_map(|value| value.split(',')).map(str::trim).collect();
        while self.settings.trusted_proxies.contains(&ip) {
            match hops.pop().and_then(|hop| hop.parse::<IpAddr>().ok()) {
                Some(hop) => ip = hop.to_canonical(),
                None => break,
            }
        }
        ip
    }

    /// One of the client's requests per second is used.
    pub fn count_request(&self, request: &Parts) -> Result<(), Failure> {
        let ip = self.client_ip(request);
        let limiter = if ip.is_loopback() { &self.local_limiter } else { &self.limiter };
        let taken = limiter.lock().unwrap_or_else(PoisonError::into_inner).take(Instant::now(), ip);
        taken.map_err(|wait_s| {
            Failure::new(Kind::RateLimited, format!("too many requests from {ip}; retry in {wait_s} s"))
                .retry_after(wait_s)
        })
    }
}

pub fn remote_ip(request: &Parts) -> IpAddr {
    // The server puts it into every request; a request from nowhere gets the strictest treatment.
    let unknown = IpAddr::V6(std::net::Ipv6Addr::UNSPECIFIED);
    request.extensions.get::<Remote>().map_or(unknown, |remote| remote.0.ip().to_canonical())
}

pub fn routes(app: App) -> Router {
    let session = || {
        get(sessions::probe)
            .patch(sessions::patch)
            .delete(sessions::end)
            .options(sessions::session_options)
            .fallback(async || Failure::method_not_allowed("OPTIONS, GET, HEAD, PATCH, DELETE"))
    };
    let wish = |verbs: MethodRouter<App>| {
        verbs.options(held::options).fallback(async || Failure::method_not_allowed("OPTIONS, POST"))
    };
    let stream = get(events::read)
        .delete(events::end)
        .options(events::stream_options)
        .fallback(async || Failure::method_not_allowed("OPTIONS, GET, HEAD, DELETE"));
    let endpoint = |verbs: MethodRouter<App>| {
        verbs
            .get(sessions::endpoint_get)
            .options(sessions::endpoint_options)
            .fallback(async || Failure::method_not_allowed("OPTIONS, GET, HEAD, POST"))
    };
    Router::new()
        .route("/whip/{room}", endpoint(post(sessions::publish)))
        .route("/whep/{room}", endpoint(post(sessions::watch).head(sessions::watch_head)))
        .route("/whip/{room}/{session}", session())
        .route("/whep/{room}/{session}", session())
        .route("/whep/{room}/{session}/source", wish(post(switch::source)))
        .route("/whep/{room}/{session}/layer", wish(post(layer::choose)))
        .route("/whep/{room}/{session}/sse", wish(post(events::create)))
        .route("/whep/{room}/{session}/sse/{stream}", stream)
        .route("/switchRoom", get(switch::by_name))
        .route("/getRoomList", get(room_list::poll))
        .route("/livez", get(probes::alive))
        .route("/readyz", get(probes::ready))
        .route("/metrics", get(probes::metrics))
        .route("/api/rooms", get(api::rooms))
        .route("/api/rooms/events", get(api::room_events))
        .route(
            "/api/rooms/{room}/upstream",
            get(upstream::get)
                .put(upstream::put)
                .delete(upstream::delete)
                .fallback(async || Failure::method_not_allowed("GET, HEAD, PUT, DELETE")),
        )
        .route("/api/sessions/{session}", get(api::session))
        .route("/api/node", get(api::node))
        .route("/api/openapi.json", get(api::openapi))
        .route("/api/docs", get(api::docs))
        .route("/api/docs.css", get(api::docs_style))
        .merge(people::routes())
        .merge(admin::routes())
        .route("/meeting/socket", get(meet::open).fallback(async || Failure::method_not_allowed("GET")))
        .fallback(assets::serve)
        .method_not_allowed_fallback(async || Failure::method_not_allowed("GET, HEAD"))
        .layer(middleware::from_fn_with_state(app.clone(), headers::add))
        .with_state(app)
}
