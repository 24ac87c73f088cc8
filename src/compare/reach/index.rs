//! What the contexts of one commit read, turned round: from a file to the manifests that read it.
//!
//! An index belongs to a tree object, not to a repository or a commit, so every checkout and clone
//! on the machine shares it. It also serves trees that are near: what differs between the two trees
//! is asked as if the change had done it.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use crate::pipeline::Pipeline;
use crate::syntax::error::Error;
use crate::syntax::source::ProjectPath;
use crate::text::project::manifest_name;
use crate::tree::store::{Damaged, Draft, Key, Store, Volume, Volumes};
use crate::tree::{Change, CommitTree};

use super::{Surveyed, is_template, survey};

/// How many manifests a record of names holds.
const CHUNK: usize = 128;

/// An index of another tree is used while what differs between the trees reaches no more than this
/// part of the manifests, or [`FEW`] of them.
const FAR: usize = 16;

/// How many manifests are always few enough to be looked at.
const FEW: usize = 64;

/// From files to the manifests that read them, at one tree.
struct Index {
    volume: Volume,
    /// What differs between that tree and the one that is asked about.
    drift: Vec<Change>,
}

/// The part of a project that a change may reach.
pub(super) struct Touched {
    /// The manifests that it may reach, whether they still exist or not.
    pub(super) manifests: BTreeSet<ProjectPath>,
    /// How many contexts all the others have.
    pub(super) elsewhere: usize,
}

/// Manifests by number, as runs: the first, and how many follow each other.
type Runs = Vec<(usize, usize)>;

/// The keys of an index.
enum Question<'a> {
    /// The manifests that read this file, or looked for it in vain.
    File(&'a ProjectPath),
    /// Those that matched patterns in this folder.
    Folder(&'a str),
    /// Those to which it may matter which templates there are.
    Templates,
    /// Those of which nothing is known.
    Always,
    /// How many manifests there are, and how many contexts.
    Total,
    /// A chunk of manifests, each with how many contexts it has.
    Chunk(usize),
}

impl Question<'_> {
    fn key(&self) -> Key {
        match self {
            Self::File(path) => Key::of(&[b"file", path.as_str().as_bytes()]),
            Self::Folder(path) => Key::of(&[b"folder", path.as_bytes()]),
            Self::Templates => Key::of(&[b"templates"]),
            Self::Always => Key::of(&[b"always"]),
            Self::Total => Key::of(&[b"total"]),
            Self::Chunk(number) => Key::of(&[b"chunk", &number.to_le_bytes()]),
        }
    }
}

/// The part of a project that `changes` to `tree` may reach, told by an index of the store if it has
/// a near one, else by a new one, for which every context of the tree is surveyed.
///
/// # Errors
/// When the tree cannot be read.
pub(super) fn touched(
    pipeline: &Pipeline<'_>,
    tree: &CommitTree,
    changes: &[Change],
    store: &Store,
) -> Result<Touched, Error> {
    let root = tree.root_id().map_or_else(|| "empty".to_owned(), |id| id.to_string());
    if let Some(Ok(touched)) = Index::find(tree, &root, store).map(|index| index.touched(changes)) {
        return Ok(touched);
    }
    let manifests: BTreeSet<ProjectPath> = pipeline.project.manifests()?.into_values().collect();
    let surveyed = survey(pipeline, super::expand(pipeline, &manifests)?);
    let volume = store.write_volume(Volumes::Surveys, &root, draft(&surveyed, tree)?);
    let all = Touched { manifests, elsewhere: 0 };
    Ok(Index { volume, drift: Vec::new() }.touched(changes).unwrap_or(all))
}

impl Index {
    /// The index of that tree, or of one near it.
    fn find(tree: &CommitTree, root: &str, store: &Store) -> Option<Self> {
        let mut names = store.volumes(Volumes::Surveys);
        names.sort_by_key(|name| name != root);
        names.into_iter().find_map(|name| {
            let drift = if name == root { Vec::new() } else { tree.changes_since_root(&name)? };
            let index = Self { volume: store.volume(Volumes::Surveys, &name)?, drift };
            index.is_near().is_ok_and(|near| near).then_some(index)
        })
    }

    /// Whether what differs between the index's tree and the one asked about reaches few manifests.
    fn is_near(&self) -> Result<bool, Damaged> {
        let (manifests, _) = self.get::<(usize, usize)>(&Question::Total)?.ok_or(Damaged)?;
        Ok(self.drift.is_empty() || self.reached(&self.drift)?.len() <= FEW.max(manifests / FAR))
    }

    /// What `changes` to the tree may reach.
    fn touched(&self, changes: &[Change]) -> Result<Touched, Damaged> {
        let (_, contexts) = self.get::<(usize, usize)>(&Question::Total)?.ok_or(Damaged)?;
        let mut numbers = self.reached(&self.drift)?;
        numbers.extend(self.reached(changes)?);
        let mut chunks: BTreeMap<usize, Vec<(String, usize)>> = BTreeMap::new();
        let mut touched = Touched { manifests: BTreeSet::new(), elsewhere: contexts };
        for number in numbers {
            let chunk = match chunks.entry(number / CHUNK) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => new.insert(self.get(&Question::Chunk(number / CHUNK))?.ok_or(Damaged)?),
            };
            let (path, contexts) = chunk.get(number % CHUNK).ok_or(Damaged)?;
            touched.manifests.insert(ProjectPath::new(path).map_err(|_| Damaged)?);
            touched.elsewhere = touched.elsewhere.checked_sub(*contexts).ok_or(Damaged)?;
        }
        let all = self.drift.iter().chain(changes).map(|change| &change.path);
        touched.manifests.extend(all.filter(|path| manifest_name(path).is_some()).cloned());
        Ok(touched)
    }

    /// The manifests, by number, of contexts with a read that these changes can give another answer.
    fn reached(&self, changes: &[Change]) -> Result<BTreeSet<usize>, Damaged> {
        let mut reached = BTreeSet::new();
        let mut add = |question: &Question<'_>| {
            let runs: Runs = self.get(question)?.unwrap_or_default();
            reached.extend(runs.into_iter().flat_map(|(first, many)| first..first.saturating_add(many)));
            Ok(())
        };
        add(&Question::Always)?;
        let mut folders: BTreeSet<&str> = BTreeSet::new();
        for change in changes {
            add(&Question::File(&change.path))?;
            if change.base.is_some() && change.head.is_some() {
                continue;
            }
            let path = change.path.as_str();
            folders.extend(path.match_indices('/').filter_map(|(end, _)| path.get(..end)).chain([""]));
            if is_template(&change.path) {
                add(&Question::Templates)?;
            }
        }
        folders.into_iter().try_for_each(|folder| add(&Question::Folder(folder)))?;
        Ok(reached)
    }

    fn get<T: serde::de::DeserializeOwned>(&self, question: &Question<'_>) -> Result<Option<T>, Damaged> {
        self.volume.get(&question.key())
    }
}

/// Turns round what contexts read.
fn draft(surveyed: &[Surveyed], tree: &CommitTree) -> Result<Draft, Error> {
    let mut contexts: BTreeMap<&ProjectPath, usize> = BTreeMap::new();
    for one in surveyed {
        *contexts.entry(&one.candidate.manifest).or_default() += 1;
    }
    let numbers: BTreeMap<&ProjectPath, usize> =
        contexts.keys().zip(0..).map(|(path, number)| (*path, number)).collect();
    let links = tree.links()?;
    let mut files: BTreeMap<&ProjectPath, BTreeSet<usize>> = BTreeMap::new();
    let mut folders: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    let (mut templates, mut always) = (BTreeSet::new(), BTreeSet::new());
    for one in surveyed {
        let Some(number) = numbers.get(&one.candidate.manifest).copied() else { continue };
        let Some(reads) = &one.reads else {
            always.insert(number);
            continue;
        };
        for path in reads.files.keys() {
            files.entry(path).or_default().insert(number);
        }
        if one.asks_for_templates {
            templates.insert(number);
        }
        let listed = || reads.matches.iter().flat_map(|matched| &matched.folders);
        for folder in listed() {
            folders.entry(folder.as_str()).or_default().insert(number);
        }
        // What stands at the end of a link depends on files that are not asked for by name.
        let holds_link = |folder: &ProjectPath| {
            let from = links.range(folder.clone()..).find(|link| *link != folder);
            links.contains(folder) || from.is_some_and(|link| link.is_below(folder))
        };
        if !links.is_empty() && (reads.files.keys().any(|path| passes(&links, path)) || listed().any(holds_link)) {
            always.insert(number);
        }
    }
    let mut draft = Draft::default();
    draft.put(Question::Total.key(), &(contexts.len(), surveyed.len()));
    let listed: Vec<(&str, usize)> = contexts.iter().map(|(path, many)| (path.as_str(), *many)).collect();
    for (number, chunk) in listed.chunks(CHUNK).enumerate() {
        draft.put(Question::Chunk(number).key(), &chunk);
    }
    draft.put(Question::Templates.key(), &runs(&templates));
    draft.put(Question::Always.key(), &runs(&always));
    for (path, numbers) in &files {
        draft.put(Question::File(path).key(), &runs(numbers));
    }
    for (path, numbers) in &folders {
        draft.put(Question::Folder(path).key(), &runs(numbers));
    }
    Ok(draft)
}

/// Whether a path is one of these links or leads through one.
fn passes(links: &BTreeSet<ProjectPath>, path: &ProjectPath) -> bool {
    let path = path.as_str();
    let ends = path.match_indices('/').map(|(end, _)| end).chain([path.len()]);
    ends.filter_map(|end| ProjectPath::new(path.get(..end)?).ok()).any(|above| links.contains(&above))
}

fn runs(numbers: &BTreeSet<usize>) -> Runs {
    let mut runs = Runs::new();
    for &number in numbers {
        match runs.last_mut() {
            Some((first, many)) if *first + *many == number => *many += 1,
            _ => runs.push((number, 1)),
        }
    }
    runs
}
