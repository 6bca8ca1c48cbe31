//! Guesses at passwords, passcodes and meetings: they become slow, and whoever is guessed at notices nothing.

use meetings::{MeetingId, PasscodeHash, Settings, hashing};

use crate::cast::*;
use crate::support::*;

/// A proxy says who the client is.
async fn behind_a_proxy() -> World {
    start(|settings| settings.trusted_proxies = vec![[127, 0, 0, 1].into()]).await
}

/// Guesses until one is refused, which is not among the first five, and says how long to wait then.
async fn refused(guess: impl AsyncFn(usize) -> Answer) -> u32 {
    for n in 0..200 {
        let answer = guess(n).await;
        if answer.status == 429 {
            answer.is(429, "too-many-attempts");
            assert!(n > 5, "the first few are free, and this was number {n}");
            return answer.header("retry-after").unwrap().parse().unwrap();
        }
        assert!(matches!(answer.status, 401 | 403), "{answer:?}");
    }
    panic!("nobody was ever told to wait");
}

#[tokio::test]
async fn guesses_from_one_place_wait_longer_and_longer_and_cost_no_hash_then() {
    let world = behind_a_proxy().await;
    let ann = world.person().await;
    let evil = [("X-Forwarded-For", "203.0.113.9")];
    let wait = refused(async |_| world.log_in(&ann.email, "another password", &evil).await).await;
    assert!((1..=5).contains(&wait), "{wait}");
    let hashes = world.hashes().await;
    // The right password does not help there either; elsewhere nothing has happened.
    assert_eq!(world.log_in(&ann.email, PASSWORD, &evil).await.status, 429);
    assert_eq!(world.hashes().await, hashes, "who has to wait costs no hash");
    let home = [("X-Forwarded-For", "198.51.100.7")];
    world.log_in(&ann.email, PASSWORD, &home).await.json(200);
    // An address that nobody has is slow in the same way.
    refused(async |_| world.log_in("nobody@example.org", "another password", &evil).await).await;
}

#[tokio::test]
async fn strangers_everywhere_do_not_lock_the_owner_out_of_a_browser_they_have_used_before() {
    let world = behind_a_proxy().await;
    let ann = world.person().await;
    let origin = world.origin();
    let home = [("X-Forwarded-For", "198.51.100.7"), ("Origin", origin.as_str())];
    let first = world.send("POST", "/account/login", &home, &login_body(&ann.email, PASSWORD, true)).await;
    let device = format!("__Host-weir-device={}", first.cookie("__Host-weir-device").unwrap());

    // Many machines guess once each.
    refused(async |n| {
        let from = format!("203.0.113.{n}");
        world.log_in(&ann.email, "another password", &[("X-Forwarded-For", &from)]).await
    })
    .await;
    let stranger = [("X-Forwarded-For", "192.0.2.1")];
    assert_eq!(world.log_in(&ann.email, PASSWORD, &stranger).await.status, 429);

    let known = [("X-Forwarded-For", "192.0.2.2"), ("Cookie", device.as_str())];
    world.log_in(&ann.email, PASSWORD, &known).await.json(200);
    // Logins that were there go on.
    assert_eq!(world.ask("GET", "/account/verify", &ann.header(), "").await.status, 200);
    // Whoever stole the browser's mark has a few guesses like everybody, and it opens no other account's queue.
    let bob = world.person().await;
    refused(async |_| world.log_in(&bob.email, "another password", &known).await).await;
    assert_eq!(world.log_in(&bob.email, PASSWORD, &known).await.status, 429);
    refused(async |_| world.log_in(&ann.email, "another password", &known).await).await;
}

#[tokio::test]
async fn guesses_with_a_stolen_login_at_its_password_are_slow_too() {
    let world = open().await;
    let ann = world.person().await;
    let path = format!("/account/{}/password", ann.id);
    let body = r#"{"current":"another password","new":"a cow and a tunnel"}"#;
    refused(async |_| world.send("POST", &path, &ann.header(), body).await).await;
}

#[tokio::test]
async fn meetings_cannot_be_found_by_trying_ids() {
    let world = start(|settings| {
        settings.trusted_proxies = vec![[127, 0, 0, 1].into()];
        settings.people.guesses = signal::Rate { per_s: 1, burst: 10 };
    })
    .await;
    let ann = world.person().await;
    let meeting = world.meeting_of(&ann, open_to_all(), false).await;
    let evil = [("X-Forwarded-For", "203.0.113.9")];
    let look = async |id: &str, from: &[(&str, &str)]| world.ask("GET", &format!("/meeting/{id}"), from, "").await;
    // Somebody who only opens meetings that are there is never counted.
    for _ in 0..50 {
        assert_eq!(look(meeting.as_str(), &evil).await.status, 200);
    }
    for _ in 0..10 {
        look(MeetingId::from_random(random()).as_str(), &evil).await.is(404, "no-meeting");
    }
    let refused = look(MeetingId::from_random(random()).as_str(), &evil).await;
    refused.is(429, "too-many-attempts");
    assert!(refused.header("retry-after").is_some());
    // A hit looks like a miss then, by every way in.
    look(meeting.as_str(), &evil).await.is(429, "too-many-attempts");
    let body = format!(r#"{{"meeting_id":"{meeting}","name":"Eve"}}"#);
    world.send("POST", "/meeting/join", &evil, &body).await.is(429, "too-many-attempts");
    assert_eq!(look(meeting.as_str(), &[("X-Forwarded-For", "198.51.100.7")]).await.status, 200);
    look("nonsense", &evil).await.is(404, "no-meeting");
}

#[tokio::test]
async fn guesses_at_a_passcode_wait_and_a_class_that_knows_it_does_not() {
    let world = behind_a_proxy().await;
    let ann = world.person().await;
    let passcode = Some(PasscodeHash(hashing::hash("4711", [3; 16])));
    let meeting = world.meeting_of(&ann, Settings { passcode, ..open_to_all() }, false).await;
    let join = async |from: &str, passcode: &str| {
        let body = serde_json::json!({ "meeting_id": meeting, "name": "Kid", "passcode": passcode }).to_string();
        world.send("POST", "/meeting/join", &[("X-Forwarded-For", from)], &body).await
    };
    for _ in 0..60 {
        assert_eq!(join("198.51.100.7", "4711").await.status, 200);
    }
    let mut wrong = Vec::new();
    for n in 0..45 {
        wrong.push(join("203.0.113.9", &format!("{n:04}")).await.status);
    }
    assert_eq!((wrong[0], wrong[44]), (403, 429));
    assert!(wrong.iter().filter(|status| **status == 403).count() <= 42, "{wrong:?}");
    // A host needs none.
    let body = format!(r#"{{"meeting_id":"{meeting}"}}"#);
    world.send("POST", "/meeting/join", &ann.header(), &body).await.json(200);
}
