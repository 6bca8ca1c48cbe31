//! `/account/{id}`: one's own account, and for admins everybody's, to look at and to remove.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use meetings::rights::{self, Action, Role};
use meetings::throttle::Key;
use meetings::{Account, Email, Error, PersonName, edit};
use proto::account::{AccountChange, AccountEnd, AccountView, PasswordChange};
use proto::event::What;

use super::mail::Letter;
use super::own::{self, IdPath};
use super::{login, meeting, read, sign_up};
use crate::app::App;
use crate::problem::{Failure, Kind};

/// An account's meetings, read so many at a time when they are ended.
const PAGE: u32 = 100;

pub async fn show(State(app): State<App>, id: IdPath, request: Request) -> Result<Response, Failure> {
    let (parts, _) = request.into_parts();
    app.count_request(&parts)?;
    let (_, account) = own::permitted(&app, &parts, id, Action::SeeAccount).await?;
    Ok(shown(&account))
}

pub async fn change(State(app): State<App>, id: IdPath, request: Request) -> Result<Response, Failure> {
    let (parts, body) = request.into_parts();
    app.count_request(&parts)?;
    let (login, account) = own::permitted(&app, &parts, id, Action::ChangeAccount).await?;
    let order: AccountChange = read::json(&app, &parts, body).await?;
    let name: Option<PersonName> = order.name.map(|name| name.parse().map_err(read::bad)).transpose()?;
    let email: Option<Email> = order.email.map(|email| email.parse().map_err(read::bad)).transpose()?;
    let email = email.filter(|email| *email != account.email);
    let Some(email) = email else {
        return Ok(shown(&write(&app, &account, name, None).await?));
    };

    // Whoever has the address can have a new password, so a stolen login must not be enough to set it.
    let password =
        order.password.ok_or_else(|| read::bad("a new address needs the password; send \"password\" too"))?;
    own::prove(&app, &account, password).await?;
    // Whether an address is taken shows here, so that is worth a few looks and no more.
    app.people.slow.guesses.take(Key::of(&[b"new address", account.id.as_str().as_bytes()]))?;
    let mail = app.people.post.reserve()?;
    let before = account.email.clone();
    let changed = write(&app, &account, name, Some(email)).await?;
    login::end_logins(&app.people, &login, Some(&login)).await?;
    mail.send(Letter::Moved { before, account: changed.id.clone() });
    app.people.note(&changed.id, "account.move", &changed.id).await;
    Ok(shown(&changed))
}

/// Ends every other login: one of them may be why the password is changed.
pub async fn change_password(State(app): State<App>, id: IdPath, request: Request) -> Result<StatusCode, Failure> {
    let (parts, body) = request.into_parts();
    app.count_request(&parts)?;
    let (login, account) = own::permitted(&app, &parts, id, Action::ChangeAccount).await?;
    let order: PasswordChange = read::json(&app, &parts, body).await?;
    let new = sign_up::check(&order.new, &account.email, &account.name)?;
    own::prove(&app, &account, order.current).await?;
    let hash = app.people.hasher.hash(new.as_str().to_owned()).await?;
    edit::account::<Failure>(&*app.people.store, &account.id, |stored| {
        // Somebody else has set another one since this one was proved.
        if stored.password != account.password {
            return Err(Error::Changed.into());
        }
        stored.password = hash.clone();
        Ok(())
    })
    .await?;
    login::end_logins(&app.people, &login, Some(&login)).await?;
    app.recorder.note(What::AccountSecured { account_id: account.id.to_string() });
    app.people.note(&account.id, "account.password", &account.id).await;
    Ok(StatusCode::NO_CONTENT)
}

pub async fn remove(State(app): State<App>, id: IdPath, request: Request) -> Result<StatusCode, Failure> {
    let (parts, body) = request.into_parts();
    app.count_request(&parts)?;
    let (login, account) = own::permitted(&app, &parts, id, Action::DeleteAccount).await?;
    if rights::role_for(&account.id, &login.account) == Role::Host {
        let order: AccountEnd = read::json(&app, &parts, body).await?;
        own::prove(&app, &account, order.password).await?;
    }
    end_meetings(&app, &account).await?;
    app.people.store.remove_account(&account.id).await?;
    app.people.live.tell(crate::live::Ask::LoggedOut(account.id.clone())).await;
    app.recorder.note(What::AccountDeleted { account_id: account.id.to_string() });
    app.people.note(&login.account.id, "account.delete", &account.id).await;
    Ok(StatusCode::NO_CONTENT)
}

async fn write(
    app: &App,
    account: &Account,
    name: Option<PersonName>,
    email: Option<Email>,
) -> Result<Account, Failure> {
    edit::account(&*app.people.store, &account.id, |stored| {
        if let Some(name) = &name {
            stored.name = name.clone();
        }
        if let Some(email) = &email {
            stored.email = email.clone();
            stored.confirmed = false;
        }
        Ok(())
    })
    .await
    .map_err(|error| match error {
        Error::Taken => Failure::new(Kind::AddressTaken, "another account has this address"),
        other => other.into(),
    })
}

/// Nobody could end them once their host is gone.
async fn end_meetings(app: &App, account: &Account) -> Result<(), Failure> {
    let mut after = None;
    loop {
        let page = app.people.store.meetings_of(&account.id, after.as_ref(), PAGE).await?;
        for meeting in page.items.iter().filter(|meeting| meeting.ended.is_none()) {
            meeting::end_now(app, meeting).await?;
        }
        match page.items.last() {
            Some(last) if page.more => after = Some(last.id.clone()),
            _ => return Ok(()),
        }
    }
}

fn shown(account: &Account) -> Response {
    let view = AccountView {
        account_id: account.id.to_string(),
        name: account.name.to_string(),
        email: account.email.to_string(),
        confirmed: account.confirmed,
        grant: login::grant(account.grant),
        created: account.created.0,
    };
    ([(CACHE_CONTROL, "no-store")], Json(view)).into_response()
}
