//! The tree: what speaks for tuning and what against it, and the verdict of the whole.

use std::collections::BTreeSet;

use super::{Facts, Item, State, Verdict};
use crate::cost::break_even;
use crate::evaluate::verdict::Decimal;
use crate::syntax::diag::Faults;
use crate::text::examples;
use crate::text::resolve::Content;

/// Examples from which tuning can be expected to work, and below which it does harm.
const ENOUGH: u64 = 500;
const HARMFUL: u64 = 200;
/// Calls a day from which failures of form are worth a tuned model, and calls a month from which a small model is.
const MANY_A_DAY: u64 = 100_000;
const MANY_A_MONTH: u64 = 1_000_000;

impl Facts<'_> {
    /// Labelled examples: unique ones in the files of examples that the context reads, and those that are declared.
    fn labelled(&self) -> u64 {
        let pools = self.question.build.plan.blocks.iter().filter_map(|block| match &block.content {
            Content::Examples(fragment, _) => Some(fragment),
            _ => None,
        });
        let mut unique = BTreeSet::new();
        for pool in pools {
            let records = examples::records(&pool.source, &mut Faults::new()).unwrap_or_default();
            unique.extend(records.into_iter().map(|record| serde_json::Value::Object(record.meta).to_string()));
        }
        self.question.examples.saturating_add(unique.len() as u64)
    }

    pub(super) fn tree(&self) -> Vec<Item> {
        let month = self.question.build.traffic().map(|traffic| traffic.calls);
        let calls = |what: String| month.map_or("the manifest declares no `traffic`".to_owned(), |_| what);
        let over = |limit: u64| month.map(|calls| calls > limit);
        let mut items = vec![self.asked(
            "knowledge",
            "facts that the model lacks",
            false,
            "no: facts come from retrieval, not from tuning (checklist)",
            "retrieve the facts into the prompt",
        )];

        let month_of_days = MANY_A_DAY * 30;
        let mut form = self.asked(
            "failures",
            "form at scale",
            true,
            "over 100,000 calls a day, where a wrong form breaks something (checklist)",
            "keep the prompt: a wrong form breaks nothing",
        );
        let share = self.unparsed().map_or("no share of wrong forms is known".to_owned(), |(broken, all)| {
            format!("{broken} of {all} do not parse")
        });
        form.found =
            format!("{}; {share}; {}", calls(format!("{} calls a month", month.unwrap_or_default())), form.found);
        items.push(limited(form, over(month_of_days)));

        let mut domain = self.asked(
            "dense",
            "a narrow domain",
            true,
            "terms of its own, over 500 examples, and a glossary of 2,000 words tried first (checklist)",
            "keep the prompt: the model knows the words",
        );
        let glossary = self.answer("glossary");
        domain.found = format!(
            "{}; a glossary was {}",
            domain.found,
            match glossary {
                Some(true) => "tried",
                Some(false) => "not tried",
                None => "tried or not: nobody said",
            }
        );
        if domain.state == State::Met && glossary != Some(true) {
            domain.state = if glossary.is_none() { State::Unknown } else { State::Open };
            domain.next = Some("try a glossary in the prompt; --answer glossary=yes".to_owned());
        }
        let labelled = self.labelled();
        items.push(limited(domain, Some(labelled >= ENOUGH)));

        let mut narrow = self.asked(
            "narrow",
            "a small model for many calls",
            true,
            "over 1,000,000 calls a month of one narrow task (checklist)",
            "keep the prompt: the task is broad",
        );
        narrow.found = format!("{}; {}", calls(format!("{} calls a month", month.unwrap_or_default())), narrow.found);
        items.push(limited(narrow, over(MANY_A_MONTH)));

        let mut examples = self.asked(
            "examples",
            "labelled examples",
            true,
            "500 or more, and good ones; under 200 tuning does harm (checklist; the cost article says 100)",
            "mend them first",
        );
        if labelled < ENOUGH {
            examples.state = State::Open;
            let harm = if labelled < HARMFUL { ": tuning would do harm" } else { "" };
            examples.next = Some(format!("collect {} more{harm}", ENOUGH - labelled));
        }
        examples.found = format!("{labelled} unique ones in files of examples and declared; {}", examples.found);
        items.push(examples);

        items.push(self.asked(
            "settled",
            "a task that stays as it is",
            true,
            "it is settled what a good answer is (cost article)",
            "settle it: a prompt is changed in a minute, a tuned model is trained anew",
        ));
        items.push(self.pays());
        items
    }

    fn pays(&self) -> Item {
        let (state, found, next) = match &self.question.break_even {
            None => (
                State::Unknown,
                "what training costs is not declared".to_owned(),
                Some(
                    "declare it: --training USD with --tuned-model MODEL, or --tuned-input and --tuned-output"
                        .to_owned(),
                ),
            ),
            Some(answer) => {
                let state = match answer.verdict {
                    break_even::Verdict::FineTune => State::Met,
                    break_even::Verdict::Unknown => State::Unknown,
                    _ => State::Open,
                };
                let next = (state == State::Unknown).then(|| "declare `traffic` and prices".to_owned());
                (state, answer.reason.clone(), next)
            }
        };
        Item {
            name: "pays",
            about: "the calls that pay for training",
            state,
            found,
            threshold: "at most 3 times break-even: keep prompting; over 10 times: tune (cost article)".to_owned(),
            next,
            usd: None,
        }
    }

    pub(super) fn verdict(&self, checklist: &[Item], tree: &[Item]) -> (Verdict, String) {
        let is = |item: &&Item, states: &[State]| states.contains(&item.state);
        let todo = |items: &[Item], skip: &[&str]| -> Vec<String> {
            let left = items
                .iter()
                .filter(|item| !skip.contains(&item.name))
                .filter(|item| is(item, &[State::Open, State::Unknown]));
            left.map(|item| item.about.to_owned()).collect()
        };
        let state = |items: &[Item], name: &str| items.iter().find(|item| item.name == name).map(|item| item.state);
        let (right, wrong, undecided) = self.tally;
        let rate = format!("{right} of {} cases are right", right + wrong + undecided);
        let least = Decimal(self.least() * 100.0);
        let first = |items: Vec<String>, why: &str| {
            (Verdict::ItemsFirst, format!("These items first, {why}: {}.", items.join("; ")))
        };
        if state(checklist, "baseline") != Some(State::Met) {
            return first(todo(checklist, &["format", "exact"]), "since nothing was measured");
        }
        let asked = |names: &[&str]| -> Vec<String> {
            let own = checklist.iter().filter(|item| names.contains(&item.name) && item.state != State::Met);
            own.map(|item| item.about.to_owned()).collect()
        };
        match self.passes() {
            Some(true) => {
                let unsure = asked(&["labels", "exact"]);
                match unsure.is_empty() {
                    true => (
                        Verdict::Stop,
                        format!("Stop here, prompts suffice: {rate}, and over {least} % are with 95 % certainty."),
                    ),
                    false => first(unsure, &format!("although {rate}")),
                }
            }
            None => (
                Verdict::MoreCases,
                format!("More cases: {rate}, which does not tell whether {least} % are; {}.", self.more()),
            ),
            Some(false) => {
                let mut open = todo(checklist, &["exact"]);
                if self.answer("exact") != Some(true) {
                    open.push("whether being right by these scorers is what counts".to_owned());
                }
                if !open.is_empty() {
                    return first(open, &format!("since {rate} and {least} % are wanted"));
                }
                self.branch(tree, &rate)
            }
        }
    }

    /// Every item of the checklist is done and the prompt is not good enough: what the tree says.
    fn branch(&self, tree: &[Item], rate: &str) -> (Verdict, String) {
        let of = |name: &str| tree.iter().find(|item| item.name == name);
        let must: Vec<&Item> = ["knowledge", "examples", "settled", "pays"].into_iter().filter_map(of).collect();
        let against: Vec<String> = must
            .iter()
            .filter(|item| item.state == State::Open)
            .map(|item| format!("{} ({})", item.about, item.next.as_deref().unwrap_or(&item.found)))
            .collect();
        if !against.is_empty() {
            return (
                Verdict::KeepPrompting,
                format!(
                    "Keep prompting: {rate} with every item done, and against tuning speak: {}.",
                    against.join("; ")
                ),
            );
        }
        let unknown: Vec<&str> =
            must.iter().filter(|item| item.state == State::Unknown).map(|item| item.about).collect();
        if !unknown.is_empty() {
            return (
                Verdict::ItemsFirst,
                format!("These items first, since {rate} with every item done: {}.", unknown.join("; ")),
            );
        }
        let more: Vec<&str> = ["failures", "dense", "narrow"]
            .into_iter()
            .filter_map(of)
            .filter(|item| item.state == State::Met)
            .map(|item| item.about)
            .collect();
        let more = if more.is_empty() { String::new() } else { format!("; for it speak also {}", more.join(", ")) };
        let pays = of("pays").map_or("", |item| item.found.as_str());
        (
            Verdict::FineTune,
            format!(
                "Fine-tune, low-rank before full, because {rate} with every item done, {} labelled examples are there, and {pays}{more}.",
                self.labelled()
            ),
        )
    }
}

/// An item that a figure limits as well: open below it, unknown where the figure is.
fn limited(mut item: Item, reaches: Option<bool>) -> Item {
    match reaches {
        Some(true) => {}
        Some(false) => (item.state, item.next) = (State::Open, None),
        None => {
            item.state = State::Unknown;
            item.next = Some("declare `traffic: {calls: …}`".to_owned());
        }
    }
    item
}
