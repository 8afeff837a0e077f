//! Mains or battery, from `/sys/class/power_supply`; the wish to save energy, from the power profiles' daemon.

use std::fs;
use std::path::Path;

use super::bus::{Bus, Object};
use crate::signals::Power;

/// Its new name and its old one.
const PROFILES: [Object<'_>; 2] = [
    Object {
        service: "org.freedesktop.UPower.PowerProfiles",
        path: "/org/freedesktop/UPower/PowerProfiles",
        interface: "org.freedesktop.UPower.PowerProfiles",
    },
    Object {
        service: "net.hadess.PowerProfiles",
        path: "/net/hadess/PowerProfiles",
        interface: "net.hadess.PowerProfiles",
    },
];

/// `sys` is where the kernel shows its devices.
pub async fn look(sys: &Path, system: &Bus) -> Option<Power> {
    let saver = saver(system).await;
    supply(sys).map(|power| Power { saver, ..power })
}

async fn saver(system: &Bus) -> Option<bool> {
    for daemon in PROFILES {
        if let Some(profile) = system.property::<String>(daemon, "ActiveProfile").await {
            return Some(profile == "power-saver");
        }
    }
    None
}

/// `None` if the kernel does not show its power supplies at all; a PC that has none runs on mains.
fn supply(sys: &Path) -> Option<Power> {
    let supplies = fs::read_dir(sys.join("class/power_supply")).ok()?;
    let (mut online, mut discharging) = (false, false);
    let mut charges = Vec::new();
    for supply in supplies.flatten() {
        let read = |name: &str| {
            let text = fs::read_to_string(supply.path().join(name)).ok()?;
            Some(text.trim().to_owned())
        };
        match read("type").as_deref() {
            // The battery of a mouse or headset says nothing about the PC.
            Some("Battery") if read("scope").as_deref() != Some("Device") => {
                discharging |= read("status").as_deref() == Some("Discharging");
                let charge = read("capacity").and_then(|text| text.parse::<u8>().ok());
                charges.extend(charge.filter(|charge| *charge <= 100));
            }
            Some("Mains" | "USB" | "Wireless") => online |= read("online").as_deref() == Some("1"),
            _ => {}
        }
    }
    // With two batteries, one may be empty while the other is not.
    let sum: u32 = charges.iter().map(|charge| u32::from(*charge)).sum();
    let mean = sum.checked_div(charges.len() as u32);
    Some(Power {
        on_battery: discharging && !online,
        saver: None,
        charge_percent: mean.and_then(|mean| u8::try_from(mean).ok()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linux::testing::{DBus, tree};

    fn power(on_battery: bool, charge_percent: Option<u8>) -> Option<Power> {
        Some(Power {
            on_battery,
            saver: None,
            charge_percent,
        })
    }

    #[test]
    fn mains_and_batteries_are_told_apart() {
        let base = "class/power_supply";
        let look = |files: &[(&str, &str)]| supply(tree(base, files).path());
        // A desktop PC.
        assert_eq!(look(&[]), power(false, None));
        let battery = |status| {
            [
                ("BAT0/type", "Battery\n"),
                ("BAT0/status", status),
                ("BAT0/capacity", "73\n"),
                ("AC/type", "Mains\n"),
            ]
        };
        let with = |status, online| [&battery(status)[..], &[("AC/online", online)]].concat();
        assert_eq!(look(&with("Discharging\n", "0\n")), power(true, Some(73)));
        assert_eq!(look(&with("Charging\n", "1\n")), power(false, Some(73)));
        // A charger too weak for what the PC does is a charger still.
        assert_eq!(look(&with("Discharging\n", "1\n")), power(false, Some(73)));
        assert_eq!(look(&with("Full\n", "0\n")), power(false, Some(73)));
        // A wireless mouse on its battery.
        let mouse = [
            ("mouse/type", "Battery"),
            ("mouse/scope", "Device"),
            ("mouse/status", "Discharging"),
            ("mouse/capacity", "12"),
        ];
        assert_eq!(look(&mouse), power(false, None));
        // Two batteries, and a laptop without its charger's entry.
        let two = [
            ("BAT0/type", "Battery"),
            ("BAT0/status", "Not charging"),
            ("BAT0/capacity", "80"),
            ("BAT1/type", "Battery"),
            ("BAT1/status", "Discharging"),
            ("BAT1/capacity", "20"),
        ];
        assert_eq!(look(&two), power(true, Some(50)));
    }

    #[test]
    fn odd_content_is_no_content() {
        let base = "class/power_supply";
        let odd = [
            ("BAT0/type", "Battery"),
            ("BAT0/capacity", "250"),
            ("BAT1/type", "Battery"),
            ("BAT1/status", "\u{1F50B}"),
            ("BAT1/capacity", "much"),
            ("BAT2/status", "Discharging"),
            ("AC/type", "Mains"),
            ("AC/online", "perhaps"),
            ("UPS/type", "UPS"),
            ("file", "not a folder"),
        ];
        assert_eq!(supply(tree(base, &odd).path()), power(false, None));
        let binary = tree(base, &odd);
        let status = binary.path().join(base).join("BAT0/status");
        fs::write(status, [0xff, 0x00, 0xfe]).unwrap();
        assert_eq!(supply(binary.path()), power(false, None));
        assert_eq!(supply(Path::new("/nonexistent")), None);
    }

    struct Profiles(&'static str);

    #[zbus::interface(name = "net.hadess.PowerProfiles")]
    impl Profiles {
        #[zbus(property)]
        fn active_profile(&self) -> String {
            self.0.to_owned()
        }
    }

    /// The daemon itself needs hardware that has profiles, so this speaks its interface, on a real bus.
    #[tokio::test]
    async fn the_wish_to_save_energy_is_read_over_the_bus() {
        let daemon = DBus::start();
        let sys = tree("class/power_supply", &[]);
        let saver = async || {
            look(sys.path(), &Bus::at(daemon.address()))
                .await
                .unwrap()
                .saver
        };
        assert_eq!(saver().await, None);
        for (profile, wanted) in [("power-saver", true), ("balanced", false)] {
            let profiles = daemon
                .serve(PROFILES[1].service, |builder| {
                    builder.serve_at(PROFILES[1].path, Profiles(profile))
                })
                .await;
            assert_eq!(saver().await, Some(wanted));
            profiles.close().await.unwrap();
        }
    }
}
