//! What the server's description says about the streams that it will send: which payload type is what, which extension
//! has which id, and what it wants to be told.

use media::codec::Codec;
use media::ext;

#[derive(Debug, Clone, Default)]
pub struct Terms {
    formats: Vec<Format>,
    extensions: ext::Map,
    transport_cc: bool,
    pli: bool,
    /// The streams that were named, each with its section.
    streams: Vec<(u32, String)>,
    /// Streams of repairs, each with the one that it repairs.
    repairs: Vec<(u32, u32)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Format {
    pub payload_type: u8,
    pub carries: Carries,
    /// Whether lost packets may be asked for.
    pub nack: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carries {
    Media(Codec),
    RepairsOf(Codec),
}

impl Terms {
    /// Payload types and extension ids mean one thing in a bundle, so sections need not be told apart.
    pub fn read(sdp: &str) -> Terms {
        let mut terms = Terms::default();
        let mut nacks = Vec::new();
        let mut repairs = Vec::new();
        let mut mid = "";
        for line in sdp.lines().map(str::trim_end) {
            let Some((name, value)) = line.strip_prefix("a=").and_then(|line| line.split_once(':')) else { continue };
            match name {
                "mid" => mid = value,
                "ssrc" => terms.name(value, mid),
                "ssrc-group" => terms.repairs.extend(repaired(value)),
                "rtpmap" => terms.formats.extend(format(value)),
                "fmtp" => repairs.extend(repair(value)),
                "rtcp-fb" => match value.split_once(' ') {
                    Some((_, "transport-cc")) => terms.transport_cc = true,
                    Some((_, "nack pli")) => terms.pli = true,
                    Some((payload_type, "nack")) => nacks.extend(payload_type.parse::<u8>().ok()),
                    _ => {}
                },
                "extmap" => {
                    if let Some((kind, id)) = extension(value) {
                        terms.extensions.set(kind, id);
                    }
                }
                _ => {}
            }
        }
        for format in &mut terms.formats {
            format.nack = nacks.contains(&format.payload_type);
        }
        for (payload_type, of) in repairs {
            if let Some(&Format { carries: Carries::Media(codec), .. }) = terms.format(of) {
                terms.formats.push(Format { payload_type, carries: Carries::RepairsOf(codec), nack: false });
            }
        }
        terms
    }

    pub fn format(&self, payload_type: u8) -> Option<&Format> {
        self.formats.iter().find(|format| format.payload_type == payload_type)
    }

    pub fn extensions(&self) -> &ext::Map {
        &self.extensions
    }

    /// The id of the transport-wide number, if feedback on it was agreed.
    pub fn transport_seq(&self) -> Option<u8> {
        self.extensions.id(ext::Kind::TransportSeq).filter(|_| self.transport_cc)
    }

    pub fn takes_pli(&self) -> bool {
        self.pli
    }

    /// The section of a stream, if the server named it.
    pub fn mid_of(&self, ssrc: u32) -> Option<&str> {
        self.streams.iter().find(|(named, _)| *named == ssrc).map(|(_, mid)| mid.as_str())
    }

    /// The stream that this one repairs. A server that does not say so has one stream of each codec.
    pub fn repaired_by(&self, ssrc: u32) -> Option<u32> {
        self.repairs.iter().find(|(repairs, _)| *repairs == ssrc).map(|(_, stream)| *stream)
    }

    fn name(&mut self, ssrc: &str, mid: &str) {
        let Some(ssrc) = ssrc.split(' ').next().and_then(|ssrc| ssrc.parse().ok()) else { return };
        if self.streams.len() < NAMED_MAX && self.mid_of(ssrc).is_none() {
            self.streams.push((ssrc, mid.to_owned()));
        }
    }
}

/// 66 sections, each with a stream and its repairs, is what a node of ours answers at most.
const NAMED_MAX: usize = 256;

/// `96 VP8/90000`, for the codecs that carry media.
fn format(rtpmap: &str) -> Option<Format> {
    let (payload_type, format) = rtpmap.split_once(' ')?;
    let name = format.split('/').next()?;
    let codec = Codec::ALL.into_iter().find(|codec| codec.name().eq_ignore_ascii_case(name))?;
    Some(Format { payload_type: payload_type.parse().ok()?, carries: Carries::Media(codec), nack: false })
}

/// `97 apt=96`.
fn repair(fmtp: &str) -> Option<(u8, u8)> {
    let (payload_type, parameters) = fmtp.split_once(' ')?;
    let of = parameters.split(';').find_map(|parameter| parameter.trim().strip_prefix("apt="))?;
    Some((payload_type.parse().ok()?, of.parse().ok()?))
}

/// `FID 7 8`: 8 repairs 7.
fn repaired(group: &str) -> Option<(u32, u32)> {
    let (stream, repairs) = group.strip_prefix("FID ")?.split_once(' ')?;
    Some((repairs.parse().ok()?, stream.parse().ok()?))
}

/// `3/sendonly urn:…`.
fn extension(extmap: &str) -> Option<(ext::Kind, u8)> {
    let (id, uri) = extmap.split_once(' ')?;
    let id = id.split('/').next()?.parse().ok()?;
    Some((ext::Kind::from_uri(uri.split(' ').next()?)?, id))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &str = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=rtpmap:111 opus/48000/2\r\n\
        a=rtcp-fb:111 transport-cc\r\nm=video 9 UDP/TLS/RTP/SAVPF 96 97\r\na=rtpmap:96 VP8/90000\r\n\
        a=rtcp-fb:96 nack\r\na=rtcp-fb:96 nack pli\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n\
        a=extmap:3/sendonly http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n";

    #[test]
    fn an_answer_says_what_comes_and_what_it_wants_to_hear() {
        let terms = Terms::read(ANSWER);
        let carried: Vec<_> = terms.formats.iter().map(|format| (format.payload_type, format.carries)).collect();
        let (opus, vp8) = (Carries::Media(Codec::Opus), Carries::Media(Codec::Vp8));
        assert_eq!(carried, [(111, opus), (96, vp8), (97, Carries::RepairsOf(Codec::Vp8))]);
        assert!(terms.format(96).unwrap().nack && !terms.format(111).unwrap().nack);
        assert_eq!((terms.transport_seq(), terms.takes_pli()), (Some(3), true));
    }

    #[test]
    fn each_stream_has_its_section_and_each_repair_its_stream() {
        let sections = "a=mid:a\r\na=ssrc:5 cname:x\r\na=mid:b\r\na=ssrc-group:FID 7 8\r\na=ssrc:7 cname:x\r\n\
            a=ssrc:8 cname:x\r\na=ssrc:7 msid:x y\r\na=ssrc:none\r\n";
        let terms = Terms::read(&[ANSWER, sections].concat());
        assert_eq!([5, 7, 8, 9].map(|ssrc| terms.mid_of(ssrc)), [Some("a"), Some("b"), Some("b"), None]);
        assert_eq!((terms.repaired_by(8), terms.repaired_by(7)), (Some(7), None));
    }

    #[test]
    fn what_was_not_agreed_is_not_given() {
        let terms = Terms::read(&ANSWER.replace("transport-cc", "goog-remb").replace("nack", "nothing"));
        assert_eq!((terms.transport_seq(), terms.takes_pli(), terms.format(96).unwrap().nack), (None, false, false));
    }
}
