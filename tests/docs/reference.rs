//! The tables of keys in docs/manifest.md and docs/models.md, written from the schemas that are made from the types,
//! the settings in docs/simulator.md, and the rules in docs/bodies.md.

use contexture::audit::readers::Format as LogFormat;
use contexture::cost::cards::Evidence;
use contexture::cost::scenario::all_settings;
use contexture::output::report::text::grouped;
use contexture::output::schema;
use contexture::prompt::bodies::rules::{Rules, rules};
use contexture::syntax::limits::{self, Unit};
use serde_json::{Map, Value};

use crate::{UPDATE, at, pages, text, with_generated};

#[test]
fn the_manifest_page_is_current() {
    let path = at("docs/manifest.md");
    let page = with_generated(&text(&path), "manifest", &Reference::of("manifest").page("A manifest", &[]));
    let manifest = Reference::of("manifest");
    let page = with_generated(&page, "project", &Reference::of("project").page("contexture.yaml", &manifest.names()));
    pages::hold(&path, &page, UPDATE, "docs");
}

#[test]
fn the_page_on_model_cards_is_current() {
    let path = at("docs/models.md");
    let cards = Reference::of("prices");
    let tables: Vec<String> = CARD.iter().map(|(title, name)| cards.keys(title, name)).collect();
    let page = with_generated(&text(&path), "card", &tables.join("\n"));
    pages::hold(&path, &page, UPDATE, "docs");
}

/// The records of a model card, by the key that holds them.
const CARD: [(&str, &str); 14] = [
    ("A card", "CardFacts"),
    ("`window`", "WindowFacts"),
    ("`framing`", "FramingFacts"),
    ("`prices`", "Fact_PriceList"),
    ("`takes`", "Fact_Takes"),
    ("`cache`", "CacheFacts"),
    ("`cache.explicit`, `cache.implicit`", "MechanismFacts"),
    ("`lifetimes`", "Fact_LifetimeFacts"),
    ("`block_boundary`", "BlockBoundaryFacts"),
    ("`breakpoint_only`", "BreakpointOnlyFacts"),
    ("`longest_prefix`", "LongestPrefixFacts"),
    ("`prefix_units`", "PrefixUnitsFacts"),
    ("`whole_object`", "WholeObjectFacts"),
    ("`invalidation.SETTING`", "Fact_InvalidationFacts"),
];

#[test]
fn the_rules_of_request_bodies_are_current() {
    let path = at("docs/bodies.md");
    let Rules { sources, rules, settings, elsewhere, schemas } = rules();
    let read = |keys: &[String]| {
        let link = |key: &String| {
            let part = |name: &str| sources[key][name].as_str().unwrap_or_default();
            format!("[{}]({}), {}", part("title"), part("url"), part("date"))
        };
        keys.iter().map(link).collect::<Vec<_>>().join("; ")
    };
    let plain = |says: &str| says.replace("{model}", "it").replace("{body}", "its format").replace('|', "\\|");
    let mut table =
        "| rule | bodies | models | reaction | what is said | source |\n|---|---|---|---|---|---|\n".to_owned();
    for rule in rules {
        let (bodies, read) = (rule.bodies.join("`, `"), read(&rule.source));
        let says = plain(&rule.says);
        table.push_str(&format!(
            "| `{}` | `{bodies}` | {} | {} | {says} | {read} |\n",
            rule.code, rule.models, rule.reaction
        ));
    }
    let page = with_generated(&text(&path), "rules", &table);
    let mut table = "| setting | bodies | value | source |\n|---|---|---|---|\n".to_owned();
    for values in settings {
        let (of, bodies) = (values.of.join("`, `"), values.bodies.join("`, `"));
        table.push_str(&format!("| `{of}` | `{bodies}` | {} | {} |\n", values.words(), read(&values.source)));
    }
    let page = with_generated(&page, "setting-values", &table);
    let mut table = "| what | bodies | is said | what happens | source |\n|---|---|---|---|---|\n".to_owned();
    for one in elsewhere {
        let bodies = if one.bodies.len() >= 5 || one.bodies.is_empty() {
            "all".to_owned()
        } else {
            format!("`{}`", one.bodies.join("`, `"))
        };
        let said = one.code.as_ref().map_or_else(|| "-".to_owned(), |code| format!("`{code}`"));
        table.push_str(&format!("| {} | {bodies} | {said} | {} | {} |\n", one.what, one.does, read(&one.source)));
    }
    let page = with_generated(&page, "elsewhere", &table);
    let mut table = "| | keywords | formats | also | source |\n|---|---|---|---|---|\n".to_owned();
    for (name, taken) in schemas {
        let words = |words: &[String]| words.join(" ");
        let flags = [
            (taken.closed, "every object closed"),
            (taken.all_required, "every property required"),
            (taken.root_object, "the root a plain object"),
            (taken.plain_pattern, "`pattern` without look-around and `\\b`"),
            (!taken.min_items.is_empty(), "`minItems` 0 or 1"),
            (!taken.recursion, "no recursion"),
            (!taken.ref_siblings, "nothing beside `$ref`"),
        ];
        let mut also: Vec<String> = flags.iter().filter(|(is, _)| *is).map(|(_, what)| (*what).to_owned()).collect();
        also.extend(taken.limits.iter().map(|(what, most)| format!("{most} {} at most", what.replace('_', " "))));
        let (keywords, formats) = (words(&taken.keywords), words(&taken.formats));
        let (also, read) = (also.join("; "), read(&taken.source));
        table.push_str(&format!("| {name} | `{keywords}` | `{formats}` | {also} | {read} |\n").replace("``", "any"));
    }
    pages::hold(&path, &with_generated(&page, "schemas", &table), UPDATE, "docs");
}

#[test]
fn the_settings_of_a_scenario_are_current() {
    let path = at("docs/simulator.md");
    let mut table = "| setting | of | what it replaces |\n|---|---|---|\n".to_owned();
    for (owner, setting) in all_settings().filter(|(_, setting)| !setting.names.is_empty()) {
        let what: Vec<&str> = setting.what.iter().map(|line| line.trim()).collect();
        table.push_str(&format!("| `{}` | {owner} | {} |\n", setting.names.join("`, `"), what.join(" ")));
    }
    pages::hold(&path, &with_generated(&text(&path), "settings", &table), UPDATE, "docs");
}

#[test]
fn the_formats_of_usage_logs_are_listed() {
    let path = at("docs/audit.md");
    let mut table = "| format | how its usage is read | what it cannot say |\n|---|---|---|\n".to_owned();
    for format in LogFormat::ALL {
        let (reading, unknown) = format.reading();
        table.push_str(&format!("| `{}` | {reading} | {unknown} |\n", format.as_str()));
    }
    pages::hold(&path, &with_generated(&text(&path), "formats", &table), UPDATE, "docs");
}

#[test]
fn the_limits_are_listed() {
    let path = at("docs/limits.md");
    let mut table = "| limit | most | of |\n|---|---:|---|\n".to_owned();
    for limit in limits::ALL {
        let most = match limit.most {
            most if limit.unit == Unit::Bytes && most.is_multiple_of(1 << 20) => format!("{} MiB", most >> 20),
            most if limit.unit == Unit::Bytes => format!("{} bytes", grouped(most)),
            most => grouped(most),
        };
        table.push_str(&format!("| `{}` | {most} | {} |\n", limit.name, limit.what.trim().trim_end_matches('.')));
    }
    pages::hold(&path, &with_generated(&text(&path), "limits", &table), UPDATE, "docs");
}

/// A schema and the records that it is made of.
struct Reference {
    root: Value,
}

/// Records whose keys stand where they are used.
const WITHIN: [&str; 2] = ["Block", "History"];

impl Reference {
    fn of(name: &str) -> Self {
        Self { root: serde_json::from_str(&schema::of(name).expect("a schema")).expect("JSON") }
    }

    /// The named records, in the order of their first use.
    fn names(&self) -> Vec<String> {
        self.root["$defs"].as_object().map(|all| all.keys().cloned().collect()).unwrap_or_default()
    }

    fn definition(&self, name: &str) -> &Value {
        &self.root["$defs"][name]
    }

    /// A table for the root, then one for each record that is not in `known`.
    fn page(&self, title: &str, known: &[String]) -> String {
        let mut page = self.table(title, &self.root);
        for name in self.names().iter().filter(|name| !known.contains(name) && !WITHIN.contains(&name.as_str())) {
            let definition = self.definition(name);
            if definition.get("properties").is_some() {
                page.push_str(&format!("\n{}", self.table(&self.title(name), definition)));
            }
        }
        page
    }

    /// How a record is called: the path of the key that holds it.
    fn title(&self, name: &str) -> String {
        let key = match name {
            "BlockFields" => "A block",
            "Input" => "`inputs.NAME`",
            "Pick" => "`pick`",
            "Mapping" => "`map`",
            "Output" => "`output`",
            "Cache" => "`cache`",
            "Traffic" => "`traffic`",
            "Budgets" => "`budgets`",
            "CostPerCall" => "`budgets.cost_per_call`",
            "Eval" => "`eval`",
            "Gates" => "`eval.gates`",
            "Judge" => "`eval.judge`",
            "Labels" => "`label`, in `eval.score`",
            "Tolerance" => "`number`, in `eval.score`",
            other => panic!("`{other}` is a new record: give it a title in tests/docs/reference.rs"),
        };
        key.to_owned()
    }

    fn table(&self, title: &str, record: &Value) -> String {
        let mut table = format!("### {title}\n\n{}\n\n| key | takes | what |\n|---|---|---|\n", prose(record));
        let mut words = String::new();
        let required: Vec<&Value> = record["required"].as_array().into_iter().flatten().collect();
        for (key, property) in record["properties"].as_object().into_iter().flatten() {
            let must = if required.contains(&&Value::from(key.as_str())) { " **Required.**" } else { "" };
            table.push_str(&format!("| `{key}` | {} | {}{must} |\n", self.takes(property), prose(property)));
            words.push_str(&self.words(key, property, lowered));
        }
        format!("{table}{words}")
    }

    /// The keys of a record of a card, those of its evidence left out, and the words that they take.
    fn keys(&self, title: &str, name: &str) -> String {
        let record = self.definition(name);
        let mut table = format!("**{title}.** {}\n\n| key | holds |\n|---|---|\n", prose(record));
        let mut words = String::new();
        for (key, property) in record["properties"].as_object().expect("a record") {
            if !Evidence::KEYS.contains(&key.as_str()) || name == "CardFacts" {
                table.push_str(&format!("| `{key}` | {} |\n", prose(property)));
                words.push_str(&self.words(key, &self.value(property), str::to_owned));
            }
        }
        format!("{table}{words}")
    }

    /// The schema of a fact's value, without its evidence and history.
    fn value(&self, schema: &Value) -> Value {
        match (schema["$ref"].as_str(), &schema["anyOf"][0], &schema["items"]) {
            (Some(name), ..) => self.value(self.definition(name.trim_start_matches("#/$defs/"))),
            (None, Value::Null, Value::Null) => schema.clone(),
            (None, Value::Null, items) => self.value(items),
            (None, first, _) => self.value(first),
        }
    }

    /// The words that a key takes, each with what it means, as `told` writes it.
    fn words(&self, key: &str, property: &Value, told: fn(&str) -> String) -> String {
        let Some(words) = self.resolved(property)["oneOf"].as_array().cloned() else { return String::new() };
        let explained =
            |word: &Value| format!("`{}` ({})", plain(&word["const"]), told(prose(word).trim_end_matches('.')));
        format!("\n`{key}`: {}.\n", words.iter().map(explained).collect::<Vec<_>>().join(", "))
    }

    /// The definition behind a reference, null alternatives left out.
    fn resolved(&self, schema: &Value) -> Value {
        let schema = without_null(schema);
        match schema["$ref"].as_str() {
            Some(reference) => self.definition(reference.trim_start_matches("#/$defs/")).clone(),
            None => schema,
        }
    }

    /// What a key takes, in words.
    fn takes(&self, schema: &Value) -> String {
        let schema = without_null(schema);
        if let Some(words) = quantity(&schema) {
            return words.to_owned();
        }
        if let Some(reference) = schema["$ref"].as_str() {
            let name = reference.trim_start_matches("#/$defs/");
            let definition = self.definition(name);
            return match name {
                "Block" => "a block".to_owned(),
                "History" => format!("{}, or `{{tokens, name}}`", self.takes(&definition["anyOf"][0])),
                "CacheMark" => "`true`, `never`, or a lifetime".to_owned(),
                "HitRate" => "`auto`, or a share".to_owned(),
                _ if definition.get("oneOf").is_some() => {
                    let words = definition["oneOf"].as_array().into_iter().flatten();
                    words.map(|word| format!("`{}`", plain(&word["const"]))).collect::<Vec<_>>().join(", ")
                }
                _ => format!("a map: {}", link(&self.title(name))),
            };
        }
        if let Some(words) = schema["anyOf"][0]["enum"].as_array() {
            let words: Vec<String> = words.iter().map(|word| format!("`{}`", plain(word))).collect();
            return format!("{}, each as a word or as a map", words.join(", "));
        }
        if let Some([one, many]) = schema["anyOf"].as_array().map(Vec::as_slice)
            && many["items"] == *one
        {
            return format!("{}, or a list", self.takes(one));
        }
        match schema["type"].as_str() {
            Some("string") => "text".to_owned(),
            Some("boolean") => "`true`, `false`".to_owned(),
            Some("integer") => "a whole number".to_owned(),
            Some("number") => "a number".to_owned(),
            Some("array") => format!("a list of {}", plural(&self.takes(&schema["items"]))),
            Some("object") => match &schema["additionalProperties"] {
                Value::Bool(true) => "a map".to_owned(),
                values => format!("a map of {}", plural(&self.takes(values))),
            },
            None => "anything".to_owned(),
            Some(_) => panic!("no words for {schema}: give it some in tests/docs/reference.rs"),
        }
    }
}

/// What the written forms of quantities are called.
fn quantity(schema: &Value) -> Option<&'static str> {
    let pattern = schema["pattern"].as_str().or_else(|| schema["anyOf"][1]["pattern"].as_str())?;
    Some(match pattern {
        pattern if pattern.ends_with("/(month|day|hour)$") => "a rate: `1.5M/month`, `50/day`, `2k/hour`",
        pattern if pattern.ends_with("?s)$") => "a time: `2s`, `800ms`",
        pattern if pattern.ends_with("[smhd]$") => "a lifetime: `5m`, `1h`, `24h`",
        pattern if pattern.ends_with("[kKMGB])$") => "a count: `600`, `60k`, `1.5M`",
        pattern if pattern.contains("\\$?") => "US dollars: `$0.02`, `$20_000`",
        pattern if pattern.contains("%?") => "a share: `90%`, `0.9`",
        pattern => panic!("no words for the pattern {pattern}: give it some in tests/docs/reference.rs"),
    })
}

/// A schema less the alternative that it may be null.
fn without_null(schema: &Value) -> Value {
    let Some(map) = schema.as_object() else { return schema.clone() };
    let mut map: Map<String, Value> = map.clone();
    map.remove("description");
    if let Some(kinds) = map.get("type").and_then(Value::as_array) {
        let kinds: Vec<Value> = kinds.iter().filter(|kind| **kind != "null").cloned().collect();
        if let [only] = kinds.as_slice() {
            map.insert("type".to_owned(), only.clone());
        }
    }
    if let Some(choices) = map.get("anyOf").and_then(Value::as_array) {
        let choices: Vec<Value> = choices.iter().filter(|choice| choice["type"] != "null").cloned().collect();
        match choices.as_slice() {
            [only] => return only.clone(),
            _ => map.insert("anyOf".to_owned(), choices.into()),
        };
    }
    Value::Object(map)
}

fn prose(schema: &Value) -> String {
    schema["description"].as_str().unwrap_or_default().replace('|', "\\|")
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn lowered(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

fn plural(thing: &str) -> String {
    match thing {
        "text" => "texts".to_owned(),
        "a block" => "blocks".to_owned(),
        words if words.starts_with('`') => format!("words: {words}"),
        map => map.trim_start_matches("a map: ").to_owned(),
    }
}

/// A link to the section of that title.
fn link(title: &str) -> String {
    let anchor: String =
        title.to_lowercase().chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '_')).collect();
    format!("[{title}](#{})", anchor.replace(' ', "-"))
}
