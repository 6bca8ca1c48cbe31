//! How somebody's line is, in a word and a sentence that the others may read.

use proto::api::{SessionView, Verdict};
use proto::meeting::{Level, Quality};

/// Lost for good is what nobody asks for again; up to here repairs hide it.
const LOSS_FAIR_PERCENT: f32 = 3.0;
const LOSS_POOR_PERCENT: f32 = 10.0;

/// From here on people begin to talk at the same time.
const RTT_FAIR_MS: u32 = 400;

pub fn of(view: &SessionView) -> Quality {
    let starved = view.tracks.iter().any(|track| matches!(track.verdict, Verdict::PausedForBandwidth { .. }));
    let (level, reason) = if view.loss_percent >= LOSS_POOR_PERCENT {
        (Level::Poor, format!("{:.0} % of what is sent is lost", view.loss_percent))
    } else if starved {
        (Level::Poor, "the line is too slow for all pictures".to_owned())
    } else if view.loss_percent >= LOSS_FAIR_PERCENT {
        (Level::Fair, format!("{:.0} % of what is sent is lost", view.loss_percent))
    } else if view.rtt_ms.is_some_and(|ms| ms >= RTT_FAIR_MS) {
        (Level::Fair, "the way is long: everything arrives late".to_owned())
    } else {
        (Level::Good, String::new())
    };
    Quality { level, reason }
}
