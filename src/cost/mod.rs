//! Money, traffic, cache rules, planner, simulator, bill, budgets.

pub mod ahead;
pub mod bill;
pub mod break_even;
pub mod budget;
pub mod planner;
pub mod remarks;
pub mod scenario;
pub mod shares;
pub mod simulate;
pub mod terms;
pub mod traffic;
