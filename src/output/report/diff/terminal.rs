//! A report for a terminal.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use unicode_width::UnicodeWidthStr;

use super::phrase::{Ink, Phrase};
use super::sheet::{Row, Section, Sheet, Symbol};
use super::texts::{Line, Sign, TextChange};
use crate::compare::delta::Kind;
use crate::output::report::inert;
use crate::output::report::text::{Table, counted};

/// The columns that are always there.
const WIDTH: usize = 80;

/// A name of up to so many characters is not broken at its blanks; a longer one is a sentence.
const LONG_NAME: usize = 40;

const LOUD: Style = AnsiColor::Red.on_default().bold();
const GOOD: Style = AnsiColor::Green.on_default();
const OLD: Style = AnsiColor::Red.on_default();
const NEW: Style = AnsiColor::Green.on_default();
const FAINT: Style = Style::new().dimmed();
const TITLE: Style = Style::new().bold();

/// Draws a sheet. Colours stand in it as ANSI sequences, which the stream takes out where they are not
/// wanted.
pub(super) fn draw(sheet: &Sheet) -> String {
    let mut drawn = String::new();
    let _ = writeln!(drawn, "base  {}", phrase(&sheet.base));
    let _ = writeln!(drawn, "head  {}\n", phrase(&sheet.head));
    for (number, line) in sheet.headline.iter().enumerate() {
        drawn.push_str(&wrapped(&Lead::default(), "  ", line, (number == 0).then_some(TITLE)));
    }
    if !sheet.table.is_empty() {
        let _ = write!(drawn, "\n{}", draw_table(&sheet.table));
    }
    for finding in &sheet.findings {
        drawn.push('\n');
        drawn.push_str(&wrapped(&Lead::default(), "  ", finding, None));
    }
    for section in &sheet.sections {
        drawn.push('\n');
        draw_section(&mut drawn, section);
    }
    if !sheet.legend.is_empty() {
        let legend: Vec<String> =
            sheet.legend.iter().map(|symbol| format!("{} {}", sign(*symbol), symbol.meaning())).collect();
        let _ = writeln!(drawn, "\n{}", legend.join("   "));
    }
    if !sheet.notes.is_empty() {
        drawn.push('\n');
    }
    for note in &sheet.notes {
        drawn.push_str(&wrapped(&Lead::default(), "  ", note, None));
    }
    drawn
}

/// A line for each model of each row.
fn draw_table(rows: &[Row]) -> String {
    let mut table = Table::new(&["", "prompt", "tokens>", "model", "cache kept>", "month>"]);
    for row in rows {
        let symbol = row.symbol.map_or("", Symbol::sign).to_owned();
        let mut first = Some([symbol, plain(&row.name), row.tokens.clone()]);
        let models = row.models.iter().map(|model| [plain(&model.name), model.cache.clone(), plain(&model.month)]);
        let none = row.models.is_empty().then(<[String; 3]>::default);
        for model in models.chain(none) {
            table.row(first.take().unwrap_or_default().into_iter().chain(model));
        }
    }
    table.draw(0)
}

/// A phrase without colours.
fn plain(phrase: &Phrase) -> String {
    phrase
        .0
        .iter()
        .map(|(Ink::Word(text) | Ink::Name(text) | Ink::Loud(text) | Ink::Good(text))| text.as_str())
        .collect()
}

fn draw_section(drawn: &mut String, section: &Section) {
    drawn.push_str(&wrapped(&Lead::of("", Some(section.symbol)), "  ", &section.title, Some(TITLE)));
    for item in &section.items {
        let indent = "  ".repeat(item.depth + 1);
        let lead = Lead::of(&indent, item.symbol);
        drawn.push_str(&wrapped(&lead, &format!("{indent}  "), &item.phrase, None));
    }
    for text in &section.texts {
        draw_text(drawn, text);
    }
}

fn draw_text(drawn: &mut String, text: &TextChange) {
    if text.hunks.is_empty() && text.left_out == 0 {
        return;
    }
    let label = text.label.map_or_else(String::new, |label| format!(", {label}"));
    let name = inert::words(&format!("{}  {}", text.segment, text.origin));
    let _ = writeln!(drawn, "\n  {FAINT}--- {name}{label}{FAINT:#}");
    for hunk in &text.hunks {
        if hunk.skipped > 0 {
            let _ = writeln!(drawn, "  {FAINT}  ({} hidden){FAINT:#}", counted(hunk.skipped, "unchanged line"));
        }
        for line in &hunk.lines {
            draw_line(drawn, line, text.kind);
        }
    }
    if text.left_out > 0 {
        let _ = writeln!(drawn, "  {FAINT}  ({} more; -v shows all){FAINT:#}", counted(text.left_out, "changed line"));
    }
}

fn draw_line(drawn: &mut String, line: &Line, kind: Kind) {
    let (sign, style) = match line.sign {
        Sign::Same => (' ', Style::new()),
        Sign::Old => ('-', OLD),
        Sign::New => ('+', NEW),
    };
    let _ = write!(drawn, "  {style}{sign} ");
    for (differs, words) in &line.words {
        let words = inert::terminal(words);
        // In a text that is all new, every word would stand out.
        if *differs && kind == Kind::Changed {
            let strong = style.invert();
            let _ = write!(drawn, "{style:#}{strong}{words}{strong:#}{style}");
        } else {
            drawn.push_str(&words);
        }
    }
    let _ = writeln!(drawn, "{style:#}");
}

fn sign(symbol: Symbol) -> String {
    let style = match symbol {
        Symbol::Added => NEW,
        Symbol::Removed => OLD,
        Symbol::Broken => LOUD,
        Symbol::Changed | Symbol::Moved | Symbol::Renamed => AnsiColor::Yellow.on_default(),
    };
    format!("{style}{}{style:#}", symbol.sign())
}

/// A phrase in one line.
fn phrase(phrase: &Phrase) -> String {
    words(phrase, None).into_iter().map(|word| word.drawn + &" ".repeat(word.blanks)).collect()
}

/// A word that is not broken.
struct Word {
    drawn: String,
    columns: usize,
    /// Blanks behind it, which a line break takes the place of.
    blanks: usize,
}

/// The words of a phrase. A name is one word, unless it is long.
fn words(phrase: &Phrase, all: Option<Style>) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    for ink in &phrase.0 {
        let (text, style, whole) = match ink {
            Ink::Word(text) => (inert::words(text), all, false),
            Ink::Name(text) => (inert::line(text), all, text.chars().count() <= LONG_NAME),
            Ink::Loud(text) => (inert::words(text), Some(LOUD), false),
            Ink::Good(text) => (inert::words(text), Some(GOOD), false),
        };
        let pieces: Vec<&str> = if whole { vec![&text] } else { text.split_inclusive(' ').collect() };
        for piece in pieces {
            let shown = if whole { piece } else { piece.trim_end_matches(' ') };
            let blanks = piece.len() - shown.len();
            let drawn = match style.filter(|_| !shown.is_empty()) {
                Some(style) => format!("{style}{shown}{style:#}"),
                None => shown.to_owned(),
            };
            let columns = shown.width();
            match words.last_mut() {
                Some(word) if word.blanks == 0 || shown.is_empty() => {
                    word.drawn.push_str(&drawn);
                    word.columns += columns;
                    word.blanks += blanks;
                }
                _ => words.push(Word { drawn, columns, blanks }),
            }
        }
    }
    words
}

/// What a line begins with.
#[derive(Default)]
struct Lead {
    drawn: String,
    columns: usize,
}

impl Lead {
    /// An indent of blanks, and a symbol with a blank behind it.
    fn of(indent: &str, symbol: Option<Symbol>) -> Self {
        match symbol {
            Some(symbol) => Self { drawn: format!("{indent}{} ", sign(symbol)), columns: indent.len() + 2 },
            None => Self { drawn: indent.to_owned(), columns: indent.len() },
        }
    }
}

/// A phrase behind `lead`, broken into lines of [`WIDTH`] columns; later lines begin with `indent`.
fn wrapped(lead: &Lead, indent: &str, phrase: &Phrase, all: Option<Style>) -> String {
    let mut drawn = lead.drawn.clone();
    let mut column = lead.columns;
    let mut owed = 0;
    for (number, word) in words(phrase, all).into_iter().enumerate() {
        if number > 0 && column + owed + word.columns > WIDTH {
            drawn.push('\n');
            drawn.push_str(indent);
            column = indent.len();
        } else {
            drawn.push_str(&" ".repeat(owed));
            column += owed;
        }
        column += word.columns;
        owed = word.blanks;
        drawn.push_str(&word.drawn);
    }
    drawn.push('\n');
    drawn
}
