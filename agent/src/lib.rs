//! Placeholder, replaced below.
#![forbid(unsafe_code)]
pub mod work;
