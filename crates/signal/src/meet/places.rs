//! Places for WebSockets: so many on the node, and so many of one address, that nobody who opens sockets keeps everybody else out.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::rate::network;

#[derive(Debug)]
pub struct Places {
    node: Arc<Semaphore>,
    node_max: usize,
    per_address_max: usize,
    /// Only addresses that have a socket open: as many as there are places.
    taken: Mutex<HashMap<IpAddr, usize>>,
}

/// Is given back when it is dropped.
#[derive(Debug)]
pub struct Place {
    places: Arc<Places>,
    /// `None` for this machine.
    address: Option<IpAddr>,
    _node: OwnedSemaphorePermit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Full {
    Node,
    Address,
}

impl Places {
    pub fn new(node_max: usize, per_address_max: usize) -> Arc<Places> {
        Arc::new(Places {
            node: Arc::new(Semaphore::new(node_max)),
            node_max,
            per_address_max,
            taken: Mutex::default(),
        })
    }

    /// Behind a proxy that is not named in `http.trusted_proxies` everybody comes from this machine, which has all places.
    pub fn take(self: &Arc<Places>, ip: IpAddr) -> Result<Place, Full> {
        let node = self.node.clone().try_acquire_owned().map_err(|_| Full::Node)?;
        let address = (!ip.is_loopback()).then(|| network(ip));
        if let Some(address) = address {
            let mut taken = self.taken();
            let count = taken.entry(address).or_default();
            if *count >= self.per_address_max {
                return Err(Full::Address);
            }
            *count += 1;
        }
        Ok(Place { places: self.clone(), address, _node: node })
    }

    /// Places that are taken.
    pub fn len(&self) -> usize {
        self.node_max - self.node.available_permits()
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some(address) = self.address else { return };
        let mut taken = self.places.taken();
        let left = taken.get_mut(&address).map(|count| {
            *count -= 1;
            *count
        });
        if left == Some(0) {
            taken.remove(&address);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn one_address_does_not_keep_the_others_out_and_what_is_given_back_is_free() {
        let places = Places::new(4, 2);
        let one = [places.take(ip("192.0.2.1")).unwrap(), places.take(ip("192.0.2.1")).unwrap()];
        assert_eq!(places.take(ip("192.0.2.1")).unwrap_err(), Full::Address);
        // An IPv6 network is one address.
        let six = [places.take(ip("2001:db8::1")).unwrap(), places.take(ip("2001:db8::2")).unwrap()];
        assert_eq!(places.take(ip("192.0.2.2")).unwrap_err(), Full::Node);
        drop(one);
        assert_eq!(places.take(ip("2001:db8::3")).unwrap_err(), Full::Address);
        let again = [places.take(ip("192.0.2.1")).unwrap(), places.take(ip("192.0.2.1")).unwrap()];
        drop((six, again));
        assert!(places.taken().is_empty() && places.len() == 0);
        let here: Vec<_> = (0..4).map(|_| places.take(ip("127.0.0.1")).unwrap()).collect();
        assert_eq!(places.take(ip("::1")).unwrap_err(), Full::Node);
        drop(here);
        assert!(Places::new(0, 2).take(ip("::1")).is_err());
    }
}
