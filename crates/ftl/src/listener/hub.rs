//! What all sessions share, owned by one task: the keys and how often somebody got them wrong, and the UDP port with the
//! streams that come to it.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use media::codec::Kind;
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, oneshot, watch};

use crate::announce::Announcement;
use crate::code::Code;
use crate::desk::{Content, Deliver, Packet};
use crate::handshake::{Challenge, Claim};
use crate::keys::{Key, Keys};
use crate::listener::Stats;
use crate::stream::{FeedId, Heard, Streams, Taken};
use crate::throttle::Throttle;

/// Questions under way. When full, sessions wait.
const QUESTIONS_MAX: usize = 256;

/// A media datagram is at most one Ethernet frame; what is longer is cut and then refused.
const DATAGRAM_MAX: usize = 2048;

/// Datagrams taken in before anybody else's turn.
const BATCH_MAX: usize = 64;

/// Silence is looked for, and counters are published, this often.
const TICK: Duration = Duration::from_millis(100);

/// The sessions' end.
#[derive(Debug, Clone)]
pub struct Hub {
    questions: mpsc::Sender<Question>,
    pub media_port: u16,
}

pub enum Question {
    /// Is a claim true?
    Judge {
        ip: IpAddr,
        claim: Claim,
        challenge: Box<Challenge>,
        reply: oneshot::Sender<Result<Key, Code>>,
    },
    /// Keep a place and the SSRCs for a stream. It is lost again when no media comes for it.
    Reserve {
        channel: u32,
        ip: IpAddr,
        announcement: Announcement,
        reply: oneshot::Sender<Result<FeedId, Code>>,
    },
    /// From here on its packets are wanted; `silent` fires when none come.
    Open {
        feed: FeedId,
        deliver: Deliver,
        silent: oneshot::Sender<()>,
    },
    Remove {
        feed: FeedId,
    },
}

impl Hub {
    pub fn new(media_port: u16) -> (Hub, mpsc::Receiver<Question>) {
        let (questions, receiver) = mpsc::channel(QUESTIONS_MAX);
        (Hub { questions, media_port }, receiver)
    }

    pub async fn judge(&self, ip: IpAddr, claim: Claim, challenge: &Challenge) -> Result<Key, Code> {
        let challenge = Box::new(*challenge);
        self.ask(|reply| Question::Judge { ip, claim, challenge, reply }).await
    }

    pub async fn reserve(&self, channel: u32, ip: IpAddr, announcement: Announcement) -> Result<FeedId, Code> {
        self.ask(|reply| Question::Reserve { channel, ip, announcement, reply }).await
    }

    pub async fn open(&self, feed: FeedId, deliver: Deliver) -> oneshot::Receiver<()> {
        let (silent, is_silent) = oneshot::channel();
        let _ = self.questions.send(Question::Open { feed, deliver, silent }).await;
        is_silent
    }

    pub async fn remove(&self, feed: FeedId) {
        let _ = self.questions.send(Question::Remove { feed }).await;
    }

    /// The hub ends only with the listener, which ends the sessions too: then it does not matter what they hear.
    async fn ask<T>(&self, question: impl FnOnce(oneshot::Sender<Result<T, Code>>) -> Question) -> Result<T, Code> {
        let (reply, answer) = oneshot::channel();
        let _ = self.questions.send(question(reply)).await;
        answer.await.unwrap_or(Err(Code::ServerError))
    }
}

struct State {
    keys: Keys,
    throttle: Throttle,
    streams: Streams,
    outlets: BTreeMap<FeedId, Outlet>,
    feeds_made: u64,
    sessions_max: usize,
    stats: Stats,
}

/// Where a session's packets go.
struct Outlet {
    deliver: Deliver,
    silent: oneshot::Sender<()>,
    lost: u32,
}

/// Runs until no session can ask any more.
pub async fn run(
    udp: UdpSocket,
    mut questions: mpsc::Receiver<Question>,
    keys: Keys,
    sessions_max: usize,
    published: watch::Sender<Stats>,
) {
    let mut state = State {
        keys,
        throttle: Throttle::default(),
        streams: Streams::default(),
        outlets: BTreeMap::new(),
        feeds_made: 0,
        sessions_max,
        stats: Stats::default(),
    };
    let mut buffer = vec![0; DATAGRAM_MAX];
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            question = questions.recv() => match question {
                Some(question) => state.answer(Instant::now(), question),
                None => return,
            },
            // An error speaks of a datagram of ours that somebody refused (a ping's answer): the next one is another's.
            ready = udp.readable() => if ready.is_ok() {
                for _ in 0..BATCH_MAX {
                    let Ok((len, from)) = udp.try_recv_from(&mut buffer) else { break };
                    if let Some(answer) = state.take(Instant::now(), from, &buffer[..len]) {
                        let _ = udp.try_send_to(answer, from);
                    }
                }
            },
            _ = tick.tick() => {
                state.end_silent(Instant::now());
                state.stats.sessions = state.outlets.len() as u64;
                published.send_if_modified(|seen| {
                    let changed = *seen != state.stats;
                    seen.clone_from(&state.stats);
                    changed
                });
            }
        }
    }
}

impl State {
    fn answer(&mut self, now: Instant, question: Question) {
        match question {
            Question::Judge { ip, claim, challenge, reply } => {
                let _ = reply.send(self.judge(now, ip, &claim, &challenge));
            }
            Question::Reserve { channel, ip, announcement, reply } => {
                let reserved = self.reserve(now, channel, ip, &announcement);
                if let Err(Ok(feed)) = reply.send(reserved) {
                    self.streams.remove(feed);
                }
            }
            Question::Open { feed, deliver, silent } => {
                self.stats.sessions_begun += 1;
                self.outlets.insert(feed, Outlet { deliver, silent, lost: 0 });
            }
            Question::Remove { feed } => {
                self.streams.remove(feed);
                self.outlets.remove(&feed);
            }
        }
    }

    /// A wrong claim is counted in the same step as it is found wrong: many at once get no more tries than one after the other.
    fn judge(&mut self, now: Instant, ip: IpAddr, claim: &Claim, challenge: &Challenge) -> Result<Key, Code> {
        if !self.throttle.allows(now, ip) {
            self.stats.throttled += 1;
            return Err(Code::Unauthorized);
        }
        self.keys.check(claim, challenge).cloned().inspect_err(|_| {
            self.stats.wrong_keys += 1;
            self.throttle.wrong(now, ip);
        })
    }

    fn reserve(&mut self, now: Instant, channel: u32, ip: IpAddr, announcement: &Announcement) -> Result<FeedId, Code> {
        if self.streams.len() >= self.sessions_max {
            return Err(Code::ServerError);
        }
        self.feeds_made += 1;
        let feed = FeedId(self.feeds_made);
        self.streams.add(now, feed, channel, ip, announcement).map_err(|taken| match taken {
            Taken::Channel => Code::ChannelInUse,
            Taken::Ssrc(Kind::Audio) => Code::AudioSsrcTaken,
            Taken::Ssrc(Kind::Video) => Code::VideoSsrcTaken,
        })?;
        Ok(feed)
    }

    /// Takes one datagram. Returns what to send back.
    fn take<'a>(&mut self, now: Instant, from: SocketAddr, datagram: &'a [u8]) -> Option<&'a [u8]> {
        match self.streams.handle(now, from.ip(), datagram) {
            Ok(Heard::Media { feed, kind, seq, time, marker, payload, sets }) => {
                self.stats.packets += 1;
                if let Some(payload) = sets {
                    self.deliver(now, feed, kind, Content::Media { seq: seq - 1, time, marker: false, payload });
                }
                self.deliver(now, feed, kind, Content::Media { seq, time, marker, payload: payload.to_vec() });
            }
            Ok(Heard::Kept) => self.stats.packets += 1,
            Ok(Heard::Clock { feed, kind, ntp, time }) => self.deliver(now, feed, kind, Content::Clock { ntp, time }),
            Ok(Heard::Ping) => return Some(datagram),
            Err(reason) => self.stats.ignored[reason as usize] += 1,
        }
        None
    }

    fn deliver(&mut self, now: Instant, feed: FeedId, kind: Kind, content: Content) {
        // A session's first packets may come before the node has taken it in.
        let Some(outlet) = self.outlets.get_mut(&feed) else { return };
        if (outlet.deliver)(Packet { kind, arrival: now, content, lost_before: outlet.lost }) {
            outlet.lost = 0;
        } else {
            outlet.lost = outlet.lost.saturating_add(1);
        }
    }

    fn end_silent(&mut self, now: Instant) {
        while let Some(feed) = self.streams.silent(now) {
            self.streams.remove(feed);
            if let Some(outlet) = self.outlets.remove(&feed) {
                let _ = outlet.silent.send(());
            }
        }
    }
}
