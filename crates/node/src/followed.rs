//! Who wants to hear of a session: what its sections are given, and what its holder is to be told of messages.

use std::collections::HashMap;

use proto::data::Notice;
use proto::{Section, SessionId};
use tokio::sync::{mpsc, watch};

/// One listener for each session. Whoever does not listen any more is forgotten when somebody looks ([`Followed::sweep`]): a session's end
/// does not say its id, which is a secret.
#[derive(Debug, Default)]
pub struct Followed(HashMap<SessionId, Listener>);

#[derive(Debug)]
struct Listener {
    given: watch::Sender<Vec<Section>>,
    notices: mpsc::Sender<Notice>,
}

impl Followed {
    pub fn follow(&mut self, session: SessionId, given: watch::Sender<Vec<Section>>, notices: mpsc::Sender<Notice>) {
        self.0.insert(session, Listener { given, notices });
    }

    pub fn give(&self, session: SessionId, sections: Vec<Section>) {
        if let Some(listener) = self.0.get(&session) {
            listener.given.send_replace(sections);
        }
    }

    /// Whoever has not read the notices before has enough to read.
    pub fn notify(&self, session: SessionId, notice: Notice) {
        if let Some(listener) = self.0.get(&session) {
            let _ = listener.notices.try_send(notice);
        }
    }

    pub fn sweep(&mut self) {
        self.0.retain(|_, listener| !listener.given.is_closed());
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use proto::WorkerId;

    use super::*;

    #[test]
    fn nothing_is_kept_of_who_does_not_listen_any_more() {
        let session = |secret| SessionId { worker: WorkerId(0), secret };
        let mut followed = Followed::default();
        let (notices, mut told) = mpsc::channel(1);
        let (given, heard) = watch::channel(Vec::new());
        followed.follow(session(1), given, notices.clone());
        let (given, gone) = watch::channel(Vec::new());
        followed.follow(session(2), given, notices);
        drop(gone);
        followed.sweep();
        assert_eq!(followed.len(), 1);
        followed.give(session(2), Vec::new());
        followed.notify(session(2), Notice::Torn);
        assert!(!heard.has_changed().unwrap() && told.try_recv().is_err());
        followed.give(session(1), Vec::new());
        followed.notify(session(1), Notice::TooFast);
        followed.notify(session(1), Notice::TooSlow);
        assert!(heard.has_changed().unwrap());
        assert_eq!(told.try_recv(), Ok(Notice::TooFast), "the second did not fit");
    }
}
