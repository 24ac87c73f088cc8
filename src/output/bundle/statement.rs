//! What a bundle was made from, as a statement that others can sign and check.
//!
//! An [in-toto statement](https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md) names
//! the files of a bundle by SHA-256 and says, as [SLSA provenance](https://slsa.dev/spec/v1.0/provenance),
//! from which commit, for which context, day and card set they were built. It holds what the bundle
//! follows from and nothing else: no clock, host or user, so whoever builds again gets the same bytes.
//! Who vouches for it is what a signature says: `docs/provenance.md`.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::output::bundle::{self, member::Comparison};
use crate::pipeline::Build;
use crate::pipeline::provenance::BuiltFrom;
use crate::syntax::error::{Error, Failure};
use crate::tree::write::{self, Disk};

/// What a statement's name adds to its bundle's.
const ENDING: &str = ".intoto.json";

/// What the parameters of a build mean: `docs/provenance.md` says it.
const BUILD_TYPE: &str = "urn:contexture:bundle:1";

/// The program. Who ran it is not known here.
const BUILDER: &str = "urn:contexture:builder";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Statement<'a> {
    #[serde(rename = "_type")]
    of_type: &'static str,
    subject: Vec<Resource<'a>>,
    predicate_type: &'static str,
    predicate: Provenance<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Provenance<'a> {
    build_definition: Definition<'a>,
    run_details: Run,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Definition<'a> {
    build_type: &'static str,
    external_parameters: External<'a>,
    internal_parameters: Internal<'a>,
    resolved_dependencies: [Resource<'a>; 1],
}

#[derive(Serialize)]
struct External<'a> {
    context: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    variant: Option<&'a str>,
    date: String,
}

#[derive(Serialize)]
struct Internal<'a> {
    cards: &'a str,
}

#[derive(Serialize)]
struct Run {
    builder: Builder,
}

#[derive(Serialize)]
struct Builder {
    id: &'static str,
}

#[derive(Serialize)]
struct Resource<'a> {
    name: &'a str,
    digest: Digest,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum Digest {
    Sha256(String),
    GitCommit(String),
}

/// Where the statement of the bundle in `folder` stands: beside it.
pub fn beside(folder: &Path) -> PathBuf {
    let mut path = OsString::from(folder);
    path.push(ENDING);
    path.into()
}

/// The statement on a build and the members of its bundle. A build whose text no commit holds has none: nobody could
/// build it again.
pub(super) fn statement(build: &Build, members: &BTreeMap<String, Comparison>) -> Option<Vec<u8>> {
    let commit = build.provenance.commit.as_ref().filter(|_| build.provenance.built_from == BuiltFrom::Commit)?;
    let subject = members.iter().map(|(name, member)| Resource { name, digest: Digest::Sha256(member.sha256.clone()) });
    let statement = Statement {
        of_type: "https://in-toto.io/Statement/v1",
        subject: subject.collect(),
        predicate_type: "https://slsa.dev/provenance/v1",
        predicate: Provenance {
            build_definition: Definition {
                build_type: BUILD_TYPE,
                external_parameters: External {
                    context: &build.id.name,
                    variant: build.id.variant.as_deref(),
                    date: build.date.to_string(),
                },
                internal_parameters: Internal { cards: &build.cards },
                resolved_dependencies: [Resource { name: "commit", digest: Digest::GitCommit(commit.to_string()) }],
            },
            run_details: Run { builder: Builder { id: BUILDER } },
        },
    };
    let mut text = serde_json::to_vec_pretty(&statement).ok()?;
    text.push(b'\n');
    Some(text)
}

/// Writes the statement beside the bundle in `folder`, old or new.
///
/// # Errors
/// When it cannot be written.
pub fn write(disk: &dyn Disk, folder: &Path, statement: &[u8]) -> Result<(), Error> {
    let target = beside(folder);
    write::file(disk, &target, statement).map_err(|error| Error::file("cannot write", target, error))
}

/// Writes the statement on the bundle of every build. They are made of the values that the bundles were
/// made of: what became of the files since is for `verify` to say.
///
/// # Errors
/// When a build's text is in no commit, or a file cannot be written.
pub fn write_all<'a>(disk: &dyn Disk, builds: impl Iterator<Item = &'a Build>, output: &Path) -> Result<(), Failure> {
    for build in builds {
        let statement = statement(build, &bundle::compared(build, None)?).ok_or_else(|| {
            let what =
                format!("{} is built from text that no commit holds, so nothing can be said of its origin", build.id);
            Error::usage(what, "commit first, or build a revision with --rev")
        })?;
        write(disk, &bundle::folder(&build.id, output), &statement)?;
    }
    Ok(())
}
