//! What one direction of a network does to datagrams, as data: JSON for the control socket, one line of text for a
//! command line (`lte,loss=3%`), a struct for a test.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Error;

/// One direction. The default is a clean wire: no delay, no loss, no limit.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Profile {
    #[serde(rename = "delay_ms", with = "millis")]
    pub delay: Duration,
    /// Added to or taken from the delay, uniformly; the sum is never below zero.
    #[serde(rename = "jitter_ms", with = "millis")]
    pub jitter: Duration,
    /// Whether jitter may let a datagram overtake another. Most real paths keep order even while they jitter.
    pub reorder: bool,
    pub loss: Loss,
    #[serde(rename = "duplicate_percent")]
    pub duplicate: Percent,
    /// Share of datagrams with one flipped bit.
    #[serde(rename = "corrupt_percent")]
    pub corrupt: Percent,
    pub rate: Option<Rate>,
    /// Longer datagrams vanish without an error, as behind a tunnel whose ICMP is filtered.
    pub mtu_bytes: Option<u32>,
    /// A cut cable: nothing enters. What is in flight still arrives.
    pub partition: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Loss {
    #[default]
    None,
    /// Each datagram on its own (Bernoulli).
    Random { percent: Percent },
    /// Gilbert-Elliott: two states with their own loss, and the chance per datagram of changing between them.
    Bursts { enter: Percent, leave: Percent, loss_good: Percent, loss_bad: Percent },
}

impl Loss {
    /// Bursts by what a person observes: the long-term share lost, and how many are lost in a row on average.
    /// In the bad state everything is lost, so it is left after `mean_length` and entered as often as the share needs.
    pub fn bursts(percent: Percent, mean_length: f64) -> Loss {
        let leave = 1.0 / mean_length.max(1.0);
        let share = percent.share();
        let enter = if share < 1.0 { (leave * share / (1.0 - share)).min(1.0) } else { 1.0 };
        Loss::Bursts {
            enter: Percent(enter * 100.0),
            leave: if share < 1.0 { Percent(leave * 100.0) } else { Percent::ZERO },
            loss_good: Percent::ZERO,
            loss_bad: Percent(100.0),
        }
    }
}

/// A bottleneck: datagrams leave one after the other at `kbps`; what would wait longer than `queue` is dropped (tail drop).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    pub kbps: std::num::NonZeroU32,
    /// Length of the queue as time at the rate, so that one number means the same at every speed.
    #[serde(rename = "queue_ms", with = "millis")]
    pub queue: Duration,
}

impl Rate {
    /// What a home router does when nobody tuned it.
    pub const QUEUE: Duration = Duration::from_millis(100);

    pub fn time_for(self, bytes: usize) -> Duration {
        // bits · 10^6 / kbps = nanoseconds
        Duration::from_nanos((bytes as u64).saturating_mul(8_000_000) / u64::from(self.kbps.get()))
    }
}

/// 0 to 100, checked where it enters.
#[derive(Debug, Clone, Copy, Default, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Percent(f64);

impl Percent {
    pub const ZERO: Percent = Percent(0.0);

    pub fn new(percent: f64) -> Option<Percent> {
        (0.0..=100.0).contains(&percent).then_some(Percent(percent))
    }

    pub fn get(self) -> f64 {
        self.0
    }

    pub fn share(self) -> f64 {
        self.0 / 100.0
    }
}

impl<'de> Deserialize<'de> for Percent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let percent = f64::deserialize(deserializer)?;
        Percent::new(percent).ok_or_else(|| serde::de::Error::custom(format!("{percent} is not between 0 and 100")))
    }
}

/// Networks people know, in the text form. Per direction: take `lte-up` for the way out of a phone.
pub const PRESETS: &[(&str, &str)] = &[
    ("clean", ""),
    ("lan", "delay=0.3ms,jitter=0.1ms"),
    ("fibre", "delay=6ms,jitter=1ms,rate=300mbps,queue=20ms"),
    ("wifi", "delay=4ms,jitter=3ms,loss=0.2%,rate=60mbps,queue=60ms"),
    ("wifi-poor", "delay=12ms,jitter=10ms,bursts=4%x5,rate=6mbps,queue=250ms"),
    ("lte", "delay=35ms,jitter=8ms,loss=0.3%,rate=30mbps,queue=150ms"),
    ("lte-up", "delay=35ms,jitter=12ms,loss=0.3%,rate=8mbps,queue=250ms"),
    ("3g", "delay=90ms,jitter=20ms,loss=0.5%,rate=1500kbps,queue=500ms"),
    ("satellite", "delay=300ms,jitter=10ms,loss=0.5%,rate=20mbps,queue=200ms"),
    ("leo", "delay=25ms,jitter=8ms,bursts=0.8%x8,rate=100mbps,queue=100ms"),
    ("bufferbloat", "delay=15ms,rate=3mbps,queue=1500ms"),
    ("intercontinental", "delay=75ms,jitter=2ms,loss=0.1%"),
    ("reordering", "delay=30ms,jitter=15ms,reorder"),
    ("5%loss50ms", "delay=50ms,loss=5%"),
];

pub(crate) fn preset_names() -> String {
    PRESETS.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}

impl Profile {
    pub fn clean() -> Profile {
        Profile::default()
    }

    pub fn preset(name: &str) -> Option<Profile> {
        let (_, terms) = PRESETS.iter().find(|(known, _)| *known == name)?;
        Some(terms.parse().expect("every preset is parsed by a test"))
    }

    fn apply(&mut self, term: &str) -> Result<(), Error> {
        if let Some(preset) = Profile::preset(term) {
            *self = preset;
            return Ok(());
        }
        let (key, value) = term.split_once('=').unwrap_or((term, ""));
        match key {
            "delay" => self.delay = duration("delay", value)?,
            "jitter" => self.jitter = duration("jitter", value)?,
            "reorder" if value.is_empty() => self.reorder = true,
            "partition" if value.is_empty() => self.partition = true,
            "loss" => self.loss = Loss::Random { percent: percent("loss", value)? },
            "bursts" => self.loss = bursts(value)?,
            "duplicate" => self.duplicate = percent("duplicate", value)?,
            "corrupt" => self.corrupt = percent("corrupt", value)?,
            "rate" => {
                let queue = self.rate.map_or(Rate::QUEUE, |rate| rate.queue);
                self.rate = Some(Rate { kbps: kbps(value)?, queue });
            }
            "queue" => {
                let queue = duration("queue", value)?;
                let rate = self.rate.as_mut().ok_or(Error::Value {
                    key: "queue",
                    value: value.to_owned(),
                    expected: "a rate=… before it, since a queue forms only behind a rate",
                })?;
                rate.queue = queue;
            }
            "mtu" => self.mtu_bytes = Some(bytes(value)?),
            _ => return Err(Error::Profile(term.to_owned())),
        }
        Ok(())
    }
}

impl FromStr for Profile {
    type Err = Error;

    /// Terms joined by commas, applied in order; a preset replaces what came before it.
    fn from_str(text: &str) -> Result<Profile, Error> {
        let mut profile = Profile::clean();
        for term in text.split(',').map(str::trim).filter(|term| !term.is_empty()) {
            profile.apply(term)?;
        }
        Ok(profile)
    }
}

impl fmt::Display for Profile {
    /// The text form again, for logs; the Gilbert-Elliott parameters have no short form and are named.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |d: Duration| d.as_secs_f64() * 1000.0;
        let mut terms = vec![format!("delay={}ms", ms(self.delay)), format!("jitter={}ms", ms(self.jitter))];
        match self.loss {
            Loss::None => {}
            Loss::Random { percent } => terms.push(format!("loss={}%", percent.get())),
            Loss::Bursts { enter, leave, .. } => {
                terms.push(format!("bursts(enter={:.3}%, leave={:.1}%)", enter.get(), leave.get()));
            }
        }
        if let Some(rate) = self.rate {
            terms.push(format!("rate={}kbps,queue={}ms", rate.kbps, ms(rate.queue)));
        }
        if let Some(mtu) = self.mtu_bytes {
            terms.push(format!("mtu={mtu}"));
        }
        for (name, percent) in [("duplicate", self.duplicate), ("corrupt", self.corrupt)] {
            if percent > Percent::ZERO {
                terms.push(format!("{name}={}%", percent.get()));
            }
        }
        for (name, on) in [("reorder", self.reorder), ("partition", self.partition)] {
            if on {
                terms.push(name.to_owned());
            }
        }
        f.write_str(&terms.join(","))
    }
}

/// Longer delays are typing errors, and a bound keeps virtual time far from overflow.
const DELAY_MAX: Duration = Duration::from_secs(60);

fn duration(key: &'static str, value: &str) -> Result<Duration, Error> {
    let ms = value.strip_suffix("ms").unwrap_or(value).trim();
    ms.parse().ok().and_then(millis::checked).ok_or(Error::Value {
        key,
        value: value.to_owned(),
        expected: "milliseconds from 0 to 60000, like 50ms",
    })
}

fn percent(key: &'static str, value: &str) -> Result<Percent, Error> {
    let number = value.strip_suffix('%').unwrap_or(value).trim();
    number.parse().ok().and_then(Percent::new).ok_or(Error::Value {
        key,
        value: value.to_owned(),
        expected: "a percentage from 0% to 100%",
    })
}

fn bursts(value: &str) -> Result<Loss, Error> {
    let wrong = || Error::Value {
        key: "bursts",
        value: value.to_owned(),
        expected: "the share lost and the mean length of a burst, like 5%x4",
    };
    let (share, length) = value.split_once('x').ok_or_else(wrong)?;
    let length: f64 = length.trim().parse().map_err(|_| wrong())?;
    if !(1.0..=10_000.0).contains(&length) {
        return Err(wrong());
    }
    Ok(Loss::bursts(percent("bursts", share)?, length))
}

fn kbps(value: &str) -> Result<std::num::NonZeroU32, Error> {
    let (number, scale) = match value.strip_suffix("mbps") {
        Some(mbps) => (mbps, 1000.0),
        None => (value.strip_suffix("kbps").unwrap_or(value), 1.0),
    };
    let kbps = number.trim().parse::<f64>().map(|n| n * scale).unwrap_or(f64::NAN);
    // The comparison is false for NaN; `as` truncates a value that is inside the range.
    let kbps = if (1.0..=100_000_000.0).contains(&kbps) { kbps as u32 } else { 0 };
    std::num::NonZeroU32::new(kbps).ok_or(Error::Value {
        key: "rate",
        value: value.to_owned(),
        expected: "a rate from 1kbps to 100000mbps, like 2500kbps or 30mbps",
    })
}

fn bytes(value: &str) -> Result<u32, Error> {
    let bytes = value.parse().ok().filter(|bytes| (28..=65_535).contains(bytes));
    bytes.ok_or(Error::Value { key: "mtu", value: value.to_owned(), expected: "28 to 65535 bytes" })
}

/// Durations as milliseconds with a fraction, bounded.
mod millis {
    use super::*;

    pub fn checked(ms: f64) -> Option<Duration> {
        // False for NaN and infinities, so the conversion below cannot panic.
        (0.0..=DELAY_MAX.as_secs_f64() * 1000.0).contains(&ms).then(|| Duration::from_nanos((ms * 1e6).round() as u64))
    }

    pub fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(duration.as_nanos() as f64 / 1e6)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        let ms = f64::deserialize(deserializer)?;
        checked(ms).ok_or_else(|| serde::de::Error::custom(format!("{ms} ms is not between 0 and 60000")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_parses_and_survives_json() {
        for (name, _) in PRESETS {
            let profile = Profile::preset(name).unwrap();
            let json = serde_json::to_string(&profile).unwrap();
            assert_eq!(serde_json::from_str::<Profile>(&json).unwrap(), profile, "{name}: {json}");
        }
    }

    #[test]
    fn a_preset_can_be_made_worse_by_later_terms() {
        let profile: Profile = "lte, loss=3%, mtu=1280".parse().unwrap();
        assert_eq!(profile.delay, Duration::from_millis(35));
        assert_eq!(profile.loss, Loss::Random { percent: Percent::new(3.0).unwrap() });
        assert_eq!(profile.mtu_bytes, Some(1280));
    }

    #[test]
    fn a_wrong_term_is_named_together_with_what_would_be_right() {
        for (text, hint) in [
            ("dealy=50ms", "delay=50ms"),
            ("delay=-1ms", "milliseconds from 0"),
            ("delay=NaN", "milliseconds from 0"),
            ("loss=101%", "0% to 100%"),
            ("bursts=5%", "like 5%x4"),
            ("rate=0", "from 1kbps"),
            ("queue=5ms", "rate=… before it"),
            ("mtu=5", "28 to 65535"),
        ] {
            let error = text.parse::<Profile>().unwrap_err().to_string();
            assert!(error.contains(hint), "{text}: {error}");
        }
        let error = serde_json::from_str::<Profile>(r#"{"delay_ms": 1e9}"#).unwrap_err().to_string();
        assert!(error.contains("between 0 and 60000"), "{error}");
    }
}
