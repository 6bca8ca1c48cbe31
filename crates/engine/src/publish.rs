//! From a publisher's packet to a source: find the track and the layer, count, look inside, put into the ring, hand
//! on to the workers that want it.

use std::time::Instant;

use media::ext::AudioLevel;
use proto::frame::Frame;
use proto::room::{self, LinkMessage, RoomEvent};
use proto::{TrackId, WorkerId};
use transport::Received;
use transport::peer::SenderReport;

use crate::Engine;
use crate::drops::Drop;
use crate::ring::{Incoming, Inserted};
use crate::session::Role;
use crate::source::{Clock, LayerIs, Source, Upstream};

/// Audio, camera and screen, each with sound: more tracks than that nobody publishes in one session.
const TRACKS_MAX: usize = 8;

impl Engine {
    pub(crate) fn ingest(&mut self, now: Instant, slot: u32, received: &Received) {
        let Some(session) = self.sessions.get_mut(slot) else { return };
        session.packets += 1;
        session.bytes += received.payload.len() as u64;
        self.stats.packets_in += 1;
        self.stats.bytes_in += received.payload.len() as u64;
        let Role::Publisher(publisher) = &mut session.role else { return };
        publisher.media_at = Some(now);
        let Some(index) = self.source_of(now, slot, received) else {
            return self.stats.drops.count(Drop::TooManyLayers);
        };
        let rid = received.rid.as_ref().map_or("", |rid| rid.as_str());
        let source = self.sources[index].as_mut().expect("source_of found it");
        if source.is_muted {
            return self.stats.drops.count(Drop::Muted);
        }
        let Some((layer, is)) = source.layer_index(rid, &self.config.limits) else {
            return self.stats.drops.count(Drop::TooManyLayers);
        };
        if is == LayerIs::New {
            let event = layers_event(source);
            self.announce(event);
        }
        let source = self.sources[index].as_mut().expect("source_of found it");
        let entry = &mut source.layers[layer as usize];
        if entry.ssrc_before == Some(received.ssrc) {
            return self.stats.drops.count(Drop::TooOld);
        }
        let before = entry.ssrc.replace(received.ssrc).filter(|&before| before != received.ssrc);
        if before.is_some() {
            entry.ssrc_before = before;
        }
        let begins_anew = std::mem::take(&mut entry.resumes) || before.is_some();
        let generation = entry.generation.wrapping_add(u8::from(begins_anew));
        let frame = Frame {
            track: source.id,
            layer,
            marker: received.marker,
            generation,
            seq: received.seq,
            time: received.time,
            arrival_us: received.arrival.saturating_duration_since(self.config.epoch).as_micros() as u64,
            audio_level: received.audio_level,
            orientation: received.orientation,
            dependency: received.dd.as_deref().unwrap_or(&[]),
            is_redundant: received.red.is_some(),
            payload: received.red.as_deref().unwrap_or(&received.payload),
        };
        let wanted = source.wanted_by(layer, received.seq);
        if self.store(index, now, received.arrival, &frame) == Inserted::Stored {
            self.hand_on(wanted, &frame);
            let level = received.audio_level.map(|(level, voice)| AudioLevel { level, voice });
            self.hear(now, index, level);
        }
    }

    /// Hands a packet to the workers that want it.
    pub(crate) fn hand_on(&mut self, wanted: [Option<WorkerId>; 8], frame: &Frame<'_>) {
        for to in wanted.into_iter().flatten() {
            let Some(link) = self.links.iter_mut().find(|l| l.to == to) else { continue };
            if link.push_frame(frame) {
                self.stats.records_out += 1;
            } else {
                self.stats.drops.count(Drop::Unusable);
            }
        }
    }

    /// Puts a packet, published here or heard over a link, into its ring.
    pub(crate) fn store(&mut self, index: usize, now: Instant, arrival: Instant, frame: &Frame<'_>) -> Inserted {
        let Some(source) = self.sources[index].as_ref() else { return Inserted::TooOld };
        let restarts = source.layers[frame.layer as usize].generation != frame.generation;
        if restarts {
            self.release_source(now, index);
        }
        let Some(source) = self.sources[index].as_mut() else { return Inserted::TooOld };
        if restarts {
            source.restart(now, frame.layer, frame.generation, &self.config.limits);
        }
        let was_idle = source.pending.is_empty();
        let inserted = source.accept(
            now,
            frame.layer,
            Incoming {
                seq: frame.seq,
                time: frame.time,
                marker: frame.marker,
                arrival,
                audio_level: frame.audio_level,
                orientation: frame.orientation,
                dependency: frame.dependency,
                is_redundant: frame.is_redundant,
                payload: frame.payload,
            },
            &self.config.limits,
        );
        let begins = source.layers[frame.layer as usize].gop.is_some_and(|gop| gop.start == frame.seq);
        if begins && !source.waiters.is_empty() {
            self.arrived.push(index);
        }
        match inserted {
            Inserted::Stored if was_idle => self.dirty.push(index),
            Inserted::Stored => {}
            Inserted::Duplicate => self.stats.drops.count(Drop::Duplicate),
            Inserted::TooOld => self.stats.drops.count(Drop::TooOld),
        }
        inserted
    }

    /// The source of a publisher's track; made and announced when its first packet arrives, since only that tells the codec.
    fn source_of(&mut self, now: Instant, slot: u32, received: &Received) -> Option<usize> {
        let session = self.sessions.get(slot)?;
        let Role::Publisher(publisher) = &session.role else { return None };
        for track in &publisher.tracks {
            let index = self.by_track[track];
            let source = self.sources[index].as_ref().expect("by_track holds live sources");
            if source.mid == Some(received.mid) && source.codec == received.codec {
                return Some(index);
            }
        }
        if publisher.tracks.len() >= TRACKS_MAX {
            return None;
        }
        let (room, by, since_ms) = (session.room.clone(), publisher.name.clone(), publisher.since_ms);
        let muted = publisher.muted;
        let section = publisher.sections.iter().find(|s| s.mid == received.mid);
        let choice = section.and_then(|s| s.codecs.iter().find(|(pt, _)| *pt == received.pt));
        let fmtp = choice.map(|(_, choice)| choice.fmtp.clone()).unwrap_or_default();
        let track = TrackId { origin: self.config.worker, n: self.tracks_made };
        self.tracks_made = self.tracks_made.wrapping_add(1);
        let mut source = Source::new(track, room, received.codec, fmtp, since_ms, Upstream::Local { slot });
        (source.mid, source.by) = (Some(received.mid), by);
        source.is_muted = muted.has(received.codec.kind());
        source.layer_index(received.rid.as_ref().map_or("", |rid| rid.as_str()), &self.config.limits);
        self.announce(RoomEvent::TrackAdded(describe(&source)));
        if let Some(Role::Publisher(publisher)) = self.sessions.get_mut(slot).map(|s| &mut s.role) {
            publisher.tracks.push(track);
        }
        Some(self.add_source(now, source))
    }

    /// The publisher says what wall-clock time one of its timestamps was.
    pub(crate) fn set_clock(&mut self, slot: u32, report: &SenderReport) {
        let Some(Role::Publisher(publisher)) = self.sessions.get(slot).map(|s| &s.role) else { return };
        for track in &publisher.tracks {
            let Some(source) = self.sources[self.by_track[track]].as_mut() else { continue };
            if source.mid != Some(report.mid) {
                continue;
            }
            let rid = report.rid.as_ref().map_or("", |rid| rid.as_str());
            let Some(layer) = source.layers.iter().position(|l| l.rid == rid) else { continue };
            let (ntp, time) = (report.ntp, report.rtp_time);
            source.layers[layer].clock = Some(Clock { ntp, time, at: report.arrival });
            let message = LinkMessage::Clock { track: *track, layer: layer as u8, ntp, time };
            for want in &source.wants {
                if let Some(link) = self.links.iter_mut().find(|l| l.to == want.from) {
                    link.messages.push_back(message.clone());
                }
            }
        }
    }
}

/// A source as its origin describes it to the others.
pub fn describe(source: &Source) -> room::Track {
    room::Track {
        id: source.id,
        room: source.room.clone(),
        by: source.by.clone(),
        codec: source.codec.name().to_owned(),
        fmtp: source.fmtp.clone(),
        layers: source
            .layers
            .iter()
            .map(|l| room::Layer { rid: l.rid.clone(), kbps: l.kbps, height: l.height })
            .collect(),
        best: source.best,
        since_ms: source.since_ms,
    }
}

pub fn layers_event(source: &Source) -> RoomEvent {
    let room::Track { id, layers, best, .. } = describe(source);
    RoomEvent::TrackLayers { track: id, layers, best }
}
