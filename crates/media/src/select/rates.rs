//! What each target of a stream costs, by what came.

use std::time::Duration;

use crate::select::Target;

/// Layers that a packet can name: three bits each, spatial and temporal.
const LAYERS: usize = 8;

/// Bytes per layer since they were last taken.
#[derive(Debug, Clone)]
pub struct Rates {
    bytes: [[u32; LAYERS]; LAYERS],
}

impl Rates {
    pub fn new() -> Rates {
        Rates { bytes: [[0; LAYERS]; LAYERS] }
    }

    /// A packet of these layers, with its headers if the line has to carry them.
    pub fn count(&mut self, spatial: u8, temporal: u8, bytes: usize) {
        let layer = &mut self.bytes[usize::from(spatial) % LAYERS][usize::from(temporal) % LAYERS];
        *layer = layer.saturating_add(u32::try_from(bytes).unwrap_or(u32::MAX));
    }

    /// Each target that had packets of its highest layers, and the bits per second that a viewer of it was sent over
    /// `elapsed`: its own layers' and all below. Begins anew.
    pub fn take(&mut self, elapsed: Duration) -> Vec<(Target, u64)> {
        let bytes = std::mem::take(self).bytes;
        let micros = elapsed.as_micros().max(1);
        let below = |spatial: usize, temporal: usize| -> u64 {
            bytes[..=spatial].iter().flat_map(|layers| &layers[..=temporal]).map(|bytes| u64::from(*bytes)).sum()
        };
        let mut rates = Vec::new();
        for (spatial, layers) in bytes.iter().enumerate() {
            for temporal in (0..LAYERS).filter(|temporal| layers[*temporal] > 0) {
                let target = Target { spatial: spatial as u8, temporal: temporal as u8 };
                let bps = u128::from(below(spatial, temporal)) * 8_000_000 / micros;
                rates.push((target, u64::try_from(bps).unwrap_or(u64::MAX)));
            }
        }
        rates
    }
}

impl Default for Rates {
    fn default() -> Rates {
        Rates::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Prediction, Source};
    use crate::{Codec, codec};

    #[test]
    fn a_target_costs_what_its_layers_and_those_below_cost() {
        let mut rates = Rates::new();
        for (spatial, temporal, bytes) in [(0, 0, 100), (0, 1, 50), (1, 0, 400), (1, 1, 200), (0, 0, 100)] {
            rates.count(spatial, temporal, bytes);
        }
        let taken: Vec<_> =
            rates.take(Duration::from_millis(500)).iter().map(|(t, bps)| (t.spatial, t.temporal, *bps)).collect();
        assert_eq!(taken, [(0, 0, 3_200), (0, 1, 4_000), (1, 0, 9_600), (1, 1, 13_600)]);
        assert_eq!(rates.take(Duration::ZERO), []);
    }

    #[test]
    fn the_best_target_costs_the_whole_stream_and_each_layer_adds_to_it() {
        let source = Source::video(Codec::Vp9, 1_500, 30, 0, 1, 1).with_spatial_layers(3).with_temporal_layers(3);
        let mut source = source.with_prediction(Prediction::AtKeys);
        let (mut rates, mut all) = (Rates::new(), 0);
        for packet in (0..300).flat_map(|_| source.next_frame()) {
            let facts = codec::facts(Codec::Vp9, &packet.payload, packet.marker, None);
            rates.count(facts.spatial, facts.temporal, packet.payload.len());
            all += packet.payload.len() as u64 * 8 / 10;
        }
        let taken = rates.take(Duration::from_secs(10));
        assert_eq!(taken.len(), 9);
        assert!(taken[8].1.abs_diff(all) < 2_000, "{} {all}", taken[8].1);
        for (target, bps) in &taken {
            let above = taken.iter().filter(|(t, _)| t.spatial >= target.spatial && t.temporal >= target.temporal);
            assert!(above.clone().all(|(_, more)| more >= bps));
        }
    }
}
