//! Announced days: when the prices or rules of a model change after today, and how; and when it retires.

use std::collections::BTreeSet;

use crate::cost::bill::Bill;
use crate::cost::budget::{Bills, Later};
use crate::cost::cards::{Card, CardAt, Choices, Date, is_near};
use crate::cost::planner::words::{money, per_million};
use crate::cost::rules::{Model, Price, Rates};
use crate::syntax::diag::Diagnostic;

/// The bills of every day after `today` on which the card says something new about prices or the
/// cache, by day. `bills` prices the context as the card stands on a day.
pub fn ahead(card: &Card, choices: &Choices, today: Date, mut bills: impl FnMut(CardAt<'_>) -> Bills) -> Vec<Later> {
    let changes = card.changes();
    let about = |path: &str| ["prices", "multipliers", "storage", "cache"].iter().any(|fact| path.starts_with(fact));
    let days: BTreeSet<Date> = changes
        .iter()
        .filter(|change| change.day.0 > today && about(&change.path))
        .map(|change| change.day.0)
        .collect();
    let mut before = card.at(today).model(choices);
    let mut later = Vec::new();
    for day in days {
        let at = card.at(day);
        let after = at.model(choices);
        later.push(Later { day, because: because(&before, &after), bills: bills(at) });
        before = after;
    }
    later
}

/// A warning for each change of `later` within 60 days that makes another bill.
pub fn price_warnings(today: Date, mut before: Bill, later: &[Later]) -> Vec<Diagnostic> {
    let mut warnings = Vec::new();
    for Later { day, because, bills } in later.iter().filter(|later| is_near(today, later.day)) {
        let after = bills.at;
        if (before.month, before.uncached) != (after.month, after.uncached) {
            let costs = instead(&after, &before).unwrap_or_else(|| "what it then costs is not known".to_owned());
            let hint = format!("`contexture check --as-of {day}` says what holds then");
            let warning = Diagnostic::warning("price-change", format!("{because} on {day}: {costs}")).hint(hint);
            warnings.push(measured(warning, &after));
        }
        before = after;
    }
    warnings
}

/// A warning that a model retires, or has: its day, its successor, and what the context costs there.
pub fn retirement_warning(
    today: Date,
    name: &str,
    (day, successor): (Date, Option<&str>),
    bill: &Bill,
    there: Option<Bill>,
) -> Diagnostic {
    let message = match day > today {
        true => format!("{name} retires on {day}"),
        false => format!(
            "{name} is retired since {day}: its requests fail, or another model answers them and is what is billed"
        ),
    };
    let costs = there.as_ref().and_then(|there| instead(there, bill));
    let hint = match (successor, costs) {
        (Some(other), Some(costs)) => format!("the vendor names {other} as its successor: {costs}"),
        (Some(other), None) => format!(
            "the vendor names {other} as its successor; `contexture check --model {other}` says what it costs there"
        ),
        (None, _) => "no source names a successor; `contexture models` lists the others".to_owned(),
    };
    let warning = Diagnostic::warning("retiring-model", message).hint(hint);
    there.map_or(warning.clone(), |there| measured(warning, &there))
}

/// A warning whose figure is what a month then costs, or an uncached call, in billionths of a dollar.
fn measured(warning: Diagnostic, then: &Bill) -> Diagnostic {
    let nano = then.month.or(then.uncached).and_then(|amount| u64::try_from(amount.femto / 1_000_000).ok());
    match nano {
        Some(nano) => warning.measuring(nano),
        None => warning,
    }
}

/// What a month costs with one bill instead of another, or an uncached call where no month is known.
fn instead(bill: &Bill, before: &Bill) -> Option<String> {
    let figures = |what, now: Option<_>, then: Option<_>| Some((what, now?, then?));
    let (what, now, then) = figures("a month", bill.month, before.month)
        .or_else(|| figures("an uncached call", bill.uncached, before.uncached))?;
    let bare = bill.missing().map_or_else(String::new, |missing| format!(", without {missing}"));
    Some(match now == then {
        true => format!("{what} costs {}, as before{bare}", money(now)),
        false => format!("{what} costs {} instead of {}{bare}", money(now), money(then)),
    })
}

/// What happens between two days: "gemini-4-argon doubles", "gpt-6's input price goes from $2 to
/// $3 a million".
fn because(before: &Model, after: &Model) -> String {
    let name = &after.name;
    let (Some(old), Some(new)) = (&before.prices, &after.prices) else {
        return format!("the rules of {name} change");
    };
    if doubles(&old.base, &new.base) {
        return format!("{name} doubles");
    }
    let kinds = [
        ("input price", old.base.input, new.base.input),
        ("output price", old.base.output, new.base.output),
        ("cache read price", old.base.read, new.base.read),
        ("storage price", old.storage, new.storage),
    ];
    for (kind, old, new) in kinds {
        match (old, new) {
            (Some(old), Some(new)) if old != new => {
                return format!("{name}'s {kind} goes from {} to {} a million", per_million(old), per_million(new));
            }
            (Some(_), None) => return format!("{name}'s {kind} is no longer known"),
            (None, Some(new)) => return format!("{name}'s {kind} becomes {} a million", per_million(new)),
            _ => {}
        }
    }
    format!("the {} of {name} change", if old == new { "rules" } else { "prices" })
}

/// Whether every known price is twice what it was.
fn doubles(old: &Rates, new: &Rates) -> bool {
    let twice = |old: Option<Price>, new: Option<Price>| match (old, new) {
        (Some(old), Some(new)) => old.nano.checked_mul(2) == Some(new.nano),
        (None, None) => true,
        _ => false,
    };
    old.input.is_some()
        && twice(old.input, new.input)
        && twice(old.output, new.output)
        && twice(old.read, new.read)
        && old.write.len() == new.write.len()
        && old.write.iter().all(|(ttl, price)| twice(Some(*price), new.write(*ttl)))
}
