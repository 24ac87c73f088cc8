//! `eval`: which cases say whether a prompt is any good, how an answer is scored, and what the scores must be.

use std::sync::Arc;

use schemars::json_schema;

use crate::syntax::decode::{Decode, OneOrMany, Spanned, Text, expected, fields, inline_schema, record, words};
use crate::syntax::diag::{Diagnostic, Faults};
use crate::syntax::quantity::{Latency, Share, Usd};
use crate::syntax::source::Span;
use crate::syntax::yaml::{Key, Node, Value};

record! {
    /// How `eval` finds out whether the prompt is any good.
    pub struct Eval("eval") {
        /// Files of cases, one record an input set: `{inputs, expect, id, tags}`; patterns, as in `files`. They are held out of the prompt.
        pub cases: OneOrMany<Text> = "cases",
        /// What an answer must be: all of the list must hold, or each counts by its `weight`.
        pub score: Vec<Scorer> = "score",
        /// How often each case is asked.
        pub repeats: Option<Spanned<u64>> = "repeats",
        /// Another model that says which of two answers is better: the base's, or the head's to the same case.
        pub judge: Option<Judge> = "judge",
        /// What the result must be.
        pub gates: Option<Gates> = "gates",
        /// The folder of recorded answers; `.contexture/answers` by default.
        pub answers: Option<Text> = "answers",
    }
}

record! {
    /// A model that compares the answers of two sides, and how far it is to be trusted.
    pub struct Judge("judge") {
        /// The context that it is asked with, or one of its variants. It has the inputs `answer_a` and `answer_b`; its other inputs are those of the case by the same name.
        pub context: Text = "context",
        /// Files of pairs that people have judged, one a record: `{inputs, a, b, prefer, id}`, where `prefer` is `a`, `b` or `tie`; patterns, as in `files`.
        pub labels: OneOrMany<Text> = "labels",
        /// Where its answer says `a`, `b` or `tie`, as a JSON pointer; the first line that is not blank otherwise.
        pub at: Option<Text> = "at",
    }
}

record! {
    /// What the result of an evaluation must be.
    pub struct Gates("gates") {
        /// The share of cases that are right, of all that could be asked: met when the lower 95 % bound says so.
        pub pass: Option<Spanned<Share>> = "pass",
        /// The largest loss of quality against the base that is taken: the margin of the verdict.
        pub regression: Option<Spanned<Share>> = "regression",
        /// The largest net loss of cases whose answers a judge prefers; beside `pass` or `regression`, never alone.
        pub judge: Option<Spanned<Share>> = "judge",
        /// The mean price of a call, as paid.
        pub cost_per_call: Option<Spanned<Usd>> = "cost_per_call",
        /// The time in which 95 of 100 answers come, such as `2s` or `800ms`.
        pub latency_p95: Option<Spanned<Latency>> = "latency_p95",
        /// Whose answers count.
        pub recorded: Option<Spanned<Recorded>> = "recorded",
        /// What becomes of a gate that the cases are too few to decide.
        pub open: Option<OpenGate> = "open",
    }
}

words! {
    /// Whose answers count.
    pub enum Recorded("whose answers count") {
        /// Only those that the base has recorded: a change may not bring its own.
        Base = "base",
    }
}

words! {
    /// What becomes of a gate that too few cases leave open.
    pub enum OpenGate("what becomes of an open gate") {
        /// It is said, and fails nothing.
        Pass = "pass",
        /// It counts as missed.
        Fail = "fail",
    }
}

/// One item of `score`: a test of an answer, and how much it counts.
#[derive(Debug, Clone)]
pub struct Scorer {
    /// The test.
    pub test: Test,
    /// Its share of the score where any scorer has one.
    pub weight: Option<u64>,
    /// Where it is written.
    pub span: Span,
}

/// A test of an answer.
#[derive(Debug, Clone)]
pub enum Test {
    /// Equal to what is expected: as text, or as a JSON value where no text is expected.
    Equals(Likeness),
    /// Equal to one of these; without any, to one of those that are expected.
    OneOf(Vec<Arc<str>>),
    /// All of these are in the answer; without any, what is expected.
    Contains(Vec<Arc<str>>),
    /// A pattern matches somewhere in the answer; without one, the one that is expected.
    Regex(Option<Text>),
    /// The answer is JSON, and valid by a schema.
    Json(AnswerSchema),
    /// Values of the answer equal values of what is expected: JSON pointers of both, or the answer's alone.
    Field(Vec<(Text, Text)>),
    /// One of these labels, and the expected one; without any, of those that the cases expect.
    Label(Labels),
    /// A number, at most so far from the expected one.
    Number(Tolerance),
}

words! {
    /// When two texts are equal.
    pub enum Likeness("when texts are equal") {
        /// Character by character.
        Exact = "exact",
        /// Without the blanks around them.
        Trimmed = "trimmed",
        /// Without case, and without the blanks and punctuation around them.
        Words = "words",
    }
}

/// By what a JSON answer is valid.
#[derive(Debug, Clone)]
pub enum AnswerSchema {
    /// By nothing: any JSON is.
    Any,
    /// By `output.schema`.
    Output,
    /// By a schema in the manifest.
    Inline(Node),
}

record! {
    /// The labels that an answer may be.
    pub struct Labels("label") {
        /// The labels; those that the cases expect, where none are written.
        pub of: Vec<Text> = "of",
        /// Where the label is in a JSON answer, as a JSON pointer; the answer itself is the label otherwise.
        pub at: Option<Text> = "at",
    }
}

record! {
    /// How far a number may be off.
    pub struct Tolerance("number") {
        /// The largest difference; 0 by default.
        pub within: Option<Spanned<f64>> = "within",
        /// Where the number is in a JSON answer, as a JSON pointer; the answer itself is the number otherwise.
        pub at: Option<Text> = "at",
    }
}

impl Test {
    /// The names of the tests, as written.
    pub const NAMES: [&str; 8] = ["equals", "one_of", "contains", "regex", "json", "field", "label", "number"];

    /// The name of this one.
    pub fn name(&self) -> &'static str {
        let at = match self {
            Self::Equals(_) => 0,
            Self::OneOf(_) => 1,
            Self::Contains(_) => 2,
            Self::Regex(_) => 3,
            Self::Json(_) => 4,
            Self::Field(_) => 5,
            Self::Label(_) => 6,
            Self::Number(_) => 7,
        };
        Self::NAMES[at]
    }

    /// The test of this name with what is written behind it; null for nothing.
    fn decode(name: &str, node: &Node, faults: &mut Faults) -> Option<Self> {
        let is_plain = matches!(node.value, Value::Null);
        let texts = |faults: &mut Faults| {
            let texts = OneOrMany::<Text>::decode(node, faults)?.0;
            Some(texts.into_iter().map(|text| text.value).collect::<Vec<_>>())
        };
        match name {
            "equals" if is_plain => Some(Self::Equals(Likeness::Trimmed)),
            "equals" => Likeness::decode(node, faults).map(Self::Equals),
            "one_of" => texts(faults).map(Self::OneOf),
            "contains" => texts(faults).map(Self::Contains),
            "regex" => Option::decode(node, faults).map(Self::Regex),
            "json" if is_plain => Some(Self::Json(AnswerSchema::Any)),
            "json" => {
                let map = fields("json", node, &["schema"], faults)?;
                let schema = match map.get("schema") {
                    None => AnswerSchema::Any,
                    Some(schema) if schema.as_text().is_some_and(|text| &**text == "output") => AnswerSchema::Output,
                    Some(schema) if schema.as_map().is_some() => AnswerSchema::Inline(schema.clone()),
                    Some(schema) => {
                        expected("`output` (for output.schema) or a JSON Schema", schema, faults);
                        return None;
                    }
                };
                Some(Self::Json(schema))
            }
            "field" => {
                let Some(map) = node.as_map() else {
                    expected("a map of JSON pointers, such as {/label: /label}", node, faults);
                    return None;
                };
                let pairs = map.iter().map(|(key, value)| {
                    let own = Text { value: key.text.clone(), span: key.span.clone() };
                    let other = Text::decode(value, faults)?;
                    let is_pointer = |text: &str| text.is_empty() || text.starts_with('/');
                    if let Some(text) = [&own, &other].into_iter().find(|text| !is_pointer(&text.value)) {
                        let message = format!("`{}` is no JSON pointer", text.value);
                        let fault = Diagnostic::error("bad-scorer", message).at(&text.span);
                        faults.push(fault.hint(format!("it begins with a slash: `/{}`", text.value)));
                        return None;
                    }
                    Some((own, other))
                });
                pairs.collect::<Option<Vec<_>>>().map(Self::Field)
            }
            "label" => {
                let labels = match node.value {
                    Value::Null => Labels { of: Vec::new(), at: None, span: node.span.clone() },
                    Value::List(_) => Labels { of: Vec::decode(node, faults)?, at: None, span: node.span.clone() },
                    _ => Labels::decode(node, faults)?,
                };
                Some(Self::Label(labels))
            }
            _ if is_plain => Some(Self::Number(Tolerance { within: None, at: None, span: node.span.clone() })),
            _ => Tolerance::decode(node, faults).map(Self::Number),
        }
    }
}

impl Decode for Scorer {
    fn decode(node: &Node, faults: &mut Faults) -> Option<Self> {
        let span = node.span.clone();
        if let Some(name) = node.as_text().filter(|name| Test::NAMES.contains(&&***name)) {
            let nothing = Node::new(Value::Null, span.clone());
            return Test::decode(name, &nothing, faults).map(|test| Self { test, weight: None, span });
        }
        let known: Vec<&str> = Test::NAMES.into_iter().chain(["weight"]).collect();
        if node.as_map().is_none() {
            expected(&format!("one of {}, or a map of it", Test::NAMES.join(", ")), node, faults);
            return None;
        }
        let map = fields("a scorer", node, &known, faults)?;
        let weight = map.get("weight").map(|weight| u64::decode(weight, faults));
        let named = map.iter().filter(|(key, _)| Test::NAMES.contains(&&*key.text));
        let named: Vec<_> = named.collect();
        let [(name, value)] = *named else {
            let is_unknown = |(key, _): (&Key, &Node)| !known.contains(&&*key.text);
            // A key that is not known is said already: it is a name that was misspelled.
            if !(named.is_empty() && map.iter().any(is_unknown)) {
                let message = format!("a scorer has exactly one of {}", Test::NAMES.join(", "));
                let fault = Diagnostic::error("bad-scorer", message).at(&span);
                faults.push(fault.hint("write each as an item of the list: all of them must hold"));
            }
            return None;
        };
        let test = Test::decode(&name.text, value, faults)?;
        Some(Self { test, weight: weight.flatten(), span })
    }
}

inline_schema!([] Scorer, "Scorer", |generator| {
    let texts = generator.subschema_for::<OneOrMany<Text>>();
    json_schema!({"anyOf": [
        {"enum": Test::NAMES},
        {
            "type": "object",
            "description": "Exactly one test, and how much it counts.",
            "properties": {
                "equals": generator.subschema_for::<Option<Likeness>>(),
                "one_of": texts,
                "contains": texts,
                "regex": {"type": ["string", "null"]},
                "json": {"type": ["object", "null"], "properties": {"schema": {"anyOf": [{"const": "output"}, {"type": "object"}]}}, "additionalProperties": false},
                "field": {"type": "object", "additionalProperties": {"type": "string"}},
                "label": {"anyOf": [{"type": "null"}, {"type": "array", "items": {"type": "string"}}, generator.subschema_for::<Labels>()]},
                "number": generator.subschema_for::<Option<Tolerance>>(),
                "weight": {"type": "integer", "minimum": 0}
            },
            "additionalProperties": false
        }
    ]})
});
