//! The cheapest set of breakpoints, exactly.
//!
//! A breakpoint after boundary b with TTL t makes every token of the stretch that it ends worth
//! `v(b, t)` a month (less than 0 where it saves). The cost of a set is the sum of its stretches,
//! `(tokens(b) − tokens(b before)) · v(b, t)`, and a fee for each breakpoint that nobody asked for.
//! So the best set with k breakpoints that ends at b extends a best one with k − 1 that ends before
//! it, and its cost is a minimum over lines `g(a) − tokens(a) · x` at `x = v(b, t)`. Their lower hull
//! is kept while b moves on, which makes the search linear in the number of boundaries but for the
//! logarithm of a look-up.

use crate::cost::rules::divided;
use crate::cost::traffic::Chance;

/// A place for a breakpoint, in order.
#[derive(Debug, Clone, Copy)]
pub(super) struct Boundary {
    /// Tokens before it.
    pub(super) tokens: u64,
    /// The chance that a deploy changes something before it.
    pub(super) lost: Chance,
    /// Whether the planner may put one there.
    pub(super) is_free: bool,
    /// The level of the one that the manifest puts there.
    pub(super) forced: Option<usize>,
}

/// A TTL, and what a token costs in a month that an entry of it holds, against one that is never
/// cached.
#[derive(Debug, Clone)]
pub(super) struct Level {
    /// By calls alone, in 10⁻¹⁵ dollars.
    pub(super) steady: i128,
    /// In addition, if every deploy changed it.
    pub(super) rewarm: i128,
    /// Whether the planner may use it where the manifest does not.
    pub(super) is_free: bool,
    /// In addition, by level, where a shorter-lived entry behind it is read in its stead. The search
    /// leaves it out: the planner adds breakpoints of one TTL only where that happens, and then
    /// compares the results.
    pub(super) shadowed: Vec<i128>,
}

/// What there is to choose from.
#[derive(Debug, Clone)]
pub(super) struct Choice {
    /// In order; tokens never fall.
    pub(super) boundaries: Vec<Boundary>,
    /// The longest TTL first. No breakpoint follows one of a shorter TTL.
    pub(super) levels: Vec<Level>,
    /// How many breakpoints there may be.
    pub(super) limit: usize,
    /// Tokens before the first breakpoint, the second and so on, at the least.
    pub(super) minimums: Vec<u64>,
    /// What a breakpoint that nobody asked for has to save in a month to be placed.
    pub(super) fee: i128,
}

/// Breakpoints as (boundary, level), in order.
pub(super) type Selection = Vec<(usize, usize)>;

impl Choice {
    /// What a token of a stretch that ends at a boundary is worth.
    pub(super) fn value(&self, boundary: usize, level: usize) -> i128 {
        let (Some(boundary), Some(level)) = (self.boundaries.get(boundary), self.levels.get(level)) else { return 0 };
        let rewarm = level.rewarm.saturating_mul(boundary.lost.billionths.into());
        level.steady.saturating_add(divided(rewarm, 1_000_000_000))
    }

    /// What a selection costs in a month against no caching, in 10⁻¹⁵ dollars, fees apart. A stretch
    /// lives as long as the longest-lived breakpoint at or behind its end.
    pub(super) fn cost(&self, selection: &[(usize, usize)]) -> i128 {
        let tokens = |boundary: usize| self.boundaries.get(boundary).map_or(0, |boundary| boundary.tokens);
        let (mut level, mut shadow) = (usize::MAX, None);
        let mut cost = 0i128;
        for (number, &(boundary, own)) in selection.iter().enumerate().rev() {
            if own < level {
                shadow = (level != usize::MAX).then_some(level);
                level = own;
            }
            let shadowed = shadow.and_then(|shadow| self.levels.get(level)?.shadowed.get(shadow)).copied().unwrap_or(0);
            let start = number.checked_sub(1).map_or(0, |before| tokens(selection[before].0));
            let stretch = i128::from(tokens(boundary).saturating_sub(start));
            cost = cost.saturating_add(stretch.saturating_mul(self.value(boundary, level).saturating_add(shadowed)));
        }
        cost
    }

    /// What the breakpoints of a selection have to save that nobody asked for.
    pub(super) fn fees(&self, selection: &[(usize, usize)]) -> i128 {
        selection
            .iter()
            .filter_map(|(boundary, _)| self.boundaries.get(*boundary))
            .map(|boundary| self.fee(boundary))
            .sum()
    }

    fn fee(&self, boundary: &Boundary) -> i128 {
        if boundary.forced.is_some() { 0 } else { self.fee }
    }

    /// Whether a breakpoint may be the `number`-th (from 1) there, at this level.
    pub(super) fn allows(&self, boundary: &Boundary, level: usize, number: usize) -> bool {
        let wanted = match boundary.forced {
            Some(forced) => forced == level,
            None => boundary.is_free && self.levels.get(level).is_some_and(|level| level.is_free),
        };
        wanted && self.minimums.get(number - 1).is_some_and(|minimum| boundary.tokens >= *minimum)
    }

    /// The cheapest selection that holds every forced breakpoint, fees included; of equal ones one
    /// with the fewest. `None` when no selection holds them all.
    pub(super) fn optimum(&self) -> Option<Selection> {
        let forced = self.boundaries.iter().filter(|boundary| boundary.forced.is_some()).count();
        let last_forced = self.boundaries.iter().rposition(|boundary| boundary.forced.is_some());
        let places =
            (0..self.boundaries.len()).flat_map(|boundary| (0..self.levels.len()).map(move |level| (boundary, level)));
        let values: Vec<i128> = places.map(|(boundary, level)| self.value(boundary, level)).collect();
        let mut layers: Vec<Layer> = Vec::new();
        let mut best: Option<(i128, usize, (usize, usize))> = None;
        for number in 1..=self.minimums.len().min(self.limit) {
            let layer = self.layer(layers.last(), number, &values);
            for boundary in last_forced.unwrap_or(0)..self.boundaries.len() {
                for level in 0..self.levels.len() {
                    let Some(reached) = layer.at(boundary, level) else { continue };
                    if best.is_none_or(|(cost, ..)| reached.cost < cost) {
                        best = Some((reached.cost, number, (boundary, level)));
                    }
                }
            }
            layers.push(layer);
        }
        let Some((_, number, mut at)) = best.filter(|(cost, ..)| forced > 0 || *cost < 0) else {
            return (forced == 0).then(Vec::new);
        };
        let mut selection = vec![at];
        for layer in layers[..number].iter().rev() {
            match layer.at(at.0, at.1).and_then(|reached| reached.before) {
                Some(before) => at = before,
                None => break,
            }
            selection.push(at);
        }
        selection.reverse();
        Some(selection)
    }

    /// The cheapest selections of `number` breakpoints by the last of them, from those with one less.
    /// `values` are those of [`Choice::value`], boundary by boundary.
    fn layer(&self, before: Option<&Layer>, number: usize, values: &[i128]) -> Layer {
        let levels = self.levels.len();
        let mut layer = Layer { levels, reached: vec![None; self.boundaries.len() * levels] };
        // For each level, the selections that one of that level may extend.
        let mut hulls = vec![Hull::default(); levels];
        if before.is_none() {
            hulls.iter_mut().for_each(|hull| hull.add(Line { tokens: 0, cost: 0, from: None }));
        }
        for (index, boundary) in self.boundaries.iter().enumerate() {
            for (level, hull) in hulls.iter().enumerate().filter(|(level, _)| self.allows(boundary, *level, number)) {
                let value = values[index * levels + level];
                let Some(line) = hull.lowest(value) else { continue };
                let stretch = i128::from(boundary.tokens - line.tokens);
                let fee = self.fee(boundary);
                let cost = line.cost.saturating_add(stretch.saturating_mul(value)).saturating_add(fee);
                layer.reached[index * levels + level] = Some(Reached { cost, before: line.from });
            }
            // No selection passes a forced breakpoint by.
            if boundary.forced.is_some() {
                hulls.iter_mut().for_each(Hull::clear);
            }
            let mut cheapest: Option<(i128, usize)> = None;
            for (level, hull) in hulls.iter_mut().enumerate() {
                if let Some(reached) = before.and_then(|before| before.at(index, level))
                    && cheapest.is_none_or(|(cost, _)| reached.cost < cost)
                {
                    cheapest = Some((reached.cost, level));
                }
                if let Some((cost, level)) = cheapest {
                    hull.add(Line { tokens: boundary.tokens, cost, from: Some((index, level)) });
                }
            }
        }
        layer
    }
}

/// The cheapest selections of one size, by boundary and level of their last breakpoint.
struct Layer {
    levels: usize,
    reached: Vec<Option<Reached>>,
}

#[derive(Debug, Clone, Copy)]
struct Reached {
    cost: i128,
    before: Option<(usize, usize)>,
}

impl Layer {
    fn at(&self, boundary: usize, level: usize) -> Option<Reached> {
        self.reached.get(boundary * self.levels + level).copied().flatten()
    }
}

/// A selection that may be extended: `cost − tokens · x` is what it costs when a stretch of value x
/// per token follows, but for the tokens of that stretch's end.
#[derive(Debug, Clone, Copy)]
struct Line {
    tokens: u64,
    cost: i128,
    from: Option<(usize, usize)>,
}

/// The lower hull of lines that are added by rising tokens: each is the lowest from some x on.
#[derive(Debug, Clone, Default)]
struct Hull(Vec<(i128, Line)>);

impl Hull {
    fn add(&mut self, line: Line) {
        while let Some(&(start, last)) = self.0.last() {
            if line.tokens == last.tokens {
                if line.cost >= last.cost {
                    return;
                }
                self.0.pop();
                continue;
            }
            // Lower than the last one for x above the quotient; of equal ones the earlier stays.
            let steps = i128::from(line.tokens - last.tokens);
            let from = line.cost.saturating_sub(last.cost).div_euclid(steps).saturating_add(1);
            if from > start {
                self.0.push((from, line));
                return;
            }
            self.0.pop();
        }
        self.0.push((i128::MIN, line));
    }

    fn lowest(&self, x: i128) -> Option<Line> {
        let place = self.0.partition_point(|(start, _)| *start <= x);
        self.0.get(place.checked_sub(1)?).map(|(_, line)| *line)
    }

    fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cost_with_fees(choice: &Choice, selection: &[(usize, usize)]) -> i128 {
        let free = selection.iter().filter(|(boundary, _)| choice.boundaries[*boundary].forced.is_none()).count();
        choice.cost(selection) + choice.fee * free as i128
    }

    /// Every selection there is, one boundary after the other.
    fn brute_force(choice: &Choice) -> Option<i128> {
        fn extend(choice: &Choice, next: usize, selection: &mut Selection, best: &mut Option<i128>) {
            let Some(boundary) = choice.boundaries.get(next) else {
                let cost = cost_with_fees(choice, selection);
                *best = Some(best.map_or(cost, |best| best.min(cost)));
                return;
            };
            if boundary.forced.is_none() {
                extend(choice, next + 1, selection, best);
            }
            let shortest = selection.last().map_or(0, |(_, level)| *level);
            for level in shortest..choice.levels.len() {
                if selection.len() < choice.limit && choice.allows(boundary, level, selection.len() + 1) {
                    selection.push((next, level));
                    extend(choice, next + 1, selection, best);
                    selection.pop();
                }
            }
        }
        let mut best = None;
        extend(choice, 0, &mut Vec::new(), &mut best);
        best
    }

    /// Instances of up to 12 boundaries: with amounts as they come, and with amounts so small that
    /// equal costs and neighbouring values are frequent.
    fn choices() -> impl Strategy<Value = Choice> {
        prop_oneof![instances(4_000, 9_000_000, 2_000_000_000), instances(4, 6, 8),]
    }

    fn instances(tokens: u64, amount: i128, fee: i128) -> impl Strategy<Value = Choice> {
        let forced = prop::option::weighted(0.1, 0usize..2);
        let boundary = (0..=tokens, 0u64..300_000_000, prop::bool::weighted(0.85), forced);
        let level = (-amount..=amount / 3, -amount / 8..=amount, prop::bool::weighted(0.8));
        (
            prop::collection::vec(boundary, 0..=12),
            prop::collection::vec(level, 1..=2),
            1usize..6,
            prop_oneof![Just(0u64), 0..=tokens * 3 / 2],
            any::<bool>(),
            prop_oneof![Just(0), 0..=fee],
        )
            .prop_map(|(boundaries, levels, limit, minimum, minimum_per_breakpoint, fee)| {
                let (mut tokens, mut lost) = (0, 0);
                let boundaries: Vec<Boundary> = boundaries
                    .into_iter()
                    .map(|(more, chance, is_free, forced)| {
                        tokens += more;
                        lost = (lost + chance).min(Chance::CERTAIN.billionths);
                        let forced = forced.filter(|level| *level < levels.len());
                        Boundary { tokens, lost: Chance { billionths: lost }, is_free, forced }
                    })
                    .collect();
                let levels = levels
                    .into_iter()
                    .map(|(steady, rewarm, is_free)| Level { steady, rewarm, is_free, shadowed: Vec::new() })
                    .collect();
                let times = |number: u64| if minimum_per_breakpoint { number } else { 1 };
                let minimums = (1..=limit as u64).map(|number| minimum * times(number)).collect();
                Choice { boundaries, levels, limit, minimums, fee }
            })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        /// No selection of at most 12 boundaries is cheaper, and the one found is legal.
        #[test]
        fn the_optimum_equals_brute_force(choice in choices()) {
            let found = choice.optimum();
            prop_assert_eq!(found.as_ref().map(|found| cost_with_fees(&choice, found)), brute_force(&choice));
            for (number, &(boundary, level)) in found.iter().flatten().enumerate() {
                prop_assert!(choice.allows(&choice.boundaries[boundary], level, number + 1));
            }
            for pair in found.iter().flat_map(|found| found.windows(2)) {
                prop_assert!(pair[0].0 < pair[1].0 && pair[0].1 <= pair[1].1);
            }
        }
    }
}
