//! How loaded each worker is: its counters as rates, read off the snapshots that it publishes anyway.

use std::time::{Duration, Instant};

use proto::WorkerId;
use proto::api::AdminWorker;

use crate::desk::Handle;
use crate::worker::Snapshot;

/// Between two readings of one worker. Snapshots come closer together when there is news, and a rate over 100 ms is noise.
const PERIOD: Duration = Duration::from_millis(950);

#[derive(Debug, Default)]
pub struct Loads {
    workers: Vec<Load>,
}

#[derive(Debug)]
struct Load {
    id: WorkerId,
    /// The reading that the next one is compared with.
    before: Option<(Instant, Counters)>,
    shown: AdminWorker,
}

#[derive(Debug, Clone, Copy, Default)]
struct Counters {
    packets_in: u64,
    packets_out: u64,
    bytes_in: u64,
    bytes_out: u64,
    drops: u64,
    repairs: u64,
    cpu: Duration,
}

impl Loads {
    /// Looks at every worker's last snapshot.
    pub fn read(&mut self, workers: &[Handle]) {
        for worker in workers {
            self.take(worker.id, &worker.snapshots.borrow());
        }
    }

    pub fn view(&self) -> Vec<AdminWorker> {
        self.workers.iter().map(|load| load.shown).collect()
    }

    fn take(&mut self, id: WorkerId, snapshot: &Snapshot) {
        let index = self.workers.iter().position(|load| load.id == id).unwrap_or_else(|| {
            self.workers.push(Load { id, before: None, shown: idle(id) });
            self.workers.len() - 1
        });
        self.workers[index].take(snapshot);
    }
}

impl Load {
    fn take(&mut self, snapshot: &Snapshot) {
        let stats = &snapshot.stats;
        self.shown.publishers = small(stats.publishers);
        self.shown.viewers = small(stats.viewers);
        self.shown.pulls = small(stats.pulls);
        let Some(at) = snapshot.at else { return };
        let now = Counters::of(snapshot);
        let Some((since, before)) = self.before else {
            self.before = Some((at, now));
            return;
        };
        let period = at.saturating_duration_since(since);
        if period < PERIOD {
            return;
        }
        self.before = Some((at, now));
        let per_s = |before: u64, now: u64| (now.saturating_sub(before) as f64 / period.as_secs_f64()).round();
        let shown = &mut self.shown;
        shown.packets_in_per_s = per_s(before.packets_in, now.packets_in) as u32;
        shown.packets_out_per_s = per_s(before.packets_out, now.packets_out) as u32;
        shown.kbps_in = (per_s(before.bytes_in, now.bytes_in) * 8.0 / 1000.0) as u32;
        shown.kbps_out = (per_s(before.bytes_out, now.bytes_out) * 8.0 / 1000.0) as u32;
        shown.drops_per_s = per_s(before.drops, now.drops) as u32;
        shown.repairs_per_s = per_s(before.repairs, now.repairs) as u32;
        let busy = now.cpu.saturating_sub(before.cpu).as_secs_f64() / period.as_secs_f64();
        shown.cpu_percent = ((busy * 1000.0).round() / 10.0) as f32;
    }
}

impl Counters {
    fn of(snapshot: &Snapshot) -> Counters {
        let stats = &snapshot.stats;
        Counters {
            packets_in: stats.packets_in,
            packets_out: stats.packets_out,
            bytes_in: stats.bytes_in,
            bytes_out: stats.bytes_out,
            drops: stats.drops.iter().map(|(_, count)| count).sum(),
            repairs: stats.repairs,
            cpu: snapshot.socket.cpu,
        }
    }
}

fn idle(id: WorkerId) -> AdminWorker {
    AdminWorker {
        id: id.0,
        publishers: 0,
        viewers: 0,
        pulls: 0,
        packets_in_per_s: 0,
        packets_out_per_s: 0,
        kbps_in: 0,
        kbps_out: 0,
        cpu_percent: 0.0,
        drops_per_s: 0,
        repairs_per_s: 0,
    }
}

fn small(n: u64) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(at: Instant, seconds: u64) -> Snapshot {
        let mut snapshot = Snapshot { at: Some(at + Duration::from_secs(seconds)), ..Snapshot::default() };
        snapshot.stats.packets_out = 1_000 * seconds;
        snapshot.stats.bytes_out = 1_000_000 * seconds;
        snapshot.stats.viewers = 7;
        snapshot.socket.cpu = Duration::from_millis(250 * seconds);
        snapshot
    }

    #[test]
    fn rates_are_what_was_counted_by_the_time_between_two_snapshots() {
        let (at, mut loads) = (Instant::now(), Loads::default());
        loads.take(WorkerId(1), &snapshot(at, 3));
        assert_eq!((loads.view()[0].viewers, loads.view()[0].packets_out_per_s), (7, 0), "there is no rate yet");
        loads.take(WorkerId(1), &snapshot(at, 5));
        let shown = loads.view()[0];
        assert_eq!((shown.id, shown.packets_out_per_s, shown.kbps_out, shown.cpu_percent), (1, 1_000, 8_000, 25.0));
        // The same snapshot again says nothing new, and a worker that rests falls to nothing.
        loads.take(WorkerId(1), &snapshot(at, 5));
        assert_eq!(loads.view()[0].packets_out_per_s, 1_000);
        let mut rest = snapshot(at, 5);
        rest.at = Some(at + Duration::from_secs(6));
        loads.take(WorkerId(1), &rest);
        assert_eq!((loads.view()[0].packets_out_per_s, loads.view()[0].cpu_percent), (0, 0.0));
    }

    #[test]
    fn snapshots_that_come_close_together_are_one_reading() {
        let (at, mut loads) = (Instant::now(), Loads::default());
        loads.take(WorkerId(0), &snapshot(at, 1));
        loads.take(WorkerId(0), &snapshot(at, 2));
        let mut burst = snapshot(at, 2);
        burst.at = Some(at + Duration::from_millis(2_100));
        burst.stats.packets_out += 90_000;
        loads.take(WorkerId(0), &burst);
        assert_eq!(loads.view()[0].packets_out_per_s, 1_000);
    }
}
