//! A model that says which of two answers is better: who it is, what it is asked, and how far it is to be trusted.
//!
//! It is asked about each pair of answers in both orders, because models prefer the answer of a place; where the orders
//! disagree, it is a tie. Its agreement with people is measured over pairs that people have judged, by the same questions.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde_json::Value;

use super::statistics::Confusion;
use super::{Case, CaseSet, Outcome, Results, Side, Stop, cases, scorers};
use crate::cost::cards::Card;
use crate::pipeline::Build;
use crate::syntax::diag::{Diagnostic, Faults, did_you_mean};
use crate::syntax::manifest;
use crate::syntax::quantity::Usd;
use crate::syntax::source::Span;
use crate::text::examples;
use crate::text::lint;
use crate::text::resolve::Plan;

/// The inputs that hold the two answers.
const ANSWERS: [&str; 2] = ["answer_a", "answer_b"];
/// What a judge answers, and people too.
const WORDS: [&str; 3] = ["a", "b", "tie"];
/// The fewest pairs that people have judged. Over 50 of them, a κ of 0.6 has a standard error of 0.09 (Cohen 1960,
/// Educational and Psychological Measurement 20:37, for three words that are equally frequent).
const LEAST_LABELLED: u64 = 50;
/// The least agreement with people: κ above 0.6 is "substantial" (Landis and Koch 1977, Biometrics 33:159).
const LEAST_KAPPA: f64 = 0.6;

/// Two answers to one question, one of which may be better.
#[derive(Debug, Clone)]
pub struct AnswerPair {
    /// Of what.
    pub id: Arc<str>,
    /// What was asked.
    pub inputs: BTreeMap<Arc<str>, Value>,
    /// The first answer and the second.
    pub answers: [String; 2],
    /// Where the case is.
    pub span: Span,
}

/// What is said of one pair of answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ruling {
    /// The first is better, in both orders.
    First,
    /// The second is better, in both orders.
    Second,
    /// None is better, in both orders.
    Tie,
    /// The orders disagree: a tie.
    Disagreed,
    /// Both are the same text: a tie, and nobody was asked.
    SameText,
    /// One of the answers is missing, or what the judge says is no verdict.
    None,
    /// What the judge says is not there: it gave no answer, or none is recorded.
    Missing,
}

/// A judge that is made ready.
#[derive(Debug, Clone)]
pub struct Judge {
    /// The pairs that people have judged.
    pub labelled: Arc<[AnswerPair]>,
    /// What people say of each.
    labels: Arc<[&'static str]>,
    /// Where its answer says which is better.
    at: Option<Arc<str>>,
    /// Why it is not to be trusted, as far as that is known before it is asked.
    doubts: Vec<String>,
}

/// What a judge says of the answers of two sides, and people of the judge.
#[derive(Debug, Clone)]
pub struct Judged {
    /// Who judges.
    pub side: Side,
    /// What its answers cost when they were asked; `None` where a price is not known.
    pub usd: Option<Usd>,
    /// How many of its answers this change has recorded itself.
    pub recorded: Option<u64>,
    /// For each case, what is said of each of its repeats. The first answer is the base's.
    pub cases: Vec<Vec<Ruling>>,
    /// The characters of both answers to each pair that was decided or a tie, and whether the longer is preferred where one is.
    pub lengths: Vec<([usize; 2], Option<bool>)>,
    /// How often people said what the judge says, over the pairs that it was asked about.
    pub confusion: Confusion,
    /// How many pairs people have judged.
    pub labelled: u64,
    /// Of those, pairs of which the judge's answers are not there.
    pub unanswered: u64,
    /// Why it is not to be trusted.
    pub doubts: Vec<String>,
}

/// Whose judge counts: the base's where it has one, because a change does not choose its own examiner.
pub fn declared<'p>(head: &'p Plan, base: Option<&'p Plan>) -> Option<(&'p manifest::Judge, &'p Plan)> {
    let of = |plan: &'p Plan| Some((plan.manifest.eval.as_ref()?.judge.as_ref()?, plan));
    base.and_then(of).or_else(|| of(head))
}

impl Judge {
    /// A judge of these models, built from the context that its declaration names; `None` after reporting what is wrong
    /// with it.
    pub fn of(
        (declared, by): (&manifest::Judge, &Plan),
        build: &Build,
        (evaluated, judged): (&[&Plan], &[&Card]),
        set: &CaseSet,
        faults: &mut Faults,
    ) -> Option<Self> {
        let (before, at) = (faults.has_errors(), &declared.context.span);
        let name = &build.id;
        let mut refuse = |message: String, hint: &str| {
            faults.push(Diagnostic::error("bad-judge", message).at(at).hint(hint));
        };
        if evaluated.iter().any(|plan| plan.id.name == name.name) {
            refuse(format!("`{name}` judges itself"), "name another context, whose prompt compares two answers");
            return None;
        }
        if build.plan.manifest.eval.as_ref().is_some_and(|eval| eval.judge.is_some()) {
            refuse(
                format!("`{name}` has a judge itself"),
                "write `judge` in the contexts that are judged, and nowhere else",
            );
        }
        let inputs: Vec<&str> = build.plan.manifest.inputs.iter().map(|(key, _)| &*key.text).collect();
        if let Some(missing) = ANSWERS.into_iter().find(|input| !inputs.contains(input)) {
            let message = format!("`{name}` cannot judge: it has no input `{missing}`");
            refuse(message, "a judge's prompt has `{{answer_a}}` and `{{answer_b}}`, and both under `inputs`");
        }
        if build.models.len() != 1 {
            let message = format!("`{name}` is asked of {} models, and a judge is one", build.models.len());
            refuse(message, "write one model in its manifest: `models: [NAME]`");
        }
        let others: Vec<&str> = inputs.into_iter().filter(|input| !ANSWERS.contains(input)).collect();
        if let Some((case, input)) = set.cases.iter().find_map(|case| Some((case, absent(&others, case)?))) {
            let message = format!("case `{}` has no value for the input `{input}` of the judge {name}", case.id);
            let hint = did_you_mean(input, case.inputs.keys().map(|key| &**key));
            faults.push(Diagnostic::error("missing-input", message).at(&case.span).maybe_hint(hint));
        }
        if let Some(at) = declared.at.as_ref().filter(|at| !at.value.is_empty() && !at.value.starts_with('/')) {
            let message = format!("`{}` is no JSON pointer: it begins with `/`", at.value);
            faults.push(Diagnostic::error("bad-judge", message).at(&at.span));
        }
        faults.extend(cases::leaks(&lint::leaks(&build.plan, &by.judged)));
        let labelled = labelled(by, &others, faults);
        (before || !faults.has_errors()).then_some(())?;
        let (labelled, labels): (Vec<_>, Vec<_>) = labelled.into_iter().unzip();
        let mut doubts = Vec::new();
        let count = labelled.len() as u64;
        if count < LEAST_LABELLED {
            doubts.push(format!("people have judged {count} pairs, of {LEAST_LABELLED} that it takes"));
        }
        for card in build.models.iter().map(|model| &model.card) {
            doubts.extend(judged.iter().find_map(|other| kinship(card, other)));
            doubts.extend(
                card.caveats.iter().filter(|caveat| caveat.code == "moving-model").map(|caveat| caveat.message.clone()),
            );
        }
        let at = declared.at.as_ref().map(|at| Arc::clone(&at.value));
        Some(Self { labelled: labelled.into(), labels: labels.into(), at, doubts })
    }

    /// Why it is not to be trusted, before it was asked.
    pub fn doubts(&self) -> &[String] {
        &self.doubts
    }

    /// What is said of each of these pairs, by the answers to [`questions`] of them.
    pub fn rulings(&self, pairs: &[AnswerPair], results: &Results) -> Vec<Ruling> {
        let mut answers = results.outcomes.iter().map(|outcomes| self.word(outcomes.first()));
        let mut next = || answers.next().unwrap_or(Err(Ruling::Missing));
        let ruling = |pair: &AnswerPair| {
            if pair.answers[0] == pair.answers[1] {
                return Ruling::SameText;
            }
            match (next(), next()) {
                (Err(Ruling::Missing), _) | (_, Err(Ruling::Missing)) => Ruling::Missing,
                (Err(_), _) | (_, Err(_)) => Ruling::None,
                // What is the first in one order is the second in the other.
                (Ok("a"), Ok("b")) => Ruling::First,
                (Ok("b"), Ok("a")) => Ruling::Second,
                (Ok("tie"), Ok("tie")) => Ruling::Tie,
                (Ok(_), Ok(_)) => Ruling::Disagreed,
            }
        };
        pairs.iter().map(ruling).collect()
    }

    /// What one answer says.
    fn word(&self, outcome: Option<&Outcome>) -> Result<&'static str, Ruling> {
        match outcome {
            Some(Outcome::Answered(answered)) if answered.stop != Stop::Refused => {
                scorers::label(&answered.text, &WORDS, self.at.as_deref()).ok_or(Ruling::None)
            }
            Some(Outcome::Answered(_)) => Err(Ruling::None),
            Some(Outcome::Error(_) | Outcome::Missing) | None => Err(Ruling::Missing),
        }
    }

    /// What comes of its answers to what people were asked, and to the [`answer_pairs`] of two sides.
    pub fn judged(
        &self,
        labelled: &Results,
        (pairs, places): (&[AnswerPair], &[Vec<Option<usize>>]),
        results: &Results,
    ) -> Judged {
        let mut confusion = Confusion::of(WORDS.map(str::to_owned).to_vec());
        let mut unanswered = 0;
        for (label, ruling) in self.labels.iter().zip(&self.rulings(&self.labelled, labelled)) {
            match ruling.word() {
                Some(said) => confusion.count(label, said),
                None if *ruling == Ruling::None => confusion.count(label, Confusion::NO_LABEL),
                None => unanswered += 1,
            }
        }
        let rulings = self.rulings(pairs, results);
        let lengths = pairs.iter().zip(&rulings).map(|(pair, ruling)| {
            let [first, second] = [0, 1].map(|at| pair.answers[at].chars().count());
            let longer = match ruling {
                Ruling::First if first != second => Some(first > second),
                Ruling::Second if first != second => Some(second > first),
                _ => None,
            };
            ([first, second], longer)
        });
        let lengths = lengths.collect();
        let at = |place: &Option<usize>| place.and_then(|place| rulings.get(place)).copied().unwrap_or(Ruling::None);
        let cases = places.iter().map(|repeats| repeats.iter().map(at).collect()).collect();
        let count = self.labelled.len() as u64;
        let mut doubts = self.doubts.clone();
        let answered = count - unanswered;
        match confusion.kappa() {
            _ if count < LEAST_LABELLED => {}
            _ if unanswered * 10 > count || answered < LEAST_LABELLED => {
                doubts.push(format!("what it says of {unanswered} of {count} labelled pairs is not known"));
            }
            Some(kappa) if kappa >= LEAST_KAPPA => {}
            Some(kappa) => doubts.push(format!("its κ is below {LEAST_KAPPA}: {kappa:.3}")),
            None => doubts.push("its κ is not defined: people and judge say one word always".to_owned()),
        }
        Judged {
            side: results.side.clone(),
            usd: labelled.usd.zip(results.usd).and_then(|(one, other)| one.plus(other)),
            recorded: labelled.recorded.zip(results.recorded).map(|(one, other)| one + other),
            cases,
            lengths,
            confusion,
            labelled: count,
            unanswered,
            doubts,
        }
    }
}

impl Ruling {
    /// What a person would say; `None` where it is no verdict.
    fn word(self) -> Option<&'static str> {
        match self {
            Self::First => Some("a"),
            Self::Second => Some("b"),
            Self::Tie | Self::Disagreed | Self::SameText => Some("tie"),
            Self::None | Self::Missing => None,
        }
    }
}

/// What a judge is asked about pairs of answers: each in both orders, but for those that are the same text.
pub fn questions(pairs: &[AnswerPair]) -> CaseSet {
    let different = pairs.iter().filter(|pair| pair.answers[0] != pair.answers[1]);
    let orders = different.flat_map(|pair| [(pair, [0, 1]), (pair, [1, 0])]);
    let case = |(pair, order): (&AnswerPair, [usize; 2])| {
        let mut inputs = pair.inputs.clone();
        for (name, at) in ANSWERS.into_iter().zip(order) {
            inputs.insert(name.into(), pair.answers[at].as_str().into());
        }
        asked(Arc::clone(&pair.id), inputs, 1, &pair.span)
    };
    CaseSet::of(orders.map(case).collect())
}

/// The questions about the answers to these cases as they are before anybody has answered: both answers are empty.
pub fn unanswered(set: &CaseSet) -> CaseSet {
    let cases = set.cases.iter().map(|case| {
        let mut inputs = case.inputs.clone();
        inputs.extend(ANSWERS.map(|name| (Arc::from(name), Value::from(""))));
        asked(Arc::clone(&case.id), inputs, case.repeats * 2, &case.span)
    });
    CaseSet::of(cases.collect())
}

fn asked(id: Arc<str>, inputs: BTreeMap<Arc<str>, Value>, repeats: u32, span: &Span) -> Case {
    Case { id, inputs, expect: Value::Null, tags: Vec::new(), repeats, pass: repeats, span: span.clone() }
}

/// Pairs of answers, and for each repeat of each case which of them it is, if both sides have an answer.
pub type AnswerPairs = (Vec<AnswerPair>, Vec<Vec<Option<usize>>>);

/// The pairs of answers of two sides.
pub fn answer_pairs(set: &CaseSet, base: &Results, head: &Results) -> AnswerPairs {
    let mut pairs = Vec::new();
    let places = set.cases.iter().zip(base.outcomes.iter().zip(&head.outcomes)).map(|(case, (base, head))| {
        let both = base.iter().zip(head).map(|both| {
            let (Outcome::Answered(base), Outcome::Answered(head)) = both else { return None };
            pairs.push(AnswerPair {
                id: Arc::clone(&case.id),
                inputs: case.inputs.clone(),
                answers: [base.text.clone(), head.text.clone()],
                span: case.span.clone(),
            });
            Some(pairs.len() - 1)
        });
        both.collect()
    });
    let places = places.collect();
    (pairs, places)
}

/// The first of these inputs that a case has no value for.
fn absent<'n>(inputs: &[&'n str], case: &Case) -> Option<&'n str> {
    inputs.iter().copied().find(|input| !case.inputs.contains_key(*input))
}

/// Why a model should not judge another: both are of one vendor, whoever serves them.
fn kinship(judge: &Card, other: &Card) -> Option<String> {
    let vendor = |card: &Card| card.vendor.trim().to_lowercase();
    let is_kin = vendor(judge) == vendor(other) || judge.api_name == other.api_name;
    is_kin.then(|| format!("it is of {}, as {} is that it judges", judge.vendor, other.name))
}

/// The pairs that people have judged, with what they said.
fn labelled(by: &Plan, inputs: &[&str], faults: &mut Faults) -> Vec<(AnswerPair, &'static str)> {
    let (mut ids, mut known): (HashMap<Arc<str>, Span>, HashMap<String, Arc<str>>) = <_>::default();
    let mut found = Vec::new();
    for file in &by.judged {
        for record in examples::records(&file.source, faults).unwrap_or_default() {
            let (meta, span) = (&record.meta, &record.span);
            let id: Arc<str> = match meta.get("id") {
                None | Some(Value::Null) => format!("{}:{}", file.source.path(), record.index).into(),
                Some(id) => id.as_str().map_or_else(|| id.to_string(), str::to_owned).into(),
            };
            let mut refuse = |code, message: String, hint: &str| {
                faults.push(Diagnostic::error(code, message).at(span).hint(hint));
            };
            if let Some(first) = ids.insert(Arc::clone(&id), span.clone()) {
                let place = format!("the first is at {}:{}", first.path(), first.line_column().0);
                refuse("duplicate-case", format!("two pairs have the id `{id}`"), &place);
                continue;
            }
            let written = meta.get("prefer").and_then(Value::as_str).unwrap_or_default();
            let Some(label) = WORDS.into_iter().find(|word| *word == written.trim().to_lowercase()) else {
                let message = format!("pair `{id}`: `prefer` is `a`, `b` or `tie`, not `{written}`");
                refuse("bad-pair", message, "people say which of the two answers is better, or that none is");
                continue;
            };
            let [Some(a), Some(b)] = ["a", "b"].map(|key| meta.get(key).and_then(Value::as_str)) else {
                let form = "write it: {\"inputs\": {…}, \"a\": \"…\", \"b\": \"…\", \"prefer\": \"a\"}";
                refuse("bad-pair", format!("pair `{id}` has no two answers `a` and `b`, both texts"), form);
                continue;
            };
            let own = meta.get("inputs").and_then(Value::as_object).unwrap_or(meta);
            let value = |input: &&str| Some((Arc::from(*input), own.get(*input)?.clone()));
            if let Some(input) = inputs.iter().find(|input| value(input).is_none()) {
                let message = format!("pair `{id}` has no value for the input `{input}` of the judge");
                let hint = format!("write it: {{\"inputs\": {{\"{input}\": …}}, \"a\": …}}");
                refuse("missing-input", message, &hint);
                return Vec::new();
            }
            let inputs: BTreeMap<_, _> = inputs.iter().filter_map(value).collect();
            // Neither would say anything new of the judge, and both would raise its agreement.
            if a == b {
                refuse(
                    "bad-pair",
                    format!("the answers of pair `{id}` are the same text"),
                    "nobody needs a judge for it",
                );
                continue;
            }
            if let Some(first) = known.insert(format!("{inputs:?} {:?} {:?}", a.min(b), a.max(b)), Arc::clone(&id)) {
                let message = format!("pair `{id}` is pair `{first}` again");
                refuse("duplicate-case", message, "one record a pair; where people disagree, what most of them prefer");
                continue;
            }
            let answers = [a.to_owned(), b.to_owned()];
            found.push((AnswerPair { id, inputs, answers, span: span.clone() }, label));
        }
    }
    found
}

#[cfg(test)]
pub(super) mod tests;
