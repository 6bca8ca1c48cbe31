//! Seconds of the calendar, for what outlives the process. Media and timers use the machine's own clock.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UnixTime(pub u64);

impl UnixTime {
    /// The last second that every database can keep (they count in signed 64 bits): what is to last for ever ends here.
    pub const LAST: UnixTime = UnixTime(i64::MAX as u64);

    pub fn after(self, span: Duration) -> UnixTime {
        UnixTime(self.0.saturating_add(span.as_secs())).min(UnixTime::LAST)
    }

    /// How long it is from `self` until `later`; nothing when that is past.
    pub fn until(self, later: UnixTime) -> Duration {
        Duration::from_secs(later.0.saturating_sub(self.0))
    }
}
