//! A town hall joins within seconds, and nobody wants ten thousand calls of a webhook for it: so many viewers in a second are
//! told of one by one, and the others of that second are counted, room by room. None is left out.

use std::collections::BTreeMap;

use proto::event::What;

#[derive(Debug)]
pub struct Meter {
    per_turn: u32,
    admitted: u32,
    /// Of each room: joined, left.
    counted: BTreeMap<String, (u32, u32)>,
}

impl Meter {
    pub fn new(per_turn: u32) -> Meter {
        Meter { per_turn, admitted: 0, counted: BTreeMap::new() }
    }

    /// The event, unless it is a viewer's who is counted.
    pub fn admit(&mut self, what: What) -> Option<What> {
        let (room, joined, left) = match &what {
            What::ViewerJoined { room, .. } => (room, 1, 0),
            What::ViewerLeft { room, .. } => (room, 0, 1),
            _ => return Some(what),
        };
        if self.admitted < self.per_turn {
            self.admitted += 1;
            return Some(what);
        }
        let counted = self.counted.entry(room.clone()).or_default();
        *counted = (counted.0 + joined, counted.1 + left);
        None
    }

    /// A second is over: what was counted in it.
    pub fn turn(&mut self) -> Vec<What> {
        self.admitted = 0;
        let counted = std::mem::take(&mut self.counted).into_iter();
        counted.map(|(room, (joined, left))| What::ViewersCounted { room, joined, left }).collect()
    }
}

#[cfg(test)]
mod tests {
    use proto::event::SessionEnd;

    use super::*;

    fn joined(room: &str) -> What {
        What::ViewerJoined { room: room.to_owned(), session: "0-1-1".to_owned() }
    }

    fn left(room: &str) -> What {
        let end = SessionEnd { reason: "left".to_owned(), lasted_ms: 1, bytes: 1 };
        What::ViewerLeft { room: room.to_owned(), session: "0-1-1".to_owned(), end }
    }

    #[test]
    fn beyond_so_many_in_a_second_viewers_are_counted_and_everything_else_is_told() {
        let mut meter = Meter::new(2);
        assert!(meter.admit(joined("a")).is_some() && meter.admit(left("a")).is_some());
        for _ in 0..5 {
            assert_eq!(meter.admit(joined("a")), None);
        }
        assert_eq!(meter.admit(left("b")), None);
        let room = What::RoomStarted { room: "a".to_owned() };
        assert_eq!(meter.admit(room.clone()), Some(room));
        let counted = |room: &str, joined, left| What::ViewersCounted { room: room.to_owned(), joined, left };
        assert_eq!(meter.turn(), [counted("a", 5, 0), counted("b", 0, 1)]);
        assert_eq!(meter.turn(), []);
        assert!(meter.admit(joined("a")).is_some(), "another second");
    }
}
