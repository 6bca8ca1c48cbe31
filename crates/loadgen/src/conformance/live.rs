//! A publisher or a viewer with real media over real UDP, for the rules about sessions that are in use.

use std::time::{Duration, Instant};

use media::codec::Kind;
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use transport::client::{Client, Event, Output, Packet};
use transport::{Creds, Fragment};

use super::bench::{Bench, Session, Stop, Verdict, failed};

/// One Opus frame of silence per 20 ms: no picture is needed to see whether media flows.
const SILENCE: &[u8] = &[0xf8, 0xff, 0xfe];
const FRAME: Duration = Duration::from_millis(20);
const FRAME_TICKS: u32 = 960;

pub struct Live {
    pub session: Session,
    seen: watch::Receiver<Seen>,
    commands: mpsc::Sender<Command>,
    task: JoinHandle<()>,
}

#[derive(Debug, Clone, Copy, Default)]
pub struct Seen {
    pub connected: bool,
    pub packets: u64,
    pub closed: bool,
}

enum Command {
    /// Says nothing any more, not even goodbye: the cable is out.
    Die,
    BeginRestart(Creds, oneshot::Sender<String>),
    FinishRestart(Fragment),
}

impl Live {
    pub async fn publisher(bench: &Bench) -> Verdict<Live> {
        let socket = bench.media_socket().await?;
        let client = bench.publisher(&socket, false)?;
        let session = bench.session(bench.whip(), client.offer()).await?;
        Live::start(session, client, socket, true).await
    }

    /// Waits until the room is live.
    pub async fn viewer(bench: &Bench) -> Verdict<Live> {
        let socket = bench.media_socket().await?;
        let client = bench.viewer(&socket)?;
        let session = bench.session(bench.whep(), client.offer()).await?;
        Live::start(session, client, socket, false).await
    }

    async fn start(session: Session, mut client: Client, socket: UdpSocket, publishes: bool) -> Verdict<Live> {
        if let Err(error) = client.accept_answer(&session.answer) {
            return failed(format!("the answer cannot be used: {error}"));
        }
        let (saw, seen) = watch::channel(Seen::default());
        let (commands, inbox) = mpsc::channel(4);
        let task = tokio::spawn(run(client, socket, publishes, saw, inbox));
        let mut live = Live { session, seen, commands, task };
        live.until("ICE and DTLS to connect", Duration::from_secs(10), |seen| seen.connected).await?;
        Ok(live)
    }

    pub fn seen(&self) -> Seen {
        *self.seen.borrow()
    }

    pub async fn until(&mut self, what: &str, limit: Duration, holds: impl FnMut(&Seen) -> bool) -> Verdict {
        match tokio::time::timeout(limit, self.seen.wait_for(holds)).await {
            Ok(Ok(_)) => Ok(()),
            _ => failed(format!("waited {} s in vain for {what}", limit.as_secs())),
        }
    }

    /// More media than is there now.
    pub async fn until_media(&mut self, what: &str) -> Verdict {
        let before = self.seen().packets;
        self.until(what, Duration::from_secs(10), |seen| seen.packets > before + 5).await
    }

    pub async fn die(&self) {
        let _ = self.commands.send(Command::Die).await;
    }

    /// The fragment of an ICE restart with fresh credentials.
    pub async fn begin_restart(&self) -> Verdict<String> {
        let (reply, fragment) = oneshot::channel();
        let creds = Creds { ufrag: random_text(8), pwd: random_text(24) };
        let _ = self.commands.send(Command::BeginRestart(creds, reply)).await;
        fragment.await.map_err(|_| Stop::Failed("the client ended".to_owned()))
    }

    pub async fn finish_restart(&self, fragment: &str) -> Verdict {
        let fragment = Fragment::parse(fragment)
            .map_err(|error| Stop::Failed(format!("the server's fragment cannot be read: {error}")))?;
        let _ = self.commands.send(Command::FinishRestart(fragment)).await;
        Ok(())
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn run(
    mut client: Client,
    socket: UdpSocket,
    publishes: bool,
    saw: watch::Sender<Seen>,
    mut commands: mpsc::Receiver<Command>,
) {
    let mut buffer = vec![0; 2048];
    let mut frames = tokio::time::interval(FRAME);
    let (mut seq, mut time) = (1000u64, 0u32);
    client.handle_timeout(Instant::now());
    loop {
        while let Some(output) = client.poll() {
            match output {
                Output::Datagram { to, bytes } => {
                    // A full socket buffer loses a datagram, as the network does.
                    let _ = socket.send_to(&bytes, to).await;
                }
                Output::Event(event) => note(&saw, &event),
            }
        }
        let timeout = tokio::time::Instant::from_std(client.next_timeout());
        tokio::select! {
            received = socket.recv_from(&mut buffer) => {
                if let Ok((len, from)) = received {
                    client.handle_datagram(Instant::now(), from, &buffer[..len]);
                }
            }
            () = tokio::time::sleep_until(timeout) => client.handle_timeout(Instant::now()),
            _ = frames.tick(), if publishes && saw.borrow().connected => {
                let packet = Packet {
                    kind: Kind::Audio, rid: None, seq, time, marker: false, payload: SILENCE,
                    audio_level: Some((127, false)), dd: None,
                };
                let now = Instant::now();
                client.send_rtp(now, &packet);
                client.handle_timeout(now);
                seq += 1;
                time = time.wrapping_add(FRAME_TICKS);
            }
            command = commands.recv() => match command {
                None | Some(Command::Die) => return,
                Some(Command::BeginRestart(creds, reply)) => {
                    let _ = reply.send(client.restart_ice(&creds).write());
                }
                Some(Command::FinishRestart(fragment)) => {
                    let _ = client.finish_restart(&fragment);
                }
            },
        }
    }
}

fn note(saw: &watch::Sender<Seen>, event: &Event) {
    saw.send_modify(|seen| match event {
        Event::Connected { .. } => seen.connected = true,
        Event::Media(_) => seen.packets += 1,
        Event::Closed(_) => seen.closed = true,
        _ => {}
    });
}

/// Letters and digits that nobody has to guess: they only have to be new.
pub fn random_text(len: usize) -> String {
    use std::hash::{BuildHasher, RandomState};
    let mut text = String::new();
    while text.len() < len {
        text += &format!("{:016x}", RandomState::new().hash_one(text.len()));
    }
    text.truncate(len);
    text
}
