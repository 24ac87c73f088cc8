//! `contexture eval`: whether a change makes the answers of a model better or worse.

use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::compare::ratchet;
use crate::cost::cards::Date;
use crate::evaluate::run::{Progress, Reckoning, Run};
use crate::evaluate::trials::{Means, Pair, Trials, recorded};
use crate::output::report::{eval, json};
use crate::pipeline::{Build, BuildResult, Memory, Request, build_all};
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
    let trials = Trials::of(&pairs, arguments.first_token)?;
    if trials.is_empty() {
        let what = "no context that is named has cases".to_owned();
        return Err(Error::usage(
            what,
            "write some, and name their file in its manifest: `eval: {cases: eval/cases.jsonl}`",
        )
        .into());
    }
    let unseen: Vec<&str> = trials.unseen_gates(base.is_some()).into_iter().collect();
    if !unseen.is_empty() {
        session.tell(&format!("nothing is held against {}, for want of a base (--base REV)", unseen.join(" and ")));
    }
    let answers = recorded(tree.as_ref(), &trials.folder)?;
    let at_base = base.map(|base| recorded(base, &trials.folder)).transpose()?;
    let run = if arguments.replay {
        let missing = trials.reckon(&answers, false);
        if missing.calls > 0 {
            let Reckoning { answers, calls, .. } = missing;
            session.tell(&format!("{calls} of {answers} answers are not recorded, and nothing is asked"));
        }
        trials.replay(&answers, at_base.as_ref())
    } else {
        ask(&arguments, session, &workspace, &trials, (&answers, at_base.as_ref()))?
    };
    session.warnings(&[trials.warnings.as_slice(), &answers.warnings].concat());
    say(session, &run, &answers.lost.iter().map(|sent| sent.most).collect::<Vec<_>>());
    let evaluation = trials.judge(run);
    session.print(&match arguments.format {
        Format::Text => eval::text(&evaluation),
        Format::Json => json(&eval::EvalReport::new(&evaluation)),
        Format::Junit => eval::junit(&evaluation),
        Format::Markdown => eval::markdown(&evaluation),
    })?;
    Ok(evaluation.answer().into())
}

/// The contexts with cases, each with what it is compared with.
///
/// # Errors
/// What is wrong with either side: a base that is broken is no reason to compare with nothing.
fn pairs(
    arguments: &Arguments,
    session: &Session,
    tree: &dyn Tree,
    base: Option<&dyn Tree>,
) -> Result<Vec<Pair>, Failure> {
    let as_of = Some(arguments.as_of.unwrap_or_else(super::session::today));
    let request =
        |contexts| Request { contexts, as_of, models: arguments.models.clone(), lints: true, ..Request::default() };
    let build = |tree: &dyn Tree, contexts| build_all(tree, &request(contexts));
    let heads = build(tree, arguments.ids.clone())?;
    let named = !arguments.ids.is_empty();
    let mut faults: Vec<Diagnostic> = Vec::new();
    let mut built = Vec::new();
    for BuildResult { id, result } in heads {
        match result {
            Ok(head) => built.push((id, head)),
            Err(found) => faults.extend(found),
        }
    }
    if !faults.is_empty() {
        return Err(faults.into());
    }
    let other = arguments.against.as_ref().map(|id| super::render::only(build(tree, vec![id.clone()])?)).transpose()?;
    let wanted = built.iter().map(|(id, _)| id.clone()).collect();
    let before =
        base.map(|base| ratchet::before(base, &request(Vec::new()), &wanted, &Memory::default())).transpose()?;
    let mut pairs = Vec::new();
    let has_cases = |build: &Build| build.plan.manifest.eval.is_some();
    for (id, head) in built {
        let same = before.as_ref().and_then(|before| before.get(&id)).map(|tried| tried.result.clone());
        // A change that takes its cases away is asked those of the base.
        let is_asked = named || has_cases(&head) || matches!(&same, Some(Ok(same)) if has_cases(same));
        if !is_asked {
            continue;
        }
        let base = match (base, same) {
            (Some(base), Some(same)) => Some(same.map_err(|faults| ratchet::at_base(faults.into(), base))?),
            (Some(_), None) => {
                session.tell(&format!("`{id}` is not in the base: it is compared with nothing"));
                None
            }
            (None, _) => other.clone(),
        };
        pairs.push(Pair { head, base });
    }
    Ok(pairs)
}

/// Asks for what is not recorded, and shows how it goes.
fn ask(
    arguments: &Arguments,
    session: &Session,
    workspace: &Workspace,
    trials: &Trials,
    (answers, at_base): (&crate::evaluate::answers::Answers, Option<&crate::evaluate::answers::Answers>),
) -> Result<Run, Failure> {
    if arguments.tree.rev.is_some() || arguments.tree.staged {
        let reckoning = trials.reckon(answers, arguments.fresh);
        if reckoning.calls > 0 {
            let what = format!("{} answers are not recorded at that revision", reckoning.calls);
            return Err(Error::usage(
                what,
                "ask from the working tree, where they are recorded; or see what is there with --replay",
            )
            .into());
        }
    }
    let progress = session.progress("asking");
    let run = trials.ask(
        workspace,
        answers,
        at_base,
        &Means {
            base_urls: &arguments.base_url,
            environment: &|name| std::env::var(name).ok(),
            deadline: Duration::from_secs(arguments.timeout),
            at_once: session.jobs.unwrap_or(AT_ONCE),
            max_cost: arguments.max_cost,
            max_calls: arguments.max_calls,
            fresh: arguments.fresh,
            reckoned: &|reckoning| session.tell(&reckoned(reckoning)),
            watch: &|state| progress.say(shown(state)),
        },
    )?;
    progress.done();
    Ok(run)
}

/// What is about to be done, in a sentence.
fn reckoned(reckoning: &Reckoning) -> String {
    let Reckoning { answers, calls, most, look, .. } = reckoning;
    let again = if *look > 1 { format!(", look {look}") } else { String::new() };
    if *calls == 0 {
        return format!("all {answers} answers are recorded{again}: nothing is asked");
    }
    let most =
        most.map_or("at a price that is not known".to_owned(), |most| format!("for ${} at most", most.rounded(4)));
    format!("{calls} of {answers} answers are not recorded{again}: they are asked for, {most}")
}

/// Progress in a line.
fn shown(state: &Progress) -> String {
    let Progress { done, of, spent, waits_for } = state;
    let spent = spent.map_or("cost not known".to_owned(), |spent| format!("${} spent", spent.rounded(4)));
    let waits = waits_for.as_ref().map(|what| format!("; {what}")).unwrap_or_default();
    format!("asking: {done} of {of} answers, {spent}{waits}")
}

/// What a run has to say beside its verdicts: what it paid, what may be billed on top, and which faults it met.
fn say(session: &Session, run: &Run, before: &[Option<Usd>]) {
    let about = |most: Option<Usd>| {
        most.map_or("at a price that is not known".to_owned(), |most| format!("${} at most", most.rounded(4)))
    };
    if run.tries > 0 {
        let paid = run.paid.map_or("what it cost is not known".to_owned(), |paid| format!("${} paid", paid.exact()));
        session.tell(&format!("{} calls, {paid}", run.tries));
    }
    if run.lost.0 > 0 {
        session.tell(&format!(
            "{} of them came to no answer and may be billed all the same, {}",
            run.lost.0,
            about(run.lost.1)
        ));
    }
    if !before.is_empty() {
        let sum = before.iter().try_fold(Usd::ZERO, |sum, most| sum.plus((*most)?));
        let what = "calls of earlier runs were cut off before their answer was recorded, and may have been billed";
        session.tell(&format!("{} {what}, {}", before.len(), about(sum)));
    }
    for (what, times) in &run.faults {
        session.tell(&format!("{times} × {what}"));
    }
}
