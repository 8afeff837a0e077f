//! Bytes from the wire, in whatever pieces: nothing panics, and the pieces make no difference to the lines.
#![no_main]

use idlewatt_stratum::line::{LineBuffer, LineError};

const LIMIT: usize = 64;

/// The lines of these pieces, up to one that is too long.
fn lines<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Vec<Result<String, LineError>> {
    let mut buffer = LineBuffer::new(LIMIT);
    let mut lines = Vec::new();
    for piece in pieces {
        buffer.push(piece);
        loop {
            match buffer.next_line() {
                Ok(None) => break,
                Ok(Some(line)) => lines.push(Ok(line)),
                Err(error) => {
                    lines.push(Err(error));
                    if matches!(error, LineError::TooLong { .. }) {
                        return lines;
                    }
                }
            }
        }
    }
    lines
}

libfuzzer_sys::fuzz_target!(|input: (u8, &[u8])| {
    let (size, bytes) = input;
    let whole = lines([bytes].into_iter());
    let pieces = lines(bytes.chunks(usize::from(size).max(1)));
    assert_eq!(whole, pieces);
    assert!(whole.iter().flatten().all(|line| line.len() <= LIMIT));
});
