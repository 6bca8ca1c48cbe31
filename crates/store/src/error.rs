//! Why a database cannot be opened, for whoever starts a node: each says what to do. What goes wrong later is a
//! [`meetings::Error`], for whoever made the request.

use std::io;
use std::path::PathBuf;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot create {path}: give this user the right to write there, or choose another folder")]
    Create {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("{path} is no SQLite database, or a damaged one: move it away to begin anew, or restore a backup of it")]
    NotADatabase { path: PathBuf },
    #[error("{path} is a database of another program: choose another folder")]
    SomebodyElses { path: PathBuf },
    #[error(
        "{path} was written by a later version of weir (schema {found}; this version knows up to {known}): run that \
         version, or restore a backup from before the upgrade"
    )]
    Newer { path: PathBuf, found: i64, known: i64 },
    #[error("cannot bring {path} to schema {version}; it was left as it was")]
    Migration {
        path: PathBuf,
        version: i64,
        #[source]
        source: sqlx::Error,
    },
    #[error("cannot use the database {path}")]
    Open {
        path: PathBuf,
        #[source]
        source: sqlx::Error,
    },
}
