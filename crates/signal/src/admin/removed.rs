//! Sessions that an administrator has ended, and why, for their holders: a page that finds its session gone asks here before it
//! opens another one.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use proto::SessionId;

use crate::problem::{Failure, Kind};

/// The oldest is forgotten then, and its holder is told that there is no such session. Pages ask within seconds.
const KEPT_MAX: usize = 1024;

#[derive(Debug, Default)]
pub struct Removed(Mutex<VecDeque<(SessionId, String)>>);

impl Removed {
    pub fn remember(&self, session: SessionId, reason: String) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() == KEPT_MAX {
            kept.pop_front();
        }
        kept.push_back((session, reason));
    }

    /// A session that an administrator has ended is gone for this reason and no other.
    pub fn explain(&self, session: SessionId, otherwise: Failure) -> Failure {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match kept.iter().rev().find(|(removed, _)| *removed == session) {
            Some((_, reason)) => Failure::new(Kind::Removed, reason.clone()),
            None => otherwise,
        }
    }
}

#[cfg(test)]
mod tests {
    use proto::WorkerId;

    use super::*;

    fn session(secret: u128) -> SessionId {
        SessionId { worker: WorkerId(0), secret }
    }

    #[test]
    fn a_removed_session_is_explained_to_its_holder_and_no_other_is() {
        let removed = Removed::default();
        removed.remember(session(1), "it was too loud".into());
        let told = |secret| format!("{:?}", removed.explain(session(secret), Failure::nothing_here()));
        assert!(told(1).contains("too loud") && told(1).contains("Removed"), "{}", told(1));
        assert!(told(2).contains("NothingHere"), "{}", told(2));
    }

    #[test]
    fn what_is_kept_is_bounded_and_the_oldest_goes_first() {
        let removed = Removed::default();
        for secret in 0..=KEPT_MAX as u128 {
            removed.remember(session(secret), "x".into());
        }
        assert_eq!(removed.0.lock().unwrap().len(), KEPT_MAX);
        let told = |secret| format!("{:?}", removed.explain(session(secret), Failure::nothing_here()));
        assert!(told(0).contains("NothingHere") && told(1).contains("Removed"));
    }
}
