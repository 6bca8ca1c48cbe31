//! The idle screen: what viewers see while nothing comes in.
//!
//! A clip is a source like any other, one per codec on each worker, and it plays while somebody is sent there. So a viewer comes to
//! it, and leaves it, as it changes rooms: on a keyframe, in one continuous stream, without a new session.

use std::sync::Arc;
use std::time::{Duration, Instant};

use media::clip::Clip;
use media::codec::{self, Codec, Kind};
use proto::TrackId;

use crate::ring::{Incoming, Inserted};
use crate::session::{Place, Shows};
use crate::source::{Source, Upstream, Waiter};
use crate::{Engine, control};

/// Without a picture for so long, a viewer is shown the clip. Encoders of screens that stand still send a frame a second or more.
const NOTHING_FOR: Duration = Duration::from_secs(1);

/// A clip that plays, or has played.
pub struct Playing {
    codec: Codec,
    source: usize,
    /// Where in the loop it is; packets and pictures so far, and the time of the next one.
    frames: u64,
    packets: u64,
    pictures: u16,
    time: u32,
    /// When the next frame is due; none while nobody watches.
    next_at: Option<Instant>,
}

impl Engine {
    pub(crate) fn is_clip(&self, index: usize) -> bool {
        self.sources[index].as_ref().is_some_and(|source| source.upstream == Upstream::Clip)
    }

    /// When the next frame of a clip is due.
    pub(crate) fn clip_due(&self) -> Option<Instant> {
        self.clips.iter().filter_map(|clip| clip.next_at).min()
    }

    /// Shows the clip to whom nothing is shown, and the source again to who waits at one that sends.
    pub(crate) fn watch_for_silence(&mut self, now: Instant) {
        if self.config.idle_clip.is_none() {
            return;
        }
        for index in 0..self.sources.len() {
            let Some(source) = self.sources[index].as_ref() else { continue };
            if source.kind() != Kind::Video || source.upstream == Upstream::Clip {
                continue;
            }
            if source.is_silent(now) {
                let mut idle = source.idle_viewers(now);
                idle.retain(|track| self.may_show_clip(track.slot, track.ssrc));
                for track in idle {
                    self.show_clip(now, track);
                }
            } else {
                for track in source.waiters.clone() {
                    self.seat(now, track);
                }
            }
        }
        let idle = |room: &crate::room::Room| -> Vec<Waiter> {
            let waits = |d: &&crate::downlink::Downlink| {
                d.kind() == Kind::Video
                    && now.saturating_duration_since(d.waits_since()) >= NOTHING_FOR
                    && self.may_show_clip(d.slot, d.ssrc)
            };
            room.parked.iter().filter(waits).map(|d| Waiter { slot: d.slot, ssrc: d.ssrc }).collect()
        };
        // Who publishes sound alone is no missing input.
        let is_heard = |room: &crate::room::Room| {
            let sources = room.tracks.iter().filter_map(|&index| self.sources[index].as_ref());
            sources.into_iter().any(|source| source.kind() == Kind::Audio && !source.is_silent(now))
        };
        let parked: Vec<Waiter> = self.rooms.values().filter(|room| !is_heard(room)).flat_map(idle).collect();
        for track in parked {
            self.show_clip(now, track);
        }
    }

    /// One of many pictures stays empty, or keeps its last one: a gallery of clips tells nobody anything.
    fn may_show_clip(&self, slot: u32, ssrc: u32) -> bool {
        control::track(&self.sessions, slot, ssrc).is_some_and(|t| t.shows == Shows::Speaker && !t.is_paused())
    }

    fn show_clip(&mut self, now: Instant, track: Waiter) {
        let Some(place) = self.place_of(track.slot, track.ssrc) else { return };
        let Some(session) = self.sessions.get(track.slot) else { return };
        let (room, codec) = (session.room.clone(), session.role.tracks().iter().find(|t| t.send.ssrc == track.ssrc));
        let Some(codec) = codec.map(|t| t.send.codec) else { return };
        let Some(clip) = self.clip_of(now, codec) else { return };
        self.bring_over(now, &room, track, place, clip);
        if let Place::Source { source, .. } = place {
            self.wait_at(now, source, track);
        }
    }

    /// The source that plays the clip in this codec, playing.
    fn clip_of(&mut self, now: Instant, codec: Codec) -> Option<usize> {
        self.config.idle_clip.as_ref()?.track(codec)?;
        let at = match self.clips.iter().position(|clip| clip.codec == codec) {
            Some(at) => at,
            None => {
                // A number that no publication on this worker gets to: it is nobody's to subscribe to.
                let id = TrackId { origin: self.config.worker, n: u32::MAX - self.clips.len() as u32 };
                let room = "idle-clip".parse().expect("a room's name");
                let mut source = Source::new(id, room, codec, String::new(), 0, Upstream::Clip);
                source.layer_index("", &self.config.limits);
                self.sources.push(Some(source));
                let source = self.sources.len() - 1;
                self.clips.push(Playing { codec, source, frames: 0, packets: 0, pictures: 0, time: 0, next_at: None });
                self.clips.len() - 1
            }
        };
        let clip = &mut self.clips[at];
        if clip.next_at.is_none() {
            // From its beginning, which is a keyframe; what is left of an earlier showing is none.
            (clip.frames, clip.next_at) = (0, Some(now));
            if let Some(source) = self.sources[clip.source].as_mut() {
                source.layers[0].gop = None;
            }
        }
        Some(clip.source)
    }

    /// Plays the frames that are due.
    pub(crate) fn play_clips(&mut self, now: Instant) {
        let Some(reel) = self.config.idle_clip.clone() else { return };
        for at in 0..self.clips.len() {
            let index = self.clips[at].source;
            if self.sources[index].as_ref().is_none_or(|source| source.downlinks.is_empty()) {
                self.clips[at].next_at = None;
            }
            while self.clips[at].next_at.is_some_and(|next| next <= now) {
                self.play_frame(now, at, &reel);
            }
        }
    }

    fn play_frame(&mut self, now: Instant, at: usize, reel: &Arc<Clip>) {
        let clip = &mut self.clips[at];
        let (Some(frame), Some(source)) = (reel.frame(clip.codec, clip.frames), self.sources[clip.source].as_mut())
        else {
            clip.next_at = None;
            return;
        };
        for (n, payload) in frame.payloads.iter().enumerate() {
            let mut payload = payload.clone();
            if clip.codec == Codec::Vp8 {
                // They begin anew with the loop.
                let picture_id = clip.pictures & 0x7fff;
                codec::vp8::rewrite(&mut payload, codec::vp8::Numbers { picture_id, tl0: 0, keyidx: 0 });
            }
            let marker = n + 1 == frame.payloads.len();
            let packet = Incoming {
                seq: clip.packets,
                time: clip.time,
                marker,
                arrival: now,
                audio_level: None,
                orientation: None,
                dependency: &[],
                is_redundant: false,
                payload: &payload,
            };
            clip.packets += 1;
            let was_idle = source.pending.is_empty();
            if source.accept(now, 0, packet, &self.config.limits) == Inserted::Stored && was_idle {
                self.dirty.push(clip.source);
            }
        }
        clip.frames += 1;
        clip.pictures = clip.pictures.wrapping_add(1);
        clip.time = clip.time.wrapping_add(frame.ticks);
        let next = clip.next_at.unwrap_or(now) + Duration::from_micros(u64::from(frame.ticks) * 1_000_000 / 90_000);
        // After a pause of the machine it goes on from now.
        clip.next_at = Some(next.max(now));
    }
}

impl Source {
    /// Nothing has come of any layer for a while.
    pub fn is_silent(&self, now: Instant) -> bool {
        self.layers.iter().all(|layer| layer.is_silent(now))
    }

    /// Who sees nothing new: the source is silent.
    fn idle_viewers(&self, now: Instant) -> Vec<Waiter> {
        let waits = |d: &&crate::downlink::Downlink| {
            d.layer.is_some() || now.saturating_duration_since(d.waits_since()) >= NOTHING_FOR
        };
        self.downlinks.iter().filter(waits).map(|d| Waiter { slot: d.slot, ssrc: d.ssrc }).collect()
    }
}
