//! What work pays: prices, difficulty and rewards as the market's sources tell them, what pools say of an account, which
//! work pays a processor best, and what it may bring in. Pure: no clock, no network; text and times come in as arguments.
#![forbid(unsafe_code)]

pub mod account;
pub mod address;
pub mod amount;
pub mod choice;
pub mod coin;
pub mod estimate;
pub mod json;
pub mod quotes;
pub mod source;
