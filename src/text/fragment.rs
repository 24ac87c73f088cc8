//! Fragments: files of the project as text, with their front matter, read once however many contexts
//! share them.
//!
//! Front matter is found by one rule in files of every ending but those of data ([`DATA`]), whose formats
//! have a use of their own for `---`. What looks like front matter and is none never refuses the file: the
//! warning ([`Fragment::head_warning`]) says what became of it.
//!
//! [`Fragments`] is shared by a whole run. A [`Reader`] belongs to one context and remembers what
//! that context read, looked for and listed, which is what a watch watches and a bundle records.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use rayon::prelude::*;

use crate::prompt::memo::Memo;
use crate::syntax::decode::Text;
use crate::syntax::diag::{Diagnostic, Faults, Severity, near};
use crate::syntax::error::Error;
use crate::syntax::limits::MAX_CONTEXT_BYTES;
use crate::syntax::source::{ObjectId, ProjectPath, Source, Span};
use crate::syntax::yaml::{self, Node};
use crate::tree::{Blob, CachedTree, FileFilter, Listing, ReadError, Reads, Tree};

/// A file's text and what its front matter says.
#[derive(Debug)]
pub struct Fragment {
    /// The whole text.
    pub source: Arc<Source>,
    /// git's id of the bytes that were read.
    pub blob: ObjectId,
    /// Whether git does not track the file.
    pub untracked: bool,
    /// The text without front matter.
    pub body: Range<usize>,
    /// The front matter, when the file has one.
    pub meta: Option<Node>,
    /// What looks like front matter and is none, and whether it leaves the text. Of no interest where the
    /// text is kept whole.
    pub head_warning: Option<Diagnostic>,
    /// The whole text as YAML and what is wrong with it, once somebody asked.
    yaml: OnceLock<(Option<Node>, Vec<Diagnostic>)>,
}

/// A file of more bytes than this is large.
const LARGE_BYTES: u64 = 16 * 1024 * 1024;

/// How many files are worth another thread.
const FILES_A_TASK: usize = 8;

/// The most bytes of fragments in one generation of them.
const MAX_DECODED_BYTES: usize = 64 * 1024 * 1024;

/// Fragments that were decoded for other trees, by path and blob: the text and the front matter
/// follow from these two, and commits share most of theirs.
#[derive(Debug, Default)]
pub struct DecodedFragments {
    fragments: Memo<(ProjectPath, ObjectId), Arc<Fragment>>,
    /// Of those that were put in since the last turn.
    bytes: AtomicUsize,
}

impl DecodedFragments {
    fn get_or_decode(&self, path: &ProjectPath, blob: Blob) -> Result<Arc<Fragment>, Unreadable> {
        let name = (path.clone(), blob.id.clone());
        if let Some(fragment) = self.fragments.get(&name).filter(|fragment| fragment.untracked == blob.untracked) {
            return Ok(fragment);
        }
        let bytes = blob.bytes.len();
        let fragment = Arc::new(Fragment::decode(path, blob)?);
        if self.bytes.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes) > MAX_DECODED_BYTES {
            self.turn();
        }
        self.fragments.put(name, fragment.clone());
        Ok(fragment)
    }

    /// Drops what nobody asked for since the last turn.
    pub fn turn(&self) {
        self.bytes.store(0, Ordering::Relaxed);
        self.fragments.turn();
    }
}

/// The files of one tree, each read and decoded once.
pub struct Fragments<'a> {
    tree: CachedTree<'a>,
    decoded: Option<&'a DecodedFragments>,
    read: Mutex<BTreeMap<ProjectPath, Arc<Fragment>>>,
    /// Large files are read one at a time: each is in memory several times over while it is decoded.
    large: Mutex<()>,
}

impl<'a> Fragments<'a> {
    /// Nothing is read yet.
    pub fn new(tree: &'a dyn Tree) -> Self {
        Self { tree: CachedTree::new(tree), decoded: None, read: Mutex::default(), large: Mutex::default() }
    }

    /// The same, with what was decoded for other trees.
    pub fn sharing(tree: &'a dyn Tree, decoded: &'a DecodedFragments) -> Self {
        Self { decoded: Some(decoded), ..Self::new(tree) }
    }

    /// The tree behind it, which knows what was asked.
    pub fn tree(&self) -> &CachedTree<'a> {
        &self.tree
    }

    /// The file at `path`. Nobody remembers that it was asked for: contexts go through a [`Reader`].
    pub fn read(&self, path: &ProjectPath) -> Result<Arc<Fragment>, Unreadable> {
        self.read_of(path, 0)
    }

    /// [`read`](Self::read), of a file that has so many bytes.
    fn read_of(&self, path: &ProjectPath, bytes: u64) -> Result<Arc<Fragment>, Unreadable> {
        let _turn = (bytes > LARGE_BYTES).then(|| self.large.lock());
        if let Some(fragment) = self.read.lock().get(path) {
            return Ok(fragment.clone());
        }
        let blob = self.tree.read(path)?;
        let fragment = match self.decoded {
            Some(decoded) => decoded.get_or_decode(path, blob)?,
            None => Arc::new(Fragment::decode(path, blob)?),
        };
        Ok(self.read.lock().entry(path.clone()).or_insert(fragment).clone())
    }

    /// How long the file at `path` is, as far as that is known without reading it.
    fn size(&self, path: &ProjectPath) -> Option<u64> {
        if let Some(fragment) = self.read.lock().get(path) {
            return Some(fragment.source.text().len() as u64);
        }
        self.tree.size(path).ok().flatten()
    }

    /// Every file below `folder`.
    pub fn list(&self, folder: &ProjectPath) -> Result<Arc<[ProjectPath]>, Error> {
        self.tree.list(folder)
    }
}

/// Why there is no fragment.
#[derive(Debug)]
pub enum Unreadable {
    /// The tree yields no bytes.
    Read(ReadError),
    /// The bytes are no text: placed in the file itself.
    Content(Vec<Diagnostic>),
}

impl From<ReadError> for Unreadable {
    fn from(error: ReadError) -> Self {
        Self::Read(error)
    }
}

impl Fragment {
    fn decode(path: &ProjectPath, blob: Blob) -> Result<Self, Unreadable> {
        let table = is_table(path).then(|| utf16(&blob.bytes)).flatten();
        let bytes = match &table {
            Some(text) => text.as_bytes(),
            None => blob.bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&blob.bytes),
        };
        let text = std::str::from_utf8(bytes)
            .map_err(|error| Unreadable::Content(vec![not_text(path, bytes, error.valid_up_to())]))?;
        if let Some(at) = text.find('\0') {
            return Err(Unreadable::Content(vec![not_text(path, bytes, at)]));
        }
        let source = Source::new(path.clone(), text);
        let Head { body, meta, warning: head_warning } = head(&source);
        let (blob, untracked) = (blob.id, blob.untracked);
        Ok(Self { source, blob, untracked, body, meta, head_warning, yaml: OnceLock::new() })
    }

    /// The whole text as YAML, parsed once however many contexts ask. Every asker gets the faults.
    pub fn yaml(&self, faults: &mut Faults) -> Option<Node> {
        let (node, found) = self.yaml.get_or_init(|| {
            if let Some(pointer) = lfs_pointer(&self.source) {
                return (None, vec![pointer]);
            }
            let mut found = Faults::new();
            (yaml::parse(&self.source, &mut found), found.into_vec())
        });
        faults.extend(found.iter().cloned());
        node.clone()
    }

    /// Its text, without front matter unless it is kept.
    pub fn text(&self, keep_front_matter: bool) -> Range<usize> {
        if keep_front_matter { 0..self.source.text().len() } else { self.body.clone() }
    }

    /// Whether the file begins with front matter, or with a line that could open it.
    pub fn has_head(&self) -> bool {
        let could_open = self.source.text().starts_with("---") && !is_data(self.source.path());
        self.body.start > 0 || self.head_warning.is_some() || could_open
    }

    /// The bytes of `range`.
    pub fn slice(&self, range: Range<usize>) -> &str {
        self.source.text().get(range).unwrap_or_default()
    }
}

/// Whether a spreadsheet may have written the file as UTF-16, as Excel's "Unicode Text" is.
fn is_table(path: &ProjectPath) -> bool {
    matches!(path.extension(), "csv" | "tsv")
}

/// The text of bytes that begin with a mark of UTF-16; `None` where they do not, or are none.
fn utf16(bytes: &[u8]) -> Option<String> {
    let (unit, rest): (fn([u8; 2]) -> u16, _) = match bytes {
        [0xff, 0xfe, rest @ ..] => (u16::from_le_bytes, rest),
        [0xfe, 0xff, rest @ ..] => (u16::from_be_bytes, rest),
        _ => return None,
    };
    let (pairs, []) = rest.as_chunks::<2>() else { return None };
    String::from_utf16(&pairs.iter().map(|pair| unit(*pair)).collect::<Vec<_>>()).ok()
}

fn not_text(path: &ProjectPath, bytes: &[u8], at: usize) -> Diagnostic {
    // Shown lossily, so that the caret stands where the bad byte does.
    let source = Source::new(path.clone(), String::from_utf8_lossy(&bytes[..at]).into_owned() + "\u{fffd}");
    let what = match bytes {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] if is_table(path) => "begins as UTF-16 and is cut or broken",
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "is UTF-16, not UTF-8",
        _ if bytes.get(at) == Some(&0) => "holds a NUL byte, so it is no text",
        _ => "is not UTF-8",
    };
    Diagnostic::error("not-text", format!("the file {what} (byte {})", at + 1))
        .at(&Span::new(&source, at, at))
        .hint("save the file as UTF-8 text")
}

/// Endings of data. A `---` at their beginning belongs to the format, so they have no front matter.
pub const DATA: [&str; 7] = ["yaml", "yml", "json", "jsonl", "ndjson", "csv", "tsv"];

fn is_data(path: &ProjectPath) -> bool {
    DATA.iter().any(|ending| path.extension().eq_ignore_ascii_case(ending))
}

/// Whether it is a pointer of Git LFS, version 1: <https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md>.
pub fn is_lfs_pointer(text: &str) -> bool {
    text.starts_with("version https://git-lfs.github.com/spec/v1") && text.contains("\noid sha256:")
}

/// The fault that a file of data is a pointer of Git LFS.
pub fn lfs_pointer(source: &Arc<Source>) -> Option<Diagnostic> {
    let text = source.text();
    is_lfs_pointer(text).then(|| {
        Diagnostic::error("lfs-pointer", "this is a pointer of Git LFS, not the file that it points to")
            .at(&Span::new(source, 0, text.lines().next().map_or(0, str::len)))
            .hint("contexture reads what git stores: `git lfs untrack` it, then commit the file itself")
    })
}

/// The beginning of a file, taken apart.
struct Head {
    body: Range<usize>,
    meta: Option<Node>,
    warning: Option<Diagnostic>,
}

/// Finds front matter: a `---` block that is a YAML map, or an HTML comment between lines of its own that is
/// a map of plain names. Blank lines behind it go with it. Between two rules of Markdown stands prose, which
/// stays; a block that begins with a key and is no YAML is taken off all the same.
fn head(source: &Arc<Source>) -> Head {
    let text = source.text();
    let stays = |warning: Option<Diagnostic>| Head { body: 0..text.len(), meta: None, warning };
    let at = |start: usize, end: usize, message: &str| {
        Diagnostic::warning("front-matter", message).at(&Span::new(source, start, end))
    };
    if is_data(source.path()) {
        return stays(None);
    }
    let lead = text.len() - text.trim_start_matches(['\n', '\r', ' ', '\t']).len();
    let opening = text.get(lead..).and_then(|rest| rest.lines().next()).map_or("", str::trim_end);
    if opening == "+++" && lead == 0 {
        return toml_head(source);
    }
    let is_comment = opening == "<!--";
    if !is_comment && opening != "---" {
        return stays(None);
    }
    let closing: &[&str] = if is_comment { &["-->"] } else { &["---", "..."] };
    let start = lead + text[lead..].find('\n').map_or(text.len() - lead, |end| end + 1);
    let begins_with_key = !is_comment && begins_with_key(&text[start..]);
    let Some((end, rest)) = closed(text, start, closing) else {
        let message = "the front matter that begins here has no closing `---`, so all of it is sent";
        let warning = begins_with_key.then(|| at(lead, lead + 3, message).hint("close it with a line `---`"));
        return stays(warning);
    };
    let mut faults = Faults::new();
    let node = yaml::parse_range(source, start..end, &mut faults);
    let map = node.as_ref().and_then(Node::as_map).filter(|_| !faults.has_errors());
    let all_keys = |is_key: fn(&str) -> bool| map.is_some_and(|map| map.iter().all(|(key, _)| is_key(&key.text)));
    let is_nothing = node.as_ref().is_some_and(|node| matches!(node.value, yaml::Value::Null)) && !is_comment;
    let is_meta = if is_comment { all_keys(is_plain_name) } else { all_keys(is_key) || is_nothing };
    if lead > 0 {
        let message = "this looks like front matter and does not begin on the first line, so it is sent";
        let warning = is_meta && !is_comment && !is_nothing;
        return stays(warning.then(|| at(lead, lead + 3, message).hint("remove the blank lines before it")));
    }
    let blank = text[rest..].len() - text[rest..].trim_start_matches(['\n', '\r']).len();
    let body = rest + blank..text.len();
    if is_meta {
        return Head { body, meta: node.filter(|_| !is_nothing), warning: None };
    }
    match faults.into_vec().into_iter().find(|fault| fault.severity == Severity::Error) {
        Some(fault) if begins_with_key => {
            let message = format!("the front matter is no YAML, so it leaves the text unread: {}", fault.message);
            let hint = "put the value into quotes; `front_matter: keep` sends the file as it stands";
            let place = fault.span.unwrap_or_else(|| Span::new(source, 0, 3));
            Head { body, meta: None, warning: Some(Diagnostic::warning("front-matter", message).at(&place).hint(hint)) }
        }
        None if map.is_some() && !is_comment => {
            let message = "this block reads as YAML and its keys are sentences, so it is taken for text and sent";
            stays(Some(at(0, 3, message).hint("name its keys in a word or two if it is front matter")))
        }
        _ => stays(None),
    }
}

/// The head of a file that begins with `+++`: TOML, as Hugo and Zola have it, leaves the text unread.
fn toml_head(source: &Arc<Source>) -> Head {
    let text = source.text();
    let whole = 0..text.len();
    let start = text.find('\n').map_or(text.len(), |end| end + 1);
    let first =
        text[start..].lines().find(|line| !line.trim().is_empty() && !line.starts_with('#')).unwrap_or_default();
    let is_toml = first.starts_with('[') || first.split_once('=').is_some_and(|(key, _)| is_name(key.trim()));
    let Some((_, rest)) = closed(text, start, &["+++"]).filter(|_| is_toml) else {
        return Head { body: whole, meta: None, warning: None };
    };
    let blank = text[rest..].len() - text[rest..].trim_start_matches(['\n', '\r']).len();
    let message = "the front matter is TOML, so it leaves the text unread";
    let warning = Diagnostic::warning("front-matter", message).at(&Span::new(source, 0, 3));
    let hint = "write it as YAML between `---`; `front_matter: keep` sends the file as it stands";
    Head { body: rest + blank..whole.end, meta: None, warning: Some(warning.hint(hint)) }
}

/// Where the first line from `start` on that is one of `closing` begins and ends.
fn closed(text: &str, start: usize, closing: &[&str]) -> Option<(usize, usize)> {
    let mut at = start;
    for line in text[start..].split_inclusive('\n') {
        if closing.contains(&line.trim_end()) {
            return Some((at, at + line.len()));
        }
        at += line.len();
    }
    None
}

/// Whether the first line that is neither blank nor a comment gives a value to a name, as in `globs: **/*.ts`.
fn begins_with_key(text: &str) -> bool {
    let line = text.lines().find(|line| !line.trim().is_empty() && !line.starts_with('#')).unwrap_or_default();
    let named = line.split_once(':').filter(|(_, rest)| rest.is_empty() || rest.starts_with([' ', '\t']));
    named.is_some_and(|(key, _)| is_name(key))
}

/// Whether a key of a `---` block is a name of a few words, and not the beginning of a sentence.
fn is_key(key: &str) -> bool {
    key.split(' ').count() <= 4 && key.split(' ').all(is_name)
}

/// One word, as the keys of metadata are.
fn is_name(key: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '$' | '/');
    !key.is_empty() && key.len() <= 40 && key.chars().all(is_part) && !key.ends_with('.')
}

/// A name in small letters: prose in a comment begins its lines with capital ones ("Note: …").
fn is_plain_name(key: &str) -> bool {
    is_name(key) && key.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
}

/// One context's view of the fragments: it remembers what was asked.
pub struct Reader<'a> {
    fragments: &'a Fragments<'a>,
    reads: Mutex<Reads>,
    /// Of all files that were read.
    bytes: AtomicU64,
}

impl<'a> Reader<'a> {
    /// A reader that has read nothing.
    pub fn new(fragments: &'a Fragments<'a>) -> Self {
        Self::continuing(fragments, Reads::default())
    }

    /// A reader that goes on from what was read already.
    pub fn continuing(fragments: &'a Fragments<'a>, reads: Reads) -> Self {
        Self { fragments, reads: Mutex::new(reads), bytes: AtomicU64::new(0) }
    }

    /// What was asked so far.
    pub fn reads(&self) -> Reads {
        self.reads.lock().clone()
    }

    /// The file at `path`.
    pub fn read(&self, path: &ProjectPath) -> Result<Arc<Fragment>, Unreadable> {
        let is_new = !self.reads.lock().files.get(path).is_some_and(Option::is_some);
        // Before it is read: a few small objects can stand for any number of bytes.
        let own = if is_new { self.fragments.size(path).unwrap_or(0) } else { 0 };
        if self.bytes.fetch_add(own, Ordering::Relaxed) + own > MAX_CONTEXT_BYTES {
            return Err(ReadError::TooMuch("what this context reads", MAX_CONTEXT_BYTES).into());
        }
        let result = self.fragments.read_of(path, own);
        let mut reads = self.reads.lock();
        let blob = result.as_ref().ok().map(|fragment| fragment.blob.clone());
        if result.as_ref().is_ok_and(|fragment| fragment.untracked) {
            reads.untracked.insert(path.clone());
        }
        reads.files.insert(path.clone(), blob);
        result
    }

    /// The files at `paths`, side by side where there are many.
    pub fn read_all(&self, paths: &[ProjectPath]) -> Vec<Result<Arc<Fragment>, Unreadable>> {
        paths.par_iter().with_min_len(FILES_A_TASK).map(|path| self.read(path)).collect()
    }

    /// The file that `written` names in a manifest, or a placed fault. An absent file that may be
    /// missing is `None` without a fault.
    pub fn named(&self, written: &Text, optional: bool, faults: &mut Faults) -> Option<Arc<Fragment>> {
        let path = self.path(written, faults)?;
        match self.read(&path) {
            Ok(fragment) => Some(fragment),
            Err(Unreadable::Read(ReadError::Absent)) if optional => None,
            Err(error) => {
                faults.extend(self.explain(error, &path, &written.span));
                None
            }
        }
    }

    /// The project path that `written` means, or a placed fault.
    pub fn path(&self, written: &Text, faults: &mut Faults) -> Option<ProjectPath> {
        ProjectPath::parse(&written.value, written.span.path())
            .map_err(|fault| {
                faults.push(Diagnostic::error("bad-path", format!("`{}`: {fault}", written.value)).at(&written.span))
            })
            .ok()
    }

    /// Says why `path`, named at `span`, yields no text.
    pub fn explain(&self, error: Unreadable, path: &ProjectPath, span: &Span) -> Vec<Diagnostic> {
        let error = match error {
            Unreadable::Content(faults) => return faults,
            Unreadable::Read(error) => error,
        };
        let fault = match &error {
            ReadError::Absent => {
                let hint = self.near_file(path);
                return vec![
                    Diagnostic::error("missing-fragment", format!("there is no file `{path}`"))
                        .at(span)
                        .maybe_hint(hint),
                ];
            }
            ReadError::Outside(_) => Diagnostic::error("outside-project", format!("`{path}` cannot be read: {error}")),
            // Nothing is wrong with the file: what it holds is not known here.
            ReadError::World(_) => Diagnostic::open("unreadable-fragment", format!("`{path}` cannot be read: {error}")),
            _ => Diagnostic::error("unreadable-fragment", format!("`{path}` cannot be read: {error}")),
        };
        let cure = if let ReadError::World(error) = &error { error.cure().map(str::to_owned) } else { None };
        vec![fault.at(span).maybe_hint(cure)]
    }

    fn near_file(&self, path: &ProjectPath) -> Option<String> {
        let all = self.fragments.list(&ProjectPath::root()).ok()?;
        if all.contains(path) {
            return Some("it is a link to a file that is not there".to_owned());
        }
        let same_name = all.iter().find(|other| other.file_name() == path.file_name());
        let found = same_name
            .map(ProjectPath::as_str)
            .or_else(|| near(path.as_str(), all.iter().map(ProjectPath::as_str)).first().copied());
        found.map(|name| format!("did you mean `{name}`?"))
    }

    /// The files below `folders` that `filter` takes, sorted by bytes.
    pub fn list(&self, folders: Vec<ProjectPath>, filter: FileFilter) -> Result<Arc<[ProjectPath]>, Error> {
        let listing = Listing::of(&self.fragments.tree, folders, filter)?;
        let found = listing.found.clone();
        self.reads.lock().listings.push(listing);
        Ok(found)
    }
}
