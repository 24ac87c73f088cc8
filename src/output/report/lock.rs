//! The report of `lock`.

use std::collections::BTreeMap;

use super::text::{Table, counted};
use crate::pipeline::lock::{Change, LOCK_FILE, Lock};
use crate::text::project::ContextId;

/// What was written, and what changed by it.
pub fn written(lock: &Lock, changes: &BTreeMap<ContextId, Change>) -> String {
    format!("{}{LOCK_FILE}: {} locked, {}\n", table(changes), counted(lock.len(), "context"), summary(changes))
}

/// Whether a lock is current, and what `lock` would change.
pub fn check(lock: &Lock, changes: &BTreeMap<ContextId, Change>) -> String {
    if changes.is_empty() {
        return format!("{LOCK_FILE} is current: {}\n", counted(lock.len(), "context"));
    }
    format!("{}{LOCK_FILE} is not current, {}; run `contexture lock`\n", table(changes), summary(changes))
}

fn table(changes: &BTreeMap<ContextId, Change>) -> String {
    let mut table = Table::new(&["context", "", "prefix", "settings"]);
    let both = |one: String, other: String| if one == other { one } else { format!("{one} → {other}") };
    for (id, change) in changes {
        let (what, prefix, settings) = match change {
            Change::New(entry) => ("new", entry.prefix.short(), entry.settings.short()),
            Change::Gone(entry) => ("gone", entry.prefix.short(), entry.settings.short()),
            Change::Different { locked, built } => (
                "different",
                both(locked.prefix.short(), built.prefix.short()),
                both(locked.settings.short(), built.settings.short()),
            ),
        };
        table.row([id.to_string(), what.to_owned(), prefix, settings]);
    }
    if table.is_empty() { String::new() } else { table.draw(0) + "\n" }
}

fn summary(changes: &BTreeMap<ContextId, Change>) -> String {
    let count = |wanted: fn(&Change) -> bool| changes.values().filter(|change| wanted(change)).count();
    let parts = [
        (count(|change| matches!(change, Change::New(_))), "new"),
        (count(|change| matches!(change, Change::Different { .. })), "different"),
        (count(|change| matches!(change, Change::Gone(_))), "gone"),
    ];
    let parts: Vec<String> =
        parts.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    if parts.is_empty() { "nothing changed".to_owned() } else { parts.join(", ") }
}
