//! The served page in a real browser: it follows the disk, and lets no other page in.

use std::path::Path;

use super::Serving;
use crate::page::desk;

/// Has `live.py` do and see what the check of that name says.
#[track_caller]
fn look(check: &str) {
    let repo = desk();
    repo.git(["branch", "other"]);
    let serving = Serving::of(&repo);
    let python = std::env::var_os("CONTEXTURE_TEST_PYTHON")
        .expect("CONTEXTURE_TEST_PYTHON names no interpreter: run tests/setup.sh, which makes one");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/serve/live.py");
    let address = format!("http://{}/{}/", serving.host, serving.token);
    let program = env!("CARGO_BIN_EXE_contexture");
    let output = repo.clean(python).arg(script).args([check, &address, program]).output().expect("python runs");
    let said = [output.stdout, output.stderr].map(|said| String::from_utf8_lossy(&said).into_owned()).concat();
    assert!(output.status.success() && said == "fine\n", "{check}: {said}");
}

#[test]
fn after_each_of_twenty_edits_it_shows_what_a_cold_build_says() {
    look("edits");
}

#[test]
fn what_is_read_and_what_is_selected_stays_where_it_is() {
    look("place");
}

#[test]
fn a_new_build_leaves_the_slider_in_the_hand_that_holds_it() {
    look("slider");
}

#[test]
fn it_asks_the_server_for_comparisons_and_histories() {
    look("answers");
}

#[test]
fn no_other_page_gets_anything_even_if_it_knows_the_token() {
    look("foreign");
}

#[test]
fn when_the_watch_has_ended_it_says_that_it_is_not_current() {
    look("end");
}
