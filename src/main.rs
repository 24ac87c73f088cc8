//! The command: parse, run, hand the exit code to the system.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// Contexts are built side by side from many small values. The system's allocator makes threads wait
/// for each other and gives memory back too early; a third of the time of `check` went there.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    contexture::cli::main(std::env::args_os())
}
