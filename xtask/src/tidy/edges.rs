//! Who depends on whom, from `cargo metadata`, against the tables of `ARCHITECTURE.md`. Directions go down only, and a
//! crate of somebody else is named by as few of ours as possible.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::Finding;
use super::table::Crate;

/// The edges of our crates.
#[derive(Default)]
pub struct Graph {
    pub packages: BTreeMap<String, Package>,
}

#[derive(Default)]
pub struct Package {
    /// Normal and build dependencies on our own crates, and the ones of tests.
    pub ours: BTreeSet<String>,
    pub ours_in_tests: BTreeSet<String>,
    /// Normal and build dependencies on crates of others. What tests use besides is nobody's burden but theirs.
    pub outside: BTreeSet<String>,
}

impl Graph {
    pub fn load(root: &Path) -> Result<Graph> {
        let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
        let output = Command::new(cargo)
            .current_dir(root)
            .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
            .output()
            .context("running cargo metadata")?;
        if !output.status.success() {
            bail!("cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
        }
        Graph::parse(&String::from_utf8(output.stdout)?)
    }

    pub fn parse(metadata: &str) -> Result<Graph> {
        let metadata: Value = serde_json::from_str(metadata)?;
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let mut graph = Graph::default();
        for package in list(&metadata["packages"]) {
            let mut found = Package::default();
            for dependency in list(&package["dependencies"]) {
                let name = dependency["name"].as_str().context("a dependency has a name")?.to_owned();
                let test = dependency["kind"] == "dev";
                match (dependency["path"].is_string(), test) {
                    (true, false) => found.ours.insert(name),
                    (true, true) => found.ours_in_tests.insert(name),
                    (false, false) => found.outside.insert(name),
                    (false, true) => false,
                };
            }
            graph.packages.insert(package["name"].as_str().context("a package has a name")?.to_owned(), found);
        }
        Ok(graph)
    }
}

/// Our own edges.
pub fn check(graph: &Graph, table: &BTreeMap<String, Crate>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, package) in &graph.packages {
        let Some(row) = table.get(name) else {
            findings.push(format!("ARCHITECTURE.md: the crate `{name}` has no row in the table of crates"));
            continue;
        };
        for other in package.ours.difference(&row.knows) {
            findings
                .push(format!("crates/{name}/Cargo.toml: `{name}` may not know `{other}` (table in ARCHITECTURE.md)"));
        }
        for other in package.ours_in_tests.iter().filter(|o| !row.knows.contains(*o) && !row.tests_know.contains(*o)) {
            findings.push(format!("crates/{name}/Cargo.toml: the tests of `{name}` may not know `{other}`"));
        }
        for other in row.knows.difference(&package.ours) {
            findings.push(format!("ARCHITECTURE.md: `{name}` is said to know `{other}` and does not"));
        }
    }
    for name in table.keys().filter(|name| !graph.packages.contains_key(*name)) {
        findings.push(format!("ARCHITECTURE.md: the table of crates names `{name}`, which does not exist"));
    }
    findings
}

/// Edges to crates of others.
pub fn check_outside(graph: &Graph, owners: &BTreeMap<String, BTreeSet<String>>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut used = BTreeSet::new();
    for (name, package) in &graph.packages {
        for dependency in &package.outside {
            used.insert(dependency.clone());
            match owners.get(dependency) {
                None => findings.push(format!(
                    "crates/{name}/Cargo.toml: `{dependency}` is in no row of the dependencies in ARCHITECTURE.md: \
                     a dependency is a decision, write down why"
                )),
                Some(allowed) if allowed.contains("any") || allowed.contains(name) => {}
                Some(allowed) => findings.push(format!(
                    "crates/{name}/Cargo.toml: `{dependency}` belongs to {} only",
                    allowed.iter().map(|owner| format!("`{owner}`")).collect::<Vec<_>>().join(", ")
                )),
            }
        }
    }
    for dependency in owners.keys().filter(|dependency| !used.contains(*dependency)) {
        findings.push(format!("ARCHITECTURE.md: the dependency `{dependency}` is used by nobody"));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::table;

    const METADATA: &str = r#"{"packages": [
        {"name": "media", "dependencies": [{"name": "thiserror", "kind": null}]},
        {"name": "engine", "dependencies": [
            {"name": "media", "kind": null, "path": "/x"}, {"name": "netsim", "kind": "dev", "path": "/x"},
            {"name": "proptest", "kind": "dev"}]},
        {"name": "netsim", "dependencies": []}
    ]}"#;

    fn own(rows: &str) -> Vec<Finding> {
        let page = format!("<!-- tidy: crates -->\n| c | k | n | t |\n|---|---|---|---|\n{rows}");
        check(&Graph::parse(METADATA).unwrap(), &table::crates(&page).unwrap())
    }

    fn outside(rows: &str) -> Vec<Finding> {
        let page = format!("<!-- tidy: dependencies -->\n| d | o | w |\n|---|---|---|\n{rows}");
        check_outside(&Graph::parse(METADATA).unwrap(), &table::dependencies(&page).unwrap())
    }

    #[test]
    fn edges_that_are_in_the_table_are_fine() {
        assert_eq!(own("| media | pure | | |\n| netsim | pure | | |\n| engine | pure | media | netsim |\n"), [""; 0]);
        assert_eq!(outside("| thiserror | any | errors |\n"), [""; 0]);
    }

    #[test]
    fn an_edge_that_is_not_in_the_table_is_found() {
        let findings = own("| media | pure | | |\n| netsim | pure | | |\n| engine | pure | | netsim |\n");
        assert!(findings.len() == 1 && findings[0].contains("`engine` may not know `media`"), "{findings:?}");
    }

    #[test]
    fn an_edge_of_tests_that_is_not_in_the_table_is_found() {
        let findings = own("| media | pure | | |\n| netsim | pure | | |\n| engine | pure | media | |\n");
        assert!(findings.len() == 1 && findings[0].contains("tests of `engine` may not know `netsim`"), "{findings:?}");
    }

    #[test]
    fn a_crate_without_a_row_and_a_row_without_a_crate_are_found() {
        let findings = own("| media | pure | | |\n| engine | pure | media | netsim |\n| ghost | | | |\n");
        assert!(findings.iter().any(|f| f.contains("`netsim` has no row")), "{findings:?}");
        assert!(findings.iter().any(|f| f.contains("`ghost`, which does not exist")), "{findings:?}");
    }

    #[test]
    fn a_row_that_claims_an_edge_nobody_has_is_found() {
        let findings = own("| media | pure | netsim | |\n| netsim | pure | | |\n| engine | pure | media | netsim |\n");
        assert!(findings.len() == 1 && findings[0].contains("`media` is said to know `netsim`"), "{findings:?}");
    }

    #[test]
    fn a_dependency_in_the_wrong_crate_unlisted_or_unused_is_found() {
        assert!(outside("| thiserror | engine | errors |\n")[0].contains("belongs to `engine` only"));
        assert!(outside("| serde | any | vocabulary |\n")[0].contains("`thiserror` is in no row"));
        assert!(outside("| serde | any | vocabulary |\n")[1].contains("`serde` is used by nobody"));
    }
}
