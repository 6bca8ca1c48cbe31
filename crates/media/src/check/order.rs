//! Puts packets back in order, and says what was missing, doubled or late.
//!
//! A decoder sits behind a jitter buffer, so a frame is judged in sequence order even when its packets came in another.
//! While a number is missing, what came after it is held, up to [`HOLD_PACKETS_MAX`] packets or [`HOLD_TIME_MAX`]; then the
//! number counts as lost. A clean stream holds nothing and needs no memory for it.

use std::time::Duration;

use crate::Seq;
use crate::check::report::{Fault, Faults, Reason};
use crate::check::shape::Shape;

/// 1 s of 4 Mbit/s.
const HOLD_PACKETS_MAX: usize = 512;
/// Longer than a retransmission over a bad path takes, shorter than a viewer waits.
const HOLD_TIME_MAX: Duration = Duration::from_secs(1);
/// Beyond this distance a number is not early or late but from another numbering. Also how far back duplicates are known.
const WINDOW: u16 = 1024;

#[derive(Debug, Clone)]
pub(super) struct Order {
    expected: Option<Seq>,
    /// One bit per number of the window behind `expected`: did it come?
    came: [u64; WINDOW as usize / 64],
    /// Ahead of `expected`, in order.
    held: Vec<Held>,
}

#[derive(Debug, Clone)]
struct Held {
    shape: Shape,
    dd: Option<Box<[u8]>>,
}

/// A packet in its place.
pub(super) struct InOrder<'a> {
    pub shape: &'a Shape,
    pub dd: Option<&'a [u8]>,
    /// How many packets before it never came.
    pub missing: u16,
}

impl Order {
    pub fn new() -> Order {
        Order { expected: None, came: [0; WINDOW as usize / 64], held: Vec::new() }
    }

    /// Takes a packet as it comes and hands on what is in order.
    pub fn push(
        &mut self,
        shape: Shape,
        dd: Option<&[u8]>,
        faults: &mut Faults,
        mut next: impl FnMut(InOrder<'_>, &mut Faults),
    ) {
        let seq = shape.seq;
        let expected = *self.expected.get_or_insert(seq);
        let ahead = seq.distance(expected);
        if ahead.unsigned_abs() > WINDOW {
            faults.add(Fault::SequenceJump, 1, seq, shape.at, Reason::Jumped { by: ahead });
            self.flush(faults, &mut next);
            *self = Order::new();
            self.step(seq);
            return next(InOrder { shape: &shape, dd, missing: 1 }, faults);
        }
        if ahead < 0 {
            return self.take_old(&shape, ahead.unsigned_abs(), faults);
        }
        if ahead > 0 {
            return self.hold(shape, dd, faults, &mut next);
        }
        if !self.held.is_empty() {
            let newest = self.held.last().map_or(seq, |held| held.shape.seq);
            let by = newest.distance(seq).unsigned_abs();
            faults.add(Fault::Reordered, 1, seq, shape.at, Reason::Late { by });
        }
        self.step(seq);
        next(InOrder { shape: &shape, dd, missing: 0 }, faults);
        self.release(faults, &mut next);
    }

    /// Gives up on whatever is still missing.
    pub fn flush(&mut self, faults: &mut Faults, mut next: impl FnMut(InOrder<'_>, &mut Faults)) {
        while !self.held.is_empty() {
            self.give_up(faults, &mut next);
        }
    }

    fn take_old(&mut self, shape: &Shape, by: u16, faults: &mut Faults) {
        if self.mark(shape.seq) {
            faults.add(Fault::Duplicate, 1, shape.seq, shape.at, Reason::Again);
        } else {
            faults.add(Fault::Reordered, 1, shape.seq, shape.at, Reason::Late { by });
        }
    }

    fn hold(
        &mut self,
        shape: Shape,
        dd: Option<&[u8]>,
        faults: &mut Faults,
        next: &mut impl FnMut(InOrder<'_>, &mut Faults),
    ) {
        let (seq, at) = (shape.seq, shape.at);
        // Later packets come later, as a rule: look from the back.
        let before = self.held.iter().rposition(|held| !held.shape.seq.newer_than(seq));
        if let Some(same) = before.map(|i| self.held[i].shape.seq)
            && same == seq
        {
            return faults.add(Fault::Duplicate, 1, seq, at, Reason::Again);
        }
        let place = before.map_or(0, |i| i + 1);
        if place < self.held.len() {
            let by = self.held[self.held.len() - 1].shape.seq.distance(seq).unsigned_abs();
            faults.add(Fault::Reordered, 1, seq, at, Reason::Late { by });
        }
        self.held.insert(place, Held { shape, dd: dd.map(Box::from) });
        let oldest = self.held.iter().map(|held| held.shape.at).min().unwrap_or(at);
        if self.held.len() >= HOLD_PACKETS_MAX || at.saturating_sub(oldest) > HOLD_TIME_MAX {
            self.give_up(faults, next);
        }
    }

    /// Counts the numbers before the first held packet as lost and goes on with it.
    fn give_up(&mut self, faults: &mut Faults, next: &mut impl FnMut(InOrder<'_>, &mut Faults)) {
        let Some(expected) = self.expected else { return };
        let Some(first) = (!self.held.is_empty()).then(|| self.held.remove(0)) else { return };
        let Shape { seq, at, .. } = first.shape;
        let missing = seq.distance(expected).unsigned_abs();
        faults.add(Fault::Gap, u64::from(missing), seq, at, Reason::Missing { packets: missing });
        for n in 0..missing {
            self.clear(expected.plus(n));
        }
        self.step(seq);
        next(InOrder { shape: &first.shape, dd: first.dd.as_deref(), missing }, faults);
        self.release(faults, next);
    }

    /// Hands on what was held and is now in order.
    fn release(&mut self, faults: &mut Faults, next: &mut impl FnMut(InOrder<'_>, &mut Faults)) {
        let mut released = 0;
        while let Some(held) = self.held.get(released)
            && Some(held.shape.seq) == self.expected
        {
            let seq = held.shape.seq;
            next(InOrder { shape: &held.shape, dd: held.dd.as_deref(), missing: 0 }, faults);
            self.step(seq);
            released += 1;
        }
        self.held.drain(..released);
        if self.held.is_empty() {
            self.held = Vec::new(); // thousands of checkers share a machine
        }
    }

    fn step(&mut self, seq: Seq) {
        self.clear(seq);
        self.mark(seq);
        self.expected = Some(seq.next());
    }

    /// Notes that a number came; answers whether it had.
    fn mark(&mut self, seq: Seq) -> bool {
        let (word, bit) = Order::slot(seq);
        let had = self.came[word] & bit != 0;
        self.came[word] |= bit;
        had
    }

    fn clear(&mut self, seq: Seq) {
        let (word, bit) = Order::slot(seq);
        self.came[word] &= !bit;
    }

    fn slot(seq: Seq) -> (usize, u64) {
        let place = usize::from(seq.0 % WINDOW);
        (place / 64, 1 << (place % 64))
    }
}
