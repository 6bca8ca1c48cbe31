//! Entry points for the fuzzers: what an operator types or a script writes to the control socket.

use std::time::{Duration, Instant};

use crate::{Link, Profile};

/// Text and JSON profiles: no panic, JSON survives a round trip, and a link with that profile keeps its books.
pub fn fuzz_profile(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Some(profile) = text.parse::<Profile>().ok().or_else(|| serde_json::from_str(text).ok()) else { return };

    let json = serde_json::to_string(&profile).expect("a profile is plain data");
    serde_json::from_str::<Profile>(&json).expect("a profile reads what it wrote");

    let mut now = Instant::now();
    let mut link = Link::new(profile, data.len() as u64);
    for n in 0..64u16 {
        link.send(now, vec![n as u8; usize::from(n) * 20]);
        now += Duration::from_millis(3);
        while link.poll(now).is_some() {}
    }
    let stats = link.stats();
    let accounted = stats.delivered + stats.dropped() + link.in_flight() as u64;
    assert_eq!(stats.sent + stats.duplicated, accounted);
}
