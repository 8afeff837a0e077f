//! Cutting a byte stream into lines of a limited length.

use std::collections::VecDeque;

/// The longest line a client takes from a server: notifications carry whole coinbases.
pub const CLIENT_LIMIT: usize = 64 * 1024;
/// The longest line a server takes from a client.
pub const SERVER_LIMIT: usize = 16 * 1024;

/// Why there is no line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// The counterpart sent more than `limit` bytes without a line feed. What follows cannot be trusted to begin
    /// a line, so the connection is over: the error repeats for ever.
    #[error("a line is longer than {limit} bytes")]
    TooLong {
        /// The most bytes a line may have.
        limit: usize,
    },
    /// One line is not UTF-8. It has been dropped; the next one can be read.
    #[error("a line is not UTF-8")]
    NotUtf8,
}

/// Collects bytes and gives back lines. Holds at most the limit and what one [`LineBuffer::push`] added, and no memory
/// between lines.
#[derive(Debug)]
pub struct LineBuffer {
    bytes: VecDeque<u8>,
    /// How many bytes from the front are known to hold no line feed.
    scanned: usize,
    limit: usize,
    overflowed: bool,
}

impl LineBuffer {
    /// Takes lines of up to `limit` bytes, the line feed not counted.
    pub fn new(limit: usize) -> Self {
        LineBuffer {
            bytes: VecDeque::new(),
            scanned: 0,
            limit,
            overflowed: false,
        }
    }

    /// Adds what was read from the wire.
    pub fn push(&mut self, bytes: &[u8]) {
        if !self.overflowed {
            self.bytes.extend(bytes);
        }
    }

    /// The next whole line without its line feed, `None` until more bytes come. Empty lines are skipped.
    ///
    /// # Errors
    /// If a line is too long (for ever) or not UTF-8 (that line only).
    pub fn next_line(&mut self) -> Result<Option<String>, LineError> {
        let too_long = LineError::TooLong { limit: self.limit };
        loop {
            if self.overflowed {
                return Err(too_long);
            }
            let feed = self
                .bytes
                .iter()
                .skip(self.scanned)
                .position(|b| *b == b'\n');
            let length = feed.map_or(self.bytes.len(), |feed| self.scanned + feed);
            if length > self.limit {
                self.overflowed = true;
                self.bytes = VecDeque::new();
                return Err(too_long);
            }
            if feed.is_none() {
                self.scanned = length;
                return Ok(None);
            }
            let line: Vec<u8> = self.bytes.drain(..=length).collect();
            self.scanned = 0;
            if self.bytes.is_empty() {
                // A server holds thousands of these, nearly all of them waiting.
                self.bytes = VecDeque::new();
            }
            let line = String::from_utf8(line).map_err(|_| LineError::NotUtf8)?;
            let line = line.trim();
            if !line.is_empty() {
                return Ok(Some(line.to_owned()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lines_come_out_whole_however_they_arrive() {
        let mut buffer = LineBuffer::new(10);
        buffer.push(b"one\r\n\n  \ntw");
        assert_eq!(buffer.next_line(), Ok(Some("one".into())));
        assert_eq!(buffer.next_line(), Ok(None));
        buffer.push(b"o\nthree\n");
        assert_eq!(buffer.next_line(), Ok(Some("two".into())));
        assert_eq!(buffer.next_line(), Ok(Some("three".into())));
        assert_eq!(buffer.next_line(), Ok(None));
    }

    #[test]
    fn a_line_of_the_limit_passes_and_one_byte_more_ends_it() {
        let mut buffer = LineBuffer::new(4);
        buffer.push(b"1234\n12345\nok\n");
        assert_eq!(buffer.next_line(), Ok(Some("1234".into())));
        let ended = Err(LineError::TooLong { limit: 4 });
        assert_eq!(buffer.next_line(), ended);
        buffer.push(b"ok\n");
        assert_eq!(buffer.next_line(), ended);
        assert!(buffer.bytes.is_empty());

        let mut unfinished = LineBuffer::new(4);
        unfinished.push(b"12345");
        assert_eq!(unfinished.next_line(), ended);
    }

    #[test]
    fn a_line_that_is_no_text_is_dropped_alone() {
        let mut buffer = LineBuffer::new(10);
        buffer.push(b"\xff\xfe\nok\n");
        assert_eq!(buffer.next_line(), Err(LineError::NotUtf8));
        assert_eq!(buffer.next_line(), Ok(Some("ok".into())));
    }

    proptest! {
        #[test]
        fn chunking_does_not_matter(lines in prop::collection::vec("[a-z]{1,30}", 0..8), cut in 1usize..40) {
            let stream: String = lines.iter().map(|line| format!("{line}\n")).collect();
            let mut buffer = LineBuffer::new(30);
            let mut seen = Vec::new();
            for chunk in stream.as_bytes().chunks(cut) {
                buffer.push(chunk);
                while let Some(line) = buffer.next_line().expect("within the limit") {
                    seen.push(line);
                }
            }
            prop_assert_eq!(seen, lines);
        }

        #[test]
        fn no_bytes_make_it_panic_or_grow(chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..64), 0..32)) {
            let mut buffer = LineBuffer::new(50);
            for chunk in chunks {
                buffer.push(&chunk);
                while !matches!(buffer.next_line(), Ok(None) | Err(LineError::TooLong { .. })) {}
                prop_assert!(buffer.bytes.len() <= 50);
            }
        }
    }
}
