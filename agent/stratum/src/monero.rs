//! Monero's dialect: JSON-RPC 2.0 over lines, as xmrig and its pools speak it.
//!
//! A client sends `login`, `submit`, `keepalived`, seldom `getjob`; a server answers each, and sends `job` at any
//! time. The first job comes inside the answer to `login`.

mod client;
mod job;
mod refusal;
mod server;

pub use client::ClientMessage;
pub use job::JobMessage;
pub use refusal::{ERROR_CODE, Refusal};
pub use server::ServerMessage;

/// The name of RandomX with Monero's parameters on this wire.
pub const RANDOMX: &str = "rx/0";
