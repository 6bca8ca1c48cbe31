//! Writes captures, so that what a test sent can be looked at, and the capture reader be tested.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::{Header, RtpTime, Seq, ext};

/// A classic capture of raw IP, in memory.
#[derive(Debug, Clone)]
pub struct Pcap {
    bytes: Vec<u8>,
}

impl Pcap {
    pub fn new() -> Pcap {
        let mut bytes = Vec::new();
        for field in [0xa1b2_c3d4u32, 0x0002_0004, 0, 0, 65_535, 101] {
            bytes.extend_from_slice(&field.to_be_bytes());
        }
        Pcap { bytes }
    }

    /// A datagram, `at` since the epoch. Addresses are of one family; up to 65,000 bytes.
    pub fn udp(&mut self, at: Duration, source: SocketAddr, destination: SocketAddr, payload: &[u8]) {
        let packet = ip_packet(source, destination, payload);
        for field in [at.as_secs() as u32, at.subsec_micros(), packet.len() as u32, packet.len() as u32] {
            self.bytes.extend_from_slice(&field.to_be_bytes());
        }
        self.bytes.extend_from_slice(&packet);
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl Default for Pcap {
    fn default() -> Pcap {
        Pcap::new()
    }
}

/// A generated packet as RTP.
pub fn rtp(generated: &super::Generated, payload_type: u8, seq: Seq, ssrc: u32, extensions: &ext::Writer) -> Vec<u8> {
    let header = Header { marker: generated.marker, payload_type, seq, time: RtpTime(generated.time.0), ssrc };
    let mut bytes = vec![0; 12 + extensions.encoded_len()];
    if header.write(extensions, &mut bytes).is_ok() {
        bytes.extend_from_slice(&generated.payload);
    }
    bytes
}

/// Checksums are left zero, as a capture of offloaded traffic has them.
pub(crate) fn ip_packet(source: SocketAddr, destination: SocketAddr, payload: &[u8]) -> Vec<u8> {
    let udp_len = (8 + payload.len()) as u16;
    let mut packet = Vec::new();
    match (source.ip(), destination.ip()) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            packet.extend_from_slice(&[0x45, 0]);
            packet.extend_from_slice(&(20 + udp_len).to_be_bytes());
            packet.extend_from_slice(&[0, 0, 0x40, 0, 64, 17, 0, 0]);
            packet.extend_from_slice(&from.octets());
            packet.extend_from_slice(&to.octets());
        }
        (from, to) => {
            let octets = |ip: IpAddr| match ip {
                IpAddr::V4(ip) => ip.to_ipv6_mapped().octets(),
                IpAddr::V6(ip) => ip.octets(),
            };
            packet.extend_from_slice(&[0x60, 0, 0, 0]);
            packet.extend_from_slice(&udp_len.to_be_bytes());
            packet.extend_from_slice(&[17, 64]);
            packet.extend_from_slice(&octets(from));
            packet.extend_from_slice(&octets(to));
        }
    }
    packet.extend_from_slice(&source.port().to_be_bytes());
    packet.extend_from_slice(&destination.port().to_be_bytes());
    packet.extend_from_slice(&udp_len.to_be_bytes());
    packet.extend_from_slice(&[0, 0]);
    packet.extend_from_slice(payload);
    packet
}
