//! `weir config`: the configuration for people's eyes.

use std::process::ExitCode;

use anyhow::Result;

use crate::output::print;
use crate::setup::Setup;

pub fn values(setup: &Setup, origin: bool) -> Result<ExitCode> {
    print(&setup.load()?.show(origin))
}

pub fn check(setup: &Setup) -> Result<ExitCode> {
    let loaded = setup.load()?;
    for warning in &loaded.warnings {
        eprintln!("weir: {warning}");
    }
    match &loaded.file {
        Some(file) => print(&format!("{} can be used\n", file.display())),
        None => print("no file; the defaults, the environment and the flags can be used\n"),
    }
}
