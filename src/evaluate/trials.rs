//! What an evaluation asks: for each context and model, the head, its base and the cases that are new.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::answers::{Answers, FOLDER, Recorder};
use super::endpoint::{Address, Endpoint, Environment};
use super::protocol::Protocol;
use super::run::{self, Asking, Budget, Prepared, Progress, Reckoning, Run, prepare};
use super::verdict::gates::unseen;
use super::verdict::{Evaluation, Trial};
use super::{answers, cases};
use crate::pipeline::Build;
use crate::prompt::bodies::Dialect;
use crate::syntax::diag::{Diagnostic, Faults};
use crate::syntax::error::{Error, Failure};
use crate::syntax::quantity::Usd;
use crate::syntax::source::ProjectPath;
use crate::tree::write::{self, System};
use crate::tree::{Tree, Workspace};

/// A context to evaluate, and what it is compared with.
#[derive(Debug, Clone)]
pub struct Pair {
    /// What is evaluated.
    pub head: Arc<Build>,
    /// The same before the change, or another variant.
    pub base: Option<Arc<Build>>,
}

/// Everything that is asked, checked before anybody is.
pub struct Trials<'a> {
    /// Each context with each of its models.
    trials: Vec<(Protocol, Option<usize>, usize, Option<usize>)>,
    sides: Vec<Prepared<'a>>,
    /// The folder of recorded answers.
    pub folder: ProjectPath,
    /// What there is to say of it.
    pub warnings: Vec<Diagnostic>,
}

/// What may be done to get answers that are not recorded.
pub struct Means<'a> {
    /// A server for every model of a dialect, or of all: `chat=http://127.0.0.1:8080/v1`.
    pub base_urls: &'a [(Option<Dialect>, String)],
    /// The process's environment.
    pub environment: Environment<'a>,
    /// How long one answer may take.
    pub deadline: Duration,
    /// How many requests are under way at most.
    pub at_once: usize,
    /// The most that the run may cost.
    pub max_cost: Usd,
    /// The most tries that it may make.
    pub max_calls: Option<u64>,
    /// Whether recorded answers are asked again.
    pub fresh: bool,
    /// Hears what is about to be done, and of the progress.
    pub reckoned: &'a dyn Fn(&Reckoning),
    /// Hears of the progress.
    pub watch: &'a (dyn Fn(&Progress) + Sync),
}

impl<'a> Trials<'a> {
    /// Plans the evaluation of these contexts. `streams` asks for the time to the first token.
    ///
    /// # Errors
    /// Every fault of cases, scorers and bodies, placed: nobody is asked before they are mended.
    pub fn of(pairs: &'a [Pair], streams: bool) -> Result<Self, Failure> {
        let (mut faults, mut trials, mut sides, mut folders) = (Faults::new(), Vec::new(), Vec::new(), Vec::new());
        for Pair { head, base } in pairs {
            faults.extend(cases::leaks(&head.warnings));
            let eval = head.plan.manifest.eval.as_ref();
            folders.extend(
                eval.and_then(|eval| eval.answers.as_ref())
                    .map(|folder| (folder.clone(), head.plan.manifest_path.clone())),
            );
            for model in &head.models {
                let before = base.as_deref().and_then(|build| {
                    let models = &build.models;
                    let same = models.iter().find(|other| other.card.name == model.card.name);
                    Some((
                        build,
                        same.or(if models.len() == 1 && head.models.len() == 1 { models.first() } else { None })?,
                    ))
                });
                if base.is_some() && before.is_none() {
                    let message = format!("the base does not ask {}: it is compared with nothing", model.name);
                    faults.push(Diagnostic::warning("not-compared", message).at(&head.plan.manifest.span));
                }
                let plan = before.map(|(build, _)| &build.plan);
                let Some(protocol) = Protocol::of(&head.plan, plan, &mut faults) else { break };
                let mut side = |build: &'a Build, model, set: &super::CaseSet| match prepare(
                    build,
                    model,
                    Arc::new(set.clone()),
                    streams,
                ) {
                    Ok(side) => {
                        sides.push(side);
                        Some(sides.len() - 1)
                    }
                    Err(found) => {
                        faults.extend(found);
                        None
                    }
                };
                let base = before.and_then(|(build, model)| side(build, model, &protocol.cases));
                let asked = side(head, model, &protocol.cases);
                let new = if protocol.new.cases.is_empty() { None } else { side(head, model, &protocol.new) };
                if let Some(head) = asked {
                    trials.push((protocol, base, head, new));
                }
            }
        }
        let folder = folder(&folders, &mut faults);
        let warned = faults.into_result(())?;
        Ok(Self { trials, sides, folder, warnings: warned.warnings })
    }

    /// Whether there is nothing to evaluate.
    pub fn is_empty(&self) -> bool {
        self.trials.is_empty()
    }

    /// The gates that nothing is held against: those that need a comparison, of contexts and models without one; those
    /// that need a revision of the base, where none is named.
    pub fn unseen_gates(&self, has_revision: bool) -> BTreeSet<&'static str> {
        let of = |(protocol, base, ..): &(Protocol, Option<usize>, usize, Option<usize>)| {
            let gates = protocol.gates.as_ref().into_iter();
            gates.flat_map(|gates| unseen(gates, base.is_some(), has_revision)).collect::<Vec<_>>()
        };
        self.trials.iter().flat_map(of).collect()
    }

    /// What of it is recorded, and what the rest would cost at most.
    pub fn reckon(&self, answers: &Answers, fresh: bool) -> Reckoning {
        run::reckon(&self.sides, answers, fresh)
    }

    /// Reads all answers from what is recorded.
    pub fn replay(&self, answers: &Answers, at_base: Option<&Answers>) -> Run {
        run::replay(&self.sides, answers, at_base)
    }

    /// Asks for what is not recorded.
    ///
    /// # Errors
    /// Where a key or an address is missing, where the worst case is more than may be spent, and when answers cannot be
    /// written.
    pub fn ask(
        &self,
        workspace: &Workspace,
        answers: &Answers,
        at_base: Option<&Answers>,
        means: &Means<'_>,
    ) -> Result<Run, Error> {
        let reckoning = self.reckon(answers, means.fresh);
        (means.reckoned)(&reckoning);
        if reckoning.calls == 0 {
            return Ok(self.replay(answers, at_base));
        }
        allowed(&reckoning, means)?;
        let mut servers: Vec<(Address, Arc<Endpoint>)> = Vec::new();
        let mut endpoints = Vec::new();
        for side in &self.sides {
            let dialect = side.body().dialect;
            let given =
                means.base_urls.iter().rfind(|(of, _)| of.is_none_or(|of| of == dialect)).map(|(_, url)| url.as_str());
            let address = Address::find(&side.model().card, dialect, given, means.environment)?;
            let known = servers.iter().find(|(other, _)| *other == address).map(|(_, endpoint)| endpoint.clone());
            endpoints.push(known.unwrap_or_else(|| {
                let endpoint = Arc::new(Endpoint::new(address.clone(), means.deadline, means.at_once));
                servers.push((address, endpoint.clone()));
                endpoint
            }));
        }
        let on_disk = workspace.root().join(self.folder.as_str());
        write::no_link(workspace.root(), &on_disk)?;
        let file = ProjectPath::new(&format!("{}/answers.jsonl", self.folder)).ok();
        if file.map(|file| workspace.worktree()?.would_ignore(&file)).transpose()? == Some(true) {
            let what = format!(
                "git ignores files in {}: no later run would see the answers, and each would pay again",
                self.folder
            );
            let cure =
                "take the folder out of the patterns that git ignores, or name another one: `eval: {answers: DIR}`";
            return Err(Error::usage(what, cure));
        }
        let asking = Asking {
            endpoints,
            budget: Budget::new(Some(means.max_cost), means.max_calls),
            recorder: Recorder::new(&System, &on_disk, &run_name()),
            at_once: means.at_once,
            watch: means.watch,
        };
        run::ask(&self.sides, answers, at_base, means.fresh, asking)
    }

    /// The verdicts on what came of it.
    pub fn judge(self, run: Run) -> Evaluation {
        let look = run.look;
        let mut results: Vec<Option<_>> = run.results.into_iter().map(Some).collect();
        let mut take = |at: usize| results.get_mut(at).and_then(Option::take);
        let judged = self.trials.into_iter().filter_map(|(protocol, base, head, new)| {
            Some(Trial { protocol, base: base.and_then(&mut take), head: take(head)?, new: new.and_then(&mut take) })
        });
        Evaluation::of(judged.collect(), look)
    }
}

/// The answers that a tree has recorded, in the folder of these trials.
///
/// # Errors
/// When the tree cannot be read.
pub fn recorded(tree: &dyn Tree, folder: &ProjectPath) -> Result<Answers, Failure> {
    Answers::read(tree, folder)
}

/// Refuses what may cost more than is allowed.
fn allowed(reckoning: &Reckoning, means: &Means<'_>) -> Result<(), Error> {
    let calls = reckoning.calls;
    if let Some(most) = means.max_calls.filter(|most| calls > *most) {
        let what = format!("{calls} answers are not recorded, and --max-calls {most} allows fewer calls");
        return Err(Error::usage(what, "allow more, or name fewer contexts or models"));
    }
    match reckoning.most {
        Some(most) if most > means.max_cost => {
            let (most, limit) = (most.rounded(4), means.max_cost.exact());
            let what = format!(
                "{calls} calls can cost ${most} at most (no cache reads, the longest answers, every retry), which is over --max-cost {limit}"
            );
            let cure = "allow more with --max-cost, or ask for less: a smaller `output.max_tokens`, fewer cases, repeats or models";
            Err(Error::usage(what, cure))
        }
        None if means.max_calls.is_none() => {
            let what = format!(
                "what {calls} calls cost at most is not known: {} has no known price, or no limit on its answers",
                reckoning.unpriced.join(", ")
            );
            Err(Error::usage(
                what,
                "give its prices in prices.yaml and `output.max_tokens`; or limit the calls with --max-calls",
            ))
        }
        _ => Ok(()),
    }
}

/// The one folder that all contexts of a run record in.
fn folder(named: &[(crate::syntax::decode::Text, ProjectPath)], faults: &mut Faults) -> ProjectPath {
    let usual = || ProjectPath::literal(FOLDER);
    let mut found: Option<ProjectPath> = None;
    for (written, beside) in named {
        match ProjectPath::parse(&written.value, beside) {
            Ok(path) if found.as_ref().is_none_or(|other| *other == path) => found = Some(path),
            Ok(path) => {
                let message = format!("answers of one run are in one folder, and `{path}` is another one");
                let fault = Diagnostic::error("answers-folder", message).at(&written.span);
                faults.push(fault.hint("name it once, in contexture.yaml, or evaluate these contexts by themselves"));
            }
            Err(fault) => faults.push(Diagnostic::error("answers-folder", fault.to_string()).at(&written.span)),
        }
    }
    found.unwrap_or_else(usual)
}

/// A name for the file of a run: its time, and what tells it from another of the same second.
fn run_name() -> String {
    let time: String = run::now().chars().filter(char::is_ascii_alphanumeric).collect();
    format!("{time}-{}", answers::unlike())
}
