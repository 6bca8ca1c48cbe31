//! Who watches what: sources coming and going, and the downlinks that move between them.

use std::net::SocketAddr;
use std::time::Instant;

use media::codec::Kind;
use proto::{RoomName, TrackId};
use transport::srtp::Keys;

use crate::command::{EndReason, Event, Summary};
use crate::downlink::Downlink;
use crate::line::Line;
use crate::session::{Place, Role};
use crate::source::Source;
use crate::{Engine, fence, room};

impl Engine {
    /// DTLS is done: the viewer's tracks start.
    pub(crate) fn start_downlinks(&mut self, now: Instant, slot: u32, remote: SocketAddr, keys: &Keys) {
        let mut random = [0; 8];
        (self.entropy)(&mut random);
        let Some(session) = self.sessions.get(slot) else { return };
        let Role::Viewer(viewer) = &session.role else { return };
        let room = session.room.clone();
        let downlinks: Vec<Downlink> = viewer
            .tracks
            .iter()
            .zip(random.chunks(2))
            .map(|(track, random)| {
                let seq_first = u16::from_be_bytes([random[0], random[1]]);
                Downlink::new(slot, &track.send, seq_first)
            })
            .collect();
        let place = slot as usize;
        if self.lines.len() <= place {
            self.lines.resize_with(place + 1, || None);
        }
        self.lines[place] = Some(Line::new(now, remote, keys, self.config.limits.bandwidth));
        for downlink in downlinks {
            self.place(&room, downlink);
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
        let (id, room, kind) = (source.id, source.room.clone(), source.kind());
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
        self.rewire(now, &room, kind);
        index
    }

    pub(crate) fn remove_source(&mut self, now: Instant, track: TrackId) {
        let Some(index) = self.by_track.remove(&track) else { return };
        self.release_source(now, index);
        let source = self.sources[index].take().expect("by_track holds live sources");
        self.dirty.retain(|&i| i != index);
        let (room, kind) = (source.room.clone(), source.kind());
        if let Some(entry) = self.rooms.get_mut(&room) {
            entry.tracks.retain(|&i| i != index);
        }
        for downlink in source.downlinks {
            self.place(&room, downlink);
        }
        self.rewire(now, &room, kind);
        self.forget_room_if_empty(&room);
    }

    /// Puts every downlink of the room to the track that the room shows now.
    fn rewire(&mut self, now: Instant, room: &RoomName, kind: Kind) {
        let Some(entry) = self.rooms.get(room) else { return };
        let current = room::current(&self.sources, entry, kind);
        let left: Vec<usize> = entry.tracks.iter().copied().filter(|&index| Some(index) != current).collect();
        for index in left {
            self.release_source(now, index);
        }
        let Some(entry) = self.rooms.get_mut(room) else { return };
        let mut moving: Vec<Downlink> = Vec::new();
        let (stay, go): (Vec<_>, Vec<_>) =
            std::mem::take(&mut entry.parked).into_iter().partition(|d| d.kind() != kind);
        entry.parked = stay;
        moving.extend(go);
        for &index in &entry.tracks {
            if let Some(source) = self.sources[index].as_mut().filter(|s| s.kind() == kind && Some(index) != current) {
                moving.append(&mut source.downlinks);
            }
        }
        // Those that stayed parked have other indexes now.
        for index in 0..self.rooms[room].parked.len() {
            let (slot, ssrc) = (self.rooms[room].parked[index].slot, self.rooms[room].parked[index].ssrc);
            self.note_place(slot, ssrc, Place::Parked { index });
        }
        for downlink in moving {
            self.place(room, downlink);
        }
    }

    /// Puts a downlink where it belongs: to the track that the room shows, if the viewer can play that, else aside.
    fn place(&mut self, room: &RoomName, mut downlink: Downlink) {
        let entry = self.rooms.entry(room.clone()).or_default();
        let current = room::current(&self.sources, entry, downlink.kind());
        let (slot, ssrc) = (downlink.slot, downlink.ssrc);
        let playable =
            current.and_then(|i| Some((i, self.sources[i].as_mut()?))).filter(|(_, s)| s.codec == downlink.codec);
        let place = match playable {
            Some((source_index, source)) => {
                let available = self.lines[slot as usize].as_ref().and_then(Line::available_bps);
                downlink.await_source(source.choose(available, source.best));
                source.downlinks.push(downlink);
                Place::Source { source: source_index, index: source.downlinks.len() - 1 }
            }
            None => {
                entry.parked.push(downlink);
                Place::Parked { index: entry.parked.len() - 1 }
            }
        };
        self.note_place(slot, ssrc, place);
    }

    fn note_place(&mut self, slot: u32, ssrc: u32, place: Place) {
        let Some(session) = self.sessions.get_mut(slot) else { return };
        let Role::Viewer(viewer) = &mut session.role else { return };
        if let Some(track) = viewer.tracks.iter_mut().find(|t| t.send.ssrc == ssrc) {
            track.place = Some(place);
        }
    }

    fn take(&mut self, room: &RoomName, place: Place) -> Option<Downlink> {
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
            }
        }
        (packets, bytes)
    }

    fn forget_room_if_empty(&mut self, room: &RoomName) {
        if self.rooms.get(room).is_some_and(room::Room::is_empty) {
            self.rooms.remove(room);
        }
    }
}
