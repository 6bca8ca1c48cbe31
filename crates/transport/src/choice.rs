//! Which codecs exist for us, and whether a decoder that was offered can play a stream that exists.

use std::fmt;

use media::codec::{Codec, Kind};

/// A codec with the parameters that decide who can decode it: profile and packetization, as in an `a=fmtp` line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodecChoice {
    pub codec: Codec,
    pub fmtp: String,
}

/// For error messages.
pub(crate) fn supported(kind: Kind) -> &'static str {
    match kind {
        Kind::Audio => "opus/48000/2",
        Kind::Video => "VP8, VP9, H264, H265, AV1 (at 90000 Hz)",
    }
}

impl CodecChoice {
    /// Opus as every browser sends it.
    pub fn opus() -> CodecChoice {
        CodecChoice { codec: Codec::Opus, fmtp: "minptime=10;useinbandfec=1".to_owned() }
    }

    pub fn is_stereo(&self) -> bool {
        ["stereo", "sprop-stereo"].iter().any(|name| parameter(&self.fmtp, name) == Some("1"))
    }
}

impl fmt::Display for CodecChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fmtp = &self.fmtp;
        match self.codec {
            Codec::Vp8 => f.write_str("VP8"),
            Codec::Vp9 => write!(f, "VP9 profile {}", parameter(fmtp, "profile-id").unwrap_or("0")),
            Codec::H264 => match H264Profile::of(fmtp) {
                Some(profile) => write!(f, "H264 {}", profile.name()),
                None => write!(f, "H264 profile-level-id={}", parameter(fmtp, "profile-level-id").unwrap_or("?")),
            },
            Codec::H265 => write!(f, "H265 profile {}", parameter(fmtp, "profile-id").unwrap_or("1")),
            Codec::Av1 => write!(f, "AV1 profile {}", parameter(fmtp, "profile").unwrap_or("0")),
            Codec::Opus => f.write_str("opus"),
        }
    }
}

/// How far a decoder's profile is from a stream's: 0 is a perfect match, `None` means that it cannot be relied on to
/// play it. Levels are not compared: every browser offers 3.1 and decodes what its hardware can.
pub(crate) fn distance(source: &CodecChoice, decoder: &CodecChoice) -> Option<u32> {
    if source.codec != decoder.codec {
        return None;
    }
    let same = |name, default| {
        let of = |choice: &CodecChoice| parameter(&choice.fmtp, name).unwrap_or(default).to_owned();
        (of(source) == of(decoder)).then_some(0)
    };
    match source.codec {
        Codec::Vp8 | Codec::Opus => Some(0),
        Codec::Vp9 => same("profile-id", "0"),
        Codec::H265 => same("profile-id", "1"),
        Codec::Av1 => same("profile", "0"),
        Codec::H264 => {
            // Mode 0 knows no fragments; a stream in mode 1 has them.
            if is_single_nal(&decoder.fmtp) && !is_single_nal(&source.fmtp) {
                return None;
            }
            let (source, decoder) = (H264Profile::of(&source.fmtp)?, H264Profile::of(&decoder.fmtp)?);
            let order = source.played_by();
            order.iter().position(|profile| *profile == decoder).map(|at| at as u32)
        }
    }
}

pub(crate) fn is_single_nal(fmtp: &str) -> bool {
    matches!(parameter(fmtp, "packetization-mode").unwrap_or("0"), "0")
}

/// What an answer to a viewer says of a codec: the viewer's own parameters, and how the source sends, which a viewer can
/// not know. Of Opus: two channels, copies of lost packets inside later ones, and silence that is not sent (RFC 7587 §6.1).
pub(crate) fn answered(source: &CodecChoice, viewer: &str) -> String {
    let mut fmtp = viewer.to_owned();
    if source.codec != Codec::Opus {
        return fmtp;
    }
    let sends = |name: &str| match name {
        "sprop-stereo" => source.is_stereo(),
        _ => parameter(&source.fmtp, name) == Some("1"),
    };
    for name in ["stereo", "sprop-stereo", "useinbandfec", "usedtx"] {
        if sends(name) && parameter(viewer, name).is_none() {
            let between = if fmtp.is_empty() { "" } else { ";" };
            fmtp = format!("{fmtp}{between}{name}=1");
        }
    }
    fmtp
}

/// The value of one parameter of an `a=fmtp` line.
pub(crate) fn parameter<'a>(fmtp: &'a str, name: &str) -> Option<&'a str> {
    fmtp.split(';').find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

/// The profiles of RFC 6184 table 5 that occur between browsers and encoders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum H264Profile {
    ConstrainedBaseline,
    Baseline,
    Main,
    ConstrainedHigh,
    High,
}

impl H264Profile {
    fn of(fmtp: &str) -> Option<H264Profile> {
        // RFC 6184 §8.1: without the parameter it is Baseline, level 1.
        let id = parameter(fmtp, "profile-level-id").unwrap_or("42000a");
        let id = u32::from_str_radix(id, 16).ok().filter(|_| id.len() == 6)?;
        let (idc, constraints) = (id >> 16, id >> 8 & 0xff);
        let (set0, set1) = (constraints & 0x80 != 0, constraints & 0x40 != 0);
        match idc {
            0x42 if set1 => Some(H264Profile::ConstrainedBaseline),
            0x42 => Some(H264Profile::Baseline),
            0x4d if set0 => Some(H264Profile::ConstrainedBaseline),
            0x4d => Some(H264Profile::Main),
            0x64 if constraints & 0x0c == 0x0c => Some(H264Profile::ConstrainedHigh),
            0x64 => Some(H264Profile::High),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            H264Profile::ConstrainedBaseline => "constrained baseline",
            H264Profile::Baseline => "baseline",
            H264Profile::Main => "main",
            H264Profile::ConstrainedHigh => "constrained high",
            H264Profile::High => "high",
        }
    }

    /// Decoders that play a stream of this profile, the best first. Baseline's extra tools (FMO, ASO) are produced by
    /// nobody, so a constrained baseline decoder plays it; field coding, all that High has over constrained High apart
    /// from B frames, is not produced for WebRTC either.
    fn played_by(self) -> &'static [H264Profile] {
        use H264Profile::*;
        match self {
            ConstrainedBaseline => &[ConstrainedBaseline, Baseline, Main, ConstrainedHigh, High],
            Baseline => &[Baseline, ConstrainedBaseline, Main, ConstrainedHigh, High],
            Main => &[Main, High],
            ConstrainedHigh => &[ConstrainedHigh, High],
            High => &[High, ConstrainedHigh],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn h264(fmtp: &str) -> CodecChoice {
        CodecChoice { codec: Codec::H264, fmtp: fmtp.to_owned() }
    }

    #[test]
    fn an_h264_stream_goes_to_decoders_of_its_profile_or_a_larger_one() {
        let id = |id: &str| h264(&format!("packetization-mode=1;profile-level-id={id}"));
        assert_eq!(distance(&id("42e01f"), &id("42e028")), Some(0), "levels do not matter");
        assert_eq!(distance(&id("42e01f"), &id("42001f")), Some(1));
        assert!(distance(&id("42e01f"), &id("640032")).is_some());
        assert_eq!(distance(&id("640028"), &id("42e01f")), None);
        assert_eq!(distance(&id("4d001f"), &id("42e01f")), None);
        assert!(distance(&id("640028"), &id("640c1f")).is_some());
        assert_eq!(distance(&id("f4001f"), &id("f4001f")), None, "4:4:4 is not offered to anybody");
        assert_eq!(distance(&id("zzzzzz"), &id("42e01f")), None);
    }

    #[test]
    fn a_fragmented_h264_stream_does_not_go_to_a_single_nal_decoder() {
        let mode = |mode| h264(&format!("profile-level-id=42e01f;packetization-mode={mode}"));
        assert_eq!(distance(&mode(1), &mode(0)), None);
        assert_eq!(distance(&mode(0), &mode(1)), Some(0));
        assert_eq!(distance(&mode(0), &h264("profile-level-id=42e01f")), Some(0));
    }

    #[test]
    fn other_codecs_compare_their_profile() {
        let of = |codec, fmtp: &str| CodecChoice { codec, fmtp: fmtp.to_owned() };
        assert_eq!(distance(&of(Codec::Vp9, ""), &of(Codec::Vp9, "profile-id=0")), Some(0));
        assert_eq!(distance(&of(Codec::Vp9, "profile-id=2"), &of(Codec::Vp9, "profile-id=0")), None);
        assert_eq!(distance(&of(Codec::Vp8, ""), &of(Codec::Vp9, "")), None);
        assert_eq!(distance(&of(Codec::Av1, "level-idx=5"), &of(Codec::Av1, "profile=0;tier=0")), Some(0));
        assert_eq!(distance(&of(Codec::H265, ""), &of(Codec::H265, "profile-id=2")), None);
    }

    #[test]
    fn how_a_source_sends_opus_is_passed_on_to_its_viewers() {
        let source = |fmtp: &str| CodecChoice { codec: Codec::Opus, fmtp: fmtp.to_owned() };
        let plain = "minptime=10;useinbandfec=1";
        assert_eq!(answered(&CodecChoice::opus(), plain), plain);
        let all = source("minptime=10;stereo=1;useinbandfec=1;usedtx=1;maxaveragebitrate=9");
        assert_eq!(answered(&all, plain), format!("{plain};stereo=1;sprop-stereo=1;usedtx=1"));
        assert_eq!(answered(&all, ""), "stereo=1;sprop-stereo=1;useinbandfec=1;usedtx=1");
        let own = "stereo=0;sprop-stereo=0;useinbandfec=0;usedtx=0";
        assert_eq!(answered(&all, own), own, "what a viewer says itself stays");
        assert_eq!(answered(&source("usedtx=0;useinbandfec=2"), ""), "");
        assert_eq!(answered(&CodecChoice { codec: Codec::Vp8, fmtp: "usedtx=1".into() }, "max-fr=30"), "max-fr=30");
    }

    #[test]
    fn a_choice_is_named_so_that_a_person_can_act_on_it() {
        assert_eq!(h264("profile-level-id=640028").to_string(), "H264 high");
        assert_eq!(h264("profile-level-id=6e0028").to_string(), "H264 profile-level-id=6e0028");
        assert_eq!(CodecChoice::opus().to_string(), "opus");
        assert!(!CodecChoice::opus().is_stereo());
    }
}
