//! The media sections of a publisher: what str0m calls them, what we call them, and which packets are whose.

use media::codec::Codec;
use media::ext::{self, Map, Values};
use media::packet::Packet;
use media::red;
use str0m::Rtc;
use str0m::media::Rid as TheirRid;
use str0m::rtp::{RtpPacket, Ssrc};

use crate::answer::RecvTrack;
use crate::label::{Mid, Rid};
use crate::wire::Descriptor;

use crate::peer::Received;

/// SSRCs whose stream is remembered; beyond it str0m is asked again.
const CACHED_MAX: usize = 64;

#[derive(Debug, Default)]
pub(crate) struct Sections {
    extensions: Map,
    tracks: Vec<Track>,
    cache: Vec<(u32, usize, Option<Rid>)>,
}

#[derive(Debug)]
pub(crate) struct Track {
    pub(crate) mid: Mid,
    pub(crate) rids: Vec<Rid>,
    /// Media payload types, and the retransmission type of each.
    pub(crate) formats: Vec<(u8, Codec, Option<u8>)>,
    /// The payload type of Opus with redundancy, and of Opus.
    pub(crate) red: Option<(u8, u8)>,
}

impl Sections {
    /// Header extensions mean the same in all sections of a bundle.
    pub(crate) fn with_extensions(extensions: Map) -> Sections {
        Sections { extensions, ..Sections::default() }
    }

    /// The id of the transport-wide sequence number.
    pub(crate) fn transport_id(&self) -> Option<u8> {
        self.extensions.id(ext::Kind::TransportSeq)
    }

    pub(crate) fn push(&mut self, track: &RecvTrack, rtx: impl Fn(u8) -> Option<u8>) {
        let formats = track.codecs.iter().map(|(pt, choice)| (*pt, choice.codec, rtx(*pt)));
        self.tracks.push(Track {
            mid: track.mid,
            rids: track.rids.clone(),
            formats: formats.chain(track.red.map(|(pt, _)| (pt, Codec::Opus, None))).collect(),
            red: track.red,
        });
    }

    /// Binds the SSRC of an authentic packet by its payload type, which in a bundle belongs to one section, when neither
    /// the offer named the SSRC nor the packet its section: some encoders do neither.
    pub(crate) fn declare(&mut self, rtc: &mut Rtc, packet: &[u8]) {
        let Ok(packet) = Packet::parse(packet) else {
            return;
        };
        let (ssrc, pt) = (Ssrc::from(packet.header.ssrc), packet.header.payload_type);
        let names_its_section =
            packet.extension.is_some_and(|block| Values::read(block, &self.extensions).mid.is_some());
        let mut api = rtc.direct_api();
        if names_its_section || *ssrc == 0 || api.stream_rx(&ssrc).is_some() {
            return;
        }
        for track in self.tracks.iter().filter(|track| track.rids.is_empty()) {
            let mid = track.mid.as_str().into();
            let existing = api.stream_rx_by_mid(mid, None).map(|stream| (stream.ssrc(), stream.rtx()));
            for &(media_pt, _, rtx) in &track.formats {
                match existing {
                    None if media_pt == pt => {
                        let stream = api.expect_stream_rx(ssrc, None, mid, None);
                        stream.suppress_nack(rtx.is_none());
                        return;
                    }
                    Some((media, None)) if rtx == Some(pt) => {
                        api.expect_stream_rx(media, Some(ssrc), mid, None);
                        return;
                    }
                    _ => {}
                }
            }
        }
    }

    pub(crate) fn received(&mut self, rtc: &mut Rtc, packet: RtpPacket) -> Option<Received> {
        let header = &packet.header;
        // An index has 48 bits (RFC 3711 §3.3.1). The number inside a repair is the publisher's word alone, and str0m
        // extends one from before the beginning to almost 2^64.
        if *packet.seq_no >> 48 != 0 {
            return None;
        }
        let (at, rid) = self.stream(rtc, *header.ssrc)?;
        let track = &self.tracks[at];
        let pt = *header.payload_type;
        let (_, codec, _) = track.formats.iter().find(|(known, _, _)| *known == pt)?;
        let (pt, payload, red) = match track.red {
            Some((red, opus)) if red == pt && !packet.payload.is_empty() => {
                let primary = red::primary_at(&packet.payload)?;
                (opus, packet.payload[primary..].into(), Some(packet.payload))
            }
            _ => (pt, packet.payload, None),
        };
        let values = &header.ext_vals;
        let level = |level: i8| level.unsigned_abs() & 0x7f;
        Some(Received {
            mid: track.mid,
            rid,
            codec: *codec,
            pt,
            ssrc: *header.ssrc,
            seq: *packet.seq_no,
            time: header.timestamp,
            marker: header.marker,
            audio_level: values.audio_level.map(|dbov| (level(dbov), values.voice_activity.unwrap_or(false))),
            dd: values.user_values.get().map(|Descriptor(bytes)| bytes.clone()),
            orientation: values.video_orientation.map(|orientation| orientation as u8),
            arrival: packet.timestamp,
            payload,
            red,
        })
    }

    /// The track and layer of an SSRC whose packets have arrived.
    pub(crate) fn name(&mut self, rtc: &mut Rtc, ssrc: u32) -> Option<(Mid, Option<Rid>)> {
        let (at, rid) = self.stream(rtc, ssrc)?;
        Some((self.tracks[at].mid, rid))
    }

    /// Which track and layer an SSRC belongs to.
    fn stream(&mut self, rtc: &mut Rtc, ssrc: u32) -> Option<(usize, Option<Rid>)> {
        if let Some((_, at, rid)) = self.cache.iter().find(|(known, _, _)| *known == ssrc) {
            return Some((*at, *rid));
        }
        let mut api = rtc.direct_api();
        let stream = api.stream_rx(&ssrc.into())?;
        let (mid, rid) = (stream.mid(), stream.rid());
        let at = self.tracks.iter().position(|track| *track.mid.as_str() == *mid)?;
        let rid = rid.and_then(|rid| self.tracks[at].rid(rid));
        if self.cache.len() == CACHED_MAX {
            self.cache.clear();
        }
        self.cache.push((ssrc, at, rid));
        Some((at, rid))
    }
}

impl Track {
    fn rid(&self, theirs: TheirRid) -> Option<Rid> {
        self.rids.iter().copied().find(|rid| rid.as_str() == &*theirs)
    }
}
