//! Between values and columns. A row that cannot be read back is a broken database and never a panic: somebody else may have
//! written to the file.

use std::str::FromStr;

use meetings::events::{Happened, Logged, Progress, Sequence};
use meetings::{
    Account, AuditEntry, AuditId, Error, Grant, Mark, Meeting, PasswordHash, Purpose, Recorded, Settings, Token,
    TokenHash, UnixTime, Version,
};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

pub fn unavailable(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::Unavailable(Box::new(error))
}

/// A number as a column keeps it.
pub fn kept(number: u64) -> Result<i64, Error> {
    i64::try_from(number).map_err(|_| Error::OutOfRange)
}

/// The version of what replaces this one.
pub fn next(version: Version) -> Result<i64, Error> {
    kept(version.0.saturating_add(1))
}

/// A number that is compared with columns: what is beyond them is behind all of them.
pub fn clamped(number: i128) -> i64 {
    number.clamp(i64::MIN.into(), i64::MAX.into()) as i64
}

pub fn number(column: i64) -> Result<u64, Error> {
    u64::try_from(column).map_err(unavailable)
}

pub fn parsed<T: FromStr<Err: std::error::Error + Send + Sync + 'static>>(text: &str) -> Result<T, Error> {
    text.parse().map_err(unavailable)
}

pub fn grant_text(grant: Grant) -> &'static str {
    match grant {
        Grant::Person => "person",
        Grant::Admin => "admin",
    }
}

pub fn purpose_text(purpose: &Purpose) -> &'static str {
    match purpose {
        Purpose::Login(_) => "login",
        Purpose::Seat { .. } => "seat",
        Purpose::Reset(_) => "reset",
        Purpose::Confirm(_) => "confirm",
    }
}

/// One after the other: each has the same length.
pub fn marks_bytes(purpose: &Purpose) -> Vec<u8> {
    match purpose {
        Purpose::Seat { marks, .. } => marks.iter().flat_map(|mark| mark.0).collect(),
        Purpose::Login(_) | Purpose::Reset(_) | Purpose::Confirm(_) => Vec::new(),
    }
}

fn marks(bytes: &[u8]) -> Result<Vec<Mark>, Error> {
    bytes.chunks(Mark::LEN).map(|mark| mark.try_into().map(Mark).map_err(unavailable)).collect()
}

pub fn settings_text(settings: &Settings) -> Result<String, Error> {
    serde_json::to_string(settings).map_err(unavailable)
}

pub fn account(row: &SqliteRow) -> Result<Account, Error> {
    Ok(Account {
        id: parsed(text(row, "id")?)?,
        email: parsed(text(row, "email")?)?,
        confirmed: column(row, "confirmed")?,
        name: parsed(text(row, "name")?)?,
        password: PasswordHash(column(row, "password")?),
        // The schema admits no third.
        grant: if text(row, "grant_of")? == grant_text(Grant::Admin) { Grant::Admin } else { Grant::Person },
        created: time(row, "created")?,
        version: Version(number(column(row, "version")?)?),
    })
}

pub fn token(row: &SqliteRow) -> Result<Token, Error> {
    let hash: &[u8] = column(row, "hash")?;
    let purpose = match text(row, "purpose")? {
        "login" => Purpose::Login(parsed(text(row, "account")?)?),
        "reset" => Purpose::Reset(parsed(text(row, "account")?)?),
        "confirm" => Purpose::Confirm(parsed(text(row, "account")?)?),
        // The schema admits no fifth.
        _ => Purpose::Seat {
            meeting: parsed(text(row, "meeting")?)?,
            person: parsed(text(row, "person")?)?,
            name: parsed(text(row, "name")?)?,
            marks: marks(column(row, "marks")?)?,
        },
    };
    Ok(Token {
        hash: TokenHash(hash.try_into().map_err(unavailable)?),
        purpose,
        created: time(row, "created")?,
        expires: time(row, "expires")?,
    })
}

pub fn meeting(row: &SqliteRow) -> Result<Meeting, Error> {
    let ended: Option<i64> = column(row, "ended")?;
    Ok(Meeting {
        id: parsed(text(row, "id")?)?,
        host: parsed(text(row, "host")?)?,
        created: time(row, "created")?,
        ended: ended.map(number).transpose()?.map(UnixTime),
        server: column(row, "server")?,
        recording: column(row, "recording")?,
        settings: serde_json::from_str(text(row, "settings")?).map_err(unavailable)?,
        version: Version(number(column(row, "version")?)?),
    })
}

pub fn recorded(row: &SqliteRow) -> Result<Recorded, Error> {
    Ok(Recorded {
        id: AuditId(number(column(row, "id")?)?),
        entry: AuditEntry {
            at: time(row, "at")?,
            actor: column(row, "actor")?,
            action: column(row, "action")?,
            object: column(row, "object")?,
            detail: column(row, "detail")?,
        },
    })
}

pub fn logged(row: &SqliteRow) -> Result<Logged, Error> {
    Ok(Logged {
        sequence: Sequence(number(column(row, "sequence")?)?),
        happened: Happened {
            id: column(row, "id")?,
            time_ms: number(column(row, "time_ms")?)?,
            node: column(row, "node")?,
            kind: column(row, "kind")?,
            data: column(row, "data")?,
        },
    })
}

pub fn progress(row: &SqliteRow) -> Result<Progress, Error> {
    let time = |name| {
        let seconds: Option<i64> = column(row, name)?;
        Ok(seconds.map(number).transpose()?.map(UnixTime))
    };
    Ok(Progress {
        receiver: column(row, "receiver")?,
        delivered: Sequence(number(column(row, "delivered")?)?),
        delivered_at: time("delivered_at")?,
        failing_since: time("failing_since")?,
        stopped: column(row, "stopped")?,
        last_error: column(row, "last_error")?,
    })
}

fn time(row: &SqliteRow, name: &str) -> Result<UnixTime, Error> {
    Ok(UnixTime(number(column(row, name)?)?))
}

fn text<'r>(row: &'r SqliteRow, name: &str) -> Result<&'r str, Error> {
    column(row, name)
}

fn column<'r, T>(row: &'r SqliteRow, name: &str) -> Result<T, Error>
where
    T: sqlx::Decode<'r, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>,
{
    row.try_get(name).map_err(unavailable)
}
