//! Coming into meetings, being kept out of them, and leaving.

use meetings::{Meeting, MeetingId, PersonId, Settings, Store as _};
use signal::live::{self, Ask};

use crate::cast::*;
use crate::support::*;

async fn join(world: &World, meeting: &MeetingId, headers: &[(&str, &str)], more: &str) -> Answer {
    world.send("POST", "/meeting/join", headers, &format!(r#"{{"meeting_id":"{meeting}"{more}}}"#)).await
}

const NAMED: &str = r#","name":"Kim""#;

#[tokio::test]
async fn a_guest_joins_by_the_link_and_has_nothing_but_a_ticket() {
    let world = open().await;
    let ann = world.person().await;
    let meeting = world.meeting_of(&ann, open_to_all(), false).await;
    join(&world, &meeting, &[], "").await.is(422, "bad-input");
    let seat = join(&world, &meeting, &[], NAMED).await.json(200);
    assert_eq!((seat["person"]["name"].as_str(), seat["person"]["role"].as_str()), (Some("Kim"), Some("guest")));
    assert_eq!(seat["socket"], format!("ws://{}/meeting/socket", world.addr));
    let id = seat["person"]["account_id"].as_str().unwrap();
    assert!(id.parse::<PersonId>().unwrap().account().is_none());
    let ticket = bearer(seat["ticket"].as_str().unwrap());
    let headers = [("Authorization", ticket.as_str())];
    // Who comes back with the ticket is who they were; who comes without is somebody new.
    let again = join(&world, &meeting, &headers, NAMED).await.json(200);
    let other = join(&world, &meeting, &[], NAMED).await.json(200);
    assert_eq!(again["person"]["account_id"], id);
    assert_ne!(other["person"]["account_id"], id);
    // In another meeting nobody is known by it.
    let elsewhere = world.meeting_of(&ann, open_to_all(), false).await;
    assert_ne!(join(&world, &elsewhere, &headers, NAMED).await.json(200)["person"]["account_id"], id);
    let leave = async |meeting: &MeetingId| {
        world.send("POST", "/meeting/leave", &headers, &format!(r#"{{"meeting_id":"{meeting}"}}"#)).await
    };
    leave(&elsewhere).await.is(403, "forbidden");
    assert_eq!(leave(&meeting).await.status, 204);
    leave(&meeting).await.is(401, "unauthorized");
}

#[tokio::test]
async fn each_reason_to_stay_outside_has_a_name() {
    let world = open().await;
    let (ann, bob, eve) = (world.person().await, world.person().await, world.person().await);
    let with = |settings: Settings| world.meeting_of(&ann, settings, false);
    let mut closed = open_to_all();
    closed.guests = false;
    let no_guests = with(closed).await;
    let locked = with(Settings { locked: true, ..open_to_all() }).await;
    let mut banning = open_to_all();
    banning.banned.insert(eve.id.clone().into());
    banning.co_hosts.insert(bob.id.clone());
    banning.locked = true;
    let banned = with(banning).await;
    join(&world, &no_guests, &[], NAMED).await.is(403, "guests-not-allowed");
    assert_eq!(join(&world, &no_guests, &bob.header(), "").await.json(200)["person"]["role"], "participant");
    join(&world, &locked, &[], NAMED).await.is(403, "meeting-locked");
    join(&world, &locked, &bob.header(), "").await.is(403, "meeting-locked");
    assert_eq!(join(&world, &locked, &ann.header(), "").await.json(200)["person"]["role"], "host");
    join(&world, &banned, &eve.header(), "").await.is(403, "banned");
    assert_eq!(join(&world, &banned, &bob.header(), "").await.json(200)["person"]["role"], "co_host");
    let lobby = with(Settings { lobby: true, ..open_to_all() }).await;
    // The ticket leads into the lobby; from there on it is the live meeting's business.
    join(&world, &lobby, &[], NAMED).await.json(200);
    join(&world, &world.meeting_of(&ann, open_to_all(), true).await, &[], NAMED).await.is(410, "meeting-ended");
    join(&world, &MeetingId::from_random(random()), &[], NAMED).await.is(404, "no-meeting");
    for name in ["", " ", "\\u202ennA", &"x".repeat(65)] {
        join(&world, &lobby, &[], &format!(r#","name":"{name}""#)).await.is(422, "bad-input");
    }
}

#[tokio::test]
async fn a_passcode_is_asked_for_and_checked() {
    let world = open().await;
    let ann = world.person().await;
    let made = world.send("POST", "/meeting", &ann.header(), r#"{"passcode":"4711"}"#).await.json(201);
    assert_eq!(made["passcode"], true);
    let meeting: MeetingId = made["meeting_id"].as_str().unwrap().parse().unwrap();
    join(&world, &meeting, &[], NAMED).await.is(403, "passcode-required");
    join(&world, &meeting, &[], r#","name":"Kim","passcode":"0815""#).await.is(403, "passcode-wrong");
    join(&world, &meeting, &[], r#","name":"Kim","passcode":"4711""#).await.json(200);
    let path = format!("/meeting/{meeting}");
    let door = world.get(&path).await;
    assert!(!door.body.contains("inside") && !door.body.contains("4711") && !door.body.contains("argon2"), "{door:?}");
    for clear in [r#"{"passcode":null}"#, r#"{"passcode":""}"#] {
        assert_eq!(world.send("PATCH", &path, &ann.header(), r#"{"passcode":"x"}"#).await.json(200)["passcode"], true);
        assert_eq!(world.send("PATCH", &path, &ann.header(), "{}").await.json(200)["passcode"], true);
        assert_eq!(world.send("PATCH", &path, &ann.header(), clear).await.json(200)["passcode"], false);
    }
    join(&world, &meeting, &[], NAMED).await.json(200);
}

#[tokio::test]
async fn hosts_change_who_may_come_in() {
    let world = open().await;
    let (ann, bob) = (world.person().await, world.person().await);
    let guest = PersonId::guest_from_random(7);
    let mut settings = open_to_all();
    settings.banned.insert(guest.clone());
    let meeting = world.meeting_of(&ann, settings, false).await;
    let path = format!("/meeting/{meeting}");
    let change = async |who: &Person, body: String| world.send("PATCH", &path, &who.header(), &body).await;
    change(&bob, r#"{"locked":true}"#.to_owned()).await.is(403, "forbidden");
    let seen = change(&ann, format!(r#"{{"co_hosts":{{"add":["{}"]}}}}"#, bob.id)).await.json(200);
    assert_eq!(
        (seen["co_hosts"][0].as_str(), seen["banned"][0].as_str()),
        (Some(bob.id.as_str()), Some(guest.as_str()))
    );
    let body =
        format!(r#"{{"title":" Standup ","locked":true,"lobby":true,"guests":false,"bans":{{"lift":["{guest}"]}}}}"#);
    let seen = change(&bob, body).await.json(200);
    assert_eq!((seen["title"].as_str(), seen["role"].as_str()), (Some("Standup"), Some("co_host")));
    assert_eq!(
        (seen["locked"].as_bool(), seen["lobby"].as_bool(), seen["guests"].as_bool()),
        (Some(true), Some(true), Some(false))
    );
    assert_eq!(seen["banned"].as_array().map(Vec::len), Some(0));
    change(&ann, format!(r#"{{"co_hosts":{{"remove":["{}"]}}}}"#, bob.id)).await.json(200);
    change(&bob, "{}".to_owned()).await.is(403, "forbidden");
    let nobody = meetings::AccountId::from_random(random());
    for wrong in [
        format!(r#"{{"co_hosts":{{"add":["{nobody}"]}}}}"#),
        r#"{"co_hosts":{"add":["x"]}}"#.to_owned(),
        r#"{"bans":{"lift":["x"]}}"#.to_owned(),
        r#"{"locked":"yes"}"#.to_owned(),
        format!(r#"{{"title":"{}"}}"#, "x".repeat(121)),
        r#"{"title":"a\nb"}"#.to_owned(),
        format!(r#"{{"passcode":"{}"}}"#, "x".repeat(65)),
        format!(r#"{{"bans":{{"lift":[{}]}}}}"#, vec![format!("\"{guest}\""); 101].join(",")),
    ] {
        change(&ann, wrong).await.is(422, "bad-input");
    }
    world.send("POST", &format!("/meeting/end/{meeting}"), &ann.header(), "").await;
    change(&ann, "{}".to_owned()).await.is(410, "meeting-ended");
}

#[tokio::test]
async fn changes_at_the_same_time_are_all_made() {
    let world = open().await;
    let ann = world.person().await;
    let meeting = world.meeting_of(&ann, open_to_all(), false).await;
    let path = format!("/meeting/{meeting}");
    let bodies = [r#"{"locked":true}"#, r#"{"lobby":true}"#, r#"{"guests":false}"#, r#"{"title":"all of it"}"#];
    let header = ann.header();
    let all = bodies.map(|body| world.send("PATCH", &path, &header, body));
    for answer in futures_util::future::join_all(all).await {
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    let Meeting { settings, version, .. } = world.store.meeting(&meeting).await.unwrap().unwrap();
    assert!(settings.locked && settings.lobby && !settings.guests && settings.title == "all of it");
    assert_eq!(version.0, 4);
}

#[tokio::test]
async fn ending_a_meeting_makes_all_tickets_void() {
    let world = open().await;
    let ann = world.person().await;
    let meeting = world.meeting_of(&ann, open_to_all(), false).await;
    let (_, ticket) = world.guest_in(&meeting).await;
    let end = format!("/meeting/end/{meeting}");
    assert_eq!(world.send("POST", &end, &ann.header(), "").await.status, 204);
    assert_eq!(world.send("POST", &end, &ann.header(), "").await.status, 204, "ended twice is ended");
    let body = format!(r#"{{"meeting_id":"{meeting}"}}"#);
    world.send("POST", "/meeting/leave", &[("Authorization", &ticket)], &body).await.is(401, "unauthorized");
    let door = world.get(&format!("/meeting/{meeting}")).await.json(200);
    assert!(door["ended"].as_u64().is_some() && door.get("inside").is_none());
    assert_eq!(world.send("DELETE", &format!("/meeting/{meeting}"), &ann.header(), "").await.status, 204);
    world.get(&format!("/meeting/{meeting}")).await.is(404, "no-meeting");
}

#[tokio::test]
async fn the_door_says_who_is_inside_and_the_live_meetings_hear_what_was_decided() {
    let (live, mut server): (_, live::Server) = signal::Live::new();
    let world = start(|settings| settings.people.live = Some(live)).await;
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Some(ask) = server.asks.recv().await {
            match ask {
                Ask::Inside { reply, .. } => drop(reply.send(vec!["Ann".to_owned(), "Bob".to_owned()])),
                other => drop(told.send(format!("{other:?}"))),
            }
        }
    });
    let ann = world.person().await;
    let meeting = world.meeting_of(&ann, Settings { title: "Standup".to_owned(), ..open_to_all() }, false).await;
    let path = format!("/meeting/{meeting}");
    let door = world.get(&path).await.json(200);
    assert_eq!(door["inside"], serde_json::json!(["Ann", "Bob"]));
    assert_eq!((door["title"].as_str(), door["host_name"].as_str()), (Some("Standup"), Some("Ann")));
    assert!(door.get("role").is_none() && door.get("link").is_none());
    world.send("PATCH", &path, &ann.header(), r#"{"locked":true}"#).await.json(200);
    let changed = heard.recv().await.unwrap();
    assert!(changed.starts_with("Changed") && changed.contains("locked: Some(true), lobby: None"), "{changed}");
    let body = format!(r#"{{"meeting_id":"{meeting}"}}"#);
    world.send("POST", "/meeting/leave", &ann.header(), &body).await;
    assert!(heard.recv().await.unwrap().starts_with("Left"));
    world.send("POST", &format!("/meeting/end/{meeting}"), &ann.header(), "").await;
    assert_eq!(heard.recv().await.unwrap(), format!("Ended({meeting:?})"));
    world.send("POST", "/account/logout-everywhere", &ann.header(), "").await;
    assert_eq!(heard.recv().await.unwrap(), format!("LoggedOut({:?})", ann.id));
}

#[tokio::test]
async fn what_people_may_do_in_a_meeting_is_kept_and_changed_like_the_rest() {
    let world = open().await;
    let ann = world.person().await;
    let made = world.send("POST", "/meeting", &ann.header(), r#"{"share":false}"#).await.json(201);
    let switches =
        |view: &serde_json::Value| ["chat", "reactions", "share", "unmute"].map(|key| view[key].as_bool().unwrap());
    assert_eq!(switches(&made), [true, true, false, true]);
    let path = format!("/meeting/{}", made["meeting_id"].as_str().unwrap());
    let body = r#"{"chat":false,"share":true,"unmute":false}"#;
    let changed = world.send("PATCH", &path, &ann.header(), body).await.json(200);
    assert_eq!(switches(&changed), [false, true, true, false]);
    let seen = world.ask("GET", &path, &ann.header(), "").await.json(200);
    assert_eq!(switches(&seen), [false, true, true, false]);
    world.send("PATCH", &path, &ann.header(), r#"{"chat":"no"}"#).await.is(422, "bad-input");
}

#[tokio::test]
async fn a_guest_who_was_banned_is_known_again_by_the_browser_until_that_is_lifted() {
    let world = open().await;
    let (ann, bob) = (world.person().await, world.person().await);
    let meeting = world.meeting_of(&ann, open_to_all(), false).await;
    let path = format!("/meeting/{meeting}");
    let first = join(&world, &meeting, &[], NAMED).await;
    let number = first.cookie("__Host-weir-guest").expect("a browser is given a number");
    let cookie = format!("__Host-weir-guest={number}");
    let browser = [("Cookie", cookie.as_str())];
    let kim = first.json(200)["person"]["account_id"].as_str().unwrap().to_owned();
    let second = join(&world, &meeting, &browser, NAMED).await;
    assert_eq!(second.header("set-cookie"), None, "it has one");
    assert_ne!(second.json(200)["person"]["account_id"], kim, "whoever throws the ticket away is somebody new");
    let change = async |who: &Person, body: String| world.send("PATCH", &path, &who.header(), &body).await;
    let seen = change(&ann, format!(r#"{{"bans":{{"add":["{kim}"]}}}}"#)).await.json(200);
    assert_eq!(seen["banned"], serde_json::json!([kim]));
    // Also under another name, and with an account made for it.
    join(&world, &meeting, &browser, r#","name":"Nobody""#).await.is(403, "banned");
    let as_bob = [("Cookie", cookie.as_str()), ("Authorization", bob.auth.as_str())];
    join(&world, &meeting, &as_bob, "").await.is(403, "banned");
    // Others come in, and so does that browser elsewhere: this is about one meeting.
    join(&world, &meeting, &[], NAMED).await.json(200);
    let elsewhere = world.meeting_of(&ann, open_to_all(), false).await;
    join(&world, &elsewhere, &browser, NAMED).await.json(200);
    change(&ann, format!(r#"{{"bans":{{"lift":["{kim}"]}}}}"#)).await.json(200);
    join(&world, &meeting, &browser, NAMED).await.json(200);
    // Nobody bans the host, nor a co-host another one.
    let (cy, di) = (world.person().await, world.person().await);
    let add = |who: &Person| format!(r#"{{"bans":{{"add":["{}"]}}}}"#, who.id);
    change(&ann, format!(r#"{{"co_hosts":{{"add":["{}","{}"]}}}}"#, cy.id, di.id)).await.json(200);
    change(&cy, add(&ann)).await.is(403, "forbidden");
    change(&cy, add(&di)).await.is(403, "forbidden");
    let seen = change(&ann, add(&di)).await.json(200);
    assert_eq!(seen["co_hosts"], serde_json::json!([cy.id.to_string()]), "who is banned is no co-host");
    join(&world, &meeting, &di.header(), "").await.is(403, "banned");
}

#[tokio::test]
async fn where_an_operator_wants_it_a_ban_is_for_the_address_too() {
    for (wanted, status) in [(false, 200), (true, 403)] {
        let world = start(move |settings| settings.people.ban_addresses = wanted).await;
        let ann = world.person().await;
        let meeting = world.meeting_of(&ann, open_to_all(), false).await;
        let kim =
            join(&world, &meeting, &[], NAMED).await.json(200)["person"]["account_id"].as_str().unwrap().to_owned();
        let body = format!(r#"{{"bans":{{"add":["{kim}"]}}}}"#);
        world.send("PATCH", &format!("/meeting/{meeting}"), &ann.header(), &body).await.json(200);
        assert_eq!(join(&world, &meeting, &[], NAMED).await.status, status, "{wanted}");
        // People with an account are known by that.
        let bob = world.person().await;
        join(&world, &meeting, &bob.header(), "").await.json(200);
    }
}
