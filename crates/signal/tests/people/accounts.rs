//! Signing up, and what owners do with their account. What strangers can find out by trying.

use meetings::{Grant, Store as _};

use crate::cast::*;
use crate::support::*;

fn sign_up_body(email: &str) -> String {
    serde_json::json!({ "email": email, "password": PASSWORD }).to_string()
}

/// All of an answer but the date, and with the account's id and the cookies' values crossed out.
fn alike(answer: &Answer) -> String {
    let headers = answer.headers.iter().filter(|(name, _)| name != "date");
    let mut text = format!("{} {headers:?} {}", answer.status, answer.body, headers = headers.collect::<Vec<_>>());
    if let Some(at) = text.find("\"account_id\":\"") {
        text.replace_range(at + 14..at + 14 + 27, "ID");
    }
    text
}

#[tokio::test]
async fn somebody_signs_up_logs_in_and_finds_their_account() {
    let world = open().await;
    let made = world.send("POST", "/account", &[], &sign_up_body("Zoe@Example.org")).await.json(201);
    let login = world.log_in("zoe@example.org", PASSWORD, &[]).await.json(200);
    assert_eq!(login["account_id"], made["account_id"]);
    assert_eq!(login["name"], "zoe");
    let auth = bearer(login["auth"].as_str().unwrap());
    let path = format!("/account/{}", made["account_id"].as_str().unwrap());
    let headers = [("Authorization", auth.as_str())];
    let view = world.send("PATCH", &path, &headers, r#"{"name":" Zoë ","unknown":[1]}"#).await.json(200);
    assert_eq!((view["name"].as_str(), view["confirmed"].as_bool()), (Some("Zoë"), Some(false)));
    assert_eq!(world.ask("GET", &path, &headers, "").await.json(200), view);
}

#[tokio::test]
async fn nobody_can_tell_whether_an_address_is_known() {
    let world = open().await;
    let ann = world.person().await;
    let hashes = world.hashes().await;
    let known = world.send("POST", "/account", &[], &sign_up_body(&ann.email)).await;
    let unknown = world.send("POST", "/account", &[], &sign_up_body("new@example.org")).await;
    assert_eq!(known.status, 201);
    assert_eq!(alike(&known), alike(&unknown));
    assert_eq!(world.hashes().await, hashes + 2, "one hash each");

    let known = world.log_in(&ann.email, "another password", &[]).await;
    let unknown = world.log_in("nobody@example.org", "another password", &[]).await;
    known.is(401, "unauthorized");
    assert_eq!(alike(&known), alike(&unknown));
    assert_eq!(world.hashes().await, hashes + 4, "one hash each");

    let ask = async |email: &str| {
        let body = serde_json::json!({ "email": email }).to_string();
        world.send("POST", "/account/reset", &[], &body).await
    };
    let (known, unknown) = (ask(&ann.email).await, ask("nobody@example.org").await);
    assert_eq!(known.status, 202);
    assert_eq!(alike(&known), alike(&unknown));
    // The one who was there already is who they were.
    world.log_in(&ann.email, PASSWORD, &[]).await.json(200);
}

#[tokio::test]
async fn an_account_that_is_not_confirmed_yet_is_refused_like_a_wrong_password() {
    let world = start(|settings| settings.people.confirm_email = true).await;
    world.send("POST", "/account", &[], &sign_up_body("new@example.org")).await.json(201);
    let right = world.log_in("new@example.org", PASSWORD, &[]).await;
    let wrong = world.log_in("new@example.org", "another password", &[]).await;
    right.is(401, "unauthorized");
    assert_eq!(alike(&right), alike(&wrong));
}

#[tokio::test]
async fn what_is_wrong_with_a_sign_up_is_said() {
    let world = open().await;
    let post = async |body: &str| world.send("POST", "/account", &[], body).await;
    post("").await.is(400, "malformed-body");
    post("{").await.is(400, "malformed-body");
    post(&format!("{{\"unknown\":{}", "[".repeat(5000))).await.is(400, "malformed-body");
    post("[]").await.is(422, "bad-input");
    post(r#"{"email":"a@b.c"}"#).await.is(422, "bad-input");
    post(r#"{"email":7,"password":"a horse and a bridge"}"#).await.is(422, "bad-input");
    post(r#"{"email":"nobody","password":"a horse and a bridge"}"#).await.is(422, "bad-input");
    post(r#"{"email":"a@b.c\r\nBcc: x@y.z","password":"a horse and a bridge"}"#).await.is(422, "bad-input");
    post(r#"{"email":"a@b.c","password":"short"}"#).await.is(422, "weak-password");
    post(r#"{"email":"a@b.c","password":"12345678"}"#).await.is(422, "weak-password");
    post(r#"{"email":"a@b.c","password":"a horse and a bridge","name":"\u202e"}"#).await.is(422, "bad-input");
    let long = serde_json::json!({ "email": "a@b.c", "password": "x".repeat(20_000) }).to_string();
    post(&long).await.is(413, "body-too-large");
    world.ask("POST", "/account", &[("Content-Type", "text/plain")], "{}").await.is(415, "wrong-content-type");
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    world.ask("POST", "/account", &form, "email=a").await.is(415, "wrong-content-type");
    assert_eq!(world.hashes().await, 0, "nothing of this was worth a hash");
    for method in ["GET", "PUT", "DELETE"] {
        world.ask(method, "/account", &[], "").await.is(405, "method-not-allowed");
    }
}

#[tokio::test]
async fn where_signing_up_is_closed_it_says_so() {
    let world = start(|settings| settings.people.signup = false).await;
    world.send("POST", "/account", &[], &sign_up_body("a@b.org")).await.is(403, "signup-closed");
}

#[tokio::test]
async fn a_new_address_needs_the_password_ends_other_logins_and_must_be_free() {
    let world = open().await;
    let (ann, bob) = (world.person().await, world.person().await);
    let other = world.token_for(meetings::Purpose::Login(ann.id.clone()), 600).await;
    let path = format!("/account/{}", ann.id);
    let change = async |email: &str, password: Option<&str>| {
        let body = serde_json::json!({ "email": email, "password": password }).to_string();
        world.send("PATCH", &path, &ann.header(), &body).await
    };
    change("moved@example.org", None).await.is(422, "bad-input");
    change("moved@example.org", Some("another password")).await.is(403, "password-wrong");
    change(&bob.email, Some(PASSWORD)).await.is(409, "address-taken");
    // One's own is no change.
    assert_eq!(change(&ann.email, None).await.status, 200);
    let view = change("Moved@example.org", Some(PASSWORD)).await.json(200);
    assert_eq!(view["email"], "moved@example.org");
    let verify = async |auth: &str| world.ask("GET", "/account/verify", &[("Authorization", auth)], "").await.status;
    assert_eq!((verify(&ann.auth).await, verify(&other).await), (200, 401));
    world.log_in("moved@example.org", PASSWORD, &[]).await.json(200);
    // Looking for taken addresses by moving there becomes slow.
    let mut last = 0;
    for _ in 0..6 {
        last = change(&bob.email, Some(PASSWORD)).await.status;
    }
    assert_eq!(last, 429);
}

#[tokio::test]
async fn deleting_an_account_ends_its_meetings_and_its_logins() {
    let world = open().await;
    let ann = world.person().await;
    let mut made = Vec::new();
    for _ in 0..3 {
        made.push(world.meeting_of(&ann, open_to_all(), false).await);
    }
    let path = format!("/account/{}", ann.id);
    world.send("DELETE", &path, &ann.header(), "").await.is(400, "malformed-body");
    world.send("DELETE", &path, &ann.header(), r#"{"password":"another one"}"#).await.is(403, "password-wrong");
    let body = serde_json::json!({ "password": PASSWORD }).to_string();
    assert_eq!(world.send("DELETE", &path, &ann.header(), &body).await.status, 204);
    world.ask("GET", "/account/verify", &ann.header(), "").await.is(401, "unauthorized");
    world.log_in(&ann.email, PASSWORD, &[]).await.is(401, "unauthorized");
    for meeting in made {
        assert!(world.store.meeting(&meeting).await.unwrap().unwrap().ended.is_some());
    }
    let admin = world.person_with(Grant::Admin).await;
    world.ask("GET", &path, &admin.header(), "").await.is(404, "no-account");
    let log = world.store.audit(None, 10).await.unwrap().items;
    assert_eq!(log.last().map(|last| last.entry.action.as_str()), Some("account.delete"));
}
