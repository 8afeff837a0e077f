//! The last input as Windows knows it.

use std::time::Duration;

use ::windows::Win32::System::SystemInformation::GetTickCount;
use ::windows::Win32::UI::Input::KeyboardAndMouse::{GetLastInputInfo, LASTINPUTINFO};

/// Asks `GetLastInputInfo`.
#[derive(Default)]
pub struct Sensor;

impl Sensor {
    pub async fn time_since_input(&mut self) -> Option<Duration> {
        let mut information = LASTINPUTINFO {
            cbSize: size_of::<LASTINPUTINFO>() as u32,
            dwTime: 0,
        };
        // SAFETY: the structure is valid and says its size.
        if !unsafe { GetLastInputInfo(&mut information) }.as_bool() {
            return None;
        }
        // SAFETY: takes nothing, cannot fail.
        let now = unsafe { GetTickCount() };
        // Both count milliseconds in 32 bits and wrap together.
        Some(Duration::from_millis(u64::from(
            now.wrapping_sub(information.dwTime),
        )))
    }
}
