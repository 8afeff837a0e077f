//! The program `idlewatt`: the agent, its command line, and (hidden) the engines it starts as children of itself.

#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    idlewatt::cli::main()
}
