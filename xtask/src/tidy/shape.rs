//! The size of files, and that nobody forgets to fuzz a parser.

use super::Finding;
use super::source;
use crate::repo::File;

/// A file of a screen or three. Longer ones hold a second subject (STYLE.md, "A file").
const LINES_MAX: usize = 700;

pub fn check(path: &str, text: &str) -> Vec<Finding> {
    let ours = ["crates/", "web/src/", "xtask/", "fuzz/", "e2e/"].iter().any(|folder| path.starts_with(folder));
    let code = [".rs", ".ts", ".tsx", ".js", ".css", ".py"].iter().any(|end| path.ends_with(end));
    let lines = text.lines().count();
    if ours && code && lines > LINES_MAX {
        return vec![format!(
            "{path}: {lines} lines; more than {LINES_MAX} hold a second subject: give it a second file"
        )];
    }
    Vec::new()
}

/// Each `pub fn fuzz_NAME` of a crate has its libFuzzer target, its row in `fuzz/src/lib.rs` and its corpus.
pub fn check_fuzz_targets(files: &[File]) -> Vec<Finding> {
    let text = |path: &str| files.iter().find(|file| file.path == path).and_then(|file| file.text.as_deref());
    let rows = source::production(text("fuzz/src/lib.rs").unwrap_or_default());
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| file.path.starts_with("crates/") && file.path.ends_with(".rs")) {
        for name in file.text.as_deref().map(fuzz_functions).unwrap_or_default() {
            let target = name.trim_start_matches("fuzz_");
            if !source::mentions(&rows, &name) {
                findings.push(format!("{}: {name} has no row in fuzz/src/lib.rs", file.path));
            }
            if text(&format!("fuzz/libfuzzer/targets/{target}.rs")).is_none_or(|bin| !bin.contains(&name)) {
                findings.push(format!("{}: {name} has no target fuzz/libfuzzer/targets/{target}.rs", file.path));
            }
            if !files.iter().any(|seed| seed.path.starts_with(&format!("fuzz/corpus/{target}/"))) {
                findings.push(format!("{}: {name} has no seeds in fuzz/corpus/{target}/", file.path));
            }
        }
    }
    findings
}

fn fuzz_functions(text: &str) -> Vec<String> {
    source::production(text)
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("pub fn fuzz_")?.split_once('('))
        .map(|(name, _)| format!("fuzz_{name}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> File {
        File { path: path.to_owned(), text: Some(text.to_owned()) }
    }

    #[test]
    fn a_file_with_a_second_subject_is_found() {
        assert_eq!(check("crates/engine/src/room.rs", &"x\n".repeat(LINES_MAX)).len(), 0);
        assert_eq!(check("crates/engine/src/room.rs", &"x\n".repeat(LINES_MAX + 1)).len(), 1);
        assert_eq!(check("Cargo.lock", &"x\n".repeat(9_000)).len(), 0);
    }

    #[test]
    fn a_parser_without_target_row_and_corpus_is_found() {
        let parser = file("crates/media/src/fuzz.rs", "pub fn fuzz_rtp(data: &[u8]) {}\n");
        assert_eq!(check_fuzz_targets(&[parser]).len(), 3);
    }

    #[test]
    fn a_parser_that_is_wired_up_is_fine() {
        let files = [
            file("crates/media/src/fuzz.rs", "pub fn fuzz_rtp(data: &[u8]) {}\n"),
            file("fuzz/src/lib.rs", "pub const TARGETS: &[Target] = &[(\"rtp\", media::fuzz::fuzz_rtp)];"),
            file("fuzz/libfuzzer/targets/rtp.rs", "fuzz_target!(|data: &[u8]| media::fuzz::fuzz_rtp(data));"),
            file("fuzz/corpus/rtp/vp8", ""),
        ];
        assert_eq!(check_fuzz_targets(&files), [""; 0]);
    }
}
