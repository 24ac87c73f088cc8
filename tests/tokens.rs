//! Texts that are made to hurt a tokenizer: counted, in time, without a panic.

use contexture::tokens::{Encoding, Family, Tokenizer};

/// Texts of about so many bytes that offer no place to cut them, or nothing but white space.
fn hostile_texts(bytes: usize) -> Vec<String> {
    [" ", "a", "\t", " \n", "語", "a'"].into_iter().map(|atom| atom.repeat(bytes / atom.len())).collect()
}

#[test]
fn a_megabyte_of_anything_is_counted() {
    // The longest tokens of their kind are 128 blanks, 8 letters a and 16 tabs. Runs short enough
    // for it are held against Python's tiktoken in `tokens_oracle.rs`.
    let counts: Vec<u64> = hostile_texts(1 << 20).iter().map(|text| Encoding::O200kBase.count(text)).collect();
    assert_eq!(counts[..3], [8192, 131_072, 65_536]);
    assert!(counts.iter().all(|&count| count > 0));
}

#[test]
fn hostile_pieces_are_attributed_as_they_are_counted() {
    for text in hostile_texts(100_000) {
        let pieces = [text.as_str(), "x", &text];
        let encoding = Encoding::Cl100kBase;
        assert_eq!(encoding.attribute(&pieces).iter().sum::<u64>(), encoding.count(&pieces.concat()));
    }
}

#[test]
fn every_tokenizer_gives_shares_that_add_up() {
    let pieces = ["You are a careful clerk.", "\n\n", "", "Answer in 1 line: ж 語 é.", "\n"];
    let families = Family::ALL.into_iter().map(Tokenizer::Family);
    for tokenizer in Encoding::ALL.into_iter().map(Tokenizer::Encoding).chain(families) {
        let message = tokenizer.count_message(&pieces);
        assert_eq!(message.per_piece.iter().sum::<u64>(), message.total.tokens(), "{tokenizer:?}");
        assert_eq!(message.total, tokenizer.count(&pieces.concat()), "{tokenizer:?}");
    }
}
