//! What a datagram on a media port is, by its first byte (RFC 7983) and, for RTCP, its second (RFC 5761).
//!
//! It looks at two bytes and believes nothing else: what it names "STUN" may still be garbage.

/// The protocol a datagram claims to speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Datagram {
    Stun,
    Dtls,
    /// RTP, or SRTP.
    Rtp,
    /// RTCP, or SRTCP.
    Rtcp,
    /// ZRTP, TURN channels, keep-alives, noise.
    Other,
}

pub fn demux(datagram: &[u8]) -> Datagram {
    let Some(&first) = datagram.first() else {
        return Datagram::Other;
    };
    match first {
        0..=3 => Datagram::Stun,
        20..=63 => Datagram::Dtls,
        // The second byte of RTCP is its packet type, 192 to 223; the second byte of RTP is the marker bit and a
        // payload type that never lies in 64..=95 when the two share a port.
        128..=191 => match datagram.get(1) {
            Some(192..=223) => Datagram::Rtcp,
            Some(_) => Datagram::Rtp,
            None => Datagram::Other,
        },
        _ => Datagram::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_protocol_is_told_by_its_first_byte() {
        let cases: [(&[u8], Datagram); 13] = [
            (&[0, 1], Datagram::Stun),
            (&[1, 1], Datagram::Stun),
            (&[3], Datagram::Stun),
            (&[4, 0], Datagram::Other),
            (&[20, 254, 253], Datagram::Dtls),
            (&[63], Datagram::Dtls),
            (&[64], Datagram::Other),
            (&[128, 96], Datagram::Rtp),
            (&[144, 96 | 128], Datagram::Rtp),
            (&[128, 200], Datagram::Rtcp),
            (&[129, 206], Datagram::Rtcp),
            (&[191], Datagram::Other),
            (&[], Datagram::Other),
        ];
        for (bytes, expected) in cases {
            assert_eq!(demux(bytes), expected, "{bytes:?}");
        }
        for first in 192..=255 {
            assert_eq!(demux(&[first, 0]), Datagram::Other);
        }
    }
}
