//! The report of `break-even`.

use schemars::JsonSchema;
use serde::Serialize;

use super::inert;
use crate::cost::break_even::{Answer, Verdict};
use crate::pipeline::Build;
use crate::pipeline::model::ModelBuild;
use crate::syntax::quantity::Usd;

/// What `break-even --format json` prints. Amounts are US dollars in decimals, exact.
#[derive(Debug, Serialize, JsonSchema)]
pub struct BreakEvenReport {
    /// `contexture.break-even/1`.
    pub schema: &'static str,
    /// The context.
    pub id: String,
    /// The model that is used today.
    pub model: String,
    /// The tuned model.
    pub tuned_model: String,
    /// A call today: expected at the declared traffic, else warm.
    pub base: Option<Usd>,
    /// A call of the tuned model.
    pub tuned: Option<Usd>,
    /// Calls after which training has paid for itself; null when it never does or a price is unknown.
    pub calls: Option<u64>,
    /// The same if every call today found the cache warm.
    pub calls_warm: Option<u64>,
    /// The same if none were cached.
    pub calls_uncached: Option<u64>,
    /// Calls that are to come; null without traffic.
    pub volume: Option<u64>,
    /// What to do.
    pub verdict: Verdict,
    /// Why.
    pub reason: String,
    /// What the verdict depends on.
    pub depends_on: Vec<String>,
    /// What was assumed.
    pub assumptions: Vec<String>,
}

/// As JSON with a final line break.
pub fn json(build: &Build, today: &ModelBuild, tuned_model: &str, answer: &Answer) -> String {
    super::json(&BreakEvenReport {
        schema: "contexture.break-even/1",
        id: build.id.to_string(),
        model: today.name.clone(),
        tuned_model: tuned_model.to_owned(),
        base: answer.base,
        tuned: answer.tuned,
        calls: answer.calls,
        calls_warm: answer.calls_warm,
        calls_uncached: answer.calls_uncached,
        volume: answer.volume,
        verdict: answer.verdict,
        reason: answer.reason.clone(),
        depends_on: answer.depends_on.clone(),
        assumptions: answer.assumptions.clone(),
    })
}

/// For people: the verdict, then why, then what it rests on.
pub fn text(build: &Build, today: &ModelBuild, tuned_model: &str, answer: &Answer) -> String {
    let verdict = match answer.verdict {
        Verdict::KeepPrompting => "Keep prompting",
        Verdict::ItDepends => "It depends",
        Verdict::FineTune => "Fine-tune",
        Verdict::Unknown => "Cannot be told",
    };
    let mut drawn = format!("{verdict}: {}.\n\n", answer.reason);
    drawn.push_str(&format!(
        "  today     {} with {}: {} a call\n",
        build.id,
        today.name,
        super::cost::amount(answer.base)
    ));
    drawn.push_str(&format!("  tuned     {tuned_model}: {} a call\n", super::cost::amount(answer.tuned)));
    for (heading, list) in [("It depends on", &answer.depends_on), ("Assumed", &answer.assumptions)] {
        if !list.is_empty() {
            drawn.push_str(&format!("\n{heading}:\n"));
            list.iter().for_each(|line| drawn.push_str(&format!("  - {line}\n")));
        }
    }
    inert::terminal(&drawn)
}
