//! Bundles: everything that was built of one context, as files that can be checked again.
//!
//! A bundle is a function of the tree's content, the context, the card set, the date and the format
//! version, and `bundle.json` records all five. No clock, host, path or user enters it.

pub mod depfile;
mod member;
pub mod statement;
pub mod verify;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::Serialize;

use crate::output::bundle::member::{Compared, Comparison, Existing, Fresh, InMemory, Member, Members};
use crate::output::record::{ContextRecord, LeftOutRecord};
use crate::pipeline::bodies::{Bodies, BodyFindings, all_bodies, note_findings};
use crate::pipeline::{Build, BuildResult};
use crate::prompt::bodies::{Body, Hole, HoleKind};
use crate::prompt::chain::bundle_digest;
use crate::prompt::segment::Region;
use crate::prompt::transcript::write_transcript;
use crate::syntax::diag::Diagnostic;
use crate::syntax::error::{Error, Failure};
use crate::syntax::source::ProjectPath;
use crate::text::project::ContextId;
use crate::tree::write::{self, Batch, Disk, existing_bytes, no_link};

/// The format of `bundle.json`.
pub const SCHEMA: &str = "contexture.bundle/1";

/// What a bundle's record is called.
pub const RECORD: &str = "bundle.json";

/// What the prompt is called, as a person reads it.
const PROMPT: &str = "prompt.md";

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
pub struct BundleRecord<'a> {
    /// `contexture.bundle/1`.
    pub schema: &'static str,
    /// Digest of the bundle: of this file with an empty `digest`. It lists every other member with its own.
    pub digest: String,
    /// The day whose prices and rules hold.
    pub date: String,
    /// Digest of the model cards.
    pub cards: &'a str,
    /// The context.
    #[serde(flatten)]
    pub context: ContextRecord<'a>,
    /// Where the caller's inputs go, body by body.
    pub inputs: Vec<InputRecord<'a>>,
    /// Where earlier turns go, body by body.
    pub history: Vec<HistoryRecord<'a>>,
    /// Where the name goes that the provider gave to the cached content, body by body.
    pub cached: Vec<InputRecord<'a>>,
    /// Where a part of a template depends on inputs in another way than to write them, body by body: there stands a sample,
    /// which an application with the template's engine replaces.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub regions: Vec<RegionRecord<'a>>,
    /// Bodies that are not in the bundle, because their model would refuse them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOutRecord<'a>>,
    /// Every other file of the bundle.
    pub members: Vec<MemberRecord>,
}

/// A placeholder in a body; a hole of it, with the body's name in its second place.
#[derive(Debug, Serialize, JsonSchema)]
pub struct InputRecord<'a> {
    /// The input's name.
    pub name: &'a str,
    /// The file.
    pub body: &'a str,
    /// JSON Pointer (RFC 6901) to the string that holds the placeholder.
    pub pointer: &'a str,
    /// First Unicode scalar value of the placeholder in that string.
    pub start: usize,
    /// The one after its last.
    pub end: usize,
}

/// The sample of a region in a body.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RegionRecord<'a> {
    /// The inputs that it depends on.
    pub needs: &'a [String],
    /// Those of them that have no example: the sample is what the region writes without them.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub absent: &'a [String],
    /// Its segment.
    pub segment: &'a str,
    /// The file that it is written in, if that is not the manifest.
    pub path: Option<&'a ProjectPath>,
    /// Its first and last line there.
    pub lines: Option<[usize; 2]>,
    /// The part of the template, and behind it the partials, fragments and values that it uses.
    pub source: &'a str,
    /// The file of the bundle.
    pub body: &'a str,
    /// JSON Pointer (RFC 6901) to the string that holds the sample.
    pub pointer: &'a str,
    /// First Unicode scalar value of the sample in that string.
    pub start: usize,
    /// The one after its last.
    pub end: usize,
}

/// The place where earlier turns are inserted.
#[derive(Debug, Serialize, JsonSchema)]
pub struct HistoryRecord<'a> {
    /// The hole's name.
    pub name: &'a str,
    /// The file.
    pub body: &'a str,
    /// JSON Pointer to the array element before which they go.
    pub pointer: &'a str,
}

/// A file of the bundle.
#[derive(Debug, Serialize, JsonSchema)]
pub struct MemberRecord {
    /// Its name.
    pub name: String,
    /// What it holds.
    #[serde(flatten)]
    pub member: Member,
    /// Whether it is a request body that holds samples of regions: no request that could be sent as it is.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub sample: bool,
}

/// The bundle of a build, in memory.
///
/// # Errors
/// Settings that a dialect cannot say, placed in the manifest.
pub fn bundle(build: &Build) -> Result<Bundle, Vec<Diagnostic>> {
    let bodies = all_bodies(build)?;
    let made = InMemory::default();
    // Memory takes every byte.
    let unwritten = |error: Error| vec![Diagnostic::error("unwritten-bundle", error.to_string())];
    let record = record(build, &bodies, &made).map_err(unwritten)?;
    let mut members = made.into_members();
    members.insert(RECORD.to_owned(), record);
    Ok(Bundle { id: build.id.clone(), members })
}

/// The members of a build's bundle, each held against the file of its name in `folder`, if there is one.
fn compared(build: &Build, folder: Option<&Path>) -> Result<BTreeMap<String, Comparison>, Failure> {
    let bodies = all_bodies(build)?;
    let members = Compared::with(folder);
    let record = record(build, &bodies, &members)?;
    members.take(RECORD, &|out| out.write_all(&record))?;
    Ok(members.into_found())
}

/// Hands over every member, and returns the record that lists them.
fn record(build: &Build, bodies: &Bodies, members: &dyn Members) -> Result<Vec<u8>, Error> {
    let transcript = || members.take(PROMPT, &|out| write_transcript(&build.segments, out));
    let Bodies { made: bodies, findings } = bodies;
    let take = |(name, body): &(String, Body)| Ok((name.clone(), members.take(name, &|out| body.write_to(out))?));
    let of_bodies = || bodies.par_iter().map(take).collect::<Result<BTreeMap<String, Member>, Error>>();
    let (transcript, of_bodies) = rayon::join(transcript, of_bodies);
    let mut listed = of_bodies?;
    listed.insert(PROMPT.to_owned(), transcript?);
    let (mut inputs, mut history, mut cached, mut regions) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (name, hole) in bodies.iter().flat_map(|(name, body)| body.holes.iter().map(move |hole| (name, hole))) {
        match hole.kind {
            HoleKind::Input => inputs.push(input(hole, name)),
            HoleKind::Cache => cached.push(input(hole, name)),
            HoleKind::Region => regions.extend(region(build, hole, name)),
            HoleKind::History => {
                history.push(HistoryRecord { name: &hole.name, body: name, pointer: &hole.pointer });
            }
        }
    }
    let samples: BTreeSet<String> = regions.iter().map(|region| region.body.to_owned()).collect();
    let mut record = BundleRecord {
        schema: SCHEMA,
        digest: String::new(),
        date: build.date.to_string(),
        cards: &build.cards,
        context: ContextRecord::of(build),
        inputs,
        history,
        cached,
        regions,
        left_out: findings.left_out.iter().map(LeftOutRecord::of).collect(),
        members: listed
            .into_iter()
            .map(|(name, member)| MemberRecord { sample: samples.contains(&name), name, member })
            .collect(),
    };
    record.digest = bundle_digest(&written(&record)).to_string();
    Ok(written(&record))
}

/// Serialising plain records to memory cannot fail; an empty record would be refused by `verify`.
fn written(record: &BundleRecord) -> Vec<u8> {
    let mut text = serde_json::to_vec_pretty(record).unwrap_or_default();
    text.push(b'\n');
    text
}

fn region<'a>(build: &'a Build, hole: &'a Hole, body: &'a str) -> Option<RegionRecord<'a>> {
    let segment = build.segments.get(hole.segment?)?;
    let Region { source, needs, absent } = segment.region()?;
    Some(RegionRecord {
        needs,
        absent,
        segment: &segment.id,
        path: segment.origin.path.as_ref(),
        lines: segment.origin.lines.as_ref().map(|lines| [*lines.start(), *lines.end()]),
        source,
        body,
        pointer: &hole.pointer,
        start: hole.start,
        end: hole.end,
    })
}

fn input<'a>(hole: &'a Hole, body: &'a str) -> InputRecord<'a> {
    InputRecord { name: &hole.name, body, pointer: &hole.pointer, start: hole.start, end: hole.end }
}

/// What writing a bundle came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// The folder is new or was replaced.
    Fresh,
    /// The folder already held these very bytes and was not touched.
    Unchanged,
}

/// The folder of a context's bundle.
pub fn folder(id: &ContextId, output: &Path) -> PathBuf {
    output.join(format!("{id}.bundle"))
}

/// Writes a build's bundle to `<output>/<name>.bundle`, whole or not at all. Returns the folder, whether anything
/// was written, and what there is to say of its bodies.
///
/// # Errors
/// Settings that a dialect cannot say, placed in the manifest, or a folder that cannot be written, or
/// that a link is in the way of.
pub fn write(disk: &dyn Disk, build: &Build, output: &Path) -> Result<(PathBuf, Written, BodyFindings), Failure> {
    let batch = Batch::new(disk, output);
    let written = add(&batch, build, output)?;
    put(batch)?;
    Ok(written)
}

/// Writes the bundle of every build. A context of which a body cannot be made is broken after all, and its
/// old bundle stays. First removes what a stopped run left beside them.
///
/// # Errors
/// When a folder cannot be written: the first in the order of the contexts, whatever the number of threads. Those
/// that can are.
pub fn write_all(disk: &dyn Disk, results: &mut [BuildResult], output: &Path) -> Result<(), Error> {
    let targets: Vec<PathBuf> = results.iter().map(|tried| folder(&tried.id, output)).collect();
    // A statement is written beside its bundle, and a bundle in the output folder first.
    let beside = targets.iter().filter_map(|target| target.parent()).filter(|folder| no_link(output, folder).is_ok());
    write::sweep(disk, beside.chain([output]));
    let batch = Batch::new(disk, output);
    let written = results.par_iter_mut().map(|tried| {
        let Some(build) = tried.build() else { return Ok(()) };
        match add(&batch, build, output) {
            Ok((_, _, findings)) => {
                note_findings(tried, findings);
                Ok(())
            }
            Err(Failure::Faults(faults)) => {
                tried.result = Err(faults);
                Ok(())
            }
            Err(Failure::Error(error)) => Err(error),
        }
    });
    let written: Vec<_> = written.collect();
    let all = put(batch);
    written.into_iter().collect::<Result<(), Error>>().and(all)
}

/// Adds a build's bundle to a batch, unless the folder is already what it would be.
fn add(batch: &Batch, build: &Build, output: &Path) -> Result<(PathBuf, Written, BodyFindings), Failure> {
    let target = folder(&build.id, output);
    let failed = |error: io::Error| Failure::from(Error::file("cannot write", &target, error));
    no_link(output, &target)?;
    let bodies = all_bodies(build)?;
    if is_written(build, &bodies, &target) {
        return Ok((target, Written::Unchanged, bodies.findings));
    }
    let fresh = batch.folder(&target).map_err(failed)?;
    let members = Fresh(&fresh);
    let record = record(build, &bodies, &members)?;
    members.take(RECORD, &|out| out.write_all(&record))?;
    batch.add(fresh);
    Ok((target, Written::Fresh, bodies.findings))
}

fn put(batch: Batch) -> Result<(), Error> {
    batch.put().map_err(|(path, error)| Error::file("cannot write", path, error))
}

/// Whether the folder holds exactly the files of this build's bundle with exactly their bytes.
fn is_written(build: &Build, bodies: &Bodies, target: &Path) -> bool {
    let Ok(existing) = existing_bytes(&target.join(RECORD)) else { return false };
    // Of another prompt: no need to write its members to see where they differ.
    let full = build.chain.full().to_string();
    if !existing.windows(full.len()).any(|window| window == full.as_bytes()) {
        return false;
    }
    let members = Existing::new(target);
    record(build, bodies, &members).is_ok_and(|record| record == existing) && members.is_all_but_one()
}
