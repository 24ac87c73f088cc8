//! Prompty, Microsoft's format of a prompt in one file: a YAML head, and a template in Jinja whose lines `system:` and
//! `user:` say its turns. Both generations are read, <https://github.com/microsoft/prompty/blob/main/spec/spec.md> and
//! the one before it, which PyPI's prompty 0.1 reads: they are told apart by the keys of the head.
//!
//! Lines that say who speaks are looked for in what the template writes, and never in a value.

mod turns;

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use super::data::node;
use super::jinja;
use super::layer::{Layer, list};
use super::request::{Dialect, definitions};
use super::{Definition, Foreign};
use crate::syntax::decode::Text;
use crate::syntax::diag::{Diagnostic, Faults};
use crate::syntax::source::{Source, Span};
use crate::syntax::yaml::{self, Key, Node, Value};
use crate::text::fragment::{Fragment, Reader};

pub use turns::Body;

/// Keys of the head that say nothing to the model.
const FOR_PEOPLE: [&str; 10] =
    ["$schema", "authors", "displayName", "kind", "metadata", "name", "sample", "tags", "template", "version"];

/// Keys of `model.options` and of `model.parameters`, and where their values go.
const OPTIONS: [(&str, &str); 13] = [
    ("allowMultipleToolCalls", "settings.parallel_tool_calls"),
    ("frequencyPenalty", "settings.frequency_penalty"),
    ("maxOutputTokens", "output.max_tokens"),
    ("max_completion_tokens", "output.max_tokens"),
    ("max_tokens", "output.max_tokens"),
    ("presencePenalty", "settings.presence_penalty"),
    ("seed", "settings.seed"),
    ("stop", "settings.stop_sequences"),
    ("stopSequences", "settings.stop_sequences"),
    ("temperature", "settings.temperature"),
    ("topK", "settings.top_k"),
    ("topP", "settings.top_p"),
    ("top_p", "settings.top_p"),
];

/// Reads the file that `written` names.
pub fn open(written: &Text, reader: &Reader, faults: &mut Faults) -> Option<Foreign> {
    let fragment = reader.named(written, false, faults)?;
    let source = &fragment.source;
    let (head, body) = parts(source, faults)?;
    let head = head.map(|head| yaml::parse_range(source, head, faults).ok_or(())).transpose().ok()?;
    let head = head.filter(|head| !matches!(head.value, Value::Null));
    if let Some(head) = head.as_ref().filter(|head| head.as_map().is_none()) {
        let message = format!("the head of a prompt is a map, found {}", head.kind());
        faults.push(Diagnostic::error("wrong-type", message).at(&head.span));
        return None;
    }
    let is_first = head.as_ref().is_some_and(is_first);
    let whole = Span::new(source, body.start, body.end);
    let empty = Layer::new(&whole).done();
    let mut read = Head { fragment: &fragment, layer: Layer::new(&whole), tools: Vec::new(), is_first, faults };
    let (inputs, threads) = read.all(head.as_ref().unwrap_or(&empty));
    let Head { mut layer, tools, .. } = read;
    let mut template = jinja::parse(source, body, faults)?;
    let mut threads = threads;
    // A loop that says who speaks by the values of a list: earlier turns, as the first generation writes them.
    threads.extend(template.loops_to_holes(|text| text.split('\n').any(turns::says_by_value)));
    let is_declared = inputs.is_some();
    let mut inputs = inputs.unwrap_or_else(|| Layer::new(&whole)).done();
    let map = inputs.as_map().cloned().unwrap_or_default();
    let kept = map.iter().filter(|(key, _)| !threads.contains(&*key.text));
    inputs =
        Node::new(Value::Map(Arc::new(kept.map(|(key, node)| (key.clone(), node.clone())).collect())), inputs.span);
    let mut named = Layer::new(&whole);
    for (name, span) in template.names() {
        if threads.contains(name) {
            continue;
        }
        if is_declared && map.get(name).is_none() {
            let message = format!("`{name}` is not in `inputs` of the head, and is taken for an input all the same");
            let warning = Diagnostic::warning("undeclared-input", message).at(&span);
            faults.push(warning.hint("declare it there, or correct the name"));
        }
        named.put(name, Layer::new(&span).done());
    }
    layer.put("inputs", named.done().overlay(&inputs));
    let body = Body { source: source.clone(), template, is_first, threads };
    Some(Foreign { layer: layer.done(), tools, named_tools: Vec::new(), body: super::Body::Prompty(body) })
}

/// The head and the body of a file; without a head all of it is the body.
fn parts(source: &Arc<Source>, faults: &mut Faults) -> Option<(Option<Range<usize>>, Range<usize>)> {
    let all = source.text();
    let rule = |line: &str| matches!(line.trim_end(), "---" | "+++");
    let open = all.len() - all.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}').len();
    if !all[open..].starts_with("---") && !all[open..].starts_with("+++") {
        return Some((None, 0..all.len()));
    }
    let mut fault = |at: usize, message: &str, hint: &str| {
        let fault = Diagnostic::error("front-matter", message).at(&Span::new(source, at, at + 3));
        faults.push(fault.hint(hint));
        None
    };
    let mut lines =
        all[open..].split_inclusive('\n').scan(open, |at, line| Some((std::mem::replace(at, *at + line.len()), line)));
    let Some((_, first)) = lines.next().filter(|(_, line)| rule(line)) else {
        return fault(
            open,
            "Prompty takes this for the beginning of a head",
            "begin with a line `---`, or with another text",
        );
    };
    let Some((close, _)) = lines.find(|(_, line)| rule(line)) else {
        return fault(open, "the head that begins here is not closed by a line `---`", "close it");
    };
    let inner = &all[open + 3..];
    let cut = open + 3 + [inner.find("---"), inner.find("+++")].into_iter().flatten().min().unwrap_or_default();
    if cut != close {
        let message = "Prompty ends the head at the first `---` or `+++`, which is here: the rest of it would be text";
        return fault(cut, message, "write it in another way");
    }
    let body = all.len() - all[close + 3..].trim_start().len();
    if body == all.len() {
        return fault(close, "no text follows the head, and Prompty refuses such a file", "write the prompt behind it");
    }
    Some((Some(open + first.len()..close), body..all.len()))
}

/// Whether a head is of the first generation.
fn is_first(head: &Node) -> bool {
    let model = head.get("model");
    let has = |key: &str| model.is_some_and(|model| model.get(key).is_some());
    let inputs = head.get("inputs").and_then(Node::as_map);
    let is_typed = |node: &Node| node.get("type").is_some() && node.get("kind").is_none();
    head.get("sample").is_some()
        || ["api", "configuration", "parameters", "response"].iter().any(|key| has(key))
        || inputs.is_some_and(|map| map.iter().any(|(_, node)| is_typed(node)))
        || head.get("template").is_some_and(|node| node.get("type").is_some())
}

/// The head while it is read.
struct Head<'h> {
    fragment: &'h Arc<Fragment>,
    layer: Layer,
    tools: Vec<Definition>,
    is_first: bool,
    faults: &'h mut Faults,
}

fn fields(node: &Node) -> impl Iterator<Item = (&Key, &Node)> {
    node.as_map().into_iter().flat_map(|map| map.iter())
}

/// A list of named maps, or a map of them: each name with its place and its value.
fn named(node: &Node) -> Vec<(Arc<str>, &Node)> {
    match &node.value {
        Value::List(items) => {
            items.iter().filter_map(|item| Some((item.get("name")?.as_text()?.clone(), item))).collect()
        }
        _ => fields(node).map(|(key, node)| (key.text.clone(), node)).collect(),
    }
}

impl Head<'_> {
    fn warn(&mut self, code: &'static str, message: String, at: &Span, hint: &str) {
        let warning = Diagnostic::warning(code, message).at(at);
        self.faults.push(if hint.is_empty() { warning } else { warning.hint(hint) });
    }

    fn refuse(&mut self, code: &'static str, message: String, at: &Span, hint: &str) {
        self.faults.push(Diagnostic::error(code, message).at(at).hint(hint));
    }

    fn unmapped(&mut self, key: &Key, of: &str, hint: &str) {
        self.warn("left-out-key", format!("`{}`{of} has no place here and is left out", key.text), &key.span, hint);
    }

    /// The value, unless it comes from somewhere else. What that is, is named and not looked at.
    fn own<'n>(&mut self, key: &str, node: &'n Node) -> Option<&'n Node> {
        let written = node.as_text().map(|text| text.trim());
        let Some(inner) = written.and_then(|text| text.strip_prefix("${")?.strip_suffix('}')) else {
            return Some(node);
        };
        let message = match inner.split_once(':') {
            Some((protocol, rest)) if protocol.eq_ignore_ascii_case("env") => {
                let name = rest.split(':').next().unwrap_or_default();
                format!("`{key}` comes from the environment (`{name}`), which no build reads: it is left out")
            }
            Some((protocol, file)) if protocol.eq_ignore_ascii_case("file") => {
                format!("`{key}` comes from the file `{file}`, which is not followed: it is left out")
            }
            _ => return Some(node),
        };
        self.warn("left-out-value", message, &node.span, "say in the manifest what it is");
        None
    }

    /// Reads all of it. What it says of inputs, if it says anything, and which of them are earlier turns.
    fn all(&mut self, head: &Node) -> (Option<Layer>, BTreeSet<String>) {
        let (mut inputs, mut threads) = (None, BTreeSet::new());
        for (key, value) in fields(head) {
            match &*key.text {
                "model" => self.model(value),
                "description" => self.layer.put("description", value.clone()),
                "inputs" => {
                    let layer = inputs.get_or_insert_with(|| Layer::new(&value.span));
                    self.inputs(value, layer, &mut threads);
                }
                // The first generation does nothing with it.
                "outputs" if self.is_first => {}
                "outputs" => {
                    let schema = object_schema(&named(value), true);
                    self.layer.set("output.schema", node(&schema, &value.span));
                }
                "tools" => self.own("tools", value).into_iter().for_each(|value| self.tools(value)),
                own if FOR_PEOPLE.contains(&own) => {}
                "base" => {
                    let message = "`base` takes what this head does not say from another file, which is not followed";
                    self.warn("left-out-key", message.to_owned(), &key.span, "say it in the manifest");
                }
                _ => self.unmapped(key, "", ""),
            }
        }
        for of in ["inputs", "outputs", "tools"].iter().filter_map(|key| head.get(key)) {
            let Value::List(items) = &of.value else { continue };
            for item in items.iter().filter(|item| item.get("name").and_then(Node::as_text).is_none()) {
                self.warn("left-out-value", "an entry without a `name` is left out".to_owned(), &item.span, "name it");
            }
        }
        // An example is nearer to what is sent than a sample, and that than a default; the last one put stays.
        let sample = head.get("sample").and_then(|node| self.own("sample", node));
        for (key, value) in sample.into_iter().flat_map(fields) {
            let layer = inputs.get_or_insert_with(|| Layer::new(&value.span));
            self.example(layer, &key.text, value);
        }
        for (name, value) in head.get("inputs").map(named).unwrap_or_default() {
            if let (Some(layer), Some(example)) = (inputs.as_mut(), value.get("example")) {
                self.example(layer, &name, example);
            }
        }
        self.template(head.get("template"));
        (inputs, threads)
    }

    fn example(&mut self, layer: &mut Layer, name: &str, value: &Node) {
        let Some(value) = self.own(name, value) else { return };
        let mut own = Layer::new(&value.span);
        own.put("example", value.clone());
        layer.put(name, own.done());
    }

    fn inputs(&mut self, node: &Node, layer: &mut Layer, threads: &mut BTreeSet<String>) {
        for (name, input) in named(node) {
            let mut own = Layer::new(&input.span);
            if input.as_map().is_none() {
                self.example(layer, &name, input);
                continue;
            }
            match input.get("kind").and_then(Node::as_text).map(|kind| &**kind) {
                Some("thread") => {
                    threads.insert(name.to_string());
                    continue;
                }
                Some(kind @ ("image" | "file" | "audio")) => {
                    let message = format!("the input `{name}` is of the kind `{kind}`: only text is supported");
                    let hint = "leave it out, or describe in text what it holds";
                    self.refuse("media-block", message, &input.span, hint);
                }
                _ => {}
            }
            if let Some(description) = input.get("description").filter(|node| node.as_text().is_some()) {
                own.put("description", description.clone());
            }
            layer.put(&name, own.done());
            // What a caller may override is no part of the text: it is the sample.
            input.get("default").into_iter().for_each(|value| self.example(layer, &name, value));
        }
    }

    fn model(&mut self, node: &Node) {
        const HINT: &str = "write it under `settings` of the manifest";
        let Some(node) = self.own("model", node) else { return };
        if node.as_text().is_some() {
            return self.layer.put("models", list([node.clone()], &node.span));
        }
        let configuration = node.get("configuration");
        let ids = ["name", "azure_deployment", "model"];
        let id = node.get("id").or_else(|| ids.iter().find_map(|key| configuration?.get(key)));
        if let Some(id) = id.and_then(|id| self.own("model", id)).filter(|id| id.as_text().is_some()) {
            self.layer.put("models", list([id.clone()], &id.span));
        }
        for (key, value) in fields(node) {
            match &*key.text {
                // How to get to the model is the application's, and holds its secrets.
                "id" | "provider" | "connection" | "configuration" | "response" => {}
                "api" | "apiType" => match value.as_text().map(|api| &**api) {
                    Some("chat" | "responses") | None => {}
                    Some(api) => {
                        let message = format!("`{api}` is no request with turns: only chats are supported");
                        self.refuse("unsupported-prompt", message, &value.span, "leave the file out of `each`");
                    }
                },
                "options" | "parameters" => {
                    let Some(value) = self.own(&key.text, value) else { continue };
                    for (key, value) in fields(value) {
                        let Some(value) = self.own(&key.text, value) else { continue };
                        match (&*key.text, OPTIONS.iter().find(|(own, _)| *own == &*key.text)) {
                            (_, Some((_, path))) => self.layer.set(path, value.clone()),
                            ("additionalProperties", _) => {
                                let mut settings = Layer::new(&key.span);
                                let own = fields(value).filter(|(key, _)| &*key.text != "stream");
                                own.for_each(|(key, value)| settings.put(&key.text, value.clone()));
                                self.layer.put("settings", settings.done());
                            }
                            ("tools", _) if self.is_first => {
                                let mut around = Layer::new(&value.span);
                                around.put("tools", value.clone());
                                for (value, span) in definitions(&around.done(), Dialect::Chat, self.faults) {
                                    self.tools.push(self.definition(value, span));
                                }
                            }
                            ("stream", _) if self.is_first => {}
                            ("response_format", _) if self.is_first => {
                                match value.get("json_schema").and_then(|format| format.get("schema")) {
                                    Some(schema) => self.layer.set("output.schema", schema.clone()),
                                    None => self.unmapped(key, " without a schema", "write `output.schema`"),
                                }
                            }
                            _ if self.is_first => {
                                let mut settings = Layer::new(&key.span);
                                settings.put(&key.text, value.clone());
                                self.layer.put("settings", settings.done());
                            }
                            _ => self.unmapped(key, " of `options`", HINT),
                        }
                    }
                }
                _ => self.unmapped(key, " of `model`", HINT),
            }
        }
    }

    fn definition(&self, value: Json, span: Span) -> Definition {
        Definition { value, span, fragment: self.fragment.clone() }
    }

    fn tools(&mut self, node: &Node) {
        for (name, tool) in named(node) {
            let kind = tool.get("kind").or_else(|| tool.get("type")).and_then(Node::as_text).map_or("", |kind| kind);
            if kind != "function" {
                let message = format!("the tool `{name}` of the kind `{kind}` is defined elsewhere and cannot be kept");
                self.refuse(
                    "bad-tool",
                    message,
                    &tool.span,
                    "only functions are supported: put their definitions under `tools`",
                );
                continue;
            }
            let is_strict = tool.get("strict").is_some_and(|node| matches!(node.value, Value::Bool(true)));
            let bound: Vec<Arc<str>> =
                tool.get("bindings").map(named).unwrap_or_default().into_iter().map(|own| own.0).collect();
            let parameters = tool.get("parameters").map(|node| named(node.get("properties").unwrap_or(node)));
            let mut parameters = parameters.unwrap_or_default();
            parameters.retain(|(name, _)| !bound.contains(name));
            let mut schema = object_schema(&parameters, is_strict);
            if let (Some(map), false) = (schema.as_object_mut(), is_strict) {
                map.shift_remove("additionalProperties");
            }
            let mut value = json!({"name": &*name, "input_schema": schema});
            if let Some(description) = tool.get("description") {
                value["description"] = description.to_json();
            }
            if is_strict {
                value["strict"] = true.into();
            }
            let tool = self.definition(value, tool.span.clone());
            self.tools.push(tool);
        }
    }

    /// Which language the template is in.
    fn template(&mut self, node: Option<&Node>) {
        let Some(node) = node else { return };
        let format = node.get("format").or_else(|| node.get("type")).unwrap_or(node);
        let format = format.get("kind").unwrap_or(format);
        let parser = node.get("parser").map(|parser| parser.get("kind").unwrap_or(parser));
        // The runtime for TypeScript calls the same language by the name of its engine.
        for (node, known) in [(Some(format), ["jinja2", "nunjucks"]), (parser, ["prompty"; 2])] {
            if let Some((node, own)) = node.and_then(|node| Some((node, node.as_text()?)))
                && !matches!(&**own, "" | "*")
                && !known.contains(&&**own)
            {
                let message = format!("`{own}` is not read here: templates are in `{}`", known[0]);
                self.refuse("unsupported-prompt", message, &node.span, "leave the file out of `each`");
            }
        }
    }
}

/// Properties as the schema of an object, as Prompty's own runtime sends them. A strict one requires all, and lets what
/// was not required be null.
fn object_schema(properties: &[(Arc<str>, &Node)], is_strict: bool) -> Json {
    let (mut own, mut required) = (Map::new(), Vec::new());
    for (name, node) in properties {
        let is_required = node.get("required").is_some_and(|node| matches!(node.value, Value::Bool(true)));
        let mut schema = schema(node, is_strict);
        if let (true, false, Some(kind)) = (is_strict, is_required, schema.get("type").cloned()) {
            schema["type"] = json!([kind, "null"]);
            if let Some(Json::Array(values)) = schema.get_mut("enum") {
                values.push(Json::Null);
            }
        }
        own.insert(name.to_string(), schema);
        if is_strict || is_required {
            required.push(name.to_string());
        }
    }
    let mut schema = json!({"type": "object", "properties": own});
    if !required.is_empty() {
        schema["required"] = required.into();
    }
    schema["additionalProperties"] = false.into();
    schema
}

fn schema(node: &Node, is_strict: bool) -> Json {
    let kind = node.get("kind").or_else(|| node.get("type")).and_then(Node::as_text).map_or("", |kind| kind);
    let kind = if kind == "float" { "number" } else { kind };
    let mut own = match kind {
        "object" => object_schema(&node.get("properties").map(named).unwrap_or_default(), is_strict),
        "string" | "integer" | "number" | "boolean" | "array" => json!({"type": kind}),
        _ => json!({}),
    };
    if let Some(description) = node.get("description") {
        own["description"] = description.to_json();
    }
    if let Some(values) = node.get("enumValues").or_else(|| node.get("enum")) {
        own["enum"] = values.to_json();
    }
    if kind == "array" {
        own["items"] = node.get("items").map_or_else(|| json!({"type": "string"}), |items| schema(items, is_strict));
    }
    if let Some(Value::List(branches)) = node.get("anyOf").map(|node| &node.value) {
        own["anyOf"] = branches.iter().map(|branch| schema(branch, is_strict)).collect();
    }
    own
}
