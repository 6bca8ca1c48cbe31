//! What a viewer can do while it watches: another room, another layer, events, and asking how it fares.

mod support;

use std::sync::Arc;

use proto::LayerChoice;
use proto::api::{LayerView, PublisherView, RoomView, RoomsView, SessionView, TrackKind, TrackView};
use signal::desk::Readiness;
use signal::{Rate, auth};
use support::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Duration, Instant, timeout};

/// A room that is live, with a viewer, and where the viewer's session is.
async fn viewer(world: &World, headers: &[(&str, &str)]) -> String {
    assert_eq!(world.post_offer("/whip/demo", headers).await.status, 201);
    let watching = world.post_offer("/whep/demo", headers).await;
    assert_eq!(watching.status, 201);
    watching.header("location").unwrap().to_owned()
}

fn room(name: &str, live: bool, viewers: u32) -> RoomView {
    let layer = |rid: &str, kbps| LayerView { rid: Some(rid.into()), kbps, silent: kbps == 0 };
    let layers = vec![layer("h", 900), layer("q", 0)];
    let track = TrackView { kind: TrackKind::Video, codec: "VP8".into(), layers };
    let publisher = PublisherView {
        id: "0-0-0".into(),
        name: None,
        speaking: false,
        heard: false,
        shown: true,
        age_s: 3,
        tracks: vec![track],
    };
    RoomView { name: name.into(), live, publishers: vec![publisher], viewers }
}

fn rooms(rooms: &[RoomView]) -> Arc<RoomsView> {
    Arc::new(RoomsView { rooms: rooms.to_vec() })
}

/// An event stream as a player reads it.
struct Player {
    socket: TcpStream,
    text: String,
}

impl Player {
    async fn read(world: &World, location: &str) -> Player {
        let mut socket = world.socket().await;
        let request = format!("GET {location} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        socket.write_all(request.as_bytes()).await.unwrap();
        Player { socket, text: String::new() }
    }

    async fn hears(&mut self, wanted: &str) {
        let mut buffer = [0; 4096];
        let read = async {
            while !self.text.contains(wanted) {
                let n = self.socket.read(&mut buffer).await.unwrap();
                assert!(n > 0, "the stream ended before {wanted:?}: {}", self.text);
                self.text.push_str(&String::from_utf8_lossy(&buffer[..n]));
            }
        };
        timeout(Duration::from_secs(10), read).await.unwrap_or_else(|_| panic!("{wanted:?} did not come"));
    }

    /// Reads to the end.
    async fn ends(mut self) -> String {
        let mut rest = Vec::new();
        timeout(Duration::from_secs(12), self.socket.read_to_end(&mut rest)).await.expect("the stream ends").unwrap();
        self.text + &String::from_utf8_lossy(&rest)
    }
}

#[tokio::test]
async fn a_viewer_moves_to_another_room_by_its_session() {
    let world = open().await;
    let session = viewer(&world, &[]).await;
    let moved = world.post_json(&format!("{session}/source"), &[], r#"{"room": "b"}"#).await;
    assert_eq!((moved.status, moved.body.as_str()), (204, ""));
    assert_eq!(*world.moved.borrow(), ["b"]);

    let publisher = world.post_offer("/whip/other", &[]).await;
    let source = format!("{}/source", publisher.header("location").unwrap());
    world.post_json(&source, &[], r#"{"room":"b"}"#).await.is(404, "nothing-here");
    let as_viewer = source.replace("/whip/", "/whep/");
    world.post_json(&as_viewer, &[], r#"{"room":"b"}"#).await.is(409, "not-a-viewer");
    let gone = "/whep/demo/w0000000000000000000000000000000999/source";
    world.post_json(gone, &[], r#"{"room":"b"}"#).await.is(404, "no-session");
    assert_eq!(world.moved.borrow().len(), 1);
}

#[tokio::test]
async fn moving_needs_the_session_and_the_right_to_watch_where_it_goes() {
    let world = strict().await;
    let ann = bearer(&world.token("*", true, true));
    let ann = [("Authorization", ann.as_str())];
    let session = viewer(&world, &ann).await;
    let source = format!("{session}/source");
    let body = r#"{"room":"b"}"#;
    world.post_json(&source, &[], body).await.is(401, "unauthorized");
    let bob = bearer(&world.token("*", false, true));
    world.post_json(&source, &[("Authorization", &bob)], body).await.is(403, "not-yours");
    world.post_json(&source, &[("Authorization", "Bearer x.y.z")], body).await.is(401, "unauthorized");
    assert_eq!(world.times_asked("switch"), 0);
    assert_eq!(world.post_json(&source, &ann, body).await.status, 204);

    // A session whose token was in its URL is held by its URL; the room it goes to still asks for a token.
    let limited = world.token("demo", false, true);
    let watching = world.post_offer(&format!("/whep/demo?access_token={limited}"), &[]).await;
    let source = format!("{}/source", watching.header("location").unwrap());
    world.post_json(&source, &[], body).await.is(401, "unauthorized");
    let may_watch_demo = format!("{source}?access_token={limited}");
    world.post_json(&may_watch_demo, &[], body).await.is(403, "forbidden");
    assert_eq!(world.post_json(&may_watch_demo, &[], r#"{"room":"demo"}"#).await.status, 204);
    assert_eq!(*world.moved.borrow(), ["b", "demo"]);
}

#[tokio::test]
async fn an_expired_token_keeps_a_session_and_does_not_move_it() {
    let world = strict().await;
    let grant = || auth::Grant { rooms: auth::Rooms::All, publish: true, subscribe: true, admin: false };
    let short = bearer(&auth::mint(&world.key, grant(), Some("ann"), Duration::from_secs(2)));
    let session = viewer(&world, &[("Authorization", &short)]).await;
    tokio::time::sleep(Duration::from_millis(2_100)).await;
    let headers = [("Authorization", short.as_str())];
    world.post_json(&format!("{session}/source"), &headers, r#"{"room":"b"}"#).await.is(401, "unauthorized");
    assert_eq!(world.post_json(&format!("{session}/layer"), &headers, "{}").await.status, 200);
    let view = world.ask("GET", &session.replace("/whep/demo/", "/api/sessions/"), &headers, "").await;
    assert_eq!(view.status, 200);
}

#[tokio::test]
async fn what_is_posted_about_a_session_is_bounded_json() {
    let world = open().await;
    let session = viewer(&world, &[]).await;
    for (path, good) in [("source", r#"{"room":"b"}"#), ("layer", "{}"), ("sse", "[\"active\"]")] {
        let path = format!("{session}/{path}");
        let long = format!("{good}{}", " ".repeat(5000));
        world.post_json(&path, &[], &long).await.is(413, "body-too-large");
        for bad in ["{", "nonsense", "\u{0}", "[[[[[[[[", r#"{"room":7}"#, r#"{"rid":7}"#] {
            let answer = world.post_json(&path, &[], bad).await;
            if answer.status != 200 {
                answer.is(400, "malformed-body");
            }
        }
        world.ask("POST", &path, &[("Content-Type", "application/sdp")], good).await.is(415, "wrong-content-type");
        world.ask("POST", &path, &[], good).await.is(415, "wrong-content-type");
        let typed = [("Content-Type", "application/json; charset=utf-8")];
        assert!(world.ask("POST", &path, &typed, good).await.status < 300);
        world.ask("PUT", &path, &[], "").await.is(405, "method-not-allowed");
        let preflight = [("Origin", "https://player.example"), ("Access-Control-Request-Method", "POST")];
        let preflight = world.ask("OPTIONS", &path, &preflight, "").await;
        assert_eq!((preflight.status, preflight.header("access-control-allow-origin")), (200, Some("*")));
    }
    assert_eq!(*world.moved.borrow(), ["b"]);
}

#[tokio::test]
async fn a_viewer_chooses_a_layer_and_leaves_it_to_the_server_again() {
    let world = open().await;
    let session = viewer(&world, &[]).await;
    let layer = format!("{session}/layer");
    for body in [r#"{"mediaId":"0","encodingId":"h"}"#, "{}", r#"{"paused":true}"#] {
        assert_eq!(world.post_json(&layer, &[], body).await.status, 200, "{body}");
    }
    let wanted = LayerChoice { mid: Some("0".into()), rid: Some("h".into()), ..LayerChoice::default() };
    let paused = LayerChoice { paused: true, ..LayerChoice::default() };
    assert_eq!(*world.chosen.borrow(), [wanted, LayerChoice::default(), paused]);
    world.post_json(&layer, &[], r#"{"rid":"none"}"#).await.is(422, "bad-choice");
}

#[tokio::test]
async fn a_watching_session_names_its_extensions_and_a_publishing_one_has_none() {
    let world = open().await;
    let publishing = world.post_offer("/whip/demo", &[]).await;
    assert!(publishing.all("link").is_empty());
    let watching = world.post_offer("/whep/demo", &[]).await;
    let session = watching.header("location").unwrap();
    let rel = "urn:ietf:params:whep:ext:core";
    assert_eq!(
        watching.all("link"),
        [
            format!(
                r#"<{session}/sse>; rel="{rel}:server-sent-events"; events="active,inactive,layers,reconnect,viewercount,speaker""#
            ),
            format!(r#"<{session}/layer>; rel="{rel}:layer""#),
        ]
    );
}

#[tokio::test]
async fn a_player_is_told_of_the_room_it_watches_and_of_the_next_one() {
    let world = open().await;
    world.rooms.send(rooms(&[room("demo", true, 3)])).unwrap();
    let session = viewer(&world, &[]).await;
    let created = world.post_json(&format!("{session}/sse"), &[], "").await;
    assert_eq!(created.status, 201, "{created:?}");
    let location = created.header("location").unwrap();
    assert!(location.starts_with(&format!("{session}/sse/")), "{location}");

    let mut player = Player::read(&world, location).await;
    player.hears("event: viewercount\ndata: {\"viewercount\":3}\n").await;
    assert!(player.text.contains("content-type: text/event-stream"));
    player.hears("event: active\ndata: {\"tracks\":[{\"codec\":\"VP8\",\"kind\":\"video\"}]}\n").await;
    player.hears("event: layers\ndata: {\"0\":[{\"bitrate\":900000,\"rid\":\"h\"},{\"rid\":\"q\"}]}\n").await;
    world.rooms.send(rooms(&[room("demo", true, 4)])).unwrap();
    player.hears("{\"viewercount\":4}").await;

    assert_eq!(world.post_json(&format!("{session}/source"), &[], r#"{"room":"b"}"#).await.status, 204);
    player.hears("event: inactive\ndata: {}\n").await;
    world.rooms.send(rooms(&[room("b", true, 1), room("demo", true, 3)])).unwrap();
    player.hears("{\"viewercount\":1}").await;
    assert_eq!(player.text.matches("event: active").count(), 2);

    world.readiness.send(Readiness::Draining).unwrap();
    player.hears("event: reconnect\ndata: {}\n").await;
    assert_eq!(world.ask("DELETE", &session, &[], "").await.status, 200);
    player.ends().await;
    world.get(location).await.is(404, "no-stream");
}

#[tokio::test]
async fn a_player_hears_only_what_it_asked_for_and_ends_its_stream() {
    let world = open().await;
    world.rooms.send(rooms(&[room("demo", true, 3)])).unwrap();
    let session = viewer(&world, &[]).await;
    let created = world.post_json(&format!("{session}/sse"), &[], r#"["viewercount","scte35"]"#).await;
    let location = created.header("location").unwrap();
    let mut player = Player::read(&world, location).await;
    player.hears("event: viewercount").await;
    assert_eq!(world.ask("DELETE", location, &[], "").await.status, 200);
    let all = player.ends().await;
    assert_eq!(all.matches("event: ").count(), 1, "{all}");
    world.ask("DELETE", location, &[], "").await.is(404, "no-stream");
    world.ask("POST", location, &[], "").await.is(405, "method-not-allowed");
}

#[tokio::test]
async fn the_newest_reader_of_a_stream_goes_on_and_is_told_how_things_are() {
    let world = open().await;
    world.rooms.send(rooms(&[room("demo", true, 3)])).unwrap();
    let session = viewer(&world, &[]).await;
    let created = world.post_json(&format!("{session}/sse"), &[], "").await;
    let location = created.header("location").unwrap();
    let mut first = Player::read(&world, location).await;
    first.hears("event: active").await;
    let mut second = Player::read(&world, location).await;
    second.hears("event: active").await;
    first.ends().await;
    world.rooms.send(rooms(&[room("demo", false, 3)])).unwrap();
    second.hears("event: inactive").await;
}

#[tokio::test]
async fn a_stream_ends_with_a_session_that_ends_by_itself() {
    let world = open().await;
    let session = viewer(&world, &[]).await;
    let created = world.post_json(&format!("{session}/sse"), &[], "").await;
    let player = Player::read(&world, created.header("location").unwrap()).await;
    assert_eq!(world.post_json(&format!("{session}/layer"), &[], VANISH).await.status, 200);
    player.ends().await;
    world.get(&session).await.is(404, "no-session");
}

#[tokio::test]
async fn event_streams_are_for_the_sessions_holder_and_bounded() {
    let world = start(|settings| {
        settings.auth = auth::Policy::Required;
        settings.limits.event_streams_max = 3;
    })
    .await;
    let ann = bearer(&world.token("*", true, true));
    let ann = [("Authorization", ann.as_str())];
    let session = viewer(&world, &ann).await;
    let sse = format!("{session}/sse");
    world.post_json(&sse, &[], "").await.is(401, "unauthorized");
    let bob = bearer(&world.token("*", true, true));
    world.post_json(&sse, &[("Authorization", &bob)], "").await.is(403, "not-yours");
    let first = world.post_json(&sse, &ann, "").await;
    assert_eq!(first.status, 201);
    assert_eq!(world.post_json(&sse, &ann, "").await.status, 201);
    let third = world.post_json(&sse, &ann, "").await;
    third.is(429, "too-many-streams");
    assert!(third.header("retry-after").is_some());
    // Another session takes the last place of the node.
    let other = world.post_offer("/whep/demo", &ann).await;
    let other = format!("{}/sse", other.header("location").unwrap());
    assert_eq!(world.post_json(&other, &ann, "").await.status, 201);
    world.post_json(&other, &ann, "").await.is(503, "node-busy");

    // EventSource sends no token: the stream's URL is the right. A wrong token is still wrong.
    let location = first.header("location").unwrap();
    world.ask("GET", location, &[("Authorization", "Bearer x.y.z")], "").await.is(401, "unauthorized");
    let mut player = Player::read(&world, location).await;
    player.hears("200 OK").await;
    for guess in ["0".repeat(32), "x".into(), "0".repeat(31), "A".repeat(32)] {
        world.get(&format!("{sse}/{guess}")).await.is(404, "no-stream");
    }
}

#[tokio::test]
async fn older_clients_move_a_viewer_by_the_name_it_gave_itself() {
    let world = open().await;
    assert_eq!(world.post_offer("/whip/demo", &[]).await.status, 201);
    assert_eq!(world.post_offer("/whap?room=demo&subuuid=in-the-url", &[]).await.status, 201);
    let both = "/whap?room=demo&subuuid=loses";
    assert_eq!(world.post_offer(both, &[("X-deadsfu-subuuid", "in-a-header")]).await.status, 201);
    for (query, moved) in [
        ("room=b&subuuid=in-the-url", Some("b")),
        ("room=c&subuuid=in-a-header", Some("c")),
        ("room=&subuuid=in-a-header", Some("mainroom")),
        ("room=b&subuuid=loses", None),
        ("room=b&subuuid=unknown", None),
        ("room=a%20b&subuuid=in-the-url", None),
        ("room=b", None),
        ("", None),
    ] {
        let before = world.moved.borrow().len();
        let answer = world.get(&format!("/switchRoom?{query}")).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, ""), "{query}");
        assert_eq!(world.moved.borrow().get(before).map(String::as_str), moved, "{query}");
    }
}

#[tokio::test]
async fn a_strangers_name_moves_nobody_who_is_not_theirs() {
    let world = strict().await;
    let ann = bearer(&world.token("*", true, true));
    assert_eq!(world.post_offer("/whip/demo", &[("Authorization", &ann)]).await.status, 201);
    let named = world.post_offer("/whep/demo?subuuid=ann", &[("Authorization", &ann)]).await;
    assert_eq!(named.status, 201);
    let limited = world.token("demo", false, true);
    assert_eq!(world.post_offer(&format!("/whep/demo?subuuid=open&access_token={limited}"), &[]).await.status, 201);
    let ask = async |query: &str, token: Option<&str>| {
        let token = token.map(bearer);
        let headers: Vec<_> = token.iter().map(|token| ("Authorization", token.as_str())).collect();
        assert_eq!(world.ask("GET", &format!("/switchRoom?{query}"), &headers, "").await.status, 200);
        world.moved.borrow().len()
    };
    assert_eq!(ask("room=b&subuuid=ann", None).await, 0, "no token");
    assert_eq!(ask("room=b&subuuid=ann", Some(&world.token("*", false, true))).await, 0, "somebody else's");
    assert_eq!(ask("room=b&subuuid=open", Some(&limited)).await, 0, "a room that the token does not cover");
    assert_eq!(ask(&format!("room=demo&subuuid=open&access_token={limited}"), None).await, 1);
    let cross_site = [("Authorization", ann.as_str()), ("Sec-Fetch-Site", "cross-site")];
    world.ask("GET", "/switchRoom?room=b&subuuid=ann", &cross_site, "").await;
    assert_eq!(world.moved.borrow().len(), 1, "an image on a stranger's page");
    world.ask("GET", "/switchRoom?room=b&subuuid=ann", &[("Authorization", &ann)], "").await;
    assert_eq!(*world.moved.borrow(), ["demo", "b"]);
    // The name ends with the session.
    let location = named.header("location").unwrap();
    assert_eq!(world.ask("DELETE", location, &[("Authorization", &ann)], "").await.status, 200);
    let before = world.times_asked("switch");
    world.ask("GET", "/switchRoom?room=b&subuuid=ann", &[("Authorization", &ann)], "").await;
    assert_eq!(world.times_asked("switch"), before);
}

#[tokio::test]
async fn older_clients_long_poll_the_names_of_the_rooms() {
    let world = open().await;
    assert_eq!(world.get("/getRoomList").await.body, r#"{"serial":100,"rooms":[]}"#);
    assert_eq!(world.get("/getRoomList?serial=7").await.body, r#"{"serial":100,"rooms":[]}"#);
    let asked = Instant::now();
    let change = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        world.rooms.send(rooms(&[room("a", true, 1)])).unwrap();
    };
    let (answer, ()) = tokio::join!(world.get("/getRoomList?serial=100"), change);
    assert_eq!(answer.body, r#"{"serial":101,"rooms":["a"]}"#);
    assert!(asked.elapsed() >= Duration::from_millis(300));
    // What changes within a room is no news here.
    world.rooms.send(rooms(&[room("a", true, 2)])).unwrap();
    assert_eq!(world.get("/getRoomList?serial=1").await.body, r#"{"serial":101,"rooms":["a"]}"#);
    let world = strict().await;
    world.get("/getRoomList?serial=100").await.is(401, "unauthorized");
    world.rooms.send(rooms(&[room("a", true, 1), room("b", true, 1)])).unwrap();
    let list = world.get(&format!("/getRoomList?access_token={}", world.token("b", false, true))).await;
    assert_eq!(list.body, r#"{"serial":101,"rooms":["b"]}"#);
}

#[tokio::test]
async fn pollers_beyond_the_places_there_are_do_not_wait() {
    let mut world = start(|settings| settings.limits.event_streams_max = 1).await;
    let request = b"GET /getRoomList?serial=100 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let mut waiting = world.socket().await;
    waiting.write_all(request).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let second = timeout(Duration::from_secs(2), world.get("/getRoomList?serial=100")).await;
    assert_eq!(second.expect("it does not wait").body, r#"{"serial":100,"rooms":[]}"#);
    // A server that closes answers with what there is.
    world.stop.take().unwrap().send(()).unwrap();
    assert_eq!(read_answer(&mut waiting).await.body, r#"{"serial":100,"rooms":[]}"#);
}

#[tokio::test]
async fn a_session_is_looked_at_by_its_holder_and_by_an_operator() {
    let world = strict().await;
    let ann = bearer(&world.token("*", true, true));
    let session = viewer(&world, &[("Authorization", &ann)]).await;
    let id = session.rsplit('/').next().unwrap();
    let path = format!("/api/sessions/{id}");
    let ask = async |token: &str| world.ask("GET", &path, &[("Authorization", token)], "").await;
    let seen = ask(&ann).await;
    assert_eq!((seen.status, seen.header("cache-control")), (200, Some("no-store")));
    assert!(!seen.body.contains(id), "the id is a right");
    let view: SessionView = serde_json::from_str(&seen.body).unwrap();
    assert_eq!((view.room.as_str(), view.tracks.len()), ("demo", 1));
    assert!(seen.body.contains(r#""verdict":{"is":"waiting-for-keyframe","since_ms":900,"asked":2}"#), "{}", seen.body);
    assert!(view.tracks[0].sentence.contains("keyframe"));

    assert_eq!(ask(&bearer(&world.admin())).await.status, 200);
    world.get(&path).await.is(401, "unauthorized");
    ask(&bearer(&world.token("*", true, true))).await.is(403, "not-yours");
    ask("Bearer x.y.z").await.is(401, "unauthorized");
    for none in ["w0000000000000000000000000000000999", "x", "..%2f..%2frooms"] {
        world.ask("GET", &format!("/api/sessions/{none}"), &[("Authorization", &ann)], "").await.is(404, "no-session");
    }
    world.get("/api/sessions").await.is(404, "nothing-here");
}

#[tokio::test]
async fn an_operator_whose_token_has_expired_looks_at_nobodys_session() {
    let world = strict().await;
    let ann = bearer(&world.token("*", true, true));
    let session = viewer(&world, &[("Authorization", &ann)]).await;
    let grant = auth::Grant { rooms: auth::Rooms::None, publish: false, subscribe: false, admin: true };
    let expired = bearer(&auth::mint(&world.key, grant, None, Duration::ZERO));
    let path = session.replace("/whep/demo/", "/api/sessions/");
    world.ask("GET", &path, &[("Authorization", &expired)], "").await.is(403, "not-yours");
}

#[tokio::test]
async fn whoever_floods_with_wishes_waits() {
    let world = start(|settings| settings.limits.local_rate = Rate { per_s: 1, burst: 6 }).await;
    let session = viewer(&world, &[]).await;
    let mut refused = 0;
    for _ in 0..10 {
        refused += u32::from(world.post_json(&format!("{session}/layer"), &[], "{}").await.status == 429);
    }
    assert!(refused >= 4, "{refused}");
    world.get(&session.replace("/whep/demo/", "/api/sessions/")).await.is(429, "rate-limited");
}
