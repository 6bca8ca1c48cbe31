//! Where log lines go: standard error, as text on a terminal and as JSON for machines.

use std::io::{self, IsTerminal as _};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::SubscriberBuilder;
use tracing_subscriber::fmt::format::{DefaultFields, Format};

use crate::config::{Config, Format as Wanted};

/// Starts logging for the life of the process.
pub fn start(config: &Config) {
    let filter = config.log.filter().expect("checked when it was loaded");
    let json = match config.log.format {
        Wanted::Auto => !io::stderr().is_terminal(),
        Wanted::Text => false,
        Wanted::Json => true,
    };
    let builder: SubscriberBuilder<DefaultFields, Format, EnvFilter, fn() -> io::Stderr> =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    if json {
        builder.json().flatten_event(true).with_current_span(false).init();
    } else {
        builder.with_ansi(io::stderr().is_terminal()).with_target(false).init();
    }
}
