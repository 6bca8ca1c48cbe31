//! `sockaddr_in` and `sockaddr_in6` as plain bytes, so that reading and writing them needs no `unsafe`.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

/// Room for either address, aligned as the kernel's structs are.
#[repr(C, align(8))]
#[derive(Debug, Clone, Copy)]
pub struct Name {
    bytes: [u8; Name::LEN_MAX],
}

const V4_LEN: u32 = size_of::<libc::sockaddr_in>() as u32;
const V6_LEN: u32 = size_of::<libc::sockaddr_in6>() as u32;

impl Name {
    /// `sockaddr_in6` is the longer one.
    pub const LEN_MAX: usize = V6_LEN as usize;
    pub const EMPTY: Name = Name { bytes: [0; Name::LEN_MAX] };

    /// The form in which a socket of the given family reaches `to`; `None` when it cannot.
    pub fn new(to: SocketAddr, socket_is_v6: bool) -> Option<Name> {
        match (to, socket_is_v6) {
            (SocketAddr::V4(v4), false) => Some(Name::v4(v4)),
            (SocketAddr::V4(v4), true) => Some(Name::v6(SocketAddrV6::new(v4.ip().to_ipv6_mapped(), v4.port(), 0, 0))),
            (SocketAddr::V6(v6), true) => Some(Name::v6(v6)),
            (SocketAddr::V6(v6), false) => {
                v6.ip().to_ipv4_mapped().map(|ip| Name::v4(SocketAddrV4::new(ip, v6.port())))
            }
        }
    }

    fn v4(to: SocketAddrV4) -> Name {
        let mut name = Name::EMPTY;
        name.bytes[..2].copy_from_slice(&(libc::AF_INET as u16).to_ne_bytes());
        name.bytes[2..4].copy_from_slice(&to.port().to_be_bytes());
        name.bytes[4..8].copy_from_slice(&to.ip().octets());
        name
    }

    fn v6(to: SocketAddrV6) -> Name {
        let mut name = Name::EMPTY;
        name.bytes[..2].copy_from_slice(&(libc::AF_INET6 as u16).to_ne_bytes());
        name.bytes[2..4].copy_from_slice(&to.port().to_be_bytes());
        name.bytes[4..8].copy_from_slice(&to.flowinfo().to_be_bytes());
        name.bytes[8..24].copy_from_slice(&to.ip().octets());
        name.bytes[24..28].copy_from_slice(&to.scope_id().to_ne_bytes());
        name
    }

    /// Length of the sockaddr inside, for `msg_namelen`.
    pub fn len(&self) -> u32 {
        if self.family() == libc::AF_INET { V4_LEN } else { V6_LEN }
    }

    /// What the kernel wrote; `None` for a family that is neither.
    pub fn address(&self) -> Option<SocketAddr> {
        let b = &self.bytes;
        let port = u16::from_be_bytes([b[2], b[3]]);
        match self.family() {
            libc::AF_INET => Some(SocketAddr::new(Ipv4Addr::new(b[4], b[5], b[6], b[7]).into(), port)),
            libc::AF_INET6 => {
                let mut octets = [0; 16];
                octets.copy_from_slice(&b[8..24]);
                let scope = u32::from_ne_bytes([b[24], b[25], b[26], b[27]]);
                let flow = u32::from_be_bytes([b[4], b[5], b[6], b[7]]);
                let v6 = SocketAddrV6::new(Ipv6Addr::from(octets), port, flow, scope);
                Some(super::normalise(SocketAddr::V6(v6)))
            }
            _ => None,
        }
    }

    fn family(&self) -> i32 {
        i32::from(u16::from_ne_bytes([self.bytes[0], self.bytes[1]]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_survives_the_form_the_kernel_wants() {
        for (text, v6) in [("192.0.2.7:5000", false), ("192.0.2.7:5000", true), ("[2001:db8::1]:443", true)] {
            let address: SocketAddr = text.parse().unwrap();
            assert_eq!(Name::new(address, v6).unwrap().address(), Some(address));
        }
        let link_local = SocketAddr::V6(SocketAddrV6::new("fe80::1".parse().unwrap(), 9, 0, 3));
        assert_eq!(Name::new(link_local, true).unwrap().address(), Some(link_local));
    }

    #[test]
    fn an_ipv4_socket_reaches_a_mapped_address_but_no_real_ipv6_one() {
        let mapped: SocketAddr = "[::ffff:192.0.2.7]:5000".parse().unwrap();
        assert_eq!(Name::new(mapped, false).unwrap().address(), Some("192.0.2.7:5000".parse().unwrap()));
        assert!(Name::new("[2001:db8::1]:443".parse().unwrap(), false).is_none());
    }
}
