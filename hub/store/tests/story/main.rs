//! Stories that both databases must tell alike: what a hub does with its store, and what must never happen.

mod accounts;
mod blocks;
mod copies;
mod place;
mod replicas;
mod shares;
mod tasks;
mod workers;
