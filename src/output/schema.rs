//! JSON Schemas, made from the types.

use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};

use crate::cost::cards;
use crate::cost::scenario::{Report as SimulationReport, Scenario};
use crate::output::bundle::BundleRecord;
use crate::output::page::Page;
use crate::output::report::blame::BlameReport;
use crate::output::report::break_even::BreakEvenReport;
use crate::output::report::build::BuildReport;
use crate::output::report::count::CountReport;
use crate::output::report::diff::DiffReport;
use crate::output::report::explain::ExplainReport;
use crate::output::report::list::ListReport;
use crate::output::report::log::LogReport;
use crate::output::report::models::ModelsReport;
use crate::output::report::watch::WatchReport;
use crate::syntax::manifest::{Manifest, ProjectFile};

/// Every schema: its name, and what it describes.
pub const NAMES: [(&str, &str); 17] = [
    ("manifest", "a manifest: contexts/**.yaml"),
    ("project", "the project file: contexture.yaml"),
    ("prices", "model cards: prices.yaml"),
    ("scenario", "a scenario of simulate"),
    ("bundle", "bundle.json"),
    ("build", "the output of build and check with --format json"),
    ("page", "what a page in HTML holds, and page.json of a served one"),
    ("list", "the output of list --format json"),
    ("diff", "the output of diff --format json"),
    ("explain", "the output of explain --format json"),
    ("log", "the output of log --format json"),
    ("blame", "the output of blame --format json"),
    ("count", "the output of count --format json"),
    ("break-even", "the output of break-even --format json"),
    ("models", "the output of models --format json"),
    ("watch", "a line of the output of watch --format json"),
    ("simulation", "the output of simulate --format json"),
];

/// The schema of that name as JSON with a final line break.
pub fn of(name: &str) -> Option<String> {
    Some(match name {
        "manifest" => schema::<Manifest>(Reads::Written),
        "project" => schema::<ProjectFile>(Reads::Written),
        "prices" => printed(&cards::schema()),
        "scenario" => schema::<Scenario>(Reads::Written),
        "bundle" => schema::<BundleRecord>(Reads::Printed),
        "build" => schema::<BuildReport>(Reads::Printed),
        "page" => schema::<Page>(Reads::Printed),
        "list" => schema::<ListReport>(Reads::Printed),
        "diff" => schema::<DiffReport>(Reads::Printed),
        "explain" => schema::<ExplainReport>(Reads::Printed),
        "log" => schema::<LogReport>(Reads::Printed),
        "blame" => schema::<BlameReport>(Reads::Printed),
        "count" => schema::<CountReport>(Reads::Printed),
        "break-even" => schema::<BreakEvenReport>(Reads::Printed),
        "models" => schema::<ModelsReport>(Reads::Printed),
        "watch" => schema::<WatchReport>(Reads::Printed),
        "simulation" => schema::<SimulationReport>(Reads::Printed),
        _ => return None,
    })
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
