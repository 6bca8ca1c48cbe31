//! What `make check` and `make test` do, in order. Each step prints its name before and its duration and count after;
//! a failed step does not stop the next ones, so that one run shows everything that is wrong.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::shell;
use crate::tally::Tally;
use crate::{repo, tidy, web};

/// A named piece of work.
pub struct Step {
    name: &'static str,
    run: fn() -> Result<Tally>,
}

pub const CHECK: &[Step] = &[
    Step { name: "web", run: || Ok(Tally::single(web::build().is_ok())) },
    Step { name: "fmt", run: || single("cargo", &["fmt", "--all", "--check"]) },
    Step { name: "clippy", run: clippy },
    Step { name: "tidy", run: || Ok(Tally::single(tidy::run().is_ok())) },
    Step { name: "types", run: || single("npm", &["run", "--silent", "check", "--prefix", "web"]) },
];

pub const TEST: &[Step] = &[
    Step { name: "web", run: CHECK[0].run },
    Step { name: "fmt", run: CHECK[1].run },
    Step { name: "clippy", run: CHECK[2].run },
    Step { name: "tidy", run: CHECK[3].run },
    Step { name: "types", run: CHECK[4].run },
    Step { name: "build", run: || single("cargo", &["build", "--release", "--workspace"]) },
    Step { name: "rust", run: || tests("cargo", CARGO_TEST) },
    Step { name: "corpora", run: || tests("cargo", CORPORA) },
    Step { name: "web-unit", run: || tests("npm", &["test", "--silent", "--prefix", "web"]) },
    Step { name: "conformance", run: || e2e("conformance") },
    Step { name: "load", run: || e2e("load") },
    Step { name: "load-meeting", run: || e2e("load-meeting") },
    Step { name: "hostile", run: || e2e("hostile") },
    Step { name: "browsers", run: || e2e("browsers") },
    Step { name: "pages", run: || e2e("pages") },
    Step { name: "meeting", run: || e2e("meeting") },
    Step { name: "admin", run: || e2e("admin") },
    Step { name: "inside", run: || e2e("inside") },
    Step { name: "firefox", run: || e2e("firefox") },
    Step { name: "effects", run: || e2e("effects") },
    Step { name: "markup", run: || e2e("markup") },
    Step { name: "schema", run: || e2e("schema") },
    Step { name: "switch", run: || e2e("switch") },
    Step { name: "splices", run: || e2e("splices") },
    Step { name: "recorded", run: || e2e("recorded") },
    Step { name: "loss", run: || e2e("loss") },
    Step { name: "bottleneck", run: || e2e("bottleneck") },
    Step { name: "chain", run: || e2e("chain") },
    Step { name: "programs", run: || e2e("programs") },
    Step { name: "clip", run: || e2e("clip") },
    Step { name: "ftl", run: || e2e("ftl") },
];

/// Everything except the replay of the corpora, which is a step of its own: its duration is worth seeing.
const CARGO_TEST: &[&str] = &["test", "--release", "--workspace", "--exclude", "fuzz", "--no-fail-fast"];

/// The whole workspace is named here too: `--package fuzz` would unify features differently and compile str0m again.
const CORPORA: &[&str] = &["test", "--release", "--workspace", "--test", "replay", "--test", "mutate"];

/// Longer than any step takes on two cold cores, and short enough that all of CI fits into its 50 minutes when one
/// step hangs.
const STEP_LIMIT: Duration = Duration::from_secs(20 * 60);

/// Runs the steps, or the ones among them that are named, and exits with what came of it.
pub fn run(steps: &[Step], only: &[String]) -> Result<()> {
    if let Some(unknown) = only.iter().find(|name| steps.iter().all(|step| step.name != name.as_str())) {
        let names: Vec<&str> = steps.iter().map(|step| step.name).collect();
        bail!("no step «{unknown}»; there are: {}", names.join(", "));
    }
    let mut total = Tally::default();
    let mut summary = Vec::new();
    for step in steps.iter().filter(|step| only.is_empty() || only.iter().any(|name| name == step.name)) {
        println!("\n== {} ==", step.name);
        let started = Instant::now();
        let tally = (step.run)().unwrap_or_else(|error| {
            println!("{error:#}");
            Tally::single(false)
        });
        let seconds = started.elapsed().as_secs_f64();
        let mark = if tally.failed == 0 { "ok " } else { "BAD" };
        let line =
            format!("{mark} {:<12} {seconds:>7.1} s  {} passed, {} failed", step.name, tally.passed, tally.failed);
        println!("{line}");
        summary.push(line);
        total.add(tally);
    }
    println!("\n{}\n", summary.join("\n"));
    close(total)
}

/// The closing line is the last thing anybody prints, and `.ci/run` finds it again in a file.
fn close(total: Tally) -> Result<()> {
    let line = format!("{} passed, {} failed", total.passed, total.failed);
    let folder = repo::root().join(".setup");
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join("closing-line"), format!("{line}\n"))?;
    println!("{line}");
    if total.failed > 0 {
        // Not an error to report: everything was said above.
        std::process::exit(1);
    }
    Ok(())
}

/// The benchmarks, or the ones that are named; `e2e/bench` knows them.
pub fn bench(only: &[String]) -> Result<()> {
    let mut arguments = vec!["e2e/bench.js"];
    if !only.is_empty() {
        arguments.push("--only");
        arguments.extend(only.iter().map(String::as_str));
    }
    let steps = [
        shell::run(STEP_LIMIT, "cargo", &["build", "--release", "--workspace"])?,
        shell::run(STEP_LIMIT, "node", &arguments)?,
    ];
    if steps.iter().any(|ended| !ended.success) {
        bail!("a benchmark did not run to its end");
    }
    Ok(())
}

fn clippy() -> Result<Tally> {
    single("cargo", &["clippy", "--release", "--workspace", "--all-targets", "--", "--deny", "warnings"])
}

fn single(program: &str, arguments: &[&str]) -> Result<Tally> {
    Ok(Tally::single(shell::run(STEP_LIMIT, program, arguments)?.success))
}

fn tests(program: &str, arguments: &[&str]) -> Result<Tally> {
    let ended = shell::run(STEP_LIMIT, program, arguments)?;
    Ok(Tally::read(&ended.lines, ended.success))
}

/// One file of `e2e/tests`, against a node that it starts itself.
fn e2e(name: &str) -> Result<Tally> {
    let file = format!("e2e/tests/{name}.test.js");
    let reporter = "--test-reporter=spec";
    tests("node", &["--test", "--test-concurrency=1", reporter, "--test-reporter-destination=stdout", &file])
}
