//! Many UDP sockets on few threads. A server tells its peers apart by their address, so every client has a socket of
//! its own; what can be shared is the waiting (one epoll per thread) and the system call (one for a burst).
//!
//! Arrival times are the kernel's, taken when the datagram entered the machine's receive path: what a busy load
//! generator adds by reading late is not counted against the server.

mod sys;

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::os::fd::{AsRawFd, RawFd};
use std::time::Duration;

use socket2::{Domain, Protocol, Type};

pub use sys::{Arena, Poller};

/// Nanoseconds of the wall clock, which is what the kernel stamps datagrams with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct WallNs(pub u64);

impl WallNs {
    pub fn now() -> WallNs {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        WallNs(since.map_or(0, |since| since.as_nanos() as u64))
    }

    pub fn since(self, earlier: WallNs) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

#[derive(Debug, Clone, Copy)]
pub struct Datagram<'a> {
    pub from: SocketAddr,
    pub at: WallNs,
    pub bytes: &'a [u8],
}

/// Whether the kernel may hand over a run of equal datagrams as one (GRO). It makes the load generator several times
/// cheaper, and on loopback it also spares the server the cutting of what it sent as one; real network cards differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coalesce {
    Yes,
    No,
}

pub struct Socket {
    socket: UdpSocket,
    local: SocketAddr,
}

/// A viewer receives about 300 kB/s; this lets a thread sleep for seconds. The kernel doubles it for its overhead and
/// caps it at `net.core.rmem_max`, unless we are root.
const RECEIVE_BUFFER_BYTES: usize = 2 << 20;

impl Socket {
    pub fn bind(ip: IpAddr, coalesce: Coalesce) -> io::Result<Socket> {
        let socket = socket2::Socket::new(Domain::for_address((ip, 0).into()), Type::DGRAM, Some(Protocol::UDP))?;
        socket.set_nonblocking(true)?;
        socket.bind(&SocketAddr::from((ip, 0)).into())?;
        let socket = UdpSocket::from(socket);
        sys::enlarge_receive_buffer(&socket, RECEIVE_BUFFER_BYTES)?;
        sys::stamp_arrivals(&socket)?;
        if coalesce == Coalesce::Yes {
            sys::coalesce(&socket)?;
        }
        let local = socket.local_addr()?;
        Ok(Socket { socket, local })
    }

    pub fn local(&self) -> SocketAddr {
        self.local
    }

    /// A full send buffer loses the datagram, as a network would; so does a peer that is gone.
    pub fn send(&self, to: SocketAddr, bytes: &[u8]) -> Sent {
        match self.socket.send_to(bytes, to) {
            Ok(_) => Sent::Yes,
            Err(_) => Sent::No,
        }
    }

    /// Everything that one system call brings; `None` when the socket is empty.
    pub fn receive<'a>(&self, arena: &'a mut Arena) -> io::Result<Option<impl Iterator<Item = Datagram<'a>>>> {
        match arena.receive(&self.socket) {
            Ok(0) => Ok(None),
            Ok(_) => Ok(Some(arena.datagrams())),
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Datagrams that arrived and did not fit the receive buffer: the load generator's own loss, not the server's.
    pub fn overflowed(&self) -> u32 {
        sys::receive_drops(&self.socket)
    }
}

impl AsRawFd for Socket {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    Yes,
    No,
}

/// The address that this machine would use towards `target`, which is what a client offers as its candidate.
pub fn local_ip_towards(target: SocketAddr) -> io::Result<IpAddr> {
    let unspecified: IpAddr = match target {
        SocketAddr::V4(_) => std::net::Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => std::net::Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((unspecified, 0))?;
    // Only looks up a route: nothing is sent.
    socket.connect(target)?;
    Ok(socket.local_addr()?.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(coalesce: Coalesce) -> (Socket, Socket) {
        let bind = || Socket::bind("127.0.0.1".parse().unwrap(), coalesce).unwrap();
        (bind(), bind())
    }

    fn wait_and_receive(socket: &Socket, arena: &mut Arena) -> Vec<(SocketAddr, Vec<u8>)> {
        let mut poller = Poller::new().unwrap();
        poller.add(socket, 7).unwrap();
        assert_eq!(poller.wait(Duration::from_secs(5)).unwrap(), [7]);
        let mut received = Vec::new();
        while let Some(datagrams) = socket.receive(arena).unwrap() {
            received.extend(datagrams.map(|d| (d.from, d.bytes.to_vec())));
        }
        received
    }

    #[test]
    fn a_burst_comes_out_as_it_went_in_and_says_when_and_from_whom() {
        for coalesce in [Coalesce::Yes, Coalesce::No] {
            let (a, b) = pair(coalesce);
            let mut arena = Arena::new();
            let sent: Vec<Vec<u8>> = (0..100u8).map(|n| vec![n; usize::from(n) * 7]).collect();
            let before = WallNs::now();
            for datagram in &sent {
                assert_eq!(a.send(b.local(), datagram), Sent::Yes);
            }
            let received = wait_and_receive(&b, &mut arena);
            assert!(received.iter().all(|(from, _)| *from == a.local()));
            assert_eq!(received.into_iter().map(|(_, bytes)| bytes).collect::<Vec<_>>(), sent);

            a.send(b.local(), b"x");
            let mut poller = Poller::new().unwrap();
            poller.add(&b, 1).unwrap();
            poller.wait(Duration::from_secs(5)).unwrap();
            let stamped = b.receive(&mut arena).unwrap().unwrap().next().unwrap().at;
            assert!(stamped >= before && stamped <= WallNs::now());
            assert_eq!(b.overflowed(), 0);
        }
    }

    #[test]
    fn a_run_sent_as_one_message_is_taken_apart() {
        let (a, b) = pair(Coalesce::Yes);
        let run: Vec<u8> = (0..2500u32).map(|n| (n / 1000) as u8).collect();
        sys::send_run(&a.socket, b.local(), &run, 1000).unwrap();
        let received: Vec<Vec<u8>> =
            wait_and_receive(&b, &mut Arena::new()).into_iter().map(|(_, bytes)| bytes).collect();
        assert_eq!(received, [vec![0; 1000], vec![1; 1000], vec![2; 500]]);
    }

    #[test]
    fn what_did_not_fit_is_counted_as_our_own_loss() {
        let (a, b) = pair(Coalesce::No);
        for _ in 0..40_000 {
            a.send(b.local(), &[0; 1200]);
        }
        assert!(b.overflowed() > 0);
    }
}
