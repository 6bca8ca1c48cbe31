//! What other workers say, and what they are told: tracks, wants, keyframes, clocks.

use std::time::{Duration, Instant};

use media::codec::{Codec, Kind};
use proto::frame::{Frame, PARAMETER_SETS};
use proto::room::{self, LinkMessage, Notice, RoomEvent, Snapshot, Track};
use proto::{TrackId, WorkerId};

use crate::Engine;
use crate::downlink::restore_numbers;
use crate::drops::Drop;
use crate::link::Heard;
use crate::publish::{describe, layers_event};
use crate::source::{Clock, LAYERS_MAX, Source, Upstream, Want};

/// A replay to another worker goes at 20 MB a second: its ring of records holds a fifth of that.
const REPLAY_PACKETS: u64 = 32;
const REPLAY_STEP: Duration = Duration::from_millis(2);
/// Five repetitions missed: whoever wanted the layer is gone.
const WANT_LASTS: Duration = Duration::from_secs(5);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tell {
    Changes,
    Always,
}

impl Engine {
    /// A message from another worker.
    pub fn handle_message(&mut self, now: Instant, message: LinkMessage) {
        match message {
            LinkMessage::Notice(notice) => self.handle_notice(now, notice),
            LinkMessage::Head { origin, seq } => {
                if self.links.iter().any(|l| l.to == origin && l.is_behind(seq)) {
                    let from = self.config.worker;
                    self.message(origin, LinkMessage::Sync { from });
                }
            }
            LinkMessage::Sync { from } => {
                let (tracks, stages) = (self.own_tracks().collect(), self.own_stages());
                let snapshot = Snapshot { origin: self.config.worker, seq: self.origin.seq(), tracks, stages };
                self.message(from, LinkMessage::Snapshot(snapshot));
            }
            LinkMessage::Snapshot(snapshot) => self.handle_snapshot(now, snapshot),
            LinkMessage::Want { from, track, layers } => self.handle_want(now, from, track, layers),
            LinkMessage::Keyframe { track, layer } => {
                let Some(&index) = self.by_track.get(&track) else { return };
                let Some(source) = self.sources[index].as_mut() else { return };
                if let Some(layer) = source.layers.get_mut(layer as usize) {
                    layer.keyframe.ask();
                    self.request_keyframes(now, index);
                }
            }
            LinkMessage::Rates { track, kbps } => {
                let Some(&index) = self.by_track.get(&track) else { return };
                let Some(source) = self.sources[index].as_mut() else { return };
                for (layer, kbps) in source.layers.iter_mut().zip(kbps) {
                    layer.kbps = kbps;
                }
                self.choose_layers(now, index);
            }
            LinkMessage::Clock { track, layer, ntp, time } => {
                let Some(&index) = self.by_track.get(&track) else { return };
                let Some(source) = self.sources[index].as_mut() else { return };
                if let Some(layer) = source.layers.get_mut(layer as usize) {
                    layer.clock = Some(Clock { ntp, time, at: now });
                }
            }
        }
    }

    /// A media record from another worker.
    pub fn handle_record(&mut self, now: Instant, record: &[u8]) {
        let Some(frame) = Frame::decode(record) else {
            return self.stats.drops.count(Drop::Unusable);
        };
        self.stats.records_in += 1;
        if frame.layer & PARAMETER_SETS != 0 {
            let index = self.by_track.get(&frame.track).copied();
            return index.map_or((), |index| self.hear_sets(now, index, &frame));
        }
        // A track that has just gone, or that we have not been told of yet.
        let Some(&index) = self.by_track.get(&frame.track) else { return };
        let known = self.sources[index].as_ref().is_some_and(|s| (frame.layer as usize) < s.layers.len());
        if known {
            let arrival = self.config.epoch + Duration::from_micros(frame.arrival_us);
            self.store(index, now, arrival, &frame);
        }
    }

    fn handle_notice(&mut self, now: Instant, notice: Notice) {
        let Some(link) = self.links.iter_mut().find(|l| l.to == notice.origin) else { return };
        match link.hear(notice.seq) {
            Heard::Old => {}
            Heard::Gap => {
                let from = self.config.worker;
                self.message(notice.origin, LinkMessage::Sync { from });
            }
            Heard::InOrder => match notice.event {
                RoomEvent::TrackAdded(track) => self.add_remote(now, notice.origin, &track),
                RoomEvent::TrackRemoved { track } => self.remove_source(now, track),
                RoomEvent::TrackLayers { track, layers, best } => {
                    self.update_remote(now, track, &layers, best);
                }
                RoomEvent::Stage(stage) => self.set_stage(now, stage),
            },
        }
    }

    /// What an origin has is what its snapshot says, and nothing else.
    fn handle_snapshot(&mut self, now: Instant, snapshot: Snapshot) {
        let Some(link) = self.links.iter_mut().find(|l| l.to == snapshot.origin) else { return };
        link.synced(snapshot.seq);
        let mut known: Vec<TrackId> = self.by_track.keys().copied().filter(|t| t.origin == snapshot.origin).collect();
        known.sort();
        for track in known {
            if !snapshot.tracks.iter().any(|t| t.id == track) {
                self.remove_source(now, track);
            }
        }
        for track in &snapshot.tracks {
            self.add_remote(now, snapshot.origin, track);
        }
        for stage in snapshot.stages {
            self.set_stage(now, stage);
        }
    }

    fn add_remote(&mut self, now: Instant, worker: WorkerId, track: &Track) {
        if !self.by_track.contains_key(&track.id) {
            // A newer node may speak of codecs that this one does not know: nobody here can watch those.
            let Some(codec) = Codec::ALL.into_iter().find(|c| c.name() == track.codec) else { return };
            let upstream = Upstream::Remote { worker };
            let mut source =
                Source::new(track.id, track.room.clone(), codec, track.fmtp.clone(), track.since_ms, upstream);
            source.by.clone_from(&track.by);
            self.add_source(now, source);
        }
        self.update_remote(now, track.id, &track.layers, track.best);
    }

    fn update_remote(&mut self, now: Instant, track: TrackId, layers: &[room::Layer], best: u8) {
        let Some(&index) = self.by_track.get(&track) else { return };
        let Some(source) = self.sources[index].as_mut() else { return };
        for told in layers {
            let Some((n, _)) = source.layer_index(&told.rid, &self.config.limits) else { continue };
            let layer = &mut source.layers[n as usize];
            (layer.kbps, layer.height) = (told.kbps, told.height.or(layer.height));
        }
        if (best as usize) < source.layers.len() {
            source.best = best;
        }
        let room = source.room.clone();
        self.choose_layers(now, index);
        self.attend(now, &room);
    }

    /// Another worker wants these layers. For one that it did not want before, what the ring holds since the last keyframe goes first, then what is
    /// live: one step, so that nothing is missing between them.
    fn handle_want(&mut self, now: Instant, from: WorkerId, track: TrackId, layers: u8) {
        let Some(&index) = self.by_track.get(&track) else { return };
        let Some(source) = self.sources[index].as_mut() else { return };
        let before = source.wants.iter().find(|w| w.from == from).copied();
        source.wants.retain(|w| w.from != from);
        if layers == 0 {
            return;
        }
        let mut want = before.unwrap_or(Want { from, layers: 0, at: now, replay: [None; LAYERS_MAX] });
        let new = layers & !want.layers;
        (want.layers, want.at) = (layers, now);
        for (n, layer) in source.layers.iter_mut().enumerate() {
            if layers & 1 << n == 0 {
                want.replay[n] = None;
            } else if new & 1 << n != 0 && source.codec.kind() == Kind::Video {
                want.replay[n] = layer.replay(now, &self.config.limits).map(|gop| gop.start);
                if want.replay[n].is_none() {
                    layer.keyframe.ask();
                }
            }
        }
        source.wants.push(want);
        self.tell_sets(index, from, new);
        self.replay_at.get_or_insert(now);
        self.request_keyframes(now, index);
    }

    /// Goes on telling other workers what the rings hold.
    pub(crate) fn replay_to_links(&mut self, now: Instant) {
        if self.replay_at.is_none_or(|at| at > now) {
            return;
        }
        self.replay_at = None;
        let Engine { sources, links, stats, config, .. } = self;
        for source in sources.iter_mut().flatten() {
            let (track, codec, layers) = (source.id, source.codec, &mut source.layers);
            for want in &mut source.wants {
                let Some(link) = links.iter_mut().find(|link| link.to == want.from) else { continue };
                for (n, layer) in layers.iter_mut().enumerate() {
                    let Some(next) = want.replay[n] else { continue };
                    let newest = layer.ring.newest().unwrap_or(0);
                    // After a jump in the numbers there is nothing to tell of what was jumped over.
                    let next = next.max((newest + 1).saturating_sub(layer.ring.capacity() as u64));
                    let until = newest.min(next + REPLAY_PACKETS - 1);
                    for seq in next..=until {
                        let Some(packet) = layer.ring.get_mut(seq) else { continue };
                        restore_numbers(codec, packet);
                        let frame = packet.frame(track, n as u8, layer.generation, config.epoch);
                        stats.records_out += u64::from(link.push_frame(&frame));
                    }
                    want.replay[n] = (until < newest).then_some(until + 1);
                    if until < newest {
                        self.replay_at = Some(now + REPLAY_STEP);
                    }
                }
            }
        }
    }

    /// Tells a track's origin which of its layers are wanted here.
    pub(crate) fn tell_wants(&mut self, index: usize, tell: Tell) {
        let Some(source) = self.sources[index].as_mut() else { return };
        let Upstream::Remote { worker } = source.upstream else { return };
        let layers = source.wanted_here();
        let changed = source.told != layers;
        let dropped = source.told & !layers;
        source.told = layers;
        for (n, layer) in source.layers.iter_mut().enumerate() {
            // What is not wanted does not come, so there will be a hole; and should it be wanted again, all of it is told anew.
            if dropped & 1 << n != 0 {
                layer.forget();
            }
        }
        if changed || (tell == Tell::Always && layers != 0) {
            let message = LinkMessage::Want { from: self.config.worker, track: source.id, layers };
            self.message(worker, message);
        }
    }

    /// Once a second: say again what is level-triggered, and forget who no longer says it.
    pub(crate) fn repeat_to_links(&mut self, now: Instant) {
        if self.links.is_empty() {
            return;
        }
        let (origin, seq) = (self.config.worker, self.origin.seq());
        for link in &mut self.links {
            link.messages.push_back(LinkMessage::Head { origin, seq });
        }
        for index in 0..self.sources.len() {
            self.tell_wants(index, Tell::Always);
            if let Some(source) = self.sources[index].as_mut() {
                source.wants.retain(|w| now.saturating_duration_since(w.at) < WANT_LASTS);
            }
        }
    }

    pub(crate) fn announce_layers(&mut self, index: usize) {
        if let Some(source) = self.sources[index].as_mut() {
            source.announced = source.layers.iter().map(|layer| (layer.kbps, layer.height)).collect();
            let event = layers_event(source);
            self.announce(event);
        }
    }

    fn own_tracks(&self) -> impl Iterator<Item = Track> + '_ {
        let own = |s: &&Source| s.id.origin == self.config.worker;
        self.sources.iter().flatten().filter(own).map(describe)
    }
}
