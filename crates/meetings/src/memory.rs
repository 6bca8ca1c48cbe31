//! A store that forgets when the process ends: for tests, and for nodes that shall keep nothing.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::account::{Account, Email};
use crate::events::{Happened, Logged, Progress, Sequence};
use crate::id::{AccountId, MeetingId, PersonId};
use crate::meeting::Meeting;
use crate::store::{Added, AuditEntry, AuditId, Error, Once, Page, Recorded, Store, Version};
use crate::time::UnixTime;
use crate::token::{Purpose, Token, TokenHash};

#[derive(Debug, Default)]
pub struct Memory(Mutex<Tables>);

#[derive(Debug, Default)]
struct Tables {
    accounts: BTreeMap<AccountId, Account>,
    by_email: BTreeMap<Email, AccountId>,
    tokens: BTreeMap<TokenHash, Token>,
    meetings: BTreeMap<MeetingId, Meeting>,
    recipients: BTreeSet<(MeetingId, AccountId)>,
    audit: Vec<AuditEntry>,
    once: BTreeMap<[u8; 32], Remembered>,
    events: VecDeque<Logged>,
    last_event: Sequence,
    progress: BTreeMap<String, Progress>,
}

#[derive(Debug)]
struct Remembered {
    once: Once,
    made: String,
}

impl Memory {
    /// Nothing in here panics between two writes that belong together, so a poisoned lock guards whole tables.
    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tables {
    /// What this request made before.
    fn made_before<Id: std::str::FromStr>(&self, once: Option<&Once>) -> Result<Option<Id>, Error> {
        let Some(remembered) = once.and_then(|once| self.once.get(&once.key)) else { return Ok(None) };
        if Some(&remembered.once.request) != once.map(|once| &once.request) {
            return Err(Error::KeyReused);
        }
        // One key for an account and for a meeting is two requests, too.
        remembered.made.parse().map(Some).map_err(|_| Error::KeyReused)
    }

    fn remember(&mut self, once: Option<&Once>, made: &str) {
        if let Some(once) = once {
            self.once.insert(once.key, Remembered { once: once.clone(), made: made.to_owned() });
        }
    }

    fn has_owners_of(&self, token: &Token) -> bool {
        let seated = match &token.purpose {
            Purpose::Seat { meeting, .. } => self.meetings.contains_key(meeting),
            Purpose::Login(_) | Purpose::Reset(_) | Purpose::Confirm(_) => true,
        };
        seated && token.purpose.account().is_none_or(|account| self.accounts.contains_key(&account))
    }

    fn drop_tokens(&mut self, gone: impl Fn(&Token) -> bool) -> u64 {
        let before = self.tokens.len();
        self.tokens.retain(|_, token| !gone(token));
        (before - self.tokens.len()) as u64
    }
}

/// What a database cannot keep is refused here as well, so that tests with this store find it.
fn check_range(numbers: &[u64]) -> Result<(), Error> {
    if numbers.iter().all(|number| *number <= UnixTime::LAST.0) { Ok(()) } else { Err(Error::OutOfRange) }
}

fn check_range_of_meeting(meeting: &Meeting) -> Result<(), Error> {
    check_range(&[meeting.created.0, meeting.ended.unwrap_or_default().0, meeting.version.0])
}

/// The version of what replaces this one.
fn next(version: Version) -> Result<Version, Error> {
    let next = version.0.saturating_add(1);
    check_range(&[next])?;
    Ok(Version(next))
}

fn check_range_of_once(once: Option<&Once>) -> Result<(), Error> {
    check_range(once.map(|once| once.until.0).as_slice())
}

fn is_seat(token: &Token, of: &MeetingId, whose: Option<&PersonId>) -> bool {
    matches!(&token.purpose, Purpose::Seat { meeting, person, .. } if meeting == of && whose.is_none_or(|whose| whose == person))
}

#[async_trait]
impl Store for Memory {
    async fn add_account(&self, account: &Account, once: Option<&Once>) -> Result<Added<AccountId>, Error> {
        check_range(&[account.created.0, account.version.0])?;
        check_range_of_once(once)?;
        let mut tables = self.tables();
        if let Some(id) = tables.made_before(once)? {
            return Ok(Added::Before(id));
        }
        if tables.by_email.contains_key(&account.email) || tables.accounts.contains_key(&account.id) {
            return Err(Error::Taken);
        }
        tables.by_email.insert(account.email.clone(), account.id.clone());
        tables.accounts.insert(account.id.clone(), account.clone());
        tables.remember(once, account.id.as_str());
        Ok(Added::New)
    }

    async fn account(&self, id: &AccountId) -> Result<Option<Account>, Error> {
        Ok(self.tables().accounts.get(id).cloned())
    }

    async fn account_by_email(&self, email: &Email) -> Result<Option<Account>, Error> {
        let tables = self.tables();
        Ok(tables.by_email.get(email).and_then(|id| tables.accounts.get(id)).cloned())
    }

    async fn accounts(&self, after: Option<&Email>, limit: u32) -> Result<Page<Account>, Error> {
        let tables = self.tables();
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let mut rest = tables.by_email.range::<Email, _>((from, Bound::Unbounded));
        let ids: Vec<&AccountId> = rest.by_ref().take(limit as usize).map(|(_, id)| id).collect();
        let items = ids.into_iter().filter_map(|id| tables.accounts.get(id)).cloned().collect();
        Ok(Page { items, more: rest.next().is_some() })
    }

    async fn replace_account(&self, account: &Account) -> Result<Version, Error> {
        check_range(&[account.created.0])?;
        let version = next(account.version)?;
        let mut tables = self.tables();
        let stored = tables.accounts.get(&account.id).ok_or(Error::Missing)?;
        let email_before = stored.email.clone();
        if stored.version != account.version {
            return Err(Error::Changed);
        }
        if tables.by_email.get(&account.email).is_some_and(|id| *id != account.id) {
            return Err(Error::Taken);
        }
        tables.by_email.remove(&email_before);
        tables.by_email.insert(account.email.clone(), account.id.clone());
        tables.accounts.insert(account.id.clone(), Account { version, ..account.clone() });
        Ok(version)
    }

    async fn remove_account(&self, id: &AccountId) -> Result<bool, Error> {
        let mut tables = self.tables();
        let Some(account) = tables.accounts.remove(id) else { return Ok(false) };
        tables.by_email.remove(&account.email);
        tables.drop_tokens(|token| token.purpose.account().as_ref() == Some(id));
        tables.recipients.retain(|(_, account)| account != id);
        Ok(true)
    }

    async fn add_token(&self, token: &Token) -> Result<(), Error> {
        check_range(&[token.created.0, token.expires.0])?;
        let mut tables = self.tables();
        if tables.tokens.contains_key(&token.hash) {
            return Err(Error::Taken);
        }
        if !tables.has_owners_of(token) {
            return Err(Error::Missing);
        }
        tables.tokens.insert(token.hash, token.clone());
        Ok(())
    }

    async fn token(&self, hash: &TokenHash) -> Result<Option<Token>, Error> {
        Ok(self.tables().tokens.get(hash).cloned())
    }

    async fn remove_token(&self, hash: &TokenHash) -> Result<bool, Error> {
        Ok(self.tables().tokens.remove(hash).is_some())
    }

    async fn remove_tokens_of(&self, account: &AccountId, except: Option<&TokenHash>) -> Result<u64, Error> {
        let theirs = |token: &Token| token.purpose.account().as_ref() == Some(account) && Some(&token.hash) != except;
        Ok(self.tables().drop_tokens(theirs))
    }

    async fn seats(&self, meeting: &MeetingId, person: &PersonId) -> Result<Vec<Token>, Error> {
        let tables = self.tables();
        let mut seats: Vec<Token> =
            tables.tokens.values().filter(|token| is_seat(token, meeting, Some(person))).cloned().collect();
        seats.sort_by_key(|seat| seat.hash);
        Ok(seats)
    }

    async fn remove_seats(&self, meeting: &MeetingId, person: Option<&PersonId>) -> Result<u64, Error> {
        Ok(self.tables().drop_tokens(|token| is_seat(token, meeting, person)))
    }

    async fn add_meeting(&self, meeting: &Meeting, once: Option<&Once>) -> Result<Added<MeetingId>, Error> {
        check_range_of_meeting(meeting)?;
        check_range_of_once(once)?;
        let mut tables = self.tables();
        if let Some(id) = tables.made_before(once)? {
            return Ok(Added::Before(id));
        }
        if tables.meetings.contains_key(&meeting.id) {
            return Err(Error::Taken);
        }
        tables.meetings.insert(meeting.id.clone(), meeting.clone());
        tables.remember(once, meeting.id.as_str());
        Ok(Added::New)
    }

    async fn meeting(&self, id: &MeetingId) -> Result<Option<Meeting>, Error> {
        Ok(self.tables().meetings.get(id).cloned())
    }

    async fn meetings_of(
        &self,
        host: &AccountId,
        after: Option<&MeetingId>,
        limit: u32,
    ) -> Result<Page<Meeting>, Error> {
        let tables = self.tables();
        let order = |meeting: &Meeting| (std::cmp::Reverse(meeting.created), meeting.id.clone());
        let after = match after {
            Some(id) => Some(order(tables.meetings.get(id).ok_or(Error::Missing)?)),
            None => None,
        };
        let mut theirs: Vec<&Meeting> = tables.meetings.values().filter(|meeting| meeting.host == *host).collect();
        theirs.sort_by_key(|meeting| order(meeting));
        let rest: Vec<&Meeting> =
            theirs.into_iter().filter(|meeting| after.as_ref().is_none_or(|after| order(meeting) > *after)).collect();
        let items: Vec<Meeting> = rest.iter().take(limit as usize).map(|&meeting| meeting.clone()).collect();
        Ok(Page { more: rest.len() > items.len(), items })
    }

    async fn replace_meeting(&self, meeting: &Meeting) -> Result<Version, Error> {
        check_range_of_meeting(meeting)?;
        let version = next(meeting.version)?;
        let mut tables = self.tables();
        let stored = tables.meetings.get_mut(&meeting.id).ok_or(Error::Missing)?;
        if stored.version != meeting.version {
            return Err(Error::Changed);
        }
        *stored = Meeting { version, ..meeting.clone() };
        Ok(version)
    }

    async fn remove_meeting(&self, id: &MeetingId) -> Result<bool, Error> {
        let mut tables = self.tables();
        if tables.meetings.remove(id).is_none() {
            return Ok(false);
        }
        tables.drop_tokens(|token| is_seat(token, id, None));
        tables.recipients.retain(|(meeting, _)| meeting != id);
        Ok(true)
    }

    async fn add_recipient(&self, meeting: &MeetingId, account: &AccountId) -> Result<bool, Error> {
        let mut tables = self.tables();
        if !tables.meetings.contains_key(meeting) || !tables.accounts.contains_key(account) {
            return Err(Error::Missing);
        }
        Ok(tables.recipients.insert((meeting.clone(), account.clone())))
    }

    async fn recipients(&self, meeting: &MeetingId) -> Result<Vec<AccountId>, Error> {
        let tables = self.tables();
        Ok(tables.recipients.iter().filter(|(of, _)| of == meeting).map(|(_, account)| account.clone()).collect())
    }

    async fn append_audit(&self, entry: &AuditEntry) -> Result<AuditId, Error> {
        check_range(&[entry.at.0])?;
        let mut tables = self.tables();
        tables.audit.push(entry.clone());
        Ok(AuditId(tables.audit.len() as u64))
    }

    async fn audit(&self, after: Option<AuditId>, limit: u32) -> Result<Page<Recorded>, Error> {
        let tables = self.tables();
        let from = after.map_or(0, |after| after.0.min(tables.audit.len() as u64) as usize);
        let rest = &tables.audit[from..];
        let numbered = rest.iter().take(limit as usize).enumerate();
        let items: Vec<Recorded> =
            numbered.map(|(n, entry)| Recorded { id: AuditId((from + n + 1) as u64), entry: entry.clone() }).collect();
        Ok(Page { more: rest.len() > items.len(), items })
    }

    async fn append_events(&self, events: &[Happened]) -> Result<Sequence, Error> {
        events.iter().try_for_each(|happened| check_range(&[happened.time_ms]))?;
        let mut tables = self.tables();
        for happened in events {
            tables.last_event = tables.last_event.next();
            let sequence = tables.last_event;
            tables.events.push_back(Logged { sequence, happened: happened.clone() });
        }
        Ok(tables.last_event)
    }

    async fn events(&self, after: Sequence, limit: u32) -> Result<Page<Logged>, Error> {
        let tables = self.tables();
        let from = tables.events.partition_point(|logged| logged.sequence <= after);
        let items: Vec<Logged> = tables.events.iter().skip(from).take(limit as usize).cloned().collect();
        Ok(Page { more: tables.events.len() - from > items.len(), items })
    }

    async fn last_event(&self) -> Result<Sequence, Error> {
        Ok(self.tables().last_event)
    }

    async fn forget_events(&self, before_ms: u64, kept_max: u64) -> Result<u64, Error> {
        let mut tables = self.tables();
        let before = tables.events.len();
        let last = tables.last_event.0;
        tables.events.retain(|logged| logged.happened.time_ms >= before_ms && last - logged.sequence.0 < kept_max);
        Ok((before - tables.events.len()) as u64)
    }

    async fn progress(&self, receiver: &str) -> Result<Option<Progress>, Error> {
        Ok(self.tables().progress.get(receiver).cloned())
    }

    async fn set_progress(&self, progress: &Progress) -> Result<(), Error> {
        let times = [progress.delivered_at, progress.failing_since].map(Option::unwrap_or_default);
        check_range(&[progress.delivered.0, times[0].0, times[1].0])?;
        self.tables().progress.insert(progress.receiver.clone(), progress.clone());
        Ok(())
    }

    async fn forget(&self, now: UnixTime, ended_before: UnixTime) -> Result<u64, Error> {
        let mut tables = self.tables();
        let tokens = tables.drop_tokens(|token| token.expires <= now);
        let answers = tables.once.len();
        tables.once.retain(|_, remembered| remembered.once.until > now);
        let answers = answers - tables.once.len();
        let over: Vec<MeetingId> = tables
            .meetings
            .values()
            .filter(|meeting| meeting.ended.is_some_and(|ended| ended < ended_before))
            .map(|meeting| meeting.id.clone())
            .collect();
        for id in &over {
            tables.meetings.remove(id);
            tables.drop_tokens(|token| is_seat(token, id, None));
            tables.recipients.retain(|(meeting, _)| meeting != id);
        }
        Ok(tokens + answers as u64 + over.len() as u64)
    }
}
