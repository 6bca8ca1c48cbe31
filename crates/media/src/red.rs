//! Redundant audio (RFC 2198): earlier packets sent along with the one that is due.
//!
//! ```text
//! ┌ header per earlier block ──────────────────┬ last header ┬ blocks, the oldest first ┬ primary ┐
//! │ 1│ type:7 │ timestamp offset:14 │ length:10 │ 0│ type:7   │                          │         │
//! └────────────────────────────────────────────┴─────────────┴──────────────────────────┴─────────┘
//! ```
//!
//! The primary is what would have been sent without redundancy, so a viewer who does not know RED gets the same bytes from
//! [`Red::primary_at`] on. The types inside are the publisher's; a viewer's are put in their place.

/// Blocks that we take, the primary included. Browsers send two, and ten at most where they are told to.
pub const BLOCKS_MAX: usize = 12;
/// What a header can say.
pub const OFFSET_MAX: u16 = 0x3fff;
pub const LENGTH_MAX: usize = 0x3ff;

const HEADER_LEN: usize = 4;

/// One packet's blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Red {
    blocks: [Block; BLOCKS_MAX],
    len: u8,
}

/// A packet inside a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Block {
    pub payload_type: u8,
    /// How many ticks it is older than the packet; 0 for the primary.
    pub older: u16,
    /// Where it lies in the payload.
    pub at: u16,
    pub len: u16,
}

impl Red {
    /// `None` for a payload that is cut, has no primary or more than [`BLOCKS_MAX`] blocks.
    pub fn parse(payload: &[u8]) -> Option<Red> {
        u16::try_from(payload.len()).ok()?;
        let mut red = Red { blocks: [Block::default(); BLOCKS_MAX], len: 0 };
        let mut headers = payload;
        loop {
            let block = red.blocks.get_mut(usize::from(red.len))?;
            red.len += 1;
            let first = *headers.first()?;
            block.payload_type = first & 0x7f;
            if first & 0x80 == 0 {
                break;
            }
            let (header, rest) = headers.split_first_chunk::<HEADER_LEN>()?;
            block.older = u16::from_be_bytes([header[1], header[2]]) >> 2;
            block.len = u16::from_be_bytes([header[2] & 3, header[3]]);
            headers = rest;
        }
        let mut at = payload.len() - headers.len() + 1;
        let (primary, earlier) = red.blocks[..usize::from(red.len)].split_last_mut()?;
        for block in earlier {
            block.at = u16::try_from(at).ok()?;
            at += usize::from(block.len);
        }
        // An encoder that has nothing to send sends nothing: a primary has bytes.
        let len = payload.len().checked_sub(at).filter(|len| *len > 0)?;
        (primary.at, primary.len) = (at as u16, len as u16);
        Some(red)
    }

    /// The blocks, the oldest first as a rule; the primary is the last.
    pub fn blocks(&self) -> &[Block] {
        &self.blocks[..usize::from(self.len)]
    }

    pub fn primary(&self) -> Block {
        self.blocks[usize::from(self.len) - 1]
    }
}

/// Where the packet that would have been sent without redundancy begins; it goes on to the end. `None` when the payload
/// is not RED.
pub fn primary_at(payload: &[u8]) -> Option<usize> {
    Red::parse(payload).map(|red| usize::from(red.primary().at))
}

/// Gives all blocks a payload type, in place. False, and nothing changed, when the payload is not RED.
pub fn rewrite(payload: &mut [u8], payload_type: u8) -> bool {
    let Some(red) = Red::parse(payload) else { return false };
    for n in 0..red.blocks().len() {
        let byte = &mut payload[n * HEADER_LEN];
        *byte = *byte & 0x80 | payload_type & 0x7f;
    }
    true
}

/// Appends a payload of earlier blocks, each with how many ticks it is older, and the primary. A block that the format
/// cannot express (16,383 ticks, 1,023 bytes) is left out, and so is what is beyond [`BLOCKS_MAX`].
pub fn write(payload_type: u8, earlier: &[(u16, &[u8])], primary: &[u8], out: &mut Vec<u8>) {
    let fits = |(older, block): &&(u16, &[u8])| *older <= OFFSET_MAX && block.len() <= LENGTH_MAX;
    let earlier = || earlier.iter().filter(fits).take(BLOCKS_MAX - 1);
    for (older, block) in earlier() {
        let len = block.len() as u16;
        out.push(0x80 | payload_type);
        out.extend_from_slice(&(older << 2 | len >> 8).to_be_bytes());
        out.push(len as u8);
    }
    out.push(payload_type & 0x7f);
    earlier().for_each(|(_, block)| out.extend_from_slice(block));
    out.extend_from_slice(primary);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// As Chrome sends it: one earlier packet of 20 ms before, both of type 111.
    const CHROME: [u8; 10] = [0x80 | 111, 0x0f, 0x00, 0x03, 111, 0xfc, 1, 2, 0xfc, 3];

    #[test]
    fn a_browser_packet_is_read() {
        let red = Red::parse(&CHROME).unwrap();
        let blocks = [
            Block { payload_type: 111, older: 960, at: 5, len: 3 },
            Block { payload_type: 111, older: 0, at: 8, len: 2 },
        ];
        assert_eq!(red.blocks(), blocks);
        assert_eq!((red.primary(), primary_at(&CHROME)), (blocks[1], Some(8)));
        assert_eq!(primary_at(&[111, 0xfc, 3]), Some(1), "the first packet has nothing before it");
    }

    #[test]
    fn what_is_cut_or_endless_is_refused() {
        for len in 0..9 {
            assert_eq!(Red::parse(&CHROME[..len]), None, "{len}");
        }
        let headers = |n: usize| [[0x80 | 111, 0, 0, 0].repeat(n), vec![111, 0xfc]].concat();
        assert!(Red::parse(&headers(BLOCKS_MAX - 1)).is_some());
        assert_eq!(Red::parse(&headers(BLOCKS_MAX)), None);
        assert_eq!(Red::parse(&[0x80; 60]), None);
        assert_eq!(Red::parse(&vec![0; 70_000]), None);
    }

    #[test]
    fn blocks_get_the_type_that_a_viewer_knows() {
        let mut payload = CHROME;
        assert!(rewrite(&mut payload, 96));
        assert_eq!((payload[0], payload[4]), (0x80 | 96, 96));
        assert_eq!((&payload[1..4], &payload[5..]), (&CHROME[1..4], &CHROME[5..]));
        assert!(!rewrite(&mut payload[..7], 97));
        assert_eq!(payload[0], 0x80 | 96);
    }

    proptest! {
        #[test]
        fn blocks_come_back_as_they_were_written(
            earlier in proptest::collection::vec((0u16..=OFFSET_MAX, proptest::collection::vec(any::<u8>(), 0..300)), 0..BLOCKS_MAX),
            primary in proptest::collection::vec(any::<u8>(), 1..300),
            payload_type in 0u8..128,
        ) {
            let mut payload = Vec::new();
            let blocks: Vec<_> = earlier.iter().map(|(older, block)| (*older, &block[..])).collect();
            write(payload_type, &blocks, &primary, &mut payload);
            let red = Red::parse(&payload).unwrap();
            let bytes = |block: &Block| &payload[usize::from(block.at)..][..usize::from(block.len)];
            let read: Vec<_> = red.blocks().iter().map(|block| (block.older, bytes(block))).collect();
            prop_assert_eq!(&read[..earlier.len()], &blocks[..]);
            prop_assert_eq!(read[earlier.len()], (0, &primary[..]));
            prop_assert!(red.blocks().iter().all(|block| block.payload_type == payload_type));
        }

        #[test]
        fn no_bytes_make_the_reader_panic(payload in proptest::collection::vec(any::<u8>(), 0..80)) {
            crate::fuzz::fuzz_red(&payload);
        }
    }
}
