//! Which worker gets a session.
//!
//! Publishers of a room go to one and the same worker, chosen by hashing the room's name: that worker alone decides
//! whether the room has a publisher already and who takes over, without asking anybody. Viewers go where the fewest sessions are.

use std::hash::{DefaultHasher, Hash, Hasher};

use proto::{RoomName, WorkerId};

/// Sessions on each worker: placed and not ended. The node counts them itself, because a report is old by the time it is read.
#[derive(Debug)]
pub struct Placement {
    sessions: Vec<u32>,
}

impl Placement {
    pub fn new(workers: u8) -> Placement {
        Placement { sessions: vec![0; workers as usize] }
    }

    pub fn publisher(&self, room: &RoomName) -> WorkerId {
        let mut hasher = DefaultHasher::new();
        room.as_str().hash(&mut hasher);
        WorkerId((hasher.finish() % self.sessions.len() as u64) as u8)
    }

    /// The least loaded worker; of equals the one where the room is published, which saves a link.
    pub fn viewer(&self, room: &RoomName) -> WorkerId {
        let home = self.publisher(room);
        let order = |w: &WorkerId| (self.sessions[w.0 as usize], *w != home, *w);
        (0..self.sessions.len() as u8).map(WorkerId).min_by_key(order).expect("a node has at least one worker")
    }

    pub fn placed(&mut self, worker: WorkerId) {
        self.sessions[worker.0 as usize] += 1;
    }

    pub fn ended(&mut self, worker: WorkerId) {
        let sessions = &mut self.sessions[worker.0 as usize];
        *sessions = sessions.saturating_sub(1);
    }

    pub fn total(&self) -> u32 {
        self.sessions.iter().sum()
    }

    pub fn has(&self, worker: WorkerId) -> bool {
        (worker.0 as usize) < self.sessions.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn viewers_spread_evenly_and_publishers_of_a_room_meet() {
        let room: RoomName = "demo".parse().unwrap();
        let mut placement = Placement::new(4);
        for _ in 0..400 {
            let worker = placement.viewer(&room);
            placement.placed(worker);
        }
        assert_eq!(placement.sessions, [100; 4]);
        assert_eq!(placement.publisher(&room), placement.publisher(&room));
    }

    #[test]
    fn the_first_viewer_sits_beside_the_publisher() {
        for name in ["a", "b", "c", "d"] {
            let room: RoomName = name.parse().unwrap();
            let placement = Placement::new(4);
            assert_eq!(placement.viewer(&room), placement.publisher(&room));
        }
    }
}
