//! What happens on this node, written down in one order: the log that webhooks, `/api/admin/events` and the admin page read.
//!
//! ```text
//!   desk of the node ─┐
//!   halls ────────────┼─ Recorder ── bounded queue ──▶ Scribe ── in batches ──▶ store ──▶ whoever reads it
//!   accounts ─────────┘                                   └── last number ──▶ they are woken
//!   other programs on the same store (weir account) ──────────────────────────▲
//! ```
//!
//! Nobody who records waits for the disk. What is in the log has a number, survives a crash, and is never changed; everybody who
//! tells of it reads it from there, so there is one order and one truth. Where an event comes from is not known here.
//!
//! | queue | when it is full |
//! |---|---|
//! | events that are to be written | the event is lost, counted, and the log says so (`events.lost`) |

mod viewers;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use meetings::Store;
use meetings::events::{Happened, Logged, Sequence};
use proto::event::What;
use tokio::sync::{mpsc, watch};

use crate::live::{Ask, Live};
use crate::people::random_id;
use viewers::Meter;

/// 8192 events are a town hall that joins at once while the disk is busy for a second; about 2 MB.
const WAITING_MAX: usize = 8192;

/// Written in one transaction, with one sync of the disk.
const BATCH_MAX: usize = 256;

/// How long the store is left alone when it could not be written.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Tries for what is left when the node stops.
const LAST_TRIES: u32 = 3;

/// How often viewers are counted together, and how often it is looked for what other programs have written.
const SECOND: Duration = Duration::from_secs(1);

const FORGET_INTERVAL: Duration = Duration::from_secs(600);

/// Read in one go of what other programs have written.
const PAGE: u32 = 256;

#[derive(Debug, Clone)]
pub struct Settings {
    /// Which node says so, in each event.
    pub node: String,
    /// Events that are kept, and for how long.
    pub kept_max: u64,
    pub kept: Duration,
    /// Viewers of whom is told one by one; the others of a second are counted.
    pub viewers_per_s: u32,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            node: "weir".to_owned(),
            kept_max: 100_000,
            kept: Duration::from_secs(30 * 24 * 3600),
            viewers_per_s: 20,
        }
    }
}

/// Where something happens somebody holds one of these.
#[derive(Debug, Clone)]
pub struct Recorder {
    queue: mpsc::Sender<Noted>,
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    /// Not said in the log yet.
    unsaid: AtomicU64,
    lost: AtomicU64,
    written: AtomicU64,
}

#[derive(Debug)]
struct Noted {
    time_ms: u64,
    what: What,
}

/// The one who writes, before it is told where.
#[derive(Debug)]
pub struct Scribe {
    recorder: Recorder,
    noted: mpsc::Receiver<Noted>,
}

pub fn new() -> (Recorder, Scribe) {
    let (queue, noted) = mpsc::channel(WAITING_MAX);
    let recorder = Recorder { queue, counts: Arc::default() };
    (recorder.clone(), Scribe { recorder, noted })
}

impl Recorder {
    /// Never waits.
    pub fn note(&self, what: What) {
        if self.queue.try_send(Noted { time_ms: now_ms(), what }).is_err() {
            self.lose(1);
        }
    }

    pub fn render(&self, out: &mut String) {
        use std::fmt::Write as _;
        let (written, lost) = (self.counts.written.load(Ordering::Relaxed), self.counts.lost.load(Ordering::Relaxed));
        let _ = write!(
            out,
            "# HELP weir_events_total Events written to the log.\n# TYPE weir_events_total counter\n\
             weir_events_total {written}\n\
             # HELP weir_events_lost_total Events that could not be written in time.\n\
             # TYPE weir_events_lost_total counter\nweir_events_lost_total {lost}\n"
        );
    }

    fn lose(&self, count: u64) {
        self.counts.lost.fetch_add(count, Ordering::Relaxed);
        if self.counts.unsaid.fetch_add(count, Ordering::Relaxed) == 0 {
            tracing::warn!("events are lost: the store is away, or slower than what happens");
        }
    }
}

impl Scribe {
    pub fn recorder(&self) -> Recorder {
        self.recorder.clone()
    }

    /// Also returns where the number of the last event is to be read. The first event says that the node has started.
    pub async fn begin(
        self,
        store: Arc<dyn Store>,
        settings: Settings,
        live: Live,
        version: &str,
    ) -> (Writing, watch::Receiver<Sequence>) {
        // A store that is away now is written to later; until then nobody has come further than the beginning.
        let seen = match store.last_event().await {
            Ok(seen) => Some(seen),
            Err(error) => {
                tracing::warn!(%error, "the log of events cannot be read yet");
                None
            }
        };
        let (last, read) = watch::channel(seen.unwrap_or_default());
        self.recorder.note(What::NodeStarted { version: version.to_owned() });
        let writing = Writing {
            meter: Meter::new(settings.viewers_per_s),
            pending: Vec::new(),
            counts: self.recorder.counts.clone(),
            noted: self.noted,
            store,
            settings,
            live,
            seen,
            last,
        };
        (writing, read)
    }
}

/// The task that writes.
pub struct Writing {
    noted: mpsc::Receiver<Noted>,
    counts: Arc<Counts>,
    store: Arc<dyn Store>,
    settings: Settings,
    live: Live,
    meter: Meter,
    /// Not written yet, in order.
    pending: Vec<Happened>,
    /// The last event that was written here, or that others wrote and was looked at. Unknown while the store was never there.
    seen: Option<Sequence>,
    last: watch::Sender<Sequence>,
}

impl Writing {
    /// Until the server closes; [`Writing::finish`] comes after.
    pub async fn run(mut self, mut closing: watch::Receiver<bool>) -> Writing {
        let mut second = tokio::time::interval(SECOND);
        let mut forget = tokio::time::interval(FORGET_INTERVAL);
        let mut batch = Vec::with_capacity(BATCH_MAX);
        loop {
            tokio::select! {
                count = self.noted.recv_many(&mut batch, BATCH_MAX) => {
                    if count == 0 {
                        return self;
                    }
                    batch.drain(..).for_each(|noted| self.take(noted));
                }
                _ = second.tick() => {
                    self.count_viewers();
                    self.look_for_others().await;
                }
                _ = forget.tick() => self.forget().await,
                () = closed(&mut closing) => return self,
            }
            while !self.pending.is_empty() && self.write().await.is_err() {
                tokio::select! {
                    () = tokio::time::sleep(RETRY_AFTER) => {}
                    () = closed(&mut closing) => return self,
                }
            }
        }
    }

    /// Writes what is left, and that the node has stopped.
    pub async fn finish(mut self) {
        while let Ok(noted) = self.noted.try_recv() {
            self.take(noted);
        }
        self.count_viewers();
        self.take(Noted { time_ms: now_ms(), what: What::NodeStopped {} });
        for _ in 0..LAST_TRIES {
            while !self.pending.is_empty() && self.write().await.is_ok() {}
            if self.pending.is_empty() {
                return;
            }
            tokio::time::sleep(RETRY_AFTER).await;
        }
        tracing::error!(events = self.pending.len(), "the node stops before these events could be written");
    }

    fn take(&mut self, noted: Noted) {
        let lost = self.counts.unsaid.swap(0, Ordering::Relaxed);
        if lost > 0 {
            self.push(noted.time_ms, &What::EventsLost { count: lost });
        }
        if let Some(what) = self.meter.admit(noted.what) {
            self.push(noted.time_ms, &what);
        }
    }

    fn count_viewers(&mut self) {
        for what in self.meter.turn() {
            self.push(now_ms(), &what);
        }
    }

    fn push(&mut self, time_ms: u64, what: &What) {
        self.pending.push(happened(&self.settings.node, time_ms, what));
    }

    /// The first batch of what is pending.
    async fn write(&mut self) -> Result<(), meetings::Error> {
        let count = self.pending.len().min(BATCH_MAX);
        let last = match self.store.append_events(&self.pending[..count]).await {
            Ok(last) => last,
            Err(error) => {
                tracing::warn!(%error, waiting = self.pending.len(), "events cannot be written; trying again");
                return Err(error);
            }
        };
        self.pending.drain(..count);
        self.counts.written.fetch_add(count as u64, Ordering::Relaxed);
        let before = Sequence(last.0.saturating_sub(count as u64));
        self.notice_others(before).await;
        self.seen = Some(last);
        self.last.send_replace(last);
        Ok(())
    }

    /// What another program has written, `weir account` for one, is told as well, and heeded.
    async fn look_for_others(&mut self) {
        match self.store.last_event().await {
            Ok(last) => {
                self.notice_others(last).await;
                self.seen = Some(last);
                self.last.send_if_modified(|known| std::mem::replace(known, last) != last);
            }
            Err(error) => tracing::debug!(%error, "the log of events cannot be read"),
        }
    }

    /// Everything up to `until` that is not seen yet was written by others.
    async fn notice_others(&self, until: Sequence) {
        let Some(mut seen) = self.seen else { return };
        while seen < until {
            let Ok(page) = self.store.events(seen, PAGE).await else { return };
            for logged in page.items.iter().filter(|logged| logged.sequence <= until) {
                self.heed(logged).await;
            }
            match page.items.last() {
                Some(last) => seen = last.sequence,
                None => return,
            }
        }
    }

    /// Whoever had logged in as somebody whose password was changed is thrown out of their meetings, too.
    async fn heed(&self, logged: &Logged) {
        if !matches!(logged.happened.kind.as_str(), "account.secured" | "account.deleted") {
            return;
        }
        let data: Option<serde_json::Value> = serde_json::from_str(&logged.happened.data).ok();
        let account = data.as_ref().and_then(|data| data["account_id"].as_str()?.parse().ok());
        if let Some(account) = account {
            self.live.tell(Ask::LoggedOut(account)).await;
        }
    }

    async fn forget(&self) {
        let before_ms = now_ms().saturating_sub(self.settings.kept.as_millis() as u64);
        match self.store.forget_events(before_ms, self.settings.kept_max).await {
            Ok(events) => tracing::debug!(events, "forgot old events"),
            Err(error) => tracing::warn!(%error, "old events are not forgotten yet"),
        }
    }
}

async fn closed(closing: &mut watch::Receiver<bool>) {
    let _ = closing.wait_for(|closing| *closing).await;
}

/// What is written of it.
pub fn happened(node: &str, time_ms: u64, what: &What) -> Happened {
    let (kind, data) = what.parts();
    Happened { id: format!("evt_{:032x}", random_id()), time_ms, node: node.to_owned(), kind, data }
}

/// As it is delivered and listed: a `proto::event::Event`. What is kept goes out as it was written, whatever this version knows
/// of it.
pub fn text(logged: &Logged) -> String {
    let Logged { sequence, happened: Happened { id, time_ms, node, kind, data } } = logged;
    let quoted = |text: &String| serde_json::Value::from(text.as_str()).to_string();
    let data = if data.is_empty() { "null" } else { data };
    format!(
        r#"{{"sequence":{},"id":{},"time_ms":{time_ms},"node":{},"kind":{},"data":{data}}}"#,
        sequence.0,
        quoted(id),
        quoted(node),
        quoted(kind)
    )
}

pub fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}

#[cfg(test)]
mod tests {
    use proto::event::Event;

    use super::*;

    async fn begin(store: &Arc<meetings::Memory>) -> (Recorder, Writing, watch::Receiver<Sequence>) {
        let (recorder, scribe) = new();
        let settings = Settings { node: "a \"node\"".to_owned(), ..Settings::default() };
        let (writing, last) = scribe.begin(store.clone(), settings, Live::nowhere(), "1").await;
        (recorder, writing, last)
    }

    async fn events(store: &meetings::Memory) -> Vec<Event> {
        let page = store.events(Sequence(0), u32::MAX).await.unwrap();
        page.items.iter().map(|logged| serde_json::from_str(&text(logged)).expect("an event")).collect()
    }

    fn room(n: usize) -> What {
        What::RoomStarted { room: format!("room «{n}»\n") }
    }

    #[tokio::test]
    async fn what_was_noted_is_written_in_order_between_start_and_stop() {
        let store = Arc::new(meetings::Memory::default());
        let (recorder, writing, last) = begin(&store).await;
        for n in 0..1_000 {
            recorder.note(room(n));
        }
        writing.finish().await;
        let events = events(&store).await;
        assert_eq!(events.len(), 1_002);
        assert_eq!(events[0].what, What::NodeStarted { version: "1".to_owned() });
        assert_eq!(events[1_001].what, What::NodeStopped {});
        assert!(events[1..1_001].iter().zip(0..).all(|(event, n)| event.what == room(n)));
        assert!(events.iter().zip(1..).all(|(event, n)| event.sequence == n && event.node == "a \"node\""));
        let ids: std::collections::BTreeSet<_> = events.iter().map(|event| &event.id).collect();
        assert_eq!(ids.len(), events.len());
        assert_eq!(*last.borrow(), Sequence(1_002));
    }

    #[tokio::test]
    async fn what_does_not_fit_is_lost_and_the_log_says_how_much() {
        let store = Arc::new(meetings::Memory::default());
        let (recorder, writing, _last) = begin(&store).await;
        for n in 0..WAITING_MAX + 9 {
            recorder.note(room(n));
        }
        writing.finish().await;
        let events = events(&store).await;
        let lost: Vec<_> = events.iter().filter(|event| matches!(event.what, What::EventsLost { .. })).collect();
        // The start of the node has a place as well.
        assert_eq!(lost.iter().map(|event| &event.what).collect::<Vec<_>>(), [&What::EventsLost { count: 10 }]);
        assert_eq!(events.len(), WAITING_MAX + 2);
        let mut metrics = String::new();
        recorder.render(&mut metrics);
        assert!(metrics.contains("weir_events_lost_total 10\n"), "{metrics}");
    }

    #[tokio::test]
    async fn who_was_secured_by_another_program_is_logged_out_here_and_nobody_else() {
        let store = Arc::new(meetings::Memory::default());
        let (recorder, scribe) = new();
        let (live, mut told) = Live::new();
        let (mut writing, last) = scribe.begin(store.clone(), Settings::default(), live, "1").await;
        let id = |n| meetings::AccountId::from_random(n);
        let secured = |n| What::AccountSecured { account_id: id(n).to_string() };
        // Our own: whoever did it here has said so.
        recorder.note(secured(1));
        while let Ok(noted) = writing.noted.try_recv() {
            writing.take(noted);
        }
        store.append_events(&[happened("command", 1, &secured(2))]).await.unwrap();
        writing.write().await.unwrap();
        store.append_events(&[happened("command", 1, &secured(3)), happened("command", 1, &room(1))]).await.unwrap();
        writing.look_for_others().await;
        writing.look_for_others().await;
        assert_eq!(*last.borrow(), Sequence(5));
        let mut out = Vec::new();
        while let Ok(Ask::LoggedOut(account)) = told.asks.try_recv() {
            out.push(account);
        }
        assert_eq!(out, [id(2), id(3)]);
    }
}
