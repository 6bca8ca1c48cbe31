//! What is sent to a viewer once more: packets that it says it lost, and packets to try its line with.

use std::time::Instant;

use media::select::Verdict;
use transport::bwe::Sent;

use super::numbers::rewrite_payload;
use super::{Downlink, Way, mark};
use crate::drops::Drop;
use crate::line::Stream;
use crate::ring::Packet;
use crate::sets;
use crate::source::Layer;
use crate::splice::Origin;

impl Downlink {
    /// Repeats a packet that the viewer says it lost, on the repair stream (RFC 4588).
    ///
    /// Never on the stream itself: a second sealing of one (SSRC, sequence number) with other bytes would use a nonce
    /// twice, and under GCM that gives the authentication key away.
    pub fn repair(&mut self, layers: &mut [Layer], lost: u16, way: &mut Way<'_>) -> Result<(), Drop> {
        let Origin { number, layer, seq, begun } = self.splice.origin(lost).ok_or(Drop::RepairTooLate)?;
        if number < self.rare.abandoned {
            return Err(Drop::RepairOfAbandoned);
        }
        if self.held.iter().any(|held| held.numbered.mapped.seq as u16 == lost) {
            // It has not been sent yet.
            return Err(Drop::RepairTooEarly);
        }
        if layer == sets::LAYER {
            return self.repair_sets(seq, begun, lost, way);
        }
        let ring = &mut layers[layer as usize].ring;
        let packet = ring.get_fresh(way.moment.now, seq, begun).ok_or(Drop::RepairTooLate)?;
        self.send_again(layer, packet, lost, Sent::Media, way).map(|_| ())
    }

    fn repair_sets(&mut self, number: u64, begun: Instant, lost: u16, way: &mut Way<'_>) -> Result<(), Drop> {
        let is_fresh = way.moment.now.saturating_duration_since(begun) <= sets::FRESH;
        let sets = self.sets.take_if(|sets| sets.is_sent && sets.packet.seq == number && is_fresh);
        let mut sets = sets.ok_or(Drop::RepairTooLate)?;
        let sent = self.send_again(sets::LAYER, &mut sets.packet, lost, Sent::Media, way);
        self.sets = Some(sets);
        sent.map(|_| ())
    }

    /// Sends the newest packet once more, on the repair stream: a viewer throws away what it has, and its report says how the
    /// line bore it. Says how long the datagram was.
    pub fn repeat_newest(&mut self, layers: &mut [Layer], why: Sent, way: &mut Way<'_>) -> Result<usize, Drop> {
        if self.rtx.is_none() || self.holds() {
            return Err(Drop::RepairWithoutRtx);
        }
        let newest = self.splice.newest().ok_or(Drop::WaitingForKeyframe)?;
        let Origin { layer, seq, .. } = self.splice.origin(newest).ok_or(Drop::RepairTooLate)?;
        let packet = layers.get_mut(layer as usize).and_then(|layer| layer.ring.get_mut(seq));
        let packet = packet.ok_or(Drop::RepairTooLate)?;
        self.send_again(layer, packet, newest, why, way)
    }

    fn send_again(
        &mut self,
        layer: u8,
        packet: &mut Packet,
        lost: u16,
        why: Sent,
        way: &mut Way<'_>,
    ) -> Result<usize, Drop> {
        let mapped = self.splice.look_up(&mark(layer, packet)).ok_or(Drop::RepairTooLate)?;
        let mut filler;
        let (packet, marker) = match self.verdict(packet) {
            Verdict::Forward { marker } => (packet, marker),
            Verdict::Drop => {
                filler = Packet::filler(packet.time, packet.arrival);
                (&mut filler, false)
            }
        };
        let rtx = self.rtx.as_mut().ok_or(Drop::RepairWithoutRtx)?;
        let cost = packet.text().len() as u64 + 60;
        if why == Sent::Media && !way.line.admits_repair(way.moment.now, cost) {
            return Err(Drop::RepairBudget);
        }
        rtx.budget = rtx.budget.checked_sub(cost).ok_or(Drop::RepairBudget)?;
        let (header, payload_type, ssrc) = (&self.header, rtx.payload_type, rtx.ssrc);
        let (time, frame) = (mapped.time, mapped.frame);
        let stream = Stream { header, payload_type, ssrc, index: rtx.seq, time, marker, is_plain: true, frame };
        rtx.seq += 1;
        rewrite_payload(self.codec, packet.payload_mut(), &mapped);
        way.line.send_again(way.moment, &stream, packet, lost, why, way.out)
    }

    /// What became of a packet that was sent, or replaced by padding.
    fn verdict(&self, packet: &Packet) -> Verdict {
        match (&self.selector, &packet.pick) {
            // Of a copy: a repair is no news.
            (Some(selector), Some(pick)) => selector.clone().admit(pick),
            _ => Verdict::Forward { marker: packet.marker },
        }
    }

    pub fn can_repeat(&self) -> bool {
        self.rtx.is_some() && self.layer.is_some() && !self.holds()
    }
}
