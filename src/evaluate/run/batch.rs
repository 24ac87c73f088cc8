//! The engine for thousands of cases: what is missing is submitted in batches, waited for and collected.
//!
//! Before a batch is ordered a line is written that says so, and another one when the server has named it. So a run that is
//! killed anywhere leaves what the next one needs: a batch with a name is waited for; one without is looked for at the server,
//! and submitted only where it is not there.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use super::{Asking, Prepared, Progress, Run, looks, missing, now, paid, results, written};
use crate::evaluate::answers::{AnswerKey, Answers, Record, Submission, Submitted, Submitting, named, unlike};
use crate::evaluate::endpoint::{
    Attempt, Batch, BatchAnswer, BatchId, Endpoint, Exchange, Pack, Page, Pass, State, version,
};
use crate::prompt::bodies::Dialect;
use crate::syntax::error::Error;
use crate::syntax::quantity::Usd;

/// How long to wait until a batch is looked at again where its server does not say, at first and at most.
const PAUSES: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(60));

/// How often a batch is looked for before it is taken for not there: a list may be late.
const LOOKS: u32 = 3;

/// Orders of one batch, each after it was looked for and not found.
const ORDERS: u32 = 3;

/// Rounds in a row in which a batch cannot be asked about, until it is left to a later run.
const MOST_FAILURES: u32 = 10;

/// Pages of a list of batches that are read.
const MOST_PAGES: usize = 1000;

/// What came out of batches.
#[derive(Debug, Default)]
pub struct Collected {
    /// Answers.
    pub answers: u64,
    /// Batches that were read.
    pub batches: u64,
    /// Requests that this run submitted.
    pub submitted: u64,
    /// What there is to say of others, each in a sentence.
    pub said: Vec<String>,
    /// Which answers are still in batches.
    pub open: Vec<String>,
}

impl Collected {
    /// Both.
    pub(super) fn and(mut self, other: Self) -> Self {
        self.said.extend(other.said);
        self.open.extend(other.open);
        Self {
            answers: self.answers + other.answers,
            batches: self.batches + other.batches,
            submitted: self.submitted + other.submitted,
            said: self.said,
            open: self.open,
        }
    }
}

/// Answers every side: from what is recorded, from batches of earlier runs, and what is missing out of new ones.
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
    let mut clerk = Clerk {
        sides,
        answers,
        asking: &asking,
        waiting: Vec::new(),
        found: HashMap::new(),
        reserved: HashMap::new(),
        faults: BTreeMap::new(),
        collected: Collected::default(),
        stopped: None,
    };
    let done = clerk.run(&looks);
    let Clerk { found, faults, collected, .. } = clerk;
    let (budget, ended) = (asking.budget, asking.recorder.end());
    done?;
    ended?;
    let results = results(sides, &looks, (answers, at_base), &found);
    Ok(Run { results, tries: 0, paid: budget.paid(), lost: budget.lost(), faults, collected })
}

/// A batch that is waited for.
struct Waiting {
    order: Submitting,
    /// The first side that asks its model.
    side: usize,
    /// The server's names of it that are not collected.
    ids: BTreeSet<BatchId>,
    /// Whether the server may have meant another batch: it was found by its time and size.
    is_guess: bool,
    /// The file of an earlier run that has it.
    earlier: Option<String>,
    /// Rounds in a row in which it could not be asked about.
    failures: u32,
    /// Whether nothing more is to come.
    is_over: bool,
    /// Whether all of it was read.
    is_whole: bool,
}

struct Clerk<'a> {
    sides: &'a [Prepared<'a>],
    answers: &'a Answers,
    asking: &'a Asking<'a>,
    waiting: Vec<Waiting>,
    found: HashMap<AnswerKey, Result<Arc<Record>, String>>,
    /// What answers that this run submitted may cost.
    reserved: HashMap<AnswerKey, Option<Usd>>,
    faults: BTreeMap<String, u64>,
    collected: Collected,
    /// Why nothing more is submitted.
    stopped: Option<String>,
}

impl Clerk<'_> {
    fn run(&mut self, looks: &[u32]) -> Result<(), Error> {
        let answers = self.answers;
        let mut away: HashSet<&AnswerKey> = HashSet::new();
        for submission in &answers.open {
            if self.take_up(submission)? {
                away.extend(&submission.order.keys);
            }
        }
        let missing = missing(self.sides, looks, |key| answers.get(key).is_none() && !away.contains(key));
        let mut groups: BTreeMap<usize, Vec<_>> = BTreeMap::new();
        for one in missing {
            groups.entry(self.first_like(one.1)).or_default().push(one);
        }
        for (side, all) in groups {
            self.submit(side, all)?;
        }
        self.wait()
    }

    fn endpoint(&self, side: usize) -> Arc<Endpoint> {
        self.asking.endpoints[side].clone()
    }

    /// Whether a batch of this API, model and server has the requests of a side.
    fn is_like(&self, side: usize, (dialect, model, origin): (Dialect, &str, &str)) -> bool {
        let (own, endpoint) = (&self.sides[side], &self.asking.endpoints[side]);
        own.body.dialect == dialect && &*own.model.card.api_name == model && endpoint.origin() == origin
    }

    /// The first side whose requests go into one batch with those of another.
    fn first_like(&self, side: usize) -> usize {
        let (own, endpoint) = (&self.sides[side], &self.asking.endpoints[side]);
        let like = (own.body.dialect, &*own.model.card.api_name, endpoint.origin());
        (0..side)
            .find(|other| self.is_like(*other, like) && Arc::ptr_eq(endpoint, &self.asking.endpoints[*other]))
            .unwrap_or(side)
    }

    /// Takes up a batch of an earlier run; false where it was never submitted, so that its answers are missing.
    fn take_up(&mut self, Submission { order, ids, path }: &Submission) -> Result<bool, Error> {
        let like = (order.dialect, order.model.as_str(), order.origin.as_str());
        // Those of other models and servers stay in the files, which say so.
        let Some(side) = (0..self.sides.len()).find(|side| self.is_like(*side, like)) else { return Ok(true) };
        let (mut ids, is_named) = (ids.clone(), !ids.is_empty());
        if !is_named {
            ids = match self.find(order, &self.endpoint(side)) {
                Ok(found) => found,
                Err(why) => {
                    let why = format!("{}: it is not known whether it was submitted in a batch: {why}", order.origin);
                    self.refuse(&order.keys, &why);
                    return Ok(true);
                }
            };
            if ids.is_empty() {
                self.asking.recorder.collected(&order.submitting, true)?;
                return Ok(false);
            }
            self.asking.recorder.submitted(&Submitted { submitted: order.submitting.clone(), batches: ids.clone() })?;
        }
        self.wait_for(order.clone(), side, ids, !is_named, Some(path.to_string()));
        Ok(true)
    }

    fn wait_for(
        &mut self,
        order: Submitting,
        side: usize,
        ids: BTreeSet<BatchId>,
        is_found: bool,
        earlier: Option<String>,
    ) {
        // OpenAI's batches carry the name of their order, so that what is found is the right one.
        let is_guess = is_found && order.dialect == Dialect::Messages;
        if ids.len() > 1 && !is_guess {
            let names = ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ");
            self.collected.said.push(format!("{names} are one order that arrived more than once: each is billed"));
        }
        let (count, origin) = (order.keys.len(), &order.origin);
        let begun = if earlier.is_some() { "an earlier run submitted" } else { "submitted" };
        (self.asking.tell)(&format!("{begun} {count} requests in {} to {origin}: waiting for it", named(&ids)));
        self.waiting.push(Waiting { order, side, ids, is_guess, earlier, failures: 0, is_over: false, is_whole: true });
    }

    /// These answers did not come, and this is why.
    fn refuse(&mut self, keys: &[AnswerKey], why: &str) {
        for key in keys {
            if let Some(most) = self.reserved.remove(key) {
                self.asking.budget.release(most);
            }
            let is_there = self.answers.get(key).is_some() || matches!(self.found.get(key), Some(Ok(_)));
            if !is_there {
                self.found.insert(key.clone(), Err(why.to_owned()));
            }
        }
    }

    fn note(&mut self, origin: &str, faults: &[Attempt]) {
        for fault in faults {
            *self.faults.entry(format!("{origin}: {}", fault.what)).or_default() += 1;
        }
    }

    /// The batches that an order has become, as far as their server says.
    fn find(&self, order: &Submitting, endpoint: &Endpoint) -> Result<BTreeSet<BatchId>, String> {
        let own = self.waiting.iter().flat_map(|waiting| &waiting.ids);
        let known: HashSet<&BatchId> = self.answers.open.iter().flat_map(|one| &one.ids).chain(own).collect();
        let is_it = |batch: &Batch| match order.dialect {
            Dialect::Messages => batch.of == order.keys.len() as u64,
            _ => batch.token.as_ref() == Some(&order.submitting),
        };
        let mut found = BTreeSet::new();
        let mut pause = PAUSES.0;
        for look in 0..LOOKS {
            if look > 0 {
                std::thread::sleep(pause);
            }
            let mut after: Option<BatchId> = None;
            for _ in 0..MOST_PAGES {
                let Page { batches, has_more, wait } = endpoint.batches(order.dialect, after.as_ref()).result?;
                pause = wait.unwrap_or(pause);
                let later = || batches.iter().take_while(|batch| Some(&batch.id) != order.before.as_ref());
                let own = later().filter(|batch| is_it(batch) && !known.contains(&batch.id));
                found.extend(own.map(|batch| batch.id.clone()));
                let is_whole = later().count() < batches.len() || !has_more;
                let Some(last) = batches.last().filter(|_| !is_whole) else { break };
                after = Some(last.id.clone());
            }
            if !found.is_empty() {
                break;
            }
        }
        Ok(found)
    }

    /// Submits these answers, in as many batches as they need.
    fn submit(&mut self, side: usize, all: Vec<(AnswerKey, usize, usize)>) -> Result<(), Error> {
        let mut rest = Vec::new();
        for (key, of, case) in all {
            let own = &self.sides[of];
            let made = own.calls.get(case).zip(own.request(case)).ok_or_else(|| "the case has no request".to_owned());
            match made.and_then(|(call, _)| {
                self.asking.budget.reserve(call.most_in_batch, false).map(|()| call.most_in_batch)
            }) {
                Ok(most) => {
                    self.reserved.insert(key.clone(), most);
                    rest.push((key, of, case));
                }
                Err(why) => self.refuse(&[key], &why),
            }
        }
        let mut rest = rest.into_iter().peekable();
        while rest.peek().is_some() {
            let (mut pack, mut keys, mut most): (Option<Pack>, Vec<AnswerKey>, _) = (None, Vec::new(), Some(Usd::ZERO));
            while let Some((key, of, case)) = rest.peek() {
                let Some(request) = self.sides[*of].request(*case) else { break };
                pack = pack.or_else(|| Pack::new(&request));
                if !pack.as_mut().is_some_and(|pack| pack.add(&key.custom_id(), &request)) {
                    break;
                }
                most = most.zip(self.reserved.get(key).copied().flatten()).and_then(|(sum, one)| sum.plus(one));
                keys.push(key.clone());
                rest.next();
            }
            let Some(pack) = pack else { break };
            self.order(side, pack, keys, most)?;
        }
        Ok(())
    }

    fn order(&mut self, side: usize, mut pack: Pack, keys: Vec<AnswerKey>, most: Option<Usd>) -> Result<(), Error> {
        let endpoint = self.endpoint(side);
        let (origin, own) = (endpoint.origin().to_owned(), &self.sides[side]);
        if let Some(why) = self.stopped.clone() {
            self.refuse(&keys, &why);
            return Ok(());
        }
        self.show(format!("submitting {} requests to {origin}", keys.len()));
        let Exchange { result, faults, is_final } = endpoint.upload(&mut pack);
        self.note(&origin, &faults);
        let file = match result {
            Ok(file) => file,
            Err(why) => {
                self.fail(&keys, format!("{origin}: {why}"), is_final);
                return Ok(());
            }
        };
        let Exchange { result, faults, is_final } = endpoint.batches(own.body.dialect, None);
        self.note(&origin, &faults);
        let before = match result {
            Ok(page) => page.batches.into_iter().next().map(|latest| latest.id),
            Err(why) => {
                self.fail(&keys, format!("{origin}: {why}"), is_final);
                return Ok(());
            }
        };
        let submitting = format!("{}{}", unlike(), unlike());
        let order = Submitting {
            dialect: own.body.dialect,
            origin: origin.clone(),
            model: own.model.card.api_name.to_string(),
            before,
            most,
            keys,
            submitting,
        };
        self.asking.recorder.submitting(&order)?;
        let request = pack.order(file.as_ref(), &order.submitting);
        let mut why = String::new();
        for _ in 0..ORDERS {
            let Exchange { result, faults, is_final } = endpoint.submit(&request);
            self.note(&origin, &faults);
            let (ids, is_found) = match result {
                Ok(id) => (BTreeSet::from([id]), false),
                Err(said) if faults.iter().any(Attempt::may_have_arrived) => match self.find(&order, &endpoint) {
                    Ok(ids) => {
                        why = said;
                        (ids, true)
                    }
                    Err(unknown) => {
                        // Its line stays: the next run looks again.
                        let why = format!("{origin}: {said}; whether the batch was taken is not known: {unknown}");
                        self.refuse(&order.keys, &why);
                        return Ok(());
                    }
                },
                Err(said) => {
                    self.asking.recorder.collected(&order.submitting, false)?;
                    self.fail(&order.keys, format!("{origin}: {said}"), is_final);
                    return Ok(());
                }
            };
            if !ids.is_empty() {
                self.collected.submitted += order.keys.len() as u64;
                self.asking
                    .recorder
                    .submitted(&Submitted { submitted: order.submitting.clone(), batches: ids.clone() })?;
                self.wait_for(order, side, ids, is_found, None);
                return Ok(());
            }
        }
        self.asking.recorder.collected(&order.submitting, false)?;
        self.fail(&order.keys, format!("{origin}: {why}"), false);
        Ok(())
    }

    /// A batch was not taken; one that meets the same fault as all others is the last.
    fn fail(&mut self, keys: &[AnswerKey], why: String, is_final: bool) {
        if is_final {
            self.stopped.get_or_insert_with(|| format!("not submitted, after {why}"));
        }
        self.refuse(keys, &why);
    }

    fn show(&self, waits_for: String) {
        let of: usize = self.waiting.iter().map(|waiting| waiting.order.keys.len()).sum();
        (self.asking.watch)(&Progress {
            done: self.collected.answers,
            of: of as u64,
            spent: self.asking.budget.spent(),
            waits_for: Some(waits_for),
        });
    }

    /// Waits for every batch and collects it.
    fn wait(&mut self) -> Result<(), Error> {
        let mut pause = PAUSES.0;
        loop {
            let mut hint: Option<Duration> = None;
            for at in 0..self.waiting.len() {
                let ids: Vec<BatchId> = self.waiting[at].ids.iter().cloned().collect();
                for id in ids {
                    if let Some(wait) = self.look_at(at, &id)? {
                        hint = Some(hint.map_or(wait, |hint| hint.min(wait)));
                    }
                }
            }
            for at in 0..self.waiting.len() {
                self.close(at)?;
            }
            if self.waiting.iter().all(|waiting| waiting.ids.is_empty() || waiting.is_over) {
                return Ok(());
            }
            std::thread::sleep(hint.unwrap_or(pause));
            pause = (pause * 3 / 2).min(PAUSES.1);
        }
    }

    /// Asks how far a batch is, and collects it where it is over.
    fn look_at(&mut self, at: usize, id: &BatchId) -> Result<Option<Duration>, Error> {
        let Waiting { order, side, earlier, is_over, .. } = &self.waiting[at];
        if *is_over {
            return Ok(None);
        }
        let (endpoint, order, earlier) = (self.endpoint(*side), order.clone(), earlier.clone());
        let Exchange { result, faults, is_final } = endpoint.batch(order.dialect, id);
        self.note(endpoint.origin(), &faults);
        let (batch, wait) = match result {
            Ok(batch) => batch,
            Err(why) => {
                self.waiting[at].failures += 1;
                // A server that answers, and with no batch, answers so again.
                let is_none = faults.last().is_some_and(|fault| fault.status == Some(200));
                if is_final || is_none || self.waiting[at].failures >= MOST_FAILURES {
                    let gone = earlier.map(|file| format!(" (is the key of whoever submitted it? where it is gone for good, take its line out of {file})"));
                    let why = format!("{}: batch {id}: {why}{}", endpoint.origin(), gone.unwrap_or_default());
                    self.collected.said.push(format!("{why}: it is left to a later run"));
                    self.refuse(&order.keys, &why);
                    self.waiting[at].is_over = true;
                }
                return Ok(None);
            }
        };
        self.waiting[at].failures = 0;
        match &batch.state {
            State::Open => self.show(format!("batch {id}: {} of {} done", batch.done, batch.of)),
            State::Failed(why) => {
                self.refuse(&order.keys, &format!("{}: batch {id} failed: {why}", endpoint.origin()));
                self.waiting[at].ids.remove(id);
            }
            State::Ended(status) => self.collect(at, &batch, status, &endpoint)?,
        }
        Ok(wait)
    }

    /// Reads the results of a batch that is over. Where they cannot be read whole, it is left to a later run.
    fn collect(&mut self, at: usize, batch: &Batch, status: &str, endpoint: &Endpoint) -> Result<(), Error> {
        let (order, is_guess) = (self.waiting[at].order.clone(), self.waiting[at].is_guess);
        let names: HashMap<String, &AnswerKey> = order.keys.iter().map(|key| (key.custom_id(), key)).collect();
        let when = batch.ended.map_or_else(now, written);
        let prefix = format!("{}: batch {}", endpoint.origin(), batch.id);
        self.show(format!("collecting batch {}", batch.id));
        let mut seen: HashMap<String, Pass> = HashMap::new();
        let mut errors: HashMap<&AnswerKey, String> = HashMap::new();
        let mut noted: BTreeMap<&str, u64> = BTreeMap::new();
        let (mut broken, mut unread) = (None, None);
        let came = endpoint.results(order.dialect, batch, &mut |from, line| {
            let (name, answer) = match line {
                _ if broken.is_some() => return,
                Err(why) => {
                    unread.get_or_insert(why);
                    return;
                }
                Ok(result) => result,
            };
            let Some(key) = names.get(&name) else {
                if !is_guess {
                    *noted.entry("a result for no request that was submitted, which is not counted").or_default() += 1;
                }
                return;
            };
            // A file that is read anew says all of it again; anything else is a second result.
            if seen.insert(name, from).is_some_and(|before| before.file != from.file || before == from) {
                *noted.entry("a second result for one request, which is not counted").or_default() += 1;
                return;
            }
            match answer {
                Ok(answer) => broken = self.record(key, &order, answer, &when, at).err(),
                Err(why) => drop(errors.insert(key, why)),
            }
        });
        if let Some(error) = broken {
            return Err(error);
        }
        self.note(endpoint.origin(), &came.faults);
        if let Some(why) = came.result.err().or(unread) {
            self.collected
                .said
                .push(format!("{prefix}: its results cannot all be read: {why}; the same command tries again"));
            self.refuse(&order.keys, &format!("{prefix}: {why}"));
            (self.waiting[at].is_over, self.waiting[at].is_whole) = (true, false);
            return Ok(());
        }
        for (what, times) in noted {
            *self.faults.entry(format!("{prefix}: {what}")).or_default() += times;
        }
        self.collected.batches += 1;
        self.waiting[at].ids.remove(&batch.id);
        for key in &order.keys {
            if self.answers.get(key).is_some() || matches!(self.found.get(key), Some(Ok(_))) {
                continue;
            }
            let none = || format!("no result came for it, and the batch is {status}");
            let why = format!("{prefix}: {}", errors.remove(key).unwrap_or_else(none));
            self.refuse(std::slice::from_ref(key), &why);
            *self.faults.entry(why).or_default() += 1;
        }
        Ok(())
    }

    /// Records an answer, unless it is.
    fn record(
        &mut self,
        key: &AnswerKey,
        order: &Submitting,
        answer: BatchAnswer,
        when: &str,
        at: usize,
    ) -> Result<(), Error> {
        if self.answers.get(key).is_some() || matches!(self.found.get(key), Some(Ok(_))) {
            return Ok(());
        }
        let own = &self.sides[self.waiting[at].side];
        let cost = answer.reading.usage.and_then(|usage| paid(own.build, own.model, (when, true), usage));
        self.asking.budget.settle(self.reserved.remove(key).flatten(), cost);
        let record = Record {
            key: key.clone(),
            dialect: order.dialect,
            version: version(order.dialect).to_owned(),
            origin: order.origin.clone(),
            model: order.model.clone(),
            at: when.to_owned(),
            latency_ms: None,
            batch: true,
            first_token_ms: None,
            request_id: answer.request_id,
            faults: Vec::new(),
            answer: answer.json,
        };
        self.asking.recorder.answer(&record)?;
        self.collected.answers += 1;
        self.found.insert(key.clone(), Ok(Arc::new(record)));
        Ok(())
    }

    /// Notes that nothing more comes of a batch, where all of it was read.
    fn close(&mut self, at: usize) -> Result<(), Error> {
        let Waiting { order, ids, earlier, is_over, .. } = &self.waiting[at];
        if !ids.is_empty() || *is_over {
            return Ok(());
        }
        self.asking.recorder.collected(&order.submitting, earlier.is_some())?;
        self.waiting[at].is_over = true;
        Ok(())
    }
}
