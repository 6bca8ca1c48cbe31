//! What a payload means to a decoder, per codec.
//!
//! [`facts`] is called once per received packet: it looks at descriptors and unit headers, never decodes, never
//! allocates, never panics, and answers "no" to everything it cannot read. Where a dependency descriptor came with the
//! packet its word counts, because it is there for payloads that cannot be read (encrypted end to end) and for AV1.

pub mod av1;
pub mod h264;
pub mod h265;
pub mod opus;
pub mod sets;
pub(crate) mod sps;
pub mod vp8;
pub mod vp9;

use crate::dd;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    Audio,
    Video,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Codec {
    Vp8,
    Vp9,
    H264,
    H265,
    Av1,
    Opus,
}

impl Codec {
    pub const ALL: [Codec; 6] = [Codec::Vp8, Codec::Vp9, Codec::H264, Codec::H265, Codec::Av1, Codec::Opus];

    pub fn kind(self) -> Kind {
        match self {
            Codec::Opus => Kind::Audio,
            _ => Kind::Video,
        }
    }

    /// Ticks per second of its RTP timestamps.
    pub fn clock_rate(self) -> u32 {
        match self.kind() {
            Kind::Audio => 48_000,
            Kind::Video => 90_000,
        }
    }

    pub fn mime(self) -> &'static str {
        match self {
            Codec::Vp8 => "video/VP8",
            Codec::Vp9 => "video/VP9",
            Codec::H264 => "video/H264",
            Codec::H265 => "video/H265",
            Codec::Av1 => "video/AV1",
            Codec::Opus => "audio/opus",
        }
    }

    /// By media type, in any case: they are case-insensitive (RFC 6838 §4.2) and browsers differ.
    pub fn from_mime(mime: &str) -> Option<Codec> {
        Codec::ALL.into_iter().find(|codec| codec.mime().eq_ignore_ascii_case(mime))
    }

    /// The name in `a=rtpmap`: the media type without its kind.
    pub fn name(self) -> &'static str {
        let mime = self.mime();
        mime.split_once('/').map_or(mime, |(_, name)| name)
    }
}

impl std::fmt::Display for Codec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// What one packet means. The default is "knows nothing".
///
/// VP9, and any codec with a dependency descriptor, packs several layer frames of one timestamp into a picture: `frame_*`
/// speak of the layer frame, the RTP marker of the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Facts {
    /// A decoder that knows nothing can begin with this packet. Set on the packet that begins the key frame, not on the
    /// rest of it; H.264 and H.265 may say so several times per picture (parameter sets, then the picture itself): the
    /// first of one timestamp is the beginning. Every Opus packet is one.
    pub keyframe: bool,
    /// First packet of a frame. H.264 and H.265 have no such mark, so there it means "nothing here says otherwise".
    pub frame_start: bool,
    pub frame_end: bool,
    pub spatial: u8,
    pub temporal: u8,
    /// A viewer of lower layers may begin to decode this layer here.
    pub switch_point: bool,
    pub picture_id: Option<PictureId>,
    /// Running index of base temporal layer pictures.
    pub tl0: Option<u8>,
    /// VP8's temporal key frame index.
    pub keyidx: Option<u8>,
    /// No other frame needs this one.
    pub discardable: bool,
    /// Carries (some of) SPS, PPS, VPS or an AV1 sequence header.
    pub parameter_sets: bool,
    /// Predicted from a lower spatial layer of the same picture.
    pub inter_layer: bool,
    /// From here on no picture of a higher temporal layer refers to one before this of a layer above this one's: VP9's U
    /// as its RFC defines it. Whoever gets this picture may go up to any temporal layer.
    pub frees_above: bool,
}

/// A VP8 or VP9 picture id and its field width.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PictureId {
    /// 0..128
    Bits7(u8),
    /// 0..32,768
    Bits15(u16),
}

impl PictureId {
    pub fn value(self) -> u16 {
        match self {
            PictureId::Bits7(id) => u16::from(id),
            PictureId::Bits15(id) => id,
        }
    }

    /// The id `n` pictures later, in the same width.
    pub fn plus(self, n: u16) -> PictureId {
        match self {
            PictureId::Bits7(id) => PictureId::Bits7(id.wrapping_add(n as u8) & 0x7f),
            PictureId::Bits15(id) => PictureId::Bits15(id.wrapping_add(n) & 0x7fff),
        }
    }

    /// How many pictures ahead of `other` this is, on a circle of this width.
    pub fn ahead_of(self, other: PictureId) -> u16 {
        let mask = match self {
            PictureId::Bits7(_) => 0x7f,
            PictureId::Bits15(_) => 0x7fff,
        };
        self.value().wrapping_sub(other.value()) & mask
    }

    pub fn same_width(self, other: PictureId) -> bool {
        std::mem::discriminant(&self) == std::mem::discriminant(&other)
    }
}

/// Lines of the picture, where a packet says: VP8 with a keyframe, H.264 of the baseline profile with its parameter sets.
pub fn height(codec: Codec, payload: &[u8]) -> Option<u32> {
    match codec {
        Codec::Vp8 => vp8::resolution(vp8::Descriptor::parse(payload)?.1).map(|(_, height)| height.into()),
        Codec::H264 => {
            let mut height = None;
            sets::each(codec, payload, |name, unit| {
                if name.kind == sets::H264_SPS {
                    height = sps::Sps::parse(unit).map(|sps| sps.height);
                }
            });
            height
        }
        _ => None,
    }
}

/// What a packet means. `marker` is its RTP marker bit, `dd` its dependency descriptor read through the stream's
/// [`dd::Parser`].
pub fn facts(codec: Codec, payload: &[u8], marker: bool, dd: Option<&dd::Descriptor>) -> Facts {
    let said = match codec {
        Codec::Vp8 => vp8::facts(payload, marker),
        Codec::Vp9 => vp9::facts(payload),
        Codec::H264 => h264::facts(payload, marker),
        Codec::H265 => h265::facts(payload, marker),
        Codec::Av1 => av1::facts(payload, marker),
        Codec::Opus => opus::facts(payload),
    };
    match dd {
        Some(dd) => dd.overrule(said),
        None => said,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn codecs_are_found_by_media_type_in_any_case() {
        for codec in Codec::ALL {
            assert_eq!(Codec::from_mime(codec.mime()), Some(codec));
            assert_eq!(Codec::from_mime(&codec.mime().to_lowercase()), Some(codec));
        }
        assert_eq!(Codec::from_mime("video/rtx"), None);
        assert_eq!((Codec::H264.name(), Codec::Opus.name()), ("H264", "opus"));
    }

    #[test]
    fn picture_ids_wrap_in_their_width() {
        assert_eq!(PictureId::Bits7(127).plus(1), PictureId::Bits7(0));
        assert_eq!(PictureId::Bits15(0x7fff).plus(2), PictureId::Bits15(1));
        assert_eq!(PictureId::Bits15(1).ahead_of(PictureId::Bits15(0x7fff)), 2);
        assert_eq!(PictureId::Bits7(1).ahead_of(PictureId::Bits7(2)), 127);
    }

    #[test]
    fn key_frames_say_how_large_the_picture_is() {
        let clip = crate::clip::Clip::builtin();
        for codec in [Codec::Vp8, Codec::H264] {
            let said = |n: u64| {
                let payloads = &clip.frame(codec, n).expect("it is in this codec").payloads;
                payloads.iter().find_map(|payload| height(codec, payload))
            };
            assert_eq!((said(0), said(1)), (Some(360), None), "{codec}");
        }
        assert_eq!(height(Codec::Vp9, &[0x8f; 40]), None);
    }

    #[test]
    fn an_empty_payload_says_nothing() {
        for codec in Codec::ALL {
            assert_eq!(facts(codec, &[], false, None), Facts::default(), "{codec}");
        }
    }

    proptest! {
        #[test]
        fn no_payload_makes_a_reader_panic(payload in proptest::collection::vec(any::<u8>(), 0..60), marker in any::<bool>()) {
            for codec in Codec::ALL {
                facts(codec, &payload, marker, None);
                height(codec, &payload);
            }
        }
    }
}
