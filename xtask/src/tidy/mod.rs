//! House rules as a test: what a reviewer would otherwise have to remember.
//!
//! Each rule is a function from text to findings, with tests that show it failing; this file only feeds them the
//! repository. The tables the rules compare with are the ones people read, in `ARCHITECTURE.md`.

mod edges;
mod leftovers;
mod links;
mod purity;
mod shape;
mod source;
mod table;

use anyhow::{Result, bail};

use crate::repo;

/// What is wrong, where, and what to do about it, in one line.
pub type Finding = String;

pub fn run() -> Result<()> {
    let findings = findings()?;
    for finding in &findings {
        println!("{finding}");
    }
    match findings.len() {
        0 => {
            println!("tidy: nothing to say");
            Ok(())
        }
        n => bail!("tidy: {n} findings"),
    }
}

fn findings() -> Result<Vec<Finding>> {
    let root = repo::root();
    let files = repo::files(&root)?;
    let architecture = std::fs::read_to_string(root.join("ARCHITECTURE.md"))?;
    let graph = edges::Graph::load(&root)?;
    let mut findings = Vec::new();
    findings.extend(edges::check(&graph, &table::crates(&architecture)?));
    findings.extend(edges::check_outside(&graph, &table::dependencies(&architecture)?));
    findings.extend(purity::check_manifests(&graph, &table::crates(&architecture)?));
    for file in &files {
        let Some(text) = &file.text else { continue };
        findings.extend(purity::check_source(&file.path, text, &table::crates(&architecture)?));
        findings.extend(shape::check(&file.path, text));
        findings.extend(leftovers::check(&file.path, text));
    }
    findings.extend(links::check(&files, &root));
    findings.extend(shape::check_fuzz_targets(&files));
    Ok(findings)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_repository_is_tidy() {
        let findings = super::findings().expect("the repository can be read");
        assert!(findings.is_empty(), "\n{}", findings.join("\n"));
    }
}
