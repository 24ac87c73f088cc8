//! The screen and the keys, through a pseudo-terminal.

use std::path::Path;

use super::library;

/// Python's own `pty` plays the terminal; the script fails with what it saw.
#[test]
fn the_screen_is_drawn_and_the_terminal_given_back() {
    let python = std::env::var_os("CONTEXTURE_TEST_PYTHON")
        .expect("CONTEXTURE_TEST_PYTHON names no interpreter: run tests/setup.sh, which makes one");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/watch/terminal.py");
    for ending in ["quit", "interrupt", "hangup"] {
        let repo = library();
        let output = repo
            .clean(&python)
            .arg(&script)
            .args([env!("CARGO_BIN_EXE_contexture"), ending])
            .output()
            .expect("python runs");
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{ending}: {said}");
    }
}
