//! Cached objects that a request names (Gemini explicit): rule R14.

use super::Outcome;
use super::entry::{Entry, Moment};
use super::preparation::Preparation;
use super::request::Seconds;
use crate::cost::rules::Refusal;
use crate::prompt::segment::Tier;
use crate::syntax::quantity::Ttl;

/// The object of one prompt.
#[derive(Debug, Clone, Copy)]
pub(super) struct ObjectPlan {
    /// Equal keys are equal names and equal contents: an edit makes a new object.
    key: u32,
    tokens: u64,
    ttl: Ttl,
}

/// The object's content: the blocks up to the last one that is marked, or with no mark every block
/// but the last message, which is the question asked.
pub(super) fn plan(preparation: &mut Preparation<'_>) -> Option<ObjectPlan> {
    let blocks = preparation.blocks.clone();
    let object = preparation.request.object.as_ref()?;
    let marked = blocks.iter().rposition(super::request::RequestBlock::is_marked).map(|last| last + 1);
    let asked = blocks.last().is_some_and(|last| last.tier == Tier::Messages);
    let held = marked.unwrap_or(blocks.len() - usize::from(asked));
    let end = held.checked_sub(1).map(|last| preparation.boundary(last));
    let (content, tokens) = end.map_or((0, 0), |end| (end.key, end.tokens));
    let minimum = preparation.mechanism.minimum_before(1);
    if tokens < minimum {
        preparation.breach(None, Refusal::SmallObject { minimum, tokens });
    }
    let ttl = preparation.mechanism.ttl(object.ttl)?;
    Some(ObjectPlan { key: preparation.object(&object.id, content), tokens, ttl })
}

/// The objects of one model, by key.
#[derive(Debug, Clone, Default)]
pub(super) struct Objects(Vec<Entry>);

impl Objects {
    /// Creates the object where it is not stored, and reads it. Use does not refresh it; once its
    /// time is over, it is created anew. What it costs to store is told apart from the request.
    pub(super) fn send(&mut self, plan: &ObjectPlan, input: u64, moment: Moment, outcome: &mut Outcome) {
        let place = plan.key as usize;
        if place >= self.0.len() {
            self.0.resize(place + 1, Entry::default());
        }
        let entry = &mut self.0[place];
        // The object is made by a call of its own that ends before the request starts.
        let stored = Moment { readable: moment.now, ..moment };
        if !entry.is_live(moment) {
            entry.write(stored, Seconds::whole(plan.ttl.seconds).micros);
            outcome.add_written(plan.ttl, plan.tokens);
            outcome.stored = Some((plan.ttl, plan.tokens));
        }
        outcome.read = plan.tokens;
        outcome.uncached = input.saturating_sub(plan.tokens);
    }
}
