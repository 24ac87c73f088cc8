//! Text from the repository, made harmless for the place it is shown in.
//!
//! A fragment's author decides what is in it. Whatever could move a cursor, hide or reorder
//! text is shown as an escape instead.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Text of a file for a terminal, on one line or many: control characters but line breaks and tabs, and
/// characters that reorder or hide text, become `\u{…}`.
pub fn terminal(text: &str) -> String {
    escaped(text, |_, c, _| is_hostile(c))
}

/// A name or a message, on one line or many: as [`terminal`], and every character that cannot be seen or
/// joins others becomes `\u{…}` too. Two names that differ look different.
pub fn words(text: &str) -> String {
    escaped(text, |before, c, after| is_hostile(c) || is_invisible(c) && !is_in_emoji(before, c, after))
}

/// A name or a message for one line: as [`words`], and line breaks and tabs as escapes too.
pub fn line(text: &str) -> String {
    words(text).replace('\n', "\\n").replace('\t', "\\t")
}

/// `text` with some characters as `\u{…}`, decided by each with its neighbours.
fn escaped(text: &str, is_escaped: impl Fn(Option<char>, char, Option<char>) -> bool) -> String {
    let mut shown = String::with_capacity(text.len());
    let (mut before, mut chars) = (None, text.chars().peekable());
    while let Some(c) = chars.next() {
        if is_escaped(before, c, chars.peek().copied()) {
            // Writing to a String cannot fail.
            let _ = write!(shown, "\\u{{{:x}}}", u32::from(c));
        } else {
            shown.push(c);
        }
        before = Some(c);
    }
    shown
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

/// Whether a character that is no harm in a text cannot be seen by itself: joiners, the soft hyphen,
/// variation selectors, fillers (Default_Ignorable_Code_Point of Unicode, beside those of [`is_hostile`]).
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}')
        || matches!(c, '\u{200c}' | '\u{200d}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}')
        || matches!(c, '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0080}'..='\u{e0fff}')
}

/// Whether a selector or joiner is part of an emoji, as in many a subject of a commit.
fn is_in_emoji(before: Option<char>, c: char, after: Option<char>) -> bool {
    let is_symbol =
        |c: Option<char>| c.is_some_and(|c| matches!(c, '\u{2190}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}'));
    match c {
        '\u{fe0f}' => is_symbol(before),
        '\u{200d}' => (is_symbol(before) || before == Some('\u{fe0f}')) && is_symbol(after),
        _ => false,
    }
}

/// `text` with nothing in it that a CI runner obeys, when it is a job's output: `##[` becomes `#\u{23}[`,
/// and `::` at the beginning of a line `:\u{3a}`. Whatever prints for people ends with this.
///
/// GitHub's runner looks for `##[` anywhere in a line, and for `::` behind the blanks at its beginning
/// (`TryParse` and `TryParseV2` of <https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs>).
/// It compares by the rules of a language, which pass over what cannot be seen, and before that whoever
/// takes colours away takes them from between the characters: so neither parts them. Azure's agent knows `##vso[`.
pub fn unheard(text: &str) -> Cow<'_, str> {
    respelled(text, "\\u{23}", "\\u{3a}")
}

/// `text` with the second character of what begins a command of a runner spelled in another way.
fn respelled<'a>(text: &'a str, number_sign: &str, colon: &str) -> Cow<'a, str> {
    if !text.contains("#") && !text.contains(':') {
        return Cow::Borrowed(text);
    }
    let (mut shown, mut written) = (String::new(), 0);
    // What stands before, without what cannot be seen: the last character, if it is on this line.
    let (mut before, mut is_blank) = (None, true);
    for (at, c) in seen(text, 0) {
        let spelling = match (before, c) {
            (Some('#'), '#') if opens(text, at + 1) => number_sign,
            (Some(':'), ':') if is_blank => colon,
            _ => "",
        };
        if !spelling.is_empty() {
            shown.extend([text.get(written..at).unwrap_or_default(), spelling]);
            written = at + c.len_utf8();
        }
        match c {
            '\n' | '\r' => (before, is_blank) = (None, true),
            c => {
                // The first colon is the beginning, as long as no other character is before it.
                is_blank &= c.is_whitespace() || c == ':' && before.is_none_or(char::is_whitespace);
                before = Some(c);
            }
        }
    }
    if written == 0 {
        return Cow::Borrowed(text);
    }
    shown.push_str(text.get(written..).unwrap_or_default());
    Cow::Owned(shown)
}

/// Whether `[` follows, behind nothing but letters.
fn opens(text: &str, at: usize) -> bool {
    seen(text, at).map(|(_, c)| c).find(|c| !c.is_ascii_alphabetic()) == Some('[')
}

/// The characters from `at` on that are seen: without styles of a terminal and invisible characters.
fn seen(text: &str, at: usize) -> impl Iterator<Item = (usize, char)> {
    let mut is_style = false;
    text.get(at..).unwrap_or_default().char_indices().filter_map(move |(index, c)| {
        if is_style || c == '\u{1b}' {
            is_style = c != 'm';
            return None;
        }
        let is_seen = !is_invisible(c) && (!is_hostile(c) || c.is_whitespace());
        is_seen.then_some((at + index, c))
    })
}

/// `text` on one line as a code span of Markdown: no mark-up in it means anything, no name in it is
/// called, no address becomes a link. It may be put into a cell of a table.
pub fn code_span(text: &str) -> String {
    let shown = line(text);
    if shown.is_empty() {
        return "` `".to_owned();
    }
    let longest = shown.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    // A backtick at an end would join the fence, and a blank at both ends would be taken away; but
    // nothing is taken from a span of blanks alone.
    let is_bare = shown.starts_with(['`', ' ']) || shown.ends_with(['`', ' ']);
    let pad = if is_bare && shown.contains(|c| c != ' ') { " " } else { "" };
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
    for c in self::words(words).chars() {
        match c {
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            '&' => shown.push_str("&amp;"),
            '\n' => shown.push(' '),
            '\\' | '`' | '*' | '_' | '~' | '^' | '[' | ']' | '|' | '$' | '#' | '@' | '!' => shown.extend(['\\', c]),
            c => shown.push(c),
        }
    }
    shown
}

/// `text` in HTML with nothing that a runner obeys in the source either, inside an element or a quoted attribute.
pub fn html(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in terminal(text).chars() {
        match c {
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            '&' => shown.push_str("&amp;"),
            '#' => shown.push_str("&#35;"),
            ':' => shown.push_str("&#58;"),
            '"' => shown.push_str("&quot;"),
            '\'' => shown.push_str("&#39;"),
            c => shown.push(c),
        }
    }
    shown
}

/// JSON for a terminal or a file: the same value, with nothing in its strings that moves a cursor, hides or
/// reorders text, or begins a command of a runner. Outside of its strings JSON has no `#`, and no line of it
/// begins with `:`.
pub fn json(json: &str) -> String {
    escaped_json(json, is_hostile)
}

/// `json` for a script element of HTML: nothing in it ends the element or begins another, and nothing
/// in the file's source moves or hides text. A JSON parser reads the very same value.
pub fn embedded_json(json: &str) -> String {
    // Outside of its strings JSON has no `<`.
    escaped_json(json, |c| c == '<' || is_hostile(c))
}

/// JSON with some characters of its strings as escapes. Outside of strings none of them may occur.
fn escaped_json(json: &str, is_escaped: impl Fn(char) -> bool) -> String {
    let json = respelled(json, "\\u0023", "\\u003a");
    if !json.contains(&is_escaped) {
        return json.into_owned();
    }
    let mut shown = String::with_capacity(json.len());
    let mut units = [0; 2];
    for c in json.chars() {
        if is_escaped(c) {
            for unit in c.encode_utf16(&mut units) {
                // Writing to a String cannot fail.
                let _ = write!(shown, "\\u{unit:04x}");
            }
        } else {
            shown.push(c);
        }
    }
    shown
}

/// `text` as the message of a workflow command of GitHub's: on one line, with nothing in it that
/// ends the command or means something in it. The escapes are those of GitHub's own toolkit.
pub fn command_message(text: &str) -> String {
    // Control characters are shown, as everywhere; a line break is the one that a message may hold.
    let shown = unheard(&words(text)).replace('%', "%25");
    shown.replace('\r', "%0D").replace('\n', "%0A")
}

/// `text` as a property of a workflow command, where `:` ends the properties and `,` ends one.
pub fn command_property(text: &str) -> String {
    command_message(text).replace(':', "%3A").replace(',', "%2C")
}

/// `text` as a message of SARIF, where `[text](address)` would be a link.
pub fn sarif_message(text: &str) -> String {
    let shown = words(text);
    if shown.contains("](") { shown.replace('\\', "\\\\").replace('[', "\\[").replace(']', "\\]") } else { shown }
}

/// A `/`-separated path as a relative reference of RFC 3986: whatever is not a letter, a digit or
/// one of `-._~/` is written as its bytes in hexadecimal.
pub fn uri(path: &str) -> String {
    let mut shown = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            shown.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(shown, "%{byte:02X}");
        }
    }
    shown
}

/// Words that somebody chose, for a cell of a table: on one line, and never a formula to a spreadsheet.
pub fn cell(text: &str) -> String {
    let text = line(text);
    if text.starts_with(['=', '+', '-', '@']) { format!("'{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        assert_eq!(cell("=HYPERLINK(\"x\")"), "'=HYPERLINK(\"x\")");
        assert_eq!(cell("a\u{1b}[2J\nb"), "a\\u{1b}[2J\\nb");
        assert_eq!(cell("Ada-Marie"), "Ada-Marie");
    }

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
    fn a_workflow_command_cannot_be_ended_or_begun() {
        assert_eq!(command_message("50% a\n::error::b\rc"), "50%25 a%0A:\\u{3a}error::b\\u{d}c");
        assert_eq!(command_property("a,line=1::b%0A\n"), "a%2Cline=1%3A%3Ab%250A%0A");
        assert_eq!(command_message("\u{1b}]0;x\u{7}\u{202e}"), "\\u{1b}]0;x\\u{7}\\u{202e}");
    }

    #[test]
    fn no_word_is_a_command_of_a_runner() {
        for (written, shown) in [
            ("a ##[add-mask]e", "a #\\u{23}[add-mask]e"),
            ("###[x] ####[", "##\\u{23}[x] ###\\u{23}["),
            ("##vso[task.setvariable]", "#\\u{23}vso[task.setvariable]"),
            ("## [no] # #[no] #[no] ##-[", "## [no] # #[no] #[no] ##-["),
            ("\u{1b}[1m#\u{1b}[0m#\u{1b}[0m[x", "\u{1b}[1m#\u{1b}[0m\\u{23}\u{1b}[0m[x"),
            ("#\u{200d}#\u{ad}[x", "#\u{200d}\\u{23}\u{ad}[x"),
            ("::error::x\n \t\u{a0}\u{3000}::debug::", ":\\u{3a}error::x\n \t\u{a0}\u{3000}:\\u{3a}debug::"),
            (":::x", ":\\u{3a}:x"),
            ("a ::x:: ::1 a::b\n: :x", "a ::x:: ::1 a::b\n: :x"),
            ("\u{1b}[31m:\u{1b}[0m\u{200c}:x", "\u{1b}[31m:\u{1b}[0m\u{200c}\\u{3a}x"),
            ("x\r::y", "x\r:\\u{3a}y"),
        ] {
            assert_eq!(unheard(written), shown);
            assert_eq!(unheard(shown), shown);
        }
        assert_eq!(json("{\"a\": \"##[x] ##vso[y] ::z\"}"), "{\"a\": \"#\\u0023[x] #\\u0023vso[y] ::z\"}");
        assert_eq!(html("##[x"), "&#35;&#35;[x");
    }

    #[test]
    fn names_and_messages_show_what_cannot_be_seen() {
        assert_eq!(words("a\u{200d}b\u{ad}c\u{fe0f}\nd\u{3164}"), "a\\u{200d}b\\u{ad}c\\u{fe0f}\nd\\u{3164}");
        assert_eq!(line("می\u{200c}خواهم"), "می\\u{200c}خواهم");
        assert_eq!(line("👩\u{200d}👩\u{200d}👧 ❤\u{fe0f}\u{200d}🔥"), "👩\u{200d}👩\u{200d}👧 ❤\u{fe0f}\u{200d}🔥");
        assert_eq!(line("👩\u{200d}a ❤\u{200d}\u{200d}🔥"), "👩\\u{200d}a ❤\\u{200d}\\u{200d}🔥");
    }

    #[test]
    fn embedded_json_is_the_same_value_and_ends_no_script() {
        let text = "</script><!--\u{2028}\u{202e}\u{1b}\u{e0041}é";
        let json = serde_json::to_string(text).unwrap();
        let embedded = embedded_json(&json);
        assert_eq!(embedded, "\"\\u003c/script>\\u003c!--\\u2028\\u202e\\u001b\\udb40\\udc41é\"",);
        assert_eq!(serde_json::from_str::<String>(&embedded).unwrap(), text);
        let shown = super::json(&json);
        assert_eq!(shown, "\"</script><!--\\u2028\\u202e\\u001b\\udb40\\udc41é\"");
        assert_eq!(serde_json::from_str::<String>(&shown).unwrap(), text);
    }

    #[test]
    fn a_message_of_sarif_holds_no_link() {
        assert_eq!(sarif_message("list[0] of {{a}}"), "list[0] of {{a}}");
        assert_eq!(sarif_message("see [here](https://x.example)"), "see \\[here\\](https://x.example)");
        assert_eq!(sarif_message("\\[here](x)"), "\\\\\\[here\\](x)");
    }

    #[test]
    fn a_path_is_a_relative_reference() {
        assert_eq!(uri("docs/a b?c#d:é%.md"), "docs/a%20b%3Fc%23d%3A%C3%A9%25.md");
    }

    #[test]
    fn what_moves_or_hides_is_shown_as_an_escape() {
        assert_eq!(terminal("a\u{1b}[2Jb\tc\nd\u{202e}e\u{7f}"), "a\\u{1b}[2Jb\tc\nd\\u{202e}e\\u{7f}");
        assert_eq!(line("a\tb\r\nc"), "a\\tb\\u{d}\\nc");
        assert_eq!(terminal("héé 👩‍👩‍👧 می‌خواهم"), "héé 👩‍👩‍👧 می‌خواهم");
    }
}
