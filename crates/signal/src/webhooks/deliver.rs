//! The task of one endpoint: reads the log from where the endpoint is, and posts what is for it.

use std::sync::Arc;
use std::time::Duration;

use dial::{Client, Request, Response};
use meetings::events::{Logged, Progress, Sequence};
use meetings::{Store, UnixTime};
use tokio::sync::watch;

use super::course::{Course, Next, Outcome};
use super::{Hook, Settings, sign};
use crate::auth::unix_now;
use crate::chronicle;

/// Read of the log in one go.
const PAGE: u32 = 64;

/// Of an answer only the status counts; the rest is read so that the receiver can end in peace.
pub const ANSWER_BYTES_MAX: usize = 16 * 1024;

/// The log cannot be read: the store is away.
const STORE_RETRY: Duration = Duration::from_secs(2);

pub struct Courier {
    pub hook: Arc<Hook>,
    pub store: Arc<dyn Store>,
    pub client: Client,
    pub settings: Settings,
    pub user_agent: String,
    pub last: watch::Receiver<Sequence>,
    /// True when the node stops.
    pub ending: watch::Receiver<bool>,
}

/// Why the courier goes no further on the page that it has.
enum Turn {
    /// Everything on it is done.
    Read,
    /// Somebody has asked for a replay.
    Replay,
    Stopped,
    Ending,
}

impl Courier {
    /// `start` is where one begins that is new here.
    pub async fn run(mut self, start: Sequence) {
        let Some(mut progress) = self.known(start).await else { return };
        self.show(&progress);
        let mut course = Course::new(self.settings.retry_first, self.settings.give_up_after);
        loop {
            let order = self.hook.state().order.take();
            if let Some(from) = order {
                let delivered = Sequence(from.0.saturating_sub(1));
                progress = Progress::new(std::mem::take(&mut progress.receiver), delivered);
                course.begin_anew();
                self.keep(&progress).await;
            }
            if progress.stopped {
                if self.rest(None).await.is_none() {
                    return;
                }
                continue;
            }
            // Looked at first: what is written while the page is read makes the wait below end at once.
            self.last.borrow_and_update();
            let page = match self.store.events(progress.delivered, PAGE).await {
                Ok(page) => page,
                Err(error) => {
                    tracing::warn!(%error, webhook = self.hook.n, "the log of events cannot be read; trying again");
                    if self.rest(Some(STORE_RETRY)).await.is_none() {
                        return;
                    }
                    continue;
                }
            };
            match self.work(page.items, &mut progress, &mut course).await {
                Turn::Ending => return,
                Turn::Read if !page.more && self.await_news().await.is_none() => return,
                Turn::Read | Turn::Replay | Turn::Stopped => {}
            }
        }
    }

    /// What is kept of it, or a beginning. `None` when the node stops before the store is there.
    async fn known(&mut self, start: Sequence) -> Option<Progress> {
        let receiver = self.hook.endpoint.receiver();
        loop {
            match self.store.progress(&receiver).await {
                Ok(Some(progress)) => {
                    if progress.stopped {
                        tracing::warn!(
                            webhook = self.hook.n,
                            url = self.hook.endpoint.shown(),
                            "this webhook was stopped and waits for a replay"
                        );
                    }
                    return Some(progress);
                }
                Ok(None) => {
                    let progress = Progress::new(receiver, start);
                    self.keep(&progress).await;
                    return Some(progress);
                }
                Err(error) => {
                    tracing::warn!(%error, webhook = self.hook.n, "how far this webhook has come cannot be read yet");
                    self.rest(Some(STORE_RETRY)).await?;
                }
            }
        }
    }

    async fn work(&mut self, page: Vec<Logged>, progress: &mut Progress, course: &mut Course) -> Turn {
        let before = progress.delivered;
        let mut turn = Turn::Read;
        for logged in &page {
            if self.hook.state().order.is_some() {
                turn = Turn::Replay;
                break;
            }
            let gap = logged.sequence.0 - progress.delivered.0 - 1;
            if gap > 0 {
                self.hook.state().missed += gap;
                tracing::warn!(
                    webhook = self.hook.n,
                    events = gap,
                    "events were forgotten before this webhook took them"
                );
            }
            if !self.hook.endpoint.kinds.admits(&logged.happened.kind) {
                progress.delivered = logged.sequence;
                continue;
            }
            turn = self.deliver(logged, progress, course).await;
            if !matches!(turn, Turn::Read) {
                break;
            }
        }
        // What was passed over is written once, and not for each event.
        if progress.delivered != before {
            self.keep(progress).await;
        }
        turn
    }

    /// Until it is taken, or something else comes before that.
    async fn deliver(&mut self, logged: &Logged, progress: &mut Progress, course: &mut Course) -> Turn {
        // Events before this one were passed over; the failure is this one's.
        progress.delivered = Sequence(logged.sequence.0 - 1);
        loop {
            let outcome = self.post(logged).await;
            let was_failing = progress.failing_since.is_some();
            let next = course.after(UnixTime(unix_now()), die(), logged.sequence, outcome, progress);
            {
                let mut state = self.hook.state();
                match next {
                    Next::GoOn => state.deliveries += 1,
                    Next::Wait(_) | Next::Stop => state.failures += 1,
                }
            }
            self.keep(progress).await;
            let why = progress.last_error.clone().unwrap_or_default();
            match next {
                Next::GoOn => {
                    if was_failing {
                        tracing::info!(webhook = self.hook.n, "the webhook takes events again");
                    }
                    return if *self.ending.borrow() && self.is_late(logged) { Turn::Ending } else { Turn::Read };
                }
                Next::Stop => {
                    tracing::error!(
                        webhook = self.hook.n,
                        url = self.hook.endpoint.shown(),
                        why,
                        "the webhook is stopped; when it works again: POST /api/admin/webhooks/N/replay"
                    );
                    return Turn::Stopped;
                }
                Next::Wait(pause) => {
                    if !was_failing {
                        tracing::warn!(webhook = self.hook.n, why, "the webhook does not take events; trying again");
                    }
                    // A node that stops does not wait for who does not take what is due.
                    if self.rest(Some(pause)).await.is_none() {
                        return Turn::Ending;
                    }
                    if self.hook.state().order.is_some() {
                        return Turn::Replay;
                    }
                }
            }
        }
    }

    /// That was the last one there is.
    fn is_late(&self, logged: &Logged) -> bool {
        logged.sequence >= *self.last.borrow()
    }

    async fn post(&self, logged: &Logged) -> Outcome {
        let endpoint = &self.hook.endpoint;
        let (id, timestamp, body) = (&logged.happened.id, unix_now(), chronicle::text(logged));
        let signature = sign::sign(&endpoint.secrets, id, timestamp, &body);
        let request = Request::new("POST", endpoint.url.clone())
            .header("user-agent", &self.user_agent)
            .header("webhook-id", id)
            .header("webhook-timestamp", timestamp.to_string())
            .header("webhook-signature", signature)
            .body("application/json", body);
        match self.client.send(request).await {
            Ok(answer) => judge(&answer),
            Err(error) => Outcome::Failed(told(&error), None),
        }
    }

    /// Until there is more in the log, or an order. `None` when the node stops and everything is told.
    async fn await_news(&mut self) -> Option<()> {
        if *self.ending.borrow() {
            return None;
        }
        tokio::select! {
            changed = self.last.changed() => changed.ok(),
            () = self.hook.ordered.notified() => Some(()),
            // What came last is still looked for.
            _ = self.ending.changed() => Some(()),
        }
    }

    /// For so long, or until there is an order. `None` when the node stops.
    async fn rest(&mut self, pause: Option<Duration>) -> Option<()> {
        if *self.ending.borrow() {
            return None;
        }
        tokio::select! {
            () = async { tokio::time::sleep(pause.expect("polled only if there is one")).await }, if pause.is_some() => Some(()),
            () = self.hook.ordered.notified() => Some(()),
            _ = self.ending.changed() => None,
        }
    }

    /// What cannot be written is delivered again after a crash, and is known by its id.
    async fn keep(&self, progress: &Progress) {
        self.show(progress);
        if let Err(error) = self.store.set_progress(progress).await {
            tracing::warn!(%error, webhook = self.hook.n, "how far this webhook has come is not written");
        }
    }

    fn show(&self, progress: &Progress) {
        self.hook.state().progress = progress.clone();
    }
}

fn judge(answer: &Response) -> Outcome {
    let status = answer.status.as_u16();
    match status {
        200..=299 => Outcome::Taken,
        410 => Outcome::Gone,
        300..=399 => Outcome::Failed(
            format!("it answered {status}, and redirects are not followed: write the final address"),
            None,
        ),
        _ => Outcome::Failed(format!("it answered {status}"), answer.header("retry-after").and_then(seconds)),
    }
}

/// Of the two forms of Retry-After the one without a clock of theirs.
pub fn seconds(text: &str) -> Option<Duration> {
    let text = text.trim();
    let digits = (1..=9).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().map(Duration::from_secs).ok()).flatten()
}

/// What went wrong, and why underneath: "connecting to a.example: connection refused".
fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text += &format!(": {cause}");
        source = cause.source();
    }
    text
}

fn die() -> f64 {
    f64::from(u32::from_ne_bytes(crate::people::random())) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_that_an_endpoint_asks_for_is_a_number_of_seconds() {
        assert_eq!(seconds(" 120 "), Some(Duration::from_secs(120)));
        for other in ["", "-1", "1.5", "Fri, 31 Dec 1999 23:59:59 GMT", "9999999999999", "１"] {
            assert_eq!(seconds(other), None, "{other}");
        }
    }
}
