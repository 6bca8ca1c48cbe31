//! Sending what lies in the outbox, and trying again while the mail server is away.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use lettre::address::Envelope;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};

use super::now;
use super::outbox::Outbox;

/// A server that is being restarted is back soon; one that is broken is not helped by asking.
const RETRY_FIRST: Duration = Duration::from_secs(60);
const RETRY_LONGEST: Duration = Duration::from_secs(3600);

/// By then its link leads nowhere, and whoever waited has asked again.
const GIVE_UP_AFTER_S: u64 = 24 * 3600;

pub struct Courier {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Address,
    /// Mails that were tried before, and when they are tried again.
    later: BTreeMap<PathBuf, (Instant, Duration)>,
}

impl Courier {
    pub fn new(transport: AsyncSmtpTransport<Tokio1Executor>, from: Address) -> Courier {
        Courier { transport, from, later: BTreeMap::new() }
    }

    /// Sends every mail whose time has come.
    pub async fn go(&mut self, outbox: &Outbox) {
        let mails = match outbox.list() {
            Ok(mails) => mails,
            Err(error) => return tracing::warn!(%error, "the outbox cannot be read"),
        };
        self.later.retain(|path, _| mails.contains(path));
        for path in mails {
            if self.later.get(&path).is_none_or(|(next, _)| *next <= Instant::now()) {
                self.carry(outbox, path).await;
            }
        }
    }

    async fn carry(&mut self, outbox: &Outbox, path: PathBuf) {
        let (outcome, is_final) = match self.send(&path).await {
            Ok(()) => (Outbox::remove(&path), true),
            Err(Refused::ForGood(why)) => {
                tracing::warn!(file = %path.display(), why, "this mail cannot be sent; it was put aside");
                (outbox.give_up(&path), true)
            }
            Err(Refused::ForNow(why)) if is_old(&path) => {
                tracing::warn!(file = %path.display(), why, "this mail could not be sent for a day; it was put aside");
                (outbox.give_up(&path), true)
            }
            Err(Refused::ForNow(why)) => {
                tracing::info!(file = %path.display(), why, "this mail could not be sent yet");
                (Ok(()), false)
            }
        };
        if let Err(error) = &outcome {
            tracing::warn!(file = %path.display(), %error, "a mail is done with and cannot be moved");
        }
        if is_final && outcome.is_ok() {
            self.later.remove(&path);
            return;
        }
        // Also for one that was sent and could not be removed: it is sent again, but not every minute.
        let wait = self.later.get(&path).map_or(RETRY_FIRST, |(_, wait)| (*wait * 2).min(RETRY_LONGEST));
        self.later.insert(path, (Instant::now() + wait, wait));
    }

    async fn send(&self, path: &Path) -> Result<(), Refused> {
        let mail = Outbox::read(path).map_err(|error| Refused::ForNow(error.to_string()))?;
        let to = recipient(&mail).ok_or_else(|| Refused::ForGood("it has no recipient".to_owned()))?;
        let envelope = Envelope::new(Some(self.from.clone()), vec![to]);
        let envelope = envelope.map_err(|error| Refused::ForGood(error.to_string()))?;
        match self.transport.send_raw(&envelope, &mail).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_permanent() => Err(Refused::ForGood(error.to_string())),
            Err(error) => Err(Refused::ForNow(error.to_string())),
        }
    }
}

enum Refused {
    ForNow(String),
    ForGood(String),
}

/// Ours has one, in a line of its own in the head.
fn recipient(mail: &[u8]) -> Option<Address> {
    let head = std::str::from_utf8(mail).ok()?.split("\r\n\r\n").next()?;
    head.split("\r\n").find_map(|line| line.strip_prefix("To: "))?.trim_matches(['<', '>']).parse().ok()
}

fn is_old(path: &Path) -> bool {
    Outbox::written(path).is_none_or(|written| now().0.saturating_sub(written) > GIVE_UP_AFTER_S)
}

#[cfg(test)]
mod tests {
    use super::super::mail::Text;
    use super::*;
    use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
    use tokio::net::TcpListener;

    /// Speaks as much SMTP as one mail needs, and answers RCPT with `verdict`. Gives back what it was told.
    async fn server(listener: TcpListener, verdict: &'static str) -> Vec<String> {
        let (socket, _) = listener.accept().await.unwrap();
        let (read, mut write) = socket.into_split();
        let mut lines = BufReader::new(read).lines();
        write.write_all(b"220 test\r\n").await.unwrap();
        let (mut heard, mut in_data) = (Vec::new(), false);
        while let Ok(Some(line)) = lines.next_line().await {
            let answer = match line.as_str() {
                "." if in_data => {
                    in_data = false;
                    "250 taken"
                }
                _ if in_data => "",
                line if line.starts_with("RCPT") => verdict,
                "DATA" => {
                    in_data = true;
                    "354 go on"
                }
                "QUIT" => "221 bye",
                _ => "250 ok",
            };
            heard.push(line);
            if !answer.is_empty() {
                write.write_all(format!("{answer}\r\n").as_bytes()).await.unwrap();
            }
        }
        heard
    }

    async fn delivered(name: &str, verdict: &'static str) -> (Vec<String>, Outbox, Courier) {
        let dir = std::env::temp_dir().join(format!("weir-smtp-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        let outbox = Outbox::new(dir, "Weir <weir@example.org>".parse().unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("smtp://127.0.0.1:{}", listener.local_addr().unwrap().port());
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(&url).unwrap().build();
        let server = tokio::spawn(server(listener, verdict));
        let to = "ann@example.net".parse().unwrap();
        outbox.put(&Text { to, subject: "Choose a new password", body: "line\n.\nlast\n".to_owned() }).unwrap();
        let mut courier = Courier::new(transport, "weir@example.org".parse().unwrap());
        courier.go(&outbox).await;
        courier.transport = AsyncSmtpTransport::<Tokio1Executor>::from_url("smtp://127.0.0.1:1").unwrap().build();
        (server.await.unwrap(), outbox, courier)
    }

    #[tokio::test]
    async fn a_mail_goes_to_whom_it_is_for_and_leaves_the_outbox() {
        let (heard, outbox, _) = delivered("good", "250 ok").await;
        assert!(heard.iter().any(|line| line.starts_with("RCPT TO:<ann@example.net>")), "{heard:?}");
        assert!(heard.iter().any(|line| line.starts_with("MAIL FROM:<weir@example.org>")), "{heard:?}");
        assert!(heard.iter().any(|line| line == "Subject: Choose a new password"), "{heard:?}");
        assert_eq!(heard.iter().filter(|line| line.starts_with("RCPT")).count(), 1);
        assert!(outbox.list().unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_mail_that_is_not_taken_yet_is_tried_again_later_and_one_that_never_will_be_is_not() {
        let (_, outbox, mut courier) = delivered("later", "451 later").await;
        let mails = outbox.list().unwrap();
        assert_eq!((mails.len(), courier.later.len()), (1, 1));
        let first = courier.later[&mails[0]].1;
        courier.go(&outbox).await;
        assert_eq!(courier.later[&mails[0]].1, first, "it is not its time yet");
        courier.later.insert(mails[0].clone(), (Instant::now(), first));
        courier.go(&outbox).await;
        assert_eq!(courier.later[&mails[0]].1, first * 2, "the server is away, and the wait grows");

        let (_, outbox, courier) = delivered("never", "550 nobody").await;
        assert!(outbox.list().unwrap().is_empty() && courier.later.is_empty());
    }
}
