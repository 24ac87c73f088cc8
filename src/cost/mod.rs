//! Money, traffic, cache rules, planner, simulator, bill, budgets.

pub mod layout;
pub mod rules;
pub mod scenario;
pub mod simulate;
