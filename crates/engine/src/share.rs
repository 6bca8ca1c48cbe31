//! How the line of a viewer with several pictures is shared among them (`budget` has the rules): each is sent, smaller or larger,
//! or withheld.
//!
//! One that is withheld is taken off its source and waits in the room, as one does that the viewer has paused: it costs nothing there, and
//! its source knows that nobody wants it. What a line carries is shared once per tick, however many reports came in it.

use std::time::Instant;

use media::codec::Kind;
use media::select::Target;

use crate::Engine;
use crate::budget::{self, Choice, Step};
use crate::choose::{AUDIO_BPS, HOPELESS, UP_PERCENT, WANTED_PERCENT};
use crate::downlink::Downlink;
use crate::line::Line;
use crate::links::Tell;
use crate::session::{Place, Role, ViewerTrack};
use crate::source::{Source, Waiter};
use crate::stage::Meant;

/// Each voice beyond the first: Opus at 32 kbit/s with its headers.
const VOICE_BPS: u64 = 60_000;

/// What one of a viewer's pictures gets.
struct Share {
    /// The track's number among the viewer's.
    track: usize,
    source: usize,
    /// What it is sent, or about to be sent.
    current: Option<(u8, Target)>,
    choice: Choice,
}

impl Engine {
    pub(crate) fn is_sharing(&self, slot: u32) -> bool {
        matches!(self.sessions.get(slot).map(|s| &s.role), Some(Role::Viewer(viewer)) if viewer.is_sharing())
    }

    /// Shares the lines anew of which something has changed.
    pub(crate) fn share_lines(&mut self, now: Instant) {
        if self.unshared.is_empty() {
            return;
        }
        let mut slots = std::mem::take(&mut self.unshared);
        slots.sort_unstable();
        slots.dedup();
        for slot in slots {
            self.share_line(now, slot);
        }
    }

    pub(crate) fn share_line(&mut self, now: Instant, slot: u32) {
        let available = self.available_for_pictures(slot);
        let shares = self.shares(slot, available, None);
        let mut retargeted = Vec::new();
        let mut moved = Vec::new();
        for share in &shares {
            let Some(Role::Viewer(viewer)) = self.sessions.get_mut(slot).map(|s| &mut s.role) else { return };
            let track = &mut viewer.tracks[share.track];
            let withheld_before = std::mem::replace(&mut track.withheld_bps, withheld(&share.choice));
            if withheld_before.is_some() != track.withheld_bps.is_some() {
                moved.push(Waiter { slot, ssrc: track.send.ssrc });
                continue;
            }
            let (Choice::Send(_), Some(current)) = (share.choice, share.current) else { continue };
            let Some(Place::Source { source: at, index }) = track.place else { continue };
            let Some(source) = self.sources[at].as_mut() else { continue };
            let step = source.step(Some(&share.choice), Some(&track.choice));
            if (step.layer, step.spatial, step.temporal) != (current.0, current.1.spatial, current.1.temporal) {
                source.downlinks[index].take_step(now, &step);
                retargeted.push(at);
            }
            let shown = source.downlinks[index].layer.filter(|layer| *layer != step.layer);
            let costs = shown.map_or(0, |layer| u64::from(source.layers[layer as usize].kbps) * 1000);
            if let Some(Some(line)) = self.lines.get_mut(slot as usize)
                && available.is_some_and(|available| costs > HOPELESS * available)
            {
                source.downlinks[index].abandon(now, line);
            }
        }
        let wanted_bps = self.wanted_of(slot, &shares);
        if let Some(Role::Viewer(viewer)) = self.sessions.get_mut(slot).map(|s| &mut s.role) {
            viewer.wanted_bps = wanted_bps;
        }
        for index in retargeted {
            self.tell_wants(index, Tell::Changes);
            self.request_keyframes(now, index);
        }
        for track in moved {
            self.reseat(now, track);
        }
    }

    /// How a track that comes to this source is to be sent, or, if it is not to be, what the line would have to carry.
    pub(crate) fn step_at(&self, track: Waiter, target: usize) -> Result<Step, u64> {
        let source = self.sources[target].as_ref().expect("a track settles at a source that is there");
        let Some(Role::Viewer(viewer)) = self.sessions.get(track.slot).map(|s| &s.role) else {
            return Ok(source.choose(None, None, None));
        };
        let entry = viewer.tracks.iter().find(|t| t.send.ssrc == track.ssrc);
        let wish = entry.map(|entry| &entry.choice);
        if !viewer.is_sharing() || source.kind() == Kind::Audio {
            let line = self.lines.get(track.slot as usize).and_then(Option::as_ref);
            return Ok(source.choose(line.and_then(Line::available_bps), None, wish));
        }
        let shares = self.shares(track.slot, self.available_for_pictures(track.slot), Some((track.ssrc, target)));
        let choice = shares.iter().find(|share| viewer.tracks[share.track].send.ssrc == track.ssrc).map(|s| &s.choice);
        match choice.and_then(withheld) {
            Some(needs_bps) => Err(needs_bps),
            None => Ok(source.step(choice, wish)),
        }
    }

    /// What a line would have to carry for the best of a track, if it gets less for want of bandwidth.
    pub(crate) fn withheld_for(
        &self,
        slot: u32,
        track: &ViewerTrack,
        source: &Source,
        downlink: &Downlink,
    ) -> Option<u64> {
        let (current, wish) = ((downlink.target(), downlink.wants()), Some(&track.choice));
        if !self.is_sharing(slot) {
            let line = self.lines.get(slot as usize).and_then(Option::as_ref);
            return source.withheld_for(line.and_then(Line::available_bps), current, wish);
        }
        let available = self.available_for_pictures(slot);
        let shares = self.shares(slot, available, None);
        let Some(Role::Viewer(viewer)) = self.sessions.get(slot).map(|s| &s.role) else { return None };
        let share = shares.iter().find(|share| viewer.tracks[share.track].send.ssrc == track.send.ssrc)?;
        let best = source.choose(None, Some(current), wish);
        match share.choice {
            Choice::Send(step) if best.bps > step.bps => {
                let others = self.wanted_of(slot, &shares) * 100 / WANTED_PERCENT;
                Some(others * UP_PERCENT / 100)
            }
            _ => None,
        }
    }

    /// What each of a viewer's pictures gets of so much. With `moving`, the track of this SSRC is to come to that source.
    fn shares(&self, slot: u32, available: Option<u64>, moving: Option<(u32, usize)>) -> Vec<Share> {
        let Some(Role::Viewer(viewer)) = self.sessions.get(slot).map(|s| &s.role) else { return Vec::new() };
        let (mut shares, mut wanted) = (Vec::new(), Vec::new());
        for (track, entry) in viewer.tracks.iter().enumerate() {
            if entry.send.kind == Kind::Audio || entry.choice.paused {
                continue;
            }
            let ssrc = entry.send.ssrc;
            let (source, current) = match (moving, entry.place) {
                (Some((moved, target)), _) if moved == ssrc => (target, None),
                (_, Some(Place::Source { source, index })) => {
                    let downlink = self.sources[source].as_ref().and_then(|source| source.downlinks.get(index));
                    (source, downlink.map(|downlink| (downlink.target(), downlink.wants())))
                }
                (_, Some(Place::Parked { .. })) if entry.withheld_bps.is_some() => {
                    let Meant::Source(source) = self.meant_for(Waiter { slot, ssrc }) else { continue };
                    (source, None)
                }
                _ => continue,
            };
            let Some(at) = self.sources[source].as_ref() else { continue };
            let mut wants = at.wanted(current, Some(&entry.choice), entry.priority);
            if current.is_none() && entry.has_source() {
                // The place that it takes over is paid for: another person's small picture needs no room to spare.
                wants.current = at.steps.iter().filter(|step| step.bps > 0).min_by_key(|step| step.bps).copied();
            }
            wanted.push(wants);
            shares.push(Share { track, source, current, choice: Choice::Paused { needs_bps: 0 } });
        }
        for (share, choice) in shares.iter_mut().zip(budget::allocate(available, &wanted)) {
            share.choice = choice;
        }
        shares
    }

    /// What the estimate leaves for pictures beside all voices; `None` while the viewer has reported nothing.
    fn available_for_pictures(&self, slot: u32) -> Option<u64> {
        let bps = self.lines.get(slot as usize)?.as_ref()?.estimate_bps()?;
        Some(bps.saturating_sub(self.audio_bps(slot)))
    }

    fn audio_bps(&self, slot: u32) -> u64 {
        let tracks = self.sessions.get(slot).map_or(&[][..], |session| session.role.tracks());
        let heard = tracks.iter().filter(|track| track.send.kind == Kind::Audio && track.has_source()).count() as u64;
        AUDIO_BPS + VOICE_BPS * heard.saturating_sub(1)
    }

    /// The best of all these, with room for their keyframes.
    fn wanted_of(&self, slot: u32, shares: &[Share]) -> u64 {
        let best = |share: &Share| {
            let wish = self.sessions.get(slot).map(|session| &session.role.tracks()[share.track].choice);
            self.sources[share.source].as_ref().map_or(0, |source| source.choose(None, share.current, wish).bps)
        };
        let video: u64 = shares.iter().map(best).sum();
        if video == 0 { 0 } else { video * WANTED_PERCENT / 100 + self.audio_bps(slot) }
    }
}

/// What is missing to a track that gets nothing for want of bandwidth. One whose source is silent lacks no bandwidth.
fn withheld(choice: &Choice) -> Option<u64> {
    match choice {
        Choice::Paused { needs_bps: needs @ 1.. } => Some(*needs),
        _ => None,
    }
}
