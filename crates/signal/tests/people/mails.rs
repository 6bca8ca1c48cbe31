//! The links of mails, read out of the outbox as their owner would.

use std::path::{Path, PathBuf};

use signal::people::Mail;
use tokio::time::Duration;

use crate::cast::*;
use crate::support::*;

struct Outbox(PathBuf);

impl Outbox {
    fn new(name: &str) -> Outbox {
        let dir = std::env::temp_dir().join(format!("weir-mails-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        Outbox(dir)
    }

    fn settings(&self) -> Option<Mail> {
        Some(Mail::new(self.0.clone(), "Weir <weir@example.org>", None).unwrap())
    }

    fn mails(&self) -> Vec<String> {
        let is_mail = |path: &Path| path.extension().is_some_and(|end| end == "eml");
        let entries = std::fs::read_dir(&self.0).into_iter().flatten().map(|entry| entry.unwrap().path());
        entries.filter(|path| is_mail(path)).map(|path| std::fs::read_to_string(path).unwrap()).collect()
    }

    /// The first mail to `to` that says `word`.
    async fn mail(&self, to: &str, word: &str) -> String {
        for _ in 0..500 {
            let mail = self.mails().into_iter().find(|mail| mail.contains(&format!("To: {to}")) && mail.contains(word));
            if let Some(mail) = mail {
                return mail;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("no mail to {to} says {word:?}: {:?}", self.mails());
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// What stands behind the `#` of its link.
fn token(mail: &str) -> String {
    let behind = mail.split_once('#').unwrap_or_else(|| panic!("no link in {mail}")).1;
    behind.chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).collect()
}

async fn ask_for_reset(world: &World, email: &str) {
    let body = serde_json::json!({ "email": email }).to_string();
    assert_eq!(world.send("POST", "/account/reset", &[], &body).await.status, 202);
}

async fn choose(world: &World, token: &str, password: &str) -> Answer {
    let body = serde_json::json!({ "token": token, "password": password }).to_string();
    world.send("POST", "/account/reset/confirm", &[], &body).await
}

#[tokio::test]
async fn whoever_forgot_the_password_chooses_a_new_one_once_and_is_logged_out_elsewhere() {
    let outbox = Outbox::new("reset");
    let world = start(|settings| {
        settings.people.mail = outbox.settings();
        settings.people.public_url = Some("https://meet.example.org".to_owned());
    })
    .await;
    let ann = world.person().await;
    // A host that the request makes up is not what a mail says.
    let evil = [("Host", "evil.example")];
    let body = serde_json::json!({ "email": ann.email }).to_string();
    world.send("POST", "/account/reset", &evil, &body).await;
    ask_for_reset(&world, &ann.email).await;
    ask_for_reset(&world, "nobody@example.org").await;
    let mail = outbox.mail(&ann.email, "new password").await;
    assert!(mail.contains("https://meet.example.org/reset#") && !mail.contains("evil"), "{mail}");
    let token = token(&mail);
    choose(&world, &token, "short").await.is(422, "weak-password");
    choose(&world, &token[1..], "a cow and a tunnel").await.is(410, "link-used");
    assert_eq!(choose(&world, &token, "a cow and a tunnel").await.status, 204);
    choose(&world, &token, "a pig and a ferry").await.is(410, "link-used");
    world.ask("GET", "/account/verify", &ann.header(), "").await.is(401, "unauthorized");
    world.log_in(&ann.email, PASSWORD, &[]).await.is(401, "unauthorized");
    world.log_in(&ann.email, "a cow and a tunnel", &[]).await.json(200);
    assert!(outbox.mails().iter().all(|mail| !mail.contains("nobody@")), "{:?}", outbox.mails());
}

#[tokio::test]
async fn an_account_begins_with_the_link_of_a_mail_where_that_is_asked_for() {
    let outbox = Outbox::new("confirm");
    let world = start(|settings| {
        settings.people.mail = outbox.settings();
        settings.people.confirm_email = true;
    })
    .await;
    let body = serde_json::json!({ "email": "new@example.org", "password": PASSWORD }).to_string();
    world.send("POST", "/account", &[], &body).await.json(201);
    let mail = outbox.mail("new@example.org", "/confirm#").await;
    world.log_in("new@example.org", PASSWORD, &[]).await.is(401, "unauthorized");
    let confirm = async |token: &str| {
        world.send("POST", "/account/confirm", &[], &serde_json::json!({ "token": token }).to_string()).await
    };
    // It is good for what it was sent for, and for nothing else.
    choose(&world, &token(&mail), "a cow and a tunnel").await.is(410, "link-used");
    assert_eq!(confirm(&token(&mail)).await.status, 204);
    confirm(&token(&mail)).await.is(410, "link-used");
    world.log_in("new@example.org", PASSWORD, &[]).await.json(200);
    // Signing up again tells its owner, and nobody else.
    world.send("POST", "/account", &[], &body).await.json(201);
    let mail = outbox.mail("new@example.org", "has one already").await;
    assert!(!mail.contains('#'), "there is no link that would confirm what somebody else typed: {mail}");
}

#[tokio::test]
async fn the_old_address_hears_of_the_new_one() {
    let outbox = Outbox::new("moved");
    let world = start(|settings| settings.people.mail = outbox.settings()).await;
    let ann = world.person().await;
    let body = serde_json::json!({ "email": "moved@example.org", "password": PASSWORD }).to_string();
    // A link that was on its way to the old address is void with it.
    ask_for_reset(&world, &ann.email).await;
    let link = token(&outbox.mail(&ann.email, "/reset#").await);
    world.send("PATCH", &format!("/account/{}", ann.id), &ann.header(), &body).await.json(200);
    outbox.mail(&ann.email, "has another one").await;
    choose(&world, &link, "a cow and a tunnel").await.is(410, "link-used");
}

#[tokio::test]
async fn nobodys_mailbox_is_filled_through_us() {
    let outbox = Outbox::new("flood");
    let mut world = start(|settings| settings.people.mail = outbox.settings()).await;
    let ann = world.person().await;
    for _ in 0..100 {
        let body = serde_json::json!({ "email": ann.email }).to_string();
        let status = world.send("POST", "/account/reset", &[], &body).await.status;
        // A queue that is full promises nothing.
        assert!(matches!(status, 202 | 503), "{status}");
    }
    // Closing waits for what was promised.
    world.stop.take().unwrap().send(()).unwrap();
    world.server.await.unwrap().unwrap();
    assert!((1..=4).contains(&outbox.mails().len()), "{}", outbox.mails().len());
}
