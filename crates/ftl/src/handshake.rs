//! The control connection, server side: who wants to stream, and what.
//!
//! ```text
//!  HMAC ──▶ 200 CHALLENGE
//!  CONNECT id $proof ──▶ Step::Claim ──(admit)──▶ 200
//!  Name: value … . ──▶ Step::Begin ──(start)──▶ 200. Use UDP port N
//!  PING ──▶ 201          DISCONNECT ──▶ Step::Left
//! ```
//!
//! Bytes in, steps out. It knows neither keys nor rooms nor clocks: it asks ([`Step::Claim`], [`Step::Begin`]) and goes on when it
//! is told the answer. What a client cannot say is answered with its code, and then it is over.

use crate::announce::{Announcement, Attributes};
use crate::code::Code;
use crate::lines::Lines;

pub const CHALLENGE_LEN: usize = 128;

/// HMAC-SHA512.
const PROOF_LEN: usize = 64;

/// Random bytes that a client proves its key with.
pub type Challenge = [u8; CHALLENGE_LEN];

/// What the machine wants.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// Send this.
    Say(String),
    /// Is this claim true? Then [`Handshake::admit`].
    Claim(Claim),
    /// Can this stream be taken? Then [`Handshake::start`].
    Begin(Announcement),
    /// The client says goodbye.
    Left,
    /// Send the code and close: the client broke the protocol.
    Refuse(Code),
}

/// Somebody says that they are a channel.
#[derive(Debug, PartialEq, Eq)]
pub struct Claim {
    pub channel: u32,
    pub proof: Vec<u8>,
}

pub struct Handshake {
    challenge: Challenge,
    lines: Lines,
    stage: Stage,
}

enum Stage {
    /// Nothing was proved yet.
    Strange {
        challenged: bool,
    },
    /// Somebody has to say whether the claim is true.
    Claimed {
        channel: u32,
    },
    Describing {
        channel: u32,
        attributes: Attributes,
    },
    /// Somebody has to say whether the stream can be taken.
    Described,
    Live,
    Over,
}

impl Handshake {
    /// `challenge` is random, and used once.
    pub fn new(challenge: Challenge) -> Handshake {
        Handshake { challenge, lines: Lines::default(), stage: Stage::Strange { challenged: false } }
    }

    pub fn challenge(&self) -> &Challenge {
        &self.challenge
    }

    /// What the client sent. Take out the steps before reading more.
    pub fn read(&mut self, bytes: &[u8]) {
        self.lines.push(bytes);
    }

    /// The next step; `None` when more bytes are needed, or an answer to the last step.
    pub fn poll(&mut self) -> Option<Step> {
        if matches!(self.stage, Stage::Claimed { .. } | Stage::Described | Stage::Over) {
            return None;
        }
        loop {
            let step = match self.lines.next()? {
                Ok(line) => self.handle_line(&line),
                Err(_) => Err(Code::BadRequest),
            };
            match step {
                Ok(None) => {}
                Ok(Some(step)) => return Some(step),
                Err(code) => {
                    self.stage = Stage::Over;
                    return Some(Step::Refuse(code));
                }
            }
        }
    }

    /// The claim is true. Returns what to send.
    pub fn admit(&mut self) -> String {
        if let Stage::Claimed { channel } = self.stage {
            self.stage = Stage::Describing { channel, attributes: Attributes::default() };
        }
        Code::Ok.line()
    }

    /// The stream can come, to this UDP port. Returns what to send: clients compare the text, not only the digits.
    pub fn start(&mut self, port: u16) -> String {
        if let Stage::Described = self.stage {
            self.stage = Stage::Live;
        }
        format!("200. Use UDP port {port}\n")
    }

    pub fn is_live(&self) -> bool {
        matches!(self.stage, Stage::Live)
    }

    fn handle_line(&mut self, line: &str) -> Result<Option<Step>, Code> {
        match &mut self.stage {
            Stage::Strange { challenged } if line == "HMAC" => {
                *challenged = true;
                Ok(Some(Step::Say(format!("200 {}\n", hex(&self.challenge)))))
            }
            Stage::Strange { challenged: true } => {
                let claim = parse_claim(line).ok_or(Code::BadRequest)?;
                self.stage = Stage::Claimed { channel: claim.channel };
                Ok(Some(Step::Claim(claim)))
            }
            Stage::Describing { channel, attributes } if line == "." => {
                let announcement = attributes.finish(*channel)?;
                self.stage = Stage::Described;
                Ok(Some(Step::Begin(announcement)))
            }
            Stage::Describing { attributes, .. } => attributes.add(line).map(|()| None),
            Stage::Live => match line.split(' ').next() {
                Some("PING") => Ok(Some(Step::Say(Code::Pong.line()))),
                Some("DISCONNECT") => {
                    self.stage = Stage::Over;
                    Ok(Some(Step::Left))
                }
                _ => Err(Code::BadRequest),
            },
            Stage::Strange { challenged: false } | Stage::Claimed { .. } | Stage::Described | Stage::Over => {
                Err(Code::BadRequest)
            }
        }
    }
}

/// `CONNECT <channel> $<128 hex digits>`
fn parse_claim(line: &str) -> Option<Claim> {
    let mut words = line.split_whitespace();
    let (verb, channel, proof) = (words.next()?, words.next()?, words.next()?);
    if verb != "CONNECT" || words.next().is_some() || !channel.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let proof = unhex(proof.strip_prefix('$')?).filter(|proof| proof.len() == PROOF_LEN)?;
    Some(Claim { channel: channel.parse().ok()?, proof })
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |b: u8| char::from(b).to_digit(16);
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|[high, low]| Some((digit(*high)? << 4 | digit(*low)?) as u8)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::announce::Track;
    use crate::keys::prove;

    const PROOF: &str = "ab";

    fn steps(handshake: &mut Handshake, text: &str) -> Vec<Step> {
        handshake.read(text.as_bytes());
        std::iter::from_fn(|| handshake.poll()).collect()
    }

    fn claimed() -> Handshake {
        let mut handshake = Handshake::new([7; 128]);
        steps(&mut handshake, &format!("HMAC\r\n\r\nCONNECT 77 ${}\r\n\r\n", PROOF.repeat(64)));
        handshake
    }

    fn live() -> Handshake {
        let mut handshake = claimed();
        handshake.admit();
        steps(&mut handshake, "Video: true\r\n\r\n.\r\n\r\n");
        handshake.start(8084);
        handshake
    }

    #[test]
    fn a_stream_begins_is_kept_alive_and_ends() {
        let mut handshake = Handshake::new([0xa5; 128]);
        assert_eq!(steps(&mut handshake, "HMAC\r\n\r\n"), [Step::Say(format!("200 {}\n", "a5".repeat(128)))]);
        let proof = prove("secret", handshake.challenge());
        let connect = format!("CONNECT 77 ${}\r\n\r\n", hex(&proof));
        assert_eq!(steps(&mut handshake, &connect), [Step::Claim(Claim { channel: 77, proof })]);
        // A client may be faster than the check; what it says waits.
        assert_eq!(steps(&mut handshake, "VendorName: x\r\n"), []);
        assert_eq!(handshake.admit(), "200\n");
        let begun = steps(&mut handshake, "Video: true\r\n\r\nAudio: true\r\n.\r\n\r\nPING 77\r\n");
        let [Step::Begin(announcement)] = &begun[..] else { panic!("{begun:?}") };
        assert_eq!(announcement.vendor, "x");
        assert_eq!(announcement.video, Some(Track { ssrc: 78, payload_type: 96 }));
        assert!(!handshake.is_live());
        assert_eq!(handshake.start(8084), "200. Use UDP port 8084\n");
        assert!(handshake.is_live());
        let rest = steps(&mut handshake, "PING\r\nDISCONNECT\r\nPING\r\n");
        assert_eq!(rest, [Step::Say("201\n".into()), Step::Say("201\n".into()), Step::Left]);
    }

    #[test]
    fn lines_out_of_place_end_it() {
        for text in ["CONNECT 77 $ab\n", "PING\n", "GET / HTTP/1.1\n", "hmac\n", ".\n"] {
            let mut handshake = Handshake::new([0; 128]);
            assert_eq!(steps(&mut handshake, text), [Step::Refuse(Code::BadRequest)], "{text}");
            assert_eq!(steps(&mut handshake, "HMAC\n"), [], "it is over");
        }
        let proof = PROOF.repeat(64);
        for line in [
            "CONNECT".to_owned(),
            format!("CONNECT 77 {proof}"),
            format!("CONNECT x ${proof}"),
            format!("CONNECT +7 ${proof}"),
            format!("CONNECT 99999999999 ${proof}"),
            format!("CONNECT 77 ${proof} more"),
            format!("CONNECT 77 ${proof}a"),
            format!("CONNECT 77 ${}", "zz".repeat(64)),
            format!("CONNECT 77 ${}", "ab".repeat(63)),
        ] {
            let mut handshake = Handshake::new([0; 128]);
            steps(&mut handshake, "HMAC\n");
            assert_eq!(steps(&mut handshake, &format!("{line}\n")), [Step::Refuse(Code::BadRequest)], "{line}");
        }
        assert_eq!(steps(&mut live(), "Video: true\n"), [Step::Refuse(Code::BadRequest)]);
    }

    #[test]
    fn a_flood_of_text_ends_it() {
        assert_eq!(steps(&mut Handshake::new([0; 128]), &"x".repeat(10_000)), [Step::Refuse(Code::BadRequest)]);
        let mut handshake = claimed();
        handshake.admit();
        assert_eq!(steps(&mut handshake, &"a: b\n".repeat(100)), [Step::Refuse(Code::BadRequest)]);
    }

    #[test]
    fn an_old_client_is_told_that_it_is_old() {
        let mut handshake = claimed();
        handshake.admit();
        let said = steps(&mut handshake, "ProtocolVersion: 0.1\nVideo: true\n.\n");
        assert_eq!(said, [Step::Refuse(Code::OldVersion)]);
    }
}
