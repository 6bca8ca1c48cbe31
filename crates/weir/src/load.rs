//! `weir load`: publishers and viewers for a server, people for a meeting, or datagrams that nobody should send it.

mod meeting;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use dial::Url;
use loadgen::hostile;
use loadgen::load::{self, Weight};
use loadgen::udp::Coalesce;
use media::Codec;

use crate::output::{self, print};

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Load {
    #[command(subcommand)]
    what: Option<What>,
    /// The server; /whip/ROOM and /whep/ROOM are appended. With --signalling janus its REST API, as http://HOST:8088/janus
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    url: Url,
    /// How to join: whip (and WHEP), or janus for the VideoRoom of a Janus
    #[arg(long, default_value = "whip", value_parser = signalling)]
    signalling: load::Server,
    /// The first publisher's room; further ones get ROOM-2, ROOM-3, …
    #[arg(long, default_value = "load")]
    room: String,
    /// With 0, viewers watch what somebody else publishes, and only the stream checker judges
    #[arg(long, value_name = "N", default_value_t = 1)]
    publishers: u32,
    /// Dealt out to the rooms in turn
    #[arg(long, value_name = "N", default_value_t = 10)]
    viewers: u32,
    /// How long everybody watches, after the last viewer has joined
    #[arg(long, value_name = "S", default_value_t = 10)]
    seconds: u64,
    /// Between the last viewer's first picture and the time that is measured
    #[arg(long, value_name = "MS", default_value_t = 500)]
    settle_ms: u64,
    /// Video codec: vp8, vp9, h264 or av1
    #[arg(long, default_value = "vp8", value_parser = video_codec)]
    codec: Codec,
    #[arg(long, value_name = "KBPS", default_value_t = 2500)]
    video_kbps: u32,
    #[arg(long, value_name = "N", default_value_t = 30)]
    video_fps: u32,
    /// Frames from one keyframe to the next, when nobody asks for one
    #[arg(long, value_name = "FRAMES", default_value_t = 300)]
    keyframe_interval: u32,
    /// Seconds from one keyframe to the next, instead of --keyframe-interval
    #[arg(long, value_name = "S", conflicts_with = "keyframe_interval")]
    gop_s: Option<u32>,
    /// Publishers make no keyframe because they are asked for one; the report counts the requests either way
    #[arg(long)]
    no_keyframes_on_request: bool,
    /// So many light viewers join within --over seconds, beginning in the middle of a group of pictures: how long each waits
    /// for its picture, and how often the publisher is asked for keyframes
    #[arg(long, value_name = "N", conflicts_with_all = ["viewers", "joins_per_second", "silent"])]
    join_storm: Option<u32>,
    #[arg(long, value_name = "S", default_value_t = 3.0, requires = "join_storm")]
    over: f64,
    /// Publish no audio
    #[arg(long)]
    no_audio: bool,
    /// Publishers fall silent before viewers come: measures what a join costs the server, with --server-pid
    #[arg(long)]
    silent: bool,
    /// Bearer token for all of them
    #[arg(long, env = "WEIR_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Viewers that start to join per second
    #[arg(long, value_name = "N", default_value_t = 100)]
    joins_per_second: u32,
    /// The server's process on this machine, to measure its CPU time and memory
    #[arg(long, value_name = "PID")]
    server_pid: Option<u32>,
    /// Threads for viewers; half of the cores if absent
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Cheap viewers: media and reports by Weir's own parts instead of the independent WebRTC library of full viewers, so
    /// that nearly twice as many fit on a core. They check and report the same; only one opinion less is heard
    #[arg(long)]
    light: bool,
    /// Take datagrams one by one, as a network card without offloads delivers them
    #[arg(long)]
    no_gro: bool,
    /// Leave what each viewer gets of H.264 in this folder, as it comes and with nothing mended: viewer-0.h264, viewer-1.h264, …,
    /// which ffmpeg reads
    #[arg(long, value_name = "FOLDER")]
    record: Option<PathBuf>,
    /// Move every viewer through these rooms, separated by commas, while everybody watches; with --publishers 0
    #[arg(long, value_name = "ROOMS", value_delimiter = ',')]
    switch: Vec<String>,
    #[arg(long, value_name = "MS", default_value_t = 1000, requires = "switch")]
    switch_ms: u64,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    hostile: Hostile,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Synthetic people in a meeting, who see and hear each other and say whether it was right
    Meeting(meeting::Meeting),
}

/// Instead of a load: mutated datagrams at a media port.
#[derive(Debug, Args)]
#[command(next_help_heading = "Hostile input instead of a load")]
struct Hostile {
    /// Send malformed datagrams to this media port, which must be on loopback
    #[arg(long, value_name = "ADDR:PORT")]
    hostile: Option<SocketAddr>,
    #[arg(long, value_name = "N", default_value_t = 100_000, requires = "hostile")]
    datagrams: u64,
    /// At most; a slower machine sends slower
    #[arg(long, value_name = "N", default_value_t = 50_000, requires = "hostile")]
    per_second: u32,
    /// The same seed sends the same
    #[arg(long, default_value_t = 1, requires = "hostile")]
    seed: u64,
    /// ICE user name from a session's answer, to get past the front door
    #[arg(long, value_name = "UFRAG", requires = "hostile")]
    ufrag: Option<String>,
}

/// The exit code says whether every viewer had every packet, once, in order, and decodable.
pub fn run(args: Load) -> Result<ExitCode> {
    if let Some(What::Meeting(args)) = args.what {
        return meeting::run(args);
    }
    if let Some(target) = args.hostile.hostile {
        return attack(target, args.hostile, args.json);
    }
    if args.publishers == 0 && args.viewers == 0 {
        bail!("neither publishers nor viewers leaves nothing to do: --publishers N, --viewers N");
    }
    if args.publishers > 0 && !args.switch.is_empty() {
        bail!(
            "who moves sees packets of several publishers, and each of ours counts its own: --switch goes with --publishers 0"
        );
    }
    let mut options = load::Options::new(args.url, &args.room);
    options.server = args.signalling;
    options.publishers = args.publishers;
    options.viewers = args.viewers;
    options.duration = Duration::from_secs(args.seconds);
    options.settle = Duration::from_millis(args.settle_ms);
    options.codec = args.codec;
    options.video_kbps = args.video_kbps;
    options.video_fps = args.video_fps.max(1);
    options.keyframe_interval = args.keyframe_interval.max(1);
    options.audio = !args.no_audio;
    options.silent = args.silent;
    options.token = args.token;
    options.joins_per_second = args.joins_per_second.max(1);
    options.server_pid = args.server_pid;
    options.record = args.record;
    options.switch = args.switch;
    options.switch_every = Duration::from_millis(args.switch_ms.max(10));
    options.threads = args.threads.unwrap_or(options.threads).max(1);
    options.coalesce = if args.no_gro { Coalesce::No } else { Coalesce::Yes };
    if let Some(seconds) = args.gop_s {
        options.keyframe_interval = seconds.saturating_mul(options.video_fps).max(1);
    }
    options.keyframes_on_request = !args.no_keyframes_on_request;
    if let Some(storm) = args.join_storm {
        options.viewers = storm;
        options.joins_per_second = (f64::from(storm) / args.over.clamp(0.1, 3600.0)).ceil() as u32;
        let gop = Duration::from_secs_f64(f64::from(options.keyframe_interval) / f64::from(options.video_fps));
        // Half of them join in the first half of it, and the last have caught up before it ends.
        options.lead = options.lead.max(gop.saturating_sub(Duration::from_secs_f64(args.over.clamp(0.1, 3600.0))) / 2);
    }
    options.weight = if args.light || args.join_storm.is_some() { Weight::Light } else { Weight::Full };
    let report = load::run(options)?;
    if args.json {
        output::json(&report)?;
    } else {
        print(&report.to_string())?;
    }
    Ok(output::verdict(report.clean))
}

fn attack(target: SocketAddr, args: Hostile, json: bool) -> Result<ExitCode> {
    let mut options = hostile::Options::new(target, args.datagrams);
    options.per_second = args.per_second;
    options.seed = args.seed;
    options.ufrag = args.ufrag;
    let report = hostile::run(&options, |_| {})?;
    if json {
        return output::json(&report);
    }
    let hostile::Report { sent, not_sent, stun, dtls, rtp, rtcp, junk, answers, seconds, .. } = report;
    print(&format!(
        "{sent} datagrams sent in {seconds:.1} s ({stun} STUN, {dtls} DTLS, {rtp} RTP, {rtcp} RTCP, {junk} noise), \
         {not_sent} not taken by the kernel, {answers} answers\n"
    ))
}

fn video_codec(text: &str) -> Result<Codec, String> {
    Codec::ALL
        .into_iter()
        .find(|codec| codec.name().eq_ignore_ascii_case(text) && codec.kind() == media::Kind::Video)
        .ok_or_else(|| "write vp8, vp9, h264 or av1".to_owned())
}

fn signalling(text: &str) -> Result<load::Server, String> {
    match text {
        "whip" => Ok(load::Server::Whip),
        "janus" => Ok(load::Server::Janus),
        _ => Err("write whip or janus".to_owned()),
    }
}
