//! What calls cost: at most beforehand, exactly afterwards, and never more than is allowed.

use std::str::FromStr as _;

use parking_lot::Mutex;

use crate::cost::cards::Date;
use crate::cost::rules::{Price, Prices, cost_of};
use crate::evaluate::Usage;
use crate::pipeline::Build;
use crate::pipeline::model::ModelBuild;
use crate::syntax::quantity::{Ttl, Usd};

/// An hour, the longer of the two lifetimes that usage tells apart.
const HOUR: Ttl = Ttl { seconds: 3600 };

/// The prices of a day. Where a card has none of batches they are not known: that they are half is a guess.
fn prices(model: &ModelBuild, day: Date, in_batch: bool) -> Option<Prices> {
    let (usual, batch) = model.priced(day);
    if in_batch { batch } else { usual.prices }
}

/// What one try costs at most: all input at the dearest price that input can have, the whole answer that is allowed.
pub fn most(build: &Build, model: &ModelBuild, in_batch: bool, input: u64, output: u64) -> Option<Usd> {
    let prices = prices(model, build.date, in_batch)?;
    let rates = prices.at(input);
    let writes = rates.write.iter().map(|(_, price)| *price);
    let dearest: Option<Price> = std::iter::once(rates.input?).chain(writes).max();
    cost_of(input, dearest)?.plus(cost_of(output, rates.output)?)
}

/// What a call cost, from the usage that came back, at the prices of its day (RFC 3339), those of batches for one of them.
pub fn paid(build: &Build, model: &ModelBuild, (at, in_batch): (&str, bool), usage: Usage) -> Option<Usd> {
    let day = at.get(..10).and_then(|day| Date::from_str(day).ok()).unwrap_or(build.date);
    let prices = prices(model, day, in_batch)?;
    let Usage { input, cache_read, cache_write, cache_write_1h, output } = usage;
    let rates = prices.at(input.saturating_add(cache_read).saturating_add(cache_write).saturating_add(cache_write_1h));
    // What usage does not call an hour's is what the prompt's own marks ask for, else the first lifetime that has a price.
    let marked = model.layout.marks().map(|mark| mark.ttl).find(|ttl| *ttl != HOUR);
    let usual = marked.or_else(|| rates.write.first().map(|(ttl, _)| *ttl)).unwrap_or(HOUR);
    let parts = [
        (input, rates.input),
        (cache_read, rates.read_price(false)),
        (cache_write, rates.write_price(usual)),
        (cache_write_1h, rates.write_price(HOUR)),
        (output, rates.output),
    ];
    parts.into_iter().try_fold(Usd::ZERO, |sum, (tokens, price)| sum.plus(cost_of(tokens, price)?))
}

/// What may be spent, and what is.
#[derive(Debug)]
pub struct Budget {
    most: Option<Usd>,
    most_tries: Option<u64>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Settled by usage. `None` once a call had no known price.
    paid: Option<Usd>,
    /// Of tries without an answer; `None` once one had no known price.
    lost: Option<Usd>,
    lost_tries: u64,
    reserved: Usd,
    tries: u64,
}

impl Budget {
    /// At most so much money, where prices are known, and so many tries.
    pub fn new(most: Option<Usd>, most_tries: Option<u64>) -> Self {
        let state =
            State { paid: Some(Usd::ZERO), lost: Some(Usd::ZERO), lost_tries: 0, reserved: Usd::ZERO, tries: 0 };
        Self { most, most_tries, state: Mutex::new(state) }
    }

    /// Reserves the most that a try can cost, before it is made. `again` is a try whose reservation still holds.
    ///
    /// # Errors
    /// Which limit it would pass.
    pub fn reserve(&self, most: Option<Usd>, again: bool) -> Result<(), String> {
        let mut state = self.state.lock();
        if let Some(limit) = self.most_tries.filter(|limit| state.tries >= *limit) {
            return Err(format!("not asked: --max-calls {limit} is reached"));
        }
        if let (false, Some(limit), Some(most)) = (again, self.most, most) {
            let spent = state.paid.unwrap_or_default() + state.lost.unwrap_or_default();
            if spent + state.reserved + most > limit {
                let (limit, spent) = (limit.exact(), spent.exact());
                return Err(format!("not asked: it could pass --max-cost {limit}, of which ${spent} is spent"));
            }
            state.reserved = state.reserved + most;
        }
        state.tries += 1;
        Ok(())
    }

    /// A try came to nothing and is not billed.
    pub fn release(&self, most: Option<Usd>) {
        self.state.lock().release(self.most.and(most));
    }

    /// A try came to nothing and may be billed.
    pub fn lose(&self, most: Option<Usd>) {
        let mut state = self.state.lock();
        state.release(self.most.and(most));
        state.lost_tries += 1;
        state.lost = state.lost.zip(most).and_then(|(sum, most)| sum.plus(most));
    }

    /// A try was answered, and cost this. Where nobody knows what, its most is taken as spent.
    pub fn settle(&self, most: Option<Usd>, cost: Option<Usd>) {
        let mut state = self.state.lock();
        state.release(self.most.and(most));
        state.paid = state.paid.zip(cost.or(most)).and_then(|(sum, cost)| sum.plus(cost));
    }

    /// What was paid; `None` where a price is not known.
    pub fn paid(&self) -> Option<Usd> {
        self.state.lock().paid
    }

    /// What was paid and what may be billed.
    pub fn spent(&self) -> Option<Usd> {
        let state = self.state.lock();
        state.paid?.plus(state.lost?)
    }

    /// Tries without an answer that may be billed, and the most that they cost.
    pub fn lost(&self) -> (u64, Option<Usd>) {
        let state = self.state.lock();
        (state.lost_tries, state.lost)
    }

    /// Tries that were made.
    pub fn tries(&self) -> u64 {
        self.state.lock().tries
    }
}

impl State {
    fn release(&mut self, most: Option<Usd>) {
        self.reserved = self.reserved - most.unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usd(written: &str) -> Option<Usd> {
        Usd::parse(written)
    }

    #[test]
    fn no_try_is_made_that_could_pass_the_limit() {
        let budget = Budget::new(usd("1"), None);
        assert!(budget.reserve(usd("0.4"), false).is_ok() && budget.reserve(usd("0.4"), false).is_ok());
        assert!(budget.reserve(usd("0.4"), false).unwrap_err().contains("--max-cost 1"));
        // Usage says less than the most, so that there is room again.
        budget.settle(usd("0.4"), usd("0.1"));
        assert!(budget.reserve(usd("0.4"), false).is_ok());
        // A lost try is spent, whatever comes after it.
        budget.lose(usd("0.4"));
        assert_eq!((budget.paid(), budget.spent(), budget.lost()), (usd("0.1"), usd("0.5"), (1, usd("0.4"))));
        assert!(budget.reserve(usd("0.4"), false).is_err());
        budget.release(usd("0.4"));
        assert!(budget.reserve(usd("0.4"), false).is_ok() && budget.reserve(usd("0.4"), true).is_ok());
        assert_eq!(budget.tries(), 5);
    }

    #[test]
    fn what_has_no_price_is_unknown_and_tries_are_counted() {
        let budget = Budget::new(None, Some(2));
        assert!(budget.reserve(None, false).is_ok() && budget.reserve(None, false).is_ok());
        assert!(budget.reserve(None, false).unwrap_err().contains("--max-calls 2"));
        budget.settle(None, None);
        assert_eq!((budget.paid(), budget.spent()), (None, None));
    }
}
