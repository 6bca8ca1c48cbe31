//! The JSON API, the probes and the pages.

mod support;

use std::sync::Arc;

use proto::api::{NodeView, RoomView, RoomsView};
use signal::desk::Readiness;
use support::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Duration, timeout};

fn rooms(names: &[&str]) -> Arc<RoomsView> {
    let room = |name: &&str| RoomView { name: (*name).into(), live: true, publishers: vec![], viewers: 7 };
    Arc::new(RoomsView { rooms: names.iter().map(room).collect() })
}

#[tokio::test]
async fn the_rooms_are_listed_and_a_token_sees_its_own() {
    let world = strict().await;
    world.rooms.send(rooms(&["a", "b"])).unwrap();
    world.get("/api/rooms").await.is(401, "unauthorized");
    let list = async |token: String| {
        let answer = world.ask("GET", "/api/rooms", &[("Authorization", &bearer(&token))], "").await;
        let view: RoomsView = serde_json::from_str(&answer.body).unwrap();
        view.rooms.into_iter().map(|room| room.name).collect::<Vec<_>>()
    };
    assert_eq!(list(world.token("b", false, true)).await, ["b"]);
    assert_eq!(list(world.token("*", false, true)).await, ["a", "b"]);
    assert_eq!(list(world.admin()).await, ["a", "b"]);
    let open = open().await;
    assert_eq!(open.get("/api/rooms").await.body, r#"{"rooms":[]}"#);
}

async fn read_until(socket: &mut TcpStream, text: &mut String, wanted: &str) {
    let read = async {
        let mut buffer = [0; 4096];
        while !text.contains(wanted) {
            let n = socket.read(&mut buffer).await.unwrap();
            assert!(n > 0, "the stream ended before {wanted:?}: {text}");
            text.push_str(&String::from_utf8_lossy(&buffer[..n]));
        }
    };
    timeout(Duration::from_secs(10), read).await.unwrap_or_else(|_| panic!("{wanted:?} did not come"));
}

#[tokio::test]
async fn the_list_of_rooms_updates_live() {
    let world = open().await;
    let mut socket = world.socket().await;
    socket.write_all(b"GET /api/rooms/events HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut text = String::new();
    read_until(&mut socket, &mut text, r#"data: {"rooms":[]}"#).await;
    assert!(text.contains("content-type: text/event-stream") && text.contains("event: rooms"), "{text}");
    world.rooms.send(rooms(&["first"])).unwrap();
    read_until(&mut socket, &mut text, r#""name":"first""#).await;
    // A burst arrives as its last state.
    for n in 0..200 {
        world.rooms.send(rooms(&[&format!("burst-{n}")])).unwrap();
    }
    read_until(&mut socket, &mut text, r#""name":"burst-199""#).await;
    assert!(text.matches("event: rooms").count() < 10);
}

#[tokio::test]
async fn event_streams_are_bounded() {
    let world = start(|settings| settings.limits.event_streams_max = 1).await;
    let mut socket = world.socket().await;
    socket.write_all(b"GET /api/rooms/events HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    read_until(&mut socket, &mut String::new(), "data:").await;
    let second = world.get("/api/rooms/events").await;
    second.is(503, "node-busy");
    assert!(second.header("retry-after").is_some());
    drop(socket);
    let freed = async {
        while world.get("/metrics").await.body.contains("weir_http_connections 2") {}
        let mut socket = world.socket().await;
        socket.write_all(b"GET /api/rooms/events HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
        read_until(&mut socket, &mut String::new(), "data:").await;
    };
    timeout(Duration::from_secs(10), freed).await.expect("the place of a stream that ended is free");
}

#[tokio::test]
async fn a_page_learns_whether_it_needs_a_token() {
    for (world, required) in [(strict().await, true), (open().await, false)] {
        let node: NodeView = serde_json::from_str(&world.get("/api/node").await.body).unwrap();
        assert_eq!((node.token_required, node.workers), (required, 1));
    }
}

#[tokio::test]
async fn probes_tell_alive_from_ready() {
    let world = strict().await;
    for (state, status, word) in
        [(Readiness::Ready, 200, "ready"), (Readiness::Full, 503, "full"), (Readiness::Draining, 503, "draining")]
    {
        world.readiness.send(state).unwrap();
        let answer = world.get("/readyz").await;
        assert_eq!((answer.status, answer.body.trim()), (status, word));
        assert_eq!(world.get("/livez").await.status, 200);
    }
}

#[tokio::test]
async fn metrics_are_for_this_machine_and_for_admins() {
    let world = strict().await;
    let here = world.get("/metrics").await;
    assert_eq!(here.status, 200);
    assert!(here.header("content-type").unwrap().starts_with("text/plain"));
    assert!(here.body.contains("weir_sessions 0") && here.body.contains("weir_http_connections 1"), "{}", here.body);
    let through_a_proxy = ("X-Forwarded-For", "203.0.113.5");
    world.ask("GET", "/metrics", &[through_a_proxy], "").await.is(401, "unauthorized");
    let viewer = bearer(&world.token("*", true, true));
    world.ask("GET", "/metrics", &[through_a_proxy, ("Authorization", &viewer)], "").await.is(403, "forbidden");
    let admin = bearer(&world.admin());
    let answer = world.ask("GET", "/metrics", &[through_a_proxy, ("Authorization", &admin)], "").await;
    assert_eq!(answer.status, 200);
    assert!(answer.body.contains(r#"weir_http_requests_total{method="GET",status="401"} 1"#), "{}", answer.body);
}

#[tokio::test]
async fn the_client_is_served_at_its_own_addresses_only() {
    let world = open().await;
    for page in ["/", "/live", "/live/demo", "/watch/demo", "/rooms"] {
        let answer = world.get(page).await;
        assert_eq!(answer.status, 200, "{page}");
        assert!(answer.header("content-type").unwrap().starts_with("text/html"));
        assert_eq!(answer.header("cache-control"), Some("no-cache"));
        let tag = answer.header("etag").unwrap();
        assert_eq!(world.ask("GET", page, &[("If-None-Match", tag)], "").await.status, 304);
        let head = world.ask("HEAD", page, &[], "").await;
        assert_eq!((head.status, head.body.as_str()), (200, ""));
    }
    for nothing in ["/wp-login.php", "/assets/none.js", "/../../etc/passwd", "/%2e%2e/Cargo.toml", "/watch/a/b"] {
        world.get(nothing).await.is(404, "nothing-here");
    }
    world.ask("POST", "/", &[], "").await.is(404, "nothing-here");
}

/// Every documented operation is served, with a status that the document names.
#[tokio::test]
async fn the_openapi_document_tells_the_truth() {
    let world = open().await;
    let doc: serde_json::Value = serde_json::from_str(&world.get("/api/openapi.json").await.body).unwrap();
    let mut operations = 0;
    for (path, methods) in doc["paths"].as_object().unwrap() {
        if ["/api/rooms/events", "/api/admin/events/live"].contains(&path.as_str()) {
            continue; // never end; have tests of their own
        }
        let path = path.replace("{room}", "demo").replace("{session}", "w0100000000000000000000000000000001");
        let path = path.replace("{stream}", "00000000000000000000000000000001");
        let path = path.replace("{id}", "qkfd-mzwhp-xbtr");
        for (method, operation) in methods.as_object().unwrap() {
            let answer = match method.as_str() {
                "post" => world.post_offer(&path, &[]).await,
                "patch" => world.patch(&path, Some("*"), TRICKLE).await,
                _ => world.ask(&method.to_ascii_uppercase(), &path, &[], "").await,
            };
            let documented = operation["responses"].as_object().unwrap();
            assert!(documented.contains_key(&answer.status.to_string()), "{method} {path}: {answer:?}");
            operations += 1;
        }
    }
    assert!(operations >= 20, "{operations}");
    assert_eq!(world.get("/api/docs").await.status, 200);
    assert_eq!(world.get("/api/docs.css").await.header("content-type"), Some("text/css"));
}
