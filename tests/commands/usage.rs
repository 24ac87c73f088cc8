//! The command line itself.

use snapbox::str;

use crate::support::Repo;

#[test]
fn nothing_is_a_usage_error() {
    let outcome = Repo::none().run("").exits(2);
    assert_eq!(outcome.stdout, "");
    assert!(outcome.stderr.contains("Usage: contexture [OPTIONS] <COMMAND>"), "{outcome}");
}

#[test]
fn help_is_data() {
    let outcome = Repo::none().run("--help").exits(0);
    assert_eq!(outcome.stderr, "");
    assert!(outcome.stdout.contains("Exit codes: 0 fine; 1 the answer is no"), "{outcome}");
    assert!(outcome.stdout.ends_with('\n'), "{outcome}");
}

#[test]
fn the_version_is_data() {
    Repo::none().run("--version").is(str![[r#"
exit 0
--- stdout
contexture 0.1.0

"#]]);
}

#[test]
fn an_unknown_command_is_told_with_a_near_one() {
    Repo::none().run("bulid").is(str![[r#"
exit 2
--- stderr
error: unrecognized subcommand 'bulid'

  tip: a similar subcommand exists: 'build'

Usage: contexture [OPTIONS] <COMMAND>

For more information, try '--help'.

"#]]);
}

#[test]
fn an_unknown_flag_is_told_with_a_near_one() {
    Repo::none().run("build --formt json").is(str![[r#"
exit 2
--- stderr
error: unexpected argument '--formt' found

  tip: a similar argument exists: '--format'

Usage: contexture build --format <FORMAT> [ID]...

For more information, try '--help'.

"#]]);
}

#[test]
fn an_unknown_format_is_told_with_the_known_ones() {
    Repo::none().run("build --format yaml").is(str![[r#"
exit 2
--- stderr
error: invalid value 'yaml' for '--format <FORMAT>'
  [possible values: text, json, html]

For more information, try '--help'.

"#]]);
}

#[test]
fn a_day_that_is_none_is_told() {
    Repo::none().run("build --as-of 2026-02-30").is(str![[r#"
exit 2
--- stderr
error: invalid value '2026-02-30' for '--as-of <YYYY-MM-DD>': parsed date is not valid: parameter 'day' for `2026-02` is invalid, must be in range `1..=28`

For more information, try '--help'.

"#]]);
}

#[test]
fn no_threads_are_too_few() {
    Repo::none().run("build --jobs 0").is(str![[r#"
exit 2
--- stderr
error: invalid value '0' for '--jobs <N>': number would be zero for non-zero type

For more information, try '--help'.

"#]]);
}

#[test]
fn quiet_and_verbose_are_two_wishes() {
    assert!(Repo::none().run("build -q -v").exits(2).stderr.contains("cannot be used with"));
}
