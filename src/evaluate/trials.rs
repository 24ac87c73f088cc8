//! What an evaluation asks: for each context and model, the head, its base and the cases that are new; and then the judges.

mod judges;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use judges::PlannedJudge;
pub use judges::{JudgeBuild, with_judges};

use super::answers::{self, Answers, FOLDER, Recorder};
use super::cases;
use super::endpoint::{Address, Endpoint, Environment, takes_batches};
use super::protocol::Protocol;
use super::run::{self, Asking, Budget, Prepared, Progress, Reckoning, Run, prepare};
use super::verdict::gates::unseen;
use super::verdict::{Evaluation, Trial};
use crate::compare::ratchet;
use crate::pipeline::{Build, Memory, Request};
use crate::prompt::bodies::Dialect;
use crate::syntax::decode::Text;
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
    /// The context of its judge, if it has one, or why that cannot be built: [`with_judges`] finds it.
    pub judge: Option<JudgeBuild>,
}

impl Pair {
    /// These two, without a judge.
    pub fn of(head: Arc<Build>, base: Option<Arc<Build>>) -> Self {
        Self { head, base, judge: None }
    }
}

/// One model of one context, with the numbers of its sides.
struct Planned<'a> {
    protocol: Protocol,
    base: Option<usize>,
    head: usize,
    new: Option<usize>,
    judge: Option<PlannedJudge<'a>>,
}

/// What recorded answers alone say.
#[derive(Debug)]
pub struct Replay {
    /// The verdicts.
    pub evaluation: Evaluation,
    /// How many different answers are not recorded.
    pub missing: u64,
    /// What there is to say beside them, each in a sentence.
    pub said: Vec<String>,
    /// Which answers are in batches: what `eval --batch` takes up.
    pub uncollected: Vec<String>,
    /// What is wrong with what was read.
    pub warnings: Vec<Diagnostic>,
    /// Why contexts were left out.
    pub broken: Vec<Diagnostic>,
}

impl Replay {
    /// What there is to say beside the verdicts, each in a sentence.
    pub fn words(&self) -> impl Iterator<Item = String> {
        let in_batches = self.uncollected.iter().map(|said| format!("{said}: `eval --batch` takes them up"));
        self.said.iter().cloned().chain(in_batches)
    }
}

/// Everything that is asked, checked before anybody is.
pub struct Trials<'a> {
    /// Each context with each of its models.
    trials: Vec<Planned<'a>>,
    sides: Vec<Prepared<'a>>,
    /// The folder of recorded answers that a manifest names.
    named: Option<ProjectPath>,
    /// What there is to say of it.
    pub warnings: Vec<Diagnostic>,
    /// Why contexts are left out.
    broken: Vec<Diagnostic>,
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
    /// Whether what is missing is asked in batches.
    pub batch: bool,
    /// Hears what is about to be done, and of the progress.
    pub reckoned: &'a dyn Fn(&Reckoning),
    /// Hears of the progress.
    pub watch: &'a (dyn Fn(&Progress) + Sync),
    /// Hears, in a sentence, of what lasts longer than anybody watches.
    pub tell: &'a (dyn Fn(&str) + Sync),
}

/// The contexts with cases among these, each with the same context of a base; and what there is to say of others. Contexts
/// that are named must have cases.
///
/// # Errors
/// What is wrong with the base: a broken one is no reason to compare with nothing.
pub fn pairs(
    heads: Vec<Arc<Build>>,
    base: Option<(&dyn Tree, &Request, &Memory)>,
    are_named: bool,
) -> Result<(Vec<Pair>, Vec<String>), Failure> {
    let wanted = heads.iter().map(|head| head.id.clone()).collect();
    let before = base.map(|(tree, request, memory)| {
        let request = Request { contexts: Vec::new(), shard: None, ..request.clone() };
        Ok::<_, Failure>((tree, ratchet::before(tree, &request, &wanted, memory)?))
    });
    let before = before.transpose()?;
    let has_cases = |build: &Build| build.plan.manifest.eval.is_some();
    let (mut pairs, mut said) = (Vec::new(), Vec::new());
    for head in heads {
        let same = before.as_ref().map(|(tree, before)| (tree, before.get(&head.id).map(|tried| &tried.result)));
        // A change that takes its cases away is asked those of the base.
        let in_base = matches!(&same, Some((_, Some(Ok(same)))) if has_cases(same));
        if !are_named && !has_cases(&head) && !in_base {
            continue;
        }
        let base = match same {
            Some((tree, Some(same))) => Some(same.clone().map_err(|faults| ratchet::at_base(faults.into(), *tree))?),
            Some((_, None)) => {
                said.push(format!("`{}` is not in the base: it is compared with nothing", head.id));
                None
            }
            None => None,
        };
        pairs.push(Pair::of(head, base));
    }
    Ok((pairs, said))
}

impl<'a> Trials<'a> {
    /// Plans the evaluation of these contexts. `streams` asks for the time to the first token.
    ///
    /// # Errors
    /// Every fault of cases, scorers and bodies, placed: nobody is asked before they are mended.
    pub fn of(pairs: &'a [Pair], streams: bool) -> Result<Self, Failure> {
        let trials = Self::of_each(pairs, streams);
        if trials.broken.is_empty() { Ok(trials) } else { Err(trials.broken.into()) }
    }

    /// The same, without the contexts that cannot be evaluated: a [`Replay`] says why they cannot.
    pub fn of_each(pairs: &'a [Pair], streams: bool) -> Self {
        let (trials, sides, warnings) = (Vec::new(), Vec::new(), Vec::new());
        let mut own = Self { trials, sides, named: None, warnings, broken: Vec::new() };
        for pair in pairs {
            let (mut faults, before) = (Faults::new(), (own.trials.len(), own.sides.len()));
            own.add(pair, streams, &mut faults);
            match faults.into_result(()) {
                Ok(warned) => own.warnings.extend(warned.warnings),
                Err(found) => {
                    own.trials.truncate(before.0);
                    own.sides.truncate(before.1);
                    own.broken.extend(found);
                }
            }
        }
        own
    }

    fn add(&mut self, Pair { head, base, judge }: &'a Pair, streams: bool, faults: &mut Faults) {
        faults.extend(cases::leaks(&head.warnings));
        let named = head.plan.manifest.eval.as_ref().and_then(|eval| eval.answers.as_ref());
        if let Some(named) = named {
            self.name_folder(named, &head.plan.manifest_path, faults);
        }
        for model in &head.models {
            let before = base.as_deref().and_then(|build| {
                let models = &build.models;
                let same = models.iter().find(|other| other.card.name == model.card.name);
                let only = || models.first().filter(|_| models.len() == 1 && head.models.len() == 1);
                Some((build, same.or_else(only)?))
            });
            if base.is_some() && before.is_none() {
                let message = format!("the base does not ask {}: it is compared with nothing", model.name);
                faults.push(Diagnostic::warning("not-compared", message).at(&head.plan.manifest.span));
            }
            let plan = before.map(|(build, _)| &build.plan);
            let Some(protocol) = Protocol::of(&head.plan, plan, faults) else { break };
            let trial = self.trials.len();
            let mut side = |build: &'a Build, model, set: &super::CaseSet| {
                let side = prepare(build, model, Arc::new(set.clone()), (Some(trial), streams));
                let side = side.map_err(|found| faults.extend(found)).ok()?;
                self.sides.push(side);
                Some(self.sides.len() - 1)
            };
            let base = before.and_then(|(build, model)| side(build, model, &protocol.cases));
            let asked = side(head, model, &protocol.cases);
            let new = if protocol.new.cases.is_empty() { None } else { side(head, model, &protocol.new) };
            let two = asked.zip(base).and_then(|(head, base)| Some((self.sides.get(head)?, self.sides.get(base)?)));
            let is_same = two.is_some_and(|(head, base)| head.asks_the_same(base));
            // What sends the same requests has nothing to judge.
            let judge = match (judge.as_ref().filter(|_| !is_same), before) {
                (Some(Err(broken)), _) => {
                    faults.extend(broken.iter().cloned());
                    None
                }
                (Some(Ok(judge)), Some(before)) => self.add_judge(judge, (head, model), before, &protocol, faults),
                _ => None,
            };
            if let Some(head) = asked {
                self.trials.push(Planned { protocol, base, head, new, judge });
            }
        }
    }

    /// Takes the folder that a manifest names, the one that all contexts of a run record in.
    fn name_folder(&mut self, written: &Text, beside: &ProjectPath, faults: &mut Faults) {
        match ProjectPath::parse(&written.value, beside) {
            Ok(path) if self.named.as_ref().is_none_or(|other| *other == path) => self.named = Some(path),
            Ok(path) => {
                let message = format!("answers of one run are in one folder, and `{path}` is another one");
                let fault = Diagnostic::error("answers-folder", message).at(&written.span);
                faults.push(fault.hint("name it once, in contexture.yaml, or evaluate these contexts by themselves"));
            }
            Err(fault) => faults.push(Diagnostic::error("answers-folder", fault.to_string()).at(&written.span)),
        }
    }

    /// The folder of recorded answers.
    pub fn folder(&self) -> ProjectPath {
        self.named.clone().unwrap_or_else(|| ProjectPath::literal(FOLDER))
    }

    /// Whether there is nothing to evaluate.
    pub fn is_empty(&self) -> bool {
        self.trials.is_empty()
    }

    /// Says which gates nothing is held against: those that need a comparison, of contexts and models without one; those
    /// that need a revision of the base, where none is named.
    pub fn unheld(&self, has_revision: bool) -> Option<String> {
        let of = |trial: &Planned| {
            let gates = trial.protocol.gates.iter();
            gates.flat_map(|gates| unseen(gates, trial.base.is_some(), has_revision)).collect::<Vec<_>>()
        };
        let gates: Vec<&str> = self.trials.iter().flat_map(of).collect::<BTreeSet<_>>().into_iter().collect();
        let said = || format!("nothing is held against {}, for want of a base (--base REV)", gates.join(" and "));
        let idle = self.trials.iter().filter(|trial| trial.base.is_none() && trial.protocol.has_judge);
        let idle = idle.map(|trial| self.sides.get(trial.head).map_or("", |side| &side.side.context));
        let idle: Vec<&str> = idle.collect::<BTreeSet<_>>().into_iter().collect();
        let judge = || format!("the judge of {} compares nothing, for want of a base (--base REV)", idle.join(" and "));
        let said = [(!gates.is_empty()).then(said), (!idle.is_empty()).then(judge)];
        Some(said.into_iter().flatten().collect::<Vec<_>>().join("; ")).filter(|said| !said.is_empty())
    }

    /// What of it is recorded, and what the rest would cost at most. What judges are asked is known once the answers are;
    /// until then it is reckoned with answers as long as they may be, in tokens of whoever gives them.
    pub fn reckon(&self, answers: &Answers, fresh: bool, in_batch: bool) -> Reckoning {
        let mut reckoning = run::reckon(&self.sides, answers, fresh, in_batch);
        if reckoning.calls == reckoning.judged && reckoning.in_batches == 0 {
            let judging = self.judging(&run::replay(&self.sides, answers, None).results);
            return reckoning.then(run::reckon(&judging, answers, false, in_batch));
        }
        for trial in &self.trials {
            let (Some(judge), Some(base)) = (&trial.judge, trial.base) else { continue };
            let longest = |side: usize| self.sides.get(side).and_then(Prepared::longest_answer);
            let more = longest(base).zip(longest(trial.head)).map(|(one, other)| one.saturating_add(other));
            let most = more.and_then(|more| judge.unanswered.most_if_longer(more, in_batch));
            reckoning = reckoning.then(judge.unanswered.reckoned(most));
        }
        reckoning
    }

    /// What the answers that these trees have recorded say. Nobody is asked.
    ///
    /// # Errors
    /// When a tree cannot be read.
    pub fn replay(self, head: &dyn Tree, base: Option<&dyn Tree>) -> Result<Replay, Failure> {
        let folder = self.folder();
        let answers = Answers::read(head, &folder)?;
        let at_base = base.map(|base| Answers::read(base, &folder)).transpose()?;
        let run = self.recorded(&answers, at_base.as_ref());
        let judges = run::reckon(&self.judging(&run.results), &answers, false, false);
        let reckoning = run::reckon(&self.sides, &answers, false, false).then(judges);
        let (all, calls) = (reckoning.answers, reckoning.calls + reckoning.in_batches);
        let missing = (calls > 0).then(|| format!("{calls} of {all} answers are not recorded, and nothing is asked"));
        let said = [self.unheld(base.is_some()), missing, answers.cut_off()].into_iter().flatten().collect();
        let warnings = [self.warnings.as_slice(), &answers.warnings].concat();
        let broken = self.broken.clone();
        let uncollected = answers.uncollected().collect();
        Ok(Replay { missing: calls, said, uncollected, warnings, broken, evaluation: self.verdicts(run) })
    }

    /// What is recorded.
    fn recorded(&self, answers: &Answers, at_base: Option<&Answers>) -> Run {
        let run = run::replay(&self.sides, answers, at_base);
        let judging = run::replay(&self.judging(&run.results), answers, at_base);
        run.then(judging)
    }

    /// Asks for what is not recorded, and then the judges.
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
    ) -> Result<Run, Failure> {
        if means.batch {
            self.take_batches()?;
        }
        let reckoning = self.reckon(answers, means.fresh, means.batch);
        (means.reckoned)(&reckoning);
        let is_awaited = means.batch && !answers.open.is_empty();
        if reckoning.calls == 0 && !is_awaited {
            return Ok(self.recorded(answers, at_base));
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
        let folder = self.folder();
        let on_disk = workspace.root().join(folder.as_str());
        write::no_link(workspace.root(), &on_disk)?;
        let file = ProjectPath::new(&format!("{folder}/answers.jsonl")).ok();
        if file.map(|file| workspace.worktree()?.would_ignore(&file)).transpose()? == Some(true) {
            let what =
                format!("git ignores files in {folder}: no later run would see the answers, and each would pay again");
            let cure =
                "take the folder out of the patterns that git ignores, or name another one: `eval: {answers: DIR}`";
            return Err(Error::usage(what, cure).into());
        }
        let asked = |sides: &[Prepared], answers: &Answers, endpoints, fresh, max_cost, max_calls| {
            let is_open = means.batch && !answers.open.is_empty();
            if run::reckon(sides, answers, fresh, means.batch).calls == 0 && !is_open {
                return Ok(run::replay(sides, answers, at_base));
            }
            let asking = Asking {
                endpoints,
                budget: Budget::new(Some(max_cost), max_calls),
                recorder: Recorder::new(&System, &on_disk, &run_name()),
                at_once: means.at_once,
                watch: means.watch,
                tell: means.tell,
            };
            let engine = if means.batch { run::batch::ask } else { run::ask };
            engine(sides, answers, at_base, fresh, asking)
        };
        let of_judges = self.trials.iter().filter_map(|trial| endpoints.get(trial.judge.as_ref()?.labelled).cloned());
        let of_judges: Vec<_> = of_judges.collect();
        let run = asked(&self.sides, answers, endpoints, means.fresh, means.max_cost, means.max_calls)?;
        let judging = self.judging(&run.results);
        // Which batches are still open is in the files that this run has written.
        let reread = || Answers::read(&workspace.worktree()?, &folder);
        let later = if means.batch && !judging.is_empty() { Some(reread()?) } else { None };
        let answers = later.as_ref().unwrap_or(answers);
        let reckoning = run::reckon(&judging, answers, false, means.batch);
        // What is not known was taken at its most, so that no more than all is left.
        let spent = run.paid.zip(run.lost.1).map_or(Usd::ZERO, |(paid, lost)| paid + lost);
        let max_cost = if spent < means.max_cost { means.max_cost - spent } else { Usd::ZERO };
        let max_calls = means.max_calls.map(|most| most.saturating_sub(run.tries + run.collected.submitted));
        allowed(&reckoning, &Means { max_cost, max_calls, ..*means })?;
        let judged = asked(&judging, answers, of_judges, false, max_cost, max_calls)?;
        let mut run = run.then(judged);
        if means.batch {
            run.collected.open.extend(reread()?.uncollected());
        }
        Ok(run)
    }

    /// Refuses what cannot be asked in batches.
    fn take_batches(&self) -> Result<(), Error> {
        let Some(side) = self.sides.iter().find(|side| !takes_batches(side.body().dialect)) else { return Ok(()) };
        let (model, dialect) = (&side.model().name, side.body().dialect.as_str());
        let what = format!(
            "{model} is asked in the `{dialect}` dialect, and eval sends batches of messages, responses and chat"
        );
        Err(Error::usage(what, "leave out --batch, or name other models with --model"))
    }

    /// The verdicts on what came of it.
    pub fn verdicts(self, run: Run) -> Evaluation {
        let mut judgements = self.judgements(&run.results);
        let mut results: Vec<Option<_>> = run.results.into_iter().map(Some).collect();
        let mut take = |at: usize| results.get_mut(at).and_then(Option::take);
        let side = |at: usize| self.sides.get(at);
        let trials = self.trials.into_iter().filter_map(|Planned { protocol, base, head, new, judge }| {
            let is_same = base.and_then(side).zip(side(head)).is_some_and(|(base, head)| base.asks_the_same(head));
            let judged = judge.filter(|_| base.is_some()).and_then(|_| judgements.next());
            let (base, new) = (base.and_then(&mut take), new.and_then(&mut take));
            Some(Trial { protocol, base, head: take(head)?, new, is_same, judged })
        });
        Evaluation::of(trials.collect())
    }
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
                "{calls} calls can cost ${most} at most (no cache reads, the longest answers{}), which is over --max-cost {limit}",
                if means.batch { "" } else { ", every retry" }
            );
            let cure = "allow more with --max-cost, or ask for less: a smaller `output.max_tokens`, fewer cases, repeats or models";
            Err(Error::usage(what, cure))
        }
        None if means.max_calls.is_none() => {
            let what = format!(
                "what {calls} calls cost at most is not known: {} has no known price{}, or no limit on its answers",
                reckoning.unpriced.join(", "),
                if means.batch { " of batches" } else { "" }
            );
            Err(Error::usage(
                what,
                "give its prices in prices.yaml and `output.max_tokens`; or limit the calls with --max-calls",
            ))
        }
        _ => Ok(()),
    }
}

/// A name for the file of a run: its time, and what tells it from another of the same second.
fn run_name() -> String {
    let time: String = run::now().chars().filter(char::is_ascii_alphanumeric).collect();
    format!("{time}-{}", answers::unlike())
}
