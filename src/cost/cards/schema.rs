//! The JSON Schema of a file of cards, from the types that decode it.

use schemars::generate::SchemaSettings;
use serde_json::Value as Json;

use super::written::CardFile;

/// Records that an entry may write in part, because what it is like says the rest.
const PARTIAL: [&str; 5] =
    ["CardFacts", "BlockBoundaryFacts", "BreakpointOnlyFacts", "LongestPrefixFacts", "PrefixUnitsFacts"];

/// The JSON Schema of `prices.yaml`, and of the built-in files, which have the same shape.
pub fn schema() -> Json {
    let mut schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<CardFile>().to_value();
    let definitions = schema.get_mut("$defs").and_then(Json::as_object_mut);
    for (_, record) in definitions.into_iter().flatten().filter(|(name, _)| PARTIAL.contains(&name.as_str())) {
        if let Some(record) = record.as_object_mut() {
            record.remove("required");
        }
    }
    schema
}
