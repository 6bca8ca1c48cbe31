//! Who watches what: sources coming and going, and the downlinks that move between them.

use std::net::SocketAddr;
use std::time::Instant;

use media::codec::Kind;
use proto::{RoomName, TrackId};
use transport::srtp::Keys;

use crate::command::{EndReason, Event, Summary};
use crate::downlink::Downlink;
use crate::line::Line;
use crate::session::{Doomed, Place, Role, Shows, ViewerTrack};
use crate::source::{Others, Source, Waiter};
use crate::stage::Meant;
use crate::{Engine, control, fence, room};

impl Engine {
    /// DTLS is done: the viewer's tracks start.
    pub(crate) fn start_downlinks(&mut self, now: Instant, slot: u32, remote: SocketAddr, keys: &Keys) {
        let Some(session) = self.sessions.get(slot) else { return };
        let Role::Viewer(viewer) = &session.role else { return };
        let room = session.room.clone();
        let mut random = vec![0; 2 * viewer.tracks.len()];
        (self.entropy)(&mut random);
        let downlinks: Vec<Downlink> = viewer
            .tracks
            .iter()
            .zip(random.chunks_exact(2))
            .map(|(track, random)| {
                let seq_first = u16::from_be_bytes([random[0], random[1]]);
                Downlink::new(now, slot, &track.send, seq_first)
            })
            .collect();
        let place = slot as usize;
        if self.lines.len() <= place {
            self.lines.resize_with(place + 1, || None);
        }
        self.lines[place] = Some(Line::new(now, remote, keys, self.config.limits.bandwidth));
        for downlink in downlinks {
            self.place(now, &room, downlink);
        }
        self.attend(now, &room);
    }

    /// The viewer is reached elsewhere from now on.
    pub(crate) fn redirect_downlinks(&mut self, slot: u32, address: SocketAddr) {
        if let Some(Some(line)) = self.lines.get_mut(slot as usize) {
            line.to = address;
        }
    }

    pub(crate) fn add_source(&mut self, now: Instant, source: Source) -> usize {
        let (id, room, kind, by) = (source.id, source.room.clone(), source.kind(), source.by.clone());
        self.is_changed |= !source.is_remote();
        let index = match self.sources.iter().position(Option::is_none) {
            Some(index) => index,
            None => {
                self.sources.push(None);
                self.sources.len() - 1
            }
        };
        self.sources[index] = Some(source);
        self.by_track.insert(id, index);
        self.rooms.entry(room.clone()).or_default().tracks.push(index);
        self.take_the_stage(now, index);
        self.rewire(now, &room, |track| track.send.kind == kind && track.is_about(by.as_ref()));
        index
    }

    pub(crate) fn remove_source(&mut self, now: Instant, track: TrackId) {
        let Some(index) = self.by_track.remove(&track) else { return };
        self.release_source(now, index);
        let source = self.sources[index].take().expect("by_track holds live sources");
        self.dirty.retain(|&i| i != index);
        self.arrived.retain(|&i| i != index);
        let (room, kind) = (source.room.clone(), source.kind());
        self.is_changed |= !source.is_remote();
        if let Some(entry) = self.rooms.get_mut(&room) {
            entry.tracks.retain(|&i| i != index);
        }
        self.leave_the_stage(now, &room, track);
        for downlink in source.downlinks {
            // A viewer may be on its way to another room.
            let Some(room) = self.sessions.get(downlink.slot).map(|session| session.room.clone()) else { continue };
            self.place(now, &room, downlink);
        }
        self.rewire(now, &room, |track| track.send.kind == kind && track.is_about(source.by.as_ref()));
        self.forget_room_if_empty(&room);
    }

    /// These tracks of the room's viewers may be meant to show something else now, or nothing.
    pub(crate) fn rewire(&mut self, now: Instant, room: &RoomName, is_concerned: impl Fn(&ViewerTrack) -> bool) {
        let tracks: Vec<Waiter> = self
            .sessions
            .iter()
            .filter(|session| session.room == *room)
            .flat_map(|session| {
                let tracks = session.role.tracks().iter().filter(|track| is_concerned(track));
                tracks.map(|track| Waiter { slot: session.peer_id.slot, ssrc: track.send.ssrc })
            })
            .collect();
        for track in tracks {
            self.seat(now, track);
        }
    }

    /// Brings a viewer's track to what its room shows: at once if that can be decoded at once, or if there is nothing to see where it
    /// is; else when a keyframe comes.
    pub(crate) fn seat(&mut self, now: Instant, track: Waiter) {
        let Some(session) = self.sessions.get(track.slot) else { return };
        let room = session.room.clone();
        let Some(entry) = session.role.tracks().iter().find(|t| t.send.ssrc == track.ssrc) else { return };
        let (Some(place), codec) = (entry.place, entry.send.codec) else { return };
        let (is_paused, is_assigned) = (entry.is_paused(), entry.shows != Shows::Speaker);
        let playable = match self.meant_for(track) {
            // Who has many pictures goes on with the others.
            Meant::Unplayable(_) if !is_paused && !is_assigned => {
                return self.doomed.push(Doomed { slot: track.slot, reason: EndReason::CodecChanged });
            }
            Meant::Source(index) if !is_paused => Some(index),
            _ => None,
        };
        let Place::Source { source: at, index } = place else {
            if let Some(target) = playable {
                self.bring_over(now, &room, track, place, target);
            }
            return;
        };
        match playable {
            Some(target) if target == at => self.stop_waiting(track),
            Some(target) => {
                let Some(downlink) = self.sources[at].as_ref().map(|source| &source.downlinks[index]) else { return };
                // A section that is somebody else's now must not go on with who it was before.
                let shows = codec.kind() == Kind::Video && downlink.layer.is_some() && !is_assigned;
                let is_amid = downlink.has_loose_ends(now);
                if shows && !self.can_begin(now, target, track) {
                    self.wait_at(now, target, track);
                    self.request_keyframes(now, target);
                } else if is_amid {
                    self.amid.push(track);
                } else {
                    self.bring_over(now, &room, track, place, target);
                }
            }
            None if self.is_clip(at) && !is_paused && !is_assigned => self.stop_waiting(track),
            None if self.sources[at].as_ref().is_some_and(|s| s.downlinks[index].has_loose_ends(now)) => {
                self.amid.push(track);
            }
            None => {
                self.stop_waiting(track);
                self.release_track(now, at, index);
                if let Some(downlink) = self.take(&room, place) {
                    self.place(now, &room, downlink);
                }
            }
        }
    }

    /// The viewer watches another room from now on. What it sees goes on until the other one can be seen.
    pub(crate) fn move_viewer(&mut self, now: Instant, slot: u32, to: &RoomName) {
        let Some(session) = self.sessions.get_mut(slot) else { return };
        let from = std::mem::replace(&mut session.room, to.clone());
        if from == *to {
            return;
        }
        let tracks: Vec<Waiter> = session.role.tracks().iter().map(|t| Waiter { slot, ssrc: t.send.ssrc }).collect();
        self.withdraw(slot, &from);
        self.rooms.entry(to.clone()).or_default().viewers += 1;
        if let Some(entry) = self.rooms.get_mut(&from) {
            entry.viewers -= 1;
        }
        for track in tracks {
            // Where it is now: taking the one before may have moved it.
            match self.viewer_track(track).and_then(|entry| entry.place) {
                Some(place @ Place::Parked { .. }) => {
                    if let Some(downlink) = self.take(&from, place) {
                        self.place(now, to, downlink);
                    }
                }
                Some(Place::Source { .. }) => self.seat(now, track),
                // Not connected yet.
                None => {}
            }
        }
        self.attend(now, &from);
        self.attend(now, to);
        self.forget_room_if_empty(&from);
    }

    /// Seats a track, and sees to what that changes for the sources that it leaves and comes to.
    pub(crate) fn reseat(&mut self, now: Instant, track: Waiter) {
        let source = |engine: &Engine| match engine.place_of(track.slot, track.ssrc) {
            Some(Place::Source { source, .. }) => Some(source),
            _ => None,
        };
        let before = source(self);
        self.seat(now, track);
        let after = source(self);
        if before != after {
            for index in [before, after].into_iter().flatten() {
                self.tell_wants(index, crate::links::Tell::Changes);
                self.request_keyframes(now, index);
            }
        }
    }

    /// Sources have keyframes: who waited for one comes over, once the frame that is on show is complete.
    pub(crate) fn seat_waiters(&mut self, now: Instant) {
        for track in std::mem::take(&mut self.amid) {
            self.reseat(now, track);
        }
        for index in std::mem::take(&mut self.arrived) {
            let Some(source) = self.sources[index].as_ref() else { continue };
            for track in source.waiters.clone() {
                self.seat(now, track);
            }
            self.tell_wants(index, crate::links::Tell::Changes);
        }
    }

    /// Whether the viewer would see the source at once.
    fn can_begin(&self, now: Instant, index: usize, track: Waiter) -> bool {
        let Some(source) = self.sources[index].as_ref() else { return false };
        let choice = control::choice(&self.sessions, track.slot, track.ssrc);
        let Some(line) = self.lines[track.slot as usize].as_ref() else { return false };
        let available = line.available_bps();
        let layer = source.choose(available, None, choice).layer;
        source.beginning(now, layer, Others::Any, line, &self.config.limits).is_some()
    }

    /// The track shows what it shows until the source can be decoded.
    pub(crate) fn wait_at(&mut self, now: Instant, index: usize, track: Waiter) {
        let Some(id) = self.sources[index].as_ref().map(|source| source.id) else { return };
        if self.viewer_track(track).is_none_or(|entry| entry.waits_at == Some(id)) {
            return;
        }
        self.stop_waiting(track);
        if let Some(source) = self.sources[index].as_mut() {
            source.waiters.push(track);
            source.waited_for_since.get_or_insert(now);
        }
        if let Some(entry) = self.viewer_track(track) {
            entry.waits_at = Some(id);
        }
        self.tell_wants(index, crate::links::Tell::Changes);
    }

    pub(crate) fn stop_waiting(&mut self, track: Waiter) {
        let Some(id) = self.viewer_track(track).and_then(|entry| entry.waits_at.take()) else { return };
        let index = self.by_track.get(&id).copied();
        if let Some(source) = index.and_then(|index| self.sources[index].as_mut()) {
            source.waiters.retain(|waiter| *waiter != track);
            if source.waiters.is_empty() {
                source.waited_for_since = None;
            }
        }
    }

    pub(crate) fn viewer_track(&mut self, track: Waiter) -> Option<&mut ViewerTrack> {
        let Role::Viewer(viewer) = &mut self.sessions.get_mut(track.slot)?.role else { return None };
        viewer.tracks.iter_mut().find(|entry| entry.send.ssrc == track.ssrc)
    }

    /// Takes a track from where it is to a source that it can play.
    pub(crate) fn bring_over(&mut self, now: Instant, room: &RoomName, track: Waiter, place: Place, target: usize) {
        self.stop_waiting(track);
        if let Place::Source { source, index } = place {
            self.release_track(now, source, index);
        }
        if let Some(downlink) = self.take(room, place) {
            self.settle(now, target, downlink);
        }
    }

    /// Puts a downlink where it belongs: to the track that the room shows, if the viewer can play that, else aside.
    pub(crate) fn place(&mut self, now: Instant, room: &RoomName, downlink: Downlink) {
        let meant = self.meant_for(Waiter { slot: downlink.slot, ssrc: downlink.ssrc });
        let entry = control::track(&self.sessions, downlink.slot, downlink.ssrc);
        let is_paused = entry.is_some_and(ViewerTrack::is_paused);
        let is_assigned = entry.is_some_and(|entry| entry.shows != Shows::Speaker);
        match meant {
            Meant::Source(target) if !is_paused => self.settle(now, target, downlink),
            _ => {
                if matches!(meant, Meant::Unplayable(_)) && !is_paused && !is_assigned {
                    self.doomed.push(Doomed { slot: downlink.slot, reason: EndReason::CodecChanged });
                }
                self.park(now, room, downlink);
            }
        }
    }

    fn park(&mut self, now: Instant, room: &RoomName, mut downlink: Downlink) {
        downlink.await_source(now, 0);
        let (slot, ssrc) = (downlink.slot, downlink.ssrc);
        let entry = self.rooms.entry(room.clone()).or_default();
        entry.parked.push(downlink);
        let index = entry.parked.len() - 1;
        self.note_place(slot, ssrc, Place::Parked { index });
    }

    /// Puts a downlink to a source, and lets it begin at once if the source's memory allows. This is one step: what comes in is
    /// either in the ring that the viewer begins with, or follows live.
    pub(crate) fn settle(&mut self, now: Instant, target: usize, mut downlink: Downlink) {
        let (slot, ssrc) = (downlink.slot, downlink.ssrc);
        self.stop_waiting(Waiter { slot, ssrc });
        let limits = self.config.limits;
        let step = match self.step_at(Waiter { slot, ssrc }, target) {
            Ok(step) => step,
            Err(needs_bps) => {
                let Some(room) = self.sessions.get(slot).map(|session| session.room.clone()) else { return };
                if let Some(entry) = self.viewer_track(Waiter { slot, ssrc }) {
                    entry.withheld_bps = Some(needs_bps);
                }
                return self.park(now, &room, downlink);
            }
        };
        let is_sharing = self.is_sharing(slot);
        if is_sharing {
            self.unshared.push(slot);
        }
        let others = if is_sharing { Others::Smaller } else { Others::Any };
        let Some(source) = self.sources[target].as_mut() else { return };
        let Some(Some(line)) = self.lines.get_mut(slot as usize) else { return };
        let layer = step.layer;
        downlink.await_source(now, layer);
        if let Some((layer, start)) = source.beginning(now, layer, others, line, &limits) {
            downlink.begin(now, &source.layers, layer, start, limits.gop.policy);
            line.look_at(now);
        }
        downlink.take_step(now, &step);
        self.stats.settled(source, &downlink);
        source.downlinks.push(downlink);
        let index = source.downlinks.len() - 1;
        self.note_place(slot, ssrc, Place::Source { source: target, index });
        self.set_timer(slot);
    }

    fn note_place(&mut self, slot: u32, ssrc: u32, place: Place) {
        if let Some(track) = self.viewer_track(Waiter { slot, ssrc }) {
            track.place = Some(place);
        }
    }

    pub(crate) fn take(&mut self, room: &RoomName, place: Place) -> Option<Downlink> {
        let (list, index) = match place {
            Place::Source { source, index } => (&mut self.sources[source].as_mut()?.downlinks, index),
            Place::Parked { index } => (&mut self.rooms.get_mut(room)?.parked, index),
        };
        if index >= list.len() {
            return None;
        }
        let taken = list.swap_remove(index);
        // The last one took its place.
        if let Some(moved) = list.get(index).map(|d| (d.slot, d.ssrc)) {
            self.note_place(moved.0, moved.1, place);
        }
        Some(taken)
    }

    /// Something about the room changed: tell the sources what is wanted of them, and ask for keyframes.
    pub(crate) fn attend(&mut self, now: Instant, room: &RoomName) {
        let Some(entry) = self.rooms.get(room) else { return };
        for index in entry.tracks.clone() {
            self.tell_wants(index, crate::links::Tell::Changes);
            self.request_keyframes(now, index);
        }
    }

    /// Ends a session, whatever it was doing, and says so once.
    pub(crate) fn end(&mut self, now: Instant, slot: u32, reason: EndReason) {
        self.note_first_picture(slot);
        let (packets_sent, bytes_sent) = self.take_downlinks(slot);
        let Some(mut session) = self.sessions.remove(slot) else { return };
        self.by_id.remove(&session.id.secret);
        for address in &session.addresses {
            if self.by_address.get(address) == Some(&slot) {
                self.by_address.remove(address);
            }
        }
        if let Some(line) = self.lines.get_mut(slot as usize) {
            *line = None;
        }
        if reason == EndReason::Panicked {
            self.stats.panics += 1;
        } else {
            // A farewell is a courtesy: whatever goes wrong in it, the session is over.
            fence(|| {
                session.peer.close(now);
                while let Some(output) = session.peer.poll() {
                    if let transport::Output::Datagram { to, bytes } = output {
                        if session.side() == crate::Side::Pull {
                            self.parcels.push(crate::Parcel { peer: session.peer_id, to, bytes });
                            continue;
                        }
                        self.outbox.push(to, &bytes);
                    }
                }
            });
        }
        self.stats.ended[reason as usize] += 1;
        match &session.role {
            Role::Publisher(publisher) => {
                for &track in &publisher.tracks {
                    self.announce(proto::room::RoomEvent::TrackRemoved { track });
                    self.remove_source(now, track);
                }
            }
            Role::Viewer(_) => {
                if let Some(room) = self.rooms.get_mut(&session.room) {
                    room.viewers -= 1;
                    room.members.retain(|&member| member != slot);
                }
                self.attend(now, &session.room);
            }
        }
        self.forget_room_if_empty(&session.room);
        self.events.push_back(Event::Ended(Summary {
            peer: session.peer_id,
            room: session.room.clone(),
            side: session.side(),
            reason,
            lasted: now.saturating_duration_since(session.created),
            connected: session.connected.is_some(),
            packets: session.packets + packets_sent,
            bytes: session.bytes + bytes_sent,
            nacks: session.nacks,
            keyframe_requests: session.keyframe_requests,
        }));
    }

    /// Takes a viewer's tracks off the air. Returns the packets and bytes they have sent.
    fn take_downlinks(&mut self, slot: u32) -> (u64, u64) {
        let (mut packets, mut bytes) = (0, 0);
        while let Some(session) = self.sessions.get_mut(slot)
            && let Role::Viewer(viewer) = &mut session.role
            // One at a time: taking one may move another of the same viewer.
            && let Some(place) = viewer.tracks.iter_mut().find_map(|t| t.place.take())
        {
            let room = session.room.clone();
            if let Some(downlink) = self.take(&room, place) {
                packets += downlink.packets;
                bytes += downlink.bytes;
                self.stop_waiting(Waiter { slot, ssrc: downlink.ssrc });
            }
        }
        (packets, bytes)
    }

    pub(crate) fn forget_room_if_empty(&mut self, room: &RoomName) {
        if self.rooms.get(room).is_some_and(room::Room::is_empty) {
            self.rooms.remove(room);
        }
    }
}
