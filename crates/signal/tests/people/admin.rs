//! Whoever looks after the node: what they see, what they end, and who they are not.

use meetings::{Grant, Store as _};
use signal::auth::Policy;

use crate::support::*;

/// A node that is reached from elsewhere, with two viewers in the room `demo`, and the token that they came with.
async fn busy() -> (World, [String; 2], String) {
    let world = strict().await;
    let token = bearer(&world.token("*", true, true));
    let auth = [("Authorization", token.as_str())];
    assert_eq!(world.post_offer("/whip/demo", &auth).await.status, 201);
    let watch = async || {
        let answer = world.post_offer("/whep/demo", &auth).await;
        answer.header("location").unwrap_or_else(|| panic!("{answer:?}")).to_owned()
    };
    let viewers = [watch().await, watch().await];
    (world, viewers, token)
}

#[tokio::test]
async fn an_administrator_pages_through_the_sessions_of_a_room_and_sees_no_right_to_them() {
    let (world, viewers, _) = busy().await;
    let admin = world.person_with(Grant::Admin).await;
    let first = world.send("GET", "/api/admin/rooms/demo/sessions?limit=1", &admin.header(), "").await;
    let page = first.json(200);
    let (id, next) = (page["sessions"][0]["id"].as_str().unwrap(), page["next"].as_str().unwrap());
    assert_eq!(id, next);
    let secret = viewers[0].rsplit('/').next().unwrap();
    assert!(!first.body.contains(secret), "{first:?}");
    let second =
        world.send("GET", &format!("/api/admin/rooms/demo/sessions?limit=1&after={next}"), &admin.header(), "").await;
    let page = second.json(200);
    assert_ne!(page["sessions"][0]["id"], id);
    assert_eq!(page.get("next"), None);

    let detail = world.send("GET", &format!("/api/admin/sessions/{id}"), &admin.header(), "").await;
    assert_eq!(detail.json(200)["view"]["tracks"][0]["verdict"]["is"], "waiting-for-keyframe");
    assert!(!detail.body.contains(secret), "{detail:?}");
    for (path, status, problem) in [
        ("/api/admin/rooms?limit=0", 422, "bad-input"),
        ("/api/admin/rooms?limit=101", 422, "bad-input"),
        ("/api/admin/rooms?after=a%20b", 422, "bad-cursor"),
        ("/api/admin/rooms/demo/sessions?after=x", 422, "bad-cursor"),
        ("/api/admin/rooms/a%20b/sessions", 400, "bad-room-name"),
        ("/api/admin/sessions/x", 404, "no-session"),
        ("/api/admin/sessions/0-77-0", 404, "no-session"),
    ] {
        world.send("GET", path, &admin.header(), "").await.is(status, problem);
    }
}

#[tokio::test]
async fn whoever_is_removed_reads_why_and_it_stands_in_the_audit_log() {
    let (world, viewers, token) = busy().await;
    let admin = world.person_with(Grant::Admin).await;
    let page = world.send("GET", "/api/admin/rooms/demo/sessions", &admin.header(), "").await.json(200);
    let path = format!("/api/admin/sessions/{}", page["sessions"][0]["id"].as_str().unwrap());
    let long = format!(r#"{{"reason":"{}"}}"#, "x".repeat(201));
    for (body, status, problem) in
        [("{", 400, "malformed-body"), (r#"{"reason":"a\nb"}"#, 422, "bad-input"), (long.as_str(), 422, "bad-input")]
    {
        world.send("DELETE", &path, &admin.header(), body).await.is(status, problem);
    }
    assert_eq!(world.times_asked("remove"), 0, "what cannot be meant ends nobody's session");
    let removed = world.send("DELETE", &path, &admin.header(), r#"{"reason":" too loud "}"#).await;
    assert_eq!(removed.status, 204, "{removed:?}");
    world.send("DELETE", &path, &admin.header(), "").await.is(404, "no-session");

    let auth = [("Authorization", token.as_str())];
    let told = world.ask("GET", &viewers[0], &auth, "").await;
    told.is(410, "removed");
    assert!(told.body.contains("\"too loud\""), "{told:?}");
    assert_eq!(world.ask("GET", &viewers[1], &auth, "").await.status, 204, "a bystander hears nothing");
    let log = world.store.audit(None, 10).await.unwrap();
    let entry =
        log.items.iter().map(|recorded| &recorded.entry).find(|entry| entry.action == "session.remove").unwrap();
    assert_eq!(entry.actor, admin.id.as_str());
    assert!(entry.detail.contains("demo") && entry.detail.contains("too loud"), "{entry:?}");
}

#[tokio::test]
async fn draining_is_begun_and_undone_and_noted() {
    let (world, ..) = busy().await;
    let admin = bearer(&world.admin());
    let auth = [("Authorization", admin.as_str())];
    let state = |answer: Answer| answer.json(200)["state"].as_str().unwrap().to_owned();
    assert_eq!(state(world.send("POST", "/api/admin/drain", &auth, "").await), "draining");
    let overview = world.send("GET", "/api/admin/overview", &auth, "").await.json(200);
    assert_eq!(overview["drain"]["state"], "draining");
    assert!(overview["process"]["memory_bytes"].as_u64().unwrap() > 1 << 20);
    assert_eq!(state(world.send("DELETE", "/api/admin/drain", &auth, "").await), "serving");
    let actions: Vec<_> = world
        .store
        .audit(None, 10)
        .await
        .unwrap()
        .items
        .into_iter()
        .map(|recorded| (recorded.entry.actor, recorded.entry.action))
        .collect();
    for action in ["node.drain", "node.undrain"] {
        assert!(actions.contains(&("token".to_owned(), action.to_owned())), "{actions:?}");
    }
}

#[tokio::test]
async fn whoever_is_at_the_machine_looks_after_it_only_where_it_is_for_that_machine_alone() {
    let path = "/api/admin/overview";
    let laptop = open().await;
    laptop.get(path).await.json(200);
    // Through a proxy, from a page of another site, and with a token that is no good.
    for header in
        [("X-Forwarded-For", "203.0.113.9"), ("Origin", "https://evil.example"), ("Authorization", "Bearer a.b.c")]
    {
        laptop.ask("GET", path, &[header], "").await.is(401, "unauthorized");
        laptop.ask("POST", "/api/admin/drain", &[header], "").await.is(401, "unauthorized");
    }
    let token = bearer(&laptop.token("*", true, true));
    laptop.ask("GET", path, &[("Authorization", &token)], "").await.is(403, "forbidden");
    assert_eq!(laptop.times_asked("drain"), 0);
    // Nobody needs a token to publish here, and that makes nobody an administrator.
    let everybody = start(|settings| settings.auth = Policy::Open).await;
    everybody.get(path).await.is(401, "unauthorized");
    let strict = strict().await;
    strict.get(path).await.is(401, "unauthorized");
    let person = strict.person().await;
    let refused = strict.send("GET", path, &person.header(), "").await;
    refused.is(403, "forbidden");
    assert!(refused.body.contains("weir account grant"), "it says what to do: {refused:?}");
}

#[tokio::test]
async fn a_page_of_another_site_drains_nothing_with_an_administrators_cookie() {
    let world = strict().await;
    let admin = world.person_with(Grant::Admin).await;
    let secret = admin.auth.trim_start_matches("Bearer ");
    let cookie = format!("__Host-weir={secret}");
    let origin = world.origin();
    let ours = [("Cookie", cookie.as_str()), ("Origin", origin.as_str()), ("Sec-Fetch-Site", "same-origin")];
    let theirs = [("Cookie", cookie.as_str()), ("Origin", "https://evil.example")];
    world.ask("POST", "/api/admin/drain", &theirs, "").await.is(403, "cross-site");
    assert_eq!(world.times_asked("drain"), 0);
    assert_eq!(world.ask("POST", "/api/admin/drain", &ours, "").await.status, 200);
}
