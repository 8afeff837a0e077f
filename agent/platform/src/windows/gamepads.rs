//! Game controllers, through XInput. Only the counter of their reports is looked at, never what was pressed.
//! Controllers that speak another protocol are not seen: to us they are absent.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use ::windows::Win32::System::LibraryLoader::{
    GetProcAddress, LOAD_LIBRARY_SEARCH_SYSTEM32, LoadLibraryExW,
};
use ::windows::Win32::UI::Input::XboxController::{XINPUT_STATE, XUSER_MAX_COUNT};
use ::windows::core::{s, w};

use crate::signals::Gamepad;

/// How often a new controller is looked for: asking an empty slot searches the devices, which takes far longer than
/// asking a controller, so XInput's own advice is to do it every few seconds.
const SEARCH: Duration = Duration::from_secs(5);

type GetState = unsafe extern "system" fn(u32, *mut XINPUT_STATE) -> u32;

/// XInput's slots, as they were at the last look.
#[derive(Default)]
pub struct Gamepads {
    reports: [Option<u32>; XUSER_MAX_COUNT as usize],
    searched: Option<Instant>,
    input: Option<Instant>,
}

impl Gamepads {
    pub fn read(&mut self) -> Option<Gamepad> {
        self.look()?;
        Some(if self.reports.iter().any(Option::is_some) {
            Gamepad::Present {
                idle: self.input.map(|input| input.elapsed()),
            }
        } else {
            Gamepad::Absent
        })
    }

    /// When the last input was seen, or a controller came. Input that came and went between two looks counts as
    /// seen at the second.
    pub fn last_input(&mut self) -> Option<Instant> {
        self.look()?;
        self.input
    }

    fn look(&mut self) -> Option<()> {
        let get_state = get_state()?;
        let now = Instant::now();
        let search = self
            .searched
            .is_none_or(|searched| now.duration_since(searched) >= SEARCH);
        if search {
            self.searched = Some(now);
        }
        for (slot, reports) in (0..).zip(&mut self.reports) {
            if reports.is_none() && !search {
                continue;
            }
            let mut state = XINPUT_STATE::default();
            // SAFETY: this is XInput's function, and the state is valid for writing.
            let connected = unsafe { get_state(slot, &mut state) } == 0;
            let count = connected.then_some(state.dwPacketNumber);
            if count.is_some() && *reports != count {
                self.input = Some(now);
            }
            *reports = count;
        }
        Some(())
    }
}

/// Loaded when first asked for: a Windows without desktop may lack the library, and must still run us.
fn get_state() -> Option<GetState> {
    static FUNCTION: OnceLock<Option<GetState>> = OnceLock::new();
    *FUNCTION.get_or_init(|| {
        // SAFETY: the system's own library, which stays loaded, and the type is the one it documents.
        unsafe {
            let library =
                LoadLibraryExW(w!("xinput1_4.dll"), None, LOAD_LIBRARY_SEARCH_SYSTEM32).ok()?;
            let function = GetProcAddress(library, s!("XInputGetState"))?;
            Some(std::mem::transmute::<
                unsafe extern "system" fn() -> isize,
                GetState,
            >(function))
        }
    })
}
