//! The workers' counters as Prometheus text: base units, names that end in their unit, labels with few values.

use std::fmt::Write;
use std::time::Duration;

use engine::{EndReason, Histogram};
use proto::WorkerId;

use crate::worker::Snapshot;

pub fn render(version: &str, workers: &[(WorkerId, Snapshot)], draining: bool) -> String {
    let mut text = Text::default();
    text.family("weir_build_info", "gauge", "Always 1; the label says which version runs.");
    text.line("weir_build_info", &[("version", version)], 1);
    text.family("weir_draining", "gauge", "1 while the node takes no new sessions.");
    text.line("weir_draining", &[], u64::from(draining));

    let mut per_worker = |name, kind, help, value: &dyn Fn(&Snapshot) -> u64| {
        text.family(name, kind, help);
        for (id, snapshot) in workers {
            text.line(name, &[("worker", &id.to_string())], value(snapshot));
        }
    };
    per_worker("weir_sessions_publishing", "gauge", "Publishing sessions.", &|s| s.stats.publishers);
    per_worker("weir_sessions_watching", "gauge", "Watching sessions.", &|s| s.stats.viewers);
    per_worker("weir_sessions_pulling", "gauge", "Rooms pulled from a parent.", &|s| s.stats.pulls);
    per_worker("weir_rooms", "gauge", "Rooms a worker has a part of.", &|s| s.stats.rooms);
    per_worker("weir_sources", "gauge", "Tracks a worker knows, its own and other workers'.", &|s| s.stats.sources);
    per_worker("weir_viewer_tracks", "gauge", "Tracks of viewers, receive slots among them.", &|s| {
        s.stats.viewer_tracks
    });
    per_worker("weir_downlinks", "gauge", "Places that such tracks have at sources.", &|s| s.stats.downlinks);
    per_worker("weir_addresses", "gauge", "Client addresses that ICE has validated.", &|s| s.stats.addresses);
    per_worker("weir_timers", "gauge", "Entries in the timer heap.", &|s| s.stats.timers);
    per_worker("weir_packets_received_total", "counter", "Media packets from publishers.", &|s| s.stats.packets_in);
    per_worker("weir_received_bytes_total", "counter", "Media payload from publishers.", &|s| s.stats.bytes_in);
    per_worker("weir_packets_forwarded_total", "counter", "Media packets to viewers.", &|s| s.stats.packets_out);
    per_worker("weir_forwarded_bytes_total", "counter", "Sealed media to viewers.", &|s| s.stats.bytes_out);
    per_worker("weir_link_records_sent_total", "counter", "Media records to other workers.", &|s| s.stats.records_out);
    per_worker("weir_link_records_received_total", "counter", "Media records from workers.", &|s| s.stats.records_in);
    per_worker("weir_messages_received_total", "counter", "Messages of applications from people in meetings.", &|s| {
        s.stats.messages_in
    });
    per_worker("weir_messages_sent_total", "counter", "The same, once for each reader.", &|s| s.stats.messages_out);
    per_worker("weir_nacks_total", "counter", "Packets that viewers reported lost.", &|s| s.stats.nacks);
    per_worker("weir_repairs_total", "counter", "Packets sent again.", &|s| s.stats.repairs);
    per_worker("weir_repair_copies_total", "counter", "Repairs sent twice, to viewers who lose much.", &|s| {
        s.stats.repair_copies
    });
    per_worker("weir_probes_total", "counter", "Bursts sent to see whether a line carries more.", &|s| s.stats.probes);
    per_worker("weir_probe_bytes_total", "counter", "Bytes of such bursts.", &|s| s.stats.probe_bytes);
    per_worker("weir_padding_bytes_total", "counter", "Padding that makes packets of a frame equally long.", &|s| {
        s.stats.padding_bytes
    });
    per_worker("weir_sessions_paced", "gauge", "Watching sessions whose line has no room for bursts.", &|s| {
        s.stats.viewers_paced
    });
    per_worker("weir_keyframe_requests_received_total", "counter", "PLI and FIR from viewers.", &|s| {
        s.stats.keyframe_requests_in
    });
    per_worker("weir_keyframe_requests_sent_total", "counter", "Keyframe requests passed upstream.", &|s| {
        s.stats.keyframe_requests_out
    });
    per_worker(
        "weir_keyframe_requests_unanswerable_total",
        "counter",
        "Keyframes waited for of publishers that cannot be asked (FTL).",
        &|s| s.stats.keyframe_requests_unanswerable,
    );
    per_worker("weir_replays_total", "counter", "Video tracks of viewers that began at once, out of memory.", &|s| {
        s.stats.replays
    });
    per_worker(
        "weir_keyframe_waits_total",
        "counter",
        "Video tracks of viewers that had to wait for a keyframe.",
        &|s| s.stats.keyframe_waits,
    );
    per_worker("weir_viewers_idle", "gauge", "Viewers' tracks that show the idle screen.", &|s| s.stats.viewers_idle);
    per_worker("weir_ring_bytes", "gauge", "Media kept for repair and for viewers to come.", &|s| s.stats.ring_bytes);
    per_worker("weir_publishers_joined_total", "counter", "Publishers that connected.", &|s| s.stats.publishers_joined);
    per_worker("weir_viewers_joined_total", "counter", "Viewers that connected.", &|s| s.stats.viewers_joined);
    per_worker("weir_panics_total", "counter", "Bugs contained to one session each. Please report them.", &|s| {
        s.stats.panics
    });
    per_worker("weir_datagrams_received_total", "counter", "Datagrams from the socket.", &|s| s.socket.datagrams_in);
    per_worker("weir_datagrams_sent_total", "counter", "Datagrams the kernel took.", &|s| s.socket.datagrams_out);
    per_worker("weir_receive_overflows_total", "counter", "Datagrams lost in a full receive buffer.", &|s| {
        s.socket.overflowed
    });
    per_worker("weir_send_refused_total", "counter", "Datagrams the kernel refused (no route, firewall).", &|s| {
        s.socket.send_refused
    });
    per_worker("weir_gso_messages_total", "counter", "Messages that carried several datagrams.", &|s| {
        s.socket.gso_messages
    });
    per_worker("weir_send_calls_total", "counter", "System calls to send.", &|s| s.socket.send_calls);

    text.family("weir_worker_cpu_seconds_total", "counter", "CPU time of a worker's thread.");
    for (id, snapshot) in workers {
        text.float("weir_worker_cpu_seconds_total", &[("worker", &id.to_string())], seconds(snapshot.socket.cpu));
    }

    text.family("weir_drops_total", "counter", "What was not forwarded, by reason.");
    for (id, snapshot) in workers {
        for (reason, count) in snapshot.stats.drops.iter() {
            text.line("weir_drops_total", &[("worker", &id.to_string()), ("reason", reason.label())], count);
        }
    }
    text.family("weir_sessions_ended_total", "counter", "Sessions that are over, by reason.");
    for (id, snapshot) in workers {
        for (reason, count) in EndReason::ALL.iter().zip(snapshot.stats.ended) {
            text.line("weir_sessions_ended_total", &[("worker", &id.to_string()), ("reason", reason.label())], count);
        }
    }
    let sum = |pick: fn(&Snapshot) -> &Histogram| {
        workers.iter().fold(Histogram::default(), |mut sum, (_, snapshot)| {
            sum.add(pick(snapshot));
            sum
        })
    };
    text.histogram("weir_join_seconds", "Accepted request to connected.", &sum(|s| &s.stats.join_time));
    text.histogram(
        "weir_first_picture_seconds",
        "Accepted request to the first packet of a picture, the idle screen's included.",
        &sum(|s| &s.stats.first_picture),
    );
    text.histogram(
        "weir_forward_delay_seconds",
        "The end of a video frame's arrival to its hand-over to the kernel, once per viewer.",
        &sum(|s| &s.stats.forward_delay),
    );
    text.0
}

/// What the process and its control plane hold.
#[derive(Debug, Clone, Copy, Default)]
pub struct Held {
    /// Of the runtime; workers are threads, and none of them.
    pub tasks: usize,
    /// `None` where the system does not say.
    pub open_files: Option<usize>,
    /// Questions to workers that are not answered yet.
    pub questions: usize,
    /// Sessions of which somebody wants to hear what their sections are given, or that they have ended.
    pub followed: usize,
    pub awaited: usize,
}

impl Held {
    /// Of this process and its runtime.
    pub fn now() -> Held {
        let tasks = tokio::runtime::Handle::current().metrics().num_alive_tasks();
        // Reading the folder opens one more.
        let open_files = std::fs::read_dir("/proc/self/fd").ok().map(|files| files.count().saturating_sub(1));
        Held { tasks, open_files, ..Held::default() }
    }
}

pub fn render_held(held: Held) -> String {
    let mut text = Text::default();
    let mut one = |name: &str, help, value: usize| {
        text.family(name, "gauge", help);
        text.line(name, &[], value as u64);
    };
    one("weir_tasks", "Tasks of the control plane.", held.tasks);
    if let Some(open_files) = held.open_files {
        one("weir_open_files", "File descriptors of the process, sockets among them.", open_files);
    }
    one("weir_questions", "Questions to workers without an answer so far.", held.questions);
    one("weir_sessions_followed", "Sessions of which somebody hears what their sections are given.", held.followed);
    one("weir_sessions_awaited", "Sessions of which somebody waits for the end.", held.awaited);
    text.0
}

/// FTL ingest, on a node that has it.
pub fn render_ftl(stats: &ftl::Stats) -> String {
    let mut text = Text::default();
    let mut one = |name: &str, kind, help, value| {
        text.family(name, kind, help);
        text.line(name, &[], value);
    };
    one("weir_ftl_sessions", "gauge", "FTL sessions.", stats.sessions);
    one("weir_ftl_sessions_begun_total", "counter", "FTL sessions that began.", stats.sessions_begun);
    one(
        "weir_ftl_wrong_keys_total",
        "counter",
        "FTL clients that did not know the key of a channel.",
        stats.wrong_keys,
    );
    one("weir_ftl_throttled_total", "counter", "FTL clients refused after too many wrong keys.", stats.throttled);
    one("weir_ftl_packets_total", "counter", "Media packets of FTL sessions.", stats.packets);
    text.family("weir_ftl_ignored_total", "counter", "Datagrams to the FTL port that were dropped, by reason.");
    for (reason, count) in ftl::stream::Ignored::ALL.iter().zip(stats.ignored) {
        text.line("weir_ftl_ignored_total", &[("reason", reason.label())], count);
    }
    text.0
}

#[derive(Default)]
struct Text(String);

impl Text {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn line(&mut self, name: &str, labels: &[(&str, &str)], value: u64) {
        self.name(name, labels);
        let _ = writeln!(self.0, " {value}");
    }

    fn float(&mut self, name: &str, labels: &[(&str, &str)], value: f64) {
        self.name(name, labels);
        let _ = writeln!(self.0, " {value}");
    }

    fn name(&mut self, name: &str, labels: &[(&str, &str)]) {
        self.0.push_str(name);
        for (i, (key, value)) in labels.iter().enumerate() {
            self.0.push(if i == 0 { '{' } else { ',' });
            let _ = write!(self.0, "{key}=\"{value}\"");
        }
        if !labels.is_empty() {
            self.0.push('}');
        }
    }

    fn histogram(&mut self, name: &str, help: &str, histogram: &Histogram) {
        self.family(name, "histogram", help);
        let bucket = format!("{name}_bucket");
        let mut below = 0;
        for (count, bound) in histogram.buckets.iter().zip(Histogram::BOUNDS_US) {
            below += count;
            let bound = seconds(Duration::from_micros(bound)).to_string();
            self.line(&bucket, &[("le", &bound)], below);
        }
        self.line(&bucket, &[("le", "+Inf")], histogram.count);
        self.float(&format!("{name}_sum"), &[], seconds(Duration::from_micros(histogram.sum_us)));
        self.line(&format!("{name}_count"), &[], histogram.count);
    }
}

fn seconds(duration: Duration) -> f64 {
    duration.as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_process_holds_is_told_and_what_the_system_does_not_say_is_left_out() {
        let held = Held { tasks: 7, open_files: Some(8), questions: 9, followed: 10, awaited: 11 };
        let text = render_held(held);
        for line in ["tasks 7", "open_files 8", "questions 9", "sessions_followed 10", "sessions_awaited 11"] {
            assert!(text.contains(&format!("\nweir_{line}\n")), "{line}: {text}");
        }
        assert!(!render_held(Held { open_files: None, ..held }).contains("open_files"));
    }

    #[test]
    fn ftl_has_its_own_counters() {
        let mut stats = ftl::Stats { wrong_keys: 3, ..ftl::Stats::default() };
        stats.ignored[ftl::stream::Ignored::WrongSsrc as usize] = 5;
        let text = render_ftl(&stats);
        assert!(text.contains("weir_ftl_wrong_keys_total 3\n"), "{text}");
        assert!(text.contains("weir_ftl_ignored_total{reason=\"wrong_ssrc\"} 5\n"), "{text}");
    }

    #[test]
    fn every_line_is_prometheus_text_and_buckets_only_grow() {
        let mut snapshot = Snapshot::default();
        snapshot.stats.join_time.record(Duration::from_millis(3));
        snapshot.stats.join_time.record(Duration::from_secs(60));
        (snapshot.stats.probes, snapshot.stats.padding_bytes, snapshot.stats.repair_copies) = (3, 448, 7);
        (snapshot.stats.replays, snapshot.stats.keyframe_waits) = (5, 6);
        (snapshot.stats.viewers_idle, snapshot.stats.ring_bytes) = (8, 9000);
        snapshot.stats.first_picture.record(Duration::from_millis(30));
        let text = render("1.2.3", &[(WorkerId(0), snapshot.clone()), (WorkerId(1), snapshot)], false);
        let mut last = 0;
        for line in text.lines().filter(|l| !l.starts_with('#')) {
            let (name, value) = line.rsplit_once(' ').unwrap();
            assert!(name.starts_with("weir_"), "{line}");
            let value: f64 = value.parse().unwrap();
            if name.starts_with("weir_join_seconds_bucket") {
                assert!(value as u64 >= last, "{line}");
                last = value as u64;
            }
        }
        assert_eq!(last, 4);
        assert!(text.contains("weir_join_seconds_bucket{le=\"0.005\"} 2\n"));
        for line in [
            "probes_total{worker=\"0\"} 3",
            "padding_bytes_total{worker=\"1\"} 448",
            "repair_copies_total{worker=\"0\"} 7",
            "replays_total{worker=\"0\"} 5",
            "keyframe_waits_total{worker=\"1\"} 6",
            "viewers_idle{worker=\"0\"} 8",
            "ring_bytes{worker=\"1\"} 9000",
            "first_picture_seconds_bucket{le=\"0.05\"} 2",
        ] {
            assert!(text.contains(&format!("weir_{line}\n")), "{line}");
        }
        assert!(text.contains("weir_drops_total{worker=\"1\",reason=\"duplicate\"} 0\n"));
    }
}
