//! What is worth saying about the shape of a prompt: text that can never be cached, limits that are
//! near, caching that costs more than it saves.

use crate::cost::bill::{Bill, bill};
use crate::cost::planner::words::{counted, grouped, money};
use crate::cost::planner::{CachePolicy, Layout, ServiceKind, plan};
use crate::cost::rules::{Cliff, Rates, cost_of};
use crate::cost::terms::{RequestTokens, Terms};
use crate::cost::tokens::Count;
use crate::prompt::segment::{Segment, prefix_len};
use crate::syntax::diag::Diagnostic;
use crate::syntax::manifest::{Breakpoints, Stability};
use crate::syntax::quantity::Usd;

/// Stable text behind an input or a volatile segment that is worth a warning, in tokens.
const WORTH_MOVING: u64 = 100;

/// Everything that is worth saying about one context for one model. `tokens` are those of each
/// segment, in the model's own count.
pub fn warnings(segments: &[Segment], tokens: &[u64], layout: &Layout, bill: &Bill, terms: &Terms) -> Vec<Diagnostic> {
    let warnings = Subject { segments, tokens, terms };
    let mut found = Vec::new();
    found.extend(warnings.short_prefix());
    if terms.model.rules.explicit.is_some() || terms.model.rules.implicit.is_some() {
        found.extend(warnings.input_before_stable());
        found.extend(warnings.volatile_before_stable());
    }
    found.extend(warnings.cliffs());
    found.extend(warnings.does_not_pay(layout, bill));
    found.into_iter().map(|warning| warning.for_model(&terms.model.name)).collect()
}

struct Subject<'a> {
    segments: &'a [Segment],
    tokens: &'a [u64],
    terms: &'a Terms<'a>,
}

impl Subject<'_> {
    /// A warning, or a note, at the block of a segment.
    fn at(&self, warning: Diagnostic, segment: Option<usize>) -> Diagnostic {
        match segment.and_then(|index| self.segments.get(index)) {
            Some(segment) => warning.at(&segment.origin.block),
            None => warning,
        }
    }

    fn tokens(&self, indices: impl Iterator<Item = usize>) -> u64 {
        indices.filter_map(|index| self.tokens.get(index)).sum()
    }

    /// What stands before a figure: `≈` where the counts are estimates.
    fn about(&self) -> &'static str {
        self.terms.tokens.basis().about()
    }

    /// The segment with the most tokens: where a total is cut down.
    fn largest(&self) -> Option<usize> {
        (0..self.segments.len()).max_by_key(|index| (self.tokens.get(*index), std::cmp::Reverse(*index)))
    }

    /// The prefix is a few tokens short of cacheable: by a quarter of what it needs, or less.
    fn short_prefix(&self) -> Option<Diagnostic> {
        let minimum = self.terms.model.rules.serving(true)?.mechanism().minimum_before(1);
        let (prefix, band) = (self.terms.tokens.prefix.tokens(), self.terms.tokens.prefix.band());
        let last = prefix_len(self.segments).checked_sub(1);
        if band.0 < minimum && band.1 >= minimum {
            return Some(self.straddles("the prefix", prefix, band, "the shortest that is cached", minimum, last));
        }
        let short = minimum.checked_sub(prefix).filter(|short| *short > 0 && *short <= minimum / 4)?;
        let about = self.about();
        let message = format!(
            "the prefix is {about}{} short of the {} from which {} caches, so nothing of it is ever read",
            counted(short, "token"),
            grouped(minimum),
            self.terms.model.name
        );
        let hint = match self.completed(last, short) {
            Some(saves) => format!(
                "{about}{} more of stable text in front of the first input would save {about}{} a month",
                counted(short, "token"),
                money(saves)
            ),
            None => "move stable text in front of the first input, or add to it".to_owned(),
        };
        Some(self.at(Diagnostic::warning("short-prefix", message).hint(hint).measuring(short), last))
    }

    /// What a month costs less with `short` more tokens of stable text, which make the prefix long enough to be cached;
    /// `None` where it costs no less, or is not known.
    fn completed(&self, last: Option<usize>, short: u64) -> Option<Usd> {
        let month = |segments: &[u64], tokens: &RequestTokens| {
            let terms = Terms { tokens, ..*self.terms };
            let policy = CachePolicy { breakpoints: Breakpoints::Auto, ttl: None };
            bill(&plan(self.segments, segments, policy, &terms).value, &terms).month
        };
        let mut longer = self.tokens.to_vec();
        *longer.get_mut(last?)? += short;
        let (prefix, text) = (self.terms.tokens.prefix.tokens() + short, self.terms.tokens.text.tokens() + short);
        let tokens = RequestTokens { prefix: Count::exact(prefix), text: Count::exact(text), ..*self.terms.tokens };
        let saves = month(self.tokens, self.terms.tokens)? - month(&longer, &tokens)?;
        (saves > Usd::ZERO).then_some(saves)
    }

    /// Stable text behind an input, which no cache can serve.
    fn input_before_stable(&self) -> Option<Diagnostic> {
        let first = prefix_len(self.segments);
        let behind = (first..self.segments.len()).filter(|index| {
            let segment = &self.segments[*index];
            !segment.is_hole() && segment.stability != Some(Stability::Volatile)
        });
        let lost = self.tokens(behind.clone());
        if lost < WORTH_MOVING {
            return None;
        }
        let hole = &self.segments.get(first)?;
        let next = &self.segments[behind.max_by_key(|index| self.tokens.get(*index))?].id;
        let message = format!(
            "`{}` is filled in at run time and stands before {}{} tokens of unchanging text (most of it in `{next}`), which can never be cached",
            hole.id,
            self.about(),
            grouped(lost)
        );
        let hint = "move it behind them";
        Some(self.at(Diagnostic::warning("input-before-stable", message).hint(hint).measuring(lost), Some(first)))
    }

    /// Stable text behind a volatile segment, which every deploy writes anew.
    fn volatile_before_stable(&self) -> Option<Diagnostic> {
        let prefix = prefix_len(self.segments);
        let is_volatile = |index: &usize| self.segments[*index].stability == Some(Stability::Volatile);
        let first = (0..prefix).find(is_volatile)?;
        let lost = self.tokens((first..prefix).filter(|index| !is_volatile(index)));
        if lost < WORTH_MOVING {
            return None;
        }
        let message = format!(
            "`{}` is volatile and stands before {}{} tokens that are not; each change of it makes the cache write them anew",
            self.segments[first].id,
            self.about(),
            grouped(lost)
        );
        let hint = "move it behind them";
        Some(self.at(Diagnostic::warning("volatile-before-stable", message).hint(hint).measuring(lost), Some(first)))
    }

    /// Price cliffs that are near: within 2 % below, 5 % above, or within the band of an estimate.
    fn cliffs(&self) -> Vec<Diagnostic> {
        let Some(prices) = &self.terms.model.prices else { return Vec::new() };
        let total = self.terms.tokens.total();
        let (low, high) = self.terms.tokens.band();
        let mut below = &prices.base;
        let mut found = Vec::new();
        for cliff in &prices.cliffs {
            let what = "the price cliff";
            if cliff.reached_by(high) && !cliff.reached_by(low) {
                let straddles = self.straddles("the request", total, (low, high), what, cliff.above, self.largest());
                found.push(straddles.hint(self.jump(below, &cliff.rates)));
            } else if cliff.reached_by(total) && total - cliff.above <= cliff.above / 20 {
                let over = (total - cliff.above + u64::from(cliff.inclusive)).max(1);
                let message = format!(
                    "the request is {}{} over the price cliff at {}: {}",
                    self.about(),
                    counted(over, "token"),
                    grouped(cliff.above),
                    self.jump(below, &cliff.rates)
                );
                let hint = format!("drop {}{}", self.about(), counted(over, "token"));
                found.push(
                    self.at(Diagnostic::warning("near-cliff", message).hint(hint).measuring(over), self.largest()),
                );
            } else if !cliff.reached_by(total) && cliff.above.saturating_sub(total) <= cliff.above / 50 {
                found.push(self.below(cliff, below, total));
            }
            below = &cliff.rates;
        }
        found
    }

    fn below(&self, cliff: &Cliff, rates: &Rates, total: u64) -> Diagnostic {
        let room = (cliff.above - total).saturating_sub(u64::from(cliff.inclusive));
        let about = self.about();
        let message = format!(
            "the request has {about}{} tokens, {about}{} short of the price cliff at {}: {}",
            grouped(total),
            grouped(room),
            grouped(cliff.above),
            self.jump(rates, &cliff.rates)
        );
        self.at(Diagnostic::warning("near-cliff", message).measuring(room), self.largest())
    }

    /// What the whole request costs on both sides of a cliff.
    fn jump(&self, below: &Rates, above: &Rates) -> String {
        let tokens = self.terms.tokens;
        let call = |rates: &Rates| cost_of(tokens.total(), rates.input)?.plus(tokens.answer(rates)?);
        match call(below).zip(call(above)) {
            Some((below, above)) => {
                let about = self.about();
                format!("beyond it an uncached call costs {about}{} instead of {about}{}", money(above), money(below))
            }
            None => "beyond it other prices hold for the whole request".to_owned(),
        }
    }

    fn straddles(
        &self,
        what: &str,
        tokens: u64,
        (low, high): (u64, u64),
        limit: &str,
        at: u64,
        segment: Option<usize>,
    ) -> Diagnostic {
        let message = format!(
            "{what} is estimated at {} tokens, between {} and {}: on which side of {limit} ({}) it lies is not known",
            grouped(tokens),
            grouped(low),
            grouped(high),
            grouped(at)
        );
        self.at(Diagnostic::warning("band-straddles", message).measuring(tokens), segment)
    }

    /// Breakpoints of the manifest that cost more than they save at this traffic.
    fn does_not_pay(&self, layout: &Layout, bill: &Bill) -> Option<Diagnostic> {
        let traffic = self.terms.traffic?;
        let lost = bill.saves.filter(|saves| *saves < Usd::ZERO)?;
        let service = layout.service(self.terms.model, self.terms.tokens);
        if matches!(service.kind, ServiceKind::Uncached | ServiceKind::Unasked { .. }) {
            return None;
        }
        let message = format!(
            "caching costs {}{} a month more than it saves at {} a month: an entry is found {} of the time",
            self.about(),
            money(Usd { femto: lost.femto.saturating_neg() }),
            counted(traffic.calls, "call"),
            bill.hit?
        );
        let last = layout.breakpoints.last().map(|placed| placed.breakpoint.after);
        let hint = "remove `cache` from the block, or set `cache: {breakpoints: off}`";
        Some(self.at(Diagnostic::warning("caching-does-not-pay", message).hint(hint), last))
    }
}
