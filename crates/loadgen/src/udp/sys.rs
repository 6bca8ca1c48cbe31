//! The load generator's only file with `unsafe`: batched receives with arrival times, and epoll.

use std::io;
use std::mem::{size_of, zeroed};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::time::Duration;

use libc::{c_int, c_void};

use super::{Datagram, WallNs};

/// A burst is a frame: rarely more than sixteen messages, and each may be a whole run of datagrams.
const MESSAGES: usize = 16;
/// The longest run that the kernel coalesces.
const MESSAGE_BYTES: usize = 65_536;
/// Room for a timestamp (16 bytes) and a segment size (4), each with a header of 16 and its alignment.
const CONTROL_WORDS: usize = 16;

/// Memory for one receive call, shared by all sockets of a thread. Boxed arrays: the pointers inside stay valid when
/// the arena moves.
pub struct Arena {
    bytes: Box<[u8]>,
    names: Box<[libc::sockaddr_storage]>,
    /// As `u64`, for the alignment that control messages need.
    control: Box<[[u64; CONTROL_WORDS]]>,
    received: Vec<Message>,
}

struct Message {
    from: SocketAddr,
    at: WallNs,
    start: usize,
    length: usize,
    segment: usize,
}

impl Arena {
    pub fn new() -> Arena {
        // SAFETY: sockaddr_storage is integers and arrays, for all of which zero is a value.
        let name: libc::sockaddr_storage = unsafe { zeroed() };
        Arena {
            bytes: vec![0; MESSAGES * MESSAGE_BYTES].into(),
            names: vec![name; MESSAGES].into(),
            control: vec![[0; CONTROL_WORDS]; MESSAGES].into(),
            received: Vec::with_capacity(MESSAGES),
        }
    }

    /// How many messages one call brought.
    pub fn receive(&mut self, socket: &UdpSocket) -> io::Result<usize> {
        self.received.clear();
        // SAFETY: iovec is a pointer and a length; zero is a value, and each used one is filled in below.
        let mut vectors: [libc::iovec; MESSAGES] = unsafe { zeroed() };
        // SAFETY: mmsghdr is pointers and integers, for all of which zero is a value.
        let mut headers: [libc::mmsghdr; MESSAGES] = unsafe { zeroed() };
        let parts = self.bytes.chunks_exact_mut(MESSAGE_BYTES).zip(&mut self.names).zip(&mut self.control);
        for ((header, vector), ((bytes, name), control)) in headers.iter_mut().zip(&mut vectors).zip(parts) {
            *vector = libc::iovec { iov_base: bytes.as_mut_ptr().cast(), iov_len: bytes.len() };
            header.msg_hdr.msg_name = std::ptr::from_mut(name).cast();
            header.msg_hdr.msg_namelen = size_of::<libc::sockaddr_storage>() as libc::socklen_t;
            header.msg_hdr.msg_iov = vector;
            header.msg_hdr.msg_iovlen = 1;
            header.msg_hdr.msg_control = control.as_mut_ptr().cast();
            header.msg_hdr.msg_controllen = size_of::<[u64; CONTROL_WORDS]>() as _;
        }
        // SAFETY: each header points to memory of the lengths it states, all of which outlives the call.
        let count = unsafe {
            libc::recvmmsg(
                socket.as_raw_fd(),
                headers.as_mut_ptr(),
                MESSAGES as u32,
                libc::MSG_DONTWAIT,
                std::ptr::null_mut(),
            )
        };
        let count = checked(count)? as usize;
        for (n, header) in headers.iter().take(count).enumerate() {
            let length = header.msg_len as usize;
            let (at, segment) = read_control(&header.msg_hdr);
            let Some(from) = read_address(&self.names[n]) else { continue };
            let segment = segment.unwrap_or(length);
            self.received.push(Message { from, at, start: n * MESSAGE_BYTES, length, segment });
        }
        Ok(count)
    }

    pub fn datagrams(&self) -> impl Iterator<Item = Datagram<'_>> {
        self.received.iter().flat_map(|message| {
            let bytes = &self.bytes[message.start..message.start + message.length];
            let count = message.length.div_ceil(message.segment.max(1)).max(1);
            (0..count).map(move |n| Datagram {
                from: message.from,
                at: message.at,
                bytes: &bytes[n * message.segment..message.length.min((n + 1) * message.segment)],
            })
        })
    }
}

impl Default for Arena {
    fn default() -> Self {
        Arena::new()
    }
}

/// Arrival time (now, should the kernel have sent none) and the size of each datagram in a run.
fn read_control(header: &libc::msghdr) -> (WallNs, Option<usize>) {
    let (mut at, mut segment) = (None, None);
    // SAFETY: the kernel has filled `msg_control` and `msg_controllen`; these macros stay inside of them.
    let mut message = unsafe { libc::CMSG_FIRSTHDR(header) };
    while !message.is_null() {
        // SAFETY: not null, so it points to a control message inside the buffer.
        let (level, kind, data) = unsafe { ((*message).cmsg_level, (*message).cmsg_type, libc::CMSG_DATA(message)) };
        match (level, kind) {
            (libc::SOL_SOCKET, libc::SCM_TIMESTAMPNS) => {
                // SAFETY: the kernel wrote a timespec there; it may be unaligned for one.
                let time: libc::timespec = unsafe { data.cast::<libc::timespec>().read_unaligned() };
                at = Some(WallNs(time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64));
            }
            (libc::SOL_UDP, libc::UDP_GRO) => {
                // SAFETY: the kernel wrote an int there; it may be unaligned for one.
                segment = Some(unsafe { data.cast::<c_int>().read_unaligned() } as usize);
            }
            _ => {}
        }
        // SAFETY: both point into the same control buffer.
        message = unsafe { libc::CMSG_NXTHDR(header, message) };
    }
    (at.unwrap_or_else(WallNs::now), segment.filter(|segment| *segment > 0))
}

fn read_address(name: &libc::sockaddr_storage) -> Option<SocketAddr> {
    let name = std::ptr::from_ref(name);
    // SAFETY: sockaddr_storage is large enough and aligned for every address family, and begins with the family.
    unsafe {
        match c_int::from((*name).ss_family) {
            libc::AF_INET => {
                let v4 = &*name.cast::<libc::sockaddr_in>();
                let ip = Ipv4Addr::from(u32::from_be(v4.sin_addr.s_addr));
                Some(SocketAddr::new(ip.into(), u16::from_be(v4.sin_port)))
            }
            libc::AF_INET6 => {
                let v6 = &*name.cast::<libc::sockaddr_in6>();
                let ip = Ipv6Addr::from(v6.sin6_addr.s6_addr);
                Some(SocketAddr::new(ip.into(), u16::from_be(v6.sin6_port)))
            }
            _ => None,
        }
    }
}

/// Waits on many sockets; each has a number that its owner chose.
pub struct Poller {
    epoll: OwnedFd,
    events: Box<[libc::epoll_event]>,
    ready: Vec<u64>,
}

impl Poller {
    pub fn new() -> io::Result<Poller> {
        // SAFETY: takes an integer.
        let fd = checked(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) })?;
        // SAFETY: the call just returned this descriptor, and nobody else knows it.
        let epoll = unsafe { OwnedFd::from_raw_fd(fd) };
        let events = vec![libc::epoll_event { events: 0, u64: 0 }; 256].into();
        Ok(Poller { epoll, events, ready: Vec::new() })
    }

    /// A socket that is closed leaves by itself.
    pub fn add(&self, socket: &impl AsRawFd, number: u64) -> io::Result<()> {
        let mut event = libc::epoll_event { events: libc::EPOLLIN as u32, u64: number };
        // SAFETY: two descriptors and a pointer to an event that outlives the call.
        let result =
            unsafe { libc::epoll_ctl(self.epoll.as_raw_fd(), libc::EPOLL_CTL_ADD, socket.as_raw_fd(), &mut event) };
        checked(result).map(|_| ())
    }

    /// The numbers of those that can be read; none when the time is over.
    pub fn wait(&mut self, timeout: Duration) -> io::Result<&[u64]> {
        // Rounded up: a timer that is looked at too early costs another round.
        let timeout_ms = timeout.as_nanos().div_ceil(1_000_000).min(60_000) as c_int;
        // SAFETY: `events` is an array of that many events.
        let count = unsafe {
            libc::epoll_wait(self.epoll.as_raw_fd(), self.events.as_mut_ptr(), self.events.len() as c_int, timeout_ms)
        };
        let count = match checked(count) {
            Ok(count) => count as usize,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => 0,
            Err(error) => return Err(error),
        };
        self.ready.clear();
        self.ready.extend(self.events.iter().take(count).map(|event| event.u64));
        Ok(&self.ready)
    }
}

pub fn enlarge_receive_buffer(socket: &UdpSocket, bytes: usize) -> io::Result<()> {
    let bytes = bytes as c_int;
    // Beyond the system's limit only for root; everybody else gets the limit.
    set_option(socket, libc::SOL_SOCKET, libc::SO_RCVBUFFORCE, bytes)
        .or_else(|_| set_option(socket, libc::SOL_SOCKET, libc::SO_RCVBUF, bytes))
}

pub fn stamp_arrivals(socket: &UdpSocket) -> io::Result<()> {
    set_option(socket, libc::SOL_SOCKET, libc::SO_TIMESTAMPNS, 1)
}

pub fn coalesce(socket: &UdpSocket) -> io::Result<()> {
    set_option(socket, libc::SOL_UDP, libc::UDP_GRO, 1)
}

/// The ninth field of what the kernel says about a socket's memory: datagrams dropped because it was full.
pub fn receive_drops(socket: &UdpSocket) -> u32 {
    let mut fields = [0u32; 9];
    let mut length = size_of::<[u32; 9]>() as libc::socklen_t;
    // SAFETY: `fields` is writable for `length` bytes.
    let result = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_MEMINFO,
            fields.as_mut_ptr().cast::<c_void>(),
            &mut length,
        )
    };
    if result < 0 { 0 } else { fields[8] }
}

/// As an SFU sends: one message that the kernel cuts into datagrams.
#[cfg(test)]
pub fn send_run(socket: &UdpSocket, to: SocketAddr, bytes: &[u8], segment: u16) -> io::Result<()> {
    set_option(socket, libc::SOL_UDP, libc::UDP_SEGMENT, c_int::from(segment))?;
    let sent = socket.send_to(bytes, to);
    set_option(socket, libc::SOL_UDP, libc::UDP_SEGMENT, 0)?;
    sent.map(|_| ())
}

fn set_option(socket: &UdpSocket, level: c_int, name: c_int, value: c_int) -> io::Result<()> {
    // SAFETY: `value` is readable for its size, and all options used here are ints.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            level,
            name,
            std::ptr::from_ref(&value).cast::<c_void>(),
            size_of::<c_int>() as libc::socklen_t,
        )
    };
    checked(result).map(|_| ())
}

fn checked(result: c_int) -> io::Result<c_int> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}
