//! Standard output, which may be a pipe that somebody closes early.

use std::io::{self, ErrorKind, Write as _};
use std::process::ExitCode;

use anyhow::{Context as _, Result};

/// Writes `text` as it is. A reader that has seen enough (`weir … | head`) is no error.
pub fn print(text: &str) -> Result<ExitCode> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error).context("writing to standard output"),
        _ => Ok(ExitCode::SUCCESS),
    }
}
