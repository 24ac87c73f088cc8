//! git's objects, commits and index. The only place that knows git2.

pub(in crate::tree) mod ancestry;
pub(in crate::tree) mod change;
pub(in crate::tree) mod commit;
pub(in crate::tree) mod history;
pub(in crate::tree) mod index;
pub(in crate::tree) mod lineage;
pub(in crate::tree) mod objects;
pub(in crate::tree) mod staged;
