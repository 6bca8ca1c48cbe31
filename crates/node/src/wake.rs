//! How a worker sleeps: until a socket can be read, another thread wakes it, or its next timer is due.
//!
//! Whoever puts something into a worker's queue wakes it afterwards. Waking a worker that has already been woken, and has
//! not yet looked, costs one atomic operation and no system call.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::udp::sys;

/// Sockets one [`Poller`] can wait for.
pub const SOCKETS_MAX: usize = 31;

/// The sleeping side. One thread owns it.
#[derive(Debug)]
pub struct Poller {
    shared: Arc<Shared>,
}

/// The waking side: clone it freely, use it from any thread.
#[derive(Debug, Clone)]
pub struct Waker {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    event: File,
    /// A wake-up is under way that the poller has not yet seen.
    pending: AtomicBool,
}

/// Why [`Poller::wait`] returned. Nothing set: the time was up, or a signal came.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Ready {
    pub woken: bool,
    /// Bit `i`: socket `i` can be read.
    pub sockets: u32,
}

impl Poller {
    pub fn new() -> io::Result<(Poller, Waker)> {
        let shared = Arc::new(Shared { event: File::from(sys::event_fd()?), pending: AtomicBool::new(false) });
        Ok((Poller { shared: shared.clone() }, Waker { shared }))
    }

    /// Sleeps for at most `timeout` (for ever without one). Everything queued before a wake-up is visible after this
    /// returns, whatever it returned for. Panics for more than [`SOCKETS_MAX`] sockets.
    pub fn wait(&mut self, timeout: Option<Duration>, sockets: &[BorrowedFd<'_>]) -> io::Result<Ready> {
        assert!(sockets.len() <= SOCKETS_MAX, "a worker has few sockets");
        let mut fds = [self.shared.event.as_fd(); SOCKETS_MAX + 1];
        fds[1..=sockets.len()].copy_from_slice(sockets);
        let bits = sys::wait_readable(&fds[..=sockets.len()], timeout)?;
        let woken = bits & 1 != 0;
        if woken {
            // First the counter, then the flag. The other way round, a wake-up between the two would leave the flag up
            // and the counter empty, and nobody could wake us again.
            let _ = (&self.shared.event).read(&mut [0; 8]);
            // Swap, not store: it reads what the waker wrote, so what was queued before that is visible from here.
            self.shared.pending.swap(false, Ordering::AcqRel);
        }
        Ok(Ready { woken, sockets: bits >> 1 })
    }
}

impl Waker {
    /// Makes the current or the next [`Poller::wait`] return. Call it after putting something into a queue.
    pub fn wake(&self) {
        if !self.shared.pending.swap(true, Ordering::AcqRel) {
            // Fails only when the counter is at its end, and then the poller is awake.
            let _ = (&self.shared.event).write(&1u64.to_ne_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn a_sleeping_worker_is_woken_and_loses_no_wake_up() {
        let (mut poller, waker) = Poller::new().unwrap();
        let (sender, receiver) = mpsc::channel();
        const ITEMS: u32 = 200_000;
        let producers: Vec<_> = (0..2)
            .map(|_| {
                let (waker, sender) = (waker.clone(), sender.clone());
                std::thread::spawn(move || {
                    for i in 0..ITEMS {
                        sender.send(i).unwrap();
                        waker.wake();
                    }
                })
            })
            .collect();
        let mut got = 0;
        while got < 2 * ITEMS {
            // Without a timeout: a lost wake-up would hang here.
            assert!(poller.wait(None, &[]).unwrap().woken);
            got += receiver.try_iter().count() as u32;
        }
        for producer in producers {
            producer.join().unwrap();
        }
    }

    #[test]
    fn a_wake_up_before_the_sleep_is_not_lost_and_counts_once() {
        let (mut poller, waker) = Poller::new().unwrap();
        waker.wake();
        waker.wake();
        assert!(poller.wait(None, &[]).unwrap().woken);
        assert_eq!(poller.wait(Some(Duration::ZERO), &[]).unwrap(), Ready::default());
        waker.wake();
        assert!(poller.wait(None, &[]).unwrap().woken);
    }

    #[test]
    fn it_says_which_socket_has_something() {
        let (mut poller, _waker) = Poller::new().unwrap();
        let sockets = [(); 3].map(|()| UdpSocket::bind("127.0.0.1:0").unwrap());
        let fds = sockets.each_ref().map(AsFd::as_fd);
        assert_eq!(poller.wait(Some(Duration::ZERO), &fds).unwrap().sockets, 0);
        sockets[0].send_to(b"x", sockets[2].local_addr().unwrap()).unwrap();
        assert_eq!(poller.wait(None, &fds).unwrap(), Ready { woken: false, sockets: 0b100 });
    }
}
