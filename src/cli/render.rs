//! `contexture render`: one prompt, or one request body, to stdout.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::path::Path;
use std::sync::Arc;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::cost::cards::Date;
use crate::output::report::inert;
use crate::pipeline::bodies::{Bodies, bodies};
use crate::pipeline::{Build, BuildResult, Request, build_all};
use crate::prompt::bodies::{Dialect, fill};
use crate::prompt::segment::{Region, Segment};
use crate::prompt::transcript::transcript;
use crate::syntax::diag::Diagnostic;
use crate::syntax::error::{Error, Failure};

use super::session::Session;
use super::{LockArguments, TreeArguments, Verdict};

/// Print one prompt, or one request body, to stdout.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A context, ID or ID@VARIANT
    #[arg(value_name = "ID")]
    id: String,
    /// Print the request body for this model instead of the transcript
    #[arg(long, value_name = "MODEL")]
    model: Option<String>,
    /// Which body, for a model that takes several [default: its first]
    #[arg(long, value_parser = dialects(), value_name = "DIALECT", requires = "model")]
    dialect: Option<Dialect>,
    /// Fill an input: NAME=VALUE, or NAME=@FILE
    #[arg(long = "input", value_name = "NAME=VALUE")]
    inputs: Vec<String>,
    #[command(flatten)]
    tree: TreeArguments,
    #[command(flatten)]
    lock: LockArguments,
    /// Prices and rules as of this day [default: the day of the commit]
    #[arg(long, value_name = "YYYY-MM-DD")]
    as_of: Option<Date>,
}

/// The formats of request bodies, by name.
fn dialects() -> impl TypedValueParser<Value = Dialect> {
    let named = |name: String| Dialect::ALL.into_iter().find(|dialect| dialect.as_str() == name);
    PossibleValuesParser::new(Dialect::ALL.map(Dialect::as_str)).try_map(move |name| named(name).ok_or("no dialect"))
}

pub(super) fn run(arguments: Arguments, session: &Session) -> Result<Verdict, Failure> {
    let Arguments { id, model, dialect, inputs, tree, lock, as_of } = arguments;
    let workspace = session.workspace()?;
    let tree = session.tree(&workspace, &tree)?;
    let models = model.iter().cloned().collect();
    let attempts = build_all(tree.as_ref(), &Request { contexts: vec![id], as_of, models, ..Request::default() })?;
    if let Some(verdict) = super::lock::refused(lock, tree.as_ref(), &attempts, session)? {
        return Ok(verdict);
    }
    let build = only(attempts)?;
    let values = values(session, &inputs, &build)?;
    let text = match build.models.first().filter(|_| model.is_some()) {
        None => {
            let mut segments = build.segments.clone();
            fill::segments(&mut segments, &values);
            transcript(&segments)
        }
        Some(model) => {
            let Bodies { made, findings } = bodies(&build, model)?;
            let wanted = |body: &str| dialect.is_none_or(|dialect| dialect.file_name(&model.name) == body);
            session.warnings(&findings.diagnostics().cloned().collect::<Vec<_>>());
            let found = made.into_iter().find(|(name, _)| wanted(name));
            if found.is_none() && findings.left_out.iter().any(|left_out| wanted(&left_out.body)) {
                return Ok(Verdict::No);
            }
            let Some((_, mut body)) = found else {
                return Err(Error::usage(
                    format!("`{}` has no body of that dialect", model.name),
                    "leave out --dialect to print its first",
                )
                .into());
            };
            fill::body(&mut body, &values);
            body.to_text()
        }
    };
    // A program gets the bytes; a terminal would obey some of them.
    let shown = if std::io::stdout().is_terminal() { inert::terminal(&text) } else { text };
    session.print_raw(shown.as_bytes())?;
    session.warnings(&build.warnings);
    session.warnings(&samples(&build, &values, model.is_some()));
    Ok(Verdict::Yes)
}

/// What is to be said of regions: their samples are those of the examples, whatever inputs are given here, and in a body
/// nothing shows them.
fn samples(build: &Build, values: &BTreeMap<String, String>, is_body: bool) -> Vec<Diagnostic> {
    let regions = build.segments.iter().filter_map(|segment| Some((segment, segment.region()?)));
    let warning = |(segment, region): (&Segment, &Region)| {
        let given = region.needs.iter().find(|name| values.contains_key(*name));
        let needs = region.needs.join("`, `");
        let message = match given {
            Some(name) => format!("`{name}` decides in {}, where the sample for its `example` stays", segment.id),
            None => format!("{} is a sample: what stands there depends on `{needs}`", segment.id),
        };
        let hint = "give the input another `example`, in a variant for instance";
        (given.is_some() || is_body)
            .then(|| Diagnostic::warning("sample", message).at(&segment.origin.block).hint(hint))
    };
    regions.filter_map(warning).collect()
}

/// The one build that was asked for, or its faults.
pub(super) fn only(attempts: Vec<BuildResult>) -> Result<Arc<Build>, Failure> {
    let mut attempts = attempts;
    match (attempts.pop(), attempts.len()) {
        (Some(attempt), 0) => Ok(attempt.result?),
        (Some(last), more) => {
            let cure = format!("name one of them, such as `{}`", last.id);
            Err(Error::usage(format!("that names {} contexts", more + 1), cure).into())
        }
        (None, _) => Err(Error::usage("that names no context", "`contexture list` shows every context").into()),
    }
}

/// The inputs of the command line, by name.
fn values(session: &Session, written: &[String], build: &Build) -> Result<BTreeMap<String, String>, Error> {
    let mut values = BTreeMap::new();
    for pair in written {
        let Some((name, value)) = pair.split_once('=') else {
            return Err(Error::usage(format!("`{pair}` is no NAME=VALUE"), "write --input ticket=@ticket.txt"));
        };
        if build.plan.manifest.inputs.get(name).is_none() {
            let known = build.plan.manifest.inputs.iter().map(|(key, _)| &*key.text);
            let cure = crate::syntax::diag::did_you_mean(name, known)
                .unwrap_or_else(|| "inputs are declared below `inputs:`".to_owned());
            return Err(Error::usage(format!("`{}` has no input `{name}`", build.id), cure));
        }
        let value = match value.strip_prefix('@') {
            Some(path) => session.text_of(Path::new(path))?,
            None => value.to_owned(),
        };
        values.insert(name.to_owned(), value);
    }
    Ok(values)
}
