//! The report of `advise`: one page, the verdict first.

use super::cost::amount;
use super::inert;
use super::text::grouped;
use crate::evaluate::advice::{Advice, Item, State};

/// For people.
pub fn text(advice: &Advice) -> String {
    let mut drawn = format!("{}\n", advice.sentence);
    for (heading, items) in [("Checklist", &advice.checklist), ("For and against tuning", &advice.tree)] {
        drawn.push_str(&format!("\n{heading} of {} with {}\n", advice.context, advice.model));
        for item in items {
            drawn.push_str(&format!("  {:<14} {}: {}\n", mark(item), item.about, item.found));
            drawn.push_str(&format!("  {:14} wanted: {}\n", "", item.threshold));
            if let Some(next) = next(item) {
                drawn.push_str(&format!("  {:14} next: {next}\n", ""));
            }
        }
    }
    for line in ends(advice) {
        drawn.push_str(&format!("\n{line}"));
    }
    inert::terminal(&(drawn.trim_end().to_owned() + "\n"))
}

/// For a comment on a pull request.
pub fn markdown(advice: &Advice) -> String {
    let mut drawn = format!("### {}\n\n", inert::markdown(&advice.sentence));
    drawn.push_str("| item | state | found | wanted | next |\n|---|---|---|---|---|\n");
    for item in advice.checklist.iter().chain(&advice.tree) {
        let cells = [
            item.about.to_owned(),
            mark(item).to_owned(),
            item.found.clone(),
            item.threshold.clone(),
            next(item).unwrap_or_default(),
        ];
        let cells = cells.map(|cell| inert::markdown(&cell));
        drawn.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    for line in ends(advice) {
        drawn.push_str(&format!("\n{}\n", inert::markdown(&line)));
    }
    drawn
}

fn mark(item: &Item) -> &'static str {
    match item.state {
        State::Met => "met",
        State::Open => "open",
        State::Unknown => "unknown",
        State::NotApplicable => "does not apply",
    }
}

fn next(item: &Item) -> Option<String> {
    let next = item.next.as_ref()?;
    Some(match item.usd {
        Some(usd) => format!("{next}; about {} for the answers", amount(Some(usd))),
        None => next.clone(),
    })
}

/// What training costs and saves, and what was measured of both sides.
fn ends(advice: &Advice) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(answer) = &advice.break_even {
        let months = advice
            .months
            .map_or(String::new(), |months| format!(", in {} months at the declared traffic", grouped(months)));
        let calls = answer
            .calls
            .map_or("never, or it is not known".to_owned(), |calls| format!("after {} calls{months}", grouped(calls)));
        lines.push(format!(
            "Training pays {calls}: {} a call today, {} tuned",
            amount(answer.base),
            amount(answer.tuned)
        ));
    }
    for side in &advice.measured {
        let right = side.right.map_or("an unknown share".to_owned(), |right| format!("{:.1} %", right.0 * 100.0));
        lines.push(format!(
            "Measured: {} is right in {right} of the cases, at {} a call",
            side.model,
            amount(side.usd)
        ));
    }
    lines
}
