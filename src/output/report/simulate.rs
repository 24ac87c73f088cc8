//! The report of `simulate`.

use super::text::{Table, grouped};
use crate::audit::trace::TraceReport;
use crate::cost::planner::words::money;
use crate::cost::scenario::Report;

/// For people: a row a request.
pub fn text(report: &Report) -> String {
    let mut table = Table::new(&["at s>", "read>", "written>", "uncached>", "cost, input tokens>", "USD>"]);
    let mut bands = String::new();
    for request in &report.requests {
        let written: Vec<String> =
            request.write.0.iter().map(|(ttl, tokens)| format!("{} for {ttl}", grouped(*tokens))).collect();
        table.row([
            request.at.to_string(),
            grouped(request.read),
            if written.is_empty() { "-".to_owned() } else { written.join(", ") },
            grouped(request.uncached),
            request.cost_bit.clone().unwrap_or_else(|| "unknown".to_owned()),
            request.cost_usd.clone().unwrap_or_else(|| "unknown".to_owned()),
        ]);
        if let (Some(guaranteed), Some(expected), Some(upper)) = (request.guaranteed, request.expected, request.upper) {
            let (at, [least, likely, most]) = (request.at, [guaranteed, expected, upper].map(grouped));
            bands.push_str(&format!(
                "at {at} s: {least} tokens are sure to be read, {likely} are expected, {most} at most\n"
            ));
        }
    }
    let mut drawn = table.draw(0);
    drawn.push_str(&bands);
    for (what, amount) in [("storage", &report.storage_usd), ("all together", &report.total_usd)] {
        if let Some(amount) = amount {
            drawn.push_str(&format!("{what}: {} USD\n", amount.as_deref().unwrap_or("unknown")));
        }
    }
    drawn
}

/// A trace for people.
pub fn trace(report: &TraceReport) -> String {
    let tenths = u128::from(report.read) * 1000 / u128::from(report.input.max(1));
    let read = format!("{} ({}.{}%)", grouped(report.read), tenths / 10, tenths % 10);
    let mut table = Table::new(&["requests>", "input>", "read>", "written>", "uncached>", "read nothing>", "cost>"]);
    table.row([
        grouped(report.requests),
        grouped(report.input),
        read,
        grouped(report.written),
        grouped(report.uncached),
        grouped(report.cold),
        report.usd.map_or_else(|| "-".to_owned(), money),
    ]);
    let context = report.context.as_ref().map(|id| format!("{id} on ")).unwrap_or_default();
    let seed = report.seed.map(|seed| format!(", times drawn with seed {seed}")).unwrap_or_default();
    let mut drawn = format!("{context}{} over {} s{seed}\n{}", report.model, grouped(report.seconds), table.draw(0));
    if let Some(first) = &report.first_left_out {
        let lines = grouped(report.left_out);
        drawn.push_str(&format!("{lines} lines are no request and are in no sum, the first at {first}\n"));
    }
    if report.unmarked {
        drawn.push_str("nothing was cached: the model caches what a request marks, and a trace marks nothing\n");
    }
    if report.disordered > 0 {
        let some = grouped(report.disordered);
        drawn.push_str(&format!("{some} requests have a time before the one before: sent at that time\n"));
    }
    drawn
}
