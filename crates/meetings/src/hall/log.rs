//! What one person has been told, numbered, for as long as they may come back and ask for it again.

use std::collections::VecDeque;
use std::sync::Arc;

use proto::meeting::Said;

/// 15 s of a meeting in which somebody does something thirty times a second.
pub const KEPT_MAX: usize = 500;
/// Half of what a socket may have unread (`seat::UNREAD_BYTES_MAX`), so that a replay never counts as slowness.
pub const KEPT_BYTES_MAX: usize = 512 * 1024;

/// When it is full the oldest is dropped, and whoever needed it gets everything anew.
#[derive(Debug, Default)]
pub struct Log {
    /// The last number given.
    last: u64,
    kept: VecDeque<Arc<Said>>,
    bytes: usize,
}

impl Log {
    pub fn last(&self) -> u64 {
        self.last
    }

    pub fn append(&mut self, said: Arc<Said>) -> u64 {
        self.last += 1;
        self.bytes += said.len();
        self.kept.push_back(said);
        while self.kept.len() > KEPT_MAX || self.bytes > KEPT_BYTES_MAX {
            self.drop_oldest();
        }
        self.last
    }

    /// Everything up to `seq` has arrived.
    pub fn acknowledge(&mut self, seq: u64) {
        while seq <= self.last && self.before_kept() < seq {
            self.drop_oldest();
        }
    }

    /// What came after `seq`; `None` when some of it is not kept, or was never said.
    pub fn after(&self, seq: u64) -> Option<Vec<(u64, Arc<Said>)>> {
        if seq < self.before_kept() || seq > self.last {
            return None;
        }
        let skip = (seq - self.before_kept()) as usize;
        Some((seq + 1..).zip(self.kept.iter().skip(skip).cloned()).collect())
    }

    pub fn is_bounded(&self) -> bool {
        self.kept.len() <= KEPT_MAX && self.bytes <= KEPT_BYTES_MAX
    }

    /// Nothing of the past is of use any more.
    pub fn clear(&mut self) {
        self.kept.clear();
        self.bytes = 0;
    }

    /// The number before the oldest that is kept.
    fn before_kept(&self) -> u64 {
        self.last - self.kept.len() as u64
    }

    fn drop_oldest(&mut self) {
        if let Some(said) = self.kept.pop_front() {
            self.bytes -= said.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::meeting::ServerBody;

    fn filled(count: usize) -> Log {
        let mut log = Log::default();
        for n in 0..count {
            assert_eq!(log.append(Said::new(ServerBody::Pong { acknowledged: n as u64 })), n as u64 + 1);
        }
        log
    }

    fn numbers(log: &Log, seq: u64) -> Option<Vec<u64>> {
        log.after(seq).map(|kept| kept.into_iter().map(|(seq, _)| seq).collect())
    }

    #[test]
    fn who_comes_back_gets_what_they_missed_and_nothing_else() {
        let mut log = filled(5);
        assert_eq!(numbers(&log, 2), Some(vec![3, 4, 5]));
        assert_eq!(numbers(&log, 5), Some(vec![]));
        assert_eq!(numbers(&log, 6), None, "it was never said");
        log.acknowledge(3);
        assert_eq!(numbers(&log, 3), Some(vec![4, 5]));
        assert_eq!(numbers(&log, 2), None);
        log.acknowledge(99);
        assert_eq!(numbers(&log, 3), Some(vec![4, 5]), "a lie is no acknowledgement");
    }

    #[test]
    fn what_is_too_old_is_dropped() {
        let log = filled(KEPT_MAX + 10);
        assert_eq!(numbers(&log, 9), None);
        assert_eq!(numbers(&log, 10).map(|kept| kept.len()), Some(KEPT_MAX));
        let mut log = Log::default();
        let large =
            Said::new(ServerBody::Answer { what: proto::meeting::What::Camera, id: 1, sdp: "x".repeat(60_000) });
        for _ in 0..20 {
            log.append(large.clone());
        }
        assert!(log.is_bounded() && log.last() == 20);
    }
}
