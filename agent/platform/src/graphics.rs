//! What the system knows of a graphics card that graphics interfaces do not tell.

use crate::os;

/// Bytes of memory that a card has for itself; `None` if the system does not say. Found by what its driver calls it, or by
/// its address on the PCI bus, such as `0000:01:00.0`.
pub fn memory(name: &str, bus: Option<&str>) -> Option<u64> {
    os::graphics::memory(name, bus)
}
