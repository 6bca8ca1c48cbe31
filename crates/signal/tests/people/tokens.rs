//! Logins and tickets from their beginning to their end.

use meetings::{Purpose, Store as _};

use crate::cast::*;
use crate::support::*;

#[tokio::test]
async fn each_login_has_a_new_token_and_each_ends_by_itself() {
    let world = open().await;
    let ann = world.person().await;
    let mut tokens = Vec::new();
    for _ in 0..3 {
        // A token that the client brings is never the one it gets.
        let answer = world.log_in(&ann.email, PASSWORD, &ann.header()).await.json(200);
        tokens.push(bearer(answer["auth"].as_str().unwrap()));
    }
    assert!(tokens[0] != tokens[1] && tokens[1] != tokens[2] && !tokens.contains(&ann.auth));
    let verify = async |token: &str| world.ask("GET", "/account/verify", &[("Authorization", token)], "").await.status;
    let out = world.send("POST", "/account/logout", &[("Authorization", &tokens[0])], "").await;
    assert_eq!(out.status, 204);
    assert_eq!((verify(&tokens[0]).await, verify(&tokens[1]).await, verify(&tokens[2]).await), (401, 200, 200));
    let everywhere = world.send("POST", "/account/logout-everywhere", &[("Authorization", &tokens[1])], "").await;
    assert_eq!(everywhere.status, 204);
    assert_eq!((verify(&tokens[1]).await, verify(&tokens[2]).await, verify(&ann.auth).await), (401, 401, 401));
}

#[tokio::test]
async fn a_login_says_who_it_is_and_when_it_ends() {
    let world = start(|settings| settings.people.login = std::time::Duration::from_secs(1000)).await;
    let ann = world.person().await;
    let view = world.log_in(&ann.email.to_uppercase(), PASSWORD, &[]).await.json(200);
    assert_eq!((view["account_id"].as_str(), view["grant"].as_str()), (Some(ann.id.as_str()), Some("person")));
    assert!((now().0 + 990..=now().0 + 1000).contains(&view["expires"].as_u64().unwrap()));
    let auth = bearer(view["auth"].as_str().unwrap());
    let seen = world.ask("GET", "/account/verify", &[("Authorization", &auth)], "").await.json(200);
    assert_eq!((seen["email"].as_str(), seen.get("auth")), (Some(ann.email.as_str()), None));
}

#[tokio::test]
async fn what_is_no_token_of_a_login_is_refused_with_a_challenge() {
    let world = open().await;
    let ann = world.person().await;
    let cut = &ann.auth[..ann.auth.len() - 1];
    let long = format!("{}A", ann.auth);
    let link = world.token_for(Purpose::Confirm(ann.id.clone()), 600).await;
    let cai = world.person().await;
    assert!(world.store.remove_account(&cai.id).await.unwrap());
    let gone = cai.auth;
    for wrong in
        [cut, &long, &link, &gone, "Bearer ", "Bearer", "Basic YTpi", "Bearer a.b.c", &bearer(&"A".repeat(9000))]
    {
        let answer = world.ask("GET", "/account/verify", &[("Authorization", wrong)], "").await;
        answer.is(401, "unauthorized");
        assert!(answer.header("www-authenticate").unwrap().contains("error="), "{wrong}");
    }
    let two = [("Authorization", ann.auth.as_str()), ("Authorization", ann.auth.as_str())];
    world.ask("GET", "/account/verify", &two, "").await.is(401, "unauthorized");
    let nobody = world.get("/account/verify").await;
    nobody.is(401, "unauthorized");
    assert_eq!(nobody.header("www-authenticate"), Some(r#"Bearer realm="weir""#));
    // Not in the URL, where it would end in logs.
    let query = format!("/account/verify?access_token={}", ann.auth.trim_start_matches("Bearer "));
    world.get(&query).await.is(401, "unauthorized");
}

#[tokio::test]
async fn a_new_password_ends_every_other_login_and_the_old_password() {
    let world = open().await;
    let ann = world.person().await;
    let other = world.token_for(Purpose::Login(ann.id.clone()), 600).await;
    let path = format!("/account/{}/password", ann.id);
    let wrong = r#"{"current":"a horse and a brigde","new":"a cow and a tunnel"}"#;
    world.send("POST", &path, &ann.header(), wrong).await.is(403, "password-wrong");
    let weak = r#"{"current":"a horse and a bridge","new":"password1"}"#;
    world.send("POST", &path, &ann.header(), weak).await.is(422, "weak-password");
    let good = r#"{"current":"a horse and a bridge","new":"a cow and a tunnel"}"#;
    assert_eq!(world.send("POST", &path, &ann.header(), good).await.status, 204);
    let verify = async |auth: &str| world.ask("GET", "/account/verify", &[("Authorization", auth)], "").await.status;
    assert_eq!((verify(&ann.auth).await, verify(&other).await), (200, 401));
    world.log_in(&ann.email, PASSWORD, &[]).await.is(401, "unauthorized");
    world.log_in(&ann.email, "a cow and a tunnel", &[]).await.json(200);
}
