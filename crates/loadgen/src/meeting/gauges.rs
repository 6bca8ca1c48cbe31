//! What a node holds, as its `/metrics` say: every gauge that has to be what it was when everybody has left.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use dial::{Client, Request, Url};
use serde::{Deserialize, Serialize};

use crate::Error;

/// Gauges by their name and labels.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Gauges(BTreeMap<String, f64>);

/// One that is not what it was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// When they were compared.
    pub moment: String,
    pub gauge: String,
    pub before: f64,
    pub after: f64,
}

/// Gauges of the past, and not of what is held.
const NOT_HELD: [&str; 1] = ["weir_build_info"];

/// Between two looks.
const REST: Duration = Duration::from_millis(250);
/// So many looks in a row that show the same: nothing is on its way any more.
const CALM_LOOKS: u32 = 8;

impl Gauges {
    pub async fn read(url: &Url, token: Option<&str>) -> Result<Gauges, Error> {
        let request = Request::new("GET", url.child("metrics")).bearer(token);
        let answer = Client::new().send(request).await?;
        if !answer.status.is_success() {
            let (url, status, text) = (url.to_string(), answer.status.as_u16(), answer.text().into_owned());
            return Err(dial::Error::Refused { url, status, text }.into());
        }
        Ok(Gauges::parse(&answer.text()))
    }

    /// When they have not changed for a while.
    pub async fn calm(url: &Url, token: Option<&str>, patience: Duration) -> Result<Gauges, Error> {
        let deadline = Instant::now() + patience;
        let mut last = Gauges::read(url, token).await?;
        let mut looks = 1;
        while looks < CALM_LOOKS {
            tokio::time::sleep(REST).await;
            let now = Gauges::read(url, token).await?;
            looks = if now == last { looks + 1 } else { 1 };
            last = now;
            if Instant::now() > deadline {
                let text = format!("the node's gauges do not come to rest within {} s", patience.as_secs());
                return Err(Error::Meeting(text));
            }
        }
        Ok(last)
    }

    /// As soon as they are these again, or when there is no patience left: then what still differs.
    pub async fn return_to(
        &self,
        url: &Url,
        token: Option<&str>,
        moment: &str,
        patience: Duration,
    ) -> Result<Vec<Difference>, Error> {
        let deadline = Instant::now() + patience;
        loop {
            let differences = self.differences(&Gauges::read(url, token).await?, moment);
            if differences.is_empty() || Instant::now() > deadline {
                return Ok(differences);
            }
            tokio::time::sleep(REST).await;
        }
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    fn parse(text: &str) -> Gauges {
        let mut gauges = BTreeMap::new();
        let mut family = "";
        for line in text.lines() {
            if let Some(declared) = line.strip_prefix("# TYPE ") {
                let (name, kind) = declared.split_once(' ').unwrap_or((declared, ""));
                family = if kind == "gauge" && !NOT_HELD.contains(&name) { name } else { "" };
            } else if let Some((name, value)) = line.rsplit_once(' ')
                && name.split('{').next() == Some(family)
                && let Ok(value) = value.parse()
            {
                gauges.insert(name.to_owned(), value);
            }
        }
        Gauges(gauges)
    }

    fn differences(&self, now: &Gauges, moment: &str) -> Vec<Difference> {
        let names: std::collections::BTreeSet<&String> = self.0.keys().chain(now.0.keys()).collect();
        let differ = |gauge: &&String| self.0.get(*gauge) != now.0.get(*gauge);
        let of = |gauges: &Gauges, gauge: &String| gauges.0.get(gauge).copied().unwrap_or(0.0);
        let differences = names.into_iter().filter(differ).map(|gauge| Difference {
            moment: moment.to_owned(),
            gauge: gauge.clone(),
            before: of(self, gauge),
            after: of(now, gauge),
        });
        differences.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# HELP weir_rooms Rooms.\n# TYPE weir_rooms gauge\nweir_rooms{worker=\"0\"} 3\nweir_rooms{worker=\"1\"} 0\n\
        # TYPE weir_joins_total counter\nweir_joins_total 9\n# TYPE weir_build_info gauge\nweir_build_info{version=\"1\"} 1\n";

    #[test]
    fn gauges_are_compared_and_counters_are_not() {
        let before = Gauges::parse(TEXT);
        assert_eq!(before.len(), 2);
        let later = Gauges::parse(&TEXT.replace("_total 9", "_total 10"));
        assert_eq!(before.differences(&later, "later"), []);
        let leaked = Gauges::parse(&TEXT.replace("\"1\"} 0", "\"1\"} 1"));
        let found = before.differences(&leaked, "later");
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].gauge.as_str(), found[0].before, found[0].after), ("weir_rooms{worker=\"1\"}", 0.0, 1.0));
        let gone = Gauges::parse("");
        assert_eq!(before.differences(&gone, "later").len(), 2, "one that is not told any more is different too");
    }
}
