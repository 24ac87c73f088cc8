//! Where a text can be cut so that the counts of the halves add up.
//!
//! Token counts do not add up in general: `C` and `l` are a token each, `Cl` is one. They do add up
//! where no match of the encoding's pattern can contain both the last character before the cut and the
//! first one after it, and where no match before the cut depends on what follows it. Both patterns match
//! from left to right and never look behind, so these two characters are all that matters.

use super::class::Class;
use super::split::Pattern;

/// Whether counts add up across `before|after`, whatever text is around the two.
///
/// | before | after | why no match contains both |
/// |---|---|---|
/// | line break | not white (`o200k`: nor `/`) | a match goes on past a line break by white space or, in `o200k`, `/` only, and the white space before it ends a match here however the text goes on |
/// | not white | white, no line break | white space that is no line break only ever opens a match |
/// | letter, number | line break | only punctuation takes line breaks along |
/// | number | no number | numbers match alone |
/// | neither number nor white | number | the same |
/// | letter | punctuation but `'` (`o200k`: nor a mark) | letters are followed by letters, marks and contractions only |
pub(super) fn is_safe(pattern: Pattern, before: char, after: char) -> bool {
    let (left, right) = (Class::of(before), Class::of(after));
    let joins_marks = pattern == Pattern::O200k;
    match (left, right) {
        (Class::BLANK, _) => false,
        (Class::NEWLINE, _) => !(right.is(Class::WHITE) || joins_marks && after == '/'),
        (_, Class::BLANK) => true,
        (_, Class::NEWLINE) => left.is(Class::LETTER.or(Class::NUMBER)),
        (Class::NUMBER, _) => right != Class::NUMBER,
        (_, Class::NUMBER) => true,
        (_, Class::OTHER) => left.is(Class::LETTER) && after != '\'',
        (_, Class::MARK) => left.is(Class::LETTER) && !joins_marks,
        _ => false,
    }
}

/// The first safe cut at byte `from` or later, strictly inside the text.
pub(super) fn first_at_or_after(pattern: Pattern, text: &str, from: usize) -> Option<usize> {
    let from = (from.max(1)..text.len()).find(|&at| text.is_char_boundary(at))?;
    let mut before = text.get(..from)?.chars().next_back()?;
    for (offset, after) in text.get(from..)?.char_indices() {
        if is_safe(pattern, before, after) {
            return Some(from + offset);
        }
        before = after;
    }
    None
}

/// The last safe cut strictly inside the text.
pub(super) fn last(pattern: Pattern, text: &str) -> Option<usize> {
    let mut characters = text.char_indices().rev();
    let (mut at, mut after) = characters.next()?;
    for (start, before) in characters {
        if is_safe(pattern, before, after) {
            return Some(at);
        }
        (at, after) = (start, before);
    }
    None
}

/// The text in stretches that begin and end at safe cuts, each as short as it can be from
/// `at_least` bytes on.
pub(super) fn stretches(pattern: Pattern, text: &str, at_least: usize) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = first_at_or_after(pattern, rest, at_least).unwrap_or(rest.len());
        let (stretch, after) = rest.split_at_checked(end)?;
        rest = after;
        Some(stretch)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_are_true_one_by_one() {
        let both = |before, after| (is_safe(Pattern::O200k, before, after), is_safe(Pattern::Cl100k, before, after));
        let expected = [
            ('\n', 'a', (true, true)),
            ('\n', '}', (true, true)),
            ('\n', '/', (false, true)),
            ('\n', ' ', (false, false)),
            ('\n', '\n', (false, false)),
            ('}', '\n', (false, false)),
            ('a', '\n', (true, true)),
            ('1', '\r', (true, true)),
            ('a', ' ', (true, true)),
            ('.', '\t', (true, true)),
            (' ', 'a', (false, false)),
            ('\t', '1', (false, false)),
            ('1', '.', (true, true)),
            ('1', 'a', (true, true)),
            ('1', '2', (false, false)),
            ('a', '1', (true, true)),
            ('.', '1', (true, true)),
            ('a', '.', (true, true)),
            ('a', '\'', (false, false)),
            ('a', '\u{308}', (false, true)),
            ('a', 'b', (false, false)),
            ('.', 'a', (false, false)),
            ('!', '\u{308}', (false, false)),
        ];
        for (before, after, safe) in expected {
            assert_eq!(both(before, after), safe, "{before:?} | {after:?}");
        }
    }

    #[test]
    fn cuts_are_found_from_both_ends() {
        let text = "été one-two 3";
        assert_eq!(first_at_or_after(Pattern::O200k, text, 0), Some(5));
        assert_eq!(first_at_or_after(Pattern::O200k, text, 6), Some(9));
        assert_eq!(last(Pattern::O200k, text), Some(13));
        assert_eq!(first_at_or_after(Pattern::O200k, "", 0), None);
        assert_eq!(last(Pattern::O200k, "a"), None);
        assert_eq!(first_at_or_after(Pattern::O200k, "abc", 9), None);
        assert_eq!(stretches(Pattern::O200k, "one two three", 5).collect::<Vec<_>>(), ["one two", " three"]);
    }
}
