//! A real server on loopback, a node behind its desk that keeps sessions in a map, and a client that shows every byte.

#![allow(dead_code)] // each test binary uses its part

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;

use proto::api::{
    AdminSession, AdminSessionView, AdminSide, DrainState, DrainView, PullState, SessionSide, SessionState,
    SessionTrack, SessionView, TrackKind, UpstreamView, Verdict,
};
use proto::{LayerChoice, PeerId, RoomName, SessionId, WorkerId};
use signal::auth::{self, Grant, Key, Rooms};
use signal::desk::{Answered, Ask, Drain, Overview, Owner, Patched, Readiness, Refusal, Removed, Roll, Upstream};
use signal::{Desk, Settings};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::Duration;

pub struct World {
    pub addr: SocketAddr,
    pub key: Key,
    pub store: Arc<meetings::Memory>,
    pub readiness: watch::Sender<Readiness>,
    pub rooms: watch::Sender<Arc<proto::api::RoomsView>>,
    /// Where viewers were moved to, and what they chose.
    pub moved: watch::Receiver<Vec<String>>,
    pub chosen: watch::Receiver<Vec<LayerChoice>>,
    /// Asks the node has seen, by name.
    pub asked: watch::Receiver<Vec<&'static str>>,
    pub stop: Option<oneshot::Sender<()>>,
    pub server: JoinHandle<Result<(), signal::Error>>,
}

/// A server that demands tokens.
pub async fn strict() -> World {
    start(|settings| settings.auth = auth::Policy::Required).await
}

/// A server as it starts on a developer's machine.
pub async fn open() -> World {
    start(|_| ()).await
}

pub async fn start(adjust: impl FnOnce(&mut Settings)) -> World {
    let key = Key::generate();
    let store = Arc::new(meetings::Memory::default());
    let mut settings = Settings::new(key.clone(), store.clone());
    adjust(&mut settings);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let (desk, server_end) = Desk::new();
    let (_, scribe) = signal::chronicle::new();
    let (seen, asked) = watch::channel(Vec::new());
    let (moves, moved) = watch::channel(Vec::new());
    let (choices, chosen) = watch::channel(Vec::new());
    tokio::spawn(node(server_end.asks, seen, moves, choices));
    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(signal::serve(listener, settings, desk, scribe, async move {
        let _ = stopped.await;
    }));
    let (readiness, rooms) = (server_end.readiness, server_end.rooms);
    World { addr, key, store, readiness, rooms, moved, chosen, asked, stop: Some(stop), server }
}

/// Answers like a node with one publisher per room.
async fn node(
    mut asks: tokio::sync::mpsc::Receiver<Ask>,
    seen: watch::Sender<Vec<&'static str>>,
    moves: watch::Sender<Vec<String>>,
    choices: watch::Sender<Vec<LayerChoice>>,
) {
    let mut live: BTreeSet<RoomName> = BTreeSet::new();
    let mut watching: BTreeMap<SessionId, RoomName> = BTreeMap::new();
    let mut sessions: BTreeMap<SessionId, (Owner, Option<RoomName>, String)> = BTreeMap::new();
    let mut drained = DrainState::Serving;
    let mut next = 0u128;
    let mut etag = || {
        next += 1;
        (next, format!("ice-{next}"))
    };
    while let Some(ask) = asks.recv().await {
        let note = |name| seen.send_modify(|seen| seen.push(name));
        let found =
            |sessions: &BTreeMap<SessionId, (Owner, Option<RoomName>, String)>, session, owner: Owner| match sessions
                .get(&session)
            {
                None => Err(Refusal::NoSession),
                Some((creator, ..)) if !owner.may_touch(*creator) => Err(Refusal::NotYours),
                Some((.., etag)) => Ok(etag.clone()),
            };
        match ask {
            Ask::Publish { room, owner, reply, .. } => {
                note("publish");
                let answer = if live.insert(room.clone()) {
                    let (secret, etag) = etag();
                    let session = SessionId { worker: WorkerId(0), secret };
                    sessions.insert(session, (owner, Some(room), etag.clone()));
                    Ok(Answered { session, etag, sdp: "v=0\r\na=recvonly\r\n".into() })
                } else {
                    Err(Refusal::Occupied)
                };
                let _ = reply.send(answer);
            }
            Ask::Watch { room, owner, reply, .. } => {
                note("watch");
                let answer = if live.contains(&room) {
                    let (secret, etag) = etag();
                    let session = SessionId { worker: WorkerId(0), secret };
                    sessions.insert(session, (owner, None, etag.clone()));
                    watching.insert(session, room);
                    Ok(Answered { session, etag, sdp: "v=0\r\na=sendonly\r\n".into() })
                } else {
                    Err(Refusal::NotLive { retry_after_s: 3 })
                };
                let _ = reply.send(answer);
            }
            Ask::Patch { session, owner, expect, fragment, reply } => {
                note("patch");
                let answer = found(&sessions, session, owner).and_then(|current| {
                    if !expect.admits(&current) {
                        return Err(Refusal::StaleTag);
                    }
                    match fragment.ufrag.as_deref() {
                        Some("refused") => Err(Refusal::RestartRefused("this one never restarts".into())),
                        Some("peer") | None => Ok(Patched::Trickled),
                        Some(_) => {
                            let (_, new) = etag();
                            sessions.get_mut(&session).unwrap().2 = new.clone();
                            Ok(Patched::Restarted { etag: new, fragment: "a=ice-ufrag:server2\r\n".into() })
                        }
                    }
                });
                let _ = reply.send(answer);
            }
            Ask::End { session, owner, reply } => {
                note("end");
                let answer = found(&sessions, session, owner).map(|_| {
                    if let Some((_, Some(room), _)) = sessions.remove(&session) {
                        live.remove(&room);
                    }
                });
                let _ = reply.send(answer);
            }
            Ask::Exists { session, owner, reply } => {
                note("exists");
                let _ = reply.send(found(&sessions, session, owner).map(|_| ()));
            }
            Ask::Upstream { upstream, reply, .. } => {
                note("upstream");
                let view = |url: &str| UpstreamView { url: url.to_owned(), own: true, state: PullState::Idle };
                let _ = reply.send(Ok(match upstream {
                    Upstream::Show => Some(view("http://parent")),
                    Upstream::Set(order) => Some(view(&order.url)),
                    Upstream::Clear => None,
                }));
            }
            Ask::Switch { session, owner, room, reply } => {
                note("switch");
                let answer = found(&sessions, session, owner).and_then(|_| {
                    let at = watching.get_mut(&session).ok_or(Refusal::NotAViewer)?;
                    moves.send_modify(|moves| moves.push(room.to_string()));
                    *at = room;
                    Ok(())
                });
                let _ = reply.send(answer);
            }
            Ask::Choose { session, owner, choice, reply } => {
                note("choose");
                let answer = found(&sessions, session, owner).and_then(|_| {
                    if choice.rid.as_deref() == Some("none") {
                        return Err(Refusal::BadChoice("this stream has no such layer".into()));
                    }
                    if choice.rid.as_deref() == Some("vanish") {
                        sessions.remove(&session);
                    }
                    choices.send_modify(|choices| choices.push(choice));
                    Ok(())
                });
                let _ = reply.send(answer);
            }
            // No route leads there.
            Ask::Attend { .. }
            | Ask::Assign { .. }
            | Ask::Follow { .. }
            | Ask::Introduce { .. }
            | Ask::Forward { .. } => {}
            Ask::Look { session, owner, reply } => {
                note("look");
                let answer = match owner {
                    Some(owner) => found(&sessions, session, owner).map(|_| ()),
                    None => sessions.get(&session).map(|_| ()).ok_or(Refusal::NoSession),
                };
                let room = watching.get(&session);
                let side = if room.is_some() { SessionSide::Viewer } else { SessionSide::Publisher };
                let room = room.map_or_else(|| "demo".to_owned(), |room| room.to_string());
                let _ = reply.send(answer.map(|()| Box::new(view(room, side))));
            }
            Ask::Overview { reply } => {
                note("overview");
                let drain = DrainView { state: drained, sessions: sessions.len() as u32 };
                let _ =
                    reply.send(Overview { up: Duration::from_secs(7), drain, sessions_max: 100, workers: Vec::new() });
            }
            Ask::Drain { drain, reply } => {
                note("drain");
                drained = if drain == Drain::Begin { DrainState::Draining } else { DrainState::Serving };
                let _ = reply.send(DrainView { state: drained, sessions: sessions.len() as u32 });
            }
            // Peers are numbered like the sessions' secrets.
            Ask::Roll { worker, room, after, limit, reply } => {
                note("roll");
                let first = after.map_or(0, |slot| u128::from(slot) + 1);
                let there: Vec<_> = watching
                    .iter()
                    .filter(|(id, at)| id.worker == worker && **at == room && id.secret >= first)
                    .collect();
                let next = (there.len() > limit).then(|| there[limit - 1].0.secret as u32);
                let entries = there.iter().take(limit).map(|(id, room)| entry(**id, room)).collect();
                let _ = reply.send(Ok(Roll { sessions: entries, next }));
            }
            Ask::Inspect { peer, reply } => {
                note("inspect");
                let id = SessionId { worker: peer.worker, secret: peer.slot.into() };
                let found = watching.get(&id).filter(|_| sessions.contains_key(&id)).ok_or(Refusal::NoSession);
                let _ = reply.send(found.map(|room| {
                    Box::new(AdminSessionView {
                        session: entry(id, room),
                        local: vec!["192.0.2.1:7900".into()],
                        packets: 1,
                        bytes: 1,
                        nacks: 0,
                        keyframe_requests: 0,
                        view: view(room.to_string(), SessionSide::Viewer),
                    })
                }));
            }
            Ask::Remove { peer, reply } => {
                note("remove");
                let id = SessionId { worker: peer.worker, secret: peer.slot.into() };
                let found = sessions.remove(&id).ok_or(Refusal::NoSession);
                let room = watching.remove(&id).unwrap_or_else(|| "demo".parse().unwrap());
                let _ = reply.send(found.map(|_| Removed { session: id, room }));
            }
            Ask::Metrics { reply } => {
                note("metrics");
                let _ = reply.send("weir_sessions 0\n".into());
            }
        }
    }
}

fn entry(id: SessionId, room: &RoomName) -> AdminSession {
    AdminSession {
        id: PeerId { worker: id.worker, slot: id.secret as u32, generation: 0 }.to_string(),
        room: room.to_string(),
        side: AdminSide::Viewer,
        name: None,
        person: None,
        state: SessionState::Connected,
        age_s: 1,
        remote: Some("192.0.2.7:50000".into()),
        rtt_ms: Some(20),
        kbps: 800,
        loss_percent: 0.0,
        verdict: Verdict::Playing,
        sentence: Verdict::Playing.sentence(),
    }
}

fn view(room: String, side: SessionSide) -> SessionView {
    let track = SessionTrack {
        mid: "0".into(),
        kind: TrackKind::Video,
        codec: "VP8".into(),
        layer: None,
        spatial: None,
        temporal: None,
        target: Some("h".into()),
        chosen: None,
        layers: Vec::new(),
        packets: 0,
        bytes: 0,
        repairs: 0,
        last_packet_ms_ago: None,
        catching_up_ms: None,
        verdict: Verdict::WaitingForKeyframe { since_ms: 900, asked: 2 },
        sentence: Verdict::WaitingForKeyframe { since_ms: 900, asked: 2 }.sentence(),
    };
    SessionView {
        room,
        side,
        state: SessionState::Connected,
        age_ms: 1_000,
        connected_ms: Some(950),
        rtt_ms: Some(20),
        estimate_kbps: None,
        sent_kbps: 0,
        loss_percent: 0.0,
        tracks: vec![track],
    }
}

impl World {
    pub fn token(&self, room: &str, publish: bool, subscribe: bool) -> String {
        let rooms = if room == "*" { Rooms::All } else { Rooms::One(room.parse().unwrap()) };
        auth::mint(&self.key, Grant { rooms, publish, subscribe, admin: false }, None, Duration::from_secs(600))
    }

    pub fn admin(&self) -> String {
        let grant = Grant { rooms: Rooms::None, publish: false, subscribe: false, admin: true };
        auth::mint(&self.key, grant, None, Duration::from_secs(600))
    }

    /// A connection that has been opened and says nothing yet.
    pub async fn socket(&self) -> TcpStream {
        TcpStream::connect(self.addr).await.unwrap()
    }

    pub async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut text = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", self.addr);
        for (name, value) in headers {
            text += &format!("{name}: {value}\r\n");
        }
        if !body.is_empty() || method == "POST" || method == "PATCH" {
            text += &format!("Content-Length: {}\r\n", body.len());
        }
        self.raw(format!("{text}\r\n{body}").as_bytes()).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], "").await
    }

    pub async fn post_offer(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let offer = if path.contains("whip") || path.contains("pub") { PUBLISH } else { WATCH };
        let mut all = vec![("Content-Type", "application/sdp")];
        all.extend_from_slice(headers);
        self.ask("POST", path, &all, offer).await
    }

    pub async fn post_json(&self, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut all = vec![("Content-Type", "application/json")];
        all.extend_from_slice(headers);
        self.ask("POST", path, &all, body).await
    }

    pub async fn patch(&self, path: &str, if_match: Option<&str>, fragment: &str) -> Answer {
        let mut headers = vec![("Content-Type", "application/trickle-ice-sdpfrag")];
        headers.extend(if_match.map(|tag| ("If-Match", tag)));
        self.ask("PATCH", path, &headers, fragment).await
    }

    pub async fn raw(&self, bytes: &[u8]) -> Answer {
        let mut socket = self.socket().await;
        // The server may answer and close before it has read all of it; what it said is what matters.
        let _ = socket.write_all(bytes).await;
        read_answer(&mut socket).await
    }

    pub fn times_asked(&self, name: &str) -> usize {
        self.asked.borrow().iter().filter(|asked| **asked == name).count()
    }
}

pub async fn read_answer(socket: &mut TcpStream) -> Answer {
    let mut bytes = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(20), socket.read_to_end(&mut bytes)).await;
    read.expect("the server closes").unwrap_or_else(|e| panic!("the answer did not arrive: {e}"));
    Answer::parse(&bytes)
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Answer {
    fn parse(bytes: &[u8]) -> Answer {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            return Answer { status: 0, headers: Vec::new(), body: text };
        };
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        Answer { status, headers, body: body.to_owned() }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }

    pub fn all(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|(header, _)| header == name).map(|(_, value)| value.as_str()).collect()
    }

    /// The last word of the problem's type.
    #[track_caller]
    pub fn problem(&self) -> String {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        let problem: proto::api::Problem = serde_json::from_str(&self.body).unwrap();
        assert_eq!(problem.status, self.status);
        assert!(!problem.detail.is_empty() && !problem.title.is_empty());
        problem.kind.strip_prefix("urn:weir:problem:").expect("a type of ours").to_owned()
    }

    #[track_caller]
    pub fn is(&self, status: u16, problem: &str) {
        assert_eq!((self.status, self.problem().as_str()), (status, problem), "{self:?}");
    }
}

pub fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

/// A choice at which the test's node ends the session by itself, as one whose peer is lost.
pub const VANISH: &str = r#"{"rid":"vanish"}"#;

pub const TRICKLE: &str = "a=ice-ufrag:peer\r\na=ice-pwd:peerpeerpeerpeerpeerpeer\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n\
    a=candidate:1 1 UDP 2130706431 192.0.2.7 50000 typ host\r\na=end-of-candidates\r\n";

pub const RESTART: &str =
    "a=ice-ufrag:fresh\r\na=ice-pwd:freshfreshfreshfreshfresh\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n";

pub const REFUSED_RESTART: &str =
    "a=ice-ufrag:refused\r\na=ice-pwd:freshfreshfreshfreshfresh\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n";

pub const PUBLISH: &str = concat!(
    "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n",
    "a=fingerprint:sha-256 AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA\r\n",
    "a=ice-ufrag:peer\r\na=ice-pwd:peerpeerpeerpeerpeerpeer\r\na=setup:actpass\r\n",
    "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=sendonly\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\n",
);

pub const WATCH: &str = concat!(
    "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n",
    "a=fingerprint:sha-256 AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA:AA\r\n",
    "a=ice-ufrag:peer\r\na=ice-pwd:peerpeerpeerpeerpeerpeer\r\na=setup:actpass\r\n",
    "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=recvonly\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\n",
);
