//! The disk, and the graphics cards as the desktop knows them.

use std::io;
use std::os::windows::ffi::OsStrExt;
use std::path::Path;

use ::windows::Win32::Graphics::Gdi::{DISPLAY_DEVICEW, EnumDisplayDevicesW};
use ::windows::Win32::Storage::FileSystem::GetDiskFreeSpaceExW;
use ::windows::core::PCWSTR;

/// More displays than any PC has: a list that does not end is not followed.
const MOST: u32 = 64;

pub fn available_space(directory: &Path) -> io::Result<u64> {
    let path: Vec<u16> = directory.as_os_str().encode_wide().chain([0]).collect();
    let mut available = 0;
    // SAFETY: the path ends with a zero and lives as long as the call; the number is ours to write to.
    unsafe { GetDiskFreeSpaceExW(PCWSTR(path.as_ptr()), Some(&raw mut available), None, None) }?;
    Ok(available)
}

/// Each once: a card has one entry for each display that can be connected.
pub fn graphics_cards() -> Vec<String> {
    let mut found = Vec::new();
    for number in 0..MOST {
        let mut device = DISPLAY_DEVICEW {
            cb: size_of::<DISPLAY_DEVICEW>() as u32,
            ..DISPLAY_DEVICEW::default()
        };
        // SAFETY: no device is named, and the structure says its own size.
        let listed = unsafe { EnumDisplayDevicesW(PCWSTR::null(), number, &raw mut device, 0) };
        if !listed.as_bool() {
            break;
        }
        let text = device.DeviceString;
        let end = text.iter().position(|unit| *unit == 0);
        let name = String::from_utf16_lossy(&text[..end.unwrap_or(text.len())]);
        if !name.is_empty() && !found.contains(&name) {
            found.push(name);
        }
    }
    found
}
