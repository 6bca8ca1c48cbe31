//! What applications say to each other over the data channels of a room.
//!
//! ```text
//!   sender ── Sent ──▶ worker ── Post ──▶ other workers        who: the worker says, from what it knows of the session;
//!                         └───── Said ──▶ everybody else        nothing in `Sent` names its sender
//! ```
//!
//! Three forms of one message, each with a length before every part, and the payload last. Whoever reads bytes of a peer reads a [`Sent`].

use std::fmt;
use std::str::FromStr;

use crate::ids::RoomName;

/// How a message travels. Each of a person's data channels is one, known by its label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lane {
    /// In order, and all of them.
    Reliable,
    /// At once or not at all, in any order.
    Lossy,
}

impl Lane {
    pub const ALL: [Lane; 2] = [Lane::Reliable, Lane::Lossy];

    /// Of the data channel.
    pub fn label(self) -> &'static str {
        match self {
            Lane::Reliable => "reliable",
            Lane::Lossy => "lossy",
        }
    }

    pub fn of_label(label: &str) -> Option<Lane> {
        Lane::ALL.into_iter().find(|lane| lane.label() == label)
    }

    pub fn payload_max(self) -> usize {
        match self {
            // What every browser takes whole, and what holds up what follows it for 130 ms on a line of 1 Mbit/s.
            Lane::Reliable => 16 * 1024,
            // 1,062 bytes fit into one packet of 1,150 behind DTLS and SCTP, and 100 of them may be header: one lost packet is one lost message.
            Lane::Lossy => 960,
        }
    }
}

/// Longest topic, in bytes.
pub const TOPIC_LEN_MAX: usize = 64;
/// People whom one message names. For more of them it goes to everybody.
pub const RECIPIENTS_MAX: usize = 16;
/// Topics that begin with it are the product's own: those of [`OWN_TOPICS`], and nobody's else.
pub const OWN_PREFIX: &str = "weir.";
/// Who is writing in the chat.
pub const TYPING: &str = "weir.typing";
pub const OWN_TOPICS: [&str; 1] = [TYPING];

/// Of all three forms. A peer of another age says so with its first byte.
const VERSION: u8 = 1;
const IS_PRIVATE: u8 = 1;

/// By which somebody is known to the others of a room. The letters of a [`RoomName`], and short enough for the header of a lossy message.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Member(String);

impl Member {
    pub const LEN_MAX: usize = 32;

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Member {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Member, Fault> {
        if is_member(text) { Ok(Member(text.to_owned())) } else { Err(Fault::Recipient) }
    }
}

impl fmt::Display for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_member(text: &str) -> bool {
    text.len() <= Member::LEN_MAX && text.parse::<RoomName>().is_ok()
}

/// What is wrong with a message of a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("a message is binary and begins with version 1, the length of its topic and the number of its recipients")]
    Malformed,
    #[error("a topic is 1 to 64 bytes of UTF-8 without control characters")]
    Topic,
    #[error("topics that begin with «weir.» are the server's own, and it knows none of that name; choose another one")]
    OwnTopic,
    #[error("a message names at most 16 recipients, each by 1 to 32 letters of an account_id")]
    Recipient,
    #[error("a reliable message carries at most 16384 bytes, and a lossy one 960; send several")]
    TooLarge,
}

/// What a peer sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent<'a> {
    pub topic: &'a str,
    /// Nobody: everybody else in the room.
    pub to: Vec<&'a str>,
    pub payload: &'a [u8],
}

impl<'a> Sent<'a> {
    /// version, length of the topic, number of recipients, topic, a length and a name for each recipient, payload.
    pub fn parse(lane: Lane, bytes: &'a [u8]) -> Result<Sent<'a>, Fault> {
        let mut rest = Reader(bytes);
        let [version, topic_len, recipients] = rest.array().ok_or(Fault::Malformed)?;
        if version != VERSION {
            return Err(Fault::Malformed);
        }
        let topic = rest.text(topic_len.into()).filter(|topic| is_topic(topic)).ok_or(Fault::Topic)?;
        if topic.starts_with(OWN_PREFIX) && !OWN_TOPICS.contains(&topic) {
            return Err(Fault::OwnTopic);
        }
        let to = rest.members(recipients).ok_or(Fault::Recipient)?;
        let payload = rest.0;
        if payload.len() > lane.payload_max() {
            return Err(Fault::TooLarge);
        }
        Ok(Sent { topic, to, payload })
    }

    /// As a client does it.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = vec![VERSION, length(self.topic), self.to.len() as u8];
        out.extend_from_slice(self.topic.as_bytes());
        write_members(&mut out, &self.to);
        out.extend_from_slice(self.payload);
        out
    }
}

/// What a peer is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Said<'a> {
    pub topic: &'a str,
    pub from: &'a str,
    /// The message named its recipients.
    pub is_private: bool,
    pub payload: &'a [u8],
}

impl<'a> Said<'a> {
    /// version, flags, length of the topic, length of the sender's name, topic, sender, payload.
    pub fn encode(&self) -> Vec<u8> {
        let flags = if self.is_private { IS_PRIVATE } else { 0 };
        let mut out = vec![VERSION, flags, length(self.topic), length(self.from)];
        out.extend_from_slice(self.topic.as_bytes());
        out.extend_from_slice(self.from.as_bytes());
        out.extend_from_slice(self.payload);
        out
    }

    /// As a client does it.
    pub fn parse(bytes: &'a [u8]) -> Option<Said<'a>> {
        let mut rest = Reader(bytes);
        let [version, flags, topic_len, from_len] = rest.array()?;
        let topic = rest.text(topic_len.into()).filter(|topic| is_topic(topic))?;
        let from = rest.text(from_len.into()).filter(|from| is_member(from))?;
        (version == VERSION).then_some(Said { topic, from, is_private: flags & IS_PRIVATE != 0, payload: rest.0 })
    }
}

/// What one worker tells another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Post<'a> {
    Message {
        room: &'a str,
        from: &'a str,
        lane: Lane,
        topic: &'a str,
        to: Vec<&'a str>,
        payload: &'a [u8],
    },
    /// A reliable message of this room did not fit into the way here: nobody there has all of them any more.
    Torn {
        room: &'a str,
    },
}

const MESSAGE: u8 = 0;
const TORN: u8 = 1;

impl<'a> Post<'a> {
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(64);
        match self {
            Post::Torn { room } => {
                out.extend_from_slice(&[VERSION, TORN, length(room)]);
                out.extend_from_slice(room.as_bytes());
            }
            Post::Message { room, from, lane, topic, to, payload } => {
                let lane = (*lane == Lane::Lossy).into();
                let lengths = [length(room), length(from), length(topic), to.len() as u8];
                out.extend_from_slice(&[VERSION, MESSAGE, lane]);
                out.extend_from_slice(&lengths);
                for part in [room, from, topic] {
                    out.extend_from_slice(part.as_bytes());
                }
                write_members(&mut out, to);
                out.extend_from_slice(payload);
            }
        }
        out
    }

    pub fn parse(bytes: &'a [u8]) -> Option<Post<'a>> {
        let mut rest = Reader(bytes);
        let [version, kind] = rest.array()?;
        if version != VERSION {
            return None;
        }
        match kind {
            TORN => {
                let [room_len] = rest.array()?;
                let room = rest.text(room_len.into())?;
                rest.0.is_empty().then_some(Post::Torn { room })
            }
            MESSAGE => {
                let [lane, room_len, from_len, topic_len, recipients] = rest.array()?;
                let lane = if lane == 0 { Lane::Reliable } else { Lane::Lossy };
                let room = rest.text(room_len.into())?;
                let from = rest.text(from_len.into()).filter(|from| is_member(from))?;
                let topic = rest.text(topic_len.into()).filter(|topic| is_topic(topic))?;
                let to = rest.members(recipients)?;
                let payload = rest.0;
                (payload.len() <= lane.payload_max()).then_some(Post::Message { room, from, lane, topic, to, payload })
            }
            _ => None,
        }
    }
}

/// What a person is told of their own messages, or of their own reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Notice {
    #[error("{0}")]
    Fault(Fault),
    #[error(
        "so many messages, or bytes of them, at a time are too many; those beyond were not passed on. Send fewer, or larger and rarer ones"
    )]
    TooFast,
    #[error("who may not write in the chat may not send messages either; a host has switched it off")]
    NotAllowed,
    #[error(
        "this page reads its reliable messages more slowly than they come, and gets none any more; open the channel «reliable» again to go \
         on with what is said from then on"
    )]
    TooSlow,
    #[error(
        "the server was too busy to keep all reliable messages; open the channel «reliable» again to go on with what is said from then on"
    )]
    Torn,
}

fn is_topic(topic: &str) -> bool {
    (1..=TOPIC_LEN_MAX).contains(&topic.len()) && !topic.chars().any(char::is_control)
}

/// Names and topics are short by their types; one that is not would be refused where it is read.
fn length(text: &str) -> u8 {
    text.len().try_into().unwrap_or(u8::MAX)
}

fn write_members(out: &mut Vec<u8>, members: &[&str]) {
    for member in members {
        out.push(length(member));
        out.extend_from_slice(member.as_bytes());
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(n)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn text(&mut self, n: usize) -> Option<&'a str> {
        std::str::from_utf8(self.take(n)?).ok()
    }

    fn members(&mut self, n: u8) -> Option<Vec<&'a str>> {
        if usize::from(n) > RECIPIENTS_MAX {
            return None;
        }
        (0..n)
            .map(|_| {
                let [len] = self.array()?;
                self.text(len.into()).filter(|member| is_member(member))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_says_what_it_was_made_to_say_in_all_three_forms() {
        let to = vec!["gbo", "adora"];
        let sent = Sent { topic: "cursor", to: to.clone(), payload: &[0, 1, 255] };
        assert_eq!(
            sent.encode(),
            b"\x01\x06\x02cursor\x03gbo\x05adora\x00\x01\xff",
            "as it is in docs/client-protocol.md"
        );
        assert_eq!(Sent::parse(Lane::Lossy, &sent.encode()), Ok(sent));
        let said = Said { topic: "cursor", from: "gann", is_private: true, payload: b"x" };
        assert_eq!(said.encode(), b"\x01\x01\x06\x04cursorgannx");
        assert_eq!(Said::parse(&said.encode()), Some(said));
        for lane in Lane::ALL {
            let (room, from, topic, to) = ("~r", "gann", "a topic: ✓", to.clone());
            let post = Post::Message { room, from, lane, topic, to, payload: b"" };
            assert_eq!(Post::parse(&post.encode()), Some(post));
        }
        assert_eq!(Post::parse(&Post::Torn { room: "~r" }.encode()), Some(Post::Torn { room: "~r" }));
    }

    #[test]
    fn what_is_out_of_bounds_is_refused_with_what_is_wrong() {
        let sent =
            |topic: &str, to: &[&str], len: usize| Sent { topic, to: to.to_vec(), payload: &vec![7; len] }.encode();
        let parse = |bytes: &[u8], lane| Sent::parse(lane, bytes).err();
        let long = "x".repeat(65);
        for topic in ["", "two\nlines", &long] {
            assert_eq!(parse(&sent(topic, &[], 0), Lane::Reliable), Some(Fault::Topic), "{topic:?}");
        }
        assert_eq!(parse(&sent(&"x".repeat(64), &["g"; 16], 960), Lane::Lossy), None);
        assert_eq!(parse(&sent("t", &[], 961), Lane::Lossy), Some(Fault::TooLarge));
        assert_eq!(parse(&sent("t", &[], 961), Lane::Reliable), None);
        assert_eq!(parse(&sent("t", &[], 16 * 1024 + 1), Lane::Reliable), Some(Fault::TooLarge));
        assert_eq!(parse(&sent("t", &["g"; 17], 0), Lane::Reliable), Some(Fault::Recipient));
        assert_eq!(parse(&sent("t", &["a b"], 0), Lane::Reliable), Some(Fault::Recipient));
        assert_eq!(parse(b"\x02\x01\x00t", Lane::Reliable), Some(Fault::Malformed));
        assert_eq!(parse(b"\x01\x01", Lane::Reliable), Some(Fault::Malformed));
        assert_eq!(parse(b"\x01\x02\x00t", Lane::Reliable), Some(Fault::Topic));
        assert_eq!(parse(b"\x01\x01\x01t\x05g", Lane::Reliable), Some(Fault::Recipient));
    }

    #[test]
    fn nobody_uses_the_servers_topics_for_something_else() {
        let parse = |topic| Sent::parse(Lane::Lossy, &Sent { topic, to: vec![], payload: &[] }.encode()).map(drop);
        assert_eq!(parse(TYPING), Ok(()));
        assert_eq!(parse("weir.typing2"), Err(Fault::OwnTopic));
        assert_eq!(parse("weir."), Err(Fault::OwnTopic));
        assert_eq!(parse("weird"), Ok(()));
    }

    #[test]
    fn a_lossy_message_fits_into_one_packet() {
        let (topic, from) = ("x".repeat(TOPIC_LEN_MAX), "g".repeat(Member::LEN_MAX));
        let payload = vec![0; Lane::Lossy.payload_max()];
        let said = Said { topic: &topic, from: &from, is_private: false, payload: &payload };
        assert!(said.encode().len() <= 1062);
    }
}
