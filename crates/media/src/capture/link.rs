//! From a link layer to the UDP datagram inside.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

const ETHERTYPE_IPV4: u16 = 0x0800;
const ETHERTYPE_IPV6: u16 = 0x86dd;
const UDP: u8 = 17;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Datagram<'a> {
    pub source: SocketAddr,
    pub destination: SocketAddr,
    pub payload: &'a [u8],
    /// The capture holds only the beginning of it.
    pub cut: bool,
}

/// Link layers by their registered numbers: BSD loopback, Ethernet, raw IP, Linux "any" in both versions.
pub(super) fn is_known(link: u16) -> bool {
    matches!(link, 0 | 1 | 12 | 14 | 101 | 108 | 113 | 228 | 229 | 276)
}

/// The datagram in a frame; `None` for anything else, fragments included.
pub(super) fn datagram(link: u16, frame: &[u8]) -> Option<Datagram<'_>> {
    match link {
        // An address family of four bytes in either order: the version of IP is in the packet too.
        0 | 108 => ip(frame.get(4..)?),
        12 | 14 | 101 | 228 | 229 => ip(frame),
        1 => ethernet(frame.get(12..)?),
        113 => by_ethertype(be16(frame, 14)?, frame.get(16..)?),
        276 => by_ethertype(be16(frame, 0)?, frame.get(20..)?),
        _ => None,
    }
}

/// From the type field on, over up to four VLAN tags.
fn ethernet(mut rest: &[u8]) -> Option<Datagram<'_>> {
    for _ in 0..=4 {
        match be16(rest, 0)? {
            0x8100 | 0x88a8 | 0x9100 => rest = rest.get(4..)?,
            ethertype => return by_ethertype(ethertype, rest.get(2..)?),
        }
    }
    None
}

fn by_ethertype(ethertype: u16, packet: &[u8]) -> Option<Datagram<'_>> {
    match ethertype {
        ETHERTYPE_IPV4 => ipv4(packet),
        ETHERTYPE_IPV6 => ipv6(packet),
        _ => None,
    }
}

fn ip(packet: &[u8]) -> Option<Datagram<'_>> {
    match packet.first()? >> 4 {
        4 => ipv4(packet),
        6 => ipv6(packet),
        _ => None,
    }
}

fn ipv4(packet: &[u8]) -> Option<Datagram<'_>> {
    let header: &[u8; 20] = packet.first_chunk()?;
    let header_len = usize::from(header[0] & 0x0f) * 4;
    let fragment = be16(header, 6)? & 0x3fff != 0;
    if header[9] != UDP || header_len < 20 || fragment {
        return None;
    }
    let address = |at: usize| IpAddr::from(Ipv4Addr::new(header[at], header[at + 1], header[at + 2], header[at + 3]));
    udp(address(12), address(16), packet.get(header_len..)?)
}

fn ipv6(packet: &[u8]) -> Option<Datagram<'_>> {
    let (header, mut rest) = packet.split_first_chunk::<40>()?;
    let address = |at: usize| {
        let octets: Option<[u8; 16]> = header[at..].first_chunk().copied();
        octets.map(|octets| IpAddr::from(Ipv6Addr::from(octets)))
    };
    let mut next = header[6];
    for _ in 0..8 {
        match next {
            UDP => return udp(address(8)?, address(24)?, rest),
            // Hop-by-hop, routing, destination options.
            0 | 43 | 60 => {
                next = *rest.first()?;
                rest = rest.get(8 + usize::from(*rest.get(1)?) * 8..)?;
            }
            _ => return None,
        }
    }
    None
}

fn udp(source: IpAddr, destination: IpAddr, segment: &[u8]) -> Option<Datagram<'_>> {
    let (header, rest) = segment.split_first_chunk::<8>()?;
    let port = |at: usize| be16(header, at);
    let len = usize::from(be16(header, 4)?).checked_sub(8)?;
    Some(Datagram {
        source: SocketAddr::new(source, port(0)?),
        destination: SocketAddr::new(destination, port(2)?),
        payload: &rest[..len.min(rest.len())],
        cut: len > rest.len(),
    })
}

fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|field| u16::from_be_bytes(*field))
}
