//! The engine of an evaluation: what is recorded is read, what is missing is asked, within the money that is allowed.

pub mod batch;
mod money;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;

pub use money::{Budget, paid};

use super::answers::{AnswerKey, Answers, Record, Recorder, request_digest};
use super::endpoint::{Endpoint, Exchange, Request, Size, Try, answer_limit, is_asked, version};
use super::{Answered, Case, CaseSet, Outcome, Results, Side};
use crate::cost::cards::day_of;
use crate::pipeline::Build;
use crate::pipeline::bodies::asked_body;
use crate::pipeline::model::ModelBuild;
use crate::pipeline::provenance::BuiltFrom;
use crate::prompt::bodies::{Body, HoleKind, fill};
use crate::syntax::diag::Diagnostic;
use crate::syntax::error::Error;
use crate::syntax::quantity::Usd;

/// One prompt with one model and the cases that it is asked: one side of a comparison.
pub struct Prepared<'a> {
    /// Which it is.
    pub side: Side,
    build: &'a Build,
    model: &'a ModelBuild,
    set: Arc<CaseSet>,
    body: Body,
    streams: bool,
    /// The number of its trial, whose sides are looked at together; `None` for a judge, which is asked at the first look only.
    trial: Option<usize>,
    /// For each case, its request.
    calls: Vec<Call>,
}

/// The request of one case.
struct Call {
    digest: Arc<str>,
    size: Size,
    /// What one try costs at most; `None` where a price or a limit is not known.
    most: Option<Usd>,
    /// The same in a batch.
    most_in_batch: Option<Usd>,
}

impl Call {
    fn most(&self, in_batch: bool) -> Option<Usd> {
        if in_batch { self.most_in_batch } else { self.most }
    }
}

/// How many tokens more a text may be in its place than by itself, at both of its ends.
const SEAM: u64 = 2;

/// Makes the requests of one side: every case's inputs in the model's body, and what asking costs at most.
///
/// # Errors
/// Why the model has no body, and for each case why its inputs do not fill it.
pub fn prepare<'a>(
    build: &'a Build,
    model: &'a ModelBuild,
    set: Arc<CaseSet>,
    (trial, streams): (Option<usize>, bool),
) -> Result<Prepared<'a>, Vec<Diagnostic>> {
    let body = asked_body(build, model, is_asked)?;
    let limit = answer_limit(body.dialect, &body.json).or(model.window.window.output);
    let fixed = model.tokens.text.band().1.saturating_add(model.tokens.framing.band().1);
    let (mut calls, mut faults) = (Vec::new(), Vec::new());
    for case in &set.cases {
        let json = match fill::request(&body, &case.inputs) {
            Ok(json) => json,
            Err(why) => {
                faults.push(Diagnostic::error("unfilled-case", format!("case `{}`: {why}", case.id)).at(&case.span));
                continue;
            }
        };
        let inputs = body.holes.iter().filter(|hole| matches!(hole.kind, HoleKind::Input | HoleKind::History));
        let texts = inputs.filter_map(|hole| case.inputs.get(hole.name.as_str())).map(fill::text);
        let filled = texts.map(|text| model.tokenizer.tokenizer.count(&text).band().1.saturating_add(SEAM));
        let input = fixed.saturating_add(filled.sum());
        let request = Request::new(body.dialect, &model.card.api_name, &json, streams);
        calls.push(Call {
            digest: request_digest(&request),
            size: Size { input, output: limit.unwrap_or_default() },
            most: limit.and_then(|limit| money::most(build, model, false, input, limit)),
            most_in_batch: limit.and_then(|limit| money::most(build, model, true, input, limit)),
        });
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let provenance = &build.provenance;
    let commit = provenance.commit.as_ref().filter(|_| provenance.built_from == BuiltFrom::Commit);
    let side = Side {
        context: build.id.name.to_string(),
        variant: build.id.variant.as_ref().map(ToString::to_string),
        model: model.name.clone(),
        digest: build.chain.full().to_string(),
        commit: commit.map(ToString::to_string),
    };
    Ok(Prepared { side, build, model, set, body, streams, trial, calls })
}

impl Prepared<'_> {
    /// The model that is asked.
    pub fn model(&self) -> &ModelBuild {
        self.model
    }

    /// The body without the inputs of any case.
    pub fn body(&self) -> &Body {
        &self.body
    }

    /// The most tokens that one of its answers has; `None` where no limit is known.
    pub fn longest_answer(&self) -> Option<u64> {
        answer_limit(self.body.dialect, &self.body.json).or(self.model.window.window.output)
    }

    /// What asking all of it costs at most, every retry that may be billed included, if each request is so many tokens
    /// longer; `None` where a price or a limit is not known.
    pub fn most_if_longer(&self, more: u64, in_batch: bool) -> Option<Usd> {
        let output = self.longest_answer()?;
        let calls = self.set.cases.iter().zip(&self.calls);
        let tries = tries(in_batch);
        let cost = |case: &Case, call: &Call| {
            let one = money::most(self.build, self.model, in_batch, call.size.input.saturating_add(more), output)?;
            one.times(i128::from(case.repeats) * tries)
        };
        calls.map(|(case, call)| cost(case, call)).try_fold(Usd::ZERO, |sum, cost| sum.plus(cost?))
    }

    /// A reckoning of asking all of it anew, for so much at most.
    pub fn reckoned(&self, most: Option<Usd>) -> Reckoning {
        let calls = self.set.cases.iter().map(|case| u64::from(case.repeats)).sum();
        let unpriced = if most.is_none() { vec![self.side.model.clone()] } else { Vec::new() };
        let looks = BTreeSet::new();
        Reckoning { answers: calls, calls, judged: calls, in_batches: 0, most, unpriced, looks }
    }

    /// Whether another side sends the very same requests for every case.
    pub fn asks_the_same(&self, other: &Self) -> bool {
        self.calls.iter().map(|call| &call.digest).eq(other.calls.iter().map(|call| &call.digest))
    }

    fn keys(&self, look: u32) -> impl Iterator<Item = (usize, AnswerKey)> {
        self.set.cases.iter().zip(&self.calls).enumerate().flat_map(move |(at, (case, call))| {
            (1..=case.repeats).map(move |repeat| (at, AnswerKey { request: call.digest.clone(), repeat, look }))
        })
    }

    fn request(&self, case: usize) -> Option<Request> {
        let json = fill::request(&self.body, &self.set.cases.get(case)?.inputs).ok()?;
        Some(Request::new(self.body.dialect, &self.model.card.api_name, &json, self.streams))
    }

    fn results(&self, look: u32, at_base: Option<&Answers>, outcome: &dyn Fn(&AnswerKey) -> Answer) -> Results {
        let mut outcomes: Vec<Vec<Outcome>> = self.set.cases.iter().map(|_| Vec::new()).collect();
        let (mut usd, mut recorded, mut answered) = (Some(Usd::ZERO), 0, 0u64);
        for (case, key) in self.keys(look) {
            let one = match outcome(&key) {
                Answer::Record(record) => match record.reading() {
                    Ok(reading) => {
                        let cost = reading
                            .usage
                            .and_then(|usage| paid(self.build, self.model, (&record.at, record.batch), usage));
                        usd = usd.zip(cost).and_then(|(sum, cost)| sum.plus(cost));
                        recorded += u64::from(at_base.is_some_and(|base| base.get(&key).is_none()));
                        answered += 1;
                        Outcome::Answered(Answered {
                            text: reading.text,
                            stop: reading.stop,
                            usage: reading.usage.unwrap_or_default(),
                            latency_ms: record.latency_ms,
                            first_token_ms: record.first_token_ms,
                            origin: record.origin.clone(),
                            model: reading.model,
                            attempts: u32::try_from(record.faults.len() + 1).unwrap_or(u32::MAX),
                        })
                    }
                    Err(why) => Outcome::Error(format!("what is recorded is no answer: {why}")),
                },
                Answer::Error(why) => Outcome::Error(why),
                Answer::Missing => Outcome::Missing,
            };
            if let Some(of_case) = outcomes.get_mut(case) {
                of_case.push(one);
            }
        }
        // The first call writes what the others read.
        let forecast = self.model.bill.read.saturating_mul(answered.saturating_sub(1));
        Results {
            side: self.side.clone(),
            look,
            outcomes,
            usd,
            forecast: Some(forecast),
            recorded: at_base.map(|_| recorded),
        }
    }
}

enum Answer {
    Record(Arc<Record>),
    Error(String),
    Missing,
}

/// What a run is about to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reckoning {
    /// Answers that are asked for in all, on all sides.
    pub answers: u64,
    /// Those that are not recorded, each once: so many calls are made.
    pub calls: u64,
    /// How many of them judges are asked, at most where the answers that they judge are not there yet.
    pub judged: u64,
    /// Those that are in a batch already.
    pub in_batches: u64,
    /// What they cost at most, every retry that may be billed included; `None` where a price or a limit is not known.
    pub most: Option<Usd>,
    /// Models of which a price or a limit is not known.
    pub unpriced: Vec<String>,
    /// Which looks at the answers of trials these are, from 1.
    pub looks: BTreeSet<u32>,
}

/// Which look at its answers each side is asked for, from 1: the latest that the sides of its trial have, or a new one.
fn looks(sides: &[Prepared], answers: &Answers, fresh: bool) -> Vec<u32> {
    let mut trials: BTreeMap<usize, Vec<&Prepared>> = BTreeMap::new();
    for side in sides {
        trials.entry(side.trial.unwrap_or(usize::MAX)).or_default().push(side);
    }
    let look = |sides: Vec<&Prepared>| {
        let digests: HashSet<&str> = sides.iter().flat_map(|side| &side.calls).map(|call| &*call.digest).collect();
        let seen = digests.iter().map(|digest| answers.looks(digest)).max().unwrap_or_default();
        // A new look that a batch is open for is that one: whoever gives the command again is not asking twice.
        let open = answers.look_in_batch(&digests);
        if fresh && open < seen.max(1) { seen + 1 } else { seen.max(open).max(1) }
    };
    let looks: BTreeMap<usize, u32> = trials.into_iter().map(|(trial, sides)| (trial, look(sides))).collect();
    sides.iter().map(|side| side.trial.and_then(|trial| looks.get(&trial)).copied().unwrap_or(1)).collect()
}

/// Reckons what a run over these sides would ask, call by call or in batches.
pub fn reckon(sides: &[Prepared], answers: &Answers, fresh: bool, in_batch: bool) -> Reckoning {
    let looks = looks(sides, answers, fresh);
    let mut unpriced: Vec<String> = Vec::new();
    let (mut missing, mut waiting) = (BTreeMap::new(), HashSet::new());
    let mut all = 0;
    for (side, look) in sides.iter().zip(&looks) {
        for (case, key) in side.keys(*look) {
            all += 1;
            if answers.get(&key).is_none() {
                // What may not have been submitted may have to be, by a run that submits.
                if answers.in_batch(&key).is_some_and(|is_sure| is_sure || !in_batch) {
                    waiting.insert(key);
                    continue;
                }
                let most = side.calls.get(case).and_then(|call| call.most(in_batch));
                if most.is_none() && !unpriced.contains(&side.side.model) {
                    unpriced.push(side.side.model.clone());
                }
                missing.insert(key, (most, side.trial.is_none()));
            }
        }
    }
    let tries = tries(in_batch);
    let most = missing.values().try_fold(Usd::ZERO, |sum, (most, _)| sum.plus(most.as_ref()?.times(tries)?));
    let judged = missing.values().filter(|(_, is_judge)| *is_judge).count() as u64;
    let in_batches = waiting.len() as u64;
    let looks = sides.iter().zip(looks).filter(|(side, _)| side.trial.is_some()).map(|(_, look)| look).collect();
    Reckoning { answers: all, calls: missing.len() as u64, judged, in_batches, most, unpriced, looks }
}

/// How often a request may be billed: an order for a batch is not given twice.
fn tries(in_batch: bool) -> i128 {
    if in_batch { 1 } else { i128::from(super::endpoint::MAX_BILLED_RETRIES + 1) }
}

impl Reckoning {
    /// This one, and what judges are asked then.
    #[must_use]
    pub fn then(self, judges: Self) -> Self {
        let mut unpriced = self.unpriced;
        unpriced.extend(judges.unpriced);
        unpriced.sort();
        unpriced.dedup();
        Self {
            answers: self.answers + judges.answers,
            calls: self.calls + judges.calls,
            judged: self.judged + judges.judged,
            in_batches: self.in_batches + judges.in_batches,
            most: self.most.zip(judges.most).and_then(|(one, other)| one.plus(other)),
            unpriced,
            looks: self.looks,
        }
    }
}

/// What came of a run.
#[derive(Debug)]
pub struct Run {
    /// The answers of each side.
    pub results: Vec<Results>,
    /// Tries that were made.
    pub tries: u64,
    /// What this run paid; `None` where a price is not known.
    pub paid: Option<Usd>,
    /// Tries of this run that came to nothing and may be billed all the same, and what they cost at most.
    pub lost: (u64, Option<Usd>),
    /// The faults that tries met, of requests that were answered in the end too: how often each.
    pub faults: BTreeMap<String, u64>,
    /// What came out of batches.
    pub collected: batch::Collected,
}

impl Run {
    /// This one, and what judges were asked then.
    #[must_use]
    pub fn then(mut self, judges: Self) -> Self {
        self.results.extend(judges.results);
        self.tries += judges.tries;
        let sum = |one: Option<Usd>, other: Option<Usd>| one.zip(other).and_then(|(one, other)| one.plus(other));
        self.paid = sum(self.paid, judges.paid);
        self.lost = (self.lost.0 + judges.lost.0, sum(self.lost.1, judges.lost.1));
        for (what, times) in judges.faults {
            *self.faults.entry(what).or_default() += times;
        }
        self.collected = self.collected.and(judges.collected);
        self
    }
}

/// What is shown of a run that is under way.
#[derive(Debug, Clone)]
pub struct Progress {
    /// Calls that are over.
    pub done: u64,
    /// Calls in all.
    pub of: u64,
    /// What was paid so far, what may be billed included; `None` where a price is not known.
    pub spent: Option<Usd>,
    /// What is waited for.
    pub waits_for: Option<String>,
}

/// Reads every answer from what is recorded; nothing is asked.
pub fn replay(sides: &[Prepared], answers: &Answers, at_base: Option<&Answers>) -> Run {
    let looks = looks(sides, answers, false);
    let results = results(sides, &looks, (answers, at_base), &HashMap::new());
    let (faults, collected) = (BTreeMap::new(), batch::Collected::default());
    Run { results, tries: 0, paid: Some(Usd::ZERO), lost: (0, Some(Usd::ZERO)), faults, collected }
}

/// Who is asked, and what for.
pub struct Asking<'a> {
    /// For each side, its server.
    pub endpoints: Vec<Arc<Endpoint>>,
    /// What may be spent.
    pub budget: Budget,
    /// Where answers are written.
    pub recorder: Recorder<'a>,
    /// How many requests are under way at most.
    pub at_once: usize,
    /// Hears of the run's progress.
    pub watch: &'a (dyn Fn(&Progress) + Sync),
    /// Hears, in a sentence, of what lasts longer than anybody watches.
    pub tell: &'a (dyn Fn(&str) + Sync),
}

/// After so many requests in a row that came to nothing, no more are sent.
const MOST_FAILURES: usize = 10;

/// Answers every side: from what is recorded, and what is missing by asking.
///
/// # Errors
/// When answers cannot be recorded. Those that were are in the file.
pub fn ask(
    sides: &[Prepared],
    answers: &Answers,
    at_base: Option<&Answers>,
    fresh: bool,
    asking: Asking<'_>,
) -> Result<Run, Error> {
    let looks = looks(sides, answers, fresh);
    let missing = missing(sides, &looks, |key| answers.get(key).is_none() && answers.in_batch(key).is_none());
    let crew = Crew {
        sides,
        asking: &asking,
        missing,
        next: AtomicUsize::new(0),
        done: AtomicUsize::new(0),
        failures: AtomicUsize::new(0),
        stopped: Mutex::new(None),
        broken: Mutex::new(None),
        found: Mutex::new(HashMap::new()),
        faults: Mutex::new(BTreeMap::new()),
    };
    crew.run();
    let Crew { broken, found, faults, .. } = crew;
    let (budget, found, faults) = (asking.budget, found.into_inner(), faults.into_inner());
    let ended = asking.recorder.end();
    if let Some(error) = broken.into_inner() {
        return Err(error);
    }
    ended?;
    let results = results(sides, &looks, (answers, at_base), &found);
    let (tries, paid, lost, collected) = (budget.tries(), budget.paid(), budget.lost(), batch::Collected::default());
    Ok(Run { results, tries, paid, lost, faults, collected })
}

/// The answers of each side: what is recorded, and what came.
fn results(
    sides: &[Prepared],
    looks: &[u32],
    (answers, at_base): (&Answers, Option<&Answers>),
    found: &HashMap<AnswerKey, Result<Arc<Record>, String>>,
) -> Vec<Results> {
    let outcome = |key: &AnswerKey| match (answers.get(key), found.get(key)) {
        (Some(record), _) | (None, Some(Ok(record))) => Answer::Record(record.clone()),
        (None, Some(Err(why))) => Answer::Error(why.clone()),
        (None, None) => Answer::Missing,
    };
    sides.iter().zip(looks).map(|(side, look)| side.results(*look, at_base, &outcome)).collect()
}

/// The answers of these looks that are missing, each once, with its side and its case. A side after the other: so its prompt
/// stays in the cache.
fn missing(
    sides: &[Prepared],
    looks: &[u32],
    is_missing: impl Fn(&AnswerKey) -> bool,
) -> Vec<(AnswerKey, usize, usize)> {
    let mut met = HashSet::new();
    let all = sides.iter().zip(looks).enumerate();
    let all = all.flat_map(|(at, (side, look))| side.keys(*look).map(move |(case, key)| (key, at, case)));
    all.filter(|(key, ..)| is_missing(key) && met.insert(key.clone())).collect()
}

/// The threads that ask, and what they share.
struct Crew<'a> {
    sides: &'a [Prepared<'a>],
    asking: &'a Asking<'a>,
    missing: Vec<(AnswerKey, usize, usize)>,
    next: AtomicUsize,
    done: AtomicUsize,
    /// Requests in a row that came to nothing.
    failures: AtomicUsize,
    /// Why no more is asked.
    stopped: Mutex<Option<String>>,
    /// Why nothing more can be recorded.
    broken: Mutex<Option<Error>>,
    found: Mutex<HashMap<AnswerKey, Result<Arc<Record>, String>>>,
    faults: Mutex<BTreeMap<String, u64>>,
}

impl Crew<'_> {
    fn run(&self) {
        let is_over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let shown = scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    self.show();
                    std::thread::park_timeout(Duration::from_millis(150));
                }
                self.show();
            });
            let hands = self.asking.at_once.min(self.missing.len()).max(1);
            let hands: Vec<_> = (0..hands).map(|_| scope.spawn(|| while self.one().is_some() {})).collect();
            for hand in hands {
                let _ = hand.join();
            }
            is_over.store(true, Ordering::Relaxed);
            shown.thread().unpark();
        });
    }

    fn show(&self) {
        let waits = self.asking.endpoints.iter().find_map(|endpoint| endpoint.waits_for());
        (self.asking.watch)(&Progress {
            done: self.done.load(Ordering::Relaxed) as u64,
            of: self.missing.len() as u64,
            spent: self.asking.budget.spent(),
            waits_for: waits.map(|(still, why)| format!("waiting {} s for {why}", still.as_secs() + 1)),
        });
    }

    /// Asks for the next answer; `None` when there is none.
    fn one(&self) -> Option<()> {
        let (key, side, case) = self.missing.get(self.next.fetch_add(1, Ordering::Relaxed))?;
        let (side, endpoint) = (self.sides.get(*side)?, self.asking.endpoints.get(*side)?);
        let stopped = self.stopped.lock().clone();
        let result = match stopped {
            Some(why) => Err(why),
            None => self.ask(key, side, *case, endpoint),
        };
        self.done.fetch_add(1, Ordering::Relaxed);
        self.found.lock().insert(key.clone(), result);
        Some(())
    }

    fn ask(&self, key: &AnswerKey, side: &Prepared, case: usize, endpoint: &Endpoint) -> Result<Arc<Record>, String> {
        let (call, request) = side.calls.get(case).zip(side.request(case)).ok_or("the case has no request")?;
        let budget = &self.asking.budget;
        if let Err(error) = self.asking.recorder.sent(key, call.most) {
            return Err(self.break_off(error));
        }
        let mut is_reserved = false;
        let Exchange { result, faults, is_final } = endpoint.ask(&request, call.size, &mut |event| {
            match event {
                Try::Begins => budget.reserve(call.most, is_reserved)?,
                Try::Lost => budget.lose(call.most),
            }
            is_reserved = matches!(event, Try::Begins);
            Ok(())
        });
        for fault in &faults {
            *self.faults.lock().entry(format!("{}: {}", endpoint.origin(), fault.what)).or_default() += 1;
        }
        let is_lost = faults.iter().any(|fault| fault.may_be_billed);
        let received = match result {
            Ok(received) => received,
            Err(why) => {
                let why = format!("{}: {why}", endpoint.origin());
                if is_reserved {
                    budget.release(call.most);
                }
                if !is_lost {
                    self.asking.recorder.over(key);
                }
                let failures = self.failures.fetch_add(1, Ordering::Relaxed) + 1;
                if is_final || failures >= MOST_FAILURES {
                    let in_a_row =
                        if is_final { String::new() } else { format!("{failures} requests in a row failed; ") };
                    let why = format!("not asked, after {in_a_row}{why}");
                    self.stopped.lock().get_or_insert(why);
                }
                return Err(why);
            }
        };
        self.failures.store(0, Ordering::Relaxed);
        let at = now();
        let cost = received.reading.usage.and_then(|usage| paid(side.build, side.model, (&at, false), usage));
        budget.settle(call.most, cost);
        let milliseconds = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let record = Record {
            key: key.clone(),
            dialect: request.dialect,
            version: version(request.dialect).to_owned(),
            origin: endpoint.origin().to_owned(),
            model: side.model.card.api_name.to_string(),
            at,
            latency_ms: Some(milliseconds(received.latency)),
            batch: false,
            first_token_ms: received.first_token.map(milliseconds),
            request_id: received.request_id,
            faults,
            answer: received.json,
        };
        match self.asking.recorder.answer(&record) {
            Ok(()) => Ok(Arc::new(record)),
            Err(error) => Err(self.break_off(error)),
        }
    }

    /// Nothing more is asked: what is not recorded would be paid for in vain.
    fn break_off(&self, error: Error) -> String {
        let why = format!("not asked: {error}");
        self.stopped.lock().get_or_insert(why.clone());
        self.broken.lock().get_or_insert(error);
        why
    }
}

/// The time, as records have it.
pub fn now() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    written(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}

/// A time in seconds since 1970, as records have it.
fn written(since: i64) -> String {
    let (hours, minutes, seconds) = (since / 3600 % 24, since / 60 % 60, since % 60);
    format!("{}T{hours:02}:{minutes:02}:{seconds:02}Z", day_of(since))
}
