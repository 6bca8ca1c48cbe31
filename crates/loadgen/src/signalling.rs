//! How a participant comes to a session, whatever the server calls it. Who makes the offer differs: over WHIP and WHEP
//! always the client, at a Janus the server makes it to viewers.

use std::future::Future;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use transport::client::{Setup, Watch};
use transport::{Client, Identity};

use crate::Error;
use dial::Url;

pub trait Signalling: Clone + Send + Sync + 'static {
    /// Takes a client that has made its offer, and gives it the answer.
    fn publish(&self, room: &str, client: Client) -> impl Future<Output = Result<(Client, Session), Error>> + Send;

    fn watch(&self, room: &str, guest: Guest) -> impl Future<Output = Result<(Client, Session), Error>> + Send;

    /// Moves a viewer to another room, within its session.
    fn switch(&self, session: &Url, room: &str) -> impl Future<Output = Result<(), Error>> + Send;

    fn leave(&self, session: Session) -> impl Future<Output = Result<(), Error>> + Send;
}

/// A session that the server has created.
#[derive(Debug, Clone)]
pub struct Session {
    /// The answer, whoever wrote it: what both sides agreed to.
    pub answer: String,
    /// What is deleted in the end; a server may have named nothing.
    pub location: Option<Url>,
    /// From the first byte of the first request (its connection included) until both descriptions were exchanged.
    pub took: Duration,
}

/// A viewer to be.
pub struct Guest {
    pub identity: Identity,
    pub address: SocketAddr,
    pub watch: Watch,
    pub srtp: Srtp,
}

/// Who opens and seals a viewer's packets, see `transport::Client::leave_srtp`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Srtp {
    Clients,
    Ours,
}

impl Guest {
    pub fn offer(&self) -> Result<Client, Error> {
        Ok(self.with_srtp(Client::viewer(self.setup(), &self.watch)?))
    }

    /// And the answer to the server's offer.
    pub fn answer(&self, offer: &str) -> Result<(Client, String), Error> {
        let (client, answer) = Client::answerer(self.setup(), &self.watch, offer)?;
        Ok((self.with_srtp(client), answer))
    }

    fn setup(&self) -> Setup<'_> {
        Setup { now: Instant::now(), identity: &self.identity, address: self.address }
    }

    fn with_srtp(&self, client: Client) -> Client {
        match self.srtp {
            Srtp::Clients => client,
            Srtp::Ours => client.leave_srtp(),
        }
    }
}
