//! Segments to token counts: of the text as it stands joined, attributed back to each segment.
//!
//! What one text contributes whatever stands around it is worked out once for its digest and kept in
//! [`KnownCounts`], so that after an edit only the changed texts and the joints are tokenised. The
//! numbers are those of a full count, by construction: the full count is made of the same parts.

use crate::chain::Digest;
use crate::memo::Memo;
use crate::segment::{Segment, messages, prefix_len};
use crate::tokens::{Count, Encoding, Features, Measured, MessageCount, Scanned, Tokenizer};

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

/// A part of a segment: the segment's digest and the part's number. It decides the part's text.
type PartKey = (Digest, usize);

/// What earlier builds found out about texts, by the digests of the segments that hold them.
#[derive(Debug, Default)]
pub struct KnownCounts {
    measured: Memo<(Encoding, PartKey), Measured>,
    scanned: Memo<PartKey, Scanned>,
}

impl KnownCounts {
    /// Keeps what is known of these segments for another round, though nobody counts them in this one.
    pub fn keep(&self, segments: &[Segment], digests: &[Digest]) {
        for (segment, digest) in segments.iter().zip(digests) {
            for part in 0..segment.parts.len() {
                let key = (*digest, part);
                self.scanned.get(&key);
                for encoding in Encoding::ALL {
                    self.measured.get(&(encoding, key));
                }
            }
        }
    }

    /// Ends a round: what was neither counted nor kept since the last one is dropped.
    pub fn turn(&self) {
        self.measured.turn();
        self.scanned.turn();
    }
}

/// A run of text with no hole in it, as one message has it.
struct Run<'a> {
    texts: Vec<&'a str>,
    keys: Vec<PartKey>,
    known: &'a KnownCounts,
}

impl Run<'_> {
    /// The share of each text in the tokens of the run.
    fn attribute(&self, encoding: Encoding) -> Vec<u64> {
        let mut measured: Vec<Option<Measured>> =
            self.keys.iter().map(|key| self.known.measured.get(&(encoding, *key))).collect();
        let is_missing = |(_, measured): &(&&str, &Option<Measured>)| measured.is_none();
        let missing: Vec<&str> = self.texts.iter().zip(&measured).filter(is_missing).map(|(text, _)| *text).collect();
        let mut found = encoding.measure_all(&missing).into_iter();
        for (slot, key) in measured.iter_mut().zip(&self.keys).filter(|(slot, _)| slot.is_none()) {
            *slot = found.next();
            if let Some(measured) = *slot {
                self.known.measured.put((encoding, *key), measured);
            }
        }
        let pieces: Vec<(&str, &Measured)> = self.texts.iter().copied().zip(measured.iter().flatten()).collect();
        encoding.attribute_measured(&pieces)
    }

    /// What estimates are made of, for each text.
    fn features(&self, shares: &[u64]) -> Vec<Features> {
        let before: Vec<Option<Scanned>> = self.keys.iter().map(|key| self.known.scanned.get(key)).collect();
        let mut scans = before.clone();
        let features = Features::of_scanned(&self.texts, shares, &mut scans);
        for ((before, now), key) in before.iter().zip(scans).zip(&self.keys) {
            if let Some(scanned) = now.filter(|_| *before != now) {
                self.known.scanned.put(*key, scanned);
            }
        }
        features
    }
}

/// Counts the segments, whose digests are `digests`, by `o200k_base` and by each of `tokenizers`, in
/// their order. `known` is asked first, and learns.
///
/// Text is counted as it stands joined within one message; a hole cuts the message in two, since
/// what will fill it is not known. What several tokenizers need (the base count, the features of the
/// text) is worked out once.
pub fn count(
    segments: &[Segment],
    digests: &[Digest],
    tokenizers: &[Tokenizer],
    known: &KnownCounts,
) -> (Counts, Vec<Counts>) {
    let prefix_end = prefix_len(segments);
    let none = Counts { per_segment: vec![0; segments.len()], text: Count::exact(0), prefix: Count::exact(0) };
    let (mut base, mut all) = (none.clone(), vec![none; tokenizers.len()]);
    for message in messages(segments) {
        let is_hole = |(segment, part): &(usize, usize)| segments[*segment].parts[*part].kind.is_hole();
        for run in message.split(is_hole).filter(|run| !run.is_empty()) {
            let owners: Vec<usize> = run.iter().map(|(segment, _)| *segment).collect();
            let run = Run {
                texts: run.iter().map(|(segment, part)| &*segments[*segment].parts[*part].text).collect(),
                keys: run.iter().map(|(segment, part)| (digests[*segment], *part)).collect(),
                known,
            };
            let shares = run.attribute(Encoding::O200kBase);
            let mut features: Option<Vec<Features>> = None;
            for (counts, tokenizer) in all.iter_mut().zip(tokenizers) {
                let counted = match tokenizer {
                    Tokenizer::Family(family) => {
                        family.count_features(features.get_or_insert_with(|| run.features(&shares)))
                    }
                    Tokenizer::Encoding(encoding) => MessageCount::exact(run.attribute(*encoding)),
                    tokenizer @ Tokenizer::User(_) => tokenizer.count_message(&run.texts),
                };
                counts.add(&owners, counted, prefix_end);
            }
            base.add(&owners, MessageCount::exact(shares), prefix_end);
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
