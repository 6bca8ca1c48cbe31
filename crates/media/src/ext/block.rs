//! The extension block of a packet and the elements in it.

use crate::Error;

const ONE_BYTE: u16 = 0xbede;
const TWO_BYTE: u16 = 0x1000;

/// How elements are framed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Ids 1..=14, 1..=16 bytes each.
    OneByte,
    /// Ids 1..=255, 0..=255 bytes each.
    TwoByte,
    /// Some other profile's extension: no elements.
    Other(u16),
}

/// The extension block as it lies in the packet, without its four-byte header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block<'a> {
    pub form: Form,
    bytes: &'a [u8],
}

impl<'a> Block<'a> {
    /// A block of elements that came without its packet.
    pub fn new(form: Form, bytes: &'a [u8]) -> Block<'a> {
        Block { form, bytes }
    }

    /// Reads the block at the front of `bytes`; answers it and what follows.
    pub(crate) fn split_from(bytes: &'a [u8]) -> Result<(Block<'a>, &'a [u8]), Error> {
        let (head, rest) = bytes.split_at_checked(4).ok_or(Error::Cut("extension header"))?;
        let words = usize::from(u16::from_be_bytes([head[2], head[3]]));
        let (bytes, rest) = rest.split_at_checked(words * 4).ok_or(Error::Cut("header extensions"))?;
        let form = match u16::from_be_bytes([head[0], head[1]]) {
            ONE_BYTE => Form::OneByte,
            // The low four bits are for the application and mean nothing to us (RFC 8285 §4.3).
            profile if profile & 0xfff0 == TWO_BYTE => Form::TwoByte,
            profile => Form::Other(profile),
        };
        Ok((Block { form, bytes }, rest))
    }

    /// Bytes of the block, padding included, its own header not.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The elements in order, up to the first that does not fit.
    pub fn elements(&self) -> Elements<'a> {
        Elements { form: self.form, rest: self.bytes }
    }

    /// The data of the first element with this id.
    pub fn find(&self, id: u8) -> Option<&'a [u8]> {
        self.elements().find(|(found, _)| *found == id).map(|(_, data)| data)
    }
}

/// Iterator over (id, data).
#[derive(Debug, Clone)]
pub struct Elements<'a> {
    form: Form,
    rest: &'a [u8],
}

impl<'a> Iterator for Elements<'a> {
    type Item = (u8, &'a [u8]);

    fn next(&mut self) -> Option<(u8, &'a [u8])> {
        loop {
            let (first, rest) = self.rest.split_first()?;
            if *first == 0 {
                self.rest = rest; // padding between elements
                continue;
            }
            let (id, len, rest) = match self.form {
                // Id 15 says: stop reading (RFC 8285 §4.2).
                Form::OneByte if first >> 4 == 15 => return self.stop(),
                // Id 0 with a length is padding to be stepped over byte by byte.
                Form::OneByte if first >> 4 == 0 => {
                    self.rest = rest;
                    continue;
                }
                Form::OneByte => (first >> 4, usize::from(first & 0x0f) + 1, rest),
                Form::TwoByte => match rest.split_first() {
                    Some((len, rest)) => (*first, usize::from(*len), rest),
                    None => return self.stop(),
                },
                Form::Other(_) => return self.stop(),
            };
            let Some((data, rest)) = rest.split_at_checked(len) else {
                return self.stop();
            };
            self.rest = rest;
            return Some((id, data));
        }
    }
}

impl<'a> Elements<'a> {
    fn stop(&mut self) -> Option<(u8, &'a [u8])> {
        self.rest = &[];
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn elements(form: Form, bytes: &[u8]) -> Vec<(u8, Vec<u8>)> {
        Block::new(form, bytes).elements().map(|(id, data)| (id, data.to_vec())).collect()
    }

    #[test]
    fn one_byte_elements_are_read_with_padding_between() {
        let read = elements(Form::OneByte, &[0x10, 0xaa, 0, 0x31, 1, 2, 0, 0]);
        assert_eq!(read, [(1, vec![0xaa]), (3, vec![1, 2])]);
    }

    #[test]
    fn id_15_ends_a_one_byte_block() {
        assert_eq!(elements(Form::OneByte, &[0x10, 0xaa, 0xf0, 1, 0x20, 7]), [(1, vec![0xaa])]);
    }

    #[test]
    fn two_byte_elements_may_be_empty_and_have_high_ids() {
        let read = elements(Form::TwoByte, &[200, 0, 15, 3, 1, 2, 3, 0]);
        assert_eq!(read, [(200, vec![]), (15, vec![1, 2, 3])]);
    }

    #[test]
    fn an_element_that_does_not_fit_ends_the_block() {
        assert_eq!(elements(Form::OneByte, &[0x10, 1, 0x2f, 1, 2]), [(1, vec![1])]);
        assert_eq!(elements(Form::TwoByte, &[1, 1, 9, 2, 30]), [(1, vec![9])]);
        assert_eq!(elements(Form::TwoByte, &[7]), []);
        assert_eq!(elements(Form::Other(0x1234), &[0x10, 1]), []);
    }

    #[test]
    fn a_block_is_split_from_what_follows() {
        let bytes = [0x10, 0x05, 0, 1, 4, 2, 8, 9, 77];
        let (block, rest) = Block::split_from(&bytes).unwrap();
        assert_eq!((block.form, block.find(4), rest), (Form::TwoByte, Some(&[8u8, 9][..]), &[77u8][..]));
        assert_eq!(Block::split_from(&bytes[..7]), Err(Error::Cut("header extensions")));
        assert_eq!(Block::split_from(&bytes[..3]), Err(Error::Cut("extension header")));
    }
}
