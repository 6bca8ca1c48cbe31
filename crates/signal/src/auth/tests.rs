use axum::http::{HeaderMap, HeaderValue};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use super::*;

fn public(key: &Key) -> Guard {
    Guard::new(Policy::Auto, SocketAddr::from(([0, 0, 0, 0], 80)), key.clone())
}

fn bearer(token: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, HeaderValue::from_str(&format!("Bearer {token}")).unwrap());
    headers
}

fn publish_in(room: &str) -> Grant {
    Grant { rooms: Rooms::One(room.parse().unwrap()), publish: true, subscribe: false, admin: false }
}

fn hour() -> Duration {
    Duration::from_secs(3600)
}

fn room(name: &str) -> RoomName {
    name.parse().unwrap()
}

fn signed(key: &Key, alg: jsonwebtoken::Algorithm, claims: serde_json::Value) -> String {
    let key = jsonwebtoken::EncodingKey::from_secret(key.secret());
    jsonwebtoken::encode(&jsonwebtoken::Header::new(alg), &claims, &key).unwrap()
}

#[test]
fn a_token_allows_what_it_grants_in_its_room_and_nothing_else() {
    let key = Key::generate();
    let caller = public(&key).caller(&bearer(&mint(&key, publish_in("demo"), None, hour())), None).unwrap();
    assert_eq!(caller.may(Right::Publish, &room("demo")), Ok(()));
    assert!(matches!(caller.may(Right::Watch, &room("demo")), Err(Denied::Insufficient(_))));
    assert!(matches!(caller.may(Right::Publish, &room("other")), Err(Denied::Insufficient(_))));
    assert!(matches!(caller.is_admin(), Err(Denied::Insufficient(_))));
    assert!(caller.may_see("demo") && !caller.may_see("other"));
}

#[test]
fn a_star_covers_every_room_and_an_admin_may_everything() {
    let key = Key::generate();
    let all = Grant { rooms: Rooms::All, publish: false, subscribe: true, admin: false };
    let caller = public(&key).caller(&bearer(&mint(&key, all, None, hour())), None).unwrap();
    assert_eq!(caller.may(Right::Watch, &room("anything")), Ok(()));
    let admin = Grant { rooms: Rooms::None, publish: false, subscribe: false, admin: true };
    let caller = public(&key).caller(&bearer(&mint(&key, admin, None, hour())), None).unwrap();
    assert_eq!(caller.may(Right::Publish, &room("anything")), Ok(()));
    assert_eq!(caller.is_admin(), Ok(()));
}

#[test]
fn the_room_of_a_meeting_is_nobodys_to_ask_for_and_only_an_admin_sees_its_name() {
    let key = Key::generate();
    let meeting = "~qkfd-mzwhp-xbtr";
    let all = Grant { rooms: Rooms::All, publish: true, subscribe: true, admin: false };
    let admin = Grant { admin: true, ..all.clone() };
    for (grant, sees) in [(all, false), (admin, true)] {
        let caller = public(&key).caller(&bearer(&mint(&key, grant, None, hour())), None).unwrap();
        for right in [Right::Publish, Right::Watch] {
            assert!(matches!(caller.may(right, &room(meeting)), Err(Denied::Insufficient(_))));
        }
        assert_eq!(caller.may_see(meeting), sees);
    }
    let open = Guard::new(Policy::Open, "0.0.0.0:80".parse().unwrap(), key).caller(&HeaderMap::new(), None).unwrap();
    assert!(open.may(Right::Watch, &room(meeting)).is_err() && !open.may_see(meeting) && open.may_see("demo"));
}

#[test]
fn forged_stale_and_foreign_tokens_are_turned_away() {
    let key = Key::generate();
    let guard = public(&key);
    let now = unix_now();
    let good = json!({"room": "*", "publish": true, "exp": now + 60});
    let hs256 = jsonwebtoken::Algorithm::HS256;
    assert!(guard.caller(&bearer(&signed(&key, hs256, good.clone())), None).is_ok());

    let none_header = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
    let payload = URL_SAFE_NO_PAD.encode(good.to_string());
    for (why, token) in [
        ("another key", signed(&Key::generate(), hs256, good.clone())),
        ("another algorithm", signed(&key, jsonwebtoken::Algorithm::HS512, good.clone())),
        ("no algorithm", format!("{none_header}.{payload}.")),
        ("expired", signed(&key, hs256, json!({"room": "*", "publish": true, "exp": now - 1}))),
        ("no expiry", signed(&key, hs256, json!({"room": "*", "publish": true}))),
        ("not yet", signed(&key, hs256, json!({"room": "*", "publish": true, "exp": now + 9000, "nbf": now + 600}))),
        ("other audience", signed(&key, hs256, json!({"room": "*", "exp": now + 60, "aud": "bank"}))),
        ("odd room", signed(&key, hs256, json!({"room": "a/b", "exp": now + 60}))),
        ("garbage", "abc".to_owned()),
        ("too long", "a".repeat(5000)),
    ] {
        assert!(matches!(guard.caller(&bearer(&token), None), Err(Denied::Invalid(_))), "{why}");
    }
}

#[test]
fn a_token_may_come_in_the_url_and_its_session_is_then_the_urls() {
    let key = Key::generate();
    let guard = public(&key);
    let token = mint(&key, publish_in("demo"), Some("ann"), hour());
    let by_url = guard.caller(&HeaderMap::new(), Some(&format!("room=demo&access_token={token}"))).unwrap();
    assert_eq!(by_url.may(Right::Publish, &room("demo")), Ok(()));
    assert_eq!(by_url.owner, Owner::Anonymous);
    let by_header = guard.caller(&bearer(&token), None).unwrap();
    assert!(!Owner::Anonymous.may_touch(by_header.owner) && by_header.owner.may_touch(Owner::Anonymous));
}

#[test]
fn a_subject_keeps_its_sessions_over_a_new_token_and_others_do_not_get_them() {
    let key = Key::generate();
    let guard = public(&key);
    let owner = |subject| guard.caller(&bearer(&mint(&key, publish_in("demo"), subject, hour())), None).unwrap().owner;
    assert_eq!(owner(Some("ann")), owner(Some("ann")));
    assert_ne!(owner(Some("ann")), owner(Some("bob")));
    assert_ne!(owner(None), owner(None), "a token without a subject stands for itself");
}

#[test]
fn an_expired_token_starts_nothing_but_may_still_end_what_it_started() {
    let key = Key::generate();
    let guard = public(&key);
    let token = mint(&key, publish_in("demo"), None, Duration::ZERO);
    assert!(guard.caller(&bearer(&token), None).is_err());
    assert!(matches!(guard.holder(&bearer(&token), None).unwrap().owner, Owner::Token(_)));
    let forged = mint(&Key::generate(), publish_in("demo"), None, hour());
    assert!(guard.holder(&bearer(&forged), None).is_err());
}

#[test]
fn on_loopback_no_token_is_needed_but_one_that_is_given_is_checked() {
    let key = Key::generate();
    let guard = Guard::new(Policy::Auto, SocketAddr::from(([127, 0, 0, 1], 80)), key.clone());
    let nothing = HeaderMap::new();
    assert!(!guard.token_required(&nothing));
    assert_eq!(guard.caller(&nothing, None).unwrap().may(Right::Publish, &room("demo")), Ok(()));
    assert!(guard.caller(&bearer("wrong"), None).is_err());
    assert!(guard.caller(&nothing, Some("access_token=wrong")).is_err());
    assert_eq!(guard.caller(&nothing, None).unwrap().is_admin(), Err(Denied::Missing));

    let mut from_a_page = HeaderMap::new();
    from_a_page.insert("origin", HeaderValue::from_static("https://evil.example"));
    assert!(guard.token_required(&from_a_page));
    assert_eq!(guard.caller(&from_a_page, None).unwrap().may(Right::Watch, &room("demo")), Err(Denied::Missing));
}

#[test]
fn what_is_no_bearer_credential_is_called_malformed() {
    let guard = public(&Key::generate());
    for text in ["Basic abc", "Bearer", "token"] {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::from_str(text).unwrap());
        assert_eq!(guard.caller(&headers, None).unwrap_err(), Denied::Malformed, "{text}");
    }
    let mut twice = bearer("a");
    twice.append(AUTHORIZATION, HeaderValue::from_static("Bearer b"));
    assert_eq!(guard.caller(&twice, None).unwrap_err(), Denied::Malformed);
}
