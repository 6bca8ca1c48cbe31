//! Mails as files: one `.eml` each, written whole or not at all, until they are sent.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use lettre::Message;
use lettre::message::header::ContentType;
use lettre::message::{Mailbox, MessageBuilder};

use super::mail::Text;
use super::{now, random};

/// Beyond it something is wrong with sending, and the disk is not the place to find out.
const FILES_MAX: usize = 10_000;

/// One of ours is under 2 kB.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// Where mails go that no server takes.
const FAILED: &str = "failed";

#[derive(Debug, Clone)]
pub struct Outbox {
    dir: PathBuf,
    from: Mailbox,
}

impl Outbox {
    pub fn new(dir: PathBuf, from: Mailbox) -> Outbox {
        Outbox { dir, from }
    }

    /// The file's name begins with the time, so that names are in order.
    pub fn put(&self, text: &Text) -> io::Result<PathBuf> {
        let bytes = self.message(text)?.formatted();
        fs::create_dir_all(&self.dir)?;
        if self.list()?.len() >= FILES_MAX {
            return Err(io::Error::other(format!("{} holds {FILES_MAX} mails already", self.dir.display())));
        }
        let name = format!("{:010}-{:016x}", now().0, u64::from_ne_bytes(random()));
        let (draft, path) = (self.dir.join(format!(".{name}")), self.dir.join(format!("{name}.eml")));
        write_private(&draft, &bytes).and_then(|()| fs::rename(&draft, &path)).inspect_err(|_| {
            let _ = fs::remove_file(&draft);
        })?;
        // The name is durable once the directory is.
        File::open(&self.dir)?.sync_all()?;
        Ok(path)
    }

    /// The mails that wait, the oldest first.
    pub fn list(&self) -> io::Result<Vec<PathBuf>> {
        let entries = match fs::read_dir(&self.dir) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let files = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
        let mut mails: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|end| end == "eml")).collect();
        mails.sort_unstable();
        Ok(mails)
    }

    pub fn read(path: &Path) -> io::Result<Vec<u8>> {
        if fs::metadata(path)?.len() > FILE_BYTES_MAX {
            return Err(io::Error::other("this is no mail of ours: it is too long"));
        }
        fs::read(path)
    }

    pub fn remove(path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    /// Kept, and not tried again.
    pub fn give_up(&self, path: &Path) -> io::Result<()> {
        let failed = self.dir.join(FAILED);
        fs::create_dir_all(&failed)?;
        fs::rename(path, failed.join(path.file_name().unwrap_or_default()))
    }

    /// When the mail was written, in seconds since 1970.
    pub fn written(path: &Path) -> Option<u64> {
        path.file_name()?.to_str()?.split('-').next()?.parse().ok()
    }

    /// By a builder with a type for each part: no text can end a header and begin another one.
    fn message(&self, text: &Text) -> io::Result<Message> {
        let to = text.to.as_str().parse().map_err(|_| io::Error::other("no mail can be sent to this address"))?;
        let host = self.from.email.domain();
        let id = format!("<{:032x}@{host}>", u128::from_ne_bytes(random()));
        let builder: MessageBuilder = Message::builder().from(self.from.clone()).to(Mailbox::new(None, to));
        builder
            .message_id(Some(id))
            .subject(text.subject)
            .header(ContentType::TEXT_PLAIN)
            .body(text.body.clone())
            .map_err(io::Error::other)
    }
}

/// A link in it is as good as a password.
fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outbox(name: &str) -> Outbox {
        let dir = std::env::temp_dir().join(format!("weir-outbox-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        Outbox::new(dir, "Weir <weir@example.org>".parse().unwrap())
    }

    #[test]
    fn a_mail_is_one_private_file_with_the_headers_of_ours_and_no_others() {
        use std::os::unix::fs::PermissionsExt as _;
        let outbox = outbox("headers");
        let to = "ann@example.org".parse().unwrap();
        let body = "Hello,\n\nBcc: everybody@example.org\n.\n".to_owned();
        let path = outbox.put(&Text { to, subject: "Confirm your address", body }).unwrap();
        assert_eq!(outbox.list().unwrap(), std::slice::from_ref(&path));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let text = String::from_utf8(Outbox::read(&path).unwrap()).unwrap();
        let (head, _) = text.split_once("\r\n\r\n").unwrap();
        let names: Vec<_> = head.split("\r\n").map(|line| line.split(':').next().unwrap()).collect();
        let expected = ["From", "To", "Message-ID", "Subject", "Content-Type", "Date", "Content-Transfer-Encoding"];
        assert_eq!(names.len(), expected.len(), "{head}");
        assert!(expected.iter().all(|name| names.contains(name)), "{head}");
        assert!(Outbox::written(&path).is_some_and(|written| written > 1_700_000_000));
        outbox.give_up(&path).unwrap();
        assert!(outbox.list().unwrap().is_empty() && outbox.dir.join("failed").read_dir().unwrap().count() == 1);
        fs::remove_dir_all(&outbox.dir).unwrap();
    }

    #[test]
    fn an_outbox_that_is_not_there_is_empty() {
        assert!(outbox("none").list().unwrap().is_empty());
    }
}
