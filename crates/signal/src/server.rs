//! The listener: accepts connections, gives each its timeouts, and ends them in order.

use std::convert::Infallible;
use std::future::Future;
use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, HttpBody as _};
use axum::http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tower::ServiceExt as _;

use crate::app::{self, App, Remote, Shared};
use crate::auth::Policy;
use crate::chronicle::Scribe;
use crate::desk::Desk;
use crate::gate::{Gate, Pass};
use crate::linger::Lingering;
use crate::settings::Settings;
use crate::webhooks::Delivering;
use crate::{Error, aliases};

/// Requests in progress get this long when the server closes: longer than a node takes to answer.
const CLOSING_TIMEOUT: Duration = Duration::from_secs(6);

/// Accepting fails when the process has no descriptors left; trying again at once would only burn the core.
const ACCEPT_RETRY: Duration = Duration::from_millis(50);

/// Largest head of a request. A token, a tag and a browser's own headers fit several times.
const HEAD_BYTES_MAX: usize = 16 * 1024;
const HEADERS_MAX: usize = 64;

/// For a connection that is turned away at the door, before there is a request to answer.
const TURNED_AWAY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 2\r\nConnection: close\r\n\
    Content-Type: application/problem+json\r\nContent-Length: 150\r\n\r\n\
    {\"type\":\"urn:weir:problem:node-busy\",\"title\":\"The node is busy\",\"status\":503,\"detail\":\"every connection of this server is in use; retry in 2 seconds\"}";

/// Serves until `shutdown` resolves; then finishes the requests in progress and returns. `scribe` writes down what was noted
/// until then, here and elsewhere.
pub async fn serve(
    listener: TcpListener,
    settings: Settings,
    desk: Desk,
    scribe: Scribe,
    shutdown: impl Future<Output = ()>,
) -> Result<(), Error> {
    let local = listener.local_addr().map_err(Error::Listener)?;
    say_who_may_come_in(settings.auth, local);
    let gate = Gate::new(settings.limits.connections_max);
    let head_timeout = settings.limits.head_timeout;
    let (close, closing) = watch::channel(false);
    let (app, chores, told, writing) = Shared::new(desk, settings, local, gate.clone(), scribe, closing.clone()).await;
    let delivering = deliver(&app).await;
    let (close_log, log_closing) = watch::channel(false);
    let writing = tokio::spawn(writing.run(log_closing));
    let meetings = tokio::spawn(app.meet.clone().run(told, closing.clone()));
    let router = app::routes(app);
    let chores = tokio::spawn(chores.run(closing.clone()));

    let mut connections = JoinSet::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            accepted = listener.accept() => accepted,
            Some(ended) = connections.join_next() => {
                note_panic(ended);
                continue;
            }
        };
        let (stream, remote) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_RETRY).await;
                continue;
            }
        };
        let Some(pass) = gate.enter() else {
            turn_away(stream);
            continue;
        };
        let _ = stream.set_nodelay(true);
        connections.spawn(connection(stream, remote, pass, router.clone(), head_timeout, closing.clone()));
    }
    drop(listener);
    let _ = close.send(true);
    let all_ended = async {
        while let Some(ended) = connections.join_next().await {
            note_panic(ended);
        }
    };
    if tokio::time::timeout(CLOSING_TIMEOUT, all_ended).await.is_err() {
        tracing::warn!(open = gate.open(), "closing HTTP connections that did not end");
    }
    let _ = meetings.await;
    // Now nothing more happens: what did is written, and told to whoever takes it at once.
    let _ = close_log.send(true);
    if let Ok(writing) = writing.await {
        writing.finish().await;
    }
    delivering.finish().await;
    // With these goes whoever could promise another mail.
    drop((connections, router));
    // Mails that were promised are written before the process ends.
    if tokio::time::timeout(CLOSING_TIMEOUT, chores).await.is_err() {
        tracing::warn!("ending before all mails were written");
    }
    Ok(())
}

/// Starts the webhooks where the log is now, before anything is written to it: the first that one is told is that the node has
/// started.
async fn deliver(app: &App) -> Delivering {
    let user_agent = format!("Weir/{}", app.settings.version);
    app.webhooks.begin(&app.settings.webhooks, app.people.store(), app.last_event.clone(), &user_agent).await
}

async fn connection(
    stream: TcpStream,
    remote: SocketAddr,
    pass: Pass,
    router: Router,
    head_timeout: Duration,
    mut closing: watch::Receiver<bool>,
) {
    let pass = Arc::new(pass);
    let service = service_fn(|request: Request<Incoming>| {
        pass.work();
        let pass = pass.clone();
        let router = router.clone();
        async move { Ok::<_, Infallible>(answer(router, request, remote, &pass).await) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head_timeout)
        .max_headers(HEADERS_MAX)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(Lingering::new(stream)), service)
        .with_upgrades();
    let mut served = std::pin::pin!(served);
    let ended = tokio::select! {
        ended = served.as_mut() => ended,
        () = pass.evicted() => return,
        () = closed(&mut closing) => {
            served.as_mut().graceful_shutdown();
            served.await
        }
    };
    if let Err(error) = ended {
        // A client's doing (garbage, a timeout, a reset): of interest only to who looks for it.
        tracing::debug!(%remote, %error, "connection ended");
    }
}

async fn closed(closing: &mut watch::Receiver<bool>) {
    let _ = closing.wait_for(|closing| *closing).await;
}

async fn answer(router: Router, request: Request<Incoming>, remote: SocketAddr, pass: &Pass) -> Response<Body> {
    let mut request = request.map(Body::new);
    aliases::translate(&mut request);
    request.extensions_mut().insert(Remote(remote));
    let Ok(response) = router.oneshot(request).await;
    // A stream of events has no known length: its connection stays in use.
    if response.body().size_hint().exact().is_some() {
        pass.wait();
    }
    response
}

/// Fits the empty send buffer of a new socket, so it needs no task of its own.
fn turn_away(stream: TcpStream) {
    let Ok(mut stream) = stream.into_std() else { return };
    if stream.write_all(TURNED_AWAY).is_ok() {
        let _ = stream.shutdown(std::net::Shutdown::Write);
    }
}

fn note_panic(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!("a request failed in a way that is a bug; its connection was closed, all others go on");
    }
}

fn say_who_may_come_in(policy: Policy, local: SocketAddr) {
    let loopback = local.ip().to_canonical().is_loopback();
    match policy {
        Policy::Auto if loopback => {
            tracing::warn!("sessions need no token, because this server is reachable from this machine only");
        }
        Policy::Open => tracing::warn!("auth is \"open\": everybody who reaches this server may publish and watch"),
        Policy::Auto | Policy::Required => {}
    }
}
