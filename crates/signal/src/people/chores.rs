//! What goes on between requests: mails are written and sent, and what has expired is forgotten.

use std::sync::Arc;
use std::time::{Duration, Instant};

use meetings::throttle::{Key, Policy, Throttle};
use meetings::{Store, UnixTime};
use tokio::sync::{Notify, watch};

use super::mail::{self, Letter, Letters, Text};
use super::now;
use super::outbox::Outbox;
use super::settings::Settings;
use super::smtp::Courier;

/// A mail that could not be sent is tried again after a minute or more.
const SEND_INTERVAL: Duration = Duration::from_secs(20);

/// What has expired is refused before it is forgotten, so this only bounds what lies around.
const FORGET_INTERVAL: Duration = Duration::from_secs(600);

/// Mails to one address: three, and then one in ten minutes and fewer, so that nobody's mailbox can be filled through us.
const TO_ONE_ADDRESS: Policy = Policy {
    free: 3,
    first: Duration::from_secs(600),
    longest: Duration::from_secs(1800),
    forget: Duration::from_secs(24 * 3600),
};

pub struct Chores {
    writer: Writer,
    courier: Option<(Courier, Outbox)>,
    store: Arc<dyn Store>,
    ended_kept: Duration,
}

/// Turns letters into files.
struct Writer {
    store: Arc<dyn Store>,
    letters: Letters,
    base: String,
    confirm: bool,
    outbox: Option<Outbox>,
    recipients: Throttle,
    /// For the courier: there is something to send.
    written: Arc<Notify>,
}

impl Chores {
    pub(super) fn new(settings: &Settings, base: String, letters: Letters) -> Chores {
        let mail = settings.mail.as_ref();
        let outbox = mail.map(|mail| Outbox::new(mail.outbox.clone(), mail.from.clone()));
        let courier = mail.and_then(|mail| Some(Courier::new(mail.transport()?, mail.from.email.clone())));
        let writer = Writer {
            store: settings.store.clone(),
            letters,
            base,
            confirm: settings.confirm_email,
            outbox: outbox.clone(),
            recipients: Throttle::new(TO_ONE_ADDRESS),
            written: Arc::default(),
        };
        Chores { writer, courier: courier.zip(outbox), store: settings.store.clone(), ended_kept: settings.ended_kept }
    }

    /// Until the server closes and all letters are written. What is in the outbox then is sent after the next start.
    pub async fn run(self, mut closing: watch::Receiver<bool>) {
        let written = self.writer.written.clone();
        let others = async {
            let send = async {
                match self.courier {
                    Some((courier, outbox)) => send(courier, outbox, &written).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                _ = closing.wait_for(|closing| *closing) => {}
                () = send => {}
                () = forget(&*self.store, self.ended_kept) => {}
            }
        };
        // Side by side: a mail server that hangs keeps no letter from being written.
        tokio::join!(self.writer.run(), others);
    }
}

impl Writer {
    /// Handlers hold the other end; it is gone with the last of them.
    async fn run(mut self) {
        while let Some(letter) = self.letters.recv().await {
            self.post(letter).await;
        }
    }

    async fn post(&mut self, letter: Letter) {
        let Some(outbox) = self.outbox.clone() else { return };
        let texts = match mail::write(&*self.store, &self.base, self.confirm, letter).await {
            Ok(texts) => texts,
            Err(error) => return tracing::warn!(%error, "a mail was not written: the store did not answer"),
        };
        for text in texts {
            if !self.may_write_to(&text) {
                tracing::debug!("a mail was not written: its address got several already");
                continue;
            }
            let outbox = outbox.clone();
            let put = tokio::task::spawn_blocking(move || outbox.put(&text)).await;
            if let Ok(Err(error)) = put {
                tracing::warn!(%error, "a mail was not written");
            }
        }
        self.written.notify_one();
    }

    fn may_write_to(&mut self, text: &Text) -> bool {
        let key = Key::of(&[b"mail", text.to.as_str().as_bytes()]);
        self.recipients.take(Instant::now(), key).is_ok()
    }
}

async fn send(mut courier: Courier, outbox: Outbox, written: &Notify) {
    let mut interval = tokio::time::interval(SEND_INTERVAL);
    loop {
        tokio::select! {
            _ = interval.tick() => {}
            () = written.notified() => {}
        }
        courier.go(&outbox).await;
    }
}

async fn forget(store: &dyn Store, ended_kept: Duration) {
    let mut interval = tokio::time::interval(FORGET_INTERVAL);
    loop {
        interval.tick().await;
        let ended_before = UnixTime(now().0.saturating_sub(ended_kept.as_secs()));
        match store.forget(now(), ended_before).await {
            Ok(rows) => tracing::debug!(rows, "forgot what has expired"),
            Err(error) => tracing::warn!(%error, "what has expired is not forgotten yet"),
        }
    }
}

impl std::fmt::Debug for Chores {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Chores").field("outbox", &self.writer.outbox).finish_non_exhaustive()
    }
}
