//! Graphics cards as the kernel's own drivers show them, below `/sys/class/drm`.

use std::fs;
use std::path::Path;

use super::temperature::{degrees, folders};
use crate::signals::GpuReading;

/// The makers' numbers on the PCI bus.
pub const MAKERS: [(&str, &str); 3] =
    [("0x1002", "AMD"), ("0x8086", "Intel"), ("0x10de", "NVIDIA")];

/// One for each card on the bus, in order; `sys` is where the kernel shows its devices. The kernel does not tell who
/// uses a card, so what we use ourselves is in what others use.
pub fn look(sys: &Path) -> Vec<GpuReading> {
    let cards = folders(&sys.join("class/drm")).filter(|card| {
        let name = card.file_name().and_then(|name| name.to_str());
        let number = name.and_then(|name| name.strip_prefix("card"));
        // Others are the connectors of a card.
        number.is_some_and(|number| number.parse::<u32>().is_ok())
    });
    let mut readings: Vec<_> = cards
        .filter_map(|card| read(&card.join("device")))
        .collect();
    readings.sort_by(|one, other| one.bus.cmp(&other.bus));
    readings
}

fn read(device: &Path) -> Option<GpuReading> {
    let text = |name: &str| {
        let text = fs::read_to_string(device.join(name)).ok()?;
        Some(text.trim().to_owned())
    };
    // A card that is no PCI device has no such number.
    let vendor = text("vendor")?;
    let maker = MAKERS.iter().find(|(number, _)| *number == vendor);
    let maker = maker.map_or(vendor.as_str(), |(_, name)| *name);
    let model = text("product_name").filter(|name| !name.is_empty());
    let model = model.or_else(|| text("device")).unwrap_or_default();
    let link = fs::canonicalize(device).ok()?;
    let mut reading = GpuReading {
        bus: Some(link.file_name()?.to_str()?.to_ascii_lowercase()),
        name: format!("{maker} {model}").trim_end().to_owned(),
        others_percent: None,
        celsius: None,
        watts: None,
    };
    // To ask one that sleeps would wake it.
    if text("power/runtime_status").as_deref() != Some("suspended") {
        let busy = text("gpu_busy_percent").and_then(|text| text.parse::<f32>().ok());
        reading.others_percent = busy.filter(|percent| (0.0..=100.0).contains(percent));
        // The first sensor is the one of the chip's edge, which is what cards are commonly judged by.
        let mut sensors = folders(&device.join("hwmon"));
        reading.celsius = sensors.find_map(|sensor| degrees(&sensor.join("temp1_input")));
        // AMD's older driver tells an average, the newer one the present; both in millionths.
        let mut meters = folders(&device.join("hwmon"));
        reading.watts = meters.find_map(|meter| {
            let names = ["power1_average", "power1_input"];
            let text = names
                .iter()
                .find_map(|name| fs::read_to_string(meter.join(name)).ok())?;
            let watts = text.trim().parse::<f32>().ok()? / 1e6;
            (watts > 0.0 && watts <= 2_000.0).then_some(watts)
        });
    }
    Some(reading)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::linux::testing::tree;

    #[test]
    fn cards_are_read_and_one_that_sleeps_is_left_alone() {
        let files = [
            ("devices/0000:0A:00.0/vendor", "0x1002\n"),
            ("devices/0000:0A:00.0/device", "0x73bf\n"),
            ("devices/0000:0A:00.0/gpu_busy_percent", "37\n"),
            ("devices/0000:0A:00.0/hwmon/hwmon3/temp1_input", "61000\n"),
            ("devices/0000:0A:00.0/hwmon/hwmon3/temp2_input", "77000\n"),
            (
                "devices/0000:0A:00.0/hwmon/hwmon3/power1_average",
                "143000000\n",
            ),
            ("devices/0000:00:02.0/vendor", "0x8086\n"),
            ("devices/0000:00:02.0/device", "0x9a49\n"),
            ("devices/0000:00:02.0/gpu_busy_percent", "many\n"),
            ("devices/0000:0b:00.0/vendor", "0x1002\n"),
            ("devices/0000:0b:00.0/product_name", "Radeon of tests\n"),
            ("devices/0000:0b:00.0/power/runtime_status", "suspended\n"),
            ("devices/0000:0b:00.0/gpu_busy_percent", "5\n"),
            ("devices/virtual/uevent", ""),
            ("class/drm/card0-HDMI-A-1/status", "connected"),
            ("class/drm/version", "drm"),
        ];
        let sys = tree("", &files);
        for (card, device) in [
            ("card0", "0000:0A:00.0"),
            ("card1", "0000:00:02.0"),
            ("card2", "0000:0b:00.0"),
            ("card3", "virtual"),
            ("card4", "gone"),
        ] {
            let card = sys.path().join("class/drm").join(card);
            fs::create_dir_all(&card).unwrap();
            symlink(sys.path().join("devices").join(device), card.join("device")).unwrap();
        }
        let reading = |bus: &str, name: &str, others_percent, celsius| GpuReading {
            bus: Some(bus.to_owned()),
            name: name.to_owned(),
            others_percent,
            celsius,
            watts: celsius.map(|_| 143.0),
        };
        assert_eq!(
            look(sys.path()),
            [
                reading("0000:00:02.0", "Intel 0x9a49", None, None),
                reading("0000:0a:00.0", "AMD 0x73bf", Some(37.0), Some(61.0)),
                reading("0000:0b:00.0", "AMD Radeon of tests", None, None),
            ]
        );
        assert_eq!(look(Path::new("/nonexistent")), []);
    }
}
