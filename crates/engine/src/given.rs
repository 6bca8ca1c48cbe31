//! What the sections of an assigned session are given, told whenever that changes.
//!
//! Housekeeping looks ten times a second: sooner nobody could act on it, and nothing on a packet's way has to remember to say so.

use std::time::{Duration, Instant};

use proto::{Given, Section};

use crate::command::Event;
use crate::session::{Place, Role, Viewer, ViewerTrack};
use crate::source::Waiter;
use crate::stage::Meant;
use crate::{Engine, look};

/// Encoders of screens that stand still send a frame a second or more.
const SILENT: Duration = Duration::from_secs(2);

impl Engine {
    pub(crate) fn tell_given(&mut self, now: Instant) {
        let assigned = |viewer: &Viewer| viewer.told.is_some();
        let slots: Vec<u32> = self
            .sessions
            .iter()
            .filter(|session| matches!(&session.role, Role::Viewer(viewer) if assigned(viewer)))
            .map(|session| session.peer_id.slot)
            .collect();
        for slot in slots {
            let Some(session) = self.sessions.get(slot) else { continue };
            let Role::Viewer(viewer) = &session.role else { continue };
            let given: Vec<Given> = viewer.pictures().map(|track| self.given(now, slot, track)).collect();
            if viewer.told.as_ref() == Some(&given) {
                continue;
            }
            let mids = viewer.pictures().map(|track| track.send.mid.as_str().to_owned());
            let sections = mids.zip(&given).map(|(mid, given)| Section { mid, given: given.clone() }).collect();
            self.events.push_back(Event::Given { session: session.id, sections });
            if let Some(Role::Viewer(viewer)) = self.sessions.get_mut(slot).map(|s| &mut s.role) {
                viewer.told = Some(given);
            }
        }
    }

    fn given(&self, now: Instant, slot: u32, track: &ViewerTrack) -> Given {
        if track.choice.paused {
            return Given::Paused;
        }
        if track.withheld_bps.is_some() {
            return Given::Withheld;
        }
        let Some(Place::Source { source, index }) = track.place else {
            return match self.meant_for(Waiter { slot, ssrc: track.send.ssrc }) {
                Meant::Unplayable(_) => Given::Unplayable,
                // Before the session is connected it has no place.
                Meant::Source(_) => Given::Waiting,
                Meant::Nothing => Given::Nothing,
            };
        };
        let Some(source) = self.sources[source].as_ref() else { return Given::Nothing };
        let rested = |at| now.saturating_duration_since(at) >= SILENT;
        if source.layers.iter().filter_map(|layer| layer.last_packet).max().is_some_and(rested) {
            return Given::Silent;
        }
        let shown = source.downlinks.get(index).and_then(|downlink| downlink.layer);
        match shown.and_then(|n| Some((n, source.layers.get(n as usize)?))) {
            None => Given::Waiting,
            Some((n, layer)) => Given::Layer { name: look::name(layer, n), height: layer.height },
        }
    }
}
