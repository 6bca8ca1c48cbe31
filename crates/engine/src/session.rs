//! One peer connection of this worker, and the slots they live in.

use std::net::SocketAddr;
use std::time::Instant;

use media::codec::Kind;
use proto::{Given, LayerChoice, PeerId, PublisherName, RoomName, SessionId, TrackId, WorkerId};
use transport::peer::Channel;
use transport::srtp::{Keys, Opener};
use transport::{Creds, Peer, RecvTrack, SendTrack};

use crate::command::{EndReason, Owner, Side};
use crate::data::Talk;
use crate::mute::Muted;

/// Addresses a session may be reached at: a phone has Wi-Fi and mobile, IPv4 and IPv6, and each behind a NAT rebinding.
const ADDRESSES_MAX: usize = 8;

pub struct Session {
    pub id: SessionId,
    pub peer_id: PeerId,
    pub room: RoomName,
    pub owner: Owner,
    pub peer: Peer,
    pub role: Role,
    pub creds: Creds,
    pub created: Instant,
    pub connected: Option<Instant>,
    /// Addresses that ICE has validated, oldest first.
    pub addresses: Vec<SocketAddr>,
    /// Next look at silence and reports.
    pub check_at: Instant,
    /// The earliest entry in the timer heap.
    pub timer_at: Option<Instant>,
    /// A test wants this session to meet a bug.
    pub sabotaged: bool,
    pub packets: u64,
    pub bytes: u64,
    pub nacks: u64,
    pub keyframe_requests: u64,
}

pub enum Role {
    Publisher(Publisher),
    Viewer(Viewer),
}

pub struct Publisher {
    pub since_ms: u64,
    /// By which the others of its room know it; without one it is the only one that has none.
    pub name: Option<PublisherName>,
    /// A parent that we dialled, and not somebody who came to publish.
    pub pulled: bool,
    pub sections: Vec<RecvTrack>,
    pub tracks: Vec<TrackId>,
    /// Where it hears which layers are wanted, if it listens.
    pub layers_channel: Option<Channel>,
    /// The last media packet; `None` until the first.
    pub media_at: Option<Instant>,
    /// What is not passed on.
    pub muted: Muted,
}

pub struct Viewer {
    pub tracks: Vec<ViewerTrack>,
    /// The publishers that are the viewer itself: it neither hears them nor, unless it asks, sees them.
    pub own: Vec<PublisherName>,
    /// What was last said of each video section, since they have been assigned.
    pub told: Option<Vec<Given>>,
    /// What could be sent of all its pictures, if its line carried it. Of one that shares its line among several.
    pub wanted_bps: u64,
    /// Its data channels.
    pub talk: Box<Talk>,
    /// Opens the viewer's SRTCP; set when DTLS is done.
    pub opener: Option<Opener>,
}

pub struct ViewerTrack {
    pub send: SendTrack,
    pub place: Option<Place>,
    /// The source that it goes over to as soon as that can be decoded.
    pub waits_at: Option<TrackId>,
    /// Whose picture a section of video shows.
    pub shows: Shows,
    /// What the viewer asked for; automatic until it does.
    pub choice: LayerChoice,
    /// Among the pictures that share the viewer's line.
    pub priority: u8,
    /// It is not sent for want of bandwidth, and would be if the line carried this.
    pub withheld_bps: Option<u64>,
    /// Packets sent again because the viewer missed them.
    pub repairs: u64,
    /// The last time that the track was seen to wait for a keyframe.
    pub waiting: Option<Waiting>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shows {
    /// As the room decides: who speaks.
    Speaker,
    Publisher(PublisherName),
    Nobody,
}

/// A wait for a keyframe, as housekeeping notices it.
#[derive(Debug, Clone, Copy)]
pub struct Waiting {
    pub since: Instant,
    pub seen: Instant,
    /// Requests to the publisher before it began.
    pub asked_before: u32,
}

impl Role {
    /// What a viewer takes.
    pub fn tracks(&self) -> &[ViewerTrack] {
        match self {
            Role::Publisher(_) => &[],
            Role::Viewer(viewer) => &viewer.tracks,
        }
    }
}

impl Viewer {
    /// The first picture is that of who speaks. More than one is for who says what they are to show.
    pub fn new(mut tracks: Vec<ViewerTrack>) -> Viewer {
        for track in tracks.iter_mut().filter(|track| track.send.kind == Kind::Video).skip(1) {
            track.shows = Shows::Nobody;
        }
        Viewer { tracks, own: Vec::new(), told: None, wanted_bps: 0, talk: Box::default(), opener: None }
    }

    pub fn pictures(&self) -> impl Iterator<Item = &ViewerTrack> {
        self.tracks.iter().filter(|track| track.send.kind == Kind::Video)
    }

    /// Several pictures share its line.
    pub fn is_sharing(&self) -> bool {
        self.pictures().nth(1).is_some()
    }
}

impl ViewerTrack {
    pub fn new(send: SendTrack) -> ViewerTrack {
        let choice = LayerChoice::default();
        ViewerTrack {
            send,
            place: None,
            waits_at: None,
            shows: Shows::Speaker,
            choice,
            priority: 0,
            withheld_bps: None,
            repairs: 0,
            waiting: None,
        }
    }

    /// Nothing of it is to be sent, whatever there is.
    pub fn is_paused(&self) -> bool {
        self.choice.paused || self.withheld_bps.is_some()
    }

    /// It matters to the track what a publisher of this name does.
    pub fn is_about(&self, by: Option<&PublisherName>) -> bool {
        match &self.shows {
            Shows::Speaker => true,
            Shows::Publisher(name) => by == Some(name),
            Shows::Nobody => false,
        }
    }

    pub fn has_source(&self) -> bool {
        matches!(self.place, Some(Place::Source { .. }))
    }
}

/// Where a downlink is: in the dense array of the source that feeds it, or waiting in the room for a source it can play.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Source { source: usize, index: usize },
    Parked { index: usize },
}

/// What a session begins with.
pub struct Beginning {
    pub id: SessionId,
    pub peer_id: PeerId,
    pub room: RoomName,
    pub owner: Owner,
    pub peer: Peer,
    pub role: Role,
    pub creds: Creds,
    pub now: Instant,
    pub check_at: Instant,
}

impl Session {
    pub fn new(beginning: Beginning) -> Session {
        let Beginning { id, peer_id, room, owner, peer, role, creds, now, check_at } = beginning;
        Session {
            id,
            peer_id,
            room,
            owner,
            peer,
            role,
            creds,
            created: now,
            connected: None,
            addresses: Vec::new(),
            check_at,
            timer_at: None,
            sabotaged: false,
            packets: 0,
            bytes: 0,
            nacks: 0,
            keyframe_requests: 0,
        }
    }

    pub fn side(&self) -> Side {
        match &self.role {
            Role::Publisher(publisher) if publisher.pulled => Side::Pull,
            Role::Publisher(_) => Side::Publisher,
            Role::Viewer(_) => Side::Viewer,
        }
    }

    pub fn publisher_name(&self) -> Option<&PublisherName> {
        match &self.role {
            Role::Publisher(publisher) => publisher.name.as_ref(),
            Role::Viewer(_) => None,
        }
    }

    /// Remembers a validated address. Returns one that had to be forgotten for it.
    pub fn add_address(&mut self, address: SocketAddr) -> Option<SocketAddr> {
        if self.addresses.contains(&address) {
            return None;
        }
        let forgotten = (self.addresses.len() == ADDRESSES_MAX).then(|| self.addresses.remove(0));
        self.addresses.push(address);
        forgotten
    }

    /// Packets of the track with this SSRC were sent again.
    pub fn note_repairs(&mut self, ssrc: u32, packets: u64) {
        let Role::Viewer(viewer) = &mut self.role else { return };
        if let Some(track) = viewer.tracks.iter_mut().find(|t| t.send.ssrc == ssrc) {
            track.repairs += packets;
        }
    }

    pub fn open_with(&mut self, keys: &Keys) {
        if let Role::Viewer(viewer) = &mut self.role {
            viewer.opener = Some(Opener::new(keys));
        }
    }
}

/// The sessions of a worker by slot. A slot's generation grows each time it is used again.
#[derive(Default)]
pub struct Slots {
    entries: Vec<Entry>,
    free: Vec<u32>,
}

#[derive(Default)]
struct Entry {
    generation: u32,
    session: Option<Box<Session>>,
}

impl Slots {
    /// The identity that the next session will have.
    pub fn next_id(&mut self, worker: WorkerId) -> PeerId {
        let slot = match self.free.last() {
            Some(&slot) => slot,
            None => {
                self.entries.push(Entry::default());
                self.free.push(self.entries.len() as u32 - 1);
                self.entries.len() as u32 - 1
            }
        };
        PeerId { worker, slot, generation: self.entries[slot as usize].generation }
    }

    /// Takes in the session that was given `next_id`.
    pub fn insert(&mut self, session: Session) {
        let slot = self.free.pop().expect("next_id leaves a free slot on top");
        debug_assert_eq!(slot, session.peer_id.slot);
        self.entries[slot as usize].session = Some(Box::new(session));
    }

    pub fn get(&self, slot: u32) -> Option<&Session> {
        self.entries.get(slot as usize)?.session.as_deref()
    }

    /// The very session that this id was given to, and none that has its slot now.
    pub fn of_peer(&self, peer: PeerId) -> Option<&Session> {
        self.get(peer.slot).filter(|session| session.peer_id == peer)
    }

    /// From a slot on, in their order.
    pub fn iter_from(&self, slot: u32) -> impl Iterator<Item = &Session> {
        self.entries.iter().skip(slot as usize).filter_map(|e| e.session.as_deref())
    }

    pub fn get_mut(&mut self, slot: u32) -> Option<&mut Session> {
        self.entries.get_mut(slot as usize)?.session.as_deref_mut()
    }

    pub fn remove(&mut self, slot: u32) -> Option<Box<Session>> {
        let entry = self.entries.get_mut(slot as usize)?;
        let session = entry.session.take()?;
        entry.generation = entry.generation.wrapping_add(1);
        self.free.push(slot);
        Some(session)
    }

    pub fn len(&self) -> usize {
        self.entries.len() - self.free.len()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Session> {
        self.entries.iter().filter_map(|e| e.session.as_deref())
    }
}

/// A session that has to end, found in a place where it cannot be ended.
#[derive(Debug, Clone, Copy)]
pub struct Doomed {
    pub slot: u32,
    pub reason: EndReason,
}
