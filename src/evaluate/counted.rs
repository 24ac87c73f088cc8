//! `count --remote`: what providers count for the prompts of a project. What is recorded is not asked again.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::endpoint::{Address, Endpoint, Environment, Exchange, Request, count_request, is_asked};
use crate::cost::cards::Date;
use crate::pipeline::bodies::asked_body;
use crate::pipeline::measured::{MeasuredCount, MeasuredCounts};
use crate::pipeline::model::ModelBuild;
use crate::pipeline::{Build, BuildResult};
use crate::prompt::bodies::{Dialect, fill};
use crate::syntax::diag::{Diagnostic, Severity};
use crate::syntax::error::Error;

/// One prompt with one model, and what came of having it counted.
pub struct Counted<'a> {
    /// The prompt.
    pub build: &'a Build,
    /// The model, as its tokens are estimated.
    pub model: &'a ModelBuild,
    /// What was counted, or why nothing was.
    pub result: Result<MeasuredCount, String>,
    /// Whether it was recorded before.
    pub is_recorded: bool,
}

/// How counts are asked for.
pub struct Means<'a> {
    /// A server for every model of a dialect, or of all.
    pub base_urls: &'a [(Option<Dialect>, String)],
    /// The process's environment.
    pub environment: Environment<'a>,
    /// How long one answer may take.
    pub deadline: Duration,
    /// How many requests are under way at most.
    pub at_once: usize,
    /// Whether recorded counts are asked for again.
    pub fresh: bool,
    /// The day.
    pub day: Date,
    /// Hears how many of how many are counted.
    pub watch: &'a dyn Fn(usize, usize),
    /// Records the counts that there are so far, while others are asked for.
    pub record: &'a dyn Fn(&MeasuredCounts) -> Result<(), Error>,
}

/// After so many requests in a row that came to nothing, no more are sent.
const MOST_FAILURES: usize = 10;

/// How often counts are recorded while others are asked for: a run that is killed loses what came since.
const STEP: Duration = Duration::from_secs(1);

/// A request that is to be sent: which of all it is for, letters that are not the prompt's, and by which server.
struct Asked {
    places: Vec<usize>,
    request: Request,
    letters: u64,
    endpoint: Arc<Endpoint>,
}

/// Counts the prompts of these builds with each of their models, and takes what is new into `counts`.
///
/// # Errors
/// Where a key or an address is missing: before anybody is asked. When counts cannot be recorded.
pub fn count<'a>(
    results: &'a [BuildResult],
    counts: &mut MeasuredCounts,
    means: &Means<'_>,
) -> Result<Vec<Counted<'a>>, Error> {
    let mut all = Vec::new();
    let mut asked: BTreeMap<(String, String, String), Asked> = BTreeMap::new();
    let mut servers: Vec<(Address, Arc<Endpoint>)> = Vec::new();
    for build in results.iter().filter_map(BuildResult::build) {
        for model in &build.models {
            let (full, settings) = (build.chain.full(), build.settings);
            let known = counts
                .get(&model.card.name, full, settings)
                .filter(|known| !means.fresh && known.tokenizer == model.card.tokenizer.as_str());
            let (place, is_recorded) = (all.len(), known.is_some());
            let mut result = known.cloned().ok_or_else(String::new);
            if !is_recorded {
                match asked_body(build, model, is_asked) {
                    Ok(body) => {
                        let endpoint = server(model, body.dialect, means, &mut servers)?;
                        let (json, letters) = fill::emptied(&body);
                        let request = count_request(body.dialect, &model.card.api_name, &json);
                        let key = (model.card.name.to_string(), full.to_string(), settings.to_string());
                        let places = Vec::new();
                        let new = || Asked { places, request, letters, endpoint };
                        asked.entry(key).or_insert_with(new).places.push(place);
                    }
                    Err(reasons) => result = Err(first(&reasons)),
                }
            }
            if let Ok(count) = &result {
                counts.put(&build.id, &model.card.name, count.clone());
            }
            all.push(Counted { build, model, result, is_recorded });
        }
    }
    ask(&asked.into_values().collect::<Vec<_>>(), means, &mut all, counts)?;
    Ok(all)
}

fn first(reasons: &[Diagnostic]) -> String {
    let error = reasons.iter().find(|reason| reason.severity == Severity::Error).or(reasons.first());
    error.map_or_else(|| "it has no body".to_owned(), |error| error.message.clone())
}

/// The server of a model, each once.
fn server(
    model: &ModelBuild,
    dialect: Dialect,
    means: &Means<'_>,
    servers: &mut Vec<(Address, Arc<Endpoint>)>,
) -> Result<Arc<Endpoint>, Error> {
    let given = means.base_urls.iter().rfind(|(of, _)| of.is_none_or(|of| of == dialect)).map(|(_, url)| url.as_str());
    let address = Address::find(&model.card, dialect, given, means.environment)?;
    if dialect == Dialect::Chat && address.is_vendors {
        let what = format!("{} is asked in the `chat` dialect, and OpenAI counts `responses` only", model.card.name);
        return Err(Error::usage(what, "give its card `dialects: [responses, chat]` in prices.yaml"));
    }
    if let Some((_, known)) = servers.iter().find(|(other, _)| *other == address) {
        return Ok(known.clone());
    }
    let endpoint = Arc::new(Endpoint::new(address.clone(), means.deadline, means.at_once));
    servers.push((address, endpoint.clone()));
    Ok(endpoint)
}

/// Asks for all of them, side by side, and takes each answer in as it comes.
fn ask(asked: &[Asked], means: &Means<'_>, all: &mut [Counted], counts: &mut MeasuredCounts) -> Result<(), Error> {
    let (next, failures) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let stopped: Mutex<Option<String>> = Mutex::default();
    let one = |own: &Asked| {
        let why = stopped.lock().clone();
        why.map_or(Ok(()), Err)?;
        let Exchange { result, is_final, .. } = own.endpoint.count(&own.request);
        let in_a_row = if result.is_ok() { 0 } else { failures.load(Ordering::Relaxed) + 1 };
        failures.store(in_a_row, Ordering::Relaxed);
        result.map_err(|why| {
            let why = format!("{}: {why}", own.endpoint.origin());
            if is_final || in_a_row >= MOST_FAILURES {
                stopped.lock().get_or_insert(format!("not asked, after {why}"));
            }
            why
        })
    };
    let (sender, answers) = mpsc::channel();
    let hand = |sender: mpsc::Sender<_>| {
        while let Some(own) = asked.get(next.fetch_add(1, Ordering::Relaxed)) {
            // Nobody takes it where the counts cannot be recorded: then all of it is over.
            let _ = sender.send((own, one(own)));
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..means.at_once.min(asked.len()) {
            let sender = sender.clone();
            scope.spawn(|| hand(sender));
        }
        drop(sender);
        let (mut done, mut is_new, mut recorded) = (0, false, Instant::now());
        loop {
            match answers.recv_timeout(STEP) {
                Ok((own, answer)) => {
                    is_new |= answer.is_ok();
                    own.take(&answer, means.day, all, counts);
                    done += 1;
                    (means.watch)(done, asked.len());
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
            if is_new && recorded.elapsed() >= STEP {
                (means.record)(counts).inspect_err(|error| *stopped.lock() = Some(error.to_string()))?;
                (is_new, recorded) = (false, Instant::now());
            }
        }
    })
}

impl Asked {
    /// Takes in what came of it, for every prompt that it was sent for.
    fn take(&self, answer: &Result<u64, String>, day: Date, all: &mut [Counted], counts: &mut MeasuredCounts) {
        for place in &self.places {
            let Some(one) = all.get_mut(*place) else { continue };
            one.result = answer.clone().map(|tokens| MeasuredCount {
                tokens: tokens.saturating_sub(self.letters),
                day,
                tokenizer: one.model.card.tokenizer.as_str().to_owned(),
                source: self.endpoint.origin().to_owned(),
                full: one.build.chain.full(),
                settings: one.build.settings,
            });
            if let Ok(count) = &one.result {
                counts.put(&one.build.id, &one.model.card.name, count.clone());
            }
        }
    }
}
