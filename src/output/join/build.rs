//! Reports of `check` and `build`.

use serde_json::Value;

use super::{Joined, Part, agreed, contexts, listed};
use crate::syntax::error::Error;

pub(super) fn join(parts: &[Part]) -> Result<Joined, Error> {
    let mut report = agreed(parts, &["contexts", "broken"])?;
    let (built, broken) = (contexts(parts, "contexts")?, contexts(parts, "broken")?);
    let is_broken = !broken.is_empty();
    let budgets = built.values().filter_map(|context| context.get("budgets")?.as_array()).flatten();
    let is_blocked = budgets.filter_map(|budget| budget.get("blocks")).any(|blocks| *blocks == Value::Bool(true));
    report.insert("contexts".to_owned(), listed(built));
    report.insert("broken".to_owned(), listed(broken));
    Ok(Joined { report, is_broken, is_blocked })
}
