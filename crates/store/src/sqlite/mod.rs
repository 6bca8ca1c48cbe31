//! Accounts, tokens and meetings in one file, `weir.db`.
//!
//! ```text
//!   writes ──▶ one connection, BEGIN IMMEDIATE .. COMMIT, fsync ──▶ weir.db-wal ──▶ weir.db
//!   reads  ──▶ a few connections, each with the last committed state as it was when the query began
//! ```
//!
//! SQLite has one writer at a time whatever one does. With one connection for writes, those of this process wait for each other
//! in a fair queue here and never meet in the file, where the loser would poll. Another process (a command that an operator
//! runs) may write to the file, too: for that there is the busy timeout.
//!
//! Each connection is a thread of sqlx's, so nothing here blocks a runtime.

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use meetings::events::{Happened, Logged, Progress, Sequence};
use meetings::{
    Account, AccountId, Added, AuditEntry, AuditId, Email, Error, Meeting, MeetingId, Once, Page, PersonId, Purpose,
    Recorded, Store, Token, TokenHash, UnixTime, Version,
};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteQueryResult,
    SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection, Transaction};

mod events;
mod file;
mod migrate;
mod row;

use row::{kept, unavailable};

/// Queries take microseconds, so a few connections are many; each is a thread with a page cache of up to 2 MB.
const READERS: u32 = 4;

/// How long a request waits for its turn, and then again for another process to finish its write. Longer than any checkpoint
/// takes, and shorter than people wait for a page.
const PATIENCE: Duration = Duration::from_secs(5);

/// How many rows are forgotten in one step, so that others may write in between.
const FORGOTTEN_AT_ONCE: u32 = 1_000;

#[derive(Debug, Clone)]
pub struct Sqlite {
    writer: SqlitePool,
    readers: SqlitePool,
}

impl Sqlite {
    /// Opens `weir.db` in this folder, with all that is needed for it to be there and to be of this version.
    pub async fn open(folder: &Path) -> Result<Sqlite, crate::Error> {
        let path = file::ensure(folder)?;
        let options = SqliteConnectOptions::new()
            .filename(&path)
            .create_if_missing(false)
            .busy_timeout(PATIENCE)
            .disable_statement_logging();
        // Looked at before anything is set that SQLite would write into the file.
        let mut plain = options.connect().await.map_err(|source| file::unusable(&path, source))?;
        migrate::look(&mut plain, &path, migrate::SQLITE).await?;
        plain.close().await.map_err(|source| file::unusable(&path, source))?;

        let options = options
            .foreign_keys(true)
            .journal_mode(SqliteJournalMode::Wal)
            // FULL syncs the log with every commit. NORMAL would lose the last commits when the power goes.
            .synchronous(SqliteSynchronous::Full)
            // On macOS a sync reaches the disk only this way; elsewhere it changes nothing.
            .pragma("fullfsync", "ON");

        let writer = pool(1).before_acquire(|connection, _| Box::pin(is_clean(connection)));
        let writer = writer.connect_with(options.clone()).await.map_err(|source| file::unusable(&path, source))?;
        let mut connection = writer.acquire().await.map_err(|source| file::unusable(&path, source))?;
        migrate::run(&mut connection, &path, migrate::SQLITE).await?;
        drop(connection);
        let readers = pool(READERS).connect_lazy_with(options.pragma("query_only", "ON"));
        Ok(Sqlite { writer, readers })
    }

    /// Ends what is under way and moves the log into the database. Without it nothing is lost; the next opening does it then.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    /// A transaction that writes. IMMEDIATE: a transaction that began by reading could not become one that writes if somebody
    /// else wrote in between.
    async fn begin(&self) -> Result<Transaction<'static, sqlx::Sqlite>, Error> {
        self.writer.begin_with("BEGIN IMMEDIATE").await.map_err(unavailable)
    }

    async fn forget_in_steps(&self, sql: &'static str, until: i64) -> Result<u64, Error> {
        let mut forgotten = 0;
        loop {
            let step = sqlx::query(sql).bind(until).bind(FORGOTTEN_AT_ONCE).execute(&self.writer).await;
            let step = step.map_err(unavailable)?.rows_affected();
            forgotten += step;
            if step < u64::from(FORGOTTEN_AT_ONCE) {
                return Ok(forgotten);
            }
        }
    }
}

/// The maximum lifetimes of sqlx are for servers that drop idle connections; a file does not.
fn pool(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(PATIENCE)
        .max_lifetime(None)
        .idle_timeout(None)
        .test_before_acquire(false)
}

/// When a disk is full SQLite rolls back by itself, sqlx's own rollback fails then, and the connection would refuse to begin a
/// transaction for ever. The ping comes behind the rollback of a request that was given up. False closes the connection.
async fn is_clean(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    connection.ping().await?;
    Ok(!connection.is_in_transaction())
}

/// What this request made before. In the transaction of what it is about to make.
async fn made_before<Id: std::str::FromStr>(
    connection: &mut SqliteConnection,
    once: Option<&Once>,
) -> Result<Option<Id>, Error> {
    let Some(once) = once else { return Ok(None) };
    let found: Option<(Vec<u8>, String)> = sqlx::query_as("SELECT request, made FROM once WHERE key_hash = ?")
        .bind(&once.key[..])
        .fetch_optional(connection)
        .await
        .map_err(unavailable)?;
    let Some((request, made)) = found else { return Ok(None) };
    if request != once.request {
        return Err(Error::KeyReused);
    }
    // One key for an account and for a meeting is two requests, too.
    made.parse().map(Some).map_err(|_| Error::KeyReused)
}

async fn remember(connection: &mut SqliteConnection, once: Option<&Once>, made: &str) -> Result<(), Error> {
    let Some(once) = once else { return Ok(()) };
    sqlx::query("INSERT INTO once (key_hash, request, made, until) VALUES (?, ?, ?, ?)")
        .bind(&once.key[..])
        .bind(&once.request[..])
        .bind(made)
        .bind(kept(once.until.0)?)
        .execute(connection)
        .await
        .map_err(unavailable)?;
    Ok(())
}

/// A write that says what `taken` means to it, and what a reference to nothing.
fn inserted(result: Result<SqliteQueryResult, sqlx::Error>) -> Result<SqliteQueryResult, Error> {
    result.map_err(|error| match error.as_database_error() {
        Some(database) if database.is_unique_violation() => Error::Taken,
        Some(database) if database.is_foreign_key_violation() => Error::Missing,
        _ => unavailable(error),
    })
}

/// Of a replacement that changed one row or none: the new version, or why there is none.
async fn replaced(
    mut transaction: Transaction<'static, sqlx::Sqlite>,
    rows: u64,
    version: i64,
    exists: &'static str,
    id: &str,
) -> Result<Version, Error> {
    if rows == 1 {
        transaction.commit().await.map_err(unavailable)?;
        return Ok(Version(version as u64));
    }
    let found = sqlx::query(exists).bind(id).fetch_optional(&mut *transaction).await.map_err(unavailable)?;
    Err(if found.is_some() { Error::Changed } else { Error::Missing })
}

/// One more than is asked for tells whether there are more.
fn page<T>(mut items: Vec<T>, limit: u32) -> Page<T> {
    let more = items.len() > limit as usize;
    items.truncate(limit as usize);
    Page { items, more }
}

#[async_trait]
impl Store for Sqlite {
    async fn add_account(&self, account: &Account, once: Option<&Once>) -> Result<Added<AccountId>, Error> {
        let (created, version) = (kept(account.created.0)?, kept(account.version.0)?);
        once.map(|once| kept(once.until.0)).transpose()?;
        let mut transaction = self.begin().await?;
        if let Some(id) = made_before(&mut transaction, once).await? {
            return Ok(Added::Before(id));
        }
        let insert = sqlx::query(
            "INSERT INTO accounts (id, email, confirmed, name, password, grant_of, created, version) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(account.id.as_str())
        .bind(account.email.as_str())
        .bind(account.confirmed)
        .bind(account.name.as_str())
        .bind(&account.password.0)
        .bind(row::grant_text(account.grant))
        .bind(created)
        .bind(version);
        inserted(insert.execute(&mut *transaction).await)?;
        remember(&mut transaction, once, account.id.as_str()).await?;
        transaction.commit().await.map_err(unavailable)?;
        Ok(Added::New)
    }

    async fn account(&self, id: &AccountId) -> Result<Option<Account>, Error> {
        let query = sqlx::query("SELECT * FROM accounts WHERE id = ?").bind(id.as_str());
        let found = query.fetch_optional(&self.readers).await.map_err(unavailable)?;
        found.as_ref().map(row::account).transpose()
    }

    async fn account_by_email(&self, email: &Email) -> Result<Option<Account>, Error> {
        let query = sqlx::query("SELECT * FROM accounts WHERE email = ?").bind(email.as_str());
        let found = query.fetch_optional(&self.readers).await.map_err(unavailable)?;
        found.as_ref().map(row::account).transpose()
    }

    async fn accounts(&self, after: Option<&Email>, limit: u32) -> Result<Page<Account>, Error> {
        // No address is empty.
        let rows = sqlx::query("SELECT * FROM accounts WHERE email > ? ORDER BY email LIMIT ?")
            .bind(after.map_or("", Email::as_str))
            .bind(i64::from(limit) + 1)
            .fetch_all(&self.readers)
            .await
            .map_err(unavailable)?;
        Ok(page(rows.iter().map(row::account).collect::<Result<_, _>>()?, limit))
    }

    async fn replace_account(&self, account: &Account) -> Result<Version, Error> {
        let created = kept(account.created.0)?;
        let next = row::next(account.version)?;
        let mut transaction = self.begin().await?;
        let update = sqlx::query(
            "UPDATE accounts SET email = ?, confirmed = ?, name = ?, password = ?, grant_of = ?, created = ?, version = ? \
             WHERE id = ? AND version = ?",
        )
        .bind(account.email.as_str())
        .bind(account.confirmed)
        .bind(account.name.as_str())
        .bind(&account.password.0)
        .bind(row::grant_text(account.grant))
        .bind(created)
        .bind(next)
        .bind(account.id.as_str())
        .bind(next - 1);
        let rows = inserted(update.execute(&mut *transaction).await)?.rows_affected();
        replaced(transaction, rows, next, "SELECT 1 FROM accounts WHERE id = ?", account.id.as_str()).await
    }

    async fn remove_account(&self, id: &AccountId) -> Result<bool, Error> {
        let delete = sqlx::query("DELETE FROM accounts WHERE id = ?").bind(id.as_str());
        Ok(delete.execute(&self.writer).await.map_err(unavailable)?.rows_affected() == 1)
    }

    async fn add_token(&self, token: &Token) -> Result<(), Error> {
        let (created, expires) = (kept(token.created.0)?, kept(token.expires.0)?);
        let seat = match &token.purpose {
            Purpose::Seat { meeting, person, name, .. } => Some((meeting.as_str(), person.as_str(), name.as_str())),
            Purpose::Login(_) | Purpose::Reset(_) | Purpose::Confirm(_) => None,
        };
        let marks = row::marks_bytes(&token.purpose);
        let account = token.purpose.account();
        let insert = sqlx::query(
            "INSERT INTO tokens (hash, purpose, account, meeting, person, name, marks, created, expires) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(&token.hash.0[..])
        .bind(row::purpose_text(&token.purpose))
        .bind(account.as_ref().map(AccountId::as_str))
        .bind(seat.map(|(meeting, _, _)| meeting))
        .bind(seat.map(|(_, person, _)| person))
        .bind(seat.map(|(_, _, name)| name))
        .bind(marks)
        .bind(created)
        .bind(expires);
        inserted(insert.execute(&self.writer).await)?;
        Ok(())
    }

    async fn token(&self, hash: &TokenHash) -> Result<Option<Token>, Error> {
        let query = sqlx::query("SELECT * FROM tokens WHERE hash = ?").bind(&hash.0[..]);
        let found = query.fetch_optional(&self.readers).await.map_err(unavailable)?;
        found.as_ref().map(row::token).transpose()
    }

    async fn remove_token(&self, hash: &TokenHash) -> Result<bool, Error> {
        let delete = sqlx::query("DELETE FROM tokens WHERE hash = ?").bind(&hash.0[..]);
        Ok(delete.execute(&self.writer).await.map_err(unavailable)?.rows_affected() == 1)
    }

    async fn remove_tokens_of(&self, account: &AccountId, except: Option<&TokenHash>) -> Result<u64, Error> {
        // No hash is empty.
        let except = except.map_or(&[][..], |hash| &hash.0[..]);
        let delete =
            sqlx::query("DELETE FROM tokens WHERE account = ? AND hash <> ?").bind(account.as_str()).bind(except);
        Ok(delete.execute(&self.writer).await.map_err(unavailable)?.rows_affected())
    }

    async fn seats(&self, meeting: &MeetingId, person: &PersonId) -> Result<Vec<Token>, Error> {
        let query = sqlx::query("SELECT * FROM tokens WHERE meeting = ? AND person = ? ORDER BY hash")
            .bind(meeting.as_str())
            .bind(person.as_str());
        let found = query.fetch_all(&self.readers).await.map_err(unavailable)?;
        found.iter().map(row::token).collect()
    }

    async fn remove_seats(&self, meeting: &MeetingId, person: Option<&PersonId>) -> Result<u64, Error> {
        let delete = match person {
            Some(person) => sqlx::query("DELETE FROM tokens WHERE meeting = ? AND person = ?")
                .bind(meeting.as_str())
                .bind(person.as_str()),
            None => sqlx::query("DELETE FROM tokens WHERE meeting = ?").bind(meeting.as_str()),
        };
        Ok(delete.execute(&self.writer).await.map_err(unavailable)?.rows_affected())
    }

    async fn add_meeting(&self, meeting: &Meeting, once: Option<&Once>) -> Result<Added<MeetingId>, Error> {
        let (created, version) = (kept(meeting.created.0)?, kept(meeting.version.0)?);
        let ended = meeting.ended.map(|ended| kept(ended.0)).transpose()?;
        once.map(|once| kept(once.until.0)).transpose()?;
        let settings = row::settings_text(&meeting.settings)?;
        let mut transaction = self.begin().await?;
        if let Some(id) = made_before(&mut transaction, once).await? {
            return Ok(Added::Before(id));
        }
        let insert = sqlx::query(
            "INSERT INTO meetings (id, host, created, ended, server, recording, settings, version) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(meeting.id.as_str())
        .bind(meeting.host.as_str())
        .bind(created)
        .bind(ended)
        .bind(&meeting.server)
        .bind(meeting.recording)
        .bind(settings)
        .bind(version);
        inserted(insert.execute(&mut *transaction).await)?;
        remember(&mut transaction, once, meeting.id.as_str()).await?;
        transaction.commit().await.map_err(unavailable)?;
        Ok(Added::New)
    }

    async fn meeting(&self, id: &MeetingId) -> Result<Option<Meeting>, Error> {
        let query = sqlx::query("SELECT * FROM meetings WHERE id = ?").bind(id.as_str());
        let found = query.fetch_optional(&self.readers).await.map_err(unavailable)?;
        found.as_ref().map(row::meeting).transpose()
    }

    async fn meetings_of(
        &self,
        host: &AccountId,
        after: Option<&MeetingId>,
        limit: u32,
    ) -> Result<Page<Meeting>, Error> {
        let one_more = i64::from(limit) + 1;
        let query = match after {
            None => sqlx::query("SELECT * FROM meetings WHERE host = ? ORDER BY created DESC, id LIMIT ?")
                .bind(host.as_str())
                .bind(one_more),
            Some(after) => {
                let created = sqlx::query_scalar("SELECT created FROM meetings WHERE id = ?").bind(after.as_str());
                let created: Option<i64> = created.fetch_optional(&self.readers).await.map_err(unavailable)?;
                let created = created.ok_or(Error::Missing)?;
                sqlx::query(
                    "SELECT * FROM meetings WHERE host = ? AND created <= ? AND (created < ? OR id > ?) \
                     ORDER BY created DESC, id LIMIT ?",
                )
                .bind(host.as_str())
                .bind(created)
                .bind(created)
                .bind(after.as_str())
                .bind(one_more)
            }
        };
        let rows = query.fetch_all(&self.readers).await.map_err(unavailable)?;
        Ok(page(rows.iter().map(row::meeting).collect::<Result<_, _>>()?, limit))
    }

    async fn replace_meeting(&self, meeting: &Meeting) -> Result<Version, Error> {
        let created = kept(meeting.created.0)?;
        let ended = meeting.ended.map(|ended| kept(ended.0)).transpose()?;
        let next = row::next(meeting.version)?;
        let settings = row::settings_text(&meeting.settings)?;
        let mut transaction = self.begin().await?;
        let update = sqlx::query(
            "UPDATE meetings SET host = ?, created = ?, ended = ?, server = ?, recording = ?, settings = ?, version = ? \
             WHERE id = ? AND version = ?",
        )
        .bind(meeting.host.as_str())
        .bind(created)
        .bind(ended)
        .bind(&meeting.server)
        .bind(meeting.recording)
        .bind(settings)
        .bind(next)
        .bind(meeting.id.as_str())
        .bind(next - 1);
        let rows = update.execute(&mut *transaction).await.map_err(unavailable)?.rows_affected();
        replaced(transaction, rows, next, "SELECT 1 FROM meetings WHERE id = ?", meeting.id.as_str()).await
    }

    async fn remove_meeting(&self, id: &MeetingId) -> Result<bool, Error> {
        let delete = sqlx::query("DELETE FROM meetings WHERE id = ?").bind(id.as_str());
        Ok(delete.execute(&self.writer).await.map_err(unavailable)?.rows_affected() == 1)
    }

    async fn add_recipient(&self, meeting: &MeetingId, account: &AccountId) -> Result<bool, Error> {
        let insert = sqlx::query("INSERT INTO recipients (meeting, account) VALUES (?, ?)")
            .bind(meeting.as_str())
            .bind(account.as_str());
        match inserted(insert.execute(&self.writer).await) {
            Ok(_) => Ok(true),
            Err(Error::Taken) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn recipients(&self, meeting: &MeetingId) -> Result<Vec<AccountId>, Error> {
        let query = sqlx::query_scalar("SELECT account FROM recipients WHERE meeting = ? ORDER BY account");
        let found: Vec<String> = query.bind(meeting.as_str()).fetch_all(&self.readers).await.map_err(unavailable)?;
        found.iter().map(|account| row::parsed(account)).collect()
    }

    async fn append_audit(&self, entry: &AuditEntry) -> Result<AuditId, Error> {
        let insert = sqlx::query("INSERT INTO audit (at, actor, action, object, detail) VALUES (?, ?, ?, ?, ?)")
            .bind(kept(entry.at.0)?)
            .bind(&entry.actor)
            .bind(&entry.action)
            .bind(&entry.object)
            .bind(&entry.detail);
        let inserted = insert.execute(&self.writer).await.map_err(unavailable)?;
        Ok(AuditId(row::number(inserted.last_insert_rowid())?))
    }

    async fn audit(&self, after: Option<AuditId>, limit: u32) -> Result<Page<Recorded>, Error> {
        let rows = sqlx::query("SELECT * FROM audit WHERE id > ? ORDER BY id LIMIT ?")
            .bind(row::clamped(i128::from(after.map_or(0, |after| after.0))))
            .bind(i64::from(limit) + 1)
            .fetch_all(&self.readers)
            .await
            .map_err(unavailable)?;
        Ok(page(rows.iter().map(row::recorded).collect::<Result<_, _>>()?, limit))
    }

    async fn append_events(&self, events: &[Happened]) -> Result<Sequence, Error> {
        self.append_happened(events).await
    }

    async fn events(&self, after: Sequence, limit: u32) -> Result<Page<Logged>, Error> {
        self.logged(after, limit).await
    }

    async fn last_event(&self) -> Result<Sequence, Error> {
        self.last_logged().await
    }

    async fn forget_events(&self, before_ms: u64, kept_max: u64) -> Result<u64, Error> {
        self.forget_logged(before_ms, kept_max).await
    }

    async fn progress(&self, receiver: &str) -> Result<Option<Progress>, Error> {
        self.progress_of(receiver).await
    }

    async fn set_progress(&self, progress: &Progress) -> Result<(), Error> {
        self.keep_progress(progress).await
    }

    /// In steps that each are right without the others: when it is broken off, the next one goes on.
    async fn forget(&self, now: UnixTime, ended_before: UnixTime) -> Result<u64, Error> {
        let until = row::clamped(i128::from(now.0));
        // The last second that is before it; before the first one there is none.
        let ended_until = row::clamped(i128::from(ended_before.0) - 1);
        let tokens = "DELETE FROM tokens WHERE hash IN (SELECT hash FROM tokens WHERE expires <= ? LIMIT ?)";
        let answers = "DELETE FROM once WHERE key_hash IN (SELECT key_hash FROM once WHERE until <= ? LIMIT ?)";
        let over = "DELETE FROM meetings WHERE id IN (SELECT id FROM meetings WHERE ended <= ? LIMIT ?)";
        Ok(self.forget_in_steps(tokens, until).await?
            + self.forget_in_steps(answers, until).await?
            + self.forget_in_steps(over, ended_until).await?)
    }
}
