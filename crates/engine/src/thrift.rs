//! Layers that nobody wants: their publisher is told not to send them, and to send them again as soon as somebody does.
//!
//! WHIP has no word for it, so a publisher that can stop a layer says so by opening a data channel named [`CHANNEL`]. Each message
//! on it is the whole truth: `{"layers":{"f":false,"h":true}}`, by RID. The smallest layer is never stopped, so that whoever comes sees
//! something at once.

use std::time::{Duration, Instant};

use transport::peer::Channel;

use crate::session::Role;
use crate::source::{Source, Upstream};
use crate::{Engine, fence};

/// The label of the data channel.
pub const CHANNEL: &str = "layers";
/// A viewer who changes rooms, or whose line has a bad moment, may be back.
const UNWANTED_FOR: Duration = Duration::from_secs(3);
/// A browser sends a layer again within a frame or two of being asked; until then its rate is what it was.
const RESUMES_WITHIN: Duration = Duration::from_secs(2);

/// Whether a layer is wanted, and whether its publisher sends it for us.
#[derive(Debug, Default)]
pub struct Thrift {
    pub is_stopped: bool,
    unwanted_since: Option<Instant>,
    resumed_at: Option<Instant>,
}

impl Thrift {
    /// The layer is silent because we said so, or because it is about to go on: it can be chosen all the same.
    pub fn is_held_back(&self, now: Instant) -> bool {
        self.is_stopped || self.resumed_at.is_some_and(|at| now.saturating_duration_since(at) < RESUMES_WITHIN)
    }

    /// Takes note of whether somebody wants the layer. True when the publisher has to be told.
    fn review(&mut self, now: Instant, is_wanted: bool) -> bool {
        if is_wanted {
            self.unwanted_since = None;
            if self.is_stopped {
                (self.is_stopped, self.resumed_at) = (false, Some(now));
                return true;
            }
            return false;
        }
        let since = *self.unwanted_since.get_or_insert(now);
        let stops = !self.is_stopped && now.saturating_duration_since(since) >= UNWANTED_FOR;
        self.is_stopped |= stops;
        stops
    }
}

impl Engine {
    /// A publisher that can stop layers is there.
    pub(crate) fn open_channel(&mut self, slot: u32, channel: Channel, label: &str) {
        if label != CHANNEL {
            return;
        }
        let Some(session) = self.sessions.get_mut(slot) else { return };
        if let Role::Publisher(publisher) = &mut session.role {
            publisher.layers_channel = Some(channel);
        }
    }

    /// Tells a publisher here which layers of a track are wanted, when that has changed.
    pub(crate) fn tell_publisher(&mut self, now: Instant, index: usize) {
        let Some(source) = self.sources[index].as_mut().filter(|source| source.layers.len() > 1) else { return };
        let Upstream::Local { slot } = source.upstream else { return };
        let Some(session) = self.sessions.get_mut(slot) else { return };
        let Role::Publisher(publisher) = &session.role else { return };
        let Some(channel) = publisher.layers_channel else { return };
        if !source.review_layers(now) {
            return;
        }
        let message = source.wanted_layers();
        if fence(|| session.peer.send_message(channel, false, message.as_bytes())).is_none() {
            return self.end(now, slot, crate::EndReason::Panicked);
        }
        self.pump(now, slot);
    }
}

impl Source {
    fn review_layers(&mut self, now: Instant) -> bool {
        let elsewhere = self.wants.iter().fold(0, |mask, want| mask | want.layers);
        let wanted = self.wanted_here() | elsewhere;
        let smallest = (0..self.layers.len()).filter(|&n| self.layers[n].kbps > 0).min_by_key(|&n| self.layers[n].kbps);
        // Before anything was measured nobody knows which is which.
        let Some(smallest) = smallest else { return false };
        let mut changed = false;
        for (n, layer) in self.layers.iter_mut().enumerate() {
            changed |= layer.thrift.review(now, n == smallest || wanted & 1 << n != 0);
        }
        changed
    }

    /// As the publisher is told it.
    fn wanted_layers(&self) -> String {
        let layers = self.layers.iter().map(|layer| (layer.rid.clone(), (!layer.thrift.is_stopped).into()));
        serde_json::json!({ "layers": serde_json::Map::from_iter(layers) }).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_is_stopped_when_nobody_has_wanted_it_for_a_while_and_goes_on_at_once() {
        let start = Instant::now();
        let mut thrift = Thrift::default();
        let at = |ms| start + Duration::from_millis(ms);
        assert!(!thrift.review(at(0), false));
        assert!(!thrift.review(at(2_900), true), "somebody came back");
        assert!(!thrift.review(at(3_000), false));
        assert!(!thrift.review(at(5_900), false));
        assert!(thrift.review(at(6_000), false) && thrift.is_stopped);
        assert!(!thrift.review(at(9_000), false), "it is said once");
        assert!(thrift.is_held_back(at(9_000)));
        assert!(thrift.review(at(9_100), true) && !thrift.is_stopped);
        assert!(thrift.is_held_back(at(9_200)) && !thrift.is_held_back(at(12_000)));
    }
}
