//! What a run found, for people (`Display`) and for scripts: the JSON field names are kept stable, new ones may appear.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::delay::Histogram;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Nothing lost, duplicated, reordered, corrupt or foreign, no check error, and every join had a picture.
    pub clean: bool,
    pub url: String,
    pub room: String,
    pub codec: String,
    pub video_kbps: u32,
    pub publishers: u32,
    pub viewers: u32,
    /// The publishers were silent while viewers joined and watched: what is measured is joining.
    pub silent: bool,
    /// How long all viewers were watching; rates, delays and costs are of this time only.
    pub steady_seconds: f64,
    pub joins: Joins,
    pub keyframes: Keyframes,
    pub packets: Packets,
    pub check: Check,
    /// With light viewers: what they told the server.
    pub feedback: Option<Feedback>,
    /// From the publisher's hands to the viewer's machine, sampled.
    pub forwarding_delay: Percentiles,
    /// Its share inside the server, if the server is a Weir and says so.
    pub inside: Option<Inside>,
    /// The protection of media that viewers and server agreed on; several if they did not all agree on the same.
    pub srtp: Vec<String>,
    /// With `--switch`.
    pub switches: Option<Switches>,
    /// With `--record`: a file for each viewer that had a picture of H.264.
    pub recorded: Vec<Recorded>,
    /// With `--server-pid`.
    pub server: Option<Server>,
    /// What the load generator itself did wrong or used; if it lost packets, its verdict on the server is void.
    pub own: Own,
    /// The first few reasons for joins that failed.
    pub errors: Vec<String>,
}

/// Times from the beginning of the POST.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Joins {
    pub asked: u32,
    /// Refused, never connected, or never had a picture.
    pub failed: u32,
    pub created: Percentiles,
    pub connected: Percentiles,
    /// The first packet of the first video frame that a decoder could show.
    pub first_packet: Percentiles,
    /// The last one of it.
    pub first_frame: Percentiles,
    /// The server's CPU time for one join, from the POST to the connection. With `--silent` and `--server-pid` only: where
    /// media flows, it cannot be told from the cost of joining.
    pub server_cpu_ms: Option<f64>,
}

/// What the server asked of the publishers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Keyframes {
    /// By all publishers together, from the first viewer on.
    pub requests: u64,
    pub requests_per_second: f64,
    /// Whether they were met (`--no-keyframes-on-request` says no).
    pub answered: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Packets {
    /// By all publishers, while the viewers watched and before.
    pub sent: u64,
    /// By all viewers together.
    pub received: u64,
    /// Sent after a viewer's first and never seen by it.
    pub lost: u64,
    pub duplicated: u64,
    pub reordered: u64,
    /// Left out by the server on purpose: a viewer that was catching up went on with a newer keyframe, in unbroken numbers.
    pub skipped: u64,
    /// The payload's own hash does not match.
    pub corrupt: u64,
    /// From a publisher of another room, or none of ours.
    pub foreign: u64,
    /// Datagrams with an SSRC and sequence number that was used before: a breach of SRTP, which clients do not even show.
    pub numbers_used_twice: u64,
    /// Received per second while all watched.
    pub per_second: u64,
}

/// What light viewers told the server, and got for it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feedback {
    /// Receiver reports.
    pub reports: u64,
    /// Transport-wide feedback packets.
    pub transport: u64,
    /// Packets asked for, each time counted.
    pub nacked: u64,
    pub repaired: u64,
    /// Of packets that had come already, or that were never missing: probes.
    pub repairs_unneeded: u64,
    pub given_up: u64,
    pub keyframes_asked: u64,
}

/// Moves of viewers to other rooms.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Switches {
    pub asked: u64,
    pub refused: u64,
}

/// What a viewer got, in a file: H.264 as it came.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    pub file: String,
    pub pictures: u64,
    /// Packets that are not in it because they did not come.
    pub missing: u64,
    /// NAL units that are not in it because they did not come whole.
    pub torn: u64,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What the stream checker counted, over all viewers.
    pub errors: u64,
    pub verdicts: Vec<CheckVerdict>,
    pub frames: u64,
    pub keyframes: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckVerdict {
    pub kind: String,
    pub count: u64,
    /// How many viewers saw it.
    pub viewers: u32,
    /// In the checker's words, from the first viewer that saw it.
    pub example: String,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Percentiles {
    pub count: u64,
    pub p50_ms: f64,
    pub p95_ms: f64,
    pub p99_ms: f64,
    pub max_ms: f64,
}

/// How long packets were inside the server, by its own histogram; percentiles are interpolated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Inside {
    pub count: u64,
    pub p50_ms: f64,
    pub p99_ms: f64,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Server {
    pub pid: u32,
    /// User and system time, by packets received by viewers.
    pub cpu_us_per_packet: f64,
    /// Of one core.
    pub cpu_percent: f64,
    /// Growth since before the first viewer came.
    pub rss_kb_per_viewer: f64,
    pub rss_mb: f64,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Own {
    /// Arrived and did not fit our receive buffers.
    pub overflowed: u64,
    /// Packets that our kernel did not take from our publishers.
    pub not_sent: u64,
    /// Of one core. Near 100 times the number of cores, the machine and not the server is measured.
    pub cpu_percent: f64,
    /// Whether runs of datagrams were read as one (`--no-gro` says no).
    pub coalesced: bool,
}

impl From<&Histogram> for Percentiles {
    fn from(histogram: &Histogram) -> Percentiles {
        let ms = |duration: Option<Duration>| duration.unwrap_or_default().as_nanos() as f64 / 1e6;
        Percentiles {
            count: histogram.count(),
            p50_ms: ms(histogram.percentile(50.0)),
            p95_ms: ms(histogram.percentile(95.0)),
            p99_ms: ms(histogram.percentile(99.0)),
            max_ms: ms(Some(histogram.max())),
        }
    }
}

impl std::ops::AddAssign for Feedback {
    fn add_assign(&mut self, other: Feedback) {
        self.reports += other.reports;
        self.transport += other.transport;
        self.nacked += other.nacked;
        self.repaired += other.repaired;
        self.repairs_unneeded += other.repairs_unneeded;
        self.given_up += other.given_up;
        self.keyframes_asked += other.keyframes_asked;
    }
}

impl Report {
    /// Fills in `clean`, from everything else.
    pub fn judged(self) -> Report {
        let p = self.packets;
        let wrong =
            p.lost + p.duplicated + p.reordered + p.corrupt + p.foreign + p.numbers_used_twice + self.check.errors;
        let nothing_came = self.viewers > 0 && p.received == 0 && !self.silent;
        Report { clean: wrong == 0 && self.joins.failed == 0 && self.errors.is_empty() && !nothing_came, ..self }
    }
}

impl fmt::Display for Percentiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.count == 0 {
            return f.write_str("none");
        }
        let Percentiles { count, p50_ms, p95_ms, p99_ms, max_ms } = self;
        write!(f, "p50 {p50_ms:.2} ms   p95 {p95_ms:.2} ms   p99 {p99_ms:.2} ms   max {max_ms:.2} ms   ({count})")
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = |name: &str, value: String| writeln!(f, "{name:<18}{value}");
        let publishers = if self.publishers == 1 { "publisher" } else { "publishers" };
        line(
            "load",
            format!(
                "{} {publishers}, {} viewers, {} at {} kbit/s, {:.1} s",
                self.publishers, self.viewers, self.codec, self.video_kbps, self.steady_seconds
            ),
        )?;
        line("joins", format!("{} asked, {} failed", self.joins.asked, self.joins.failed))?;
        line("  created", self.joins.created.to_string())?;
        line("  connected", self.joins.connected.to_string())?;
        line("  first packet", self.joins.first_packet.to_string())?;
        line("  first frame", self.joins.first_frame.to_string())?;
        let p = &self.packets;
        if let Some(server_cpu_ms) = self.joins.server_cpu_ms {
            line("  server CPU", format!("{server_cpu_ms:.3} ms per join"))?;
        }
        let Keyframes { requests, requests_per_second, answered } = self.keyframes;
        let met = if answered { "" } else { ", none answered" };
        line("keyframes", format!("{requests} asked of publishers, {requests_per_second:.2}/s{met}"))?;
        line("packets", format!("{} sent, {} received, {}/s", p.sent, p.received, p.per_second))?;
        line(
            "  wrong",
            format!(
                "{} lost, {} duplicated, {} reordered, {} corrupt, {} foreign, {} numbers used twice ({} skipped)",
                p.lost, p.duplicated, p.reordered, p.corrupt, p.foreign, p.numbers_used_twice, p.skipped
            ),
        )?;
        line(
            "checked",
            format!("{} frames, {} keyframes, {} errors", self.check.frames, self.check.keyframes, self.check.errors),
        )?;
        for verdict in &self.check.verdicts {
            let CheckVerdict { kind, count, viewers, example } = verdict;
            line("", format!("{kind}: {count} at {viewers} viewers, for example {example}"))?;
        }
        if let Some(Feedback { reports, transport, nacked, repaired, given_up, keyframes_asked, .. }) = self.feedback {
            line(
                "feedback",
                format!(
                    "{reports} reports, {transport} of arrivals, {nacked} packets asked for, {repaired} repaired, \
                     {given_up} given up, {keyframes_asked} keyframes asked for"
                ),
            )?;
        }
        if let Some(Switches { asked, refused }) = self.switches {
            line("switches", format!("{asked} asked, {refused} refused"))?;
        }
        for Recorded { file, pictures, missing, torn } in &self.recorded {
            line("recorded", format!("{pictures} pictures, {missing} packets missing, {torn} units torn, in {file}"))?;
        }
        line("forwarding delay", self.forwarding_delay.to_string())?;
        if let Some(Inside { count, p50_ms, p99_ms }) = self.inside {
            line(
                "  inside",
                format!("p50 {p50_ms:.2} ms   p99 {p99_ms:.2} ms   ({count}, by the server's own count)"),
            )?;
        }
        line("SRTP", self.srtp.join(", "))?;
        if let Some(server) = &self.server {
            line(
                "server",
                format!(
                    "{:.2} µs CPU per packet, {:.0} % of a core, {:.0} kB per viewer, {:.1} MB in all",
                    server.cpu_us_per_packet, server.cpu_percent, server.rss_kb_per_viewer, server.rss_mb
                ),
            )?;
        }
        line("load generator", format!("{:.0} % of a core", self.own.cpu_percent))?;
        if self.own.overflowed + self.own.not_sent > 0 {
            let Own { overflowed, not_sent, .. } = self.own;
            let warning = "it was too slow for this load, so losses above may be its own";
            line(
                "",
                format!("WARNING: {overflowed} datagrams overflowed its sockets, {not_sent} not sent: {warning}"),
            )?;
        }
        for error in &self.errors {
            line("error", error.clone())?;
        }
        line("verdict", if self.clean { "clean" } else { "NOT CLEAN" }.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Report {
        Report { viewers: 1, packets: Packets { sent: 5, received: 5, ..Packets::default() }, ..Report::default() }
    }

    #[test]
    fn each_single_fault_makes_a_run_unclean() {
        assert!(good().judged().clean);
        let faults: [fn(&mut Report); 10] = [
            |r| r.packets.lost = 1,
            |r| r.packets.duplicated = 1,
            |r| r.packets.reordered = 1,
            |r| r.packets.corrupt = 1,
            |r| r.packets.foreign = 1,
            |r| r.packets.numbers_used_twice = 1,
            |r| r.check.errors = 1,
            |r| r.joins.failed = 1,
            |r| r.packets.received = 0,
            |r| r.errors.push("refused".to_owned()),
        ];
        for fault in faults {
            let mut report = good();
            fault(&mut report);
            assert!(!report.judged().clean);
        }
    }

    #[test]
    fn a_report_survives_json_and_names_what_it_measured() {
        let report = good().judged();
        let json = serde_json::to_string(&report).unwrap();
        assert_eq!(serde_json::from_str::<Report>(&json).unwrap(), report);
        assert!(report.to_string().contains("0 lost, 0 duplicated, 0 reordered"), "{report}");
    }
}
