//! ProgPoW on graphics cards: programs and datasets are written out as WGSL from the same tables as on the CPU.

mod generator;
mod keccak;
mod layout;
mod pipeline;
mod slot;
mod sparse;
#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::gpu::{Device, Exchange, Tuning};

/// A dispatch is sized to milliseconds. A card that has not answered by now has hung.
const DEADLINE: Duration = Duration::from_secs(10);

/// The layout to begin with.
pub fn default_tuning(device: &Device) -> Tuning {
    Tuning {
        workgroup_size: if device.description().is_software() {
            32
        } else {
            128
        },
        nonces_each: 1,
        exchange: Exchange::Workgroup,
        wide_integers: false,
    }
}
