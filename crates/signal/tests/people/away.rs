//! A store that does not answer: everybody is told to come back, and nothing is acknowledged that was not done.

use std::sync::Arc;

use async_trait::async_trait;
use meetings::events::{Happened, Logged, Progress, Sequence};
use meetings::*;

use crate::cast::*;
use crate::support::*;

#[derive(Debug)]
struct Away;

fn away<T>() -> Result<T, Error> {
    Err(Error::Unavailable("the disk is full".into()))
}

#[async_trait]
impl Store for Away {
    async fn add_account(&self, _: &Account, _: Option<&Once>) -> Result<Added<AccountId>, Error> {
        away()
    }
    async fn account(&self, _: &AccountId) -> Result<Option<Account>, Error> {
        away()
    }
    async fn account_by_email(&self, _: &Email) -> Result<Option<Account>, Error> {
        away()
    }
    async fn accounts(&self, _: Option<&Email>, _: u32) -> Result<Page<Account>, Error> {
        away()
    }
    async fn replace_account(&self, _: &Account) -> Result<Version, Error> {
        away()
    }
    async fn remove_account(&self, _: &AccountId) -> Result<bool, Error> {
        away()
    }
    async fn add_token(&self, _: &Token) -> Result<(), Error> {
        away()
    }
    async fn token(&self, _: &TokenHash) -> Result<Option<Token>, Error> {
        away()
    }
    async fn remove_token(&self, _: &TokenHash) -> Result<bool, Error> {
        away()
    }
    async fn remove_tokens_of(&self, _: &AccountId, _: Option<&TokenHash>) -> Result<u64, Error> {
        away()
    }
    async fn seats(&self, _: &MeetingId, _: &PersonId) -> Result<Vec<Token>, Error> {
        away()
    }
    async fn remove_seats(&self, _: &MeetingId, _: Option<&PersonId>) -> Result<u64, Error> {
        away()
    }
    async fn add_meeting(&self, _: &Meeting, _: Option<&Once>) -> Result<Added<MeetingId>, Error> {
        away()
    }
    async fn meeting(&self, _: &MeetingId) -> Result<Option<Meeting>, Error> {
        away()
    }
    async fn meetings_of(&self, _: &AccountId, _: Option<&MeetingId>, _: u32) -> Result<Page<Meeting>, Error> {
        away()
    }
    async fn replace_meeting(&self, _: &Meeting) -> Result<Version, Error> {
        away()
    }
    async fn remove_meeting(&self, _: &MeetingId) -> Result<bool, Error> {
        away()
    }
    async fn add_recipient(&self, _: &MeetingId, _: &AccountId) -> Result<bool, Error> {
        away()
    }
    async fn recipients(&self, _: &MeetingId) -> Result<Vec<AccountId>, Error> {
        away()
    }
    async fn append_audit(&self, _: &AuditEntry) -> Result<AuditId, Error> {
        away()
    }
    async fn audit(&self, _: Option<AuditId>, _: u32) -> Result<Page<Recorded>, Error> {
        away()
    }
    async fn append_events(&self, _: &[Happened]) -> Result<Sequence, Error> {
        away()
    }
    async fn events(&self, _: Sequence, _: u32) -> Result<Page<Logged>, Error> {
        away()
    }
    async fn last_event(&self) -> Result<Sequence, Error> {
        away()
    }
    async fn forget_events(&self, _: u64, _: u64) -> Result<u64, Error> {
        away()
    }
    async fn progress(&self, _: &str) -> Result<Option<Progress>, Error> {
        away()
    }
    async fn set_progress(&self, _: &Progress) -> Result<(), Error> {
        away()
    }
    async fn forget(&self, _: UnixTime, _: UnixTime) -> Result<u64, Error> {
        away()
    }
}

#[tokio::test]
async fn while_the_store_is_away_everybody_is_told_to_come_back() {
    let world = start(|settings| settings.people.store = Arc::new(Away)).await;
    let auth = bearer(&secret().reveal());
    let meeting = MeetingId::from_random(random());
    let join = format!(r#"{{"meeting_id":"{meeting}","name":"Kim"}}"#);
    let login = login_body("ann@example.org", PASSWORD, false);
    let reset = serde_json::json!({ "token": secret().reveal(), "password": PASSWORD }).to_string();
    let with_token = [("Authorization", auth.as_str())];
    for (method, path, headers, body) in [
        ("POST", "/account", &[][..], login.as_str()),
        ("POST", "/account/login", &[], &login),
        ("POST", "/account/reset/confirm", &[], &reset),
        ("POST", "/meeting/join", &[], &join),
        ("GET", &format!("/meeting/{meeting}"), &[], ""),
        ("GET", "/account/verify", &with_token, ""),
        ("POST", "/account/logout", &with_token, ""),
        ("POST", "/meeting", &with_token, "{}"),
        ("GET", "/meeting", &with_token, ""),
        ("POST", "/meeting/leave", &with_token, &join),
    ] {
        let answer = world.send(method, path, headers, body).await;
        answer.is(503, "store-unavailable");
        assert!(answer.header("retry-after").is_some(), "{method} {path}");
        assert!(!answer.body.contains("disk"), "what is wrong inside stays in the log: {answer:?}");
        assert_eq!(answer.header("set-cookie"), None);
    }
    // Who is away answers when it is back: nobody was made to wait for guesses that were none.
    assert_eq!(world.log_in("ann@example.org", PASSWORD, &[]).await.status, 503);
}
