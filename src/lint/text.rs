//! All that can be found in one file, whoever reads it.

use super::{Finding, invisible, leftover, secret, told};
use crate::fragment::Fragment;

/// Every finding of a file, in the order of the text.
pub(super) fn findings(fragment: &Fragment) -> Vec<Finding> {
    let text: &str = fragment.source.text();
    let mut found = secret::findings(text);
    found.extend(invisible::findings(text));
    found.extend(leftover::findings(text));
    found.sort_by_key(|finding| finding.at.start);
    told(found)
}
