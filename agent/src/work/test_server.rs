//! A Stratum server that does as a test tells it, one line at a time.

use std::time::Duration;

use idlewatt_kernels::Algorithm;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::{Source, Timing, Ways, Work};

/// No test waits longer for anything.
pub(crate) const LIMIT: Duration = Duration::from_secs(20);

/// Waits are short; what must not run out by itself is long.
pub(crate) fn quick() -> Timing {
    Timing {
        retry: (Duration::from_millis(5), Duration::from_millis(20)),
        spread: Duration::from_millis(20),
        farewell: Duration::from_secs(5),
        ..Timing::default()
    }
}

pub(crate) struct Server {
    listener: TcpListener,
}

/// The server's end of one connection.
pub(crate) struct Peer {
    pub lines: BufReader<TcpStream>,
}

impl Server {
    pub async fn bind() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        Server { listener }
    }

    pub async fn bind_at(address: &str) -> Self {
        let listener = TcpListener::bind(address).await.expect("a free port");
        Server { listener }
    }

    pub fn work(&self, algorithm: Algorithm, timing: Timing) -> Work {
        let source = Source::hub(&self.address(), "A.D", "token").expect("an address");
        let work = Work::start(source, Ways::default(), timing);
        work.set_algorithms(&[algorithm]);
        work
    }

    pub fn address(&self) -> String {
        self.listener.local_addr().expect("bound").to_string()
    }

    pub async fn accept(&self) -> Peer {
        let accepted = tokio::time::timeout(LIMIT, self.listener.accept()).await;
        let (stream, _) = accepted.expect("a connection in time").expect("accepted");
        Peer {
            lines: BufReader::new(stream),
        }
    }

    /// Takes the login of Monero's dialect and gives the first job.
    pub async fn accept_monero(&self, first_job: &str) -> Peer {
        let mut peer = self.accept().await;
        let login = peer.expect("\"login\"").await;
        assert!(login.contains("\"A.D\"") && login.contains("\"token\""));
        let result = format!(r#"{{"id":"s1","job":{},"status":"OK"}}"#, job(first_job, 7));
        peer.say(&format!(r#"{{"id":1,"error":null,"result":{result}}}"#))
            .await;
        peer
    }
}

impl Peer {
    /// Answers a request with this between `{"id":…,` and `}`.
    pub async fn answer(&mut self, request: &str, answer: &str) {
        let request: serde_json::Value = serde_json::from_str(request).expect("JSON");
        self.say(&format!(r#"{{"id":{},{answer}}}"#, request["id"]))
            .await;
    }

    pub async fn say(&mut self, line: &str) {
        self.say_bytes(format!("{line}\n").as_bytes()).await;
    }

    pub async fn say_bytes(&mut self, bytes: &[u8]) {
        let written = self.lines.get_mut().write_all(bytes).await;
        written.expect("the client listens");
    }

    /// The next line, which must have this in it.
    pub async fn expect(&mut self, part: &str) -> String {
        let mut line = String::new();
        let read = tokio::time::timeout(LIMIT, self.lines.read_line(&mut line)).await;
        read.expect("a line in time").expect("readable");
        assert!(line.contains(part), "{line} has no {part}");
        line
    }

    pub async fn expect_end(&mut self) {
        let mut line = String::new();
        let read = tokio::time::timeout(LIMIT, self.lines.read_line(&mut line)).await;
        // A reset is an end too.
        assert_eq!(read.expect("an end in time").unwrap_or(0), 0, "{line}");
    }
}

pub(crate) fn job(job_id: &str, height: u64) -> String {
    format!(
        r#"{{"blob":"1010b98189d806{}","job_id":"{job_id}","target":"b81e85eb51b81e05","algo":"rx/0","height":{height},"seed_hash":"{}"}}"#,
        "00".repeat(69),
        "ab".repeat(32)
    )
}

pub(crate) fn job_line(job_id: &str, height: u64) -> String {
    format!(r#"{{"method":"job","params":{}}}"#, job(job_id, height))
}
