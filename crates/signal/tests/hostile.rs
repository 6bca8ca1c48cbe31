//! Clients that do not mean well, or do not know what they do.

mod support;

use signal::{IceServer, Limits, Rate};
use support::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Duration, Instant, timeout};

fn limits(adjust: impl FnOnce(&mut Limits)) -> impl FnOnce(&mut signal::Settings) {
    |settings| adjust(&mut settings.limits)
}

#[tokio::test]
async fn without_a_token_nothing_of_the_body_is_looked_at() {
    let world = strict().await;
    for path in ["/whip/demo", "/whep/demo"] {
        let answer = world.ask("POST", path, &[("Content-Type", "text/nonsense")], "nonsense").await;
        answer.is(401, "unauthorized");
        assert_eq!(answer.header("www-authenticate"), Some(r#"Bearer realm="weir""#));
        let wrong = world.ask("POST", path, &[("Authorization", "Bearer a.b.c")], "nonsense").await;
        wrong.is(401, "unauthorized");
        assert!(wrong.header("www-authenticate").unwrap().contains("error=\"invalid_token\""));
    }
    assert!(world.asked.borrow().is_empty());
}

#[tokio::test]
async fn a_token_for_another_room_or_another_right_is_forbidden() {
    let world = strict().await;
    let watcher = bearer(&world.token("demo", false, true));
    let answer = world.post_offer("/whip/demo", &[("Authorization", &watcher)]).await;
    answer.is(403, "forbidden");
    assert!(answer.header("www-authenticate").unwrap().contains("insufficient_scope"));
    let elsewhere = bearer(&world.token("other", true, true));
    world.post_offer("/whip/demo", &[("Authorization", &elsewhere)]).await.is(403, "forbidden");
    assert!(world.asked.borrow().is_empty());
}

#[tokio::test]
async fn a_session_belongs_to_the_token_that_made_it() {
    let world = strict().await;
    let ann = bearer(&world.token("demo", true, false));
    let bob = bearer(&world.token("*", true, true));
    let created = world.post_offer("/whip/demo", &[("Authorization", &ann)]).await;
    let location = created.header("location").unwrap();
    for method in ["GET", "DELETE", "PATCH"] {
        let headers = [("Content-Type", "application/trickle-ice-sdpfrag"), ("If-Match", "*")];
        let body = if method == "PATCH" { TRICKLE } else { "" };
        world.ask(method, location, &headers, body).await.is(401, "unauthorized");
        let as_bob = [headers[0], headers[1], ("Authorization", bob.as_str())];
        world.ask(method, location, &as_bob, body).await.is(403, "not-yours");
        let garbage = [headers[0], headers[1], ("Authorization", "Bearer zzz")];
        world.ask(method, location, &garbage, body).await.is(401, "unauthorized");
    }
    assert_eq!(world.times_asked("patch"), 0, "nobody else's fragment was parsed");
    assert_eq!(world.ask("DELETE", location, &[("Authorization", &ann)], "").await.status, 200);
}

#[tokio::test]
async fn a_session_whose_token_was_in_the_url_is_changed_by_its_url() {
    let world = strict().await;
    let token = world.token("demo", true, false);
    let created = world.post_offer(&format!("/whip/demo?access_token={token}"), &[]).await;
    let location = created.header("location").unwrap();
    assert!(!location.contains(&token));
    assert_eq!(world.patch(location, created.header("etag"), TRICKLE).await.status, 204);
    assert_eq!(world.ask("DELETE", location, &[], "").await.status, 200);
}

#[tokio::test]
async fn guessed_sessions_do_not_exist_and_cost_no_parsing() {
    let world = open().await;
    for id in
        ["w00", "1", "w000000000000000000000000000000ffff", "..%2f..%2fetc", "W0000000000000000000000000000000001"]
    {
        let path = format!("/whip/demo/{id}");
        world.patch(&path, Some("*"), "garbage").await.is(404, "no-session");
        world.ask("DELETE", &path, &[], "").await.is(404, "no-session");
    }
    assert_eq!(world.times_asked("patch"), 0);
}

#[tokio::test]
async fn a_page_of_a_stranger_cannot_use_the_open_door_on_localhost() {
    let world = open().await;
    let from_page = world.post_offer("/whip/demo", &[("Origin", "https://evil.example")]).await;
    from_page.is(401, "unauthorized");
    let rebound = "POST /whip/demo HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    world.raw(rebound.as_bytes()).await.is(401, "unauthorized");
    let proxied = world.post_offer("/whip/demo", &[("X-Forwarded-For", "203.0.113.5")]).await;
    proxied.is(401, "unauthorized");
    let token = bearer(&world.token("demo", true, false));
    let invited =
        world.post_offer("/whip/demo", &[("Origin", "https://evil.example"), ("Authorization", &token)]).await;
    assert_eq!(invited.status, 201);
}

#[tokio::test]
async fn a_ten_megabyte_offer_is_refused_and_the_sender_hears_why() {
    let world = open().await;
    let head = "POST /whip/demo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/sdp\r\n";
    let body = vec![b'a'; 10 << 20];
    let announced = [format!("{head}Content-Length: {}\r\n\r\n", body.len()).as_bytes(), &body].concat();
    let chunk = format!("{:x}\r\n", body.len());
    let chunked =
        [format!("{head}Transfer-Encoding: chunked\r\n\r\n{chunk}").as_bytes(), &body, b"\r\n0\r\n\r\n"].concat();
    for upload in [announced, chunked] {
        let mut socket = world.socket().await;
        // Most clients read no answer once their upload fails, so the server has to let it end.
        socket.write_all(&upload).await.expect("the upload is not cut off");
        read_answer(&mut socket).await.is(413, "body-too-large");
    }
    assert!(world.asked.borrow().is_empty());
}

#[tokio::test]
async fn one_client_that_floods_waits_and_is_told_how_long() {
    let world = start(limits(|limits| limits.local_rate = Rate { per_s: 1, burst: 5 })).await;
    let mut refused = 0;
    for _ in 0..10 {
        let answer = world.post_offer("/whep/demo", &[]).await;
        if answer.status == 429 {
            answer.is(429, "rate-limited");
            assert!(answer.header("retry-after").unwrap().parse::<u32>().unwrap() >= 1);
            refused += 1;
        }
    }
    assert!(refused >= 3, "{refused}");
    assert!(world.times_asked("watch") <= 7);
    assert_eq!(world.get("/livez").await.status, 200, "reading is not counted");
}

#[tokio::test]
async fn behind_a_trusted_proxy_each_client_has_its_own_bucket() {
    let world = start(|settings| {
        settings.auth = signal::auth::Policy::Open;
        settings.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
        settings.limits.rate = Rate { per_s: 1, burst: 1 };
    })
    .await;
    let post =
        async |forwarded: &'static str| world.post_offer("/whep/demo", &[("X-Forwarded-For", forwarded)]).await.status;
    assert_eq!(post("203.0.113.5").await, 409);
    assert_eq!(post("198.51.100.1, 203.0.113.5").await, 429, "what the client itself wrote does not count");
    assert_eq!(post("203.0.113.6").await, 409);
}

#[tokio::test]
async fn who_drips_a_request_is_cut_off_and_others_are_served_meanwhile() {
    let world = start(limits(|limits| {
        limits.head_timeout = Duration::from_millis(300);
        limits.body_timeout = Duration::from_millis(300);
    }))
    .await;
    let mut drips = Vec::new();
    for _ in 0..20 {
        let mut socket = world.socket().await;
        socket.write_all(b"POST /whip/demo HT").await.unwrap();
        drips.push(socket);
    }
    let silent = world.socket().await;
    drips.push(silent);
    assert_eq!(world.get("/livez").await.status, 200);
    for mut socket in drips {
        let mut rest = Vec::new();
        let closed = timeout(Duration::from_secs(10), socket.read_to_end(&mut rest)).await;
        assert!(closed.is_ok(), "a connection without a request stays open");
    }
    let slow_body = b"POST /whip/demo HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/sdp\r\nContent-Length: 500\r\n\r\nv=0";
    world.raw(slow_body).await.is(408, "body-timeout");
}

#[tokio::test]
async fn idle_connections_make_way_when_the_house_is_full() {
    let world = start(limits(|limits| limits.connections_max = 10)).await;
    let mut idle = Vec::new();
    for _ in 0..30 {
        idle.push(world.socket().await);
    }
    assert_eq!(world.get("/livez").await.status, 200);
    let metrics = world.get("/metrics").await;
    let evicted = metrics.body.lines().find_map(|line| line.strip_prefix("weir_http_connections_evicted_total "));
    assert!(evicted.unwrap().parse::<u32>().unwrap() >= 20, "{evicted:?}");
}

#[tokio::test]
async fn garbage_and_huge_heads_end_one_connection_and_nothing_else() {
    let world = open().await;
    let long_header = format!("GET / HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n", "a".repeat(100_000));
    let many_headers = format!("GET / HTTP/1.1\r\nHost: localhost\r\n{}\r\n", "X: a\r\n".repeat(2000));
    for bytes in [
        b"\x16\x03\x01\x02\x00\x01\x00".as_slice(),
        b"NONSENSE\r\n\r\n",
        long_header.as_bytes(),
        many_headers.as_bytes(),
    ] {
        let status = world.raw(bytes).await.status;
        assert!(matches!(status, 0 | 400 | 431), "{status}");
    }
    assert_eq!(world.get("/livez").await.status, 200);
}

#[tokio::test]
async fn every_answer_tells_browsers_to_be_careful() {
    let world = open().await;
    for path in ["/", "/api/rooms", "/livez", "/nothing", "/whip/demo", "/api/docs", "/metrics"] {
        let answer = world.get(path).await;
        let csp = answer.header("content-security-policy").unwrap_or_else(|| panic!("{path}"));
        for part in ["default-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "object-src 'none'"] {
            assert!(csp.contains(part), "{path}: {csp}");
        }
        // A blurred background is computed by WebAssembly of our own; that lets no text become a script.
        let others = csp.replace("'wasm-unsafe-eval'", "");
        assert!(!others.contains("unsafe") && !csp.contains("http"), "{csp}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        assert!(answer.header("permissions-policy").is_some());
    }
    let foreign = world.ask("GET", "/api/rooms", &[("Origin", "http://localhost:1")], "").await;
    assert_eq!(foreign.header("access-control-allow-origin"), None, "the API is for our own pages");
}

#[tokio::test]
async fn a_stopping_server_finishes_what_it_began_and_returns() {
    let mut world = open().await;
    let idle = world.socket().await;
    let mut events = world.socket().await;
    events.write_all(b"GET /api/rooms/events HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut some = [0; 1024];
    assert!(events.read(&mut some).await.unwrap() > 0);
    let asked = Instant::now();
    world.stop.take().unwrap().send(()).unwrap();
    timeout(Duration::from_secs(10), world.server).await.expect("it returns").unwrap().unwrap();
    assert!(asked.elapsed() < Duration::from_secs(8));
    drop(idle);
}

#[tokio::test]
async fn turn_credentials_are_for_those_who_may_join() {
    let world = start(|settings| {
        settings.auth = signal::auth::Policy::Required;
        settings.ice_servers = vec![IceServer::turn("turn:t.example.net", "ann", "secret").unwrap()];
    })
    .await;
    for answer in [
        world.post_offer("/whip/demo", &[]).await,
        world.ask("OPTIONS", "/whip/demo", &[("Authorization", "Bearer x.y.z")], "").await,
        world.get("/whip/demo").await,
    ] {
        assert!(!format!("{answer:?}").contains("secret"));
    }
}
