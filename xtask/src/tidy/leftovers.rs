//! What a commit should not leave behind: marks of unfinished work, and words that name one particular machine.

use super::Finding;
use super::source::mentions;

/// Spelled in two halves, so that this file does not find itself.
const MARKS: &[&str] = &[concat!("FIX", "ME"), concat!("TO", "DO"), concat!("XX", "X"), concat!("HA", "CK")];

/// Folders of a developer's machine, and registries: a lockfile that names one makes everybody use it.
const PLACES: &[&str] = &[
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
    concat!("/tmp/", "bash"),
    concat!("registry.", "npmjs"),
    concat!("static.", "crates"),
    concat!("index.", "crates"),
    concat!("files.", "pythonhosted"),
    concat!("deb.", "debian"),
];

pub fn check(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, line) in text.lines().enumerate() {
        for mark in MARKS.iter().filter(|mark| mentions(line, mark)) {
            findings
                .push(format!("{path}:{}: a leftover {mark}: do it, or write down where it is decided", number + 1));
        }
        for place in PLACES.iter().filter(|place| line.contains(**place)) {
            findings.push(format!("{path}:{}: {place} is a place on one machine or one registry", number + 1));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_of_unfinished_work_is_found_as_a_word_only() {
        assert_eq!(check("a.rs", &format!("fn a() {{}} // {}: later", MARKS[0])).len(), 1);
        assert_eq!(check("a.rs", &format!("let {}LIST = 1;", MARKS[1])).len(), 0);
    }

    #[test]
    fn a_path_of_somebodys_machine_and_a_registry_host_are_found() {
        assert_eq!(check("a.toml", &format!("path = \"{}me/x\"", PLACES[2])).len(), 1);
        assert_eq!(check("package-lock.json", &format!("https://{}.org/x.tgz", PLACES[4])).len(), 1);
        assert_eq!(check("a.md", "a clean line with https://example.org").len(), 0);
    }
}
