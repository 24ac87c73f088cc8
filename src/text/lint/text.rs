//! The lints of one file, which do not depend on the context that reads it.

use super::catalogue::REVIEW_OVERDUE;
use super::{Finding, When, capped, foreign, invisible, leftover, secret};
use crate::text::fragment::Fragment;

/// Every finding of a file, in the order of the text.
pub(super) fn findings(fragment: &Fragment) -> Vec<Finding> {
    let text: &str = fragment.source.text();
    let mut found = secret::findings(text);
    found.extend(invisible::findings(text));
    found.extend(leftover::findings(text));
    found.extend(foreign::findings(text));
    found.extend(overdue(fragment));
    found.sort_by_key(|finding| finding.at.start);
    capped(found)
}

/// The finding that `review_by` of the front matter has passed; the day decides whether it is reported.
fn overdue(fragment: &Fragment) -> Option<Finding> {
    let node = fragment.meta.as_ref()?.get("review_by")?;
    let at = node.span.start..node.span.end;
    let Some(day) = node.as_text().filter(|text| is_day(text)) else {
        let finding = Finding::new(&REVIEW_OVERDUE, at, "`review_by` is no day, so nobody will be reminded");
        return Some(finding.hint("write it as 2026-11-21"));
    };
    let finding = Finding::new(&REVIEW_OVERDUE, at, format!("this was to be looked at again by {day}"));
    let hint = "check that it still holds, then move `review_by`";
    Some(finding.hint(hint).when(When::After(day.to_string())))
}

/// Whether it is a day as ISO 8601 writes it, so that days can be compared as texts.
fn is_day(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 10
        && bytes
            .iter()
            .enumerate()
            .all(|(at, byte)| if matches!(at, 4 | 7) { *byte == b'-' } else { byte.is_ascii_digit() })
}
