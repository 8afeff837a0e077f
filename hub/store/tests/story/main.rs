//! Stories that both databases must tell alike: what a hub does with its store, and what must never happen.

mod accounts;
mod audit;
mod batches;
mod blocks;
mod closings;
mod contents;
mod copies;
mod days;
mod deletion;
mod device_keys;
mod earnings;
mod fleet;
mod operator;
mod place;
mod prices;
mod referrals;
mod replicas;
mod resend;
mod sessions;
mod settlement;
mod shares;
mod tasks;
mod totp;
mod withdrawals;
mod workers;
