//! Segments to token counts: of the text as it stands joined, attributed back to each segment.

mod declaration;

use std::borrow::Cow;
use std::sync::Arc;

use rayon::prelude::*;

use crate::cost::tokens::{
    Basis, Count, Encoding, Features, Joint, Measured, MessageCount, Tokenizer, UserTokenizer, apportion,
};
use crate::prompt::calls;
use crate::prompt::chain::{Digest, segment_digest};
use crate::prompt::memo::Memo;
use crate::prompt::segment::{Kind, Part, Segment, Tier, messages, prefix_len};
use crate::syntax::quantity::Share;
use crate::syntax::source::ObjectId;

pub use declaration::{AROUND, declaration};

/// The tokens of a context's text by one tokenizer.
#[derive(Debug, Clone)]
pub struct Counts {
    /// For each segment, the tokens that begin in it. They add up to `text`.
    pub per_segment: Vec<u64>,
    /// All text, samples of regions included. Inputs, histories and framing are not in it.
    pub text: Count,
    /// The text before the first input or history.
    pub prefix: Count,
}

/// A part of a segment: the segment's digest and the part's number in it. It names the part's text.
type PartName = (Digest, usize);

/// What was found out about texts that were counted before. Counting with it gives the numbers of
/// counting without it, and no text twice: contexts and commits share most of theirs.
#[derive(Debug, Default)]
pub struct Known {
    measured: Memo<(Encoding, PartName), Measured>,
    features: Memo<(PartName, Joint), (Features, Joint)>,
    /// Whole runs, for tokenizers that cannot count by pieces.
    runs: Memo<(ObjectId, Vec<PartName>), MessageCount>,
    tokenizers: Memo<ObjectId, Arc<UserTokenizer>>,
}

/// Parts of one message without a hole among them.
struct Run<'a> {
    texts: Vec<Cow<'a, str>>,
    names: Vec<PartName>,
    /// The segment that each part belongs to.
    owners: Vec<usize>,
}

impl Run<'_> {
    fn texts(&self) -> Vec<&str> {
        self.texts.iter().map(|text| &**text).collect()
    }
}

/// The runs of a message: a hole cuts it in two, and a region, whose text is a sample, is a run of its own, as are the
/// call of a tool and its result.
fn runs<'m>(segments: &'m [Segment], message: &'m [(usize, usize)]) -> impl Iterator<Item = &'m [(usize, usize)]> {
    let kind = |(segment, part): &(usize, usize)| segments[*segment].parts[*part].kind;
    let runs = message.chunk_by(move |one, next| !kind(one).is_apart() && !kind(next).is_apart());
    runs.filter(move |run| run.first().is_some_and(|first| kind(first).has_text()))
}

/// The name of a part's text. The digest of a region is that of its source.
fn name(segment: &Segment, digest: Digest, part: usize) -> PartName {
    let own = &segment.parts[part];
    let sample = || segment_digest(segment.tier, &[Part::new(own.role, Kind::Text, own.text.clone())]);
    if own.kind == Kind::Region { (sample(), 0) } else { (digest, part) }
}

/// Counts the segments, whose digests are `digests`, by `o200k_base` and by each of `tokenizers`, in
/// their order.
///
/// Text is counted as it stands joined within one message; a hole cuts the message in two, since
/// what will fill it is not known. A region counts as its sample, by itself.
pub fn count(
    segments: &[Segment],
    digests: &[Digest],
    tokenizers: &[Tokenizer],
    known: &Known,
) -> (Counts, Vec<Counts>) {
    let prefix_end = prefix_len(segments);
    let none = Counts { per_segment: vec![0; segments.len()], text: Count::exact(0), prefix: Count::exact(0) };
    let (mut base, mut all) = (none.clone(), vec![none; tokenizers.len()]);
    for message in messages(segments) {
        for run in runs(segments, &message) {
            let run = Run {
                texts: run.iter().map(|(segment, part)| calls::as_read(&segments[*segment].parts[*part])).collect(),
                names: run.iter().map(|(segment, part)| name(&segments[*segment], digests[*segment], *part)).collect(),
                owners: run.iter().map(|(segment, _)| *segment).collect(),
            };
            let shares = known.attribute(Encoding::O200kBase, &run);
            let mut features: Option<Vec<Features>> = None;
            for (counts, tokenizer) in all.iter_mut().zip(tokenizers) {
                let counted = match tokenizer {
                    Tokenizer::Family(family) => {
                        family.count_features(features.get_or_insert_with(|| known.features(&run, &shares)))
                    }
                    Tokenizer::Encoding(encoding) => MessageCount::exact(known.attribute(*encoding, &run)),
                    Tokenizer::User(user) => known.run(user, tokenizer, &run),
                };
                counts.add(&run.owners, counted, prefix_end);
            }
            base.add(&run.owners, MessageCount::exact(shares), prefix_end);
        }
    }
    (base, all)
}

impl Counts {
    /// The counts with tool definitions as the model reads them: as declarations in place of the request's JSON where
    /// `declared`, and with a band of their own, by the share that they may be smaller and larger.
    pub fn with_tools(mut self, segments: &[Segment], tokenizer: &Tokenizer, declared: bool, band: [Share; 2]) -> Self {
        let tools: Vec<usize> = (0..segments.len()).filter(|index| segments[*index].tier == Tier::Tools).collect();
        if tools.is_empty() {
            return self;
        }
        let sum = |counts: &Self| tools.iter().map(|index| counts.per_segment[*index]).sum::<u64>();
        let as_json = sum(&self);
        let mut own = self.text.part(as_json);
        if declared {
            for index in &tools {
                let json = segments[*index].parts.first().and_then(|part| serde_json::from_str(&part.text).ok());
                let counted = json.map(|json| tokenizer.count(&declaration(&json)).tokens());
                self.per_segment[*index] = counted.unwrap_or(self.per_segment[*index]);
            }
            own = own.part(sum(&self));
        }
        let within = |edge: u64, share: Share| {
            u64::try_from((u128::from(edge) * u128::from(share.millionths)).div_ceil(1_000_000)).unwrap_or(u64::MAX)
        };
        let (low, high) = own.band();
        let ends = (low.saturating_sub(within(low, band[0])), high.saturating_add(within(high, band[1])));
        let own = Count::estimated(own.tokens(), ends);
        let rest = |whole: Count| whole.part(whole.tokens().saturating_sub(as_json));
        (self.text, self.prefix) = (rest(self.text) + own, rest(self.prefix) + own);
        self
    }

    /// The counts with a band for calls of tools and their results, since nobody says how a model reads them: from their
    /// bare words to all that the request says of them.
    pub fn with_calls(mut self, segments: &[Segment], tokenizer: &Tokenizer) -> Self {
        let count = |text: &str| tokenizer.count(text);
        let parts = segments.iter().flat_map(|segment| &segment.parts);
        let ends = parts.filter_map(|part| Some((calls::as_read(part), calls::extremes(part)?)));
        let ends = ends.map(|(read, (least, most))| {
            let (read, least, most) = (count(&read), count(&least).band().0, count(most).band().1);
            (read.tokens().saturating_sub(least), most.saturating_sub(read.tokens()))
        });
        let Some((fewer, more)) = ends.reduce(|one, other| (one.0 + other.0, one.1 + other.1)) else { return self };
        let widened = |whole: Count| {
            let (low, high) = whole.band();
            Count::estimated(whole.tokens(), (low.saturating_sub(fewer), high.saturating_add(more)))
        };
        // Whether they stand before the first hole or behind it, its band holds.
        (self.text, self.prefix) = (widened(self.text), widened(self.prefix));
        self
    }

    /// The counts where a provider counted `whole` tokens for text and framing together, and that framing. Text that is
    /// counted exactly stays; else the segments share what is not framing, in proportion.
    pub fn measured(mut self, framing: Count, whole: u64) -> (Self, Count) {
        if self.text.basis() == Basis::Exact && whole >= self.text.tokens() {
            let rest = Count::measured(whole - self.text.tokens());
            return (self, rest);
        }
        let framing = Count::measured(framing.tokens().min(whole));
        let (text, before) = (whole - framing.tokens(), self.text);
        let scores: Vec<u128> = self.per_segment.iter().map(|tokens| u128::from(*tokens)).collect();
        self.per_segment = apportion(text, &scores);
        self.prefix = if self.prefix.tokens() == before.tokens() {
            Count::measured(text)
        } else {
            // What no endpoint counted by itself lies within its own band, and within that of the rest.
            let scaled = u128::from(self.prefix.tokens()) * u128::from(text) / u128::from(before.tokens().max(1));
            let scaled = u64::try_from(scaled).unwrap_or(u64::MAX);
            let rest = before.part(before.tokens().saturating_sub(self.prefix.tokens())).band();
            let (low, high) = self.prefix.band();
            let ends = (low.max(text.saturating_sub(rest.1)), high.min(text.saturating_sub(rest.0)));
            Count::estimated(scaled, ends)
        };
        self.text = Count::measured(text);
        (self, framing)
    }

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

impl Known {
    /// The user's tokenizer that was read from this blob, loaded once.
    pub fn tokenizer<E>(
        &self,
        blob: &ObjectId,
        load: impl FnOnce() -> Result<UserTokenizer, E>,
    ) -> Result<Arc<UserTokenizer>, E> {
        if let Some(user) = self.tokenizers.get(blob) {
            return Ok(user);
        }
        let user = Arc::new(load()?);
        self.tokenizers.put(blob.clone(), user.clone());
        Ok(user)
    }

    /// Drops what nobody asked for since the last turn.
    pub fn turn(&self) {
        self.measured.turn();
        self.features.turn();
        self.runs.turn();
        self.tokenizers.turn();
    }

    /// The share of each part, by an encoding.
    fn attribute(&self, encoding: Encoding, run: &Run) -> Vec<u64> {
        let known: Vec<Option<Measured>> = run.names.iter().map(|name| self.measured.get(&(encoding, *name))).collect();
        let measures = run.texts.par_iter().zip(&run.names).zip(known).map(|((text, name), known)| {
            known.unwrap_or_else(|| {
                let measured = encoding.measure(text);
                self.measured.put((encoding, *name), measured);
                measured
            })
        });
        let measures: Vec<Measured> = measures.collect();
        let pieces: Vec<(&str, &Measured)> = run.texts.iter().map(|text| &**text).zip(&measures).collect();
        encoding.attribute_measured(&pieces)
    }

    /// The features of each part. `shares` are those of `o200k_base`.
    fn features(&self, run: &Run, shares: &[u64]) -> Vec<Features> {
        let mut joint = Joint::default();
        let parts = run.texts.iter().zip(&run.names).zip(shares).map(|((text, name), tokens)| {
            let (found, after) = self.features.get(&(*name, joint)).unwrap_or_else(|| {
                let found = Features::of_piece(text, joint);
                self.features.put((*name, joint), found);
                found
            });
            joint = after;
            found.with_o200k(*tokens)
        });
        parts.collect()
    }

    /// The share of each part, by a tokenizer of the user's.
    fn run(&self, user: &Arc<UserTokenizer>, tokenizer: &Tokenizer, run: &Run) -> MessageCount {
        let Some(blob) = self.tokenizers.key_of(|own| Arc::ptr_eq(own, user)) else {
            return tokenizer.count_message(&run.texts());
        };
        let name = (blob, run.names.clone());
        self.runs.get(&name).unwrap_or_else(|| {
            let counted = tokenizer.count_message(&run.texts());
            self.runs.put(name, counted.clone());
            counted
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::cost::tokens::TokenizerFamily;
    use crate::prompt::chain::link;
    use crate::prompt::segment::{Kind, Origin, Part, Role, Tier};
    use crate::syntax::manifest::Mark;
    use crate::syntax::source::{ProjectPath, Source, Span};

    fn segment(role: Role, text: &str) -> Segment {
        let kind = if text.is_empty() { Kind::Input } else { Kind::Text };
        let source = Source::new(ProjectPath::root(), "");
        Segment {
            id: String::new(),
            tier: Tier::Messages,
            parts: vec![Part::new(role, kind, text)],
            origin: Origin { path: None, lines: None, blob: None, block: Span::file(&source), picked: None },
            mark: Mark::Free,
            stability: None,
            priority: 0,
        }
    }

    fn prompt() -> impl Strategy<Value = Vec<Segment>> {
        let text = prop_oneof![
            Just(""),
            Just("the"),
            Just(" same"),
            Just("\n"),
            Just("longwor"),
            Just("dIng "),
            Just("'s"),
            Just("é—")
        ];
        let role = prop_oneof![3 => Just(Role::User), 1 => Just(Role::Assistant)];
        prop::collection::vec((role, text).prop_map(|(role, text)| segment(role, text)), 0..8)
    }

    proptest! {
        /// Counting with what other prompts left behind is counting anew.
        #[test]
        fn what_is_known_changes_no_number(prompts in prop::collection::vec(prompt(), 1..6)) {
            let tokenizers = [Tokenizer::Encoding(Encoding::Cl100kBase), Tokenizer::Family(TokenizerFamily::ClaudeNewer)];
            let known = Known::default();
            for segments in prompts {
                let digests = link(&segments).digests;
                let (base, own) = count(&segments, &digests, &tokenizers, &known);
                let run_of = |wanted: &Tokenizer| -> Count {
                    let messages = messages(&segments);
                    let runs = messages.iter().flat_map(|message| {
                        message.split(|(segment, part)| segments[*segment].parts[*part].kind.is_hole())
                    });
                    let texts = |run: &[(usize, usize)]| -> Vec<String> {
                        run.iter().map(|(segment, part)| segments[*segment].parts[*part].text.to_string()).collect()
                    };
                    let counts = runs.filter(|run| !run.is_empty()).map(|run| {
                        let texts = texts(run);
                        wanted.count_message(&texts.iter().map(String::as_str).collect::<Vec<_>>()).total
                    });
                    counts.sum()
                };
                prop_assert_eq!(base.text, run_of(&Tokenizer::Encoding(Encoding::O200kBase)));
                for (counts, tokenizer) in own.iter().zip(&tokenizers) {
                    prop_assert_eq!(counts.text, run_of(tokenizer));
                    prop_assert_eq!(counts.per_segment.iter().sum::<u64>(), counts.text.tokens());
                }
            }
        }
    }
}
