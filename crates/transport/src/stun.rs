//! Just enough STUN to route and trust a binding request before any session state is touched: whose it is (our own
//! username fragment), and whether its sender knows the password. Answers are written by the ICE agent of the peer.

use aws_lc_rs::hmac;

const HEADER_LEN: usize = 20;
const MAGIC_COOKIE: [u8; 4] = [0x21, 0x12, 0xA4, 0x42];
const BINDING_REQUEST: u16 = 0x0001;
const BINDING_SUCCESS: u16 = 0x0101;

const USERNAME: u16 = 0x0006;
const MESSAGE_INTEGRITY: u16 = 0x0008;
const PRIORITY: u16 = 0x0024;
const USE_CANDIDATE: u16 = 0x0025;
const FINGERPRINT: u16 = 0x8028;
const ICE_CONTROLLED: u16 = 0x8029;

const INTEGRITY_LEN: usize = 20;
const FINGERPRINT_XOR: u32 = 0x5354_554e;

/// RFC 8445 caps a username fragment at 256 characters; a request names two with a colon between.
const USERNAME_LEN_MAX: usize = 513;

/// Who a binding request is for: our own username fragment, the first half of USERNAME. `None` for anything that is not
/// a well-formed binding request.
pub fn local_ufrag(datagram: &[u8]) -> Option<&str> {
    Request::parse(datagram).map(|request| request.local_ufrag)
}

/// Whether the sender of this binding request knows `local_pwd`, and the request is intact.
pub fn verify_request(datagram: &[u8], local_pwd: &str) -> bool {
    Request::parse(datagram).is_some_and(|request| request.verify(local_pwd))
}

/// Whether this is a successful binding response, sealed with `remote_pwd`: the answer to a check of ours.
pub fn verify_response(datagram: &[u8], remote_pwd: &str) -> bool {
    let integrity = || {
        let header = datagram.get(..HEADER_LEN)?;
        let kind = u16::from_be_bytes([header[0], header[1]]);
        let len = u16::from_be_bytes([header[2], header[3]]) as usize;
        if kind != BINDING_SUCCESS || header[4..8] != MAGIC_COOKIE || HEADER_LEN + len != datagram.len() {
            return None;
        }
        let mut at = HEADER_LEN;
        while at < datagram.len() {
            let kind = u16::from_be_bytes([datagram[at], *datagram.get(at + 1)?]);
            let len = u16::from_be_bytes([*datagram.get(at + 2)?, *datagram.get(at + 3)?]) as usize;
            datagram.get(at + 4..at + 4 + len)?;
            if kind == MESSAGE_INTEGRITY && len == INTEGRITY_LEN {
                return Some(at);
            }
            at += 4 + len.next_multiple_of(4);
        }
        None
    };
    integrity().is_some_and(|at| holds(datagram, at, remote_pwd))
}

/// A binding request, read but not yet trusted.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    pub local_ufrag: &'a str,
    pub remote_ufrag: &'a str,
    pub priority: u32,
    /// The sender nominates the address pair that this request travels on.
    pub use_candidate: bool,
    /// The sender believes that it is the controlled agent.
    pub controlled: bool,
    message: &'a [u8],
    integrity_at: usize,
}

impl<'a> Request<'a> {
    /// Reads the attributes up to MESSAGE-INTEGRITY; what follows it is not protected and therefore not read, except
    /// for FINGERPRINT, which has to be right when it is there.
    pub fn parse(datagram: &'a [u8]) -> Option<Request<'a>> {
        let header = datagram.get(..HEADER_LEN)?;
        let kind = u16::from_be_bytes([header[0], header[1]]);
        let len = u16::from_be_bytes([header[2], header[3]]) as usize;
        if kind != BINDING_REQUEST
            || header[4..8] != MAGIC_COOKIE
            || HEADER_LEN + len != datagram.len()
            || !len.is_multiple_of(4)
        {
            return None;
        }

        let mut username = None;
        let mut priority = None;
        let mut use_candidate = false;
        let mut controlled = false;
        let mut integrity_at = None;
        let mut at = HEADER_LEN;
        while at < datagram.len() {
            let kind = u16::from_be_bytes([datagram[at], *datagram.get(at + 1)?]);
            let len = u16::from_be_bytes([*datagram.get(at + 2)?, *datagram.get(at + 3)?]) as usize;
            let value = datagram.get(at + 4..at + 4 + len)?;
            if integrity_at.is_none() {
                match kind {
                    USERNAME if username.is_none() && len <= USERNAME_LEN_MAX => {
                        username = Some(std::str::from_utf8(value).ok()?);
                    }
                    PRIORITY => priority = Some(u32::from_be_bytes(value.try_into().ok()?)),
                    USE_CANDIDATE => use_candidate = true,
                    ICE_CONTROLLED => controlled = true,
                    MESSAGE_INTEGRITY if len == INTEGRITY_LEN => integrity_at = Some(at),
                    _ => {}
                }
            }
            if kind == FINGERPRINT && !fingerprint_is_right(datagram, at, value) {
                return None;
            }
            at += 4 + len.next_multiple_of(4);
        }

        let (local_ufrag, remote_ufrag) = username?.split_once(':')?;
        Some(Request {
            local_ufrag,
            remote_ufrag,
            priority: priority?,
            use_candidate,
            controlled,
            message: datagram,
            integrity_at: integrity_at?,
        })
    }

    /// Whether the sender knows our password (RFC 8489 §14.5).
    pub fn verify(&self, local_pwd: &str) -> bool {
        holds(self.message, self.integrity_at, local_pwd)
    }
}

/// Whether the integrity attribute at `integrity_at` was made with this password.
fn holds(message: &[u8], integrity_at: usize, pwd: &str) -> bool {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, pwd.as_bytes());
    let mut context = hmac::Context::with_key(&key);
    // The length in the header counts up to and including MESSAGE-INTEGRITY while the HMAC is computed.
    let covered = (integrity_at - HEADER_LEN + 4 + INTEGRITY_LEN) as u16;
    context.update(&message[..2]);
    context.update(&covered.to_be_bytes());
    context.update(&message[4..integrity_at]);
    let tag = context.sign();
    let given = &message[integrity_at + 4..integrity_at + 4 + INTEGRITY_LEN];
    aws_lc_rs::constant_time::verify_slices_are_equal(tag.as_ref(), given).is_ok()
}

fn fingerprint_is_right(datagram: &[u8], at: usize, value: &[u8]) -> bool {
    let Ok(value) = <[u8; 4]>::try_from(value) else {
        return false;
    };
    // FINGERPRINT is the last attribute, so the length in the header already is the one it covers.
    at + 8 == datagram.len() && u32::from_be_bytes(value) == crc32(&datagram[..at]) ^ FINGERPRINT_XOR
}

/// CRC-32 of ITU-T V.42, bit by bit: a binding request is 100 bytes and arrives every few seconds.
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for &byte in bytes {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 };
        }
    }
    !crc
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 5769 §2.1: a request with software, priority, controlled, username, integrity and fingerprint.
    const RFC_5769_REQUEST: &[u8] = b"\x00\x01\x00\x58\x21\x12\xa4\x42\xb7\xe7\xa7\x01\xbc\x34\xd6\x86\xfa\x87\xdf\xae\
        \x80\x22\x00\x10STUN test client\x00\x24\x00\x04\x6e\x00\x01\xff\x80\x29\x00\x08\x93\x2f\xf9\xb1\x51\x26\x3b\x36\
        \x00\x06\x00\x09\x65\x76\x74\x6a\x3a\x68\x36\x76\x59\x20\x20\x20\x00\x08\x00\x14\x9a\xea\xa7\x0c\xbf\xd8\xcb\x56\
        \x78\x1e\xf2\xb5\xb2\xd3\xf2\x49\xc1\xb5\x71\xa2\x80\x28\x00\x04\xe5\x7a\x3b\xcf";
    const RFC_5769_PASSWORD: &str = "VOkJxbRl1RmTxUk/WvJxBt";

    #[test]
    fn the_request_of_rfc_5769_is_read_and_verified() {
        let request = Request::parse(RFC_5769_REQUEST).unwrap();
        assert_eq!((request.local_ufrag, request.remote_ufrag), ("evtj", "h6vY"));
        assert_eq!(request.priority, 0x6e00_01ff);
        assert!(request.controlled && !request.use_candidate);
        assert!(request.verify(RFC_5769_PASSWORD));
        assert!(!request.verify("another password, as long"));
        assert_eq!(local_ufrag(RFC_5769_REQUEST), Some("evtj"));
        assert!(verify_request(RFC_5769_REQUEST, RFC_5769_PASSWORD));
    }

    /// RFC 5769 §2.2: the response to it, with an IPv4 address.
    const RFC_5769_RESPONSE: &[u8] =
        b"\x01\x01\x00\x3c\x21\x12\xa4\x42\xb7\xe7\xa7\x01\xbc\x34\xd6\x86\xfa\x87\xdf\xae\
        \x80\x22\x00\x0btest vector\x20\x00\x20\x00\x08\x00\x01\xa1\x47\xe1\x12\xa6\x43\x00\x08\x00\x14\x2b\x91\xf5\x99\
        \xfd\x9e\x90\xc3\x8c\x74\x89\xf9\x2a\xf9\xba\x53\xf0\x6b\xe7\xd7\x80\x28\x00\x04\xc0\x7d\x4c\x96";

    #[test]
    fn the_response_of_rfc_5769_is_verified_and_nothing_else_is() {
        assert!(verify_response(RFC_5769_RESPONSE, RFC_5769_PASSWORD));
        assert!(!verify_response(RFC_5769_RESPONSE, "another password, as long"));
        assert!(!verify_response(RFC_5769_REQUEST, RFC_5769_PASSWORD));
        for bit in 0..(RFC_5769_RESPONSE.len() - 32) * 8 {
            let mut mutated = RFC_5769_RESPONSE.to_vec();
            mutated[bit / 8] ^= 1 << (bit % 8);
            assert!(!verify_response(&mutated, RFC_5769_PASSWORD), "bit {bit}");
        }
        for len in 0..RFC_5769_RESPONSE.len() {
            assert!(!verify_response(&RFC_5769_RESPONSE[..len], RFC_5769_PASSWORD));
        }
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        // Not so in the type and length of the last attribute, FINGERPRINT: changed, it is an unknown one.
        for bit in (0..100 * 8).chain(104 * 8..RFC_5769_REQUEST.len() * 8) {
            let mut mutated = RFC_5769_REQUEST.to_vec();
            mutated[bit / 8] ^= 1 << (bit % 8);
            assert!(!verify_request(&mutated, RFC_5769_PASSWORD), "bit {bit}");
        }
    }

    #[test]
    fn every_cut_is_refused() {
        for len in 0..RFC_5769_REQUEST.len() {
            assert!(Request::parse(&RFC_5769_REQUEST[..len]).is_none());
        }
    }

    #[test]
    fn attributes_behind_the_integrity_are_not_believed() {
        // A request without USE-CANDIDATE, and an attacker who appends it: the length in the header has to grow too.
        let end = RFC_5769_REQUEST.len() - 8;
        let mut forged = RFC_5769_REQUEST[..end].to_vec();
        forged.extend_from_slice(&[0x00, 0x25, 0, 0]);
        let len = (forged.len() - HEADER_LEN) as u16;
        forged[2..4].copy_from_slice(&len.to_be_bytes());
        let request = Request::parse(&forged).unwrap();
        assert!(!request.use_candidate);
        assert!(request.verify(RFC_5769_PASSWORD), "what the integrity covers is untouched");
    }
}
