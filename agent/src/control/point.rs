//! Where the running agent's control API is, and the secret that opens it: `control.json`, for this user alone.

use rand::RngExt;
use serde::{Deserialize, Serialize};

use crate::data_dir::{DataDir, DataDirError};

const FILE: &str = "control.json";

/// Address and secret.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ControlPoint {
    /// Its port on 127.0.0.1.
    pub port: u16,
    /// What each request proves itself with; new at each start.
    pub token: String,
    /// The agent's process.
    pub process: u32,
}

impl ControlPoint {
    /// For this process, with a new secret of 256 bits.
    pub fn new(port: u16) -> Self {
        let secret: [u8; 32] = rand::rng().random();
        ControlPoint {
            port,
            token: hex::encode(secret),
            process: std::process::id(),
        }
    }

    /// Tells it to those who may read the data directory.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn publish(&self, data: &DataDir) -> Result<(), DataDirError> {
        data.write(FILE, self)
    }

    /// Where the agent with this data directory listens, if one has said so and not taken it back.
    ///
    /// # Errors
    /// If the record is there and cannot be read.
    pub fn find(data: &DataDir) -> Result<Option<Self>, DataDirError> {
        data.read(FILE)
    }

    /// Takes it back.
    ///
    /// # Errors
    /// If the record cannot be removed.
    pub fn withdraw(data: &DataDir) -> Result<(), DataDirError> {
        data.remove(FILE)
    }
}
