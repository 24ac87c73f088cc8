//! `contexture eval`: whether a change makes the answers of a model better or worse.

use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::cost::cards::Date;
use crate::evaluate::answers::Answers;
use crate::evaluate::run::batch::Collected;
use crate::evaluate::run::{Progress, Reckoning, Run};
use crate::evaluate::trials::{self, Means, Pair, Replay, Trials, with_judges};
use crate::output::report::{eval, json};
use crate::pipeline::{Build, Memory, Request, build_all, build_remembering};
use crate::prompt::bodies::Dialect;
use crate::syntax::diag::Diagnostic;
use crate::syntax::error::{Error, Failure};
use crate::syntax::quantity::Usd;
use crate::tree::{Tree, Workspace};

use super::session::Session;
use super::{TreeArguments, Verdict};

/// Ask a model the cases of a context, and say whether a change is an improvement.
#[derive(Debug, Args)]
#[command(long_about = "\
Ask a model the cases of a context, and say whether a change is an improvement.

Cases, scorers and gates are under `eval` in the manifest; with --base they are those of the base, and both sides are asked \
the same. Answers are recorded below .contexture/answers and never asked again for the same request; commit them.

Keys come from the environment: ANTHROPIC_API_KEY, OPENAI_API_KEY, GEMINI_API_KEY or GOOGLE_API_KEY; addresses from \
--base-url, ANTHROPIC_BASE_URL, OPENAI_BASE_URL or GEMINI_BASE_URL. Nothing of the repository decides where a prompt is sent.")]
pub(super) struct Arguments {
    /// Contexts, ID@VARIANT, or patterns such as 'support/*'; without one, every context with cases
    #[arg(value_name = "ID")]
    ids: Vec<String>,
    #[command(flatten)]
    tree: TreeArguments,
    /// Compare with the same contexts at this revision
    #[arg(long, value_name = "REV", conflicts_with = "against")]
    base: Option<String>,
    /// Compare with another context or variant of the same tree
    #[arg(long, value_name = "ID@VARIANT")]
    against: Option<String>,
    /// Ask this model instead of those of the manifests; may be given several times
    #[arg(short, long = "model", value_name = "MODEL")]
    models: Vec<String>,
    /// The most US dollars that the run may cost, every retry included
    #[arg(long, value_name = "USD", default_value = "1", value_parser = dollars)]
    max_cost: Usd,
    /// The most calls that it may make; needed where a price is not known
    #[arg(long, value_name = "N")]
    max_calls: Option<u64>,
    /// Ask nobody: read what is recorded, and exit with 2 where something is missing
    #[arg(long, conflicts_with_all = ["fresh", "base_url"])]
    replay: bool,
    /// Ask again what is recorded: another look, which is counted
    #[arg(long)]
    fresh: bool,
    /// Where the models are served, for all of them or for those of a dialect: chat=http://127.0.0.1:8080/v1
    #[arg(long, value_name = "[DIALECT=]URL", value_parser = base_url)]
    base_url: Vec<(Option<Dialect>, String)>,
    /// Ask in batches: at the prices of batches, within a day. They go on when this ends, and the same command collects them
    #[arg(long, conflicts_with_all = ["replay", "first_token"])]
    batch: bool,
    /// Have answers streamed, for the time to the first token. It is another request than without
    #[arg(long)]
    first_token: bool,
    /// How many seconds one answer may take
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..=3600))]
    timeout: u64,
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
    /// For programs; `contexture schema eval` prints its schema
    Json,
    /// For the test reports of a CI system: JUnit's XML
    Junit,
    /// For a comment on a pull request
    Markdown,
}

fn dollars(written: &str) -> Result<Usd, &'static str> {
    Usd::parse(written).ok_or("an amount is a number of US dollars, such as 0.50")
}

pub(super) fn base_url(written: &str) -> Result<(Option<Dialect>, String), String> {
    let named = written.split_once('=').filter(|(name, _)| name.chars().all(char::is_alphanumeric));
    let Some((name, url)) = named else { return Ok((None, written.to_owned())) };
    let dialect = Dialect::ALL.into_iter().find(|dialect| dialect.as_str() == name);
    let dialect =
        dialect.ok_or_else(|| format!("`{name}` is no dialect; they are messages, responses, chat and generate"))?;
    Ok((Some(dialect), url.to_owned()))
}

/// How many requests are under way at most, where --jobs does not say.
pub(super) const AT_ONCE: usize = 16;

pub(super) fn run(arguments: Arguments, session: &Session) -> Result<Verdict, Failure> {
    let workspace = session.workspace()?;
    let tree = session.tree(&workspace, &arguments.tree)?;
    let base = arguments.base.as_ref().map(|base| workspace.commit(base)).transpose()?;
    let base = base.as_ref().map(|base| base as &dyn Tree);
    let pairs = pairs(&arguments, session, tree.as_ref(), base)?;
    let trials = some(Trials::of(&pairs, arguments.first_token)?)?;
    let replay = if arguments.replay {
        trials.replay(tree.as_ref(), base)?
    } else {
        ask(&arguments, session, &workspace, trials, (tree.as_ref(), base))?
    };
    session.warnings(&replay.warnings);
    replay.words().for_each(|sentence| session.tell(&sentence));
    let evaluation = replay.evaluation;
    session.print(&match arguments.format {
        Format::Text => eval::text(&evaluation),
        Format::Json => json(&eval::EvalReport::new(&evaluation)),
        Format::Junit => eval::junit(&evaluation),
        Format::Markdown => eval::markdown(&evaluation),
    })?;
    Ok(evaluation.answer().into())
}

/// These trials, if there are any.
///
/// # Errors
/// When there are none.
pub(super) fn some(trials: Trials<'_>) -> Result<Trials<'_>, Error> {
    let cure = "write some, and name their file in its manifest: `eval: {cases: eval/cases.jsonl}`";
    if trials.is_empty() {
        Err(Error::usage("no context that is named has cases".to_owned(), cure))
    } else {
        Ok(trials)
    }
}

/// What recorded answers say of contexts that were built, for reports that show it beside other things; `None` where none
/// of them is evaluated. They are built again with lints, which find a case that stands in its prompt.
///
/// # Errors
/// When a tree cannot be read.
pub(super) fn recorded(
    tree: &dyn Tree,
    request: &Request,
    memory: &Memory,
    (heads, base): (&[&Build], Option<&Arc<Build>>),
) -> Result<Option<Replay>, Failure> {
    let has_cases = |build: &Build| build.plan.manifest.eval.is_some();
    let asked = heads.iter().filter(|head| has_cases(head) || base.is_some_and(|base| has_cases(base)));
    let contexts: Vec<String> = asked.map(|head| head.id.to_string()).collect();
    if contexts.is_empty() {
        return Ok(None);
    }
    let request = Request { contexts, lints: true, shard: None, ..request.clone() };
    let heads = build_remembering(tree, &request, memory)?.into_iter().filter_map(|tried| tried.result.ok());
    let mut pairs: Vec<Pair> = heads.map(|head| Pair::of(head, base.cloned())).collect();
    with_judges(&mut pairs, (tree, None), request.as_of, memory)?;
    Trials::of_each(&pairs, false).replay(tree, None).map(Some)
}

/// The contexts with cases, each with what it is compared with.
///
/// # Errors
/// What is wrong with either side.
fn pairs(
    arguments: &Arguments,
    session: &Session,
    tree: &dyn Tree,
    base: Option<&dyn Tree>,
) -> Result<Vec<Pair>, Failure> {
    let as_of = Some(arguments.as_of.unwrap_or_else(super::session::today));
    let request =
        |contexts| Request { contexts, as_of, models: arguments.models.clone(), lints: true, ..Request::default() };
    let heads = build_all(tree, &request(arguments.ids.clone()))?;
    let (built, broken): (Vec<_>, Vec<_>) = heads.into_iter().map(|tried| tried.result).partition(Result::is_ok);
    let faults: Vec<Diagnostic> = broken.into_iter().filter_map(Result::err).flatten().collect();
    if !faults.is_empty() {
        return Err(faults.into());
    }
    let built = built.into_iter().flatten().collect();
    let (request_base, memory) = (request(Vec::new()), Memory::default());
    let base = base.map(|base| (base, &request_base, &memory));
    let (mut pairs, said) = trials::pairs(built, base, !arguments.ids.is_empty())?;
    said.iter().for_each(|sentence| session.tell(sentence));
    if let Some(id) = &arguments.against {
        let other = super::render::only(build_all(tree, &request(vec![id.clone()]))?)?;
        pairs.iter_mut().for_each(|pair| pair.base = Some(other.clone()));
    }
    with_judges(&mut pairs, (tree, base.map(|(tree, ..)| tree)), as_of, &memory)?;
    Ok(pairs)
}

/// Asks for what is not recorded, and shows how it goes.
fn ask(
    arguments: &Arguments,
    session: &Session,
    workspace: &Workspace,
    trials: Trials<'_>,
    (tree, base): (&dyn Tree, Option<&dyn Tree>),
) -> Result<Replay, Failure> {
    let folder = trials.folder();
    let answers = Answers::read(tree, &folder)?;
    let at_base = base.map(|base| Answers::read(base, &folder)).transpose()?;
    if let Some(unheld) = trials.unheld(base.is_some()) {
        session.tell(&unheld);
    }
    if arguments.tree.rev.is_some() || arguments.tree.staged {
        let reckoning = trials.reckon(&answers, arguments.fresh, arguments.batch);
        if reckoning.calls > 0 {
            let what = format!("{} answers are not recorded at that revision", reckoning.calls);
            let cure = "ask from the working tree, where they are recorded; or see what is there with --replay";
            return Err(Error::usage(what, cure).into());
        }
    }
    let progress = session.progress("asking");
    let run = trials.ask(
        workspace,
        &answers,
        at_base.as_ref(),
        &Means {
            base_urls: &arguments.base_url,
            environment: &|name| std::env::var(name).ok(),
            deadline: Duration::from_secs(arguments.timeout),
            at_once: session.jobs.unwrap_or(AT_ONCE),
            max_cost: arguments.max_cost,
            max_calls: arguments.max_calls,
            fresh: arguments.fresh,
            batch: arguments.batch,
            reckoned: &|reckoning| session.tell(&reckoned(reckoning)),
            tell: &|sentence| session.tell(sentence),
            watch: &|state| {
                super::signals::last_words((!session.quiet).then(|| interrupted(state, arguments.batch)));
                progress.say(shown(state));
            },
        },
    );
    super::signals::last_words(None);
    let mut run = run?;
    progress.done();
    let warnings = [trials.warnings.as_slice(), &answers.warnings].concat();
    let uncollected =
        if arguments.batch { std::mem::take(&mut run.collected.open) } else { answers.uncollected().collect() };
    let said = said(&run).into_iter().chain(answers.cut_off()).chain(faults(&run)).collect();
    Ok(Replay { evaluation: trials.verdicts(run), missing: 0, said, uncollected, warnings, broken: Vec::new() })
}

/// What is about to be done, in a sentence.
fn reckoned(reckoning: &Reckoning) -> String {
    let Reckoning { answers, calls, judged, in_batches, most, looks, .. } = reckoning;
    let again = match looks.last() {
        Some(2..) => {
            let (s, looks) = (if looks.len() > 1 { "s" } else { "" }, looks.iter().map(ToString::to_string));
            format!(", look{s} {}", looks.collect::<Vec<_>>().join(" and "))
        }
        _ => String::new(),
    };
    if *calls == 0 && *in_batches > 0 {
        return format!("{in_batches} of {answers} answers are in batches{again}: nothing is asked");
    }
    if *calls == 0 {
        return format!("all {answers} answers are recorded{again}: nothing is asked");
    }
    let most =
        most.map_or("at a price that is not known".to_owned(), |most| format!("for ${} at most", most.rounded(4)));
    let waiting = if *in_batches > 0 { format!(", {in_batches} are in batches") } else { String::new() };
    let judged = if *judged > 0 { format!(" ({judged} at most of judges)") } else { String::new() };
    format!("{calls} of {answers} answers are not recorded{again}{judged}{waiting}: they are asked for, {most}")
}

/// Progress in a line.
fn shown(state: &Progress) -> String {
    let Progress { done, of, spent, waits_for } = state;
    let spent = spent.map_or("cost not known".to_owned(), |spent| format!("${} spent", spent.rounded(4)));
    let waits = waits_for.as_ref().map(|what| format!("; {what}")).unwrap_or_default();
    format!("asking: {done} of {of} answers, {spent}{waits}")
}

/// What is said of a run that a signal ends.
fn interrupted(state: &Progress, in_batch: bool) -> String {
    let Progress { done, of, spent, .. } = state;
    if in_batch {
        return format!(
            "interrupted: {done} answers are collected; batches that were submitted go on at their server, and the same command collects them"
        );
    }
    let spent = spent.map_or("at a cost that is not known".to_owned(), |spent| format!("${} spent", spent.rounded(4)));
    format!(
        "interrupted: at least {done} of {of} calls are over and what they answered is recorded, {spent}; run it again for the rest"
    )
}

/// What a run paid, and what may be billed on top.
fn said(run: &Run) -> Vec<String> {
    let mut said = Vec::new();
    if run.tries > 0 {
        let paid = run.paid.map_or("what it cost is not known".to_owned(), |paid| format!("${} paid", paid.exact()));
        said.push(format!("{} calls, {paid}", run.tries));
    }
    let Collected { answers, batches, said: of_batches, .. } = &run.collected;
    if *batches > 0 {
        let paid = run.paid.map_or("what they cost is not known".to_owned(), |paid| format!("${} paid", paid.exact()));
        let es = if *batches == 1 { "" } else { "es" };
        said.push(format!("{answers} answers through {batches} batch{es}, {paid} at batch prices"));
    }
    said.extend(of_batches.iter().cloned());
    if run.lost.0 > 0 {
        let most = run.lost.1;
        let most =
            most.map_or("at a price that is not known".to_owned(), |most| format!("${} at most", most.rounded(4)));
        said.push(format!("{} of them came to no answer and may be billed all the same, {most}", run.lost.0));
    }
    said
}

/// Which faults a run met, and how often.
fn faults(run: &Run) -> impl Iterator<Item = String> {
    run.faults.iter().map(|(what, times)| format!("{times} × {what}"))
}
