//! Prompt or fine-tune: a checklist and a decision tree, each item answered from builds, recorded answers and traffic.
//!
//! What a program cannot know is asked ([`QUESTIONS`]); without an answer it is `unknown`, and an unknown never passes. The
//! thresholds are those of two articles on when prompts suffice, which disagree in places: each item names the one it is
//! from.

mod tree;

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use super::scored::Grade;
use super::statistics::{lower_bound, upper_bound, wilson};
use super::verdict::{Comparison, Decimal, Evaluation, ScoredRun, Verdict as Compared, margin_real};
use crate::cost::break_even::Answer as BreakEven;
use crate::pipeline::Build;
use crate::pipeline::model::ModelBuild;
use crate::prompt::segment::Tier;
use crate::syntax::decode::names;
use crate::syntax::quantity::Usd;

names! {
    /// What to do.
    pub enum Verdict {
        /// The prompt is good enough.
        Stop = "stop",
        /// Something of the checklist is to be done or answered before anything can be weighed.
        ItemsFirst = "items_first",
        /// It was measured, and the cases are too few to tell.
        MoreCases = "more_cases",
        /// It is not good enough, and tuning is not the way.
        KeepPrompting = "keep_prompting",
        /// Everything else is done, and it pays.
        FineTune = "fine_tune",
    }
}

names! {
    /// What became of an item.
    pub enum State {
        /// It is as it must be.
        Met = "met",
        /// It is not.
        Open = "open",
        /// Nobody said.
        Unknown = "unknown",
        /// It has no part in this context.
        NotApplicable = "not_applicable",
    }
}

/// What only people know: the name of each question, and the question.
pub const QUESTIONS: [(&str, &str); 12] = [
    ("labels", "are the expected answers of the cases right"),
    ("best-effort", "is the system prompt as good as you can make it"),
    ("reasoning", "does the task need several steps of reasoning"),
    ("role", "was a role in the system prompt measured"),
    ("exact", "is being right by these scorers the quality that counts"),
    ("failures", "does an answer of the wrong form break a system"),
    ("dense", "is the task full of terms that the model does not know"),
    ("glossary", "was a glossary of them in the prompt tried"),
    ("narrow", "is it one narrow task"),
    ("knowledge", "are the wrong answers wrong for want of facts"),
    ("examples", "are the examples as good as what you want back"),
    ("settled", "is it settled what a good answer is"),
];

/// One item of the checklist or the tree.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Item {
    /// Its name.
    pub name: &'static str,
    /// What it is about.
    pub about: &'static str,
    /// What became of it.
    pub state: State,
    /// What was found, and where.
    pub found: String,
    /// What it must be, and by whose word.
    pub threshold: String,
    /// What to do next; null where nothing is to be done.
    pub next: Option<String>,
    /// US dollars that the next step is expected to cost, where it is an evaluation like the last one.
    pub usd: Option<Usd>,
}

/// A side of the break-even as it was measured.
#[derive(Debug, Serialize, JsonSchema)]
pub struct MeasuredSide {
    /// The model.
    pub model: String,
    /// The share of the cases that are right.
    pub right: Option<Decimal>,
    /// US dollars a call, over all recorded answers; null where a price is not known.
    pub usd: Option<Usd>,
}

/// The report.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Advice {
    /// `contexture.advise/1`.
    pub schema: &'static str,
    /// The context and its variant.
    pub context: String,
    /// The model.
    pub model: String,
    /// What to do.
    pub verdict: Verdict,
    /// The same in a sentence, with the reason.
    pub sentence: String,
    /// The checklist, then the gate.
    pub checklist: Vec<Item>,
    /// The tree: what speaks for tuning, and what against it.
    pub tree: Vec<Item>,
    /// When training pays; null where its cost is not declared.
    pub break_even: Option<BreakEven>,
    /// Months until then at the declared traffic.
    pub months: Option<u64>,
    /// Today's model and the tuned one, as they were measured.
    pub measured: Vec<MeasuredSide>,
}

/// What is known.
pub struct Question<'a> {
    /// The context.
    pub build: &'a Build,
    /// The model that is used today.
    pub model: &'a ModelBuild,
    /// Its recorded answers, those of its variants, and those of the tuned model.
    pub evaluation: &'a Evaluation,
    /// The builds of its variants.
    pub variants: &'a [&'a Build],
    /// Answers to [`QUESTIONS`].
    pub answers: &'a BTreeMap<String, bool>,
    /// Labelled examples beside those in files of examples.
    pub examples: u64,
    /// When training pays.
    pub break_even: Option<BreakEven>,
    /// The tuned model, where it has a card.
    pub tuned: Option<&'a str>,
}

/// The least that passes where no gate says it: 85 %.
const PASS: f64 = 0.85;
/// Held-out cases, at least.
const CASES: u64 = 50;
/// Cases of each label, at least.
const OF_A_LABEL: usize = 5;
/// The largest share of answers of the wrong form that a prompt is expected to have.
const BROKEN: f64 = 0.05;
/// Examples in a prompt.
const SHOTS: usize = 5;
/// More cases than these are no advice.
const MOST_CASES: u64 = 100_000;

/// Weighs prompting against tuning.
pub fn advise(question: Question<'_>) -> Advice {
    let facts = Facts::of(&question);
    let (checklist, tree) = (facts.checklist(), facts.tree());
    let (verdict, sentence) = facts.verdict(&checklist, &tree);
    let traffic = question.build.traffic().map(|traffic| traffic.calls).filter(|calls| *calls > 0);
    let pays = question.break_even.as_ref().and_then(|answer| answer.calls);
    let measured = facts.measured();
    Advice {
        schema: "contexture.advise/1",
        context: question.build.id.to_string(),
        model: question.model.name.clone(),
        verdict,
        sentence,
        checklist,
        tree,
        months: pays.zip(traffic).map(|(calls, month)| calls.div_ceil(month)),
        break_even: question.break_even,
        measured,
    }
}

struct Facts<'a> {
    question: &'a Question<'a>,
    head: Option<&'a ScoredRun>,
    /// Right, wrong and undecided cases of the head.
    tally: (u64, u64, u64),
    is_measured: bool,
    usd: Option<Usd>,
}

impl<'a> Facts<'a> {
    fn of(question: &'a Question<'a>) -> Self {
        let is_own = |own: &&ScoredRun| own.run.is_of(question.build, &question.model.name);
        let head = question.evaluation.runs.iter().find(is_own);
        let tally = head.map_or((0, 0, 0), |head| head.scored.tally());
        let is_measured = head.is_some_and(|head| head.scored.is_measured());
        Self { question, head, tally, is_measured, usd: head.and_then(|head| head.run.usd).filter(|_| is_measured) }
    }

    fn answer(&self, name: &str) -> Option<bool> {
        self.question.answers.get(name).copied()
    }

    /// The item of a question: met by one answer, open by the other, unknown without any.
    fn asked(&self, name: &'static str, about: &'static str, wanted: bool, threshold: &str, next: &str) -> Item {
        let said = self.answer(name);
        let state = match said {
            Some(said) if said == wanted => State::Met,
            Some(_) => State::Open,
            None => State::Unknown,
        };
        let question = QUESTIONS.iter().find(|(own, _)| *own == name).map_or("", |(_, question)| question);
        let found = format!("{question}? {}", said.map_or("nobody said", |said| if said { "yes" } else { "no" }));
        let next = match state {
            State::Unknown => Some(format!("answer it: --answer {name}=yes or {name}=no")),
            State::Open => Some(next.to_owned()),
            _ => None,
        };
        Item { name, about, state, found, threshold: threshold.to_owned(), next, usd: None }
    }

    /// The runs of variants, each with its build and its comparison with the head.
    fn variants(&self) -> impl Iterator<Item = (&'a Build, &'a ScoredRun, Option<&'a Comparison>)> {
        let runs = &self.question.evaluation.runs;
        let comparisons = &self.question.evaluation.comparisons;
        self.question.variants.iter().filter_map(move |build| {
            let is_own = |own: &ScoredRun| own.run.is_of(build, &self.question.model.name);
            let (at, scored_run) = runs.iter().enumerate().find(|(_, scored_run)| is_own(scored_run))?;
            let comparison = comparisons.iter().find(|one| one.base == at);
            scored_run.scored.answered().next().map(|_| (*build, scored_run, comparison))
        })
    }

    fn checklist(&self) -> Vec<Item> {
        let id = &self.question.build.id;
        let again = self.usd;
        let mut items = vec![self.cases()];
        let (right, wrong, undecided) = self.tally;
        let all = right + wrong + undecided;
        let per_call = self
            .head
            .and_then(ScoredRun::mean_call)
            .map_or("?".to_owned(), |usd| format!("${}", usd.rounded(9).trim_end_matches('0')));
        let latency = self.head.and_then(|head| head.run.latency_ms.p95).map_or("?".to_owned(), |ms| ms.to_string());
        items.push(Item {
            name: "baseline",
            about: "accuracy, latency and cost of a call at this digest",
            state: if self.is_measured { State::Met } else { State::Open },
            found: match self.is_measured {
                true => format!("{right} of {all} cases right, p95 {latency} ms, {per_call} a call"),
                false => "no answers to the cases are recorded for this prompt, or over a tenth of them is missing"
                    .to_owned(),
            },
            threshold: "measured, less than a tenth missing".to_owned(),
            next: (!self.is_measured).then(|| format!("contexture eval {id}")),
            usd: None,
        });
        let tokens = |tier: Tier| {
            let counted = self.question.build.segments.iter().zip(&self.question.build.counts.per_segment);
            counted.filter(|(segment, _)| segment.tier == tier).map(|(_, tokens)| *tokens).sum::<u64>()
        };
        let system = tokens(Tier::System);
        let mut detailed = self.asked(
            "best-effort",
            "a detailed system prompt",
            true,
            "there is one, and it is your best (checklist)",
            "write the rules, the edge cases and what not to do into it, and evaluate again",
        );
        if system == 0 {
            detailed.state = State::Open;
            detailed.next = Some("write a system prompt, and evaluate again".to_owned());
        }
        detailed.found = format!("{system} tokens of system text by o200k_base; {}", detailed.found);
        items.push(Item { usd: if detailed.state == State::Open { again } else { None }, ..detailed });
        items.push(self.shots());
        items.push(self.reasoning());
        items.push(self.form());
        let role = self.asked(
            "role",
            "a role in the system prompt",
            true,
            "tried and measured (checklist)",
            "add a variant with a role, and evaluate it",
        );
        items.push(Item { usd: if role.state == State::Open { again } else { None }, ..role });
        items.push(self.gate());
        items
    }

    fn cases(&self) -> Item {
        let protocol = self.head.and_then(|head| self.question.evaluation.protocols.get(head.trial));
        let (mut number, mut scarce) = (0, Vec::new());
        if let Some(protocol) = protocol {
            number = protocol.cases.cases.len() as u64;
            let expected: Vec<&str> =
                protocol.cases.cases.iter().filter_map(|case| protocol.scorers.expected_label(case)).collect();
            for label in protocol.scorers.labels().unwrap_or_default() {
                let of = expected.iter().filter(|own| own.eq_ignore_ascii_case(label)).count();
                if of < OF_A_LABEL {
                    scarce.push(format!("{of} of `{label}`"));
                }
            }
        }
        let mut item = self.asked(
            "labels",
            "held-out cases",
            true,
            "50 to 200 (cost article), 5 of each label (inferred), none in the prompt, and right",
            "correct the expected answers, and evaluate again",
        );
        if number < CASES || !scarce.is_empty() {
            item.state = State::Open;
            item.next = Some("write more cases, and evaluate again".to_owned());
        }
        let few = if scarce.is_empty() { String::new() } else { format!(", only {}", scarce.join(", ")) };
        item.found = format!("{number} cases, none in the prompt{few}; {}", item.found);
        item
    }

    fn shots(&self) -> Item {
        let of = |build: &Build| build.segments.iter().filter(|segment| segment.origin.picked.is_some()).count();
        let own = of(self.question.build);
        let labels: BTreeSet<&str> = self
            .question
            .build
            .segments
            .iter()
            .filter_map(|segment| segment.origin.picked.as_ref()?.label.as_deref())
            .collect();
        let zero = self.variants().find(|(build, ..)| of(build) == 0);
        let (state, said, next) = match (own, &zero) {
            (0, None) => (
                State::Open,
                "no variant with examples was measured".to_owned(),
                Some("add 5 to 10 examples, and evaluate again"),
            ),
            (0, Some(_)) => {
                (State::Open, "there are none".to_owned(), Some("add 5 to 10 examples, and evaluate again"))
            }
            (_, None) => (
                State::Open,
                "no variant without examples was measured to compare with".to_owned(),
                Some("add a variant without examples, and evaluate it"),
            ),
            (own, Some((build, scored_run, compared))) => {
                let verdict = compared.map_or("not compared", |one| one.verdict.as_str());
                let (right, wrong, undecided) = scored_run.scored.tally();
                let said = format!(
                    "against `{}` without any ({right} of {} right): {verdict}",
                    build.id,
                    right + wrong + undecided
                );
                match compared.map(|one| one.verdict) {
                    _ if own < SHOTS => (State::Open, said, Some("take 5 to 10, and evaluate again")),
                    Some(Compared::Worse) => (State::Open, said, Some("take other examples, or none")),
                    Some(Compared::NotMeasured) | None => (State::Open, said, Some("evaluate both")),
                    Some(_) => (State::Met, said, None),
                }
            }
        };
        let of_labels = if labels.is_empty() { String::new() } else { format!(" of {} labels", labels.len()) };
        Item {
            name: "examples",
            about: "examples in the prompt",
            state,
            found: format!("{own} examples{of_labels}; {said}"),
            threshold: "5 to 10 (checklist), measured against none".to_owned(),
            next: next.map(str::to_owned),
            usd: next.and(self.usd),
        }
    }

    fn reasoning(&self) -> Item {
        let thinks = |model: &ModelBuild| {
            let keys = ["thinking", "reasoning", "reasoning_effort", "thinkingConfig", "thinking_config"];
            keys.into_iter().any(|key| model.settings.contains_key(key))
        };
        let own = thinks(self.question.model);
        let tried = self.variants().find(|(build, ..)| build.models.iter().any(thinks));
        let about = "thinking step by step, where the task needs it";
        let (state, found, next) = match self.answer("reasoning") {
            None => (
                State::Unknown,
                "does the task need several steps of reasoning? nobody said".to_owned(),
                Some("answer it: --answer reasoning=yes or reasoning=no".to_owned()),
            ),
            Some(false) => (State::NotApplicable, "the task needs none".to_owned(), None),
            Some(true) if own => (State::Met, "the settings ask for it".to_owned(), None),
            Some(true) => match tried {
                Some((build, ..)) => (State::Met, format!("`{}` was measured with it", build.id), None),
                None => (
                    State::Open,
                    "neither the settings nor a variant that was measured ask for it".to_owned(),
                    Some("add a variant with thinking set, and evaluate it".to_owned()),
                ),
            },
        };
        let usd = if state == State::Open { self.usd } else { None };
        Item { name: "reasoning", about, state, found, threshold: "set, or measured (checklist)".to_owned(), next, usd }
    }

    /// Answers of the head, and those of them that are no JSON.
    fn unparsed(&self) -> Option<(u64, u64)> {
        self.question.build.plan.schema.as_ref()?;
        let answers = self.head?.scored.answers().filter(|answer| matches!(answer.grade, Grade::Right | Grade::Wrong));
        let (mut all, mut broken) = (0, 0);
        for answer in answers {
            all += 1;
            broken += u64::from(serde_json::from_str::<serde_json::Value>(answer.text.trim()).is_err());
        }
        (all > 0).then_some((broken, all))
    }

    fn form(&self) -> Item {
        let has_schema = self.question.build.plan.schema.is_some();
        let (state, found, next) = match (has_schema, self.unparsed()) {
            (false, _) => (State::NotApplicable, "answers have no `output.schema`".to_owned(), None),
            (true, None) => (State::Open, "no answer is recorded".to_owned(), Some("evaluate it")),
            (true, Some((broken, all))) => {
                let share = wilson(broken, all);
                let (least, most) = (share.low * 100.0, share.high * 100.0);
                let found =
                    format!("`output.schema`; {broken} of {all} answers do not parse, {least:.1} to {most:.1} %");
                match share.low > BROKEN {
                    true => {
                        (State::Open, found, Some("show the form in the prompt with an example, and evaluate again"))
                    }
                    false => (State::Met, found, None),
                }
            }
        };
        let threshold =
            "a schema is sent, and no more than 5 % surely do not parse: prompts fail 1 to 5 % (checklist)".to_owned();
        Item {
            name: "format",
            about: "the form of answers",
            state,
            found,
            threshold,
            next: next.map(str::to_owned),
            usd: None,
        }
    }

    fn least(&self) -> f64 {
        let gates = self.head.and_then(|head| self.question.evaluation.protocols.get(head.trial)?.gates.as_ref());
        let pass = gates.and_then(|gates| gates.pass.as_ref());
        pass.map_or(PASS, |share| margin_real(share.value))
    }

    fn gate(&self) -> Item {
        let (right, wrong, undecided) = self.tally;
        let (all, least) = (right + wrong + undecided, self.least());
        let mut item = self.asked(
            "exact",
            "good enough",
            true,
            &format!("{} % of cases are right, with 95 % certainty (checklist)", Decimal(least * 100.0)),
            "score what counts, and evaluate again",
        );
        let (low, high) = (lower_bound(right, all.max(1)) * 100.0, upper_bound(right + undecided, all.max(1)) * 100.0);
        item.found = match self.is_measured {
            true => format!("{right} of {all} right: {low:.1} to {high:.1} %; {}", item.found),
            false => "not measured".to_owned(),
        };
        if self.passes() != Some(true) {
            item.state = if self.passes() == Some(false) { State::Open } else { State::Unknown };
            item.next = (self.passes().is_none() && self.is_measured).then(|| self.more());
        }
        item
    }

    /// Whether the gate is met or missed; `None` where the cases do not say.
    fn passes(&self) -> Option<bool> {
        let (right, wrong, undecided) = self.tally;
        let all = right + wrong + undecided;
        if !self.is_measured || all == 0 {
            return None;
        }
        if lower_bound(right, all) >= self.least() {
            return Some(true);
        }
        (upper_bound(right + undecided, all) < self.least()).then_some(false)
    }

    /// How many cases would tell at the rate that was measured.
    fn more(&self) -> String {
        let (right, wrong, undecided) = self.tally;
        let (all, least) = (right + wrong + undecided, self.least());
        let tells = |cases: u64| {
            let of = right * cases / all;
            lower_bound(of, cases) >= least || upper_bound(of, cases) < least
        };
        let mut needed = all;
        while needed <= MOST_CASES && !tells(needed) {
            needed += needed.div_ceil(20);
        }
        match needed {
            needed if needed > MOST_CASES => {
                format!("over {MOST_CASES} cases would be needed: the rate is at the limit")
            }
            needed => format!("about {needed} cases would tell at this rate"),
        }
    }

    fn measured(&self) -> Vec<MeasuredSide> {
        let own = self.question.model.name.as_str();
        let names = [Some(own), self.question.tuned.filter(|tuned| *tuned != own)];
        names
            .into_iter()
            .flatten()
            .filter_map(|name| {
                let is_own = |own: &&ScoredRun| own.run.is_of(self.question.build, name);
                let own = self.question.evaluation.runs.iter().find(is_own)?;
                let (right, wrong, undecided) = own.scored.tally();
                let share = Decimal::ratio(right, right + wrong + undecided).filter(|_| right + wrong > 0);
                Some(MeasuredSide { model: name.to_owned(), right: share, usd: own.mean_call() })
            })
            .filter(|side| side.right.is_some())
            .collect()
    }
}
