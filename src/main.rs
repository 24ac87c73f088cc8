//! The command: parse, run, hand the exit code to the system. And which allocator serves it: building
//! many contexts side by side is mostly small pieces of memory.

use std::process::ExitCode;

use mimalloc::MiMalloc;

#[global_allocator]
static MEMORY: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    contexture::cli::main(std::env::args_os())
}
