//! How one session fares, and what is the matter with each of its tracks.
//!
//! Everything here is read when somebody asks. What cannot be read afterwards (how long a track waits) is noted by
//! housekeeping, ten times a second, for those tracks only that wait.

use std::time::{Duration, Instant};

use media::codec::Kind;
use proto::SessionId;
use proto::api::{Hop, SessionSide, SessionState, SessionTrack, SessionView, TrackKind, Verdict};

use crate::Engine;
use crate::command::{Owner, Refusal, Reply};
use crate::line::Line;
use crate::session::{Place, Publisher, Role, Session, Viewer, ViewerTrack, Waiting};
use crate::source::{Layer, Upstream, Waiter};
use crate::stage::Meant;
use crate::view;

/// A source that sent nothing for so long is silent; Opus in DTX sends every 400 ms.
const SILENT: Duration = Duration::from_secs(1);
/// A viewer reports at least every second; five missed reports are no accident.
const UNHEARD: Duration = Duration::from_secs(5);
/// Repairs hide less than this.
const LOSS_PERCENT: f32 = 5.0;
/// Less than this behind what is live is no delay that anybody sees.
const BEHIND: Duration = Duration::from_millis(150);
/// Housekeeping looks every 100 ms: a wait that it has not seen for longer was over in between.
const SAME_WAIT: Duration = Duration::from_millis(350);

impl Engine {
    /// `owner` is `None` for an operator, who may look at every session.
    pub(crate) fn look(&self, now: Instant, id: SessionId, owner: Option<Owner>) -> Result<Reply, Refusal> {
        let slot = match owner {
            Some(owner) => self.find(id, owner)?,
            None => *self.by_id.get(&id.secret).ok_or(Refusal::NoSession)?,
        };
        let session = self.sessions.get(slot).ok_or(Refusal::NoSession)?;
        Ok(Reply::Seen(Box::new(self.session_view(now, session))))
    }

    pub(crate) fn session_view(&self, now: Instant, session: &Session) -> SessionView {
        let line = self.line_of(session);
        let estimate = line.map(Line::view);
        let (side, tracks) = match &session.role {
            Role::Publisher(publisher) => (SessionSide::Publisher, self.published(now, publisher)),
            Role::Viewer(viewer) => (SessionSide::Viewer, self.watched(now, session, viewer, line)),
        };
        let sent_kbps = match &session.role {
            Role::Publisher(_) => tracks.iter().flat_map(|track| &track.layers).map(|layer| layer.kbps).sum(),
            Role::Viewer(_) => line.map_or(0, |line| kbps(line.sent_bps)),
        };
        SessionView {
            room: session.room.to_string(),
            side,
            state: if session.connected.is_some() { SessionState::Connected } else { SessionState::Connecting },
            age_ms: ms(now.saturating_duration_since(session.created)),
            connected_ms: session.connected.map(|at| ms(now.saturating_duration_since(at))),
            rtt_ms: estimate.as_ref().and_then(|view| view.rtt).map(|rtt| ms(rtt) as u32),
            estimate_kbps: line.and_then(Line::estimate_bps).map(kbps),
            sent_kbps,
            loss_percent: estimate.map_or(0.0, |view| percent(view.loss)),
            tracks,
        }
    }

    pub(crate) fn line_of(&self, session: &Session) -> Option<&Line> {
        self.lines.get(session.peer_id.slot as usize).and_then(Option::as_ref)
    }

    /// Remembers since when a viewer's track waits for a keyframe.
    pub(crate) fn note_waits(&mut self, now: Instant, index: usize) {
        let Some(source) = self.sources[index].as_ref() else { return };
        for downlink in &source.downlinks {
            let Some(layer) = downlink.waits_for() else { continue };
            let Some(Role::Viewer(viewer)) = self.sessions.get_mut(downlink.slot).map(|s| &mut s.role) else {
                continue;
            };
            let Some(track) = viewer.tracks.iter_mut().find(|t| t.send.ssrc == downlink.ssrc) else { continue };
            let asked_before = source.layers.get(layer as usize).map_or(0, |layer| layer.keyframe.requests);
            let before = track.waiting.filter(|wait| now.saturating_duration_since(wait.seen) < SAME_WAIT);
            let wait = before.unwrap_or(Waiting { since: now, seen: now, asked_before });
            track.waiting = Some(Waiting { seen: now, ..wait });
        }
    }

    fn published(&self, now: Instant, publisher: &Publisher) -> Vec<SessionTrack> {
        let sources = publisher.tracks.iter().filter_map(|track| self.sources[*self.by_track.get(track)?].as_ref());
        sources
            .map(|source| {
                let last = newest(&source.layers, now);
                let verdict = match last {
                    Some(rested) if rested < SILENT => Verdict::Playing,
                    Some(rested) => Verdict::SourceSilent { since_ms: ms(rested) },
                    None => Verdict::NoSource,
                };
                SessionTrack {
                    mid: source.mid.map(|mid| mid.as_str().to_owned()).unwrap_or_default(),
                    layer: source.layers.get(source.best as usize).map(|layer| name(layer, source.best)),
                    packets: source.layers.iter().map(|layer| layer.packets).sum(),
                    bytes: source.layers.iter().map(|layer| layer.bytes).sum(),
                    last_packet_ms_ago: last.map(ms),
                    layers: view::layers(source, now),
                    ..track(kind(source.kind()), source.codec.name(), verdict)
                }
            })
            .collect()
    }

    fn watched(&self, now: Instant, session: &Session, viewer: &Viewer, line: Option<&Line>) -> Vec<SessionTrack> {
        // A section that hears nobody lacks nothing while another one hears somebody: fewer speak than could be heard.
        let is_audio = |track: &&ViewerTrack| track.send.kind == Kind::Audio;
        let hears = viewer.tracks.iter().filter(is_audio).any(ViewerTrack::has_source);
        let first = viewer.tracks.iter().find(is_audio).map(|track| track.send.ssrc);
        let matters = |track: &&ViewerTrack| match track.send.kind {
            Kind::Video => true,
            Kind::Audio if hears => track.has_source(),
            Kind::Audio => Some(track.send.ssrc) == first,
        };
        viewer.tracks.iter().filter(matters).map(|track| self.watched_track(now, session, track, line)).collect()
    }

    fn watched_track(&self, now: Instant, session: &Session, to: &ViewerTrack, line: Option<&Line>) -> SessionTrack {
        let known = SessionTrack {
            mid: to.send.mid.as_str().to_owned(),
            chosen: to.choice.rid.clone(),
            repairs: to.repairs,
            ..track(
                kind(to.send.kind),
                to.send.codec.name(),
                self.verdict_without_source(session.peer_id.slot, to, line),
            )
        };
        let Some(Place::Source { source, index }) = to.place else {
            // What it has sent is known where the downlink is; a parked one is none of this source's.
            let parked = self.rooms.get(&session.room).and_then(|room| {
                let Some(Place::Parked { index }) = to.place else { return None };
                room.parked.get(index)
            });
            return SessionTrack {
                packets: parked.map_or(0, |downlink| downlink.packets),
                bytes: parked.map_or(0, |downlink| downlink.bytes),
                ..finished(known)
            };
        };
        let Some(source) = self.sources[source].as_ref() else { return finished(known) };
        let Some(downlink) = source.downlinks.get(index) else { return finished(known) };
        let shown = downlink.layer.and_then(|n| Some((n, source.layers.get(n as usize)?)));
        let target = source.layers.get(downlink.target() as usize);
        let rested = shown.and_then(|(_, layer)| layer.last_packet).map(|at| now.saturating_duration_since(at));
        let waits = downlink.waits_for().filter(|_| downlink.layer.is_none()).map(|layer| {
            let wait = to.waiting.filter(|wait| now.saturating_duration_since(wait.seen) < SAME_WAIT);
            let requests = source.layers.get(layer as usize).map_or(0, |layer| layer.keyframe.requests);
            Verdict::WaitingForKeyframe {
                since_ms: wait.map_or(0, |wait| ms(now.saturating_duration_since(wait.since))),
                asked: wait.map_or(0, |wait| requests.wrapping_sub(wait.asked_before)),
            }
        });
        let silent = newest(&source.layers, now).filter(|rested| *rested >= SILENT);
        let unheard = line.map(|line| now.saturating_duration_since(line.heard_at)).filter(|rested| *rested >= UNHEARD);
        let loss = line.map_or(0.0, |line| percent(line.view().loss));
        // What stops everything comes first; what only makes it worse, last.
        let lost_before = shown.map_or(0.0, |(_, layer)| percent(layer.loss));
        let behind = downlink.behind(now);
        let needs = self.withheld_for(session.peer_id.slot, to, source, downlink);
        let withheld = needs.map(kbps).zip(line.and_then(Line::estimate_bps).map(kbps));
        let verdict = match (silent, unheard) {
            _ if source.upstream == Upstream::Clip => Verdict::IdleClip,
            (Some(rested), _) => Verdict::SourceSilent { since_ms: ms(rested) },
            (_, Some(rested)) if downlink.packets > 0 => Verdict::NotAcknowledging { since_ms: ms(rested) },
            _ => match waits {
                Some(waits) => waits,
                None if behind.is_some_and(|behind| behind >= BEHIND) => {
                    Verdict::CatchingUp { behind_ms: behind.map_or(0, ms) }
                }
                None if lost_before >= LOSS_PERCENT => Verdict::Loss { hop: Hop::Publisher, percent: lost_before },
                None if loss >= LOSS_PERCENT => Verdict::Loss { hop: Hop::Viewer, percent: loss },
                None => match withheld {
                    Some((needs_kbps, has_kbps)) => Verdict::PausedForBandwidth { needs_kbps, has_kbps },
                    None => Verdict::Playing,
                },
            },
        };
        finished(SessionTrack {
            layer: shown.map(|(n, layer)| name(layer, n)),
            spatial: downlink.within().map(|within| within.spatial),
            temporal: downlink.within().map(|within| within.temporal),
            target: target.map(|layer| name(layer, downlink.target())),
            layers: view::layers(source, now),
            packets: downlink.packets,
            bytes: downlink.bytes,
            last_packet_ms_ago: rested.map(ms),
            catching_up_ms: behind.map(ms),
            verdict,
            ..known
        })
    }

    /// Why a track has nothing to play: the viewer's wish, nothing there, or a codec that was not negotiated.
    fn verdict_without_source(&self, slot: u32, to: &ViewerTrack, line: Option<&Line>) -> Verdict {
        if to.choice.paused {
            return Verdict::PausedByViewer;
        }
        if let Some(needs) = to.withheld_bps {
            let has_kbps = line.and_then(Line::estimate_bps).map_or(0, kbps);
            return Verdict::TooNarrow { needs_kbps: kbps(needs), has_kbps };
        }
        let source = match self.meant_for(Waiter { slot, ssrc: to.send.ssrc }) {
            Meant::Unplayable(index) => self.sources[index].as_ref(),
            _ => None,
        };
        source.map_or(Verdict::NoSource, |source| Verdict::CodecNotPlayable { codec: source.codec.name().to_owned() })
    }
}

/// A track of which only this much is known.
fn track(kind: TrackKind, codec: &str, verdict: Verdict) -> SessionTrack {
    finished(SessionTrack {
        mid: String::new(),
        kind,
        codec: codec.to_owned(),
        layer: None,
        spatial: None,
        temporal: None,
        target: None,
        chosen: None,
        layers: Vec::new(),
        packets: 0,
        bytes: 0,
        repairs: 0,
        last_packet_ms_ago: None,
        catching_up_ms: None,
        verdict,
        sentence: String::new(),
    })
}

fn finished(track: SessionTrack) -> SessionTrack {
    SessionTrack { sentence: track.verdict.sentence(), ..track }
}

fn kind(kind: Kind) -> TrackKind {
    match kind {
        Kind::Audio => TrackKind::Audio,
        Kind::Video => TrackKind::Video,
    }
}

pub fn name(layer: &Layer, n: u8) -> String {
    if layer.rid.is_empty() { n.to_string() } else { layer.rid.clone() }
}

/// How long ago the newest packet of any layer came.
fn newest(layers: &[Layer], now: Instant) -> Option<Duration> {
    layers.iter().filter_map(|layer| layer.last_packet).max().map(|at| now.saturating_duration_since(at))
}

pub(crate) fn ms(duration: Duration) -> u64 {
    duration.as_millis() as u64
}

pub(crate) fn kbps(bps: u64) -> u32 {
    (bps / 1000).min(u64::from(u32::MAX)) as u32
}

/// One decimal is what a person reads.
pub(crate) fn percent(share: f64) -> f32 {
    ((share * 1000.0).round() / 10.0) as f32
}
