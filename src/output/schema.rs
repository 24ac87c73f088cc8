//! JSON Schemas, made from the types.

use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};

use crate::audit::Audit;
use crate::audit::trace::TraceReport;
use crate::cost::cards;
use crate::cost::scenario::{Report as SimulationReport, Scenario};
use crate::evaluate::advice::Advice;
use crate::output::bundle::BundleRecord;
use crate::output::page::Page;
use crate::output::report::blame::BlameReport;
use crate::output::report::break_even::BreakEvenReport;
use crate::output::report::build::BuildReport;
use crate::output::report::count::{CountReport, RemoteReport};
use crate::output::report::diff::{CompareReport, DiffReport};
use crate::output::report::eval::EvalReport;
use crate::output::report::explain::ExplainReport;
use crate::output::report::list::ListReport;
use crate::output::report::log::LogReport;
use crate::output::report::models::ModelsReport;
use crate::output::report::top::TopReport;
use crate::output::report::watch::WatchReport;
use crate::syntax::manifest::{Manifest, ProjectFile};

/// A schema's name, what it describes, and its text.
pub type Schema = (&'static str, &'static str, fn() -> String);

/// Every schema: its name, what it describes, and how it is made.
pub const SCHEMAS: [Schema; 24] = [
    ("manifest", "a manifest: contexts/**.yaml", || schema::<Manifest>(Reads::Written)),
    ("project", "the project file: contexture.yaml", || schema::<ProjectFile>(Reads::Written)),
    ("prices", "model cards: prices.yaml", || printed(&cards::schema())),
    ("scenario", "a scenario of simulate", || schema::<Scenario>(Reads::Written)),
    ("bundle", "bundle.json", || schema::<BundleRecord>(Reads::Printed)),
    ("build", "the output of build and check with --format json", || schema::<BuildReport>(Reads::Printed)),
    ("compare", "the output of compare --format json", || schema::<CompareReport>(Reads::Printed)),
    ("top", "the output of top --format json", || schema::<TopReport>(Reads::Printed)),
    ("page", "what a page in HTML holds, and page.json of a served one", || schema::<Page>(Reads::Printed)),
    ("list", "the output of list --format json", || schema::<ListReport>(Reads::Printed)),
    ("diff", "the output of diff --format json", || schema::<DiffReport>(Reads::Printed)),
    ("eval", "the output of eval --format json", || schema::<EvalReport>(Reads::Printed)),
    ("advise", "the output of advise --format json", || schema::<Advice>(Reads::Printed)),
    ("explain", "the output of explain --format json", || schema::<ExplainReport>(Reads::Printed)),
    ("log", "the output of log --format json", || schema::<LogReport>(Reads::Printed)),
    ("blame", "the output of blame --format json", || schema::<BlameReport>(Reads::Printed)),
    ("count", "the output of count --format json", || schema::<CountReport>(Reads::Printed)),
    ("count-remote", "the output of count --remote --format json", || schema::<RemoteReport>(Reads::Printed)),
    ("break-even", "the output of break-even --format json", || schema::<BreakEvenReport>(Reads::Printed)),
    ("audit", "the output of audit --format json", || schema::<Audit>(Reads::Printed)),
    ("models", "the output of models --format json", || schema::<ModelsReport>(Reads::Printed)),
    ("watch", "a line of the output of watch --format json", || schema::<WatchReport>(Reads::Printed)),
    ("trace", "the output of simulate --trace with --format json", || schema::<TraceReport>(Reads::Printed)),
    ("simulation", "the output of simulate --format json", || schema::<SimulationReport>(Reads::Printed)),
];

/// The schema of that name as JSON with a final line break.
pub fn of(name: &str) -> Option<String> {
    SCHEMAS.iter().find(|(own, ..)| *own == name).map(|(_, _, made)| made())
}

/// Whether people write the document or the tool prints it.
enum Reads {
    Written,
    Printed,
}

fn schema<T: JsonSchema>(reads: Reads) -> String {
    let settings = SchemaSettings::draft2020_12();
    let settings = match reads {
        Reads::Written => settings.for_deserialize(),
        Reads::Printed => settings.for_serialize(),
    };
    printed(&SchemaGenerator::new(settings).into_root_schema_for::<T>())
}

/// Two blanks an indent, with a final line break.
fn printed(schema: &impl serde::Serialize) -> String {
    // A schema is plain data with text keys, which serialises to memory without fail.
    serde_json::to_string_pretty(schema).unwrap_or_default() + "\n"
}
