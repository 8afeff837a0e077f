//! Whether an application keeps the display on, such as a film or a call.

use ::windows::Win32::System::Power::{
    CallNtPowerInformation, ES_DISPLAY_REQUIRED, EXECUTION_STATE, SystemExecutionState,
};

/// Windows names these applications to administrators only: one or more of them are one entry without a name. We
/// never ask for the display ourselves, so it is always somebody else.
pub fn read() -> Option<Vec<String>> {
    let mut state = EXECUTION_STATE::default();
    // SAFETY: the state is valid for writing and has the size that is given.
    let status = unsafe {
        CallNtPowerInformation(
            SystemExecutionState,
            None,
            0,
            Some((&raw mut state).cast()),
            size_of_val(&state) as u32,
        )
    };
    status.ok().ok()?;
    Some(if state.contains(ES_DISPLAY_REQUIRED) {
        vec![String::new()]
    } else {
        Vec::new()
    })
}
