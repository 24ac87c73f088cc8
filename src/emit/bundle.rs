//! Bundles: everything that was built of one context, as files that can be checked again.
//!
//! A bundle is a function of the tree's content, the context, the card set, the date and the format
//! version, and `bundle.json` records all five. No clock, host, path or user enters it.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

use crate::build::Build;
use crate::chain::bundle_digest;
use crate::diag::Diagnostic;
use crate::emit::request::bodies;
use crate::emit::{Hole, HoleKind, transcript};
use crate::error::Error;
use crate::project::ContextId;
use crate::record::ContextRecord;

/// The format of `bundle.json`.
pub const SCHEMA: &str = "contexture.bundle/1";

/// What a bundle's record is called.
pub const RECORD: &str = "bundle.json";

/// The files of a bundle by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// The context: what the folder is named after.
    pub id: ContextId,
    /// File name to bytes.
    pub members: BTreeMap<String, Vec<u8>>,
}

/// `bundle.json`: what the bundle is made of, and what is still to be filled in.
#[derive(Debug, Serialize, JsonSchema)]
pub struct BundleRecord {
    /// `contexture.bundle/1`.
    pub schema: &'static str,
    /// Digest of the bundle: of this file with an empty `digest`. It lists every other member with its own.
    pub digest: String,
    /// The day whose prices and rules hold.
    pub date: String,
    /// Digest of the model cards.
    pub cards: String,
    /// The context.
    #[serde(flatten)]
    pub context: ContextRecord,
    /// Where the caller's inputs go, body by body.
    pub inputs: Vec<InputRecord>,
    /// Where earlier turns go, body by body.
    pub history: Vec<HistoryRecord>,
    /// Where the name goes that the provider gave to the cached content, body by body.
    pub cached: Vec<InputRecord>,
    /// Every other file of the bundle.
    pub members: Vec<MemberRecord>,
}

/// A placeholder in a body.
#[derive(Debug, Serialize, JsonSchema)]
pub struct InputRecord {
    /// The input's name.
    pub name: String,
    /// The file.
    pub body: String,
    /// JSON Pointer (RFC 6901) to the string that holds the placeholder.
    pub pointer: String,
    /// First Unicode scalar value of the placeholder in that string.
    pub start: usize,
    /// The one after its last.
    pub end: usize,
}

/// The place where earlier turns are inserted.
#[derive(Debug, Serialize, JsonSchema)]
pub struct HistoryRecord {
    /// The hole's name.
    pub name: String,
    /// The file.
    pub body: String,
    /// JSON Pointer to the array element before which they go.
    pub pointer: String,
}

/// A file of the bundle.
#[derive(Debug, Serialize, JsonSchema)]
pub struct MemberRecord {
    /// Its name.
    pub name: String,
    /// Its size.
    pub bytes: usize,
    /// BLAKE3 of its bytes, in hexadecimal.
    pub blake3: String,
}

/// The bundle of a build. Faults are settings that a dialect cannot say, placed in the manifest.
pub fn bundle(build: &Build) -> Result<Bundle, Vec<Diagnostic>> {
    let mut members = BTreeMap::from([("prompt.md".to_owned(), transcript(&build.segments).into_bytes())]);
    let (mut inputs, mut history, mut cached) = (Vec::new(), Vec::new(), Vec::new());
    let mut faults: Vec<Diagnostic> = Vec::new();
    for model in &build.models {
        match bodies(build, model) {
            Ok(bodies) => {
                for (name, body) in bodies {
                    for hole in &body.holes {
                        match hole.kind {
                            HoleKind::Input => inputs.push(input(hole, &name)),
                            HoleKind::Cache => cached.push(input(hole, &name)),
                            HoleKind::History => history.push(HistoryRecord {
                                name: hole.name.clone(),
                                body: name.clone(),
                                pointer: hole.pointer.clone(),
                            }),
                        }
                    }
                    members.insert(name, body.to_text().into_bytes());
                }
            }
            Err(found) => faults.extend(found),
        }
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let listed = members.iter().map(|(name, bytes)| MemberRecord {
        name: name.clone(),
        bytes: bytes.len(),
        blake3: blake3::hash(bytes).to_hex().to_string(),
    });
    let mut record = BundleRecord {
        schema: SCHEMA,
        digest: String::new(),
        date: build.date.to_string(),
        cards: build.cards.clone(),
        context: ContextRecord::of(build),
        inputs,
        history,
        cached,
        members: listed.collect(),
    };
    record.digest = bundle_digest(&written(&record)).to_string();
    members.insert(RECORD.to_owned(), written(&record));
    Ok(Bundle { id: build.id.clone(), members })
}

/// Serialising plain records to memory cannot fail; an empty record would be refused by `verify`.
fn written(record: &BundleRecord) -> Vec<u8> {
    let mut text = serde_json::to_vec_pretty(record).unwrap_or_default();
    text.push(b'\n');
    text
}

fn input(hole: &Hole, body: &str) -> InputRecord {
    InputRecord {
        name: hole.name.clone(),
        body: body.to_owned(),
        pointer: hole.pointer.clone(),
        start: hole.start,
        end: hole.end,
    }
}

/// What writing a bundle came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// The folder is new or was replaced.
    Fresh,
    /// The folder already held these very bytes and was not touched.
    Standing,
}

/// The folder of a context's bundle.
pub fn folder(id: &ContextId, output: &Path) -> PathBuf {
    output.join(format!("{id}.bundle"))
}

/// Writes a bundle to `<output>/<name>.bundle`, whole or not at all.
///
/// The files are written into a folder beside the target, synced, and swapped in by one atomic
/// exchange where the system has one; elsewhere the old folder is moved aside first. Whoever reads
/// the bundle meanwhile sees the old one or the new one.
pub fn write(bundle: &Bundle, output: &Path) -> Result<(PathBuf, Written), Error> {
    let target = folder(&bundle.id, output);
    let failed = |error: io::Error| Error::file("cannot write", &target, error);
    if stands(bundle, &target) {
        return Ok((target, Written::Standing));
    }
    let parent = target.parent().unwrap_or(output);
    fs::create_dir_all(parent).map_err(failed)?;
    let fresh = tempfile::Builder::new().prefix(".contexture-").tempdir_in(parent).map_err(failed)?;
    fill(bundle, fresh.path()).and_then(|()| swap(fresh.path(), &target)).map_err(failed)?;
    sync_folder(parent).map_err(failed)?;
    // After an exchange the temporary name holds the old bundle; after a rename, nothing.
    match fresh.close() {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(error)),
        _ => Ok((target, Written::Fresh)),
    }
}

/// Whether the folder holds exactly these files with exactly these bytes.
fn stands(bundle: &Bundle, target: &Path) -> bool {
    let Ok(entries) = fs::read_dir(target) else { return false };
    let count = entries.count();
    count == bundle.members.len()
        && bundle.members.iter().all(|(name, bytes)| {
            let path = target.join(name);
            fs::symlink_metadata(&path).is_ok_and(|meta| meta.is_file() && meta.len() == bytes.len() as u64)
                && fs::read(&path).is_ok_and(|standing| standing == *bytes)
        })
}

fn fill(bundle: &Bundle, folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        // A temporary folder is private; a bundle is as readable as any other output.
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?;
    }
    for (name, bytes) in &bundle.members {
        let mut file = fs::File::create_new(folder.join(name))?;
        file.write_all(bytes)?;
        file.sync_all()?;
    }
    sync_folder(folder)
}

/// Puts `fresh` where `target` is.
fn swap(fresh: &Path, target: &Path) -> io::Result<()> {
    if fs::symlink_metadata(target).is_err() {
        return fs::rename(fresh, target);
    }
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        match renameat_with(CWD, fresh, CWD, target, RenameFlags::EXCHANGE) {
            Ok(()) => return Ok(()),
            // A file system without the exchange: the two renames below.
            Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let aside = fresh.with_extension("old");
    fs::rename(target, &aside)?;
    match fs::rename(fresh, target) {
        Ok(()) => fs::remove_dir_all(&aside),
        Err(error) => {
            // The old bundle goes back where it was.
            fs::rename(&aside, target)?;
            Err(error)
        }
    }
}

/// Makes the names in a folder durable.
fn sync_folder(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    fs::File::open(folder)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}
