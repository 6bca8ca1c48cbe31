//! Whether a server used a stream's number twice. SRTP clients drop the second one unseen, so no later count shows it;
//! but under AES-GCM two different packets with one SSRC and number give the authentication key away (RFC 7714, 8.4).

use media::{Seq, Unroller};

use crate::ledger::Ledger;

/// The numbers of every stream of one session, read from headers in the clear, retransmission streams included.
#[derive(Default)]
pub struct Numbers {
    streams: Vec<Stream>,
}

struct Stream {
    ssrc: u32,
    unroller: Unroller,
    ledger: Option<Ledger>,
}

/// A session has a stream and its repairs for each section, of which a meeting's page has up to 66; more are a server's
/// mistake, and not counted.
const STREAMS_MAX: usize = 132;

impl Numbers {
    pub fn note(&mut self, rtp: &[u8]) {
        let (Some(&[a, b]), Some(&ssrc)) =
            (rtp.get(2..).and_then(<[u8]>::first_chunk), rtp.get(8..).and_then(<[u8]>::first_chunk))
        else {
            return;
        };
        let (seq, ssrc) = (Seq(u16::from_be_bytes([a, b])), u32::from_be_bytes(ssrc));
        let at = self.streams.iter().position(|stream| stream.ssrc == ssrc).unwrap_or_else(|| {
            if self.streams.len() < STREAMS_MAX {
                self.streams.push(Stream { ssrc, unroller: Unroller::new(), ledger: None });
            }
            self.streams.len() - 1
        });
        let stream = &mut self.streams[at];
        let Some(number) = stream.unroller.unroll(seq).filter(|_| stream.ssrc == ssrc) else { return };
        match &mut stream.ledger {
            Some(ledger) => ledger.enter(number),
            None => stream.ledger = Some(Ledger::open(number)),
        }
    }

    pub fn used_twice(&self) -> u64 {
        self.streams.iter().filter_map(|stream| stream.ledger.as_ref()).map(|ledger| ledger.close(0).duplicated).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_used_twice_is_counted_per_stream_and_across_the_wrap() {
        let mut numbers = Numbers::default();
        for (ssrc, seq) in [(1, 65_534u16), (1, 65_535), (1, 0), (2, 0), (1, 1), (1, 65_535), (2, 0)] {
            let mut rtp = [0x80; 40];
            rtp[2..4].copy_from_slice(&seq.to_be_bytes());
            rtp[8..12].copy_from_slice(&u32::to_be_bytes(ssrc));
            numbers.note(&rtp);
        }
        numbers.note(&[0x80; 5]);
        assert_eq!(numbers.used_twice(), 2);
    }
}
