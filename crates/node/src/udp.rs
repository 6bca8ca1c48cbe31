//! One UDP port of one worker: datagrams in by the batch, a tick's whole output in a few system calls.
//!
//! ```text
//!   recvmmsg + UDP_GRO ──► RecvBatch ──► (from, to, bytes) …          one worker, one port, no sharing
//!   Outbox { bytes, messages } ──► plan ──► sendmmsg + UDP_SEGMENT    one GSO message per viewer
//! ```
//!
//! The kernel's send path costs about 2 µs per packet and hardly depends on its size, so the one lever is to hand it fewer,
//! larger messages (`cargo run --release -p node --example udp_send` prints the table for this machine). Nothing here
//! blocks, and nothing here knows what a datagram means.

mod address;
mod recv;
mod send;
pub(crate) mod sys;
#[cfg(test)]
mod tests;

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsFd, BorrowedFd};

use socket2::{Domain, Protocol, Type};

pub use recv::{Datagram, RecvBatch, RecvStats};
pub use send::{Notice, SendReport};
pub use sys::thread_cpu;

/// What a socket asks the kernel for in each direction. A keyframe to 1,000 viewers is about 20 MB, so this is no place to
/// queue one; it covers a worker that is scheduled out for some 10 ms at 2.5 Gbit/s.
pub const BUFFER_BYTES: usize = 4 << 20;

/// A bound, non-blocking UDP socket.
#[derive(Debug)]
pub struct Socket {
    socket: socket2::Socket,
    local: SocketAddr,
    recv: recv::State,
    send: send::State,
}

impl Socket {
    /// Binds `address`. `[::]` takes IPv4 too, and means `0.0.0.0` on a machine without IPv6; every other address takes its
    /// own family only. A port that anybody else holds is an error (`AddrInUse`): two nodes that share a port would each
    /// get half of the packets.
    pub fn bind(address: SocketAddr) -> io::Result<Socket> {
        match Socket::bind_exactly(address) {
            Err(error) if address.ip() == Ipv6Addr::UNSPECIFIED && lacks_ipv6(&error) => {
                Socket::bind_exactly(SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), address.port()))
            }
            bound => bound,
        }
    }

    fn bind_exactly(address: SocketAddr) -> io::Result<Socket> {
        let socket = socket2::Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
        if address.is_ipv6() {
            socket.set_only_v6(!address.ip().is_unspecified())?;
        }
        socket.set_nonblocking(true)?;
        // The kernel grants what its limits allow and says nothing: read back what was granted (`recv_buffer_bytes`).
        socket.set_recv_buffer_size(BUFFER_BYTES)?;
        socket.set_send_buffer_size(BUFFER_BYTES)?;
        socket.bind(&address.into())?;
        let local = socket.local_addr()?.as_socket().ok_or(io::ErrorKind::AddrNotAvailable)?;
        sys::ignore_path_mtu(socket.as_fd(), local.is_ipv6());
        if local.ip().is_unspecified() {
            sys::report_local_address(socket.as_fd(), local.is_ipv6())?;
        }
        let gro = sys::enable_gro(socket.as_fd()).is_ok();
        sys::report_overflow(socket.as_fd());
        let gso = sys::gso_known(socket.as_fd());
        Ok(Socket { socket, local, recv: recv::State::new(gro), send: send::State::new(gso) })
    }

    /// The address it is bound to; unspecified when it was bound so.
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// Bytes the kernel granted for arriving datagrams. Less than [`BUFFER_BYTES`] means `net.core.rmem_max` is small.
    pub fn recv_buffer_bytes(&self) -> usize {
        // Linux doubles what was asked, for its own bookkeeping, and reports the double.
        self.socket.recv_buffer_size().unwrap_or(0) / 2
    }

    /// Bytes the kernel granted for leaving datagrams. Less than [`BUFFER_BYTES`] means `net.core.wmem_max` is small.
    pub fn send_buffer_bytes(&self) -> usize {
        self.socket.send_buffer_size().unwrap_or(0) / 2
    }

    /// Whether several datagrams leave in one message at present.
    pub fn sends_gso(&self) -> bool {
        self.send.gso_is_on()
    }

    /// Whether the kernel hands over several datagrams of one sender in one message.
    pub fn receives_gro(&self) -> bool {
        self.recv.gro
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// No such family in this kernel, or no such address because the family is switched off.
fn lacks_ipv6(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EAFNOSUPPORT | libc::EADDRNOTAVAIL))
}

/// IPv4 inside IPv6 (`::ffff:a.b.c.d`, as a dual-stack socket shows it) becomes plain IPv4, so that one peer has one address.
pub fn normalise(address: SocketAddr) -> SocketAddr {
    match address.ip().to_canonical() {
        IpAddr::V4(v4) => SocketAddr::new(IpAddr::V4(v4), address.port()),
        IpAddr::V6(_) => address,
    }
}
