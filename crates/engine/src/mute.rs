//! What a publisher sends and nobody is to get: somebody in a meeting whose microphone or camera is off.
//!
//! Off is decided here and not by the page: a page that was asked to be quiet may not be. The packets are received, so that nothing is
//! asked for again, and dropped before they are stored. What comes when it is on again begins like a stream that was restarted: the time
//! between is no hole that anybody would wait for.

use std::time::Instant;

use media::codec::Kind;
use proto::SessionId;

use crate::Engine;
use crate::command::{Owner, Refusal, Reply};
use crate::session::Role;
use crate::source::Source;

/// The kinds that are dropped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Muted {
    audio: bool,
    video: bool,
}

impl Muted {
    pub fn has(self, kind: Kind) -> bool {
        match kind {
            Kind::Audio => self.audio,
            Kind::Video => self.video,
        }
    }

    fn set(&mut self, kind: Kind, is: bool) {
        match kind {
            Kind::Audio => self.audio = is,
            Kind::Video => self.video = is,
        }
    }
}

impl Engine {
    /// Whether what a publisher sends of this kind is passed on to anybody.
    pub(crate) fn forward(
        &mut self,
        now: Instant,
        id: SessionId,
        owner: Owner,
        kind: Kind,
        on: bool,
    ) -> Result<Reply, Refusal> {
        let slot = self.find(id, owner)?;
        let session = self.sessions.get_mut(slot).expect("found above");
        let Role::Publisher(publisher) = &mut session.role else { return Err(Refusal::NotAPublisher) };
        if publisher.muted.has(kind) != on {
            return Ok(Reply::Done);
        }
        publisher.muted.set(kind, !on);
        for track in publisher.tracks.clone() {
            let index = self.by_track[&track];
            let source = self.sources[index].as_mut().expect("by_track holds live sources");
            if source.kind() == kind {
                source.mute(!on);
                self.request_keyframes(now, index);
            }
        }
        Ok(Reply::Done)
    }
}

impl Source {
    pub fn mute(&mut self, is_muted: bool) {
        self.is_muted = is_muted;
        for layer in &mut self.layers {
            layer.resumes |= !is_muted;
        }
    }
}
