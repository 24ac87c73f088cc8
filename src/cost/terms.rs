//! What a price is worked out on: a request in tokens, a model's rates, the traffic.

use crate::cost::rules::{Model, Rates};
use crate::cost::tokens::{Basis, Count};
use crate::cost::traffic::Traffic;

/// One request in a model's own tokens.
#[derive(Debug, Clone, Copy)]
pub struct RequestTokens {
    /// Text before the first input or history.
    pub prefix: Count,
    /// All text.
    pub text: Count,
    /// The expected size of inputs and history.
    pub inputs: u64,
    /// Roles, tool preambles: always an estimate. Its place among the text is not published;
    /// it is priced as input that no cache serves, which is the dearer reading.
    pub framing: u64,
    /// The expected answer.
    pub output: u64,
}

impl RequestTokens {
    /// Everything that goes in: text, inputs and framing. Prices and windows go by it.
    pub fn total(&self) -> u64 {
        self.text.tokens().saturating_add(self.inputs).saturating_add(self.framing)
    }

    /// The band of the total. Framing and inputs are taken as they are.
    pub fn band(&self) -> (u64, u64) {
        let beside = self.inputs.saturating_add(self.framing);
        let (low, high) = self.text.band();
        (low.saturating_add(beside), high.saturating_add(beside))
    }

    /// What the text's count is.
    pub fn basis(&self) -> Basis {
        self.text.basis()
    }
}

/// What a call is priced on.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// The model's rules and prices on one date.
    pub model: &'a Model,
    /// Its prices through a batch endpoint, if known.
    pub batch: Option<&'a Rates>,
    /// The declared traffic, if any.
    pub traffic: Option<&'a Traffic>,
    /// The request.
    pub tokens: &'a RequestTokens,
}
