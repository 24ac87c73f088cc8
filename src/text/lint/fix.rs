//! `check --fix`: mends in the files what lints found and can mend without changing what a reader sees.
//!
//! This is the only code that writes to a fragment. A file is replaced atomically, and only if it still
//! contains exactly the text that was linted: a file that git converts on checkout, that has changed
//! since, or that is a link is left alone.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::syntax::diag::Diagnostic;
use crate::syntax::error::Error;
use crate::syntax::source::{ProjectPath, Source};
use crate::text::lint::{catalogue, mended};
use crate::tree::write::{self, Disk};

/// The result of [`fix`], by file.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Fixed {
    /// Files that were mended.
    pub mended: Vec<ProjectPath>,
    /// Files that were left alone, and why.
    pub left: Vec<(ProjectPath, &'static str)>,
}

/// Mends the files below `root`, which lies on `disk`, that these warnings are about. First removes what a stopped
/// run left beside the files that were `read`.
///
/// # Errors
/// When a file cannot be read or written. It and all files after it are unchanged then; another run goes on there.
pub fn fix<'a>(
    disk: &dyn Disk,
    root: &Path,
    read: impl IntoIterator<Item = &'a ProjectPath>,
    warnings: &[Diagnostic],
) -> Result<Fixed, Error> {
    let folders: BTreeSet<&str> = read.into_iter().map(ProjectPath::folder).collect();
    let folders: Vec<PathBuf> = folders.into_iter().map(|folder| root.join(folder)).collect();
    write::sweep(disk, folders.iter().map(PathBuf::as_path).filter(|folder| is_own(root, folder).unwrap_or(false)));
    let mut wanted: BTreeMap<ProjectPath, (Arc<Source>, BTreeSet<&str>)> = BTreeMap::new();
    let is_mendable = |warning: &&Diagnostic| catalogue::find(&warning.code).is_some_and(|lint| lint.fix.is_some());
    for warning in warnings.iter().filter(is_mendable) {
        let Some(span) = &warning.span else { continue };
        let file = wanted.entry(span.path().clone()).or_insert_with(|| (span.source.clone(), BTreeSet::new()));
        file.1.insert(&warning.code);
    }
    let mut fixed = Fixed::default();
    for (path, (source, ids)) in wanted {
        let Some(text) = mended(&source, &ids) else { continue };
        let target = root.join(path.as_str());
        let failed = |error: io::Error| Error::file("cannot mend", &target, error);
        match byte_order_mark(root, &target, &source).map_err(failed)? {
            Ok(mark) => {
                write::file(disk, &target, &[mark, text.as_bytes()].concat()).map_err(failed)?;
                fixed.mended.push(path);
            }
            Err(why) => fixed.left.push((path, why)),
        }
    }
    Ok(fixed)
}

/// The byte-order mark, possibly empty, before the text in its file; or why the file must be left alone.
fn byte_order_mark(root: &Path, target: &Path, source: &Source) -> io::Result<Result<&'static [u8], &'static str>> {
    const MARK: &[u8] = b"\xef\xbb\xbf";
    if !is_own(root, target)? {
        return Ok(Err("it is a link, or lies behind one"));
    }
    let bytes = fs::read(target)?;
    let mark = if bytes.starts_with(MARK) { MARK } else { &[] };
    let is_same = bytes.get(mark.len()..) == Some(source.text().as_bytes());
    Ok(if is_same { Ok(mark) } else { Err("git converts it on checkout, or it has just changed") })
}

/// Whether no link is on the way from the root to a path below it.
fn is_own(root: &Path, path: &Path) -> io::Result<bool> {
    let below = path.strip_prefix(root).unwrap_or(path);
    Ok(fs::canonicalize(path)? == fs::canonicalize(root)?.join(below))
}
