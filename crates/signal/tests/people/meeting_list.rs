//! Making meetings, once, and reading them page by page.

use std::collections::BTreeSet;

use meetings::Store as _;

use crate::cast::*;
use crate::support::*;

#[tokio::test]
async fn a_meeting_is_made_with_what_was_asked_for_and_good_defaults() {
    let world = open().await;
    let ann = world.person().await;
    let made = world.send("POST", "/meeting", &ann.header(), "{}").await.json(201);
    assert_eq!(
        (made["guests"].as_bool(), made["lobby"].as_bool(), made["locked"].as_bool()),
        (Some(true), Some(false), Some(false))
    );
    assert_eq!((made["host"].as_str(), made["role"].as_str()), (Some(ann.id.as_str()), Some("host")));
    let id = made["meeting_id"].as_str().unwrap();
    assert_eq!(made["link"], format!("http://{}/m/{id}", world.addr));
    let body = r#"{"title":"Standup","guests":false,"lobby":true,"locked":true,"passcode":"4711"}"#;
    let made = world.send("POST", "/meeting", &ann.header(), body).await.json(201);
    assert_eq!(made["title"], "Standup");
    assert_eq!(
        (made["guests"].as_bool(), made["lobby"].as_bool(), made["locked"].as_bool()),
        (Some(false), Some(true), Some(true))
    );
    // What one request says about where the node is goes to nobody else.
    let lure = format!(
        "POST /meeting HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\nAuthorization: {}\r\n\
         Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}",
        ann.auth
    );
    let lured = world.raw(lure.as_bytes()).await.json(201);
    let stored = world.store.meeting(&lured["meeting_id"].as_str().unwrap().parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(stored.server, "");
    // Found however its letters are typed.
    let typed = made["meeting_id"].as_str().unwrap().replace('-', "").to_uppercase();
    assert_eq!(world.ask("GET", &format!("/meeting/{typed}"), &ann.header(), "").await.json(200), made);
}

#[tokio::test]
async fn a_request_that_is_repeated_makes_one_meeting() {
    let world = open().await;
    let (ann, bob) = (world.person().await, world.person().await);
    let make = async |who: &Person, key: &str, body: &str| {
        let headers = [("Authorization", who.auth.as_str()), ("Idempotency-Key", key)];
        world.send("POST", "/meeting", &headers, body).await
    };
    let first = make(&ann, "wish-1", r#"{"title":"a","passcode":"x"}"#).await.json(201);
    assert_eq!(make(&ann, "wish-1", r#"{"title":"a","passcode":"x"}"#).await.json(201), first);
    make(&ann, "wish-1", r#"{"title":"b"}"#).await.is(422, "key-reused");
    assert_ne!(
        make(&ann, "wish-2", r#"{"title":"a","passcode":"x"}"#).await.json(201)["meeting_id"],
        first["meeting_id"]
    );
    let other = make(&bob, "wish-1", r#"{"title":"b"}"#).await.json(201);
    assert_eq!(other["host"], bob.id.as_str(), "a key is its owner's own");
    for wrong in ["", &"k".repeat(256)] {
        make(&ann, wrong, "{}").await.is(422, "bad-input");
    }
    // All at once, as when a client gives up waiting and tries again.
    let racing = (0..20).map(|_| make(&ann, "race", "{}"));
    let ids: BTreeSet<String> = futures_util::future::join_all(racing)
        .await
        .iter()
        .map(|answer| answer.json(201)["meeting_id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(ids.len(), 1);
    assert_eq!(world.store.meetings_of(&ann.id, None, 100).await.unwrap().items.len(), 3);
    let path = format!("/meeting/{}", first["meeting_id"].as_str().unwrap());
    world.send("DELETE", &path, &ann.header(), "").await;
    make(&ann, "wish-1", r#"{"title":"a","passcode":"x"}"#).await.is(404, "no-meeting");
}

#[tokio::test]
async fn the_list_is_read_page_by_page_and_holds_ones_own_only() {
    let world = open().await;
    let (ann, bob) = (world.person().await, world.person().await);
    let mut made = BTreeSet::new();
    for n in 0..7 {
        made.insert(world.meeting_of(&ann, open_to_all(), n % 2 == 0).await.to_string());
    }
    let others = world.meeting_of(&bob, open_to_all(), false).await;
    let (mut seen, mut next, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let page = world.ask("GET", &format!("/meeting?limit=3{next}"), &ann.header(), "").await.json(200);
        let meetings = page["meetings"].as_array().unwrap();
        seen.extend(meetings.iter().map(|meeting| meeting["meeting_id"].as_str().unwrap().to_owned()));
        pages += 1;
        match page.get("next") {
            Some(after) => next = format!("&after={}", after.as_str().unwrap()),
            None => break,
        }
    }
    assert_eq!((pages, seen.len()), (3, 7));
    assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), made);
    for (query, problem) in [
        ("limit=0", "bad-input"),
        ("limit=101", "bad-input"),
        ("limit=x", "bad-input"),
        ("after=x", "bad-cursor"),
        ("after=qkfd-mzwhp-xbtr", "bad-cursor"),
    ] {
        world.ask("GET", &format!("/meeting?{query}"), &ann.header(), "").await.is(422, problem);
    }
    // Somebody else's meeting as a cursor shows nothing of it.
    let page = world.ask("GET", &format!("/meeting?after={others}"), &ann.header(), "").await;
    assert!(!page.body.contains(others.as_str()) || page.status == 422, "{page:?}");
}

#[tokio::test]
async fn recordings_are_refused_clearly_to_those_who_could_ask_for_one() {
    let world = open().await;
    let (ann, bob) = (world.person().await, world.person().await);
    let meeting = world.meeting_of(&ann, open_to_all(), false).await;
    let (start, list) = (format!("/meeting/record/{meeting}"), format!("/meeting/record/recipients/{meeting}"));
    world.send("POST", &start, &bob.header(), "").await.is(501, "no-recorder");
    world.ask("GET", &list, &ann.header(), "").await.is(501, "no-recorder");
    world.ask("GET", &list, &bob.header(), "").await.is(403, "forbidden");
}
