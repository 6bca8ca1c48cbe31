//! What outlives a node, as a trait: memory for tests and for nodes that shall forget, real databases in the crate `store`.
//! All of them pass one conformance suite.
//!
//! What is acknowledged is durable: a write that has returned `Ok` is there after a power cut. Where two nodes may race the
//! loser is told so ([`Error::Changed`]) and reads again; nothing is ever lost by the later of two writes. What is refused has
//! changed nothing. Times and versions reach up to 2^63 - 1; a write that says a later one is refused ([`Error::OutOfRange`]), and
//! one that asks by a later one is answered as if it were infinite.

use async_trait::async_trait;

use crate::account::{Account, Email};
use crate::events::{Happened, Logged, Progress, Sequence};
use crate::id::{AccountId, MeetingId};
use crate::meeting::Meeting;
use crate::time::UnixTime;
use crate::token::{Token, TokenHash};

#[async_trait]
pub trait Store: Send + Sync + std::fmt::Debug {
    /// With `once`, a request that is repeated finds what the first one made, until [`Store::forget`] forgets it. It comes first: a
    /// repeated request is not [`Error::Taken`]. One that was refused is not remembered.
    async fn add_account(&self, account: &Account, once: Option<&Once>) -> Result<Added<AccountId>, Error>;
    async fn account(&self, id: &AccountId) -> Result<Option<Account>, Error>;
    async fn account_by_email(&self, email: &Email) -> Result<Option<Account>, Error>;
    /// Everybody, in the order of their addresses, from the first one behind `after` on. Nobody has to have that address any more.
    async fn accounts(&self, after: Option<&Email>, limit: u32) -> Result<Page<Account>, Error>;
    /// Writes what `account` says if the stored one still has `account.version`, which then grows by one: [`Error::Missing`] if there
    /// is none, then [`Error::Changed`], then [`Error::Taken`] if somebody else has the address.
    async fn replace_account(&self, account: &Account) -> Result<Version, Error>;
    /// The account, its tokens and its places among recipients. Its meetings stay, for those who are in them; whoever removes an
    /// account ends them first. False when there was none.
    async fn remove_account(&self, id: &AccountId) -> Result<bool, Error>;

    /// [`Error::Taken`] if the hash is there already, then [`Error::Missing`] if its account or its meeting is not there: a
    /// login that races with the end of its account does not outlive it.
    async fn add_token(&self, token: &Token) -> Result<(), Error>;
    /// Also one that has expired: who asks has the clock.
    async fn token(&self, hash: &TokenHash) -> Result<Option<Token>, Error>;
    /// True for exactly one of those who try: that makes a token good for one use.
    async fn remove_token(&self, hash: &TokenHash) -> Result<bool, Error>;
    /// All of an account's tokens but `except`. How many there were.
    async fn remove_tokens_of(&self, account: &AccountId, except: Option<&TokenHash>) -> Result<u64, Error>;
    /// The seats of one person in a meeting, by their hashes; also those that have expired.
    async fn seats(&self, meeting: &MeetingId, person: &crate::PersonId) -> Result<Vec<Token>, Error>;
    /// Seats in a meeting: of one person, or of everybody.
    async fn remove_seats(&self, meeting: &MeetingId, person: Option<&crate::PersonId>) -> Result<u64, Error>;

    /// Its host need not be there; see [`Store::remove_account`].
    async fn add_meeting(&self, meeting: &Meeting, once: Option<&Once>) -> Result<Added<MeetingId>, Error>;
    async fn meeting(&self, id: &MeetingId) -> Result<Option<Meeting>, Error>;
    /// Those of one host, the latest first and then by their ids, `limit` at a time; `after` is the last one of the page before,
    /// [`Error::Missing`] if it is gone. What is added meanwhile neither repeats nor hides a meeting on later pages.
    async fn meetings_of(
        &self,
        host: &AccountId,
        after: Option<&MeetingId>,
        limit: u32,
    ) -> Result<Page<Meeting>, Error>;
    /// As [`Store::replace_account`].
    async fn replace_meeting(&self, meeting: &Meeting) -> Result<Version, Error>;
    /// The meeting, its seats and its recipients. False when there was none.
    async fn remove_meeting(&self, id: &MeetingId) -> Result<bool, Error>;

    /// Who gets the recording. False when they are on the list already.
    async fn add_recipient(&self, meeting: &MeetingId, account: &AccountId) -> Result<bool, Error>;
    /// In the order of their ids; nobody for a meeting that is not there.
    async fn recipients(&self, meeting: &MeetingId) -> Result<Vec<AccountId>, Error>;

    async fn append_audit(&self, entry: &AuditEntry) -> Result<AuditId, Error>;
    /// From the oldest on, those behind `after`.
    async fn audit(&self, after: Option<AuditId>, limit: u32) -> Result<Page<Recorded>, Error>;

    /// All of them, in this order and with nothing in between, or none. The number of the last one; of none, the last there is.
    async fn append_events(&self, events: &[Happened]) -> Result<Sequence, Error>;
    /// From the oldest on, those behind `after`.
    async fn events(&self, after: Sequence, limit: u32) -> Result<Page<Logged>, Error>;
    /// The number of the last event there ever was; 0 before the first.
    async fn last_event(&self) -> Result<Sequence, Error>;
    /// Forgets events from before this time, in milliseconds since 1970, and the oldest ones beyond `kept_max`. How many.
    async fn forget_events(&self, before_ms: u64, kept_max: u64) -> Result<u64, Error>;
    async fn progress(&self, receiver: &str) -> Result<Option<Progress>, Error>;
    /// In place of what was kept of this receiver.
    async fn set_progress(&self, progress: &Progress) -> Result<(), Error>;

    /// Forgets tokens that have expired at `now`, answers for repeated requests that were to be remembered until then, and meetings
    /// that ended before `ended_before`. How many of them there were; the seats and recipients that go with a meeting do not count.
    async fn forget(&self, now: UnixTime, ended_before: UnixTime) -> Result<u64, Error>;
}

/// Grows by one with each write, so that a writer notices whether somebody wrote since it read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Version(pub u64);

/// A request that may come twice because its answer was lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Once {
    /// A hash of who asks and the key that they chose.
    pub key: [u8; 32],
    /// A hash of what they ask: the same key for something else is their mistake.
    pub request: [u8; 32],
    /// Until when it is remembered.
    pub until: UnixTime,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Added<Id> {
    New,
    /// The same request has made this one before, and now nothing was added.
    Before(Id),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// There are more behind the last one.
    pub more: bool,
}

/// Who did what to whom, for whoever has to find out later. No secret and no address is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    pub at: UnixTime,
    /// An account, a guest, or a part of the node.
    pub actor: String,
    /// A verb and a noun, as in `meeting.end`.
    pub action: String,
    pub object: String,
    pub detail: String,
}

/// Grows with each entry; numbers may be missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct AuditId(pub u64);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    pub id: AuditId,
    pub entry: AuditEntry,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("that id or address is taken")]
    Taken,
    #[error("there is nothing of that id")]
    Missing,
    #[error("somebody else has changed it since it was read")]
    Changed,
    #[error("this key was used for another request")]
    KeyReused,
    #[error("a time or a version is beyond 2^63 - 1")]
    OutOfRange,
    /// The database is away, full or broken: whoever asked tries again later.
    #[error("the store cannot be used now")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}
