//! A box with a message.

use ::windows::Win32::UI::WindowsAndMessaging::{
    MB_ICONWARNING, MB_OK, MB_SETFOREGROUND, MessageBoxW,
};
use ::windows::core::HSTRING;

pub fn show(title: &str, text: &str) {
    let (text, title) = (HSTRING::from(text), HSTRING::from(title));
    // SAFETY: both texts end with a zero and outlive the call; no window owns the box.
    unsafe {
        MessageBoxW(
            None,
            &text,
            &title,
            MB_OK | MB_ICONWARNING | MB_SETFOREGROUND,
        )
    };
}
