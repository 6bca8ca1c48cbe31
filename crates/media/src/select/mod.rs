//! Which packets of a layered stream one viewer gets.
//!
//! A publisher sends spatial and temporal layers in one stream; a viewer is sent those up to a [`Target`]. It goes down
//! with the next picture and up where the codec says that what follows can be decoded: everything at a key frame, and
//! otherwise what the frame itself allows. A picture is decided once, so whatever comes late of it, or comes before its
//! beginning, is treated as the rest was. Knows neither bandwidth (who wants which layers is said to it) nor numbering
//! (what is dropped here is closed up by whoever numbers).
//!
//! ```text
//! pictures     P0   P1   P2   P3   P4   P5   P6
//! target       └─ 2/2 ──┘└─ 0/2 ──┘└── 0/0 ───┘     changes: (P0, 2/2) (P2, 0/2) (P4, 0/0)
//! late packet            of P3: the last change that is not after it says 0/2
//! ```

mod rates;

pub use rates::Rates;

use crate::dd::{self, layers_bit};
use crate::{Facts, RtpTime};

/// Changes of target that are remembered. Late packets come within a second, and in a second nobody changes this often.
const CHANGES_MAX: usize = 8;
/// A timestamp this far behind the newest belongs to another clock: 20 s, and no packet is that late.
const LATE_MAX: i32 = 20 * 90_000;
/// A change older than this counts as this old, so that comparing never comes near half the circle (6.6 h): one minute.
const MEMORY: i32 = 60 * 90_000;

/// The highest layers that a viewer gets, each with all below.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Target {
    pub spatial: u8,
    pub temporal: u8,
}

/// What the selection needs to know of a packet, small enough to be kept beside it for every viewer to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packet {
    pub time: RtpTime,
    pub marker: bool,
    pub spatial: u8,
    pub temporal: u8,
    /// Begins a picture from which everything can be decoded.
    pub keyframe: bool,
    /// Last packet of its layer frame.
    pub frame_end: bool,
    pub ups: Ups,
}

/// What a packet says about going up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ups {
    /// By the payload: for temporal layers only. `enters`: whoever has the layers below may begin with its layer here;
    /// `frees_above`: whoever gets it may go up to any ([`Facts::frees_above`]).
    Payload { enters: bool, frees_above: bool },
    /// By dependency descriptor: the layers that open to whoever gets it ([`dd::Descriptor::opens`]).
    Opens(u32),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// `marker`: the packet ends the picture for this viewer, so it has to be marked whether or not it came marked.
    Forward {
        marker: bool,
    },
    Drop,
}

/// One viewer's selection of one stream.
#[derive(Debug, Clone)]
pub struct Selector {
    current: Target,
    wanted: Target,
    /// Since when each target has been in force, the newest last.
    changes: [Change; CHANGES_MAX],
    remembered: u8,
    newest: Option<Picture>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Change {
    since: RtpTime,
    target: Target,
}

/// The newest picture: the only one whose target may still go up.
#[derive(Debug, Clone, Copy)]
struct Picture {
    time: RtpTime,
    /// Something of it was dropped: what depends on that cannot be given any more.
    dropped: bool,
    /// Its end was marked: nothing may follow in it.
    ended: bool,
    /// Layers that its frames opened.
    opened: u32,
}

impl Packet {
    /// `descriptor` is the packet's, with the structure it was read through; its word is in `facts` already.
    pub fn of(
        time: RtpTime,
        marker: bool,
        facts: &Facts,
        descriptor: Option<(&dd::Descriptor, &dd::Structure)>,
    ) -> Packet {
        let ups = match descriptor {
            Some((descriptor, structure)) => Ups::Opens(descriptor.opens(structure)),
            None => Ups::Payload { enters: facts.switch_point, frees_above: facts.frees_above },
        };
        Packet {
            time,
            marker,
            spatial: facts.spatial,
            temporal: facts.temporal,
            keyframe: facts.keyframe,
            frame_end: facts.frame_end,
            ups,
        }
    }
}

impl Selector {
    /// Begins with the base layer, and goes up to `wanted` with the first picture that allows it: at a key frame at once.
    pub fn new(wanted: Target) -> Selector {
        Selector {
            current: Target::default(),
            wanted,
            changes: [Change::default(); CHANGES_MAX],
            remembered: 0,
            newest: None,
        }
    }

    /// What the viewer gets from the next picture on, or gets already.
    pub fn want(&mut self, wanted: Target) {
        self.wanted = wanted;
    }

    pub fn wanted(&self) -> Target {
        self.wanted
    }

    /// What the newest picture was given.
    pub fn current(&self) -> Target {
        self.current
    }

    /// Whether only a key frame is sure to bring the wanted layers. Temporal ones come by themselves.
    pub fn needs_keyframe(&self) -> bool {
        self.wanted.spatial > self.current.spatial
    }

    pub fn admit(&mut self, packet: &Packet) -> Verdict {
        let target = match self.newest {
            Some(newest) if packet.time == newest.time => self.raise(packet),
            Some(newest) if (-LATE_MAX..0).contains(&packet.time.since(newest.time)) => {
                match self.target_at(packet.time) {
                    Some(target) => target,
                    None => return Verdict::Drop,
                }
            }
            _ => {
                self.begin(packet.time);
                self.raise(packet)
            }
        };
        let wanted = packet.spatial <= target.spatial && packet.temporal <= target.temporal;
        let marker = wanted && (packet.marker || packet.frame_end && packet.spatial == target.spatial);
        if let Some(newest) = self.newest.as_mut().filter(|newest| newest.time == packet.time) {
            newest.dropped |= !wanted;
            newest.ended |= marker;
        }
        if wanted { Verdict::Forward { marker } } else { Verdict::Drop }
    }

    /// A new picture: the one place where a viewer goes down.
    fn begin(&mut self, time: RtpTime) {
        if self.newest.is_none_or(|newest| time.since(newest.time) < 0) {
            self.remembered = 0;
        }
        self.newest = Some(Picture { time, dropped: false, ended: false, opened: 0 });
        self.forget(time);
        let Target { spatial, temporal } = self.current;
        let down = Target { spatial: spatial.min(self.wanted.spatial), temporal: temporal.min(self.wanted.temporal) };
        if down != self.current || self.remembered == 0 {
            self.change(time, down);
        }
    }

    /// Goes up if this packet of the newest picture allows it; answers the picture's target.
    fn raise(&mut self, packet: &Packet) -> Target {
        let Some(picture) = self.newest.as_mut().filter(|picture| !picture.dropped) else { return self.current };
        // Counted even while nothing is wanted: the frame that opens a layer may come before the one that needs it.
        let gets = packet.spatial <= self.current.spatial && packet.temporal <= self.current.temporal;
        if let (Ups::Opens(layers), true) = (packet.ups, gets) {
            picture.opened |= layers;
        }
        if self.current == self.wanted {
            return self.current;
        }
        let picture = *picture;
        let mut up = if packet.keyframe { self.wanted } else { self.opened_by(packet, gets, picture.opened) };
        if picture.ended {
            up.spatial = self.current.spatial;
        }
        // Within a picture that began before the wish was lowered, the wish waits for the next one.
        up.spatial = up.spatial.max(self.current.spatial);
        up.temporal = up.temporal.max(self.current.temporal);
        if up != self.current {
            self.change(packet.time, up);
        }
        up
    }

    /// How far up a packet that begins no key frame allows to go.
    fn opened_by(&self, packet: &Packet, gets: bool, opened: u32) -> Target {
        let Target { spatial, temporal } = self.current;
        match packet.ups {
            Ups::Payload { frees_above: true, .. } if gets => Target { spatial, temporal: self.wanted.temporal },
            Ups::Payload { enters: true, .. } => {
                // One layer at a time: the layer's own mark says nothing about the layers between.
                let next = packet.temporal == temporal + 1 && packet.temporal <= self.wanted.temporal;
                Target { spatial, temporal: if next { packet.temporal } else { temporal } }
            }
            Ups::Payload { .. } => self.current,
            // The lower spatial layers are sent along, so they have to be open as far up in time.
            Ups::Opens(_) => {
                let open = |s: u8, t: u8| (0..=s).all(|below| opened & layers_bit(below, t) != 0);
                let spatials = (spatial..=self.wanted.spatial.min(3)).rev();
                let mut pairs =
                    spatials.flat_map(|s| (temporal..=self.wanted.temporal.min(7)).rev().map(move |t| (s, t)));
                let best = pairs.find(|(s, t)| open(*s, *t));
                best.map_or(self.current, |(spatial, temporal)| Target { spatial, temporal })
            }
        }
    }

    /// The target of a picture before the newest; `None` for one before all that is remembered.
    fn target_at(&self, time: RtpTime) -> Option<Target> {
        let changes = &self.changes[..usize::from(self.remembered)];
        changes.iter().rev().find(|change| time.since(change.since) >= 0).map(|change| change.target)
    }

    fn change(&mut self, since: RtpTime, target: Target) {
        self.current = target;
        let mut len = usize::from(self.remembered);
        if len > 0 && self.changes[len - 1].since == since {
            len -= 1; // gone up within the picture that it began with
        } else if len == CHANGES_MAX {
            self.changes.copy_within(1.., 0);
            len -= 1;
        }
        self.changes[len] = Change { since, target };
        self.remembered = len as u8 + 1;
    }

    /// Keeps what is remembered within reach of the newest timestamp.
    fn forget(&mut self, now: RtpTime) {
        let Some(last) = usize::from(self.remembered).checked_sub(1) else { return };
        if now.since(self.changes[last].since) > MEMORY {
            self.changes[0] = Change { since: now.minus(MEMORY as u32), target: self.current };
            self.remembered = 1;
        }
    }
}

#[cfg(test)]
mod tests;
