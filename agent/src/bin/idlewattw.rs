//! Starts the agent with no console window: what shortcuts and the start at logon point to. Everything that it is given
//! goes on to `idlewatt daemon --background`, which does the work. Opened by hand, it says in a window why it cannot.
//!
//! A program of its own, as a program is either one for consoles, which a shell waits for and Windows opens a window
//! for, or one that is neither.

#![forbid(unsafe_code)]
#![cfg_attr(windows, windows_subsystem = "windows")]

use std::process::{Command, ExitCode, Stdio};

use idlewatt_platform::alert;

fn main() -> ExitCode {
    match start() {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            // At logon and after an update nobody has asked for anything: no window that would have to be closed.
            if std::env::args_os().any(|argument| argument == "--open") {
                alert::show("Idlewatt", &reason);
            }
            ExitCode::FAILURE
        }
    }
}

fn start() -> Result<(), String> {
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let program = own.with_file_name(format!("idlewatt{}", std::env::consts::EXE_SUFFIX));
    let mut command = Command::new(&program);
    command
        .args(["daemon", "--background"])
        .args(std::env::args_os().skip(1))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    #[cfg(windows)]
    {
        use std::os::windows::process::CommandExt;
        const CREATE_NO_WINDOW: u32 = 0x0800_0000;
        command.creation_flags(CREATE_NO_WINDOW);
    }
    command
        .spawn()
        .map(drop)
        .map_err(|error| format!("{}\n\n{error}", program.display()))
}
