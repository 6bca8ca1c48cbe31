//! Any media file into the two forms that can be streamed, by the ffmpeg of the machine.

use std::io::ErrorKind;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

/// A form that is streamed as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    H264,
    OggOpus,
}

impl Form {
    /// By its first bytes: a start code, or an Ogg page with the head of an Opus stream.
    pub fn of(bytes: &[u8]) -> Option<Form> {
        if bytes.starts_with(&[0, 0, 1]) || bytes.starts_with(&[0, 0, 0, 1]) {
            // Also how a program stream begins, whose fourth byte is 0xba or so: no NAL unit has the forbidden bit.
            let code = if bytes[2] == 1 { 3 } else { 4 };
            return bytes.get(code).filter(|header| **header & 0x80 == 0).map(|_| Form::H264);
        }
        let head = &bytes[..bytes.len().min(4096)];
        (bytes.starts_with(b"OggS") && head.windows(8).any(|window| window == b"OpusHead")).then_some(Form::OggOpus)
    }
}

/// What a file had in it.
pub struct Converted {
    pub video: Option<Vec<u8>>,
    pub audio: Option<Vec<u8>>,
}

/// Both parts, each if the file has it. It is an error when it has neither.
pub fn run(file: &Path, frames_per_s: f64) -> Result<Converted> {
    let folder = Folder::new()?;
    let video = extract(file, &folder.0.join("video.h264"), &{
        let rate = frames_per_s.to_string();
        // A picture that can be begun with every two seconds: nobody can ask for one over FTL.
        let every = (frames_per_s * 2.0).round().to_string();
        ["-map", "0:v:0", "-c:v", "libx264", "-preset", "veryfast", "-tune", "zerolatency", "-profile:v", "baseline"]
            .map(str::to_owned)
            .into_iter()
            .chain(["-pix_fmt", "yuv420p", "-bf", "0", "-r"].map(str::to_owned))
            .chain([rate, "-g".to_owned(), every, "-f".to_owned(), "h264".to_owned()])
            .collect::<Vec<_>>()
    })?;
    let audio = extract(
        file,
        &folder.0.join("audio.opus"),
        &["-map", "0:a:0", "-c:a", "libopus", "-ar", "48000", "-ac", "2", "-b:a", "96k", "-f", "ogg"]
            .map(str::to_owned),
    )?;
    match (&video, &audio) {
        (Err(why), Err(_)) => bail!("ffmpeg finds neither picture nor sound in {}: {why}", file.display()),
        _ => Ok(Converted { video: video.ok(), audio: audio.ok() }),
    }
}

/// The outer error is that ffmpeg cannot be run at all, the inner one what it said.
fn extract(file: &Path, to: &Path, arguments: &[String]) -> Result<Result<Vec<u8>, String>> {
    let program = std::env::var_os("FFMPEG").unwrap_or_else(|| "ffmpeg".into());
    let mut command = Command::new(&program);
    command.args(["-hide_banner", "-nostdin", "-loglevel", "error", "-y", "-i"]).arg(file).args(arguments).arg(to);
    let output = command.stdin(Stdio::null()).output();
    let output = match output {
        Err(error) if error.kind() == ErrorKind::NotFound => bail!(
            "{} is no H.264 byte stream and no Ogg Opus file, and there is no ffmpeg here to make them of it: install ffmpeg, or \
             name one in the variable FFMPEG",
            file.display()
        ),
        output => output.context("running ffmpeg")?,
    };
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr);
        return Ok(Err(words.lines().last().unwrap_or("it gave no reason").trim().to_owned()));
    }
    Ok(Ok(std::fs::read(to).context("reading what ffmpeg made")?))
}

/// A folder of our own, gone when it is not needed any more.
struct Folder(std::path::PathBuf);

impl Folder {
    fn new() -> Result<Folder> {
        let path = std::env::temp_dir().join(format!("weir-ftl-{}", std::process::id()));
        std::fs::create_dir_all(&path).with_context(|| format!("making {}", path.display()))?;
        Ok(Folder(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_known_by_its_first_bytes() {
        assert_eq!(Form::of(&[0, 0, 0, 1, 0x67, 1]), Some(Form::H264));
        assert_eq!(Form::of(&[0, 0, 1, 0x09, 0xf0]), Some(Form::H264));
        assert_eq!(Form::of(&[0, 0, 1, 0xba]), None, "a program stream");
        assert_eq!(Form::of(b"OggS\0\x02........OpusHead"), Some(Form::OggOpus));
        assert_eq!(Form::of(b"OggS\0\x02........vorbis"), None);
        assert_eq!(Form::of(b""), None);
    }
}
