//! RandomX over the Monero dialect, with practice work.

use idlewatt_kernels::{Digest, Target, randomx};
use idlewatt_protocol::api::DeviceEnrolled;
use idlewatt_stratum::monero::{ClientMessage, JobMessage, Refusal, ServerMessage};

use crate::harness::{TestHub, Wire, hub, user};

pub struct Miner {
    pub wire: Wire,
    pub session: String,
    pub job: JobMessage,
    verifier: randomx::Verifier,
}

impl Miner {
    pub async fn login(hub: &TestHub, device: &DeviceEnrolled) -> Self {
        let mut wire = hub.connect().await;
        let login = ClientMessage::Login {
            id: 1.into(),
            login: user(device),
            pass: device.token.as_str().into(),
            agent: None,
            rigid: None,
            algo: vec!["rx/0".into()],
        };
        wire.send(&login.to_line()).await;
        let answer = ServerMessage::parse(&wire.line().await.expect("an answer"));
        let Ok(ServerMessage::LoginOk { session, job, .. }) = answer else {
            panic!("not let in: {answer:?}");
        };
        let verifier = randomx::Verifier::new(&job.seed_hash.expect("a seed")).expect("memory");
        Miner {
            wire,
            session,
            job,
            verifier,
        }
    }

    pub fn mine(&mut self, from: u32, good: bool) -> (u32, Digest) {
        let target = Target::from_monero_wire(&self.job.target).expect("valid");
        (from..)
            .find_map(|nonce| {
                let mut blob = self.job.blob.clone();
                blob[39..43].copy_from_slice(&nonce.to_le_bytes());
                let digest = self.verifier.hash(&blob);
                (target.is_met_by(&digest.0) == good).then_some((nonce, digest))
            })
            .expect("endless nonces")
    }

    pub async fn answer(&mut self) -> Result<(), Option<Refusal>> {
        loop {
            let line = self.wire.line().await.expect("an answer");
            match ServerMessage::parse(&line).expect("readable") {
                ServerMessage::Job(job) => self.job = job,
                ServerMessage::Ok { .. } => return Ok(()),
                ServerMessage::Error { message, .. } => return Err(Refusal::of_text(&message)),
                other => panic!("not expected: {other:?}"),
            }
        }
    }

    pub async fn submit(
        &mut self,
        session: &str,
        job_id: &str,
        nonce: u32,
        digest: Digest,
    ) -> Result<(), Option<Refusal>> {
        let submit = ClientMessage::Submit {
            id: 9.into(),
            session: session.into(),
            job_id: job_id.into(),
            nonce: nonce.to_le_bytes(),
            result: digest.0,
            algo: None,
        };
        self.wire.send(&submit.to_line()).await;
        self.answer().await
    }
}

#[tokio::test]
async fn randomx_shares_are_hashed_again_and_credited() {
    let (hub, _folder) = hub().await;
    let (device, stranger) = (hub.device().await, hub.device().await);
    let mut miner = Miner::login(&hub, &device).await;
    let (session, job) = (miner.session.clone(), miner.job.clone());
    assert_eq!(job.blob.len(), 76);

    let (nonce, digest) = miner.mine(0, true);
    assert_eq!(
        miner.submit(&session, &job.job_id, nonce, digest).await,
        Ok(())
    );
    let again = miner.submit(&session, &job.job_id, nonce, digest).await;
    assert_eq!(again, Err(Some(Refusal::Duplicate)));

    let (low_nonce, low_digest) = miner.mine(nonce + 1, false);
    let low = miner
        .submit(&session, &job.job_id, low_nonce, low_digest)
        .await;
    assert_eq!(low, Err(Some(Refusal::LowDifficulty)));
    // A digest that would be good, but is not what the nonce gives.
    let forged = miner.submit(&session, &job.job_id, low_nonce, digest).await;
    assert_eq!(forged, Err(Some(Refusal::WrongDigest)));

    let (nonce, digest) = miner.mine(nonce + 1, true);
    let foreign = miner
        .submit("0123456789abcdef", &job.job_id, nonce, digest)
        .await;
    assert_eq!(foreign, Err(Some(Refusal::Unauthenticated)));
    let unknown = miner.submit(&session, "nothing", nonce, digest).await;
    assert_eq!(unknown, Err(Some(Refusal::UnknownJob)));
    let mut other = Miner::login(&hub, &stranger).await;
    let stolen = other
        .submit(&other.session.clone(), &job.job_id, nonce, digest)
        .await;
    assert_eq!(
        stolen,
        Err(Some(Refusal::UnknownJob)),
        "another connection's job"
    );
    assert_ne!(other.job.blob, job.blob, "no two connections hash the same");

    let malformed = [
        r#"{"id":9,"method":"submit","params":{"id":1}}"#,
        r#"{"id":9,"method":"submit"}"#,
        r#"{"id":9}"#,
        "[]",
        "nonsense",
    ];
    for line in malformed {
        miner.wire.send(line).await;
        assert_eq!(
            miner.answer().await,
            Err(Some(Refusal::Malformed)),
            "{line}"
        );
    }
    miner
        .wire
        .send(r#"{"id":9,"method":"fly","params":{}}"#)
        .await;
    assert_eq!(miner.answer().await, Err(Some(Refusal::UnknownMethod)));
    let alive = format!(r#"{{"id":9,"method":"keepalived","params":{{"id":"{session}"}}}}"#);
    miner.wire.send(&alive).await;
    assert_eq!(miner.answer().await, Ok(()));

    assert_eq!(
        miner.submit(&session, &job.job_id, nonce, digest).await,
        Ok(())
    );
    let shares = hub.shares(&device).await.shares;
    assert_eq!(shares.len(), 2);
    for share in &shares {
        assert_eq!((share.algorithm.as_str(), share.work), ("randomx", 2));
        // One practice coin for 10^6 hashes.
        assert_eq!(share.credit.amount(), "0.000002000000");
    }
    assert!(hub.shares(&stranger).await.shares.is_empty());
    hub.stop().await;
}

#[tokio::test]
async fn a_login_without_right_or_algorithm_is_refused() {
    let (hub, _folder) = hub().await;
    let (device, stranger) = (hub.device().await, hub.device().await);
    let login = |login: String, pass: &str, algo: &[&str]| {
        let (pass, algo) = (
            pass.to_owned(),
            algo.iter().map(|a| (*a).to_owned()).collect(),
        );
        ClientMessage::Login {
            id: 1.into(),
            login,
            pass,
            agent: None,
            rigid: None,
            algo,
        }
    };
    let token = device.token.as_str();
    for (message, refusal) in [
        (login(user(&device), "x", &[]), Refusal::Login),
        (login(user(&stranger), token, &[]), Refusal::Login),
        (login("' OR 1=1 --".into(), token, &[]), Refusal::Login),
        (
            login(user(&device), token, &["kawpow"]),
            Refusal::NoAlgorithm,
        ),
    ] {
        let mut wire = hub.connect().await;
        wire.send(&message.to_line()).await;
        let answer =
            ServerMessage::parse(&wire.line().await.expect("an answer")).expect("readable");
        assert_eq!(answer, ServerMessage::refusal(1.into(), refusal));
        wire.closed().await;
    }
    hub.stop().await;
}
