//! The file: made so that only its owner reads it, and told apart from what is none of ours.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::Error;

const NAME: &str = "weir.db";

/// With this every SQLite file begins.
const HEADER: &[u8; 16] = b"SQLite format 3\0";

/// SQLite's result for a file that is none of its own, and for one that it has begun to read and cannot make sense of.
const NOT_A_DATABASE: &str = "26";
const CORRUPT: &str = "11";

/// The path of the database, which is there afterwards, if empty. SQLite gives its log the permissions of the database, so it is
/// made here: SQLite would make it readable for everybody. An old one keeps the permissions that its owner gave it.
pub fn ensure(folder: &Path) -> Result<PathBuf, Error> {
    let path = folder.join(NAME);
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| Error::Create { path, source }
    };
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed(folder))?;
    match OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path) {
        // The name of a new file is in its folder, and it is lost with the power until the folder is synced.
        Ok(_) => File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed(&path))?,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            if path.is_file() && !is_empty_or_sqlite(&path).map_err(failed(&path))? {
                return Err(Error::NotADatabase { path });
            }
        }
        Err(error) => return Err(failed(&path)(error)),
    }
    Ok(path)
}

/// SQLite itself takes a file of less than 512 bytes for an empty one, whatever it holds, and writes over it.
fn is_empty_or_sqlite(path: &Path) -> io::Result<bool> {
    let mut begins = Vec::new();
    File::open(path)?.take(HEADER.len() as u64).read_to_end(&mut begins)?;
    Ok(begins.is_empty() || begins == HEADER)
}

/// Why SQLite does not open it.
pub fn unusable(path: &Path, source: sqlx::Error) -> Error {
    let path = path.to_owned();
    match source.as_database_error().and_then(|database| database.code()).as_deref() {
        Some(NOT_A_DATABASE | CORRUPT) => Error::NotADatabase { path },
        _ => Error::Open { path, source },
    }
}
