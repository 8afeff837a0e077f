//! The control API on loopback: how the command line (and later screens) talk to the running agent.

pub mod answers;
pub mod client;
pub mod dashboard;
pub mod guard;
pub mod point;
pub mod server;
