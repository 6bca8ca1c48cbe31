//! Who speaks when, and how loud: five at a time, in turn, and everybody else is silent. So it is known at any moment whom
//! everybody has to hear.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// As many as a node lets be heard (`stream.voices_max`).
pub const VOICES: u32 = 5;

/// Who has been quiet for two seconds gives their place to who speaks (`engine`'s `speaker`); the third is for the way.
pub const SWITCH_OVER: Duration = Duration::from_secs(3);

/// Packets that were sent at the end of a turn are still on their way.
const LAST: Duration = Duration::from_millis(300);

/// What a muted microphone says: digital silence (RFC 6464).
const SILENT: (u8, bool) = (127, false);
/// Decibels below overload of the loudest, and between one and the next.
const LOUDEST: u8 = 20;
const STEP: u8 = 3;

#[derive(Debug)]
pub struct Rota {
    people: u32,
    turn: Duration,
    /// Until then nobody speaks.
    began: OnceLock<Instant>,
    /// Packets of each turn and speaker that were sent while they were judged: a machine without time sends fewer than it should,
    /// and nobody can hear more.
    sent: Mutex<BTreeMap<(u64, u32), u32>>,
}

impl Rota {
    pub fn new(people: u32, turn: Duration) -> Rota {
        Rota { people, turn, began: OnceLock::new(), sent: Mutex::default() }
    }

    pub fn begin(&self, now: Instant) {
        let _ = self.began.set(now);
    }

    /// Of the packet that this person sends now: decibels below overload, and whether it is speech.
    pub fn speak(&self, now: Instant, person: u32) -> (u8, bool) {
        let Some((turn, _)) = self.turn_at(now) else { return SILENT };
        let Some(place) = self.speakers(turn).position(|speaker| speaker == person) else { return SILENT };
        if self.judged(now).is_some() {
            *self.sent_log().entry((turn, person)).or_default() += 1;
        }
        (LOUDEST + STEP * place as u8, true)
    }

    /// How many packets of this speaker could be heard in the judged part of a turn.
    pub fn sent(&self, turn: u64, speaker: u32) -> u32 {
        self.sent_log().get(&(turn, speaker)).copied().unwrap_or(0)
    }

    /// The turn in which everybody has to hear its speakers now, and nobody else: not while one gives way to the next.
    pub fn judged(&self, now: Instant) -> Option<u64> {
        let (turn, since) = self.turn_at(now)?;
        (SWITCH_OVER..self.turn.saturating_sub(LAST)).contains(&since).then_some(turn)
    }

    /// Whole turns until now.
    pub fn turns(&self, now: Instant) -> u64 {
        self.turn_at(now).map_or(0, |(turn, _)| turn)
    }

    /// The loudest first. People are numbered from 1.
    pub fn speakers(&self, turn: u64) -> impl Iterator<Item = u32> + use<> {
        let people = u64::from(self.people);
        (0..u64::from(VOICES.min(self.people))).map(move |n| ((turn * u64::from(VOICES) + n) % people) as u32 + 1)
    }

    fn sent_log(&self) -> MutexGuard<'_, BTreeMap<(u64, u32), u32>> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn turn_at(&self, now: Instant) -> Option<(u64, Duration)> {
        let since = now.checked_duration_since(*self.began.get()?)?;
        let turn = (since.as_millis() / self.turn.as_millis().max(1)) as u64;
        Some((turn, since - self.turn * turn as u32))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_speak_at_a_time_each_at_their_own_level_and_all_come_to_their_turn() {
        let rota = Rota::new(12, Duration::from_secs(5));
        let start = Instant::now();
        assert_eq!((rota.speak(start, 1), rota.judged(start)), (SILENT, None));
        rota.begin(start);
        let at = |ms| start + Duration::from_millis(ms);
        let levels = |ms| -> Vec<u8> { (1..=12).map(|person| rota.speak(at(ms), person).0).collect() };
        assert_eq!(levels(4_999), [20, 23, 26, 29, 32, 127, 127, 127, 127, 127, 127, 127]);
        assert_eq!(levels(5_000), [127, 127, 127, 127, 127, 20, 23, 26, 29, 32, 127, 127]);
        assert_eq!(levels(10_000), [26, 29, 32, 127, 127, 127, 127, 127, 127, 127, 20, 23]);
        let judged = [2_999, 3_000, 4_699, 4_700, 8_000].map(|ms| rota.judged(at(ms)));
        assert_eq!(judged, [None, Some(0), Some(0), None, Some(1)]);
        rota.speak(at(4_000), 2);
        let sent = [(0, 2), (0, 6), (1, 6)].map(|(turn, speaker)| rota.sent(turn, speaker));
        assert_eq!(sent, [1, 0, 0], "what is sent outside of the judged part counts for nobody");
        assert_eq!((rota.turns(at(9_999)), rota.turns(at(10_000))), (1, 2));
    }

    #[test]
    fn of_three_people_all_three_speak() {
        let rota = Rota::new(3, Duration::from_secs(5));
        assert_eq!(rota.speakers(7).collect::<Vec<_>>().len(), 3);
    }
}
