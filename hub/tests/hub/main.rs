//! The hub as its counterparts see it: over real sockets, with a real database.

mod accounts;
mod attacks;
mod attacks_shares;
mod attacks_wire;
mod bitcoin;
mod block_template;
mod books;
mod fleet;
mod harness;
mod http;
mod kawpow;
mod kawpow_attacks;
mod kawpow_clock;
mod kawpow_miner;
mod monero;
mod node;
mod pool;
mod pool_tls;
mod program;
mod sessions;
mod tls;
mod withdrawals;
