//! Webhooks: other people's servers that are told what happens here.
//!
//! ```text
//!   the log of events ──▶ one task for each endpoint ── POST, signed ──▶ endpoint
//!                             │  ▲ failed: wait, longer each time (course)
//!                             └──┴─ how far it has come ──▶ store
//! ```
//!
//! At least once, and in the order of the log: an event is sent again until the endpoint has answered 2xx, and the next one waits
//! for it. Who is sent one a second time knows it by its id. An endpoint that takes nothing for too long is stopped, and goes on when
//! an administrator asks for a replay. Nothing queues here: the log is the queue, and its bounds are the log's.

mod address;
mod course;
mod deliver;
mod sign;

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use dial::Url;
use meetings::Store;
use meetings::events::{Progress, Sequence};
use proto::event::{Filter, NoKind, WebhookState, WebhookView};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

pub use sign::{NotASecret, Secret};

/// Endpoints of one node: each is a task, and writes how far it has come.
pub const ENDPOINTS_MAX: usize = 16;

/// How long an endpoint may go on taking what is due when the node stops. The rest is delivered after the next start.
const LAST_MOMENT: Duration = Duration::from_millis(1_500);

#[derive(Debug, Clone)]
pub struct Settings {
    pub endpoints: Vec<Endpoint>,
    /// Deliver to private addresses too, and without TLS. For tests and for networks of one's own.
    pub allow_private: bool,
    /// For one delivery, from looking the name up to the answer.
    pub timeout: Duration,
    /// After so long without a delivery an endpoint is stopped.
    pub give_up_after: Duration,
    /// The first of the pauses after a failure; each is twice as long as the one before.
    pub retry_first: Duration,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            endpoints: Vec::new(),
            allow_private: false,
            timeout: Duration::from_secs(10),
            give_up_after: Duration::from_secs(72 * 3600),
            retry_first: Duration::from_secs(1),
        }
    }
}

/// Where to deliver what. Written `URL SECRET [SECRET…] [KIND…]`.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint {
    url: Url,
    secrets: Vec<Secret>,
    kinds: Filter,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadEndpoint {
    #[error("it needs a URL and a secret: https://HOST/PATH whsec_… [KIND…]; `weir webhook secret` makes a secret")]
    Incomplete,
    #[error("{0:?} is not a URL of the form https://HOST[:PORT]/PATH")]
    Url(String),
    #[error("put nobody's name and password before the host; deliveries are signed instead")]
    UserInfo,
    #[error(transparent)]
    Secret(#[from] NotASecret),
    #[error(transparent)]
    Kind(#[from] NoKind),
}

impl FromStr for Endpoint {
    type Err = BadEndpoint;

    fn from_str(text: &str) -> Result<Endpoint, BadEndpoint> {
        let mut words = text.split_whitespace();
        let first = words.next().ok_or(BadEndpoint::Incomplete)?;
        let authority = first.split_once("://").map_or("", |(_, rest)| rest.split(['/', '?']).next().unwrap_or(""));
        if authority.contains('@') {
            return Err(BadEndpoint::UserInfo);
        }
        let url: Url = first.parse().map_err(|_| BadEndpoint::Url(bare(first).to_owned()))?;
        let (mut secrets, mut kinds) = (Vec::new(), Vec::new());
        for word in words {
            match word.starts_with("whsec") {
                true => secrets.push(word.parse()?),
                false => kinds.push(word),
            }
        }
        if secrets.is_empty() {
            return Err(BadEndpoint::Incomplete);
        }
        Ok(Endpoint { url, secrets, kinds: kinds.join(",").parse()? })
    }
}

impl Endpoint {
    pub fn is_https(&self) -> bool {
        self.url.is_https()
    }

    pub fn is_same_place(&self, other: &Endpoint) -> bool {
        self.url == other.url
    }

    /// Under what its progress is kept. The URL may have a secret in its query, so it is not written down.
    fn receiver(&self) -> String {
        let url = self.url.to_string();
        let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, url.as_bytes());
        let hex: String = hash.as_ref()[..16].iter().map(|byte| format!("{byte:02x}")).collect();
        format!("webhook:{hex}")
    }

    fn shown(&self) -> String {
        bare(&self.url.to_string()).to_owned()
    }
}

/// Without what some keep secrets in.
fn bare(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or_default()
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({} {})", self.shown(), self.kinds)
    }
}

/// All of them, for whoever looks at them or asks for a replay.
#[derive(Debug)]
pub struct Webhooks(Vec<Arc<Hook>>);

#[derive(Debug)]
struct Hook {
    n: usize,
    endpoint: Endpoint,
    state: Mutex<State>,
    /// There is an order.
    ordered: Notify,
}

#[derive(Debug)]
struct State {
    progress: Progress,
    /// A replay that has not begun.
    order: Option<Sequence>,
    missed: u64,
    deliveries: u64,
    failures: u64,
}

impl Webhooks {
    pub fn new(settings: &Settings) -> Webhooks {
        let hook = |(n, endpoint): (usize, &Endpoint)| {
            let progress = Progress::new(endpoint.receiver(), Sequence(0));
            let state = State { progress, order: None, missed: 0, deliveries: 0, failures: 0 };
            Arc::new(Hook { n: n + 1, endpoint: endpoint.clone(), state: Mutex::new(state), ordered: Notify::new() })
        };
        Webhooks(settings.endpoints.iter().enumerate().map(hook).collect())
    }

    pub fn view(&self, last: Sequence) -> Vec<WebhookView> {
        self.0.iter().map(|hook| hook.view(last)).collect()
    }

    /// The next event that this one gets is `from`, also if it was stopped. `None` when there is no such webhook.
    pub fn replay(&self, n: usize, from: Sequence, last: Sequence) -> Option<WebhookView> {
        let hook = self.0.get(n.checked_sub(1)?)?;
        hook.state().order = Some(from);
        hook.ordered.notify_one();
        Some(hook.view(last))
    }

    pub fn render(&self, out: &mut String, last: Sequence) {
        use fmt::Write as _;
        if self.0.is_empty() {
            return;
        }
        type Value = fn(&WebhookView) -> u64;
        let families: [(&str, &str, &str, Value); 4] = [
            ("weir_webhook_behind", "gauge", "Events that the webhook has still to take or to pass over.", |v| {
                v.behind
            }),
            ("weir_webhook_deliveries_total", "counter", "Events that the webhook has taken.", |v| v.deliveries),
            ("weir_webhook_failures_total", "counter", "Deliveries that the webhook did not take.", |v| v.failures),
            ("weir_webhook_stopped", "gauge", "1: it took nothing for too long and waits for a replay.", |v| {
                u64::from(v.state == WebhookState::Stopped)
            }),
        ];
        let views = self.view(last);
        for (name, kind, help, value) in families {
            let _ = write!(out, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
            for view in &views {
                let _ = writeln!(out, "{name}{{webhook=\"{}\"}} {}", view.n, value(view));
            }
        }
    }

    /// Starts delivering. One that is new here begins with what happens from now on.
    pub async fn begin(
        &self,
        settings: &Settings,
        store: &Arc<dyn Store>,
        last: watch::Receiver<Sequence>,
        user_agent: &str,
    ) -> Delivering {
        let (end, ending) = watch::channel(false);
        let mut tasks = JoinSet::new();
        let admitted: fn(IpAddr) -> bool = if settings.allow_private { |_| true } else { address::is_public };
        let client = dial::Client::new()
            .with_timeout(settings.timeout)
            .connecting_only_to(admitted)
            .reading_at_most(deliver::ANSWER_BYTES_MAX);
        let start = *last.borrow();
        for hook in &self.0 {
            let courier = deliver::Courier {
                hook: hook.clone(),
                store: store.clone(),
                client: client.clone(),
                settings: settings.clone(),
                user_agent: user_agent.to_owned(),
                last: last.clone(),
                ending: ending.clone(),
            };
            tasks.spawn(courier.run(start));
        }
        Delivering { end, tasks }
    }
}

/// The tasks that deliver.
pub struct Delivering {
    end: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Delivering {
    /// What is due is delivered to whoever takes it at once; the rest stays in the log.
    pub async fn finish(mut self) {
        let _ = self.end.send(true);
        let all = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(LAST_MOMENT, all).await.is_err() {
            tracing::info!("a webhook is still to be told of the last events; they are delivered after the next start");
        }
    }
}

impl Hook {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn view(&self, last: Sequence) -> WebhookView {
        let state = self.state();
        let State { progress, order, .. } = &*state;
        // What is ordered holds, also before it has begun.
        let delivered = order.map_or(progress.delivered, |from| Sequence(from.0.saturating_sub(1)));
        let how = match (order, progress.stopped, progress.failing_since) {
            (None, true, _) => WebhookState::Stopped,
            (None, false, Some(_)) => WebhookState::Failing,
            _ => WebhookState::Working,
        };
        WebhookView {
            n: self.n as u32,
            url: self.endpoint.shown(),
            kinds: self.endpoint.kinds.to_string(),
            state: how,
            delivered: delivered.0,
            behind: last.0.saturating_sub(delivered.0),
            missed: state.missed,
            deliveries: state.deliveries,
            failures: state.failures,
            last_delivered: progress.delivered_at.map(|at| at.0),
            failing_since: progress.failing_since.map(|since| since.0).filter(|_| how != WebhookState::Working),
            last_error: progress.last_error.clone(),
        }
    }
}

#[doc(hidden)]
pub(crate) fn fuzz(text: &str) {
    let _ = deliver::seconds(text);
    if let Ok(endpoint) = text.parse::<Endpoint>() {
        assert!(!endpoint.secrets.is_empty() && !endpoint.shown().contains('?'));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    #[test]
    fn an_endpoint_is_a_url_with_secrets_and_kinds_in_any_order() {
        let text = format!("https://a.example/hook?key=hunter2 {SECRET} meeting.* {SECRET} person.left");
        let endpoint: Endpoint = text.parse().unwrap();
        assert_eq!((endpoint.secrets.len(), endpoint.kinds.to_string().as_str()), (2, "meeting.*,person.left"));
        assert_eq!(endpoint.shown(), "https://a.example/hook");
        for kept in [format!("{endpoint:?}"), endpoint.receiver()] {
            assert!(!kept.contains("hunter2") && !kept.contains(&SECRET[6..]), "{kept}");
        }
        let all: Endpoint = format!("https://a.example/ {SECRET}").parse().unwrap();
        assert!(all.kinds.admits("room.started") && all.receiver() != endpoint.receiver());
        for (bad, says) in [
            ("", "it needs a URL"),
            ("https://a.example/", "it needs a URL and a secret"),
            (&*format!("a.example {SECRET}"), "\"a.example\" is not a URL"),
            (&*format!("ftp://a.example/?k=hunter2 {SECRET}"), "\"ftp://a.example/\" is not a URL"),
            (&*format!("https://ann:pw@a.example/ {SECRET}"), "put nobody's name"),
            ("https://a.example/ whsec_short", "a secret is whsec_ and"),
            (&*format!("https://a.example/ {SECRET} meting.*"), "\"meting.*\" is no kind"),
        ] {
            let error = bad.parse::<Endpoint>().unwrap_err().to_string();
            assert!(error.starts_with(says) && !error.contains("hunter2"), "{bad}: {error}");
        }
    }
}
