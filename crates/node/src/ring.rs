//! Media between two workers: a bounded queue of byte records with one writer and one reader, by value.
//!
//! Nothing is shared but the bytes under way, so neither side waits for the other. A record is copied in and out whole:
//! 1,200 bytes cost less than one reference count that two cores touch for each of a thousand viewers.
//!
//! **When it is full, the new record is dropped** and [`Sender::push`] says so: these are media packets, a newer one will come,
//! and waiting would carry one worker's trouble to all. The reader's viewers then miss packets, which NACK and keyframe
//! requests repair as they do after loss in the network.

use rtrb::{Consumer, Producer, RingBuffer, chunks::ChunkError};

/// Length prefix of a record.
const PREFIX: usize = size_of::<u32>();

/// The ring had no room for the record, which is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;

/// The writing side.
#[derive(Debug)]
pub struct Sender {
    bytes: Producer<u8>,
}

/// The reading side.
#[derive(Debug)]
pub struct Receiver {
    bytes: Consumer<u8>,
    /// Where a record that wraps around the end of the ring is put together.
    joined: Vec<u8>,
}

/// A ring of `capacity` bytes, length prefixes included. A second of four 2.5 Mbit/s streams is 1.3 MB.
pub fn ring(capacity: usize) -> (Sender, Receiver) {
    let (producer, consumer) = RingBuffer::new(capacity);
    (Sender { bytes: producer }, Receiver { bytes: consumer, joined: Vec::new() })
}

impl Sender {
    /// Appends one record whole, or nothing of it.
    pub fn push(&mut self, record: &[u8]) -> Result<(), Full> {
        let len = u32::try_from(record.len()).map_err(|_| Full)?;
        let mut chunk = self.bytes.write_chunk(PREFIX + record.len()).map_err(|ChunkError::TooFewSlots(_)| Full)?;
        let (first, second) = chunk.as_mut_slices();
        let rest = copy(&len.to_ne_bytes(), first, second);
        copy(record, rest.0, rest.1);
        // One commit: the reader sees the prefix and the record together.
        chunk.commit_all();
        Ok(())
    }

    /// The reader is gone, so nothing will ever leave the ring again.
    pub fn is_abandoned(&self) -> bool {
        self.bytes.is_abandoned()
    }
}

impl Receiver {
    /// Hands the oldest up to `records_max` records to `each`, in order, and says how many there were. Their room is free
    /// again once all have been handed over.
    pub fn pop_batch(&mut self, records_max: usize, mut each: impl FnMut(&[u8])) -> usize {
        let available = self.bytes.slots();
        if available == 0 {
            return 0;
        }
        let chunk = self.bytes.read_chunk(available).expect("just counted, and only we take out");
        let (first, second) = chunk.as_slices();
        let (mut at, mut records) = (0, 0);
        while at < available && records < records_max {
            let mut prefix = [0; PREFIX];
            gather(first, second, at, &mut prefix);
            let len = u32::from_ne_bytes(prefix) as usize;
            let (start, end) = (at + PREFIX, at + PREFIX + len);
            if end <= first.len() {
                each(&first[start..end]);
            } else if start >= first.len() {
                each(&second[start - first.len()..end - first.len()]);
            } else {
                self.joined.clear();
                self.joined.extend_from_slice(&first[start..]);
                self.joined.extend_from_slice(&second[..end - first.len()]);
                each(&self.joined);
            }
            at = end;
            records += 1;
        }
        chunk.commit(at);
        records
    }

    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The writer is gone: once this is empty, it stays so.
    pub fn is_abandoned(&self) -> bool {
        self.bytes.is_abandoned()
    }
}

/// Writes `from` across two slices and returns what is left of them.
fn copy<'a>(from: &[u8], first: &'a mut [u8], second: &'a mut [u8]) -> (&'a mut [u8], &'a mut [u8]) {
    let (head, tail) = from.split_at(from.len().min(first.len()));
    let (into, first) = first.split_at_mut(head.len());
    into.copy_from_slice(head);
    let (into, second) = second.split_at_mut(tail.len());
    into.copy_from_slice(tail);
    (first, second)
}

/// Reads `into.len()` bytes at `at` of two slices laid end to end.
fn gather(first: &[u8], second: &[u8], at: usize, into: &mut [u8]) {
    for (i, byte) in into.iter_mut().enumerate() {
        let at = at + i;
        *byte = if at < first.len() { first[at] } else { second[at - first.len()] };
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Clone)]
    enum Step {
        Push(Vec<u8>),
        Pop(usize),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![prop::collection::vec(any::<u8>(), 0..40).prop_map(Step::Push), (0usize..5).prop_map(Step::Pop),]
    }

    proptest! {
        #[test]
        fn records_come_out_whole_and_in_order_or_are_refused_whole(
            capacity in 1usize..100,
            steps in prop::collection::vec(step(), 0..200),
        ) {
            let (mut sender, mut receiver) = ring(capacity);
            let mut model: VecDeque<Vec<u8>> = VecDeque::new();
            let mut used = 0;
            for step in steps {
                match step {
                    Step::Push(record) => {
                        let fits = used + PREFIX + record.len() <= capacity;
                        prop_assert_eq!(sender.push(&record).is_ok(), fits);
                        if fits {
                            used += PREFIX + record.len();
                            model.push_back(record);
                        }
                    }
                    Step::Pop(max) => {
                        let expected: Vec<_> = model.drain(..max.min(model.len())).collect();
                        used -= expected.iter().map(|r| PREFIX + r.len()).sum::<usize>();
                        let mut got = Vec::new();
                        prop_assert_eq!(receiver.pop_batch(max, |r| got.push(r.to_vec())), expected.len());
                        prop_assert_eq!(got, expected);
                    }
                }
            }
        }
    }

    #[test]
    fn a_reader_on_another_thread_sees_every_accepted_record_in_order() {
        let (mut sender, mut receiver) = ring(10_000);
        let writer = std::thread::spawn(move || {
            let mut accepted = Vec::new();
            for i in 0..200_000u32 {
                let mut record = vec![i as u8; (i % 97) as usize];
                record.extend_from_slice(&i.to_ne_bytes());
                if sender.push(&record).is_ok() {
                    accepted.push(i);
                } else {
                    std::thread::yield_now();
                }
            }
            accepted
        });
        let mut got = Vec::new();
        loop {
            let ended = receiver.is_abandoned();
            let records = receiver.pop_batch(64, |record| {
                let (fill, number) = record.split_at(record.len() - 4);
                let i = u32::from_ne_bytes(number.try_into().unwrap());
                assert_eq!(fill, vec![i as u8; (i % 97) as usize]);
                got.push(i);
            });
            if records == 0 {
                if ended {
                    break;
                }
                std::thread::yield_now();
            }
        }
        assert_eq!(got, writer.join().unwrap());
        assert!(!got.is_empty());
    }
}
