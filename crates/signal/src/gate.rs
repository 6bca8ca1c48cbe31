//! How many connections may be open, and who makes way when there are too many.
//!
//! Idle sockets are cheap to open by the thousand. When the house is full, the connection that has waited longest
//! without sending a request is closed in favour of the newcomer; one that is being served is never closed. Only when
//! all are being served is a newcomer turned away.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

#[derive(Debug)]
pub struct Gate {
    max: usize,
    inside: Mutex<Inside>,
}

#[derive(Debug, Default)]
struct Inside {
    open: usize,
    tickets: u64,
    /// Connections without a request in progress, longest waiting first.
    waiting: BTreeMap<u64, Arc<Notify>>,
    evicted: u64,
}

/// One admitted connection. Leaves when dropped.
#[derive(Debug)]
pub struct Pass {
    gate: Arc<Gate>,
    ticket: Mutex<Option<u64>>,
    evicted: Arc<Notify>,
}

impl Gate {
    pub fn new(max: usize) -> Arc<Gate> {
        Arc::new(Gate { max, inside: Mutex::default() })
    }

    /// `None` when every connection is being served.
    pub fn enter(self: &Arc<Gate>) -> Option<Pass> {
        let mut inside = self.inside();
        if inside.open >= self.max {
            let (_, longest) = inside.waiting.pop_first()?;
            longest.notify_one();
            inside.evicted += 1;
        }
        inside.open += 1;
        drop(inside);
        let pass = Pass { gate: self.clone(), ticket: Mutex::default(), evicted: Arc::default() };
        pass.wait();
        Some(pass)
    }

    pub fn open(&self) -> usize {
        self.inside().open
    }

    pub fn evicted(&self) -> u64 {
        self.inside().evicted
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pass {
    /// The connection has no request in progress.
    pub fn wait(&self) {
        let mut ticket = self.ticket();
        let mut inside = self.gate.inside();
        if let Some(old) = ticket.take() {
            inside.waiting.remove(&old);
        }
        inside.tickets += 1;
        let number = inside.tickets;
        inside.waiting.insert(number, self.evicted.clone());
        *ticket = Some(number);
    }

    /// A request is being served.
    pub fn work(&self) {
        if let Some(number) = self.ticket().take() {
            self.gate.inside().waiting.remove(&number);
        }
    }

    /// Resolves when the connection has to make way.
    pub async fn evicted(&self) {
        self.evicted.notified().await;
    }

    fn ticket(&self) -> MutexGuard<'_, Option<u64>> {
        self.ticket.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        self.work();
        self.gate.inside().open -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_evicted(pass: &Pass) -> bool {
        use std::future::Future as _;
        let mut evicted = std::pin::pin!(pass.evicted());
        evicted.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop())).is_ready()
    }

    #[test]
    fn a_full_house_closes_who_waited_longest_and_never_who_is_served() {
        let gate = Gate::new(3);
        let [first, second, third] = [(); 3].map(|()| gate.enter().unwrap());
        first.work();
        let _fourth = gate.enter().expect("the second makes way");
        assert!(!is_evicted(&first) && is_evicted(&second) && !is_evicted(&third));
        drop(second);
        assert_eq!(gate.open(), 3);
    }

    #[test]
    fn a_newcomer_is_turned_away_only_when_all_are_served() {
        let gate = Gate::new(1);
        let only = gate.enter().unwrap();
        only.work();
        assert!(gate.enter().is_none());
        only.wait();
        assert!(gate.enter().is_some());
    }

    #[test]
    fn the_house_is_empty_when_all_have_left() {
        let gate = Gate::new(2);
        drop((gate.enter(), gate.enter()));
        assert_eq!(gate.open(), 0);
        assert!(gate.inside().waiting.is_empty());
    }
}
