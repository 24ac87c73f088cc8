//! `contexture.counts`: how many tokens a provider's endpoint counted for a prompt, recorded in the repository.
//!
//! A stanza a context, sorted by name, and in it a line a model, so that git merges branches that counted different
//! contexts:
//!
//! ```text
//! contexture.counts/1
//!
//! [support/triage@terse]
//! claude-sonnet-5-5 1234 2026-11-30 claude_newer https://api.anthropic.com cx1:… cx1:… 5e6f7a8b9c0d1e2f
//!
//! ```
//!
//! A line holds the model, the tokens, the day, the tokenizer of the model's card on that day, who counted, the digest of
//! all segments, that of settings and schema, and a check of the line itself: a count is good for these very bytes, and
//! one that somebody typed is recognised.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use crate::cost::cards::{Card, Date};
use crate::prompt::chain::Digest;
use crate::syntax::diag::{Diagnostic, Faults};
use crate::syntax::error::{Error, Failure};
use crate::syntax::source::{ProjectPath, Source, Span};
use crate::text::fragment::{Fragments, Unreadable};
use crate::text::project::ContextId;
use crate::tree::ReadError;
use crate::tree::write::{self, Disk};

/// The file's name, in the project root.
pub const COUNTS_FILE: &str = "contexture.counts";

/// Its first line.
const VERSION: &str = "contexture.counts/1";

/// What mends it.
const CURE: &str = "run `contexture count --remote`, which leaves whole lines as they are and asks for the others";

/// The note of a prompt that has changed since it was counted.
pub const OUTDATED: &str = "outdated-count";

/// What an endpoint counted for one prompt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct MeasuredCount {
    /// Tokens of the whole request with its inputs left empty: text, tools, schema and what the provider adds.
    pub tokens: u64,
    /// The day, `YYYY-MM-DD` in UTC.
    #[serde(rename = "date", serialize_with = "crate::cost::fact::written_day")]
    #[schemars(with = "String")]
    pub day: Date,
    /// What the model's card said of its tokenizer then.
    #[serde(skip)]
    pub tokenizer: String,
    /// Scheme, host and port that counted.
    pub source: String,
    /// The digest of all segments.
    #[serde(skip)]
    pub full: Digest,
    /// The digest of settings and schema.
    #[serde(skip)]
    pub settings: Digest,
}

/// Every count of a project.
#[derive(Debug, Clone, Default)]
pub struct MeasuredCounts {
    entries: BTreeMap<(ContextId, String), MeasuredCount>,
    by_prompt: HashMap<(String, Digest, Digest), MeasuredCount>,
}

/// A prompt, as its counts are looked up.
#[derive(Debug, Clone, Copy)]
pub struct CountedPrompt<'a> {
    /// What was counted.
    pub counts: &'a MeasuredCounts,
    /// The context.
    pub id: &'a ContextId,
    /// The digest of all its segments.
    pub full: Digest,
    /// The digest of its settings and schema.
    pub settings: Digest,
}

impl<'a> CountedPrompt<'a> {
    /// The count for a model; where one is there that is not used, it is said why.
    pub fn of(&self, card: &Card, said: &mut Vec<Diagnostic>) -> Option<&'a MeasuredCount> {
        let place = ProjectPath::literal(COUNTS_FILE);
        let again = format!("run `contexture count --remote {}`", self.id);
        if let Some(count) = self.counts.get(&card.name, self.full, self.settings) {
            if count.tokenizer == card.tokenizer.as_str() {
                return Some(count);
            }
            let message = format!(
                "the count of {} for `{}` is of tokenizer `{}`, and its card has `{}`: the tokens are estimated",
                card.name,
                self.id,
                count.tokenizer,
                card.tokenizer.as_str()
            );
            said.push(
                Diagnostic::warning("counts-tokenizer", message).in_file(&place).hint(again).for_model(&card.name),
            );
        } else if let Some(count) = self.counts.entries.get(&(written(self.id), card.name.to_string())) {
            let message = format!(
                "`{}` is not what {} counted on {} for {}: the tokens are estimated again",
                self.id, count.source, count.day, card.name
            );
            said.push(Diagnostic::note(OUTDATED, message).in_file(&place).hint(again).for_model(&card.name));
        }
        None
    }
}

impl MeasuredCounts {
    /// The count of a prompt for a model, whichever context it was counted for.
    pub fn get(&self, model: &str, full: Digest, settings: Digest) -> Option<&MeasuredCount> {
        self.by_prompt.get(&(model.to_owned(), full, settings))
    }

    /// Takes a count in, in the place of what was counted of the same context and model, and of the same prompt in others.
    pub fn put(&mut self, id: &ContextId, model: &str, count: MeasuredCount) {
        let same = |other: &MeasuredCount| (other.full, other.settings) == (count.full, count.settings);
        for ((_, of), other) in &mut self.entries {
            if of == model && same(other) {
                *other = count.clone();
            }
        }
        self.entries.insert((written(id), model.to_owned()), count.clone());
        self.by_prompt.insert((model.to_owned(), count.full, count.settings), count);
    }

    /// Drops the counts of contexts that are not among these, and of models that these do not have.
    pub fn retain(&mut self, known: &BTreeSet<(ContextId, String)>) {
        self.entries.retain(|(id, model), _| known.contains(&(id.clone(), model.clone())));
    }

    /// The name of a context, as the file has it.
    pub fn name(id: &ContextId) -> ContextId {
        written(id)
    }

    /// Reads the file; whatever is no whole line of its own is a fault, and is left out.
    pub fn read(source: &Arc<Source>, faults: &mut Faults) -> Self {
        let (mut counts, mut open, mut start) = (Self::default(), None, 0);
        let mut lines = source.text().split_inclusive('\n').map(|line| {
            let text = line.trim_end_matches(['\n', '\r']);
            let span = Span::new(source, start, start + text.len());
            start += line.len();
            (text, span)
        });
        let fault = |code, message: String, span: &Span| Diagnostic::error(code, message).at(span).hint(CURE);
        match lines.next() {
            Some((VERSION, _)) => {}
            Some((first, span)) => {
                let message = match first.strip_prefix("contexture.counts/") {
                    Some(version) => format!("the counts are of version {version}, and this program reads version 1"),
                    None => format!("the first line is `{VERSION}`, and this is none"),
                };
                faults.push(fault("bad-counts", message, &span));
                return counts;
            }
            None => return counts,
        }
        for (text, span) in lines {
            if let Some(name) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                open = Some(ContextId::parse(name));
            } else if ["<<<<<<<", "=======", ">>>>>>>", "|||||||"].iter().any(|mark| text.starts_with(mark)) {
                if text.starts_with("<<<<<<<") {
                    faults.push(fault("counts-conflict", "a merge left two versions of the counts".to_owned(), &span));
                }
            } else if !text.is_empty()
                && let Err((code, message)) = counts.line(open.as_ref(), text)
            {
                faults.push(fault(code, message, &span));
            }
        }
        counts
    }

    fn line(&mut self, open: Option<&ContextId>, text: &str) -> Result<(), (&'static str, String)> {
        let bad = |message: String| ("bad-counts", message);
        let id =
            open.ok_or_else(|| bad("a count comes below the name of its context: `[support/triage]`".to_owned()))?;
        let mut fields = text.rsplitn(8, ' ');
        let mut next = || fields.next().filter(|field| !field.is_empty());
        let (check, settings, full, source) = (next(), next(), next(), next());
        let (tokenizer, day, tokens, model) = (next(), next(), next(), next());
        let read = || {
            let count = MeasuredCount {
                tokens: tokens?.parse().ok()?,
                day: day?.parse().ok()?,
                tokenizer: tokenizer?.to_owned(),
                source: source?.to_owned(),
                full: Digest::parse(full?)?,
                settings: Digest::parse(settings?)?,
            };
            Some((model?, count, check?))
        };
        let shape = "a count is a model, tokens, day, tokenizer, server, two digests and a check";
        let (model, count, check) = read().ok_or_else(|| bad(format!("{shape}, and this line is none")))?;
        if check != line_check(id, &line(model, &count)) {
            let message = format!("the count of {model} for `{id}` is not as it was written: somebody edited its line");
            return Err(("counts-edited", message));
        }
        let key = (model.to_owned(), count.full, count.settings);
        let other = self.by_prompt.get(&key).filter(|other| other.tokens != count.tokens);
        if let Some(other) = other {
            let message = format!(
                "one prompt has two counts of {model}: {} of {}, and {} of {}",
                other.tokens, other.day, count.tokens, count.day
            );
            return Err(("counts-contradict", message));
        }
        self.by_prompt.insert(key, count.clone());
        match self.entries.insert((id.clone(), model.to_owned()), count.clone()) {
            Some(other) if other != count => {
                Err(bad(format!("`[{id}]` has two counts of {model}, as a merge may leave them")))
            }
            _ => Ok(()),
        }
    }

    /// The counts of a tree, and what is wrong with their file; none where it has none.
    ///
    /// # Errors
    /// When the tree cannot be read.
    pub fn of(fragments: &Fragments<'_>) -> Result<(Self, Vec<Diagnostic>), Failure> {
        let path = ProjectPath::literal(COUNTS_FILE);
        match fragments.read(&path) {
            Ok(fragment) => {
                let mut faults = Faults::new();
                let counts = Self::read(&fragment.source, &mut faults);
                Ok((counts, faults.into_vec()))
            }
            Err(Unreadable::Read(ReadError::Absent)) => Ok(Default::default()),
            Err(Unreadable::Read(ReadError::World(error))) => Err(error.into()),
            Err(Unreadable::Read(error)) => {
                let fault = Diagnostic::error("bad-counts", format!("the counts cannot be read: {error}"));
                Ok((Self::default(), vec![fault.in_file(&path).hint(CURE)]))
            }
            Err(Unreadable::Content(faults)) => Ok((Self::default(), faults)),
        }
    }

    /// Writes the file into the project root, whole or not at all. Returns whether it changed.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn write(&self, disk: &dyn Disk, root: &Path) -> Result<bool, Error> {
        let (target, text) = (root.join(COUNTS_FILE), self.to_string());
        write::sweep(disk, [root]);
        if write::existing_bytes(&target).is_ok_and(|before| before == text.as_bytes()) {
            return Ok(false);
        }
        write::file(disk, &target, text.as_bytes()).map_err(|error| Error::file("cannot write", &target, error))?;
        Ok(true)
    }
}

impl fmt::Display for MeasuredCounts {
    /// The file, to the byte.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{VERSION}\n")?;
        let mut open = None;
        for ((id, model), count) in &self.entries {
            if open != Some(id) {
                let end = if open.is_some() { "\n" } else { "" };
                writeln!(f, "{end}[{id}]")?;
                open = Some(id);
            }
            let line = line(model, count);
            writeln!(f, "{line} {}", line_check(id, &line))?;
        }
        if open.is_some() { writeln!(f) } else { Ok(()) }
    }
}

/// A line without its check.
fn line(model: &str, count: &MeasuredCount) -> String {
    let MeasuredCount { tokens, day, tokenizer, source, full, settings } = count;
    format!("{model} {tokens} {day} {tokenizer} {source} {full} {settings}")
}

/// What shows that a line is as the program wrote it. It guards against a slip, not against malice.
fn line_check(id: &ContextId, line: &str) -> String {
    blake3::hash(format!("{VERSION}\n{id}\n{line}").as_bytes()).to_hex()[..16].to_owned()
}

/// The name as the file spells it, as in the lock.
fn written(id: &ContextId) -> ContextId {
    ContextId::parse(&id.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prompt::chain::empty_prefix;

    fn count(tokens: u64) -> MeasuredCount {
        let day = "2026-11-30".parse().unwrap();
        let (full, settings) = (empty_prefix(), empty_prefix());
        MeasuredCount { tokens, day, tokenizer: "other".into(), source: "http://[::1]:80".into(), full, settings }
    }

    fn read(text: &str) -> (MeasuredCounts, Vec<String>) {
        let source = Source::new(ProjectPath::literal(COUNTS_FILE), text);
        let mut faults = Faults::new();
        let counts = MeasuredCounts::read(&source, &mut faults);
        (counts, faults.into_vec().iter().map(|fault| format!("{}: {}", fault.code, fault.message)).collect())
    }

    #[test]
    fn what_is_written_is_read_and_what_is_not_as_written_is_said() {
        let mut counts = MeasuredCounts::default();
        counts.put(&ContextId::parse("b@terse"), "m", count(7));
        counts.put(&ContextId::parse("a"), "org/model name", count(9));
        let text = counts.to_string();
        let (again, faults) = read(&text);
        assert_eq!((again.to_string(), faults.len()), (text.clone(), 0));
        let edited = read(&text.replace("m 7 2026", "m 8 2026"));
        assert_eq!(edited.0.get("m", empty_prefix(), empty_prefix()), None);
        let line = text.lines().nth(3).unwrap().to_owned();
        for (text, said) in [
            (text.replace("m 7 2026", "m 8 2026"), "counts-edited: the count of m for `b@terse`"),
            (text.replace("[a]", "[c]"), "counts-edited: the count of org/model name for `c`"),
            (text.replace("counts/1", "counts/2"), "bad-counts: the counts are of version 2"),
            (text.replace("contexture.counts/1", ""), "bad-counts: the first line"),
            (text.replace("[a]\n", ""), "bad-counts: a count comes below the name"),
            (text.replacen(" other", "", 1), "bad-counts: a count is a model"),
            (text.replace("[a]", "<<<<<<< ours\n[a]"), "counts-conflict: a merge left two versions"),
            (text.replace(&line, &format!("{line}\nm")), "bad-counts: a count is a model"),
        ] {
            let faults = read(&text).1;
            assert!(faults.len() == 1 && faults[0].starts_with(said), "{said}: {faults:?}");
        }
        // The same prompt counted anew is counted anew in every context that has it.
        counts.put(&ContextId::parse("a"), "m", count(8));
        assert_eq!(read(&counts.to_string()).1, Vec::<String>::new());
        let mut other = MeasuredCounts::default();
        other.put(&ContextId::parse("z"), "m", count(70));
        let joined = format!("{counts}{}", other.to_string().replace(VERSION, ""));
        assert!(read(&joined).1[0].starts_with("counts-contradict: one prompt has two counts of m: 8 of"), "{joined}");
    }
}
