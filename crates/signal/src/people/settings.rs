//! What an operator can set about accounts and meetings.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use lettre::message::Mailbox;
use lettre::transport::smtp::AsyncSmtpTransportBuilder;
use lettre::{AsyncSmtpTransport, Tokio1Executor};
use meetings::Store;

use crate::live::Live;
use crate::settings::Rate;

#[derive(Debug, Clone)]
pub struct Settings {
    pub store: Arc<dyn Store>,
    /// Who is told what becomes of meetings instead of this server's own; a test.
    pub live: Option<Live>,
    /// Whether strangers can make themselves an account.
    pub signup: bool,
    /// Whether an account is good for nothing before its address answered a mail.
    pub confirm_email: bool,
    /// How long a login lasts.
    pub login: Duration,
    /// How long a ticket lasts.
    pub ticket: Duration,
    /// How long an ended meeting is remembered.
    pub ended_kept: Duration,
    pub hashes_at_once: usize,
    /// Meetings that do not exist, looked up by one client address.
    pub guesses: Rate,
    /// Joins of meetings from one network, before each waits for a second and more.
    pub joins_burst: u32,
    /// `https://host[:port]`, for links. Without one a link is made of what the request says, and one in a mail of the
    /// address that this server listens on.
    /// Whoever was banned as a guest keeps out other guests of the same address as well.
    pub ban_addresses: bool,
    pub public_url: Option<String>,
    /// Without it no mail is sent.
    pub mail: Option<Mail>,
}

impl Settings {
    pub fn new(store: Arc<dyn Store>) -> Settings {
        Settings {
            store,
            live: None,
            signup: true,
            confirm_email: false,
            login: Duration::from_secs(30 * 24 * 3600),
            ticket: Duration::from_secs(24 * 3600),
            ended_kept: Duration::from_secs(30 * 24 * 3600),
            hashes_at_once: std::thread::available_parallelism().map_or(1, usize::from),
            // A team mistypes a few; a search of 2^61 ids gets nowhere.
            guesses: Rate { per_s: 1, burst: 60 },
            ban_addresses: false,
            joins_burst: 2000,
            public_url: None,
            mail: None,
        }
    }
}

/// Mails are files first, so that none is lost while the mail server is away.
#[derive(Clone)]
pub struct Mail {
    pub(super) outbox: PathBuf,
    pub(super) from: Mailbox,
    smtp: Option<(String, Duration)>,
}

#[derive(Debug, thiserror::Error)]
pub enum MailError {
    #[error("write the sender as weir@example.org, or as Weir <weir@example.org>")]
    From,
    #[error("write smtps://USER:PASSWORD@HOST[:465], smtp://USER:PASSWORD@HOST:587?tls=required, or smtp://HOST[:25]")]
    Smtp,
}

impl Mail {
    /// `smtp` is the mail server's URL, and how long it may take.
    pub fn new(outbox: PathBuf, from: &str, smtp: Option<(&str, Duration)>) -> Result<Mail, MailError> {
        let from = from.parse().map_err(|_| MailError::From)?;
        if let Some((url, _)) = smtp {
            builder(url)?;
        }
        Ok(Mail { outbox, from, smtp: smtp.map(|(url, timeout)| (url.to_owned(), timeout)) })
    }

    pub(super) fn transport(&self) -> Option<AsyncSmtpTransport<Tokio1Executor>> {
        let (url, timeout) = self.smtp.as_ref()?;
        let builder = builder(url).expect("read once in new");
        Some(builder.timeout(Some(*timeout)).build())
    }
}

fn builder(url: &str) -> Result<AsyncSmtpTransportBuilder, MailError> {
    AsyncSmtpTransport::<Tokio1Executor>::from_url(url).map_err(|_| MailError::Smtp)
}

impl std::fmt::Debug for Mail {
    /// The URL has a password in it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mail").field("outbox", &self.outbox).field("smtp", &self.smtp.is_some()).finish()
    }
}
