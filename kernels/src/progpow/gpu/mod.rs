//! ProgPoW on graphics cards: programs and datasets are written out as WGSL from the same tables as on the CPU.

mod cost;
mod dataset;
mod epochs;
mod flight;
mod generator;
mod hashimoto;
mod keccak;
mod layout;
mod light;
mod making;
mod periods;
mod pipeline;
mod search;
mod shuffles;
mod single;
mod slot;
mod sparse;
#[cfg(test)]
mod tests;

use std::time::Duration;

pub use cost::{bytes as bytes_a_hash, operations};
pub use search::GpuSearch;
pub use single::{DatasetChoice, hash_on};

use crate::gpu::{Device, Exchange, Tuning};

/// Rises with every change of the programs or of how they are run that may change their speed.
pub const KERNEL_VERSION: u32 = 1;
/// A dispatch is sized to milliseconds. A card that has not answered by now has hung.
const DEADLINE: Duration = Duration::from_secs(10);

/// The layout to begin with.
pub fn default_tuning(device: &Device) -> Tuning {
    Tuning {
        workgroup_size: if device.description().is_software() {
            32
        } else {
            256
        },
        nonces_each: 1,
        exchange: Exchange::Workgroup,
        wide_integers: false,
    }
}
