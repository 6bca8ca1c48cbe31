//! What a Weir says about itself in `/metrics`: how long a packet was inside of it. Other servers say nothing there, and
//! nothing is reported for them.

use std::time::Duration;

use crate::report::Inside;
use dial::{Client, Request, Url};

/// From a packet's arrival to its hand-over to the kernel.
const NAME: &str = "weir_forward_delay_seconds_bucket";

/// A cumulative histogram as Prometheus text has it: upper bounds in seconds, and how many did not exceed them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Buckets(Vec<(f64, u64)>);

/// `None` from a server that is no Weir, or does not show its metrics.
pub async fn forward_delay(base: &Url, token: Option<&str>) -> Option<Buckets> {
    let request = Request::new("GET", base.child("metrics")).bearer(token);
    let answer = Client::new().with_timeout(Duration::from_secs(2)).send(request).await.ok()?;
    Buckets::read(&answer.text()).filter(|_| answer.status.is_success())
}

impl Buckets {
    fn read(text: &str) -> Option<Buckets> {
        let bucket = |line: &str| {
            let (bound, count) = line.strip_prefix(NAME)?.strip_prefix("{le=\"")?.split_once("\"} ")?;
            Some((bound.replace("+Inf", "inf").parse().ok()?, count.parse().ok()?))
        };
        let buckets: Vec<_> = text.lines().filter_map(bucket).collect();
        (!buckets.is_empty()).then_some(Buckets(buckets))
    }

    /// What came since `before`.
    pub fn since(&self, before: &Buckets) -> Inside {
        let counts = self.0.iter().zip(&before.0).map(|((bound, now), (_, then))| (*bound, now.saturating_sub(*then)));
        let counts: Vec<(f64, u64)> = counts.collect();
        Inside {
            count: counts.last().map_or(0, |(_, count)| *count),
            p50_ms: percentile(&counts, 0.50) * 1e3,
            p99_ms: percentile(&counts, 0.99) * 1e3,
        }
    }
}

/// In seconds: on a straight line between the bounds of the bucket that holds it, as Prometheus draws it. Beyond the last
/// bound there is no line, and the answer is that bound.
fn percentile(counts: &[(f64, u64)], share: f64) -> f64 {
    let wanted = counts.last().map_or(0, |(_, count)| *count) as f64 * share;
    let (mut lower, mut below) = (0.0, 0);
    for &(bound, count) in counts {
        if count as f64 >= wanted && count > below {
            let part = (wanted - below as f64) / (count - below) as f64;
            return if bound.is_finite() { lower + (bound - lower) * part } else { lower };
        }
        (lower, below) = (bound, count);
    }
    0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(counts: [u64; 3]) -> String {
        let [a, b, c] = counts;
        format!(
            "# TYPE x histogram\n{NAME}{{le=\"0.001\"}} {a}\n{NAME}{{le=\"0.002\"}} {b}\n{NAME}{{le=\"+Inf\"}} {c}\n"
        )
    }

    #[test]
    fn a_percentile_lies_between_the_bounds_of_its_bucket() {
        let before = Buckets::read(&text([1000, 1000, 1000])).unwrap();
        let after = Buckets::read(&text([1040, 1100, 1100])).unwrap();
        let inside = after.since(&before);
        assert_eq!(inside.count, 100);
        assert!((inside.p50_ms - (1.0 + 10.0 / 60.0)).abs() < 1e-9, "{inside:?}");
        assert!(inside.p99_ms > 1.9 && inside.p99_ms < 2.0, "{inside:?}");
    }

    #[test]
    fn beyond_the_last_bound_it_is_the_last_bound_and_of_nothing_it_is_nothing() {
        let none = Buckets::read(&text([0, 0, 0])).unwrap();
        assert_eq!(Buckets::read(&text([0, 0, 9])).unwrap().since(&none).p99_ms, 2.0);
        assert_eq!(none.since(&none), Inside::default());
        assert_eq!(Buckets::read("<html>not found</html>"), None);
    }
}
