//! Links between documents resolve: to a file that is in the repository, and to a heading that is in that file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path};

use super::Finding;
use crate::repo::File;

pub fn check(files: &[File], root: &Path) -> Vec<Finding> {
    let mut paths: BTreeSet<String> = BTreeSet::new();
    for file in files {
        // A link may lead to a folder.
        for ancestor in Path::new(&file.path).ancestors() {
            paths.insert(ancestor.to_string_lossy().into_owned());
        }
    }
    let pages: BTreeMap<&str, &str> = files
        .iter()
        .filter(|file| file.path.ends_with(".md"))
        .filter_map(|file| Some((file.path.as_str(), file.text.as_deref()?)))
        .collect();
    let mut findings = Vec::new();
    for (path, text) in &pages {
        for (number, target) in links(text) {
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let (file, heading) = target.split_once('#').unwrap_or((target, ""));
            let resolved = if file.is_empty() { (*path).to_owned() } else { resolve(path, file) };
            if !paths.contains(&resolved) {
                let hint = if root.join(&resolved).exists() { " (it is there, but git ignores it)" } else { "" };
                findings.push(format!("{path}:{number}: the link to {target} leads nowhere{hint}"));
            } else if let (false, Some(page)) = (heading.is_empty(), pages.get(resolved.as_str()))
                && !anchors(page).contains(heading)
            {
                findings.push(format!("{path}:{number}: {resolved} has no heading #{heading}"));
            }
        }
    }
    findings
}

/// The targets of `[text](target)` outside of code, with their line numbers.
fn links(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut fenced = false;
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        if fenced {
            continue;
        }
        for (at, _) in line.match_indices("](") {
            // An odd number of backticks before it: inside of code.
            if line[..at].matches('`').count() % 2 == 1 {
                continue;
            }
            if let Some((target, _)) = line[at + 2..].split_once(')') {
                found.push((index + 1, target.split(' ').next().unwrap_or(target)));
            }
        }
    }
    found
}

fn resolve(page: &str, target: &str) -> String {
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for component in Path::new(target).components() {
        match component {
            Component::ParentDir => drop(parts.pop()),
            Component::Normal(part) => parts.push(part.to_str().unwrap_or_default()),
            _ => {}
        }
    }
    parts.join("/")
}

/// Headings as the forges turn them into anchors: lower case, spaces to dashes, punctuation dropped.
fn anchors(page: &str) -> BTreeSet<String> {
    page.lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| {
            let title = line.trim_start_matches('#').trim().to_lowercase();
            let kept = title.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
            kept.map(|c| if c == ' ' { '-' } else { c }).collect()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(path: &str, text: &str) -> File {
        File { path: path.to_owned(), text: Some(text.to_owned()) }
    }

    fn findings(files: &[File]) -> Vec<Finding> {
        check(files, Path::new("no-such-folder"))
    }

    #[test]
    fn links_to_files_folders_headings_and_the_web_are_followed() {
        let files = [
            page(
                "README.md",
                "[a](docs/a.md) [d](docs) [h](docs/a.md#two-words-here) [w](https://example.org) [s](#top)\n# Top",
            ),
            page("docs/a.md", "## Two words, here\n[back](../README.md)"),
        ];
        assert_eq!(findings(&files), [""; 0]);
    }

    #[test]
    fn a_dead_link_and_a_dead_heading_are_found() {
        let files = [page("docs/a.md", "x\n[gone](gone.md) and [no](a.md#nowhere)")];
        let found = findings(&files);
        assert!(found.len() == 2 && found[0].starts_with("docs/a.md:2: the link to gone.md"), "{found:?}");
        assert!(found[1].contains("no heading #nowhere"), "{found:?}");
    }

    #[test]
    fn code_is_not_a_link() {
        assert_eq!(findings(&[page("a.md", "```\n[x](nowhere)\n```\nand `[y](nowhere)`")]), [""; 0]);
    }
}
