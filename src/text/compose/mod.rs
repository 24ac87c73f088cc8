//! Renders a plan into segments: wraps, separators, splits and holes. This module decides every byte
//! that a model sees.
//!
//! Two rules make sure that appending a block changes no byte before it, so that caches stay valid. In
//! `system` a text ends with its separator. In `messages` a text that continues the turn before it begins
//! with the separator. Splitting a text into segments never changes its bytes.

mod pieces;

use std::ops::{Range, RangeInclusive};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use rayon::prelude::*;
use serde_json::Value as Json;

use crate::prompt::segment::{Kind, Origin, Part, Role, Segment, Tier};
use crate::syntax::decode::Text;
use crate::syntax::diag::{Diagnostic, Faults};
use crate::syntax::limits::MAX_PROMPT_BYTES;
use crate::syntax::manifest::{Join, Mark};
use crate::syntax::source::{ProjectPath, Span};
use crate::text::examples::{Example, Turn};
use crate::text::fragment::{Fragment, Reader, Unreadable};
use crate::text::resolve::{Content, FilePart, Plan, PlannedBlock, Wrap, carry, inputs};
use crate::text::template::{Data, Library, Piece, Root, Template};

use pieces::{append, prepend, segments_of, trim};

pub use crate::text::template::TEMPLATES;

/// The least number of texts for one parallel task: fewer cost more to hand over than to render.
const TEXTS_A_TASK: usize = 8;

/// Renders a plan into segments, in the order in which providers render a request.
///
/// Reads templates and included fragments through `reader`. Every fault goes to `faults`; the
/// segments are complete only when there is no error among them.
pub fn compose(plan: &Plan, library: &Library, reader: &Reader, faults: &mut Faults) -> Vec<Segment> {
    let mut composer = Composer {
        plan,
        library,
        reader,
        root: OnceLock::new(),
        speaking: None,
        segments: Vec::new(),
        bytes: AtomicU64::new(0),
    };
    for block in &plan.blocks {
        composer.block(block, faults);
    }
    if composer.segments.is_empty() && !faults.has_errors() {
        let fault = Diagnostic::error("empty-context", "every block came to nothing, so there is no prompt");
        faults.push(fault.at(&plan.manifest.span).hint("look at `when`, `optional` and empty files"));
    }
    composer.segments
}

/// A segment before its separators are added and its inputs are split off: one file slice, one
/// `{{#segment}}`, one example.
struct PendingSegment {
    /// The part of the id that replaces its number, for a named `{{#segment}}`.
    name: Option<String>,
    /// Who says what. More than one turn only for an example in `messages`.
    turns: Vec<(Role, Vec<Piece>)>,
    origin: Origin,
}

/// Segments whose bytes belong together: separators are put around an item, never inside it.
type Item = Vec<PendingSegment>;

struct Composer<'a> {
    plan: &'a Plan,
    library: &'a Library<'a>,
    reader: &'a Reader<'a>,
    /// What templates are rendered with, once one is.
    root: OnceLock<Root>,
    /// The role of the turn that is open in `messages`.
    speaking: Option<Role>,
    segments: Vec<Segment>,
    /// Of the texts that were made.
    bytes: AtomicU64,
}

impl Composer<'_> {
    fn block(&mut self, block: &PlannedBlock, faults: &mut Faults) {
        let first = self.segments.len();
        let mut names: Vec<Option<String>> = Vec::new();
        match &block.content {
            Content::Tools(tools) => {
                for tool in tools {
                    let origin = self.origin(Some(&tool.fragment), Some(tool.lines.clone()), block);
                    let part = Part::new(Role::System, Kind::Tool, tool.json.as_str());
                    self.push(block, vec![part], origin);
                    names.push(None);
                }
            }
            Content::History(history) => {
                let part = Part::new(Role::User, Kind::History, history.name.clone());
                self.push(block, vec![part], self.origin(None, None, block));
                names.push(None);
                self.speaking = None;
            }
            content => {
                let items = self.items(block, content, faults).into_iter();
                let pending = items.flat_map(|item| self.with_separators(block, item, faults)).collect();
                self.cut(block, pending, &mut names);
            }
        }
        self.finish(block, first, names, faults);
    }

    /// Gives a block's segments their ids, and the last one the block's breakpoint.
    fn finish(&mut self, block: &PlannedBlock, first: usize, names: Vec<Option<String>>, faults: &mut Faults) {
        let own = &mut self.segments[first..];
        let alone = own.len() == 1;
        for (index, (segment, name)) in own.iter_mut().zip(names).enumerate() {
            segment.id = match (name, alone) {
                (Some(name), _) => format!("{}/{}.{name}", block.tier, block.label),
                (None, true) => format!("{}/{}", block.tier, block.label),
                (None, false) => format!("{}/{}.{}", block.tier, block.label, index + 1),
            };
        }
        match own.last_mut() {
            Some(last) => last.mark = block.mark,
            None => {
                let before = self.segments.last_mut().map(|segment| (&mut segment.mark, segment.id.clone()));
                carry(block.mark, before, &block.span, faults);
            }
        }
    }

    fn push(&mut self, block: &PlannedBlock, parts: Vec<Part>, origin: Origin) {
        let mark = if block.mark == Mark::Never { Mark::Never } else { Mark::Free };
        self.segments.push(Segment {
            id: String::new(),
            tier: block.tier,
            parts,
            origin,
            mark,
            stability: block.stability,
            priority: block.priority,
        });
    }

    /// The item with its separators. An item without text is dropped with a warning.
    fn with_separators(&mut self, block: &PlannedBlock, mut item: Item, faults: &mut Faults) -> Item {
        if block.join != Join::None {
            trim(&mut item);
        }
        item.retain(|segment| segment.turns.iter().any(|(_, runs)| runs.iter().any(Piece::says_something)));
        let (Some(first), separator) = (item.first(), separator(block.join)) else {
            faults.push(
                Diagnostic::warning("empty-text", "the block yields no text")
                    .at(&block.span)
                    .hint("remove it, or give it a `when`"),
            );
            return Item::new();
        };
        if block.tier == Tier::System {
            if let Some((_, runs)) = item.last_mut().and_then(|segment| segment.turns.last_mut()) {
                append(runs, separator);
            }
        } else if self.speaking.is_some()
            && self.speaking == first.turns.first().map(|(role, _)| *role)
            && let Some((_, runs)) = item.first_mut().and_then(|segment| segment.turns.first_mut())
        {
            prepend(runs, separator);
        }
        if block.tier == Tier::Messages {
            self.speaking = item.last().and_then(|segment| segment.turns.last()).map(|(role, _)| *role);
        }
        item
    }

    /// Turns pending segments into segments, splitting off every hole.
    fn cut(&mut self, block: &PlannedBlock, pending: Vec<PendingSegment>, names: &mut Vec<Option<String>>) {
        let cut = pending.into_par_iter().with_min_len(TEXTS_A_TASK);
        let cut = cut.map(|PendingSegment { name, turns, origin }| (name, segments_of(turns), origin));
        for (name, (pieces, places), origin) in cut.collect::<Vec<_>>() {
            let (many, mut places) = (pieces.len() > 1, places.into_iter());
            for (number, parts) in pieces.into_iter().enumerate() {
                names
                    .push(name.as_ref().map(|name| if many { format!("{name}-{}", number + 1) } else { name.clone() }));
                let place = if parts[0].kind == Kind::Region { places.next() } else { None };
                let origin = place.map_or_else(|| origin.clone(), |place| self.template_origin(&place, block));
                self.push(block, parts, origin);
            }
        }
    }

    /// Counts bytes of text that is about to be made. `None`, after one fault, when the prompt is too large.
    fn admit(&self, block: &PlannedBlock, bytes: usize, faults: &mut Faults) -> Option<()> {
        let before = self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        if before + bytes as u64 <= MAX_PROMPT_BYTES {
            return Some(());
        }
        if before <= MAX_PROMPT_BYTES {
            let message = format!("the prompt is more than {MAX_PROMPT_BYTES} bytes; that is the limit");
            faults.push(Diagnostic::error("too-large", message).at(&block.span).hint("take fewer or smaller files"));
        }
        None
    }

    fn items(&self, block: &PlannedBlock, content: &Content, faults: &mut Faults) -> Vec<Item> {
        match content {
            Content::Inline(text) => self.inline(block, text, faults).into_iter().collect(),
            Content::Files(parts) => {
                let made = parts.par_iter().with_min_len(TEXTS_A_TASK).map(|part| {
                    let mut faults = Faults::new();
                    (self.file(block, part, &mut faults), faults)
                });
                let made: Vec<(Option<Item>, Faults)> = made.collect();
                let items = made.into_iter().filter_map(|(item, found)| {
                    faults.extend(found.into_vec());
                    item
                });
                items.collect()
            }
            Content::Template(name) => self.template(block, name, faults).into_iter().collect(),
            Content::Turn(text) => {
                let template = self.library.inline(&text.value, &text.span);
                self.rendered(block, &template, serde_json::Map::new(), faults).into_iter().collect()
            }
            Content::Examples(fragment, examples) => {
                examples.iter().filter_map(|example| self.example(block, fragment, example, faults)).collect()
            }
            Content::Foreign(pieces, span) => self.foreign(block, pieces, span, faults).into_iter().collect(),
            Content::Tools(_) | Content::History(_) => Vec::new(),
        }
    }

    fn foreign(&self, block: &PlannedBlock, pieces: &[Piece], span: &Span, faults: &mut Faults) -> Option<Item> {
        let bytes = pieces.iter().map(|piece| if let Piece::Text(text) = piece { text.len() } else { 0 }).sum();
        self.admit(block, bytes, faults)?;
        let turns = vec![(block.role, pieces.to_vec())];
        Some(vec![PendingSegment { name: None, turns, origin: self.template_origin(span, block) }])
    }

    fn inline(&self, block: &PlannedBlock, text: &Text, faults: &mut Faults) -> Option<Item> {
        let origin = self.origin(None, None, block);
        self.admit(block, text.value.len(), faults)?;
        let wrapped = match &block.wrap {
            Wrap::Bare | Wrap::Example => text.value.to_string(),
            Wrap::Fence => fenced("", &text.value),
            Wrap::Document => {
                let fault =
                    Diagnostic::error("useless-option", "`wrap: document` names the file, and this block has none");
                faults.push(fault.at(&block.span).hint("use `wrap: fence`, a template, or put the text into a file"));
                return None;
            }
            Wrap::Template(name) => {
                let data = [("content".to_owned(), Json::String(text.value.to_string()))].into_iter().collect();
                return self.wrapped(block, name, data, origin, faults);
            }
        };
        Some(vec![PendingSegment { name: None, turns: vec![(block.role, vec![Piece::Text(wrapped)])], origin }])
    }

    fn file(&self, block: &PlannedBlock, part: &FilePart, faults: &mut Faults) -> Option<Item> {
        let fragment = &part.fragment;
        let path = fragment.source.path();
        self.admit(block, part.slices.iter().map(Range::len).sum(), faults)?;
        let (head, tail) = match &block.wrap {
            Wrap::Bare | Wrap::Example => (String::new(), None),
            Wrap::Document => {
                (format!("<document path=\"{}\">\n", attribute(path.as_str())), Some("</document>".to_owned()))
            }
            Wrap::Fence => {
                let longest =
                    part.slices.iter().map(|slice| longest_fence(fragment.slice(slice.clone()))).max().unwrap_or(0);
                let fence = "`".repeat((longest + 1).max(3));
                (format!("{fence}{}\n", path.extension()), Some(fence))
            }
            Wrap::Template(name) => return self.wrapped_file(block, part, name, faults),
        };
        let last = part.slices.len().saturating_sub(1);
        let mut lines = fragment.source.lines();
        let pending = part.slices.iter().enumerate().map(|(index, slice)| {
            let head = if index == 0 { &*head } else { "" };
            let tail = tail.as_deref().filter(|_| index == last);
            let body = fragment.slice(slice.clone());
            let body = if tail.is_some() { body.trim_end_matches(['\n', '\r']) } else { body };
            let room = head.len() + body.len() + tail.map_or(0, |tail| 1 + tail.len()) + MAX_SEPARATOR_BYTES;
            let mut text = String::with_capacity(room);
            text.extend([head, body]);
            text.extend(tail.into_iter().flat_map(|tail| ["\n", tail]));
            let lines = lines.line(slice.start)..=lines.line(slice.end.saturating_sub(1).max(slice.start));
            let origin = self.origin(Some(fragment), Some(lines), block);
            PendingSegment { name: None, turns: vec![(block.role, vec![Piece::Text(text)])], origin }
        });
        Some(pending.collect())
    }

    fn wrapped_file(&self, block: &PlannedBlock, part: &FilePart, name: &Text, faults: &mut Faults) -> Option<Item> {
        let fragment = &part.fragment;
        let [slice] = part.slices.as_slice() else {
            let fault = Diagnostic::error("split-in-template", "a file that is split cannot be wrapped by a template");
            faults.push(fault.at(&name.span).hint("use `wrap: document` or `fence`, or leave out `split`"));
            return None;
        };
        let meta = fragment.meta.as_ref().map_or_else(|| Json::Object(serde_json::Map::new()), |meta| meta.to_json());
        let text = fragment.slice(slice.clone()).trim_end_matches(['\n', '\r']);
        let data = [
            ("path".to_owned(), Json::from(fragment.source.path().as_str())),
            ("title".to_owned(), Json::from(title(fragment, &meta))),
            ("content".to_owned(), Json::from(text)),
            ("meta".to_owned(), meta),
        ];
        let origin = self.origin(Some(fragment), Some(lines_of(fragment, slice.start, slice.end)), block);
        self.wrapped(block, name, data.into_iter().collect(), origin, faults)
    }

    fn template(&self, block: &PlannedBlock, name: &Text, faults: &mut Faults) -> Option<Item> {
        if !matches!(block.wrap, Wrap::Bare) {
            let fault = Diagnostic::error("useless-option", "`wrap` means nothing for a template");
            faults.push(fault.at(&block.span).hint("write the wrapping into the template"));
        }
        let template = self.named_template(name, faults)?;
        self.rendered(block, &template, serde_json::Map::new(), faults)
    }

    fn example(
        &self,
        block: &PlannedBlock,
        fragment: &Arc<Fragment>,
        example: &Example,
        faults: &mut Faults,
    ) -> Option<Item> {
        let origin = self.origin(Some(fragment), Some(example.lines.clone()), block);
        let origin = Origin { picked: example.picked.clone(), ..origin };
        self.admit(block, example.turns.iter().map(|turn| turn.text.len()).sum(), faults)?;
        if block.tier == Tier::Messages {
            if let Some(why) = example.open_call() {
                let hint = "complete the example, pick others, or put the block into `system`, where examples are text";
                faults.push(Diagnostic::error("tool-turn", why).at(&example.span).hint(hint));
                return None;
            }
            let piece = |turn: &Turn| match turn.kind {
                Kind::Text => Piece::Text(turn.text.to_string()),
                _ => Piece::Whole(turn.part()),
            };
            let turns = example.turns.iter().map(|turn| (turn.role, vec![piece(turn)])).collect();
            return Some(vec![PendingSegment { name: None, turns, origin }]);
        }
        let first = |role: Role| {
            let mut said = example.turns.iter().filter(|turn| turn.role == role && turn.kind == Kind::Text);
            said.next().map_or("", |turn| &turn.text)
        };
        match &block.wrap {
            Wrap::Template(name) => {
                let turns = example
                    .turns
                    .iter()
                    .map(|turn| serde_json::json!({"role": turn.speaker(), "text": turn.written()}));
                let data = [
                    ("index".to_owned(), Json::from(example.index)),
                    ("user".to_owned(), Json::from(first(Role::User))),
                    ("assistant".to_owned(), Json::from(first(Role::Assistant))),
                    ("turns".to_owned(), turns.collect()),
                    ("meta".to_owned(), Json::Object(example.meta.clone())),
                ];
                self.wrapped(block, name, data.into_iter().collect(), origin, faults)
            }
            wrap => {
                let turns = example.turns.iter().map(|turn| {
                    let (role, written) = (turn.speaker(), turn.written());
                    let text = written.trim_end_matches(['\n', '\r']);
                    format!("<{role}>\n{text}\n</{role}>\n")
                });
                let text = turns.collect::<String>();
                let text = match wrap {
                    Wrap::Fence => fenced("", &text),
                    Wrap::Bare => text,
                    _ => format!("<example>\n{text}</example>"),
                };
                Some(vec![PendingSegment { name: None, turns: vec![(block.role, vec![Piece::Text(text)])], origin }])
            }
        }
    }

    /// Renders a wrapping template. The segment's origin is the wrapped text, not the template; the
    /// template cannot contain `{{#segment}}`.
    fn wrapped(
        &self,
        block: &PlannedBlock,
        name: &Text,
        data: serde_json::Map<String, Json>,
        origin: Origin,
        faults: &mut Faults,
    ) -> Option<Item> {
        let template = self.named_template(name, faults)?;
        let item = self.rendered(block, &template, data, faults)?;
        let runs = item.into_iter().flat_map(|segment| segment.turns).flat_map(|(_, runs)| runs).collect();
        Some(vec![PendingSegment { name: None, turns: vec![(block.role, runs)], origin }])
    }

    /// The template that a manifest names: by its path below `templates/` or in the project, or from `./` on.
    fn named_template(&self, name: &Text, faults: &mut Faults) -> Option<Template> {
        let path = ProjectPath::parse(&name.value, name.span.path()).ok();
        let beside = path.as_ref().filter(|_| name.value.starts_with("./")).map(ProjectPath::as_str);
        let template = self.library.template(beside.unwrap_or(&name.value));
        if let (Err(_), Some(path)) = (&template, &path) {
            // That it is not there is what the fault depends on.
            let _ = self.reader.read(path);
        }
        template.map_err(|fault| faults.push(fault.diagnostic(&name.span))).ok()
    }

    fn rendered(
        &self,
        block: &PlannedBlock,
        template: &Template,
        more: serde_json::Map<String, Json>,
        faults: &mut Faults,
    ) -> Option<Item> {
        for path in self.library.reach(template) {
            // The library shares parsed templates between contexts. Reading the file again through this
            // context's reader records it among this context's dependencies.
            faults.extend(self.reader.read(path).ok().and_then(|template| template.head_warning.clone()));
        }
        let root = self.root.get_or_init(|| self.data().root()).with(more);
        let heads = Mutex::new(Vec::new());
        let include = |path: &str| {
            let fragment = self.include(path, &block.span)?;
            heads.lock().extend(fragment.head_warning.clone());
            Ok(Span::new(&fragment.source, fragment.body.start, fragment.body.end))
        };
        let rendered = match self.library.render(template, &root, &include) {
            Ok(rendered) => {
                faults.extend(rendered.warnings);
                faults.extend(heads.into_inner());
                rendered.value
            }
            Err(found) => {
                faults.extend(found);
                return None;
            }
        };
        let pieces = rendered.segments.iter().flat_map(|segment| &segment.pieces);
        let made = pieces
            .map(|piece| match piece {
                Piece::Text(text) => text.len(),
                Piece::Input(_) => 0,
                Piece::Region(region) => region.sample.len(),
                Piece::Whole(part) => part.text.len(),
            })
            .sum();
        self.admit(block, made, faults)?;
        let pending = rendered.segments.into_iter().map(|segment| {
            let turns = vec![(block.role, segment.pieces)];
            PendingSegment { name: segment.id, turns, origin: self.template_origin(&segment.span, block) }
        });
        Some(pending.collect())
    }

    /// The origin of a rendered segment: lines of its template, or of the manifest.
    fn template_origin(&self, span: &Span, block: &PlannedBlock) -> Origin {
        let lines = span.source.line(span.start)..=span.source.line(span.end.saturating_sub(1).max(span.start));
        let fragment = if *span.path() == self.plan.manifest_path { None } else { self.reader.read(span.path()).ok() };
        self.origin(fragment.as_ref(), fragment.is_some().then_some(lines), block)
    }

    /// The fragment of `{{include "path"}}`.
    fn include(&self, path: &str, beside: &Span) -> Result<Arc<Fragment>, String> {
        let path = ProjectPath::parse(path, beside.path()).map_err(|fault| fault.to_string())?;
        match self.reader.read(&path) {
            Ok(fragment) => Ok(fragment),
            Err(Unreadable::Read(error)) => Err(error.to_string()),
            Err(Unreadable::Content(faults)) => {
                Err(faults.into_iter().next().map_or_else(|| "it is no text".to_owned(), |fault| fault.message))
            }
        }
    }

    /// What the templates of the context are rendered with.
    fn data(&self) -> Data {
        let path = |path: &ProjectPath| [("path".to_owned(), Json::from(path.as_str()))].into_iter().collect();
        Data {
            vars: self.plan.vars.clone(),
            inputs: inputs(&self.plan.manifest),
            context: self.facts(),
            each: self.plan.each.as_ref().map(path),
        }
    }

    /// What a template can say of the context itself.
    fn facts(&self) -> serde_json::Map<String, Json> {
        let text = |text: &Option<Text>| Json::from(text.as_ref().map_or("", |text| &text.value));
        let facts = [
            ("id", Json::from(self.plan.id.to_string())),
            ("name", Json::from(self.plan.id.name.as_str())),
            ("variant", Json::from(self.plan.id.variant.as_deref().unwrap_or_default())),
            ("description", text(&self.plan.manifest.description)),
            ("owner", text(&self.plan.manifest.owner)),
        ];
        facts.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
    }

    fn origin(
        &self,
        fragment: Option<&Arc<Fragment>>,
        lines: Option<RangeInclusive<usize>>,
        block: &PlannedBlock,
    ) -> Origin {
        Origin {
            path: fragment.map(|fragment| fragment.source.path().clone()),
            lines,
            blob: fragment.map(|fragment| fragment.blob.clone()),
            block: block.span.clone(),
            picked: None,
        }
    }
}

/// The most that [`separator`] returns.
const MAX_SEPARATOR_BYTES: usize = 2;

/// The separator of a join.
fn separator(join: Join) -> &'static str {
    match join {
        Join::Blank => "\n\n",
        Join::Newline => "\n",
        Join::None => "",
    }
}

/// A code fence around `text` that no fence inside it can close.
fn fenced(info: &str, text: &str) -> String {
    let fence = "`".repeat((longest_fence(text) + 1).max(3));
    format!("{fence}{info}\n{}\n{fence}", text.trim_end_matches(['\n', '\r']))
}

/// The longest run of backticks.
fn longest_fence(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// Text inside a double-quoted attribute.
fn attribute(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;").replace('>', "&gt;")
}

/// `title` of the front matter, else the first heading's text, else the file name.
fn title(fragment: &Fragment, meta: &Json) -> String {
    if let Some(title) = meta.get("title").and_then(Json::as_str) {
        return title.to_owned();
    }
    let heading = fragment.slice(fragment.body.clone()).lines().find_map(|line| line.strip_prefix("# "));
    heading.map_or_else(|| fragment.source.path().file_name().to_owned(), |heading| heading.trim().to_owned())
}

fn lines_of(fragment: &Fragment, start: usize, end: usize) -> RangeInclusive<usize> {
    let mut lines = fragment.source.lines();
    lines.line(start)..=lines.line(end.saturating_sub(1).max(start))
}
