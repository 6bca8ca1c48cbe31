//! Logging in and out.
//!
//! Whatever is wrong with a login, the answer is one and the same, and takes one hash. Guesses wait: those of one place at one
//! address, and those of strangers at one address all together. A browser that has logged in to the address before is no
//! stranger, so its owner does not wait for what strangers do.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use meetings::throttle::Key;
use meetings::{Account, Email, Grant, Purpose, Secret, Token, UnixTime, hashing};
use proto::account::{AccountGrant, LogIn, LoginView};

use super::device::{self, Device};
use super::identity::{self, Login};
use super::{People, cookie, now, random, read, slow};
use crate::app::App;
use crate::live::Ask;
use crate::problem::{Failure, Kind};

pub async fn log_in(State(app): State<App>, request: Request) -> Result<Response, Failure> {
    let (parts, body) = request.into_parts();
    app.count_request(&parts)?;
    let people = &app.people;
    let wish: LogIn = read::json(&app, &parts, body).await?;
    if wish.cookie {
        // Another site must not log somebody in as somebody else.
        identity::same_site(&app, &parts.headers)?;
    }
    let email: Email = wish.email.parse().map_err(read::bad)?;
    let device = Device::known(&parts.headers, &people.key, &email);
    let attempt = Attempt::begin(&app, &parts, &email, device)?;

    let account = match prove(people, &email, wish.password).await {
        Ok(account) => account,
        Err(failure) => {
            attempt.did_not_count(people);
            return Err(failure);
        }
    };
    let Some(account) = account else { return Err(refused()) };
    attempt.succeeded(people);

    let (secret, expires) = admit(people, &account).await?;
    let mut view = view(&account, expires);
    if !wish.cookie {
        view.auth = Some(secret.reveal());
        return Ok((no_store(), Json(view)).into_response());
    }
    let device = device.unwrap_or_else(Device::new);
    let mut response = (no_store(), Json(view)).into_response();
    let headers = response.headers_mut();
    headers.append(SET_COOKIE, cookie::set(cookie::LOGIN, &secret.reveal(), people.settings.login));
    headers.append(SET_COOKIE, cookie::set(cookie::DEVICE, &device.show(&people.key, &email), device::AGE));
    Ok(response)
}

pub async fn log_out(State(app): State<App>, request: Request) -> Result<Response, Failure> {
    let (parts, _) = request.into_parts();
    app.count_request(&parts)?;
    let login = identity::login(&app, &parts).await?;
    app.people.store.remove_token(&login.token).await?;
    Ok(goodbye())
}

pub async fn log_out_everywhere(State(app): State<App>, request: Request) -> Result<Response, Failure> {
    let (parts, _) = request.into_parts();
    app.count_request(&parts)?;
    let login = identity::login(&app, &parts).await?;
    end_logins(&app.people, &login, None).await?;
    Ok(goodbye())
}

pub async fn verify(State(app): State<App>, request: Request) -> Result<Response, Failure> {
    let (parts, _) = request.into_parts();
    app.count_request(&parts)?;
    let login = identity::login(&app, &parts).await?;
    Ok((no_store(), Json(view(&login.account, login.expires))).into_response())
}

/// Every login and ticket of the account but one.
pub async fn end_logins(people: &People, login: &Login, except: Option<&Login>) -> Result<(), Failure> {
    let id = &login.account.id;
    people.store.remove_tokens_of(id, except.map(|login| &login.token)).await?;
    people.live.tell(Ask::LoggedOut(id.clone())).await;
    Ok(())
}

pub fn grant(grant: Grant) -> AccountGrant {
    match grant {
        Grant::Person => AccountGrant::Person,
        Grant::Admin => AccountGrant::Admin,
    }
}

/// A try that counts until it turns out to be a good one.
struct Attempt {
    own: Key,
    of_strangers: Option<Key>,
}

impl Attempt {
    fn begin(app: &App, request: &Parts, email: &Email, device: Option<Device>) -> Result<Attempt, Failure> {
        let slow = &app.people.slow;
        let (own, of_strangers) = match device {
            Some(Device(id)) => (Key::of(&[b"login by device", email.as_str().as_bytes(), &id]), None),
            None => {
                let everybody = Key::of(&[b"login by strangers", email.as_str().as_bytes()]);
                (slow::key("login", email.as_str(), app.client_ip(request)), Some(everybody))
            }
        };
        slow.guesses.take(own)?;
        if let Some(everybody) = of_strangers
            && let Err(wait) = slow.strangers.take(everybody)
        {
            slow.guesses.give_back(own);
            return Err(wait);
        }
        Ok(Attempt { own, of_strangers })
    }

    fn succeeded(&self, people: &People) {
        people.slow.guesses.forgive(self.own);
        self.of_strangers.iter().for_each(|key| people.slow.strangers.give_back(*key));
    }

    fn did_not_count(&self, people: &People) {
        people.slow.guesses.give_back(self.own);
        self.of_strangers.iter().for_each(|key| people.slow.strangers.give_back(*key));
    }
}

/// The account, if this is its password. One hash is made whether or not there is one.
async fn prove(people: &People, email: &Email, password: String) -> Result<Option<Account>, Failure> {
    let account = people.store.account_by_email(email).await?;
    let kept = account.as_ref().map_or_else(hashing::decoy, |account| account.password.clone());
    let right = people.hasher.verify(password, kept).await?;
    Ok(account.filter(|account| right && (account.confirmed || !people.settings.confirm_email)))
}

/// A new token, never one that the client brought.
async fn admit(people: &People, account: &Account) -> Result<(Secret, UnixTime), Failure> {
    let secret = Secret::from_random(random());
    let (created, expires) = (now(), now().after(people.settings.login));
    let purpose = Purpose::Login(account.id.clone());
    people.store.add_token(&Token { hash: secret.hash(), purpose, created, expires }).await?;
    // A password that was changed since it was checked has ended all logins but this one.
    let still = people.store.account(&account.id).await?;
    if still.is_none_or(|still| still.password != account.password) {
        people.store.remove_token(&secret.hash()).await?;
        return Err(refused());
    }
    Ok((secret, expires))
}

fn refused() -> Failure {
    Failure::new(
        Kind::Unauthorized,
        "the address or the password is wrong, or the address has not been confirmed by the link that was mailed to it",
    )
}

fn view(account: &Account, expires: UnixTime) -> LoginView {
    LoginView {
        account_id: account.id.to_string(),
        name: account.name.to_string(),
        email: account.email.to_string(),
        grant: grant(account.grant),
        expires: expires.0,
        auth: None,
    }
}

fn goodbye() -> Response {
    let gone: [(_, HeaderValue); 1] = [(SET_COOKIE, cookie::clear(cookie::LOGIN))];
    (StatusCode::NO_CONTENT, no_store(), gone).into_response()
}

fn no_store() -> [(axum::http::HeaderName, &'static str); 1] {
    [(CACHE_CONTROL, "no-store")]
}
