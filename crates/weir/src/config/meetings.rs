//! `[meetings]`: how long and how many, in each meeting.

use std::time::Duration;

use meetings::hall::Rules;
use serde::{Deserialize, Serialize};

use super::{Fault, at_least_one};

/// Everybody in a meeting is told of everybody else, so a meeting's cost grows with the square of its people.
const PEOPLE_MAX: u32 = 5_000;

/// More than anybody can look at; each is a stream for everybody.
const SHARES_MAX: u32 = 16;

/// A browser that has been gone for longer starts anew anyway, and so long everybody sees somebody who is not there.
const RESUME_MAX_S: u32 = 600;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Section {
    pub wait_for_host: bool,
    pub host_grace_s: u32,
    pub empty_grace_s: u32,
    pub away_after_s: u32,
    pub resume_within_s: u32,
    pub people_max: u32,
    pub waiting_max: u32,
    pub shares_max: u32,
}

impl Default for Section {
    fn default() -> Section {
        let rules = Rules::default();
        let seconds = |time: Duration| time.as_secs() as u32;
        Section {
            wait_for_host: rules.wait_for_host,
            host_grace_s: seconds(rules.host_grace),
            empty_grace_s: seconds(rules.empty_grace),
            away_after_s: seconds(rules.away_after),
            resume_within_s: seconds(rules.resume_within),
            people_max: rules.people_max as u32,
            waiting_max: rules.waiting_max as u32,
            shares_max: rules.shares_max as u32,
        }
    }
}

impl Section {
    pub fn check(&self) -> Result<(), Fault> {
        at_least_one("meetings.host_grace_s", self.host_grace_s)?;
        at_least_one("meetings.empty_grace_s", self.empty_grace_s)?;
        at_least_one("meetings.away_after_s", self.away_after_s)?;
        if !(self.away_after_s..=RESUME_MAX_S).contains(&self.resume_within_s) {
            let problem = format!(
                "it must be between meetings.away_after_s, which is {}, and {RESUME_MAX_S}: who is away comes back, or has left",
                self.away_after_s
            );
            return Err(Fault::new("meetings.resume_within_s", problem));
        }
        // One place is kept for whoever the meeting belongs to.
        if !(2..=PEOPLE_MAX).contains(&self.people_max) {
            return Err(Fault::new("meetings.people_max", format!("it must be between 2 and {PEOPLE_MAX}")));
        }
        if !(1..=PEOPLE_MAX).contains(&self.waiting_max) {
            return Err(Fault::new("meetings.waiting_max", format!("it must be between 1 and {PEOPLE_MAX}")));
        }
        if !(1..=SHARES_MAX).contains(&self.shares_max) {
            return Err(Fault::new("meetings.shares_max", format!("it must be between 1 and {SHARES_MAX}")));
        }
        Ok(())
    }

    pub fn rules(&self) -> Rules {
        let seconds = |n: u32| Duration::from_secs(n.into());
        Rules {
            wait_for_host: self.wait_for_host,
            host_grace: seconds(self.host_grace_s),
            empty_grace: seconds(self.empty_grace_s),
            away_after: seconds(self.away_after_s),
            resume_within: seconds(self.resume_within_s),
            people_max: self.people_max as usize,
            waiting_max: self.waiting_max as usize,
            shares_max: self.shares_max as usize,
        }
    }
}
