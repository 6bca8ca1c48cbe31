//! What can be typed.

use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use proto::RoomName;

use crate::account::AccountCommand;
use crate::check::Check;
use crate::conformance::Conformance;
use crate::ftl::FtlCommand;
use crate::idle_clip::IdleClipCommand;
use crate::load::Load;
use crate::netsim::NetsimCommand;
use crate::setup::Setup;
use crate::why::Why;

/// Real-time media that cascades: a WebRTC media server. Without a command it serves.
#[derive(Debug, Parser)]
#[command(name = "weir", version, args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub setup: Setup,
}

#[derive(Debug, Subcommand)]
// One of these is made in the life of a process.
#[allow(clippy::large_enum_variant)]
pub enum Command {
    /// Run a node: take publishers by WHIP, serve viewers by WHEP
    Serve(Setup),
    /// Look at the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Make bearer tokens
    #[command(subcommand)]
    Token(TokenCommand),
    /// Make accounts, look at them, and say who administers the node, while it runs or not
    #[command(subcommand)]
    Account(AccountCommand),
    /// For servers of yours that are told of events
    #[command(subcommand)]
    Webhook(WebhookCommand),
    /// Check the RTP streams in a capture file the way a decoder would
    Check(Check),
    /// Load a server with publishers and with viewers that check every packet of their stream
    Load(Load),
    /// Ask a WHIP and WHEP server, anybody's, about every rule there is
    Conformance(Conformance),
    /// Say why a session's picture is frozen; the exit code says whether it plays
    Why(Why),
    /// Publish by FTL, the legacy way without encryption
    #[command(subcommand)]
    Ftl(FtlCommand),
    /// Join two TUN devices through a bad network
    #[command(subcommand)]
    Netsim(NetsimCommand),
    /// What viewers see while a room is silent: make it from a video or a picture, look at it
    #[command(subcommand)]
    IdleClip(IdleClipCommand),
    /// Look at this machine with a node's eyes: ports, buffers, offloads, addresses
    Doctor(Setup),
}

#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Print every value in force
    Show {
        #[command(flatten)]
        setup: Setup,
        /// Say beside each where it came from
        #[arg(long)]
        origin: bool,
    },
    /// Say whether the configuration can be used; the exit code says so too
    Check {
        #[command(flatten)]
        setup: Setup,
    },
    /// Print the manual: every key, its default, its unit and the reason
    Manual,
}

#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Print a token signed with this node's key, which is made if there is none
    Create(CreateToken),
}

#[derive(Debug, Subcommand)]
pub enum WebhookCommand {
    /// Print a new secret, for `webhooks.endpoints` and for whoever checks the signatures
    Secret,
}

#[derive(Debug, Args)]
pub struct CreateToken {
    #[command(flatten)]
    pub setup: Setup,
    /// The room it is for; "*" is every room
    #[arg(long, value_parser = room, required_unless_present = "admin")]
    pub room: Option<Room>,
    /// Allow publishing there
    #[arg(long)]
    pub publish: bool,
    /// Allow watching there
    #[arg(long)]
    pub subscribe: bool,
    /// Allow everything: every room, its list, the metrics
    #[arg(long)]
    pub admin: bool,
    /// How long it can start sessions: 90s, 30m, 1h, 7d
    #[arg(long, value_name = "TIME", value_parser = duration, default_value = "1h")]
    pub ttl: Duration,
    /// Whose it is. A holder's next token can end what this one started
    #[arg(long, value_name = "NAME")]
    pub subject: Option<String>,
}

#[derive(Debug, Clone)]
pub enum Room {
    All,
    One(RoomName),
}

fn room(text: &str) -> Result<Room, String> {
    if text == "*" {
        return Ok(Room::All);
    }
    text.parse().map(Room::One).map_err(|e: proto::ids::IdError| e.to_string())
}

/// A whole number and its unit.
fn duration(text: &str) -> Result<Duration, String> {
    let problem = "write a whole number and a unit: 90s, 30m, 1h or 7d";
    let at = text.find(|c: char| !c.is_ascii_digit()).ok_or(problem)?;
    let n: u64 = text[..at].parse().map_err(|_| problem)?;
    let unit = match &text[at..] {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err(problem.to_owned()),
    };
    let seconds = n.checked_mul(unit).filter(|s| (1..=10 * 365 * 86_400).contains(s));
    seconds.map(Duration::from_secs).ok_or_else(|| "the time must be between 1s and 3650d".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_commands_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_time_is_a_number_with_a_unit() {
        assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("7d"), Ok(Duration::from_secs(7 * 86_400)));
        for bad in ["", "1", "h", "0s", "-1h", "1.5h", "1h30m", "99999999999999999999d", "9999999d"] {
            assert!(duration(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn without_a_command_the_flags_are_those_of_serve() {
        let cli = Cli::try_parse_from(["weir", "--http", "127.0.0.1:0"]).unwrap();
        assert!(cli.command.is_none());
        assert!(matches!(
            Cli::try_parse_from(["weir", "serve", "--workers", "2"]).unwrap().command,
            Some(Command::Serve(_))
        ));
        let cycles = ["weir", "load", "meeting", "--cycles", "9", "--at-once", "2"];
        assert!(matches!(Cli::try_parse_from(cycles).unwrap().command, Some(Command::Load(_))));
        assert!(Cli::try_parse_from(["weir", "load", "meeting", "--drawn", "--video-kbps", "9"]).is_err());
        // Flags before a command would be lost.
        assert!(Cli::try_parse_from(["weir", "load", "--viewers", "3", "meeting"]).is_err());
        assert!(Cli::try_parse_from(["weir", "--http", "127.0.0.1:0", "serve"]).is_err());
    }
}
