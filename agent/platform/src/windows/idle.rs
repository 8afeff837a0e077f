//! The last input as Windows knows it.

use std::time::Duration;

use ::windows::Win32::System::SystemInformation::GetTickCount;
use ::windows::Win32::UI::Input::KeyboardAndMouse::{GetLastInputInfo, LASTINPUTINFO};

use crate::windows::meaning;

/// Asks `GetLastInputInfo`.
#[derive(Default)]
pub struct Sensor;

impl Sensor {
    pub async fn time_since_input(&mut self) -> Option<Duration> {
        let input = last_input()?;
        // SAFETY: takes nothing, cannot fail.
        let now = unsafe { GetTickCount() };
        Some(meaning::idle(now, input))
    }
}

/// When the last input of this session was, in milliseconds since the system started, wrapping.
pub fn last_input() -> Option<u32> {
    let mut information = LASTINPUTINFO {
        cbSize: size_of::<LASTINPUTINFO>() as u32,
        dwTime: 0,
    };
    // SAFETY: the structure is valid and says its size.
    unsafe { GetLastInputInfo(&mut information) }
        .as_bool()
        .then_some(information.dwTime)
}
