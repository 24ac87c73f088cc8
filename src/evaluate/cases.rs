//! The cases of a context, read from the files of `eval.cases`. Everything that is wrong with them is said before
//! anybody is asked.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{Case, CaseSet};
use crate::prompt::chain::cases_digest;
use crate::syntax::diag::{Diagnostic, Faults, did_you_mean};
use crate::syntax::source::Span;
use crate::text::examples::{self, Example};
use crate::text::resolve::Plan;

/// How often one case may be asked.
const MAX_REPEATS: u64 = 1_000;
/// The keys of a record that are no input.
const KEYS: [&str; 6] = ["inputs", "expect", "id", "tags", "repeats", "pass"];

/// The cases of a context; `None` after reporting what is wrong with them.
pub fn read(plan: &Plan, faults: &mut Faults) -> Option<CaseSet> {
    let eval = plan.manifest.eval.as_ref().filter(|eval| !eval.cases.0.is_empty());
    let Some(eval) = eval else {
        let message = format!("{} has no cases to evaluate", plan.id);
        let fault = Diagnostic::error("missing-cases", message).in_file(&plan.manifest_path);
        faults.push(fault.hint("write some, and name their file: `eval: {cases: eval/cases.jsonl}`"));
        return None;
    };
    let before = faults.has_errors();
    let repeats = eval.repeats.as_ref().and_then(|repeats| count(repeats.value, &repeats.span, faults));
    let mut reader = Reader { plan, repeats: repeats.unwrap_or(1), ids: HashMap::new(), faults };
    let mut cases = Vec::new();
    for file in &plan.cases {
        let records = examples::records(&file.source, reader.faults).unwrap_or_default();
        cases.extend(records.into_iter().filter_map(|record| reader.case(record)));
    }
    if cases.is_empty() && !faults.has_errors() {
        let at = eval.cases.0.first().map_or(&eval.span, |pattern| &pattern.span);
        faults.push(Diagnostic::error("missing-cases", "the files hold no cases").at(at));
    }
    (before || !faults.has_errors()).then(|| CaseSet::of(cases)).filter(|set| !set.cases.is_empty())
}

/// A number of repeats that can be asked.
fn count(repeats: u64, span: &Span, faults: &mut Faults) -> Option<u32> {
    let count = u32::try_from(repeats).ok().filter(|_| (1..=MAX_REPEATS).contains(&repeats));
    if count.is_none() {
        let message = format!("a case is asked 1 to {MAX_REPEATS} times, not {repeats}");
        faults.push(Diagnostic::error("bad-repeats", message).at(span));
    }
    count
}

/// What is wrong with asking these cases with the prompt of another plan: that of a head, or of a variant.
pub fn misfits(set: &CaseSet, plan: &Plan) -> Vec<Diagnostic> {
    let missing = |case: &Case| {
        let name = plan.manifest.inputs.iter().find(|(key, _)| !case.inputs.contains_key(&key.text))?.0;
        let message = format!("case `{}` has no value for the input `{}` of {}", case.id, name.text, plan.id);
        let hint = "both sides are asked the cases of the base: a prompt with another input has other cases";
        Some(Diagnostic::error("missing-input", message).at(&case.span).hint(hint))
    };
    set.cases.iter().filter_map(missing).collect()
}

/// What the lint `held-out-example` has found, as an error: a model that was shown the answer is not measured.
pub fn leaks(warnings: &[Diagnostic]) -> impl Iterator<Item = Diagnostic> {
    let leaks = warnings.iter().filter(|warning| warning.code == "held-out-example");
    leaks.map(|leak| Diagnostic { severity: crate::syntax::diag::Severity::Error, ..leak.clone() })
}

impl CaseSet {
    /// The set of these cases.
    pub fn of(cases: Vec<Case>) -> Self {
        let said = |case: &Case| json!([case.id, case.inputs, case.expect, case.repeats, case.pass]);
        let mut all: Vec<Value> = cases.iter().map(said).collect();
        all.sort_by_cached_key(Value::to_string);
        let digest = cases_digest(Value::Array(all).to_string().as_bytes());
        Self { cases, digest }
    }

    /// The cases of the head that its base does not have, or has otherwise. Both sides are asked those of the base;
    /// these are asked of the head alone, and counted apart.
    pub fn new_in(&self, head: &CaseSet) -> CaseSet {
        let own: HashMap<&str, &Case> = self.cases.iter().map(|case| (&*case.id, case)).collect();
        let is_same =
            |case: &Case| own.get(&*case.id).is_some_and(|own| own.inputs == case.inputs && own.expect == case.expect);
        Self::of(head.cases.iter().filter(|case| !is_same(case)).cloned().collect())
    }
}

struct Reader<'a, 'f> {
    plan: &'a Plan,
    repeats: u32,
    /// Where each id was seen first.
    ids: HashMap<Arc<str>, Span>,
    faults: &'f mut Faults,
}

impl Reader<'_, '_> {
    fn case(&mut self, record: Example) -> Option<Case> {
        let Example { index, meta, span, .. } = record;
        let id = match meta.get("id") {
            None | Some(Value::Null) => index.to_string().into(),
            Some(Value::String(id)) if !id.trim().is_empty() => Arc::from(id.as_str()),
            Some(Value::Number(id)) => id.to_string().into(),
            Some(_) => return self.refuse("bad-case", "the `id` of a case is text", &span),
        };
        if let Some(first) = self.ids.insert(Arc::clone(&id), span.clone()) {
            let place = format!("{}:{}", first.path(), first.line_column().0);
            let fault = Diagnostic::error("duplicate-case", format!("two cases have the id `{id}`")).at(&span);
            self.faults.push(fault.hint(format!("the first is at {place}; rename one of the two")));
            return None;
        }
        let inputs = self.inputs(&id, &meta, &span)?;
        let tags = match meta.get("tags") {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::String(tags)) => tags.split(',').map(|tag| Arc::from(tag.trim())).collect(),
            Some(Value::Array(tags)) if tags.iter().all(Value::is_string) => {
                tags.iter().filter_map(Value::as_str).map(Arc::from).collect()
            }
            Some(_) => return self.refuse("bad-case", "`tags` is a list of texts", &span),
        };
        let (repeats, pass) = self.repeats(&meta, &span)?;
        let expect = meta.get("expect").cloned().unwrap_or_default();
        Some(Case { id, inputs, expect, tags, repeats, pass, span })
    }

    /// The inputs: under `inputs`, or beside it, a column of a table each (`ticket`, `inputs.ticket`).
    fn inputs(&mut self, id: &str, meta: &Map<String, Value>, span: &Span) -> Option<BTreeMap<Arc<str>, Value>> {
        let names: Vec<&Arc<str>> = self.plan.manifest.inputs.iter().map(|(key, _)| &key.text).collect();
        let within = match meta.get("inputs") {
            None | Some(Value::Null) => None,
            Some(Value::Object(inputs)) => Some(inputs),
            Some(_) => return self.refuse("bad-case", "`inputs` is a map of the context's inputs", span),
        };
        let written = within.into_iter().flat_map(Map::keys).map(String::as_str);
        let dotted = meta.keys().filter_map(|key| key.strip_prefix("inputs."));
        let unknown = written.chain(dotted).find(|name| names.iter().all(|own| **own != Arc::from(*name)));
        if let Some(name) = unknown {
            let message = format!("case `{id}` gives the input `{name}`, which {} does not have", self.plan.id);
            let hint = did_you_mean(name, names.iter().map(|name| &***name));
            self.faults.push(Diagnostic::error("unknown-input", message).at(span).maybe_hint(hint));
            return None;
        }
        let mut inputs = BTreeMap::new();
        for name in names {
            let beside = || meta.get(&**name).filter(|_| !KEYS.contains(&&**name));
            let value = within.and_then(|inputs| inputs.get(&**name));
            let Some(value) = value.or_else(|| meta.get(&format!("inputs.{name}"))).or_else(beside) else {
                let message = format!("case `{id}` has no value for the input `{name}`");
                let fault = Diagnostic::error("missing-input", message).at(span);
                self.faults.push(fault.hint(format!("write it: {{\"inputs\": {{\"{name}\": …}}, \"expect\": …}}")));
                return None;
            };
            inputs.insert(Arc::clone(name), value.clone());
        }
        Some(inputs)
    }

    /// How often a case is asked, and how often it has to be right: `repeats: 5`, `pass: 3` or `pass: 3 of 5`.
    fn repeats(&mut self, meta: &Map<String, Value>, span: &Span) -> Option<(u32, u32)> {
        let number = |value: &Value| value.as_u64().or_else(|| value.as_str()?.trim().parse().ok());
        let given = |key: &str| meta.get(key).filter(|value| !value.is_null() && value.as_str() != Some(""));
        let mut repeats = match given("repeats") {
            None => self.repeats,
            Some(value) => {
                let Some(written) = number(value) else {
                    return self.refuse("bad-repeats", "`repeats` is a whole number", span);
                };
                count(written, span, self.faults)?
            }
        };
        let pass = match given("pass") {
            None => return Some((repeats, repeats)),
            Some(Value::String(written)) if written.contains(" of ") => {
                let (pass, of) = written.split_once(" of ")?;
                let Some(of) = of.trim().parse().ok() else {
                    return self.refuse("bad-repeats", "`pass` is written as `3 of 5`", span);
                };
                repeats = count(of, span, self.faults)?;
                pass.trim().parse().ok()
            }
            Some(value) => number(value).and_then(|pass| u32::try_from(pass).ok()),
        };
        match pass.filter(|pass| (1..=repeats).contains(pass)) {
            Some(pass) => Some((repeats, pass)),
            None => {
                let message = format!("`pass` says how many of {repeats} answers must be right, 1 to {repeats}");
                self.refuse("bad-repeats", &message, span)
            }
        }
    }

    fn refuse<T>(&mut self, code: &'static str, message: &str, span: &Span) -> Option<T> {
        self.faults.push(Diagnostic::error(code, message).at(span));
        None
    }
}

#[cfg(test)]
pub(super) mod tests;
