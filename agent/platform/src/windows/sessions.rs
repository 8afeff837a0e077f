//! Whether this session is locked or used from afar, and who else is at the PC, from Remote Desktop Services, which
//! keep account of local sessions too.

use ::windows::Win32::System::RemoteDesktop::{
    ProcessIdToSessionId, WTS_CURRENT_SESSION, WTS_SESSION_INFOW, WTS_SESSIONSTATE_LOCK,
    WTS_SESSIONSTATE_UNLOCK, WTSActive, WTSEnumerateSessionsW, WTSFreeMemory, WTSINFOEX_LEVEL1_W,
    WTSINFOEXW, WTSQuerySessionInformationW, WTSSessionInfoEx,
};
use ::windows::Win32::UI::WindowsAndMessaging::{GetSystemMetrics, SM_REMOTESESSION};
use ::windows::core::PWSTR;

use crate::windows::meaning;

/// What is known of the sessions.
#[derive(Clone, Copy, Default)]
pub struct Sessions {
    pub locked: Option<bool>,
    pub remote: Option<bool>,
    pub others_active: Option<u32>,
}

impl Sessions {
    pub fn read() -> Sessions {
        // SAFETY: takes no pointers, cannot fail.
        let remote = unsafe { GetSystemMetrics(SM_REMOTESESSION) } != 0;
        Sessions {
            locked: information(WTS_CURRENT_SESSION).and_then(|session| locked(&session)),
            remote: Some(remote),
            others_active: others_active(),
        }
    }
}

/// As documented since Windows 8; Windows 7 said the opposite.
fn locked(session: &WTSINFOEX_LEVEL1_W) -> Option<bool> {
    match session.SessionFlags as u32 {
        WTS_SESSIONSTATE_LOCK => Some(true),
        WTS_SESSIONSTATE_UNLOCK => Some(false),
        _ => None,
    }
}

fn information(session: u32) -> Option<WTSINFOEX_LEVEL1_W> {
    let (mut buffer, mut size) = (PWSTR::null(), 0);
    // SAFETY: both are valid for writing.
    unsafe { WTSQuerySessionInformationW(None, session, WTSSessionInfoEx, &mut buffer, &mut size) }
        .ok()?;
    if buffer.is_null() {
        return None;
    }
    let whole = size as usize >= size_of::<WTSINFOEXW>();
    // SAFETY: it has the size of the structure that this class of information gives, and is read before it is freed;
    // level 1 is the only one there is.
    unsafe {
        let information = whole.then(|| buffer.0.cast::<WTSINFOEXW>().read_unaligned());
        WTSFreeMemory(buffer.0.cast());
        information
            .filter(|information| information.Level == 1)
            .map(|information| information.Data.WTSInfoExLevel1)
    }
}

fn others_active() -> Option<u32> {
    let mut own = 0;
    // SAFETY: valid for writing.
    unsafe { ProcessIdToSessionId(std::process::id(), &mut own) }.ok()?;
    let sessions = sessions()?;
    // A list in which we ourselves are missing is worth nothing.
    if !sessions.iter().any(|session| session.SessionId == own) {
        return None;
    }
    let others = sessions.iter().filter(|session| {
        session.SessionId != own && session.State == WTSActive && in_use(session.SessionId)
    });
    Some(others.count() as u32)
}

fn in_use(session: u32) -> bool {
    match information(session) {
        Some(session) => {
            meaning::in_use(locked(&session), session.LastInputTime, session.CurrentTime)
        }
        None => true,
    }
}

/// Their names point nowhere: they are freed.
fn sessions() -> Option<Vec<WTS_SESSION_INFOW>> {
    let (mut list, mut count) = (std::ptr::null_mut::<WTS_SESSION_INFOW>(), 0);
    // SAFETY: both are valid for writing; 0 and 1 are the reserved value and the only version.
    unsafe { WTSEnumerateSessionsW(None, 0, 1, &mut list, &mut count) }.ok()?;
    if list.is_null() {
        return None;
    }
    // SAFETY: the list has that many entries, and is copied before it is freed.
    unsafe {
        let sessions = std::slice::from_raw_parts(list, count as usize).to_vec();
        WTSFreeMemory(list.cast());
        Some(sessions)
    }
}
