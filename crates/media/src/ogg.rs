//! Opus out of an Ogg file (RFC 3533, RFC 7845): the packets of its first Opus stream, without the two that describe it.
//!
//! For files that somebody plays into a room. A page's checksum is not looked at: a damaged packet is the decoder's business.

use crate::Error;

const CAPTURE: &[u8] = b"OggS";
const PAGE_HEADER_LEN: usize = 27;
const CONTINUED: u8 = 1;
const FIRST: u8 = 2;

/// RFC 7845 §6 recommends 61,440 bytes as the longest packet to accept; ours must fit into a datagram in the end.
const PACKET_MAX: usize = 61_440;

/// The packets in order. After an error there are no more.
#[derive(Debug)]
pub struct OpusPackets<'a> {
    rest: &'a [u8],
    serial: Option<u32>,
    /// Packets of the stream so far: the first two describe it.
    seen: u64,
    /// The beginning of a packet that goes on.
    partial: Vec<u8>,
    /// What is left of the current page: lengths and bytes.
    lacing: &'a [u8],
    body: &'a [u8],
    failed: bool,
}

impl<'a> OpusPackets<'a> {
    /// `bytes` is a whole file.
    pub fn new(bytes: &'a [u8]) -> OpusPackets<'a> {
        OpusPackets { rest: bytes, serial: None, seen: 0, partial: Vec::new(), lacing: &[], body: &[], failed: false }
    }

    /// Finds the next page of our stream. `None` at the end of the file.
    fn turn_page(&mut self) -> Option<Result<(), Error>> {
        loop {
            if self.rest.is_empty() {
                return match self.serial {
                    Some(_) => None,
                    None => Some(Err(Error::Ogg("no Opus stream in it"))),
                };
            }
            let (page, rest) = match Page::split_from(self.rest) {
                Ok(split) => split,
                Err(error) => return Some(Err(error)),
            };
            self.rest = rest;
            if self.serial.is_none() && page.flags & FIRST != 0 && page.body.starts_with(b"OpusHead") {
                self.serial = Some(page.serial);
            }
            if self.serial != Some(page.serial) {
                continue;
            }
            if page.flags & CONTINUED == 0 {
                self.partial.clear();
            }
            (self.lacing, self.body) = (page.lacing, page.body);
            return Some(Ok(()));
        }
    }

    /// The next packet that ends on the current page.
    fn take(&mut self) -> Option<Result<Vec<u8>, Error>> {
        while let Some((&len, lacing)) = self.lacing.split_first() {
            self.lacing = lacing;
            let (piece, body) = self.body.split_at_checked(usize::from(len)).unwrap_or((self.body, &[]));
            self.body = body;
            self.partial.extend_from_slice(piece);
            if self.partial.len() > PACKET_MAX {
                return Some(Err(Error::Ogg("a packet of more than 60 kB")));
            }
            // A length of 255 says that the packet goes on.
            if len < 255 {
                return Some(Ok(std::mem::take(&mut self.partial)));
            }
        }
        None
    }
}

impl Iterator for OpusPackets<'_> {
    type Item = Result<Vec<u8>, Error>;

    fn next(&mut self) -> Option<Result<Vec<u8>, Error>> {
        while !self.failed {
            let step = match self.take() {
                Some(packet) => packet.map(Some),
                None => self.turn_page()?.map(|()| None),
            };
            match step {
                Ok(Some(packet)) => {
                    self.seen += 1;
                    if self.seen > 2 && !packet.is_empty() {
                        return Some(Ok(packet));
                    }
                }
                Ok(None) => {}
                Err(error) => {
                    self.failed = true;
                    return Some(Err(error));
                }
            }
        }
        None
    }
}

struct Page<'a> {
    flags: u8,
    serial: u32,
    lacing: &'a [u8],
    body: &'a [u8],
}

impl<'a> Page<'a> {
    fn split_from(bytes: &'a [u8]) -> Result<(Page<'a>, &'a [u8]), Error> {
        let (header, rest) = bytes.split_at_checked(PAGE_HEADER_LEN).ok_or(Error::Ogg("it ends inside a page"))?;
        if !header.starts_with(CAPTURE) || header[4] != 0 {
            return Err(Error::Ogg("no page where one should begin"));
        }
        let (lacing, rest) =
            rest.split_at_checked(usize::from(header[26])).ok_or(Error::Ogg("it ends inside a page"))?;
        let len = lacing.iter().map(|&len| usize::from(len)).sum();
        let (body, rest) = rest.split_at_checked(len).ok_or(Error::Ogg("it ends inside a page"))?;
        let serial = u32::from_le_bytes([header[14], header[15], header[16], header[17]]);
        Ok((Page { flags: header[5], serial, lacing, body }, rest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(flags: u8, serial: u32, lacing: &[u8], body: &[u8]) -> Vec<u8> {
        let mut page = CAPTURE.to_vec();
        page.extend_from_slice(&[0, flags]);
        page.extend_from_slice(&[0; 8]);
        page.extend_from_slice(&serial.to_le_bytes());
        page.extend_from_slice(&[0; 8]);
        page.push(lacing.len() as u8);
        page.extend_from_slice(lacing);
        page.extend_from_slice(body);
        page
    }

    fn packets(file: &[u8]) -> Result<Vec<Vec<u8>>, Error> {
        OpusPackets::new(file).collect()
    }

    #[test]
    fn packets_are_found_within_pages_and_across_them_and_other_streams_are_passed_over() {
        let long: Vec<u8> = (0..300).map(|n| n as u8).collect();
        let mut file = page(FIRST, 9, &[6], b"theora");
        file.extend(page(FIRST, 7, &[8], b"OpusHead"));
        file.extend(page(0, 7, &[8], b"OpusTags"));
        file.extend(page(0, 9, &[3], b"not"));
        file.extend(page(0, 7, &[3, 2, 255], &[&[1, 2, 3, 4, 5], &long[..255]].concat()));
        file.extend(page(CONTINUED, 7, &[45, 1], &[&long[255..], &[6]].concat()));
        assert_eq!(packets(&file).unwrap(), [vec![1, 2, 3], vec![4, 5], long, vec![6]]);
    }

    #[test]
    fn what_is_no_ogg_opus_file_is_refused_with_the_reason() {
        assert_eq!(packets(b""), Err(Error::Ogg("no Opus stream in it")));
        assert_eq!(packets(&[0; 40]), Err(Error::Ogg("no page where one should begin")));
        assert_eq!(packets(&page(FIRST, 1, &[6], b"vorbis")), Err(Error::Ogg("no Opus stream in it")));
        let cut = page(FIRST, 1, &[8], b"Opus");
        assert_eq!(packets(&cut), Err(Error::Ogg("it ends inside a page")));
    }

    #[test]
    fn a_packet_without_end_is_refused() {
        let mut file = page(FIRST, 7, &[8], b"OpusHead");
        file.extend(page(0, 7, &[8], b"OpusTags"));
        file.extend(page(0, 7, &[255], &[1; 255]));
        for _ in 0..300 {
            file.extend(page(CONTINUED, 7, &[255], &[1; 255]));
        }
        assert!(packets(&file).is_err());
    }
}
