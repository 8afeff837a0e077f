//! The hub as its counterparts see it: over real sockets, with a real database.

mod accounts;
mod attacks;
mod bitcoin;
mod block_template;
mod fleet;
mod harness;
mod http;
mod kawpow;
mod kawpow_attacks;
mod kawpow_clock;
mod kawpow_miner;
mod monero;
mod node;
mod program;
