//! Checks the streams in a capture file: pcap, pcapng and rtpdump, as bytes.
//!
//! Finds RTP in UDP over IPv4 and IPv6, sorts it by addresses and SSRC, takes the codec from a map of payload types or
//! guesses it, and runs a [`Checker`] per stream. Retransmissions fill the holes of the stream they repair, as they do
//! for a decoder. SRTP hides payloads but not headers: such a stream is checked for its sequence alone.

mod file;
mod guess;
mod link;
mod pcap;
mod pcapng;
mod rtpdump;
mod streams;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use crate::check::{Checker, Report, View};
use crate::{Codec, Error, ext};
use streams::{Captured, Key, Repair};

/// What the caller knows about a capture.
#[derive(Debug, Clone)]
pub struct Options {
    /// Codecs by payload type; others are guessed.
    pub payload_types: BTreeMap<u8, Codec>,
    /// Ids of header extensions; only the dependency descriptor matters.
    pub extensions: ext::Map,
    /// Streams of fewer packets are not reported.
    pub packets_min: usize,
}

impl Default for Options {
    fn default() -> Options {
        Options { payload_types: BTreeMap::new(), extensions: ext::Map::new(), packets_min: 10 }
    }
}

/// One stream of a capture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamReport {
    pub source: SocketAddr,
    /// rtpdump files do not say.
    pub destination: Option<SocketAddr>,
    pub ssrc: u32,
    pub payload_types: Vec<u8>,
    pub content: Content,
    /// Of a stream whose payload cannot be read, the sequence alone was checked.
    pub report: Report,
}

/// What a stream carries, and how that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    Given(Codec),
    Guessed(Codec),
    /// Packets of another stream again, by its SSRC.
    Retransmission {
        of: u32,
    },
    /// Encrypted, or of no codec we know.
    Unknown,
    /// The capture holds only the beginning of each packet.
    Cut,
}

/// Checks every stream in a capture file.
pub fn check(bytes: &[u8], options: &Options) -> Result<Vec<StreamReport>, Error> {
    let mut streams = streams::collect(&file::records(bytes)?)?;
    streams.retain(|_, packets| packets.len() >= options.packets_min.max(1) && streams::is_plausible(packets));
    let contents: BTreeMap<Key, Content> =
        streams.iter().map(|(key, packets)| (*key, content(packets, options))).collect();
    let unknown = |key: &&Key| contents[*key] == Content::Unknown;
    let repairs: BTreeMap<Key, Key> =
        contents.keys().filter(unknown).filter_map(|key| Some((*key, streams::repaired_by(&streams, key)?))).collect();
    let report = |(key, packets): (&Key, &Vec<Captured<'_>>)| {
        let content = match repairs.get(key) {
            Some(of) => Content::Retransmission { of: of.ssrc },
            None => contents[key],
        };
        let repairs = repairs.iter().filter(|(_, of)| *of == key).flat_map(|(repairs, _)| &streams[repairs]);
        StreamReport {
            source: key.source,
            destination: key.destination,
            ssrc: key.ssrc,
            payload_types: payload_types(packets).into_keys().collect(),
            content,
            report: check_stream(packets, repairs, content, options),
        }
    };
    Ok(streams.iter().map(report).collect())
}

impl Content {
    pub fn codec(self) -> Option<Codec> {
        match self {
            Content::Given(codec) | Content::Guessed(codec) => Some(codec),
            Content::Retransmission { .. } | Content::Unknown | Content::Cut => None,
        }
    }
}

fn content(packets: &[Captured<'_>], options: &Options) -> Content {
    if packets.iter().any(|captured| captured.cut) {
        return Content::Cut;
    }
    let main = main_payload_type(packets);
    if let Some(codec) = options.payload_types.get(&main) {
        return Content::Given(*codec);
    }
    let of_main: Vec<_> = packets.iter().filter(|c| c.packet.header.payload_type == main).copied().collect();
    guess::codec(&of_main).map_or(Content::Unknown, Content::Guessed)
}

fn check_stream<'a>(
    packets: &[Captured<'a>],
    repairs: impl Iterator<Item = &'a Captured<'a>>,
    content: Content,
    options: &Options,
) -> Report {
    let mut checker = content.codec().map_or_else(Checker::sequence_only, Checker::new);
    let main = main_payload_type(packets);
    let received: BTreeSet<(u16, u32)> =
        packets.iter().map(|c| (c.packet.header.seq.0, c.packet.header.time.0)).collect();
    // A sender also repeats what arrived, to probe the path: only what was missing counts.
    let mut repairs: Vec<_> =
        repairs.filter_map(Repair::read).filter(|r| !received.contains(&(r.seq.0, r.time.0))).collect();
    repairs.sort_by_key(|repair| (repair.at, repair.seq.0, repair.time.0));
    repairs.dedup_by_key(|repair| (repair.seq, repair.time));
    let mut repairs = repairs.into_iter().peekable();
    let push_repair = |checker: &mut Checker, repair: Repair<'_>| {
        let Repair { seq, time, marker, payload, .. } = repair;
        checker.push(repair.at, &View { seq, time, marker, payload, dd: None });
    };
    for captured in packets {
        while let Some(repair) = repairs.next_if(|repair| repair.at <= captured.at) {
            push_repair(&mut checker, repair);
        }
        let packet = &captured.packet;
        let values = packet.extension.map(|block| ext::Values::read(block, &options.extensions));
        let mut view = View::of(packet, values.and_then(|values| values.dependency_descriptor));
        if packet.header.payload_type != main {
            view.payload = &[]; // another format in the same numbering: comfort noise, redundancy, probing
        }
        checker.push(captured.at, &view);
    }
    repairs.for_each(|repair| push_repair(&mut checker, repair));
    checker.finish()
}

/// The most frequent one, the lower of equals.
fn main_payload_type(packets: &[Captured<'_>]) -> u8 {
    let counted = payload_types(packets).into_iter();
    counted.max_by_key(|(payload_type, count)| (*count, std::cmp::Reverse(*payload_type))).map_or(0, |(pt, _)| pt)
}

fn payload_types(packets: &[Captured<'_>]) -> BTreeMap<u8, usize> {
    let mut counts = BTreeMap::new();
    for captured in packets {
        *counts.entry(captured.packet.header.payload_type).or_default() += 1;
    }
    counts
}

#[cfg(test)]
mod tests;
