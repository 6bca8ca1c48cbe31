//! Bytes into lines, within bounds. Clients end their lines with CR LF, and most with two of them: blank lines mean nothing.

/// The longest line there is, `CONNECT` with its proof, has 150 characters; an attribute is shorter.
pub const LINE_MAX: usize = 512;

/// What may wait here: a shell reads no further before it has taken out the lines that came.
const WAITING_MAX: usize = 16 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLong;

#[derive(Debug, Default)]
pub struct Lines {
    waiting: Vec<u8>,
    overflowed: bool,
}

impl Lines {
    pub fn push(&mut self, bytes: &[u8]) {
        if self.waiting.len() + bytes.len() > WAITING_MAX {
            self.overflowed = true;
            return;
        }
        self.waiting.extend_from_slice(bytes);
    }

    /// The next line that is not blank, without its end; bytes that are no text become question marks, which no command has.
    pub fn next(&mut self) -> Option<Result<String, TooLong>> {
        loop {
            if self.overflowed {
                return Some(Err(TooLong));
            }
            let Some(end) = self.waiting.iter().position(|&b| b == b'\n') else {
                return (self.waiting.len() > LINE_MAX).then_some(Err(TooLong));
            };
            let line: Vec<u8> = self.waiting.drain(..=end).filter(|b| !matches!(b, b'\r' | b'\n')).collect();
            if line.len() > LINE_MAX {
                return Some(Err(TooLong));
            }
            let text: String = line.iter().map(|&b| if matches!(b, b' '..=b'~') { b as char } else { '?' }).collect();
            if !text.trim().is_empty() {
                return Some(Ok(text.trim().to_owned()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_out_whole_however_they_come_in_and_blank_ones_do_not() {
        let mut lines = Lines::default();
        for byte in b"HMAC\r\n\r\n\n  PING 7 \r\n\x00\xff\nrest" {
            lines.push(&[*byte]);
        }
        let read: Vec<String> = std::iter::from_fn(|| lines.next()).map(|line| line.unwrap()).collect();
        assert_eq!(read, ["HMAC", "PING 7", "??"]);
    }

    #[test]
    fn a_line_without_end_is_refused_and_nothing_grows() {
        let mut lines = Lines::default();
        lines.push(&[b'a'; LINE_MAX]);
        assert_eq!(lines.next(), None);
        lines.push(b"a");
        assert_eq!(lines.next(), Some(Err(TooLong)));
        let mut lines = Lines::default();
        for _ in 0..1000 {
            lines.push(&[b'\n'; 1000]);
        }
        assert_eq!(lines.next(), Some(Err(TooLong)));
        assert!(lines.waiting.len() <= WAITING_MAX);
    }
}
