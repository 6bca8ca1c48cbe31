//! `weir idle-clip`: what viewers see while nothing comes in, made from a video or a picture, looked at, and taken out again.

use std::fmt::Write as _;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context as _, Result, anyhow, bail};
use clap::{Args, Subcommand};
use media::clip::coded::{HEIGHT_MAX, WIDTH_MAX};
use media::clip::{Coded, FILE_LEN_MAX, Reel, ivf};

use crate::config::read_clip;
use crate::output::print;

#[derive(Debug, Subcommand)]
pub enum IdleClipCommand {
    /// Make a clip for [stream] idle_clip from a video or a picture, with ffmpeg; without one, write the built-in clip
    Make(Make),
    /// Say what is in a clip, or in the built-in one
    Show {
        /// A clip that `make` has made
        file: Option<PathBuf>,
    },
    /// Take a clip's stream out of it, or the built-in one's, for other programs
    Export(Export),
}

#[derive(Debug, Args)]
pub struct Make {
    /// A video, of which the first seconds are taken, or a picture; anything that ffmpeg reads
    file: Option<PathBuf>,
    /// Where to write the clip, as in idle.weirclip
    #[arg(short, long, value_name = "OUT")]
    output: PathBuf,
    /// Seconds of the video to take
    #[arg(long, value_name = "S", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=10))]
    seconds: u32,
    /// Pictures a second
    #[arg(long, value_name = "N", default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..=30))]
    fps: u32,
    /// Kilobits a second, of each codec. All viewers of a silent room get them
    #[arg(long, value_name = "KBPS", default_value_t = 500, value_parser = clap::value_parser!(u32).range(50..=1000))]
    kbps: u32,
    /// The ffmpeg to run; it needs libx264 and libvpx
    #[arg(long, value_name = "PROGRAM", default_value = "ffmpeg")]
    ffmpeg: PathBuf,
}

#[derive(Debug, Args)]
pub struct Export {
    /// A clip that `make` has made
    file: Option<PathBuf>,
    /// .h264 for H.264 (annex B), .ivf for VP8, .y4m for the built-in clip's pictures before they were encoded
    #[arg(short, long, value_name = "OUT")]
    output: PathBuf,
}

/// A picture does not move: two seconds of it, at a rate that costs nothing.
const STILL_SECONDS: u32 = 2;
const STILL_FPS: u32 = 5;
const STILLS: &[&str] = &["png", "jpg", "jpeg", "webp", "bmp", "tif", "tiff"];
/// Seconds between key frames: who comes in waits half of it on average.
const KEY_FRAME_S: u32 = 2;

pub fn run(command: IdleClipCommand) -> Result<ExitCode> {
    match command {
        IdleClipCommand::Make(args) => make(&args),
        IdleClipCommand::Show { file } => print(&words(file.as_deref(), &read(file.as_deref())?)),
        IdleClipCommand::Export(args) => export(&args),
    }
}

fn make(args: &Make) -> Result<ExitCode> {
    let coded = match &args.file {
        Some(file) => encode(args, file)?,
        None => Coded::builtin(),
    };
    let bytes = coded.write();
    if bytes.len() > FILE_LEN_MAX {
        bail!("the clip would have {} bytes and may have {FILE_LEN_MAX}; lower --kbps or --seconds", bytes.len());
    }
    write(&args.output, &bytes)?;
    print(&words(Some(&args.output), &coded))
}

fn encode(args: &Make, file: &Path) -> Result<Coded> {
    if !file.is_file() {
        bail!("there is no file {}", file.display());
    }
    let still = file
        .extension()
        .and_then(|end| end.to_str())
        .is_some_and(|end| STILLS.iter().any(|still| still.eq_ignore_ascii_case(end)));
    let (fps, seconds) = if still { (STILL_FPS, STILL_SECONDS) } else { (args.fps, args.seconds) };
    let gap = (fps * KEY_FRAME_S).to_string();
    let rate = format!("{}k", args.kbps);
    // Both hold the rate within one group of pictures, and reorder nothing.
    let rate = ["-b:v", &rate, "-maxrate", &rate, "-bufsize", &rate, "-g", &gap, "-keyint_min", &gap];
    let h264 = [&["-c:v", "libx264", "-profile:v", "baseline", "-level", "3.1", "-preset", "slow"][..], &rate].concat();
    let h264 = [&h264[..], &["-bf", "0", "-refs", "1", "-sc_threshold", "0", "-f", "h264"]].concat();
    let vp8 = [&["-c:v", "libvpx", "-auto-alt-ref", "0", "-lag-in-frames", "0"][..], &rate].concat();
    let vp8 = [&vp8[..], &["-deadline", "good", "-cpu-used", "2", "-f", "ivf"]].concat();
    let stream = |codec: &[&str]| ffmpeg(&args.ffmpeg, file, still, fps, fps * seconds, codec);
    Coded::from_streams(&stream(&h264)?, &stream(&vp8)?, 90_000 / fps)
        .with_context(|| format!("what ffmpeg made of {}", file.display()))
}

/// What ffmpeg writes when it encodes the file's first pictures.
fn ffmpeg(program: &Path, file: &Path, still: bool, fps: u32, frames: u32, codec: &[&str]) -> Result<Vec<u8>> {
    let filter = format!(
        "fps={fps},scale=w='min({WIDTH_MAX},iw)':h='min({HEIGHT_MAX},ih)':force_original_aspect_ratio=decrease:\
         force_divisible_by=2,setsar=1,format=yuv420p"
    );
    let mut command = Command::new(program);
    command.args(["-hide_banner", "-nostdin", "-loglevel", "error"]);
    if still {
        command.args(["-loop", "1"]);
    }
    command.arg("-i").arg(file).args(["-map", "0:v:0", "-an", "-vf", &filter, "-frames:v", &frames.to_string()]);
    command.args(codec).arg("pipe:1").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| match error.kind() {
        ErrorKind::NotFound => anyhow!("{} is not there; install ffmpeg, or name one with --ffmpeg", program.display()),
        _ => anyhow!(error).context(format!("starting {}", program.display())),
    })?;
    let mut complaints = child.stderr.take().expect("it was asked for");
    // Read beside the stream: a full pipe would stop ffmpeg.
    let complaints = std::thread::spawn(move || {
        let mut text = Vec::new();
        let _ = complaints.read_to_end(&mut text);
        String::from_utf8_lossy(&text).into_owned()
    });
    let mut stream = Vec::new();
    let stdout = child.stdout.take().expect("it was asked for");
    stdout.take(FILE_LEN_MAX as u64 + 1).read_to_end(&mut stream).context("reading what ffmpeg writes")?;
    if stream.len() > FILE_LEN_MAX {
        let _ = child.kill();
        let _ = child.wait();
        bail!("ffmpeg makes more than {FILE_LEN_MAX} bytes of {}; lower --kbps or --seconds", file.display());
    }
    let status = child.wait().context("waiting for ffmpeg")?;
    let complaints = complaints.join().unwrap_or_default();
    if !status.success() {
        let last = complaints.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it says nothing");
        bail!("ffmpeg cannot make a clip of {}: {last}", file.display());
    }
    Ok(stream)
}

fn export(args: &Export) -> Result<ExitCode> {
    let end = args.output.extension().and_then(|end| end.to_str()).unwrap_or_default();
    let bytes = match (end, &args.file) {
        ("h264" | "264", file) => {
            let coded = read(file.as_deref())?;
            coded.h264.frames().iter().flat_map(|frame| frame.data.iter().copied()).collect()
        }
        ("ivf", file) => ivf_of(&read(file.as_deref())?.vp8),
        ("y4m", None) => y4m_of_builtin(),
        ("y4m", Some(_)) => {
            bail!("a clip holds no pictures as they were before they were encoded; export .h264 or .ivf")
        }
        _ => bail!("{}: the name must end in .h264, .ivf or .y4m", args.output.display()),
    };
    write(&args.output, &bytes)?;
    Ok(ExitCode::SUCCESS)
}

fn ivf_of(reel: &Reel) -> Vec<u8> {
    let mut time = 0;
    let frames = reel.frames().iter().map(|frame| {
        let at = time;
        time += u64::from(frame.ticks);
        (at, &frame.data[..])
    });
    ivf::write(reel.width, reel.height, frames)
}

fn y4m_of_builtin() -> Vec<u8> {
    let (width, height, pictures) = Coded::builtin_pictures();
    let mut bytes = format!("YUV4MPEG2 W{width} H{height} F10:1 Ip A1:1 C420jpeg\n").into_bytes();
    for picture in pictures {
        bytes.extend_from_slice(b"FRAME\n");
        bytes.extend_from_slice(&picture);
    }
    bytes
}

fn read(file: Option<&Path>) -> Result<Coded> {
    match file {
        Some(path) => read_clip(path).map_err(|problem| anyhow!(problem)),
        None => Ok(Coded::builtin()),
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    std::fs::write(path, bytes).with_context(|| format!("writing {}", path.display()))
}

fn words(file: Option<&Path>, coded: &Coded) -> String {
    let mut text = file.map_or("the built-in clip".to_owned(), |file| file.display().to_string());
    text.push('\n');
    for reel in [&coded.h264, &coded.vp8] {
        let frames = reel.frames();
        let seconds = frames.iter().map(|frame| f64::from(frame.ticks)).sum::<f64>() / 90_000.0;
        let bytes: usize = frames.iter().map(|frame| frame.data.len()).sum();
        let largest = frames.iter().map(|frame| frame.data.len()).max().unwrap_or(0);
        let keys = frames.iter().filter(|frame| frame.keyframe).count();
        let kbps = bytes as f64 * 8.0 / 1000.0 / seconds;
        let (codec, width, height) = (reel.codec.name(), reel.width, reel.height);
        let _ = writeln!(
            text,
            "  {codec:4}  {width}x{height}, {} pictures in {seconds:.1} s, {keys} of them key frames, {kbps:.0} kbit/s, \
             the largest {largest} bytes",
            frames.len()
        );
    }
    text
}
