//! The JSON reports of shards, joined into the report of one run that was not sharded, byte for byte.
//!
//! This is the one place where the program reads what it printed: another machine printed it, and
//! between the two there is nothing but the published format. Contexts are carried over as they stand;
//! what a report says of all of them (sums, files without effect, groups) is worked out again.

mod build;
mod diff;
mod log;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::pipeline::shard::Shard;
use crate::syntax::error::Error;

/// A report as it was read.
#[derive(Debug, Clone)]
pub struct Report {
    /// What to call it in messages.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// What the reports come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinedReport {
    /// The joined report, as JSON with a final line break.
    pub text: String,
    /// Whether a context in it is broken.
    pub is_broken: bool,
    /// Whether a budget in it stops the change.
    pub is_blocked: bool,
}

/// Joins the reports of all shards of one run, in any order.
///
/// # Errors
/// When a report is not that of a shard, the reports are not of one run (another format, count of
/// shards, base, head or day), or a shard is missing or there twice.
pub fn join(reports: &[Report]) -> Result<JoinedReport, Error> {
    let parts = parts(reports)?;
    let Some(first) = parts.first() else {
        return Err(Error::usage("there is nothing to join", "name the reports of all shards"));
    };
    let joined = match first.text("schema")? {
        crate::output::report::build::SCHEMA => build::join(&parts)?,
        crate::output::report::diff::SCHEMA => diff::join(&parts)?,
        crate::output::report::log::SCHEMA => log::join(&parts)?,
        other => {
            let what = format!("{}: reports of the format `{other}` are not sharded", first.name);
            return Err(Error::usage(
                what,
                "join what `check`, `diff` or `log` printed with `--shard` and `--format json`",
            ));
        }
    };
    let Joined { report, is_broken, is_blocked } = joined;
    Ok(JoinedReport { text: crate::output::report::json(&report), is_broken, is_blocked })
}

/// A report that was joined.
struct Joined {
    report: Map<String, Value>,
    is_broken: bool,
    is_blocked: bool,
}

/// The report of one shard.
struct Part {
    name: String,
    shard: Shard,
    body: Map<String, Value>,
}

/// A context's name and variant, in the order of reports.
type Name = (String, Option<String>);

/// The reports in the order of their shards, each of which must be there once.
fn parts(reports: &[Report]) -> Result<Vec<Part>, Error> {
    let mut parts: Vec<Part> = reports.iter().map(Part::read).collect::<Result<_, _>>()?;
    parts.sort_by_key(|part| part.shard);
    if let Some([one, other]) = parts.array_windows().find(|[one, other]| one.shard == other.shard) {
        let what = format!("{} and {} are both shard {}", one.name, other.name, one.shard);
        return Err(Error::usage(what, "name the report of each shard once"));
    }
    if let Some((first, other)) = parts
        .first()
        .and_then(|first| Some((first, parts.iter().find(|part| part.shard.count() != first.shard.count())?)))
    {
        let what = format!("{} is shard {}, and {} is shard {}", first.name, first.shard, other.name, other.shard);
        return Err(Error::usage(what, "join the shards of one run"));
    }
    let count = parts.first().map_or(0, |part| part.shard.count());
    let there: BTreeSet<u32> = parts.iter().map(|part| part.shard.number()).collect();
    let missing: Vec<String> =
        (1..=count).filter(|number| !there.contains(number)).map(|n| format!("{n}/{count}")).collect();
    if !missing.is_empty() {
        let what = format!("the report of shard {} is missing", missing.join(", "));
        return Err(Error::usage(what, "name the reports of all shards; one that failed to run has none"));
    }
    Ok(parts)
}

impl Part {
    fn read(report: &Report) -> Result<Self, Error> {
        let name = report.name.clone();
        let body = match serde_json::from_str(&report.text) {
            Ok(Value::Object(body)) => body,
            Ok(_) => return Err(unlike(&name, "it is no report")),
            Err(error) => return Err(unlike(&name, &format!("it is not JSON ({error})"))),
        };
        let shard = body.get("shard").and_then(Value::as_str).and_then(|written| written.parse().ok());
        let shard = shard.ok_or_else(|| unlike(&name, "it is not the report of a shard"))?;
        Ok(Self { name, shard, body })
    }

    fn text(&self, key: &str) -> Result<&str, Error> {
        self.body.get(key).and_then(Value::as_str).ok_or_else(|| self.lacks(key))
    }

    fn list(&self, key: &str) -> Result<&[Value], Error> {
        self.body.get(key).and_then(Value::as_array).map(Vec::as_slice).ok_or_else(|| self.lacks(key))
    }

    /// The values of a list that are text.
    fn texts(&self, key: &str) -> Result<Vec<&str>, Error> {
        self.list(key)?.iter().map(|value| value.as_str().ok_or_else(|| self.lacks(key))).collect()
    }

    fn lacks(&self, key: &str) -> Error {
        unlike(&self.name, &format!("its `{key}` is not as this version writes it"))
    }
}

fn unlike(name: &str, what: &str) -> Error {
    let cure = "join what `check`, `diff` or `log` of this version printed with `--shard` and `--format json`";
    Error::usage(format!("cannot join {name}: {what}"), cure)
}

/// The report without its lists: what must be the same in every part, `joined` keys and the shard apart.
fn agreed(parts: &[Part], joined: &[&str]) -> Result<Map<String, Value>, Error> {
    let Some(first) = parts.first() else { return Ok(Map::new()) };
    for other in parts {
        let keys: BTreeSet<&String> = first.body.keys().chain(other.body.keys()).collect();
        for key in keys.into_iter().filter(|key| *key != "shard" && !joined.contains(&key.as_str())) {
            if first.body.get(key) != other.body.get(key) {
                let what = format!("{} and {} differ in `{key}`", first.name, other.name);
                return Err(Error::usage(what, "join the shards of one run: of the same trees, for the same day"));
            }
        }
    }
    Ok(first.body.iter().filter(|(key, _)| *key != "shard").map(|(key, value)| (key.clone(), value.clone())).collect())
}

/// The contexts of a list in all parts, by name.
fn contexts(parts: &[Part], key: &str) -> Result<BTreeMap<Name, Map<String, Value>>, Error> {
    let mut all = BTreeMap::new();
    for part in parts {
        for context in part.list(key)? {
            let context = context.as_object().ok_or_else(|| part.lacks(key))?;
            let id = context.get("id").and_then(Value::as_str).ok_or_else(|| part.lacks(key))?;
            let variant = context.get("variant").and_then(Value::as_str).map(str::to_owned);
            if all.insert((id.to_owned(), variant), context.clone()).is_some() {
                return Err(unlike(&part.name, &format!("`{id}` is in another report too")));
            }
        }
    }
    Ok(all)
}

/// The contexts as a list again.
fn listed(contexts: BTreeMap<Name, Map<String, Value>>) -> Value {
    contexts.into_values().map(Value::Object).collect()
}
