//! Why a breakpoint is where it is and what it is worth, in words that can be checked by hand.

use super::layout::{Placed, Worth};
use super::marks::RequestedMark;
use super::placement::{Placement, Table, alive, level};
use super::words::{counted, grouped, money, per_million};
use crate::cost::rules::{Mechanism, Price, divided};
use crate::cost::terms::Terms;
use crate::cost::traffic::{Chance, Traffic};
use crate::prompt::blocks::Breakpoint;
use crate::prompt::segment::{Segment, prefix_len};
use crate::syntax::diag::Diagnostic;
use crate::syntax::quantity::Ttl;
use crate::syntax::quantity::Usd;

/// What the reasons are drawn from.
pub(super) struct Reasons<'a> {
    pub(super) segments: &'a [Segment],
    pub(super) table: &'a Table,
    pub(super) terms: &'a Terms<'a>,
    pub(super) mechanism: &'a Mechanism,
    pub(super) chosen: &'a Placement,
}

impl Reasons<'_> {
    /// The `number`-th breakpoint of the selection, with its worth: what it saves beyond those behind
    /// it. So the last one bears what caching saves at all, and the worths add up.
    pub(super) fn placed(&self, number: usize, live: &[RequestedMark]) -> Placed {
        let placement = self.chosen;
        let at = placement.selection[number];
        let is_explicit = live.iter().any(|mark| mark.after == at.0);
        let behind = placement.selection.get(number + 1..).unwrap_or_default();
        let saved = placement.choice.cost(behind).saturating_sub(placement.choice.cost(&placement.selection[number..]));
        let calls = self.terms.traffic.map_or(0, Traffic::live_calls);
        let worth = (placement.is_valued && calls > 0)
            .then(|| Worth { month: Usd { femto: saved }, call: Usd { femto: divided(saved, calls.into()) } });
        let breakpoint = placement.breakpoint(at).unwrap_or(Breakpoint { after: at.0, ttl: Ttl { seconds: 0 } });
        let is_last = number + 1 == placement.selection.len();
        let mut why = String::new();
        if is_explicit {
            why.push_str("written in the manifest; ");
        }
        why.push_str(&match (is_last, worth) {
            (true, Some(worth)) => self.last(breakpoint, worth),
            (true, None) => self.unvalued(breakpoint),
            (false, Some(worth)) => self.inner(breakpoint, placement.selection[number + 1].0, worth),
            (false, None) => format!("ends the first {} tokens", grouped(self.tokens(breakpoint.after))),
        });
        if is_last && !is_explicit {
            why.push_str(&self.other_ttl(breakpoint.ttl));
        }
        Placed { breakpoint, tokens: self.tokens(breakpoint.after), is_dead: false, is_explicit, worth, why }
    }

    /// A breakpoint of the manifest at which nothing is written.
    pub(super) fn dead(&self, mark: &RequestedMark) -> Placed {
        let breakpoint = Breakpoint { after: mark.after, ttl: mark.ttl };
        let why = "written in the manifest; dead, nothing is ever written or read at it".to_owned();
        let tokens = self.tokens(mark.after);
        Placed { breakpoint, tokens, is_dead: true, is_explicit: true, worth: None, why }
    }

    fn tokens(&self, after: usize) -> u64 {
        self.table.tokens.get(after).copied().unwrap_or(0)
    }

    /// What the last breakpoint ends.
    fn extent(&self, after: usize) -> String {
        let tokens = grouped(self.tokens(after));
        let prefix = prefix_len(self.segments);
        if after + 1 < prefix {
            let behind = self.table.tokens.last().map_or(0, |all| all - self.tokens(after));
            return format!(
                "ends the first {tokens} tokens of the prefix, before {} that no entry holds",
                grouped(behind)
            );
        }
        if prefix < self.segments.len() {
            format!("ends the {tokens} tokens before the first input")
        } else {
            format!("ends all {tokens} tokens")
        }
    }

    fn last(&self, breakpoint: Breakpoint, worth: Worth) -> String {
        let Some(traffic) = self.terms.traffic else { return self.extent(breakpoint.after) };
        let chance = alive(breakpoint.ttl, self.mechanism, traffic);
        let verb = if worth.month < Usd::ZERO { "costs" } else { "saves" };
        let amount = |amount: Usd| money(Usd { femto: amount.femto.saturating_abs() });
        format!(
            "{}; at {} a month they are read {chance} of the time{}{}; {verb} {} a call, {} a month",
            self.extent(breakpoint.after),
            counted(traffic.live_calls(), "call"),
            self.prices(breakpoint.ttl),
            self.rewarms(breakpoint, traffic),
            amount(worth.call),
            amount(worth.month),
        )
    }

    /// How often a deploy makes them be written anew.
    fn rewarms(&self, breakpoint: Breakpoint, traffic: &Traffic) -> String {
        let lost = self.lost(breakpoint.after);
        if traffic.rewarms() == 0 || lost == Chance::NEVER {
            return String::new();
        }
        let share = if lost == Chance::CERTAIN { String::new() } else { format!("{lost} of ") };
        format!(", and once more after {share}{}", counted(traffic.rewarms(), "deploy"))
    }

    fn lost(&self, after: usize) -> Chance {
        self.table.lost.get(after).copied().unwrap_or(Chance::CERTAIN)
    }

    /// What is paid when they are read, and when not.
    fn prices(&self, ttl: Ttl) -> String {
        let Some((input, read, write)) = self.rates(ttl) else { return String::new() };
        let (input, read, write) = (per_million(input), per_million(read), per_million(write));
        let prices = format!(", at {read} a million instead of {input}");
        if !self.mechanism.family.is_object() {
            return format!("{prices}, and written the rest of the time at {write}");
        }
        let stored = self.terms.model.prices.as_ref().and_then(|prices| prices.storage);
        let stored =
            stored.map_or(String::new(), |price| format!(", stored for {ttl} at {} an hour", per_million(price)));
        let unasked = match self.terms.model.rules.implicit {
            Some(_) => " (what is cached unasked is not promised, and not counted on)",
            None => "",
        };
        format!("{prices}, and the object is made anew the rest of the time at {write}{stored}{unasked}")
    }

    /// Input, read and write price.
    fn rates(&self, ttl: Ttl) -> Option<(Price, Price, Price)> {
        let rates = self.terms.model.prices.as_ref()?.at(self.terms.tokens.total());
        let write = if self.mechanism.family.is_object() { rates.input } else { rates.write_price(ttl) };
        Some((rates.input?, rates.read?, write?))
    }

    /// A breakpoint in front of another one, which ends at the segment `next`.
    fn inner(&self, breakpoint: Breakpoint, next: usize, worth: Worth) -> String {
        let Some(traffic) = self.terms.traffic else { return String::new() };
        let tokens = grouped(self.tokens(breakpoint.after));
        if worth.month == Usd::ZERO {
            return format!("ends the first {tokens} tokens, which the entry behind it holds too; saves nothing");
        }
        let between = self.lost(next).billionths.saturating_sub(self.lost(breakpoint.after).billionths);
        if traffic.rewarms() == 0 || worth.month < Usd::ZERO || between == 0 {
            return format!("ends the first {tokens} tokens; saves {} a month", money(worth.month));
        }
        let condition = if self.mechanism.refreshes_path() {
            ""
        } else {
            ", if reads keep earlier entries alive, which is not documented"
        };
        format!(
            "keeps the first {tokens} tokens: {} of {} a month change nothing before it, but something before the next \
             breakpoint, and the call after each reads them instead of writing them anew; saves {} a month{condition}",
            Chance { billionths: between },
            counted(traffic.rewarms(), "deploy"),
            money(worth.month),
        )
    }

    /// Without known traffic: from which call on it pays.
    fn unvalued(&self, breakpoint: Breakpoint) -> String {
        let extent = self.extent(breakpoint.after);
        let missing = if self.terms.traffic.is_none() { "no traffic is declared" } else { "a price is not known" };
        let reads = self.rates(breakpoint.ttl).and_then(|(input, read, write)| {
            let saved = input.nano.checked_sub(read.nano).filter(|saved| *saved > 0)?;
            Some(write.nano.saturating_sub(input.nano).div_ceil(saved).max(1))
        });
        match reads {
            Some(1) => format!("{extent}; pays with the second call within {} ({missing})", breakpoint.ttl),
            Some(reads) => {
                format!("{extent}; pays after {reads} calls, each within {} of the last ({missing})", breakpoint.ttl)
            }
            None => format!("{extent} ({missing})"),
        }
    }

    /// What another TTL would have cost, where there was a choice.
    fn other_ttl(&self, ttl: Ttl) -> String {
        let (Some(traffic), true) = (self.terms.traffic, self.chosen.is_valued) else { return String::new() };
        let mut text = String::new();
        for lifetime in self.mechanism.lifetimes.iter().filter(|lifetime| lifetime.ttl != ttl) {
            let Some(more) = self.dearer(lifetime.ttl, ttl) else { continue };
            let chance = alive(lifetime.ttl, self.mechanism, traffic);
            let month = match more.femto {
                0 => "cost the same".to_owned(),
                1.. => format!("cost {} more", money(more)),
                _ => format!("cost {} less", money(Usd { femto: more.femto.saturating_neg() })),
            };
            text.push_str(&format!(
                "; with {} they would be read {chance} of the time, and a month {month}",
                lifetime.ttl
            ));
        }
        text
    }

    /// How much more a month costs with every breakpoint that has `ttl` at another one.
    fn dearer(&self, other: Ttl, ttl: Ttl) -> Option<Usd> {
        let mut choice = self.chosen.choice.clone();
        let place = self.chosen.ttls.iter().position(|own| *own == ttl)?;
        let changed = level(other, &self.chosen.ttls, true, self.mechanism, self.terms)?;
        *choice.levels.get_mut(place)? = changed;
        let selection = &self.chosen.selection;
        Some(Usd { femto: choice.cost(selection).saturating_sub(self.chosen.choice.cost(selection)) })
    }

    /// Why no breakpoint is placed where the provider's unasked caching saves `month`, a negative amount,
    /// and breakpoints would save less. Nothing where none was worth placing anyway.
    pub(super) fn outdone(&self, month: i128) -> Option<Diagnostic> {
        let ours = self.chosen.total;
        let segment = self.segments.first().filter(|_| ours < 0)?;
        let about = self.terms.tokens.basis().about();
        let saved = |month: i128| format!("{about}{}", money(Usd { femto: month.saturating_neg() }));
        let message = format!(
            "what the provider caches unasked is expected to save {} a month, and breakpoints {}; no breakpoint is placed",
            saved(month),
            saved(ours),
        );
        let note = Diagnostic::note("caching-unasked", message).at(&segment.origin.block);
        Some(note.hint("`cache` on a block asks for one all the same").for_model(&self.terms.model.name))
    }

    /// Why nothing is placed although something could be, if that is so.
    pub(super) fn why_none(&self, free: &[Ttl]) -> Option<Diagnostic> {
        let traffic = self.terms.traffic.filter(|_| self.chosen.is_valued)?;
        let choice = &self.chosen.choice;
        let last = (0..choice.boundaries.len()).rfind(|index| {
            choice.boundaries[*index].is_free && choice.boundaries[*index].tokens >= self.mechanism.minimum_before(1)
        })?;
        let cost = |ttl: &Ttl| {
            let mut choice = choice.clone();
            choice.levels = vec![level(*ttl, &[], true, self.mechanism, self.terms)?];
            Some((choice.cost(&[(last, 0)]), *ttl))
        };
        let (cost, ttl) = free.iter().filter_map(cost).min()?;
        let chance = alive(ttl, self.mechanism, traffic);
        let verdict = match cost {
            1.. => {
                let about = self.terms.tokens.basis().about();
                format!("a month would cost {about}{} more than without", money(Usd { femto: cost }))
            }
            _ => "a month would cost less than a cent less".to_owned(),
        };
        let message = format!(
            "caching does not pay at {} a month: an entry kept for {ttl} would be found {chance} of the time, and {verdict}; no breakpoint is placed",
            counted(traffic.calls, "call"),
        );
        let segment = self.segments.get(last)?;
        Some(
            Diagnostic::note("caching-does-not-pay", message)
                .at(&segment.origin.block)
                .for_model(&self.terms.model.name),
        )
    }
}
