//! `weir load meeting`: people who meet, or who come and go ten thousand times.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, bail};
use clap::Args;
use dial::Url;
use loadgen::meeting::{self, CycleOptions, Options, Venue};
use media::Codec;

use super::video_codec;
use crate::output::{self, print};

#[derive(Debug, Args)]
pub struct Meeting {
    /// The node
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    url: Url,
    /// The meeting that they join; without it one is made, and ended when all is over
    #[arg(long, value_name = "ID")]
    meeting: Option<String>,
    /// How many people. They are called Synthetic 1, Synthetic 2, …, and the first is the host of a meeting that is made here
    #[arg(long, value_name = "N", default_value_t = 10)]
    people: u32,
    /// How long everybody is there, after the last has joined
    #[arg(long, value_name = "S", default_value_t = 10)]
    seconds: u64,
    /// People that start to join per second
    #[arg(long, value_name = "N", default_value_t = 10)]
    joins_per_second: u32,
    /// Everybody turns the pages of their gallery; how long each page takes is in the report
    #[arg(long)]
    pages: bool,
    #[arg(long, value_name = "MS", default_value_t = 2000, requires = "pages")]
    page_ms: u64,
    /// Pictures on a page, 1 to 49
    #[arg(long, value_name = "N", default_value_t = 25, value_parser = clap::value_parser!(u32).range(1..=49))]
    tiles: u32,
    /// Video codec: vp8, vp9, h264 or av1
    #[arg(long, default_value = "vp8", value_parser = video_codec)]
    codec: Codec,
    #[arg(long, value_name = "KBPS", default_value_t = 150)]
    video_kbps: u32,
    #[arg(long, value_name = "N", default_value_t = 15)]
    video_fps: u32,
    /// Send pictures that a browser can show, each person's number on a ground of their own, instead of noise: VP8, some 20 kbit/s
    #[arg(long, conflicts_with_all = ["video_kbps", "video_fps"])]
    drawn: bool,
    /// How long the same five people speak; the first three seconds, while one gives way to the next, are not judged
    #[arg(long, value_name = "S", default_value_t = 5, value_parser = clap::value_parser!(u64).range(4..))]
    speak_s: u64,
    /// Not clean if the 95th percentile of joins, from POST to the first whole picture, is more than this
    #[arg(long, value_name = "MS")]
    join_p95_ms: Option<u64>,
    /// Instead of a meeting that is looked at: so many people join and leave in all the ways in which people do, and then every
    /// gauge in the node's /metrics has to be what it was
    #[arg(long, value_name = "N", conflicts_with_all = ["meeting", "pages", "people"])]
    cycles: Option<u32>,
    /// With --cycles: people who are on their way at the same time
    #[arg(long, value_name = "N", default_value_t = 32, requires = "cycles")]
    at_once: u32,
    /// With --cycles: meetings that they are dealt out to
    #[arg(long, value_name = "N", default_value_t = 8, requires = "cycles")]
    meetings: u32,
    /// Of a login, by which the meeting is made and the first person comes in; without it an account is signed up
    #[arg(long, env = "WEIR_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// The server's process on this machine, to measure its CPU time and memory
    #[arg(long, value_name = "PID")]
    server_pid: Option<u32>,
    /// Threads for those who receive; half of the cores if absent
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

pub fn run(args: Meeting) -> Result<ExitCode> {
    let threads = || std::thread::available_parallelism().map_or(1, |cores| cores.get().div_ceil(2));
    let threads = args.threads.unwrap_or_else(threads).max(1);
    let mut venue = Venue::new(args.url);
    venue.meeting = args.meeting;
    venue.token = args.token;
    venue.server_pid = args.server_pid;
    if let Some(cycles) = args.cycles {
        let mut options = CycleOptions::new(venue, cycles);
        (options.at_once, options.meetings, options.threads) = (args.at_once, args.meetings, threads);
        let report = meeting::run_cycles(options)?;
        if args.json {
            output::json(&report)?;
        } else {
            print(&report.to_string())?;
        }
        return Ok(output::verdict(report.clean));
    }
    if args.people == 0 {
        bail!("a meeting without people leaves nothing to do: --people N");
    }
    if args.pages && venue.meeting.is_none() && args.people <= args.tiles + 1 {
        bail!(
            "everybody fits on one page of {}, so there is none to turn to: more --people, or fewer --tiles",
            args.tiles
        );
    }
    if args.drawn && args.codec != Codec::Vp8 {
        bail!("pictures are drawn in VP8 only: leave out --codec, or --drawn");
    }
    let mut options = Options::new(venue);
    options.people = args.people;
    options.duration = Duration::from_secs(args.seconds);
    options.joins_per_second = args.joins_per_second;
    options.tiles = args.tiles as usize;
    options.turn_every = args.pages.then(|| Duration::from_millis(args.page_ms.max(100)));
    (options.codec, options.drawn) = (args.codec, args.drawn);
    (options.video_kbps, options.video_fps) = (args.video_kbps, args.video_fps.max(1));
    options.turn_to_speak = Duration::from_secs(args.speak_s);
    options.join_p95_max = args.join_p95_ms.map(Duration::from_millis);
    options.threads = threads;
    let report = meeting::run(options)?;
    if args.json {
        output::json(&report)?;
    } else {
        print(&report.to_string())?;
    }
    Ok(output::verdict(report.clean))
}
