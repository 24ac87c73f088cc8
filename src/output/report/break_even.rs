//! The report of `break-even`.

use schemars::JsonSchema;
use serde::Serialize;

use super::inert;
use crate::cost::break_even::{Answer, Verdict};
use crate::pipeline::Build;
use crate::pipeline::model::ModelBuild;

/// What `break-even --format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub struct BreakEvenReport<'a> {
    /// `contexture.break-even/1`.
    pub schema: &'static str,
    /// The context.
    pub id: String,
    /// The model that is used today.
    pub model: &'a str,
    /// The tuned model.
    pub tuned_model: &'a str,
    /// What to do, and why.
    #[serde(flatten)]
    pub answer: &'a Answer,
}

/// As JSON with a final line break.
pub fn json(build: &Build, today: &ModelBuild, tuned_model: &str, answer: &Answer) -> String {
    let id = build.id.to_string();
    super::json(&BreakEvenReport { schema: "contexture.break-even/1", id, model: &today.name, tuned_model, answer })
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
    inert::words(&drawn)
}
