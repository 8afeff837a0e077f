//! Stories that both databases must tell alike: what a hub does with its store, and what must never happen.

mod accounts;
mod audit;
mod blocks;
mod closings;
mod earnings;
mod place;
mod resend;
mod settlement;
mod shares;
