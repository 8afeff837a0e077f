//! Mains and battery, from `GetSystemPowerStatus`.

use ::windows::Win32::System::Power::{GetSystemPowerStatus, SYSTEM_POWER_STATUS};

use crate::signals::Power;
use crate::windows::meaning::{self, PowerStatus};

pub fn read() -> Option<Power> {
    let mut status = SYSTEM_POWER_STATUS::default();
    // SAFETY: the structure is valid for writing.
    unsafe { GetSystemPowerStatus(&mut status) }.ok()?;
    meaning::power(&PowerStatus {
        line: status.ACLineStatus,
        battery: status.BatteryFlag,
        percent: status.BatteryLifePercent,
        saver: status.SystemStatusFlag,
    })
}
