//! The signing key: 256 random bits, made on first start and kept in the data directory.
//!
//! The file's text itself is the HMAC secret, so that any JWT library mints tokens for a node with one line.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::Error;

const FILE_NAME: &str = "token.key";

/// 256 bits in base64url are 43 characters; whoever brings a key may bring 32 characters or more.
const SECRET_LEN_MIN: usize = 32;
const SECRET_LEN_MAX: usize = 1024;

#[derive(Clone)]
pub struct Key {
    secret: String,
}

impl Key {
    /// The key of a data directory: read when it is there, made when it is not.
    pub fn load_or_create(dir: &Path) -> Result<Key, Error> {
        let path = dir.join(FILE_NAME);
        match fs::read_to_string(&path) {
            Ok(text) => Key::read(&path, &text),
            Err(source) if source.kind() == io::ErrorKind::NotFound => Key::create(dir, &path),
            Err(source) => Err(Error::KeyFile { path, source }),
        }
    }

    /// A key that lasts as long as the process.
    pub fn generate() -> Key {
        let mut bytes = [0; 32];
        aws_lc_rs::rand::fill(&mut bytes).expect("the system has randomness");
        Key { secret: URL_SAFE_NO_PAD.encode(bytes) }
    }

    pub(crate) fn secret(&self) -> &[u8] {
        self.secret.as_bytes()
    }

    fn read(path: &Path, text: &str) -> Result<Key, Error> {
        let secret = text.trim();
        let fits = (SECRET_LEN_MIN..=SECRET_LEN_MAX).contains(&secret.len());
        if !fits || !secret.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(Error::Key { path: path.to_owned(), min: SECRET_LEN_MIN });
        }
        warn_if_readable_by_others(path);
        Ok(Key { secret: secret.to_owned() })
    }

    /// Written beside and then linked: two nodes starting in one directory end with one complete key.
    fn create(dir: &Path, path: &PathBuf) -> Result<Key, Error> {
        let failed = |source| Error::KeyFile { path: path.clone(), source };
        fs::create_dir_all(dir).map_err(failed)?;
        let key = Key::generate();
        let draft = dir.join(format!(".{FILE_NAME}.{}", std::process::id()));
        let written = write_private(&draft, &key.secret).and_then(|()| fs::hard_link(&draft, path));
        let _ = fs::remove_file(&draft);
        match written {
            Ok(()) => Ok(key),
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
                Key::read(path, &fs::read_to_string(path).map_err(failed)?)
            }
            Err(e) => Err(failed(e)),
        }
    }
}

fn write_private(path: &Path, secret: &str) -> io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let _ = fs::remove_file(path); // left by a killed process of the same id
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    writeln!(file, "{secret}")?;
    file.sync_all()
}

fn warn_if_readable_by_others(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let Ok(meta) = fs::metadata(path) else { return };
    if meta.permissions().mode() & 0o077 != 0 {
        tracing::warn!(path = %path.display(), "others can read the token key; run chmod 600 on it");
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dir(name: &str) -> PathBuf {
        let dir = std::env::temp_dir().join(format!("weir-key-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        dir
    }

    #[test]
    fn the_first_start_makes_a_key_that_only_its_owner_reads_and_the_second_finds_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = dir("first");
        let made = Key::load_or_create(&dir).unwrap();
        let mode = fs::metadata(dir.join(FILE_NAME)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(Key::load_or_create(&dir).unwrap().secret, made.secret);
        assert_eq!(fs::read_dir(&dir).unwrap().count(), 1, "no draft stays behind");
        assert!(!format!("{made:?}").contains(&made.secret));
        fs::remove_dir_all(&dir).unwrap();
    }

    #[test]
    fn a_short_or_broken_key_is_refused_with_what_to_do() {
        let dir = dir("bad");
        fs::create_dir_all(&dir).unwrap();
        for bad in ["", "short", &"ä".repeat(40)] {
            fs::write(dir.join(FILE_NAME), bad).unwrap();
            let error = Key::load_or_create(&dir).unwrap_err().to_string();
            assert!(error.contains("token.key") && error.contains("delete"), "{error}");
        }
        fs::remove_dir_all(&dir).unwrap();
    }

    #[test]
    fn a_directory_that_cannot_be_made_is_an_error_that_names_it() {
        let file = dir("file");
        fs::write(&file, "").unwrap();
        let error = Key::load_or_create(&file).unwrap_err().to_string();
        assert!(error.contains("token.key"), "{error}");
        fs::remove_file(&file).unwrap();
    }
}
