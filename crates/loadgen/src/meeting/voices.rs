//! Whom one person hears, held against whom they have to hear.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use super::report;
use super::rota::Rota;

/// A voice is heard if a half of what was sent of it came: one that is cut into is noticed, a thread that was late is not.
const SHARE: u32 = 2;

#[derive(Debug)]
pub struct Voices {
    rota: Arc<Rota>,
    /// Whose ears these are: nobody hears themselves.
    person: u32,
    /// The first turn that was heard from its beginning.
    from: u64,
    packets: BTreeMap<(u64, u32), u32>,
}

impl Voices {
    pub fn new(rota: Arc<Rota>, person: u32, now: Instant) -> Voices {
        let from = rota.turns(now);
        Voices { rota, person, from, packets: BTreeMap::new() }
    }

    /// A packet of somebody's voice; of `None`, if it is nobody's of ours.
    pub fn hear(&mut self, now: Instant, whose: Option<u32>) {
        if let (Some(turn), Some(whose)) = (self.rota.judged(now), whose) {
            *self.packets.entry((turn, whose)).or_default() += 1;
        }
    }

    /// Of all turns that were over by then.
    pub fn judge(&self, until: Instant) -> report::Voices {
        let mut found = report::Voices::default();
        for turn in self.from..self.rota.turns(until) {
            for speaker in self.rota.speakers(turn).filter(|speaker| *speaker != self.person) {
                let enough = self.rota.sent(turn, speaker).div_ceil(SHARE).max(1);
                let came = self.packets.get(&(turn, speaker)).copied().unwrap_or(0);
                let counted = if came >= enough { &mut found.right } else { &mut found.missing };
                *counted += 1;
            }
            let heard = self.packets.range((turn, 0)..(turn + 1, 0)).map(|((_, whose), _)| *whose);
            let wrong = |whose: &u32| self.rota.speakers(turn).all(|speaker| speaker != *whose);
            found.wrong += heard.filter(wrong).count() as u64;
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_voice_that_is_missing_and_one_that_is_not_to_be_heard_are_counted_and_the_way_over_is_not() {
        let rota = Arc::new(Rota::new(10, Duration::from_secs(5)));
        let start = Instant::now();
        rota.begin(start);
        let mut voices = Voices::new(rota.clone(), 2, start);
        for n in 0..500u64 {
            let now = start + Duration::from_millis(n * 20);
            let turn = rota.turns(now);
            for speaker in rota.speakers(turn) {
                rota.speak(now, speaker);
            }
            // The one who speaks third is not heard in the first turn; and one who is silent is, in the second.
            let heard = rota.speakers(turn).filter(|speaker| *speaker != 2 && (turn > 0 || *speaker != 3));
            heard.for_each(|speaker| voices.hear(now, Some(speaker)));
            if turn == 1 {
                voices.hear(now, Some(2));
                voices.hear(now, None);
            }
            // While one gives way to the other, both are heard.
            if n % 250 < 100 {
                voices.hear(now, Some(9));
            }
        }
        let report::Voices { right, missing, wrong } = voices.judge(start + Duration::from_secs(10));
        assert_eq!((right, missing, wrong), (3 + 5, 1, 1));
        let later = Voices::new(rota, 2, start + Duration::from_secs(7));
        assert_eq!(later.judge(start + Duration::from_secs(10)).missing, 5, "the first turn was before their time");
    }
}
