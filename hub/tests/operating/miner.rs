//! A miner of sha256d in Bitcoin's dialect, which really computes.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use idlewatt_kernels::{Sha256dJob, Target, sha256d};
use idlewatt_stratum::Id;
use idlewatt_stratum::bitcoin::{ClientMessage, NotifyMessage, ServerMessage};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

/// What became of a miner's work so far.
#[derive(Clone, Debug, Default)]
pub struct Work {
    pub extranonces: BTreeSet<Vec<u8>>,
    /// The coinbases of its jobs with the same extranonce2: no two miners may ever have one in common.
    pub coinbases: BTreeSet<Vec<u8>>,
    pub accepted: u64,
    pub refused: Vec<String>,
}

/// A miner at work until it is dropped or its connection ends.
pub struct Miner {
    work: Arc<Mutex<Work>>,
    task: JoinHandle<()>,
}

impl Miner {
    pub fn start(address: &str, user: &str, token: &str) -> Self {
        let work = Arc::default();
        let mining = mine(
            address.to_owned(),
            user.to_owned(),
            token.to_owned(),
            Arc::clone(&work),
        );
        Miner {
            work,
            task: tokio::spawn(async move {
                // It ends with the hub.
                let _ = mining.await;
            }),
        }
    }

    pub fn work(&self) -> Work {
        self.work.lock().expect("whole").clone()
    }

    pub fn ended(&self) -> bool {
        self.task.is_finished()
    }
}

impl Drop for Miner {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn mine(
    address: String,
    user: String,
    token: String,
    work: Arc<Mutex<Work>>,
) -> std::io::Result<()> {
    let stream = TcpStream::connect(address).await?;
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    let subscribe = ClientMessage::Subscribe {
        id: Id::Number(1),
        agent: None,
    };
    let authorize = ClientMessage::Authorize {
        id: Id::Number(2),
        user: user.clone(),
        password: token,
    };
    write.write_all(subscribe.to_line().as_bytes()).await?;
    write.write_all(authorize.to_line().as_bytes()).await?;
    let (mut extranonce, mut target) = (Vec::new(), Target::IMPOSSIBLE);
    let mut current: Option<(NotifyMessage, u64)> = None;
    let mut waiting = 0;
    loop {
        // Searches only while nothing is on the wire, and never has more than one share there.
        let line = match (&current, waiting) {
            (Some(_), 0) => {
                match tokio::time::timeout(std::time::Duration::ZERO, lines.next_line()).await {
                    Ok(line) => line?,
                    Err(_) => {
                        if let Some((job, from)) = &mut current
                            && let Some((nonce, extranonce2)) =
                                search(job, &extranonce, target, from)
                        {
                            let share = ClientMessage::Submit {
                                id: Id::Number(3),
                                worker: user.clone(),
                                job_id: job.job_id.clone(),
                                extranonce2: extranonce2.to_vec(),
                                time: job.time,
                                nonce,
                                version_bits: None,
                            };
                            waiting += 1;
                            write.write_all(share.to_line().as_bytes()).await?;
                        }
                        tokio::task::yield_now().await;
                        continue;
                    }
                }
            }
            _ => lines.next_line().await?,
        };
        let Some(line) = line else { return Ok(()) };
        match ServerMessage::parse(&line) {
            Ok(ServerMessage::Subscribed { extranonce1, .. }) => {
                extranonce.clone_from(&extranonce1);
                work.lock().expect("whole").extranonces.insert(extranonce1);
            }
            Ok(ServerMessage::SetDifficulty(difficulty)) => {
                target = Target::from_bitcoin_difficulty(difficulty).expect("a target");
            }
            Ok(ServerMessage::Notify(job)) => {
                let coinbase = [
                    &job.coinbase_prefix[..],
                    &extranonce,
                    &[0; 4],
                    &job.coinbase_suffix,
                ];
                work.lock()
                    .expect("whole")
                    .coinbases
                    .insert(coinbase.concat());
                current = Some((job, 0));
            }
            Ok(ServerMessage::Ok {
                id: Id::Number(3),
                result,
                ..
            }) => {
                waiting -= 1;
                assert!(result);
                work.lock().expect("whole").accepted += 1;
            }
            Ok(ServerMessage::Error { message, .. }) => {
                waiting = 0;
                work.lock().expect("whole").refused.push(message);
            }
            Ok(_) => {}
            Err(error) => work.lock().expect("whole").refused.push(error.to_string()),
        }
    }
}

/// Searches a while from a nonce on.
fn search(
    message: &NotifyMessage,
    extranonce: &[u8],
    target: Target,
    from: &mut u64,
) -> Option<(u32, [u8; 4])> {
    let job = Sha256dJob {
        version: message.version,
        version_mask: 0,
        previous_hash: message.previous_hash,
        coinbase_prefix: [&message.coinbase_prefix[..], extranonce].concat(),
        coinbase_suffix: message.coinbase_suffix.clone(),
        merkle_branches: message
            .merkle_branches
            .iter()
            .map(|hash| idlewatt_kernels::Digest(*hash))
            .collect(),
        time: message.time,
        bits: message.bits,
        extranonce2_size: 4,
    };
    let extranonce2 = *from >> 32;
    let mut header = sha256d::header(&job, extranonce2);
    for _ in 0..16_384 {
        let nonce = *from as u32;
        *from += 1;
        header[76..].copy_from_slice(&nonce.to_le_bytes());
        if target.is_met_by(&sha256d::hash_header(&header).0) {
            return Some((nonce, (extranonce2 as u32).to_be_bytes()));
        }
    }
    None
}
