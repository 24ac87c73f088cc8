//! Money, traffic, cache rules, planner, simulator, bill, budgets.

pub mod bill;
pub mod planner;
pub mod rules;
pub mod scenario;
pub mod simulate;
pub mod traffic;
