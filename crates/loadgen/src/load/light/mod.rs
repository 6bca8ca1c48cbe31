//! A light viewer's shortcut: media is opened here with the session's keys instead of by str0m, which costs a fifth.
//! It then reports nothing back to the server and asks for no repairs, so it is for a wire that does not lose.

use media::codec::Codec;
use media::packet::Packet;
use media::{Kind, ext};
use transport::srtp::{Keys, Opener};

use super::track::Seen;

pub struct Light {
    opener: Opener,
    formats: Vec<(u8, Codec)>,
    descriptor: Option<u8>,
    clear: Vec<u8>,
}

impl Light {
    /// What payload types and extensions mean is read from the answer.
    pub fn new(keys: &Keys, answer: &str) -> Light {
        let descriptor = answer.lines().filter_map(|line| line.strip_prefix("a=extmap:")).find_map(|line| {
            let (id, uri) = line.split_once(' ')?;
            let id = id.split('/').next()?.parse().ok()?;
            (ext::Kind::from_uri(uri.trim()) == Some(ext::Kind::DependencyDescriptor)).then_some(id)
        });
        Light { opener: Opener::new(keys), formats: formats(answer), descriptor, clear: Vec::new() }
    }

    /// The packet inside, unless it is a retransmission, padding or nothing that the keys open.
    pub fn open(&mut self, datagram: &[u8]) -> Option<Seen<'_>> {
        let opened = self.opener.open_rtp(datagram, &mut self.clear).ok()?;
        let packet = Packet::parse(&self.clear[..opened.len]).ok().filter(|packet| !packet.payload.is_empty())?;
        let payload_type = packet.header.payload_type;
        let &(_, codec) = self.formats.iter().find(|(known, _)| *known == payload_type)?;
        let descriptor = self.descriptor.filter(|_| codec.kind() == Kind::Video);
        Some(Seen {
            codec,
            seq: opened.index,
            time: packet.header.time.0,
            marker: packet.header.marker,
            payload: packet.payload,
            dd: descriptor.and_then(|id| packet.extension?.find(id)),
        })
    }
}

/// `a=rtpmap:96 VP8/90000`, for the codecs that carry media.
fn formats(answer: &str) -> Vec<(u8, Codec)> {
    let line = |line: &str| {
        let (payload_type, format) = line.strip_prefix("a=rtpmap:")?.split_once(' ')?;
        let name = format.split('/').next()?;
        let codec = Codec::ALL.into_iter().find(|codec| codec.name().eq_ignore_ascii_case(name))?;
        Some((payload_type.parse().ok()?, codec))
    };
    answer.lines().filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_says_which_payload_type_is_which_codec() {
        let answer = "v=0\r\na=rtpmap:111 opus/48000/2\r\na=rtpmap:96 VP8/90000\r\na=rtpmap:97 rtx/90000\r\n";
        assert_eq!(formats(answer), [(111, Codec::Opus), (96, Codec::Vp8)]);
    }
}
