//! Who wants to know when a session is over.

use std::collections::HashMap;

use engine::Ticket;
use proto::PeerId;
use tokio::sync::oneshot;

/// One for each session that somebody waits for: at first by the question that made it, then by its peer.
#[derive(Debug, Default)]
pub struct Endings {
    asked: HashMap<Ticket, oneshot::Sender<String>>,
    running: HashMap<PeerId, oneshot::Sender<String>>,
}

impl Endings {
    pub fn wait(&mut self, ticket: Option<Ticket>, ended: Option<oneshot::Sender<String>>) {
        if let (Some(ticket), Some(ended)) = (ticket, ended) {
            self.asked.insert(ticket, ended);
        }
    }

    pub fn began(&mut self, ticket: Ticket, peer: PeerId) {
        if let Some(ended) = self.asked.remove(&ticket) {
            self.running.insert(peer, ended);
        }
    }

    /// It will not begin.
    pub fn refused(&mut self, ticket: Ticket) {
        self.asked.remove(&ticket);
    }

    pub fn ended(&mut self, peer: PeerId, why: &str) {
        if let Some(ended) = self.running.remove(&peer) {
            // Nobody waits any more: then nobody is told.
            let _ = ended.send(why.to_owned());
        }
    }
}
