//! WHIP and WHEP as a client meets them.

mod support;

use signal::IceServer;
use signal::desk::Readiness;
use support::*;

#[tokio::test]
async fn a_publisher_gets_an_answer_a_location_and_a_tag_and_ends_with_delete() {
    let world = open().await;
    let created = world.post_offer("/whip/demo", &[]).await;
    assert_eq!(created.status, 201, "{created:?}");
    assert_eq!(created.header("content-type"), Some("application/sdp"));
    assert!(created.body.starts_with("v=0") && created.body.contains("a=recvonly"));
    assert_eq!(created.header("etag"), Some("\"ice-1\""));
    let location = created.header("location").unwrap();
    assert!(location.starts_with("/whip/demo/w00"), "{location}");

    assert_eq!(world.get(location).await.status, 204);
    assert_eq!(world.ask("HEAD", location, &[], "").await.status, 204);
    let ended = world.ask("DELETE", location, &[("If-Match", "\"wrong\"")], "").await;
    assert_eq!(ended.status, 200, "any tag on DELETE is ignored");
    world.ask("DELETE", location, &[], "").await.is(404, "no-session");
    world.patch(location, Some("*"), TRICKLE).await.is(404, "no-session");
    world.get(location).await.is(404, "no-session");
}

#[tokio::test]
async fn a_viewer_is_told_to_come_back_until_the_room_is_live() {
    let world = open().await;
    let early = world.post_offer("/whep/demo", &[]).await;
    early.is(409, "not-live");
    assert_eq!(early.header("retry-after"), Some("3"));
    assert_eq!(world.post_offer("/whip/demo", &[]).await.status, 201);
    let watching = world.post_offer("/whep/demo", &[]).await;
    assert_eq!(watching.status, 201);
    assert!(watching.header("location").unwrap().starts_with("/whep/demo/"));
}

#[tokio::test]
async fn a_second_publisher_hears_that_the_room_is_taken() {
    let world = open().await;
    assert_eq!(world.post_offer("/whip/demo", &[]).await.status, 201);
    let second = world.post_offer("/whip/demo", &[]).await;
    second.is(409, "room-occupied");
    assert!(second.header("retry-after").is_some());
}

#[tokio::test]
async fn a_publishers_name_that_is_none_is_refused_in_words() {
    let world = open().await;
    for bad in ["", "a%20b", "a/b", &"x".repeat(65)] {
        let refused = world.post_offer(&format!("/whip/demo?as={bad}"), &[]).await;
        refused.is(400, "bad-room-name");
        assert!(refused.body.contains("?as="), "{bad:?}: {refused:?}");
    }
    assert_eq!(world.post_offer("/whip/demo?as=ann", &[]).await.status, 201);
}

#[tokio::test]
async fn candidates_trickle_and_ice_restarts_under_the_current_tag_only() {
    let world = open().await;
    let created = world.post_offer("/whip/demo", &[]).await;
    let location = created.header("location").unwrap();
    let tag = created.header("etag").unwrap();

    world.patch(location, None, TRICKLE).await.is(428, "precondition-required");
    world.patch(location, Some("\"other\""), TRICKLE).await.is(412, "stale-tag");
    world.patch(location, Some(&format!("W/{tag}")), TRICKLE).await.is(412, "stale-tag");
    let trickled = world.patch(location, Some(tag), TRICKLE).await;
    assert_eq!((trickled.status, trickled.header("etag"), trickled.body.as_str()), (204, None, ""));
    assert_eq!(world.patch(location, Some(&format!("\"x\", {tag}")), TRICKLE).await.status, 204);

    let mut current = tag.to_owned();
    for star in ["*", "\"*\""] {
        let restarted = world.patch(location, Some(star), RESTART).await;
        assert_eq!(restarted.status, 200, "{restarted:?}");
        assert_eq!(restarted.header("content-type"), Some("application/trickle-ice-sdpfrag"));
        assert!(restarted.body.contains("a=ice-ufrag:server2"));
        let new = restarted.header("etag").unwrap().to_owned();
        assert_ne!(new, current);
        world.patch(location, Some(&current), TRICKLE).await.is(412, "stale-tag");
        current = new;
    }
    assert_eq!(world.patch(location, Some(&current), TRICKLE).await.status, 204);

    world.patch(location, Some("*"), REFUSED_RESTART).await.is(422, "restart-refused");
    assert_eq!(world.patch(location, Some(&current), TRICKLE).await.status, 204, "the session goes on");
}

#[tokio::test]
async fn a_wrong_type_is_refused_with_the_right_one_and_parameters_do_not_matter() {
    let world = open().await;
    for wrong in ["application/json", "text/plain", "application/sdpx", ""] {
        let answer = world.ask("POST", "/whip/demo", &[("Content-Type", wrong)], PUBLISH).await;
        answer.is(415, "wrong-content-type");
        assert_eq!(answer.header("accept"), Some("application/sdp"));
    }
    world.ask("POST", "/whip/demo", &[], PUBLISH).await.is(415, "wrong-content-type");
    let packed = [("Content-Type", "application/sdp"), ("Content-Encoding", "gzip")];
    world.ask("POST", "/whip/demo", &packed, PUBLISH).await.is(415, "wrong-content-type");
    let odd_but_right = [("Content-Type", "Application/SDP ; charset=utf-8")];
    let created = world.ask("POST", "/whip/demo", &odd_but_right, PUBLISH).await;
    assert_eq!(created.status, 201);
    let location = created.header("location").unwrap();
    let wrong = [("Content-Type", "application/sdp"), ("If-Match", "*")];
    world.ask("PATCH", location, &wrong, TRICKLE).await.is(415, "wrong-content-type");
}

#[tokio::test]
async fn an_offer_that_is_none_never_reaches_the_node() {
    let world = open().await;
    let sdp = [("Content-Type", "application/sdp")];
    for bad in ["", "hello", "v=1\r\n", "\u{0}\u{1}"] {
        world.ask("POST", "/whip/demo", &sdp, bad).await.is(400, "malformed-offer");
    }
    let not_text = [b"POST /whip/demo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/sdp\r\nContent-Length: 4\r\n\r\n".as_slice(), &[0xff, 0xfe, 0, 1]].concat();
    world.raw(&not_text).await.is(400, "malformed-offer");
    let backwards = PUBLISH.replace("a=sendonly", "a=recvonly");
    world.ask("POST", "/whip/demo", &sdp, &backwards).await.is(422, "bad-offer");
    let viewer_that_sends = WATCH.replace("a=recvonly", "a=sendonly");
    world.ask("POST", "/whep/demo", &sdp, &viewer_that_sends).await.is(422, "bad-offer");
    assert!(world.asked.borrow().is_empty());
}

#[tokio::test]
async fn a_fragment_that_is_none_leaves_the_session_as_it_was() {
    let world = open().await;
    let created = world.post_offer("/whip/demo", &[]).await;
    let location = created.header("location").unwrap();
    for bad in ["", "hello", "{}", "a=ice-ufrag:only\r\n", "a=ice-ufrag:x\r\na=ice-pwd:short\r\n"] {
        world.patch(location, Some("*"), bad).await.is(400, "malformed-fragment");
    }
    assert_eq!(world.times_asked("patch"), 0);
    assert_eq!(world.get(location).await.status, 204);
}

#[tokio::test]
async fn get_and_head_succeed_and_carry_nothing_and_a_player_recognises_whep() {
    let world = strict().await;
    for path in ["/whip/demo", "/whep/demo"] {
        let answer = world.get(path).await;
        assert_eq!((answer.status, answer.body.as_str()), (204, ""), "{path}");
    }
    let head = world.ask("HEAD", "/whep/demo", &[], "").await;
    assert_eq!((head.status, head.header("content-type"), head.body.as_str()), (200, Some("application/sdp"), ""));
}

#[tokio::test]
async fn options_need_no_token_and_say_what_may_be_sent() {
    let world = start(|settings| {
        settings.auth = signal::auth::Policy::Required;
        settings.ice_servers = vec![IceServer::turn("turn:t.example.net", "ann", "secret").unwrap()];
    })
    .await;
    let token = bearer(&world.token("demo", true, false));
    for path in ["/whip/demo", "/whep/demo"] {
        let options = world.ask("OPTIONS", path, &[], "").await;
        assert_eq!((options.status, options.header("accept-post")), (200, Some("application/sdp")), "{path}");
        assert!(options.header("link").is_none(), "who shows no token gets no TURN credentials");
        let known = world.ask("OPTIONS", path, &[("Authorization", &token)], "").await;
        assert_eq!(known.all("link").len(), 1);
        let preflight = [("Origin", "https://player.example"), ("Access-Control-Request-Method", "POST")];
        let preflight = world.ask("OPTIONS", path, &preflight, "").await;
        assert_eq!(preflight.status, 200);
        assert!(preflight.header("access-control-allow-methods").unwrap().contains("PATCH"));
        assert!(preflight.header("access-control-allow-headers").unwrap().contains("Authorization"));
        assert!(preflight.header("link").is_none());
    }
    let created = world.post_offer("/whip/demo", &[("Authorization", &token)]).await;
    let link = created.header("link").unwrap();
    assert_eq!(
        link,
        r#"<turn:t.example.net>; rel="ice-server"; username="ann"; credential="secret"; credential-type="password""#
    );
    let session = world.ask("OPTIONS", created.header("location").unwrap(), &[], "").await;
    assert_eq!((session.status, session.header("accept-patch")), (200, Some("application/trickle-ice-sdpfrag")));
}

#[tokio::test]
async fn a_page_of_another_origin_can_read_every_answer_errors_included() {
    let world = open().await;
    let origin = ("Origin", "http://localhost:5173");
    let answers = [
        world.post_offer("/whip/demo", &[origin]).await,
        world.post_offer("/whip/demo", &[origin]).await,
        world.post_offer("/whep/none", &[origin]).await,
        world.post_offer("/whip/a%20b", &[origin]).await,
        world.ask("PUT", "/whip/demo", &[origin], "").await,
        world.ask("DELETE", "/whip/demo/w0", &[origin], "").await,
        world.ask("POST", "/whep/demo", &[origin, ("Authorization", "Bearer x")], "").await,
    ];
    for answer in answers {
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"), "{answer:?}");
        let exposed = answer.header("access-control-expose-headers").unwrap();
        for name in ["Location", "Link", "ETag", "Retry-After", "Accept-Post"] {
            assert!(exposed.contains(name), "{name} in {exposed}");
        }
        assert_eq!(answer.header("vary"), Some("Origin"));
    }
}

#[tokio::test]
async fn origins_can_be_limited() {
    let world = start(|settings| settings.cors = signal::Cors::Only(vec!["https://good.example".into()])).await;
    let good = world.ask("OPTIONS", "/whip/demo", &[("Origin", "https://good.example")], "").await;
    assert_eq!(good.header("access-control-allow-origin"), Some("https://good.example"));
    for bad in ["https://evil.example", "https://good.example.evil.example", "null"] {
        let answer = world.ask("OPTIONS", "/whip/demo", &[("Origin", bad)], "").await;
        assert_eq!(answer.header("access-control-allow-origin"), None, "{bad}");
    }
}

#[tokio::test]
async fn a_method_that_is_not_served_is_answered_with_those_that_are() {
    let world = open().await;
    for (method, path) in
        [("PUT", "/whip/demo"), ("DELETE", "/whep/demo"), ("POST", "/whip/demo/w00"), ("POST", "/api/rooms")]
    {
        let answer = world.ask(method, path, &[], "").await;
        answer.is(405, "method-not-allowed");
        assert!(answer.header("allow").unwrap().contains("GET"), "{method} {path}");
    }
}

#[tokio::test]
async fn a_full_or_draining_node_says_when_to_come_back_and_still_serves_its_sessions() {
    let world = open().await;
    let created = world.post_offer("/whip/demo", &[]).await;
    let location = created.header("location").unwrap();
    for (state, problem) in [(Readiness::Full, "node-full"), (Readiness::Draining, "node-draining")] {
        world.readiness.send(state).unwrap();
        for path in ["/whip/other", "/whep/demo"] {
            let refused = world.post_offer(path, &[]).await;
            refused.is(503, problem);
            assert!(refused.header("retry-after").unwrap().parse::<u32>().unwrap() > 0);
        }
        assert_eq!(world.patch(location, Some("*"), TRICKLE).await.status, 204);
    }
    assert_eq!(world.ask("DELETE", location, &[], "").await.status, 200);
}

#[tokio::test]
async fn the_addresses_of_older_systems_lead_to_the_same_rooms() {
    let world = strict().await;
    let token = world.token("*", true, true);
    let created = world.ask("POST", &format!("/pub/demo/ann?access_token={token}"), &[], PUBLISH).await;
    assert_eq!(created.status, 201, "no content type, as those clients send it: {created:?}");
    assert!(created.header("location").unwrap().starts_with("/whip/demo/"));
    for path in ["/whap?room=demo", "/whep?room=demo", "/sub?room=demo", "/sub/demo/bob"] {
        let watching = world.post_offer(path, &[("Authorization", &bearer(&token))]).await;
        assert_eq!(watching.status, 201, "{path}");
        assert!(watching.header("location").unwrap().starts_with("/whep/demo/"));
    }
    let main = world.post_offer(&format!("/whip?room=&access_token={token}"), &[]).await;
    assert!(main.header("location").unwrap().starts_with("/whip/mainroom/"));
}
