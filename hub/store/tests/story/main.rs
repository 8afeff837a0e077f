//! Stories that both databases must tell alike: what a hub does with its store, and what must never happen.

mod accounts;
mod batches;
mod blocks;
mod place;
mod shares;
