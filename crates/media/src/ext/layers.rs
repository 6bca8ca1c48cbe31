//! The video layers allocation extension: what an encoder is spending on which layer, in its own words.
//!
//! A publisher attaches it to its keyframes and whenever the allocation changes, so a server learns which simulcast
//! streams and spatial layers are alive, at what size and rate, without waiting to measure them. Layout: stream index
//! and count, bitmasks of active spatial layers, temporal layer counts, cumulative target bitrates (leb128, kbit/s),
//! and optionally width, height and frame rate per layer.

use crate::Error;

const STREAMS_MAX: usize = 4;
const SPATIAL_MAX: usize = 4;
const TEMPORAL_MAX: usize = 4;
const LAYERS_MAX: usize = STREAMS_MAX * SPATIAL_MAX;

/// The allocation over all streams of one track. No layers at all: the encoder sends nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allocation {
    /// Index of the RTP stream that carried this.
    pub stream: u8,
    /// How many RTP streams the track has, 1..=4.
    pub streams: u8,
    layers: [Layer; LAYERS_MAX],
    len: u8,
}

/// One active spatial layer of one stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Layer {
    pub stream: u8,
    pub spatial: u8,
    kbps: [u32; TEMPORAL_MAX],
    /// 1..=4.
    pub temporal_layers: u8,
    pub size: Option<Size>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// 1..=65,536.
    pub width: u32,
    pub height: u32,
    pub fps: u8,
}

impl Layer {
    pub fn new(stream: u8, spatial: u8, kbps: &[u32], size: Option<Size>) -> Option<Layer> {
        let mut layer = Layer { stream, spatial, size, temporal_layers: kbps.len() as u8, ..Layer::default() };
        layer.kbps.get_mut(..kbps.len())?.copy_from_slice(kbps);
        let valid = !kbps.is_empty() && usize::from(stream) < STREAMS_MAX && usize::from(spatial) < SPATIAL_MAX;
        valid.then_some(layer)
    }

    /// Target bitrate up to and with each temporal layer, kbit/s.
    pub fn kbps(&self) -> &[u32] {
        &self.kbps[..usize::from(self.temporal_layers)]
    }
}

impl Allocation {
    /// `layers` in order of stream, then spatial layer.
    pub fn new(stream: u8, streams: u8, layers: &[Layer]) -> Option<Allocation> {
        let in_order = layers.is_sorted_by(|a, b| (a.stream, a.spatial) < (b.stream, b.spatial));
        let sized = layers.iter().filter(|layer| layer.size.is_some()).count();
        let valid = (1..=STREAMS_MAX as u8).contains(&streams)
            && stream < streams
            && in_order
            && layers.iter().all(|layer| layer.stream < streams)
            && (sized == 0 || sized == layers.len());
        let mut all = [Layer::default(); LAYERS_MAX];
        all.get_mut(..layers.len())?.copy_from_slice(layers);
        valid.then_some(Allocation { stream, streams, layers: all, len: layers.len() as u8 })
    }

    /// Active layers in order of stream, then spatial layer.
    pub fn layers(&self) -> &[Layer] {
        &self.layers[..usize::from(self.len)]
    }

    pub fn parse(bytes: &[u8]) -> Result<Allocation, Error> {
        let mut reader = Reader { rest: bytes };
        let head = reader.byte("it is empty")?;
        let mut allocation = Allocation {
            stream: head >> 6,
            streams: (head >> 4 & 3) + 1,
            layers: [Layer::default(); LAYERS_MAX],
            len: 0,
        };
        if bytes == [0] {
            return Ok(Allocation { stream: 0, streams: 1, ..allocation });
        }
        if allocation.stream >= allocation.streams {
            return Err(Error::Allocation("its stream index is not below its stream count"));
        }
        let masks = reader.masks(head & 0x0f, allocation.streams)?;
        for (stream, mask) in (0u8..).zip(masks).take(usize::from(allocation.streams)) {
            for spatial in (0..SPATIAL_MAX as u8).filter(|spatial| mask >> spatial & 1 == 1) {
                allocation.layers[usize::from(allocation.len)] = Layer { stream, spatial, ..Layer::default() };
                allocation.len += 1;
            }
        }
        let layers = &mut allocation.layers[..usize::from(allocation.len)];
        for four in layers.chunks_mut(4) {
            let counts = reader.byte("it ends before its temporal layer counts")?;
            for (i, layer) in four.iter_mut().enumerate() {
                layer.temporal_layers = (counts >> (6 - 2 * i) & 3) + 1;
            }
        }
        for layer in layers.iter_mut() {
            for temporal in 0..usize::from(layer.temporal_layers) {
                layer.kbps[temporal] = reader.leb128()?;
            }
        }
        if !reader.rest.is_empty() {
            for layer in layers.iter_mut() {
                layer.size = Some(reader.size()?);
            }
        }
        Ok(allocation)
    }

    /// Appends the extension's data to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let mut masks = [0u8; STREAMS_MAX];
        for layer in self.layers() {
            masks[usize::from(layer.stream)] |= 1 << layer.spatial;
        }
        let masks = &masks[..usize::from(self.streams)];
        if self.layers().is_empty() {
            return out.push(0);
        }
        let shared = if masks.iter().all(|mask| *mask == masks[0]) { masks[0] } else { 0 };
        out.push(self.stream << 6 | (self.streams - 1) << 4 | shared);
        if shared == 0 {
            out.extend(masks.chunks(2).map(|pair| pair[0] << 4 | pair.get(1).copied().unwrap_or(0)));
        }
        for four in self.layers().chunks(4) {
            let counts = four.iter().enumerate().map(|(i, layer)| (layer.temporal_layers - 1) << (6 - 2 * i));
            out.push(counts.fold(0, |all, count| all | count));
        }
        for kbps in self.layers().iter().flat_map(Layer::kbps) {
            let mut rest = *kbps;
            while rest >= 0x80 {
                out.push(rest as u8 | 0x80);
                rest >>= 7;
            }
            out.push(rest as u8);
        }
        for size in self.layers().iter().filter_map(|layer| layer.size) {
            out.extend_from_slice(&((size.width.clamp(1, 65_536) - 1) as u16).to_be_bytes());
            out.extend_from_slice(&((size.height.clamp(1, 65_536) - 1) as u16).to_be_bytes());
            out.push(size.fps);
        }
    }
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    fn byte(&mut self, missing: &'static str) -> Result<u8, Error> {
        let (byte, rest) = self.rest.split_first().ok_or(Error::Allocation(missing))?;
        self.rest = rest;
        Ok(*byte)
    }

    /// Bitmask of active spatial layers per stream.
    fn masks(&mut self, shared: u8, streams: u8) -> Result<[u8; STREAMS_MAX], Error> {
        let mut masks = [shared; STREAMS_MAX];
        if shared == 0 {
            for pair in masks.chunks_mut(2).take(usize::from(streams).div_ceil(2)) {
                let byte = self.byte("it ends before its spatial layer masks")?;
                pair[0] = byte >> 4;
                pair[1] = byte & 0x0f;
            }
        }
        Ok(masks)
    }

    fn leb128(&mut self) -> Result<u32, Error> {
        let mut value = 0u64;
        // Five groups of seven bits hold any 32-bit rate.
        for shift in (0..35).step_by(7) {
            let byte = self.byte("it ends before its target bitrates")?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return u32::try_from(value).map_err(|_| Error::Allocation("a target bitrate is beyond 32 bits"));
            }
        }
        Err(Error::Allocation("a target bitrate is beyond 32 bits"))
    }

    fn size(&mut self) -> Result<Size, Error> {
        let (bytes, rest) = self.rest.split_first_chunk::<5>().ok_or(Error::Allocation("it ends before its sizes"))?;
        self.rest = rest;
        Ok(Size {
            width: u32::from(u16::from_be_bytes([bytes[0], bytes[1]])) + 1,
            height: u32::from(u16::from_be_bytes([bytes[2], bytes[3]])) + 1,
            fps: bytes[4],
        })
    }
}

#[cfg(test)]
#[allow(clippy::unusual_byte_groupings)] // grouped by field
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn three_simulcast_streams_are_read() {
        // Stream 1 of 3, spatial layer 0 on each, two temporal layers each.
        let bytes = [
            0b01_10_0001,
            0b01_01_01_00,
            50,
            100,
            0x80 | 0x2c,
            2,
            0xf4,
            3,
            0xe8,
            7,
            0xd0,
            0x0f, //
            0x00,
            0x9f,
            0x00,
            0x59,
            30,
            0x01,
            0x3f,
            0x00,
            0xb3,
            30,
            0x02,
            0x7f,
            0x01,
            0x67,
            30,
        ];
        let allocation = Allocation::parse(&bytes).unwrap();
        assert_eq!((allocation.stream, allocation.streams), (1, 3));
        let layers = allocation.layers();
        assert_eq!(layers.iter().map(Layer::kbps).collect::<Vec<_>>(), [[50, 100], [300, 500], [1000, 2000]]);
        assert_eq!(layers[2].size, Some(Size { width: 640, height: 360, fps: 30 }));
    }

    #[test]
    fn streams_may_have_different_spatial_layers() {
        let bytes = [0b00_01_0000, 0b0001_0011, 0b00_00_01_00, 10, 20, 30, 40];
        let allocation = Allocation::parse(&bytes).unwrap();
        let layers: Vec<_> = allocation.layers().iter().map(|l| (l.stream, l.spatial, l.kbps().to_vec())).collect();
        assert_eq!(layers, [(0, 0, vec![10]), (1, 0, vec![20]), (1, 1, vec![30, 40])]);
    }

    #[test]
    fn a_zero_byte_says_that_nothing_is_sent() {
        let allocation = Allocation::parse(&[0]).unwrap();
        assert_eq!((allocation.layers(), allocation.streams), (&[][..], 1));
    }

    #[test]
    fn malformed_allocations_are_refused() {
        for bytes in [
            &[][..],
            &[0b01_00_0001, 0, 1],                            // stream 1 of 1
            &[0b00_01_0000],                                  // masks missing
            &[0b00_00_0001],                                  // counts missing
            &[0b00_00_0001, 0],                               // bitrate missing
            &[0b00_00_0001, 0, 0xff, 0xff, 0xff, 0xff, 0x7f], // beyond 32 bits
            &[0b00_00_0001, 0, 0x80, 0x80, 0x80, 0x80, 0x80], // endless
            &[0b00_00_0001, 0, 1, 0, 0, 0, 0],                // size cut
        ] {
            assert!(matches!(Allocation::parse(bytes), Err(Error::Allocation(_))), "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_read_is_written_back_with_the_same_meaning(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            if let Ok(allocation) = Allocation::parse(&bytes) {
                let mut written = Vec::new();
                allocation.encode(&mut written);
                let again = Allocation::parse(&written).unwrap();
                prop_assert_eq!(again.layers(), allocation.layers());
            }
        }
    }
}
