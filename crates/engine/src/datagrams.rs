//! What arrives on the socket: whose it is, and what it means.
//!
//! Trust grows in steps. A STUN request proves by its integrity that the sender knows the password of the session its
//! ufrag names; only then is its address believed. DTLS and media are taken from believed addresses alone, so a
//! stranger cannot start, disturb or feed a handshake.

use std::net::SocketAddr;
use std::time::Instant;

use media::codec::Kind;
use transport::{Datagram, Output, Reason, rtcp, stun};

use transport::Event as PeerEvent;

use crate::command::{EndReason, Event};
use crate::commands::slot_of;
use crate::downlink::Way;
use crate::drops::Drop;
use crate::line::Line;
use crate::session::{Place, Role};
use crate::{Engine, fence};

impl Engine {
    /// A datagram from the socket; `to` is the local address it came in on.
    pub fn handle_datagram(&mut self, now: Instant, from: SocketAddr, to: SocketAddr, bytes: &[u8]) {
        match transport::demux(bytes) {
            Datagram::Stun => self.handle_stun(now, from, to, bytes),
            Datagram::Other => self.stats.drops.count(Drop::NotOurs),
            kind => match self.by_address.get(&from) {
                None => self.stats.drops.count(Drop::NotValidated),
                Some(&slot) => self.handle_validated(now, slot, from, to, kind, bytes),
            },
        }
    }

    fn handle_stun(&mut self, now: Instant, from: SocketAddr, to: SocketAddr, bytes: &[u8]) {
        let found = stun::local_ufrag(bytes).and_then(|ufrag| {
            let session = self.sessions.get_mut(slot_of(ufrag)?)?;
            (session.creds.ufrag == ufrag).then_some(session)
        });
        let Some(session) = found else {
            return self.stats.drops.count(Drop::UnknownUfrag);
        };
        if !stun::verify_request(bytes, &session.creds.pwd) {
            return self.stats.drops.count(Drop::BadIntegrity);
        }
        if session.side() == crate::Side::Pull {
            // It has a socket of its own, and whoever knows its password would use that.
            return self.stats.drops.count(Drop::UnknownUfrag);
        }
        let slot = session.peer_id.slot;
        if let Some(forgotten) = session.add_address(from) {
            self.by_address.remove(&forgotten);
        }
        if let Some(other) = self.by_address.insert(from, slot).filter(|&other| other != slot) {
            // The client's port has been used again: what is left of the other session lives on its other addresses, or expires.
            if let Some(other) = self.sessions.get_mut(other) {
                other.addresses.retain(|&a| a != from);
            }
        }
        self.feed_peer(now, slot, from, to, bytes);
    }

    fn handle_validated(
        &mut self,
        now: Instant,
        slot: u32,
        from: SocketAddr,
        to: SocketAddr,
        kind: Datagram,
        bytes: &[u8],
    ) {
        let Some(session) = self.sessions.get(slot) else { return };
        match (&session.role, kind) {
            (Role::Publisher(_), _) | (Role::Viewer(_), Datagram::Dtls) => self.feed_peer(now, slot, from, to, bytes),
            // Never str0m: it would answer under the viewer's keys, and two senders under one key reuse nonces.
            (Role::Viewer(_), Datagram::Rtcp) => self.handle_viewer_rtcp(now, slot, bytes),
            (Role::Viewer(_), _) => self.stats.drops.count(Drop::Unexpected),
        }
    }

    pub(crate) fn feed_peer(&mut self, now: Instant, slot: u32, from: SocketAddr, to: SocketAddr, bytes: &[u8]) {
        let Some(session) = self.sessions.get_mut(slot) else { return };
        let handled = fence(|| {
            assert!(!session.sabotaged, "a test sabotaged this session");
            session.peer.handle_datagram(now, from, to, bytes);
        });
        if handled.is_none() {
            return self.end(now, slot, EndReason::Panicked);
        }
        self.pump(now, slot);
    }

    /// Takes everything out of a peer: datagrams into the outbox, events to where they belong.
    pub(crate) fn pump(&mut self, now: Instant, slot: u32) {
        loop {
            let Some(session) = self.sessions.get_mut(slot) else { return };
            match fence(|| session.peer.poll()) {
                None => return self.end(now, slot, EndReason::Panicked),
                Some(None) => break,
                Some(Some(Output::Datagram { to, bytes })) => self.carry(slot, to, bytes),
                Some(Some(Output::Event(event))) => self.handle_peer_event(now, slot, event),
            }
        }
        self.set_timer(slot);
    }

    fn handle_peer_event(&mut self, now: Instant, slot: u32, event: PeerEvent) {
        match event {
            PeerEvent::Connected { keys, remote } => {
                let Some(session) = self.sessions.get_mut(slot) else { return };
                session.connected = Some(now);
                if let Some(keys) = &keys {
                    session.open_with(keys);
                }
                let after = now.saturating_duration_since(session.created);
                let (peer, room, side) = (session.peer_id, session.room.clone(), session.side());
                self.stats.join_time.record(after);
                match side {
                    crate::Side::Publisher => self.stats.publishers_joined += 1,
                    crate::Side::Pull => {}
                    crate::Side::Viewer => {
                        self.stats.viewers_joined += 1;
                        let keys = keys.expect("transport hands a viewer's keys to us, and keeps no copy");
                        self.start_downlinks(now, slot, remote, &keys);
                    }
                }
                self.events.push_back(Event::Connected { peer, room, side, after });
            }
            PeerEvent::Media(received) => self.ingest(now, slot, &received),
            PeerEvent::SenderReport(report) => self.set_clock(slot, &report),
            PeerEvent::RemoteMoved(address) => self.redirect_downlinks(slot, address),
            PeerEvent::Closed(reason) => {
                let reason = match reason {
                    Reason::Remote => EndReason::Closed,
                    Reason::Local => EndReason::Left,
                    Reason::Unreachable | Reason::HandshakeTimeout => EndReason::NeverConnected,
                    Reason::ConsentExpired => EndReason::ConsentExpired,
                    Reason::WrongFingerprint => EndReason::WrongFingerprint,
                    Reason::Protocol(_) => EndReason::Failed,
                };
                self.end(now, slot, reason);
            }
            PeerEvent::ChannelOpen { channel, label } => {
                self.open_channel(slot, channel, &label);
                self.open_lane(slot, channel, &label);
            }
            PeerEvent::ChannelMessage { channel, binary, data } => {
                self.hear_message(now, slot, channel, binary, &data);
            }
            PeerEvent::ChannelDrained { .. } => self.note_due(now, slot),
            PeerEvent::ChannelClosed { channel } => self.close_lane(slot, channel),
        }
    }

    fn handle_viewer_rtcp(&mut self, now: Instant, slot: u32, bytes: &[u8]) {
        let Some(session) = self.sessions.get_mut(slot) else { return };
        let Role::Viewer(viewer) = &mut session.role else { return };
        let mut plain = std::mem::take(&mut self.scratch);
        let opened = viewer.opener.as_mut().and_then(|opener| opener.open_rtcp(bytes, &mut plain).ok());
        match opened {
            None => self.stats.drops.count(Drop::NotAuthentic),
            Some(()) => {
                session.peer.heard(now);
                for packet in rtcp::read(&plain) {
                    match packet {
                        rtcp::Packet::Nack { media, lost, .. } => self.handle_nack(now, slot, media, lost),
                        rtcp::Packet::Pli { media, .. } => self.handle_keyframe_request(now, slot, media),
                        rtcp::Packet::Fir { requests, .. } => {
                            for (media, _) in requests {
                                self.handle_keyframe_request(now, slot, media);
                            }
                        }
                        rtcp::Packet::Twcc(report) => self.on_line(slot, |line| line.hear_arrivals(now, &report)),
                        rtcp::Packet::Remb { bitrate, .. } => {
                            self.on_line(slot, |line| line.hear_ceiling(now, bitrate))
                        }
                        rtcp::Packet::ReceiverReport { blocks, .. } | rtcp::Packet::SenderReport { blocks, .. } => {
                            blocks.for_each(|block| self.handle_report_block(now, slot, &block));
                        }
                        _ => {}
                    }
                }
                // Its estimate may be another one.
                self.choose_layer(now, slot);
                self.consider_probe(now, slot);
            }
        }
        self.scratch = plain;
    }

    fn handle_nack(&mut self, now: Instant, slot: u32, media: u32, lost: impl Iterator<Item = u16>) {
        let Some(place) = self.place_of(slot, media) else { return };
        // Nothing was sent by a downlink that is parked.
        let Place::Source { source: at, index } = place else { return };
        let moment = self.moment(now);
        let Some(source) = self.sources[at].as_mut() else { return };
        let Some(Some(line)) = self.lines.get_mut(slot as usize) else { return };
        let downlink = &mut source.downlinks[index];
        let (mut asked, mut repaired, mut is_lost) = (0, 0, false);
        for seq in lost {
            asked += 1;
            let mut way = Way { moment, line, out: &mut self.outbox, drops: &mut self.stats.drops };
            match downlink.repair(&mut source.layers, seq, &mut way) {
                Ok(()) => {
                    repaired += 1;
                    line.copy_later(now, media, seq);
                }
                Err(reason) => {
                    is_lost |= reason == Drop::RepairBudget;
                    self.stats.drops.count(reason);
                }
            }
        }
        // A browser would wait for three seconds before it asks by itself.
        let asks = is_lost && downlink.has_just_abandoned(now);
        if let Some(layer) = downlink.layer.filter(|_| asks) {
            source.layers[layer as usize].keyframe.ask();
            self.request_keyframes(now, at);
        }
        self.stats.repairs += repaired;
        self.stats.nacks += asked;
        if let Some(session) = self.sessions.get_mut(slot) {
            session.nacks += asked;
            session.note_repairs(media, repaired);
        }
        self.set_timer(slot);
    }

    fn handle_keyframe_request(&mut self, now: Instant, slot: u32, media_ssrc: u32) {
        self.stats.keyframe_requests_in += 1;
        if let Some(session) = self.sessions.get_mut(slot) {
            session.keyframe_requests += 1;
        }
        let Some(Place::Source { source, index }) = self.place_of(slot, media_ssrc) else { return };
        if let Some(entry) = self.sources[source].as_mut()
            && let Some(layer) = entry.downlinks[index].layer
        {
            entry.layers[layer as usize].keyframe.ask();
            self.request_keyframes(now, source);
        }
    }

    fn on_line(&mut self, slot: u32, hear: impl FnOnce(&mut Line)) {
        if let Some(Some(line)) = self.lines.get_mut(slot as usize) {
            hear(line);
        }
    }

    fn handle_report_block(&mut self, now: Instant, slot: u32, block: &rtcp::ReportBlock) {
        let Some(Place::Source { source, index }) = self.place_of(slot, block.ssrc) else { return };
        let Some(source) = self.sources[source].as_mut() else { return };
        let rtt = source.downlinks[index].hear_report(now, block);
        let kind = source.kind();
        self.on_line(slot, |line| {
            line.heard_at = now;
            if kind == Kind::Video {
                line.hear_report(now, block, rtt);
            }
        });
    }

    pub(crate) fn place_of(&self, slot: u32, ssrc: u32) -> Option<Place> {
        let Role::Viewer(viewer) = &self.sessions.get(slot)?.role else { return None };
        viewer.tracks.iter().find(|t| t.send.ssrc == ssrc)?.place
    }
}
