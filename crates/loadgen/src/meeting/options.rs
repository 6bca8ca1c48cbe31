//! What kind of meeting, and with whom.

use std::time::Duration;

use dial::Url;
use media::Codec;

/// Where, and as whom.
#[derive(Debug, Clone)]
pub struct Venue {
    pub url: Url,
    /// The meeting; without one it is made, and ended when all is over.
    pub meeting: Option<String>,
    /// Of a login, by which the meeting is made and its host comes in. Without one an account is signed up for that.
    pub token: Option<String>,
    /// The server's process on this machine, to measure what it costs.
    pub server_pid: Option<u32>,
    /// How long anything may take that everything else waits for.
    pub patience: Duration,
}

#[derive(Debug, Clone)]
pub struct Options {
    pub venue: Venue,
    pub people: u32,
    /// How long everybody is there, after the last has come in.
    pub duration: Duration,
    /// People who begin to join per second.
    pub joins_per_second: u32,
    /// Pictures on a page of the gallery.
    pub tiles: usize,
    /// How often everybody turns to the next page; never, if absent.
    pub turn_every: Option<Duration>,
    pub codec: Codec,
    pub video_kbps: u32,
    pub video_fps: u32,
    /// Pictures that a browser can show, instead of noise behind valid headers.
    pub drawn: bool,
    /// How long the same five people speak.
    pub turn_to_speak: Duration,
    /// The 95th percentile of joins may take so long.
    pub join_p95_max: Option<Duration>,
    /// Threads for those who receive.
    pub threads: usize,
}

#[derive(Debug, Clone)]
pub struct CycleOptions {
    pub venue: Venue,
    pub cycles: u32,
    /// People who are on their way in or out at the same time.
    pub at_once: u32,
    /// Meetings that they are dealt out to.
    pub meetings: u32,
    pub threads: usize,
}

impl Venue {
    pub fn new(url: Url) -> Venue {
        Venue { url, meeting: None, token: None, server_pid: None, patience: Duration::from_secs(30) }
    }
}

impl Options {
    pub fn new(venue: Venue) -> Options {
        Options {
            venue,
            people: 10,
            duration: Duration::from_secs(10),
            joins_per_second: 10,
            tiles: 25,
            turn_every: None,
            codec: Codec::Vp8,
            video_kbps: 150,
            video_fps: 15,
            drawn: false,
            turn_to_speak: Duration::from_secs(5),
            join_p95_max: None,
            threads: 1,
        }
    }
}

impl CycleOptions {
    pub fn new(venue: Venue, cycles: u32) -> CycleOptions {
        CycleOptions { venue, cycles, at_once: 32, meetings: 8, threads: 1 }
    }
}
