//! JSON Schemas as each provider takes them: which keywords it knows, and what is done with the others.
//!
//! What a dialect of JSON Schema takes is data (`schemas` in `rules.yaml`). Claude's answers are rewritten as
//! Anthropic's SDK does; OpenAI's are sent as guidance where its strict mode would refuse them; Gemini's are sent with a
//! warning. Each is said.

mod misfits;
mod transform;

use serde::Deserialize;
use serde_json::{Map, Value};

use self::misfits::{Misfit, Sizes};
use super::outline::ToolDefinition;
use super::rules::rules;
use super::writer::BodyWriter;
use super::{Dialect, Finding, Place, Prompt, Reaction};

/// What a dialect of JSON Schema takes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SchemaDialect {
    /// The keywords that it knows.
    pub keywords: Vec<String>,
    /// The values of `format`; without any, all.
    pub formats: Vec<String>,
    /// Whether objects have to say `additionalProperties: false`.
    pub closed: bool,
    /// Whether every property has to be required.
    pub all_required: bool,
    /// Whether every schema has to have a type, a union, a reference or values.
    pub typed: bool,
    /// Whether the root has to be a plain object.
    pub root_object: bool,
    /// Whether `enum` takes plain values only.
    pub plain_enum: bool,
    /// Whether `pattern` takes neither look-around nor word boundaries.
    pub plain_pattern: bool,
    /// The values of `minItems`; without any, all.
    pub min_items: Vec<u64>,
    /// Whether a schema may refer to itself.
    pub recursion: bool,
    /// Whether keywords may stand beside `$ref`.
    pub ref_siblings: bool,
    /// The largest sizes, of all schemas of a request together.
    pub limits: Map<String, Value>,
    /// Where this was read.
    pub source: Vec<String>,
}

impl Default for SchemaDialect {
    fn default() -> Self {
        Self {
            keywords: Vec::new(),
            formats: Vec::new(),
            closed: false,
            all_required: false,
            typed: false,
            root_object: false,
            plain_enum: false,
            plain_pattern: false,
            min_items: Vec::new(),
            recursion: true,
            ref_siblings: true,
            limits: Map::new(),
            source: Vec::new(),
        }
    }
}

/// The name as the API takes it: up to 64 letters, digits, `_` and `-`; `_` for anything else.
pub(super) fn plain_name(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
    let name: String = name.chars().map(plain).take(64).collect();
    if name.is_empty() { "answer".to_owned() } else { name }
}

/// The dialect of JSON Schema that a body is written in, where it is known.
fn dialect_of(prompt: &Prompt, dialect: Dialect) -> Option<(&'static str, &'static SchemaDialect)> {
    let name = match dialect {
        Dialect::Messages => "claude",
        Dialect::Converse if prompt.vendor == "Anthropic" => "claude",
        Dialect::Responses | Dialect::Chat => "openai",
        Dialect::Generate => "gemini",
        Dialect::Cached | Dialect::Converse => return None,
    };
    rules().schemas.get(name).map(|known| (name, known))
}

/// The schema of answers as the body takes it, and whether it is strict; what is done with it is said.
pub(super) fn answer(prompt: &Prompt, dialect: Dialect, writer: &mut BodyWriter) -> Option<(Value, bool)> {
    let schema = prompt.schema?;
    let Some((name, known)) = dialect_of(prompt, dialect) else { return Some((schema.clone(), true)) };
    let misfits = known.misfits(schema);
    if misfits.is_empty() {
        return Some((schema.clone(), true));
    }
    let list = listed(&misfits);
    let at = |pointer: &str| Place::Schema(pointer.to_owned());
    let first = misfits.first().map_or_else(|| at(""), |misfit| at(&misfit.pointer));
    let warning = |code, message: String, hint: &str| {
        Finding::new(code, message, hint).with_reaction(Reaction::Warning).at(first)
    };
    match name {
        "claude" => match transform::transform(schema, "") {
            Ok(rewritten) => {
                let left = known.misfits(&rewritten);
                left.iter()
                    .for_each(|misfit| writer.fault(misfit.refused("answer-schema", "Claude", at(&misfit.pointer))));
                if left.is_empty() {
                    let message = format!(
                        "the schema of answers is rewritten as `anthropic.transform_schema` does, because Claude takes it \
                         otherwise: {list}; what is left out goes into the descriptions"
                    );
                    writer.fault(warning(
                        "rewritten-schema",
                        message,
                        "write the schema without them, or rely on the descriptions",
                    ));
                }
                return Some((rewritten, true));
            }
            Err(misfit) => writer.fault(misfit.refused("answer-schema", "Claude", at(&misfit.pointer))),
        },
        "openai" => {
            let message = format!("answers are not held strictly to their schema, because strict mode refuses {list}");
            writer.fault(warning(
                "strict-given-up",
                message,
                "close every object, require every property (optional: a union with null), and leave out the rest",
            ));
        }
        _ => {
            let message = format!("Gemini ignores or refuses in the schema of answers: {list}");
            writer.fault(warning("loose-schema", message, "say it in a `description` instead"));
        }
    }
    Some((schema.clone(), false))
}

/// Holds the arguments of strict tools against the dialect, and the sizes of all strict schemas together.
pub(super) fn check_strict(
    prompt: &Prompt,
    dialect: Dialect,
    tools: &[ToolDefinition],
    answer: Option<&Value>,
    writer: &mut BodyWriter,
) {
    let Some((name, known)) = dialect_of(prompt, dialect).filter(|(name, _)| *name != "gemini") else { return };
    let vendor = if name == "claude" { "Claude" } else { "OpenAI" };
    let mut sizes = answer.map(Sizes::of).unwrap_or_default();
    for tool in tools.iter().filter(|tool| tool.strict == Some(true)) {
        let schema = Value::Object(tool.input_schema.clone());
        for misfit in known.misfits(&schema) {
            let place = Place::Segment(tool.segment, format!("/input_schema{}", misfit.pointer));
            writer.fault(misfit.refused(
                "strict-tool",
                &format!("{vendor}, in the strict tool `{}`,", tool.name),
                place,
            ));
        }
        sizes = sizes.with(Sizes::of(&schema));
    }
    for (what, size, limit) in sizes.over(&known.limits) {
        let message = format!("the strict schemas of the request have {size} {what}, and {vendor} takes {limit}");
        writer.fault(
            Finding::new("schema-size", message, "make them smaller, or leave `strict` out")
                .with_reaction(Reaction::Refusal),
        );
    }
}

/// The first misfits in words, and how many more there are.
fn listed(misfits: &[Misfit]) -> String {
    let mut words: Vec<String> = misfits.iter().take(4).map(Misfit::to_string).collect();
    if misfits.len() > words.len() {
        words.push(format!("{} more", misfits.len() - words.len()));
    }
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_plain() {
        assert_eq!(plain_name("triage.v2/é x"), "triage_v2___x");
        assert_eq!(plain_name(""), "answer");
        assert_eq!(plain_name(&"x".repeat(80)).len(), 64);
    }
}
