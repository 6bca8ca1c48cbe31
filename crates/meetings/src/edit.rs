//! Changes to what is stored: read, change, write, and again when somebody else was faster.

use crate::account::{Account, Email, Grant, PasswordHash};
use crate::id::{AccountId, MeetingId, PersonId};
use crate::meeting::{Mark, Meeting};
use crate::store::{Error, Store};
use crate::token::Purpose;

/// Each try fails only if somebody else's did not, so a fifth is rare even in a meeting of co-hosts.
const TRIES: usize = 8;

/// `edit` may run more than once, each time on what is stored then. An error of its own ends it.
pub async fn account<E: From<Error>>(
    store: &dyn Store,
    id: &AccountId,
    mut edit: impl FnMut(&mut Account) -> Result<(), E> + Send,
) -> Result<Account, E> {
    for _ in 0..TRIES {
        let mut account = store.account(id).await?.ok_or(Error::Missing)?;
        edit(&mut account)?;
        match store.replace_account(&account).await {
            Ok(version) => return Ok(Account { version, ..account }),
            Err(Error::Changed) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Error::Changed.into())
}

/// As [`account`].
pub async fn meeting<E: From<Error>>(
    store: &dyn Store,
    id: &MeetingId,
    mut edit: impl FnMut(&mut Meeting) -> Result<(), E> + Send,
) -> Result<Meeting, E> {
    for _ in 0..TRIES {
        let mut meeting = store.meeting(id).await?.ok_or(Error::Missing)?;
        edit(&mut meeting)?;
        match store.replace_meeting(&meeting).await {
            Ok(version) => return Ok(Meeting { version, ..meeting }),
            Err(Error::Changed) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(Error::Changed.into())
}

/// By what somebody who has a seat, or had one until it expired, would be known again.
pub async fn marks(store: &dyn Store, meeting: &MeetingId, person: &PersonId) -> Result<Vec<Mark>, Error> {
    let seats = store.seats(meeting, person).await?.into_iter();
    Ok(seats
        .flat_map(|seat| match seat.purpose {
            Purpose::Seat { marks, .. } => marks,
            Purpose::Login(_) | Purpose::Reset(_) | Purpose::Confirm(_) => Vec::new(),
        })
        .collect())
}

/// A new password ends every login, and whatever link of a mail was on its way. Whoever chose it answered a mail or is an
/// operator, so the address counts as confirmed.
pub async fn reset_password(store: &dyn Store, id: &AccountId, password: PasswordHash) -> Result<(), Error> {
    account::<Error>(store, id, |account| {
        account.password = password.clone();
        account.confirmed = true;
        Ok(())
    })
    .await?;
    store.remove_tokens_of(id, None).await?;
    Ok(())
}

/// Makes somebody an admin, or a person again. [`Error::Missing`] when nobody has the address.
pub async fn grant(store: &dyn Store, email: &Email, grant: Grant) -> Result<Account, Error> {
    let found = store.account_by_email(email).await?.ok_or(Error::Missing)?;
    account(store, &found.id, |account| {
        account.grant = grant;
        Ok(())
    })
    .await
}
