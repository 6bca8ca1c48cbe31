//! `weir conformance`: WHIP and WHEP, rule by rule, against any server.

use std::io::{self, IsTerminal as _};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use dial::Url;
use loadgen::conformance::{self, Options};

use crate::output::{self, print};

#[derive(Debug, Args)]
pub struct Conformance {
    /// The server; its endpoints are /whip/ROOM and /whep/ROOM there
    #[arg(required_unless_present_all = ["whip", "whep"])]
    url: Option<Url>,
    /// A room that nobody uses
    #[arg(long, default_value = "conformance")]
    room: String,
    /// The WHIP endpoint of a server that has it elsewhere
    #[arg(long, value_name = "URL", requires = "whep", conflicts_with = "url")]
    whip: Option<Url>,
    /// And its WHEP endpoint, which shows what is published there
    #[arg(long, value_name = "URL", requires = "whip")]
    whep: Option<Url>,
    /// Bearer token that may publish and watch there
    #[arg(long, env = "WEIR_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Somebody else's valid token, which must not reach our sessions
    #[arg(long, value_name = "TOKEN")]
    other_token: Option<String>,
    /// How long a connection that sends nothing useful may stay open
    #[arg(long, value_name = "S", default_value_t = 15)]
    patience_s: u64,
    /// Run only the checks whose name contains this
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

/// The exit code says whether no MUST is broken.
pub fn run(args: Conformance) -> Result<ExitCode> {
    let mut options = match (args.url, args.whip, args.whep) {
        (Some(url), ..) => Options::of_room(&url, &args.room),
        (None, Some(whip), Some(whep)) => Options::of_endpoints(whip, whep),
        (None, ..) => bail!("name the server, or both of its endpoints with --whip and --whep"),
    };
    options.token = args.token;
    options.other_token = args.other_token;
    options.patience = Duration::from_secs(args.patience_s);
    options.only = args.only;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.context("starting the client's thread")?;
    // Some checks wait for half a minute: a person sees each as it ends.
    let watched = io::stderr().is_terminal();
    let progress = |entry: &conformance::Entry| {
        if watched {
            eprintln!("{}", entry.line());
        }
    };
    let report = runtime.block_on(conformance::run(options, progress))?;
    if args.json {
        output::json(&report)?;
    } else {
        print(&report.table())?;
    }
    Ok(output::verdict(report.is_conformant()))
}
