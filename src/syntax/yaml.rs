//! YAML under limits: bytes to a tree of values that all know their place.
//!
//! All YAML of the program is parsed here: manifests, project files, examples, tools, front matter,
//! model cards and scenarios. Core schema of YAML 1.2 (`yes` and `on` are text). Anchors and
//! aliases work, merge keys (`<<`) and custom tags are refused. Every duplicate key is reported, and
//! no input makes it slow, deep or large: see the limits below.

mod write;

pub use write::written;

use std::sync::Arc;

use granit_parser::{Event, Parser, ScalarStyle};

use crate::syntax::diag::{Diagnostic, Faults};
use crate::syntax::limits::{MAX_YAML_DEPTH, MAX_YAML_VALUES};
use crate::syntax::source::{Source, Span};

/// A value and the place it was written at.
#[derive(Debug, Clone)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Where it was written.
    pub span: Span,
    /// The number of values in it, itself included, aliases expanded.
    size: usize,
}

/// A YAML value.
#[derive(Debug, Clone)]
pub enum Value {
    /// `null`, `~`, or nothing.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number. Finite.
    Float(f64),
    /// Anything else, and whatever is quoted.
    Text(Arc<str>),
    /// A sequence.
    List(Arc<[Node]>),
    /// A mapping, in the order written.
    Map(Arc<Map>),
}

/// A mapping with text keys, in the order written.
#[derive(Debug, Clone, Default)]
pub struct Map {
    entries: Vec<(Key, Node)>,
}

/// A key and its place.
#[derive(Debug, Clone)]
pub struct Key {
    /// The key.
    pub text: Arc<str>,
    /// Where it was written.
    pub span: Span,
}

impl Map {
    /// Its entries in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Key, &Node)> {
        self.entries.iter().map(|(key, node)| (key, node))
    }

    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries.iter().find(|(own, _)| &*own.text == key).map(|(_, node)| node)
    }

    /// How many entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl FromIterator<(Key, Node)> for Map {
    fn from_iter<I: IntoIterator<Item = (Key, Node)>>(entries: I) -> Self {
        Self { entries: entries.into_iter().collect() }
    }
}

impl Node {
    /// Puts a value at a place.
    pub fn new(value: Value, span: Span) -> Self {
        let size = 1 + match &value {
            Value::List(items) => items.iter().map(|item| item.size).sum(),
            Value::Map(map) => map.iter().map(|(_, node)| 1 + node.size).sum(),
            _ => 0,
        };
        Self { value, span, size }
    }

    /// What it is, with its article: "a list", "a number".
    pub fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "nothing",
            Value::Bool(_) => "a true or false",
            Value::Int(_) | Value::Float(_) => "a number",
            Value::Text(_) => "text",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
        }
    }

    /// The map, if it is one.
    pub fn as_map(&self) -> Option<&Map> {
        if let Value::Map(map) = &self.value { Some(map) } else { None }
    }

    /// The text, if it is text.
    pub fn as_text(&self) -> Option<&Arc<str>> {
        if let Value::Text(text) = &self.value { Some(text) } else { None }
    }

    /// The value of `key`, if it is a map that has one.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.as_map()?.get(key)
    }

    /// Where a JSON Pointer (RFC 6901) leads, as far as it leads: the key of a map's member, an item of a list.
    pub fn place(&self, pointer: &str) -> Span {
        let (mut node, mut place) = (self, &self.span);
        for step in pointer.split('/').skip(1).map(|step| step.replace("~1", "/").replace("~0", "~")) {
            let next = match &node.value {
                Value::Map(map) => map.iter().find(|(key, _)| *key.text == *step).map(|(key, node)| (&key.span, node)),
                Value::List(items) => {
                    step.parse().ok().and_then(|at: usize| items.get(at)).map(|item| (&item.span, item))
                }
                _ => None,
            };
            let Some((span, below)) = next else { break };
            (place, node) = (span, below);
        }
        place.clone()
    }

    /// This value with `over` laid on top: maps merge deeply, anything else is replaced, and a
    /// `null` on top removes the key below it.
    pub fn overlay(&self, over: &Node) -> Node {
        let (Value::Map(below), Value::Map(above)) = (&self.value, &over.value) else {
            return over.clone();
        };
        let mut entries: Vec<(Key, Node)> = below.entries.clone();
        for (key, node) in above.iter() {
            let place = entries.iter().position(|(own, _)| own.text == key.text);
            match (place, &node.value) {
                (Some(place), Value::Null) => {
                    entries.remove(place);
                }
                (Some(place), _) => entries[place] = (key.clone(), entries[place].1.overlay(node)),
                (None, _) => entries.push((key.clone(), node.clone())),
            }
        }
        Node::new(Value::Map(Arc::new(Map { entries })), over.span.clone())
    }

    /// This value with every text that is exactly `name` replaced by `text`.
    pub fn replacing(&self, name: &str, text: &str) -> Node {
        let value = match &self.value {
            Value::Text(own) if &**own == name => Value::Text(text.into()),
            Value::List(items) => Value::List(items.iter().map(|item| item.replacing(name, text)).collect()),
            Value::Map(map) => {
                let entries = map.entries.iter().map(|(key, node)| (key.clone(), node.replacing(name, text)));
                Value::Map(Arc::new(entries.collect()))
            }
            value => value.clone(),
        };
        Node::new(value, self.span.clone())
    }

    /// As JSON, for templates, tools, settings and schemas.
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::Value as Json;
        match &self.value {
            Value::Null => Json::Null,
            Value::Bool(flag) => Json::Bool(*flag),
            Value::Int(number) => Json::from(*number),
            Value::Float(number) => Json::from(*number),
            Value::Text(text) => Json::String(text.to_string()),
            Value::List(items) => Json::Array(items.iter().map(Node::to_json).collect()),
            Value::Map(map) => {
                Json::Object(map.iter().map(|(key, node)| (key.text.to_string(), node.to_json())).collect())
            }
        }
    }
}

/// Parses the one document in `range` of `source` (the whole file, or its front matter).
///
/// An empty document is `null`. Faults go to `faults`; `None` when there is no value to go on with.
pub fn parse_range(source: &Arc<Source>, range: std::ops::Range<usize>, faults: &mut Faults) -> Option<Node> {
    let text = source.text().get(range.clone())?;
    let mut composer =
        TreeBuilder { source, offset: range.start, anchors: Vec::new(), frames: Vec::new(), nodes: 0, faults };
    composer.document(text)
}

/// Parses a whole file.
pub fn parse(source: &Arc<Source>, faults: &mut Faults) -> Option<Node> {
    parse_range(source, 0..source.text().len(), faults)
}

/// Builds values from events without recursion, so that nesting is limited by [`MAX_YAML_DEPTH`] and never
/// by the stack.
struct TreeBuilder<'a> {
    source: &'a Arc<Source>,
    /// Where the document begins in the source, in bytes.
    offset: usize,
    /// The values with an anchor so far, by the parser's number of the anchor.
    anchors: Vec<(usize, Node)>,
    /// The lists and maps that are open, the outermost first.
    frames: Vec<Frame>,
    /// How many values there are so far, aliases expanded.
    nodes: usize,
    faults: &'a mut Faults,
}

/// A list or map that is still open.
struct Frame {
    start: usize,
    anchor: usize,
    open: Open,
}

enum Open {
    List(Vec<Node>),
    Map { map: Map, keys: std::collections::HashMap<Arc<str>, Span>, key: Option<Key> },
}

impl TreeBuilder<'_> {
    fn document(&mut self, text: &str) -> Option<Node> {
        let mut documents = 0;
        let mut root = None;
        for step in Parser::new_from_str(text) {
            let (event, place) = match step {
                Ok(step) => step,
                Err(error) => {
                    let at = self.offset_of(error.marker(), text);
                    match tab_before(text, at - self.offset) {
                        Some(tab) => {
                            let at = Span::new(self.source, self.offset + tab, self.offset + tab + 1);
                            let fault = Diagnostic::error("yaml-syntax", "a tab indents this line").at(&at);
                            self.faults.push(fault.hint("YAML takes blanks only: write two for each level"));
                        }
                        None => self.fault("yaml-syntax", error.info().to_string(), at, at),
                    }
                    return None;
                }
            };
            let start = self.offset_of(&place.start, text);
            let end = self.offset_of(&place.end, text);
            let done = match event {
                Event::DocumentStart(..) => {
                    documents += 1;
                    if documents > 1 {
                        self.fault("yaml-documents", "the file holds a second YAML document", start, end);
                        return None;
                    }
                    continue;
                }
                Event::Scalar(text, style, anchor, tag) => {
                    let tag = tag.as_deref().map(ToString::to_string);
                    let value = self.scalar(&text, style, tag.as_deref(), start, end)?;
                    let node = self.node(value, start, end)?;
                    self.remember(anchor, &node);
                    Some(node)
                }
                Event::SequenceStart(_, anchor, tag) => {
                    self.open(Open::List(Vec::new()), anchor, tag.as_deref(), start, end)?;
                    None
                }
                Event::MappingStart(_, anchor, tag) => {
                    let map = Open::Map { map: Map::default(), keys: Default::default(), key: None };
                    self.open(map, anchor, tag.as_deref(), start, end)?;
                    None
                }
                Event::SequenceEnd | Event::MappingEnd => {
                    let frame = self.frames.pop()?;
                    let value = match frame.open {
                        Open::List(items) => Value::List(items.into()),
                        Open::Map { map, .. } => Value::Map(Arc::new(map)),
                    };
                    let node = self.node(value, frame.start, end)?;
                    self.remember(frame.anchor, &node);
                    Some(node)
                }
                Event::Alias(id) => {
                    let Some(node) =
                        self.anchors.iter().rev().find(|(own, _)| *own == id).map(|(_, node)| node.clone())
                    else {
                        self.fault("yaml-alias", "the alias names a value that is not finished yet", start, end);
                        return None;
                    };
                    // Sharing the node costs nothing here, but whoever walks the value visits it again.
                    self.nodes += node.size;
                    self.within_limit(start, end)?;
                    Some(node)
                }
                _ => None,
            };
            if let Some(node) = done
                && let Some(node) = self.place(node)?
            {
                root = Some(node);
            }
        }
        Some(root.unwrap_or_else(|| Node::new(Value::Null, Span::new(self.source, self.offset, self.offset))))
    }

    /// Puts a finished value into the collection that is open; returns it when none is.
    /// The outer `None` stops the parse.
    fn place(&mut self, node: Node) -> Option<Option<Node>> {
        let Some(frame) = self.frames.last_mut() else { return Some(Some(node)) };
        match &mut frame.open {
            Open::List(items) => items.push(node),
            Open::Map { map, keys, key } => match key.take() {
                Some(name) => match keys.get(&name.text) {
                    Some(first) => {
                        let line = first.line_column().0;
                        let message = format!("the key `{}` stands twice in one map, first on line {line}", name.text);
                        self.faults.push(
                            Diagnostic::error("duplicate-key", message).at(&name.span).hint("remove one of the two"),
                        );
                    }
                    // Already reported with its key, below.
                    None if is_merge(&name) => {}
                    None => {
                        keys.insert(name.text.clone(), name.span.clone());
                        map.entries.push((name, node));
                    }
                },
                None => {
                    let span = node.span.clone();
                    let text: Arc<str> = match &node.value {
                        Value::Text(text) => text.clone(),
                        Value::List(_) | Value::Map(_) => {
                            self.faults.push(
                                Diagnostic::error("yaml-key", format!("a key is {}; keys are text", node.kind()))
                                    .at(&span),
                            );
                            return None;
                        }
                        // `404:`, `true:`, `null:`: keys are text, so they are taken as written.
                        _ => span.source.text()[span.start..span.end].into(),
                    };
                    let name = Key { text, span };
                    if is_merge(&name) {
                        let fault = Diagnostic::error("yaml-merge-key", "merge keys (`<<`) are not part of YAML 1.2");
                        self.faults.push(fault.at(&name.span).hint("use `extends`, or repeat the keys"));
                    }
                    *key = Some(name);
                }
            },
        }
        Some(None)
    }

    fn open(
        &mut self,
        open: Open,
        anchor: usize,
        tag: Option<&granit_parser::Tag>,
        start: usize,
        end: usize,
    ) -> Option<()> {
        if let Some(tag) = tag.filter(|tag| !tag.is_yaml_core_schema()) {
            self.fault("yaml-tag", format!("the tag `{}` is not supported", tag.original()), start, end);
        }
        if self.frames.len() >= MAX_YAML_DEPTH {
            self.fault("yaml-limit", format!("lists and maps nest deeper than {MAX_YAML_DEPTH}"), start, end);
            return None;
        }
        self.frames.push(Frame { start, anchor, open });
        Some(())
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, tag: Option<&str>, start: usize, end: usize) -> Option<Value> {
        if tag.is_some_and(|tag| !tag.ends_with("str")) {
            self.fault("yaml-tag", format!("the tag `{}` is not supported", tag.unwrap_or_default()), start, end);
        }
        if style != ScalarStyle::Plain || tag.is_some() {
            return Some(Value::Text(text.into()));
        }
        Some(match text {
            "" | "~" | "null" | "Null" | "NULL" => Value::Null,
            "true" | "True" | "TRUE" => Value::Bool(true),
            "false" | "False" | "FALSE" => Value::Bool(false),
            text => match number(text) {
                Some(Number::Int(number)) => Value::Int(number),
                Some(Number::Float(number)) if number.is_finite() => Value::Float(number),
                Some(Number::Float(_)) => {
                    self.fault("yaml-number", format!("`{text}` is not a finite number"), start, end);
                    Value::Null
                }
                None => Value::Text(text.into()),
            },
        })
    }

    fn node(&mut self, value: Value, start: usize, end: usize) -> Option<Node> {
        self.nodes += 1;
        self.within_limit(start, end)?;
        Some(Node::new(value, Span::new(self.source, start, end)))
    }

    fn within_limit(&mut self, start: usize, end: usize) -> Option<()> {
        if self.nodes > MAX_YAML_VALUES {
            self.fault(
                "yaml-limit",
                format!("the document holds more than {MAX_YAML_VALUES} values, aliases expanded"),
                start,
                end,
            );
            return None;
        }
        Some(())
    }

    fn remember(&mut self, anchor: usize, node: &Node) {
        if anchor > 0 {
            self.anchors.push((anchor, node.clone()));
        }
    }

    fn offset_of(&self, marker: &granit_parser::Marker, text: &str) -> usize {
        self.offset + marker.byte_offset().unwrap_or(text.len()).min(text.len())
    }

    fn fault(&mut self, code: &'static str, message: impl Into<String>, start: usize, end: usize) {
        self.faults.push(Diagnostic::error(code, message).at(&Span::new(self.source, start, end)));
    }
}

/// The tab in the white space that the line of `at` begins with.
fn tab_before(text: &str, at: usize) -> Option<usize> {
    let start = text.get(..at)?.rfind('\n').map_or(0, |end| end + 1);
    let line = text.get(start..)?;
    let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
    line.get(..indent)?.find('\t').map(|tab| start + tab)
}

enum Number {
    Int(i64),
    Float(f64),
}

/// Whether it is the merge key of YAML 1.1. In quotes it is a key like any other.
fn is_merge(key: &Key) -> bool {
    key.span.source.text().get(key.span.start..key.span.end) == Some("<<")
}

/// Numbers of the core schema. A whole number beyond 64 bits is a float, as in JSON.
fn number(text: &str) -> Option<Number> {
    let radix = |digits: &str, radix| i64::from_str_radix(digits, radix).ok().map(Number::Int);
    if let Some(digits) = text.strip_prefix("0x") {
        return digits.bytes().all(|b| b.is_ascii_hexdigit()).then(|| radix(digits, 16)).flatten();
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return digits.bytes().all(|b| b.is_ascii_digit()).then(|| radix(digits, 8)).flatten();
    }
    if matches!(text.trim_start_matches(['+', '-']), ".inf" | ".Inf" | ".INF")
        || matches!(text, ".nan" | ".NaN" | ".NAN")
    {
        return Some(Number::Float(f64::NAN));
    }
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let starts_well = digits.as_bytes().first().is_some_and(|b| b.is_ascii_digit() || (*b == b'.' && digits.len() > 1));
    if !starts_well || !digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-')) {
        return None;
    }
    if digits.bytes().all(|b| b.is_ascii_digit())
        && let Ok(number) = text.parse()
    {
        return Some(Number::Int(number));
    }
    text.parse().ok().map(Number::Float)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::source::ProjectPath;

    fn read(text: &str) -> (Option<serde_json::Value>, Vec<String>) {
        let source = Source::new(ProjectPath::new("a.yaml").unwrap(), text);
        let mut faults = Faults::new();
        let node = parse(&source, &mut faults);
        let faults = faults.into_vec().iter().map(|f| format!("{:?} {}", f.span.as_ref().unwrap(), f.code)).collect();
        (node.map(|node| node.to_json()), faults)
    }

    #[test]
    fn the_core_schema_and_nothing_of_yaml_1_1() {
        let (value, faults) =
            read("a: yes\nb: on\nc: true\nd: 0x1f\ne: 1.5e3\nf: 012\ng: '1'\nh: ~\ni: 1_000\nj: 5m\nk: .5\nl: [~]\n");
        assert_eq!(faults, Vec::<String>::new());
        let expected = serde_json::json!({"a":"yes","b":"on","c":true,"d":31,"e":1500.0,"f":12,"g":"1","h":null,"i":"1_000","j":"5m","k":0.5,"l":[null]});
        assert_eq!(value.unwrap(), expected);
    }

    #[test]
    fn every_duplicate_key_is_placed() {
        let (_, faults) = read("a: 1\nb: {x: 1, x: 2}\na: 3\n");
        assert_eq!(faults, ["a.yaml:2:11 duplicate-key", "a.yaml:3:1 duplicate-key"]);
    }

    #[test]
    fn bombs_stop_at_a_limit_with_a_place() {
        let deep = "[".repeat(100_000);
        assert_eq!(read(&deep).1.len(), 1);
        let nested = |depth: usize| read(&format!("{}{}", "[".repeat(depth), "]".repeat(depth))).1;
        assert!(nested(MAX_YAML_DEPTH).is_empty());
        assert!(nested(MAX_YAML_DEPTH + 1)[0].ends_with("yaml-limit"));
        let mut laughs = String::from("a0: &a0 [1,1,1,1,1,1,1,1,1,1]\n");
        for n in 1..12 {
            let previous = vec![format!("*a{}", n - 1); 10].join(",");
            laughs.push_str(&format!("a{n}: &a{n} [{previous}]\n"));
        }
        assert_eq!(read(&laughs).1.len(), 1);
        assert!(read(&laughs).1[0].ends_with("yaml-limit"));
    }

    #[test]
    fn spans_cover_what_was_written() {
        let source = Source::new(ProjectPath::new("a.yaml").unwrap(), "é: [1, 'two']\n");
        let node = parse(&source, &mut Faults::new()).unwrap();
        let Value::List(items) = &node.get("é").unwrap().value else { panic!("a list") };
        assert_eq!(&source.text()[items[1].span.start..items[1].span.end], "'two'");
        assert_eq!(items[1].span.line_column(), (1, 8));
    }

    #[test]
    fn an_overlay_merges_maps_replaces_lists_and_removes_with_null() {
        let source = Source::new(
            ProjectPath::new("a.yaml").unwrap(),
            "below: {a: {x: 1, y: 2}, b: [1, 2], c: 3}\nabove: {a: {y: 3}, b: [4], c: null}\n",
        );
        let node = parse(&source, &mut Faults::new()).unwrap();
        let merged = node.get("below").unwrap().overlay(node.get("above").unwrap());
        assert_eq!(merged.to_json(), serde_json::json!({"a": {"x": 1, "y": 3}, "b": [4]}));
    }
}
