//! Scorers: what an answer must be, by `eval.score`. All are deterministic; nothing here asks a model.

use std::collections::BTreeSet;
use std::sync::Arc;

use regex::Regex;
use serde_json::Value;

use super::{Case, CaseSet};
use crate::syntax::diag::{Diagnostic, Faults};
use crate::syntax::manifest::{AnswerSchema, Likeness, Test};
use crate::syntax::source::Span;
use crate::text::lint::BoundedSchema;
use crate::text::resolve::Plan;

/// A full score.
pub const FULL: i64 = 1000;
/// The most characters of an answer that a reason quotes.
const QUOTED: usize = 80;

/// The scorers of a context, ready for any number of answers.
#[derive(Debug)]
pub struct Scorers {
    scorers: Vec<Scorer>,
    /// Whether each counts by its weight; otherwise all must hold.
    weighted: bool,
    /// The labels that an answer may be, where one of the scorers asks for one.
    labels: Option<Vec<String>>,
}

#[derive(Debug)]
struct Scorer {
    name: &'static str,
    check: Check,
    weight: i64,
}

/// A test, compiled.
#[derive(Debug)]
enum Check {
    Equals(Likeness),
    OneOf(Vec<Arc<str>>),
    Contains(Vec<Arc<str>>),
    Regex(Option<Regex>),
    Json(Option<BoundedSchema>),
    Field(Vec<(String, String)>),
    Label { of: Vec<String>, at: Option<String> },
    Number { within: f64, at: Option<String> },
}

/// What one answer is worth.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Score {
    /// 0 to [`FULL`].
    pub points: i64,
    /// Why it is not full: the name of each scorer that does not hold, with its reason.
    pub reasons: Vec<String>,
    /// The label that was answered, where one was asked for; empty if the answer is none.
    pub label: Option<String>,
}

impl Scorers {
    /// The scorers of a plan, held against its cases; `None` after reporting what is wrong with either. Without any, an
    /// answer has to equal what is expected.
    pub fn of(plan: &Plan, set: &CaseSet, faults: &mut Faults) -> Option<Self> {
        let written = plan.manifest.eval.as_ref().map(|eval| eval.score.as_slice()).unwrap_or_default();
        let weighted = written.iter().any(|scorer| scorer.weight.is_some());
        let (mut scorers, mut is_whole) = (Vec::new(), true);
        let nothing = [(Test::Equals(Likeness::Trimmed), None, Span::file(&set.cases.first()?.span.source))];
        let given = written.iter().map(|scorer| (scorer.test.clone(), scorer.weight, scorer.span.clone()));
        let given: Vec<_> = if written.is_empty() { nothing.into() } else { given.collect() };
        for (test, weight, span) in given {
            match compiled(&test, plan, set) {
                Ok(check) => {
                    let weight = i64::try_from(weight.unwrap_or(1).min(1_000_000)).unwrap_or(1);
                    scorers.push(Scorer { name: test.name(), check, weight });
                }
                Err(message) => {
                    is_whole = false;
                    faults.push(Diagnostic::error("bad-scorer", message).at(&span));
                }
            }
        }
        if weighted && scorers.iter().all(|scorer| scorer.weight == 0) {
            let at = written.first().map(|scorer| scorer.span.clone())?;
            faults.push(Diagnostic::error("bad-scorer", "every scorer has the weight 0").at(&at));
            is_whole = false;
        }
        for case in &set.cases {
            if let Some((scorer, why)) = scorers.iter().find_map(|own| Some((own, own.check.misfit(case)?))) {
                let message = format!("`{}` cannot score case `{}`: {why}", scorer.name, case.id);
                faults.push(Diagnostic::error("wrong-expect", message).at(&case.span));
                is_whole = false;
            }
        }
        let labels = scorers.iter().find_map(|scorer| match &scorer.check {
            Check::Label { of, .. } => Some(of.clone()),
            _ => None,
        });
        is_whole.then_some(Self { scorers, weighted, labels })
    }

    /// The labels that an answer may be.
    pub fn labels(&self) -> Option<&[String]> {
        self.labels.as_deref()
    }

    /// The label that a case expects, where its answers are labels.
    pub fn expected_label<'a>(&self, case: &'a Case) -> Option<&'a str> {
        let at = self.scorers.iter().find_map(|scorer| match &scorer.check {
            Check::Label { at, .. } => Some(at.as_deref()),
            _ => None,
        })?;
        expected_at(&case.expect, at)?.as_str()
    }

    /// The score of an answer to a case.
    pub fn score(&self, case: &Case, answer: &str) -> Score {
        let mut score = Score::default();
        let (mut held, mut all) = (0, 0);
        let parsed = serde_json::from_str(answer.trim()).ok();
        let answer = Answer { text: answer, json: parsed.as_ref() };
        for scorer in &self.scorers {
            all += scorer.weight;
            match scorer.check.fault(case, &answer) {
                None => held += scorer.weight,
                Some(reason) => score.reasons.push(format!("{}: {reason}", scorer.name)),
            }
            if let Check::Label { of, at } = &scorer.check {
                score.label = Some(answer.label(of, at.as_deref()).unwrap_or_default().to_owned());
            }
        }
        score.points = match self.weighted {
            true => FULL * held / all.max(1),
            false if score.reasons.is_empty() => FULL,
            false => 0,
        };
        score
    }
}

/// A test made ready; or what is wrong with it.
fn compiled(test: &Test, plan: &Plan, set: &CaseSet) -> Result<Check, String> {
    let pointer = |at: &Option<crate::syntax::decode::Text>| match at {
        Some(at) if !at.value.is_empty() && !at.value.starts_with('/') => {
            Err(format!("`{}` is no JSON pointer: it begins with `/`", at.value))
        }
        at => Ok(at.as_ref().map(|at| at.value.to_string())),
    };
    Ok(match test {
        Test::Equals(likeness) => Check::Equals(*likeness),
        Test::OneOf(texts) => Check::OneOf(texts.clone()),
        Test::Contains(texts) => Check::Contains(texts.clone()),
        Test::Regex(None) => Check::Regex(None),
        Test::Regex(Some(pattern)) => Check::Regex(Some(pattern_of(&pattern.value)?)),
        Test::Json(AnswerSchema::Any) => Check::Json(None),
        Test::Json(AnswerSchema::Output) => match &plan.schema {
            Some(schema) => Check::Json(Some(validator(schema)?)),
            None => return Err("`schema: output` is `output.schema`, which this context does not have".to_owned()),
        },
        Test::Json(AnswerSchema::Inline(schema)) => Check::Json(Some(validator(&schema.to_json())?)),
        Test::Field(pairs) => {
            Check::Field(pairs.iter().map(|(own, other)| (own.value.to_string(), other.value.to_string())).collect())
        }
        Test::Label(labels) => {
            let at = pointer(&labels.at)?;
            let written: Vec<String> = labels.of.iter().map(|label| label.value.to_string()).collect();
            let expected = || set.cases.iter().filter_map(|case| expected_at(&case.expect, at.as_deref())?.as_str());
            let found = || expected().map(str::to_owned).collect::<BTreeSet<_>>().into_iter().collect();
            let of: Vec<String> = if written.is_empty() { found() } else { written };
            let same = |(at, label): (usize, &String)| of[..at].iter().any(|other| words(other) == words(label));
            if let Some((_, label)) = of.iter().enumerate().find(|label| same(*label)) {
                return Err(format!("the label `{label}` is there twice"));
            }
            Check::Label { of, at }
        }
        Test::Number(tolerance) => {
            let within = tolerance.within.as_ref().map_or(0.0, |within| within.value);
            if within < 0.0 {
                return Err("a number cannot be within less than 0".to_owned());
            }
            Check::Number { within, at: pointer(&tolerance.at)? }
        }
    })
}

/// A pattern, matched in time linear in the text.
fn pattern_of(pattern: &str) -> Result<Regex, String> {
    Regex::new(pattern).map_err(|error| {
        let error = error.to_string();
        format!("the pattern cannot be read: {}", error.lines().last().unwrap_or_default())
    })
}

fn validator(schema: &Value) -> Result<BoundedSchema, String> {
    BoundedSchema::new(schema.clone()).map_err(|why| format!("the schema cannot be used: {}", short(&why)))
}

/// What a case expects: at a pointer where it expects a map, else all of it.
fn expected_at<'a>(expect: &'a Value, at: Option<&str>) -> Option<&'a Value> {
    match (expect, at) {
        (Value::Object(_), Some(at)) => expect.pointer(at),
        (Value::Object(_) | Value::Null, _) => None,
        (expect, _) => Some(expect),
    }
}

/// An answer, and what it is as JSON.
struct Answer<'a> {
    text: &'a str,
    json: Option<&'a Value>,
}

impl Answer<'_> {
    /// The label that it is, as declared: at a place of its JSON, or its first line that is not blank.
    fn label<'l, L: AsRef<str>>(&self, of: &'l [L], at: Option<&str>) -> Option<&'l str> {
        let answered = match at {
            Some(at) => self.json?.pointer(at)?.as_str()?,
            None => self.text.lines().find(|line| !line.trim().is_empty())?,
        };
        of.iter().map(AsRef::as_ref).find(|label| words(label) == words(answered))
    }

    fn number(&self, at: Option<&str>) -> Option<f64> {
        match at {
            Some(at) => number_of(self.json?.pointer(at)?),
            None => finite(self.text),
        }
    }
}

/// The label that an answer is, as declared: at a place of its JSON, or its first line that is not blank, whatever its case
/// and the punctuation around it.
pub fn label<'l>(answer: &str, of: &'l [&str], at: Option<&str>) -> Option<&'l str> {
    let json = at.and_then(|_| serde_json::from_str(answer.trim()).ok());
    Answer { text: answer, json: json.as_ref() }.label(of, at)
}

/// A number, or text that is one.
fn number_of(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| finite(value.as_str()?))
}

fn finite(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|number: &f64| number.is_finite())
}

/// Text without case, and without the blanks and punctuation around it.
fn words(text: &str) -> String {
    let is_outside = |c: char| c.is_whitespace() || ".,;:!?'\"`*“”‘’«»…。，；：！？、".contains(c);
    text.trim_matches(is_outside).to_lowercase()
}

fn is_like(one: &str, other: &str, likeness: Likeness) -> bool {
    match likeness {
        Likeness::Exact => one == other,
        Likeness::Trimmed => one.trim() == other.trim(),
        Likeness::Words => words(one) == words(other),
    }
}

/// Equal as JSON values: numbers by their value.
fn is_equal(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            one == other || (one.is_f64() || other.is_f64()) && one.as_f64() == other.as_f64()
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| is_equal(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            let is_there = |(key, one): (&String, &Value)| other.get(key).is_some_and(|other| is_equal(one, other));
            one.len() == other.len() && one.iter().all(is_there)
        }
        _ => one == other,
    }
}

/// The texts of a list, or the only one; `None` for anything else, and for none.
fn texts(expect: &Value) -> Option<Vec<&str>> {
    let texts: Vec<&str> = match expect {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().map(Value::as_str).collect::<Option<_>>()?,
        _ => return None,
    };
    (!texts.is_empty()).then_some(texts)
}

fn short(text: &str) -> String {
    let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().trim();
    let is_all = line.chars().count() <= QUOTED && text.trim() == line;
    if is_all { line.to_owned() } else { line.chars().take(QUOTED).chain(['…']).collect() }
}

impl Check {
    /// Why a case cannot be scored by it.
    fn misfit(&self, case: &Case) -> Option<String> {
        let expect = &case.expect;
        let is_text = || (!expect.is_string()).then(|| "it expects no text".to_owned());
        let is_list = |own: &[Arc<str>]| {
            (own.is_empty() && texts(expect).is_none())
                .then(|| "it expects neither a text nor a list of texts".to_owned())
        };
        match self {
            Self::Equals(_) => expect.is_null().then(|| "it expects nothing".to_owned()),
            Self::OneOf(own) | Self::Contains(own) => is_list(own),
            Self::Regex(Some(_)) | Self::Json(_) => None,
            Self::Regex(None) => is_text().or_else(|| pattern_of(expect.as_str()?).err()),
            Self::Field(pairs) => {
                let (_, at) = pairs.iter().find(|(_, at)| expect.pointer(at).is_none())?;
                Some(format!("there is nothing at `{at}` of what it expects"))
            }
            Self::Label { of, at } => match expected_at(expect, at.as_deref()).and_then(Value::as_str) {
                None => Some("it expects no label".to_owned()),
                Some(label) => {
                    let hint = format!("`{label}` is none of the labels {}", of.join(", "));
                    (!of.iter().any(|own| own == label)).then_some(hint)
                }
            },
            Self::Number { at, .. } => {
                let is_number = expected_at(expect, at.as_deref()).and_then(number_of).is_some();
                (!is_number).then(|| "it expects no number".to_owned())
            }
        }
    }

    /// Why an answer does not hold; `None` if it does.
    fn fault(&self, case: &Case, answer: &Answer) -> Option<String> {
        let expect = &case.expect;
        let found = || short(answer.text);
        match self {
            Self::Equals(likeness) => match expect {
                Value::String(text) if is_like(text, answer.text, *likeness) => None,
                Value::String(text) => Some(format!("`{}` instead of `{}`", found(), short(text))),
                expect => match answer.json {
                    Some(json) if is_equal(json, expect) => None,
                    Some(_) => Some(format!("{} instead of {}", found(), short(&expect.to_string()))),
                    None => Some(format!("`{}` is no JSON", found())),
                },
            },
            Self::OneOf(own) => {
                let own: Vec<&str> = own.iter().map(|text| &**text).collect();
                let of = if own.is_empty() { texts(expect).unwrap_or_default() } else { own };
                let holds = of.iter().any(|text| is_like(text, answer.text, Likeness::Trimmed));
                (!holds).then(|| format!("`{}` is none of {}", found(), short(&of.join(", "))))
            }
            Self::Contains(own) => {
                let own: Vec<&str> = own.iter().map(|text| &**text).collect();
                let all = if own.is_empty() { texts(expect).unwrap_or_default() } else { own };
                let missing = all.into_iter().find(|text| !answer.text.contains(text))?;
                Some(format!("`{}` is not in `{}`", short(missing), found()))
            }
            Self::Regex(own) => {
                let holds = match own {
                    Some(pattern) => pattern.is_match(answer.text),
                    None => pattern_of(expect.as_str().unwrap_or_default())
                        .is_ok_and(|pattern| pattern.is_match(answer.text)),
                };
                (!holds).then(|| format!("`{}` does not match", found()))
            }
            Self::Json(validator) => {
                let Some(json) = answer.json else { return Some(format!("`{}` is no JSON", found())) };
                let (place, why) = validator.as_ref()?.fault(json)?;
                let place = if place.is_empty() { String::new() } else { format!("at `{place}`, ") };
                Some(format!("{place}{}", short(&why)))
            }
            Self::Field(pairs) => {
                let Some(json) = answer.json else { return Some(format!("`{}` is no JSON", found())) };
                let differs = |(own, other): &&(String, String)| match (json.pointer(own), expect.pointer(other)) {
                    (Some(own), Some(other)) => !is_equal(own, other),
                    _ => true,
                };
                let (own, other) = pairs.iter().find(differs)?;
                let value = json.pointer(own).map_or_else(|| "nothing".to_owned(), |value| short(&value.to_string()));
                let wanted = expect.pointer(other).map(|value| short(&value.to_string())).unwrap_or_default();
                Some(format!("at `{own}`, {value} instead of {wanted}"))
            }
            Self::Label { of, at } => {
                let wanted = expected_at(expect, at.as_deref()).and_then(Value::as_str).unwrap_or_default();
                match answer.label(of, at.as_deref()) {
                    Some(label) if label == wanted => None,
                    Some(label) => Some(format!("`{label}` instead of `{wanted}`")),
                    None => Some(format!("`{}` is no label", found())),
                }
            }
            Self::Number { within, at } => {
                let wanted = expected_at(expect, at.as_deref()).and_then(number_of)?;
                match answer.number(at.as_deref()) {
                    // A tenth is no binary number: what differs in the last bits of the sum is equal.
                    Some(number) if (number - wanted).abs() <= within + 1e-12 * wanted.abs().max(1.0) => None,
                    Some(number) => Some(format!("{number} instead of {wanted}")),
                    None => Some(format!("`{}` is no number", found())),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
