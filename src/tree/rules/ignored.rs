//! What git ignores in a working tree.
//!
//! `.gitignore` at every level and `.git/info/exclude` count. The user's own excludes file
//! (`core.excludesFile`) does not: what a build sees may not depend on who runs it.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::syntax::error::Error;
use crate::tree::rules::pattern::{Pattern, StepBudget};

/// How a file of git's rules is read: its text by its path below the git root, empty when there is none.
pub(in crate::tree) type Read<'a> = &'a dyn Fn(&str) -> Result<Vec<u8>, Error>;

/// The ignore rules of one repository, read as they are needed. Paths are below the git root.
pub(in crate::tree) struct Ignored {
    exclude: IgnoreFile,
    fold_case: bool,
    /// The `.gitignore` of each folder that was looked at, by the folder's path.
    rules: Mutex<HashMap<String, Arc<IgnoreFile>>>,
    /// Whether each folder that was looked at is ignored.
    folders: Mutex<HashMap<String, bool>>,
    budget: StepBudget,
}

/// The patterns of one file.
#[derive(Debug, Default)]
struct IgnoreFile(Vec<IgnoreLine>);

#[derive(Debug)]
struct IgnoreLine {
    pattern: Pattern,
    /// Written with `!`: what matches is not ignored after all.
    negated: bool,
}

impl Ignored {
    /// `exclude` is the text of `.git/info/exclude`.
    pub(in crate::tree) fn new(exclude: &[u8], fold_case: bool) -> Self {
        Self {
            exclude: IgnoreFile::parse(exclude, fold_case),
            fold_case,
            rules: Mutex::default(),
            folders: Mutex::default(),
            budget: StepBudget::default(),
        }
    }

    /// Whether git would ignore `path` if it were untracked: because a pattern matches it, or because a
    /// folder above it is ignored, which no deeper pattern can undo.
    pub(in crate::tree) fn ignores(&self, path: &str, is_folder: bool, read: Read<'_>) -> Result<bool, Error> {
        for (end, _) in path.match_indices('/') {
            let Some(folder) = path.get(..end) else { continue };
            let known = self.folders.lock().get(folder).copied();
            let ignored = match known {
                Some(ignored) => ignored,
                None => {
                    let ignored = self.matches(folder, true, read)?;
                    self.folders.lock().insert(folder.to_owned(), ignored);
                    ignored
                }
            };
            if ignored {
                return Ok(true);
            }
        }
        self.matches(path, is_folder, read)
    }

    /// The deepest file that has a matching pattern decides, by the last one in it.
    fn matches(&self, path: &str, is_folder: bool, read: Read<'_>) -> Result<bool, Error> {
        let mut steps = 0;
        let mut decided = None;
        for end in path.rmatch_indices('/').map(|(end, _)| end).chain([0]) {
            let (folder, below) = path.split_at_checked(end).unwrap_or(("", path));
            let rules = self.rules_of(folder, read)?;
            decided = rules.decide(below.trim_start_matches('/'), is_folder, &mut steps);
            if decided.is_some() {
                break;
            }
        }
        let ignores = decided.or_else(|| self.exclude.decide(path, is_folder, &mut steps));
        self.budget.spend(steps)?;
        Ok(ignores.unwrap_or(false))
    }

    fn rules_of(&self, folder: &str, read: Read<'_>) -> Result<Arc<IgnoreFile>, Error> {
        if let Some(rules) = self.rules.lock().get(folder) {
            return Ok(rules.clone());
        }
        let mut file = folder.to_owned();
        crate::tree::links::push(&mut file, ".gitignore");
        let rules = Arc::new(IgnoreFile::parse(&read(&file)?, self.fold_case));
        Ok(self.rules.lock().entry(folder.to_owned()).or_insert(rules).clone())
    }
}

impl IgnoreFile {
    fn parse(text: &[u8], fold_case: bool) -> Self {
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        let rules = text.split(|byte| *byte == b'\n').filter_map(|line| {
            let line = line.split(|byte| *byte == 0).next().unwrap_or_default();
            if line.is_empty() || line.starts_with(b"#") {
                return None;
            }
            let line = without_trailing_blanks(line.strip_suffix(b"\r").unwrap_or(line));
            let (written, negated) = line.strip_prefix(b"!").map_or((line, false), |rest| (rest, true));
            (!written.is_empty()).then(|| IgnoreLine { pattern: Pattern::new(written, fold_case), negated })
        });
        Self(rules.collect())
    }

    /// Whether the last matching pattern ignores; `None` when none matches.
    fn decide(&self, path: &str, is_folder: bool, steps: &mut u64) -> Option<bool> {
        self.0.iter().rev().find(|rule| rule.pattern.matches(path, is_folder, steps)).map(|rule| !rule.negated)
    }
}

/// Trailing blanks are dropped unless a backslash guards them.
fn without_trailing_blanks(line: &[u8]) -> &[u8] {
    let mut end = 0;
    let mut at = 0;
    while let Some(byte) = line.get(at) {
        match byte {
            b' ' => at += 1,
            b'\\' => {
                at += 2;
                end = at;
            }
            _ => {
                at += 1;
                end = at;
            }
        }
    }
    line.get(..end.min(line.len())).unwrap_or(line)
}
