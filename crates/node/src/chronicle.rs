//! From what workers say of sessions to the events of the log: who publishes, who watches, and which rooms are alive.
//!
//! Rooms of meetings are left out: what happens in a meeting is told by the meeting.

use std::collections::HashMap;

use engine::{Side, Summary, Ticket};
use proto::event::{SessionEnd, Stream, Via, What};
use proto::{PeerId, PublisherName, RoomName};
use signal::chronicle::Recorder;

pub struct Chronicle {
    recorder: Recorder,
    /// The names of those who have asked to publish, until they are told yes or no.
    asked: HashMap<Ticket, PublisherName>,
    /// The names of those who do.
    named: HashMap<PeerId, PublisherName>,
    /// Publications of each room.
    rooms: HashMap<RoomName, u32>,
}

impl Chronicle {
    pub fn new(recorder: Recorder) -> Chronicle {
        Chronicle { recorder, asked: HashMap::new(), named: HashMap::new(), rooms: HashMap::new() }
    }

    pub fn asked(&mut self, ticket: Option<Ticket>, name: Option<PublisherName>) {
        if let (Some(ticket), Some(name)) = (ticket, name) {
            self.asked.insert(ticket, name);
        }
    }

    pub fn began(&mut self, ticket: Ticket, peer: PeerId) {
        if let Some(name) = self.asked.remove(&ticket) {
            self.named.insert(peer, name);
        }
    }

    pub fn refused(&mut self, ticket: Ticket) {
        self.asked.remove(&ticket);
    }

    pub fn connected(&mut self, peer: PeerId, room: &RoomName, side: Side) {
        if room.is_reserved() {
            return;
        }
        if side == Side::Viewer {
            return self.recorder.note(What::ViewerJoined { room: room.to_string(), session: peer.to_string() });
        }
        let publications = self.rooms.entry(room.clone()).or_default();
        *publications += 1;
        if *publications == 1 {
            self.recorder.note(What::RoomStarted { room: room.to_string() });
        }
        self.recorder.note(What::StreamPublished(self.stream(peer, room, side)));
    }

    pub fn ended(&mut self, summary: &Summary) {
        let Summary { peer, room, side, .. } = summary;
        // Whoever never connected was told of nobody.
        if room.is_reserved() || !summary.connected {
            self.named.remove(peer);
            return;
        }
        let end = SessionEnd {
            reason: summary.reason.label().to_owned(),
            lasted_ms: summary.lasted.as_millis() as u64,
            bytes: summary.bytes,
        };
        if *side == Side::Viewer {
            return self.recorder.note(What::ViewerLeft { room: room.to_string(), session: peer.to_string(), end });
        }
        let stream = self.stream(*peer, room, *side);
        self.named.remove(peer);
        self.recorder.note(What::StreamEnded { stream, end });
        let left = self.rooms.get_mut(room).map(|publications| {
            *publications -= 1;
            *publications
        });
        if left == Some(0) {
            self.rooms.remove(room);
            self.recorder.note(What::RoomEnded { room: room.to_string() });
        }
    }

    fn stream(&self, peer: PeerId, room: &RoomName, side: Side) -> Stream {
        let via = match side {
            Side::Pull => Via::Pull,
            _ if engine::is_plain(peer) => Via::Ftl,
            _ => Via::Whip,
        };
        let name = self.named.get(&peer).map(PublisherName::to_string);
        Stream { room: room.to_string(), session: peer.to_string(), name, via }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use engine::EndReason;
    use meetings::Store as _;
    use meetings::events::Sequence;
    use proto::WorkerId;

    use super::*;

    /// Of a publisher without a peer connection.
    const FTL: u32 = 1 << 31;

    fn peer(slot: u32) -> PeerId {
        PeerId { worker: WorkerId(0), slot, generation: 0 }
    }

    fn ended(slot: u32, room: &str, side: Side, connected: bool) -> Summary {
        Summary {
            peer: peer(slot),
            room: room.parse().unwrap(),
            side,
            reason: EndReason::Left,
            lasted: Duration::from_millis(1_500),
            connected,
            packets: 1,
            bytes: 2,
            nacks: 0,
            keyframe_requests: 0,
        }
    }

    /// Kind, session, and what else tells it apart.
    async fn told(play: impl FnOnce(&mut Chronicle)) -> Vec<String> {
        let store = Arc::new(meetings::Memory::default());
        let (recorder, scribe) = signal::chronicle::new();
        let live = signal::Live::nowhere();
        let (writing, _last) = scribe.begin(store.clone(), Default::default(), live, "1").await;
        play(&mut Chronicle::new(recorder));
        writing.finish().await;
        let page = store.events(Sequence(1), u32::MAX).await.unwrap();
        let brief = |logged: &meetings::events::Logged| {
            let data: serde_json::Value = serde_json::from_str(&logged.happened.data).unwrap();
            let words = ["session", "name", "via", "reason"].map(|f| data[f].as_str().unwrap_or_default().to_owned());
            format!("{} {}", logged.happened.kind, words.join(" ")).split_whitespace().collect::<Vec<_>>().join(" ")
        };
        page.items[..page.items.len() - 1].iter().map(brief).collect()
    }

    #[tokio::test]
    async fn a_room_lives_from_its_first_publication_to_its_last() {
        let told = told(|chronicle| {
            let room: RoomName = "demo".parse().unwrap();
            chronicle.asked(Some(Ticket(1)), Some("ann".parse().unwrap()));
            chronicle.began(Ticket(1), peer(1));
            chronicle.connected(peer(1), &room, Side::Publisher);
            chronicle.connected(peer(2), &room, Side::Viewer);
            chronicle.connected(peer(FTL), &room, Side::Publisher);
            chronicle.ended(&ended(1, "demo", Side::Publisher, true));
            chronicle.ended(&ended(2, "demo", Side::Viewer, true));
            chronicle.ended(&ended(FTL, "demo", Side::Publisher, true));
            assert!(chronicle.rooms.is_empty() && chronicle.named.is_empty() && chronicle.asked.is_empty());
        })
        .await;
        let (one, two, three) = (peer(1), peer(2), peer(FTL));
        assert_eq!(
            told,
            [
                "room.started".to_owned(),
                format!("stream.published {one} ann whip"),
                format!("viewer.joined {two}"),
                format!("stream.published {three} ftl"),
                format!("stream.ended {one} ann whip left"),
                format!("viewer.left {two} left"),
                format!("stream.ended {three} ftl left"),
                "room.ended".to_owned(),
            ]
        );
    }

    #[tokio::test]
    async fn nothing_is_told_of_who_never_came_and_of_the_rooms_of_meetings() {
        let told = told(|chronicle| {
            let meeting: RoomName = "~qkfd-mzwhp-xbtr".parse().unwrap();
            chronicle.asked(Some(Ticket(1)), Some("ann".parse().unwrap()));
            chronicle.refused(Ticket(1));
            chronicle.asked(None, Some("ann".parse().unwrap()));
            chronicle.asked(Some(Ticket(2)), Some("bob".parse().unwrap()));
            chronicle.began(Ticket(2), peer(2));
            chronicle.ended(&ended(2, "demo", Side::Publisher, false));
            chronicle.ended(&ended(3, "demo", Side::Pull, false));
            chronicle.connected(peer(4), &meeting, Side::Publisher);
            chronicle.ended(&ended(4, "~qkfd-mzwhp-xbtr", Side::Publisher, true));
            assert!(chronicle.rooms.is_empty() && chronicle.named.is_empty() && chronicle.asked.is_empty());
        })
        .await;
        assert_eq!(told, Vec::<String>::new());
    }
}
