//! Operating hubs: several on one database, backups, health, logs. Real processes, real shares.

mod books;
mod drain;
mod health;
mod hub;
mod miner;
mod replicas;
mod secrets;
