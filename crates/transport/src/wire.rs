//! The seam to str0m: how its sessions are configured, and the few conversions between its names and ours. A new str0m
//! release should only ever need this file, `peer` and `client`.

use media::codec::{Codec, Kind};
use media::ext;
use str0m::RtcConfig;
use str0m::media::MediaKind;
use str0m::rtp::{Extension, ExtensionSerializer, ExtensionValues};

use crate::{Creds, Identity};

/// What client and server have in common.
pub(crate) fn config(identity: &Identity) -> RtcConfig {
    RtcConfig::new()
        .set_rtp_mode(true)
        .set_crypto_provider(identity.provider())
        .set_dtls_cert(identity.certificate())
        .clear_codecs()
        .clear_extension_map()
}

pub(crate) fn ice_creds(creds: &Creds) -> str0m::IceCreds {
    str0m::IceCreds { ufrag: creds.ufrag.clone(), pass: creds.pwd.clone() }
}

pub(crate) fn media_kind(kind: Kind) -> MediaKind {
    match kind {
        Kind::Audio => MediaKind::Audio,
        Kind::Video => MediaKind::Video,
    }
}

pub(crate) fn codec(codec: Codec) -> str0m::format::Codec {
    use str0m::format::Codec as Theirs;
    match codec {
        Codec::Vp8 => Theirs::Vp8,
        Codec::Vp9 => Theirs::Vp9,
        Codec::H264 => Theirs::H264,
        Codec::H265 => Theirs::H265,
        Codec::Av1 => Theirs::Av1,
        Codec::Opus => Theirs::Opus,
    }
}

/// `None` for the extensions that str0m has no business with.
pub(crate) fn extension(kind: ext::Kind) -> Option<Extension> {
    Some(match kind {
        ext::Kind::Mid => Extension::RtpMid,
        ext::Kind::Rid => Extension::RtpStreamId,
        ext::Kind::RepairedRid => Extension::RepairedRtpStreamId,
        ext::Kind::AbsSendTime => Extension::AbsoluteSendTime,
        ext::Kind::TransportSeq => Extension::TransportSequenceNumber,
        ext::Kind::AudioLevel => Extension::AudioLevel,
        ext::Kind::Orientation => Extension::VideoOrientation,
        ext::Kind::PlayoutDelay => Extension::PlayoutDelay,
        ext::Kind::DependencyDescriptor => Extension::with_serializer(kind.uri(), DescriptorBytes),
        _ => return None,
    })
}

/// The dependency descriptor of a packet as it was received. Its meaning depends on earlier packets and is `media`'s.
pub(crate) struct Descriptor(pub(crate) Box<[u8]>);

/// Lets the descriptor's bytes through str0m, which has no idea of it.
#[derive(Debug)]
struct DescriptorBytes;

impl ExtensionSerializer for DescriptorBytes {
    fn write_to(&self, buf: &mut [u8], values: &ExtensionValues) -> usize {
        let Some(Descriptor(bytes)) = values.user_values.get() else {
            return 0;
        };
        let Some(out) = buf.get_mut(..bytes.len()).filter(|_| bytes.len() <= 255) else {
            return 0;
        };
        out.copy_from_slice(bytes);
        bytes.len()
    }

    fn parse_value(&self, buf: &[u8], values: &mut ExtensionValues) -> bool {
        values.user_values.set(Descriptor(buf.into()));
        true
    }

    fn is_video(&self) -> bool {
        true
    }

    fn is_audio(&self) -> bool {
        false
    }

    fn requires_two_byte_form(&self, values: &ExtensionValues) -> bool {
        values.user_values.get().is_some_and(|Descriptor(bytes)| bytes.len() > 16)
    }
}
