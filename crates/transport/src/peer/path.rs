//! Where a peer is: the addresses that ICE has seen it at, and the one it wants to be sent to.
//!
//! An ICE-lite server learns addresses only from the checks of its peer. str0m keeps every address it ever saw and sticks
//! to the nominated one of highest priority until that has been silent for 15 s; both are wrong for a phone that walks
//! out of a Wi-Fi, hence this.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Addresses one ICE generation may use. A peer behind a NAT that changes its port with every check needs an ICE restart
/// after as many; one that tries ports for fun stops being heard.
const ADDRESSES_MAX: usize = 64;

/// A nominated address of lower priority waits this long after the last nomination of the current one. Browsers check
/// every 2.5 s, so an address that is still in use keeps its place.
const LINGER: Duration = Duration::from_secs(3);

#[derive(Debug, Default)]
pub(crate) struct Path {
    validated: Vec<SocketAddr>,
    remote: Option<Remote>,
}

#[derive(Debug, Clone, Copy)]
struct Remote {
    address: SocketAddr,
    priority: u32,
    nominated_at: Instant,
    /// The last check from there did not nominate it any more.
    released: bool,
}

impl Path {
    /// Takes note of an authentic check. False when the peer has used up its addresses and this is a new one.
    pub(crate) fn check(&mut self, now: Instant, from: SocketAddr, priority: u32, nominates: bool) -> bool {
        if !self.validated.contains(&from) {
            if self.validated.len() == ADDRESSES_MAX {
                return false;
            }
            self.validated.push(from);
        }
        let here = Remote { address: from, priority, nominated_at: now, released: false };
        match &mut self.remote {
            None if nominates => self.remote = Some(here),
            None => {}
            Some(remote) if remote.address == from => {
                remote.released = !nominates;
                if nominates {
                    *remote = here;
                }
            }
            Some(remote) if nominates => {
                let silent = now.saturating_duration_since(remote.nominated_at) > LINGER;
                if priority > remote.priority || remote.released || silent {
                    *remote = here;
                }
            }
            Some(_) => {}
        }
        true
    }

    /// Whether a check from this address was authentic, so that its DTLS may be believed to be the peer's.
    pub(crate) fn is_validated(&self, from: SocketAddr) -> bool {
        self.validated.contains(&from)
    }

    /// Where to send.
    pub(crate) fn remote(&self) -> Option<SocketAddr> {
        self.remote.map(|remote| remote.address)
    }

    /// A new ICE generation: only the address in use carries over, and the first nomination replaces it.
    pub(crate) fn restart(&mut self) {
        self.validated.clear();
        if let Some(remote) = &mut self.remote {
            self.validated.push(remote.address);
            remote.released = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(n: u8) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, n], 4000))
    }

    #[test]
    fn a_peer_is_sent_to_where_it_nominates_itself() {
        let now = Instant::now();
        let mut path = Path::default();
        assert!(path.check(now, address(1), 10, false));
        assert_eq!(path.remote(), None, "checked, not nominated");
        assert!(path.is_validated(address(1)) && !path.is_validated(address(2)));
        path.check(now, address(1), 10, true);
        assert_eq!(path.remote(), Some(address(1)));
    }

    #[test]
    fn two_nominated_addresses_do_not_flap() {
        let mut now = Instant::now();
        let mut path = Path::default();
        for _ in 0..20 {
            path.check(now, address(1), 10, true);
            path.check(now, address(2), 5, true);
            assert_eq!(path.remote(), Some(address(1)));
            now += Duration::from_millis(2500);
        }
    }

    #[test]
    fn a_phone_that_leaves_its_wifi_is_followed() {
        let now = Instant::now();
        let mut path = Path::default();
        path.check(now, address(1), 10, true);
        path.check(now + LINGER / 2, address(2), 5, true);
        assert_eq!(path.remote(), Some(address(1)), "still within its checking interval");
        path.check(now + LINGER * 2, address(2), 5, true);
        assert_eq!(path.remote(), Some(address(2)));
    }

    #[test]
    fn an_address_that_is_checked_without_nomination_gives_way_at_once() {
        let now = Instant::now();
        let mut path = Path::default();
        path.check(now, address(1), 10, true);
        path.check(now, address(1), 10, false);
        path.check(now, address(2), 5, true);
        assert_eq!(path.remote(), Some(address(2)));
    }

    #[test]
    fn a_peer_cannot_make_us_remember_addresses_without_end() {
        let now = Instant::now();
        let mut path = Path::default();
        for n in 0..ADDRESSES_MAX as u8 {
            assert!(path.check(now, address(n), 1, true));
        }
        assert!(!path.check(now, address(200), 1, true));
        assert!(path.check(now, address(3), 1, true));
        path.restart();
        assert!(path.check(now, address(200), 1, true));
        assert_eq!(path.remote(), Some(address(200)));
    }
}
