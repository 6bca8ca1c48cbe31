//! What came of the checks, for a person and for a program.

use std::fmt::Write as _;

use serde::ser::{Serialize, SerializeStruct, Serializer};

#[derive(Debug, serde::Serialize)]
pub struct Report {
    pub whip: String,
    pub whep: String,
    pub entries: Vec<Entry>,
}

#[derive(Debug)]
pub struct Entry {
    pub name: &'static str,
    /// Where it is written: RFC 9725, the WHEP draft, or what experience asks for.
    pub rule: &'static str,
    pub level: Level,
    pub outcome: Outcome,
    pub took_ms: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    Must,
    Should,
    /// No standard asks for it; users and operators do.
    Advice,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Passed,
    Failed(String),
    Skipped(String),
}

impl Report {
    /// No rule that a standard makes a MUST is broken.
    pub fn is_conformant(&self) -> bool {
        !self.entries.iter().any(|entry| entry.level == Level::Must && entry.outcome.is_failure())
    }

    pub fn failures(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| entry.outcome.is_failure())
    }

    /// A line per check and one that sums up.
    pub fn table(&self) -> String {
        let mut text = String::new();
        for entry in &self.entries {
            let _ = writeln!(text, "{}", entry.line());
        }
        let count = |wanted: fn(&Outcome) -> bool| self.entries.iter().filter(|entry| wanted(&entry.outcome)).count();
        let verdict = if self.is_conformant() { "conformant" } else { "not conformant" };
        let _ = writeln!(
            text,
            "{verdict}: {} passed, {} failed, {} skipped",
            count(|outcome| *outcome == Outcome::Passed),
            count(Outcome::is_failure),
            count(|outcome| matches!(outcome, Outcome::Skipped(_))),
        );
        text
    }
}

impl Entry {
    pub fn line(&self) -> String {
        let (word, why) = self.outcome.words();
        let level = match self.level {
            Level::Must => "must",
            Level::Should => "should",
            Level::Advice => "advice",
        };
        let head = format!("{word:<5} {level:<6} {:<44} {}", self.name, self.rule);
        if why.is_empty() { head } else { format!("{head}\n             {why}") }
    }
}

impl Outcome {
    pub fn is_failure(&self) -> bool {
        matches!(self, Outcome::Failed(_))
    }

    fn words(&self) -> (&'static str, &str) {
        match self {
            Outcome::Passed => ("pass", ""),
            Outcome::Failed(why) => ("FAIL", why),
            Outcome::Skipped(why) => ("skip", why),
        }
    }
}

impl Serialize for Entry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (outcome, detail) = match &self.outcome {
            Outcome::Passed => ("passed", None),
            Outcome::Failed(why) => ("failed", Some(why)),
            Outcome::Skipped(why) => ("skipped", Some(why)),
        };
        let mut fields = serializer.serialize_struct("Entry", 6)?;
        fields.serialize_field("name", self.name)?;
        fields.serialize_field("rule", self.rule)?;
        fields.serialize_field("level", &self.level)?;
        fields.serialize_field("outcome", outcome)?;
        fields.serialize_field("detail", &detail)?;
        fields.serialize_field("took_ms", &self.took_ms)?;
        fields.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(level: Level, outcome: Outcome) -> Report {
        let entry = Entry { name: "a", rule: "b", level, outcome, took_ms: 1 };
        Report { whip: "w".into(), whep: "e".into(), entries: vec![entry] }
    }

    #[test]
    fn only_a_broken_must_makes_a_server_not_conformant() {
        let broken = || Outcome::Failed("why".into());
        assert!(!report(Level::Must, broken()).is_conformant());
        assert!(report(Level::Should, broken()).is_conformant());
        assert!(report(Level::Must, Outcome::Skipped("why".into())).is_conformant());
        assert!(report(Level::Must, broken()).table().contains("not conformant: 0 passed, 1 failed, 0 skipped"));
    }

    #[test]
    fn a_program_reads_the_same_as_a_person() {
        let json = serde_json::to_value(report(Level::Advice, Outcome::Skipped("no token".into()))).unwrap();
        assert_eq!(json["entries"][0]["outcome"], "skipped");
        assert_eq!(json["entries"][0]["detail"], "no token");
        assert_eq!(json["entries"][0]["level"], "advice");
    }
}
