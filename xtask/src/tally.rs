//! How many tests passed and failed, read from what test runners print.

/// Passed and failed tests of a step, or of all of them.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    pub passed: u64,
    pub failed: u64,
}

impl Tally {
    /// A step that is one test in itself: it worked or it did not.
    pub fn single(success: bool) -> Tally {
        Tally { passed: u64::from(success), failed: u64::from(!success) }
    }

    /// Counts what cargo, node and vitest print. A runner that ended badly without naming a failed test (it did not
    /// compile, it was killed) has failed once, and so has one in whose output no test can be seen.
    pub fn read(lines: &[String], success: bool) -> Tally {
        let mut tally = Tally::default();
        for line in lines {
            tally.add(cargo(line).or_else(|| node(line)).or_else(|| vitest(line)).unwrap_or_default());
        }
        if tally.failed == 0 && (!success || tally.passed == 0) {
            tally.failed = 1;
        }
        tally
    }

    pub fn add(&mut self, other: Tally) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// `test result: ok. 12 passed; 0 failed; 0 ignored; ..`
fn cargo(line: &str) -> Option<Tally> {
    let counts = line.strip_prefix("test result: ")?;
    Some(Tally { passed: before(counts, " passed")?, failed: before(counts, " failed")? })
}

/// `ℹ pass 3`, `ℹ fail 0`, `ℹ cancelled 0`: three lines, each with its part.
fn node(line: &str) -> Option<Tally> {
    let (word, count) = line.strip_prefix("ℹ ").or_else(|| line.strip_prefix("# "))?.split_once(' ')?;
    let count = count.parse().ok()?;
    match word {
        "pass" => Some(Tally { passed: count, failed: 0 }),
        "fail" | "cancelled" => Some(Tally { passed: 0, failed: count }),
        _ => None,
    }
}

/// `      Tests  1 failed | 12 passed (13)`
fn vitest(line: &str) -> Option<Tally> {
    let counts = line.trim_start().strip_prefix("Tests ")?;
    Some(Tally {
        passed: before(counts, " passed").unwrap_or_default(),
        failed: before(counts, " failed").unwrap_or_default(),
    })
}

/// The number that stands before `word`.
fn before(text: &str, word: &str) -> Option<u64> {
    let (front, _) = text.split_once(word)?;
    front.rsplit(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, success: bool) -> (u64, u64) {
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let tally = Tally::read(&lines, success);
        (tally.passed, tally.failed)
    }

    #[test]
    fn cargo_node_and_vitest_are_understood() {
        assert_eq!(read("test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured", true), (12, 0));
        assert_eq!(read("test result: ok. 2 passed; 0 failed\ntest result: FAILED. 3 passed; 4 failed", false), (5, 4));
        assert_eq!(read("ℹ tests 5\nℹ pass 3\nℹ fail 1\nℹ cancelled 1", false), (3, 2));
        assert_eq!(read("# pass 7\n# fail 0", true), (7, 0));
        assert_eq!(read("      Tests  1 failed | 12 passed (13)", false), (12, 1));
        assert_eq!(read("      Tests  8 passed (8)", true), (8, 0));
    }

    #[test]
    fn a_runner_that_ends_badly_without_a_failed_test_has_failed_once() {
        assert_eq!(read("error: could not compile `media`", false), (0, 1));
        assert_eq!(read("test result: ok. 2 passed; 0 failed", false), (2, 1));
    }

    #[test]
    fn a_runner_that_ran_nothing_is_not_a_success() {
        assert_eq!(read("", true), (0, 1));
        assert_eq!(read("test result: ok. 0 passed; 0 failed", true), (0, 1));
    }
}
