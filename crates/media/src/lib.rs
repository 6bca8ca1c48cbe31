//! RTP packets and the streams they form.
//!
//! Reads and writes packets, header extensions and the payload formats of the codecs we carry, says what a packet means
//! to a decoder ([`codec::Facts`]), and judges a whole stream the way a decoder would. Knows packets, not people: no
//! rooms, no peers, no encryption, no sockets and no clock. Every reader here takes bytes from the network, so none
//! panics, allocates without bound or loops longer than its input.

pub mod annexb;
pub mod assemble;
mod bits;
pub mod capture;
pub mod check;
pub mod clip;
pub mod codec;
pub mod dd;
pub mod ext;
#[doc(hidden)]
pub mod fuzz;
pub mod ogg;
pub mod packet;
pub mod packetise;
pub mod red;
pub mod select;
pub mod seq;
pub mod testing;

pub use codec::{Codec, Facts, Kind, facts};
pub use packet::{Header, Packet};
pub use seq::{RtpTime, Seq, Unroller};

/// Why bytes were refused, in words for whoever sent them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("an RTP packet is at least 12 bytes, this one is {0}: it was cut or is something else")]
    PacketTooShort(usize),
    #[error("RTP version must be 2, this packet says {0}: it is not RTP")]
    Version(u8),
    #[error("the packet ends inside its {0}: it was cut, or its length field is wrong")]
    Cut(&'static str),
    #[error("the padding count {0} does not fit the packet: it must be between 1 and the bytes after the header")]
    Padding(u8),
    #[error("the packet needs {needed} bytes of room and has {room}")]
    NoRoom { needed: usize, room: usize },
    #[error("the dependency descriptor is malformed: {0}")]
    Descriptor(&'static str),
    #[error("the layers allocation is malformed: {0}")]
    Allocation(&'static str),
    #[error("not a capture we read: give a pcap or pcapng file (tcpdump, Wireshark) or a binary rtpdump file")]
    NotACapture,
    #[error("not an Ogg Opus file: {0}")]
    Ogg(&'static str),
    #[error("the capture is of link type {0}, which we do not read: capture on Ethernet, loopback or \"any\"")]
    Link(u16),
    #[error("not a clip: make one with weir idle-clip make FILE")]
    NotAClip,
    #[error("the clip is of version {0} and this program reads version 1: make it again with weir idle-clip make")]
    ClipVersion(u8),
    #[error("the clip is larger than 4 MiB")]
    ClipTooLarge,
    #[error("a clip has one loop in H.264 and one in VP8, and this one does not")]
    ClipLoops,
    #[error("the clip ends too early: it was cut")]
    ClipCut,
    #[error("{0} bytes follow the end of the clip")]
    ClipTail(usize),
    #[error("the clip's {codec}: {problem}")]
    Clip { codec: Codec, problem: &'static str },
    #[error("the clip's {codec}, picture {frame}: {problem}")]
    ClipFrame { codec: Codec, frame: usize, problem: &'static str },
    #[error("not an IVF file that can be used: {0}")]
    Ivf(&'static str),
}
