//! The numbers of pictures in a payload: the viewer's, and the publisher's again.

use media::codec::{Codec, PictureId, vp8, vp9};

use crate::ring::Packet;
use crate::splice::Mapped;

/// Puts the publisher's own picture numbers back: another worker goes by them.
pub fn restore_numbers(codec: Codec, packet: &mut Packet) {
    let facts = packet.facts;
    let mapped = Mapped {
        seq: packet.seq,
        time: packet.time,
        picture_id: facts.picture_id.map(PictureId::value),
        tl0: facts.tl0.unwrap_or(0),
        keyidx: facts.keyidx.unwrap_or(0),
        frame: 0,
    };
    rewrite_payload(codec, packet.payload_mut(), &mapped);
}

/// Picture numbering lives in the payload descriptor of VP8 and VP9; only those header bytes change.
pub(super) fn rewrite_payload(codec: Codec, payload: &mut [u8], mapped: &Mapped) {
    let Mapped { tl0, keyidx, .. } = *mapped;
    match (codec, mapped.picture_id) {
        (Codec::Vp8, Some(picture_id)) => vp8::rewrite(payload, vp8::Numbers { picture_id, tl0, keyidx }),
        (Codec::Vp9, Some(picture_id)) => vp9::rewrite(payload, vp9::Numbers { picture_id, tl0 }),
        _ => false,
    };
}
