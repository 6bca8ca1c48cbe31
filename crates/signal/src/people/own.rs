//! What stands between somebody who is logged in and an account: the path names one, the rights say whether it is theirs to
//! touch, and what cannot be undone asks for the password again.

use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::request::Parts;
use meetings::rights::{self, Action};
use meetings::throttle::Key;
use meetings::{Account, AccountId};

use super::identity::{self, Login};
use crate::app::App;
use crate::problem::{Failure, Kind};

pub type IdPath = Result<Path<String>, PathRejection>;

/// Who asks, and the account they ask about. Whoever may not touch it is not told whether it exists.
pub async fn permitted(app: &App, request: &Parts, id: IdPath, action: Action) -> Result<(Login, Account), Failure> {
    let login = identity::login(app, request).await?;
    let id = id.ok().and_then(|Path(id)| id.parse::<AccountId>().ok()).ok_or_else(no_account)?;
    if !rights::may(rights::role_for(&id, &login.account), action) {
        return Err(Failure::new(Kind::Forbidden, "this is somebody else's account"));
    }
    let account = app.people.store.account(&id).await?.ok_or_else(no_account)?;
    Ok((login, account))
}

/// Guesses with a stolen login wait like guesses without one.
pub async fn prove(app: &App, account: &Account, password: String) -> Result<(), Failure> {
    let people = &app.people;
    let key = guess_key(account);
    people.slow.guesses.take(key)?;
    match people.hasher.verify(password, account.password.clone()).await {
        Ok(true) => {
            people.slow.guesses.forgive(key);
            Ok(())
        }
        Ok(false) => Err(Failure::new(Kind::PasswordWrong, "this is not the account's password")),
        Err(busy) => {
            people.slow.guesses.give_back(key);
            Err(busy)
        }
    }
}

pub fn guess_key(account: &Account) -> Key {
    Key::of(&[b"own password", account.id.as_str().as_bytes()])
}

fn no_account() -> Failure {
    Failure::new(Kind::NoAccount, "there is no such account; /account/verify says which one is yours")
}
