//! What pages of this server and of others make a browser send: cookies, and where a request comes from.

use crate::cast::*;
use crate::support::*;

/// A browser on a page of this server that has logged in.
async fn logged_in(world: &World, ann: &Person) -> String {
    let origin = world.origin();
    let headers = [("Origin", origin.as_str()), ("Sec-Fetch-Site", "same-origin")];
    let answer = world.send("POST", "/account/login", &headers, &login_body(&ann.email, PASSWORD, true)).await;
    let view = answer.json(200);
    assert_eq!(view.get("auth"), None, "a page never sees the token");
    for line in answer.all("set-cookie") {
        assert!(line.starts_with("__Host-weir"), "{line}");
        assert!(line.contains("; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age="), "{line}");
        assert!(!line.to_lowercase().contains("domain"), "{line}");
    }
    assert_eq!(answer.all("set-cookie").len(), 2);
    format!("other=1; __Host-weir={}", answer.cookie("__Host-weir").unwrap())
}

#[tokio::test]
async fn a_page_of_ours_is_logged_in_by_its_cookie_until_it_logs_out() {
    let world = open().await;
    let ann = world.person().await;
    let cookie = logged_in(&world, &ann).await;
    let seen = world.ask("GET", "/account/verify", &[("Cookie", &cookie)], "").await.json(200);
    assert_eq!(seen["account_id"], ann.id.as_str());
    let origin = world.origin();
    let page = [("Cookie", cookie.as_str()), ("Origin", origin.as_str()), ("Sec-Fetch-Site", "same-origin")];
    world.send("POST", "/meeting", &page, "{}").await.json(201);
    // A page sends no body here, and so no type.
    let out = world.ask("POST", "/account/logout", &page, "").await;
    assert_eq!((out.status, out.cookie("__Host-weir").as_deref()), (204, Some("")));
    assert!(out.header("set-cookie").unwrap().ends_with("Max-Age=0"));
    world.ask("GET", "/account/verify", &[("Cookie", &cookie)], "").await.is(401, "unauthorized");
}

#[tokio::test]
async fn a_page_of_another_site_changes_nothing_with_our_cookie() {
    let world = open().await;
    let ann = world.person().await;
    let cookie = logged_in(&world, &ann).await;
    let ours = world.origin();
    let (https, port, sub) = (ours.replace("http:", "ftp:"), format!("{ours}0"), ours.replace("//", "//evil."));
    let foreign: &[&[(&str, &str)]] = &[
        &[],
        &[("Origin", "https://evil.example")],
        &[("Origin", "null")],
        &[("Origin", &https)],
        &[("Origin", &port)],
        &[("Origin", &sub)],
        &[("Origin", &ours), ("Sec-Fetch-Site", "cross-site")],
        &[("Origin", &ours), ("Sec-Fetch-Site", "same-site")],
        &[("Origin", &ours), ("Origin", "https://evil.example")],
    ];
    let path = format!("/account/{}", ann.id);
    for headers in foreign {
        let mut all = vec![("Cookie", cookie.as_str())];
        all.extend_from_slice(headers);
        for (method, path, body) in [
            ("POST", "/meeting", "{}"),
            ("POST", "/account/logout", ""),
            ("POST", "/account/logout-everywhere", ""),
            ("PATCH", path.as_str(), r#"{"name":"Eve"}"#),
            ("POST", "/meeting/join", r#"{"meeting_id":"qkfd-mzwhp-xbtr"}"#),
        ] {
            world.send(method, path, &all, body).await.is(403, "cross-site");
        }
        // Nor does it log somebody in as somebody else.
        let login = world.send("POST", "/account/login", headers, &login_body(&ann.email, PASSWORD, true)).await;
        login.is(403, "cross-site");
        assert_eq!(login.header("set-cookie"), None);
    }
    let ours = [("Cookie", cookie.as_str()), ("Origin", ours.as_str())];
    world.ask("POST", "/meeting", &ours, "{}").await.is(415, "wrong-content-type");
    let form = [ours[0], ours[1], ("Content-Type", "text/plain")];
    world.ask("POST", "/meeting", &form, "{}").await.is(415, "wrong-content-type");
}

#[tokio::test]
async fn behind_a_proxy_that_hides_the_host_the_configured_address_is_ours() {
    let world = start(|settings| settings.people.public_url = Some("https://meet.example.org".to_owned())).await;
    let ann = world.person().await;
    let body = login_body(&ann.email, PASSWORD, true);
    let page = [("Origin", "https://meet.example.org")];
    let login = world.send("POST", "/account/login", &page, &body).await;
    assert_eq!(login.status, 200);
    let made = world.send("POST", "/meeting", &ann.header(), "{}").await.json(201);
    assert!(made["link"].as_str().unwrap().starts_with("https://meet.example.org/m/"), "{made}");
    let other = [("Origin", "https://meet.example.org.evil.example")];
    world.send("POST", "/account/login", &other, &body).await.is(403, "cross-site");
}

#[tokio::test]
async fn a_stale_cookie_is_nobody_and_a_header_wins_over_it() {
    let world = open().await;
    let (ann, bob) = (world.person().await, world.person().await);
    let meeting = world.meeting_of(&ann, open_to_all(), false).await;
    let stale = format!("__Host-weir={}", secret().reveal());
    assert_eq!(world.ask("GET", &format!("/meeting/{meeting}"), &[("Cookie", &stale)], "").await.status, 200);
    world.ask("GET", "/account/verify", &[("Cookie", &stale)], "").await.is(401, "unauthorized");
    let cookie = logged_in(&world, &ann).await;
    let both = [("Cookie", cookie.as_str()), ("Authorization", bob.auth.as_str())];
    // With a token of its own a request needs no origin.
    let made = world.send("POST", "/meeting", &both, "{}").await.json(201);
    assert_eq!(made["host"], bob.id.as_str());
    // A ticket is nothing that a cookie may carry.
    let (_, ticket) = world.guest_in(&meeting).await;
    let cookie = format!("__Host-weir={}", ticket.trim_start_matches("Bearer "));
    let origin = world.origin();
    let body = format!(r#"{{"meeting_id":"{meeting}"}}"#);
    let page = [("Cookie", cookie.as_str()), ("Origin", origin.as_str())];
    world.send("POST", "/meeting/leave", &page, &body).await.is(401, "unauthorized");
}

/// Every route of this part, as anybody finds it who comes by.
const ROUTES: &[(&str, &str)] = &[
    ("POST", "/account"),
    ("POST", "/account/login"),
    ("POST", "/account/logout"),
    ("POST", "/account/logout-everywhere"),
    ("GET", "/account/verify"),
    ("POST", "/account/reset"),
    ("POST", "/account/reset/confirm"),
    ("POST", "/account/confirm"),
    ("GET", "/account/x"),
    ("PATCH", "/account/x"),
    ("DELETE", "/account/x"),
    ("POST", "/account/x/password"),
    ("POST", "/meeting"),
    ("GET", "/meeting"),
    ("POST", "/meeting/join"),
    ("POST", "/meeting/leave"),
    ("POST", "/meeting/end/x"),
    ("POST", "/meeting/record/x"),
    ("GET", "/meeting/record/recipients/x"),
    ("GET", "/meeting/x"),
    ("PATCH", "/meeting/x"),
    ("DELETE", "/meeting/x"),
];

#[tokio::test]
async fn no_route_is_for_pages_of_other_origins_and_no_answer_is_kept() {
    let world = open().await;
    let ann = world.person().await;
    let meeting = world.meeting_of(&ann, open_to_all(), false).await;
    let seen = format!("/meeting/{meeting}");
    let own = format!("/account/{}", ann.id);
    let good = [("GET", seen.as_str()), ("GET", own.as_str()), ("GET", "/account/verify"), ("GET", "/meeting")];
    for (method, path) in ROUTES.iter().chain(&good) {
        let headers = [("Origin", "https://other.example"), ("Authorization", ann.auth.as_str())];
        let bare = [headers[0]];
        let is_good = good.contains(&(*method, *path));
        let answer = world.send(method, path, if is_good { &headers } else { &bare }, "{}").await;
        assert_eq!(answer.status == 200, is_good, "{method} {path}: {answer:?}");
        let cors: Vec<_> = answer.headers.iter().filter(|(name, _)| name.starts_with("access-control")).collect();
        assert!(cors.is_empty(), "{method} {path}: {cors:?}");
        for (name, value) in [
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{method} {path}");
        }
        assert!(answer.header("content-security-policy").unwrap().contains("frame-ancestors 'none'"));
        let preflight =
            [("Origin", "https://other.example"), ("Access-Control-Request-Method", *method), ("Content-Type", "")];
        let answer = world.ask("OPTIONS", path, &preflight, "").await;
        answer.is(405, "method-not-allowed");
        assert!(answer.header("allow").is_some());
        assert!(answer.headers.iter().all(|(name, _)| !name.starts_with("access-control")), "{method} {path}");
    }
}

#[tokio::test]
async fn answers_without_a_body_are_not_kept_either() {
    let world = open().await;
    let ann = world.person().await;
    let meeting = world.meeting_of(&ann, open_to_all(), false).await;
    for (path, body) in [
        (format!("/meeting/end/{meeting}"), String::new()),
        ("/account/reset".to_owned(), r#"{"email":"a@b.org"}"#.to_owned()),
        ("/account/logout".to_owned(), String::new()),
    ] {
        let answer = world.send("POST", &path, &ann.header(), &body).await;
        assert!((200..300).contains(&answer.status), "{path}: {answer:?}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
    }
}
