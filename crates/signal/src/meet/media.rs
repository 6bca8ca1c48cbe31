//! The media of one meeting: its orders become questions to the node, in order and one at a time, so that none overtakes another.
//!
//! A person has up to three sessions. Each has a number here: what comes of an earlier one says nothing about the one that replaced it.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use meetings::hall::{Assigned, FeedId, Order, Report, Track};
use meetings::{MeetingId, PersonId};
use proto::api::{PublisherView, RoomsView, TrackKind};
use proto::data::Notice;
use proto::meeting::{SlotState, Source, What};
use proto::{Assignment, Given, RoomName, Section, SessionId};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use transport::fragment::Fragment;
use transport::offer::{Offer, Role};

use super::hall::In;
use super::{names, quality};
use crate::app::App;
use crate::desk::{Answered, Client, Expect, Owner, Patched};

/// How often somebody's line is looked at.
const QUALITY_EVERY: Duration = Duration::from_secs(3);

/// A worker says each of a handful of things once in two seconds.
const NOTICES_MAX: usize = 16;

pub struct Media {
    app: App,
    room: RoomName,
    /// Nobody else can touch the sessions of a meeting.
    owner: Owner,
    reports: mpsc::Sender<In>,
    sessions: BTreeMap<(PersonId, What), Session>,
}

struct Session {
    id: SessionId,
    /// The sections that carry pictures, by mid.
    feeds: Option<watch::Sender<HashMap<String, FeedId>>>,
    watchers: Vec<JoinHandle<()>>,
}

impl Drop for Session {
    fn drop(&mut self) {
        for watcher in &self.watchers {
            watcher.abort();
        }
    }
}

impl Media {
    pub fn new(app: &App, meeting: &MeetingId, reports: mpsc::Sender<In>) -> Media {
        let mut owner = [0; 16];
        aws_lc_rs::rand::fill(&mut owner).expect("the system has randomness");
        Media {
            app: app.clone(),
            room: names::room(meeting),
            owner: Owner::Token(owner),
            reports,
            sessions: BTreeMap::new(),
        }
    }

    /// Until nobody orders any more; then everything that is open is closed.
    pub async fn run(mut self, mut orders: mpsc::Receiver<Order>) {
        while let Some(order) = orders.recv().await {
            match order {
                Order::Offer { person, what, id, sdp } => self.offer(person, what, id, &sdp).await,
                Order::Ice { person, what, fragment } => self.ice(person, what, &fragment).await,
                Order::Close { person, what } => self.close(&(person, what)).await,
                Order::Assign { person, slots } => self.assign(person, slots).await,
                Order::Forward { person, track, on } => self.forward(person, track, on).await,
                Order::Data { person, sends } => self.introduce(person, sends).await,
            }
        }
        let open: Vec<_> = self.sessions.keys().cloned().collect();
        for key in open {
            self.close(&key).await;
        }
    }

    async fn report(&self, report: Report) {
        let _ = self.reports.send(In::Media(report)).await;
    }

    async fn offer(&mut self, person: PersonId, what: What, id: u32, sdp: &str) {
        let key = (person.clone(), what);
        let (ended, end) = oneshot::channel();
        match self.ask(&person, what, sdp, ended).await {
            Ok((answered, slots)) => {
                if what == What::Camera {
                    // Off until somebody says on, and before anything can arrive.
                    for kind in [TrackKind::Audio, TrackKind::Video] {
                        let _ = self.app.desk.forward(answered.session, self.owner, kind, false).await;
                    }
                }
                // A second connection under the same name has taken the first one's place; a receiving one has not.
                self.close(&key).await;
                let session = self.follow(&person, what, answered.session, end).await;
                self.sessions.insert(key, session);
                self.report(Report::Answered { person, what, id, sdp: answered.sdp, slots }).await;
            }
            Err(reason) => self.report(Report::Refused { person, what, id, reason }).await,
        }
    }

    async fn ask(
        &self,
        person: &PersonId,
        what: What,
        sdp: &str,
        ended: oneshot::Sender<String>,
    ) -> Result<(Answered, Vec<String>), String> {
        let role = if what == What::Receive { Role::Watch } else { Role::Publish };
        let offer = Offer::parse(sdp).map_err(|error| error.to_string())?;
        offer.validate(role).map_err(|error| error.to_string())?;
        let slots = offer.picture_mids().map(str::to_owned).collect();
        // Asked on behalf of a socket that was admitted; the node's limits for one address are not for that.
        let client = Client { ip: IpAddr::V4(Ipv4Addr::UNSPECIFIED), agent: String::new() };
        let (room, owner) = (self.room.clone(), self.owner);
        let asked = match names::source(what) {
            Some(source) => {
                let name = names::publisher(person, source);
                self.app.desk.publish_until(room, name, offer, client, owner, ended).await
            }
            None => self.app.desk.attend(room, offer, client, owner, ended).await,
        };
        let answered = asked.map_err(|refusal| refusal.to_string())?.map_err(|refusal| refusal.to_string())?;
        Ok((answered, slots))
    }

    /// Has everything that becomes of a session reported.
    async fn follow(&self, person: &PersonId, what: What, id: SessionId, end: oneshot::Receiver<String>) -> Session {
        let (reports, of) = (self.reports.clone(), person.clone());
        let ended = tokio::spawn(async move {
            if let Ok(reason) = end.await {
                let _ = reports.send(In::Media(Report::Ended { person: of, what, reason })).await;
            }
        });
        if what != What::Receive {
            return Session { id, feeds: None, watchers: vec![ended] };
        }
        let (feeds, of_feeds) = watch::channel(HashMap::new());
        let (given, sections) = watch::channel(Vec::new());
        let (notices, of_messages) = mpsc::channel(NOTICES_MAX);
        if !self.app.desk.follow(id, given, notices) {
            tracing::warn!("the node is too busy to say what a meeting's slots are given");
        }
        let slots = tokio::spawn(report_slots(person.clone(), sections, of_feeds, self.reports.clone()));
        let line = tokio::spawn(report_quality(self.app.clone(), id, person.clone(), self.reports.clone()));
        let messages = tokio::spawn(report_messages(person.clone(), of_messages, self.reports.clone()));
        Session { id, feeds: Some(feeds), watchers: vec![ended, slots, line, messages] }
    }

    async fn ice(&self, person: PersonId, what: What, fragment: &str) {
        let Some(session) = self.sessions.get(&(person.clone(), what)) else { return };
        let Ok(fragment) = Fragment::parse(fragment) else {
            let reason = "the fragment of ICE is not one of RFC 8840".to_owned();
            return self.report(Report::Ended { person, what, reason }).await;
        };
        match self.app.desk.patch(session.id, self.owner, Expect::Any, fragment).await {
            Ok(Ok(Patched::Restarted { fragment, .. })) => self.report(Report::Ice { person, what, fragment }).await,
            Ok(Ok(Patched::Trickled)) => {}
            // The session is gone: a new offer makes another one.
            Ok(Err(refusal)) => self.report(Report::Ended { person, what, reason: refusal.to_string() }).await,
            Err(unanswered) => self.report(Report::Ended { person, what, reason: unanswered.to_string() }).await,
        }
    }

    async fn close(&mut self, key: &(PersonId, What)) {
        if let Some(session) = self.sessions.remove(key) {
            let _ = self.app.desk.end(session.id, self.owner).await;
        }
    }

    async fn assign(&self, person: PersonId, slots: Vec<Assigned>) {
        let Some(session) = self.sessions.get(&(person.clone(), What::Receive)) else { return };
        let carries = slots.iter().filter_map(|slot| Some((slot.mid.clone(), slot.of.clone()?))).collect();
        if let Some(feeds) = &session.feeds {
            feeds.send_replace(carries);
        }
        let assignments = slots.into_iter().map(assignment).collect();
        let own = [Source::Camera, Source::Screen].map(|source| names::publisher(&person, source)).to_vec();
        let _ = self.app.desk.assign(session.id, self.owner, Some(own), assignments).await;
    }

    async fn introduce(&self, person: PersonId, sends: bool) {
        let Some(session) = self.sessions.get(&(person.clone(), What::Receive)) else { return };
        let _ = self.app.desk.introduce(session.id, self.owner, names::member(&person), sends).await;
    }

    async fn forward(&self, person: PersonId, track: Track, on: bool) {
        let Some(session) = self.sessions.get(&(person, What::Camera)) else { return };
        let kind = match track {
            Track::Microphone => TrackKind::Audio,
            Track::Camera => TrackKind::Video,
        };
        let _ = self.app.desk.forward(session.id, self.owner, kind, on).await;
    }
}

fn assignment(slot: Assigned) -> Assignment {
    Assignment {
        mid: slot.mid,
        of: slot.of.map(|of| names::publisher(&of.person, of.source)),
        ceiling_kbps: slot.wish.ceiling_kbps,
        height_max: slot.wish.height_max.map(|lines| lines.try_into().unwrap_or(u16::MAX)),
        priority: slot.priority,
    }
}

/// What each slot is given, whenever one changes.
async fn report_slots(
    person: PersonId,
    mut sections: watch::Receiver<Vec<Section>>,
    feeds: watch::Receiver<HashMap<String, FeedId>>,
    reports: mpsc::Sender<In>,
) {
    let mut told: HashMap<String, (FeedId, SlotState)> = HashMap::new();
    while sections.changed().await.is_ok() {
        let now = sections.borrow_and_update().clone();
        for Section { mid, given } in now {
            let Some(of) = feeds.borrow().get(&mid).cloned() else {
                told.remove(&mid);
                continue;
            };
            let state = slot_state(given);
            if told.get(&mid) == Some(&(of.clone(), state.clone())) {
                continue;
            }
            told.insert(mid.clone(), (of.clone(), state.clone()));
            let report = Report::Slot { person: person.clone(), mid, of, state };
            if reports.send(In::Media(report)).await.is_err() {
                return;
            }
        }
    }
}

fn slot_state(given: Given) -> SlotState {
    match given {
        Given::Nothing | Given::Unplayable | Given::Paused | Given::Silent | Given::Waiting => SlotState::Waiting,
        Given::Withheld => SlotState::Paused,
        Given::Layer { height, .. } => SlotState::Live { height },
    }
}

/// What somebody is to be told of their messages.
async fn report_messages(person: PersonId, mut notices: mpsc::Receiver<Notice>, reports: mpsc::Sender<In>) {
    while let Some(notice) = notices.recv().await {
        if reports.send(In::Media(Report::Message { person: person.clone(), notice })).await.is_err() {
            return;
        }
    }
}

/// How somebody's line is, when that changes.
async fn report_quality(app: App, session: SessionId, person: PersonId, reports: mpsc::Sender<In>) {
    let mut told = proto::meeting::Quality::default();
    loop {
        tokio::time::sleep(QUALITY_EVERY).await;
        // A busy node answers another time.
        let Ok(Ok(view)) = app.desk.look(session, None).await else { continue };
        let quality = quality::of(&view);
        if quality != told {
            told = quality.clone();
            if reports.send(In::Media(Report::Quality { person: person.clone(), quality })).await.is_err() {
                return;
            }
        }
    }
}

/// What the rooms list says of one meeting.
pub struct Stage {
    room: RoomName,
    tracks: BTreeMap<(PersonId, What), (bool, bool)>,
    speaker: Option<PersonId>,
    heard: Vec<PersonId>,
}

impl Stage {
    pub fn new(meeting: &MeetingId) -> Stage {
        Stage { room: names::room(meeting), tracks: BTreeMap::new(), speaker: None, heard: Vec::new() }
    }

    /// What has changed.
    pub fn read(&mut self, rooms: &RoomsView) -> Vec<Report> {
        let publishers: &[PublisherView] =
            match rooms.rooms.binary_search_by(|room| room.name.as_str().cmp(self.room.as_str())) {
                Ok(at) => &rooms.rooms[at].publishers,
                Err(_) => &[],
            };
        let mut now = BTreeMap::new();
        let (mut speaker, mut heard) = (None, Vec::new());
        for publisher in publishers {
            let Some((person, source)) = publisher.name.as_deref().and_then(names::read) else { continue };
            let has = |kind| publisher.tracks.iter().any(|track| track.kind == kind);
            if publisher.speaking {
                speaker = Some(person.clone());
            }
            if publisher.heard && !heard.contains(&person) {
                heard.push(person.clone());
            }
            now.insert((person, names::what(source)), (has(TrackKind::Audio), has(TrackKind::Video)));
        }
        let mut reports = Vec::new();
        for ((person, what), (audio, video)) in &now {
            if self.tracks.get(&(person.clone(), *what)) != Some(&(*audio, *video)) {
                let (person, what) = (person.clone(), *what);
                reports.push(Report::Tracks { person, what, audio: *audio, video: *video });
            }
        }
        for (person, what) in self.tracks.keys().filter(|key| !now.contains_key(*key)) {
            let (person, what) = (person.clone(), *what);
            reports.push(Report::Tracks { person, what, audio: false, video: false });
        }
        self.tracks = now;
        heard.sort();
        if (&speaker, &heard) != (&self.speaker, &self.heard) {
            (self.speaker, self.heard) = (speaker.clone(), heard.clone());
            reports.push(Report::Speaker { speaker, heard });
        }
        reports
    }
}
