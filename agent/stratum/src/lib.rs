//! The wire of proof-of-work: Stratum's dialects as types and sans-I/O codecs, for both sides.
//!
//! Nothing here opens a socket. Bytes go into a [`line::LineBuffer`], whole lines come out; a line becomes a typed
//! message by `parse`, a message a line by `to_line` (with its line feed). Whatever a counterpart sends, the answer
//! is a message or a [`ParseError`] that says what was wrong, never a panic.
//!
//! - [`address`]: where a server is, and whether it is spoken to under TLS.
//! - [`monero`]: JSON-RPC with `login`, `job` and `submit`, as xmrig and Monero pools speak it.
//! - [`bitcoin`]: Stratum v1 with `mining.*`.
//! - [`kawpow`]: the same envelope around a header's hash, for KawPow and the other ProgPoW coins.
//! - [`ethproxy`]: `eth_getWork` and `eth_submitWork`, as Zano's node and pools speak it.
#![forbid(unsafe_code)]

pub mod address;
pub mod bitcoin;
mod error_code;
pub mod ethproxy;
mod fields;
pub mod kawpow;
pub mod line;
mod mining;
pub mod monero;
mod rpc;

pub use rpc::{Dialect, Id, ParseError};
