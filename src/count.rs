//! Segments to token counts: of the text as it stands joined, attributed back to each segment.

use crate::segment::{Segment, messages, prefix_len};
use crate::tokens::{Count, Encoding, Features, MessageCount, Tokenizer};

/// The tokens of a context's text by one tokenizer.
#[derive(Debug, Clone)]
pub struct Counts {
    /// For each segment, the tokens that begin in it. They add up to `text`.
    pub per_segment: Vec<u64>,
    /// All text. Holes and framing are not in it.
    pub text: Count,
    /// The text before the first input or history.
    pub prefix: Count,
}

/// Counts the segments by `o200k_base` and by each of `tokenizers`, in their order.
///
/// Text is counted as it stands joined within one message; a hole cuts the message in two, since
/// what will fill it is not known. What several tokenizers need (the base count, the features of the
/// text) is worked out once.
pub fn count(segments: &[Segment], tokenizers: &[Tokenizer]) -> (Counts, Vec<Counts>) {
    let prefix_end = prefix_len(segments);
    let none = Counts { per_segment: vec![0; segments.len()], text: Count::exact(0), prefix: Count::exact(0) };
    let (mut base, mut all) = (none.clone(), vec![none; tokenizers.len()]);
    for message in messages(segments) {
        let is_hole = |(segment, part): &(usize, usize)| segments[*segment].parts[*part].kind.is_hole();
        for run in message.split(is_hole).filter(|run| !run.is_empty()) {
            let texts: Vec<&str> = run.iter().map(|(segment, part)| &*segments[*segment].parts[*part].text).collect();
            let owners: Vec<usize> = run.iter().map(|(segment, _)| *segment).collect();
            let shares = Encoding::O200kBase.attribute(&texts);
            let mut features: Option<Vec<Features>> = None;
            for (counts, tokenizer) in all.iter_mut().zip(tokenizers) {
                let counted = match tokenizer {
                    Tokenizer::Family(family) => {
                        family.count_features(features.get_or_insert_with(|| Features::of_counted(&texts, &shares)))
                    }
                    tokenizer => tokenizer.count_message(&texts),
                };
                counts.add(&owners, counted, prefix_end);
            }
            let total = Count::exact(shares.iter().sum());
            base.add(&owners, MessageCount { total, per_piece: shares }, prefix_end);
        }
    }
    (base, all)
}

impl Counts {
    /// Adds a run of pieces that belong to the segments `owners`.
    fn add(&mut self, owners: &[usize], counted: MessageCount, prefix_end: usize) {
        for (segment, tokens) in owners.iter().zip(counted.per_piece) {
            self.per_segment[*segment] += tokens;
        }
        self.text += counted.total;
        // The prefix ends at a hole, and a run holds none, so a run lies on one side of it.
        if owners.first().is_some_and(|first| *first < prefix_end) {
            self.prefix += counted.total;
        }
    }
}
