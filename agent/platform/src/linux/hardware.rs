//! The disk, and the graphics cards on the PCI bus, below `/sys/bus/pci`.

use std::fs;
use std::io;
use std::path::Path;

use super::gpus::MAKERS;
use super::temperature::folders;

/// What the class of a PCI device begins with if it makes pictures.
const DISPLAY: &str = "0x03";

pub fn available_space(directory: &Path) -> io::Result<u64> {
    let disk = rustix::fs::statvfs(directory)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

pub fn graphics_cards() -> Vec<String> {
    cards(Path::new("/sys/bus/pci/devices"))
}

/// Those of makers whose cards compute: what virtual machines show pictures with is none.
fn cards(devices: &Path) -> Vec<String> {
    let mut found: Vec<String> = folders(devices)
        .filter_map(|device| {
            let text = |name: &str| {
                let text = fs::read_to_string(device.join(name)).ok()?;
                Some(text.trim().to_owned())
            };
            let is_display = text("class")?.starts_with(DISPLAY);
            let vendor = text("vendor")?;
            let (_, maker) = MAKERS.iter().find(|(number, _)| *number == vendor)?;
            let bus = device.file_name()?.to_str()?;
            is_display.then(|| format!("{maker} ({bus})"))
        })
        .collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linux::testing::tree;

    #[test]
    fn cards_are_known_without_a_driver_and_other_devices_are_none() {
        let files = [
            ("0000:01:00.0/class", "0x030000\n"),
            ("0000:01:00.0/vendor", "0x10de\n"),
            ("0000:00:02.0/class", "0x038000\n"),
            ("0000:00:02.0/vendor", "0x8086\n"),
            // A virtual machine's.
            ("0000:00:03.0/class", "0x030000\n"),
            ("0000:00:03.0/vendor", "0x1234\n"),
            // Sound.
            ("0000:01:00.1/class", "0x040300\n"),
            ("0000:01:00.1/vendor", "0x10de\n"),
            ("0000:02:00.0/vendor", "0x1002\n"),
        ];
        let sys = tree("", &files);
        assert_eq!(
            cards(sys.path()),
            ["Intel (0000:00:02.0)", "NVIDIA (0000:01:00.0)"]
        );
        assert!(cards(Path::new("/nonexistent")).is_empty());
    }
}
