//! A report for a comment on a pull request.
//!
//! Every word of the repository's stands in a code span or a fence, where neither mark-up nor a name
//! nor an address means anything. The first line is a marker by which the tool that posts comments
//! finds its own: no text below can look like it, because `<` never stands in it as it is.

use super::phrase::{Ink, Phrase};
use super::sheet::{Item, Section, Sheet};
use super::texts::{Sign, TextChange};
use crate::output::report::inert;
use crate::output::report::text::counted;

/// The most characters of a comment. GitHub takes 65,536; what posts it adds some of its own.
const MAX_CHARACTERS: usize = 60_000;
/// What is kept for the lines at the end.
const END_CHARACTERS: usize = 4_000;
/// From here on contexts are told in one line each.
const FULL_CHARACTERS: usize = 45_000;

/// Draws a sheet. `valid` is the moment that it speaks of, in seconds since 1970-01-01.
pub(super) fn draw(sheet: &Sheet, key: &str, valid: i64) -> String {
    let mut drawn = marker(key, valid);
    drawn.push_str(&format!("**{}**\n\n", phrase(&sheet.verdict)));
    drawn.push_str(&format!("base {}<br>\nhead {}\n", phrase(&sheet.base), phrase(&sheet.head)));
    let end = end(sheet);
    let room = MAX_CHARACTERS - END_CHARACTERS.max(end.chars().count() + 500);
    let mut used = drawn.chars().count();
    let (mut brief, mut left_out) = (0usize, 0usize);
    for section in &sheet.sections {
        let whole = draw_section(section, true);
        let tight = draw_section(section, false);
        let line = brief_line(section);
        let fits = |text: &str, limit: usize| used + text.chars().count() <= limit.min(room);
        let chosen = if fits(&whole, FULL_CHARACTERS) {
            whole
        } else if fits(&tight, FULL_CHARACTERS) {
            brief += 1;
            tight
        } else if fits(&line, room) {
            brief += 1;
            line
        } else {
            left_out += 1;
            continue;
        };
        used += chosen.chars().count();
        drawn.push_str(&chosen);
    }
    if brief > 0 {
        drawn.push_str(&format!("\n{} told in short, because a comment has a limit.\n", counted(brief, "change")));
    }
    if left_out > 0 {
        drawn.push_str(&format!(
            "\n**{} left out**, because a comment has a limit.\n",
            counted(left_out, "more change")
        ));
    }
    if brief + left_out > 0 {
        drawn.push_str("`contexture diff` on this branch shows all of it.\n");
    }
    drawn.push_str(&end);
    drawn
}

/// The hidden first line. Letters, digits and dots of the key are kept; anything else becomes a dot,
/// so that it can neither end the comment nor look like another key.
fn marker(key: &str, valid: i64) -> String {
    let key: String =
        key.chars().take(100).map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '.' }).collect();
    format!("<!-- contexture:diff key={key} valid={valid} -->\n")
}

fn draw_section(section: &Section, with_text: bool) -> String {
    let mut drawn = format!("\n**{} {}**\n\n", inert::code_span(section.symbol.sign()), phrase(&section.title));
    for item in &section.items {
        drawn.push_str(&line(item));
    }
    let texts: Vec<&TextChange> =
        section.texts.iter().filter(|text| !text.hunks.is_empty() || text.left_out > 0).collect();
    if with_text && !texts.is_empty() {
        let what = counted(texts.len(), "segment");
        drawn.push_str(&format!("\n<details><summary>What the model sees: {what}</summary>\n\n"));
        for text in texts {
            drawn.push_str(&draw_text(text));
        }
        drawn.push_str("</details>\n");
    }
    drawn
}

fn line(item: &Item) -> String {
    let indent = "  ".repeat(item.depth);
    let symbol = item.symbol.map_or_else(String::new, |symbol| format!("{} ", inert::code_span(symbol.sign())));
    format!("{indent}- {symbol}{}\n", phrase(&item.phrase))
}

/// A context in one line: its name and the first thing that is said of it.
fn brief_line(section: &Section) -> String {
    let first = section.items.first().map_or_else(String::new, |item| format!(": {}", phrase(&item.phrase)));
    format!("\n- {} {}{first}\n", inert::code_span(section.symbol.sign()), phrase(&section.title))
}

fn draw_text(text: &TextChange) -> String {
    let label = text.label.map_or_else(String::new, |label| format!(" ({label})"));
    let mut lines = String::new();
    for hunk in &text.hunks {
        if hunk.skipped > 0 {
            lines.push_str(&format!("@@ {} hidden @@\n", counted(hunk.skipped, "unchanged line")));
        }
        for line in &hunk.lines {
            lines.push_str(match line.sign {
                Sign::Same => " ",
                Sign::Old => "-",
                Sign::New => "+",
            });
            lines.extend(line.words.iter().map(|(_, words)| words.as_str()));
            lines.push('\n');
        }
    }
    if text.left_out > 0 {
        lines.push_str(&format!("@@ {} more left out @@\n", counted(text.left_out, "changed line")));
    }
    let head = format!("{} {}{label}", inert::code_span(&text.segment), inert::code_span(&text.origin));
    format!("{head}\n\n{}\n", inert::fenced("diff", &lines))
}

/// What is said of the whole, and the symbols that stand above.
fn end(sheet: &Sheet) -> String {
    let mut drawn = String::new();
    if !sheet.notes.is_empty() {
        drawn.push('\n');
    }
    for note in &sheet.notes {
        drawn.push_str(&format!("{}<br>\n", phrase(note)));
    }
    if !sheet.legend.is_empty() {
        let legend: Vec<String> = sheet
            .legend
            .iter()
            .map(|symbol| format!("{} {}", inert::code_span(symbol.sign()), symbol.meaning()))
            .collect();
        drawn.push_str(&format!("\n<sub>{}</sub>\n", legend.join(" · ")));
    }
    drawn
}

fn phrase(phrase: &Phrase) -> String {
    let words = phrase.0.iter().map(|ink| match ink {
        Ink::Word(text) => inert::markdown(text),
        Ink::Name(text) => inert::code_span(text),
        Ink::Loud(text) | Ink::Good(text) => strong(text),
    });
    words.collect()
}

/// Strong words; blanks at their ends stay outside, where Markdown wants them.
fn strong(text: &str) -> String {
    let inner = text.trim();
    let (before, after) = text.split_once(inner).unwrap_or((text, ""));
    if inner.is_empty() { text.to_owned() } else { format!("{before}**{}**{after}", inert::markdown(inner)) }
}
