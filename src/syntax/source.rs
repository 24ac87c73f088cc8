//! Where text comes from: a path inside the project, a file's text, a place in it.
//!
//! Everything a user wrote carries a [`Span`] from the moment it is parsed, so that every later
//! stage can point at the line that is to blame.

use std::fmt;
use std::sync::{Arc, OnceLock};

/// A path below the project root: relative, `/`-separated, UTF-8, already normalised.
///
/// It cannot name anything outside the project: the only constructors refuse such paths.
/// Ordered by bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProjectPath(Arc<str>);

/// Why a written path is not a path below the project root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PathFault {
    /// Nothing, or only `./`.
    #[error("the path is empty")]
    Empty,
    /// `/etc/passwd`, `C:\x`, `~/x`, `\\host\share`.
    #[error("the path is absolute; paths are relative to the project root")]
    Absolute,
    /// `../x`, or `a/../../x`.
    #[error("the path leads out of the project")]
    Outside,
    /// `a\b`: one spelling only, on every system.
    #[error("the path holds a backslash; paths are separated by `/`")]
    Backslash,
    /// A control character or NUL.
    #[error("the path holds a control character")]
    Control,
    /// `.git` in any spelling that some file system takes for it.
    #[error("the path names git's own folder")]
    Git,
}

impl ProjectPath {
    /// The project root itself, the empty path. Only good for listing and joining.
    pub fn root() -> Self {
        Self(Arc::from(""))
    }

    /// Parses a path as written in a manifest: relative to the project root, or, with a leading
    /// `./`, to the folder of `beside`.
    pub fn parse(written: &str, beside: &ProjectPath) -> Result<Self, PathFault> {
        let own_folder = written == "." || written.starts_with("./");
        let base = if own_folder { beside.folder() } else { "" };
        Self::normalise(base, written)
    }

    /// A path that the program itself names, such as `contexture.yaml`. It must be in normal form; the
    /// unit test below lists all of them.
    pub fn literal(path: &'static str) -> Self {
        debug_assert!(Self::new(path).is_ok_and(|own| own.as_str() == path), "`{path}` is not in normal form");
        Self(path.into())
    }

    /// Parses a path that is relative to the project root.
    pub fn new(written: &str) -> Result<Self, PathFault> {
        Self::normalise("", written)
    }

    fn normalise(base: &str, written: &str) -> Result<Self, PathFault> {
        if base.is_empty() && is_plain(written) {
            return Ok(Self(written.into()));
        }
        if written.chars().any(char::is_control) {
            return Err(PathFault::Control);
        }
        if written.starts_with('/') || written.starts_with("\\\\") || leads_elsewhere(written) {
            return Err(PathFault::Absolute);
        }
        if written.contains('\\') {
            return Err(PathFault::Backslash);
        }
        let mut parts: Vec<&str> = base.split('/').filter(|part| !part.is_empty()).collect();
        for part in written.split('/') {
            match part {
                "" | "." => {}
                ".." => {
                    parts.pop().ok_or(PathFault::Outside)?;
                }
                part if is_git_folder(part) => return Err(PathFault::Git),
                part => parts.push(part),
            }
        }
        match parts.first() {
            None => Err(PathFault::Empty),
            // `./~` and `./C:` are read by others without their `./`.
            Some(first) if leads_elsewhere(first) => Err(PathFault::Absolute),
            Some(_) => Ok(Self(parts.join("/").into())),
        }
    }

    /// The whole path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The folder part, without a trailing `/`; empty at the root.
    pub fn folder(&self) -> &str {
        self.0.rsplit_once('/').map_or("", |(folder, _)| folder)
    }

    /// The last part.
    pub fn file_name(&self) -> &str {
        self.0.rsplit_once('/').map_or(&self.0, |(_, name)| name)
    }

    /// The part after the last dot of the file name, without the dot; empty when there is none.
    pub fn extension(&self) -> &str {
        self.file_name().rsplit_once('.').map_or("", |(stem, extension)| if stem.is_empty() { "" } else { extension })
    }

    /// Whether this path lies below `folder`; every path lies below the root.
    pub fn is_below(&self, folder: &ProjectPath) -> bool {
        let folder = folder.as_str();
        folder.is_empty() || self.0.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
    }
}

/// Whether a path needs no normalising: ASCII letters and digits, `_` and `-`, `.` within names, and
/// single slashes between them. Most paths are such, and this test is cheaper than normalising them.
fn is_plain(written: &str) -> bool {
    let is_name = |part: &str| {
        part.bytes()
            .enumerate()
            .all(|(at, byte)| byte.is_ascii_alphanumeric() || b"_-".contains(&byte) || byte == b'.' && at > 0)
    };
    written.split('/').all(|part| !part.is_empty() && is_name(part))
}

/// Whether a path begins with a home folder or a drive.
fn leads_elsewhere(path: &str) -> bool {
    let drive = path.as_bytes().get(1) == Some(&b':') && path.as_bytes()[0].is_ascii_alphabetic();
    path.starts_with('~') || drive
}

/// `.git` as git itself guards it: case-folded, with trailing dots, blanks or a stream suffix, and
/// the 8.3 name that NTFS gives it.
fn is_git_folder(part: &str) -> bool {
    let visible: String = part.chars().filter(|c| !is_ignorable(*c)).collect();
    let name = visible.split(':').next().unwrap_or("").trim_end_matches(['.', ' ']);
    name.eq_ignore_ascii_case(".git") || name.eq_ignore_ascii_case("git~1")
}

/// Characters that HFS+ drops when it compares names.
fn is_ignorable(c: char) -> bool {
    matches!(c, '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}')
}

impl fmt::Display for ProjectPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ProjectPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.0)
    }
}

impl serde::Serialize for ProjectPath {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// A git object id in hexadecimal, 40 or 64 digits.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize)]
pub struct ObjectId(Arc<str>);

impl ObjectId {
    /// Takes the hexadecimal form as git prints it.
    pub fn from_hex(hex: &str) -> Self {
        Self(hex.into())
    }

    /// The hexadecimal form.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its first ten digits, for people: two ids of one repository hardly ever share so many.
    pub fn short(&self) -> &str {
        self.0.get(..10).unwrap_or(&self.0)
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A file's text together with its path, as git stores it, less a leading byte-order mark.
#[derive(Debug)]
pub struct Source {
    path: ProjectPath,
    text: Arc<str>,
    line_starts: OnceLock<Vec<usize>>,
}

impl Source {
    /// Wraps text that was read at `path`.
    pub fn new(path: ProjectPath, text: impl Into<Arc<str>>) -> Arc<Self> {
        Arc::new(Self { path, text: text.into(), line_starts: OnceLock::new() })
    }

    /// Where it was read.
    pub fn path(&self) -> &ProjectPath {
        &self.path
    }

    /// The whole text.
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// The 1-based line of the byte at `offset`.
    pub fn line(&self, offset: usize) -> usize {
        self.line_starts().partition_point(|start| *start <= offset)
    }

    /// The 1-based line and column (in characters) of the byte at `offset`.
    pub fn line_column(&self, offset: usize) -> (usize, usize) {
        let line = self.line(offset);
        let start = self.line_starts()[line - 1];
        let end = offset.clamp(start, self.text.len());
        let column = self.text.get(start..end).map_or(end - start, |before| before.chars().count());
        (line, column + 1)
    }

    /// The lines of several offsets, which must be looked up in ascending order.
    pub fn lines(&self) -> Lines<'_> {
        Lines { text: self.text.as_bytes(), at: 0, line: 1 }
    }

    /// The byte offset at which the 1-based `line` begins; the text's length past the last line.
    pub fn line_start(&self, line: usize) -> usize {
        self.line_starts().get(line.saturating_sub(1)).copied().unwrap_or(self.text.len())
    }

    fn line_starts(&self) -> &[usize] {
        self.line_starts.get_or_init(|| {
            // Lines are short: to look at every byte is faster than to search for each break.
            let bytes = self.text.as_bytes();
            let mut starts = Vec::with_capacity(bytes.iter().filter(|byte| **byte == b'\n').count() + 1);
            starts.push(0);
            starts.extend(bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1));
            starts
        })
    }
}

/// Finds the lines of ascending offsets. Counting the line breaks between two offsets is many times
/// faster than an index of all line starts, which [`Source::line`] needs for offsets in any order.
#[derive(Debug)]
pub struct Lines<'a> {
    text: &'a [u8],
    at: usize,
    line: usize,
}

impl Lines<'_> {
    /// The 1-based line of the byte at `offset`, which must not be less than that of the previous call.
    pub fn line(&mut self, offset: usize) -> usize {
        let end = offset.clamp(self.at, self.text.len());
        // Blocks of 255 bytes can be summed in a u8 without overflow, which the compiler vectorises well.
        let blocks = self.text.get(self.at..end).unwrap_or_default().chunks(usize::from(u8::MAX));
        let breaks = |block: &[u8]| usize::from(block.iter().map(|byte| u8::from(*byte == b'\n')).sum::<u8>());
        self.line += blocks.map(breaks).sum::<usize>();
        self.at = end;
        self.line
    }
}

/// A range of bytes in a [`Source`].
#[derive(Clone)]
pub struct Span {
    /// The text it lies in.
    pub source: Arc<Source>,
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// The range `start..end` of `source`.
    pub fn new(source: &Arc<Source>, start: usize, end: usize) -> Self {
        Self { source: source.clone(), start, end: end.max(start) }
    }

    /// The first byte of a file: for faults of the file as a whole.
    pub fn file(source: &Arc<Source>) -> Self {
        Self::new(source, 0, 0)
    }

    /// The file it lies in.
    pub fn path(&self) -> &ProjectPath {
        self.source.path()
    }

    /// 1-based line and column of its first byte.
    pub fn line_column(&self) -> (usize, usize) {
        self.source.line_column(self.start)
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, column) = self.line_column();
        write!(f, "{}:{line}:{column}", self.path())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_literal_path_of_the_program_is_in_normal_form() {
        for written in ["contexts", "contexture.yaml", "contexture.lock", "prices.yaml", "templates"] {
            assert_eq!(ProjectPath::new(written).as_ref(), Ok(&ProjectPath::literal(written)));
        }
    }

    #[test]
    fn a_written_path_is_normalised_or_refused() {
        let beside = ProjectPath::new("contexts/support/triage.yaml").unwrap();
        let parse = |written: &str| ProjectPath::parse(written, &beside).map(|path| path.to_string());
        assert_eq!(parse("policies//refunds.md").unwrap(), "policies/refunds.md");
        assert_eq!(parse("./a.md").unwrap(), "contexts/support/a.md");
        assert_eq!(parse("./../b.md").unwrap(), "contexts/b.md");
        assert_eq!(parse("a/../b.md").unwrap(), "b.md");
        for (written, fault) in [
            ("", PathFault::Empty),
            ("./../..", PathFault::Empty),
            ("../x", PathFault::Outside),
            ("./../../../x", PathFault::Outside),
            ("/etc/passwd", PathFault::Absolute),
            ("~/x", PathFault::Absolute),
            ("C:/x", PathFault::Absolute),
            ("a\\b", PathFault::Backslash),
            ("a\nb", PathFault::Control),
            (".git/config", PathFault::Git),
            ("x/.GIT/config", PathFault::Git),
            (".git./config", PathFault::Git),
            ("GIT~1/config", PathFault::Git),
            (".g\u{200c}it/config", PathFault::Git),
        ] {
            assert_eq!(parse(written), Err(fault), "{written:?}");
        }
    }

    #[test]
    fn lines_and_columns_count_from_one_in_characters() {
        let source = Source::new(ProjectPath::new("a").unwrap(), "é1\n\nüz");
        assert_eq!(source.line_column(0), (1, 1));
        assert_eq!(source.line_column(2), (1, 2));
        assert_eq!(source.line_column(3), (1, 3));
        assert_eq!(source.line_column(4), (2, 1));
        assert_eq!(source.line_column(7), (3, 2));
        assert_eq!(source.line_column(99), (3, 3));
    }

    #[test]
    fn lines_in_order_are_the_lines_of_the_table() {
        let text: String = (0..2000).map(|number| if number % 7 < 2 || number < 300 { '\n' } else { 'é' }).collect();
        let source = Source::new(ProjectPath::new("a").unwrap(), text);
        let mut lines = source.lines();
        for offset in (0..source.text().len() + 9).step_by(3) {
            assert_eq!((offset, lines.line(offset)), (offset, source.line(offset)));
        }
    }
}
