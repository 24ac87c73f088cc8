//! Finds invisible characters, and those that change the direction of text.
//!
//! Most of them have legitimate uses (the Unicode Standard, chapter 23, and UTS #51 for emoji). Such a use
//! is recognised by the neighbouring characters and not reported.

use std::collections::HashSet;
use std::ops::Range;

use super::Finding;
use super::catalogue::{BIDI_TEXT, INVISIBLE_TEXT, Lint};
use super::secret::masked;

/// The most characters of what tag characters spell that a message shows.
const SHOWN: usize = 60;

/// The findings of a file. A run of such characters is one finding.
pub(super) fn findings(text: &str) -> Vec<Finding> {
    let mut found: Vec<(Range<usize>, Fault)> = Vec::new();
    for (at, fault) in faults(text) {
        match found.last_mut() {
            Some((range, last)) if range.end == at.start && last.goes_with(&fault) => range.end = at.end,
            _ => found.push((at, fault)),
        }
    }
    found.into_iter().map(|(at, fault)| fault.finding(text, at)).collect()
}

/// The characters that `check --fix` removes: those that have no use in any text.
pub(super) fn useless(text: &str) -> Vec<Range<usize>> {
    faults(text)
        .into_iter()
        .filter(|(_, fault)| matches!(fault, Fault::Useless | Fault::Tag))
        .map(|(at, _)| at)
        .collect()
}

/// Why a character is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// It has a use, but not between these neighbours.
    Hidden,
    /// It has no use in any text.
    Useless,
    /// It is a tag character outside of a flag: invisible text.
    Tag,
    /// It overrides the direction of any text.
    Override,
    /// It opens an embedding or isolate that is not closed on its line, or closes one that is not open.
    Unbalanced,
    /// It changes the direction on a line that has no right-to-left letter.
    Undirected,
}

impl Fault {
    fn lint(self) -> &'static Lint {
        match self {
            Self::Hidden | Self::Useless | Self::Tag => &INVISIBLE_TEXT,
            Self::Override | Self::Unbalanced | Self::Undirected => &BIDI_TEXT,
        }
    }

    fn goes_with(self, other: &Self) -> bool {
        self == *other && self.lint().id == INVISIBLE_TEXT.id
    }

    fn finding(self, text: &str, at: Range<usize>) -> Finding {
        let run = text.get(at.clone()).unwrap_or_default();
        let name = run.chars().next().map_or_else(String::new, name);
        let count = run.chars().count();
        let more = if count > 1 { format!(" and {} more", count - 1) } else { String::new() };
        let message = match self {
            Self::Hidden => format!("{name}{more} cannot be seen, and has no use here"),
            Self::Useless => format!("{name}{more} cannot be seen, and has no use in any text"),
            Self::Tag => format!("{count} tag characters, which nobody sees, spell `{}`", spelled(run)),
            Self::Override => format!("{name} shows the text behind it in another order than the model reads it"),
            Self::Unbalanced => {
                format!("{name} has no partner on its line, so it turns text around that it should not")
            }
            Self::Undirected => format!("{name} directs text, and nothing on this line is written from right to left"),
        };
        let finding = Finding::new(self.lint(), at, message);
        match self {
            Self::Useless | Self::Tag => finding.hint("remove it, or let `contexture check --fix` do so"),
            _ => finding.hint("remove it"),
        }
    }
}

/// The ASCII text that tag characters stand for.
fn spelled(run: &str) -> String {
    let letters = run.chars().filter_map(|c| char::from_u32(u32::from(c).checked_sub(0xe0000)?));
    let text: String = letters.filter(|c| c.is_ascii_graphic() || *c == ' ').collect();
    // Masked before it is cut, because half of a secret would not be recognised as one.
    let text = masked(&text).into_owned();
    if text.len() > SHOWN { text.chars().take(SHOWN).chain(['…']).collect() } else { text }
}

/// "the zero width space (U+200B)".
fn name(c: char) -> String {
    let words = match c {
        '\u{ad}' => "the soft hyphen",
        '\u{200b}' => "the zero width space",
        '\u{200c}' => "the zero width non-joiner",
        '\u{200d}' => "the zero width joiner",
        '\u{200e}' => "the left-to-right mark",
        '\u{200f}' => "the right-to-left mark",
        '\u{61c}' => "the Arabic letter mark",
        '\u{202a}' => "the left-to-right embedding",
        '\u{202b}' => "the right-to-left embedding",
        '\u{202c}' => "the end of an embedding",
        '\u{202d}' => "the left-to-right override",
        '\u{202e}' => "the right-to-left override",
        '\u{2066}' => "the left-to-right isolate",
        '\u{2067}' => "the right-to-left isolate",
        '\u{2068}' => "the first-strong isolate",
        '\u{2069}' => "the end of an isolate",
        '\u{2028}' | '\u{2029}' => "a line break that few programs know",
        '\u{feff}' => "a byte-order mark",
        '\u{1b}' => "the escape character of terminals",
        '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}' | '\u{180b}'..='\u{180d}' => "a variation selector",
        '\u{e0000}'..='\u{e007f}' => "a tag character",
        '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' => "a Hangul filler",
        c if c.is_control() => "a control character",
        _ => "a format character",
    };
    format!("{words} (U+{:04X})", u32::from(c))
}

/// Every character that is reported, in the order of the text.
fn faults(text: &str) -> Vec<(Range<usize>, Fault)> {
    let mut found = Vec::new();
    let mut line = LineFacts::default();
    let mut at = 0;
    while let Some(next) = suspicious(text.as_bytes(), at) {
        let Some(c) = text.get(next..).and_then(|rest| rest.chars().next()) else { break };
        let end = next + c.len_utf8();
        at = end;
        if is_flag(c) {
            // The tags of a flag of a region are legitimate.
            at = end + flag_tags(text.get(end..).unwrap_or_default());
        } else if let Some(fault) = fault(text, next, c, &mut line) {
            found.push((next..end, fault));
        }
    }
    found
}

/// The first byte from `at` on that can begin a character to be looked at: controls, and the lead bytes
/// of the blocks with invisible characters. It skips most text quickly.
fn suspicious(bytes: &[u8], at: usize) -> Option<usize> {
    const SUSPICIOUS: [bool; 256] = {
        let mut table = [false; 256];
        let mut byte = 0;
        while byte < 0x20 {
            table[byte] = !matches!(byte as u8, b'\t' | b'\n' | b'\r' | 0x0c);
            byte += 1;
        }
        // DEL, and the first bytes in UTF-8 of the characters in `fault` and of the black flag.
        let leads = [0x7f, 0xc2, 0xcd, 0xd8, 0xe1, 0xe2, 0xe3, 0xef, 0xf0, 0xf3];
        let mut index = 0;
        while index < leads.len() {
            table[leads[index]] = true;
            index += 1;
        }
        table
    };
    bytes.get(at..)?.iter().position(|byte| SUSPICIOUS[usize::from(*byte)]).map(|found| at + found)
}

/// The fault of the character `c` at `at`, if its neighbours and its line do not justify it.
fn fault(text: &str, at: usize, c: char, line: &mut LineFacts) -> Option<Fault> {
    let before = || text.get(..at).unwrap_or_default().chars().next_back();
    let after = || text.get(at + c.len_utf8()..).unwrap_or_default().chars().next();
    let beside = |wanted: fn(char) -> bool| before().is_some_and(wanted) || after().is_some_and(wanted);
    let unless = |is_legitimate: bool, fault: Fault| (!is_legitimate).then_some(fault);
    match c {
        '\t' | '\n' | '\r' | '\u{c}' => None,
        '\u{2028}' | '\u{2029}' => Some(Fault::Hidden),
        '\u{85}' => Some(Fault::Hidden),
        c if c.is_control() => Some(Fault::Useless),
        '\u{200b}' => unless(beside(writes_no_blanks), Fault::Hidden),
        '\u{200c}' => unless(beside(is_joining), Fault::Hidden),
        '\u{200d}' => unless(beside(is_joining) || joins_emoji(text, at), Fault::Hidden),
        '\u{200e}' | '\u{200f}' | '\u{61c}' => unless(line.at(text, at).is_directed, Fault::Undirected),
        '\u{202d}' | '\u{202e}' => Some(Fault::Override),
        '\u{202a}'..='\u{202c}' | '\u{2066}'..='\u{2069}' => {
            let line = line.at(text, at);
            if !line.is_directed {
                return Some(Fault::Undirected);
            }
            unless(line.partnered.contains(&at), Fault::Unbalanced)
        }
        '\u{2060}'..='\u{2064}' | '\u{206a}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' => {
            Some(Fault::Useless)
        }
        '\u{fe00}'..='\u{fe0f}' => unless(before().is_some_and(|c| !is_blank(c) && !is_invisible(c)), Fault::Hidden),
        '\u{e0100}'..='\u{e01ef}' => unless(before().is_some_and(is_ideograph), Fault::Hidden),
        '\u{180b}'..='\u{180e}' => unless(beside(|c| matches!(c, '\u{1800}'..='\u{18af}')), Fault::Hidden),
        '\u{115f}' | '\u{1160}' => {
            unless(beside(|c| matches!(c, '\u{1161}'..='\u{11ff}' | '\u{1100}'..='\u{115e}')), Fault::Hidden)
        }
        '\u{3164}' | '\u{ffa0}' => Some(Fault::Hidden),
        '\u{e0000}'..='\u{e007f}' => Some(Fault::Tag),
        _ => None,
    }
}

/// Facts about the current line, cached because a long line may have many such characters.
#[derive(Default)]
struct LineFacts {
    range: Range<usize>,
    /// Whether it has a right-to-left letter.
    is_directed: bool,
    /// The positions of embeddings and isolates that are closed on the line, and of what closes them.
    partnered: HashSet<usize>,
}

impl LineFacts {
    /// The facts about the line of the byte at `at`.
    fn at(&mut self, text: &str, at: usize) -> &Self {
        if !self.range.contains(&at) {
            let start = text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |found| found + 1);
            let end = text.get(at..).and_then(|after| after.find('\n')).map_or(text.len(), |found| at + found);
            let line = text.get(start..end).unwrap_or_default();
            let partnered = partnered(line).into_iter().map(|index| start + index).collect();
            *self = Self { range: start..end, is_directed: is_directed(line), partnered };
        }
        self
    }
}

/// Whether a line has a letter of a right-to-left script: Hebrew, Arabic, Syriac, Thaana, N'Ko and
/// related ones.
fn is_directed(line: &str) -> bool {
    let letter = |c| {
        matches!(c, '\u{590}'..='\u{61b}' | '\u{61d}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}')
            || matches!(c, '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
    };
    line.chars().any(letter)
}

/// The positions of the embeddings and isolates of a line that are closed on it, and of what closes them.
fn partnered(line: &str) -> Vec<usize> {
    let (mut open, mut partnered): (Vec<(usize, bool)>, Vec<usize>) = (Vec::new(), Vec::new());
    for (index, c) in line.char_indices() {
        let is_isolate = matches!(c, '\u{2066}'..='\u{2069}');
        match c {
            '\u{202a}' | '\u{202b}' | '\u{202d}' | '\u{202e}' | '\u{2066}'..='\u{2068}' => {
                open.push((index, is_isolate))
            }
            '\u{202c}' | '\u{2069}' => {
                if let Some((partner, _)) = open.pop_if(|(_, other)| *other == is_isolate) {
                    partnered.extend([partner, index]);
                }
            }
            _ => {}
        }
    }
    partnered
}

/// Whether the joiner at `at` is between two emoji. Skin tones and selectors between them do not count.
fn joins_emoji(text: &str, at: usize) -> bool {
    let is_modifier = |c: &char| matches!(c, '\u{fe0e}' | '\u{fe0f}' | '\u{1f3fb}'..='\u{1f3ff}');
    let before = text.get(..at).unwrap_or_default().chars().rev().find(|c| !is_modifier(c));
    let after = text.get(at..).unwrap_or_default().chars().nth(1);
    before.is_some_and(is_pictograph) && after.is_some_and(is_pictograph)
}

/// Whether it can be part of an emoji sequence.
fn is_pictograph(c: char) -> bool {
    matches!(c, '\u{1f000}'..='\u{1faff}' | '\u{2190}'..='\u{2bff}' | '\u{a9}' | '\u{ae}' | '\u{203c}' | '\u{2049}')
        || matches!(c, '\u{2122}' | '\u{2139}' | '\u{3030}' | '\u{303d}' | '\u{3297}' | '\u{3299}')
}

/// Whether it is of a script whose letters join or stack: from Arabic to Mongolian, and their
/// presentation forms and extensions.
fn is_joining(c: char) -> bool {
    matches!(c, '\u{600}'..='\u{11ff}' | '\u{1700}'..='\u{1cff}' | '\u{a800}'..='\u{abff}' | '\u{fb50}'..='\u{fdff}')
        || matches!(c, '\u{fe70}'..='\u{fefc}' | '\u{10a00}'..='\u{11fff}' | '\u{1e900}'..='\u{1e95f}')
}

/// Whether it is of a script that is written without blanks, where a zero width space marks a possible
/// line break: Thai, Lao, Tibetan, Myanmar, Khmer and related ones, and the East Asian ones.
fn writes_no_blanks(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{1950}'..='\u{1aaf}' | '\u{a9e0}'..='\u{aadf}')
        || matches!(c, '\u{1b00}'..='\u{1b7f}' | '\u{a980}'..='\u{a9df}' | '\u{3040}'..='\u{30ff}')
        || is_ideograph(c)
}

fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

fn is_blank(c: char) -> bool {
    c.is_whitespace() || c.is_control()
}

/// Whether it is invisible itself, so that a variation selector after it has no use.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
        || matches!(c, '\u{e0000}'..='\u{e01ef}')
}

/// The black flag, which tags make the flag of a region.
fn is_flag(c: char) -> bool {
    c == '\u{1f3f4}'
}

/// The length in bytes of the tags after a black flag if they spell a region and end with the cancel
/// tag, else 0.
fn flag_tags(rest: &str) -> usize {
    let letters = |c: char| matches!(c, '\u{e0030}'..='\u{e0039}' | '\u{e0061}'..='\u{e007a}');
    let spelled = rest.find(|c| !letters(c)).unwrap_or(rest.len());
    let count = rest.get(..spelled).unwrap_or_default().chars().count();
    let is_ended = rest.get(spelled..).unwrap_or_default().starts_with('\u{e007f}');
    if (3..=6).contains(&count) && is_ended { spelled + '\u{e007f}'.len_utf8() } else { 0 }
}
