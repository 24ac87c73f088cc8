//! A build that is stopped at any system call leaves the old bundle or the new one.
//!
//! `tests/sweep.py` does it with strace, a witness that knows nothing of the program.

use std::path::Path;
use std::process::{Command, Output};

use crate::support::Repo;

fn sweep(program: &Path) -> Output {
    Command::new("python3")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sweep.py"))
        .arg(program)
        .output()
        .expect("python3 runs")
}

#[test]
fn a_build_that_is_stopped_at_any_call_leaves_the_old_bundle_or_the_new_one() {
    let swept = sweep(Path::new(env!("CARGO_BIN_EXE_contexture")));
    assert!(swept.status.success(), "{}", String::from_utf8_lossy(&swept.stderr));
    let said = String::from_utf8(swept.stdout).unwrap();
    assert!(said.contains("left the old bundle") && said.contains("none a mixture"), "{said}");
}

/// A writer without the care: the sweep must find it out.
#[test]
fn a_writer_that_writes_in_place_does_not_pass() {
    let repo = Repo::new();
    let script =
        "#!/bin/sh\nmkdir -p dist/a.bundle\nfor member in x y; do git show \"$3:a.md\" >dist/a.bundle/$member; done\n";
    repo.file("careless", script);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(repo.at("careless"), std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let swept = sweep(&repo.at("careless"));
    assert_eq!(swept.status.code(), Some(1), "{}", String::from_utf8_lossy(&swept.stdout));
    let said = String::from_utf8(swept.stderr).unwrap();
    assert!(said.contains("neither the old one nor the new one"), "{said}");
}
