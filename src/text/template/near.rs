//! Suggests the name that was probably meant.

use crate::syntax::diag;

/// The longest name, and the most names, that are searched for a near one.
const COMPARED_BYTES: usize = 100;
const COMPARED_NAMES: usize = 10_000;

/// "did you mean …". `None` also if comparing the names would take too long.
pub(super) fn near<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> Option<String> {
    let short = |name: &str| name.len() <= COMPARED_BYTES;
    let known = known.into_iter().filter(|known| short(known)).take(COMPARED_NAMES);
    short(name).then(|| diag::did_you_mean(name, known)).flatten()
}
