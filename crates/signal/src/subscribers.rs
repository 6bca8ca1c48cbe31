//! Names that viewers gave themselves (`subuuid`), so that an older client can say later which of them to move.
//!
//! A name is only a pointer: whoever uses it still has to be allowed to move the session it points to. The table is
//! bounded, and when it is full the oldest name makes way; one whose session is over points to nothing.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use proto::SessionId;

/// More viewers of older clients than that no node has: 10,000 names are 1.5 MB.
const NAMES_MAX: usize = 10_000;
/// A UUID has 36.
const NAME_LEN_MAX: usize = 64;

#[derive(Debug)]
pub struct Subscribers {
    names_max: usize,
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    entries: u64,
    sessions: HashMap<String, (u64, SessionId)>,
    /// The names in the order in which they were given.
    order: BTreeMap<u64, String>,
}

impl Default for Subscribers {
    fn default() -> Subscribers {
        Subscribers { names_max: NAMES_MAX, table: Mutex::default() }
    }
}

impl Subscribers {
    /// The name belongs to the session that took it last. One that is no name is not kept.
    pub fn remember(&self, name: &str, session: SessionId) {
        if name.is_empty() || name.len() > NAME_LEN_MAX || !name.bytes().all(|b| b.is_ascii_graphic()) {
            return;
        }
        let mut table = self.table();
        table.forget(name);
        if table.sessions.len() >= self.names_max
            && let Some((_, oldest)) = table.order.pop_first()
        {
            table.sessions.remove(&oldest);
        }
        table.entries += 1;
        let number = table.entries;
        table.order.insert(number, name.to_owned());
        table.sessions.insert(name.to_owned(), (number, session));
    }

    pub fn find(&self, name: &str) -> Option<SessionId> {
        self.table().sessions.get(name).map(|(_, session)| *session)
    }

    /// The session is over.
    pub fn forget(&self, session: SessionId) {
        let mut table = self.table();
        let names: Vec<String> =
            table.sessions.iter().filter(|(_, (_, s))| *s == session).map(|(name, _)| name.clone()).collect();
        for name in names {
            table.forget(&name);
        }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn forget(&mut self, name: &str) {
        if let Some((number, _)) = self.sessions.remove(name) {
            self.order.remove(&number);
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
    fn a_name_points_to_the_session_that_took_it_last_and_ends_with_it() {
        let table = Subscribers::default();
        table.remember("ann", session(1));
        table.remember("ann", session(2));
        assert_eq!(table.find("ann"), Some(session(2)));
        table.forget(session(1));
        assert_eq!(table.find("ann"), Some(session(2)));
        table.forget(session(2));
        assert_eq!(table.find("ann"), None);
        assert!(table.table().order.is_empty());
    }

    #[test]
    fn the_table_is_bounded_and_the_oldest_name_makes_way() {
        let table = Subscribers { names_max: 3, ..Subscribers::default() };
        for n in 0..10 {
            table.remember(&format!("viewer-{n}"), session(n));
        }
        assert_eq!(table.table().sessions.len(), 3);
        assert_eq!(table.table().order.len(), 3);
        assert_eq!((table.find("viewer-6"), table.find("viewer-9")), (None, Some(session(9))));
    }

    #[test]
    fn what_is_no_name_is_not_kept() {
        let table = Subscribers::default();
        for bad in ["", "a b", "ä", &"x".repeat(65)] {
            table.remember(bad, session(1));
            assert_eq!(table.find(bad), None, "{bad}");
        }
    }
}
