//! A project of one context in memory, for the tests of this floor.

use crate::evaluate::protocol::Protocol;
use crate::evaluate::scorers::Scorers;
use crate::evaluate::{CaseSet, Side, cases};
use crate::pipeline::{Request, build_all};
use crate::syntax::diag::{Diagnostic, Faults};
use crate::syntax::source::ProjectPath;
use crate::text::resolve::Plan;
use crate::tree::MemoryTree;

/// A context `c` with one input `q`, some `eval` and its cases.
pub(in crate::evaluate) struct Project {
    pub(in crate::evaluate) plan: Plan,
}

impl Project {
    /// `eval`: flow or block YAML behind `cases`, one key or more a line.
    pub(in crate::evaluate) fn new(eval: &str, cases: &str) -> Self {
        Self::with("q: {tokens: 5}", eval, "cases.jsonl", cases)
    }

    pub(in crate::evaluate) fn with(inputs: &str, eval: &str, file: &str, cases: &str) -> Self {
        Self::build(inputs, eval, file, cases).expect("a build")
    }

    fn build(inputs: &str, eval: &str, file: &str, cases: &str) -> Result<Self, Vec<Diagnostic>> {
        let manifest = format!(
            "models: [claude-sonnet-5-5]\ninputs:\n  {inputs}\noutput: {{tokens: 5, schema: {{type: object, properties: \
             {{label: {{type: string}}}}, required: [label], additionalProperties: false}}}}\nsystem:\n  - text: Hi\nmessages:\n  \
             - user: '{{{{q}}}}'\neval:\n  cases: {file}\n  {eval}\n"
        );
        let tree = MemoryTree::new().file(&ProjectPath::literal("contexts/c.yaml"), manifest);
        let tree = tree.file(&ProjectPath::new(file).expect("a path"), cases);
        let built = build_all(&tree, &Request::default()).expect("a project");
        let [tried] = &built[..] else { panic!("{built:?}") };
        tried.result.as_ref().map(|build| Self { plan: build.plan.clone() }).map_err(Clone::clone)
    }

    pub(in crate::evaluate) fn scorers(&self) -> (CaseSet, Scorers) {
        let mut faults = Faults::new();
        let set = cases::read(&self.plan, &mut faults);
        let set = set.unwrap_or_else(|| panic!("{:?}", faults.into_vec()));
        let mut faults = Faults::new();
        let scorers = Scorers::of(&self.plan, &set, &mut faults);
        (set, scorers.unwrap_or_else(|| panic!("{:?}", faults.into_vec())))
    }

    pub(in crate::evaluate) fn protocol(&self) -> Protocol {
        Protocol::of(&self.plan, None, &mut Faults::new()).expect("a protocol")
    }
}

/// The side of a test.
pub(in crate::evaluate) fn side(model: &str) -> Side {
    Side { context: "c".to_owned(), variant: None, model: model.to_owned(), digest: "cx1:0".to_owned(), commit: None }
}

/// What is said of a project with this `eval` and these cases.
pub(in crate::evaluate) fn faults_of(eval: &str, cases: &str) -> Vec<String> {
    said_of(&Project::new(eval, cases))
}

fn said_of(project: &Project) -> Vec<String> {
    let mut faults = Faults::new();
    let protocol = Protocol::of(&project.plan, None, &mut faults);
    let said: Vec<String> = faults
        .into_vec()
        .into_iter()
        .map(|fault| {
            assert!(fault.span.is_some() || fault.file.is_some(), "{fault:?}");
            fault.message
        })
        .collect();
    assert_eq!(protocol.is_none(), !said.is_empty());
    said
}

#[test]
fn cases_are_read_from_every_format() {
    for (file, text) in [
        (
            "c.jsonl",
            "{\"id\": \"k\", \"inputs\": {\"q\": \"x\"}, \"expect\": \"a\", \"tags\": [\"t\"], \"pass\": \"2 of 3\"}\n",
        ),
        ("c.yaml", "- {id: k, inputs: {q: x}, expect: a, tags: [t], repeats: 3, pass: 2}\n"),
        (
            "c.json",
            "{\"records\": [{\"id\": \"k\", \"q\": \"x\", \"expect\": \"a\", \"tags\": \"t\", \"pass\": \"2 of 3\"}]}",
        ),
        ("c.csv", "id,q,expect,tags,pass\nk,x,a,t,2 of 3\n"),
        ("c.csv", "id,inputs.q,expect,tags,repeats,pass\nk,x,a,t,3,2\n"),
    ] {
        let (set, _) = Project::with("q: {tokens: 5}", "", file, text).scorers();
        let [case] = &set.cases[..] else { panic!("{file}: {set:?}") };
        let said =
            (&*case.id, case.inputs["q"].as_str(), case.expect.as_str(), &*case.tags[0], case.repeats, case.pass);
        assert_eq!(said, ("k", Some("x"), Some("a"), "t", 3, 2), "{file}");
    }
}

#[test]
fn what_is_wrong_with_cases_is_said_before_any_call() {
    let good = "{\"inputs\": {\"q\": \"x\"}, \"expect\": \"a\"}";
    for (eval, cases, messages) in [
        ("", "", &["the files hold no cases"][..]),
        ("", "{\"inputs\": {}, \"expect\": \"a\"}\n", &["case `1` has no value for the input `q`"]),
        (
            "",
            "{\"expect\": \"a\", \"id\": \"k\"}\n{}\n",
            &["case `k` has no value for the input `q`", "case `2` has no value for the input `q`"],
        ),
        (
            "",
            "{\"inputs\": {\"q\": 1, \"p\": 2}, \"expect\": \"a\"}\n",
            &["case `1` gives the input `p`, which c does not have"],
        ),
        (
            "",
            "{\"id\": \"2\", \"q\": \"x\", \"expect\": \"a\"}\n{\"q\": \"x\", \"expect\": \"a\"}\n",
            &["two cases have the id `2`"],
        ),
        ("", "[1]\n", &["a record is a map, this one is a list"]),
        ("", "{\"inputs\": [\"x\"], \"expect\": \"a\"}\n", &["`inputs` is a map of the context's inputs"]),
        ("", "{\"id\": [], \"q\": \"x\", \"expect\": \"a\"}\n", &["the `id` of a case is text"]),
        ("", "{\"tags\": 7, \"q\": \"x\", \"expect\": \"a\"}\n", &["`tags` is a list of texts"]),
        (
            "",
            "{\"pass\": \"4 of 3\", \"q\": \"x\", \"expect\": \"a\"}\n",
            &["`pass` says how many of 3 answers must be right, 1 to 3"],
        ),
        ("", "{\"repeats\": 0, \"q\": \"x\", \"expect\": \"a\"}\n", &["a case is asked 1 to 1000 times, not 0"]),
        ("", "{\"repeats\": \"many\", \"q\": \"x\", \"expect\": \"a\"}\n", &["`repeats` is a whole number"]),
        ("repeats: 5000", good, &["a case is asked 1 to 1000 times, not 5000"]),
        ("", "{\"q\": \"x\"}\n", &["`equals` cannot score case `1`: it expects nothing"]),
        (
            "gates: {pass: 101%, regression: 1.5}",
            good,
            &[
                "the gate `pass` is a share of the cases, at most 100%",
                "the gate `regression` is a share of the cases, at most 100%",
            ],
        ),
        ("", good, &[]),
    ] {
        assert_eq!(faults_of(eval, cases), messages, "{eval} {cases}");
    }
}

#[test]
fn both_sides_are_asked_the_cases_of_the_base() {
    let base = Project::new(
        "gates: {regression: 2%}",
        "{\"id\": \"k\", \"q\": \"x\", \"expect\": \"a\"}\n{\"id\": \"l\", \"q\": \"y\", \"expect\": \"b\"}\n",
    );
    let head = Project::new(
        "gates: {regression: 90%}",
        "{\"id\": \"k\", \"q\": \"x\", \"expect\": \"easier\"}\n{\"id\": \"m\", \"q\": \"z\", \"expect\": \"c\"}\n",
    );
    let protocol = Protocol::of(&head.plan, Some(&base.plan), &mut Faults::new()).expect("a protocol");
    let ids = |set: &CaseSet| set.cases.iter().map(|case| case.id.to_string()).collect::<Vec<_>>();
    assert_eq!(
        (ids(&protocol.cases), ids(&protocol.new)),
        (vec!["k".to_owned(), "l".to_owned()], vec!["k".to_owned(), "m".to_owned()])
    );
    assert_eq!(protocol.cases.cases[0].expect, "a");
    assert_eq!((protocol.margin.millionths, protocol.is_own), (20_000, false));
    // A head with another input cannot be asked them.
    let other = Project::with(
        "q: {tokens: 5}\n  p: {tokens: 5}",
        "",
        "cases.jsonl",
        "{\"q\": \"x\", \"p\": \"y\", \"expect\": \"a\"}\n",
    );
    let mut faults = Faults::new();
    assert!(Protocol::of(&other.plan, Some(&base.plan), &mut faults).is_none());
    assert_eq!(faults.into_vec()[0].message, "case `k` has no value for the input `p` of c");
}

#[test]
fn the_digest_of_cases_is_of_what_they_say() {
    let digest = |cases: &str| cases::read(&Project::new("", cases).plan, &mut Faults::new()).expect("cases").digest;
    let (k, l) =
        ("{\"id\": \"k\", \"q\": \"x\", \"expect\": \"a\"}\n", "{\"id\": \"l\", \"q\": \"y\", \"expect\": \"b\"}\n");
    assert_eq!(digest(&format!("{k}{l}")), digest(&format!("{l}{k}")));
    assert_eq!(digest(k), digest(&k.replace("\"id\"", "\"tags\": [\"new\"], \"id\"")));
    assert_ne!(digest(k), digest(&k.replace("\"a\"", "\"b\"")));
}

#[test]
fn what_is_wrong_with_eval_in_a_manifest_is_said_at_its_place() {
    for (eval, message, place) in [
        (
            "score: [lable]",
            "expected one of equals, one_of, contains, regex, json, field, label, number, or a map of it, found `lable`",
            "lable",
        ),
        ("score: [{lable: [a]}]", "unknown key `lable` in a scorer", "lable"),
        (
            "score: [{equals: null, regex: x}]",
            "a scorer has exactly one of equals, one_of, contains, regex, json, field, label, number",
            "{equals",
        ),
        (
            "score: [{weight: 2}]",
            "a scorer has exactly one of equals, one_of, contains, regex, json, field, label, number",
            "{weight",
        ),
        ("score: [{equals: null, weight: two}]", "expected a whole number, not negative, found `two`", "two"),
        ("score: [{field: {label: /label}}]", "`label` is no JSON pointer", "label:"),
        ("score: [{field: {/label: label}}]", "`label` is no JSON pointer", "label}"),
        (
            "score: [{equals: nearly}]",
            "expected one of exact, trimmed, words (when texts are equal), found `nearly`",
            "nearly",
        ),
        (
            "score: [{json: {schema: other}}]",
            "expected `output` (for output.schema) or a JSON Schema, found `other`",
            "other",
        ),
        ("score: [{number: {within: near}}]", "expected a number, found `near`", "near"),
        ("gates: {latency_p95: 2}", "expected a time such as 2s, 1.5s or 800ms, found `2`", "2}"),
        ("gates: {recorded: head}", "expected one of base (whose answers count), found `head`", "head"),
        ("repeats: -1", "expected a whole number, not negative, found `-1`", "-1"),
    ] {
        let found = Project::build("q: {tokens: 5}", eval, "c.jsonl", "").err().unwrap_or_default();
        let said: Vec<&str> = found.iter().map(|fault| &*fault.message).collect();
        assert_eq!(said, [message], "{eval}");
        let span = found[0].span.as_ref().expect("a place");
        assert!(span.source.text()[span.start..].starts_with(place), "{eval}");
    }
}
