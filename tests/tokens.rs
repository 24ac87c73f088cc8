//! Texts that are made to hurt a tokenizer: counted, in time, without a panic.

use std::time::{Duration, Instant};

use contexture::cost::tokens::{Encoding, Tokenizer, TokenizerFamily};

/// What offers no place to cut a text, or nothing but white space, or tokens that reach far.
const ATOMS: [&str; 14] =
    [" ", "a", "\t", " \n", "語", "a'", "\n", "!", "/", "xkqz", "语言模型", "\u{308}", "🙂", "=-"];

fn repeated(atom: &str, bytes: usize) -> String {
    atom.repeat(bytes / atom.len())
}

#[test]
fn long_runs_are_counted() {
    // The longest tokens of their kind are 128 blanks, 8 letters a and 16 tabs. Runs of everything
    // are held against Python's tiktoken in `tokens_oracle.rs`.
    let counts = [" ", "a", "\t"].map(|atom| Encoding::O200kBase.count(&repeated(atom, 1 << 18)));
    assert_eq!(counts, [2048, 32_768, 16_384]);
}

fn time_to_count(encoding: Encoding, text: &str) -> Duration {
    let started = Instant::now();
    assert!(encoding.count(text) > 0);
    started.elapsed()
}

/// How often a time is taken before it counts: what else runs on the machine only ever adds to it.
const TRIES: usize = 40;

#[test]
fn time_grows_with_the_text_and_no_faster() {
    for atom in ATOMS {
        for encoding in [Encoding::O200kBase, Encoding::Cl100kBase] {
            let texts = [1, 4].map(|times| repeated(atom, times << 14));
            let mut least = [Duration::MAX; 2];
            // Four times the text takes 4 times as long when time is linear, 16 when it is quadratic.
            let settled = (0..TRIES).any(|_| {
                for (least, text) in least.iter_mut().zip(&texts) {
                    *least = time_to_count(encoding, text).min(*least);
                }
                least[1] < least[0] * 8
            });
            assert!(settled, "{} {atom:?}: {least:?}", encoding.name());
        }
    }
}

#[test]
fn hostile_pieces_are_attributed_as_they_are_counted() {
    for atom in ATOMS {
        let text = repeated(atom, 20_000);
        let pieces = [text.as_str(), "x", &text];
        for encoding in [Encoding::O200kBase, Encoding::Cl100kBase] {
            assert_eq!(encoding.attribute(&pieces).iter().sum::<u64>(), encoding.count(&pieces.concat()), "{atom:?}");
        }
    }
}

/// Texts long enough to be counted on several threads have the counts that they have on one.
#[test]
fn threads_change_no_count() {
    let text = "fn main() { println!(\"héllo, 世界\"); }\n\n/// Counts what it is given.\n".repeat(8000);
    let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    for encoding in Encoding::ALL {
        let count = encoding.count(&text);
        assert_eq!(count, alone.install(|| encoding.count(&text)));
        assert_eq!(count, encoding.attribute(&[&text]).iter().sum::<u64>());
    }
}

#[test]
fn every_tokenizer_gives_shares_that_add_up() {
    let pieces = ["You are a careful clerk.", "\n\n", "", "Answer in 1 line: ж 語 é.", "\n"];
    let families = TokenizerFamily::ALL.into_iter().map(Tokenizer::Family);
    for tokenizer in Encoding::ALL.into_iter().map(Tokenizer::Encoding).chain(families) {
        let message = tokenizer.count_message(&pieces);
        assert_eq!(message.per_piece.iter().sum::<u64>(), message.total.tokens(), "{tokenizer:?}");
        assert_eq!(message.total, tokenizer.count(&pieces.concat()), "{tokenizer:?}");
    }
}
