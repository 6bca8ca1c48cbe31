//! Where passwords are hashed: beside the control threads, a few at a time.
//!
//! A hash takes 19 MiB and tens of milliseconds of a core. Without a bound a hundred logins would take the machine from the media.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use meetings::{PasswordHash, hashing};
use tokio::sync::Semaphore;

use super::random;
use crate::problem::{Failure, Kind};

/// About a hundred hashes of a core. Who waits holds a connection, so the number of those who wait is bounded too.
const WAIT_MAX: Duration = Duration::from_secs(4);

#[derive(Debug)]
pub struct Hasher {
    places: Arc<Semaphore>,
    wait_max: Duration,
    made: AtomicU64,
}

impl Hasher {
    pub fn new(at_once: usize) -> Hasher {
        Hasher { places: Arc::new(Semaphore::new(at_once.max(1))), wait_max: WAIT_MAX, made: AtomicU64::new(0) }
    }

    pub async fn hash(&self, password: String) -> Result<PasswordHash, Failure> {
        let salt = random();
        self.run(move || hashing::hash(&password, salt)).await
    }

    pub async fn verify(&self, password: String, kept: PasswordHash) -> Result<bool, Failure> {
        self.run(move || hashing::verify(&password, &kept)).await
    }

    pub fn made(&self) -> u64 {
        self.made.load(Ordering::Relaxed)
    }

    /// The place is kept until the work is done, also when the client has gone.
    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Failure> {
        let place = tokio::time::timeout(self.wait_max, self.places.clone().acquire_owned()).await;
        let Ok(place) = place else {
            return Err(
                Failure::new(Kind::NodeBusy, "too many passwords are being checked; retry in 5 s").retry_after(5)
            );
        };
        let place = place.expect("the semaphore is never closed");
        self.made.fetch_add(1, Ordering::Relaxed);
        let done = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(place);
            done
        });
        done.await.map_err(|_| Failure::new(Kind::Internal, "the password could not be checked; retry"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn no_more_than_so_many_are_hashed_at_once() {
        static RUNNING: AtomicUsize = AtomicUsize::new(0);
        static MOST: AtomicUsize = AtomicUsize::new(0);
        let hasher = Arc::new(Hasher::new(2));
        let tasks: Vec<_> = (0..24)
            .map(|_| {
                let hasher = hasher.clone();
                tokio::spawn(async move {
                    let work = || {
                        MOST.fetch_max(RUNNING.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        std::thread::sleep(Duration::from_millis(5));
                        RUNNING.fetch_sub(1, Ordering::SeqCst);
                    };
                    hasher.run(work).await.unwrap();
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(MOST.load(Ordering::SeqCst), 2);
        assert_eq!(hasher.made(), 24);
    }

    #[tokio::test]
    async fn who_waits_too_long_is_told_to_come_back() {
        let hasher = Hasher { wait_max: Duration::from_millis(20), ..Hasher::new(1) };
        let _taken = hasher.places.clone().acquire_owned().await.unwrap();
        let refused = hasher.verify("x".to_owned(), hashing::decoy()).await;
        assert!(format!("{:?}", refused.unwrap_err()).contains("NodeBusy"));
    }
}
