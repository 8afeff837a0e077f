//! The agent of Idlewatt.

pub mod engine;
pub mod governor;
