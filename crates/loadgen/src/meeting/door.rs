//! What happens over HTTP: an account, a meeting, tickets.

use std::time::{SystemTime, UNIX_EPOCH};

use dial::{Client, Request, Response, Url};
use proto::account::{LogIn, LoginView, SignUp};
use proto::meeting_api::{JoinOrder, JoinView, MeetingOrder, MeetingView};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::Error;

#[derive(Clone)]
pub struct Door {
    pub http: Client,
    base: Url,
}

impl Door {
    pub fn new(base: Url) -> Door {
        Door { http: Client::new(), base }
    }

    /// An account for whoever has none, logged in: its token.
    pub async fn sign_up(&self) -> Result<String, Error> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
        let email = format!("synthetic-{}-{now}@example.org", std::process::id());
        let password = format!("a synthetic host of {now}");
        let name = Some("Synthetic host".to_owned());
        let order = SignUp { email: email.clone(), password: password.clone(), name };
        self.post(&["account"], None, &order).await?;
        self.log_in(email, password).await
    }

    async fn log_in(&self, email: String, password: String) -> Result<String, Error> {
        let order = LogIn { email, password, cookie: false };
        let view: LoginView = self.ask(&["account", "login"], None, &order).await?;
        view.auth.ok_or_else(|| Error::Meeting("a login without a token".to_owned()))
    }

    pub async fn new_meeting(&self, token: &str) -> Result<String, Error> {
        let order = MeetingOrder { title: Some("Synthetic people".to_owned()), ..MeetingOrder::default() };
        let view: MeetingView = self.ask(&["meeting"], Some(token), &order).await?;
        Ok(view.meeting_id)
    }

    pub async fn join(&self, meeting: &str, name: &str, token: Option<&str>) -> Result<JoinView, Error> {
        let (meeting_id, name) = (meeting.to_owned(), Some(name.to_owned()));
        self.ask(&["meeting", "join"], token, &JoinOrder { meeting_id, name, passcode: None }).await
    }

    /// For everybody.
    pub async fn end(&self, meeting: &str, token: &str) -> Result<(), Error> {
        self.post(&["meeting", "end", meeting], Some(token), &serde_json::json!({})).await.map(drop)
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        path: &[&str],
        token: Option<&str>,
        order: &impl Serialize,
    ) -> Result<T, Error> {
        let answer = self.post(path, token, order).await?;
        serde_json::from_slice(&answer.body).map_err(|error| {
            Error::Meeting(format!("/{} answers something else than expected: {error}", path.join("/")))
        })
    }

    async fn post(&self, path: &[&str], token: Option<&str>, order: &impl Serialize) -> Result<Response, Error> {
        let url = path.iter().fold(self.base.clone(), |url, segment| url.child(segment));
        let body = serde_json::to_vec(order).expect("an order is JSON");
        let request = Request::new("POST", url.clone()).bearer(token).body("application/json", body);
        let answer = self.http.send(request).await?;
        if answer.status.is_success() {
            return Ok(answer);
        }
        let (url, status, text) = (url.to_string(), answer.status.as_u16(), answer.text().into_owned());
        Err(dial::Error::Refused { url, status, text }.into())
    }
}
