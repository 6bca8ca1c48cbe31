//! One session as `/api/sessions/{id}` shows it, and the answer to "why is it frozen": a verdict for each of its tracks.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{LayerView, TrackKind};

/// What `GET /api/sessions/{id}` answers. The id itself is a right and is not repeated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct SessionView {
    /// The room it is in now: a viewer may have been moved since its URL was made.
    pub room: String,
    pub side: SessionSide,
    pub state: SessionState,
    #[ts(type = "number")]
    pub age_ms: u64,
    /// Since ICE and DTLS were done; absent before.
    #[ts(type = "number | null")]
    pub connected_ms: Option<u64>,
    pub rtt_ms: Option<u32>,
    /// What the viewer's line carries; absent until it has shown something.
    pub estimate_kbps: Option<u32>,
    /// To a viewer, or received from a publisher.
    pub sent_kbps: u32,
    /// Smoothed share of what was sent to a viewer and did not arrive.
    pub loss_percent: f32,
    pub tracks: Vec<SessionTrack>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum SessionSide {
    Publisher,
    Viewer,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum SessionState {
    /// Before ICE and DTLS are done.
    Connecting,
    Connected,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct SessionTrack {
    pub mid: String,
    pub kind: TrackKind,
    pub codec: String,
    /// On show: its RID, or its number where the track has no RIDs.
    pub layer: Option<String>,
    pub spatial: Option<u8>,
    pub temporal: Option<u8>,
    /// To be shown from its next decodable point on.
    pub target: Option<String>,
    /// What the viewer asked for; absent while the server chooses.
    pub chosen: Option<String>,
    /// What there is to choose from.
    pub layers: Vec<LayerView>,
    #[ts(type = "number")]
    pub packets: u64,
    #[ts(type = "number")]
    pub bytes: u64,
    /// Packets sent again because the viewer missed them.
    #[ts(type = "number")]
    pub repairs: u64,
    #[ts(type = "number | null")]
    pub last_packet_ms_ago: Option<u64>,
    /// How far a replay is behind the live stream, while it is.
    #[ts(type = "number | null")]
    pub catching_up_ms: Option<u64>,
    pub verdict: Verdict,
    /// The verdict in words.
    pub sentence: String,
}

/// What is the matter with a track, or that nothing is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Verdict {
    Playing,
    NoSource,
    IdleClip,
    SourceSilent {
        #[ts(type = "number")]
        since_ms: u64,
    },
    WaitingForKeyframe {
        #[ts(type = "number")]
        since_ms: u64,
        /// Requests to the publisher in that time.
        asked: u32,
    },
    CatchingUp {
        #[ts(type = "number")]
        behind_ms: u64,
    },
    // It plays, and something of it is withheld: a larger layer, or pictures between those that are sent.
    PausedForBandwidth {
        needs_kbps: u32,
        has_kbps: u32,
    },
    /// Nothing of it is sent: the line does not carry it beside what comes first.
    TooNarrow {
        needs_kbps: u32,
        has_kbps: u32,
    },
    PausedByViewer,
    Loss {
        hop: Hop,
        percent: f32,
    },
    NotAcknowledging {
        #[ts(type = "number")]
        since_ms: u64,
    },
    Ended {
        reason: String,
    },
    CodecNotPlayable {
        codec: String,
    },
}

/// Between which two packets are lost: the publisher and this server, or this server and the viewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "lowercase")]
pub enum Hop {
    Publisher,
    Viewer,
}

impl Verdict {
    /// Whether somebody in front of it sees or hears what they asked for.
    pub fn plays(&self) -> bool {
        matches!(self, Verdict::Playing | Verdict::CatchingUp { .. } | Verdict::PausedForBandwidth { .. })
    }

    /// Where several tracks have one each: the higher, the more somebody misses. What was asked for is no trouble.
    pub fn gravity(&self) -> u8 {
        match self {
            Verdict::Playing | Verdict::PausedByViewer => 0,
            Verdict::CatchingUp { .. } => 1,
            Verdict::PausedForBandwidth { .. } => 2,
            Verdict::TooNarrow { .. } => 3,
            Verdict::NoSource | Verdict::IdleClip => 4,
            Verdict::Loss { .. } => 5,
            Verdict::SourceSilent { .. } => 6,
            Verdict::WaitingForKeyframe { .. } => 7,
            Verdict::CodecNotPlayable { .. } => 8,
            Verdict::NotAcknowledging { .. } => 9,
            Verdict::Ended { .. } => 10,
        }
    }

    /// What is the matter and what to do about it, for a person.
    pub fn sentence(&self) -> String {
        match self {
            Verdict::Playing => "It plays.".to_owned(),
            Verdict::NoSource => {
                "Nobody publishes this in the room; it starts by itself as soon as somebody does.".to_owned()
            }
            Verdict::IdleClip => {
                "The publisher is gone or silent, and the idle clip is shown until it returns; look at the publisher."
                    .to_owned()
            }
            Verdict::SourceSilent { since_ms } => format!(
                "The publisher has sent nothing for {}; look whether its camera, its encoder or its network has stopped.",
                seconds(*since_ms)
            ),
            Verdict::WaitingForKeyframe { since_ms, asked } => format!(
                "Waiting for a keyframe for {}, {}; if it lasts, the publisher's encoder does not answer \
                 requests: set a keyframe interval of 1 or 2 s there.",
                seconds(*since_ms),
                requests(*asked)
            ),
            Verdict::CatchingUp { behind_ms } => {
                format!("It plays, {} behind, and catches up with the live picture by itself.", seconds(*behind_ms))
            }
            Verdict::PausedForBandwidth { needs_kbps, has_kbps } => format!(
                "It plays, but not all that the publisher sends: for that the line would have to carry {needs_kbps} kbit/s, and \
                 the viewer's line carries {has_kbps}; it comes by itself when the network gets better."
            ),
            Verdict::TooNarrow { needs_kbps, has_kbps } => format!(
                "Not sent, because what comes first leaves no room for it: the line would have to carry {needs_kbps} kbit/s and \
                 carries {has_kbps}; it comes by itself when the network gets better, or when less else is asked for."
            ),
            Verdict::PausedByViewer => "Paused, because the viewer asked for it; choose a layer to go on.".to_owned(),
            Verdict::Loss { hop, percent } => {
                let (ends, whose) = match hop {
                    Hop::Publisher => ("the publisher and this server", "the publisher's"),
                    Hop::Viewer => ("this server and the viewer", "the viewer's"),
                };
                format!(
                    "{percent:.1} % of the packets are lost between {ends}; look at {whose} network, \
                     Wi-Fi and uplink first."
                )
            }
            Verdict::NotAcknowledging { since_ms } => format!(
                "Media is sent, but the viewer has confirmed nothing for {}; its network may swallow what comes in, \
                 or its browser has stopped.",
                seconds(*since_ms)
            ),
            Verdict::Ended { reason } => format!("The session is over ({reason}); join again."),
            Verdict::CodecNotPlayable { codec } => format!(
                "The room is published in {codec}, which this session cannot play; join again to negotiate it, \
                 or publish in another codec."
            ),
        }
    }
}

fn seconds(ms: u64) -> String {
    if ms < 10_000 { format!("{}.{} s", ms / 1000, ms % 1000 / 100) } else { format!("{} s", ms / 1000) }
}

fn requests(n: u32) -> String {
    match n {
        0 => "not yet asked for".to_owned(),
        1 => "asked for once".to_owned(),
        n => format!("asked for {n} times"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verdict_says_what_is_the_matter_in_one_sentence() {
        let all = [
            Verdict::Playing,
            Verdict::NoSource,
            Verdict::IdleClip,
            Verdict::SourceSilent { since_ms: 4_250 },
            Verdict::WaitingForKeyframe { since_ms: 12_300, asked: 3 },
            Verdict::CatchingUp { behind_ms: 900 },
            Verdict::PausedForBandwidth { needs_kbps: 150, has_kbps: 80 },
            Verdict::TooNarrow { needs_kbps: 450, has_kbps: 200 },
            Verdict::PausedByViewer,
            Verdict::Loss { hop: Hop::Publisher, percent: 7.25 },
            Verdict::NotAcknowledging { since_ms: 6_000 },
            Verdict::Ended { reason: "left".into() },
            Verdict::CodecNotPlayable { codec: "AV1".into() },
        ];
        for verdict in &all {
            let sentence = verdict.sentence();
            assert!(sentence.ends_with('.') && !sentence.contains("  "), "{sentence}");
            assert_eq!(sentence.matches(". ").count(), 0, "one sentence: {sentence}");
        }
        assert!(all[3].sentence().contains("4.2 s") && all[4].sentence().contains("12 s, asked for 3 times"));
        assert_eq!(all.iter().filter(|verdict| verdict.plays()).count(), 3);
    }
}
