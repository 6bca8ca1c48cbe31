//! libFuzzer for each parser of outside bytes. `make test` replays the corpora without it (`fuzz/tests/replay.rs`); this
//! is the search for new ones.

use std::time::Duration;

use anyhow::{Result, bail};

use crate::{repo, shell};

const SECONDS_EACH: u64 = 60;
const FOLDER: &str = "fuzz/libfuzzer";

pub fn run(only: &[String]) -> Result<()> {
    let known = targets()?;
    if let Some(unknown) = only.iter().find(|name| !known.contains(name)) {
        bail!("no target «{unknown}»; there are: {}", known.join(", "));
    }
    build()?;
    let mut found = Vec::new();
    let wanted: Vec<&String> = known.iter().filter(|target| only.is_empty() || only.contains(target)).collect();
    for target in &wanted {
        println!("\n== {target}: {SECONDS_EACH} s ==");
        if !fuzz(target)? {
            found.push(target.as_str());
        }
    }
    if !found.is_empty() {
        bail!(
            "inputs that fail were found for {} and lie in fuzz/libfuzzer/artifacts; fix the parser, and keep the input in \
             fuzz/corpus so that it is replayed by `make test` from then on",
            found.join(", ")
        );
    }
    println!("\nfuzz: {} targets, nothing found", wanted.len());
    Ok(())
}

fn targets() -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(repo::root().join("fuzz/libfuzzer/targets"))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        names.extend(name.strip_suffix(".rs").map(str::to_owned));
    }
    names.sort();
    Ok(names)
}

/// All targets, with instrumentation: everything below them is compiled once more, which takes longer than the search.
fn build() -> Result<()> {
    let built = repo::target_dir().join("fuzz");
    println!("building the targets with instrumentation; the first time takes some minutes");
    // libFuzzer's instrumentation is behind -Z flags, which a stable compiler takes only with this variable.
    let arguments =
        ["RUSTC_BOOTSTRAP=1", "cargo", "fuzz", "build", "--fuzz-dir", FOLDER, "--target-dir", &built.to_string_lossy()];
    match shell::run(Duration::from_secs(3600), "env", &arguments)?.success {
        true => Ok(()),
        false => bail!("the fuzz targets do not build"),
    }
}

/// New inputs go to an ignored folder; the committed corpus is read only, so that a run leaves no diff behind.
fn fuzz(target: &str) -> Result<bool> {
    let built = repo::target_dir().join("fuzz");
    let grown = repo::target_dir().join("fuzz-corpus").join(target);
    std::fs::create_dir_all(&grown)?;
    let arguments = [
        "RUSTC_BOOTSTRAP=1",
        "cargo",
        "fuzz",
        "run",
        "--fuzz-dir",
        FOLDER,
        "--target-dir",
        &built.to_string_lossy(),
        target,
        &grown.to_string_lossy(),
        &format!("fuzz/corpus/{target}"),
        "--",
        &format!("-max_total_time={SECONDS_EACH}"),
        // An offer of 64 KiB is the longest input that any of the parsers accepts.
        "-max_len=65536",
        "-timeout=10",
        "-print_final_stats=1",
    ];
    Ok(shell::run(Duration::from_secs(SECONDS_EACH + 120), "env", &arguments)?.success)
}
