//! The system calls of [`udp`](crate::udp) and [`wake`](crate::wake): the only `unsafe` of this crate. Each function is safe
//! to call with any arguments, and says beside its `unsafe` why.

use std::io;
use std::mem::zeroed;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::ptr::null_mut;
use std::time::Duration;

use libc::{c_int, c_void};

use super::address::Name;

/// Messages per system call. 64 hide the cost of the call itself; 256 measured no better.
pub const SEND_BATCH: usize = 64;
/// Messages per system call when receiving. Each has a slot of [`SLOT_BYTES`].
pub const RECV_BATCH: usize = 32;
/// Room for one message: UDP_GRO joins up to 64 kB of one sender.
pub const SLOT_BYTES: usize = 1 << 16;

/// SOL_UDP options that `libc` does not name for Linux with glibc.
const UDP_SEGMENT: c_int = 103;
const UDP_GRO: c_int = 104;
/// Since Linux 2.6.33; the same number on every architecture we build for.
const SO_RXQ_OVFL: c_int = 40;

/// One message to send: `bytes[start..start + len]`, cut every `segment` bytes unless that is 0.
#[derive(Debug, Clone, Copy)]
pub struct Unit {
    pub start: usize,
    pub len: usize,
    pub segment: u16,
    pub to: Name,
}

/// A control message of one u16 (UDP_SEGMENT), laid out as the kernel reads it.
#[repr(C, align(8))]
#[derive(Clone, Copy)]
struct SegmentControl {
    header: libc::cmsghdr,
    segment: u16,
    padding: [u8; 6],
}

/// Sends the first up to [`SEND_BATCH`] of `units` with one call and says how many the kernel took. An error is that of
/// the first one. Panics when a unit reaches beyond `bytes`.
pub fn send_many(fd: BorrowedFd<'_>, bytes: &[u8], units: &[Unit]) -> io::Result<usize> {
    let units = &units[..units.len().min(SEND_BATCH)];
    // SAFETY: all three are plain C structs of integers and pointers, for which all zeroes is a value.
    let (mut headers, mut vectors, mut controls): (
        [libc::mmsghdr; SEND_BATCH],
        [libc::iovec; SEND_BATCH],
        [SegmentControl; SEND_BATCH],
    ) = unsafe { (zeroed(), zeroed(), zeroed()) };
    for (((unit, header), vector), control) in units.iter().zip(&mut headers).zip(&mut vectors).zip(&mut controls) {
        fill(&mut header.msg_hdr, vector, control, bytes, unit);
    }
    // SAFETY: the first `units.len()` headers are filled with pointers into `bytes`, `units`, `vectors` and `controls`,
    // which all outlive the call; the kernel only reads through them, and writes msg_len inside `headers`.
    let sent = unsafe { libc::sendmmsg(fd.as_raw_fd(), headers.as_mut_ptr(), units.len() as u32, libc::MSG_DONTWAIT) };
    usize::try_from(sent).map_err(|_| io::Error::last_os_error())
}

/// Sends one unit: for a kernel or sandbox that refuses `sendmmsg`. Panics when it reaches beyond `bytes`.
pub fn send_one(fd: BorrowedFd<'_>, bytes: &[u8], unit: &Unit) -> io::Result<()> {
    // SAFETY: as in `send_many`.
    let (mut header, mut vector, mut control): (libc::msghdr, libc::iovec, SegmentControl) =
        unsafe { (zeroed(), zeroed(), zeroed()) };
    fill(&mut header, &mut vector, &mut control, bytes, unit);
    // SAFETY: as in `send_many`: every pointer in `header` is to something that outlives the call.
    let sent = unsafe { libc::sendmsg(fd.as_raw_fd(), &header, libc::MSG_DONTWAIT) };
    if sent < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

fn fill(header: &mut libc::msghdr, vector: &mut libc::iovec, control: &mut SegmentControl, bytes: &[u8], unit: &Unit) {
    let data = &bytes[unit.start..unit.start + unit.len];
    vector.iov_base = data.as_ptr().cast_mut().cast::<c_void>();
    vector.iov_len = data.len();
    header.msg_iov = vector;
    header.msg_iovlen = 1;
    header.msg_name = (&raw const unit.to).cast_mut().cast::<c_void>();
    header.msg_namelen = unit.to.len();
    if unit.segment > 0 {
        // What CMSG_LEN and CMSG_SPACE compute: the header is a multiple of the alignment, so the data follow it directly.
        control.header.cmsg_len = (size_of::<libc::cmsghdr>() + size_of::<u16>()) as _;
        control.header.cmsg_level = libc::SOL_UDP;
        control.header.cmsg_type = UDP_SEGMENT;
        control.segment = unit.segment;
        header.msg_control = (&raw mut *control).cast::<c_void>();
        header.msg_controllen = size_of::<SegmentControl>() as _;
    }
}

/// What `recvmmsg` says about one message, beside its bytes.
#[derive(Debug, Clone, Copy)]
pub struct Slot {
    pub len: usize,
    pub truncated: bool,
    from: Name,
    control: Control,
    control_len: usize,
}

/// Room for the packet info (40 bytes), the GRO size and the overflow counter (24 each), with space to spare.
#[repr(C, align(8))]
#[derive(Debug, Clone, Copy)]
struct Control([u8; 128]);

/// The parts of the control messages that we ask for.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// Destination address of the datagram (and the interface's index for IPv6).
    pub to: Option<(std::net::IpAddr, u32)>,
    /// Length of the datagrams that GRO joined.
    pub segment: Option<usize>,
    /// Datagrams this socket's full buffer has cost so far; wraps.
    pub overflowed: Option<u32>,
}

impl Slot {
    pub const EMPTY: Slot =
        Slot { len: 0, truncated: false, from: Name::EMPTY, control: Control([0; 128]), control_len: 0 };

    pub fn from(&self) -> Option<std::net::SocketAddr> {
        self.from.address()
    }

    pub fn facts(&self) -> Facts {
        control_facts(&self.control.0[..self.control_len.min(128)])
    }
}

/// Receives up to [`RECV_BATCH`] messages; message `i` lies at `i * SLOT_BYTES` in `bytes`.
pub fn recv_many(fd: BorrowedFd<'_>, bytes: &mut [u8], slots: &mut [Slot]) -> io::Result<usize> {
    // SAFETY: plain C structs of integers and pointers, for which all zeroes is a value.
    let (mut headers, mut vectors): ([libc::mmsghdr; RECV_BATCH], [libc::iovec; RECV_BATCH]) =
        unsafe { (zeroed(), zeroed()) };
    let mut count = 0;
    for (((chunk, slot), header), vector) in
        bytes.chunks_exact_mut(SLOT_BYTES).zip(slots.iter_mut()).zip(&mut headers).zip(&mut vectors)
    {
        vector.iov_base = chunk.as_mut_ptr().cast::<c_void>();
        vector.iov_len = chunk.len();
        header.msg_hdr.msg_iov = vector;
        header.msg_hdr.msg_iovlen = 1;
        header.msg_hdr.msg_name = (&raw mut slot.from).cast::<c_void>();
        header.msg_hdr.msg_namelen = Name::LEN_MAX as u32;
        header.msg_hdr.msg_control = (&raw mut slot.control).cast::<c_void>();
        header.msg_hdr.msg_controllen = size_of::<Control>() as _;
        count += 1;
    }
    // SAFETY: the first `count` headers point into `bytes`, `slots` and `vectors` with the lengths of what they point
    // to, each to memory of its own, and all outlive the call. Any bytes the kernel writes are valid for those types.
    let got = unsafe { libc::recvmmsg(fd.as_raw_fd(), headers.as_mut_ptr(), count, libc::MSG_DONTWAIT, null_mut()) };
    let got = usize::try_from(got).map_err(|_| io::Error::last_os_error())?;
    for (slot, header) in slots.iter_mut().zip(&headers).take(got) {
        slot.len = (header.msg_len as usize).min(SLOT_BYTES);
        slot.truncated = header.msg_hdr.msg_flags & libc::MSG_TRUNC != 0;
        slot.control_len = header.msg_hdr.msg_controllen;
    }
    Ok(got)
}

/// Walks control messages as bytes: header (length, level, type), data, padding to the word size.
fn control_facts(mut control: &[u8]) -> Facts {
    const WORD: usize = size_of::<usize>();
    const HEADER: usize = size_of::<libc::cmsghdr>();
    let int = |b: &[u8]| b.first_chunk::<4>().map(|b| i32::from_ne_bytes(*b));
    let mut facts = Facts::default();
    while control.len() >= HEADER {
        let len = usize::from_ne_bytes(*control.first_chunk::<WORD>().expect("a header is longer than a word"));
        let (Some(level), Some(kind)) = (int(&control[WORD..]), int(&control[WORD + 4..])) else { break };
        let Some(data) = control.get(HEADER..len) else { break };
        match (level, kind) {
            (libc::SOL_UDP, UDP_GRO) => facts.segment = int(data).and_then(|n| usize::try_from(n).ok()),
            (libc::SOL_SOCKET, SO_RXQ_OVFL) => facts.overflowed = int(data).map(|n| n as u32),
            // struct in_pktinfo { int ifindex; in_addr spec_dst; in_addr addr; }: the last is the header's destination.
            (libc::IPPROTO_IP, libc::IP_PKTINFO) => {
                facts.to = data.get(8..12).and_then(|b| b.first_chunk::<4>()).map(|b| ((*b).into(), 0));
            }
            // struct in6_pktinfo { in6_addr addr; unsigned ifindex; }; an IPv4 packet shows a mapped address.
            (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO) => {
                let index = data.get(16..).and_then(int).unwrap_or(0) as u32;
                facts.to = data.first_chunk::<16>().map(|b| (std::net::IpAddr::from(*b).to_canonical(), index));
            }
            _ => {}
        }
        control = control.get(len.next_multiple_of(WORD)..).unwrap_or(&[]);
    }
    facts
}

/// Fragment what does not fit the path instead of dropping it, and let no ICMP message, which anybody may forge, shrink
/// what one send may carry. Best effort: an old kernel keeps its default.
pub fn ignore_path_mtu(fd: BorrowedFd<'_>, v6: bool) {
    let _ = set_int(fd, libc::IPPROTO_IP, libc::IP_MTU_DISCOVER, libc::IP_PMTUDISC_OMIT);
    if v6 {
        let _ = set_int(fd, libc::IPPROTO_IPV6, libc::IPV6_MTU_DISCOVER, libc::IPV6_PMTUDISC_OMIT);
    }
}

/// Each datagram then says to which of the machine's addresses it came.
pub fn report_local_address(fd: BorrowedFd<'_>, v6: bool) -> io::Result<()> {
    if v6 {
        set_int(fd, libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO, 1)
    } else {
        set_int(fd, libc::IPPROTO_IP, libc::IP_PKTINFO, 1)
    }
}

pub fn enable_gro(fd: BorrowedFd<'_>) -> io::Result<()> {
    set_int(fd, libc::SOL_UDP, UDP_GRO, 1)
}

/// Each message then carries how many the full receive buffer has cost. Best effort: it is a statistic.
pub fn report_overflow(fd: BorrowedFd<'_>) {
    let _ = set_int(fd, libc::SOL_SOCKET, SO_RXQ_OVFL, 1);
}

/// Whether the kernel knows UDP_SEGMENT at all (4.18 and later). Setting 0 changes nothing.
pub fn gso_known(fd: BorrowedFd<'_>) -> bool {
    set_int(fd, libc::SOL_UDP, UDP_SEGMENT, 0).is_ok()
}

/// Makes the kernel answer EINVAL to every UDP_SEGMENT of this socket, as a route without checksum offload would: without
/// checksums it will not cut a message.
#[cfg(test)]
pub fn refuse_gso(fd: BorrowedFd<'_>) {
    set_int(fd, libc::SOL_SOCKET, libc::SO_NO_CHECK, 1).expect("SO_NO_CHECK is as old as Linux");
}

fn set_int(fd: BorrowedFd<'_>, level: c_int, name: c_int, value: c_int) -> io::Result<()> {
    // SAFETY: the kernel reads one int through a pointer to one int.
    let rc = unsafe {
        libc::setsockopt(
            fd.as_raw_fd(),
            level,
            name,
            (&raw const value).cast::<c_void>(),
            size_of::<c_int>() as libc::socklen_t,
        )
    };
    if rc == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// CPU time of the calling thread.
pub fn thread_cpu() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the kernel writes one timespec through a pointer to one.
    let rc = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    if rc == 0 { Duration::new(time.tv_sec as u64, time.tv_nsec as u32) } else { Duration::ZERO }
}

/// Sockets that [`epoll_ready`] reports at a time; the others are as ready the next time.
const READY_MAX: usize = 64;

/// A set of descriptors that is itself one; not inherited by children.
pub fn epoll() -> io::Result<OwnedFd> {
    // SAFETY: no pointer is passed.
    let fd = unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel just made this descriptor, and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Puts a descriptor into the set, under a number by which it is reported.
pub fn epoll_add(set: BorrowedFd<'_>, fd: BorrowedFd<'_>, key: u64) -> io::Result<()> {
    let mut event = libc::epoll_event { events: libc::EPOLLIN as u32, u64: key };
    // SAFETY: the kernel reads one event through a pointer to one.
    let rc = unsafe { libc::epoll_ctl(set.as_raw_fd(), libc::EPOLL_CTL_ADD, fd.as_raw_fd(), &raw mut event) };
    if rc == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// The numbers of those that can be read now. Does not wait.
pub fn epoll_ready(set: BorrowedFd<'_>) -> Vec<u64> {
    let mut events = [libc::epoll_event { events: 0, u64: 0 }; READY_MAX];
    // SAFETY: the kernel writes at most as many events as the array has.
    let count = unsafe { libc::epoll_wait(set.as_raw_fd(), events.as_mut_ptr(), READY_MAX as c_int, 0) };
    events.iter().take(usize::try_from(count).unwrap_or(0)).map(|event| event.u64).collect()
}

/// A counter that can be slept on; non-blocking, not inherited by children.
pub fn event_fd() -> io::Result<OwnedFd> {
    // SAFETY: no pointer is passed.
    let fd = unsafe { libc::eventfd(0, libc::EFD_NONBLOCK | libc::EFD_CLOEXEC) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel just made this descriptor, and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Sleeps until one of `fds` can be read, or for `timeout` (for ever without). Bit `i` of the result stands for `fds[i]`;
/// at most 32 are looked at. A signal ends the sleep early with 0.
pub fn wait_readable(fds: &[BorrowedFd<'_>], timeout: Option<Duration>) -> io::Result<u32> {
    let mut polled = [libc::pollfd { fd: -1, events: libc::POLLIN, revents: 0 }; 32];
    for (slot, fd) in polled.iter_mut().zip(fds) {
        slot.fd = fd.as_raw_fd();
    }
    let count = fds.len().min(polled.len());
    let timeout = timeout.map(|t| libc::timespec {
        // A year is for ever here, and fits every time_t.
        tv_sec: t.as_secs().min(365 * 86_400) as libc::time_t,
        tv_nsec: t.subsec_nanos() as _,
    });
    let timeout = timeout.as_ref().map_or(std::ptr::null(), |t| &raw const *t);
    // SAFETY: `polled` holds at least `count` entries, `timeout` is null or points to a value that outlives the call, and
    // a null signal mask leaves the mask alone.
    let rc = unsafe { libc::ppoll(polled.as_mut_ptr(), count as libc::nfds_t, timeout, std::ptr::null()) };
    if rc < 0 {
        let error = io::Error::last_os_error();
        return if error.kind() == io::ErrorKind::Interrupted { Ok(0) } else { Err(error) };
    }
    // POLLERR and POLLHUP count as readable: the read then tells the error.
    Ok(polled[..count].iter().enumerate().filter(|(_, p)| p.revents != 0).fold(0, |bits, (i, _)| bits | 1 << i))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_messages_cut_short_or_with_absurd_lengths_are_ignored() {
        let mut good = Vec::new();
        good.extend_from_slice(&(size_of::<libc::cmsghdr>() + 4).to_ne_bytes());
        good.extend_from_slice(&libc::SOL_UDP.to_ne_bytes());
        good.extend_from_slice(&UDP_GRO.to_ne_bytes());
        good.extend_from_slice(&1200i32.to_ne_bytes());
        assert_eq!(control_facts(&good).segment, Some(1200));
        for len in 0..good.len() {
            assert_eq!(control_facts(&good[..len]), Facts::default());
        }
        for absurd in [0usize, 1, 15, usize::MAX, usize::MAX - 7] {
            good[..size_of::<usize>()].copy_from_slice(&absurd.to_ne_bytes());
            assert_eq!(control_facts(&good), Facts::default());
        }
    }
}
