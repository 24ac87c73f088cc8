//! The planner and the bill, held against what others worked out: the cache simulator that replays
//! long streams of calls, naive rational arithmetic, and the published worked example.
//!
//! Streams are drawn from fixed seeds, so that a run is the same every time. A mean of n calls is
//! held against the closed form within five standard errors of that mean.

mod cards;
mod laws;
mod replay;
mod stage;
