//! Priorities of Windows.

use std::io;

use ::windows::Win32::System::Threading::{
    GetCurrentProcess, GetCurrentThread, IDLE_PRIORITY_CLASS,
    PROCESS_POWER_THROTTLING_CURRENT_VERSION, PROCESS_POWER_THROTTLING_EXECUTION_SPEED,
    PROCESS_POWER_THROTTLING_STATE, ProcessPowerThrottling, SetPriorityClass,
    SetProcessInformation, SetThreadPriority, THREAD_PRIORITY, THREAD_PRIORITY_BELOW_NORMAL,
    THREAD_PRIORITY_IDLE, THREAD_PRIORITY_TIME_CRITICAL,
};

pub fn idle_process() -> io::Result<()> {
    // SAFETY: the pseudo handle of this process is always valid.
    Ok(unsafe { SetPriorityClass(GetCurrentProcess(), IDLE_PRIORITY_CLASS) }?)
}

/// Known since Windows 10 1709; as EcoQoS, with efficient cores and clocks, since Windows 11.
pub fn efficient_process(yes: bool) -> io::Result<()> {
    // What is not controlled by us is left to the system.
    let speed = if yes {
        PROCESS_POWER_THROTTLING_EXECUTION_SPEED
    } else {
        0
    };
    let state = PROCESS_POWER_THROTTLING_STATE {
        Version: PROCESS_POWER_THROTTLING_CURRENT_VERSION,
        ControlMask: speed,
        StateMask: speed,
    };
    // SAFETY: the structure is the one that this class of information asks for, with its size.
    Ok(unsafe {
        SetProcessInformation(
            GetCurrentProcess(),
            ProcessPowerThrottling,
            (&raw const state).cast(),
            size_of_val(&state) as u32,
        )
    }?)
}

pub fn idle_thread() -> io::Result<()> {
    set(THREAD_PRIORITY_IDLE)
}

pub fn low_thread() -> io::Result<()> {
    set(THREAD_PRIORITY_BELOW_NORMAL)
}

/// In the idle class this alone still comes before normal programs; the pacer uses microseconds.
pub fn prompt_thread() -> io::Result<()> {
    set(THREAD_PRIORITY_TIME_CRITICAL)
}

fn set(priority: THREAD_PRIORITY) -> io::Result<()> {
    // SAFETY: the pseudo handle of this thread is always valid.
    Ok(unsafe { SetThreadPriority(GetCurrentThread(), priority) }?)
}
