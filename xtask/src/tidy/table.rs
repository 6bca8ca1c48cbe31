//! The tables of `ARCHITECTURE.md`, read as data: a table that a test compares with cannot go stale.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};

/// A row of the table after `<!-- tidy: crates -->`.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Crate {
    /// Pure crates read no clock, open no socket, know no runtime.
    pub pure: bool,
    /// Folders of a pure crate that are its shell, for example `shim` for `src/shim/`.
    pub shell: BTreeSet<String>,
    pub knows: BTreeSet<String>,
    /// What its tests may know besides.
    pub tests_know: BTreeSet<String>,
}

/// `| crate | kind | knows | tests also know |`, where kind is `pure`, `pure, shell in a b` or anything else.
pub fn crates(document: &str) -> Result<BTreeMap<String, Crate>> {
    let mut crates = BTreeMap::new();
    for row in rows(document, "crates", 4)? {
        let words = list(&row[1]);
        let shell = match row[1].split_once("shell in") {
            Some((_, folders)) => list(folders),
            None => BTreeSet::new(),
        };
        crates.insert(
            list(&row[0]).into_iter().next().unwrap_or_default(),
            Crate { pure: words.contains("pure"), shell, knows: list(&row[2]), tests_know: list(&row[3]) },
        );
    }
    Ok(crates)
}

/// `| dependencies | only in | why |`: which of our crates may name a crate of somebody else; `any` for all of them.
pub fn dependencies(document: &str) -> Result<BTreeMap<String, BTreeSet<String>>> {
    let mut owners = BTreeMap::new();
    for row in rows(document, "dependencies", 3)? {
        for dependency in list(&row[0]) {
            owners.insert(dependency, list(&row[1]));
        }
    }
    Ok(owners)
}

fn rows(document: &str, name: &str, columns: usize) -> Result<Vec<Vec<String>>> {
    let mark = format!("<!-- tidy: {name} -->");
    let Some((_, after)) = document.split_once(&mark) else {
        bail!("ARCHITECTURE.md has no line {mark} before its table of {name}");
    };
    let mut rows = Vec::new();
    for line in after.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|')).skip(2)
    {
        let cells: Vec<String> = line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
        if cells.len() != columns {
            bail!("ARCHITECTURE.md: {columns} columns expected in the table of {name}: {line}");
        }
        rows.push(cells);
    }
    if rows.is_empty() {
        bail!("ARCHITECTURE.md: the table of {name} is empty");
    }
    Ok(rows)
}

/// The words of a cell, without the punctuation around them.
fn list(cell: &str) -> BTreeSet<String> {
    cell.split(|c: char| c == ',' || c.is_whitespace())
        .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()).to_owned())
        .filter(|word| !word.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "
text
<!-- tidy: crates -->
| crate | kind | knows | tests also know |
|---|---|---|---|
| `media` | pure | – | |
| `netsim` | pure, shell in `shim` | – | |
| `engine` | pure | `proto`, `media` | `netsim` |

<!-- tidy: dependencies -->
| dependencies | only in | why |
|---|---|---|
| `str0m`, `dimpl` | `transport` | one place |
| `serde` | any | vocabulary |
";

    #[test]
    fn a_table_is_read_as_it_is_written() {
        let crates = crates(PAGE).unwrap();
        assert!(crates["media"].pure && crates["media"].knows.is_empty());
        assert!(crates["netsim"].shell.contains("shim"));
        assert_eq!(crates["engine"].knows, BTreeSet::from(["proto".to_owned(), "media".to_owned()]));
        assert_eq!(crates["engine"].tests_know, BTreeSet::from(["netsim".to_owned()]));
        let owners = dependencies(PAGE).unwrap();
        assert!(owners["dimpl"].contains("transport") && owners["serde"].contains("any"));
    }

    #[test]
    fn a_page_without_the_table_or_with_a_ragged_row_is_refused() {
        assert!(crates("nothing here").is_err());
        assert!(crates("<!-- tidy: crates -->\n| a | b |\n|---|---|\n| x | y |\n").is_err());
        assert!(crates("<!-- tidy: crates -->\n\nno rows\n").is_err());
    }
}
