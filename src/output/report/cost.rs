//! Money for people: what a call and a month cost, and how sure that is.

use std::collections::BTreeMap;

use super::text::{counted, grouped};
use crate::cost::planner::words::money;
use crate::pipeline::Build;
use crate::pipeline::measured::OUTDATED;
use crate::pipeline::model::ModelBuild;
use crate::syntax::quantity::Usd;

/// An amount, `?` where it is not known.
pub fn amount(usd: Option<Usd>) -> String {
    usd.map_or_else(|| "?".to_owned(), money)
}

/// An amount for a narrow column: cents from a dollar on, below that three significant digits, rounded
/// half to even.
pub fn brief(usd: Usd) -> String {
    const DOLLAR: u128 = 1_000_000_000_000_000;
    let magnitude = usd.femto.unsigned_abs();
    if magnitude == 0 || magnitude >= DOLLAR {
        return money(usd);
    }
    let leading = (1..15).find(|places| magnitude >= DOLLAR / 10u128.pow(*places)).unwrap_or(15);
    let sign = if usd.femto < 0 { "-" } else { "" };
    let decimal = Usd { femto: usd.femto.saturating_abs() }.rounded((leading + 2).min(15));
    format!("{sign}${}", decimal.trim_end_matches('0').trim_end_matches('.'))
}

/// A model's bill in lines.
pub fn lines(model: &ModelBuild) -> String {
    let bill = &model.bill;
    let mut drawn = format!(
        "    a call: {} uncached, {} cold, {} warm",
        amount(bill.uncached),
        amount(bill.cold),
        amount(bill.warm)
    );
    match (bill.expected, bill.month) {
        (Some(expected), Some(month)) => {
            drawn.push_str(&format!(", {} expected; a month: {}\n", money(expected), money(month)))
        }
        _ => drawn.push_str("; no `traffic`, so no figures for a month\n"),
    }
    if let Some(missing) = bill.missing().filter(|_| bill.cold.is_some()) {
        drawn.push_str(&format!("    without {missing}: what the input costs\n"));
    }
    if bill.read > 0 {
        let share = bill.read.saturating_mul(100) / model.tokens.total().max(1);
        let promise = if bill.is_promised { "the provider promises it" } else { "the provider promises nothing" };
        drawn.push_str(&format!(
            "    a warm call reads {} tokens ({share}% of the input) from the cache; {promise}\n",
            grouped(bill.read)
        ));
    }
    if let Some(saves) = bill.saves {
        let what = if saves < Usd::ZERO { "costs" } else { "saves" };
        let magnitude = if saves < Usd::ZERO { Usd::ZERO - saves } else { saves };
        drawn.push_str(&format!("    caching {what} {} a month at this traffic\n", money(magnitude)));
    }
    if let Some(deploy) = bill.deploy.filter(|deploy| *deploy > Usd::ZERO) {
        drawn.push_str(&format!("    the first call after a deploy costs {} more than a warm one\n", money(deploy)));
    }
    drawn
}

/// Which tokens were counted by providers, and which prompts have changed since; nothing where no count is recorded.
pub fn measured<'a>(builds: impl Iterator<Item = &'a Build> + Clone) -> String {
    let mut by: BTreeMap<(&str, String), usize> = BTreeMap::new();
    let models = builds.clone().flat_map(|build| &build.models);
    for count in models.clone().filter_map(|model| Some(&model.measured.as_ref()?.count)) {
        *by.entry((&count.source, count.day.to_string())).or_default() += 1;
    }
    let mut drawn = String::new();
    let all = models.count();
    for ((source, day), number) in by {
        let what = if all == 1 { "tokens".to_owned() } else { format!("tokens of {number} of {all} models") };
        drawn.push_str(&format!("measured on {day}: {what}, counted by {source}\n"));
    }
    let notes: Vec<_> = builds.flat_map(|build| &build.warnings).filter(|one| one.code == OUTDATED).collect();
    match notes.as_slice() {
        [] => {}
        [one] => drawn.push_str(&format!("{}; {}\n", one.message, one.hint.as_deref().unwrap_or_default())),
        many => drawn.push_str(&format!(
            "{} of prompts that have changed are estimated again; run `contexture count --remote`\n",
            counted(many.len(), "count")
        )),
    }
    drawn
}

/// One line that says whose word the figures rest on; `None` where all is documented.
pub fn doubts<'a>(models: impl Iterator<Item = &'a ModelBuild>) -> Option<String> {
    let models: BTreeMap<&str, &ModelBuild> = models.map(|model| (&*model.card.name, model)).collect();
    let names = |wanted: &dyn Fn(&ModelBuild) -> bool| -> Vec<&str> {
        models.iter().filter(|(_, model)| wanted(model)).map(|(name, _)| *name).collect()
    };
    let third_party = names(&|model| model.doubts.third_party.contains("prices"));
    let conflicts = names(&|model| !model.doubts.conflicts.is_empty());
    let mut parts = Vec::new();
    if !third_party.is_empty() {
        parts.push(format!("prices by third parties: {}", third_party.join(", ")));
    }
    if !conflicts.is_empty() {
        parts.push(format!("sources disagree: {}", conflicts.join(", ")));
    }
    (!parts.is_empty()).then(|| format!("{}; `contexture models NAME` tells who says what\n", parts.join("; ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_narrow_column_shows_three_digits_below_a_dollar() {
        let shown = |written| brief(Usd::parse(written).unwrap());
        assert_eq!(
            ["0", "14196.345", "1.005", "0.9996", "0.0654186", "0.00083062", "0.0000001"].map(shown),
            ["$0", "$14,196.34", "$1.00", "$1", "$0.0654", "$0.000831", "$0.0000001"]
        );
    }
}
