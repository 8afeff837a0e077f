//! What the end-to-end tests share: real processes, real nodes, waiting with a deadline.
#![forbid(unsafe_code)]

pub mod agent;
pub mod bitcoind;
pub mod desktop;
pub mod hub;
pub mod node;
pub mod process;
pub mod wait;
