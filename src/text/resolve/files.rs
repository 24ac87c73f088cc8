//! `files`: the fragments that patterns match, in the order that `order` asks for.

use std::sync::Arc;

use crate::syntax::decode::Text;
use crate::syntax::diag::{Diagnostic, Faults};
use crate::syntax::source::ProjectPath;
use crate::text::fragment::{Fragment, Reader};
use crate::text::patterns;

use super::split::link_targets;

/// What to do where nothing matches.
const CURE: &str = "add `optional: true` if that is meant";

/// The files that `patterns` match, ordered as `order` says.
///
/// `None` after a fault. Matching nothing is a fault unless `optional`.
pub fn find(
    reader: &Reader,
    patterns: &[Text],
    order: Option<&Text>,
    optional: bool,
    faults: &mut Faults,
) -> Option<Vec<Arc<Fragment>>> {
    let parsed = patterns::parse_all(patterns, faults)?;
    let first = patterns.first()?;
    let mut found = patterns::find(reader, patterns, &parsed, optional, Some(CURE), faults)?;
    match order.map(|order| (&*order.value, order)) {
        None | Some(("path", _)) => {}
        Some(("listed", _)) => found.sort_by_cached_key(|path| {
            let place = parsed.iter().position(|pattern| !pattern.exclude && pattern.matches(path));
            (place, path.clone())
        }),
        Some((_, index)) => by_links(reader, index, &mut found, faults)?,
    }
    let read = reader.read_all(&found).into_iter().zip(&found);
    let fragments: Vec<Option<Arc<Fragment>>> = read
        .map(|(read, path)| read.map_err(|error| faults.extend(reader.explain(error, path, &first.span))).ok())
        .collect();
    fragments.into_iter().collect()
}

/// Sorts `found` by the links of a Markdown file; files without a link come last, by path.
fn by_links(reader: &Reader, index: &Text, found: &mut [ProjectPath], faults: &mut Faults) -> Option<()> {
    if !matches!(index.value.rsplit('.').next(), Some("md" | "markdown")) {
        let fault = Diagnostic::error("bad-order", format!("`{}` is no order", index.value));
        faults.push(fault.at(&index.span).hint("use `path`, `listed`, or a Markdown file whose links give the order"));
        return None;
    }
    let fragment = reader.named(index, false, faults)?;
    let own = fragment.source.path().clone();
    let listed: Vec<ProjectPath> = link_targets(fragment.slice(fragment.body.clone()))
        .into_iter()
        .filter_map(|target| ProjectPath::parse(&format!("./{target}"), &own).ok())
        .collect();
    let missing: Vec<&ProjectPath> = found.iter().filter(|path| !listed.contains(path)).collect();
    if let Some(first) = missing.first() {
        let more = if missing.len() > 1 { format!(" and {} more", missing.len() - 1) } else { String::new() };
        let warning =
            Diagnostic::warning("not-in-order", format!("`{own}` does not link to `{first}`{more}, so it comes last"));
        faults.push(warning.at(&index.span));
    }
    found
        .sort_by_cached_key(|path| (listed.iter().position(|other| other == path).unwrap_or(usize::MAX), path.clone()));
    Some(())
}
