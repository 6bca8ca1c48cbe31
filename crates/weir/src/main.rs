//! The binary: what was typed becomes one call into the crate that does it. Logging, configuration and what a person at a
//! terminal reads live here; what a node, a load test or a check is made of does not.

mod account;
mod check;
mod cli;
mod config;
mod conformance;
mod doctor;
mod ftl;
mod greeting;
mod idle_clip;
mod load;
mod logging;
mod netsim;
mod output;
mod serve;
mod setup;
mod show;
mod token;
mod why;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

use cli::{Cli, Command, ConfigCommand, TokenCommand, WebhookCommand};

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(code) => code,
        // One sentence: what failed, then why, outermost first.
        Err(error) => {
            eprintln!("weir: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> Result<ExitCode> {
    match cli.command.unwrap_or(Command::Serve(cli.setup)) {
        Command::Serve(setup) => serve::run(&setup),
        Command::Config(ConfigCommand::Show { setup, origin }) => show::values(&setup, origin),
        Command::Config(ConfigCommand::Check { setup }) => show::check(&setup),
        Command::Config(ConfigCommand::Manual) => output::print(config::MANUAL),
        Command::Token(TokenCommand::Create(args)) => token::create(&args),
        Command::Account(command) => account::run(command),
        Command::Webhook(WebhookCommand::Secret) => {
            output::print(&format!("{}\n", signal::webhooks::Secret::generate().reveal()))
        }
        Command::Check(args) => check::run(&args),
        Command::Load(args) => load::run(args),
        Command::Conformance(args) => conformance::run(args),
        Command::Why(args) => why::run(args),
        Command::Ftl(command) => ftl::run(command),
        Command::Netsim(command) => netsim::run(command),
        Command::IdleClip(command) => idle_clip::run(command),
        Command::Doctor(setup) => doctor::run(&setup),
    }
}
