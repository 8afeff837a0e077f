//! Opening the dashboard in the browser that the owner uses.

use webbrowser::{Browser, BrowserOptions, open_browser_with_options};

/// Opens an address. What the browser prints is nobody's concern.
///
/// # Errors
/// If there is no browser, or it does not start.
pub fn open(address: &str) -> std::io::Result<()> {
    let mut options = BrowserOptions::new();
    options.with_suppress_output(true);
    open_browser_with_options(Browser::Default, address, &options)
}
