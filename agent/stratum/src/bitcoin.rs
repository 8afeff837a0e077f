//! Bitcoin's dialect: Stratum v1 (BIP 310 for its extensions).
//!
//! A client sends `mining.configure` (optional), `mining.subscribe`, `mining.authorize` and `mining.submit`; a
//! server answers each, and sends `mining.set_difficulty` and `mining.notify` at any time. A difficulty counts from
//! the next notification on.

mod client;
mod difficulty;
mod notify;
mod server;

pub use crate::error_code::ErrorCode;
pub use client::ClientMessage;
pub use difficulty::wire_difficulty;
pub use notify::NotifyMessage;
pub use server::ServerMessage;

/// The version bits that miners may roll (BIP 320).
pub const VERSION_MASK: u32 = 0x1fff_e000;

/// The names of the extensions that `mining.configure` asks for.
pub mod extension {
    /// Rolling of version bits.
    pub const VERSION_ROLLING: &str = "version-rolling";
    /// The client names the least difficulty it wants.
    pub const MINIMUM_DIFFICULTY: &str = "minimum-difficulty";
    /// The client takes `mining.set_extranonce`.
    pub const SUBSCRIBE_EXTRANONCE: &str = "subscribe-extranonce";
}
