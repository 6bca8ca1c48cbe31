//! Keeps transport-wide sequence numbers from str0m that it cannot stand.
//!
//! - str0m 0.25 extends a number that lies before the first one to just under 2^64, and then lists every number in
//!   between in its feedback: one packet with a publisher's keys, or one that the network delays across the wrap, takes
//!   all memory of the process.
//! - A report counts its numbers in 16 bits: leaps that add up to more within a report overflow.
//!
//! Such a packet is dropped here before str0m counts it; if it was an honest one, it comes again by RTX under another
//! number.

use std::time::{Duration, Instant};

/// Half the number space, and a little less to be on the safe side of how a tie is extended.
const HALF: u64 = 1 << 15;
const MARGIN: u64 = 8;

/// Reports are 50 ms apart; within a period the numbers may advance by so much, which is 24 times what a publisher of
/// 100 Mbit/s needs. One leap of up to half the space comes on top, after a silence.
const PERIOD: Duration = Duration::from_millis(200);
const ADVANCE_MAX: u64 = 24_000;

#[derive(Debug)]
pub(super) struct Numbers {
    /// The highest number that str0m is known to have counted, extended as it does.
    counted: Option<u64>,
    /// The lowest that it was given while none is known.
    lowest: Option<u64>,
    /// The highest that it was given, extended.
    given: Option<u64>,
    given_at: Instant,
    period_at: Instant,
    advance: u64,
}

impl Numbers {
    pub(super) fn new(now: Instant) -> Numbers {
        Numbers { counted: None, lowest: None, given: None, given_at: now, period_at: now, advance: 0 }
    }

    /// Whether str0m may be given a packet with this number.
    pub(super) fn admits(&mut self, now: Instant, number: u16) -> bool {
        self.is_possible(number) && self.is_affordable(now, number)
    }

    /// str0m has counted this number.
    pub(super) fn count(&mut self, number: u16) {
        self.counted = self.counted.max(extend(self.counted, number));
    }

    /// Whether it can only be extended to something near.
    fn is_possible(&mut self, number: u16) -> bool {
        let number = u64::from(number);
        match self.counted {
            Some(highest) => highest >= HALF + MARGIN || number <= highest + HALF - MARGIN,
            // It may have counted any of those that it was given, or none.
            None => {
                let lowest = *self.lowest.get_or_insert(number);
                self.lowest = Some(lowest.min(number));
                number <= lowest + HALF - MARGIN
            }
        }
    }

    /// Whether the numbers do not run away.
    fn is_affordable(&mut self, now: Instant, number: u16) -> bool {
        let Some(extended) = extend(self.given, number) else {
            return false;
        };
        let ahead = extended.saturating_sub(self.given.unwrap_or(extended));
        let after_silence = now.saturating_duration_since(self.given_at) >= PERIOD;
        if now.saturating_duration_since(self.period_at) >= PERIOD {
            (self.period_at, self.advance) = (now, 0);
        }
        if !after_silence && self.advance + ahead > ADVANCE_MAX {
            return false;
        }
        self.advance += ahead;
        self.given = self.given.max(Some(extended));
        self.given_at = now;
        true
    }
}

/// The nearest extended number; `None` when that would lie before zero.
fn extend(highest: Option<u64>, number: u16) -> Option<u64> {
    match highest {
        None => Some(u64::from(number)),
        Some(highest) => highest.checked_add_signed(i64::from(number.wrapping_sub(highest as u16) as i16)),
    }
}

/// The transport-wide sequence number of a packet, read exactly as str0m reads it. `media` follows RFC 8285 where the
/// two differ, over elements that nobody sends, and the difference would be a way around this guard.
pub(super) fn read(packet: &[u8], id: u8) -> Option<u16> {
    let first = *packet.first()?;
    if first & 0x10 == 0 {
        return None;
    }
    let block = packet.get(12 + 4 * usize::from(first & 0x0f)..)?;
    let (head, rest) = block.split_at_checked(4)?;
    let one_byte = match u16::from_be_bytes([head[0], head[1]]) {
        0xbede => true,
        form if form & 0xfff0 == 0x1000 => false,
        _ => return None,
    };
    let mut rest = rest.get(..4 * usize::from(u16::from_be_bytes([head[2], head[3]])))?;
    let mut number = None;
    while let Some((&byte, after)) = rest.split_first() {
        if byte == 0 {
            rest = after;
            continue;
        }
        let (found, len, after) = if one_byte {
            if byte >> 4 == 15 {
                break;
            }
            (byte >> 4, usize::from(byte & 0x0f) + 1, after)
        } else {
            let Some((&len, after)) = after.split_first() else { break };
            (byte, usize::from(len), after)
        };
        let Some((data, after)) = after.split_at_checked(len) else { break };
        if let (true, Some(value)) = (found == id, data.first_chunk()) {
            number = Some(u16::from_be_bytes(*value));
        }
        rest = after;
    }
    number
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_found_behind_what_others_would_stop_at() {
        let packet = |form: u16, block: &[u8]| {
            let mut packet = vec![0x91, 96, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 9, 9, 9, 9];
            packet.extend_from_slice(&form.to_be_bytes());
            packet.extend_from_slice(&[0, (block.len() / 4) as u8]);
            packet.extend_from_slice(block);
            packet
        };
        assert_eq!(read(&packet(0xbede, &[0x31, 1, 2, 0]), 3), Some(0x0102));
        assert_eq!(read(&packet(0xbede, &[0x01, 0x31, 7, 0x31, 1, 2, 0, 0]), 3), Some(0x0102), "id 0 with a length");
        assert_eq!(read(&packet(0xbede, &[0xf0, 0x31, 1, 2]), 3), None, "id 15 ends the block");
        assert_eq!(read(&packet(0xbede, &[0x31, 1, 2, 0x30, 9, 0x31, 3, 4]), 3), Some(0x0304), "the last counts");
        assert_eq!(read(&packet(0x1005, &[3, 2, 1, 2]), 3), Some(0x0102));
        assert_eq!(read(&packet(0x1234, &[3, 2, 1, 2]), 3), None);
        for len in 0..20 {
            assert_eq!(read(&packet(0xbede, &[0x31, 1, 2, 0])[..len], 3), None);
        }
    }

    #[test]
    fn a_number_from_before_the_first_is_refused() {
        let now = Instant::now();
        let mut numbers = Numbers::new(now);
        assert!(numbers.admits(now, 2));
        numbers.count(2);
        assert!(!numbers.admits(now, 65_535));
        assert!(numbers.admits(now, 1) && numbers.admits(now, 300));
    }

    #[test]
    fn numbers_go_round_for_ever() {
        let mut now = Instant::now();
        let mut numbers = Numbers::new(now);
        for number in (65_000..400_000u32).map(|n| n as u16) {
            assert!(numbers.admits(now, number));
            numbers.count(number);
            now += Duration::from_micros(20);
        }
        assert_eq!(numbers.counted, Some(399_999));
    }

    #[test]
    fn nothing_that_str0m_may_have_counted_unseen_makes_a_later_number_impossible() {
        let now = Instant::now();
        let mut numbers = Numbers::new(now);
        assert!(numbers.admits(now, 20_000));
        assert!(numbers.admits(now, 5));
        // 20,005 above 5 is all right even if only 5 was counted; 60,000 is not.
        assert!(numbers.admits(now, 20_010) && !numbers.admits(now, 60_000));
    }

    #[test]
    fn numbers_that_run_away_are_held_back_and_a_long_outage_is_not() {
        let mut now = Instant::now();
        let mut numbers = Numbers::new(now);
        let mut admitted = 0;
        for leap in 0..10u16 {
            if numbers.admits(now, 40_000u16.wrapping_add(leap.wrapping_mul(5000))) {
                admitted += 1;
            }
        }
        assert_eq!(admitted, 5);
        now += PERIOD;
        assert!(
            numbers.admits(now, 40_000u16.wrapping_add(20_000 + 32_000)),
            "15 s at 2,000 packets a second were lost"
        );
        assert!(!numbers.admits(now, 40_000u16.wrapping_add(20_000 + 32_000).wrapping_add(1000)));
        now += PERIOD;
        assert!(numbers.admits(now, 40_000u16.wrapping_add(20_000 + 32_000).wrapping_add(1000)));
    }
}
