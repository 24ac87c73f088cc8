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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_moves_or_hides_is_shown_as_an_escape() {
        assert_eq!(terminal("a\u{1b}[2Jb\tc\nd\u{202e}e\u{7f}"), "a\\u{1b}[2Jb\tc\nd\\u{202e}e\\u{7f}");
        assert_eq!(line("a\tb\r\nc"), "a\\tb\\u{d}\\nc");
        assert_eq!(terminal("héé 👩‍👩‍👧 می‌خواهم"), "héé 👩‍👩‍👧 می‌خواهم");
    }
}
