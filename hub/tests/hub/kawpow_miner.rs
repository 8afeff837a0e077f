//! The simplest miner of the ProgPoW family that there can be: it hashes on the CPU, as a verifier does.

use std::net::SocketAddr;
use std::sync::LazyLock;

use idlewatt_kernels::progpow::{Hash, KAWPOW_TEST, Parameters, Verifier};
use idlewatt_kernels::{Algorithm, Target};
use idlewatt_protocol::api::DeviceEnrolled;
use idlewatt_stratum::kawpow::{ClientMessage, NotifyMessage, ServerMessage};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::{TestHub, Wire, settings, start, user};

/// The miners' own, nothing of the hub's.
static HASHER: LazyLock<Verifier> = LazyLock::new(|| Verifier::new(64 << 20));

/// A hub that also serves the algorithm for tests.
pub async fn hub() -> (TestHub, TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut settings = settings(folder.path());
    settings.test_algorithm = true;
    (start(settings).await, folder)
}

/// The address of the algorithm for tests.
pub async fn address(hub: &TestHub) -> SocketAddr {
    hub.address_of("kawpow-test").await
}

/// A target as it is written on the wire.
pub fn target(bytes: &[u8; 32]) -> Target {
    serde_json::from_value(json!(hex::encode(bytes))).expect("64 digits")
}

/// A miner that has logged in.
pub struct Miner {
    pub wire: Wire,
    pub worker: String,
    pub extranonce1: Vec<u8>,
    /// The last one that was set.
    pub target: Option<Target>,
    pub jobs: Vec<NotifyMessage>,
    parameters: &'static Parameters,
    next_nonce: u64,
    request: i64,
}

/// A share that was found, as it is sent.
#[derive(Clone, Debug)]
pub struct Found {
    pub job_id: String,
    pub header: [u8; 32],
    pub nonce: u64,
    pub hash: Hash,
}

impl Miner {
    pub async fn login(hub: &TestHub, device: &DeviceEnrolled) -> Self {
        Self::try_login(hub, device).await.expect("let in")
    }

    /// The error's code if it is refused.
    pub async fn try_login(hub: &TestHub, device: &DeviceEnrolled) -> Result<Self, i64> {
        Self::login_at(address(hub).await, Algorithm::KawPowTest, device).await
    }

    pub async fn login_at(
        address: SocketAddr,
        algorithm: Algorithm,
        device: &DeviceEnrolled,
    ) -> Result<Self, i64> {
        let mut miner = Miner {
            wire: Wire::connect(address).await,
            worker: user(device),
            extranonce1: Vec::new(),
            target: None,
            jobs: Vec::new(),
            parameters: algorithm.progpow().unwrap_or(&KAWPOW_TEST),
            next_nonce: 0,
            request: 10,
        };
        let subscribe = ClientMessage::Subscribe {
            id: 1.into(),
            agent: Some("test/1".into()),
        };
        miner.wire.send(&subscribe.to_line()).await;
        match miner.message().await {
            Some(ServerMessage::Subscribed { extranonce1, .. }) => miner.extranonce1 = extranonce1,
            other => panic!("not expected: {other:?}"),
        }
        let credentials = json!([miner.worker, device.token]);
        miner.call("mining.authorize", credentials).await?;
        miner.until_jobs(1).await;
        assert!(miner.target.is_some(), "set before the first job");
        Ok(miner)
    }

    /// The next message that is not about targets or jobs: those are noted.
    pub async fn message(&mut self) -> Option<ServerMessage> {
        loop {
            match self.any_message().await? {
                ServerMessage::SetTarget(_)
                | ServerMessage::Notify(_)
                | ServerMessage::SetExtranonce { .. } => {}
                other => return Some(other),
            }
        }
    }

    async fn any_message(&mut self) -> Option<ServerMessage> {
        let line = self.wire.line().await?;
        let message = ServerMessage::parse(&line).expect("readable");
        match &message {
            ServerMessage::SetExtranonce { extranonce1 } => {
                self.extranonce1.clone_from(extranonce1);
            }
            ServerMessage::SetTarget(bytes) => self.target = Some(target(bytes)),
            ServerMessage::Notify(job) => {
                let own = target(&job.target.expect("each job has its own"));
                assert_eq!(Some(own), self.target, "and it is the one set before");
                self.jobs.push(job.clone());
            }
            _ => {}
        }
        Some(message)
    }

    /// Waits until so many jobs have come.
    pub async fn until_jobs(&mut self, count: usize) {
        while self.jobs.len() < count {
            self.any_message().await.expect("still connected");
        }
    }

    pub fn newest(&self) -> NotifyMessage {
        self.jobs.last().expect("a job").clone()
    }

    fn first_nonce(&self) -> u64 {
        assert!(matches!(self.extranonce1.len(), 2..=4));
        let mut bytes = [0; 8];
        bytes[..self.extranonce1.len()].copy_from_slice(&self.extranonce1);
        u64::from_be_bytes(bytes)
    }

    /// Hashes until one meets the job's target, or misses it.
    pub fn mine(&mut self, job: &NotifyMessage, good: bool) -> Found {
        let target = target(&job.target.expect("one"));
        loop {
            let nonce = self.first_nonce() | self.next_nonce;
            self.next_nonce += 1;
            let hash = HASHER
                .hash(self.parameters, job.height, &job.header_hash, nonce)
                .expect("a height");
            if target.is_met_by(&hash.number().0) == good {
                return Found {
                    job_id: job.job_id.clone(),
                    header: job.header_hash,
                    nonce,
                    hash,
                };
            }
        }
    }

    /// Mines and submits a good share of the newest job.
    pub async fn share(&mut self) -> Found {
        let found = self.mine(&self.newest(), true);
        assert_eq!(self.submit(&found).await, Ok(()));
        found
    }

    /// The line that submits.
    pub fn line(&self, found: &Found) -> String {
        let submit = ClientMessage::Submit {
            id: 9.into(),
            worker: self.worker.clone(),
            job_id: found.job_id.clone(),
            nonce: found.nonce,
            header_hash: found.header,
            mix_hash: found.hash.mix,
        };
        submit.to_line()
    }

    /// The error's code if it is refused.
    pub async fn submit(&mut self, found: &Found) -> Result<(), i64> {
        let line = self.line(found);
        self.wire.send(&line).await;
        self.answer(9).await
    }

    pub async fn call(&mut self, method: &str, parameters: Value) -> Result<(), i64> {
        self.request += 1;
        let request = self.request;
        let line = json!({"id": request, "method": method, "params": parameters});
        self.wire.send(&line.to_string()).await;
        self.answer(request).await
    }

    async fn answer(&mut self, request: i64) -> Result<(), i64> {
        match self.message().await.expect("an answer") {
            ServerMessage::Ok {
                id, result: true, ..
            } if id == request.into() => Ok(()),
            ServerMessage::Error { id, code, .. } if id == request.into() => Err(code),
            other => panic!("not expected: {other:?}"),
        }
    }
}
