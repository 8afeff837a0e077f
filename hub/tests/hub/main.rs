//! The hub as its counterparts see it: over real sockets, with a real database.

mod attacks;
mod bitcoin;
mod block_template;
mod harness;
mod http;
mod monero;
mod node;
mod program;
