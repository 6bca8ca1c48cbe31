//! A track as one worker has it: its layers with their rings, and everybody here who watches it.
//!
//! Whether it is published on this worker or comes over a link makes one difference only: where keyframe requests go.

use std::time::{Duration, Instant};

use media::codec::{self, Codec, Kind};
use media::select::{self, Target};
use media::{RtpTime, dd};
use proto::{PublisherName, RoomName, TrackId, WorkerId};
use transport::Mid;

use crate::budget::Step;
use crate::config::Limits;
use crate::downlink::Downlink;
use crate::gop::Gop;
use crate::keyframe::{Audience, Throttle};
use crate::line::Line;
use crate::replay;
use crate::ring::{EQUALISE_BYTES_MAX, Incoming, Inserted, Read, Ring};
use crate::sets::Sets;
use crate::thrift::Thrift;

/// Simulcast layers a track may have.
pub const LAYERS_MAX: usize = 8;

/// Send what is there at the latest after this: a viewer's packets of one visit share a system call.
const FLUSH_VIDEO: Duration = Duration::from_millis(5);
const FLUSH_AUDIO: Duration = Duration::from_millis(2);

/// A layer that sent nothing for so long is not worth choosing.
const LAYER_SILENT: Duration = Duration::from_secs(1);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Upstream {
    /// Published on this worker, by the peer in this slot.
    Local {
        slot: u32,
    },
    /// Published on this worker, by a feed that is no peer.
    Plain {
        feed: u32,
    },
    Remote {
        worker: WorkerId,
    },
    /// Made here, for viewers of a room where nothing comes in.
    Clip,
}

pub struct Source {
    pub id: TrackId,
    pub room: RoomName,
    pub codec: Codec,
    pub fmtp: String,
    pub since_ms: u64,
    pub upstream: Upstream,
    /// The name of its publisher, if that has one.
    pub by: Option<PublisherName>,
    /// How the publisher's peer connection knows the track, when it is ours.
    pub mid: Option<Mid>,
    /// Its packets are dropped: the microphone or the camera is off.
    pub is_muted: bool,
    pub layers: Vec<Layer>,
    /// The layer to show somebody who can take them all.
    pub best: u8,
    pub downlinks: Vec<Downlink>,
    /// Viewers' tracks that show something else until this source can be decoded.
    pub waiters: Vec<Waiter>,
    /// Since when there is one.
    pub waited_for_since: Option<Instant>,
    /// The ways in which it can be sent, as of the last second.
    pub steps: Vec<Step>,
    /// What the other workers were last told of each layer: its rate, and its height.
    pub announced: Vec<(u32, Option<u32>)>,
    /// For a track of ours: the layers each other worker wants, and when it last said so.
    pub wants: Vec<Want>,
    /// For a track from elsewhere: the layers we last said we want.
    pub told: u8,
    pub pending: Vec<Pending>,
    pending_since: Option<Instant>,
    frame_complete: bool,
}

#[derive(Debug, Clone, Copy)]
pub struct Want {
    pub from: WorkerId,
    pub layers: u8,
    pub at: Instant,
    /// By layer: the packet from which on it is still to be told what the ring holds. Until that is done, what arrives waits its turn
    /// there.
    pub replay: [Option<u64>; LAYERS_MAX],
}

/// A viewer's track by its slot and SSRC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiter {
    pub slot: u32,
    pub ssrc: u32,
}

/// A packet that arrived since the last flush, in order of arrival.
#[derive(Debug, Clone, Copy)]
pub struct Pending {
    pub layer: u8,
    pub seq: u64,
    pub arrival: Instant,
}

pub struct Layer {
    pub rid: String,
    /// Counts the restarts of the stream.
    pub generation: u8,
    /// The publisher's SSRC, when the track is ours.
    pub ssrc: Option<u32>,
    /// The SSRC before a restart: its stragglers are nobody's any more.
    pub ssrc_before: Option<u32>,
    /// It was muted: what comes next begins anew.
    pub resumes: bool,
    pub ring: Ring,
    parser: dd::Parser,
    /// It has, or may have, layers within it that a viewer can be sent a part of.
    pub is_layered: bool,
    rates: select::Rates,
    /// What each target within the layer cost during the last second, and the highest layers that came.
    pub costs: Vec<(Target, u64)>,
    pub top: Target,
    top_now: Target,
    pub thrift: Thrift,
    /// Lines of its picture, where that is known.
    pub height: Option<u32>,
    /// Since the last packet that a decoder can begin with.
    pub gop: Option<Gop>,
    /// What a decoder needs before that packet, where it is not sent with it.
    pub sets: Sets,
    /// The newest packet that was handed to the viewers. What came after it is pending.
    pub flushed: Option<u64>,
    pub keyframe: Throttle,
    pub packets: u64,
    pub bytes: u64,
    pub kbps: u32,
    /// Share of its packets that did not come during the last second, repairs counted as coming.
    pub loss: f64,
    measured: Option<Measured>,
    bytes_measured: u64,
    pub last_packet: Option<Instant>,
    /// The publisher's last sender report: wall clock, RTP time, and when it came.
    pub clock: Option<Clock>,
}

/// How far a layer had come when it was last measured.
#[derive(Debug, Clone, Copy)]
struct Measured {
    newest: u64,
    packets: u64,
}

#[derive(Debug, Clone, Copy)]
pub struct Clock {
    pub ntp: u64,
    pub time: u32,
    pub at: Instant,
}

impl Layer {
    fn new(rid: String, kind: Kind, limits: &Limits) -> Layer {
        let packets = match kind {
            Kind::Video => limits.ring_packets,
            // 50 packets a second: 256 are 5 s.
            Kind::Audio => 256,
        };
        Layer {
            rid,
            generation: 0,
            ssrc: None,
            ssrc_before: None,
            resumes: false,
            ring: Ring::new(packets, limits.ring_age),
            parser: dd::Parser::new(),
            is_layered: false,
            rates: select::Rates::new(),
            costs: Vec::new(),
            top: Target::default(),
            top_now: Target::default(),
            thrift: Thrift::default(),
            height: None,
            gop: None,
            sets: Sets::default(),
            flushed: None,
            keyframe: Throttle::default(),
            packets: 0,
            bytes: 0,
            kbps: 0,
            loss: 0.0,
            measured: None,
            bytes_measured: 0,
            last_packet: None,
            clock: None,
        }
    }

    /// Looks into a packet.
    fn read(&mut self, codec: Codec, packet: &Incoming<'_>) -> Read {
        let (payload, marker) = (packet.payload, packet.marker);
        if codec.kind() == Kind::Audio {
            return Read { facts: codec::facts(codec, payload, marker, None), pick: None };
        }
        let parsed = match packet.dependency {
            [] => None,
            bytes => Some(self.parser.parse(bytes)),
        };
        let descriptor = parsed.as_ref().and_then(|parsed| parsed.as_ref().ok());
        let facts = codec::facts(codec, payload, marker, descriptor);
        let described = descriptor.zip(self.parser.structure());
        let is_layered = codec == Codec::Vp9
            || facts.spatial > 0
            || facts.temporal > 0
            || described.is_some_and(|(_, structure)| structure.targets > 1);
        self.is_layered |= is_layered;
        if let Some((_, height)) = descriptor.and_then(|descriptor| descriptor.resolution) {
            self.height = self.height.max(Some(height));
        }
        if (facts.keyframe && facts.frame_start) || facts.parameter_sets {
            self.height = codec::height(codec, payload).or(self.height);
        }
        self.rates.count(facts.spatial, facts.temporal, payload.len());
        for top in [&mut self.top, &mut self.top_now] {
            top.spatial = top.spatial.max(facts.spatial);
            top.temporal = top.temporal.max(facts.temporal);
        }
        let is_unread = parsed.is_some_and(|parsed| parsed.is_err());
        let pick = (!is_unread).then(|| select::Packet::of(RtpTime(packet.time), marker, &facts, described));
        Read { facts, pick }
    }

    fn measure_loss(&mut self) {
        self.loss = 0.0;
        let Some(newest) = self.ring.newest() else { return };
        let measured = Measured { newest, packets: self.packets };
        let Some(before) = self.measured.replace(measured) else { return };
        let expected = newest.saturating_sub(before.newest);
        let came = self.packets - before.packets;
        // Of fewer a single one would be many percent.
        if expected >= 20 {
            self.loss = 1.0 - (came as f64 / expected as f64).min(1.0);
        }
    }

    /// Looks again into a packet whose descriptor could not be read before the one that came with the structure.
    fn read_again(&mut self, codec: Codec, seq: u64) {
        let Some(packet) = self.ring.get_mut(seq).filter(|packet| packet.pick.is_none()) else { return };
        let (time, marker) = (RtpTime(packet.time), packet.marker);
        let descriptor = self.parser.parse(&packet.dependency).ok();
        let facts = codec::facts(codec, packet.payload(), marker, descriptor.as_ref());
        let described = descriptor.as_ref().zip(self.parser.structure());
        (packet.facts, packet.pick) = (facts, Some(select::Packet::of(time, marker, &facts, described)));
    }

    /// Where the last group of pictures begins, and what belongs to it.
    fn remember(&mut self, codec: Codec, seq: u64, len: usize) {
        let is_newer = self.gop.is_none_or(|gop| seq > gop.start);
        if is_newer
            && let Some(packet) = self.ring.get(seq)
            && self.is_start(codec, packet)
        {
            self.sets.begin(codec, seq, packet.facts.parameter_sets);
            self.gop = Some(Gop::begin(&self.ring, seq, packet.arrival));
        } else if is_newer && let Some(gop) = &mut self.gop {
            gop.count(len);
        }
    }

    /// What is before the last group of pictures is of no use to anybody who joins, and after a while to nobody: replays have gone over to the
    /// group by then. Of a group that has become too old or too large there may still be replays.
    fn spare(&mut self, now: Instant, newest: u64, limits: &Limits) {
        let from = match &self.gop {
            None => newest,
            Some(gop) if !gop.is_worth(newest, now, &limits.gop) => return,
            Some(gop) if now.saturating_duration_since(gop.begun) <= limits.ring_age => return,
            Some(gop) => gop.start,
        };
        self.ring.spare(now, from);
    }

    /// Nothing of it is here any more.
    pub fn forget(&mut self) {
        self.ring.clear();
        (self.gop, self.flushed) = (None, None);
    }

    /// Where a viewer can begin right now.
    pub fn replay(&self, now: Instant, limits: &Limits) -> Option<Gop> {
        self.gop.filter(|gop| gop.is_whole(&self.ring, now, &limits.gop))
    }

    pub fn is_silent(&self, now: Instant) -> bool {
        self.last_packet.is_none_or(|at| now.saturating_duration_since(at) > LAYER_SILENT)
    }

    /// Wall clock (NTP, 32.32) and RTP time of this instant, in the publisher's clock.
    pub fn wall_clock(&self, now: Instant, clock_rate: u32) -> Option<(u64, u32)> {
        let clock = self.clock?;
        let since = now.saturating_duration_since(clock.at);
        let ntp = clock.ntp.wrapping_add(((since.as_micros() as u64) << 32) / 1_000_000);
        let ticks = since.as_micros() as u64 * u64::from(clock_rate) / 1_000_000;
        Some((ntp, clock.time.wrapping_add(ticks as u32)))
    }
}

impl Source {
    pub fn new(id: TrackId, room: RoomName, codec: Codec, fmtp: String, since_ms: u64, upstream: Upstream) -> Source {
        Source {
            id,
            room,
            codec,
            fmtp,
            since_ms,
            upstream,
            by: None,
            mid: None,
            is_muted: false,
            layers: Vec::new(),
            best: 0,
            downlinks: Vec::new(),
            waiters: Vec::new(),
            waited_for_since: None,
            steps: Vec::new(),
            announced: Vec::new(),
            wants: Vec::new(),
            told: 0,
            pending: Vec::new(),
            pending_since: None,
            frame_complete: false,
        }
    }

    pub fn kind(&self) -> Kind {
        self.codec.kind()
    }

    /// Whether its publisher is one of these.
    pub fn is_of(&self, names: &[PublisherName]) -> bool {
        self.by.as_ref().is_some_and(|by| names.contains(by))
    }

    pub fn is_remote(&self) -> bool {
        matches!(self.upstream, Upstream::Remote { .. })
    }

    /// The index of the layer called `rid`; a new one is added when there is room.
    pub fn layer_index(&mut self, rid: &str, limits: &Limits) -> Option<(u8, LayerIs)> {
        if let Some(index) = self.layers.iter().position(|l| l.rid == rid) {
            return Some((index as u8, LayerIs::Known));
        }
        if self.layers.len() == LAYERS_MAX {
            return None;
        }
        self.layers.push(Layer::new(rid.to_owned(), self.kind(), limits));
        Some((self.layers.len() as u8 - 1, LayerIs::New))
    }

    /// The publisher began the layer anew: its numbers and clock mean something else from here on.
    pub fn restart(&mut self, now: Instant, layer: u8, generation: u8, limits: &Limits) {
        let rid = self.layers[layer as usize].rid.clone();
        let fresh = Layer::new(rid, self.kind(), limits);
        let old = std::mem::replace(&mut self.layers[layer as usize], fresh);
        let entry = &mut self.layers[layer as usize];
        entry.generation = generation;
        entry.ssrc = old.ssrc;
        entry.ssrc_before = old.ssrc_before;
        entry.packets = old.packets;
        entry.bytes = old.bytes;
        entry.bytes_measured = old.bytes_measured;
        self.pending.retain(|p| p.layer != layer);
        for want in &mut self.wants {
            // What was still to be told has other numbers.
            want.replay[layer as usize] = None;
        }
        for downlink in self.downlinks.iter_mut().filter(|d| d.layer == Some(layer)) {
            downlink.await_source(now, downlink.target());
        }
    }

    /// When the last frame was complete that the first `burst` pending packets end; `None` for audio, and in the midst of a frame.
    pub fn completed(&self, burst: usize) -> Option<Instant> {
        let video = self.kind() == Kind::Video;
        let ends = |p: &&Pending| self.layers[p.layer as usize].ring.get(p.seq).is_some_and(|packet| packet.marker);
        self.pending[..burst].iter().filter(|_| video).rfind(ends).map(|p| p.arrival)
    }

    /// Makes neighbours of nearly one length equally long by padding, so that they leave as one message per viewer. Browsers cut a
    /// frame into packets that differ by a byte, and the kernel takes a run only of equal ones (the last may be shorter).
    /// Says how many bytes that took.
    pub fn equalise(&mut self, burst: usize) -> u64 {
        let mut padding = 0;
        let Source { layers, pending, .. } = self;
        let len =
            |layers: &[Layer], p: &Pending| layers[p.layer as usize].ring.get(p.seq).map(|packet| packet.text().len());
        let mut rest = &pending[..burst];
        while let [first, others @ ..] = rest {
            let Some(mut longest) = len(layers, first) else {
                rest = others;
                continue;
            };
            let mut shortest = longest;
            let mut run = 1;
            for p in others.iter().take_while(|p| p.layer == first.layer) {
                let Some(len) = len(layers, p) else { break };
                if longest.max(len) - shortest.min(len) > EQUALISE_BYTES_MAX {
                    break;
                }
                (longest, shortest) = (longest.max(len), shortest.min(len));
                run += 1;
            }
            let (equal, after) = rest.split_at(run);
            if longest != shortest {
                for p in equal {
                    if let Some(packet) = layers[p.layer as usize].ring.get_mut(p.seq) {
                        padding += u64::from(packet.pad_to(longest));
                    }
                }
            }
            rest = after;
        }
        padding
    }

    /// Takes a packet in; it goes out at the next flush.
    pub fn accept(&mut self, now: Instant, layer: u8, packet: Incoming<'_>, limits: &Limits) -> Inserted {
        let (seq, arrival, marker) = (packet.seq, packet.arrival, packet.marker);
        let (codec, len, payload) = (self.codec, packet.payload.len(), packet.payload);
        let entry = &mut self.layers[layer as usize];
        if let Some(gop) = &entry.gop
            && seq.saturating_sub(gop.start) >= entry.ring.capacity() as u64
            && gop.is_worth(seq, arrival, &limits.gop)
        {
            entry.ring.grow();
        }
        entry.spare(now, seq, limits);
        let read = entry.read(codec, &packet);
        let inserted = entry.ring.insert(packet, read);
        if inserted != Inserted::Stored {
            return inserted;
        }
        if codec.kind() == Kind::Video {
            if read.facts.parameter_sets {
                entry.sets.hear(codec, payload);
            }
            entry.remember(codec, seq, len);
        }
        entry.packets += 1;
        entry.bytes += len as u64;
        // Here, and now: what another worker tells of the past arrived there long ago.
        entry.last_packet = Some(now);
        if read.facts.keyframe {
            entry.keyframe.arrived();
        }
        self.pending.push(Pending { layer, seq, arrival });
        self.pending_since.get_or_insert(arrival);
        // An audio packet's marker begins a talk spurt; it completes nothing.
        self.frame_complete |= marker && self.codec.kind() == Kind::Video;
        Inserted::Stored
    }

    /// When the pending packets must go out; `None` when there are none.
    pub fn flush_at(&self) -> Option<Instant> {
        let since = self.pending_since?;
        let wait = match self.kind() {
            // A complete frame gains nothing by waiting.
            _ if self.frame_complete => Duration::ZERO,
            Kind::Video => FLUSH_VIDEO,
            Kind::Audio => FLUSH_AUDIO,
        };
        Some(since + wait)
    }

    /// The first `packets` of what is pending go to the viewers now.
    pub fn hand_over(&mut self, packets: usize) {
        let codec = self.codec;
        for Pending { layer, seq, .. } in &self.pending[..packets] {
            let layer = &mut self.layers[*layer as usize];
            layer.flushed = layer.flushed.max(Some(*seq));
            if layer.is_layered {
                layer.read_again(codec, *seq);
            }
        }
    }

    /// The first `packets` of what was pending have gone out. What is left does not wait any longer.
    pub fn flushed(&mut self, packets: usize) {
        self.pending.drain(..packets);
        if self.pending.is_empty() {
            self.pending_since = None;
            self.frame_complete = false;
        } else {
            self.frame_complete = true;
        }
    }

    /// Which layers (bit mask) somebody here shows or waits for.
    pub fn wanted_here(&self) -> u8 {
        let waited_for = if self.waiters.is_empty() { 0 } else { 1 << self.best };
        self.downlinks.iter().fold(waited_for, |mask, d| mask | 1 << d.target() | d.layer.map_or(0, |l| 1 << l))
    }

    /// The packet with which a viewer can begin with a layer right now: its last keyframe, if what followed is still here and the
    /// viewer's line carries it.
    pub fn begins_at(&self, now: Instant, layer: u8, line: &Line, limits: &Limits) -> Option<u64> {
        let entry = self.layers.get(layer as usize).filter(|entry| !entry.is_silent(now))?;
        let gop = entry.replay(now, limits)?;
        replay::can_afford(now, entry, &gop, limits.gop.policy, line).then_some(gop.start)
    }

    /// The same for who is to be sent `layer`: until that comes, another one will do, the larger the better. One of many pictures has room for
    /// no larger one.
    pub fn beginning(
        &self,
        now: Instant,
        layer: u8,
        others: Others,
        line: &Line,
        limits: &Limits,
    ) -> Option<(u8, u64)> {
        let kbps = |layer: u8| self.layers.get(layer as usize).map_or(0, |layer| layer.kbps);
        let will_do = |other: &u8| *other != layer && (others == Others::Any || kbps(*other) < kbps(layer));
        let mut others: Vec<u8> = (0..self.layers.len() as u8).filter(will_do).collect();
        others.sort_by_key(|&other| std::cmp::Reverse(kbps(other)));
        let layers = std::iter::once(layer).chain(others);
        layers.into_iter().find_map(|layer| Some((layer, self.begins_at(now, layer, line, limits)?)))
    }

    /// The workers that a packet goes to. One that is still being told what came before will be told it in its turn.
    pub fn wanted_by(&self, layer: u8, seq: u64) -> [Option<WorkerId>; 8] {
        let wants = |w: &&Want| w.layers & 1 << layer != 0 && w.replay[layer as usize].is_none_or(|next| seq < next);
        let mut wanted = [None; 8];
        for (place, want) in wanted.iter_mut().zip(self.wants.iter().filter(wants)) {
            *place = Some(want.from);
        }
        wanted
    }

    pub fn audience(&self, layer: u8) -> Audience {
        let here = self.downlinks.iter().any(|d| d.layer == Some(layer));
        // Another worker wants only what it shows or is about to show; it throttles its own asking.
        let elsewhere = self.wants.iter().any(|w| w.layers & (1 << layer) != 0);
        if here || elsewhere { Audience::Watching } else { Audience::Waiting }
    }

    /// Measures the layers' bitrates over `elapsed`, and chooses the best: the one with the most bits that is not silent.
    /// Returns whether the choice changed. RID names and their order say nothing reliable about size.
    pub fn measure(&mut self, now: Instant, elapsed: Duration) -> bool {
        for layer in &mut self.layers {
            layer.costs = layer.rates.take(elapsed);
            layer.top = std::mem::take(&mut layer.top_now);
        }
        // Another worker's layers cross the link only while somebody here wants them: their origin tells their rates.
        if let Upstream::Remote { .. } = self.upstream {
            return false;
        }
        for layer in &mut self.layers {
            layer.measure_loss();
            let bits = (layer.bytes - layer.bytes_measured) * 8;
            layer.bytes_measured = layer.bytes;
            let kbps = (bits as f64 / elapsed.as_secs_f64().max(0.001) / 1000.0) as u32;
            // One that we have stopped is worth what it was, and so is one that has sent for a part of the second.
            layer.kbps = if layer.thrift.is_held_back(now) { layer.kbps.max(kbps) } else { kbps };
        }
        let alive = |i: usize| !self.layers[i].is_silent(now) || self.layers[i].thrift.is_held_back(now);
        let Some(candidate) = (0..self.layers.len()).filter(|&i| alive(i)).max_by_key(|&i| self.layers[i].kbps) else {
            return false;
        };
        let current = self.best as usize;
        // A third more bits, so that two layers of similar rate do not take turns.
        let clearly_better = self.layers[candidate].kbps > self.layers[current].kbps * 4 / 3;
        let change = candidate != current && (!alive(current) || clearly_better);
        if change {
            self.best = candidate as u8;
        }
        change
    }
}

/// Which layers somebody may begin with who is to be sent another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Others {
    Any,
    Smaller,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LayerIs {
    Known,
    New,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A source with packets of these lengths waiting, as (layer, length).
    fn waiting(packets: &[(u8, usize)]) -> Source {
        let id = TrackId { origin: WorkerId(0), n: 1 };
        let upstream = Upstream::Local { slot: 0 };
        let mut source = Source::new(id, "room".parse().unwrap(), Codec::Vp8, String::new(), 0, upstream);
        let now = Instant::now();
        for (seq, &(layer, len)) in (1..).zip(packets) {
            source.layer_index(&format!("r{layer}"), &Limits::default());
            let payload = vec![7; len];
            let incoming = Incoming {
                seq,
                time: 0,
                marker: false,
                arrival: now,
                audio_level: None,
                orientation: None,
                dependency: &[],
                is_redundant: false,
                payload: &payload,
            };
            assert_eq!(source.accept(now, layer, incoming, &Limits::default()), Inserted::Stored);
        }
        source
    }

    fn lengths(source: &Source) -> Vec<usize> {
        source.pending.iter().map(|p| source.layers[p.layer as usize].ring.get(p.seq).unwrap().text().len()).collect()
    }

    #[test]
    fn packets_of_a_frame_that_differ_by_a_byte_become_equally_long() {
        let mut source = waiting(&[(0, 974), (0, 974), (0, 975), (0, 975), (0, 974), (0, 300)]);
        assert_eq!(source.equalise(6), 3);
        assert_eq!(lengths(&source), [975, 975, 975, 975, 975, 300]);
        assert_eq!(source.equalise(6), 0, "and stay so");
    }

    #[test]
    fn packets_that_differ_by_more_and_those_of_other_layers_are_left_alone() {
        let packets = [(0, 1000), (0, 1100), (1, 1101), (0, 1102), (0, 90)];
        let mut source = waiting(&packets);
        assert_eq!(source.equalise(5), 0);
        assert_eq!(lengths(&source), packets.map(|(_, len)| len));
    }

    #[test]
    fn what_is_not_due_yet_is_not_touched() {
        let mut source = waiting(&[(0, 10), (0, 11), (0, 12)]);
        assert_eq!(source.equalise(2), 1);
        assert_eq!(lengths(&source), [11, 11, 12]);
    }
}
