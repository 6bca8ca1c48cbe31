//! What this worker's part of the rooms looks like from outside.

use std::time::Instant;

use media::codec::Kind;
use proto::api::{LayerView, PublisherView, TrackKind, TrackView};
use proto::{RoomName, TrackId};

use crate::Engine;
use crate::session::Role;
use crate::source::{Layer, Source};

/// One worker's part of all rooms: the node joins the parts of its workers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct View {
    pub rooms: Vec<RoomPart>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct RoomPart {
    pub name: RoomName,
    pub publishers: Vec<PublisherView>,
    pub viewers: u32,
}

impl Engine {
    pub fn view(&self, now: Instant) -> View {
        let mut rooms: Vec<RoomPart> = self
            .rooms
            .iter()
            .map(|(name, room)| RoomPart { name: name.clone(), publishers: Vec::new(), viewers: room.viewers })
            .collect();
        for session in self.sessions.iter() {
            let Role::Publisher(publisher) = &session.role else { continue };
            let Some(connected) = session.connected else { continue };
            let name = publisher.name.as_ref();
            let view = PublisherView {
                id: session.peer_id.to_string(),
                name: name.map(|name| name.as_str().to_owned()),
                speaking: self.speaker(&session.room).is_some_and(|speaker| publisher.tracks.contains(&speaker.id)),
                heard: self.is_heard(&session.room, &publisher.tracks),
                shown: self.is_shown(&session.room, &publisher.tracks),
                age_s: now.saturating_duration_since(connected).as_secs(),
                tracks: publisher.tracks.iter().filter_map(|t| self.source(*t)).map(|s| track_view(s, now)).collect(),
            };
            match rooms.binary_search_by(|r| r.name.cmp(&session.room)) {
                Ok(i) => rooms[i].publishers.push(view),
                Err(i) => rooms.insert(i, RoomPart { name: session.room.clone(), publishers: vec![view], viewers: 0 }),
            }
        }
        for feed in self.feeds.shown(now) {
            let view = PublisherView {
                id: feed.peer_id.to_string(),
                name: None,
                speaking: self.speaker(feed.room).is_some_and(|speaker| feed.tracks.contains(&speaker.id)),
                heard: self.is_heard(feed.room, &feed.tracks),
                shown: self.is_shown(feed.room, &feed.tracks),
                age_s: feed.age.as_secs(),
                tracks: feed.tracks.iter().filter_map(|t| self.source(*t)).map(|s| track_view(s, now)).collect(),
            };
            match rooms.binary_search_by(|r| r.name.cmp(feed.room)) {
                Ok(i) => rooms[i].publishers.push(view),
                Err(i) => rooms.insert(i, RoomPart { name: feed.room.clone(), publishers: vec![view], viewers: 0 }),
            }
        }
        // A room known only because another worker publishes in it is that worker's to show.
        rooms.retain(|r| r.viewers > 0 || !r.publishers.is_empty());
        View { rooms }
    }

    /// Whether one of these tracks is the picture of the room, or, where there is none, the voice that matters most.
    fn is_shown(&self, room: &RoomName, tracks: &[TrackId]) -> bool {
        let shown = self.shown(room, Kind::Video).or_else(|| self.shown(room, Kind::Audio));
        shown.and_then(|index| self.sources[index].as_ref()).is_some_and(|source| tracks.contains(&source.id))
    }

    /// Whether one of these microphones has a seat.
    fn is_heard(&self, room: &RoomName, tracks: &[TrackId]) -> bool {
        let stage = self.rooms.get(room).and_then(|room| room.stage.as_ref());
        stage.is_some_and(|stage| tracks.iter().any(|track| stage.heard.contains(track)))
    }

    fn source(&self, track: TrackId) -> Option<&Source> {
        self.sources[*self.by_track.get(&track)?].as_ref()
    }
}

fn track_view(source: &Source, now: Instant) -> TrackView {
    TrackView {
        kind: match source.kind() {
            Kind::Audio => TrackKind::Audio,
            Kind::Video => TrackKind::Video,
        },
        codec: source.codec.name().to_owned(),
        layers: layers(source, now),
    }
}

pub fn layers(source: &Source, now: Instant) -> Vec<LayerView> {
    let view = |layer: &Layer| LayerView {
        rid: (!layer.rid.is_empty()).then(|| layer.rid.clone()),
        kbps: layer.kbps,
        silent: layer.is_silent(now),
    };
    source.layers.iter().map(view).collect()
}
