//! Patterns of files, as `files`, `held_out` and `each` take them: a list in which `!` excludes.
//!
//! Only `*` and `**` mean something in a pattern. Names with brackets and braces are common (`app/[slug]/page.md`), so
//! these stand for themselves, as in the path of a `file`.

use std::collections::BTreeSet;
use std::sync::Arc;

use globset::{GlobBuilder, GlobMatcher};

use crate::syntax::decode::Text;
use crate::syntax::diag::{Diagnostic, Faults};
use crate::syntax::limits::MAX_MATCHES;
use crate::syntax::source::{PathFault, ProjectPath};
use crate::text::fragment::Reader;
use crate::tree::FileFilter;

/// A star that a backslash makes an ordinary character, until the pattern is a glob: no path holds this
/// non-character.
const LITERAL_STAR: char = '\u{fdd0}';

/// One pattern of a list.
#[derive(Debug)]
pub struct FilePattern {
    matcher: GlobMatcher,
    /// Whether it takes files out.
    pub exclude: bool,
    folder: ProjectPath,
    /// The path, where no star makes it a pattern.
    pub plain: Option<ProjectPath>,
    /// What stands before its first star, and what behind its last.
    ends: (String, String),
}

impl FilePattern {
    /// Whether it matches the path.
    pub fn matches(&self, path: &ProjectPath) -> bool {
        self.matcher.is_match(path.as_str())
    }

    /// What of a path that it matches lies between its fixed beginning and its fixed end; the whole path where it has no
    /// star. `None` where that part begins with a dot or a folder in it does: to a star such names are hidden.
    pub fn between<'p>(&self, path: &'p ProjectPath) -> Option<&'p str> {
        let path = path.as_str();
        if self.plain.is_some() {
            return Some(path);
        }
        let (first, last) = &self.ends;
        let rest = path.strip_prefix(first.as_str())?;
        // `**/` may stand for no folder at all.
        let own = rest.strip_suffix(last.as_str()).or_else(|| rest.strip_suffix(last.strip_prefix('/')?))?;
        let is_hidden = own.split('/').any(|part| part.starts_with('.')) || own.is_empty() && !last.starts_with('/');
        (!is_hidden).then_some(own)
    }
}

/// The patterns of a list; `None` after a fault.
pub fn parse_all(patterns: &[Text], faults: &mut Faults) -> Option<Arc<[FilePattern]>> {
    let parsed: Vec<Option<FilePattern>> = patterns.iter().map(|written| parse(written, faults)).collect();
    Some(parsed.into_iter().collect::<Option<Vec<_>>>()?.into())
}

/// The paths that the patterns match, sorted by bytes. `None` after a fault; matching nothing is one unless `optional`.
/// `cure` says what to do about it.
pub fn find(
    reader: &Reader,
    patterns: &[Text],
    parsed: &Arc<[FilePattern]>,
    optional: bool,
    cure: Option<&str>,
    faults: &mut Faults,
) -> Option<Vec<ProjectPath>> {
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
    let filter = FileFilter::new(move |path| taken.iter().any(|one| !one.exclude && one.matches(path)));
    let mut found = match reader.list(folders, filter) {
        Ok(found) => found.to_vec(),
        Err(error) => {
            let cure = error.cure().map(str::to_owned);
            faults.push(Diagnostic::error("unreadable-folder", error.to_string()).at(&first.span).maybe_hint(cure));
            return None;
        }
    };
    if !optional {
        check_each(reader, patterns, parsed, &found, faults)?;
    }
    found.retain(|path| !parsed.iter().any(|one| one.exclude && one.matches(path)));
    if found.is_empty() && !optional {
        let names: Vec<String> = patterns.iter().map(|pattern| format!("`{}`", pattern.value)).collect();
        let fault = Diagnostic::error("no-match", format!("{} matches no file", names.join(", ")));
        let hint = patterns.iter().find_map(|pattern| literal_hint(&pattern.value));
        faults.push(fault.at(&first.span).maybe_hint(hint.or_else(|| cure.map(str::to_owned))));
        return None;
    }
    if found.len() > MAX_MATCHES {
        let message = format!("the patterns match {} files; the limit is {MAX_MATCHES}", found.len());
        faults.push(Diagnostic::error("too-many-matches", message).at(&first.span));
        return None;
    }
    Some(found)
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

/// One pattern of a list; `None` after a fault.
pub fn parse(written: &Text, faults: &mut Faults) -> Option<FilePattern> {
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
        let real_text = |text: Option<&str>| text.unwrap_or_default().replace(LITERAL_STAR, "*");
        let real = |path: &str| ProjectPath::new(&path.replace(LITERAL_STAR, "*")).ok();
        let literal: Vec<&str> = path.as_str().split('/').take_while(|part| !part.contains('*')).collect();
        let is_plain = !path.as_str().contains('*');
        let folder = if is_plain { path.folder().to_owned() } else { literal.join("/") };
        Ok(Self {
            matcher: glob.compile_matcher(),
            exclude,
            ends: (real_text(path.as_str().split('*').next()), real_text(path.as_str().rsplit('*').next())),
            // A pattern without a literal folder has the empty path here, which is refused: the root.
            folder: real(&folder).unwrap_or_else(ProjectPath::root),
            plain: is_plain.then(|| real(path.as_str())).flatten(),
        })
    }
}

/// Globs of another tool, and of the command line: `**`, `{a,b}` and `[ab]` mean there what they mean in a shell.
#[derive(Debug)]
pub struct Globs(Vec<GlobMatcher>);

impl Globs {
    /// Reads them.
    ///
    /// # Errors
    /// When one is no glob.
    pub fn new<'g>(globs: impl IntoIterator<Item = &'g str>) -> Result<Self, globset::Error> {
        let one = |glob| GlobBuilder::new(glob).literal_separator(true).build().map(|glob| glob.compile_matcher());
        Ok(Self(globs.into_iter().map(one).collect::<Result<_, _>>()?))
    }

    /// Whether one of them matches a path.
    pub fn matches(&self, path: &str) -> bool {
        self.0.iter().any(|glob| glob.is_match(path))
    }
}
