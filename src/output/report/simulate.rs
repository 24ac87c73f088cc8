//! The report of `simulate`.

use super::text::{Table, grouped};
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
