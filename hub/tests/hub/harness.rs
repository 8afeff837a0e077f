//! A hub in this process, and the simplest miner that there can be.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use idlewatt_hub::bus::Bus;
use idlewatt_hub::verifier::Verifiers;
use idlewatt_hub::{Hub, Settings, StartError};
use idlewatt_kernels::{Digest, Sha256dJob, Target, sha256d};
use idlewatt_protocol::api::{
    AccountCreated, CreditedShares, DeviceEnrolled, Earnings, EnrolDevice, EnrolmentCreated,
    HubListening, WorkOffers,
};
use idlewatt_stratum::bitcoin::{NotifyMessage, ServerMessage};
use serde::de::DeserializeOwned;
use tempfile::TempDir;
use tokio::io::{
    AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader, Lines, ReadHalf, WriteHalf,
};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Nothing that is waited for takes longer, however busy the machine is.
pub const DEADLINE: Duration = Duration::from_secs(60);

pub struct TestHub {
    pub http: String,
    pub stratum: SocketAddr,
    pub client: reqwest::Client,
    /// Those of a hub in this process.
    pub verifiers: Option<Verifiers>,
    /// That of a hub in this process.
    pub bus: Option<Bus>,
    running: Option<(CancellationToken, JoinHandle<Result<(), StartError>>)>,
}

/// Settings with free ports and shares that take a handful of hashes.
pub fn settings(folder: &Path) -> Settings {
    let text = "http = \"127.0.0.1:0\"\nstratum = \"127.0.0.1:0\"\n\
                stratum_kawpow = \"127.0.0.1:0\"\nstratum_progpowz = \"127.0.0.1:0\"\n\
                [earnings]\nsettle_every = 1\n\
                [prices]\nurl = \"\"\n\
                [difficulty]\n\
                sha256d = { start = 4096, least = 4096, most = 65536 }\n\
                randomx = { start = 2, least = 2, most = 8 }\n\
                kawpow = { start = 1, least = 1, most = 2 }\n\
                progpowz = { start = 1, least = 1, most = 2 }\n\
                kawpow-test = { start = 4, least = 4, most = 4096 }\n";
    let file = folder.join("hub.toml");
    std::fs::write(&file, text).expect("written");
    let settings = Settings::read(&file).expect("valid");
    Settings {
        data_dir: folder.join("data"),
        ..settings
    }
}

pub async fn start(settings: Settings) -> TestHub {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let hub = Hub::bind(settings).await.expect("binds");
    let listening = hub.listening().clone();
    let verifiers = Some(hub.verifiers().clone());
    let bus = Some(hub.bus().clone());
    let shutdown = CancellationToken::new();
    let running = tokio::spawn(hub.run(shutdown.clone()));
    TestHub {
        running: Some((shutdown, running)),
        verifiers,
        bus,
        ..TestHub::at(&listening)
    }
}

/// A hub with everything at its simplest; the folder must outlive it.
pub async fn hub() -> (TestHub, TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    (start(settings(folder.path())).await, folder)
}

impl TestHub {
    /// A hub that runs elsewhere.
    pub fn at(listening: &HubListening) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        TestHub {
            http: listening.http.clone(),
            stratum: listening.stratum.parse().expect("an address"),
            client: reqwest::Client::builder()
                .no_proxy()
                .build()
                .expect("builds"),
            verifiers: None,
            bus: None,
            running: None,
        }
    }

    pub async fn stop(self) {
        let (shutdown, running) = self.running.expect("runs in this process");
        let started = std::time::Instant::now();
        shutdown.cancel();
        running.await.expect("no panic").expect("no error");
        assert!(started.elapsed() < Duration::from_secs(5), "ends at once");
    }

    pub async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        secret: &str,
        body: &impl serde::Serialize,
    ) -> T {
        let request = self.client.post(format!("{}{path}", self.http));
        let answer = request
            .bearer_auth(secret)
            .json(body)
            .send()
            .await
            .expect("answers");
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.json().await.expect("JSON")
    }

    pub async fn get<T: DeserializeOwned>(&self, path: &str, secret: &str) -> T {
        let request = self.client.get(format!("{}{path}", self.http));
        let answer = request.bearer_auth(secret).send().await.expect("answers");
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.json().await.expect("JSON")
    }

    pub async fn account(&self) -> AccountCreated {
        self.post("/v1/accounts", "", &()).await
    }

    pub async fn enrol(&self, account: &AccountCreated) -> DeviceEnrolled {
        let EnrolmentCreated { code, .. } =
            self.post("/v1/enrolments", account.key.as_str(), &()).await;
        let name = "a test's PC".to_owned();
        let public_key = "11".repeat(32);
        let code = code.into();
        let body = EnrolDevice {
            code,
            name,
            public_key,
        };
        self.post("/v1/devices", "", &body).await
    }

    pub async fn device(&self) -> DeviceEnrolled {
        self.enrol(&self.account().await).await
    }

    pub async fn earnings(&self, device: &DeviceEnrolled) -> Earnings {
        self.get("/v1/earnings", device.token.as_str()).await
    }

    /// The earnings once all of the account's shares are settled: they are worth whole units here, but for less than one.
    pub async fn settled(&self, device: &DeviceEnrolled, total: i128) -> Earnings {
        let began = std::time::Instant::now();
        loop {
            let earnings = self.earnings(device).await;
            if earnings
                .total
                .first()
                .is_some_and(|sum| sum.atomic >= total)
            {
                return earnings;
            }
            assert!(began.elapsed() < DEADLINE, "{earnings:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub async fn shares(&self, device: &DeviceEnrolled) -> CreditedShares {
        self.get("/v1/shares", device.token.as_str()).await
    }

    /// The address of an algorithm that has a port of its own.
    pub async fn address_of(&self, algorithm: &str) -> SocketAddr {
        let work: WorkOffers = self.get("/v1/work", "").await;
        let mut offers = work.offers.iter();
        let offer = offers.find(|offer| offer.algorithm == algorithm);
        let port = offer.expect("offered").stratum_port.expect("its own");
        SocketAddr::new(self.stratum.ip(), port)
    }

    pub async fn connect(&self) -> Wire {
        Wire::connect(self.stratum).await
    }
}

pub fn user(device: &DeviceEnrolled) -> String {
    format!("{}.{}", device.account, device.device)
}

/// What lines go over: TCP, or TLS on it.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Lines over a stream.
pub struct Wire {
    lines: Lines<BufReader<ReadHalf<Box<dyn Stream>>>>,
    write: WriteHalf<Box<dyn Stream>>,
}

impl Wire {
    pub async fn connect(address: SocketAddr) -> Self {
        Wire::new(TcpStream::connect(address).await.expect("connects"))
    }

    pub fn new(stream: impl Stream + 'static) -> Self {
        let (read, write) = tokio::io::split(Box::new(stream) as Box<dyn Stream>);
        Wire {
            lines: BufReader::new(read).lines(),
            write,
        }
    }

    pub async fn send(&mut self, line: &str) {
        self.write.write_all(line.as_bytes()).await.expect("sent");
        if !line.ends_with('\n') {
            self.write.write_all(b"\n").await.expect("sent");
        }
    }

    /// Sends without minding that the hub may have closed.
    pub async fn push(&mut self, bytes: &[u8]) -> bool {
        self.write.write_all(bytes).await.is_ok()
    }

    /// The next line, `None` at the end.
    pub async fn line(&mut self) -> Option<String> {
        let line = tokio::time::timeout(DEADLINE, self.lines.next_line());
        line.await.expect("in time").ok().flatten()
    }

    /// Reads to the end, which must come.
    pub async fn closed(&mut self) {
        while self.line().await.is_some() {}
    }
}

/// A Bitcoin miner that has logged in.
pub struct Miner {
    pub wire: Wire,
    pub worker: String,
    pub extranonce1: Vec<u8>,
    pub extranonce2_size: usize,
    pub difficulty: f64,
    pub jobs: Vec<NotifyMessage>,
    /// What the last share was answered with.
    pub receipt: Option<String>,
    next_nonce: u32,
    request: i64,
}

/// A share that was found, as it is sent.
#[derive(Clone, Debug)]
pub struct Found {
    pub job_id: String,
    pub extranonce2: Vec<u8>,
    pub time: u32,
    pub nonce: u32,
    pub digest: Digest,
}

impl Miner {
    pub async fn login(hub: &TestHub, device: &DeviceEnrolled) -> Self {
        let wire = hub.connect().await;
        Miner::login_on(wire, &user(device), device.token.as_str()).await
    }

    /// As any user, over any connection.
    pub async fn login_on(mut wire: Wire, worker: &str, password: &str) -> Self {
        let worker = worker.to_owned();
        wire.send(r#"{"id":1,"method":"mining.subscribe","params":["test/1"]}"#)
            .await;
        let authorize = serde_json::json!({
            "id": 2, "method": "mining.authorize", "params": [worker, password],
        });
        wire.send(&authorize.to_string()).await;
        let mut miner = Miner {
            wire,
            worker,
            extranonce1: Vec::new(),
            extranonce2_size: 0,
            difficulty: 0.0,
            jobs: Vec::new(),
            receipt: None,
            next_nonce: 0,
            request: 10,
        };
        while miner.jobs.is_empty() {
            match miner.message().await.expect("still connected") {
                ServerMessage::Subscribed {
                    extranonce1,
                    extranonce2_size,
                    ..
                } => {
                    miner.extranonce1 = extranonce1;
                    miner.extranonce2_size = extranonce2_size;
                }
                ServerMessage::Ok { result, .. } => assert!(result),
                other => panic!("not expected: {other:?}"),
            }
        }
        miner
    }

    /// The next message that is not about difficulty or jobs: those are noted.
    pub async fn message(&mut self) -> Option<ServerMessage> {
        loop {
            let line = self.wire.line().await?;
            match ServerMessage::parse(&line).expect("readable") {
                ServerMessage::SetDifficulty(difficulty) => self.difficulty = difficulty,
                ServerMessage::Notify(job) => {
                    let first = self.jobs.is_empty();
                    self.jobs.push(job);
                    if first {
                        return Some(ServerMessage::Ok {
                            id: 0.into(),
                            result: true,
                            receipt: None,
                        });
                    }
                }
                other => return Some(other),
            }
        }
    }

    /// Hashes until a digest meets the target, or misses it.
    pub fn mine(&mut self, job: &NotifyMessage, good: bool) -> Found {
        let target = Target::from_bitcoin_difficulty(self.difficulty).expect("valid");
        let mut coinbase_prefix = job.coinbase_prefix.clone();
        coinbase_prefix.extend(&self.extranonce1);
        let job_id = job.job_id.clone();
        let job = Sha256dJob {
            version: job.version,
            version_mask: 0,
            previous_hash: job.previous_hash,
            coinbase_prefix,
            coinbase_suffix: job.coinbase_suffix.clone(),
            extranonce2_size: u8::try_from(self.extranonce2_size).expect("small"),
            merkle_branches: job
                .merkle_branches
                .iter()
                .map(|branch| Digest(*branch))
                .collect(),
            time: job.time,
            bits: job.bits,
        };
        loop {
            let nonce = self.next_nonce;
            self.next_nonce += 1;
            let digest = sha256d::hash_header(&sha256d::header_with_nonce(&job, 7, nonce));
            if target.is_met_by(&digest.0) == good {
                return Found {
                    job_id,
                    extranonce2: 7u64.to_be_bytes()[8 - self.extranonce2_size..].to_vec(),
                    time: job.time,
                    nonce,
                    digest,
                };
            }
        }
    }

    pub fn newest(&self) -> NotifyMessage {
        self.jobs.last().expect("a job").clone()
    }

    /// Mines and submits a good share of the newest job.
    pub async fn share(&mut self) -> Found {
        let found = self.mine(&self.newest(), true);
        assert_eq!(self.submit(&found).await, Ok(()));
        found
    }

    /// Submits as the authorised worker; the error's code if it is refused.
    pub async fn submit(&mut self, found: &Found) -> Result<(), i64> {
        let worker = self.worker.clone();
        self.submit_as(&worker, found).await
    }

    pub async fn submit_as(&mut self, worker: &str, found: &Found) -> Result<(), i64> {
        let parameters = serde_json::json!([
            worker,
            found.job_id,
            hex::encode(&found.extranonce2),
            format!("{:08x}", found.time),
            format!("{:08x}", found.nonce),
        ]);
        self.call("mining.submit", parameters).await
    }

    pub async fn call(&mut self, method: &str, parameters: serde_json::Value) -> Result<(), i64> {
        self.request += 1;
        let request = self.request;
        let line = serde_json::json!({"id": request, "method": method, "params": parameters});
        self.wire.send(&line.to_string()).await;
        match self.message().await.expect("an answer") {
            ServerMessage::Ok {
                id,
                result: true,
                receipt,
            } if id == request.into() => {
                self.receipt = receipt;
                Ok(())
            }
            ServerMessage::Error { id, code, .. } if id == request.into() => Err(code),
            other => panic!("not expected: {other:?}"),
        }
    }
}
