//! Game controllers, by their presence alone: input devices are never opened.

use std::path::Path;

use super::temperature::folders;
use crate::signals::Gamepad;

/// `None` if the kernel does not show its input devices; `sys` is where it does.
pub fn look(sys: &Path) -> Option<Gamepad> {
    let input = sys.join("class/input");
    input.is_dir().then(|| {
        let present = folders(&input).any(|device| {
            let name = device.file_name().and_then(|name| name.to_str());
            let number = name.and_then(|name| name.strip_prefix("js"));
            number.is_some_and(|number| number.parse::<u32>().is_ok())
        });
        if present {
            Gamepad::Present { idle: None }
        } else {
            Gamepad::Absent
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linux::testing::tree;

    #[test]
    fn a_joystick_device_is_a_gamepad_and_others_are_not() {
        let base = "class/input";
        let with = |files: &[(&str, &str)]| look(tree(base, files).path());
        assert_eq!(with(&[]), Some(Gamepad::Absent));
        let others = [
            ("event0/uevent", ""),
            ("mouse0/uevent", ""),
            ("jsx/uevent", ""),
        ];
        assert_eq!(with(&others), Some(Gamepad::Absent));
        assert_eq!(
            with(&[("event0/uevent", ""), ("js0/uevent", "")]),
            Some(Gamepad::Present { idle: None })
        );
        assert_eq!(look(Path::new("/nonexistent")), None);
    }
}
