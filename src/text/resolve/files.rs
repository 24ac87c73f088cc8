//! `files`: the fragments that patterns match, in the order that `order` asks for.
//!
//! Only `*` and `**` mean something in a pattern, and `!` at its beginning. Names with brackets and braces are
//! common (`app/[slug]/page.md`), so these stand for themselves, as in the path of a `file`.

use std::collections::BTreeSet;
use std::sync::Arc;

use globset::{GlobBuilder, GlobMatcher};

use crate::syntax::decode::Text;
use crate::syntax::diag::{Diagnostic, Faults};
use crate::syntax::limits::MAX_MATCHES;
use crate::syntax::source::{PathFault, ProjectPath};
use crate::text::fragment::{Fragment, Reader};
use crate::tree::FileFilter;

use super::split::link_targets;

/// A star that a backslash makes an ordinary character, until the pattern is a glob: no path holds this
/// non-character.
const LITERAL_STAR: char = '\u{fdd0}';

/// One pattern of the list.
struct FilePattern {
    matcher: GlobMatcher,
    exclude: bool,
    folder: ProjectPath,
    /// The path, where no star makes it a pattern.
    plain: Option<ProjectPath>,
}

impl FilePattern {
    fn matches(&self, path: &ProjectPath) -> bool {
        self.matcher.is_match(path.as_str())
    }
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
    // Each folder is listed once, however many patterns begin with it.
    let folders: BTreeSet<ProjectPath> =
        parsed.iter().filter(|pattern| !pattern.exclude).map(|pattern| pattern.folder.clone()).collect();
    let folders: Vec<ProjectPath> = folders.into_iter().collect();
    if folders.is_empty() {
        faults.push(
            Diagnostic::error("no-match", "every pattern excludes, so none can match")
                .at(&first.span)
                .hint("add a pattern without `!`"),
        );
        return None;
    }
    let taken = parsed.clone();
    let filter =
        FileFilter::new(move |path| taken.iter().any(|one| !one.exclude && one.matcher.is_match(path.as_str())));
    let mut found = match reader.list(folders, filter) {
        Ok(found) => found.to_vec(),
        Err(error) => {
            let cure = error.cure().map(str::to_owned);
            faults.push(Diagnostic::error("unreadable-folder", error.to_string()).at(&first.span).maybe_hint(cure));
            return None;
        }
    };
    if !optional {
        check_each(reader, patterns, &parsed, &found, faults)?;
    }
    found.retain(|path| !parsed.iter().any(|one| one.exclude && one.matches(path)));
    if found.is_empty() && !optional {
        let names: Vec<String> = patterns.iter().map(|pattern| format!("`{}`", pattern.value)).collect();
        let fault = Diagnostic::error("no-match", format!("{} matches no file", names.join(", ")));
        let hint = patterns.iter().find_map(|pattern| literal_hint(&pattern.value));
        let hint = hint.unwrap_or_else(|| "add `optional: true` if that is meant".to_owned());
        faults.push(fault.at(&first.span).hint(hint));
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

/// Says which patterns of the list match nothing of `found`, the files before any is excluded. A path that
/// matches nothing is a fault, a pattern is warned of, unless none of them matches anything.
fn check_each(
    reader: &Reader,
    patterns: &[Text],
    parsed: &[FilePattern],
    found: &[ProjectPath],
    faults: &mut Faults,
) -> Option<()> {
    let (mut missing, mut unmatched) = (Vec::new(), Vec::new());
    for (written, pattern) in patterns.iter().zip(parsed).filter(|(_, one)| !found.iter().any(|path| one.matches(path)))
    {
        match &pattern.plain {
            Some(path) if !pattern.exclude => match reader.read(path) {
                Err(error) => {
                    let is_windows = written.value.contains('\\').then(|| literal_hint(&written.value)).flatten();
                    let faults = reader.explain(error, path, &written.span).into_iter();
                    missing.extend(faults.map(|fault| fault.maybe_hint(is_windows.clone())));
                }
                Ok(_) => {
                    let message = format!("`{path}` is a file that git ignores, and `files` does not take those");
                    missing.push(Diagnostic::error("no-match", message).at(&written.span).hint("name it with `file`"));
                }
            },
            _ => {
                let does = if pattern.exclude { "excludes" } else { "matches" };
                let message = format!("`{}` {does} no file", written.value);
                let warning = Diagnostic::warning("unmatched-pattern", message).at(&written.span);
                let hint = literal_hint(&written.value).unwrap_or_else(|| "correct it, or remove it".to_owned());
                unmatched.push(warning.hint(hint));
            }
        }
    }
    let is_sound = missing.is_empty();
    faults.extend(missing);
    faults.extend(unmatched.into_iter().filter(|_| !found.is_empty()));
    is_sound.then_some(())
}

/// What to do about a pattern without a match that seems to be meant for Windows or a shell.
fn literal_hint(pattern: &str) -> Option<String> {
    if pattern.contains('\\') {
        return Some(format!("{BACKSLASH}; folders are parted by `/`: `{}`", pattern.replace('\\', "/")));
    }
    let is_shell = pattern.contains(['[', '{', '?']);
    is_shell.then(|| "`[`, `{` and `?` stand for themselves here: use `*`, or an entry for each name".to_owned())
}

/// What a backslash in a pattern does.
const BACKSLASH: &str = "a backslash takes the meaning from the sign behind it, as in `\\*`";

fn parse(written: &Text, faults: &mut Faults) -> Option<FilePattern> {
    // A leading `!` excludes.
    let (text, exclude) = written.value.strip_prefix('!').map_or((&*written.value, false), |rest| (rest, true));
    let path = ProjectPath::parse(&unescaped(text), written.span.path()).map_err(|fault| {
        let hint = (fault == PathFault::Backslash)
            .then(|| format!("{BACKSLASH}; folders are parted by `/`: `{}`", text.replace('\\', "/")));
        let fault = Diagnostic::error("bad-path", format!("`{text}`: {fault}"));
        faults.push(fault.at(&written.span).maybe_hint(hint));
    });
    let path = path.ok()?;
    FilePattern::new(&path, exclude)
        .map_err(|error| {
            faults.push(Diagnostic::error("bad-pattern", format!("`{text}`: {}", error.kind())).at(&written.span))
        })
        .ok()
}

/// The pattern without the backslashes that take the meaning from a sign.
fn unescaped(text: &str) -> String {
    let (mut path, mut rest) = (String::new(), text.chars().peekable());
    while let Some(c) = rest.next() {
        let is_sign = |next: &char| c == '\\' && next.is_ascii_punctuation() && !matches!(next, '/' | '\\');
        path.push(match rest.next_if(is_sign) {
            Some('*') => LITERAL_STAR,
            Some(sign) => sign,
            None => c,
        });
    }
    path
}

impl FilePattern {
    fn new(path: &ProjectPath, exclude: bool) -> Result<Self, globset::Error> {
        let escaped = |c: char| match c {
            LITERAL_STAR => "\\*".to_owned(),
            '[' | ']' | '{' | '}' | '?' | '\\' => format!("\\{c}"),
            c => c.to_string(),
        };
        let glob: String = path.as_str().chars().map(escaped).collect();
        let glob = GlobBuilder::new(&glob).literal_separator(true).backslash_escape(true).build()?;
        let real = |path: &str| ProjectPath::new(&path.replace(LITERAL_STAR, "*")).ok();
        let literal: Vec<&str> = path.as_str().split('/').take_while(|part| !part.contains('*')).collect();
        let is_plain = !path.as_str().contains('*');
        let folder = if is_plain { path.folder().to_owned() } else { literal.join("/") };
        Ok(Self {
            matcher: glob.compile_matcher(),
            exclude,
            // A pattern without a literal folder has the empty path here, which is refused: the root.
            folder: real(&folder).unwrap_or_else(ProjectPath::root),
            plain: is_plain.then(|| real(path.as_str())).flatten(),
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
