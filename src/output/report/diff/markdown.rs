//! A report for a comment on a pull request.
//!
//! Every word of the repository's stands in a code span or a fence, where neither mark-up nor a name
//! nor an address means anything. The first line is a marker by which the tool that posts comments
//! finds its own: no text below can look like it, because `<` never stands in it as it is.

use std::fmt::Write as _;

use super::phrase::{Ink, Phrase};
use super::sheet::{Item, Row, Section, Sheet};
use super::texts::{Sign, TextChange};
use crate::output::report::inert;
use crate::output::report::text::counted;

/// The most characters of a comment: what somebody reads, and well below the 65,536 that GitHub takes.
const MAX_CHARACTERS: usize = 12_000;
/// The most characters of all findings together.
const FINDINGS_CHARACTERS: usize = 2_000;

/// Draws a sheet, with the section of an evaluation if there is one. `valid` is the moment that it speaks of, in seconds
/// since 1970-01-01.
pub(super) fn draw(sheet: &Sheet, evaluation: &str, key: &str, valid: i64) -> String {
    let mut drawn = marker(key, valid);
    for (number, line) in sheet.headline.iter().enumerate() {
        // Strong words hold no other strong ones.
        let is_strong = number == 0 && !line.0.iter().any(|ink| matches!(ink, Ink::Loud(_) | Ink::Good(_)));
        let line = phrase(line);
        let before = if number == 0 { "" } else { "<br>\n" };
        drawn.push_str(&if is_strong { format!("**{line}**") } else { format!("{before}{line}") });
    }
    drawn.push('\n');
    drawn.push_str(&table(&sheet.table));
    drawn.push_str(&findings(&sheet.findings));
    if !evaluation.is_empty() {
        let _ = write!(drawn, "\n{evaluation}");
    }
    let end = end(sheet);
    let room = MAX_CHARACTERS.saturating_sub(end.chars().count() + 300);
    let mut used = drawn.chars().count();
    let (mut brief, mut left_out) = (0usize, 0usize);
    let is_folded = sheet.sections.len() > 1;
    if is_folded {
        drawn.push_str("\n<details><summary>What differs, row by row</summary>\n");
    }
    for section in &sheet.sections {
        let forms = [draw_section(section, true), draw_section(section, false)];
        let Some(form) = forms.iter().position(|form| used + form.chars().count() <= room) else {
            left_out += 1;
            continue;
        };
        brief += form;
        used += forms[form].chars().count();
        drawn.push_str(&forms[form]);
    }
    if is_folded {
        drawn.push_str("\n</details>\n");
    }
    for (number, how) in [(brief, "without text"), (left_out, "in the table alone")] {
        if number > 0 {
            let rows = counted(number, "row");
            drawn.push_str(&format!(
                "\n{rows} told {how}, because a comment has a limit; `contexture diff -v` shows all.\n"
            ));
        }
    }
    drawn.push_str(&end);
    drawn
}

/// A row for each model of each row.
fn table(rows: &[Row]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let mut drawn = "\n| | prompt | tokens | model | cache kept | month |\n|---|---|--:|---|--:|--:|\n".to_owned();
    for row in rows {
        let symbol = row.symbol.map_or_else(String::new, |symbol| inert::code_span(symbol.sign()));
        let mut first = Some([symbol, cell(&row.name), inert::markdown(&row.tokens)]);
        let models =
            row.models.iter().map(|model| [cell(&model.name), inert::markdown(&model.cache), cell(&model.month)]);
        let none = row.models.is_empty().then(<[String; 3]>::default);
        for model in models.chain(none) {
            let cells: Vec<String> = first.take().unwrap_or_default().into_iter().chain(model).collect();
            drawn.push_str(&format!("| {} |\n", cells.join(" | ")));
        }
    }
    drawn
}

/// A phrase in a cell, which a bar ends even in a code span.
fn cell(phrase: &Phrase) -> String {
    let words = phrase.0.iter().map(|ink| match ink {
        Ink::Word(text) => inert::markdown(text),
        Ink::Name(text) => inert::code_span(text).replace('|', "\\|"),
        Ink::Loud(text) | Ink::Good(text) => strong(text),
    });
    words.collect()
}

/// New warnings, each in a line, the first of them.
fn findings(findings: &[Phrase]) -> String {
    let mut drawn = String::new();
    for (number, finding) in findings.iter().enumerate() {
        let line = format!("\n- {}", phrase(finding));
        if drawn.chars().count() + line.chars().count() > FINDINGS_CHARACTERS {
            let more = counted(findings.len() - number, "more warning");
            drawn.push_str(&format!("\n- {more}: `contexture diff` shows all"));
            break;
        }
        drawn.push_str(&line);
    }
    if !drawn.is_empty() {
        drawn.push('\n');
    }
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
    drawn.push_str(&format!("\nbase {}<br>\nhead {}<br>\n", phrase(&sheet.base), phrase(&sheet.head)));
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
