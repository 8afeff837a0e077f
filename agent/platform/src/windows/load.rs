//! What others use of the CPU: what all use, less what our own processes do.

use std::collections::HashMap;

use ::windows::Win32::Foundation::FILETIME;
use ::windows::Win32::System::SystemInformation::GetSystemTimeAsFileTime;
use ::windows::Win32::System::Threading::GetSystemTimes;

use crate::windows::meaning;
use crate::windows::processes::{Process, ticks};

/// The counts at the last look. To be asked every second or slower: both counts are in ticks of 15.6 ms.
#[derive(Default)]
pub struct Load {
    system: Option<System>,
    own: HashMap<u32, Own>,
}

/// In units of 100 ns; the kernel's includes the idle time.
struct System {
    at: u64,
    idle: u64,
    kernel: u64,
    user: u64,
}

/// Held open, so that what it used until it ended is still told, and its id stays its own.
struct Own {
    process: Process,
    cpu: u64,
}

impl Load {
    /// Others' share of the whole CPU since the last call, 0 to 100; nothing at the first.
    pub fn others_percent(&mut self, own_processes: &[u32]) -> Option<f32> {
        let now = System::now();
        let before = std::mem::replace(&mut self.system, now);
        let since = before.as_ref().map_or(0, |before| before.at);
        for id in own_processes {
            if self.own.contains_key(id) {
                continue;
            }
            if let Some(process) = Process::open(*id)
                && let Some(times) = process.times()
            {
                // All that a new one has used was since the last look; an older one counts from here on.
                let cpu = if times.created >= since { 0 } else { times.cpu };
                self.own.insert(*id, Own { process, cpu });
            }
        }
        let own = self.own.values_mut().filter_map(Own::used).sum();
        self.own.retain(|id, _| own_processes.contains(id));
        let (before, now) = (before?, self.system.as_ref()?);
        meaning::others_percent(
            now.idle.checked_sub(before.idle)?,
            now.kernel.checked_sub(before.kernel)?,
            now.user.checked_sub(before.user)?,
            own,
        )
    }
}

impl System {
    fn now() -> Option<System> {
        let [mut idle, mut kernel, mut user] = [FILETIME::default(); 3];
        // SAFETY: all three are valid for writing.
        unsafe { GetSystemTimes(Some(&mut idle), Some(&mut kernel), Some(&mut user)) }.ok()?;
        Some(System {
            // SAFETY: takes nothing, cannot fail.
            at: ticks(unsafe { GetSystemTimeAsFileTime() }),
            idle: ticks(idle),
            kernel: ticks(kernel),
            user: ticks(user),
        })
    }
}

impl Own {
    /// Since it was last asked.
    fn used(&mut self) -> Option<u64> {
        let cpu = self.process.times()?.cpu;
        cpu.checked_sub(std::mem::replace(&mut self.cpu, cpu))
    }
}
