//! Lines in and out of one connection, with limits on length and time. A connection that waits holds no buffers: there
//! may be tens of thousands of them.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use idlewatt_stratum::line::{LineBuffer, LineError, SERVER_LIMIT};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::server::TlsStream;

/// How long a line may take from its first byte to its last.
const LINE_WITHIN: Duration = Duration::from_secs(10);
/// How long a miner may leave what it is sent unread.
const WRITE_WITHIN: Duration = Duration::from_secs(10);
/// How much is read at once.
const CHUNK: usize = 4096;

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
    #[error("its device was revoked")]
    Revoked,
    #[error("there is no number left for it")]
    NoNumber,
}

/// What the bytes go through.
pub(super) enum Transport {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Transport {
    fn poll_read(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        match self {
            Transport::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Transport::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }

    async fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        async fn all(mut stream: impl AsyncWrite + Unpin, bytes: &[u8]) -> std::io::Result<()> {
            stream.write_all(bytes).await?;
            stream.flush().await
        }
        match self {
            Transport::Plain(stream) => all(stream, bytes).await,
            Transport::Tls(stream) => all(stream, bytes).await,
        }
    }
}

/// One connection.
pub(super) struct Connection {
    transport: Transport,
    lines: LineBuffer,
    /// When the line that is not complete yet began.
    unfinished_since: Option<Instant>,
    /// Whether a line is being sent: another must not begin in the middle of it.
    sending: bool,
}

impl Connection {
    pub fn new(transport: Transport) -> Self {
        Connection {
            transport,
            lines: LineBuffer::new(SERVER_LIMIT),
            unfinished_since: None,
            sending: false,
        }
    }

    /// The next line. May be dropped and called again without losing anything.
    pub async fn next_line(&mut self) -> Result<String, Ended> {
        loop {
            if let Some(line) = self.lines.next_line()? {
                return Ok(line);
            }
            match self.unfinished_since {
                Some(since) => {
                    // On the heap: nearly no connection is ever in the middle of a line.
                    let read = tokio::time::timeout_at(since + LINE_WITHIN, self.read());
                    Box::pin(read).await.map_err(|_| Ended::Silent)??;
                }
                None => self.read().await?,
            }
        }
    }

    /// Takes what there is, once there is something. The bytes are on the stack of whatever thread runs this.
    async fn read(&mut self) -> Result<(), Ended> {
        poll_fn(|context| {
            let mut chunk = [0; CHUNK];
            let mut buffer = ReadBuf::new(&mut chunk);
            ready!(self.transport.poll_read(context, &mut buffer))?;
            let bytes = buffer.filled();
            match bytes.last() {
                None => return Poll::Ready(Err(Ended::Closed)),
                Some(b'\n') => self.unfinished_since = None,
                Some(_) if bytes.contains(&b'\n') => self.unfinished_since = Some(Instant::now()),
                Some(_) => {
                    self.unfinished_since.get_or_insert_with(Instant::now);
                }
            }
            self.lines.push(bytes);
            Poll::Ready(Ok(()))
        })
        .await
    }

    /// Sends whole lines. There is no queue: who does not read makes only itself wait, and not for long.
    pub async fn send(&mut self, lines: &str) -> Result<(), Ended> {
        self.sending = true;
        let write = self.transport.write(lines.as_bytes());
        match Box::pin(tokio::time::timeout(WRITE_WITHIN, write)).await {
            Ok(written) => written?,
            Err(_) => return Err(Ended::NotReading),
        }
        self.sending = false;
        Ok(())
    }

    /// Whether a line can be sent although whatever was going on was broken off.
    pub fn is_between_lines(&self) -> bool {
        !self.sending
    }
}
