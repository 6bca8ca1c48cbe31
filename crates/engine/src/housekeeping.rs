//! What has to be done because time passes: timers of peers, consent, silence, reports, keyframe requests, measurements.

use std::time::{Duration, Instant};

use media::codec::Kind;
use proto::room::LinkMessage;
use transport::Rid;

use crate::command::EndReason;
use crate::links::Tell;
use crate::session::{Place, Role};
use crate::source::{Source, Upstream};
use crate::{Engine, HOUSEKEEPING, fence, pull};

const SECOND: Duration = Duration::from_secs(1);
/// A worker answers a want with what its ring holds within a tick or two.
const REPLAY_PATIENCE: Duration = Duration::from_millis(100);

impl Engine {
    pub fn handle_timeout(&mut self, now: Instant) {
        // Who came late to it may owe something to everybody at once. The others' turn comes when that has been sent: they are still due.
        while !self.outbox.is_full()
            && let Some(slot) = self.timers.pop_due(now)
        {
            self.handle_session_timeout(now, slot);
        }
        self.hand_out_data(now);
        self.replay_to_links(now);
        self.play_clips(now);
        if now >= self.housekeeping_at {
            self.housekeeping_at = now + HOUSEKEEPING;
            self.watch_for_silence(now);
            self.keep_keyframes_coming(now);
            self.tell_given(now);
        }
        if now >= self.second_at {
            self.second_at = now + SECOND;
            self.end_silent_feeds(now);
            self.measure(now);
            self.repeat_to_links(now);
        }
    }

    fn handle_session_timeout(&mut self, now: Instant, slot: u32) {
        let Some(session) = self.sessions.get_mut(slot) else { return };
        if session.timer_at.is_some_and(|at| at > now) {
            return;
        }
        session.timer_at = None;
        if session.peer.next_timeout() <= now && fence(|| session.peer.handle_timeout(now)).is_none() {
            return self.end(now, slot, EndReason::Panicked);
        }
        if session.check_at <= now {
            session.check_at = now + if session.side() == crate::Side::Pull { pull::CHECK } else { SECOND };
            if let Some(reason) = self.silent_too_long(now, slot) {
                return self.end(now, slot, reason);
            }
            self.report(now, slot);
            self.review_line(now, slot);
        }
        self.serve_line(now, slot);
        self.pump(now, slot);
    }

    /// Makes sure that the timer heap looks at a session when it next has something to do.
    pub(crate) fn set_timer(&mut self, slot: u32) {
        let Some(session) = self.sessions.get_mut(slot) else { return };
        let line_at = self.lines.get(slot as usize).and_then(Option::as_ref).and_then(|line| line.next_at);
        let at = line_at.into_iter().fold(session.peer.next_timeout().min(session.check_at), Instant::min);
        if session.timer_at.is_none_or(|set| at < set) {
            session.timer_at = Some(at);
            self.timers.set(at, slot);
        }
    }

    fn silent_too_long(&self, now: Instant, slot: u32) -> Option<EndReason> {
        let session = self.sessions.get(slot)?;
        let Role::Publisher(publisher) = &session.role else { return None };
        if publisher.pulled {
            return pull::is_dead(now, session).then_some(EndReason::Silent);
        }
        // Until it is connected, the peer keeps its own time.
        let heard = publisher.media_at.or(session.connected)?;
        let silent = now.saturating_duration_since(heard) >= self.config.limits.silence_timeout;
        silent.then_some(EndReason::Silent)
    }

    /// Sender reports for a viewer's tracks.
    fn report(&mut self, now: Instant, slot: u32) {
        let Some(session) = self.sessions.get(slot) else { return };
        let Role::Viewer(viewer) = &session.role else { return };
        let Some(Some(line)) = self.lines.get_mut(slot as usize) else { return };
        for track in &viewer.tracks {
            let Some(Place::Source { source, index }) = track.place else { continue };
            let Some(source) = self.sources[source].as_mut() else { continue };
            source.downlinks[index].report(now, &source.layers, &track.send.cname, line, &mut self.outbox);
        }
    }

    /// What became of a viewer's estimate without reports, and whether it could be more.
    fn review_line(&mut self, now: Instant, slot: u32) {
        let Some(Some(line)) = self.lines.get_mut(slot as usize) else { return };
        line.review(now);
        self.note_first_picture(slot);
        self.choose_layer(now, slot);
        self.consider_probe(now, slot);
    }

    /// Somebody who still waits asks again; the throttle decides what reaches the publisher.
    fn keep_keyframes_coming(&mut self, now: Instant) {
        for index in 0..self.sources.len() {
            self.note_waits(now, index);
            self.request_keyframes(now, index);
        }
    }

    pub(crate) fn request_keyframes(&mut self, now: Instant, index: usize) {
        self.tell_publisher(now, index);
        let Some(source) = self.sources[index].as_mut() else { return };
        if source.kind() == Kind::Audio || source.upstream == Upstream::Clip || source.is_muted {
            return;
        }
        // Another worker is asked when what its ring holds, of use to who has seen nothing yet, has not come in this time.
        let patience = if source.is_remote() { REPLAY_PATIENCE } else { Duration::ZERO };
        for downlink in &source.downlinks {
            let waited = now.saturating_duration_since(downlink.waits_since());
            if let Some(layer) = downlink.waits_for()
                && (waited >= patience || downlink.has_seen(now))
                && let Some(layer) = source.layers.get_mut(layer as usize)
            {
                layer.keyframe.ask();
            }
        }
        if source.waited_for_since.is_some_and(|since| now.saturating_duration_since(since) >= patience)
            && let Some(layer) = source.layers.get_mut(source.best as usize)
        {
            layer.keyframe.ask();
        }
        for layer in 0..source.layers.len() {
            let Some(source) = self.sources[index].as_mut() else { return };
            let audience = source.audience(layer as u8);
            if !source.layers[layer].keyframe.due(now, audience) {
                continue;
            }
            self.stats.keyframe_requests_out += u64::from(!matches!(source.upstream, Upstream::Plain { .. }));
            match source.upstream {
                Upstream::Clip => {}
                Upstream::Plain { feed } => self.wish_for_keyframe(feed),
                Upstream::Remote { worker } => {
                    let message = LinkMessage::Keyframe { track: source.id, layer: layer as u8 };
                    self.message(worker, message);
                }
                Upstream::Local { slot } => {
                    let Some(mid) = source.mid else { continue };
                    let rid = Rid::new(&source.layers[layer].rid);
                    let Some(session) = self.sessions.get_mut(slot) else { continue };
                    session.keyframe_requests += 1;
                    if fence(|| session.peer.request_keyframe(mid, rid)).is_none() {
                        return self.end(now, slot, EndReason::Panicked);
                    }
                    self.pump(now, slot);
                }
            }
        }
    }

    /// Bitrates of layers, and which layer is worth most.
    fn measure(&mut self, now: Instant) {
        let elapsed = now.saturating_duration_since(self.measured_at);
        self.measured_at = now;
        for index in 0..self.sources.len() {
            let Some(source) = self.sources[index].as_mut() else { continue };
            let best_changed = source.measure(now, elapsed);
            self.tell_rates(index);
            if best_changed || self.sources[index].as_ref().is_some_and(Source::has_news) {
                self.announce_layers(index);
            }
            self.choose_layers(now, index);
            self.tell_wants(index, Tell::Changes);
            self.request_keyframes(now, index);
        }
    }
}
