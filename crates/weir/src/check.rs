//! `weir check`: a decoder's opinion of a capture, stream by stream.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use media::capture::{Content, Options, StreamReport};
use media::{Codec, capture, ext};
use serde::Serialize;

use crate::output::{self, print};

#[derive(Debug, Args)]
pub struct Check {
    /// A pcap or pcapng file (tcpdump, Wireshark) or a binary rtpdump file, unencrypted RTP in it
    file: PathBuf,
    /// What a payload type carries, as in 96=vp8; what is not named is guessed
    #[arg(long, value_name = "PT=CODEC", value_parser = payload_type)]
    codec: Vec<(u8, Codec)>,
    /// Header extension id of the dependency descriptor
    #[arg(long, value_name = "ID", value_parser = clap::value_parser!(u8).range(1..))]
    dependency_descriptor: Option<u8>,
    /// Leave streams of fewer packets out
    #[arg(long, value_name = "N", default_value_t = 10)]
    packets_min: usize,
    /// Print the verdicts as JSON
    #[arg(long)]
    json: bool,
}

/// No stream was checked. Not the exit code for "not clean", which is a verdict.
const NO_VERDICT: u8 = 2;

/// The exit code is 0 when every stream is clean, 1 when one is not, 2 when there was nothing to judge.
pub fn run(args: &Check) -> Result<ExitCode> {
    let streams = match streams(args) {
        Ok(streams) => streams,
        Err(error) => {
            eprintln!("weir: {error:#}");
            return Ok(ExitCode::from(NO_VERDICT));
        }
    };
    let clean = streams.iter().all(|stream| stream.report.is_clean());
    if args.json {
        let streams = streams.iter().map(Stream::from).collect();
        output::json(&Verdicts { file: args.file.display().to_string(), clean, streams })?;
    } else {
        print(&words(&streams))?;
    }
    Ok(output::verdict(clean))
}

fn streams(args: &Check) -> Result<Vec<StreamReport>> {
    let file = args.file.display();
    let bytes = std::fs::read(&args.file).with_context(|| format!("reading {file}"))?;
    let mut extensions = ext::Map::new();
    if let Some(id) = args.dependency_descriptor {
        extensions.set(ext::Kind::DependencyDescriptor, id);
    }
    let payload_types: BTreeMap<u8, Codec> = args.codec.iter().copied().collect();
    let options = Options { payload_types, extensions, packets_min: args.packets_min };
    let streams = capture::check(&bytes, &options).with_context(|| format!("reading {file}"))?;
    if streams.is_empty() {
        bail!("{file} holds no RTP stream of {} packets or more", args.packets_min);
    }
    Ok(streams)
}

fn payload_type(text: &str) -> Result<(u8, Codec), String> {
    let problem = "write PT=CODEC, as in 96=vp8; the codecs are vp8, vp9, h264, h265, av1 and opus";
    let (number, name) = text.split_once('=').ok_or(problem)?;
    let number = number.trim().parse().ok().filter(|n| *n < 128).ok_or(problem)?;
    let codec = Codec::ALL.into_iter().find(|codec| codec.name().eq_ignore_ascii_case(name.trim())).ok_or(problem)?;
    Ok((number, codec))
}

fn words(streams: &[StreamReport]) -> String {
    let mut text = String::new();
    for stream in streams {
        let report = &stream.report;
        let what = match stream.content {
            Content::Given(codec) => codec.to_string(),
            Content::Guessed(codec) => format!("{codec} (guessed; --codec {}={codec} says so)", pt(stream)),
            Content::Retransmission { of } => format!("retransmissions of {of:#010x}"),
            Content::Unknown => {
                format!("an unknown codec, or encrypted: only the sequence is checked (--codec {}=…)", pt(stream))
            }
            Content::Cut => "packets cut by the capture: only the sequence is checked".to_owned(),
        };
        let to = stream.destination.map_or(String::new(), |to| format!(" to {to}"));
        let seconds = report.duration.as_secs_f64();
        let kbps = report.payload_bytes as f64 * 8.0 / 1000.0 / seconds.max(0.001);
        let _ = writeln!(text, "{:#010x}  {what}", stream.ssrc);
        let _ = writeln!(text, "            from {}{to}", stream.source);
        let _ = write!(text, "            {} packets in {seconds:.1} s, {kbps:.0} kbit/s", report.packets);
        if report.codec.is_some() {
            let _ = write!(text, ", {} frames, {} keyframes", report.frames, report.keyframes);
        }
        let _ = writeln!(text);
        for verdict in &report.verdicts {
            let _ = writeln!(text, "            {verdict}");
        }
        let _ = writeln!(text, "            {}", if report.is_clean() { "clean" } else { "NOT CLEAN" });
    }
    text
}

/// The one to name on the command line.
fn pt(stream: &StreamReport) -> u8 {
    stream.payload_types.first().copied().unwrap_or_default()
}

/// The JSON document; its names are kept stable.
#[derive(Debug, Serialize)]
struct Verdicts {
    file: String,
    clean: bool,
    streams: Vec<Stream>,
}

#[derive(Debug, Serialize)]
struct Stream {
    ssrc: u32,
    source: String,
    destination: Option<String>,
    payload_types: Vec<u8>,
    codec: Option<&'static str>,
    /// `given`, `guessed`, `retransmission`, `unknown`, `cut`.
    carries: &'static str,
    /// The stream that this one repairs.
    repairs: Option<u32>,
    clean: bool,
    packets: u64,
    payload_bytes: u64,
    frames: u64,
    keyframes: u64,
    seconds: f64,
    verdicts: Vec<Verdict>,
}

#[derive(Debug, Serialize)]
struct Verdict {
    kind: &'static str,
    count: u64,
    first_seq: u16,
    first_at_s: f64,
    detail: String,
}

impl From<&StreamReport> for Stream {
    fn from(stream: &StreamReport) -> Stream {
        let report = &stream.report;
        let (carries, repairs) = match stream.content {
            Content::Given(_) => ("given", None),
            Content::Guessed(_) => ("guessed", None),
            Content::Retransmission { of } => ("retransmission", Some(of)),
            Content::Unknown => ("unknown", None),
            Content::Cut => ("cut", None),
        };
        let verdict = |v: &media::check::Verdict| Verdict {
            kind: v.kind.name(),
            count: v.count,
            first_seq: v.first_seq.0,
            first_at_s: v.first_at.as_secs_f64(),
            detail: v.detail.clone(),
        };
        Stream {
            ssrc: stream.ssrc,
            source: stream.source.to_string(),
            destination: stream.destination.map(|to| to.to_string()),
            payload_types: stream.payload_types.clone(),
            codec: stream.content.codec().map(Codec::name),
            carries,
            repairs,
            clean: report.is_clean(),
            packets: report.packets,
            payload_bytes: report.payload_bytes,
            frames: report.frames,
            keyframes: report.keyframes,
            seconds: report.duration.as_secs_f64(),
            verdicts: report.verdicts.iter().map(verdict).collect(),
        }
    }
}
