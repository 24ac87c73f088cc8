//! `files`: the fragments that patterns match, in the order that `order` asks for.

use std::sync::Arc;

use globset::{GlobBuilder, GlobMatcher};

use crate::syntax::decode::Text;
use crate::syntax::diag::{Diagnostic, Faults};
use crate::syntax::source::ProjectPath;
use crate::text::fragment::{Fragment, Reader};
use crate::tree::FileFilter;

use super::split::link_targets;

/// How many files one block may match.
pub const MAX_MATCHES: usize = 100_000;

/// One pattern of the list.
struct FilePattern {
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
    let parsed: Vec<Option<FilePattern>> = patterns.iter().map(|written| parse(written, faults)).collect();
    let parsed: Arc<[FilePattern]> = parsed.into_iter().collect::<Option<Vec<_>>>()?.into();
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
    let mut found = match reader.list(folders, matching(parsed.clone())) {
        Ok(found) => found.to_vec(),
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

/// The files that some pattern matches and none excludes.
fn matching(patterns: Arc<[FilePattern]>) -> FileFilter {
    FileFilter::new(move |path| {
        let hit = |exclude: bool| {
            patterns.iter().any(|pattern| pattern.exclude == exclude && pattern.matcher.is_match(path.as_str()))
        };
        hit(false) && !hit(true)
    })
}

fn parse(written: &Text, faults: &mut Faults) -> Option<FilePattern> {
    // A leading `!` excludes.
    let (text, exclude) = written.value.strip_prefix('!').map_or((&*written.value, false), |rest| (rest, true));
    let path = ProjectPath::parse(text, written.span.path())
        .map_err(|fault| faults.push(Diagnostic::error("bad-path", format!("`{text}`: {fault}")).at(&written.span)))
        .ok()?;
    FilePattern::new(&path, exclude)
        .map_err(|error| {
            faults.push(Diagnostic::error("bad-pattern", format!("`{text}`: {}", error.kind())).at(&written.span))
        })
        .ok()
}

impl FilePattern {
    fn new(path: &ProjectPath, exclude: bool) -> Result<Self, globset::Error> {
        let glob = GlobBuilder::new(path.as_str()).literal_separator(true).backslash_escape(false).build()?;
        let parts = path.as_str().split('/');
        let literal: Vec<&str> = parts.clone().take_while(|part| !part.contains(['*', '?', '[', '{'])).collect();
        let folder = if literal.len() == parts.count() { path.folder().to_owned() } else { literal.join("/") };
        Ok(Self {
            matcher: glob.compile_matcher(),
            exclude,
            // A pattern without a literal folder has the empty path here, which `new` refuses: the root.
            folder: ProjectPath::new(&folder).unwrap_or_else(|_| ProjectPath::root()),
        })
    }
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
