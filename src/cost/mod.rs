//! Segments to tokens and money. This wing knows models, cache rules and prices, and has never heard of git or
//! templates.

pub mod tokens;
pub mod count;
pub mod rules;
pub mod cards;
pub mod terms;
pub mod traffic;
pub mod scenario;
pub mod simulate;
pub mod planner;
pub mod ahead;
pub mod shares;
pub mod bill;
pub mod budget;
pub mod break_even;
pub mod warnings;
