//! What the end-to-end tests share: real processes, real nodes, waiting with a deadline.
#![forbid(unsafe_code)]

pub mod agent;
pub mod bitcoin_miner;
pub mod bitcoind;
pub mod books;
pub mod browser;
pub mod chaos;
pub mod desktop;
pub mod hub;
pub mod member;
pub mod miner;
pub mod node;
pub mod pool;
pub mod process;
pub mod swarm;
pub mod tray;
pub mod updates;
pub mod wait;
pub mod wallet;
pub mod wine;
