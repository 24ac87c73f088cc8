//! The digests that requests carry, found again in the history of a project: which context, which commit, whose.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::compare::history::{Log, LogRequest, Order, Piece, What, log};
use crate::compare::range::Range;
use crate::cost::cards::Date;
use crate::pipeline::{Build, Memory, Request, build_all, list};
use crate::syntax::error::Failure;
use crate::syntax::source::ObjectId;
use crate::text::project::ContextId;
use crate::tree::Workspace;

/// What a commit made of a context.
#[derive(Debug, Clone)]
pub struct Revision {
    /// The context, by the name that it had there.
    pub id: ContextId,
    /// The digest of its whole prompt: `cx1:…`.
    pub full: String,
    /// The commit, by its first digits.
    pub commit: String,
    /// Seconds since 1970 at which it was made.
    pub time: i64,
    /// Who made it.
    pub author: String,
    /// Its segments.
    pub pieces: Arc<[Piece]>,
    /// What was built there, of a digest that some request carries.
    pub build: Option<Arc<Build>>,
}

/// Every revision of a project's contexts that requests may name, newest first.
#[derive(Debug, Default)]
pub struct Revisions {
    all: Vec<Revision>,
}

/// A change of text between two digests.
#[derive(Debug, Clone)]
pub struct Change {
    /// The first segment that is another one, with its file: `system/2 (policies/refunds.md)`.
    pub segment: String,
    /// The commit that brought it.
    pub commit: String,
    /// Its author.
    pub author: String,
}

/// How a log may write a digest: Vertex's labels hold 63 characters and no colon.
fn is_same(full: &str, said: &str) -> bool {
    let digits = said.strip_prefix("cx1-").filter(|digits| digits.len() == 59);
    full == said || digits.is_some_and(|digits| full.strip_prefix("cx1:").is_some_and(|own| own.starts_with(digits)))
}

/// A context as it was built of a commit, with the prices and rules of that day.
fn build_at(workspace: &Workspace, commit: &ObjectId, id: &ContextId) -> Result<Option<Arc<Build>>, Failure> {
    let request = Request { contexts: vec![id.to_string()], ..Request::default() };
    let built = build_all(&workspace.commit(&commit.to_string())?, &request)?;
    Ok(built.into_iter().find(|own| own.id == *id).and_then(|own| own.result.ok()))
}

impl Revisions {
    /// Looks for digests in the history of a project's contexts up to its head; with `since`, in what came after that
    /// revision. It ends where all are found.
    ///
    /// # Errors
    /// When the repository cannot be read.
    pub fn find(
        workspace: &Workspace,
        digests: &BTreeSet<&str>,
        context: Option<&str>,
        since: Option<&str>,
        as_of: Date,
    ) -> Result<Self, Failure> {
        let range = since.map_or_else(|| "HEAD".to_owned(), |since| format!("{since}..HEAD"));
        let mut found = Self::default();
        let contexts = list(&Range::history(workspace, "HEAD")?.0, None)?;
        let is_wanted = |id: &ContextId| context.is_none_or(|wanted| id.to_string() == wanted || id.name == wanted);
        for usage in contexts.into_iter().filter(|usage| is_wanted(&usage.id)) {
            if digests.iter().all(|digest| found.get(digest, None).is_some()) {
                break;
            }
            let (tip, since) = Range::history(workspace, &range)?;
            let request = LogRequest {
                id: usage.id,
                as_of,
                models: Vec::new(),
                limit: None,
                order: Order::Date,
                follow: true,
                first_parent: false,
            };
            // A context that is broken today is no reason to know nothing of the others.
            let Ok(Log { rows, .. }) = log(tip, since.as_ref(), &request, None, Memory::default()) else { continue };
            for row in rows {
                let What::Built(built) = row.what else { continue };
                let full = built.full.to_string();
                let is_carried = digests.iter().any(|digest| is_same(&full, digest));
                found.all.push(Revision {
                    build: if is_carried { build_at(workspace, &row.commit.id, &row.id)? } else { None },
                    id: row.id,
                    full,
                    commit: row.commit.id.short().to_owned(),
                    time: row.commit.time,
                    author: row.signature.author,
                    pieces: built.pieces,
                });
            }
        }
        Ok(found)
    }

    /// The revision that a digest names: the last before a moment (seconds), else any.
    pub fn get(&self, digest: &str, before: Option<i64>) -> Option<&Revision> {
        let mut same = self.all.iter().filter(|own| is_same(&own.full, digest));
        let first = same.clone().next();
        before.and_then(|before| same.find(|own| own.time <= before)).or(first)
    }

    /// What changed from one digest to another.
    pub fn change(&self, before: &str, after: &str, at: Option<i64>) -> Option<Change> {
        let (old, new) = (self.get(before, at)?, self.get(after, at)?);
        let differs = (0..).find(|place| {
            let digest = |pieces: &[Piece]| pieces.get(*place).map(|piece| piece.digest);
            let (one, other) = (digest(&old.pieces), digest(&new.pieces));
            one != other || one.is_none()
        })?;
        let piece = new.pieces.get(differs).or_else(|| old.pieces.get(differs))?;
        let segment = match &piece.path {
            Some(path) => format!("{} ({path})", piece.id),
            None => piece.id.clone(),
        };
        Some(Change { segment, commit: new.commit.clone(), author: new.author.clone() })
    }
}
