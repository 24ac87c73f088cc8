//! dotprompt, Google's format of a prompt in one file: a YAML head and a Handlebars template that says its turns by
//! `{{role "…"}}`. What each part does is as in <https://github.com/google/dotprompt>, `parse` and `helpers` of its JavaScript.
//!
//! The template is rendered by our engine as a whole, so that white space around a tag is what it is there, and so that
//! loops and partials may hold turns. For that a tag `{{role "user"}}` becomes that of an input, of as many bytes: where its
//! hole comes out, a turn begins.

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use serde_json::Value as Json;

use super::layer::{Layer, list, text};
use super::picoschema;
use super::tags::{Tag, Word, tags, tags_within, uses};
use super::{Entry, Foreign, Passage};
use crate::prompt::segment::Role;
use crate::syntax::decode::{Decode, Text};
use crate::syntax::diag::{Diagnostic, Faults};
use crate::syntax::manifest::{History, Mark};
use crate::syntax::source::{ProjectPath, Source, Span};
use crate::syntax::yaml::{self, Key, Node, Value};
use crate::text::fragment::{Reader, Unreadable};
use crate::text::template::{Data, Library, Piece, RenderedRegion};
use crate::tree::ReadError;

/// The helpers that dotprompt has; an application may add others, which are not known here.
const HELPERS: [&str; 13] = [
    "if",
    "unless",
    "each",
    "with",
    "lookup",
    "ifEquals",
    "unlessEquals",
    "json",
    "role",
    "history",
    "media",
    "section",
    "else",
];

/// The roles: their names, the input that stands for each in the marked template (with `@root.` before it, as many bytes
/// as the shortest way to write the tag), and who speaks.
const ROLES: [(&str, &str, Role); 3] =
    [("system", "§systm", Role::System), ("user", "§usr", Role::User), ("model", "§mdel", Role::Assistant)];
const HISTORY: &str = "history";

/// Keys of the head that say nothing to the model, and need no mapping.
const FOR_PEOPLE: [&str; 6] = ["name", "variant", "version", "ext", "metadata", "raw"];

/// Keys of `config`, and where their values go.
const CONFIG: [(&str, &str); 5] = [
    ("temperature", "settings.temperature"),
    ("topP", "settings.top_p"),
    ("topK", "settings.top_k"),
    ("stopSequences", "settings.stop_sequences"),
    ("maxOutputTokens", "output.max_tokens"),
];

/// The template of a file.
pub struct Body {
    /// The file.
    own: ProjectPath,
    /// Its text, with marks in the place of roles.
    marked: Span,
    /// Where `{{json this}}` writes all of the data.
    all_data: Option<Span>,
    /// Where `{{role}}` and `{{history}}` stand, in order; `None` where blocks or partials decide on them.
    turns: Option<Vec<Range<usize>>>,
}

/// Reads the file that `written` names.
pub fn open(written: &Text, reader: &Reader, faults: &mut Faults) -> Option<Foreign> {
    let fragment = reader.named(written, false, faults)?;
    let source = &fragment.source;
    let (head, body) = parts(source, faults)?;
    let whole = Span::new(source, body.start, body.end);
    let (mut layer, mut inputs) = (Layer::new(&whole), Layer::new(&whole));
    let mut named_tools = Vec::new();
    let mut declared = None;
    if let Some(head) = head {
        let node = yaml::parse_range(source, head, faults)?;
        if !matches!(node.value, Value::Null) && node.as_map().is_none() {
            let message = format!("the head of a prompt is a map, found {}", node.kind());
            faults.push(Diagnostic::error("wrong-type", message).at(&node.span));
            return None;
        }
        for (key, value) in node.as_map().into_iter().flat_map(|map| map.iter()) {
            head_key(key, value, (&mut layer, &mut inputs), &mut named_tools, &mut declared, faults);
        }
    }
    let template = source.text().get(body.clone()).unwrap_or_default();
    let found = tags_within(template, &whole, faults)?;
    let marked = marked(source, &body, &found, faults);
    let mut search = Search { own: source.path().clone(), reader, faults, seen: HashSet::new(), has_turns: false };
    let at = |range: &Range<usize>| Span::new(source, body.start + range.start, body.start + range.end);
    let names = search.names(&found, &|range| at(range));
    let has_turns_elsewhere = search.has_turns;
    for (name, span) in names {
        if declared.as_ref().is_some_and(|declared: &HashSet<String>| !declared.contains(&name)) {
            let message = format!("`{name}` is not in `input.schema`, and is taken for an input all the same");
            let warning = Diagnostic::warning("undeclared-input", message).at(&span);
            faults.push(warning.hint("declare it there, or correct the name"));
        }
        inputs.put(&name, Layer::new(&span).done());
    }
    layer.put("inputs", inputs.done());
    let is_turn = |tag: &&Tag| turn(tag).is_some();
    let turns = (!has_turns_elsewhere && found.iter().filter(is_turn).all(|tag| tag.depth == 0))
        .then(|| found.iter().filter(is_turn).map(|tag| body.start + tag.at.start..body.start + tag.at.end).collect());
    let is_all = |tag: &&Tag| {
        tag.depth == 0 && matches!(tag.words.as_slice(), [json, this, ..] if json.text == "json" && this.text == "this")
    };
    let all_data = found.iter().find(is_all).map(|tag| at(&tag.at));
    let body = Body { own: source.path().clone(), marked, all_data, turns };
    Some(Foreign { layer: layer.done(), tools: Vec::new(), named_tools, body: super::Body::Dotprompt(body) })
}

/// The head and the body of a file. Comment lines and blank lines may stand before the head; without one all of it is
/// the body, and nothing is trimmed.
fn parts(source: &Arc<Source>, faults: &mut Faults) -> Option<(Option<Range<usize>>, Range<usize>)> {
    let all = source.text();
    let mut lines = all.split_inclusive('\n').scan(0, |at, line| Some((std::mem::replace(at, *at + line.len()), line)));
    let is_rule = |line: &str| line.strip_prefix("---").is_some_and(|rest| rest.trim().is_empty());
    let opening = lines.find(|(_, line)| !line.starts_with('#') && !line.trim().is_empty());
    let Some((open, opening)) = opening.filter(|(_, line)| is_rule(line)) else { return Some((None, 0..all.len())) };
    let begin = open + opening.len();
    let Some((end, closing)) = lines.find(|(_, line)| is_rule(line) && line.ends_with('\n')) else {
        let message = "the head that begins here is not closed by a line `---`, so dotprompt sends all of it as text";
        faults.push(Diagnostic::error("front-matter", message).at(&Span::new(source, open, open + 3)));
        return None;
    };
    if all[begin..end].trim().is_empty() {
        let message = "the head is empty, so dotprompt sends all of it as text";
        let fault = Diagnostic::error("front-matter", message).at(&Span::new(source, open, end + 3));
        faults.push(fault.hint("remove the two lines `---`"));
        return None;
    }
    // As JavaScript trims, to which a byte-order mark is white space.
    let is_blank = |c: char| c.is_whitespace() || c == '\u{feff}';
    let rest = &all[end + closing.len()..];
    let start = all.len() - rest.trim_start_matches(is_blank).len();
    Some((Some(begin..end), start..start + rest.trim_matches(is_blank).len()))
}

/// What one key of the head says.
fn head_key(
    key: &Key,
    value: &Node,
    (layer, inputs): (&mut Layer, &mut Layer),
    named_tools: &mut Vec<Text>,
    declared: &mut Option<HashSet<String>>,
    faults: &mut Faults,
) {
    let unmapped = |key: &Key, of: &str| {
        let message = format!("`{}`{of} has no place here and is left out", key.text);
        Diagnostic::warning("left-out-key", message).at(&key.span)
    };
    let fields = || value.as_map().into_iter().flat_map(|map| map.iter());
    match &*key.text {
        "model" => {
            let name = Text::decode(value, faults);
            // `vendor/name`: the vendor is Genkit's plug-in.
            let id = name.as_ref().map(|name| name.value.split_once('/').map_or(&*name.value, |(_, id)| id));
            id.into_iter().for_each(|id| layer.put("models", list([text(id, &value.span)], &value.span)));
        }
        "description" => layer.put("description", value.clone()),
        "config" => {
            for (key, value) in fields() {
                match CONFIG.iter().find(|(own, _)| *own == &*key.text) {
                    Some((_, path)) => layer.set(path, value.clone()),
                    None => {
                        faults.push(unmapped(key, " of `config`").hint("write it under `settings` of the manifest"))
                    }
                }
            }
        }
        "tools" => {
            let names = Vec::<Text>::decode(value, faults);
            named_tools.extend(names.into_iter().flatten());
        }
        "input" => {
            for (key, value) in fields() {
                match &*key.text {
                    "schema" if picoschema::is_named(value) => faults.push(unknown_schema(value)),
                    "schema" => {
                        let schema = picoschema::schema(value, faults);
                        let properties =
                            schema.as_ref().and_then(|schema| schema.get("properties")).and_then(Node::as_map);
                        declared.get_or_insert_default();
                        for (key, schema) in properties.into_iter().flat_map(|map| map.iter()) {
                            declared.get_or_insert_default().insert(key.text.to_string());
                            let mut input = Layer::new(&key.span);
                            if let Some(description) = schema.get("description").filter(|node| node.as_text().is_some())
                            {
                                input.put("description", description.clone());
                            }
                            inputs.put(&key.text, input.done());
                        }
                    }
                    // What a caller may override is no part of the text: it is the sample.
                    "default" => {
                        for (key, value) in value.as_map().into_iter().flat_map(|map| map.iter()) {
                            declared.iter_mut().for_each(|declared| declared.extend([key.text.to_string()]));
                            let mut input = Layer::new(&key.span);
                            input.put("example", value.clone());
                            inputs.put(&key.text, input.done());
                        }
                    }
                    _ => faults.push(unmapped(key, " of `input`")),
                }
            }
        }
        "output" => {
            for (key, inner) in fields() {
                match &*key.text {
                    "schema" if picoschema::is_named(inner) => faults.push(unknown_schema(inner)),
                    "schema" => {
                        picoschema::schema(inner, faults).into_iter().for_each(|node| layer.set("output.schema", node))
                    }
                    "format" if value.get("schema").is_some() => {}
                    "format" if inner.as_text().is_some_and(|format| &**format == "text") => {}
                    "format" => {
                        let message =
                            "`output.format` without a schema asks Genkit for instructions that are not in this file";
                        let warning = Diagnostic::warning("left-out-key", message).at(&key.span);
                        faults.push(warning.hint("write `output.schema`, or the instruction into the prompt"));
                    }
                    _ => faults.push(unmapped(key, " of `output`")),
                }
            }
        }
        // A key with a dot belongs to an extension of the application.
        own if FOR_PEOPLE.contains(&own) || own.contains('.') => {}
        _ => faults.push(unmapped(key, "")),
    }
}

/// The warning that a schema is the application's.
fn unknown_schema(node: &Node) -> Diagnostic {
    let message = "this schema is registered by the application, and is left out here";
    Diagnostic::warning("left-out-key", message).at(&node.span).hint("write it here, or into the manifest")
}

/// The mark that a tag of a role or of history becomes.
fn turn<'t>(tag: &Tag<'t>) -> Option<&'t str> {
    match tag.words.as_slice() {
        [word] if word.text == HISTORY && tag.sigil.is_none() => Some(HISTORY),
        [word, role, ..] if word.text == "role" => Some(role.text),
        _ => None,
    }
}

/// The body with marks in the place of roles, and the faults of tags that cannot be kept.
fn marked(source: &Arc<Source>, body: &Range<usize>, tags: &[Tag], faults: &mut Faults) -> Span {
    let mut bytes = source.text().to_string();
    for tag in tags {
        let at = Span::new(source, body.start + tag.at.start, body.start + tag.at.end);
        let refused = |code: &'static str, message: String| Diagnostic::error(code, message).at(&at);
        match (tag.words.first().map(|word| word.text), tag.words.as_slice()) {
            (Some(media @ ("media" | "section")), _) if tag.sigil.is_none() => {
                let what = if media == "media" { "a media part" } else { "a place that the application fills" };
                let fault = refused("media-block", format!("`{media}` is {what}: only text is supported"));
                faults.push(fault.hint("leave the tag out, or describe in text what it holds"));
            }
            (Some("role"), [word, role]) => {
                let name = role.text.trim_matches(['"', '\'']);
                let known = ROLES.iter().find(|(known, ..)| *known == name && role.text.len() > name.len());
                let Some((_, input, _)) = known else {
                    let message = format!("{} is no role of a prompt", role.text);
                    faults.push(
                        refused("bad-role", message).hint("write `{{role \"system\"}}`, `\"user\"` or `\"model\"`"),
                    );
                    continue;
                };
                let range = body.start + word.at.start..body.start + role.at.end;
                let mut mark = format!("@root.{input}");
                mark.extend(std::iter::repeat_n(' ', range.len().saturating_sub(mark.len())));
                bytes.replace_range(range, &mark);
            }
            // All of the data is the values that the manifest binds, which are `vars` here.
            (Some("json"), [_, this, ..]) if this.text == "this" && tag.depth == 0 => {
                bytes.replace_range(body.start + this.at.start..body.start + this.at.end, "vars");
            }
            _ => {}
        }
    }
    let source = Source::new(source.path().clone(), bytes);
    Span::new(&source, body.start, body.end)
}

/// Where the partial `name` of the prompt `own` may be: `_name.prompt` beside it, else in a folder above.
fn partial_paths(own: &ProjectPath, name: &str) -> Vec<ProjectPath> {
    let (inner, file) =
        name.rsplit_once('/').map_or((String::new(), name), |(inner, file)| (format!("{inner}/"), file));
    let mut folder = own.folder();
    let mut found = Vec::new();
    loop {
        let below = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        found.extend(ProjectPath::new(&format!("{below}{inner}_{file}.prompt")));
        if folder.is_empty() {
            return found;
        }
        folder = folder.rsplit_once('/').map_or("", |(above, _)| above);
    }
}

/// The text of the partial `name`; `None` where there is none.
fn partial(own: &ProjectPath, name: &str, reader: &Reader) -> Result<Option<Arc<Source>>, String> {
    for path in partial_paths(own, name) {
        match reader.read(&path) {
            Ok(fragment) => return Ok(Some(fragment.source.clone())),
            Err(Unreadable::Read(ReadError::Absent)) => {}
            Err(Unreadable::Read(error)) => return Err(error.to_string()),
            Err(Unreadable::Content(_)) => return Err(format!("`{path}` is no text")),
        }
    }
    Ok(None)
}

/// Looks for the names that a template and its partials use.
struct Search<'s, 'r> {
    own: ProjectPath,
    reader: &'s Reader<'r>,
    faults: &'s mut Faults,
    seen: HashSet<String>,
    /// Whether a partial holds roles.
    has_turns: bool,
}

impl Search<'_, '_> {
    /// Each name of the data once, with its first place.
    fn names(&mut self, tags: &[Tag], at: &dyn Fn(&Range<usize>) -> Span) -> BTreeMap<String, Span> {
        let used = uses(tags);
        for call in used.calls.iter().filter(|call| !HELPERS.contains(&call.text)) {
            let message = format!("`{}` is no helper of dotprompt: the application's own is not known here", call.text);
            self.faults.push(Diagnostic::error("unknown-helper", message).at(&at(&call.at)));
        }
        let is_name = |word: &&Word| !(word.text == HISTORY || HELPERS.contains(&word.text));
        let mut names: BTreeMap<String, Span> = BTreeMap::new();
        for word in used.names.iter().filter(is_name) {
            names.entry(word.text.to_owned()).or_insert_with(|| at(&word.at));
        }
        for name in &used.partials {
            // What is missing or leads in a circle is told when the template is rendered.
            if self.seen.insert(name.text.to_owned())
                && let Ok(Some(source)) = partial(&self.own, name.text, self.reader)
            {
                let whole = Span::new(&source, 0, source.text().len());
                let Some(found) = tags_within(source.text(), &whole, self.faults) else { continue };
                self.has_turns |= found.iter().any(|tag| turn(tag).is_some());
                for (name, span) in self.names(&found, &|range| Span::new(&source, range.start, range.end)) {
                    names.entry(name).or_insert(span);
                }
            }
        }
        names
    }
}

impl Body {
    /// Renders the template, and cuts it into turns.
    pub fn entries(self, mut data: Data, reader: &Reader, faults: &mut Faults) -> Vec<Entry> {
        if let (Some(at), Some(input)) = (&self.all_data, data.inputs.keys().next()) {
            let message = format!("`this` is all of the data, and `{input}` is known only at run time");
            let fault = Diagnostic::error("input-in-helper", message).at(at);
            faults.push(fault.hint("bind every input under `vars` of the manifest, or name what is to be written"));
            return Vec::new();
        }
        let marks = ROLES.iter().map(|(_, input, _)| *input).chain([HISTORY]);
        data.inputs.extend(marks.map(|mark| (mark.to_owned(), Json::Null)));
        let load = |path: &ProjectPath| {
            if *path == self.own {
                return Ok(Some(self.marked.clone()));
            }
            let Some(source) = partial(&self.own, path.as_str(), reader)? else { return Ok(None) };
            let range = 0..source.text().len();
            // Its faults are told where it is the file itself, or were told when its names were looked for.
            let found = tags(source.text());
            Ok(Some(marked(&source, &range, &found, &mut Faults::new())))
        };
        let library = Library::new([], load);
        let rendered = match library.template(self.own.as_str()) {
            Ok(template) => {
                let include = |_: &str| Err("dotprompt has no `include`".to_owned());
                library.render(&template, &data.root(), &include)
            }
            Err(fault) => Err(vec![fault.diagnostic(&self.marked)]),
        };
        let rendered = match rendered {
            Ok(rendered) => rendered,
            Err(found) => {
                faults.extend(found.into_iter().map(|fault| self.placed(fault, reader)));
                return Vec::new();
            }
        };
        let pieces: Vec<Piece> = rendered.value.segments.into_iter().flat_map(|segment| segment.pieces).collect();
        let is_mark = |name: &String| name == HISTORY || ROLES.iter().any(|(_, input, _)| input == name);
        let turns = pieces.iter().filter_map(|piece| match piece {
            Piece::Region(region) if region.needs.iter().any(is_mark) => Some(region),
            _ => None,
        });
        let fault = |region: &RenderedRegion| {
            let fault = Diagnostic::error("turn-in-region", "a turn begins in what depends on an input");
            self.placed(fault.at(&region.span).hint("write the tags that say who speaks outside of it"), reader)
        };
        let turns: Vec<Diagnostic> = turns.map(fault).collect();
        if !turns.is_empty() {
            faults.extend(turns);
            return Vec::new();
        }
        faults.extend(rendered.warnings.into_iter().map(|warning| self.placed(warning, reader)));
        self.cut(pieces, reader)
    }

    /// A fault in the text with marks, at the same place in the file as it is.
    fn placed(&self, mut fault: Diagnostic, reader: &Reader) -> Diagnostic {
        if let Some(span) = &fault.span
            && let Ok(fragment) = reader.read(span.path())
        {
            fault.span = Some(Span::new(&fragment.source, span.start, span.end));
        }
        fault
    }

    /// The turns of the rendered template. Blank text between two marks is dropped, and a turn without text.
    fn cut(&self, pieces: Vec<Piece>, reader: &Reader) -> Vec<Entry> {
        let span = |turn: usize| {
            let whole = || (self.marked.start, self.marked.end);
            let (start, end) = self.turns.as_ref().map_or_else(whole, |turns| {
                let start = turn.checked_sub(1).and_then(|turn| turns.get(turn)).map_or(self.marked.start, |at| at.end);
                (start, turns.get(turn).map_or(self.marked.end, |at| at.start))
            });
            let text = self.marked.source.text().get(start..end).unwrap_or_default();
            let (lead, tail) = (text.len() - text.trim_start().len(), text.trim().len());
            let source = reader.read(&self.own).map_or_else(|_| self.marked.source.clone(), |own| own.source.clone());
            if tail == 0 {
                Span::new(&source, start, end)
            } else {
                Span::new(&source, start + lead, start + lead + tail)
            }
        };
        let new = |role: Role, turn: usize| Passage {
            role,
            begins: true,
            pieces: Vec::new(),
            span: span(turn),
            mark: Mark::Free,
        };
        let mut entries: Vec<Entry> = Vec::new();
        let mut open = new(Role::User, 0);
        let mut turns = 0;
        let mut run: Vec<Piece> = Vec::new();
        let is_said =
            |run: &[Piece]| run.iter().any(|piece| !matches!(piece, Piece::Text(text) if text.trim().is_empty()));
        for piece in pieces.into_iter().map(Some).chain([None]) {
            let mark = match &piece {
                Some(Piece::Input(name)) if name == HISTORY => Some(None),
                Some(Piece::Input(name)) => {
                    ROLES.iter().find(|(_, input, _)| input == name).map(|(.., role)| Some(*role))
                }
                _ => None,
            };
            match (piece, mark) {
                (Some(piece), None) => run.push(piece),
                (end, mark) => {
                    if is_said(&run) {
                        open.pieces.append(&mut run);
                    }
                    run.clear();
                    turns += 1;
                    if is_said(&open.pieces) || mark == Some(None) || end.is_none() {
                        let said = std::mem::replace(&mut open, new(Role::User, turns));
                        entries.extend((!said.pieces.is_empty()).then_some(Entry::Text(said)));
                    }
                    match mark {
                        Some(Some(role)) => open = Passage { role, ..new(role, turns) },
                        Some(None) => {
                            entries.push(Entry::History(History { tokens: 0, name: HISTORY.into() }));
                            open = new(Role::Assistant, turns);
                        }
                        None => {}
                    }
                }
            }
        }
        entries
    }
}
