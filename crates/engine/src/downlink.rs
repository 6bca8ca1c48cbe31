//! One track on its way to one viewer: where a layer is chosen to be shown, where a packet gets the viewer's numbering,
//! and where it waits when the viewer's line is narrow.
//!
//! ```text
//!   waits ──keyframe──▶ live ◀──────────────┐      waits: `layer` is none, or another one than `target`
//!     └──group of pictures──▶ replays ──────┘      replays: packets come from the ring at a pace (`replay`), not as they arrive
//! ```
//!
//! A downlink is the hot structure of the product: they lie in one dense array per source, and a fan-out walks that
//! array. It keeps no packets: what waits, and what is repaired, comes out of the source's ring. What a viewer's tracks
//! share (address, keys, estimate) is its [`Line`].

mod numbers;
mod repair;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use media::codec::{Codec, Kind, PictureId};
use media::select::{Selector, Target, Verdict};
use transport::{Outbox, SendTrack, rtcp};

pub use numbers::restore_numbers;

use crate::budget::Step;
use crate::drops::{Drop, Drops};
use crate::gop::Policy;
use crate::header::Header;
use crate::line::{Line, Moment, Stream};
use crate::replay::{self, Replay};
use crate::ring::Packet;
use crate::sets::{self, Lent, Sets};
use crate::source::{Layer, Pending};
use crate::splice::{Mapped, Mark, Splice};
use numbers::rewrite_payload;

#[repr(align(64))]
pub struct Downlink {
    pub ssrc: u32,
    /// The viewer's slot: its line and its session there.
    pub slot: u32,
    payload_type: u8,
    /// For sound with redundancy, if the viewer takes it.
    red: Option<u8>,
    pub codec: Codec,
    /// The layer on show; `None` until the first packet that a decoder can start with.
    pub layer: Option<u8>,
    /// The layer to show from its next keyframe on.
    target: u8,
    /// A keyframe of the target that has begun while a frame of the layer on show was incomplete: layers come interleaved, and a
    /// decoder should not see half a frame.
    upcoming: Option<u64>,
    open: Option<Open>,
    /// The source's time of the frame that was sent last.
    time: u32,
    header: Header,
    splice: Splice,
    /// The way through the ring to what is live.
    replay: Option<Box<Replay>>,
    /// When something replayed was last sent: until a frame comes that arrived after that, each gets a time of its own.
    retimed: Option<Instant>,
    /// Parameter sets that go before a keyframe, or went.
    sets: Option<Box<Lent>>,
    /// Which packets of a layer with layers within it are sent.
    selector: Option<Box<Selector>>,
    /// What is to be sent of it.
    wants: Target,
    rtx: Option<Rtx>,
    pub packets: u64,
    pub bytes: u64,
    /// Packets that the pacer made wait, in the viewer's numbering already.
    held: VecDeque<Held>,
    rare: Box<Rare>,
}

/// What a visit seldom needs: a thousand viewers' downlinks do not fit into a core's cache, and each line of it counts.
struct Rare {
    waits_since: Instant,
    /// The VP8 picture that was left out last.
    left_out: Option<u16>,
    reported: Option<Reported>,
    /// Numbers below this are of a layer that the line could not carry: nobody repairs them.
    abandoned: u64,
    abandoned_at: Option<Instant>,
    /// When a frame was sent last that is older than it looks.
    hurried_at: Option<Instant>,
}

impl Rare {
    fn new(now: Instant) -> Rare {
        Rare { waits_since: now, left_out: None, reported: None, abandoned: 0, abandoned_at: None, hurried_at: None }
    }
}

/// The frame whose last packet has not been sent.
#[derive(Clone, Copy)]
struct Open {
    /// In the source's clock.
    time: u32,
    at: Instant,
}

impl Open {
    /// A frame that has rested this long has lost its end. Encoders pace a frame over a frame interval, at most 66 ms.
    fn is_fresh(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.at) < Duration::from_millis(100)
    }
}

struct Rtx {
    payload_type: u8,
    ssrc: u32,
    seq: u64,
    /// Bytes that may still be repeated: a fifth of what was sent, so that a viewer who loses everything costs at most that much
    /// more. Probes spend it too.
    budget: u64,
}

/// A packet that waits in the ring.
struct Held {
    layer: u8,
    seq: u64,
    numbered: Numbered,
}

/// A packet as this viewer gets it.
#[derive(Clone, Copy)]
struct Numbered {
    mapped: Mapped,
    marker: bool,
}

/// All layers within a stream, however many come.
pub const EVERYTHING: Target = Target { spatial: u8::MAX, temporal: u8::MAX };

/// Our last sender report: what the viewer's answer to it says about the round trip.
#[derive(Clone, Copy)]
struct Reported {
    /// The middle 32 bits of its NTP time, as a report block repeats them.
    ntp: u32,
    at: Instant,
}

/// Enough for the repairs of a first lost keyframe.
const RTX_BUDGET_FIRST: u64 = 64 * 1024;
/// About half a second of 8 Mbit/s: credit does not pile up while a line is good.
const RTX_BUDGET_MAX: u64 = 512 * 1024;

/// Packets that wait at most: two keyframes of 8 Mbit/s. When it is full the oldest leaves at once, so that none is lost here.
const HELD_MAX: usize = 512;

/// The longest queues of routers, and then a keyframe.
const ABANDONED_JUST: Duration = Duration::from_secs(2);

/// What a flush hands to every downlink of a source.
pub struct Batch<'a> {
    pub layers: &'a mut [Layer],
    /// Everything that arrived and has not gone out; the first `burst` go out now.
    pub pending: &'a [Pending],
    pub burst: usize,
    pub policy: Policy,
}

/// The way out for one visit to one viewer.
pub struct Way<'a> {
    pub moment: Moment,
    pub line: &'a mut Line,
    pub out: &'a mut Outbox,
    pub drops: &'a mut Drops,
}

impl Downlink {
    pub fn new(now: Instant, slot: u32, track: &SendTrack, seq_first: u16) -> Downlink {
        Downlink {
            ssrc: track.ssrc,
            slot,
            payload_type: track.pt,
            red: track.red,
            codec: track.codec,
            layer: None,
            target: 0,
            upcoming: None,
            open: None,
            time: 0,
            header: Header::new(track),
            splice: Splice::new(now, track.clock_rate, seq_first),
            replay: None,
            retimed: None,
            sets: None,
            selector: None,
            wants: EVERYTHING,
            rtx: track.rtx.map(|(payload_type, ssrc)| Rtx {
                payload_type,
                ssrc,
                seq: u64::from(seq_first),
                budget: RTX_BUDGET_FIRST,
            }),
            packets: 0,
            bytes: 0,
            held: VecDeque::new(),
            rare: Box::new(Rare::new(now)),
        }
    }

    /// Since when it waits for something that can be decoded.
    pub fn waits_since(&self) -> Instant {
        self.rare.waits_since
    }

    pub fn kind(&self) -> Kind {
        self.codec.kind()
    }

    /// The source is another one from here on: show nothing until it can be decoded.
    pub fn await_source(&mut self, now: Instant, target: u8) {
        self.layer = None;
        self.open = None;
        self.upcoming = None;
        self.replay = None;
        self.retimed = None;
        self.sets = None;
        self.selector = None;
        self.splice.leave();
        self.target = target;
        self.rare.waits_since = now;
    }

    /// The line carries a fraction of the layer on show: nothing more of it is sent, and what waits is forgotten as if it had never come.
    /// The next that is sent is a keyframe.
    pub fn abandon(&mut self, now: Instant, line: &mut Line) {
        while let Some(held) = self.held.pop_back() {
            self.splice.take_back(held.numbered.mapped.seq);
        }
        if let Some(sets) = self.sets.take_if(|sets| !sets.is_sent) {
            self.splice.take_back(sets.packet.seq);
        }
        line.forget_waiting();
        (self.layer, self.open, self.replay, self.retimed, self.selector) = (None, None, None, None, None);
        self.rare.waits_since = now;
        self.rare.abandoned = self.splice.next_number();
        self.rare.abandoned_at = Some(now);
    }

    /// What it went over to may still be on its way through a full queue.
    pub fn has_just_abandoned(&self, now: Instant) -> bool {
        self.rare.abandoned_at.is_some_and(|at| now.saturating_duration_since(at) < ABANDONED_JUST)
    }

    /// Begins with the keyframe that is packet `seq` of the ring of `layer`, and from there on follows what is live, as `policy` says. What is
    /// on show ends here.
    pub fn begin(&mut self, now: Instant, layers: &[Layer], layer: u8, seq: u64, policy: Policy) {
        self.upcoming = None;
        let entry = &layers[layer as usize];
        // Gone from the ring: the next keyframe will do.
        let Some(first) = entry.ring.get(seq) else { return };
        let start = replay::start(now, self.rare.hurried_at);
        let replay = Replay::begin(now, start, entry, first, policy);
        let mut mark = mark(layer, first);
        // What was shown last may have come after this keyframe: then it cannot have the time at which it came.
        let goes_on = start > now || self.retimed.is_some() || self.splice.has_shown_later(mark.arrival);
        if replay.is_late() || goes_on {
            mark.arrival = start;
        }
        self.retimed = ((replay.is_late() && policy == Policy::CatchUp) || goes_on).then_some(start);
        self.layer = Some(layer);
        self.target = layer;
        self.selector = None;
        self.open = None;
        self.time = first.time;
        self.splice.begin(&mark);
        self.replay = Some(Box::new(replay));
    }

    pub fn target(&self) -> u8 {
        self.target
    }

    /// Shows this layer from its next keyframe on.
    fn aim_at(&mut self, now: Instant, target: u8) {
        if target != self.target {
            self.target = target;
            self.upcoming = None;
            self.rare.waits_since = now;
        }
    }

    /// Goes over to what was chosen for it: another layer with its next keyframe, other layers within it with the next picture that
    /// allows it.
    pub fn take_step(&mut self, now: Instant, step: &Step) {
        self.aim_at(now, step.layer);
        self.wants = Target { spatial: step.spatial, temporal: step.temporal };
    }

    pub fn wants(&self) -> Target {
        self.wants
    }

    /// The layers within the stream that the newest picture was sent with.
    pub fn within(&self) -> Option<Target> {
        self.selector.as_ref().map(|selector| selector.current())
    }

    /// Waiting for a keyframe of this layer.
    pub fn waits_for(&self) -> Option<u8> {
        let waits = self.kind() == Kind::Video && self.layer != Some(self.target) && self.upcoming.is_none();
        let waits_within = self.selector.as_ref().is_some_and(|selector| selector.needs_keyframe());
        (waits || waits_within).then_some(self.target)
    }

    /// The frame on show will be complete in a moment, and so will those before it.
    pub fn has_loose_ends(&self, now: Instant) -> bool {
        let is_amid_frame = self.kind() == Kind::Video && self.is_amid_frame(now);
        self.layer.is_some() && (is_amid_frame || self.splice.has_holes(now))
    }

    fn is_amid_frame(&self, now: Instant) -> bool {
        self.open.is_some_and(|open| open.is_fresh(now))
    }

    /// Sends what is new of the source.
    pub fn forward(&mut self, batch: &mut Batch<'_>, way: &mut Way<'_>) {
        let now = way.moment.now;
        for pending in &batch.pending[..batch.burst] {
            let entry = &batch.layers[pending.layer as usize];
            let Some(packet) = entry.ring.get(pending.seq) else { continue };
            let time = packet.time;
            if self.layer == Some(pending.layer) {
                if self.replay.as_ref().is_some_and(|replay| pending.seq >= replay.next) {
                    // It comes out of the ring in its turn. One from before it has been missing until now.
                    continue;
                }
                if self.upcoming.is_none()
                    || self.open.is_some_and(|open| open.time == time)
                    || self.splice.has_holes(now)
                {
                    self.send(batch.layers, pending.layer, pending.seq, way);
                }
                // Its frame is complete now, or never will be: another one has begun.
                if let Some(seq) = self.upcoming
                    && self.open.is_none_or(|open| open.time != time)
                    && !self.splice.has_holes(now)
                {
                    self.begin(now, batch.layers, self.target, seq, batch.policy);
                }
                continue;
            }
            if pending.layer != self.target {
                way.drops.count(if self.layer.is_some() { Drop::LayerNotWanted } else { Drop::WaitingForKeyframe });
                continue;
            }
            match self.upcoming {
                // It lies in the ring until the frame on show is complete.
                Some(_) if self.has_loose_ends(now) => {}
                Some(seq) => self.begin(now, batch.layers, self.target, seq, batch.policy),
                None if !self.may_begin_with(now, entry, packet, batch.policy, way.line) => {
                    way.drops.count(if self.layer.is_some() { Drop::LayerNotWanted } else { Drop::WaitingForKeyframe });
                }
                None if self.has_loose_ends(now) => self.upcoming = Some(pending.seq),
                None => self.begin(now, batch.layers, self.target, pending.seq, batch.policy),
            }
        }
        if self.replay.is_some() {
            self.go_on(batch.layers, &batch.pending[batch.burst..], batch.policy, way);
        }
    }

    /// Whether the layer can be shown from this packet on.
    fn may_begin_with(&self, now: Instant, entry: &Layer, packet: &Packet, policy: Policy, line: &Line) -> bool {
        self.kind() == Kind::Audio
            || entry.is_start(self.codec, packet)
                && replay::may_begin_with(now, entry, packet, self.has_seen(now), policy, line)
    }

    /// Whether it shows the source, or did until its line fell: then it goes on with what is live, and does not begin with the past.
    pub fn has_seen(&self, now: Instant) -> bool {
        self.layer.is_some() || self.has_just_abandoned(now)
    }

    /// Whether it has to be looked at again soon, because packets of a replay wait for their turn.
    pub fn is_replaying(&self) -> bool {
        self.replay.as_ref().is_some_and(|replay| !replay.at_edge)
    }

    /// Behind what is live by so much; `None` when it is live.
    pub fn behind(&self, now: Instant) -> Option<Duration> {
        self.replay.as_ref().map(|replay| replay.behind(now))
    }

    /// Goes on with a replay. What is `pending` is not sent: it comes with the next flush, which sees to what is late.
    pub fn go_on(&mut self, layers: &mut [Layer], pending: &[Pending], policy: Policy, way: &mut Way<'_>) {
        let now = way.moment.now;
        while let (Some(layer), Some(replay)) = (self.layer, &mut self.replay) {
            if !self.held.is_empty() {
                return;
            }
            let entry = &layers[layer as usize];
            let next = replay.next;
            let is_flushed = |seq: u64| entry.flushed.is_some_and(|flushed| seq <= flushed);
            let packet = entry.ring.get(next).filter(|_| is_flushed(next));
            if self.open.is_none_or(|open| packet.is_some_and(|packet| packet.time != open.time)) {
                if let Some(seq) = self.upcoming.filter(|_| !self.splice.has_holes(now)) {
                    let target = self.target;
                    self.begin(now, layers, target, seq, policy);
                    if self.upcoming.is_none() && self.layer == Some(target) {
                        continue;
                    }
                }
                // What lies between here and a newer keyframe need not be seen.
                let newer = entry.gop.map(|gop| gop.start).filter(|&seq| seq > next && is_flushed(seq));
                if let Some(seq) = newer.filter(|&seq| entry.ring.get(seq).is_some()) {
                    self.begin(now, layers, layer, seq, policy);
                    continue;
                }
            }
            let Some(replay) = &mut self.replay else { return };
            if !is_flushed(next) {
                if replay.has_caught_up(now) {
                    self.replay = None;
                }
                return;
            }
            let Some(packet) = packet else {
                if entry.ring.has_forgotten(next) {
                    way.drops.count(Drop::HeldTooLong);
                    self.await_source(now, layer);
                    return;
                }
                replay.next += 1;
                continue;
            };
            if pending.iter().any(|p| p.layer == layer && p.seq == next) || !replay.admits(now, packet, way.line) {
                return;
            }
            replay.next += 1;
            let Layer { ring, sets, top, is_layered, .. } = &mut layers[layer as usize];
            let Some(packet) = ring.get_mut(next) else { continue };
            if let Some(numbered) = self.number(layer, is_layered.then_some(*top), sets, packet, way) {
                self.emit(packet, &numbered, way);
            }
        }
    }

    /// A packet of the layer on show gets its number, and leaves, or waits its turn.
    fn send(&mut self, layers: &mut [Layer], layer: u8, seq: u64, way: &mut Way<'_>) {
        let Layer { ring, sets, top, is_layered, .. } = &mut layers[layer as usize];
        let Some(packet) = ring.get_mut(seq) else { return };
        let Some(numbered) = self.number(layer, is_layered.then_some(*top), sets, packet, way) else { return };
        let waits = way.line.pacer.is_limited()
            && self.kind() == Kind::Video
            && (!self.held.is_empty() || !way.line.pacer.admits(way.moment.now, packet.text().len()));
        if !waits {
            return self.emit(packet, &numbered, way);
        }
        way.line.held_bytes += packet.text().len() as u64;
        self.held.push_back(Held { layer, seq, numbered });
        if self.held.len() > HELD_MAX {
            self.release_one(layers, way);
        }
    }

    /// The packet in the viewer's numbering; `None` if the viewer does not get it. `top` are the highest layers within the layer, if it has
    /// any.
    fn number(
        &mut self,
        layer: u8,
        top: Option<Target>,
        sets: &Sets,
        packet: &Packet,
        way: &mut Way<'_>,
    ) -> Option<Numbered> {
        let now = way.moment.now;
        let mut mark = mark(layer, packet);
        let mut marker = packet.marker;
        if let (Some(top), Some(pick)) = (top, &packet.pick) {
            // Of what there is: nobody waits for a layer that does not come.
            let wants = Target {
                spatial: self.wants.spatial.min(top.spatial),
                temporal: self.wants.temporal.min(top.temporal),
            };
            let selector = self.selector.get_or_insert_with(|| Box::new(Selector::new(wants)));
            selector.want(wants);
            match selector.admit(pick) {
                Verdict::Forward { marker: ends } => marker = ends,
                Verdict::Drop => {
                    self.leave_out(packet, &mark, way);
                    return None;
                }
            }
        }
        if self.replay.is_some() || self.retimed.is_some() {
            self.keep_time(now, packet, &mut mark);
        }
        let is_new = self.splice.is_new(&mark);
        if is_new
            && packet.facts.keyframe
            && self.sets.as_ref().is_none_or(|sets| sets.is_sent)
            && let Some(lent) = sets.lend(now, self.codec, packet)
        {
            self.lend(lent, &mark);
        }
        let Some(mapped) = self.splice.map(&mark) else {
            way.drops.count(Drop::BeforeSplice);
            return None;
        };
        // One that comes late belongs to a frame before.
        if is_new {
            self.open = (!marker).then_some(Open { time: packet.time, at: now });
            self.time = packet.time;
        }
        Some(Numbered { mapped, marker })
    }

    /// The viewer does not get this packet. If its number is promised already, because it came late, it gets padding instead: it would
    /// wait for what is missing.
    fn leave_out(&mut self, packet: &Packet, mark: &Mark, way: &mut Way<'_>) {
        way.drops.count(Drop::LayerNotWanted);
        if !self.splice.is_new(mark) {
            if let Some(mapped) = self.splice.map(mark) {
                self.emit(&mut Packet::filler(packet.time, packet.arrival), &Numbered { mapped, marker: false }, way);
            }
            return;
        }
        self.splice.skip(mark);
        let picture = mark.picture_id.filter(|_| self.codec == Codec::Vp8);
        if picture.is_some() && picture != self.rare.left_out {
            self.rare.left_out = picture;
            self.splice.skip_picture();
        }
    }

    /// What a decoder needs before a keyframe gets a number, and leaves in its turn.
    fn lend(&mut self, mut sets: Box<Lent>, first: &Mark) {
        self.splice.renew(first);
        if let Some(number) = self.splice.put_before(first, sets::LAYER) {
            sets.packet.seq = number;
            self.sets = Some(sets);
        }
    }

    fn send_sets(&mut self, way: &mut Way<'_>) {
        let Some(mut sets) = self.sets.take() else { return };
        sets.is_sent = true;
        if let Some(mapped) = self.splice.look_up(&mark(sets::LAYER, &sets.packet)) {
            self.emit(&mut sets.packet, &Numbered { mapped, marker: false }, way);
        }
        self.sets = Some(sets);
    }

    /// A frame that is sent long after it came has the time at which it is sent; the first one that is live again has its own.
    fn keep_time(&mut self, now: Instant, packet: &Packet, mark: &mut Mark) {
        let is_new_frame = packet.time != self.time && self.splice.is_new(mark);
        match self.retimed {
            Some(last) => {
                let is_live = packet.arrival > last;
                if !is_live {
                    mark.arrival = now;
                    self.rare.hurried_at = Some(now);
                }
                if is_new_frame {
                    self.splice.retime(mark);
                    self.retimed = (!is_live).then_some(now);
                }
            }
            None if self.replay.as_ref().is_some_and(|replay| replay.is_late()) => {
                mark.arrival = now;
                if is_new_frame {
                    self.splice.renew(mark);
                }
            }
            None => {}
        }
    }

    fn emit(&mut self, packet: &mut Packet, numbered: &Numbered, way: &mut Way<'_>) {
        let Numbered { mapped, marker } = numbered;
        if self.sets.as_ref().is_some_and(|sets| !sets.is_sent && sets.packet.seq < mapped.seq) {
            self.send_sets(way);
        }
        rewrite_payload(self.codec, packet.payload_mut(), mapped);
        let mut payload_type = self.payload_type;
        let redundant = self.red.filter(|_| packet.is_redundant());
        if let Some(red) = redundant {
            media::red::rewrite(packet.payload_mut(), payload_type);
            payload_type = red;
        }
        let (header, ssrc) = (&self.header, self.ssrc);
        let stream = Stream {
            header,
            payload_type,
            ssrc,
            index: mapped.seq,
            time: mapped.time,
            marker: *marker,
            is_plain: redundant.is_none(),
            frame: mapped.frame,
        };
        match way.line.send(way.moment, &stream, packet, way.out) {
            Ok(len) => {
                if self.packets == 0 && self.kind() == Kind::Video {
                    way.line.first_picture.get_or_insert(way.moment.now);
                }
                self.packets += 1;
                self.bytes += len as u64;
                if let Some(rtx) = &mut self.rtx {
                    rtx.budget = (rtx.budget + len as u64 / 5).min(RTX_BUDGET_MAX);
                }
            }
            Err(reason) => way.drops.count(reason),
        }
    }

    /// Whether packets wait for the pacer.
    pub fn holds(&self) -> bool {
        !self.held.is_empty()
    }

    /// Sends what the pacer lets go of.
    pub fn release(&mut self, layers: &mut [Layer], way: &mut Way<'_>) {
        while let Some(held) = self.held.front() {
            let len = layers[held.layer as usize].ring.get(held.seq).map_or(0, |packet| packet.text().len());
            if !way.line.pacer.admits(way.moment.now, len) {
                return;
            }
            self.release_one(layers, way);
        }
    }

    /// Sends all that waits: its ring is about to go.
    pub fn release_all(&mut self, layers: &mut [Layer], way: &mut Way<'_>) {
        while self.holds() {
            self.release_one(layers, way);
        }
    }

    fn release_one(&mut self, layers: &mut [Layer], way: &mut Way<'_>) {
        let Some(Held { layer, seq, numbered }) = self.held.pop_front() else { return };
        if self.held.is_empty() {
            way.line.held_bytes = 0;
        }
        match layers[layer as usize].ring.get_mut(seq) {
            Some(packet) => {
                way.line.held_bytes = way.line.held_bytes.saturating_sub(packet.text().len() as u64);
                self.emit(packet, &numbered, way);
            }
            None => way.drops.count(Drop::HeldTooLong),
        }
    }

    /// The viewer reports on what it got of us. Says how long ago it must have been sent.
    pub fn hear_report(&mut self, now: Instant, block: &rtcp::ReportBlock) -> Option<Duration> {
        self.header.is_known = true;
        let reported = self.rare.reported.filter(|reported| block.last_sr != 0 && reported.ntp == block.last_sr)?;
        // In 1/65536 s.
        let rested = Duration::from_micros((u64::from(block.delay) * 1_000_000) >> 16);
        now.saturating_duration_since(reported.at).checked_sub(rested)
    }

    /// A sender report: ties the viewer's timestamps to wall-clock time, so that audio and video stay in step.
    pub fn report(&mut self, now: Instant, layers: &[Layer], cname: &str, line: &mut Line, out: &mut Outbox) {
        self.splice.tidy(now);
        // What is replayed has another time than the wall clock says.
        let Some(layer) = self.layer.filter(|_| self.replay.is_none() && self.retimed.is_none()) else { return };
        let layer = &layers[layer as usize];
        let Some((ntp, source_time)) = layer.wall_clock(now, self.codec.clock_rate()) else { return };
        let Some(time) = self.splice.map_time(source_time) else { return };
        // Both counters wrap by definition (RFC 3550 §6.4.1).
        let info = rtcp::SenderInfo { ntp, rtp_time: time, packets: self.packets as u32, bytes: self.bytes as u32 };
        let mut packet = Vec::with_capacity(128);
        rtcp::sender_report(&mut packet, self.ssrc, &info, &[], cname);
        line.send_report(&mut packet, out);
        self.rare.reported = Some(Reported { ntp: (ntp >> 16) as u32, at: now });
    }
}

fn mark(layer: u8, packet: &Packet) -> Mark {
    Mark {
        layer,
        seq: packet.seq,
        time: packet.time,
        arrival: packet.arrival,
        picture_id: packet.facts.picture_id.map(PictureId::value),
        tl0: packet.facts.tl0,
        keyidx: packet.facts.keyidx,
        frame: packet.dependency.get(1..3).map(|bytes| u16::from_be_bytes([bytes[0], bytes[1]])),
    }
}
