//! Receipts through every way of breaking off.

mod closing;
mod fake_hub;
mod file;
mod handing_in;
mod progpow;
mod reconciling;
mod recovering;

use std::path::PathBuf;

use idlewatt_kernels::{Algorithm, Digest};
use tempfile::TempDir;

use super::*;

const SOURCE: &str = "hub A.D";

/// A data folder that a process may die in and another start in.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Folder(tempfile::tempdir().expect("a folder"))
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("receipts.sqlite")
    }

    async fn open(&self) -> Receipts {
        Receipts::open(&self.file()).await.expect("opens")
    }
}

fn digest(number: u8) -> Digest {
    let mut bytes = [0; 32];
    bytes[0] = number;
    Digest(bytes)
}

fn new_receipt(number: u8) -> NewReceipt {
    NewReceipt {
        digest: digest(number),
        source: SOURCE.into(),
        algorithm: Algorithm::RandomX,
        processor: "cpu".into(),
        job_id: "j1".into(),
        nonce: u32::MAX,
        extranonce2: u64::MAX,
        work: 50,
    }
}

async fn state_of(receipts: &Receipts, number: u8) -> State {
    let receipt = receipts.find(digest(number)).await.expect("readable");
    receipt.expect("there").state
}
