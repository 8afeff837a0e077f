//! The simplest miner of Bitcoin's dialect there can be.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

use idlewatt_kernels::{Digest, Sha256dJob, Target, sha256d};
use serde_json::{Value, json};

/// A miner that has logged in.
pub struct BitcoinMiner {
    lines: BufReader<TcpStream>,
    user: String,
    extranonce1: Vec<u8>,
    extranonce2_size: u8,
    difficulty: f64,
    job: Value,
    next_nonce: u32,
    request: u64,
}

impl BitcoinMiner {
    /// Logs in and waits for a job.
    ///
    /// # Panics
    /// When it is refused.
    pub fn login(address: &str, user: &str, password: &str) -> Self {
        let stream = TcpStream::connect(address).expect("the hub listens");
        let limit = Some(Duration::from_secs(60));
        stream.set_read_timeout(limit).expect("a timeout");
        let mut miner = BitcoinMiner {
            lines: BufReader::new(stream),
            user: user.to_owned(),
            extranonce1: Vec::new(),
            extranonce2_size: 0,
            difficulty: 0.0,
            job: Value::Null,
            next_nonce: 0,
            request: 0,
        };
        let subscribed = miner.call("mining.subscribe", &json!(["test/1"]));
        let subscribed = subscribed.expect("subscribed");
        let text = subscribed[1].as_str().expect("extranonce1");
        miner.extranonce1 = hex::decode(text).expect("hex");
        let size = subscribed[2].as_u64().expect("a size");
        miner.extranonce2_size = u8::try_from(size).expect("a small size");
        let authorized = miner.call("mining.authorize", &json!([user, password]));
        assert_eq!(authorized, Ok(json!(true)));
        while miner.job.is_null() {
            miner.message();
        }
        miner
    }

    /// Mines and submits a share of the newest job; the error if it is refused.
    ///
    /// # Errors
    /// The hub's answer.
    ///
    /// # Panics
    /// When the hub is gone.
    pub fn share(&mut self) -> Result<(), Value> {
        let target = Target::from_bitcoin_difficulty(self.difficulty).expect("a difficulty");
        let text = |index: usize| self.job[index].as_str().expect("a text").to_owned();
        let bytes = |index: usize| hex::decode(text(index)).expect("hex");
        let word = |index: usize| u32::from_str_radix(&text(index), 16).expect("hex");
        let mut previous_hash: [u8; 32] = bytes(1).try_into().expect("a hash");
        previous_hash.chunks_mut(4).for_each(<[u8]>::reverse);
        let branches = self.job[4].as_array().expect("branches").iter();
        let job = Sha256dJob {
            version: word(5),
            version_mask: 0,
            previous_hash,
            coinbase_prefix: [bytes(2), self.extranonce1.clone()].concat(),
            coinbase_suffix: bytes(3),
            extranonce2_size: self.extranonce2_size,
            merkle_branches: branches
                .map(|branch| serde_json::from_value::<Digest>(branch.clone()).expect("a hash"))
                .collect(),
            time: word(7),
            bits: word(6),
        };
        let nonce = (self.next_nonce..)
            .find(|nonce| {
                let header = sha256d::header_with_nonce(&job, 0, *nonce);
                target.is_met_by(&sha256d::hash_header(&header).0)
            })
            .expect("a nonce");
        self.next_nonce = nonce + 1;
        let extranonce2 = "00".repeat(self.extranonce2_size.into());
        let (time, nonce) = (format!("{:08x}", job.time), format!("{nonce:08x}"));
        let share = json!([self.user, text(0), extranonce2, time, nonce]);
        self.call("mining.submit", &share).map(drop)
    }

    /// Waits for a job that ends all earlier ones.
    pub fn wait_for_clean_job(&mut self) {
        let before = self.job[0].clone();
        while self.job[0] == before || self.job[8] != true {
            self.message();
        }
    }

    fn call(&mut self, method: &str, parameters: &Value) -> Result<Value, Value> {
        self.request += 1;
        let line = json!({"id": self.request, "method": method, "params": parameters});
        let stream = self.lines.get_mut();
        stream
            .write_all(format!("{line}\n").as_bytes())
            .expect("the hub takes lines");
        loop {
            let message = self.message();
            if message["id"] == self.request {
                return match &message["error"] {
                    Value::Null => Ok(message["result"].clone()),
                    error => Err(error.clone()),
                };
            }
        }
    }

    /// The next message; jobs and difficulties are noted.
    fn message(&mut self) -> Value {
        let mut line = String::new();
        let read = self.lines.read_line(&mut line).expect("a line in time");
        assert!(read > 0, "the hub has closed the connection");
        let message: Value = serde_json::from_str(&line).expect("JSON");
        match message["method"].as_str() {
            Some("mining.set_difficulty") => {
                self.difficulty = message["params"][0].as_f64().expect("a number");
            }
            Some("mining.notify") => self.job = message["params"].clone(),
            _ => {}
        }
        message
    }
}
