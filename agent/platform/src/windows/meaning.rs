//! What the raw numbers of Windows mean: everything that can be judged without asking it, so that tests on any
//! system cover it.

use std::time::Duration;

use crate::signals::Power;

/// The time between two counts of milliseconds in 32 bits, which wrap every 49.7 days. Windows may stamp an input
/// slightly later than the count asked for: that is no time at all, not 49 days.
pub fn idle(now: u32, input: u32) -> Duration {
    const AHEAD: u32 = 60_000;
    let milliseconds = now.wrapping_sub(input);
    if milliseconds > u32::MAX - AHEAD {
        return Duration::ZERO;
    }
    Duration::from_millis(u64::from(milliseconds))
}

/// The fields of `SYSTEM_POWER_STATUS`.
pub struct PowerStatus {
    /// 0 without mains, 1 with; 255 unknown.
    pub line: u8,
    /// Bits; 128: there is no battery. 255 unknown.
    pub battery: u8,
    /// 0 to 100; 255 unknown.
    pub percent: u8,
    /// 1 while the battery saver is on.
    pub saver: u8,
}

pub fn power(status: &PowerStatus) -> Option<Power> {
    const NO_BATTERY: u8 = 128;
    const UNKNOWN: u8 = 255;
    // Unknown has every bit set, so it must not be taken for the bit.
    let without_battery = status.battery != UNKNOWN && status.battery & NO_BATTERY != 0;
    let on_battery = match status.line {
        _ if without_battery => false,
        0 => true,
        1 => false,
        _ => return None,
    };
    Some(Power {
        on_battery,
        saver: Some(status.saver == 1),
        charge_percent: (!without_battery && status.percent <= 100).then_some(status.percent),
    })
}

/// What others use of the whole CPU, 0 to 100, from what passed between two looks: all of the same unit, summed over
/// the processors. Windows counts the idle time as kernel time too.
pub fn others_percent(idle: u64, kernel: u64, user: u64, own: u64) -> Option<f32> {
    let whole = kernel.checked_add(user)?;
    if whole == 0 {
        return None;
    }
    let others = whole.saturating_sub(idle).saturating_sub(own);
    Some((100.0 * others as f64 / whole as f64) as f32)
}

/// Whether somebody is using a session that is logged on and connected. Times in 100 ns; `input` is 0 where Windows
/// does not tell, and then somebody may be.
pub fn in_use(locked: Option<bool>, input: i64, now: i64) -> bool {
    const LONG: i64 = 10 * 60 * 10_000_000;
    locked != Some(true) && (input <= 0 || now.saturating_sub(input) < LONG)
}

/// Whether a window that covers its screen is the desktop, the lock screen or a screen saver: nobody's application.
pub fn is_backdrop(class: &str, application: &str) -> bool {
    let application = application.to_ascii_lowercase();
    matches!(class, "Progman" | "WorkerW")
        || application == "lockapp.exe"
        || application.ends_with(".scr")
}

/// The file name of a path of Windows.
pub fn file_name(path: &str) -> &str {
    path.rsplit(['\\', '/']).next().unwrap_or(path)
}

/// A process and all it has started, from pairs of a process and its parent. Windows gives ids again and keeps the
/// parent's id when that is gone, so a child must not have been made before its parent; one whose time of creation
/// cannot be told is nobody's child.
pub fn descendants(
    root: u32,
    processes: &[(u32, u32)],
    created: impl Fn(u32) -> Option<u64>,
) -> Vec<u32> {
    let mut found = vec![(root, created(root))];
    let mut next = 0;
    while let Some(&(parent, parent_created)) = found.get(next) {
        next += 1;
        for &(id, of) in processes {
            if of != parent || found.iter().any(|(known, _)| *known == id) {
                continue;
            }
            let child_created = created(id);
            if child_created.is_some() && child_created >= parent_created {
                found.push((id, child_created));
            }
        }
    }
    found.into_iter().map(|(id, _)| id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idle_time_survives_the_wrap_and_a_stamp_ahead() {
        assert_eq!(idle(5_000, 2_000), Duration::from_secs(3));
        assert_eq!(idle(1_000, u32::MAX - 999), Duration::from_secs(2));
        assert_eq!(idle(2_000, 2_016), Duration::ZERO);
        // A month without input is not a stamp from the future.
        let month = 30 * 24 * 3_600 * 1_000;
        assert_eq!(idle(month + 7, 7), Duration::from_millis(month.into()));
    }

    fn status(line: u8, battery: u8, percent: u8, saver: u8) -> Option<Power> {
        power(&PowerStatus {
            line,
            battery,
            percent,
            saver,
        })
    }

    #[test]
    fn power_is_judged_as_documented() {
        let power = |on_battery, saver, charge_percent| {
            Some(Power {
                on_battery,
                saver: Some(saver),
                charge_percent,
            })
        };
        // A laptop on its battery, charging, and nearly empty with the saver on.
        assert_eq!(status(0, 0, 64, 0), power(true, false, Some(64)));
        assert_eq!(status(1, 8 | 1, 97, 0), power(false, false, Some(97)));
        assert_eq!(status(0, 4, 3, 1), power(true, true, Some(3)));
        // A desktop, whatever it says about the mains.
        assert_eq!(status(1, 128, 255, 0), power(false, false, None));
        assert_eq!(status(255, 128, 255, 0), power(false, false, None));
        assert_eq!(status(0, 128, 255, 0), power(false, false, None));
        // Nothing is known.
        assert_eq!(status(255, 255, 255, 0), None);
        assert_eq!(status(255, 1, 80, 0), None);
        // Known mains, unknown battery.
        assert_eq!(status(0, 255, 255, 0), power(true, false, None));
    }

    #[test]
    fn load_is_what_is_neither_idle_nor_ours() {
        // Four processors for one second: three idle, one half ours; idle is part of the kernel's time.
        assert_eq!(others_percent(30, 32, 8, 5), Some(12.5));
        assert_eq!(others_percent(40, 40, 0, 0), Some(0.0));
        assert_eq!(others_percent(0, 10, 30, 0), Some(100.0));
        // Grains of the two counts may make ours a little more than all.
        assert_eq!(others_percent(30, 35, 5, 12), Some(0.0));
        assert_eq!(others_percent(0, 0, 0, 0), None);
    }

    #[test]
    fn a_session_is_in_use_unless_known_not_to_be() {
        let minute = 60 * 10_000_000;
        let now = 1_000 * minute;
        assert!(in_use(Some(false), now - 9 * minute, now));
        assert!(!in_use(Some(false), now - 10 * minute, now));
        assert!(!in_use(Some(true), now, now));
        assert!(in_use(None, 0, now));
        assert!(in_use(Some(false), now + minute, now));
    }

    #[test]
    fn desktop_lock_screen_and_screen_saver_are_no_application() {
        assert!(is_backdrop("WorkerW", "explorer.exe"));
        assert!(is_backdrop("Windows.UI.Core.CoreWindow", "LockApp.exe"));
        assert!(is_backdrop("WindowsScreenSaverClass", "Bubbles.SCR"));
        assert!(!is_backdrop("UnrealWindow", "Game.exe"));
        assert!(!is_backdrop("CabinetWClass", "explorer.exe"));
    }

    #[test]
    fn file_names_are_cut_from_paths() {
        assert_eq!(file_name(r"C:\Games\Game.exe"), "Game.exe");
        assert_eq!(file_name("Game.exe"), "Game.exe");
        assert_eq!(file_name(""), "");
    }

    #[test]
    fn a_tree_leaves_out_those_who_only_carry_a_parents_old_id() {
        let created = |id| match id {
            10 => Some(100),
            11 => Some(110),
            12 => Some(120),
            // Started by an earlier process 11.
            13 => Some(50),
            // Of a process that is gone.
            14 => None,
            _ => Some(1),
        };
        let processes = [(12, 11), (11, 10), (13, 11), (14, 10), (10, 10), (4, 0)];
        assert_eq!(descendants(10, &processes, created), [10, 11, 12]);
        // One that does not run has no children.
        assert_eq!(descendants(99, &processes, created), [99]);
    }
}
