//! Segments to tokens and money. This wing knows models, cache rules and prices, and has never heard of git or
//! templates.

pub mod fact;
pub mod rules;
pub mod tokens;
pub mod traffic;
pub mod cards;
pub mod count;
pub mod simulate;
pub mod terms;
pub mod planner;
pub mod scenario;
pub mod bill;
pub mod parts;
pub mod shares;
pub mod break_even;
pub mod budget;
pub mod window;
pub mod warnings;
pub mod ahead;
