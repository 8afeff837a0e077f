//! Where jobs come from.
pub mod hub_client;
