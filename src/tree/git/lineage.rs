//! A commit among its relatives: what it was made from, and who made it.

use std::collections::HashSet;

use crate::syntax::error::Error;
use crate::syntax::source::{ObjectId, ProjectPath};
use crate::tree::CommitTree;
use crate::tree::git::ancestry;
use crate::tree::git::objects::object_id;

/// The longest subject that is kept, in characters.
const MAX_SUBJECT: usize = 200;

/// Who made a commit, and what they said of it. All of it is text that its author chose.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
pub struct Signature {
    /// The author's name, as written in the commit.
    pub author: String,
    /// The author's mail address, as written in the commit.
    pub mail: String,
    /// The first line of the message, as written in the commit.
    pub subject: String,
}

impl Signature {
    /// With every word changed in the same way.
    #[must_use]
    pub fn each(self, change: impl Fn(&str) -> String) -> Self {
        Self { author: change(&self.author), mail: change(&self.mail), subject: change(&self.subject) }
    }
}

/// The commits that one was made from.
pub enum Parents {
    /// All of them; none for the first commit of a history.
    Known(Vec<CommitTree>),
    /// It has some, but this clone's history ends here.
    CutOff,
}

impl CommitTree {
    /// Opens the commits that this one was made from.
    pub fn parents(&self) -> Result<Parents, Error> {
        let commit = self.objects.commit(self.id)?;
        if self.shallow.contains(&self.id) && !commit.parents.is_empty() {
            return Ok(Parents::CutOff);
        }
        let open = |id| Self::open(self.objects.clone(), id, &self.prefix, self.shallow.clone());
        Ok(Parents::Known(commit.parents.into_iter().map(open).collect::<Result<_, _>>()?))
    }

    /// Every commit of this one's history, itself included, as far as this clone knows it.
    pub fn ancestors(&self) -> Result<HashSet<ObjectId>, Error> {
        let (mut met, mut ahead) = (HashSet::from([self.id]), vec![self.id]);
        while let Some(id) = ahead.pop() {
            if self.shallow.contains(&id) {
                continue;
            }
            ahead.extend(self.objects.commit(id)?.parents.into_iter().filter(|parent| met.insert(*parent)));
            ancestry::admit(met.len())?;
        }
        Ok(met.into_iter().map(object_id).collect())
    }

    /// Whether this clone's history may end before the first commit.
    pub fn is_cut_off(&self) -> bool {
        !self.shallow.is_empty()
    }

    /// Who made it, and what they said.
    pub fn signature(&self) -> Result<Signature, Error> {
        let (author, message) = self.objects.words(self.id)?;
        let (name, rest) = author.split_once(" <").unwrap_or((author.trim_start_matches('<'), ""));
        let mail = rest.split('>').next().unwrap_or("");
        let subject = beginning(message.lines().next().unwrap_or(""));
        Ok(Signature { author: name.trim().to_owned(), mail: mail.to_owned(), subject })
    }

    /// Whether there is a file, or a link, at a path.
    pub fn holds(&self, path: &ProjectPath) -> Result<bool, Error> {
        Ok(self.entry(path.as_str())?.is_some())
    }
}

/// A line that is too long, up to the last word that is whole: half of a secret would not be known for one.
fn beginning(line: &str) -> String {
    match line.char_indices().nth(MAX_SUBJECT).and_then(|(end, _)| line.get(..end)) {
        Some(cut) => cut.rsplit_once(' ').map_or(cut, |(whole, _)| whole).to_owned(),
        None => line.to_owned(),
    }
}
