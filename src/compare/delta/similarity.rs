//! How alike two texts are, by the words that they share.

use std::collections::HashMap;

/// Twice the words in common over all words, in thousandths: 1000 for equal texts, 0 for strangers.
pub(super) fn similarity(one: &str, other: &str) -> u64 {
    let mut words: HashMap<&str, u64> = HashMap::new();
    let mut total = 0u64;
    for word in one.split_whitespace() {
        *words.entry(word).or_default() += 1;
        total += 1;
    }
    let mut common = 0u64;
    for word in other.split_whitespace() {
        total += 1;
        if let Some(left) = words.get_mut(word).filter(|left| **left > 0) {
            *left -= 1;
            common += 1;
        }
    }
    (2000 * common).checked_div(total).unwrap_or(1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_words_make_texts_alike() {
        assert_eq!(similarity("a b c", "a b c"), 1000);
        assert_eq!(similarity("a b c d", "d c x y"), 500);
        assert_eq!(similarity("a a", "a"), 666);
        assert_eq!(similarity("a", "b"), 0);
        assert_eq!(similarity("", " \n"), 1000);
    }
}
