//! What the datagrams look like. Each starts as something that gets past the first check of a real server, because
//! noise alone ends at the first byte; then most are damaged where parsers break: lengths, counts and ends.

use super::capture;
use super::rng::Rng;
use crate::Error;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Stun,
    Dtls,
    Rtp,
    Rtcp,
    Junk,
}

pub struct Generator {
    rng: Rng,
    ufrag: String,
    /// Datagrams of real handshakes, one of which a quarter of ours start from.
    captured: Vec<(Kind, Vec<u8>)>,
    datagram: Vec<u8>,
}

/// What an Ethernet path carries; now and then one is longer, up to what UDP can.
const LENGTH_MAX: usize = 1472;

impl Generator {
    /// Records an honest session first, so that some begin as what a server expects.
    pub fn new(seed: u64, ufrag: Option<&str>) -> Result<Generator, Error> {
        Ok(Generator { captured: capture::session(ufrag)?, ..Generator::composing(seed, ufrag) })
    }

    fn composing(seed: u64, ufrag: Option<&str>) -> Generator {
        let ufrag = ufrag.unwrap_or("abcd").to_owned();
        Generator { rng: Rng::new(seed), ufrag, captured: Vec::new(), datagram: Vec::new() }
    }

    pub fn generate(&mut self) -> (Kind, &[u8]) {
        let mut out = std::mem::take(&mut self.datagram);
        out.clear();
        let kind = if !self.captured.is_empty() && self.rng.one_in(4) {
            let (kind, bytes) = &self.captured[self.rng.below(self.captured.len())];
            out.extend_from_slice(bytes);
            *kind
        } else {
            self.compose(&mut out)
        };
        // One in eight stays whole: well-formed and still wrong is the case that parsers do not stop.
        if !self.rng.one_in(8) {
            for _ in 0..=self.rng.below(4) {
                mutate(&mut self.rng, &mut out);
            }
        }
        out.truncate(65_507);
        self.datagram = out;
        (kind, &self.datagram)
    }

    fn compose(&mut self, out: &mut Vec<u8>) -> Kind {
        let kind = self.rng.choose(&[Kind::Stun, Kind::Dtls, Kind::Rtp, Kind::Rtcp, Kind::Junk]);
        match kind {
            Kind::Stun => stun(&mut self.rng, &self.ufrag, out),
            Kind::Dtls => dtls(&mut self.rng, out),
            Kind::Rtp => rtp(&mut self.rng, out),
            Kind::Rtcp => rtcp(&mut self.rng, out),
            Kind::Junk => {
                let length = if self.rng.one_in(50) { self.rng.below(65_508) } else { self.rng.below(LENGTH_MAX) };
                random(&mut self.rng, out, length);
            }
        }
        kind
    }
}

/// A binding request (or another method or class) with the attributes of ICE, known and unknown.
fn stun(rng: &mut Rng, ufrag: &str, out: &mut Vec<u8>) {
    let kind = rng.choose(&[0x0001u16, 0x0001, 0x0001, 0x0101, 0x0111, 0x0011, 0x0003, 0x3FFF]);
    out.extend_from_slice(&kind.to_be_bytes());
    out.extend_from_slice(&[0, 0]);
    out.extend_from_slice(&0x2112_A442u32.to_be_bytes());
    random(rng, out, 12);
    let user = match rng.below(6) {
        0 => String::new(),
        1 => ":".repeat(rng.below(600)),
        2 => format!("{ufrag}{}", "x".repeat(rng.below(600))),
        _ => format!("{ufrag}:{:x}", rng.next_u64()),
    };
    attribute(out, 0x0006, user.as_bytes());
    for _ in 0..rng.below(6) {
        // USE-CANDIDATE, PRIORITY, ICE-CONTROLLED, ICE-CONTROLLING, ERROR-CODE, XOR-MAPPED-ADDRESS, and anything.
        let anything = rng.next_u64() as u16;
        let name = rng.choose(&[0x0025, 0x0024, 0x8029, 0x802A, 0x0009, 0x0020, anything]);
        let mut value = vec![0; rng.choose(&[0, 4, 4, 8, 8, 20, 64])];
        rng.fill(&mut value);
        attribute(out, name, &value);
    }
    let mut mac = vec![0; rng.choose(&[20, 20, 20, 0, 19, 32])];
    rng.fill(&mut mac);
    attribute(out, 0x0008, &mac);
    if !rng.one_in(3) {
        let check = rng.next_u64() as u32;
        attribute(out, 0x8028, &check.to_be_bytes());
    }
    let length = (out.len() - 20) as u16;
    out[2..4].copy_from_slice(&length.to_be_bytes());
}

fn attribute(out: &mut Vec<u8>, name: u16, value: &[u8]) {
    out.extend_from_slice(&name.to_be_bytes());
    out.extend_from_slice(&(value.len() as u16).to_be_bytes());
    out.extend_from_slice(value);
    out.resize(out.len().next_multiple_of(4), 0);
}

/// One to three records; handshake records carry a fragment whose offsets may contradict each other.
fn dtls(rng: &mut Rng, out: &mut Vec<u8>) {
    for _ in 0..=rng.below(3) {
        let content = rng.choose(&[22u8, 22, 22, 20, 21, 23, 25]);
        let mut body = Vec::new();
        if content == 22 {
            let length = rng.below(600);
            let (total, offset) = match rng.below(4) {
                0 => (rng.below(1 << 24), rng.below(1 << 24)),
                1 => (length * 3, length),
                _ => (length, 0),
            };
            body.push(rng.choose(&[1u8, 1, 2, 11, 14, 16, 20, 99]));
            body.extend_from_slice(&(total as u32).to_be_bytes()[1..]);
            body.extend_from_slice(&(rng.below(4) as u16).to_be_bytes());
            body.extend_from_slice(&(offset as u32).to_be_bytes()[1..]);
            body.extend_from_slice(&(length as u32).to_be_bytes()[1..]);
            client_hello(rng, length, &mut body);
        } else {
            let length = rng.below(80);
            random(rng, &mut body, length);
        }
        out.push(content);
        out.extend_from_slice(&rng.choose(&[[0xFE, 0xFD], [0xFE, 0xFD], [0xFE, 0xFF], [0xFE, 0xFC], [0x03, 0x03]]));
        out.extend_from_slice(&(rng.below(3) as u16).to_be_bytes());
        out.extend_from_slice(&(rng.below(20) as u64).to_be_bytes()[2..]);
        out.extend_from_slice(&(body.len() as u16).to_be_bytes());
        out.extend_from_slice(&body);
    }
}

/// The head of a client hello, then noise, cut to the length that was promised.
fn client_hello(rng: &mut Rng, length: usize, body: &mut Vec<u8>) {
    let start = body.len();
    body.extend_from_slice(&[0xFE, 0xFD]);
    random(rng, body, 32);
    // No session, a cookie, two suites of WebRTC, no compression, extensions that claim a length.
    let cookie = rng.below(40);
    body.extend_from_slice(&[0, cookie as u8]);
    random(rng, body, cookie);
    body.extend_from_slice(&[0, 4, 0xC0, 0x2B, 0xC0, 0x2F, 1, 0]);
    body.extend_from_slice(&(rng.next_u64() as u16).to_be_bytes());
    let rest = length.saturating_sub(body.len() - start);
    random(rng, body, rest);
    body.truncate(start + length);
}

/// Version 2 with any number of sources, extensions of both kinds and padding, as a sealed packet would look.
fn rtp(rng: &mut Rng, out: &mut Vec<u8>) {
    let (extension, padding) = (rng.one_in(2), rng.one_in(4));
    let sources = if rng.one_in(4) { rng.below(16) } else { 0 };
    out.push(0x80 | u8::from(padding) << 5 | u8::from(extension) << 4 | sources as u8);
    out.push(rng.byte() & 0x80 | rng.choose(&[96u8, 97, 102, 111, 0, 127]));
    random(rng, out, 10 + sources * 4);
    if extension {
        out.extend_from_slice(&rng.choose(&[[0xBE, 0xDE], [0x10, 0x00], [0x10, 0x0F], [0, 0]]));
        let words = if rng.one_in(6) { rng.below(65_536) } else { rng.below(8) };
        out.extend_from_slice(&(words as u16).to_be_bytes());
        random(rng, out, words.min(32) * 4);
    }
    let payload = rng.below(LENGTH_MAX.saturating_sub(out.len()).max(1));
    random(rng, out, payload);
}

/// A compound of reports and feedback with lengths that often lie.
fn rtcp(rng: &mut Rng, out: &mut Vec<u8>) {
    for _ in 0..=rng.below(5) {
        let body = rng.below(24) * 4;
        let words = if rng.one_in(4) { rng.next_u64() as u16 } else { (body / 4) as u16 };
        let count = if rng.one_in(2) { rng.below(32) as u8 } else { rng.choose(&[1, 4, 15]) };
        out.push(0x80 | u8::from(rng.one_in(6)) << 5 | count);
        out.push(rng.choose(&[200u8, 201, 202, 203, 204, 205, 206, 207]));
        out.extend_from_slice(&words.to_be_bytes());
        random(rng, out, body);
    }
}

fn random(rng: &mut Rng, out: &mut Vec<u8>, length: usize) {
    let start = out.len();
    out.resize(start + length, 0);
    rng.fill(&mut out[start..]);
}

fn mutate(rng: &mut Rng, out: &mut Vec<u8>) {
    if out.is_empty() {
        return;
    }
    let at = rng.below(out.len());
    match rng.below(8) {
        0 => out.truncate(at),
        1 => out[at] ^= 1 << rng.below(8),
        2 => out[at] = rng.byte(),
        // Counts and lengths live at the front.
        3 => {
            let front = rng.below(out.len().min(24));
            out[front] = rng.choose(&[0, 1, 0x7F, 0x80, 0xFF]);
        }
        4 if out.len() >= 2 => {
            let at = at.min(out.len() - 2);
            let extreme = rng.choose(&[[0, 0], [0xFF, 0xFF], [0, 1], [0x80, 0], [0x7F, 0xFF]]);
            out[at..at + 2].copy_from_slice(&extreme);
        }
        5 => {
            let length = rng.below(64);
            random(rng, out, length);
        }
        6 => {
            let end = at + rng.below((out.len() - at).min(64));
            out.drain(at..end);
        }
        _ => {
            let end = at + rng.below((out.len() - at).min(256));
            let repeated = out[at..end].to_vec();
            out.extend_from_slice(&repeated);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_datagrams_and_a_session_is_addressed_by_name() {
        let take = |seed| {
            let mut generator = Generator::composing(seed, Some("w0room"));
            (0..2000).map(|_| generator.generate().1.to_vec()).collect::<Vec<_>>()
        };
        let datagrams = take(3);
        assert_eq!(datagrams, take(3));
        assert_ne!(datagrams, take(4));
        let named = datagrams.iter().filter(|d| d.windows(6).any(|window| window == b"w0room")).count();
        assert!(named > 100, "{named}");
        assert!(datagrams.iter().any(|d| d.is_empty()), "the empty datagram is one of them");
    }
}
