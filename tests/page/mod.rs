//! The page, looked at in a real browser: what it shows is what the program says, and nothing that a
//! repository holds does anything there.

mod app;
mod project;

use std::path::Path;
use std::process::Command;

use crate::support::Repo;
pub use project::desk;
use project::{changed, changed_fleet, fleet, hostile};

/// Has `checks.py` look at the page that `arguments` write, as the check of that name says.
#[track_caller]
fn look(check: &str, repo: &Repo, arguments: &str) {
    let words = |format: &str| format!("{arguments} --format {format}");
    let page = repo.outside("page.html");
    std::fs::write(&page, repo.run(&words("html")).stdout).unwrap();
    std::fs::write(repo.outside("report.json"), repo.run(&words("json")).stdout).unwrap();
    let python = std::env::var_os("CONTEXTURE_TEST_PYTHON")
        .expect("CONTEXTURE_TEST_PYTHON names no interpreter: run tests/setup.sh, which makes one");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/page/checks.py");
    let output = Command::new(python).arg(script).arg(check).arg(page.parent().unwrap()).output().unwrap();
    let said = [output.stdout, output.stderr].map(|said| String::from_utf8_lossy(&said).into_owned()).concat();
    assert!(output.status.success() && said == "fine\n", "{check}: {said}");
}

#[test]
fn every_segment_stands_there_with_its_figures_and_its_place() {
    look("segments", &desk(), "build");
}

#[test]
fn every_amount_and_every_limit_is_the_one_of_the_report() {
    look("figures", &desk(), "build");
}

#[test]
fn the_slider_steps_through_the_planners_own_points() {
    look("slider", &desk(), "build");
}

#[test]
fn nothing_of_a_repository_is_active_and_nothing_deceives() {
    look("hostile", &hostile(), "build");
}

#[test]
fn every_view_is_reached_by_the_keyboard() {
    look("keyboard", &desk(), "build");
}

#[test]
fn the_search_finds_what_the_prompt_holds() {
    look("search", &desk(), "build");
}

#[test]
fn every_view_is_accessible_in_light_and_in_dark() {
    look("accessible", &desk(), "build");
}

#[test]
fn nothing_is_wider_than_a_phone() {
    look("phone", &desk(), "build");
}

#[test]
fn what_is_broken_is_told_at_its_place() {
    let repo = desk();
    repo.file("contexts/broken.yaml", "system:\n  - file: nowhere.md\n");
    look("broken", &repo, "build");
}

#[test]
fn contexts_that_begin_alike_stand_on_one_stem() {
    look("sharing", &desk(), "build");
    look("sharing", &fleet(), "build");
}

#[test]
fn many_contexts_stand_in_folders_and_are_found_by_some_of_their_letters() {
    look("folders", &fleet(), "build");
}

#[test]
fn the_project_is_told_in_the_figures_of_the_report() {
    let repo = fleet();
    repo.file("contexts/support/broken.yaml", "system:\n  - file: nowhere.md\n");
    repo.file("contexts/support/old.yaml", "models: [gemini-2.5-pro]\nsystem: [{text: Old.}]\n");
    look("project", &repo, "build");
}

#[test]
fn words_are_found_in_every_prompt() {
    look("everywhere", &fleet(), "build");
}

#[test]
fn a_prompt_and_a_segment_are_copied_as_they_are_sent() {
    look("copies", &desk(), "build");
}

#[test]
fn two_contexts_variants_or_models_stand_side_by_side() {
    look("beside", &desk(), "build");
}

#[test]
fn words_say_what_they_mean() {
    look("words", &desk(), "build");
}

#[test]
fn a_change_of_many_opens_on_what_they_share() {
    look("grouped", &changed_fleet(), "diff HEAD~1.. --as-of 2026-11-21");
}

#[test]
fn a_comparison_tells_every_line_and_every_figure() {
    look("changes", &changed(), "diff HEAD~1.. --as-of 2026-11-21");
}

#[test]
fn a_hostile_change_is_as_inert() {
    let repo = hostile();
    repo.file("texts/hostile.md", "<b onclick=pwned()>\u{202e}</script><script>pwned()</script>\n").commit("</title>");
    look("hostile_change", &repo, "diff HEAD~1.. --as-of 2026-11-21");
}

#[test]
fn an_evaluation_shows_quality_against_cost() {
    look("evaluated", &crate::eval::reports::changed("16"), "build --as-of 2026-11-30");
}

#[test]
fn a_comparison_shows_both_answers_of_a_case_that_flipped() {
    let repo = crate::eval::reports::changed("16");
    for file in std::fs::read_dir(repo.at(".contexture/answers")).expect("answers").map(|file| file.expect("a file")) {
        let answers = std::fs::read_to_string(file.path()).expect("answers");
        // Answers are text of a model, which may have read anything.
        let hostile = r#"sport\n<b onclick=pwned()>\u202e</script><script>pwned()</script>"#;
        std::fs::write(file.path(), answers.replace("\"sport", &format!("\"{hostile}"))).expect("answers");
    }
    look("flipped", &repo, "diff HEAD~1 --as-of 2026-11-30");
}

#[test]
fn a_history_has_a_row_and_a_step_for_each_commit() {
    look("history", &changed(), "log support/triage --as-of 2026-11-21");
}

#[test]
fn the_page_holds_the_very_report_and_is_the_same_each_time() {
    let repo = desk();
    let page = repo.run("build --format html").stdout;
    assert_eq!(page, repo.run("build --format html").stdout);
    let (_, data) = page.split_once("<script type=\"application/json\" id=\"page\">").unwrap();
    let (data, _) = data.split_once("</script>").unwrap();
    let value: serde_json::Value = serde_json::from_str(data).unwrap();
    assert_eq!(value["build"], repo.run("build --format json").json());
    assert_eq!(value["top"], repo.run("top --format json").json()["rows"]);
    assert_eq!(value["schema"], "contexture.page/1");
}
