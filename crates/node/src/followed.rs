//! Who wants to hear what the sections of a session are given.

use std::collections::HashMap;

use proto::{Section, SessionId};
use tokio::sync::watch;

/// One listener for each session. Whoever does not listen any more is forgotten when somebody looks ([`Followed::sweep`]): a session's end
/// does not say its id, which is a secret.
#[derive(Debug, Default)]
pub struct Followed(HashMap<SessionId, watch::Sender<Vec<Section>>>);

impl Followed {
    pub fn follow(&mut self, session: SessionId, given: watch::Sender<Vec<Section>>) {
        self.0.insert(session, given);
    }

    pub fn tell(&self, session: SessionId, sections: Vec<Section>) {
        if let Some(given) = self.0.get(&session) {
            given.send_replace(sections);
        }
    }

    pub fn sweep(&mut self) {
        self.0.retain(|_, given| !given.is_closed());
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
        let (given, heard) = watch::channel(Vec::new());
        followed.follow(session(1), given);
        let (given, gone) = watch::channel(Vec::new());
        followed.follow(session(2), given);
        drop(gone);
        followed.sweep();
        assert_eq!(followed.len(), 1);
        followed.tell(session(2), Vec::new());
        assert!(!heard.has_changed().unwrap());
        followed.tell(session(1), Vec::new());
        assert!(heard.has_changed().unwrap());
    }
}
