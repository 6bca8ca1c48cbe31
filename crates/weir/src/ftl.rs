//! `weir ftl`: a client of the legacy ingest, for tests and for trying it out without OBS.

mod convert;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use clap::{Args, Subcommand};
use ftl::Key;
use ftl::client::{Client, Clip, Loop, PORT, Tracks, play};

use crate::output::print;

use convert::{Converted, Form};

#[derive(Debug, Subcommand)]
pub enum FtlCommand {
    /// Stream a file to an FTL server in real time
    Send(Send),
}

#[derive(Debug, Args)]
pub struct Send {
    /// An H.264 byte stream (.h264), an Ogg Opus file (.opus), or one of each; anything else goes through ffmpeg first
    #[arg(required = true, num_args = 1..=2)]
    files: Vec<PathBuf>,
    /// The server; its port is 8084 if you name none
    #[arg(long, value_name = "HOST[:PORT]")]
    to: String,
    /// The stream key, CHANNEL-SECRET
    #[arg(long, value_name = "CHANNEL-SECRET", value_parser = key)]
    key: Key,
    /// Begin again at the end, until it is stopped
    #[arg(long = "loop")]
    looped: bool,
    /// Pictures per second of an H.264 byte stream, which does not say it itself
    #[arg(long, value_name = "N", default_value_t = 30.0, value_parser = frames_per_second)]
    fps: f64,
}

pub fn run(command: FtlCommand) -> Result<ExitCode> {
    let FtlCommand::Send(send) = command;
    let clip = send.clip()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("starting a runtime")?;
    runtime.block_on(send.stream(&clip))
}

impl Send {
    async fn stream(self, clip: &Clip) -> Result<ExitCode> {
        let server = resolve(&self.to).await?;
        let tracks = Tracks { video: !clip.video.is_empty(), audio: !clip.audio.is_empty() };
        let client = Client::connect(server, &self.key, tracks).await.context("the stream was not begun")?;
        print(&format!("streaming to {server}, channel {}\n", self.key.channel))?;
        let stopped = async { drop(tokio::signal::ctrl_c().await) };
        let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        let stop = async {
            tokio::select! {
                () = stopped => {}
                _ = terminate.recv() => {}
            }
        };
        let rounds = if self.looped { Loop::Forever } else { Loop::Once };
        let played = play(client, clip, rounds, stop).await.context("the stream ended early")?;
        print(&format!("sent {} pictures in {} packets\n", played.pictures, played.packets))?;
        Ok(ExitCode::SUCCESS)
    }

    fn clip(&self) -> Result<Clip> {
        let mut clip = Clip::default();
        for file in &self.files {
            let shown = file.display();
            let bytes = std::fs::read(file).with_context(|| format!("reading {shown}"))?;
            clip = match Form::of(&bytes) {
                Some(Form::H264) => clip.with_video(&bytes, self.fps).with_context(|| shown.to_string())?,
                Some(Form::OggOpus) => clip.with_audio(&bytes).with_context(|| shown.to_string())?,
                None if self.files.len() > 1 => {
                    bail!(
                        "{shown} is neither an H.264 byte stream nor Ogg Opus; give it alone, and ffmpeg makes both of it"
                    )
                }
                None => self.convert(file)?,
            };
        }
        Ok(clip)
    }

    fn convert(&self, file: &std::path::Path) -> Result<Clip> {
        let Converted { video, audio } = convert::run(file, self.fps)?;
        let mut clip = Clip::default();
        if let Some(video) = video {
            clip = clip.with_video(&video, self.fps)?;
        }
        if let Some(audio) = audio {
            clip = clip.with_audio(&audio)?;
        }
        Ok(clip)
    }
}

fn key(text: &str) -> Result<Key, String> {
    Key::parse(text).map_err(|error| error.to_string())
}

fn frames_per_second(text: &str) -> Result<f64, String> {
    let problem = || "a number between 1 and 240".to_owned();
    text.parse().ok().filter(|fps| (1.0..=240.0).contains(fps)).ok_or_else(problem)
}

async fn resolve(to: &str) -> Result<SocketAddr> {
    let has_port = to
        .rsplit_once(':')
        .is_some_and(|(host, port)| port.parse::<u16>().is_ok() && (!host.contains(':') || host.ends_with(']')));
    let address = match has_port {
        true => to.to_owned(),
        false if to.contains(':') && !to.starts_with('[') => format!("[{to}]:{PORT}"),
        false => format!("{to}:{PORT}"),
    };
    let mut found = tokio::net::lookup_host(&address).await.with_context(|| format!("looking up {address}"))?;
    found.next().with_context(|| format!("{to} has no address"))
}
