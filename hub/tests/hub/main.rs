//! The hub as its counterparts see it: over real sockets, with a real database.

mod attacks;
mod attacks_shares;
mod attacks_wire;
mod bitcoin;
mod block_template;
mod harness;
mod http;
mod kawpow;
mod kawpow_attacks;
mod kawpow_clock;
mod kawpow_miner;
mod monero;
mod node;
mod program;
mod sessions;
mod tls;
