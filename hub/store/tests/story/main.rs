//! Stories that both databases must tell alike: what a hub does with its store, and what must never happen.

mod accounts;
mod batches;
mod blocks;
mod contents;
mod copies;
mod deletion;
mod device_keys;
mod fleet;
mod place;
mod place;
mod referrals;
mod replicas;
mod sessions;
mod shares;
mod tasks;
mod totp;
mod workers;
