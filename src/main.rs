//! The command: parse, run, hand the exit code to the system.

use std::process::ExitCode;

fn main() -> ExitCode {
    contexture::cli::main(std::env::args_os())
}
