//! What contexts asked the tree, and what was said of them under the answers that they got.
//!
//! Two records: under the version of a manifest, the questions that its contexts asked when they were
//! last built, which is a hint; and under the questions with their answers, what followed. A hint
//! that leads astray costs time and nothing else: the answers of other questions name no record.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::kept::Kept;
use super::{Summary, Wish};
use crate::output::record::{BuiltContext, SourceRecord};
use crate::pipeline::Pipeline;
use crate::syntax::source::ProjectPath;
use crate::text::fragment::{FileFilter, Fragments, Matched, Reads, Rule};
use crate::text::project::{ContextId, PROJECT_FILE, wanted_by_each};
use crate::text::resolve::wanted_by_files;
use crate::tree::store::{Key, Shelf, Store};

/// Names the sources that the program is built from: what another build of it keeps may mean
/// something else.
const PROGRAM: &str = env!("CONTEXTURE_SOURCES");

/// The records of one run.
pub(super) struct Ledger<'a> {
    pub(super) pipeline: &'a Pipeline<'a>,
    store: &'a Store,
    fragments: &'a Fragments<'a>,
    /// What every answer depends on.
    ground: Key,
    /// Rules that were made again.
    rules: Mutex<HashMap<Rule, Option<FileFilter>>>,
}

/// What something is said of.
pub(super) struct Subject<'a> {
    manifest: &'a ProjectPath,
    /// The context; without one, which contexts the manifest stands for.
    context: Option<&'a ContextId>,
}

impl<'a> Subject<'a> {
    pub(super) fn manifest(manifest: &'a ProjectPath) -> Self {
        Self { manifest, context: None }
    }

    pub(super) fn context(manifest: &'a ProjectPath, context: &'a ContextId) -> Self {
        Self { manifest, context: Some(context) }
    }

    fn parts(&self) -> [&[u8]; 4] {
        let (kind, name, variant) = match self.context {
            None => ("manifest", "", ""),
            Some(ContextId { name, variant: None }) => ("context", &**name, ""),
            Some(ContextId { name, variant: Some(variant) }) => ("variant", &**name, &**variant),
        };
        [kind.as_bytes(), self.manifest.as_str().as_bytes(), name.as_bytes(), variant.as_bytes()]
    }
}

/// The questions of a context, without the answers.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Asked {
    files: Vec<String>,
    /// Folders, and which of the files in them were wanted.
    matches: Vec<(Vec<String>, Rule)>,
}

impl Asked {
    fn of(reads: &Reads) -> Self {
        let folders = |matched: &Matched| matched.folders.iter().map(ToString::to_string).collect();
        Self {
            files: reads.files.keys().map(ToString::to_string).collect(),
            matches: reads.matches.iter().map(|one| (folders(one), one.wanted.rule.clone())).collect(),
        }
    }
}

/// What is to be kept of one context.
#[derive(Debug)]
pub(super) struct Draft {
    asked: Option<(Key, Asked)>,
    name: Key,
    kept: Kept,
    record: Option<BuiltContext>,
}

impl Draft {
    pub(super) fn put(&self, store: &Store) {
        if let Some((key, asked)) = &self.asked {
            store.put(Shelf::Answers, *key, asked);
        }
        store.put(Shelf::Answers, self.name, &self.kept);
        if let Some(record) = &self.record {
            store.put(Shelf::Answers, record_key(&self.name), record);
        }
    }
}

fn record_key(name: &Key) -> Key {
    Key::of(&[b"record 1", name.as_bytes()])
}

impl<'a> Ledger<'a> {
    pub(super) fn new(store: &'a Store, pipeline: &'a Pipeline<'a>, fragments: &'a Fragments<'a>) -> Self {
        let parts = pipeline.ground();
        let parts: Vec<&[u8]> = [&b"ground 1"[..], PROGRAM.as_bytes()]
            .into_iter()
            .chain(parts.iter().map(|part| part.as_bytes()))
            .collect();
        Self { pipeline, store, fragments, ground: Key::of(&parts), rules: Mutex::default() }
    }

    /// What was kept of this subject, if every question that it asked has the answer that it had.
    pub(super) fn get<T: DeserializeOwned>(&self, subject: &Subject<'_>) -> Option<T> {
        let (name, _) = self.find(subject)?;
        self.store.get(Shelf::Answers, &name)
    }

    /// Keeps what follows from these reads.
    pub(super) fn keep(&self, subject: &Subject<'_>, reads: &Reads, value: &impl Serialize) {
        if let Some((key, asked)) = self.asked_anew(subject, reads) {
            self.store.put(Shelf::Answers, key, &asked);
        }
        self.store.put(Shelf::Answers, self.name(subject, reads), value);
    }

    /// The summary that was kept of a context, and what it is kept under.
    pub(super) fn summary(&self, subject: &Subject<'_>, wish: &Wish<'_>) -> Option<(Key, Summary)> {
        let (name, reads) = self.find(subject)?;
        let kept: Kept = self.store.get(Shelf::Answers, &name)?;
        let provenance = self.pipeline.grounds.settle(&reads).ok()?;
        let record = if wish.record {
            let mut record: BuiltContext = self.store.get(Shelf::Answers, &record_key(&name))?;
            record.context.source = SourceRecord::of(&provenance);
            Some(record)
        } else {
            None
        };
        Some((name, kept.restore(provenance, record, wish.shown, self.fragments)?))
    }

    /// What to keep of a context that was built, and under what.
    pub(super) fn draft(&self, subject: &Subject<'_>, reads: &Reads, summary: &Summary) -> (Key, Option<Draft>) {
        let name = self.name(subject, reads);
        let draft = Kept::of(summary, reads, self.fragments).map(|kept| {
            let (asked, record) = (self.asked_anew(subject, reads), summary.record.clone());
            Draft { asked, name, kept, record }
        });
        (name, draft)
    }

    /// The questions with where they are kept, unless they are kept there already.
    fn asked_anew(&self, subject: &Subject<'_>, reads: &Reads) -> Option<(Key, Asked)> {
        let (key, asked) = (self.asked_key(subject)?, Asked::of(reads));
        let known: Option<Asked> = self.store.get(Shelf::Answers, &key);
        (known.as_ref() != Some(&asked)).then_some((key, asked))
    }

    /// Asks the tree what the subject asked last time. Returns what follows is kept under.
    fn find(&self, subject: &Subject<'_>) -> Option<(Key, Reads)> {
        let asked: Asked = self.store.get(Shelf::Answers, &self.asked_key(subject)?)?;
        let reads = self.ask(&asked)?;
        Some((self.name(subject, &reads), reads))
    }

    /// The version of the manifest and of the project file decide nearly all that a context asks.
    fn asked_key(&self, subject: &Subject<'_>) -> Option<Key> {
        let version = |path: &ProjectPath| {
            let found = self.fragments.identity(path).ok()?;
            Some(found.map_or_else(String::new, |found| found.id.to_string()))
        };
        let (own, project) = (version(subject.manifest)?, version(&ProjectPath::new(PROJECT_FILE).ok()?)?);
        let [kind, manifest, name, variant] = subject.parts();
        Some(Key::of(&[b"asked 1", kind, manifest, name, variant, own.as_bytes(), project.as_bytes()]))
    }

    /// The reads of one who asks these questions now; `None` where one has no plain answer.
    fn ask(&self, asked: &Asked) -> Option<Reads> {
        let mut reads = Reads { files: BTreeMap::new(), untracked: BTreeSet::new(), matches: Vec::new() };
        for path in &asked.files {
            let path = ProjectPath::new(path).ok()?;
            let found = self.fragments.identity(&path).ok()?;
            if found.as_ref().is_some_and(|found| found.untracked) {
                reads.untracked.insert(path.clone());
            }
            reads.files.insert(path, found.map(|found| found.id));
        }
        for (folders, rule) in &asked.matches {
            let wanted = self.rule(rule)?;
            let folder = |written: &String| match written.as_str() {
                "" => Some(ProjectPath::root()),
                written => ProjectPath::new(written).ok(),
            };
            let folders: Vec<ProjectPath> = folders.iter().map(folder).collect::<Option<_>>()?;
            let mut found = BTreeSet::new();
            for folder in &folders {
                let listed = self.fragments.list(folder).ok()?;
                found.extend(listed.iter().filter(|path| wanted.holds(path)).cloned());
            }
            reads.matches.push(Matched { folders, wanted, found: found.into_iter().collect() });
        }
        Some(reads)
    }

    /// A rule, made again once.
    fn rule(&self, rule: &Rule) -> Option<FileFilter> {
        // What a panicking thread left behind is whole, since values go in in one step.
        let known = || self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(wanted) = known().get(rule) {
            return wanted.clone();
        }
        let wanted = match rule {
            Rule::Files(patterns) => wanted_by_files(patterns),
            Rule::Each(pattern) => ProjectPath::new(pattern).ok().map(wanted_by_each),
        };
        known().insert(rule.clone(), wanted.clone());
        wanted
    }

    /// What is said of a subject that got these answers is kept under this.
    fn name(&self, subject: &Subject<'_>, reads: &Reads) -> Key {
        let mut parts: Vec<&[u8]> = vec![b"answer 1", self.ground.as_bytes()];
        parts.extend(subject.parts());
        for (path, id) in &reads.files {
            parts.push(path.as_str().as_bytes());
            parts.push(id.as_ref().map_or(b"", |id| id.as_str().as_bytes()));
        }
        for Matched { folders, wanted, found } in &reads.matches {
            parts.push(b"/folders");
            parts.extend(folders.iter().map(|folder| folder.as_str().as_bytes()));
            let (kind, patterns): (&[u8], &[String]) = match &wanted.rule {
                Rule::Files(patterns) => (b"/files", patterns),
                Rule::Each(pattern) => (b"/each", std::slice::from_ref(pattern)),
            };
            parts.push(kind);
            parts.extend(patterns.iter().map(|pattern| pattern.as_bytes()));
            parts.push(b"/found");
            parts.extend(found.iter().map(|path| path.as_str().as_bytes()));
        }
        Key::of(&parts)
    }
}
