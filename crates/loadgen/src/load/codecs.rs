//! How the codecs are offered: the parameters that browsers and encoders agree on.

use media::codec::Codec;
use transport::CodecChoice;

pub fn choice(codec: Codec) -> CodecChoice {
    let fmtp = match codec {
        Codec::Vp8 => "",
        Codec::Vp9 => "profile-id=0",
        // Constrained baseline 3.1, which everybody decodes, in fragments.
        Codec::H264 => "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
        Codec::H265 => "level-id=93;profile-id=1;tier-flag=0;tx-mode=SRST",
        Codec::Av1 => "level-idx=5;profile=0;tier=0",
        Codec::Opus => "minptime=10;useinbandfec=1",
    };
    CodecChoice { codec, fmtp: fmtp.to_owned() }
}

/// What a viewer says it can play: what a browser would say.
pub fn playable() -> Vec<CodecChoice> {
    [Codec::Vp8, Codec::H264, Codec::Vp9, Codec::Av1].map(choice).into()
}
