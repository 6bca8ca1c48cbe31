//! Pure crates get time, randomness and bytes as arguments. That is what lets a test run a minute of a call in a
//! millisecond and replay it from a seed, so it is checked and not only promised.

use std::collections::BTreeMap;

use super::Finding;
use super::edges::Graph;
use super::source;
use super::table::Crate;

/// Runtimes and the ways to the operating system, as crates.
const IMPURE_CRATES: &[&str] =
    &["tokio", "async-std", "smol", "mio", "socket2", "libc", "nix", "rustix", "rand", "getrandom", "hyper", "quinn"];

/// The same inside the standard library.
const IMPURE_NAMES: &[&str] = &[
    "tokio",
    "UdpSocket",
    "TcpStream",
    "TcpListener",
    "UnixStream",
    "Instant::now",
    "SystemTime::now",
    "elapsed()",
    "std::env",
    "env::var",
    "env::args",
    "std::thread",
    "thread::spawn",
    "thread::sleep",
    "std::process",
    "std::fs",
    "fs::read",
    "File::open",
    "RandomState",
    "println",
    "eprintln",
];

/// Their `Cargo.toml`. A crate with a shell needs the system there, so only its source is looked at.
pub fn check_manifests(graph: &Graph, table: &BTreeMap<String, Crate>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, _) in table.iter().filter(|(_, row)| row.pure && row.shell.is_empty()) {
        let Some(package) = graph.packages.get(name) else { continue };
        for dependency in IMPURE_CRATES.iter().filter(|dependency| package.outside.contains(**dependency)) {
            findings.push(format!("crates/{name}/Cargo.toml: `{name}` is pure and may not depend on `{dependency}`"));
        }
    }
    findings
}

/// A file of theirs.
pub fn check_source(path: &str, text: &str, table: &BTreeMap<String, Crate>) -> Vec<Finding> {
    let Some((name, inside)) = path.strip_prefix("crates/").and_then(|rest| rest.split_once("/src/")) else {
        return Vec::new();
    };
    let Some(row) = table.get(name).filter(|row| row.pure) else { return Vec::new() };
    if !inside.ends_with(".rs") || is_test_file(inside) || in_shell(inside, row) {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for (number, line) in source::production(text).lines().enumerate() {
        for forbidden in IMPURE_NAMES.iter().filter(|forbidden| source::mentions(line, forbidden)) {
            findings.push(format!(
                "{path}:{}: `{name}` is pure, and this mentions `{forbidden}`: take it as an argument",
                number + 1
            ));
        }
        if let Some(grouped) = grouped_import(line) {
            findings.push(format!(
                "{path}:{}: `{name}` is pure, and this imports std::{grouped}: take it as an argument",
                number + 1
            ));
        }
    }
    findings
}

/// `use std::{env, ..}` hides the name from a search for `std::env`.
fn grouped_import(line: &str) -> Option<&'static str> {
    let group = line.trim_start().strip_prefix("use std::{")?;
    ["env", "fs", "thread", "process"].into_iter().find(|module| source::mentions(group, module))
}

/// Tests, and `fuzz.rs`: the fuzzers' way in plays the caller, who has a clock.
fn is_test_file(inside: &str) -> bool {
    inside.ends_with("tests.rs") || inside == "fuzz.rs" || inside.split('/').any(|part| part == "tests")
}

fn in_shell(inside: &str, row: &Crate) -> bool {
    let first = inside.split('/').next().unwrap_or_default();
    row.shell.contains(first.trim_end_matches(".rs"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> BTreeMap<String, Crate> {
        let pure = || Crate { pure: true, ..Crate::default() };
        let shell = ["shim".to_owned()].into();
        BTreeMap::from([
            ("engine".to_owned(), pure()),
            ("netsim".to_owned(), Crate { shell, ..pure() }),
            ("node".to_owned(), Crate::default()),
        ])
    }

    fn findings(path: &str, text: &str) -> usize {
        check_source(path, text, &table()).len()
    }

    #[test]
    fn a_clock_a_socket_the_environment_and_a_thread_are_found_in_a_pure_crate() {
        for line in [
            "let now = Instant::now();",
            "let now = std::time::SystemTime::now();",
            "use std::net::UdpSocket;",
            "let v = std::env::var(\"X\");",
            "use std::{env, io};",
            "std::thread::spawn(|| ());",
            "tokio::spawn(async {});",
            "let age = started.elapsed();",
            "println!(\"{x}\");",
        ] {
            assert!(findings("crates/engine/src/room.rs", line) > 0, "{line}");
        }
    }

    #[test]
    fn the_same_is_fine_in_a_shell_in_tests_and_in_a_comment() {
        assert_eq!(findings("crates/node/src/worker.rs", "Instant::now();"), 0);
        assert_eq!(findings("crates/netsim/src/shim/tun.rs", "Instant::now();"), 0);
        assert_eq!(findings("crates/netsim/src/shim.rs", "Instant::now();"), 0);
        assert_eq!(findings("crates/engine/src/tests.rs", "Instant::now();"), 0);
        assert_eq!(findings("crates/engine/src/fuzz.rs", "Instant::now();"), 0);
        assert_eq!(findings("crates/engine/src/lib.rs", "// not Instant::now()\n"), 0);
        assert_eq!(findings("crates/engine/src/lib.rs", "use std::net::SocketAddr; fn f(now: Instant) {}"), 0);
    }

    #[test]
    fn the_core_beside_a_shell_stays_pure() {
        assert_eq!(findings("crates/netsim/src/link.rs", "Instant::now();"), 1);
    }

    #[test]
    fn a_runtime_in_the_manifest_of_a_pure_crate_is_found() {
        let graph = Graph::parse(
            r#"{"packages": [{"name": "engine", "dependencies": [{"name": "tokio", "kind": null}]},
                             {"name": "node", "dependencies": [{"name": "tokio", "kind": null}]}]}"#,
        );
        let found = check_manifests(&graph.unwrap(), &table());
        assert!(found.len() == 1 && found[0].contains("`engine` is pure"), "{found:?}");
    }
}
