//! One control connection, from `accept` to its end.

use std::net::SocketAddr;
use std::time::Duration;

use proto::PeerId;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until, timeout};

use crate::announce::Announcement;
use crate::code::Code;
use crate::desk::{Desk, How};
use crate::handshake::{CHALLENGE_LEN, Handshake, Step};
use crate::keys::Key;
use crate::listener::hub::Hub;
use crate::stream::FeedId;

/// From the connection to the first media: people type nothing here, programs do.
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);

/// Clients ping every five seconds.
const PING_MAX: Duration = Duration::from_secs(8);

/// A client that does not read does not get to keep us.
const WRITE_MAX: Duration = Duration::from_secs(5);

/// Less than `lines` holds, which are taken out after each read.
const READ_MAX: usize = 1024;

pub async fn serve(stream: TcpStream, from: SocketAddr, hub: Hub, desk: Desk) {
    let mut challenge = [0; CHALLENGE_LEN];
    if aws_lc_rs::rand::fill(&mut challenge).is_err() {
        tracing::error!("no random bytes for an FTL challenge");
        return;
    }
    let mut control = Control { stream, from, handshake: Handshake::new(challenge), hub, desk };
    let began = timeout(HANDSHAKE_MAX, control.begin()).await;
    match began {
        Ok(Ok(live)) => control.keep(live).await,
        Ok(Err(End::Refused(code))) => {
            tracing::debug!(%from, code = code.number(), "an FTL client is refused");
            control.say(&code.line()).await;
        }
        Ok(Err(End::Gone)) => {}
        Err(_late) => {
            tracing::debug!(%from, "an FTL client did not finish its handshake in time");
            control.say(&Code::BadRequest.line()).await;
        }
    }
}

struct Control {
    stream: TcpStream,
    from: SocketAddr,
    handshake: Handshake,
    hub: Hub,
    desk: Desk,
}

/// A session in which media flows.
struct Live {
    feed: FeedId,
    peer: PeerId,
    channel: u32,
    /// The node has ended it.
    ended: oneshot::Receiver<()>,
    /// No media comes.
    silent: oneshot::Receiver<()>,
}

/// A session that did not begin.
enum End {
    Refused(Code),
    /// The connection is closed.
    Gone,
}

impl Control {
    async fn begin(&mut self) -> Result<Live, End> {
        let ip = self.from.ip();
        let mut key: Option<Key> = None;
        loop {
            while let Some(step) = self.handshake.poll() {
                match step {
                    Step::Say(text) => self.say(&text).await,
                    Step::Claim(claim) => {
                        let judged = self.hub.judge(ip, claim, self.handshake.challenge()).await;
                        key = Some(judged.map_err(End::Refused)?);
                        let text = self.handshake.admit();
                        self.say(&text).await;
                    }
                    Step::Begin(announcement) => {
                        let key = key.ok_or(End::Refused(Code::BadRequest))?;
                        let live = self.open(key, announcement).await.map_err(End::Refused)?;
                        let text = self.handshake.start(self.hub.media_port);
                        self.say(&text).await;
                        return Ok(live);
                    }
                    Step::Left => return Err(End::Gone),
                    Step::Refuse(code) => return Err(End::Refused(code)),
                }
            }
            self.read().await?;
        }
    }

    /// First the SSRCs, then the room: a room must not lose its silent publisher to a client that cannot send.
    async fn open(&self, key: Key, announcement: Announcement) -> Result<Live, Code> {
        let feed = self.hub.reserve(key.channel, self.from.ip(), announcement.clone()).await?;
        let brought = match self.desk.bring(key.room.clone(), announcement.clone(), self.from).await {
            Ok(brought) => brought,
            Err(code) => {
                self.hub.remove(feed).await;
                return Err(code);
            }
        };
        let silent = self.hub.open(feed, brought.deliver).await;
        tracing::info!(
            channel = key.channel,
            room = %key.room,
            peer = %brought.peer,
            from = %self.from,
            vendor = announcement.vendor,
            size = ?announcement.size,
            "an FTL stream begins"
        );
        Ok(Live { feed, peer: brought.peer, channel: key.channel, ended: brought.ended, silent })
    }

    async fn keep(&mut self, mut live: Live) {
        let (how, code) = self.follow(&mut live).await;
        self.hub.remove(live.feed).await;
        if let Some(how) = how {
            self.desk.end(live.peer, how).await;
        }
        tracing::debug!(channel = live.channel, peer = %live.peer, ?how, ?code, "an FTL stream ends");
        if let Some(code) = code {
            self.say(&code.line()).await;
        }
    }

    /// Answers pings until it is over. Returns what the node should be told (nothing, when it ended the session itself), and the
    /// client.
    async fn follow(&mut self, live: &mut Live) -> (Option<How>, Option<Code>) {
        let mut silent_at = Instant::now() + PING_MAX;
        loop {
            while let Some(step) = self.handshake.poll() {
                match step {
                    Step::Say(text) => {
                        silent_at = Instant::now() + PING_MAX;
                        self.say(&text).await;
                    }
                    Step::Left => return (Some(How::Left), Some(Code::Ok)),
                    Step::Refuse(code) => return (Some(How::Closed), Some(code)),
                    // A live handshake has nothing left to ask.
                    Step::Claim(_) | Step::Begin(_) => return (Some(How::Closed), Some(Code::BadRequest)),
                }
            }
            let mut bytes = [0; READ_MAX];
            tokio::select! {
                read = self.stream.read(&mut bytes) => match read {
                    Ok(0) | Err(_) => return (Some(How::Closed), None),
                    Ok(len) => self.handshake.read(&bytes[..len]),
                },
                _ = &mut live.ended => return (None, Some(Code::Terminated)),
                _ = &mut live.silent => return (Some(How::Silent), Some(Code::NoMedia)),
                () = sleep_until(silent_at) => return (Some(How::Closed), Some(Code::NoMedia)),
            }
        }
    }

    async fn read(&mut self) -> Result<(), End> {
        let mut bytes = [0; READ_MAX];
        match self.stream.read(&mut bytes).await {
            Ok(0) | Err(_) => Err(End::Gone),
            Ok(len) => {
                self.handshake.read(&bytes[..len]);
                Ok(())
            }
        }
    }

    /// A client that cannot be told anything is found out by the next read.
    async fn say(&mut self, text: &str) {
        let _ = timeout(WRITE_MAX, self.stream.write_all(text.as_bytes())).await;
    }
}
