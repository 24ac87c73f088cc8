//! What a price is worked out on: a request in tokens, a model's rates, the traffic.

use crate::cost::rules::{Model, Prices, Rates, cost_of};
use crate::cost::tokens::{Basis, Count};
use crate::cost::traffic::Traffic;
use crate::syntax::quantity::Usd;

/// One request in a model's own tokens.
#[derive(Debug, Clone, Copy)]
pub struct RequestTokens {
    /// Text before the first input or history.
    pub prefix: Count,
    /// All text.
    pub text: Count,
    /// The expected size of inputs and history.
    pub inputs: u64,
    /// Whether an input comes on top whose size nobody said.
    pub unsized_input: bool,
    /// Roles, tool preambles: always an estimate. Its place among the text is not published;
    /// it is priced as input that no cache serves, which is the dearer reading.
    pub framing: Count,
    /// The expected answer; `None` where nobody said.
    pub output: Option<u64>,
}

impl RequestTokens {
    /// Everything that goes in: text, inputs and framing. Prices and windows go by it.
    pub fn total(&self) -> u64 {
        self.sum().tokens().saturating_add(self.inputs)
    }

    /// The band of the total. Inputs are taken as they are.
    pub fn band(&self) -> (u64, u64) {
        let (low, high) = self.sum().band();
        (low.saturating_add(self.inputs), high.saturating_add(self.inputs))
    }

    /// What the count of text and framing is.
    pub fn basis(&self) -> Basis {
        self.sum().basis()
    }

    /// What it costs to answer; nothing of it where the answer's size is not known, so that every figure is the
    /// input's share.
    pub fn answer(&self, rates: &Rates) -> Option<Usd> {
        cost_of(self.output.unwrap_or(0), rates.output)
    }

    fn sum(&self) -> Count {
        self.text + self.framing
    }
}

/// What a call is priced on.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// The model's rules and prices on one date.
    pub model: &'a Model,
    /// Its prices through a batch endpoint, if known.
    pub batch: Option<&'a Prices>,
    /// The declared traffic, if any.
    pub traffic: Option<&'a Traffic>,
    /// The request.
    pub tokens: &'a RequestTokens,
}
