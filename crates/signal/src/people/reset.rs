//! The links of mails: a new password for who forgot theirs, and the proof that an address is somebody's.

use axum::extract::{Request, State};
use axum::http::StatusCode;
use meetings::{Account, AccountId, Email, Purpose, Secret, TokenHash, edit};
use proto::account::{ConfirmUse, ResetOrder, ResetUse};
use proto::event::What;

use super::mail::Letter;
use super::{now, own, read, sign_up, slow};
use crate::app::App;
use crate::live::Ask;
use crate::problem::{Failure, Kind};

/// Answered before anybody has looked whether there is such an account.
pub async fn ask(State(app): State<App>, request: Request) -> Result<StatusCode, Failure> {
    let (parts, body) = request.into_parts();
    app.count_request(&parts)?;
    let order: ResetOrder = read::json(&app, &parts, body).await?;
    let email: Email = order.email.parse().map_err(read::bad)?;
    app.people.slow.made.take(slow::key("reset", "", app.client_ip(&parts)))?;
    app.people.post.reserve()?.send(Letter::Reset(email));
    Ok(StatusCode::ACCEPTED)
}

/// The new password. Ends every login, because one of them may be why the old one is no good.
pub async fn choose(State(app): State<App>, request: Request) -> Result<StatusCode, Failure> {
    let (parts, body) = request.into_parts();
    app.count_request(&parts)?;
    let order: ResetUse = read::json(&app, &parts, body).await?;
    let (hash, account) = linked(&app, &order.token, |purpose| match purpose {
        Purpose::Reset(id) => Some(id),
        _ => None,
    })
    .await?;
    // Before the link is used up: whoever chose a weak password tries another one.
    let password = sign_up::check(&order.password, &account.email, &account.name)?;
    let password = app.people.hasher.hash(password.as_str().to_owned()).await?;
    if !app.people.store.remove_token(&hash).await? {
        return Err(used());
    }
    edit::reset_password(&*app.people.store, &account.id, password).await?;
    app.people.slow.guesses.forgive(own::guess_key(&account));
    app.people.live.tell(Ask::LoggedOut(account.id.clone())).await;
    app.recorder.note(What::AccountSecured { account_id: account.id.to_string() });
    app.people.note(&account.id, "account.reset", &account.id).await;
    Ok(StatusCode::NO_CONTENT)
}

pub async fn confirm(State(app): State<App>, request: Request) -> Result<StatusCode, Failure> {
    let (parts, body) = request.into_parts();
    app.count_request(&parts)?;
    let order: ConfirmUse = read::json(&app, &parts, body).await?;
    let (hash, account) = linked(&app, &order.token, |purpose| match purpose {
        Purpose::Confirm(id) => Some(id),
        _ => None,
    })
    .await?;
    // First what it is for, then the token: a link that was cut off in between works once more.
    edit::account::<Failure>(&*app.people.store, &account.id, |stored| {
        // The link went to the address that the account had then.
        if stored.email != account.email {
            return Err(used());
        }
        stored.confirmed = true;
        Ok(())
    })
    .await?;
    app.people.store.remove_token(&hash).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The account that a link's token is for.
async fn linked(
    app: &App,
    token: &str,
    wanted: impl Fn(Purpose) -> Option<AccountId>,
) -> Result<(TokenHash, Account), Failure> {
    let hash = token.parse::<Secret>().map_err(|_| used())?.hash();
    let token = app.people.store.token(&hash).await?.filter(|token| token.expires > now()).ok_or_else(used)?;
    let id = wanted(token.purpose).ok_or_else(used)?;
    let account = app.people.store.account(&id).await?.ok_or_else(used)?;
    Ok((hash, account))
}

fn used() -> Failure {
    Failure::new(Kind::LinkUsed, "this link was used before, has expired, or was cut short; ask for another mail")
}
