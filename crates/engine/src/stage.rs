//! Who is heard and seen in a room with several publishers.
//!
//! The worker on which a room is published has all its microphones. It listens to them (`Speakers`) and announces who has a seat and
//! who speaks. Every worker then decides alike, from what was announced: a room shows the picture of who speaks, and a
//! viewer hears as many of those who have a seat as its offer had audio sections, who speaks first of all.

use std::time::Instant;

use media::codec::Kind;
use media::ext::AudioLevel;
use proto::room::{RoomEvent, Stage};
use proto::{PublisherName, RoomName, TrackId};

use crate::Engine;
use crate::links::Tell;
use crate::session::{Place, Role, Shows};
use crate::source::{Source, Upstream, Waiter};
use crate::speaker::Speakers;

/// What a viewer's track should play.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meant {
    /// Nobody publishes that, or there are more sections than voices.
    Nothing,
    /// Something that the viewer did not negotiate.
    Unplayable(usize),
    Source(usize),
}

impl Engine {
    /// A microphone of ours, if it is one, may take a seat. It replaces an earlier one of the same publisher.
    pub(crate) fn take_the_stage(&mut self, now: Instant, index: usize) {
        let Some((id, room)) = self.voice(index) else { return };
        let by = self.sources[index].as_ref().and_then(|source| source.by.clone());
        let seats = self.config.limits.voices_max;
        let Some(entry) = self.rooms.get_mut(&room) else { return };
        let speakers = entry.speakers.get_or_insert_with(|| Speakers::new(seats));
        for &other in entry.tracks.iter().filter(|&&other| other != index) {
            if let Some(other) = self.sources[other].as_ref().filter(|other| other.by == by) {
                speakers.remove(other.id);
            }
        }
        speakers.add(id);
        self.announce_stage(now, &room);
    }

    pub(crate) fn leave_the_stage(&mut self, now: Instant, room: &RoomName, track: TrackId) {
        let Some(speakers) = self.rooms.get_mut(room).and_then(|entry| entry.speakers.as_mut()) else { return };
        speakers.remove(track);
        self.announce_stage(now, room);
    }

    /// A packet of a microphone of ours has come.
    pub(crate) fn hear(&mut self, now: Instant, index: usize, level: Option<AudioLevel>) {
        let Some(source) = self.sources[index].as_ref().filter(|source| source.kind() == Kind::Audio) else { return };
        let Some(entry) = self.rooms.get_mut(&source.room) else { return };
        let Some(speakers) = entry.speakers.as_mut() else { return };
        let changed = speakers.hear(now, source.id, level);
        if changed.seats || changed.speaker {
            let room = source.room.clone();
            self.announce_stage(now, &room);
        }
    }

    /// The stages of the rooms that are published on this worker.
    pub(crate) fn own_stages(&self) -> Vec<Stage> {
        self.rooms
            .iter()
            .filter(|(_, room)| room.speakers.is_some())
            .filter_map(|(_, room)| room.stage.clone())
            .collect()
    }

    /// What the origin of a room says of who is heard there.
    pub(crate) fn set_stage(&mut self, now: Instant, stage: Stage) {
        // Tracks are announced before who of them is heard: a room that is not here has nobody left.
        let Some(entry) = self.rooms.get_mut(&stage.room) else { return };
        let room = stage.room.clone();
        let before = entry.stage.replace(stage);
        let speaker_before = before.and_then(|stage| stage.speaker);
        if entry.stage.as_ref().is_some_and(|stage| stage.speaker != speaker_before) {
            self.is_changed = true;
            self.rewire(now, &room, |track| track.send.kind == Kind::Video && track.shows == Shows::Speaker);
        }
        self.rewire(now, &room, |track| track.send.kind == Kind::Audio);
        let tracks = self.rooms.get(&room).map(|entry| entry.tracks.clone());
        for index in tracks.unwrap_or_default() {
            self.tell_wants(index, Tell::Changes);
        }
    }

    /// The track that a room shows, or of its voices the first.
    pub(crate) fn shown(&self, room: &RoomName, kind: Kind) -> Option<usize> {
        match kind {
            Kind::Video => self.picture(room, &[]),
            Kind::Audio => self.voices(room, &[]).first().copied(),
        }
    }

    /// What the viewer's track should play.
    pub(crate) fn meant_for(&self, track: Waiter) -> Meant {
        let Some(session) = self.sessions.get(track.slot) else { return Meant::Nothing };
        let Role::Viewer(viewer) = &session.role else { return Meant::Nothing };
        let Some(entry) = viewer.tracks.iter().find(|entry| entry.send.ssrc == track.ssrc) else {
            return Meant::Nothing;
        };
        let plays =
            |index: &usize| self.sources[*index].as_ref().is_some_and(|source| source.codec == entry.send.codec);
        if entry.send.kind == Kind::Video {
            let picture = match &entry.shows {
                Shows::Speaker => self.picture(&session.room, &viewer.own),
                Shows::Publisher(name) => self.picture_of(&session.room, name),
                Shows::Nobody => None,
            };
            return match picture {
                None => Meant::Nothing,
                Some(index) if plays(&index) => Meant::Source(index),
                Some(index) => Meant::Unplayable(index),
            };
        }
        let voices = self.voices(&session.room, &viewer.own);
        let mut playable: Vec<usize> = voices.iter().copied().filter(plays).collect();
        if playable.is_empty()
            && let Some(&first) = voices.first()
        {
            return Meant::Unplayable(first);
        }
        let sections: Vec<(u32, Option<Place>)> =
            viewer.tracks.iter().filter(|t| t.send.kind == Kind::Audio).map(|t| (t.send.ssrc, t.place)).collect();
        playable.truncate(sections.len());
        // Who is heard already stays where they are: a voice that moves from one section to another is cut.
        let at = |place: &Option<Place>| match place {
            Some(Place::Source { source, .. }) => playable.iter().position(|index| index == source),
            _ => None,
        };
        let kept: Vec<usize> = sections.iter().filter_map(|(_, place)| at(place)).collect();
        let mut left = (0..playable.len()).filter(|voice| !kept.contains(voice));
        for (ssrc, place) in &sections {
            let voice = at(place).or_else(|| left.next());
            if *ssrc == track.ssrc {
                return voice.map_or(Meant::Nothing, |voice| Meant::Source(playable[voice]));
            }
        }
        Meant::Nothing
    }

    /// The track that is named, its publisher being the one who speaks, or spoke last.
    pub(crate) fn speaker(&self, room: &RoomName) -> Option<&Source> {
        let speaker = self.rooms.get(room)?.stage.as_ref()?.speaker?;
        self.sources[*self.by_track.get(&speaker)?].as_ref()
    }

    /// Of the pictures of a room that of who speaks; of these, or where nobody does, the latest. Whoever watches does not see itself.
    fn picture(&self, room: &RoomName, own: &[PublisherName]) -> Option<usize> {
        let by = self.speaker(room).map(|source| &source.by);
        let order = |source: &Source| (by == Some(&source.by), source.since_ms, source.id);
        let others = self.of_kind(room, Kind::Video).filter(|(_, source)| !source.is_of(own));
        others.max_by_key(|(_, source)| order(source)).map(|(index, _)| index)
    }

    /// The picture of one publisher; of several the latest.
    fn picture_of(&self, room: &RoomName, name: &PublisherName) -> Option<usize> {
        let theirs = self.of_kind(room, Kind::Video).filter(|(_, source)| source.by.as_ref() == Some(name));
        theirs.max_by_key(|(_, source)| (source.since_ms, source.id)).map(|(index, _)| index)
    }

    /// Who is heard in a room, those first who matter most: who speaks, then who came last. Whoever listens does not hear itself.
    fn voices(&self, room: &RoomName, own: &[PublisherName]) -> Vec<usize> {
        let stage = self.rooms.get(room).and_then(|entry| entry.stage.as_ref());
        let heard = |source: &Source| stage.is_some_and(|stage| stage.heard.contains(&source.id));
        let others = || self.of_kind(room, Kind::Audio).filter(|(_, source)| !source.is_of(own));
        let mut voices: Vec<(usize, &Source)> = others().filter(|(_, source)| heard(source)).collect();
        if voices.is_empty() {
            // The track has been announced, and who is heard will be in a moment.
            voices.extend(others().max_by_key(|(_, source)| (source.since_ms, source.id)));
        }
        let speaker = stage.and_then(|stage| stage.speaker);
        voices.sort_by_key(|(_, source)| std::cmp::Reverse((Some(source.id) == speaker, source.since_ms, source.id)));
        voices.into_iter().map(|(index, _)| index).collect()
    }

    fn of_kind(&self, room: &RoomName, kind: Kind) -> impl Iterator<Item = (usize, &Source)> {
        let tracks = self.rooms.get(room).map_or(&[][..], |entry| &entry.tracks);
        let known = tracks.iter().filter_map(|&index| Some((index, self.sources[index].as_ref()?)));
        known.filter(move |(_, source)| source.kind() == kind)
    }

    /// The microphone of ours at this index, and its room.
    fn voice(&self, index: usize) -> Option<(TrackId, RoomName)> {
        let source = self.sources[index].as_ref()?;
        let is_ours = matches!(source.upstream, Upstream::Local { .. } | Upstream::Plain { .. });
        (is_ours && source.kind() == Kind::Audio).then(|| (source.id, source.room.clone()))
    }

    /// Tells everybody, ourselves included, if there is news.
    fn announce_stage(&mut self, now: Instant, room: &RoomName) {
        let Some(entry) = self.rooms.get(room) else { return };
        let Some(speakers) = &entry.speakers else { return };
        let stage = Stage { room: room.clone(), heard: speakers.seated().collect(), speaker: speakers.speaker() };
        if entry.stage.as_ref() != Some(&stage) {
            self.announce(RoomEvent::Stage(stage.clone()));
            self.set_stage(now, stage);
        }
    }
}
