//! Text from the repository, made harmless for the place it is shown in.
//!
//! A fragment's author decides what stands in it. Whatever could move a cursor, hide or reorder
//! text is shown as an escape instead.

use std::fmt::Write as _;

/// `text` for a terminal, on one line or many: control characters but line breaks and tabs, and
/// characters that reorder or hide text, become `\u{…}`.
pub fn terminal(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if is_hostile(c) {
            // Writing to a String cannot fail.
            let _ = write!(shown, "\\u{{{:x}}}", u32::from(c));
        } else {
            shown.push(c);
        }
    }
    shown
}

/// `text` for one line of a terminal: as [`terminal`], and line breaks and tabs as escapes too.
pub fn line(text: &str) -> String {
    terminal(text).replace('\n', "\\n").replace('\t', "\\t")
}

/// Whether a character can do something to a terminal or to a reader's eyes other than be read.
pub fn is_hostile(c: char) -> bool {
    match c {
        '\n' | '\t' => false,
        c if c.is_control() => true,
        // Bidirectional controls, invisible operators, byte-order mark, tags.
        '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' => true,
        '\u{200b}' | '\u{feff}' | '\u{2028}' | '\u{2029}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}' => true,
        _ => false,
    }
}

/// `text` on one line as a code span of Markdown: no mark-up in it means anything, no name in it is
/// called, no address becomes a link. It may stand in a cell of a table.
pub fn code_span(text: &str) -> String {
    let shown = line(text);
    if shown.is_empty() {
        return "` `".to_owned();
    }
    let longest = shown.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    // A backtick at an end would join the fence, and a blank at both ends would be taken away.
    let pad = if shown.starts_with(['`', ' ']) || shown.ends_with(['`', ' ']) { " " } else { "" };
    format!("{fence}{pad}{shown}{pad}{fence}")
}

/// `text` as a fenced block of Markdown that nothing in it can close. `language` is the tool's own.
pub fn fenced(language: &str, text: &str) -> String {
    let shown = terminal(text);
    let longest = shown.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat((longest + 1).max(3));
    let end = if shown.ends_with('\n') { "" } else { "\n" };
    format!("{fence}{language}\n{shown}{end}{fence}\n")
}

/// The tool's own words in Markdown: what would be mark-up is escaped.
pub fn markdown(words: &str) -> String {
    let mut shown = String::with_capacity(words.len());
    for c in terminal(words).chars() {
        match c {
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            '&' => shown.push_str("&amp;"),
            '\n' => shown.push(' '),
            '\\' | '`' | '*' | '_' | '~' | '[' | ']' | '|' | '$' | '#' | '@' | '!' => shown.extend(['\\', c]),
            c => shown.push(c),
        }
    }
    shown
}

/// `text` in HTML, inside an element or a quoted attribute.
pub fn html(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in terminal(text).chars() {
        match c {
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            '&' => shown.push_str("&amp;"),
            '"' => shown.push_str("&quot;"),
            '\'' => shown.push_str("&#39;"),
            c => shown.push(c),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_span_ends_where_it_should() {
        assert_eq!(code_span("a.md"), "`a.md`");
        assert_eq!(code_span("a`b``c"), "```a`b``c```");
        assert_eq!(code_span("`"), "`` ` ``");
        assert_eq!(code_span("a\nb"), "`a\\nb`");
        assert_eq!(code_span(""), "` `");
    }

    #[test]
    fn a_fence_is_longer_than_any_in_it() {
        assert_eq!(fenced("diff", "```\nx"), "````diff\n```\nx\n````\n");
    }

    #[test]
    fn what_moves_or_hides_is_shown_as_an_escape() {
        assert_eq!(terminal("a\u{1b}[2Jb\tc\nd\u{202e}e\u{7f}"), "a\\u{1b}[2Jb\tc\nd\\u{202e}e\\u{7f}");
        assert_eq!(line("a\tb\r\nc"), "a\\tb\\u{d}\\nc");
        assert_eq!(terminal("héé 👩‍👩‍👧 می‌خواهم"), "héé 👩‍👩‍👧 می‌خواهم");
    }
}
