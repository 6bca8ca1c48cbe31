//! From how a room is to what a viewer has to be told about it. Knows no stream and no socket.

use std::time::{Duration, Instant};

use proto::api::{LayerView, RoomView, TrackKind, TrackView};
use serde_json::{Value, json};

use super::Events;
use crate::desk::Readiness;

/// A bitrate changes all the time, and a menu of layers shows it as a hint.
const BITRATES_EVERY: Duration = Duration::from_secs(5);

pub struct News {
    events: Events,
    /// The video track of the viewer's session, by which its layers are listed.
    media: Option<String>,
    /// The tracks that `active` told of; `None` while nothing is active.
    active: Option<Value>,
    /// A stream before this one told of `active`, and nobody of `inactive` since.
    told_active: bool,
    layers: Option<(Vec<Shape>, Instant)>,
    viewers: Option<u32>,
    reconnect: bool,
    speaker: Option<Value>,
}

/// What of a layer matters at once: which it is, and whether it flows.
type Shape = (Option<String>, bool);

impl News {
    pub fn new(events: Events, media: Option<String>, told_active: bool) -> News {
        News { events, media, active: None, told_active, layers: None, viewers: None, reconnect: false, speaker: None }
    }

    pub fn told_active(&self) -> bool {
        self.told_active
    }

    /// What is news about the room (`None`: nobody is in it) and the node.
    pub fn update(
        &mut self,
        now: Instant,
        room: Option<&RoomView>,
        readiness: Readiness,
    ) -> Vec<(&'static str, Value)> {
        let news = [
            self.activity(room),
            self.layers(now, room),
            self.viewers(room),
            self.speaker(room),
            self.reconnect(readiness),
        ];
        news.into_iter().flatten().filter(|(name, _)| self.events.contain(name)).collect()
    }

    fn activity(&mut self, room: Option<&RoomView>) -> Option<(&'static str, Value)> {
        let Some(room) = room.filter(|room| room.live) else {
            self.active = None;
            // There is no `inactive` before the first `active`.
            return std::mem::take(&mut self.told_active).then(|| ("inactive", json!({})));
        };
        let tracks: Vec<Value> = shown(room).map(|track| json!({ "kind": track.kind, "codec": track.codec })).collect();
        let tracks = json!({ "tracks": tracks });
        self.told_active = true;
        if self.active.as_ref() == Some(&tracks) {
            return None;
        }
        self.active = Some(tracks.clone());
        Some(("active", tracks))
    }

    fn layers(&mut self, now: Instant, room: Option<&RoomView>) -> Option<(&'static str, Value)> {
        let media = self.media.clone()?;
        let video = room.and_then(|room| shown(room).find(|track| track.kind == TrackKind::Video));
        let layers: &[LayerView] = video.map_or(&[], |track| &track.layers);
        // A layer needs a name to be chosen; a track without simulcast has none, and nothing to choose.
        let layers: Vec<&LayerView> = layers.iter().filter(|layer| layer.rid.is_some()).collect();
        let shape: Vec<Shape> = layers.iter().map(|layer| (layer.rid.clone(), layer.silent)).collect();
        let told = self.layers.as_ref().map(|(told, at)| (told, now.saturating_duration_since(*at)));
        let is_news = match told {
            None => !shape.is_empty(),
            Some((told, since)) => *told != shape || (since >= BITRATES_EVERY && !shape.is_empty()),
        };
        if !is_news {
            return None;
        }
        self.layers = Some((shape, now));
        // Without a bitrate a layer is inactive.
        let layer = |layer: &&LayerView| match layer.silent {
            true => json!({ "rid": layer.rid }),
            false => json!({ "rid": layer.rid, "bitrate": u64::from(layer.kbps) * 1000 }),
        };
        Some(("layers", json!({ media: layers.iter().map(layer).collect::<Vec<_>>() })))
    }

    fn viewers(&mut self, room: Option<&RoomView>) -> Option<(&'static str, Value)> {
        // A room that the list does not have yet has this viewer at least, and will be listed in a moment.
        let viewers = room?.viewers;
        let told = self.viewers.replace(viewers);
        (told != Some(viewers)).then(|| ("viewercount", json!({ "viewercount": viewers })))
    }

    /// Who speaks, or spoke last, of those who publish.
    fn speaker(&mut self, room: Option<&RoomView>) -> Option<(&'static str, Value)> {
        let speaker = room?.publishers.iter().find(|publisher| publisher.speaking)?;
        let speaker = json!({ "id": speaker.id, "name": speaker.name });
        let told = self.speaker.replace(speaker.clone());
        (told.as_ref() != Some(&speaker)).then_some(("speaker", speaker))
    }

    /// A node that goes away says so while there is time: without a URL the player asks the address it knows, where by
    /// then somebody else answers.
    fn reconnect(&mut self, readiness: Readiness) -> Option<(&'static str, Value)> {
        let draining = readiness == Readiness::Draining;
        let is_news = draining && !self.reconnect;
        self.reconnect = draining;
        is_news.then(|| ("reconnect", json!({})))
    }
}

/// The tracks of the publication that a room shows.
fn shown(room: &RoomView) -> impl Iterator<Item = &TrackView> {
    room.publishers.iter().find(|publisher| publisher.shown).into_iter().flat_map(|publisher| &publisher.tracks)
}

#[cfg(test)]
mod tests {
    use proto::api::PublisherView;

    use super::*;

    fn publisher(id: &str, tracks: Vec<TrackView>) -> PublisherView {
        PublisherView { id: id.into(), name: None, speaking: false, heard: false, shown: true, age_s: 1, tracks }
    }

    fn room(live: bool, viewers: u32, layers: &[(&str, u32)]) -> RoomView {
        let layer = |(rid, kbps): &(&str, u32)| LayerView {
            rid: (!rid.is_empty()).then(|| (*rid).into()),
            kbps: *kbps,
            silent: *kbps == 0,
        };
        let video =
            TrackView { kind: TrackKind::Video, codec: "VP8".into(), layers: layers.iter().map(layer).collect() };
        let publishers = vec![publisher("0-0-0", vec![video])];
        RoomView { name: "demo".into(), live, publishers, viewers }
    }

    fn names(news: &[(&'static str, Value)]) -> Vec<&'static str> {
        news.iter().map(|(name, _)| *name).collect()
    }

    #[test]
    fn a_viewer_is_told_how_things_are_and_then_only_what_changes() {
        let now = Instant::now();
        let mut news = News::new(Events::ALL, Some("1".into()), false);
        let live = room(true, 3, &[("h", 500), ("q", 0)]);
        let first = news.update(now, Some(&live), Readiness::Ready);
        assert_eq!(names(&first), ["active", "layers", "viewercount"]);
        assert_eq!(first[0].1, json!({"tracks": [{"kind": "video", "codec": "VP8"}]}));
        assert_eq!(first[1].1, json!({"1": [{"rid": "h", "bitrate": 500_000}, {"rid": "q"}]}));
        assert_eq!(first[2].1, json!({"viewercount": 3}));
        assert!(news.update(now, Some(&live), Readiness::Ready).is_empty());

        let more = room(true, 4, &[("h", 600), ("q", 90)]);
        assert_eq!(names(&news.update(now, Some(&more), Readiness::Ready)), ["layers", "viewercount"]);
        let rates = room(true, 4, &[("h", 700), ("q", 90)]);
        assert!(news.update(now, Some(&rates), Readiness::Ready).is_empty());
        assert_eq!(names(&news.update(now + BITRATES_EVERY, Some(&rates), Readiness::Ready)), ["layers"]);
    }

    #[test]
    fn inactive_follows_active_and_never_comes_first() {
        let now = Instant::now();
        let only = super::super::list::parse(r#"["active","inactive"]"#).unwrap();
        let mut news = News::new(only, None, false);
        assert!(news.update(now, None, Readiness::Ready).is_empty());
        assert_eq!(names(&news.update(now, Some(&room(true, 1, &[])), Readiness::Ready)), ["active"]);
        assert_eq!(names(&news.update(now, Some(&room(false, 1, &[])), Readiness::Ready)), ["inactive"]);
        assert!(news.update(now, None, Readiness::Ready).is_empty());
        // Somebody who was away while it ended is told when they come back.
        assert_eq!(names(&News::new(only, None, true).update(now, None, Readiness::Ready)), ["inactive"]);
    }

    #[test]
    fn who_speaks_is_told_when_it_is_another_one_and_kept_while_nobody_does() {
        let now = Instant::now();
        let speaking = |who: usize| {
            let mut room = room(true, 1, &[]);
            room.publishers =
                ["ann", "bea"].map(|name| PublisherView { name: Some(name.into()), ..publisher(name, vec![]) }).into();
            if let Some(speaker) = room.publishers.get_mut(who) {
                speaker.speaking = true;
            }
            room
        };
        let mut news = News::new(super::super::list::parse(r#"["speaker"]"#).unwrap(), None, false);
        assert!(news.update(now, Some(&speaking(2)), Readiness::Ready).is_empty());
        let ann = ("speaker", json!({"id": "ann", "name": "ann"}));
        assert_eq!(news.update(now, Some(&speaking(0)), Readiness::Ready), [ann]);
        assert!(news.update(now, Some(&speaking(0)), Readiness::Ready).is_empty());
        assert!(news.update(now, Some(&speaking(2)), Readiness::Ready).is_empty());
        let bea = ("speaker", json!({"id": "bea", "name": "bea"}));
        assert_eq!(news.update(now, Some(&speaking(1)), Readiness::Ready), [bea]);
    }

    #[test]
    fn a_node_that_drains_asks_once_to_reconnect() {
        let now = Instant::now();
        let mut news = News::new(Events::ALL, None, false);
        assert_eq!(news.update(now, None, Readiness::Draining), [("reconnect", json!({}))]);
        assert!(news.update(now, None, Readiness::Draining).is_empty());
    }

    #[test]
    fn a_track_without_simulcast_has_no_layers_to_choose() {
        let mut news = News::new(Events::ALL, Some("0".into()), false);
        let told = news.update(Instant::now(), Some(&room(true, 1, &[("", 900)])), Readiness::Ready);
        assert_eq!(names(&told), ["active", "viewercount"]);
    }
}
