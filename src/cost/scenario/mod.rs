//! Scenario files: timed requests as people write them, run through the simulator.
//!
//! ```text
//! Source ──read──▶ Scenario ──run──▶ Report
//! ```

mod file;
mod report;
mod resolve;
mod settings;

use std::sync::Arc;

pub use file::{CacheMark, Scenario, TierName, TimedRequest, WrittenBlock, WrittenObject};
pub use report::{Report, RequestReport, SCHEMA, Written};
pub use settings::all_settings;

use crate::cost::planner::words::{counted, grouped};
use crate::cost::rules::{Model, proportion};
use crate::cost::simulate::{self, Call, Contents, RuleBreach, Sent};
use crate::syntax::decode::{Decode, Text};
use crate::syntax::diag::{Diagnostic, Faults, Warned};
use crate::syntax::quantity::{Share, Usd};
use crate::syntax::source::Source;
use crate::syntax::yaml;

/// Finds a model by name: the card of that name, or names near to it.
pub type FindModel<'a> = dyn Fn(&str) -> Result<Model, Vec<String>> + 'a;

/// Reads a scenario file; `Err` holds every fault in it.
pub fn read(source: &Arc<Source>) -> Result<Scenario, Vec<Diagnostic>> {
    let mut faults = Faults::new();
    let scenario = yaml::parse(source, &mut faults).and_then(|node| Scenario::decode(&node, &mut faults));
    match scenario {
        Some(scenario) if !faults.has_errors() => Ok(scenario),
        _ => Err(faults.into_vec()),
    }
}

/// Simulates a scenario. Engines are known here; any other model is asked of `find`.
///
/// `Err` holds every fault of the scenario, or every rule of the provider that its requests break.
pub fn run(scenario: &Scenario, find: &FindModel<'_>) -> Result<Warned<Report>, Vec<Diagnostic>> {
    let mut faults = Faults::new();
    let (mut models, model_of) = models(scenario, find, &mut faults);
    let conditions = settings::apply(&scenario.settings, &mut models, &mut faults);
    let mut contents = Contents::new();
    let calls = resolve::calls(scenario, &mut contents, &mut faults);
    if faults.has_errors() {
        return Err(faults.into_vec());
    }
    let mut sent: Vec<Option<Sent>> = vec![None; calls.len()];
    for (number, model) in models.iter().enumerate() {
        let own: Vec<usize> = (0..calls.len()).filter(|call| model_of.get(*call) == Some(&Some(number))).collect();
        resolve::check_settings(scenario, &own, model, &mut faults);
        match simulate::simulate(
            model,
            &contents,
            own.iter().filter_map(|call| calls.get(*call)),
            conditions.live_at_ttl,
        ) {
            Ok(outcomes) => {
                for (call, mut own) in own.iter().zip(outcomes) {
                    own.outcome.cost = own.outcome.cost.map(|cost| multiplied(cost, conditions.factor));
                    note(&scenario.requests[*call], model, &own, &mut faults);
                    sent[*call] = Some(own);
                }
            }
            Err(breaches) => {
                faults.extend(breaches.iter().map(|breach| broken(scenario, &own, model, breach)));
            }
        }
    }
    let model_of = |call: usize| model_of.get(call).copied().flatten().and_then(|number| models.get(number));
    let rows: Vec<(&Call, &Sent, &Model)> = calls
        .iter()
        .enumerate()
        .filter_map(|(number, call)| Some((call, sent.get(number)?.as_ref()?, model_of(number)?)))
        .collect();
    let report = report(&rows);
    faults.into_result(report)
}

/// The model of a scenario with its settings laid over it, and whether an entry is read at exactly the age of its TTL:
/// for requests that come from elsewhere.
///
/// # Errors
/// Every fault of the scenario, and that it has requests of its own.
pub fn model(scenario: &Scenario, find: &FindModel<'_>) -> Result<(Model, bool), Vec<Diagnostic>> {
    let mut faults = Faults::new();
    let (mut models, _) = models(scenario, find, &mut faults);
    let conditions = settings::apply(&scenario.settings, &mut models, &mut faults);
    if let Some(request) = scenario.requests.first() {
        let message = "the requests of a trace are sent, and those of the scenario are not";
        faults.push(Diagnostic::error("no-effect", message).at(&request.span).hint("take `requests` out"));
    }
    match models.pop().filter(|_| !faults.has_errors()) {
        Some(model) => Ok((model, conditions.live_at_ttl)),
        None => Err(faults.into_vec()),
    }
}

/// The models of a scenario, each once, and which of them each request is sent to.
fn models(scenario: &Scenario, find: &FindModel<'_>, faults: &mut Faults) -> (Vec<Model>, Vec<Option<usize>>) {
    let mut names: Vec<(Arc<str>, Option<usize>)> = Vec::new();
    let mut models = Vec::new();
    let mut place = |name: &Text, faults: &mut Faults| {
        if let Some((_, place)) = names.iter().find(|(own, _)| *own == name.value) {
            return *place;
        }
        let found = simulate::engine(&name.value).map_or_else(|| find(&name.value), Ok);
        let place = match found {
            Ok(model) => {
                models.push(model);
                Some(models.len() - 1)
            }
            Err(near) => {
                faults.push(unknown_model(name, near));
                None
            }
        };
        names.push((name.value.clone(), place));
        place
    };
    let default = place(&scenario.model, faults);
    let model_of = scenario.requests.iter().map(|request| match &request.model {
        Some(name) => place(name, faults),
        None => default,
    });
    let model_of = model_of.collect();
    (models, model_of)
}

fn unknown_model(name: &Text, mut near: Vec<String>) -> Diagnostic {
    let engines = crate::syntax::diag::near(&name.value, simulate::ENGINES);
    near.extend(engines.into_iter().map(str::to_owned));
    let hint = if near.is_empty() {
        "`contexture models` lists the known ones".to_owned()
    } else {
        let near: Vec<String> = near.iter().map(|name| format!("`{name}`")).collect();
        format!("did you mean {}?", near.join(" or "))
    };
    Diagnostic::error("unknown-model", format!("there is no model `{}`", name.value)).at(&name.span).hint(hint)
}

/// A rule of the provider, broken: placed at the mark, object or mode that breaks it.
fn broken(scenario: &Scenario, own: &[usize], model: &Model, breach: &RuleBreach) -> Diagnostic {
    let message = format!("{} (rule {})", breach.rule, breach.rule.number());
    let fault = Diagnostic::error(breach.rule.code(), message).hint(breach.rule.cure()).for_model(&model.name);
    let Some(request) = own.get(breach.request).and_then(|call| scenario.requests.get(*call)) else { return fault };
    let block = breach.block.and_then(|block| request.blocks.get(block));
    let span = match (block, &request.object, &request.mode) {
        (Some(block), ..) => block.cache.as_ref().map_or(&block.span, |cache| &cache.span),
        (None, Some(object), _) => &object.span,
        (None, None, Some(mode)) => &mode.span,
        (None, None, None) => &request.span,
    };
    fault.at(span)
}

/// What is worth saying about a request that went well.
fn note(request: &TimedRequest, model: &Model, sent: &Sent, faults: &mut Faults) {
    for (block, granted) in &sent.rounded {
        if let Some(cache) = request.blocks.get(*block).and_then(|block| block.cache.as_ref()) {
            let message = format!("{} has no such TTL; the breakpoint lives {granted}", model.name);
            faults.push(Diagnostic::note("ttl-rounded", message).at(&cache.span).for_model(&model.name));
        }
    }
    if let Some((common, least)) = sent.outcome.too_short {
        let message = format!(
            "the first {} are those of an earlier prompt, and {} reads {} at least: nothing is read",
            counted(common, "token"),
            model.name,
            grouped(least)
        );
        let note = Diagnostic::warning("common-prefix-too-short", message).hint("make what the prompts share longer");
        faults.push(note.at(&request.at.span).for_model(&model.name));
    }
    let Some(prices) = &model.prices else { return };
    let input = sent.outcome.input();
    if let Some(cliff) = prices.cliff(input) {
        let message = format!("{input} input tokens are past {}: the whole request is priced higher", cliff.above);
        faults.push(Diagnostic::note("price-cliff", message).at(&request.at.span).for_model(&model.name));
    }
    if sent.outcome.cost.is_none() {
        let message = format!("a price of {} that this request needs is unknown", model.name);
        faults.push(Diagnostic::note("unknown-price", message).at(&request.at.span).for_model(&model.name));
    }
}

/// A cost times a factor (R7), rounded half to even to a whole 10⁻¹⁵ dollar.
fn multiplied(cost: Usd, factor: Share) -> Usd {
    let femto = proportion(cost.femto, factor.millionths.into(), 1_000_000);
    Usd { femto: femto.unwrap_or(i128::MAX) }
}

fn report(rows: &[(&Call, &Sent, &Model)]) -> Report {
    let dollars = |amount: Option<Usd>| amount.map(Usd::exact);
    let requests = rows.iter().map(|(call, sent, model)| RequestReport {
        at: call.at,
        read: sent.outcome.read,
        write: Written(sent.outcome.written.clone()),
        uncached: sent.outcome.uncached,
        cost_bit: sent.outcome.cost_in_input_tokens(model),
        cost_usd: dollars(sent.outcome.cost),
        guaranteed: sent.upper.map(|_| 0),
        expected: sent.upper.map(|_| sent.outcome.read),
        upper: sent.upper,
    });
    let requests = requests.collect();
    let has_objects = rows.iter().any(|(call, ..)| call.request.object.is_some());
    let storage: Option<Usd> = rows.iter().map(|(_, sent, _)| sent.outcome.storage).sum();
    let costs: Option<Usd> = rows.iter().map(|(_, sent, _)| sent.outcome.cost).sum();
    let total = storage.zip(costs).map(|(storage, costs)| storage + costs);
    Report {
        schema: SCHEMA,
        requests,
        storage_usd: has_objects.then(|| dollars(storage)),
        total_usd: has_objects.then(|| dollars(total)),
    }
}
