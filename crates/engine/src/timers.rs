//! When which session wants to be looked at next.
//!
//! A heap with lazy deletion: a session's own `deadline` is the truth, an entry is only a reason to look. Setting an
//! earlier deadline pushes a second entry; the later one finds nothing to do.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Instant;

#[derive(Default)]
pub struct Timers {
    heap: BinaryHeap<Reverse<(Instant, u32)>>,
}

impl Timers {
    pub fn set(&mut self, at: Instant, slot: u32) {
        self.heap.push(Reverse((at, slot)));
    }

    pub fn next(&self) -> Option<Instant> {
        self.heap.peek().map(|Reverse((at, _))| *at)
    }

    /// A slot whose time has come, if any.
    pub fn pop_due(&mut self, now: Instant) -> Option<u32> {
        let Reverse((at, slot)) = *self.heap.peek()?;
        if at > now {
            return None;
        }
        self.heap.pop();
        Some(slot)
    }

    pub fn len(&self) -> usize {
        self.heap.len()
    }
}
