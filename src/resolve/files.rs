//! `files`: patterns to fragments, in a decided order.

use std::sync::Arc;

use globset::{GlobBuilder, GlobMatcher};

use crate::decode::Text;
use crate::diag::{Diagnostic, Faults};
use crate::fragment::{Fragment, Reader, Wanted};
use crate::source::ProjectPath;

use super::split::link_targets;

/// How many files one block may match.
pub const MAX_MATCHES: usize = 100_000;

/// One pattern of the list.
struct Pattern {
    matcher: GlobMatcher,
    exclude: bool,
    folder: ProjectPath,
}

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
    let parsed: Vec<Option<Pattern>> = patterns.iter().map(|written| parse(written, faults)).collect();
    let parsed: Arc<[Pattern]> = parsed.into_iter().collect::<Option<Vec<_>>>()?.into();
    let first = patterns.first()?;
    let folders: Vec<ProjectPath> =
        parsed.iter().filter(|pattern| !pattern.exclude).map(|pattern| pattern.folder.clone()).collect();
    if folders.is_empty() {
        faults.push(
            Diagnostic::error("no-match", "every pattern excludes, so none can match")
                .at(&first.span)
                .hint("add a pattern without `!`"),
        );
        return None;
    }
    let rule = parsed.clone();
    let wanted = Wanted(Arc::new(move |path: &ProjectPath| {
        let hit = |exclude: bool| {
            rule.iter().any(|pattern| pattern.exclude == exclude && pattern.matcher.is_match(path.as_str()))
        };
        hit(false) && !hit(true)
    }));
    let mut found = match reader.list(folders, wanted) {
        Ok(found) => found,
        Err(error) => {
            let cure = error.cure().map(str::to_owned);
            faults.push(Diagnostic::error("unreadable-folder", error.to_string()).at(&first.span).maybe_hint(cure));
            return None;
        }
    };
    if found.is_empty() && !optional {
        let names: Vec<String> = patterns.iter().map(|pattern| format!("`{}`", pattern.value)).collect();
        let fault = Diagnostic::error("no-match", format!("{} matches no file", names.join(", ")));
        faults.push(fault.at(&first.span).hint("add `optional: true` if that is meant"));
        return None;
    }
    if found.len() > MAX_MATCHES {
        let message = format!("the patterns match {} files; the limit is {MAX_MATCHES}", found.len());
        faults.push(Diagnostic::error("too-many-matches", message).at(&first.span));
        return None;
    }
    match order.map(|order| (&*order.value, order)) {
        None | Some(("path", _)) => {}
        Some(("listed", _)) => found.sort_by_cached_key(|path| {
            let place = parsed.iter().position(|pattern| !pattern.exclude && pattern.matcher.is_match(path.as_str()));
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

fn parse(written: &Text, faults: &mut Faults) -> Option<Pattern> {
    let (text, exclude) = match written.value.strip_prefix('!') {
        Some(rest) => (rest, true),
        None => (&*written.value, false),
    };
    let path = ProjectPath::parse(text, written.span.path())
        .map_err(|fault| faults.push(Diagnostic::error("bad-path", format!("`{text}`: {fault}")).at(&written.span)))
        .ok()?;
    let glob = GlobBuilder::new(path.as_str()).literal_separator(true).backslash_escape(false).build();
    let matcher = glob
        .map_err(|error| {
            faults.push(Diagnostic::error("bad-pattern", format!("`{text}`: {}", error.kind())).at(&written.span))
        })
        .ok()?
        .compile_matcher();
    let literal: Vec<&str> = path.as_str().split('/').take_while(|part| !part.contains(['*', '?', '[', '{'])).collect();
    let is_whole = literal.len() == path.as_str().split('/').count();
    let folder = match (is_whole, literal.is_empty()) {
        (true, _) => ProjectPath::new(path.folder()),
        (false, true) => return Some(Pattern { matcher, exclude, folder: ProjectPath::root() }),
        (false, false) => ProjectPath::new(&literal.join("/")),
    };
    Some(Pattern { matcher, exclude, folder: folder.unwrap_or_else(|_| ProjectPath::root()) })
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
        let remark =
            Diagnostic::warning("not-in-order", format!("`{own}` does not link to `{first}`{more}, so it comes last"));
        faults.push(remark.at(&index.span));
    }
    found
        .sort_by_cached_key(|path| (listed.iter().position(|other| other == path).unwrap_or(usize::MAX), path.clone()));
    Some(())
}
