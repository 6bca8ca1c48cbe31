//! Which events somebody wants: a JSON list of names.

use crate::held;
use crate::problem::{Failure, Kind};

/// The draft knows six, and more will come.
const NAMES_MAX: usize = 32;

/// `speaker` is ours; the others are the draft's.
const NAMES: [&str; 6] = ["active", "inactive", "layers", "reconnect", "viewercount", "speaker"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Events(u8);

impl Events {
    pub const ALL: Events = Events(0b11_1111);

    pub fn contain(self, name: &str) -> bool {
        NAMES.iter().position(|known| *known == name).is_some_and(|bit| self.0 & 1 << bit != 0)
    }

    /// As the `events` attribute of a `Link` lists them.
    pub fn attribute() -> String {
        NAMES.join(",")
    }
}

/// No body asks for all of them. A name that this server does not know is passed over, as long as it knows another:
/// players ask for what they can use and do not look at what was offered.
pub fn parse(text: &str) -> Result<Events, Failure> {
    if text.trim().is_empty() {
        return Ok(Events::ALL);
    }
    let names: Vec<String> =
        serde_json::from_str(text).map_err(|error| held::malformed(r#"["active", "viewercount"]"#, &error))?;
    if names.len() > NAMES_MAX {
        return Err(Failure::new(Kind::MalformedBody, format!("the list may have {NAMES_MAX} names at most")));
    }
    let bit = |name: &String| NAMES.iter().position(|known| known == name).map_or(0, |bit| 1 << bit);
    let wanted = names.iter().map(bit).fold(0, |all, bit| all | bit);
    if wanted == 0 {
        return Err(Failure::new(Kind::MalformedBody, format!("name some of {}", NAMES.join(", "))));
    }
    Ok(Events(wanted))
}

#[doc(hidden)]
pub(crate) fn fuzz(text: &str) {
    if let Ok(events) = parse(text) {
        assert!(NAMES.iter().any(|name| events.contain(name)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_names_what_is_wanted_and_nothing_means_all() {
        let some = parse(r#"["viewercount","scte35","layers"]"#).unwrap();
        assert!(some.contain("viewercount") && some.contain("layers"));
        assert!(!some.contain("active") && !some.contain("scte35"));
        assert_eq!(parse(" \n").unwrap(), Events::ALL);
        assert!(NAMES.iter().all(|name| Events::ALL.contain(name)));
    }

    #[test]
    fn what_is_no_list_of_events_is_refused() {
        let many = format!("[{}\"active\"]", "\"x\",".repeat(40));
        for bad in ["{}", "[]", "null", "[1]", r#"["scte35"]"#, "[\"active\"", &many] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
