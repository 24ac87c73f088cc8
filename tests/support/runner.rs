//! What GitHub's runner reads as a command in a job's output.
//!
//! Written down from `TryParseV2` and `TryParse` of actions/runner, `src/Runner.Common/ActionCommand.cs` (commit
//! 258d6c8 of 2026-08-17). Strings are searched there by the rules of a language, which pass over what
//! cannot be seen; so they are here. Which names are registered is left out: every name is one that may be.

/// The command of a line of output: its name and its data.
pub fn command(line: &str) -> Option<(String, String)> {
    let seen: String = line.chars().filter(|c| !is_passed_over(*c)).collect();
    second_version(&seen).or_else(|| first_version(&seen))
}

/// The lines of an output that are commands. The runner reads both streams by lines, which end in `\n`, `\r` or both.
pub fn obeyed(output: &str) -> Vec<&str> {
    output.split(['\n', '\r']).filter(|line| command(line).is_some()).collect()
}

/// `::name key=value,…::data`, behind blanks.
fn second_version(line: &str) -> Option<(String, String)> {
    let (info, data) = line.trim_start().strip_prefix("::")?.split_once("::")?;
    let name = info.split(' ').next().unwrap_or_default();
    Some((name.to_owned(), data.to_owned()))
}

/// `##[name key=value;…]data`, anywhere.
fn first_version(line: &str) -> Option<(String, String)> {
    let (info, data) = line.split_once("##[")?.1.split_once(']')?;
    let name = info.split(' ').next().unwrap_or_default();
    Some((name.to_owned(), data.to_owned()))
}

/// Code points that ICU's collation ignores at every level.
fn is_passed_over(c: char) -> bool {
    c.is_control() && !c.is_whitespace()
        || matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}')
        || matches!(c, '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || matches!(c, '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[test]
fn the_grammar_is_the_runners() {
    for (line, name) in [
        ("::error file=a,line=1::b", Some("error")),
        (" \t\u{a0}::add-mask::x", Some("add-mask")),
        ("a ##[set-output name=safe;]yes", Some("set-output")),
        ("#\u{200d}#[add-mask]x", Some("add-mask")),
        ("a ::error::b", None),
        ("::error", None),
        ("##[error", None),
        ("# #[error]x", None),
        (":\\u{3a}error::x", None),
        ("#\\u{23}[error]x", None),
    ] {
        assert_eq!(command(line).map(|(name, _)| name).as_deref(), name, "{line:?}");
    }
}
