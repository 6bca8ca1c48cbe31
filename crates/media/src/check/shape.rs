//! What one packet's payload says about frame boundaries, key frames and numbering, before anything else is known.

use std::time::Duration;

use crate::check::View;
use crate::codec::{PictureId, av1, h264, h265, opus, vp8, vp9};
use crate::{Codec, RtpTime, Seq};

/// Parameter sets, as bits.
pub(super) mod sets {
    pub const SPS: u8 = 1;
    pub const PPS: u8 = 2;
    pub const VPS: u8 = 4;
    pub const SEQUENCE: u8 = 8;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    /// No payload: padding that keeps a path warm. It has a sequence number and nothing else.
    Nothing,
    /// Not of this codec.
    Unreadable,
    Media,
}

/// A packet without its bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    pub seq: Seq,
    pub time: RtpTime,
    pub at: Duration,
    pub marker: bool,
    pub content: Content,
    /// May be the first packet of a frame.
    pub starts: bool,
    /// Continues the unit (frame, NAL unit, OBU) that the packet before left open.
    pub continues: bool,
    /// Leaves its last unit open.
    pub open: bool,
    pub keyframe: bool,
    /// Sets that the packet carries.
    pub sets: u8,
    /// Sets that the packet's slices cannot be decoded without.
    pub needs: u8,
    pub temporal: u8,
    pub picture_id: Option<PictureId>,
    pub tl0: Option<u8>,
    /// VP9 with layer ids: a server may leave out whole pictures of upper temporal layers, and with them their ids.
    pub layered: bool,
    /// VP9: the layer of the picture, and whether the one below is needed for it.
    pub spatial: u8,
    pub inter_layer: bool,
    /// VP9 flexible mode: how many pictures back the references lie.
    pub references: [u8; 3],
}

impl Shape {
    pub fn of(codec: Option<Codec>, at: Duration, view: &View<'_>) -> Shape {
        let mut shape = Shape {
            seq: view.seq,
            time: view.time,
            at,
            marker: view.marker,
            content: if view.payload.is_empty() { Content::Nothing } else { Content::Media },
            starts: false,
            continues: false,
            open: false,
            keyframe: false,
            sets: 0,
            needs: 0,
            temporal: 0,
            picture_id: None,
            tl0: None,
            layered: false,
            spatial: 0,
            inter_layer: false,
            references: [0; 3],
        };
        if shape.content == Content::Nothing {
            return shape;
        }
        let read = match codec {
            None => Some(()),
            Some(Codec::Vp8) => shape.read_vp8(view),
            Some(Codec::Vp9) => shape.read_vp9(view.payload),
            Some(Codec::H264) => shape.read_h264(view.payload),
            Some(Codec::H265) => shape.read_h265(view.payload),
            Some(Codec::Av1) => shape.read_av1(view.payload),
            Some(Codec::Opus) => opus::Toc::parse(view.payload).map(|_| ()),
        };
        if read.is_none() {
            shape.content = Content::Unreadable;
        }
        shape
    }

    fn read_vp8(&mut self, view: &View<'_>) -> Option<()> {
        let (descriptor, frame) = vp8::Descriptor::parse(view.payload)?;
        let first = frame.first()?;
        self.starts = descriptor.frame_start();
        self.continues = !self.starts;
        self.open = !view.marker; // VP8 itself does not say where a frame ends
        self.keyframe = self.starts && first & 1 == 0;
        self.temporal = descriptor.layer.map_or(0, |layer| layer.temporal);
        self.picture_id = descriptor.picture_id;
        // Without a temporal id, tl0 says nothing (RFC 7741 §4.2).
        self.tl0 = descriptor.layer.and(descriptor.tl0);
        Some(())
    }

    fn read_vp9(&mut self, payload: &[u8]) -> Option<()> {
        let (descriptor, frame) = vp9::Descriptor::parse(payload)?;
        if frame.is_empty() {
            return None;
        }
        self.starts = descriptor.frame_start;
        self.continues = !descriptor.frame_start;
        self.open = !descriptor.frame_end;
        self.keyframe = vp9::facts(payload).keyframe;
        self.temporal = descriptor.layer.map_or(0, |layer| layer.temporal);
        self.picture_id = descriptor.picture_id;
        self.tl0 = descriptor.tl0;
        self.layered = descriptor.layer.is_some();
        self.spatial = descriptor.spatial();
        self.inter_layer = descriptor.layer.is_some_and(|layer| layer.inter_layer);
        let listed = descriptor.references();
        self.references[..listed.len()].copy_from_slice(listed);
        Some(())
    }

    fn read_h264(&mut self, payload: &[u8]) -> Option<()> {
        let summary = h264::Summary::read(payload)?;
        self.starts = !summary.continues && (summary.picture_start || !summary.slices);
        self.continues = summary.continues;
        self.open = summary.unfinished;
        self.keyframe = summary.sps || (summary.idr && summary.picture_start);
        self.sets = bits(&[(summary.sps, sets::SPS), (summary.pps, sets::PPS)]);
        self.needs = if summary.idr { sets::SPS | sets::PPS } else { 0 };
        Some(())
    }

    fn read_h265(&mut self, payload: &[u8]) -> Option<()> {
        let summary = h265::Summary::read(payload)?;
        self.starts = !summary.continues && (summary.picture_start || !summary.slices);
        self.continues = summary.continues;
        self.open = summary.unfinished;
        self.keyframe = summary.vps || summary.sps || (summary.random_access && summary.picture_start);
        self.sets = bits(&[(summary.vps, sets::VPS), (summary.sps, sets::SPS), (summary.pps, sets::PPS)]);
        self.needs = if summary.random_access { sets::VPS | sets::SPS | sets::PPS } else { 0 };
        self.temporal = summary.temporal;
        Some(())
    }

    fn read_av1(&mut self, payload: &[u8]) -> Option<()> {
        let summary = av1::Summary::read(payload)?;
        self.starts = summary.leads && !summary.continues;
        self.continues = summary.continues;
        self.open = summary.unfinished;
        self.keyframe = summary.new_sequence || (summary.sequence_header && !summary.continues);
        self.sets = bits(&[(summary.sequence_header, sets::SEQUENCE)]);
        self.needs = if summary.new_sequence { sets::SEQUENCE } else { 0 };
        self.temporal = summary.temporal;
        Some(())
    }
}

fn bits(flags: &[(bool, u8)]) -> u8 {
    flags.iter().filter(|(set, _)| *set).fold(0, |all, (_, bit)| all | bit)
}
