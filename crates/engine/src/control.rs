//! What a viewer asks for while it watches: another room, another layer, a pause.
//!
//! A wish is kept with the viewer's track and not with its downlink, so that it holds wherever the track is moved to.

use std::time::Instant;

use media::codec::Kind;
use proto::{LayerChoice, RoomName, SessionId};

use crate::Engine;
use crate::command::{Owner, Refusal, Reply};
use crate::session::{Place, Role, Slots, ViewerTrack};
use crate::source::Waiter;

/// What the viewer asked of the track with this SSRC.
pub fn choice(sessions: &Slots, slot: u32, ssrc: u32) -> Option<&LayerChoice> {
    track(sessions, slot, ssrc).map(|track| &track.choice)
}

/// The track with this SSRC.
pub fn track(sessions: &Slots, slot: u32, ssrc: u32) -> Option<&ViewerTrack> {
    sessions.get(slot)?.role.tracks().iter().find(|t| t.send.ssrc == ssrc)
}

impl Engine {
    /// Shows another room to a viewer, who keeps its session. A room without a publisher will do: the viewer waits there.
    pub(crate) fn switch(&mut self, now: Instant, id: SessionId, owner: Owner, to: RoomName) -> Result<Reply, Refusal> {
        let slot = self.find(id, owner)?;
        let Some(Role::Viewer(_)) = self.sessions.get(slot).map(|s| &s.role) else { return Err(Refusal::NotAViewer) };
        self.move_viewer(now, slot, &to);
        Ok(Reply::Done)
    }

    /// Keeps what the viewer wants of a track, and acts on it.
    pub(crate) fn choose_for(
        &mut self,
        now: Instant,
        id: SessionId,
        owner: Owner,
        choice: LayerChoice,
    ) -> Result<Reply, Refusal> {
        let slot = self.find(id, owner)?;
        let session = self.sessions.get(slot).expect("found above");
        let Role::Viewer(viewer) = &session.role else { return Err(Refusal::NotAViewer) };
        let Some(index) = track_of(&viewer.tracks, choice.mid.as_deref()) else {
            // To leave it to the server is no mistake where there is no picture to choose.
            if choice == LayerChoice::default() {
                return Ok(Reply::Done);
            }
            return Err(Refusal::BadChoice("this session has no such track; see mediaId".to_owned()));
        };
        let track = &viewer.tracks[index];
        let (ssrc, room, was_paused) = (track.send.ssrc, session.room.clone(), track.choice.paused);
        self.check_choice(track.place, &choice)?;
        let paused = choice.paused;
        if let Some(Role::Viewer(viewer)) = self.sessions.get_mut(slot).map(|s| &mut s.role) {
            viewer.tracks[index].choice = choice;
        }
        if paused != was_paused {
            self.seat(now, Waiter { slot, ssrc });
        } else if let Some(Place::Source { source, .. }) = self.place_of(slot, ssrc) {
            self.choose_layers(now, source);
        }
        self.attend(now, &room);
        Ok(Reply::Done)
    }

    /// A wish that this source cannot fulfil is refused, and not kept for later: the viewer would wait for it.
    fn check_choice(&self, place: Option<Place>, choice: &LayerChoice) -> Result<(), Refusal> {
        let by_size = choice.width_max.is_some() || choice.height_max.is_some();
        if *choice == (LayerChoice { mid: choice.mid.clone(), paused: choice.paused, ..LayerChoice::default() }) {
            return Ok(());
        }
        let source = match place {
            Some(Place::Source { source, .. }) => self.sources[source].as_ref(),
            _ => None,
        };
        let source =
            source.ok_or_else(|| Refusal::BadChoice("nothing is published there to choose from".to_owned()))?;
        if by_size && source.layers.iter().all(|layer| layer.height.is_none()) {
            let why = "the size of this stream's pictures is not known; choose a layer by rid, spatialLayerId or temporalLayerId";
            return Err(Refusal::BadChoice(why.to_owned()));
        }
        let within = choice.spatial.is_some() || choice.temporal.is_some();
        if within && !source.layers.iter().any(|layer| layer.is_layered) {
            return Err(Refusal::BadChoice("this stream has no spatial or temporal layers".to_owned()));
        }
        let Some(rid) = &choice.rid else { return Ok(()) };
        if source.layers.iter().any(|layer| layer.rid == *rid) {
            return Ok(());
        }
        let known: Vec<&str> = source.layers.iter().map(|l| l.rid.as_str()).filter(|rid| !rid.is_empty()).collect();
        Err(Refusal::BadChoice(match known.as_slice() {
            [] => "this stream has one layer only".to_owned(),
            known => format!("this stream has no such layer; choose one of {}", known.join(", ")),
        }))
    }
}

/// By mid, by number of the m-line, or the first that shows a picture.
pub fn track_of(tracks: &[ViewerTrack], mid: Option<&str>) -> Option<usize> {
    let Some(mid) = mid else { return tracks.iter().position(|t| t.send.kind == Kind::Video) };
    let by_mid = tracks.iter().position(|t| t.send.mid.as_str() == mid);
    by_mid.or_else(|| mid.parse().ok().filter(|&index: &usize| index < tracks.len()))
}
