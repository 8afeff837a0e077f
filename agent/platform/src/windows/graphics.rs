//! DXGI lists every adapter with its memory.

use ::windows::Win32::Graphics::Dxgi::{CreateDXGIFactory1, IDXGIFactory1};

/// The first adapter of that name: cards of one name have one size.
pub fn memory(name: &str, _bus: Option<&str>) -> Option<u64> {
    // SAFETY: takes no pointers; what it gives counts its own references.
    let factory: IDXGIFactory1 = unsafe { CreateDXGIFactory1() }.ok()?;
    (0..)
        .map_while(|index| {
            // SAFETY: past the last index the call fails; what it gives counts its own references.
            unsafe { factory.EnumAdapters1(index) }.ok()
        })
        .find_map(|adapter| {
            // SAFETY: the adapter is held meanwhile.
            let described = unsafe { adapter.GetDesc1() }.ok()?;
            let called = &described.Description;
            let length = called.iter().position(|unit| *unit == 0);
            let called = String::from_utf16_lossy(&called[..length.unwrap_or(called.len())]);
            let bytes = described.DedicatedVideoMemory as u64;
            (called.trim() == name.trim() && bytes > 0).then_some(bytes)
        })
}
