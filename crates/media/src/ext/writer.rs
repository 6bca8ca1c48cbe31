//! Collects header extensions and writes them in the smallest form that holds them all.
//!
//! Lives on the stack: a downlink builds one per packet and viewer, so it neither allocates nor shares.

use crate::ext::{AudioLevel, Kind, Map, PlayoutDelay};

/// Room for one descriptor of the largest size (257) beside every other extension we send (38), rounded up.
const ROOM: usize = 320;

/// Elements on their way into a packet.
#[derive(Clone, Copy)]
pub struct Writer {
    /// Elements in two-byte form; converted when written.
    staged: [u8; ROOM],
    staged_len: u16,
    elements: u16,
    two_byte: Allowed,
    needs_two_byte: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Allowed {
    Yes,
    No,
}

impl Writer {
    /// Uses the two-byte form where an element needs it.
    pub fn new() -> Writer {
        Writer { staged: [0; ROOM], staged_len: 0, elements: 0, two_byte: Allowed::Yes, needs_two_byte: false }
    }

    /// For a peer that did not accept `extmap-allow-mixed`: refuses what does not fit the one-byte form.
    pub fn one_byte_only() -> Writer {
        Writer { two_byte: Allowed::No, ..Writer::new() }
    }

    pub fn is_empty(&self) -> bool {
        self.elements == 0
    }

    pub fn clear(&mut self) {
        (self.staged_len, self.elements, self.needs_two_byte) = (0, 0, false);
    }

    /// Adds an element. Answers false, and adds nothing, when it cannot be carried: id 0, too long, or no room.
    pub fn push(&mut self, id: u8, data: &[u8]) -> bool {
        let fits_one_byte = (1..=14).contains(&id) && (1..=16).contains(&data.len());
        if id == 0 || data.len() > 255 || (!fits_one_byte && self.two_byte == Allowed::No) {
            return false;
        }
        let start = usize::from(self.staged_len);
        let end = start + 2 + data.len();
        let Some(room) = self.staged.get_mut(start..end) else {
            return false;
        };
        room[0] = id;
        room[1] = data.len() as u8;
        room[2..].copy_from_slice(data);
        self.staged_len = end as u16;
        self.elements += 1;
        self.needs_two_byte |= !fits_one_byte;
        true
    }

    /// Adds `data` under the id the peer gave to `kind`; false when it has none or the element does not fit.
    pub fn push_kind(&mut self, map: &Map, kind: Kind, data: &[u8]) -> bool {
        map.id(kind).is_some_and(|id| self.push(id, data))
    }

    /// `time` is in units of 2^-18 seconds, modulo 64 s.
    pub fn abs_send_time(&mut self, map: &Map, time: u32) -> bool {
        self.push_kind(map, Kind::AbsSendTime, &time.to_be_bytes()[1..])
    }

    pub fn transport_seq(&mut self, map: &Map, seq: u16) -> bool {
        self.push_kind(map, Kind::TransportSeq, &seq.to_be_bytes())
    }

    pub fn audio_level(&mut self, map: &Map, level: AudioLevel) -> bool {
        self.push_kind(map, Kind::AudioLevel, &[u8::from(level.voice) << 7 | level.level.min(127)])
    }

    pub fn playout_delay(&mut self, map: &Map, delay: PlayoutDelay) -> bool {
        self.push_kind(map, Kind::PlayoutDelay, &delay.encode())
    }

    /// Bytes that [`Writer::write`] fills, header and padding included; 0 when there are no elements.
    pub fn encoded_len(&self) -> usize {
        if self.is_empty() {
            return 0;
        }
        let elements = if self.needs_two_byte {
            usize::from(self.staged_len)
        } else {
            usize::from(self.staged_len - self.elements)
        };
        4 + elements.next_multiple_of(4)
    }

    /// Writes the block. `out` is exactly [`Writer::encoded_len`] long.
    pub(crate) fn write(&self, out: &mut [u8]) {
        if self.is_empty() {
            return;
        }
        let words = (out.len() - 4) / 4;
        let profile: u16 = if self.needs_two_byte { 0x1000 } else { 0xbede };
        out[..2].copy_from_slice(&profile.to_be_bytes());
        out[2..4].copy_from_slice(&(words as u16).to_be_bytes());
        let staged = &self.staged[..usize::from(self.staged_len)];
        let body = &mut out[4..];
        let mut at = 0;
        if self.needs_two_byte {
            body[..staged.len()].copy_from_slice(staged);
            at = staged.len();
        } else {
            let mut rest = staged;
            while let [id, len, tail @ ..] = rest {
                let (data, tail) = tail.split_at(usize::from(*len));
                body[at] = id << 4 | (len - 1);
                body[at + 1..][..data.len()].copy_from_slice(data);
                at += 1 + data.len();
                rest = tail;
            }
        }
        body[at..].fill(0);
    }
}

impl Default for Writer {
    fn default() -> Writer {
        Writer::new()
    }
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Writer({:02x?})", &self.staged[..usize::from(self.staged_len)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Header, Packet, RtpTime, Seq, ext};
    use proptest::prelude::*;

    /// Through a whole packet and back.
    fn round_trip(writer: &Writer) -> (Option<ext::Form>, Vec<(u8, Vec<u8>)>) {
        let header = Header { marker: false, payload_type: 111, seq: Seq(1), time: RtpTime(2), ssrc: 3 };
        let mut out = [0xff; 12 + 4 + ROOM + 3];
        let len = header.write(writer, &mut out).unwrap();
        let packet = Packet::parse(&out[..len]).unwrap();
        let elements = packet.extension.into_iter().flat_map(|b| b.elements()).map(|(id, d)| (id, d.to_vec()));
        (packet.extension.map(|block| block.form), elements.collect())
    }

    #[test]
    fn small_elements_take_the_one_byte_form() {
        let mut writer = Writer::new();
        assert!(writer.push(1, b"0") && writer.push(14, &[7; 16]));
        let (form, elements) = round_trip(&writer);
        assert_eq!(form, Some(ext::Form::OneByte));
        assert_eq!(elements, [(1, b"0".to_vec()), (14, vec![7; 16])]);
    }

    #[test]
    fn one_long_high_or_empty_element_makes_the_block_two_byte() {
        for (id, data) in [(1, &[9u8; 17][..]), (15, &[1][..]), (2, &[][..])] {
            let mut writer = Writer::new();
            assert!(writer.push(3, b"mid") && writer.push(id, data));
            assert_eq!(
                round_trip(&writer),
                (Some(ext::Form::TwoByte), vec![(3, b"mid".to_vec()), (id, data.to_vec())])
            );
            let mut narrow = Writer::one_byte_only();
            assert!(narrow.push(3, b"mid") && !narrow.push(id, data));
            assert_eq!(round_trip(&narrow), (Some(ext::Form::OneByte), vec![(3, b"mid".to_vec())]));
        }
    }

    #[test]
    fn what_does_not_fit_is_left_out_whole() {
        let mut writer = Writer::new();
        assert!(writer.push(1, &[1; 255]));
        assert!(!writer.push(2, &[2; 255]));
        assert!(!writer.push(0, &[1]) && !writer.push(3, &[0; 256]));
        assert_eq!(round_trip(&writer).1, [(1, vec![1; 255])]);
        writer.clear();
        assert_eq!(round_trip(&writer), (None, vec![]));
    }

    #[test]
    fn values_are_read_as_they_were_written() {
        let map = Map::new()
            .with(Kind::AbsSendTime, 3)
            .with(Kind::TransportSeq, 4)
            .with(Kind::AudioLevel, 5)
            .with(Kind::PlayoutDelay, 6)
            .with(Kind::Mid, 1);
        let level = AudioLevel { level: 31, voice: true };
        let delay = PlayoutDelay { min_ms: 0, max_ms: 400 };
        let mut writer = Writer::new();
        assert!(writer.abs_send_time(&map, 0x00ab_cdef) && writer.transport_seq(&map, 0xfffe));
        assert!(writer.audio_level(&map, level) && writer.playout_delay(&map, delay));
        assert!(writer.push_kind(&map, Kind::Mid, b"0") && !writer.push_kind(&map, Kind::Rid, b"hi"));
        let mut out = vec![0; writer.encoded_len()];
        writer.write(&mut out);
        let (block, _) = ext::Block::split_from(&out).unwrap();
        let values = ext::Values::read(block, &map);
        assert_eq!(values.abs_send_time, Some(0x00ab_cdef));
        assert_eq!(values.transport_seq, Some(0xfffe));
        assert_eq!(values.audio_level, Some(level));
        assert_eq!(values.playout_delay, Some(delay));
        assert_eq!((values.mid, values.rid), (Some("0"), None));
    }

    proptest! {
        #[test]
        fn any_elements_come_back_in_order(elements in proptest::collection::vec((1u8..=255, proptest::collection::vec(any::<u8>(), 0..40)), 0..12)) {
            let mut writer = Writer::new();
            let kept: Vec<_> = elements.into_iter().filter(|(id, data)| writer.push(*id, data)).collect();
            prop_assert_eq!(round_trip(&writer).1, kept);
        }
    }
}
