//! `POST /account`. The answer is the same whether or not the address has an account already: who is a member here is nobody
//! else's business. Its owner gets a mail instead.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use meetings::{Account, AccountId, Email, Error, Grant, Password, PersonName, Version};
use proto::account::{SignUp, SignedUp};
use proto::event::What;

use super::mail::Letter;
use super::{now, random_id, read, slow};
use crate::app::App;
use crate::problem::{Failure, Kind};

/// Asking twice is harmless, so this needs no `Idempotency-Key`.
pub async fn sign_up(State(app): State<App>, request: Request) -> Result<Response, Failure> {
    let (parts, body) = request.into_parts();
    app.count_request(&parts)?;
    let people = &app.people;
    if !people.settings.signup {
        return Err(Failure::new(
            Kind::SignupClosed,
            "accounts here are made by who runs this server; ask there for one",
        ));
    }
    let order: SignUp = read::json(&app, &parts, body).await?;
    let email: Email = order.email.parse().map_err(read::bad)?;
    let name = match order.name {
        Some(name) => name.parse().map_err(read::bad)?,
        None => name_of(&email),
    };
    let password = check(&order.password, &email, &name)?;
    people.slow.made.take(slow::key("sign-up", "", app.client_ip(&parts)))?;
    // Taken before anything is known about the address, so that a full queue says nothing about it either.
    let mail = people.post.reserve()?;

    let account = Account {
        id: AccountId::from_random(random_id()),
        email,
        confirmed: false,
        name,
        password: people.hasher.hash(password.as_str().to_owned()).await?,
        grant: Grant::Person,
        created: now(),
        version: Version::default(),
    };
    match people.store.add_account(&account, None).await {
        Ok(_) => {
            let (account_id, name) = (account.id.to_string(), account.name.to_string());
            app.recorder.note(What::AccountCreated { account_id, name });
            if people.settings.confirm_email {
                mail.send(Letter::Confirm(account.id.clone()));
            }
        }
        Err(Error::Taken) => {
            // One durable write, as for an address that is new: a disk is slow enough to be measured from outside.
            people.note("somebody", "account.taken", "").await;
            mail.send(Letter::Taken(account.email));
        }
        Err(error) => return Err(error.into()),
    }
    let view = SignedUp { account_id: account.id.to_string() };
    Ok((StatusCode::CREATED, [(CACHE_CONTROL, "no-store")], Json(view)).into_response())
}

pub fn check(password: &str, email: &Email, name: &PersonName) -> Result<Password, Failure> {
    Password::new(password, email, name).map_err(|error| Failure::new(Kind::WeakPassword, error.to_string()))
}

/// For who gives none. What stands before the @ is at most 64 bytes of what a name may be made of.
pub fn name_of(email: &Email) -> PersonName {
    let local = email.as_str().rsplit_once('@').map_or("", |(local, _)| local);
    local.parse().unwrap_or_else(|_| "somebody".parse().expect("a name"))
}
