//! Segments to token counts: of the text as it stands joined, attributed back to each segment.

use crate::segment::{Segment, messages, prefix_len};
use crate::tokens::{Count, Tokenizer};

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

/// Counts the segments with one tokenizer.
///
/// Text is counted as it stands joined within one message; a hole cuts the message in two, since
/// what will fill it is not known.
pub fn count(segments: &[Segment], tokenizer: &Tokenizer) -> Counts {
    let prefix_end = prefix_len(segments);
    let mut counts = Counts { per_segment: vec![0; segments.len()], text: Count::exact(0), prefix: Count::exact(0) };
    for message in messages(segments) {
        let is_hole = |(segment, part): &(usize, usize)| segments[*segment].parts[*part].kind.is_hole();
        for run in message.split(is_hole).filter(|run| !run.is_empty()) {
            let texts: Vec<&str> = run.iter().map(|(segment, part)| &*segments[*segment].parts[*part].text).collect();
            let counted = tokenizer.count_message(&texts);
            for ((segment, _), tokens) in run.iter().zip(counted.per_piece) {
                counts.per_segment[*segment] += tokens;
            }
            counts.text += counted.total;
            // The prefix ends at a hole, and a run holds none, so a run lies on one side of it.
            if run[0].0 < prefix_end {
                counts.prefix += counted.total;
            }
        }
    }
    counts
}
