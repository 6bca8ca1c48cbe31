//! The sockets of a worker's pulls, one for each.
//!
//! A parent sends to all its viewers from one address, and DTLS and SRTP carry nothing that would tell two sessions
//! between the same two addresses apart. So each pull calls from a port of its own; that it is not the worker's port
//! costs nothing, since the first packet goes outwards and opens the way back through any firewall that media from a parent
//! would have to pass.

use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use engine::Parcel;
use proto::PeerId;
use transport::Outbox;

use crate::udp::{RecvBatch, Socket, sys};

/// Batches taken from one socket in a row; what is left makes the worker come again.
const BATCHES_PER_SOCKET: usize = 4;

pub struct Pulls {
    /// Readable when one of the sockets is.
    ready: OwnedFd,
    sockets: BTreeMap<u64, (PeerId, Socket)>,
    made: u64,
    outbox: Outbox,
}

impl Pulls {
    pub fn new() -> io::Result<Pulls> {
        Ok(Pulls { ready: sys::epoll()?, sockets: BTreeMap::new(), made: 0, outbox: Outbox::default() })
    }

    pub fn add(&mut self, peer: PeerId, socket: Socket) -> io::Result<()> {
        self.made += 1;
        sys::epoll_add(self.ready.as_fd(), socket.as_fd(), self.made)?;
        self.sockets.insert(self.made, (peer, socket));
        Ok(())
    }

    /// Closing the socket takes it out of the set, too.
    pub fn remove(&mut self, peer: PeerId) {
        self.sockets.retain(|_, (of, _)| *of != peer);
    }

    /// Hands what has arrived to `take`.
    pub fn receive(&mut self, batch: &mut RecvBatch, mut take: impl FnMut(PeerId, crate::udp::Datagram<'_>)) {
        if self.sockets.is_empty() {
            return;
        }
        for key in sys::epoll_ready(self.ready.as_fd()) {
            let Some((peer, socket)) = self.sockets.get_mut(&key) else { continue };
            for _ in 0..BATCHES_PER_SOCKET {
                if socket.recv_batch(batch) == 0 {
                    break;
                }
                for datagram in batch.iter() {
                    take(*peer, datagram);
                }
            }
        }
    }

    /// Checks, handshakes and reports: a few packets a second for each pull. Returns how many went out.
    pub fn send(&mut self, parcels: impl Iterator<Item = Parcel>) -> u64 {
        let mut sent = 0;
        for parcel in parcels {
            let Some((_, socket)) = self.sockets.values_mut().find(|(peer, _)| *peer == parcel.peer) else { continue };
            self.outbox.push(parcel.to, &parcel.bytes);
            sent += socket.send(&self.outbox).sent;
            self.outbox.clear();
        }
        sent
    }
}

impl AsFd for Pulls {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.ready.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proto::WorkerId;

    use super::*;
    use crate::wake::Poller;

    #[test]
    fn each_pull_hears_its_own_socket_and_a_removed_one_is_silent() {
        let (mut poller, _waker) = Poller::new().unwrap();
        let mut pulls = Pulls::new().unwrap();
        let parent = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let peers = [1, 2].map(|slot| PeerId { worker: WorkerId(0), slot, generation: 0 });
        let mut addresses = Vec::new();
        for peer in peers {
            let socket = Socket::bind("127.0.0.1:0".parse().unwrap()).unwrap();
            addresses.push(socket.local_addr());
            pulls.add(peer, socket).unwrap();
        }
        let mut batch = RecvBatch::new();
        let mut heard = |pulls: &mut Pulls| {
            let mut all = Vec::new();
            pulls.receive(&mut batch, |peer, datagram| all.push((peer, datagram.bytes.to_vec())));
            all
        };
        assert!(heard(&mut pulls).is_empty());
        parent.send_to(b"two", addresses[1]).unwrap();
        let ready = poller.wait(Some(Duration::from_secs(5)), &[pulls.as_fd()]).unwrap();
        assert_eq!(ready.sockets, 1);
        assert_eq!(heard(&mut pulls), [(peers[1], b"two".to_vec())]);

        let parcel = Parcel { peer: peers[0], to: parent.local_addr().unwrap(), bytes: b"one".to_vec() };
        assert_eq!(pulls.send([parcel].into_iter()), 1);
        let (len, from) = parent.recv_from(&mut [0; 16]).unwrap();
        assert_eq!((len, from), (3, addresses[0]));

        pulls.remove(peers[1]);
        parent.send_to(b"nobody", addresses[1]).unwrap();
        assert!(heard(&mut pulls).is_empty());
    }
}
