//! Reports of `log`.

use super::{Joined, Part, agreed};
use crate::syntax::error::Error;

/// What the part says that the context is in; the others say nothing of it.
const TOLD: [&str; 3] = ["commits", "left_out", "cut_off"];

pub(super) fn join(parts: &[Part]) -> Result<Joined, Error> {
    let mut report = agreed(parts, &TOLD)?;
    let holds = |part: &&Part| part.text("id").is_ok_and(|id| part.shard.holds(id));
    for part in parts.iter().filter(holds) {
        for key in TOLD {
            let told = part.body.get(key).ok_or_else(|| part.lacks(key))?;
            report.insert(key.to_owned(), told.clone());
        }
    }
    Ok(Joined { report, is_broken: false, is_blocked: false })
}
