//! Sorts the packets of a capture into streams, and retransmissions into the streams they repair.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::time::Duration;

use crate::capture::file::{Layer, Record};
use crate::capture::link;
use crate::{Error, Packet, RtpTime, Seq};

/// A retransmission names a packet this close to others of its frame.
const REPAIR_DISTANCE_MAX: u16 = 512;
/// How many packets tell whether a stream retransmits another.
const REPAIR_SAMPLE: usize = 100;
/// Larger than any packet on a wire: the sender's kernel was to cut it (segmentation offload).
const DATAGRAM_LEN_MAX: usize = 2_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub source: SocketAddr,
    pub destination: Option<SocketAddr>,
    pub ssrc: u32,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Captured<'a> {
    pub at: Duration,
    pub packet: Packet<'a>,
    pub cut: bool,
}

pub(super) type Streams<'a> = BTreeMap<Key, Vec<Captured<'a>>>;

/// All that looks like RTP, by addresses and SSRC.
pub(super) fn collect<'a>(records: &[Record<'a>]) -> Result<Streams<'a>, Error> {
    let mut streams = Streams::new();
    let start = records.first().map_or(Duration::ZERO, |record| record.at);
    let unknown = records.iter().find_map(|record| match record.layer {
        Layer::Link(link) if !link::is_known(link) => Some(link),
        _ => None,
    });
    for record in records {
        let at = record.at.saturating_sub(start);
        let (source, destination, payload, cut) = match record.layer {
            Layer::Rtp(source) => (source, None, record.bytes, record.cut),
            Layer::Link(link) => match link::datagram(link, record.bytes) {
                Some(datagram) => {
                    let cut = record.cut || datagram.cut;
                    (datagram.source, Some(datagram.destination), datagram.payload, cut)
                }
                None => continue,
            },
        };
        for segment in payload.chunks(segment_len(payload)) {
            let Some(packet) = rtp(segment, cut) else { continue };
            let key = Key { source, destination, ssrc: packet.header.ssrc };
            streams.entry(key).or_default().push(Captured { at, packet, cut });
        }
    }
    match unknown {
        Some(link) if streams.is_empty() => Err(Error::Link(link)),
        _ => Ok(streams),
    }
}

/// The packet in a datagram, if it is RTP and not the STUN, DTLS or RTCP that shares the port (RFC 7983, RFC 5761).
fn rtp(datagram: &[u8], cut: bool) -> Option<Packet<'_>> {
    if (192..=223).contains(datagram.get(1)?) {
        return None;
    }
    if cut { Packet::parse_cut(datagram).ok() } else { Packet::parse(datagram).ok() }
}

/// A sender that leaves segmentation to its kernel shows many packets as one datagram in a capture on its own machine.
/// They are of equal length but the last, so the second begins where the next number of the same SSRC stands.
fn segment_len(datagram: &[u8]) -> usize {
    let whole = datagram.len().max(1);
    let (true, Some(first)) = (whole > DATAGRAM_LEN_MAX, Packet::parse_cut(datagram).ok()) else {
        return whole;
    };
    let begins = |at: &usize| {
        let next = datagram.get(*at..).and_then(|rest| Packet::parse_cut(rest).ok());
        next.is_some_and(|next| next.header.ssrc == first.header.ssrc && next.header.seq == first.header.seq.next())
    };
    (12..DATAGRAM_LEN_MAX).find(begins).unwrap_or(whole)
}

/// Whether the numbers of a stream mostly follow each other: bytes that look like RTP by accident do not.
pub(super) fn is_plausible(packets: &[Captured<'_>]) -> bool {
    let near = packets.windows(2).filter(|pair| {
        let distance = pair[1].packet.header.seq.distance(pair[0].packet.header.seq);
        distance.unsigned_abs() <= 100
    });
    near.count() * 2 >= packets.len().saturating_sub(1)
}

/// The stream between the same addresses whose packets `repairs` carries again (RFC 4588): the original number in front
/// of the payload, the original timestamp in the header.
pub(super) fn repaired_by(streams: &Streams<'_>, repairs: &Key) -> Option<Key> {
    let sample: Vec<_> = streams[repairs].iter().filter_map(Repair::read).take(REPAIR_SAMPLE).collect();
    let siblings = streams.iter().filter(|(key, packets)| {
        **key != *repairs
            && key.source == repairs.source
            && key.destination == repairs.destination
            && packets.len() > streams[repairs].len() / 2
    });
    let mut best = None;
    for (key, packets) in siblings {
        let frames: HashMap<RtpTime, Seq> =
            packets.iter().map(|captured| (captured.packet.header.time, captured.packet.header.seq)).collect();
        let fits = |repair: &&Repair<'_>| {
            let of_frame = frames.get(&repair.time);
            of_frame.is_some_and(|seq| repair.seq.distance(*seq).unsigned_abs() <= REPAIR_DISTANCE_MAX)
        };
        let fitting = sample.iter().filter(fits).count();
        if fitting * 2 > sample.len() && best.is_none_or(|(most, _)| fitting > most) {
            best = Some((fitting, *key));
        }
    }
    best.map(|(_, key)| key)
}

/// A retransmitted packet.
#[derive(Debug, Clone, Copy)]
pub(super) struct Repair<'a> {
    pub at: Duration,
    pub seq: Seq,
    pub time: RtpTime,
    pub marker: bool,
    pub payload: &'a [u8],
}

impl<'a> Repair<'a> {
    pub fn read(captured: &Captured<'a>) -> Option<Repair<'a>> {
        let (seq, payload) = captured.packet.payload.split_first_chunk()?;
        let header = captured.packet.header;
        let seq = Seq(u16::from_be_bytes(*seq));
        Some(Repair { at: captured.at, seq, time: header.time, marker: header.marker, payload })
    }
}
