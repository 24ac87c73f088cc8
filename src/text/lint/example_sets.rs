//! Compares the examples of a prompt with each other, with the output schema, and with the sets that
//! are reserved for evaluation.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use jsonschema::{PatternOptions, Validator};
use serde_json::Value as Json;

use super::alike::{Sketch, SketchIndex};
use super::catalogue::{CONTRADICTING_EXAMPLE, EXAMPLE_SCHEMA, HELD_OUT_EXAMPLE, Lint, REPEATED_EXAMPLE};
use super::schema_steps::Steps;
use super::secret::masked;
use super::{Finding, Linted, Subject, capped};
use crate::prompt::segment::Role;
use crate::syntax::diag::{Diagnostic, Faults};
use crate::syntax::source::{ObjectId, ProjectPath, Span};
use crate::text::examples::{self, Example};
use crate::text::fragment::Fragment;
use crate::text::resolve::{Content, Plan};

/// How many consecutive words make one shingle.
const WIDTH: usize = 2;
/// The least words of a question that can be almost the same as another; shorter ones must be equal.
const LEAST_WORDS: usize = 12;
/// The least likeness of two examples of which one repeats the other, in hundredths.
const REPEATS: u64 = 90;
/// Words that change no question.
const COURTESY: [&str; 14] =
    ["a", "an", "the", "hi", "hello", "hey", "dear", "please", "thanks", "thank", "you", "kindly", "best", "regards"];
/// The least likeness of an example to a held-out one that it gives away, in hundredths.
const LEAKS: u64 = 80;
/// The most characters of a validator's message that a warning quotes.
const SHOWN: usize = 160;

/// The cache key of the findings on a context's examples: everything that they depend on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct SetKey {
    /// Each file with the numbers of the examples that were picked from it.
    files: Vec<(ProjectPath, ObjectId, Vec<usize>)>,
    /// A hash of the turns: they depend on `map`, too, not on the file alone.
    turns: u64,
    schema: Option<String>,
    held_out: Vec<(ProjectPath, ObjectId)>,
}

/// The findings on the examples of a context.
#[derive(Debug, Default)]
pub(super) struct SetFindings {
    /// Each with the index of its file among those of the context.
    findings: Vec<(usize, Finding)>,
    /// Why the schema cannot be used.
    schema: Option<String>,
    /// The indexes of held-out sets that cannot be read.
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
    let key = key(subject, &sets);
    let found = linted.sets.get(&key).unwrap_or_else(|| {
        let found = Arc::new(findings(subject, &sets, linted));
        linted.sets.put(key, found.clone());
        found
    });
    let placed = found.findings.iter().filter_map(|(set, finding)| Some(finding.diagnostic(sets.get(*set)?.0)));
    let schema = subject.plan.manifest.output.as_ref().and_then(|output| output.schema.as_ref());
    let unusable = found.schema.as_ref().zip(schema).map(|(why, node)| {
        EXAMPLE_SCHEMA.warning(format!("the output schema cannot be used to check examples: {why}")).at(&node.span)
    });
    let unread = found.unreadable.iter().filter_map(|number| {
        let (fragment, is_cases) = reserved(subject).nth(*number)?;
        let (path, manifest) = (fragment.source.path(), &subject.plan.manifest);
        let patterns = if is_cases { &manifest.eval.as_ref()?.cases } else { &manifest.held_out };
        let (at, what) = (&patterns.0.first()?.span, if is_cases { "cases" } else { "examples" });
        Some(HELD_OUT_EXAMPLE.warning(format!("{path} cannot be read as {what}, so none is held against it")).at(at))
    });
    placed.chain(unusable).chain(unread).collect()
}

/// The examples of a prompt that are held out in files of records, beside those that its own manifest holds out.
pub fn leaks(plan: &Plan, reserved: &[Arc<Fragment>]) -> Vec<Diagnostic> {
    let linted = Linted::default();
    let sets: Vec<_> = reserved.iter().map(|fragment| held_out(fragment, true, &linted)).collect();
    let mut found = Vec::new();
    for block in &plan.blocks {
        let Content::Examples(fragment, examples) = &block.content else { continue };
        let examples = examples.iter().map(|example| Compared::new(0, example));
        let leaks = examples.filter_map(|one| sets.iter().find_map(|set| leak(&one, set.as_ref().as_ref()?)));
        found.extend(leaks.map(|(_, finding)| finding.diagnostic(fragment)));
    }
    found
}

fn key(subject: &Subject, sets: &[(&Arc<Fragment>, &[Example])]) -> SetKey {
    let file = |fragment: &Fragment| (fragment.source.path().clone(), fragment.blob.clone());
    let mut turns = DefaultHasher::new();
    for turn in sets.iter().flat_map(|(_, examples)| *examples).flat_map(|example| &example.turns) {
        (turn.role.as_str(), &*turn.text).hash(&mut turns);
    }
    let files = sets.iter().map(|(fragment, examples)| {
        let (path, blob) = file(fragment);
        (path, blob, examples.iter().map(|example| example.index).collect())
    });
    SetKey {
        files: files.collect(),
        turns: turns.finish(),
        schema: subject.plan.schema.as_ref().map(Json::to_string),
        held_out: reserved(subject).map(|(fragment, _)| file(fragment)).collect(),
    }
}

/// An example, prepared for comparison.
struct Compared<'a> {
    /// The index of its file.
    set: usize,
    example: &'a Example,
    question: String,
    answer: ExampleAnswer,
    sketch: Arc<Sketch>,
}

/// An answer: as a value where it is JSON.
#[derive(PartialEq)]
enum ExampleAnswer {
    Value(Json),
    Words(String),
}

impl<'a> Compared<'a> {
    fn new(set: usize, example: &'a Example) -> Self {
        let question = question(example);
        let answer = answer(example);
        let answer =
            serde_json::from_str(answer).map_or_else(|_| ExampleAnswer::Words(words(answer)), ExampleAnswer::Value);
        let sketch = Arc::new(Sketch::of(&question, WIDTH));
        Self { set, example, question, answer, sketch }
    }

    fn finding(&self, lint: &'static Lint, message: String, hint: &str) -> (usize, Finding) {
        let (start, end) = (self.example.span.start, self.example.span.end);
        let source = self.example.span.source.text();
        // The finding points at the first line: an example can be very long.
        let line = source.get(start..end).and_then(|text| text.find('\n')).map_or(end, |length| start + length);
        (self.set, Finding::new(lint, start..line, message).hint(hint))
    }

    /// Its file and line, for a message.
    fn location(&self) -> String {
        format!("{}:{}", self.example.span.path(), self.example.lines.start())
    }
}

/// All turns before the answer that the example ends with, normalised by [`words`]; all of them where nothing is
/// asked, or nothing answered.
fn question(example: &Example) -> String {
    let turns = match example.turns.split_last() {
        Some((last, before)) if last.role == Role::Assistant && !before.is_empty() => before,
        _ => &example.turns,
    };
    words(&turns.iter().map(|turn| &*turn.text).collect::<Vec<_>>().join("\n"))
}

/// The last answer.
fn answer(example: &Example) -> &str {
    example.turns.iter().rev().find(|turn| turn.role == Role::Assistant).map_or("", |turn| &turn.text)
}

/// A text without case, blanks, and the punctuation around its words. Signs that may mean something stay:
/// brackets, operators, and whatever stands inside of a word (`1.5`, `a-b`).
fn words(text: &str) -> String {
    let is_punctuation = |c: char| ".,;:!?'\"“”‘’«»…。，；：！？、".contains(c);
    let words = text.split_whitespace().map(|word| word.trim_matches(is_punctuation)).filter(|word| !word.is_empty());
    let words: Vec<String> = words.map(str::to_lowercase).collect();
    if words.is_empty() { text.trim().to_owned() } else { words.join(" ") }
}

fn findings(subject: &Subject, sets: &[(&Arc<Fragment>, &[Example])], linted: &Linted) -> SetFindings {
    let all = sets
        .iter()
        .enumerate()
        .flat_map(|(set, (_, examples))| examples.iter().map(move |one| Compared::new(set, one)));
    let examples: Vec<Compared> = all.collect();
    let mut found = SetFindings { findings: repeats(&examples), ..SetFindings::default() };
    if let Some(schema) = &subject.plan.schema {
        match mismatches(&examples, schema) {
            Ok(mismatches) => found.findings.extend(mismatches),
            Err(why) => found.schema = Some(why),
        }
    }
    for (number, (fragment, is_cases)) in reserved(subject).enumerate() {
        match held_out(fragment, is_cases, linted).as_ref() {
            Some(set) => found.findings.extend(examples.iter().filter_map(|one| leak(one, set))),
            None => found.unreadable.push(number),
        }
    }
    let mut by_set: Vec<Vec<Finding>> = sets.iter().map(|_| Vec::new()).collect();
    for (set, finding) in found.findings {
        if let Some(own) = by_set.get_mut(set) {
            own.push(finding);
        }
    }
    let findings =
        by_set.into_iter().enumerate().flat_map(|(set, own)| capped(own).into_iter().map(move |one| (set, one)));
    SetFindings { findings: findings.collect(), ..found }
}

/// Examples whose question an earlier one has, with the same answer (repeated) or another (contradicting).
fn repeats(examples: &[Compared]) -> Vec<(usize, Finding)> {
    // By question, the index of the first example that has it.
    let mut questions: HashMap<&str, usize> = HashMap::new();
    let mut index = SketchIndex::default();
    let mut found = Vec::new();
    for (number, example) in examples.iter().enumerate() {
        let same = questions.get(example.question.as_str()).and_then(|first| examples.get(*first));
        let near = || {
            let (other, likeness) = index.nearest(&example.sketch, REPEATS)?;
            let other = examples.get(other).filter(|other| other.answer == example.answer)?;
            let is_same = example.sketch.words >= LEAST_WORDS && is_respelled(&example.question, &other.question);
            is_same.then_some((other, likeness))
        };
        match same {
            Some(first) if first.answer == example.answer => {
                let message = format!("this example says what the one at {} says", first.location());
                found.push(example.finding(&REPEATED_EXAMPLE, message, "remove one of the two"));
            }
            Some(first) => {
                let message = format!("the example at {} answers the same question differently", first.location());
                let hint = "correct one of the two, or add to the questions what tells them apart";
                found.push(example.finding(&CONTRADICTING_EXAMPLE, message, hint));
            }
            None => {
                if let Some((first, likeness)) = near() {
                    let message = format!(
                        "{likeness}% of this question also stands in the example at {}, and the answer is the same",
                        first.location()
                    );
                    found.push(example.finding(&REPEATED_EXAMPLE, message, "remove one of the two"));
                }
                questions.insert(&example.question, number);
            }
        }
        index.add(example.sketch.clone());
    }
    found
}

/// Every answer that does not match the schema; or why that cannot be said.
fn mismatches(examples: &[Compared], schema: &Json) -> Result<Vec<(usize, Finding)>, String> {
    let mut steps = Steps::of(schema);
    steps.compile()?;
    let validator = validator(schema)?;
    let mut found = Vec::new();
    for example in examples {
        if let ExampleAnswer::Value(value) = &example.answer {
            steps.validate(value)?;
        }
        found.extend(mismatch(example, &validator));
    }
    Ok(found)
}

/// Whether two questions differ only in courtesy and in how words are spelled. In sets of examples, texts that
/// differ in one word, a number or the order otherwise are mostly different questions from one template.
fn is_respelled(one: &str, two: &str) -> bool {
    let words = |text| str::split(text, ' ').filter(|word| !COURTESY.contains(word)).collect::<Vec<&str>>();
    let (one, two) = (words(one), words(two));
    one.len() == two.len() && one.iter().zip(&two).all(|(one, two)| one == two || is_spelling(one, two))
}

/// Whether two words are one in two spellings: all but two letters at most are the same at their beginning and
/// their end, and neither has a digit.
fn is_spelling(one: &str, two: &str) -> bool {
    let (one, two): (Vec<char>, Vec<char>) = (one.chars().collect(), two.chars().collect());
    let start = one.iter().zip(&two).take_while(|(a, b)| a == b).count();
    let rest = one.len().min(two.len()) - start;
    let end = one.iter().rev().zip(two.iter().rev()).take(rest).take_while(|(a, b)| a == b).count();
    let longest = one.len().max(two.len());
    let has_digit = one.iter().chain(&two).any(char::is_ascii_digit);
    longest >= 4 && start >= 2 && start + end + 2 >= longest && !has_digit
}

/// A validator of the output schema, or why there is none. Patterns run in time linear in the text (the
/// regex crate has no backtracking), and no reference is fetched.
fn validator(schema: &Json) -> Result<Validator, String> {
    let options = jsonschema::options().with_pattern_options(PatternOptions::regex());
    options.build(schema).map_err(|error| short(&error.to_string()))
}

/// The first reason why an answer does not match the schema.
fn mismatch(example: &Compared, validator: &Validator) -> Option<(usize, Finding)> {
    let message = match &example.answer {
        ExampleAnswer::Words(_) => "the answer is no JSON, and `output.schema` wants it".to_owned(),
        ExampleAnswer::Value(value) => {
            let error = validator.iter_errors(value).next()?;
            let place = error.instance_path().to_string();
            let place = if place.is_empty() { String::new() } else { format!(" at `{place}`") };
            format!("the answer does not match `output.schema`{place}: {}", short(&error.to_string()))
        }
    };
    Some(example.finding(&EXAMPLE_SCHEMA, message, "correct the answer, or the schema"))
}

fn short(text: &str) -> String {
    // Masked before it is cut, because half of a secret would not be recognised as one.
    let text = masked(text);
    if text.chars().count() <= SHOWN { text.into_owned() } else { text.chars().take(SHOWN).chain(['…']).collect() }
}

/// The examples of a set that is reserved for evaluation, indexed by question.
#[derive(Debug, Default)]
pub(super) struct HeldOut {
    spans: Vec<Span>,
    /// By question, the index of the first example that has it.
    questions: HashMap<String, usize>,
    index: SketchIndex,
}

/// The sets that are reserved for evaluation, and whether each holds cases: those are no examples.
fn reserved<'a>(subject: &'a Subject) -> impl Iterator<Item = (&'a Arc<Fragment>, bool)> {
    let cases = &subject.plan.cases;
    let is_cases = |fragment: &Fragment| cases.iter().any(|other| other.source.path() == fragment.source.path());
    let held_out = subject.plan.held_out.iter().filter(move |fragment| !is_cases(fragment));
    held_out.map(|fragment| (fragment, false)).chain(cases.iter().map(|fragment| (fragment, true)))
}

/// What a case asks: the texts of its inputs, in their order; of a pair of answers that people judged, those two as well.
fn asked(case: &Example) -> String {
    let fields = match case.meta.get("inputs") {
        Some(Json::Object(inputs)) => inputs,
        _ => &case.meta,
    };
    let is_input = |key: &str| !matches!(key, "expect" | "id" | "tags" | "repeats" | "pass");
    let texts = fields.iter().filter(|(key, _)| is_input(key)).filter_map(|(_, value)| value.as_str());
    let answers = ["a", "b"].iter().filter(|_| case.meta.contains_key("prefer") && case.meta.contains_key("inputs"));
    let answers = answers.filter_map(|key| case.meta.get(*key)?.as_str());
    words(&texts.chain(answers).collect::<Vec<_>>().join("\n"))
}

/// The set in a file, cached if it was read before; `None` if it cannot be read as examples.
fn held_out(fragment: &Fragment, is_cases: bool, linted: &Linted) -> Arc<Option<HeldOut>> {
    let key = (fragment.source.path().clone(), fragment.blob.clone(), is_cases);
    linted.held_out.get(&key).unwrap_or_else(|| {
        let read = match is_cases {
            true => examples::records(&fragment.source, &mut Faults::new()),
            false => examples::read(&fragment.source, None, true, &mut Faults::new()),
        };
        let read = read.map(|examples| {
            let mut set = HeldOut::default();
            for (number, example) in examples.iter().enumerate() {
                let question = if is_cases { asked(example) } else { question(example) };
                set.index.add(Arc::new(Sketch::of(&question, WIDTH)));
                set.questions.entry(question).or_insert(number);
                set.spans.push(example.span.clone());
            }
            set
        });
        let read = Arc::new(read);
        linted.held_out.put(key, read.clone());
        read
    })
}

/// The finding that an example is in a held-out set, if it is.
fn leak(example: &Compared, set: &HeldOut) -> Option<(usize, Finding)> {
    let place = |number: usize| {
        let span = set.spans.get(number)?;
        Some(format!("{}:{}", span.path(), span.line_column().0))
    };
    let hint = "take it out of the prompt, or out of the evaluation";
    if let Some(place) = set.questions.get(&example.question).and_then(|number| place(*number)) {
        let message = format!("this question is held out for evaluation, at {place}");
        return Some(example.finding(&HELD_OUT_EXAMPLE, message, hint));
    }
    let (number, likeness) =
        set.index.nearest(&example.sketch, LEAKS).filter(|_| example.sketch.words >= LEAST_WORDS)?;
    let message = format!("{likeness}% of this question is held out for evaluation, at {}", place(number)?);
    Some(example.finding(&HELD_OUT_EXAMPLE, message, hint))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_spelling_and_courtesy_make_a_repeat() {
        let same = |one: &str, two: &str| is_respelled(&words(one), &words(two));
        for (one, two) in [
            ("My parcel has not come.", "Hi! My parcell has not come, please"),
            ("Did you recieve the advisor's letters?", "did you receive the adviser's letter"),
        ] {
            assert!(same(one, two), "{one} / {two}");
        }
        for (one, two) in [
            ("Take 2 steps. Take 4 steps.", "Take 4 steps. Take 2 steps. Take 2 steps."),
            ("The director met him at his office.", "The director met him at their office."),
            ("Did Sue cause it?", "Did Bill cause it?"),
            ("Cancel my order", "Cancel my subscription"),
            ("Is order 1234 late?", "Is order 1235 late?"),
            ("Prices increase", "Prices decrease"),
            ("Options: (A) Ann (B) Bob", "Options: (A) Bob (B) Ann"),
        ] {
            assert!(!same(one, two), "{one} / {two}");
        }
    }

    #[test]
    fn signs_that_mean_something_are_words() {
        for (one, two) in [
            ("2 + 2", "2 * 2"),
            ("x > 0", "x < 0"),
            ("[ ( )", "[ ( ]"),
            ("I like it :)", "I like it :("),
            ("C++", "C#"),
            ("1.5", "15"),
        ] {
            assert_ne!(words(one), words(two));
        }
        assert_eq!(words("Where is it?"), words("where  is it"));
    }
}
