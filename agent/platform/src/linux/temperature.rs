//! How hot the CPU is: the hottest of its own sensors, from `/sys/class/hwmon`, else from `/sys/class/thermal`.

use std::fs;
use std::path::{Path, PathBuf};

/// Drivers whose sensors are all in or on the CPU.
const DRIVERS: [&str; 9] = [
    "coretemp",
    "k8temp",
    "k10temp",
    "zenpower",
    "fam15h_power",
    "cpu_thermal",
    "cpu-thermal",
    "soc_thermal",
    "via_cputemp",
];

/// Thermal zones of the CPU, where there is no driver of its own.
const ZONES: [&str; 4] = ["x86_pkg_temp", "cpu-thermal", "cpu_thermal", "soc-thermal"];

/// In degrees; `sys` is where the kernel shows its devices.
pub fn look(sys: &Path) -> Option<f32> {
    let of_drivers = folders(&sys.join("class/hwmon"))
        .filter(|folder| is_one_of(&folder.join("name"), &DRIVERS))
        .filter_map(|folder| hottest(&folder));
    let of_zones = || {
        folders(&sys.join("class/thermal"))
            .filter(|folder| is_one_of(&folder.join("type"), &ZONES))
            .filter_map(|folder| degrees(&folder.join("temp")))
    };
    of_drivers
        .reduce(f32::max)
        .or_else(|| of_zones().reduce(f32::max))
}

/// The hottest sensor of one driver.
fn hottest(folder: &Path) -> Option<f32> {
    let inputs = folders(folder).filter(|file| {
        let name = file.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| name.starts_with("temp") && name.ends_with("_input"))
    });
    inputs.filter_map(|file| degrees(&file)).reduce(f32::max)
}

pub fn folders(path: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    entries.map(|entry| entry.path())
}

fn is_one_of(file: &Path, names: &[&str]) -> bool {
    fs::read_to_string(file).is_ok_and(|name| names.contains(&name.trim()))
}

/// The kernel counts thousandths. A sensor that is broken or not connected shows 0, less, or far too much.
pub fn degrees(file: &Path) -> Option<f32> {
    let text = fs::read_to_string(file).ok()?;
    let degrees = text.trim().parse::<i32>().ok()? as f32 / 1000.0;
    (degrees > 0.0 && degrees <= 130.0).then_some(degrees)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linux::testing::tree;

    #[test]
    fn the_hottest_sensor_of_the_cpu_counts_and_no_other_device() {
        let with = |files: &[(&str, &str)]| look(tree("class", files).path());
        let cpu = [
            ("hwmon/hwmon0/name", "nvme\n"),
            ("hwmon/hwmon0/temp1_input", "99000\n"),
            ("hwmon/hwmon1/name", "coretemp\n"),
            ("hwmon/hwmon1/temp1_input", "54000\n"),
            ("hwmon/hwmon1/temp2_input", "61500\n"),
            ("hwmon/hwmon1/temp2_max", "100000\n"),
            ("hwmon/hwmon1/fan1_input", "90000\n"),
            ("thermal/thermal_zone0/type", "x86_pkg_temp\n"),
            ("thermal/thermal_zone0/temp", "70000\n"),
        ];
        assert_eq!(with(&cpu), Some(61.5));
        // A board without a driver of its own.
        let board = [
            ("thermal/thermal_zone0/type", "gpu-thermal\n"),
            ("thermal/thermal_zone0/temp", "90000\n"),
            ("thermal/thermal_zone1/type", "cpu-thermal\n"),
            ("thermal/thermal_zone1/temp", "48312\n"),
        ];
        assert_eq!(with(&board), Some(48.312));
    }

    #[test]
    fn odd_content_is_no_temperature() {
        assert_eq!(look(Path::new("/nonexistent")), None);
        for odd in [
            "",
            "hot",
            "0",
            "-273150",
            "130001",
            "65261850",
            "99999999999999",
        ] {
            let files = [
                ("hwmon/hwmon0/name", "k10temp"),
                ("hwmon/hwmon0/temp1_input", odd),
            ];
            assert_eq!(look(tree("class", &files).path()), None, "{odd:?}");
        }
    }
}
