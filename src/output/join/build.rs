//! Reports of `check` and `build`.

use serde_json::Value;

use super::{Joined, Part, agreed, contexts, listed};
use crate::output::report::top::{ModelSum, joined};
use crate::syntax::error::Error;

pub(super) fn join(parts: &[Part]) -> Result<Joined, Error> {
    let mut report = agreed(parts, &["as_of", "totals", "contexts", "broken"])?;
    let (built, broken) = (contexts(parts, "contexts")?, contexts(parts, "broken")?);
    let is_broken = !broken.is_empty();
    let budgets = built.values().filter_map(|context| context.get("budgets")?.as_array()).flatten();
    let is_blocked = budgets.filter_map(|budget| budget.get("blocks")).any(|blocks| *blocks == Value::Bool(true));
    // A part in which nothing was built has no day.
    let day = parts.iter().filter_map(|part| part.body.get("as_of")).find(|day| !day.is_null());
    report.insert("as_of".to_owned(), day.cloned().unwrap_or_default());
    let mut all: Vec<ModelSum> = Vec::new();
    for part in parts {
        for sum in part.list("totals")? {
            all.push(serde_json::from_value(sum.clone()).map_err(|_| part.lacks("totals"))?);
        }
    }
    // Plain data, which serialises to memory without fail.
    report.insert("totals".to_owned(), serde_json::to_value(joined(all)).unwrap_or_default());
    report.insert("contexts".to_owned(), listed(built));
    report.insert("broken".to_owned(), listed(broken));
    Ok(Joined { report, is_broken, is_blocked })
}
