//! The hub: accounts and devices, a Stratum server that verifies every share, a ledger, and the HTTP API that
//! agents use.
//!
//! The way of a share: [`upstream`] makes templates, [`stratum`] hands them out as jobs and judges what comes
//! back, [`writer`] makes verdicts durable, [`http`] shows them. [`Hub`] wires it.

#![forbid(unsafe_code)]

pub mod app;
pub mod bus;
pub mod health;
pub mod http;
pub mod known_devices;
pub mod limiter;
pub mod metrics;
pub mod open_files;
pub mod payouts;
pub mod portal;
pub mod prices;
pub mod replica;
pub mod reports;
pub mod settings;
pub mod settlement;
pub mod stratum;
pub mod tasks;
pub mod tls;
pub mod upstream;
pub mod verifier;
pub mod writer;

pub use app::{Hub, StartError};
pub use settings::{Settings, SettingsError};
