//! `weir netsim`: a bad network between two TUN devices, for real programs in network namespaces.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use netsim::shim::{self, Cidr, Direction, End, Options, Reply, Request, Weather};
use netsim::{PRESETS, Profile};

use crate::output::print;

#[derive(Debug, Subcommand)]
// One of these is made in the life of a process.
#[allow(clippy::large_enum_variant)]
pub enum NetsimCommand {
    /// Create the devices and carry packets until stopped (needs root)
    Run(Run),
    /// Change the weather of a running one
    Set {
        #[arg(long, value_name = "SOCKET")]
        control: PathBuf,
        /// Profile for both directions, as in "loss=5%,delay=50ms", or a preset
        profile: Profile,
        /// Only from left to right
        #[arg(long, conflicts_with = "back")]
        forward: bool,
        /// Only from right to left
        #[arg(long)]
        back: bool,
    },
    /// Print what a running one has done so far, as JSON
    Status {
        #[arg(long, value_name = "SOCKET")]
        control: PathBuf,
    },
    /// End a running one
    Stop {
        #[arg(long, value_name = "SOCKET")]
        control: PathBuf,
    },
    /// List the profiles that have a name
    Presets,
}

#[derive(Debug, Args)]
pub struct Run {
    /// Left device: name,address/prefix[,address/prefix…][,ns=NAMESPACE][,mtu=BYTES]
    #[arg(long, value_name = "DEVICE", value_parser = end)]
    left: End,
    /// Right device, likewise
    #[arg(long, value_name = "DEVICE", value_parser = end)]
    right: End,
    /// Profile from left to right, as in "loss=5%,delay=50ms", or a preset
    #[arg(long, value_name = "PROFILE", default_value = "")]
    forward: Profile,
    /// Profile from right to left; that of --forward if absent
    #[arg(long, value_name = "PROFILE")]
    back: Option<Profile>,
    /// The same seed loses the same packets
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Unix socket to listen on for `set`, `status` and `stop`
    #[arg(long, value_name = "SOCKET")]
    control: Option<PathBuf>,
}

pub fn run(command: NetsimCommand) -> Result<ExitCode> {
    match command {
        NetsimCommand::Run(run) => {
            let back = run.back.unwrap_or_else(|| run.forward.clone());
            let (left, right, forward) = (run.left, run.right, run.forward);
            let status = shim::run(Options { left, right, forward, back, seed: run.seed, control: run.control })?;
            print(&format!("{}\n", serde_json::to_string(&status)?))
        }
        NetsimCommand::Set { control, profile, forward, back } => {
            let direction = match (forward, back) {
                (true, _) => Direction::Forward,
                (_, true) => Direction::Back,
                _ => Direction::Both,
            };
            tell(&control, Request::Set { direction, profile: Weather::Profile(Box::new(profile)) })
        }
        NetsimCommand::Status { control } => tell(&control, Request::Status),
        NetsimCommand::Stop { control } => tell(&control, Request::Stop),
        NetsimCommand::Presets => {
            print(&PRESETS.iter().map(|(name, terms)| format!("{name:<18} {terms}\n")).collect::<String>())
        }
    }
}

fn tell(control: &Path, request: Request) -> Result<ExitCode> {
    match shim::ask(control, &request)? {
        Reply::Ok(status) => print(&format!("{}\n", serde_json::to_string(&status)?)),
        Reply::Error(problem) => bail!(problem),
    }
}

/// A device as it is written on the command line.
fn end(text: &str) -> Result<End, String> {
    let mut parts = text.split(',').map(str::trim);
    let mut end = End::new(parts.next().unwrap_or_default());
    for part in parts {
        if let Some(namespace) = part.strip_prefix("ns=") {
            end = end.namespace(namespace);
        } else if let Some(mtu) = part.strip_prefix("mtu=") {
            end.mtu = mtu.parse().map_err(|_| format!("{mtu:?} is not a number of bytes"))?;
        } else {
            end = end.address(part.parse::<Cidr>().map_err(|e| e.to_string())?);
        }
    }
    Ok(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_written_in_one_word() {
        let device = end("left,10.9.0.1/24,fd00::1/64,ns=/proc/7/ns/net,mtu=1400").unwrap();
        assert_eq!((device.device.as_str(), device.addresses.len(), device.mtu), ("left", 2, 1400));
        assert_eq!(device.namespace.as_deref(), Some("/proc/7/ns/net"));
        assert!(end("left,10.9.0.1").is_err() && end("left,mtu=big").is_err());
    }
}
