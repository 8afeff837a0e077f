//! The hub as its counterparts see it: over real sockets, with a real database.

mod attacks;
mod bitcoin;
mod harness;
mod http;
mod monero;
