//! What a viewer got, as a file for a real decoder: its H.264 as it came, with nothing mended ([`media::assemble`]).
//!
//! A file that cannot be written ends the recording and not the viewer; the report says so.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::PathBuf;

use media::assemble::{Assembler, Part};
use media::codec::Codec;

use super::track::Seen;
use crate::report::Recorded;

pub struct Recording {
    path: PathBuf,
    assembler: Assembler,
    /// From the first picture on.
    file: Option<BufWriter<File>>,
    failed: Option<io::Error>,
    /// What is complete and not in the file yet; empty between two packets.
    complete: Vec<u8>,
}

impl Recording {
    pub fn new(path: PathBuf) -> Recording {
        Recording { path, assembler: Assembler::default(), file: None, failed: None, complete: Vec::new() }
    }

    pub fn take(&mut self, packet: Seen<'_>) {
        if packet.codec != Codec::H264 || self.failed.is_some() {
            return;
        }
        let Seen { seq, time, marker, payload, .. } = packet;
        self.assembler.push(Part { seq, time, marker, payload }, &mut self.complete);
        self.failed = self.write().err();
    }

    /// `None` when no picture of H.264 came.
    pub fn finish(mut self) -> Option<io::Result<Recorded>> {
        let counts = std::mem::take(&mut self.assembler).finish(&mut self.complete);
        let ended = match self.failed.take() {
            Some(error) => Err(error),
            None => self.write().and_then(|()| self.file.as_mut().map_or(Ok(()), |file| file.flush())),
        };
        match ended {
            Ok(()) if self.file.is_none() => None,
            ended => Some(ended.map(|()| Recorded {
                file: self.path.display().to_string(),
                pictures: counts.pictures,
                missing: counts.missing,
                torn: counts.torn,
            })),
        }
    }

    fn write(&mut self) -> io::Result<()> {
        if self.complete.is_empty() {
            return Ok(());
        }
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(BufWriter::new(File::create(&self.path)?)),
        };
        file.write_all(&self.complete)?;
        self.complete.clear();
        Ok(())
    }
}
