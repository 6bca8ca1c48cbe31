//! RTP header extensions (RFC 8285): which exist, which id a peer gave to each, and how they are read and written.
//!
//! The bytes in a packet carry ids; [`Map`] holds what a peer negotiated for them, [`Values`] is a block read through a
//! map, [`Writer`] collects elements and picks the one- or two-byte form.

mod block;
pub mod layers;
mod values;
mod writer;

pub use block::{Block, Elements, Form};
pub use values::{AudioLevel, PlayoutDelay, Values};
pub use writer::Writer;

/// The header extensions we understand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    Mid,
    Rid,
    RepairedRid,
    AbsSendTime,
    TransportSeq,
    AudioLevel,
    DependencyDescriptor,
    LayersAllocation,
    PlayoutDelay,
    Orientation,
}

impl Kind {
    pub const ALL: [Kind; 10] = [
        Kind::Mid,
        Kind::Rid,
        Kind::RepairedRid,
        Kind::AbsSendTime,
        Kind::TransportSeq,
        Kind::AudioLevel,
        Kind::DependencyDescriptor,
        Kind::LayersAllocation,
        Kind::PlayoutDelay,
        Kind::Orientation,
    ];

    /// The name it is negotiated by in SDP.
    pub fn uri(self) -> &'static str {
        match self {
            Kind::Mid => "urn:ietf:params:rtp-hdrext:sdes:mid",
            Kind::Rid => "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
            Kind::RepairedRid => "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
            Kind::AbsSendTime => "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
            Kind::TransportSeq => "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
            Kind::AudioLevel => "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
            Kind::DependencyDescriptor => {
                "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension"
            }
            Kind::LayersAllocation => "http://www.webrtc.org/experiments/rtp-hdrext/video-layers-allocation00",
            Kind::PlayoutDelay => "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay",
            Kind::Orientation => "urn:3gpp:video-orientation",
        }
    }

    pub fn from_uri(uri: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.uri() == uri)
    }
}

/// Which id stands for which extension on one peer connection. Ids are 1..=255; 15 is usable in two-byte form only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Map {
    /// Id per kind, 0 for none.
    ids: [u8; Kind::ALL.len()],
}

impl Map {
    pub fn new() -> Map {
        Map::default()
    }

    /// Binds `id` to `kind` and frees whatever either was bound to. Id 0 is padding and binds nothing.
    pub fn set(&mut self, kind: Kind, id: u8) {
        self.ids.iter_mut().filter(|bound| **bound == id).for_each(|bound| *bound = 0);
        self.ids[kind as usize] = id;
    }

    pub fn with(mut self, kind: Kind, id: u8) -> Map {
        self.set(kind, id);
        self
    }

    pub fn id(&self, kind: Kind) -> Option<u8> {
        let id = self.ids[kind as usize];
        (id != 0).then_some(id)
    }

    pub fn kind(&self, id: u8) -> Option<Kind> {
        if id == 0 {
            return None;
        }
        self.ids.iter().position(|bound| *bound == id).map(|i| Kind::ALL[i])
    }

    /// The bound pairs, in the order of [`Kind::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = (u8, Kind)> + '_ {
        Kind::ALL.into_iter().filter_map(|kind| Some((self.id(kind)?, kind)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_extension_is_found_by_its_uri() {
        for (i, kind) in Kind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, i, "Kind::ALL is in declaration order");
            assert_eq!(Kind::from_uri(kind.uri()), Some(kind));
        }
        assert_eq!(Kind::from_uri("urn:example:none"), None);
    }

    #[test]
    fn an_id_means_one_extension_at_a_time() {
        let mut map = Map::new().with(Kind::Mid, 3).with(Kind::AudioLevel, 200);
        assert_eq!((map.kind(3), map.kind(200), map.kind(0)), (Some(Kind::Mid), Some(Kind::AudioLevel), None));
        map.set(Kind::Rid, 3);
        assert_eq!((map.kind(3), map.id(Kind::Mid)), (Some(Kind::Rid), None));
        map.set(Kind::Rid, 4);
        assert_eq!((map.kind(3), map.kind(4)), (None, Some(Kind::Rid)));
        assert_eq!(map.iter().collect::<Vec<_>>(), [(4, Kind::Rid), (200, Kind::AudioLevel)]);
    }
}
