//! The examples of a prompt held against each other, against the output schema, and against the sets
//! that are kept for evaluation.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use jsonschema::{PatternOptions, Validator};
use serde_json::Value as Json;

use super::alike::{Index, Sketch};
use super::catalogue::{CONTRADICTING_EXAMPLE, EXAMPLE_SCHEMA, HELD_OUT_EXAMPLE, Lint, REPEATED_EXAMPLE};
use super::secret::masked;
use super::{Finding, Linted, Subject, told};
use crate::prompt::segment::Role;
use crate::syntax::diag::{Diagnostic, Faults};
use crate::syntax::source::{ObjectId, ProjectPath, Span};
use crate::text::examples::{self, Example};
use crate::text::fragment::Fragment;
use crate::text::resolve::Content;

/// How many words follow each other in what is compared.
const WIDTH: usize = 2;
/// From how many words on a question can be near another without being it.
const LEAST_WORDS: usize = 12;
/// From which likeness on an example repeats another, in hundredths.
const REPEATS: u64 = 90;
/// From which likeness on an example gives away one that is held out.
const LEAKS: u64 = 80;
/// How much of what a validator says is told, in characters.
const SHOWN: usize = 160;

/// What the findings on a set of examples depend on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct SetName {
    files: Vec<(ProjectPath, ObjectId, Vec<usize>)>,
    /// Of the turns: another `map` makes others of the same file.
    turns: u64,
    schema: Option<String>,
    held_out: Vec<(ProjectPath, ObjectId)>,
}

/// What was found in the examples of a context.
#[derive(Debug, Default)]
pub(super) struct SetFindings {
    /// Each with the number of its file among those of the context.
    findings: Vec<(usize, Finding)>,
    /// Why the schema cannot be used.
    schema: Option<String>,
    /// Held-out sets that cannot be read, by number.
    unreadable: Vec<usize>,
}

/// The findings on the examples of a context.
pub(super) fn warnings(subject: &Subject, linted: &Linted) -> Vec<Diagnostic> {
    let blocks = subject.plan.blocks.iter().filter_map(|block| match &block.content {
        Content::Examples(fragment, examples) => Some((fragment, examples.as_slice())),
        _ => None,
    });
    let sets: Vec<(&Arc<Fragment>, &[Example])> = blocks.collect();
    if sets.is_empty() {
        return Vec::new();
    }
    let name = name(subject, &sets);
    let found = linted.sets.get(&name).unwrap_or_else(|| {
        let found = Arc::new(findings(subject, &sets, linted));
        linted.sets.put(name, found.clone());
        found
    });
    let placed = found.findings.iter().filter_map(|(set, finding)| Some(finding.diagnostic(sets.get(*set)?.0)));
    let schema = subject.plan.manifest.output.as_ref().and_then(|output| output.schema.as_ref());
    let unusable = found.schema.as_ref().zip(schema).map(|(why, node)| {
        EXAMPLE_SCHEMA.warning(format!("the output schema cannot be used to check examples: {why}")).at(&node.span)
    });
    let unread = found.unreadable.iter().filter_map(|number| {
        let path = subject.plan.held_out.get(*number)?.source.path();
        let at = &subject.plan.manifest.held_out.0.first()?.span;
        Some(HELD_OUT_EXAMPLE.warning(format!("{path} cannot be read as examples, so none is held against it")).at(at))
    });
    placed.chain(unusable).chain(unread).collect()
}

fn name(subject: &Subject, sets: &[(&Arc<Fragment>, &[Example])]) -> SetName {
    let file = |fragment: &Fragment| (fragment.source.path().clone(), fragment.blob.clone());
    let mut turns = DefaultHasher::new();
    for turn in sets.iter().flat_map(|(_, examples)| *examples).flat_map(|example| &example.turns) {
        (turn.role.as_str(), &*turn.text).hash(&mut turns);
    }
    let files = sets.iter().map(|(fragment, examples)| {
        let (path, blob) = file(fragment);
        (path, blob, examples.iter().map(|example| example.index).collect())
    });
    SetName {
        files: files.collect(),
        turns: turns.finish(),
        schema: subject.plan.schema.as_ref().map(Json::to_string),
        held_out: subject.plan.held_out.iter().map(|fragment| file(fragment)).collect(),
    }
}

/// An example as it is compared.
struct Shot<'a> {
    set: usize,
    example: &'a Example,
    question: String,
    answer: Answer,
    sketch: Arc<Sketch>,
}

/// An answer: as a value where it is JSON.
#[derive(PartialEq)]
enum Answer {
    Value(Json),
    Words(String),
}

impl<'a> Shot<'a> {
    fn new(set: usize, example: &'a Example) -> Self {
        let question = question(example);
        let answer = answer(example);
        let answer = serde_json::from_str(answer).map_or_else(|_| Answer::Words(words(answer)), Answer::Value);
        let sketch = Arc::new(Sketch::of(&question, WIDTH));
        Self { set, example, question, answer, sketch }
    }

    fn finding(&self, lint: &'static Lint, message: String, hint: &str) -> (usize, Finding) {
        let (start, end) = (self.example.span.start, self.example.span.end);
        let source = self.example.span.source.text();
        // The first line is enough to show which one it is.
        let line = source.get(start..end).and_then(|text| text.find('\n')).map_or(end, |length| start + length);
        (self.set, Finding::new(lint, start..line, message).hint(hint))
    }

    fn place(&self) -> String {
        format!("{}:{}", self.example.span.path(), self.example.lines.start())
    }
}

/// All that is said before the last answer, as words.
fn question(example: &Example) -> String {
    let before = example.turns.split_last().map_or(&[][..], |(_, before)| before);
    words(&before.iter().map(|turn| &*turn.text).collect::<Vec<_>>().join("\n"))
}

/// The last answer.
fn answer(example: &Example) -> &str {
    example.turns.iter().rev().find(|turn| turn.role == Role::Assistant).map_or("", |turn| &turn.text)
}

/// A text less its case, blanks and punctuation; itself where nothing is left.
fn words(text: &str) -> String {
    let words: Vec<&str> = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    if words.is_empty() { text.trim().to_owned() } else { words.join(" ").to_lowercase() }
}

fn findings(subject: &Subject, sets: &[(&Arc<Fragment>, &[Example])], linted: &Linted) -> SetFindings {
    let all =
        sets.iter().enumerate().flat_map(|(set, (_, examples))| examples.iter().map(move |one| Shot::new(set, one)));
    let shots: Vec<Shot> = all.collect();
    let mut found = SetFindings { findings: repeats(&shots), ..SetFindings::default() };
    match subject.plan.schema.as_ref().map(validator) {
        Some(Ok(validator)) => found.findings.extend(shots.iter().filter_map(|shot| mismatch(shot, &validator))),
        Some(Err(why)) => found.schema = Some(why),
        None => {}
    }
    for (number, fragment) in subject.plan.held_out.iter().enumerate() {
        match held_out(fragment, linted).as_ref() {
            Some(held) => found.findings.extend(shots.iter().filter_map(|shot| leak(shot, held))),
            None => found.unreadable.push(number),
        }
    }
    let mut by_set: Vec<Vec<Finding>> = sets.iter().map(|_| Vec::new()).collect();
    for (set, finding) in found.findings {
        if let Some(own) = by_set.get_mut(set) {
            own.push(finding);
        }
    }
    let told = by_set.into_iter().enumerate().flat_map(|(set, own)| told(own).into_iter().map(move |one| (set, one)));
    SetFindings { findings: told.collect(), ..found }
}

/// Examples that say what one before them says, and those that say the opposite.
fn repeats(shots: &[Shot]) -> Vec<(usize, Finding)> {
    let mut asked: HashMap<&str, usize> = HashMap::new();
    let mut index = Index::default();
    let mut found = Vec::new();
    for (number, shot) in shots.iter().enumerate() {
        let same = asked.get(shot.question.as_str()).and_then(|first| shots.get(*first));
        let near = || {
            let (other, likeness) = index.nearest(&shot.sketch, REPEATS)?;
            let other = shots.get(other).filter(|other| other.answer == shot.answer)?;
            (shot.sketch.words >= LEAST_WORDS).then_some((other, likeness))
        };
        match same {
            Some(first) if first.answer == shot.answer => {
                let message = format!("this example says what the one at {} says", first.place());
                found.push(shot.finding(&REPEATED_EXAMPLE, message, "remove one of the two"));
            }
            Some(first) => {
                let message = format!("the example at {} answers the same question differently", first.place());
                let hint = "correct one of the two, or add to the questions what tells them apart";
                found.push(shot.finding(&CONTRADICTING_EXAMPLE, message, hint));
            }
            None => {
                if let Some((first, likeness)) = near() {
                    let message = format!(
                        "{likeness}% of this question also stands in the example at {}, and the answer is the same",
                        first.place()
                    );
                    found.push(shot.finding(&REPEATED_EXAMPLE, message, "remove one of the two"));
                }
                asked.insert(&shot.question, number);
            }
        }
        index.add(shot.sketch.clone());
    }
    found
}

/// A validator of the output schema, or why there is none. Patterns run in time that grows with the
/// text and no faster, and nothing is fetched.
fn validator(schema: &Json) -> Result<Validator, String> {
    let options = jsonschema::options().with_pattern_options(PatternOptions::regex());
    options.build(schema).map_err(|error| short(&error.to_string()))
}

/// What keeps an answer from matching the schema.
fn mismatch(shot: &Shot, validator: &Validator) -> Option<(usize, Finding)> {
    let message = match &shot.answer {
        Answer::Words(_) => "the answer is no JSON, and `output.schema` wants it".to_owned(),
        Answer::Value(value) => {
            let error = validator.iter_errors(value).next()?;
            let place = error.instance_path().to_string();
            let place = if place.is_empty() { String::new() } else { format!(" at `{place}`") };
            format!("the answer does not match `output.schema`{place}: {}", short(&error.to_string()))
        }
    };
    Some(shot.finding(&EXAMPLE_SCHEMA, message, "correct the answer, or the schema"))
}

fn short(text: &str) -> String {
    // Before it is cut: the half of a secret would not be known for one.
    let text = masked(text);
    if text.chars().count() <= SHOWN { text.into_owned() } else { text.chars().take(SHOWN).chain(['…']).collect() }
}

/// A set that is kept for evaluation, ready to be looked things up in.
#[derive(Debug, Default)]
pub(super) struct HeldOut {
    places: Vec<Span>,
    asked: HashMap<String, usize>,
    index: Index,
}

/// The set in a file, from memory where it was read before; `None` if it cannot be read as examples.
fn held_out(fragment: &Fragment, linted: &Linted) -> Arc<Option<HeldOut>> {
    let name = (fragment.source.path().clone(), fragment.blob.clone());
    linted.held_out.get(&name).unwrap_or_else(|| {
        let read = examples::read(&fragment.source, None, &mut Faults::new()).map(|examples| {
            let mut held = HeldOut::default();
            for (number, example) in examples.iter().enumerate() {
                let question = question(example);
                held.index.add(Arc::new(Sketch::of(&question, WIDTH)));
                held.asked.entry(question).or_insert(number);
                held.places.push(example.span.clone());
            }
            held
        });
        let read = Arc::new(read);
        linted.held_out.put(name, read.clone());
        read
    })
}

/// Whether an example stands in a held-out set.
fn leak(shot: &Shot, held: &HeldOut) -> Option<(usize, Finding)> {
    let place = |number: usize| {
        let span = held.places.get(number)?;
        Some(format!("{}:{}", span.path(), span.line_column().0))
    };
    let hint = "take it out of the prompt, or out of the evaluation";
    if let Some(place) = held.asked.get(&shot.question).and_then(|number| place(*number)) {
        let message = format!("this question is held out for evaluation, at {place}");
        return Some(shot.finding(&HELD_OUT_EXAMPLE, message, hint));
    }
    let (number, likeness) = held.index.nearest(&shot.sketch, LEAKS).filter(|_| shot.sketch.words >= LEAST_WORDS)?;
    let message = format!("{likeness}% of this question is held out for evaluation, at {}", place(number)?);
    Some(shot.finding(&HELD_OUT_EXAMPLE, message, hint))
}
