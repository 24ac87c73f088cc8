//! Our counting against tiktoken-rs, on as many texts as one has time for.
//!
//! `cargo run --release --example differential -- 1000000` compares the tokens of a million texts in
//! each encoding, and the counts of every character in eleven surroundings. A second number is the
//! seed of the texts. Prints what differs, and at last how much was compared; exits 1 if anything
//! differed.

#![expect(clippy::print_stdout, reason = "a program that compares says what it found")]

#[path = "tiktoken_texts.rs"]
mod texts;

use std::process::ExitCode;

use contexture::cost::tokens::Encoding;
use rayon::prelude::*;
use texts::Dice;
use tiktoken_rs::CoreBPE;

const ENCODINGS: [Encoding; 2] = [Encoding::O200kBase, Encoding::Cl100kBase];

/// The texts that one seed makes.
const TEXTS_PER_SEED: u64 = 1000;

/// What stands before and after a character.
const SURROUNDINGS: [(&str, &str); 11] = [
    ("", ""),
    ("a", ""),
    ("", "a"),
    ("A", "B"),
    (" ", "x"),
    ("\u{308}", "\u{308}"),
    ("1", "2"),
    (".", "."),
    ("\n", " \n"),
    ("it'", "s"),
    ("語", "語"),
];

fn main() -> ExitCode {
    let numbers: Result<Vec<u64>, _> = std::env::args().skip(1).map(|argument| argument.parse()).collect();
    let Ok(numbers) = numbers else {
        println!("usage: differential [TEXTS [SEED]]");
        return ExitCode::from(2);
    };
    let texts = numbers.first().copied().unwrap_or(1_000_000);
    let seed = numbers.get(1).copied().unwrap_or(1).max(1);

    let characters: Vec<char> = ('\0'..=char::MAX).collect();
    let wrong_characters: usize = characters.par_iter().map(|&c| wrong_around(c)).sum();
    println!(
        "{} characters in {} surroundings, {} encodings: {wrong_characters} differ",
        characters.len(),
        SURROUNDINGS.len(),
        ENCODINGS.len()
    );

    let wrong_texts: usize = (0..texts.div_ceil(TEXTS_PER_SEED))
        .into_par_iter()
        .map(|batch| {
            // Far apart, so that no two batches make the same texts.
            let mut dice = Dice((seed << 32 | (batch + 1)).wrapping_mul(0x9e37_79b9_7f4a_7c15));
            let left = texts - batch * TEXTS_PER_SEED;
            (0..left.min(TEXTS_PER_SEED)).map(|_| wrong_in(&dice.text())).sum::<usize>()
        })
        .sum();
    println!("{texts} texts, {} encodings: {wrong_texts} differ", ENCODINGS.len());
    if wrong_characters + wrong_texts == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn oracle(encoding: Encoding) -> &'static CoreBPE {
    match encoding {
        Encoding::Cl100kBase => tiktoken_rs::cl100k_base_singleton(),
        Encoding::O200kBase | Encoding::O200kHarmony => tiktoken_rs::o200k_base_singleton(),
    }
}

/// How many counts of the character among others differ.
fn wrong_around(c: char) -> usize {
    let mut wrong = 0;
    for (before, after) in SURROUNDINGS {
        let text = format!("{before}{c}{after}");
        for encoding in ENCODINGS {
            let (ours, theirs) = (encoding.count(&text), oracle(encoding).encode_ordinary(&text).len() as u64);
            if ours != theirs {
                println!("{} {text:?}: {ours} tokens, tiktoken-rs has {theirs}", encoding.name());
                wrong += 1;
            }
        }
    }
    wrong
}

/// In how many encodings the tokens of the text differ, by number or by place.
fn wrong_in(text: &str) -> usize {
    let mut wrong = 0;
    for encoding in ENCODINGS {
        let (pieces, expected) = cut_as_tiktoken_does(encoding, text);
        let (shares, count) = (encoding.attribute(&pieces), encoding.count(text));
        if shares != expected || count != expected.iter().sum::<u64>() {
            println!("{} {text:?}: {count} tokens as {shares:?}, tiktoken-rs has {expected:?}", encoding.name());
            wrong += 1;
        }
    }
    wrong
}

/// The text cut wherever a token starts and a character with it, and the tokens that start in each
/// piece.
fn cut_as_tiktoken_does(encoding: Encoding, text: &str) -> (Vec<&str>, Vec<u64>) {
    let (mut pieces, mut expected) = (Vec::new(), Vec::new());
    let (mut start, mut end, mut tokens) = (0, 0, 0);
    for token in oracle(encoding).encode_ordinary(text) {
        end += oracle(encoding).decode_bytes(&[token]).map_or(0, |bytes| bytes.len());
        tokens += 1;
        if let Some(piece) = text.get(start..end) {
            pieces.push(piece);
            expected.push(tokens);
            (start, tokens) = (end, 0);
        }
    }
    (pieces, expected)
}
