//! The log of events over HTTP: in pages, as a stream, and for administrators only.

use std::time::Duration;

use meetings::Grant;
use meetings::Store as _;
use meetings::events::Sequence;
use proto::event::{Event, EventsView, What};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use crate::support::*;

fn room(n: u64) -> What {
    What::RoomStarted { room: format!("room {n}") }
}

/// Events as another program would write them.
async fn write(world: &World, numbers: std::ops::Range<u64>) {
    let happened: Vec<_> = numbers.map(|n| signal::chronicle::happened("other", n, &room(n))).collect();
    world.store.append_events(&happened).await.unwrap();
}

async fn page(world: &World, query: &str) -> EventsView {
    let auth = bearer(&world.admin());
    let answer = world.ask("GET", &format!("/api/admin/events{query}"), &[("Authorization", &auth)], "").await;
    assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")), "{answer:?}");
    serde_json::from_str(&answer.body).unwrap()
}

async fn started(world: &World) {
    while world.store.last_event().await.unwrap() == Sequence(0) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_program_leafs_through_the_log_and_misses_nothing() {
    let world = open().await;
    started(&world).await;
    write(&world, 1..700).await;
    let first = page(&world, "").await;
    assert_eq!((first.events.len(), first.next, first.more, first.last), (100, 100, true, 700));
    assert!(matches!(&first.events[0].what, What::NodeStarted { .. }));
    let (mut read, mut after) = (Vec::new(), 0);
    loop {
        let page = page(&world, &format!("?limit=300&after={after}")).await;
        (read, after) = ([read, page.events].concat(), page.next);
        if !page.more {
            break;
        }
    }
    assert!(read.iter().zip(1..).all(|(event, n)| event.sequence == n) && read.len() == 700);
    // Looked through whether or not there is any.
    let none = page(&world, "?kind=meeting.*,person.left").await;
    assert_eq!((none.events.len(), none.next, none.more), (0, 700, false));
    let one = page(&world, "?kind=node.started").await;
    assert_eq!((one.events.len(), one.next, one.more), (1, 700, false));
    let end = page(&world, "?after=700").await;
    assert_eq!((end.events.len(), end.next, end.more, end.last), (0, 700, false, 700));
    let auth = bearer(&world.admin());
    for (query, problem) in [
        ("?after=x", "bad-cursor"),
        ("?kind=nothing", "bad-input"),
        ("?limit=0", "bad-input"),
        ("?limit=9999", "bad-input"),
    ] {
        world.ask("GET", &format!("/api/admin/events{query}"), &[("Authorization", &auth)], "").await.is(422, problem);
    }
}

struct Stream(BufReader<TcpStream>);

impl Stream {
    async fn open(world: &World, path: &str, headers: &[(&str, &str)]) -> Stream {
        let mut socket = world.socket().await;
        let mut text = format!("GET {path} HTTP/1.1\r\nHost: {}\r\n", world.addr);
        for (name, value) in headers {
            text += &format!("{name}: {value}\r\n");
        }
        socket.write_all(format!("{text}\r\n").as_bytes()).await.unwrap();
        let mut stream = Stream(BufReader::new(socket));
        let head = stream.line("HTTP/1.1").await;
        assert!(head.contains(" 200 "), "{head}");
        stream
    }

    /// The next line that begins so.
    async fn line(&mut self, what: &str) -> String {
        let mut line = String::new();
        loop {
            line.clear();
            let read = tokio::time::timeout(Duration::from_secs(20), self.0.read_line(&mut line)).await;
            assert!(read.expect("it comes").unwrap() > 0, "the stream has ended before {what}");
            if line.starts_with(what) {
                return line.trim().to_owned();
            }
        }
    }

    async fn event(&mut self) -> Event {
        let line = self.line("data:").await;
        serde_json::from_str(line.split_once("data:").unwrap().1).unwrap()
    }
}

#[tokio::test]
async fn a_page_follows_the_log_and_goes_on_where_it_was_cut_off() {
    let world = open().await;
    started(&world).await;
    let auth = bearer(&world.admin());
    let mut all = Stream::open(&world, "/api/admin/events/live?after=0", &[("Authorization", &auth)]).await;
    let mut new = Stream::open(&world, "/api/admin/events/live", &[("Authorization", &auth)]).await;
    assert_eq!(all.line("id:").await, "id: 1");
    // What another program writes is seen as well, if a moment later.
    write(&world, 1..5).await;
    for n in 2..=5 {
        let event = new.event().await;
        assert_eq!((event.sequence, event.what), (n, room(n - 1)));
    }
    let resumed = [("Authorization", auth.as_str()), ("Last-Event-ID", "3")];
    let mut resumed = Stream::open(&world, "/api/admin/events/live?after=0&kind=room.*", &resumed).await;
    assert_eq!(resumed.event().await.sequence, 4);
    // By cookie, as the page does.
    let admin = world.person_with(Grant::Admin).await;
    let secret = admin.auth.trim_start_matches("Bearer ");
    let cookie = format!("__Host-weir={secret}");
    let mut by_cookie = Stream::open(&world, "/api/admin/events/live?after=4", &[("Cookie", &cookie)]).await;
    assert_eq!(by_cookie.event().await.sequence, 5);
}

#[tokio::test]
async fn nobody_but_an_administrator_follows_it() {
    let world = strict().await;
    let path = "/api/admin/events/live";
    world.ask("GET", path, &[], "").await.is(401, "unauthorized");
    let person = world.person().await;
    world.ask("GET", path, &person.header(), "").await.is(403, "forbidden");
    let viewer = bearer(&world.token("*", true, true));
    world.ask("GET", path, &[("Authorization", &viewer)], "").await.is(403, "forbidden");
    world.ask("GET", path, &[("Authorization", "Bearer a.b.c")], "").await.is(401, "unauthorized");
    let by_url = format!("{path}?access_token={}", world.token("*", true, true));
    world.ask("GET", &by_url, &[], "").await.is(403, "forbidden");
    let by_url = format!("{path}?after=0&access_token={}", world.admin());
    let mut stream = Stream::open(&world, &by_url, &[]).await;
    assert_eq!(stream.event().await.sequence, 1);
}

#[tokio::test]
async fn whoever_is_at_a_machine_that_only_itself_can_reach_follows_it_and_sends_nothing_anywhere() {
    let world = open().await;
    let mut stream = Stream::open(&world, "/api/admin/events/live?after=0", &[]).await;
    assert_eq!(stream.event().await.sequence, 1);
    assert_eq!(world.get("/api/admin/events").await.status, 200);
    world.get("/api/admin/webhooks").await.is(401, "unauthorized");
    world.ask("POST", "/api/admin/webhooks/1/replay", &[], r#"{"from":1}"#).await.is(401, "unauthorized");
    // A token that is shown counts, also here.
    let viewer = bearer(&world.token("*", true, true));
    world.ask("GET", "/api/admin/events", &[("Authorization", &viewer)], "").await.is(403, "forbidden");
    // And a page of another site has nothing to look for here.
    let foreign = [("Origin", "https://evil.example"), ("Sec-Fetch-Site", "cross-site")];
    world.ask("GET", "/api/admin/events", &foreign, "").await.is(401, "unauthorized");
}
