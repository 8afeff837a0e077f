//! Lines in and out of one connection, with limits on length and time.

use std::time::Duration;

use idlewatt_stratum::line::{LineBuffer, LineError, SERVER_LIMIT};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;

/// How long a line may take from its first byte to its last.
const LINE_WITHIN: Duration = Duration::from_secs(10);
/// How long a miner may leave what it is sent unread.
const WRITE_WITHIN: Duration = Duration::from_secs(10);

/// Why a connection ended.
#[derive(Debug, thiserror::Error)]
pub(super) enum Ended {
    #[error("the miner closed it")]
    Closed,
    #[error("the line failed: {0}")]
    Failed(#[from] std::io::Error),
    #[error("nothing came in time")]
    Silent,
    #[error("the miner does not read")]
    NotReading,
    #[error("{0}")]
    Line(#[from] LineError),
    #[error("the first line is of no known dialect")]
    Garbage,
    #[error("the login was refused")]
    Refused,
    #[error("too many bad messages")]
    Misbehaved,
    #[error("there is no work any more")]
    NoWork,
}

/// One connection.
pub(super) struct Connection {
    stream: TcpStream,
    lines: LineBuffer,
    chunk: Box<[u8; 4096]>,
    /// When the line that is not complete yet began.
    unfinished_since: Option<Instant>,
}

impl Connection {
    pub fn new(stream: TcpStream) -> Self {
        // Without it small lines wait for each other; a failure costs only time.
        let _ = stream.set_nodelay(true);
        Connection {
            stream,
            lines: LineBuffer::new(SERVER_LIMIT),
            chunk: Box::new([0; 4096]),
            unfinished_since: None,
        }
    }

    /// The next line. May be dropped and called again without losing anything.
    pub async fn next_line(&mut self) -> Result<String, Ended> {
        loop {
            if let Some(line) = self.lines.next_line()? {
                return Ok(line);
            }
            let read = self.stream.read(&mut self.chunk[..]);
            let read = match self.unfinished_since {
                Some(since) => tokio::time::timeout_at(since + LINE_WITHIN, read)
                    .await
                    .map_err(|_| Ended::Silent)?,
                None => read.await,
            };
            let bytes = &self.chunk[..read?];
            match bytes.last() {
                None => return Err(Ended::Closed),
                Some(b'\n') => self.unfinished_since = None,
                Some(_) if bytes.contains(&b'\n') => self.unfinished_since = Some(Instant::now()),
                Some(_) => {
                    self.unfinished_since.get_or_insert_with(Instant::now);
                }
            }
            self.lines.push(bytes);
        }
    }

    /// Sends whole lines. There is no queue: who does not read makes only itself wait, and not for long.
    pub async fn send(&mut self, lines: &str) -> Result<(), Ended> {
        let write = self.stream.write_all(lines.as_bytes());
        match tokio::time::timeout(WRITE_WITHIN, write).await {
            Ok(written) => Ok(written?),
            Err(_) => Err(Ended::NotReading),
        }
    }
}
