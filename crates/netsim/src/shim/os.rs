//! The only file with `unsafe`: TUN devices, namespaces and waiting, by Linux system calls.

use std::ffi::{CString, c_int, c_ulong};
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::net::IpAddr;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::time::Duration;

use super::{Cidr, End};
use crate::Error;

pub struct Tun(File);

/// Packets that the kernel keeps for us while we sleep; the default of 500 is 10 ms at the speed this shim reaches.
const TX_QUEUE_PACKETS: c_int = 5000;

impl Tun {
    /// Creates the device in its namespace, gives it its addresses and sets it up.
    pub fn open(end: &End) -> Result<Tun, Error> {
        let name =
            CString::new(end.device.as_str()).ok().filter(|name| (1..libc::IFNAMSIZ).contains(&name.count_bytes()));
        let name = name.ok_or_else(|| Error::Device(end.device.clone()))?;
        // A namespace belongs to a thread: this one is left in whatever it entered, and ends.
        std::thread::scope(|scope| scope.spawn(|| open_here(end, &name)).join())
            .expect("opening a device does not panic")
    }

    pub fn raw(&self) -> RawFd {
        self.0.as_raw_fd()
    }

    /// The length of the next packet, or `None` when there is none yet.
    pub fn read(&self, packet: &mut [u8]) -> Result<Option<usize>, Error> {
        match (&self.0).read(packet) {
            Ok(length) => Ok(Some(length)),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => Ok(None),
            Err(source) => Err(Error::Io { what: "reading from a TUN device".to_owned(), source }),
        }
    }

    /// Whether the kernel took it: it refuses what is no IP packet, and everything while the device is down.
    pub fn write(&self, packet: &[u8]) -> Result<bool, Error> {
        match (&self.0).write(packet) {
            Ok(_) => Ok(true),
            Err(error) if error.raw_os_error() == Some(libc::EBADFD) => {
                Err(Error::Io { what: "writing to a TUN device that somebody removed".to_owned(), source: error })
            }
            Err(_) => Ok(false),
        }
    }
}

/// Until one of them can be read, or the time is over.
pub fn wait(fds: &[RawFd], timeout: Option<Duration>) -> io::Result<()> {
    let mut fds: Vec<libc::pollfd> =
        fds.iter().map(|&fd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 }).collect();
    let timeout = timeout.map(|timeout| libc::timespec {
        tv_sec: timeout.as_secs() as libc::time_t,
        tv_nsec: timeout.subsec_nanos().into(),
    });
    let timeout = timeout.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
    // SAFETY: `fds` is an array of that many pollfd, `timeout` is null or points to a timespec that outlives the call.
    let result = unsafe { libc::ppoll(fds.as_mut_ptr(), fds.len() as libc::nfds_t, timeout, std::ptr::null()) };
    match checked(result) {
        Err(error) if error.kind() != ErrorKind::Interrupted => Err(error),
        _ => Ok(()),
    }
}

fn open_here(end: &End, name: &CString) -> Result<Tun, Error> {
    if let Some(namespace) = &end.namespace {
        enter(namespace)
            .map_err(|source| Error::Io { what: format!("entering the network namespace {namespace}"), source })?;
    }
    let failed = |what: &str| {
        let what = format!("{what} the TUN device {}", end.device);
        move |source| Error::Io { what, source }
    };
    let tun = create(name).map_err(failed("creating (needs root and /dev/net/tun)"))?;
    // Up first: an IPv6 address that a device has when it comes up cannot be used for up to a second, the random delay
    // before the kernel asks whether somebody else has it (and then does not ask, since a TUN device has no neighbours).
    bring_up(name, end.mtu).map_err(failed("setting up"))?;
    for cidr in &end.addresses {
        let what = format!("giving {}/{} to", cidr.address, cidr.prefix);
        set_address(name, cidr).map_err(failed(&what))?;
    }
    Ok(Tun(tun))
}

fn enter(namespace: &str) -> io::Result<()> {
    let path =
        if namespace.contains('/') { PathBuf::from(namespace) } else { PathBuf::from("/run/netns").join(namespace) };
    let namespace = File::open(path)?;
    // SAFETY: takes two integers; it changes only the calling thread, which ends right after.
    checked(unsafe { libc::setns(namespace.as_raw_fd(), libc::CLONE_NEWNET) })
}

fn create(name: &CString) -> io::Result<File> {
    let tun = OpenOptions::new().read(true).write(true).custom_flags(libc::O_NONBLOCK).open("/dev/net/tun")?;
    let mut request = request_for(name);
    // No packet information header: what is read is an IP packet and nothing else.
    request.ifr_ifru.ifru_flags = (libc::IFF_TUN | libc::IFF_NO_PI) as libc::c_short;
    ioctl(tun.as_raw_fd(), libc::TUNSETIFF as c_ulong, &mut request)?;
    Ok(tun)
}

fn set_address(name: &CString, cidr: &Cidr) -> io::Result<()> {
    match cidr.address {
        IpAddr::V4(address) => {
            let socket = socket(libc::AF_INET)?;
            let mask = u32::MAX.checked_shl(32 - u32::from(cidr.prefix)).unwrap_or(0);
            for (what, address) in [(libc::SIOCSIFADDR, u32::from(address)), (libc::SIOCSIFNETMASK, mask)] {
                let mut request = request_for(name);
                request.ifr_ifru.ifru_addr = ipv4(address);
                ioctl(socket.as_raw_fd(), what as c_ulong, &mut request)?;
            }
        }
        IpAddr::V6(address) => {
            let socket = socket(libc::AF_INET6)?;
            let mut index = request_for(name);
            ioctl(socket.as_raw_fd(), libc::SIOCGIFINDEX as c_ulong, &mut index)?;
            let mut request = libc::in6_ifreq {
                ifr6_addr: libc::in6_addr { s6_addr: address.octets() },
                ifr6_prefixlen: cidr.prefix.into(),
                // SAFETY: SIOCGIFINDEX succeeded and has filled this field of the union.
                ifr6_ifindex: unsafe { index.ifr_ifru.ifru_ifindex },
            };
            ioctl(socket.as_raw_fd(), libc::SIOCSIFADDR as c_ulong, &mut request)?;
        }
    }
    Ok(())
}

fn bring_up(name: &CString, mtu: u16) -> io::Result<()> {
    let socket = socket(libc::AF_INET)?;
    let mut request = request_for(name);
    request.ifr_ifru.ifru_mtu = mtu.into();
    ioctl(socket.as_raw_fd(), libc::SIOCSIFMTU as c_ulong, &mut request)?;
    // The kernel's name for this field of the union is ifr_qlen; it is an int, as the metric is.
    request.ifr_ifru.ifru_metric = TX_QUEUE_PACKETS;
    ioctl(socket.as_raw_fd(), libc::SIOCSIFTXQLEN as c_ulong, &mut request)?;
    request.ifr_ifru.ifru_flags = (libc::IFF_UP | libc::IFF_RUNNING) as libc::c_short;
    ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS as c_ulong, &mut request)
}

fn request_for(name: &CString) -> libc::ifreq {
    // SAFETY: ifreq is integers, arrays and pointers, for all of which zero is a value.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    // Shorter than the array, so that its last byte stays zero: checked in `Tun::open`.
    for (to, from) in request.ifr_name.iter_mut().zip(name.as_bytes()) {
        *to = *from as libc::c_char;
    }
    request
}

fn ipv4(address: u32) -> libc::sockaddr {
    // SAFETY: sockaddr is two integers and an array, for all of which zero is a value.
    let mut generic: libc::sockaddr = unsafe { std::mem::zeroed() };
    generic.sa_family = libc::AF_INET as libc::sa_family_t;
    // In sockaddr_in the port takes the first two bytes, and the address the next four, most significant first.
    for (to, from) in generic.sa_data[2..6].iter_mut().zip(address.to_be_bytes()) {
        *to = from as libc::c_char;
    }
    generic
}

fn socket(family: c_int) -> io::Result<OwnedFd> {
    // SAFETY: takes integers only.
    let fd = unsafe { libc::socket(family, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0) };
    checked(fd)?;
    // SAFETY: the call just returned this descriptor, and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

fn ioctl<T>(fd: RawFd, what: c_ulong, request: &mut T) -> io::Result<()> {
    // SAFETY: `request` is valid for reads and writes, and each caller passes the struct that `what` is defined for.
    checked(unsafe { libc::ioctl(fd, what, std::ptr::from_mut(request)) })
}

fn checked(result: c_int) -> io::Result<()> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
