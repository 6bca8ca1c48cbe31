//! Joining over WHIP and WHEP.

use dial::{Caller, Url};
use transport::Client;

use crate::Error;
use crate::signalling::{Guest, Session, Signalling};

/// Where to ask, and as whom.
#[derive(Clone)]
pub struct Signaller {
    caller: Caller,
    base: Url,
}

impl Signaller {
    /// `base` is what `/whip/ROOM` and `/whep/ROOM` are appended to.
    pub fn new(base: Url, token: Option<String>) -> Signaller {
        Signaller { caller: Caller::new(dial::Client::new(), token), base }
    }

    async fn post(&self, kind: &str, room: &str, offer: &str) -> Result<Session, Error> {
        let dial::Call { answer, location, took } = self.caller.post(&self.base.child(kind).child(room), offer).await?;
        Ok(Session { answer, location, took })
    }
}

impl Signalling for Signaller {
    async fn publish(&self, room: &str, mut client: Client) -> Result<(Client, Session), Error> {
        let session = self.post("whip", room, client.offer()).await?;
        client.accept_answer(&session.answer)?;
        Ok((client, session))
    }

    async fn watch(&self, room: &str, guest: Guest) -> Result<(Client, Session), Error> {
        let mut client = guest.offer()?;
        let session = self.post("whep", room, client.offer()).await?;
        client.accept_answer(&session.answer)?;
        Ok((client, session))
    }

    async fn switch(&self, session: &Url, room: &str) -> Result<(), Error> {
        let wish = serde_json::json!({ "room": room }).to_string();
        Ok(self.caller.wish(&session.child("source"), &wish).await?)
    }

    async fn leave(&self, session: Session) -> Result<(), Error> {
        let Some(url) = session.location else { return Ok(()) };
        Ok(self.caller.leave(&url).await?)
    }
}
