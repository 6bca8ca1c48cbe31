//! People and meetings for tests, put into the store directly: who may do what is tested, and not how they came to be there.

use std::sync::LazyLock;

use meetings::{
    Account, AccountId, Grant, Meeting, MeetingId, PasswordHash, PersonId, Purpose, Secret, Settings, Store, Token,
    UnixTime, Version, hashing,
};
use serde_json::Value;

use crate::support::*;

pub const PASSWORD: &str = "a horse and a bridge";

/// Hashed once for all of them.
static HASH: LazyLock<PasswordHash> = LazyLock::new(|| hashing::hash(PASSWORD, [1; 16]));

pub struct Person {
    pub id: AccountId,
    pub email: String,
    pub auth: String,
}

impl Person {
    pub fn header(&self) -> [(&str, &str); 1] {
        [("Authorization", &self.auth)]
    }
}

impl World {
    pub async fn person(&self) -> Person {
        self.person_with(Grant::Person).await
    }

    pub async fn person_with(&self, grant: Grant) -> Person {
        let id = AccountId::from_random(random());
        let email = format!("{id}@example.org");
        let account = Account {
            id: id.clone(),
            email: email.parse().unwrap(),
            confirmed: false,
            name: "Ann".parse().unwrap(),
            password: HASH.clone(),
            grant,
            created: now(),
            version: Version::default(),
        };
        self.store.add_account(&account, None).await.unwrap();
        let auth = self.token_for(Purpose::Login(id.clone()), 600).await;
        Person { id, email, auth }
    }

    pub async fn token_for(&self, purpose: Purpose, seconds: i64) -> String {
        let secret = secret();
        let expires = UnixTime(now().0.saturating_add_signed(seconds));
        let token = Token { hash: secret.hash(), purpose, created: UnixTime(1), expires };
        self.store.add_token(&token).await.unwrap();
        bearer(&secret.reveal())
    }

    pub async fn meeting_of(&self, host: &Person, settings: Settings, ended: bool) -> MeetingId {
        let meeting = Meeting {
            id: MeetingId::from_random(random()),
            host: host.id.clone(),
            created: now(),
            ended: ended.then(now),
            server: "http://here".to_owned(),
            recording: false,
            settings,
            version: Version::default(),
        };
        self.store.add_meeting(&meeting, None).await.unwrap();
        meeting.id
    }

    /// A ticket of a guest.
    pub async fn guest_in(&self, meeting: &MeetingId) -> (PersonId, String) {
        let person = PersonId::guest_from_random(random());
        let purpose = Purpose::Seat {
            meeting: meeting.clone(),
            person: person.clone(),
            name: "Guest".parse().unwrap(),
            marks: vec![],
        };
        (person, self.token_for(purpose, 600).await)
    }

    pub async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut all = vec![("Content-Type", "application/json")];
        all.extend_from_slice(headers);
        let length = body.len().to_string();
        if method == "DELETE" && !body.is_empty() {
            all.push(("Content-Length", &length));
        }
        self.ask(method, path, &all, body).await
    }

    pub async fn log_in(&self, email: &str, password: &str, headers: &[(&str, &str)]) -> Answer {
        self.send("POST", "/account/login", headers, &login_body(email, password, false)).await
    }

    pub async fn hashes(&self) -> u64 {
        let text = self.get("/metrics").await.body;
        let line = text.lines().find_map(|line| line.strip_prefix("weir_password_hashes_total "));
        line.unwrap_or_else(|| panic!("{text}")).parse().unwrap()
    }

    /// What a page of this server sends along.
    pub fn origin(&self) -> String {
        format!("http://{}", self.addr)
    }
}

impl Answer {
    #[track_caller]
    pub fn json(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{self:?}"))
    }

    /// The value of a cookie that the answer sets.
    pub fn cookie(&self, name: &str) -> Option<String> {
        let set = self.all("set-cookie").into_iter().find_map(|line| line.strip_prefix(&format!("{name}=")))?;
        Some(set.split(';').next().unwrap_or_default().to_owned())
    }
}

pub fn login_body(email: &str, password: &str, cookie: bool) -> String {
    serde_json::json!({ "email": email, "password": password, "cookie": cookie }).to_string()
}

pub fn open_to_all() -> Settings {
    Settings { guests: true, ..Settings::default() }
}

pub fn secret() -> Secret {
    let (a, b) = (random().to_ne_bytes(), random().to_ne_bytes());
    Secret::from_random([a, b].concat().try_into().unwrap())
}

pub fn random() -> u128 {
    let mut bytes = [0; 16];
    aws_lc_rs::rand::fill(&mut bytes).unwrap();
    u128::from_ne_bytes(bytes)
}

pub fn now() -> UnixTime {
    UnixTime(std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs())
}
