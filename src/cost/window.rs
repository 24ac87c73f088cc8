//! Whether a request fits into a model's windows, and what to drop where it does not.

use std::cmp::Reverse;

use schemars::JsonSchema;
use serde::Serialize;

use crate::cost::cards::Window;
use crate::cost::planner::words::{counted, grouped};
use crate::cost::terms::RequestTokens;
use crate::prompt::segment::Segment;
use crate::syntax::diag::Diagnostic;

/// The most segments that a message names.
const MAX_NAMED: usize = 3;

/// Whether a request fits into the model's windows.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct WindowFit {
    /// The windows of the card.
    #[serde(flatten)]
    pub window: Window,
    /// Yes, no, or within the band; null when no window is known. The answer is not counted.
    pub fits: Option<Fit>,
    /// The most input tokens that the model takes.
    #[serde(skip)]
    pub limit: Option<u64>,
    /// By how many tokens the request is too large.
    pub over: u64,
    /// Segments to drop, lowest priority first, until it fits.
    pub drop: Vec<String>,
}

/// Yes, no, or within the band of the count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Fit {
    /// The whole band fits.
    Yes,
    /// None of the band fits.
    No,
    /// The limit lies within the band.
    Maybe,
}

impl Fit {
    /// Where `limit` lies in relation to a band.
    pub fn of(band: (u64, u64), limit: u64) -> Self {
        match band {
            (_, high) if high <= limit => Self::Yes,
            (low, _) if low > limit => Self::No,
            _ => Self::Maybe,
        }
    }
}

/// A request, and the windows that it has to fit into.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The windows of the card.
    pub window: Window,
    /// The request.
    pub tokens: &'a RequestTokens,
    /// The most tokens that the answer is expected or allowed to have.
    pub answer: u64,
    /// The prompt, piece by piece.
    pub segments: &'a [Segment],
    /// The tokens of each segment, in the model's own count.
    pub per_segment: &'a [u64],
}

impl Subject<'_> {
    /// Whether it fits, and what to drop.
    pub fn fit(&self) -> WindowFit {
        let Window { input, total, .. } = self.window;
        // Models of today take a request whose answer may not fit, and stop when the window is full.
        let limit = input.into_iter().chain(total).min();
        let over = limit.map_or(0, |limit| self.tokens.total().saturating_sub(limit));
        let fits = limit.map(|limit| Fit::of(self.tokens.band(), limit));
        let drop = self.least_needed(over).into_iter().map(|index| self.segments[index].id.clone()).collect();
        WindowFit { window: self.window, fits, limit, over, drop }
    }

    /// The segments that make room for so many tokens: lowest priority first, of equals the last one.
    fn least_needed(&self, over: u64) -> Vec<usize> {
        let mut candidates: Vec<usize> = (0..self.segments.len()).filter(|at| !self.segments[*at].is_hole()).collect();
        candidates.sort_by_key(|index| (self.segments[*index].priority, Reverse(*index)));
        let mut left = over;
        let needed = candidates.into_iter().take_while(|index| {
            let is_needed = left > 0;
            left = left.saturating_sub(self.per_segment[*index]);
            is_needed
        });
        needed.collect()
    }

    /// What is worth saying of it: an error where the request is surely over, a warning where it may be, or where
    /// little room is left for the answer.
    pub fn warning(&self, fit: &WindowFit) -> Option<Diagnostic> {
        let (limit, total) = (fit.limit?, self.tokens.total());
        let (low, high) = self.tokens.band();
        let head = format!("the request has {} tokens", grouped(total));
        match fit.fits? {
            Fit::No => {
                let least =
                    if low < total { format!(", at least {} by its band", grouped(low)) } else { String::new() };
                let over = counted(total.saturating_sub(limit), "token");
                let message = format!("{head}{least}: {over} over the window of {}", grouped(limit));
                Some(self.at_largest(Diagnostic::error("window", message).maybe_hint(self.advice(fit))))
            }
            Fit::Maybe => {
                let message = format!(
                    "the request is estimated at {} tokens, between {} and {}: on which side of the window ({}) it \
                     lies is not known",
                    grouped(total),
                    grouped(low),
                    grouped(high),
                    grouped(limit)
                );
                Some(self.at_largest(Diagnostic::warning("band-straddles", message)))
            }
            Fit::Yes => {
                let both = self.window.total.filter(|both| total.saturating_add(self.answer) > *both);
                let message = match both {
                    Some(both) => format!(
                        "{head}, which leaves {} of the window of {} for an answer of up to {}",
                        grouped(both.saturating_sub(total)),
                        grouped(both),
                        grouped(self.answer)
                    ),
                    None if limit - total <= limit / 20 => {
                        format!("{head}, {} short of the window of {}", grouped(limit - total), grouped(limit))
                    }
                    None => return None,
                };
                Some(self.at_largest(Diagnostic::warning("near-window", message)))
            }
        }
    }

    /// What to drop, in words; `None` where nothing that could be dropped would be enough.
    fn advice(&self, fit: &WindowFit) -> Option<String> {
        let indices = self.least_needed(fit.over);
        let freed: u64 = indices.iter().map(|index| self.per_segment[*index]).sum();
        if freed < fit.over {
            return Some("take another model, or shorten what is filled in: the text alone is not too long".to_owned());
        }
        let name = |index: &usize| format!("`{}` ({})", self.segments[*index].id, grouped(self.per_segment[*index]));
        let named: Vec<String> = indices.iter().take(MAX_NAMED).map(name).collect();
        let more = match indices.len().saturating_sub(MAX_NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        Some(format!("drop what has the lowest `priority`: {}{more}", named.join(", ")))
    }

    /// At the block of the segment with the most tokens, where a total is cut down.
    fn at_largest(&self, warning: Diagnostic) -> Diagnostic {
        let largest = (0..self.segments.len()).max_by_key(|index| (self.per_segment.get(*index), Reverse(*index)));
        match largest.and_then(|index| self.segments.get(index)) {
            Some(segment) => warning.at(&segment.origin.block),
            None => warning,
        }
    }
}

/// What is to be said of an answer: an error where the limit on it is beyond the model's own, a warning where answers are
/// expected that are longer than they can be. `most` is what the manifest sets, `default` what is sent where it sets
/// nothing.
pub fn answer_warning(
    own: Option<u64>,
    expected: Option<u64>,
    most: Option<u64>,
    default: Option<u64>,
) -> Option<Diagnostic> {
    if let Some((most, own)) = most.zip(own).filter(|(most, own)| most > own) {
        let (most, own) = (grouped(most), grouped(own));
        let message = format!("`output.max_tokens` is {most}, and the model's answers have at most {own} tokens");
        return Some(Diagnostic::error("output-limit", message).hint("lower it, or take another model"));
    }
    let whose = match (most, default) {
        (Some(most), _) => (most, "`output.max_tokens`"),
        (None, Some(default)) if own.is_none_or(|own| own > default) => (default, "what is sent where none is set"),
        (None, _) => (own?, "the model's own limit"),
    };
    let ((limit, whose), expected) = (whose, expected?);
    (expected > limit).then(|| {
        let (expected, limit) = (grouped(expected), grouped(limit));
        let message =
            format!("`output.tokens` expects answers of {expected} tokens, and they are cut off at {limit}, {whose}");
        Diagnostic::warning("answer-cut-off", message).hint("raise `output.max_tokens`, or lower `output.tokens`")
    })
}
