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

    /// How many are waited for.
    pub fn len(&self) -> usize {
        self.asked.len() + self.running.len()
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

#[cfg(test)]
mod tests {
    use proto::WorkerId;

    use super::*;

    fn peer(slot: u32) -> PeerId {
        PeerId { worker: WorkerId(0), slot, generation: 0 }
    }

    #[test]
    fn whoever_waits_is_told_once_and_nothing_is_kept_of_who_never_came() {
        let mut endings = Endings::default();
        let (ended, mut end) = oneshot::channel();
        endings.wait(Some(Ticket(1)), Some(ended));
        endings.began(Ticket(1), peer(7));
        endings.ended(peer(8), "left");
        assert!(end.try_recv().is_err(), "that was somebody else");
        assert_eq!(endings.len(), 1);
        endings.ended(peer(7), "left");
        assert_eq!(end.try_recv().as_deref(), Ok("left"));

        let (ended, mut end) = oneshot::channel();
        endings.wait(Some(Ticket(2)), Some(ended));
        endings.refused(Ticket(2));
        assert_eq!(end.try_recv(), Err(oneshot::error::TryRecvError::Closed));
        // A full node asks nobody, and a plain publisher waits for nothing.
        endings.wait(None, Some(oneshot::channel().0));
        endings.wait(Some(Ticket(3)), None);
        assert_eq!(endings.len(), 0);
    }
}
