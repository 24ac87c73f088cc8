//! The planner.

mod layout;

pub use layout::{Layout, Placed, Service, ServiceKind, Stretch, Worth};
