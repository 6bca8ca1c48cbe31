//! Receive slots: a viewer says whose picture each of its video sections is to show, and says otherwise at any time.
//!
//! A section is a track that moves, as to another room (`control`), but alone and by the name of a publisher. So nothing is
//! negotiated, and what a decoder gets stays one continuous stream.

use std::time::Instant;

use media::codec::Kind;
use proto::{Assignment, LayerChoice, PublisherName, SessionId};

use crate::Engine;
use crate::command::{Owner, Refusal, Reply};
use crate::control::track_of;
use crate::session::{Role, Shows, Viewer, ViewerTrack};
use crate::source::Waiter;

/// Camera and microphone, a screen with its sound, and what a person may bring besides.
const OWN_MAX: usize = 8;

impl Engine {
    pub(crate) fn assign(
        &mut self,
        now: Instant,
        id: SessionId,
        owner: Owner,
        own: Option<Vec<PublisherName>>,
        assignments: &[Assignment],
    ) -> Result<Reply, Refusal> {
        let slot = self.find(id, owner)?;
        let session = self.sessions.get_mut(slot).expect("found above");
        let Role::Viewer(viewer) = &mut session.role else { return Err(Refusal::NotAViewer) };
        if own.as_ref().is_some_and(|own| own.len() > OWN_MAX) {
            let why = format!("a viewer publishes under {OWN_MAX} names of its own at most");
            return Err(Refusal::BadChoice(why));
        }
        let named = find_all(&viewer.tracks, assignments)?;
        let mut moved: Vec<u32> = Vec::new();
        if let Some(own) = own.filter(|own| *own != viewer.own) {
            viewer.own = own;
            let decided_by_room = viewer.tracks.iter().filter(|track| track.shows == Shows::Speaker);
            moved.extend(decided_by_room.map(|track| track.send.ssrc));
        }
        if !assignments.is_empty() {
            moved.extend(viewer.leave_the_speaker());
        }
        for (assignment, index) in assignments.iter().zip(named) {
            let track = &mut viewer.tracks[index];
            let shows = assignment.of.clone().map_or(Shows::Nobody, Shows::Publisher);
            if track.shows != shows || track.choice.paused {
                moved.push(track.send.ssrc);
                (track.shows, track.withheld_bps) = (shows, None);
            }
            track.priority = assignment.priority;
            track.choice = LayerChoice {
                mid: Some(track.send.mid.as_str().to_owned()),
                height_max: assignment.height_max.map(u32::from),
                kbps_max: assignment.ceiling_kbps,
                ..LayerChoice::default()
            };
        }
        moved.sort_unstable();
        moved.dedup();
        for ssrc in moved {
            self.reseat(now, Waiter { slot, ssrc });
        }
        // Of a viewer with one picture nothing is shared, but its ceiling may be another.
        self.choose_layer(now, slot);
        self.share_lines(now);
        Ok(Reply::Done)
    }
}

impl Viewer {
    /// The first assignment: from now on no picture is the room's to decide. Says which of them that moves.
    fn leave_the_speaker(&mut self) -> Vec<u32> {
        if self.told.is_some() {
            return Vec::new();
        }
        self.told = Some(Vec::new());
        let mut left = Vec::new();
        for track in self.tracks.iter_mut().filter(|track| track.send.kind == Kind::Video) {
            if std::mem::replace(&mut track.shows, Shows::Nobody) == Shows::Speaker {
                left.push(track.send.ssrc);
            }
        }
        left
    }
}

/// The track of each assignment, all of them different ones.
fn find_all(tracks: &[ViewerTrack], assignments: &[Assignment]) -> Result<Vec<usize>, Refusal> {
    let mut found = Vec::new();
    for assignment in assignments {
        let mid = &assignment.mid;
        let index = track_of(tracks, Some(mid)).filter(|&index| tracks[index].send.kind == Kind::Video);
        let Some(index) = index else {
            return Err(Refusal::BadChoice(format!("this session has no video section {mid}; name one by its mid")));
        };
        if found.contains(&index) {
            return Err(Refusal::BadChoice(format!("section {mid} is assigned twice; assign each once")));
        }
        found.push(index);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use crate::downlink::Downlink;

    use super::*;

    #[test]
    fn a_section_that_shows_nobody_costs_less_than_a_packet() {
        let bytes = size_of::<ViewerTrack>() + size_of::<Downlink>();
        println!(
            "{bytes} bytes: {} of the session's, {} of the downlink",
            size_of::<ViewerTrack>(),
            size_of::<Downlink>()
        );
        assert!(bytes < 1500, "{bytes}");
    }
}
