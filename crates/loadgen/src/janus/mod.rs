//! Joining the VideoRoom of a Janus over its REST API, so that it can be measured by the same viewers as a WHEP server.
//!
//! ```text
//!   POST /janus            create  ─▶ session      one per participant, as every browser has its own
//!   POST …/SESSION         attach  ─▶ handle
//!   POST …/SESSION/HANDLE  create room, joinandconfigure + offer ─▶ ack        (publisher)
//!                          join ─▶ ack, then start + answer ─▶ ack             (viewer: Janus makes the offer)
//!   GET  …/SESSION         waits for the event that answers a request
//! ```
//!
//! Nothing is trickled. It knows as much of Janus as a measurement needs, and is no client library.

mod message;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;
use transport::Client;

use crate::Error;
use crate::signalling::{Guest, Session, Signalling};
use dial::{Request, Response, Url};
use message::{Event, Reply};

#[derive(Clone)]
pub struct Signaller {
    http: dial::Client,
    base: Url,
    transactions: Arc<AtomicU64>,
    /// Sessions that are kept alive, by their target.
    sessions: Arc<Mutex<BTreeSet<String>>>,
}

/// Where requests of one participant go.
struct Handle {
    session: Url,
    plugin: Url,
}

/// Janus forgets a session that was silent for 60 s.
const KEEPALIVE_EVERY: Duration = Duration::from_secs(20);
/// Events that nobody asked for may come before the one that was.
const POLLS_MAX: usize = 20;
/// Janus holds a poll for 30 s.
const POLL_TIMEOUT: Duration = Duration::from_secs(35);

impl Signaller {
    /// `base` is the API, as `http://HOST:8088/janus`. Called on a runtime, where sessions are kept alive from then on.
    pub fn new(base: Url) -> Signaller {
        let signaller =
            Signaller { http: dial::Client::new(), base, transactions: Arc::default(), sessions: Arc::default() };
        tokio::spawn(signaller.clone().keep_alive());
        signaller
    }

    async fn keep_alive(self) {
        loop {
            tokio::time::sleep(KEEPALIVE_EVERY).await;
            let targets: Vec<String> = self.sessions().iter().cloned().collect();
            for target in targets {
                let transaction = self.transaction();
                // One that is gone is noticed by its media.
                let _ = self.ask(&self.base.with_target(&target), &message::keepalive(&transaction)).await;
            }
        }
    }

    async fn open(&self) -> Result<Handle, Error> {
        let session = self.create(&self.base, &message::create(&self.transaction())).await?;
        self.sessions().insert(session.target().to_owned());
        let plugin = self.create(&session, &message::attach(&self.transaction())).await?;
        Ok(Handle { session, plugin })
    }

    /// What was created has a URL below the one that was asked.
    async fn create(&self, url: &Url, request: &Value) -> Result<Url, Error> {
        match self.ask(url, request).await? {
            Reply::Success { id: Some(id) } => Ok(url.child(&id.to_string())),
            other => Err(refused(url, format!("{other:?} instead of an id"))),
        }
    }

    /// A request that is answered by an event, and that event's description.
    async fn negotiate(&self, handle: &Handle, transaction: &str, request: &Value) -> Result<String, Error> {
        self.ask(&handle.plugin, request).await?;
        for _ in 0..POLLS_MAX {
            let poll = Request::new("GET", handle.session.with_target(&format!("{}?maxev=1", handle.session.path())));
            let answer = self.http.clone().with_timeout(POLL_TIMEOUT).send(poll).await?;
            if let Reply::Event(Event { transaction: about, sdp: Some(sdp) }) = read(&handle.session, &answer)?
                && about == transaction
            {
                return Ok(sdp);
            }
        }
        Err(refused(&handle.plugin, "no description came".to_owned()))
    }

    async fn ask(&self, url: &Url, request: &Value) -> Result<Reply, Error> {
        let request = Request::new("POST", url.clone()).body("application/json", request.to_string());
        read(url, &self.http.send(request).await?)
    }

    fn transaction(&self) -> String {
        self.transactions.fetch_add(1, Ordering::Relaxed).to_string()
    }

    fn sessions(&self) -> std::sync::MutexGuard<'_, BTreeSet<String>> {
        self.sessions.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl Signalling for Signaller {
    async fn publish(&self, room: &str, mut client: Client) -> Result<(Client, Session), Error> {
        let start = Instant::now();
        let handle = self.open().await?;
        self.ask(&handle.plugin, &message::create_room(&self.transaction(), room)).await?;
        let transaction = self.transaction();
        let request = message::publish(&transaction, room, client.offer());
        let answer = self.negotiate(&handle, &transaction, &request).await?;
        client.accept_answer(&answer)?;
        Ok((client, Session { answer, location: Some(handle.session), took: start.elapsed() }))
    }

    async fn watch(&self, room: &str, guest: Guest) -> Result<(Client, Session), Error> {
        let start = Instant::now();
        let handle = self.open().await?;
        let transaction = self.transaction();
        let offer = self.negotiate(&handle, &transaction, &message::subscribe(&transaction, room)).await?;
        let (client, answer) = guest.answer(&offer)?;
        self.ask(&handle.plugin, &message::start(&self.transaction(), &answer)).await?;
        Ok((client, Session { answer, location: Some(handle.session), took: start.elapsed() }))
    }

    async fn switch(&self, session: &Url, _room: &str) -> Result<(), Error> {
        Err(refused(session, "moving viewers is not written for it".to_owned()))
    }

    async fn leave(&self, session: Session) -> Result<(), Error> {
        let Some(url) = session.location else { return Ok(()) };
        self.sessions().remove(url.target());
        self.ask(&url, &message::destroy(&self.transaction())).await.map(|_| ())
    }
}

fn read(url: &Url, response: &Response) -> Result<Reply, Error> {
    Reply::read(&response.body).map_err(|text| refused(url, text))
}

fn refused(url: &Url, text: String) -> Error {
    Error::Janus { url: url.to_string(), text }
}
