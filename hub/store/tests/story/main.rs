//! Stories that both databases must tell alike: what a hub does with its store, and what must never happen.

mod accounts;
mod blocks;
mod place;
mod shares;
mod workers;
