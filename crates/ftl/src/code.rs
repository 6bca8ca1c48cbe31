//! Response codes: three digits at the beginning of a line, and the only thing of it that clients read.

/// What we answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    Ok,
    Pong,
    /// A line out of place, too long, or not of this protocol.
    BadRequest,
    /// No such channel, or an address that has tried too many wrong keys.
    Unauthorized,
    /// A protocol older than 0.9.
    OldVersion,
    /// Another session from this address already sends with this SSRC.
    AudioSsrcTaken,
    VideoSsrcTaken,
    WrongKey,
    /// The channel has a session, or somebody is already publishing in its room.
    ChannelInUse,
    NoMedia,
    /// We ended the session: shutting down, or another publisher took the room over.
    Terminated,
    /// It is not the client's fault: no session is free.
    ServerError,
}

impl Code {
    pub fn number(self) -> u16 {
        match self {
            Code::Ok => 200,
            Code::Pong => 201,
            Code::BadRequest => 400,
            Code::Unauthorized => 401,
            Code::OldVersion => 402,
            Code::AudioSsrcTaken => 403,
            Code::VideoSsrcTaken => 404,
            Code::WrongKey => 405,
            Code::ChannelInUse => 406,
            Code::NoMedia => 408,
            Code::Terminated => 410,
            Code::ServerError => 500,
        }
    }

    /// As it goes over the line. Clients read the digits; the words are for people with a packet dump.
    pub fn line(self) -> String {
        match self {
            Code::Ok | Code::Pong => format!("{}\n", self.number()),
            _ => format!("{} {}\n", self.number(), words(self.number())),
        }
    }
}

/// What a code means, for the user of a client. Some we never send: no country and no game is blocked here, and what begins
/// with 9 a client tells itself.
pub fn words(number: u16) -> &'static str {
    match number {
        200 => "all is well",
        201 => "still here",
        400 => "the request was not understood",
        401 => "this channel may not stream here, or too many wrong keys came from this address",
        402 => "the protocol version is too old",
        403 => "the audio SSRC is already used from this address",
        404 => "the video SSRC is already used from this address",
        405 => "the stream key is wrong",
        406 => "somebody is already streaming on this channel",
        407 => "streaming from this region is not allowed",
        408 => "no media arrived; is UDP blocked on the way",
        409 => "this game may not be streamed",
        410 => "the server ended the stream",
        500 => "the server cannot take the stream now",
        900..=999 => "the client has a problem of its own",
        _ => "an answer that nobody knows",
    }
}
