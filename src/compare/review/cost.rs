//! A limit on what a change may add to a month, and whether it is kept.

use std::collections::BTreeMap;
use std::str::FromStr;

use super::{ModelTotal, Review, totals};
use crate::compare::delta::Pair;
use crate::cost::planner::words::money;
use crate::pipeline::{Answer, BuildResult};
use crate::syntax::diag::Diagnostic;
use crate::syntax::quantity::{Share, Usd};

/// The most that a month may grow by with any model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CostLimit {
    /// A share of the month of the whole project with that model.
    Share(Share),
    /// Dollars.
    Dollars(Usd),
}

impl FromStr for CostLimit {
    type Err = &'static str;

    fn from_str(written: &str) -> Result<Self, Self::Err> {
        let limit = match written.ends_with('%') {
            true => Share::parse(written).map(Self::Share),
            false => Usd::parse(written).map(Self::Dollars),
        };
        limit.ok_or("a limit is a share of the month or US dollars, such as cost=5% or cost=50")
    }
}

/// A month of the contexts that a change cannot reach, for each model; `None` where it is not known.
pub(super) fn months(results: &[BuildResult]) -> BTreeMap<String, Option<Usd>> {
    let mut months: BTreeMap<String, Option<Usd>> = BTreeMap::new();
    for model in results.iter().filter_map(BuildResult::build).flat_map(|build| &build.models) {
        let sum = months.entry(model.name.clone()).or_insert(Some(Usd::ZERO));
        // Without traffic there is no month that the change could be measured by.
        *sum = sum.and_then(|sum| sum.plus(model.bill.month.unwrap_or_default()));
        if model.bill.warm.is_none() || model.bill.month.is_some() && model.bill.missing().is_some() {
            *sum = None;
        }
    }
    months
}

/// Holds what a change adds to a month, today or from an announced day on, against the limit; says what is over it, or
/// not known.
pub(super) fn cost(review: &Review, limit: CostLimit) -> (Answer, Vec<Diagnostic>) {
    let (mut answer, mut said) = (Answer::Yes, Vec::new());
    for total in totals(&review.contexts) {
        match excess(review, &total, limit) {
            Ok(None) => {}
            Ok(Some(sentence)) => {
                answer = answer.max(Answer::No);
                said.push(Diagnostic::error("cost", sentence));
            }
            Err(why) => {
                answer = answer.max(Answer::Open);
                said.push(Diagnostic::open("cost-unknown", why).for_model(&total.model));
            }
        }
    }
    (answer, said)
}

/// By what a model's month is over the limit; an error says what of it is not known.
fn excess(review: &Review, total: &ModelTotal, limit: CostLimit) -> Result<Option<String>, String> {
    if total.without_traffic > 0 {
        let contexts = total.without_traffic;
        return Err(format!(
            "{contexts} of the contexts that differ declare no `traffic`, so what a month of them costs is not known"
        ));
    }
    if total.one_sided > 0 {
        return Err(format!(
            "{} of the contexts that differ declare `traffic` on one side only, so what the change adds to a month is not \
             known",
            total.one_sided
        ));
    }
    if total.partial > 0 {
        return Err(format!(
            "{} of the contexts that differ do not say how large their answers are (`output.tokens`), or an input (its \
             `tokens`), so what a month of them costs is not known",
            total.partial
        ));
    }
    let announced = total.announced.as_ref().map(|announced| (format!(" from {} on", announced.day), announced.month));
    for (when, month) in [(String::new(), total.month)].into_iter().chain(announced) {
        let Pair { base: Some(base), head: Some(head) } = month else {
            return Err(
                "a price or the size of the answers is not known, and so what the change adds to a month".to_owned()
            );
        };
        let more = head - base;
        let (is_over, limit) = match limit {
            CostLimit::Dollars(most) => (more > most, money(most)),
            CostLimit::Share(share) => {
                let others = review.untouched_months.get(total.replaces.as_ref().unwrap_or(&total.model));
                let others = others.copied().unwrap_or(Some(Usd::ZERO));
                let others = others.ok_or(
                    "a price or the size of the answers of the other contexts is not known, and so their month",
                )?;
                let whole = base + others;
                let most = whole.femto.checked_mul(i128::from(share.millionths)).map(|most| most / 1_000_000);
                let shown = format!("{share} of {}", money(whole));
                (most.is_none_or(|most| more.femto > most), shown)
            }
        };
        if is_over && more > Usd::ZERO {
            let model = &total.model;
            return Ok(Some(format!(
                "the change adds {} to a month with {model}{when}, over the limit of {limit}",
                money(more)
            )));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_a_share_or_dollars() {
        let dollars = |written| Some(CostLimit::Dollars(Usd::parse(written)?));
        assert_eq!("50".parse().ok(), dollars("50"));
        assert_eq!("5%".parse().ok(), Share::parse("5%").map(CostLimit::Share));
        for wrong in ["", "%", "-1", "5 dollars", "lots"] {
            assert!(wrong.parse::<CostLimit>().is_err(), "{wrong}");
        }
    }
}
