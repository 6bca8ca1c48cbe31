//! What to load a server with.

use std::path::PathBuf;
use std::time::Duration;

use media::codec::Codec;

use crate::udp::Coalesce;
use dial::Url;

#[derive(Debug, Clone)]
pub struct Options {
    /// `/whip/ROOM` and `/whep/ROOM` are appended to it; of a Janus, its REST API.
    pub url: Url,
    pub server: Server,
    /// The first publisher's room; further ones get `ROOM-2`, `ROOM-3`…, and viewers are dealt out in turn.
    pub room: String,
    /// With none, viewers watch what somebody else publishes, and only their checkers judge.
    pub publishers: u32,
    pub viewers: u32,
    /// How long everybody watches, after the last viewer has joined.
    pub duration: Duration,
    pub codec: Codec,
    pub video_kbps: u32,
    pub video_fps: u32,
    /// Frames from one keyframe to the next, when nobody asks for one.
    pub keyframe_interval: u32,
    /// Whether a publisher makes a keyframe when it is asked for one.
    pub keyframes_on_request: bool,
    /// How long publishers send before the first viewer comes: it decides how far from a keyframe viewers join.
    pub lead: Duration,
    pub audio: bool,
    /// Publishers fall silent before the first viewer comes, so that the server's work is joins alone.
    pub silent: bool,
    pub token: Option<String>,
    /// Viewers that start to join per second.
    pub joins_per_second: u32,
    /// How long a session may take to connect, and a viewer to its first picture.
    pub patience: Duration,
    /// Between the last first picture and the beginning of what is measured.
    pub settle: Duration,
    /// How long after the last packet was sent one that is late may still come.
    pub drain: Duration,
    /// The server's process on this machine, to measure what it costs.
    pub server_pid: Option<u32>,
    /// Threads for viewers.
    pub threads: usize,
    pub coalesce: Coalesce,
    pub weight: Weight,
    /// Where to leave what each viewer gets of H.264, as `viewer-N.h264`.
    pub record: Option<PathBuf>,
    /// Rooms that every viewer is moved to in turn, while everybody watches.
    pub switch: Vec<String>,
    pub switch_every: Duration,
}

/// What kind of server it is: how participants come to a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Server {
    /// WHIP and WHEP.
    Whip,
    /// The VideoRoom of a Janus, over its REST API.
    Janus,
}

/// How much of a real viewer a viewer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// All of it is str0m's, which knows nothing of our server's parts: an independent opinion.
    Full,
    /// Media and reports are handled here with our own parts, see `light`: nearly twice as many fit on a core, and the
    /// server is told the same.
    Light,
}

impl Options {
    pub fn new(url: Url, room: &str) -> Options {
        Options {
            url,
            server: Server::Whip,
            room: room.to_owned(),
            publishers: 1,
            viewers: 10,
            duration: Duration::from_secs(10),
            codec: Codec::Vp8,
            video_kbps: 2500,
            video_fps: 30,
            // 10 s: a viewer that had to wait for the next one would be seen in the join times.
            keyframe_interval: 300,
            keyframes_on_request: true,
            lead: Duration::from_millis(500),
            audio: true,
            silent: false,
            token: None,
            joins_per_second: 100,
            patience: Duration::from_secs(10),
            settle: Duration::from_millis(500),
            // Less than the second after which a node shows its idle screen, which is no packet of a publisher.
            drain: Duration::from_millis(700),
            server_pid: None,
            threads: std::thread::available_parallelism().map_or(1, |cores| cores.get().div_ceil(2)),
            coalesce: Coalesce::Yes,
            weight: Weight::Full,
            record: None,
            switch: Vec::new(),
            switch_every: Duration::from_millis(1000),
        }
    }

    pub fn room_of(&self, publisher: u32) -> String {
        match publisher {
            0 => self.room.clone(),
            n => format!("{}-{}", self.room, n + 1),
        }
    }
}
