//! Lines from a child, of bounded length.

use std::io;

use tokio::io::{AsyncBufRead, AsyncBufReadExt};

/// Collects lines. What it holds survives when a wait for more is given up.
#[derive(Debug, Default)]
pub struct Lines {
    partial: Vec<u8>,
}

impl Lines {
    /// The next line without its end, of at most `limit` bytes: a longer one is handed out as far as it goes, with
    /// one byte more, for the caller to refuse. `None` at the end; what stands there without a line's end is lost
    /// with its writer.
    ///
    /// Cancel safe.
    ///
    /// # Errors
    /// What reading fails with.
    pub async fn next(
        &mut self,
        reader: &mut (impl AsyncBufRead + Unpin),
        limit: usize,
    ) -> io::Result<Option<Vec<u8>>> {
        loop {
            let piece = reader.fill_buf().await?;
            if piece.is_empty() {
                return Ok(None);
            }
            let room = (limit + 1).saturating_sub(self.partial.len());
            match piece.iter().position(|byte| *byte == b'\n') {
                Some(end) => {
                    self.partial.extend_from_slice(&piece[..end.min(room)]);
                    reader.consume(end + 1);
                    return Ok(Some(std::mem::take(&mut self.partial)));
                }
                None => {
                    let length = piece.len();
                    self.partial.extend_from_slice(&piece[..length.min(room)]);
                    reader.consume(length);
                    if self.partial.len() > limit {
                        return Ok(Some(std::mem::take(&mut self.partial)));
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncWriteExt, BufReader, duplex};

    use super::*;

    #[tokio::test]
    async fn lines_come_whole_however_they_were_cut() {
        let (mut writer, reader) = duplex(3);
        tokio::spawn(async move { writer.write_all(b"one\n\ntwo and three\nlost").await });
        let (mut reader, mut lines) = (BufReader::with_capacity(2, reader), Lines::default());
        for expected in ["one", "", "two and three"] {
            let line = lines.next(&mut reader, 20).await.unwrap();
            assert_eq!(line.as_deref(), Some(expected.as_bytes()));
        }
        assert_eq!(lines.next(&mut reader, 20).await.unwrap(), None);
    }

    #[tokio::test]
    async fn an_endless_line_takes_no_more_than_the_limit() {
        let (mut writer, reader) = duplex(64);
        tokio::spawn(async move { while writer.write_all(&[b'x'; 64]).await.is_ok() {} });
        let mut lines = Lines::default();
        let line = lines.next(&mut BufReader::new(reader), 100).await.unwrap();
        assert_eq!(line.map(|line| line.len()), Some(101));
    }
}
