//! What a meeting of synthetic people found, for people (`Display`) and for scripts: the JSON field names are kept stable, new
//! ones may appear.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::gauges::Difference;
use crate::report::{Check, CheckVerdict, Percentiles};

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Everybody came in and saw and heard what they had to, and no bound was missed.
    pub clean: bool,
    pub url: String,
    pub meeting: String,
    pub people: u32,
    pub codec: String,
    pub video_kbps: u32,
    /// How long everybody was there; rates and costs are of this time only.
    pub steady_seconds: f64,
    pub joins: Joins,
    /// With `--pages`.
    pub turns: Option<Turns>,
    pub voices: Voices,
    pub check: Check,
    /// Frames after which a tile showed somebody else, without a whole key frame between.
    pub mixed: u64,
    /// Payloads whose own hash does not match.
    pub corrupt: u64,
    pub numbers_used_twice: u64,
    pub packets_received: u64,
    pub packets_per_second: u64,
    /// That the node asked of the people's cameras, and that their tiles asked of the node.
    pub keyframes_asked: u64,
    pub keyframes_asked_by_tiles: u64,
    /// With `--server-pid`.
    pub server: Option<Server>,
    pub own: Own,
    /// The first few of what went wrong.
    pub errors: Vec<String>,
}

/// Times from the beginning of `POST /meeting/join`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Joins {
    pub asked: u32,
    /// Not let in, not connected, or never shown a picture although somebody was there.
    pub failed: u32,
    /// To the ticket.
    pub ticket: Percentiles,
    /// To WELCOME.
    pub welcome: Percentiles,
    /// To the receiving connection.
    pub connected: Percentiles,
    /// To the first whole key frame. Of everybody but the first person, who has nobody to look at.
    pub picture: Percentiles,
    /// What the 95th percentile may be, if that was said.
    pub picture_p95_max_ms: Option<f64>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Turns {
    /// Until every tile of the page showed its person.
    pub page: Percentiles,
    /// Until one did.
    pub tile: Percentiles,
    /// Tiles that did not before the next page was turned to.
    pub missed: u64,
    /// Pictures that came in another slot than the server said.
    pub wrong_slot: u64,
}

/// For each person, each turn to speak and each of the loudest five.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Voices {
    pub right: u64,
    /// Of the five, and not heard.
    pub missing: u64,
    /// None of the five, and heard.
    pub wrong: u64,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Server {
    pub pid: u32,
    /// Of one core, while everybody was there.
    pub cpu_percent: f64,
    pub cpu_percent_per_person: f64,
    pub cpu_us_per_packet: f64,
    /// Growth since before the first came.
    pub rss_kb_per_person: f64,
    pub rss_mb: f64,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Own {
    /// Arrived and did not fit our receive buffers.
    pub overflowed: u64,
    pub not_sent: u64,
    /// Of one core.
    pub cpu_percent: f64,
}

/// Of joins and leaves, and whether a node is after them what it was before.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CyclesReport {
    /// Every gauge stands where it stood, and everybody was let in.
    pub clean: bool,
    pub url: String,
    pub cycles: u32,
    pub meetings: u32,
    pub seconds: f64,
    /// How many did what.
    pub ways: Vec<(String, u32)>,
    pub failed: u32,
    pub welcome: Percentiles,
    /// How long it took until everything was back, graces included.
    pub settle_seconds: f64,
    /// Gauges that were compared, twice: with hosts alone in their meetings, and with nobody anywhere.
    pub gauges: usize,
    pub differences: Vec<Difference>,
    /// With `--server-pid`. Memory is told, and not held to anything: an allocator keeps what it had.
    pub rss_mb_before: Option<f64>,
    pub rss_mb_after: Option<f64>,
    pub server_cpu_ms_per_cycle: Option<f64>,
    pub errors: Vec<String>,
}

impl Report {
    /// Fills in `clean`, from everything else.
    pub fn judged(self) -> Report {
        let turns = self.turns.unwrap_or_default();
        let wrong = [
            self.joins.failed.into(),
            self.check.errors,
            self.voices.missing,
            self.voices.wrong,
            self.mixed,
            self.corrupt,
            self.numbers_used_twice,
            turns.missed,
            turns.wrong_slot,
        ];
        let late = self.joins.picture_p95_max_ms.is_some_and(|max| self.joins.picture.p95_ms > max);
        let nothing_came = self.people > 1 && (self.packets_received == 0 || self.voices.right == 0);
        let turned = self.turns.is_none_or(|turns| turns.page.count > 0);
        let clean = wrong.iter().sum::<u64>() == 0 && self.errors.is_empty() && !late && !nothing_came && turned;
        Report { clean, ..self }
    }
}

impl CyclesReport {
    pub fn judged(self) -> CyclesReport {
        let clean = self.failed == 0 && self.differences.is_empty() && self.errors.is_empty() && self.gauges > 0;
        CyclesReport { clean, ..self }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = |name: &str, value: String| writeln!(f, "{name:<18}{value}");
        let Report { people, meeting, codec, video_kbps, steady_seconds, .. } = self;
        line("meeting", format!("{meeting}: {people} people, {codec} at {video_kbps} kbit/s, {steady_seconds:.1} s"))?;
        line("joins", format!("{} asked, {} failed", self.joins.asked, self.joins.failed))?;
        line("  ticket", self.joins.ticket.to_string())?;
        line("  welcome", self.joins.welcome.to_string())?;
        line("  connected", self.joins.connected.to_string())?;
        line("  picture", self.joins.picture.to_string())?;
        if let Some(max) = self.joins.picture_p95_max_ms {
            line("", format!("p95 may be {max:.0} ms"))?;
        }
        if let Some(Turns { page, tile, missed, wrong_slot }) = self.turns {
            line("pages turned", page.to_string())?;
            line("  a tile", tile.to_string())?;
            line("", format!("{missed} tiles missed, {wrong_slot} in a wrong slot"))?;
        }
        let Voices { right, missing, wrong } = self.voices;
        line(
            "voices",
            format!("{right} right, {missing} missing, {wrong} of people who are not among the loudest five"),
        )?;
        line("packets", format!("{} received, {}/s", self.packets_received, self.packets_per_second))?;
        line(
            "  wrong",
            format!(
                "{} mixed pictures, {} corrupt, {} numbers used twice",
                self.mixed, self.corrupt, self.numbers_used_twice
            ),
        )?;
        let Check { errors, frames, keyframes, .. } = self.check;
        line("checked", format!("{frames} frames, {keyframes} keyframes, {errors} errors"))?;
        for CheckVerdict { kind, count, viewers, example } in &self.check.verdicts {
            line("", format!("{kind}: {count} at {viewers} people, for example {example}"))?;
        }
        let (cameras, tiles) = (self.keyframes_asked, self.keyframes_asked_by_tiles);
        line("keyframes", format!("{cameras} asked of cameras, {tiles} by tiles"))?;
        if let Some(server) = &self.server {
            line(
                "server",
                format!(
                    "{:.2} % of a core and {:.0} kB per person, {:.0} % in all ({:.2} µs per packet), {:.1} MB",
                    server.cpu_percent_per_person,
                    server.rss_kb_per_person,
                    server.cpu_percent,
                    server.cpu_us_per_packet,
                    server.rss_mb
                ),
            )?;
        }
        line("load generator", format!("{:.0} % of a core", self.own.cpu_percent))?;
        let Own { overflowed, not_sent, .. } = self.own;
        if overflowed + not_sent > 0 {
            let warning = "it was too slow for this load, so errors above may be its own";
            line(
                "",
                format!("WARNING: {overflowed} datagrams overflowed its sockets, {not_sent} not sent: {warning}"),
            )?;
        }
        for error in &self.errors {
            line("error", error.clone())?;
        }
        line("verdict", verdict(self.clean))
    }
}

impl fmt::Display for CyclesReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = |name: &str, value: String| writeln!(f, "{name:<18}{value}");
        let CyclesReport { cycles, meetings, seconds, failed, .. } = self;
        line("cycles", format!("{cycles} in {meetings} meetings, {failed} failed, {seconds:.1} s"))?;
        for (way, count) in &self.ways {
            line("", format!("{count} {way}"))?;
        }
        line("  welcome", self.welcome.to_string())?;
        line("gauges", format!("{} compared, back after {:.1} s", self.gauges, self.settle_seconds))?;
        for Difference { moment, gauge, before, after } in &self.differences {
            line("  different", format!("{moment}: {gauge} was {before} and is {after}"))?;
        }
        if let (Some(before), Some(after)) = (self.rss_mb_before, self.rss_mb_after) {
            line("server", format!("{before:.1} MB before, {after:.1} MB after"))?;
        }
        if let Some(ms) = self.server_cpu_ms_per_cycle {
            line("", format!("{ms:.2} ms of CPU for each join and leave"))?;
        }
        for error in &self.errors {
            line("error", error.clone())?;
        }
        line("verdict", verdict(self.clean))
    }
}

fn verdict(clean: bool) -> String {
    if clean { "clean" } else { "NOT CLEAN" }.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Report {
        let voices = Voices { right: 5, ..Voices::default() };
        let page = Percentiles { count: 3, ..Percentiles::default() };
        let picture = Percentiles { count: 1, p95_ms: 400.0, ..Percentiles::default() };
        let joins = Joins { asked: 2, picture, picture_p95_max_ms: Some(500.0), ..Joins::default() };
        let turns = Some(Turns { page, ..Turns::default() });
        Report { people: 2, packets_received: 9, voices, joins, turns, ..Report::default() }
    }

    #[test]
    fn each_single_fault_makes_a_meeting_unclean() {
        assert!(good().judged().clean);
        let faults: [fn(&mut Report); 14] = [
            |r| r.joins.failed = 1,
            |r| r.joins.picture.p95_ms = 501.0,
            |r| r.check.errors = 1,
            |r| r.voices.missing = 1,
            |r| r.voices.wrong = 1,
            |r| r.voices.right = 0,
            |r| r.mixed = 1,
            |r| r.corrupt = 1,
            |r| r.numbers_used_twice = 1,
            |r| r.packets_received = 0,
            |r| r.turns = Some(Turns::default()),
            |r| r.turns.as_mut().unwrap().missed = 1,
            |r| r.turns.as_mut().unwrap().wrong_slot = 1,
            |r| r.errors.push("refused".to_owned()),
        ];
        for fault in faults {
            let mut report = good();
            fault(&mut report);
            assert!(!report.judged().clean);
        }
    }

    #[test]
    fn a_gauge_that_is_not_back_makes_cycles_unclean_and_is_named() {
        let report = CyclesReport { gauges: 40, ..CyclesReport::default() }.judged();
        assert!(report.clean);
        let (moment, gauge) = ("with hosts alone".to_owned(), "weir_timers{worker=\"0\"}".to_owned());
        let differences = vec![Difference { moment, gauge, before: 3.0, after: 4.0 }];
        let report = CyclesReport { differences, ..report }.judged();
        assert!(!report.clean && report.to_string().contains("weir_timers{worker=\"0\"} was 3 and is 4"), "{report}");
        assert!(!CyclesReport::default().judged().clean, "nothing was compared");
    }
}
