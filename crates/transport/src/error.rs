//! What can be wrong with an offer, a fragment or a session request. Each message says what the sender can do.

use media::codec::Kind;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("the SDP is {len} bytes long; send at most {max}")]
    TooLong { len: usize, max: usize },
    #[error("the SDP has more than {max} {what}; offer fewer")]
    TooMany { what: &'static str, max: usize },
    #[error("line {line} of the SDP: {problem}")]
    Malformed { line: usize, problem: &'static str },
    #[error("the SDP lacks {what}; a WebRTC offer has it")]
    Missing { what: &'static str },
    #[error("media section {mid}: {problem}")]
    Section { mid: String, problem: &'static str },
    #[error("media section {mid} is {found}; a {who} offers {want}")]
    Direction { mid: String, found: &'static str, who: &'static str, want: &'static str },
    #[error("the offer has more than {most} {kind} section(s); a publisher sends one audio and one video track at most, a viewer \
             takes up to {pictures} pictures and {voices} voices", kind = kind_name(*kind),
             pictures = crate::offer::PICTURES_MAX, voices = crate::offer::VOICES_MAX)]
    TooManyTracks { kind: Kind, most: usize },
    #[error("the offer has no audio and no video section; offer at least one")]
    NoTrack,
    #[error("{kind} section offers {offered}; offer one of {supported}", kind = kind_name(*kind))]
    NoUsableCodec { kind: Kind, offered: String, supported: &'static str },
    #[error("the {kind} of this room is {source_codec}; the offer can play {offered}", kind = kind_name(*kind))]
    CodecMismatch { kind: Kind, offered: String, source_codec: String },
    #[error("the room has nothing that this offer could receive; offer the kind of media that is published")]
    NothingToSend,
    #[error("both ends are ICE-lite; one has to send the connectivity checks")]
    BothIceLite,
    #[error("none of the server's addresses can be offered as a candidate")]
    NoCandidate,
    #[error("{0}")]
    Identity(String),
    #[error("the session is over")]
    Closed,
    #[error("the answer cannot be used: {0}")]
    Answer(String),
}

impl Error {
    /// The text could not be read at all (HTTP 400, or 413 for the length), as opposed to being read and not wanted (422).
    pub fn is_syntax(&self) -> bool {
        matches!(self, Error::TooLong { .. } | Error::TooMany { .. } | Error::Malformed { .. } | Error::Missing { .. })
    }
}

fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Audio => "audio",
        Kind::Video => "video",
    }
}
