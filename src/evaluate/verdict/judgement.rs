//! What a judge prefers, as a comparison like that of scores: a case whose answer is preferred is gained or lost.

use schemars::JsonSchema;
use serde::Serialize;

use super::paired::{PairedCase, Sides};
use super::{Comparison, Decimal, share};
use crate::evaluate::judge::{Judged, Ruling};
use crate::evaluate::scorers::FULL;
use crate::evaluate::statistics::Confusion;
use crate::syntax::quantity::Usd;

/// What a judge says of the answers of two sides. `lost` are cases of which it prefers the base's answer, `gained` those of
/// which it prefers the head's, and `dropped` pairs of answers without a verdict.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Judgement {
    /// The context that it is asked with.
    pub judge: String,
    /// Its variant, if one.
    pub variant: Option<String>,
    /// The model that judges.
    pub model: String,
    /// The digest of what it is asked.
    pub digest: String,
    /// The commit that it was built from; null for a tree that no commit holds.
    pub commit: Option<String>,
    /// What all its answers cost when they were asked; null where a price is not known.
    pub usd: Option<Usd>,
    /// Answers of it that this change has recorded itself; null where no revision of a base was named to tell.
    pub recorded: Option<u64>,
    /// Pairs of answers, one for each repeat of a case.
    pub pairs: u64,
    /// Those of which the head's answer is preferred.
    pub head_preferred: u64,
    /// Those of which the base's is.
    pub base_preferred: u64,
    /// Those of which none is.
    pub ties: u64,
    /// Those of the ties where the orders disagree.
    pub orders_disagree: u64,
    /// Those of the ties that are the same text, so that nobody was asked.
    pub same_text: u64,
    /// Pairs without a verdict.
    pub no_verdict: u64,
    /// Those of them whose verdict is not recorded, or was not given.
    pub missing: u64,
    /// The share of the pairs with a preferred answer of which it is the longer one, where they differ in length.
    pub longer_preferred: Option<Decimal>,
    /// The mean number of characters of the base's answer and of the head's, over pairs that both sides answered.
    pub characters: Option<[Decimal; 2]>,
    /// How far it agrees with people.
    pub agreement: Agreement,
    /// Whether it is to be trusted.
    pub trusted: bool,
    /// Why not.
    pub doubts: Vec<String>,
    /// The comparison.
    #[serde(flatten)]
    pub comparison: Comparison,
}

/// How far a judge agrees with people.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Agreement {
    /// Pairs that people have judged.
    pub labelled: u64,
    /// Those of which the judge's answers are not there.
    pub unanswered: u64,
    /// The share of the others of which it says what people say.
    pub share: Option<Decimal>,
    /// The same beyond chance: Cohen's κ of `a`, `b` and `tie`.
    pub kappa: Option<Decimal>,
}

/// The preferred answer is right and the other is wrong; with a tie both are right. Over every other way to divide ties the
/// interval is narrower, and does not hold the difference in 95 of 100 evaluations where it is small.
pub(super) fn pairs(judged: &Judged) -> Sides {
    let points = |ruling: &Ruling| match ruling {
        Ruling::First => (Some(FULL), Some(0)),
        Ruling::Second => (Some(0), Some(FULL)),
        Ruling::Tie | Ruling::Disagreed | Ruling::SameText => (Some(FULL), Some(FULL)),
        Ruling::None | Ruling::Missing => (None, None),
    };
    let case = |repeats: &Vec<Ruling>| {
        let answers: Vec<_> = repeats.iter().map(points).collect();
        let known = || answers.iter().filter_map(|(base, head)| Some(((*base)?, (*head)?)));
        let net: i64 = known().map(|(base, head)| head - base).sum();
        let is_known = known().next().is_some();
        PairedCase { is_right: (is_known.then_some(net <= 0), is_known.then_some(net >= 0)), answers }
    };
    judged.cases.iter().map(case).collect()
}

impl Judgement {
    /// Whether answers of the judge itself are not there.
    pub fn is_unanswered(&self) -> bool {
        self.missing + self.agreement.unanswered > 0
    }

    pub(super) fn of(judged: &Judged, comparison: Comparison) -> Self {
        let count = |is: &dyn Fn(Ruling) -> bool| share(judged.cases.iter().flatten().filter(|own| is(**own)).count());
        let (disagreed, same) = (count(&|own| own == Ruling::Disagreed), count(&|own| own == Ruling::SameText));
        let missing = count(&|own| own == Ruling::Missing);
        let confusion = &judged.confusion;
        let asked = judged.labelled - judged.unanswered;
        let agreed: u64 = confusion.labels().iter().map(|label| confusion.at(label, label)).sum();
        let decided = judged.lengths.iter().filter_map(|(_, longer)| *longer);
        let (longer, all) = decided.fold((0, 0), |(longer, all), own| (longer + u64::from(own), all + 1));
        let mean = |at: usize| {
            Decimal::ratio(judged.lengths.iter().map(|(of, _)| share(of[at])).sum(), share(judged.lengths.len()))
        };
        Self {
            judge: judged.side.context.clone(),
            variant: judged.side.variant.clone(),
            model: judged.side.model.clone(),
            digest: judged.side.digest.clone(),
            commit: judged.side.commit.clone(),
            usd: judged.usd,
            recorded: judged.recorded,
            pairs: count(&|_| true),
            head_preferred: count(&|own| own == Ruling::Second),
            base_preferred: count(&|own| own == Ruling::First),
            ties: disagreed + same + count(&|own| own == Ruling::Tie),
            orders_disagree: disagreed,
            same_text: same,
            no_verdict: missing + count(&|own| own == Ruling::None),
            missing,
            longer_preferred: Decimal::ratio(longer, all),
            characters: mean(0).zip(mean(1)).map(|(base, head)| [base, head]),
            agreement: Agreement {
                labelled: judged.labelled,
                unanswered: judged.unanswered,
                share: Decimal::ratio(agreed, asked),
                kappa: if asked == 0 { None } else { Confusion::kappa(confusion).map(Decimal) },
            },
            trusted: judged.doubts.is_empty(),
            doubts: judged.doubts.clone(),
            comparison,
        }
    }
}
