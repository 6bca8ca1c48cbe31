//! The project's own chores: what `make` calls when it takes more than a line of shell.
//!
//! ```text
//! xtask web                 build the web client, if its sources changed
//! xtask check               formatting, lints, house rules, types
//! xtask test [STEP...]      everything CI runs, or only the named steps; ends with "N passed, M failed"
//! xtask tidy                the house rules alone
//! xtask fuzz [TARGET...]    libFuzzer, a minute for each target
//! xtask bench [PART...]     the benchmarks, or only the named parts
//! ```
//!
//! It expects a machine that `scripts/setup.sh` has prepared, and knows nothing about the product beyond file names.

mod fuzz;
mod repo;
mod shell;
mod steps;
mod tally;
mod tidy;
mod web;

use std::process::ExitCode;

use anyhow::{Result, bail};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match run(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(words: &[String]) -> Result<()> {
    let (verb, rest) = match words.split_first() {
        Some((verb, rest)) => (verb.as_str(), rest),
        None => bail!("which chore? web, check, test, tidy, fuzz or bench"),
    };
    std::env::set_current_dir(repo::root())?;
    match verb {
        "web" => web::build(),
        "check" => steps::run(steps::CHECK, &[]),
        "test" => steps::run(steps::TEST, rest),
        "tidy" => tidy::run(),
        "fuzz" => fuzz::run(rest),
        "bench" => steps::bench(rest),
        other => bail!("no chore «{other}»: web, check, test, tidy, fuzz or bench"),
    }
}
