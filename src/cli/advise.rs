//! `contexture advise`: go on prompting, and what to try next, or fine-tune.

use std::collections::BTreeMap;

use clap::{Args, ValueEnum};

use super::break_even::{Tuned, first_model, usd};
use super::session::Session;
use super::{TreeArguments, Verdict};
use crate::cost::cards::Date;
use crate::evaluate::advice::{QUESTIONS, Question, advise};
use crate::evaluate::trials::{Pair, Trials};
use crate::output::report::{advise as report, json};
use crate::pipeline::{Build, Request, build_all};
use crate::syntax::diag::Diagnostic;
use crate::syntax::error::{Error, Failure};
use crate::syntax::quantity::Usd;

/// Say whether prompts suffice, what to try next, or whether to fine-tune, and why.
#[derive(Debug, Args)]
#[command(long_about = "\
Say whether prompts suffice, what to try next, or whether to fine-tune, and why.

Nobody is asked: the evidence is the answers that `eval` has recorded for the context and its variants, its examples, its \
traffic and break-even. What a program cannot know is a question, --answer NAME=yes or NAME=no; without an answer it is \
unknown, and unknown never passes.")]
pub(super) struct Arguments {
    /// A context with cases, ID or ID@VARIANT
    #[arg(value_name = "ID")]
    id: String,
    /// Answer a question: labels, best-effort, reasoning, role, exact, failures, dense, glossary, narrow, knowledge, examples, settled
    #[arg(long = "answer", value_name = "NAME=yes|no", value_parser = answer, value_delimiter = ',')]
    answers: Vec<(String, bool)>,
    /// Labelled examples beside those in files of examples
    #[arg(long, value_name = "N", default_value_t = 0)]
    examples: u64,
    /// What training costs, once
    #[arg(long, value_name = "USD", value_parser = usd)]
    training: Option<Usd>,
    #[command(flatten)]
    tuned: Tuned,
    /// Which of the context's models is used today [default: the first]
    #[arg(short, long, value_name = "MODEL")]
    model: Option<String>,
    #[command(flatten)]
    tree: TreeArguments,
    /// Prices and rules as of this day [default: today]
    #[arg(long, value_name = "YYYY-MM-DD")]
    as_of: Option<Date>,
    /// What comes out
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    format: Format,
}

/// What comes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For programs; `contexture schema advise` prints its schema
    Json,
    /// For a comment on a pull request
    Markdown,
}

fn answer(written: &str) -> Result<(String, bool), String> {
    let (name, said) = written.split_once('=').ok_or("an answer is NAME=yes or NAME=no")?;
    if !QUESTIONS.iter().any(|(own, _)| *own == name) {
        let names: Vec<&str> = QUESTIONS.iter().map(|(name, _)| *name).collect();
        return Err(format!("`{name}` is no question; they are {}", names.join(", ")));
    }
    match said {
        "yes" => Ok((name.to_owned(), true)),
        "no" => Ok((name.to_owned(), false)),
        _ => Err("an answer is yes or no".to_owned()),
    }
}

pub(super) fn run(arguments: Arguments, session: &Session) -> Result<Verdict, Failure> {
    let Arguments { id, answers, examples, training, tuned, model, tree, as_of, format } = arguments;
    let workspace = session.workspace()?;
    let tree = session.tree(&workspace, &tree)?;
    let as_of = Some(as_of.unwrap_or_else(super::session::today));
    let build = |contexts, models| {
        build_all(tree.as_ref(), &Request { contexts, models, as_of, lints: true, ..Request::default() })
    };
    let head = super::render::only(build(vec![id], model.iter().cloned().collect())?)?;
    let today = first_model(&head)?;
    // The same prompt with the tuned model beside it, where it has a card, and the other variants with today's.
    let mut asked = vec![today.card.name.to_string()];
    asked.extend(tuned.tuned_model.clone());
    let own = super::render::only(build(vec![head.id.to_string()], asked)?)?;
    let name = &head.id.name;
    let family = build(vec![name.to_string(), format!("{name}@*")], vec![today.card.name.to_string()]);
    let family = family.or_else(|_| build(vec![name.to_string()], vec![today.card.name.to_string()]))?;
    let others: Vec<_> = family.into_iter().filter(|tried| tried.id != head.id).collect();
    let broken: Vec<Diagnostic> =
        others.iter().filter_map(|tried| tried.result.as_ref().err()).flatten().cloned().collect();
    session.warnings(&broken);
    let others: Vec<_> = others.into_iter().filter_map(|tried| tried.result.ok()).collect();
    let mut pairs: Vec<Pair> = others.iter().map(|other| Pair::of(head.clone(), Some(other.clone()))).collect();
    pairs.insert(0, Pair::of(head.clone(), None));
    let mut with_tuned = pairs.clone();
    with_tuned[0].head = own;
    let trials = match Trials::of(&with_tuned, false) {
        // A tuned model need not take today's prompt as it is.
        Err(_) if tuned.tuned_model.is_some() => {
            session.tell("the tuned model does not take this prompt as it is, so nothing of it is measured");
            Trials::of(&pairs, false)?
        }
        tried => tried?,
    };
    if trials.is_empty() {
        let what = format!("`{}` has no cases, so nothing of it can be measured", head.id);
        return Err(Error::usage(what, "write some, and name them: `eval: {cases: eval/cases.jsonl}`").into());
    }
    let replay = trials.replay(tree.as_ref(), None)?;
    replay.words().for_each(|sentence| session.tell(&sentence));
    session.warnings(&replay.warnings);
    let variants: Vec<&Build> = others.iter().map(|other| &**other).collect();
    let break_even = match training {
        Some(training) => Some(tuned.weigh(&head, today, training, session)?.1),
        None if tuned.is_told() => {
            return Err(Error::usage("nothing says what training costs".to_owned(), "give it with --training").into());
        }
        None => None,
    };
    let advice = advise(Question {
        build: &head,
        model: today,
        evaluation: &replay.evaluation,
        variants: &variants,
        answers: &answers.into_iter().collect::<BTreeMap<_, _>>(),
        examples,
        break_even,
        tuned: tuned.tuned_model.as_deref(),
    });
    session.print(&match format {
        Format::Text => report::text(&advice),
        Format::Json => json(&advice),
        Format::Markdown => report::markdown(&advice),
    })?;
    Ok(Verdict::Yes)
}
