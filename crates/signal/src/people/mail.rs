//! Mails, from the request that causes one to the text that somebody reads.
//!
//! A request only drops a letter into a queue, the same for an address that is known and one that is not. Who lives there is
//! looked up behind the queue (`chores`), so that no answer takes longer for one of them.

use std::time::Duration;

use meetings::{Account, AccountId, Email, Error, Purpose, Secret, Store, Token};
use tokio::sync::mpsc;

use super::{now, random};
use crate::problem::{Failure, Kind};

/// Letters that may wait. Beyond it requests that cause one are refused: 64 are half a second of writing.
const LETTERS_MAX: usize = 64;

/// A link that is found in an old mailbox should lead nowhere.
const RESET_AGE: Duration = Duration::from_secs(3600);

/// People read their mail once a day or so.
const CONFIRM_AGE: Duration = Duration::from_secs(3 * 24 * 3600);

/// What happened that somebody has to hear of.
#[derive(Debug)]
pub enum Letter {
    /// Somebody signed up: prove the address.
    Confirm(AccountId),
    /// Somebody signed up with an address that has an account.
    Taken(Email),
    /// Somebody forgot the password of whoever has this address, if anybody has.
    Reset(Email),
    /// An account has a new address.
    Moved { before: Email, account: AccountId },
}

/// A mail as text.
#[derive(Debug, PartialEq, Eq)]
pub struct Text {
    pub to: Email,
    pub subject: &'static str,
    pub body: String,
}

#[derive(Debug)]
pub struct Post(mpsc::Sender<Letter>);

pub type Letters = mpsc::Receiver<Letter>;

impl Post {
    pub fn new() -> (Post, Letters) {
        let (post, letters) = mpsc::channel(LETTERS_MAX);
        (Post(post), letters)
    }

    /// A place in the queue, or a refusal before anything is done.
    pub fn reserve(&self) -> Result<Place<'_>, Failure> {
        let busy = |_| Failure::new(Kind::NodeBusy, "too many mails are being written; retry in 5 s").retry_after(5);
        self.0.try_reserve().map(Place).map_err(busy)
    }
}

#[derive(Debug)]
pub struct Place<'a>(mpsc::Permit<'a, Letter>);

impl Place<'_> {
    pub fn send(self, letter: Letter) {
        self.0.send(letter);
    }
}

/// The mails that a letter becomes: none where nobody lives there, two where somebody has moved.
pub async fn write(store: &dyn Store, base: &str, confirm: bool, letter: Letter) -> Result<Vec<Text>, Error> {
    Ok(match letter {
        Letter::Confirm(id) => match store.account(&id).await? {
            Some(account) => vec![confirmation(store, base, &account).await?],
            None => Vec::new(),
        },
        Letter::Taken(email) => vec![taken(base, email)],
        Letter::Reset(email) => match store.account_by_email(&email).await? {
            Some(account) => vec![reset(store, base, &account).await?],
            None => Vec::new(),
        },
        Letter::Moved { before, account } => {
            let mut texts = vec![moved(before)];
            if confirm && let Some(account) = store.account(&account).await? {
                texts.push(confirmation(store, base, &account).await?);
            }
            texts
        }
    })
}

async fn confirmation(store: &dyn Store, base: &str, account: &Account) -> Result<Text, Error> {
    let token = token(store, Purpose::Confirm(account.id.clone()), CONFIRM_AGE).await?;
    let body = format!(
        "Hello,\n\nsomebody, most likely you, has used this address for an account at {base}\n\n\
         If it was you, open this link within three days:\n\n{base}/confirm#{token}\n\n\
         If it was not, do nothing, and the account stays useless.\n"
    );
    Ok(Text { to: account.email.clone(), subject: "Confirm your address", body })
}

fn taken(base: &str, to: Email) -> Text {
    let body = format!(
        "Hello,\n\nsomebody wanted an account at {base} with this address, which has one already.\n\n\
         If it was you: log in, or choose a new password at {base}/forgot\n\n\
         If it was not, you need to do nothing. They were not told that you have an account.\n"
    );
    Text { to, subject: "You have an account already", body }
}

async fn reset(store: &dyn Store, base: &str, account: &Account) -> Result<Text, Error> {
    let token = token(store, Purpose::Reset(account.id.clone()), RESET_AGE).await?;
    let body = format!(
        "Hello,\n\nsomebody, most likely you, has asked for a new password for your account at {base}\n\n\
         If it was you, open this link within an hour:\n\n{base}/reset#{token}\n\n\
         If it was not, do nothing, and your password stays what it is.\n"
    );
    Ok(Text { to: account.email.clone(), subject: "Choose a new password", body })
}

fn moved(to: Email) -> Text {
    let body = "Hello,\n\nthe account that had this address has another one.\n\n\
                If that was not you, somebody knows your password: write to whoever runs the server.\n";
    Text { to, subject: "Your account has a new address", body: body.to_owned() }
}

/// Behind the `#` of the link, which browsers send to nobody: no log has it.
async fn token(store: &dyn Store, purpose: Purpose, age: Duration) -> Result<String, Error> {
    let secret = Secret::from_random(random());
    let token = Token { hash: secret.hash(), purpose, created: now(), expires: now().after(age) };
    store.add_token(&token).await?;
    Ok(secret.reveal())
}
