//! A prompt as every provider groups it: tools, system texts, turns. The dialects write it down.

use serde_json::{Map, Value};

use super::{Finding, HoleKind, Place};
use crate::prompt::blocks::{BlockKind, Breakpoint, ContentBlock, blocks, turns};
use crate::prompt::calls::{ToolCall, ToolResult};
use crate::prompt::segment::{Kind, Part, Role, Segment, Tier};

/// The request before it has a vendor.
#[derive(Debug, Default)]
pub(super) struct Outline {
    pub tools: Vec<ToolDefinition>,
    pub system: Vec<BlockText>,
    pub turns: Vec<OutlineTurn>,
}

/// What an outline holds beside its texts.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// The tools, each with its segment.
    pub tools: Vec<(Map<String, Value>, usize)>,
    /// Who speaks in each turn, with its first segment; nobody in a history.
    pub turns: Vec<(Option<Role>, usize)>,
    /// The names of the tools that turns call, each with its segment.
    pub calls: Vec<(String, usize)>,
}

/// A tool definition, its members read out of its canonical JSON.
#[derive(Debug)]
pub(super) struct ToolDefinition {
    pub name: String,
    pub description: Option<String>,
    pub input_schema: Map<String, Value>,
    pub strict: Option<bool>,
    pub mark: Option<Breakpoint>,
    /// All of it, members in canonical order.
    pub definition: Map<String, Value>,
    /// The segment that it is.
    pub segment: usize,
}

/// One content block's text, its inputs written as `{{name}}`, its regions as their samples.
#[derive(Debug, Default)]
pub(super) struct BlockText {
    pub text: String,
    pub holes: Vec<HoleRange>,
    pub mark: Option<Breakpoint>,
    /// The segment that it begins with.
    pub segment: usize,
}

/// The range of an input or a region in a [`BlockText`], in Unicode scalar values, the end exclusive.
#[derive(Debug)]
pub(super) struct HoleRange {
    /// The input, or those that a region depends on.
    pub name: String,
    pub kind: HoleKind,
    pub start: usize,
    pub end: usize,
    /// The segment that it is.
    pub segment: usize,
}

/// One turn, or the place of earlier ones.
#[derive(Debug)]
pub(super) enum OutlineTurn {
    /// What somebody says, and then the tools that the assistant calls. A mark is never at a call: it ends a segment, and
    /// what calls a tool goes on with its result.
    Spoken {
        role: Role,
        texts: Vec<BlockText>,
        calls: Vec<ToolCall>,
        segment: usize,
    },
    /// What the tools answered that the turn before calls.
    Results {
        results: Vec<ToolResult>,
        segment: usize,
    },
    History {
        name: String,
        mark: Option<Breakpoint>,
        segment: usize,
    },
}

impl Outline {
    /// Groups the segments; what cannot be grouped is left out and noted in `faults`.
    pub fn of(segments: &[Segment], breakpoints: &[Breakpoint], faults: &mut Vec<Finding>) -> Self {
        let cuts: Vec<usize> = breakpoints.iter().map(|breakpoint| breakpoint.after).collect();
        let blocks = blocks(segments, &cuts);
        let mark = |block: &ContentBlock| breakpoints.iter().find(|mark| Some(mark.after) == block.breakpoint).copied();
        let mut outline = Self::default();
        for turn in turns(&blocks) {
            let Some(first) = turn.first() else { continue };
            let segment = |block: &ContentBlock| block.parts.first().map_or(0, |(segment, _)| *segment);
            match (first.tier, first.kind) {
                (Tier::Tools, _) => match ToolDefinition::parse(&parts(segments, first)) {
                    Ok(tool) => {
                        outline.tools.push(ToolDefinition { mark: mark(first), segment: segment(first), ..tool });
                    }
                    Err(fault) => faults.push(fault.at(Place::Segment(segment(first), String::new()))),
                },
                (Tier::System, BlockKind::History) => faults.push(Finding::new(
                    "history-in-system",
                    format!("the history `{}` stands in the system prompt", name(segments, first)),
                    "move it to `messages`",
                )),
                (Tier::Messages, BlockKind::History) => outline.turns.push(OutlineTurn::History {
                    name: name(segments, first),
                    mark: mark(first),
                    segment: segment(first),
                }),
                (_, BlockKind::ToolResult) => {
                    let result = parts(segments, first).into_iter().filter_map(ToolResult::of);
                    match outline.turns.last_mut() {
                        Some(OutlineTurn::Results { results, .. }) => results.extend(result),
                        _ => outline
                            .turns
                            .push(OutlineTurn::Results { results: result.collect(), segment: segment(first) }),
                    }
                }
                (tier, _) => {
                    let texts = turn.iter().filter(|block| block.kind == BlockKind::Text).map(|block| BlockText {
                        segment: segment(block),
                        ..BlockText::of(segments, block, mark(block))
                    });
                    match tier {
                        Tier::Messages => outline.turns.push(OutlineTurn::Spoken {
                            role: first.role,
                            texts: texts.collect(),
                            calls: turn
                                .iter()
                                .flat_map(|block| parts(segments, block))
                                .filter_map(ToolCall::of)
                                .collect(),
                            segment: segment(first),
                        }),
                        _ => outline.system.extend(texts),
                    }
                }
            }
        }
        outline
    }

    /// What it holds beside its texts.
    pub fn seen(&self) -> Seen {
        let turn = |turn: &OutlineTurn| match turn {
            OutlineTurn::Spoken { role, segment, .. } => (Some(*role), *segment),
            OutlineTurn::Results { segment, .. } => (Some(Role::User), *segment),
            OutlineTurn::History { segment, .. } => (None, *segment),
        };
        let called = |turn: &OutlineTurn| match turn {
            OutlineTurn::Spoken { calls, segment, .. } => {
                calls.iter().map(|call| (call.name.clone(), *segment)).collect()
            }
            _ => Vec::new(),
        };
        Seen {
            tools: self.tools.iter().map(|tool| (tool.definition.clone(), tool.segment)).collect(),
            turns: self.turns.iter().map(turn).collect(),
            calls: self.turns.iter().flat_map(called).collect(),
        }
    }
}

fn parts<'a>(segments: &'a [Segment], block: &ContentBlock) -> Vec<&'a Part> {
    let part = |&(segment, part): &(usize, usize)| segments.get(segment)?.parts.get(part);
    block.parts.iter().filter_map(part).collect()
}

fn name(segments: &[Segment], block: &ContentBlock) -> String {
    parts(segments, block).iter().map(|part| part.text.as_ref()).collect()
}

impl BlockText {
    fn of(segments: &[Segment], block: &ContentBlock, mark: Option<Breakpoint>) -> Self {
        let parts = parts(segments, block);
        let mut text = String::with_capacity(parts.iter().map(|part| part.text.len() + "{{}}".len()).sum());
        let mut holes = Vec::new();
        // Characters are counted only as far as an input needs its offset: those of the first `counted`
        // bytes are `length`.
        let (mut counted, mut length) = (0, 0);
        for (part, (segment, _)) in parts.into_iter().zip(&block.parts) {
            let (name, kind, braces) = match (part.kind, &part.region) {
                (Kind::Input, _) => (part.text.to_string(), HoleKind::Input, ["{{", "}}"]),
                (_, Some(region)) => (region.needs.join(" "), HoleKind::Region, ["", ""]),
                _ => {
                    text.push_str(&part.text);
                    continue;
                }
            };
            let start = length + text[counted..].chars().count();
            let from = text.len();
            text.extend([braces[0], &part.text, braces[1]]);
            (counted, length) = (text.len(), start + text[from..].chars().count());
            holes.push(HoleRange { name, kind, start, end: length, segment: *segment });
        }
        Self { text, holes, mark, segment: 0 }
    }

    /// The texts of one turn as one, for formats that know no blocks in it. It carries no mark.
    pub fn joined(texts: Vec<BlockText>) -> Self {
        let mut texts = texts.into_iter();
        let mut joined = Self { mark: None, ..texts.next().unwrap_or_default() };
        for text in texts {
            let shift = if text.holes.is_empty() { 0 } else { joined.text.chars().count() };
            joined.text.push_str(&text.text);
            let moved = |hole: HoleRange| HoleRange { start: hole.start + shift, end: hole.end + shift, ..hole };
            joined.holes.extend(text.holes.into_iter().map(moved));
        }
        joined
    }
}

impl ToolDefinition {
    fn parse(parts: &[&Part]) -> Result<Self, Finding> {
        let written: String = parts.iter().map(|part| part.text.as_ref()).collect();
        let Ok(Value::Object(definition)) = serde_json::from_str(&written) else {
            return Err(Finding::new("bad-tool", "a tool is not a JSON object", KEYS));
        };
        let name = match definition.get("name") {
            Some(Value::String(name)) => name.clone(),
            _ => return Err(Finding::new("bad-tool", "a tool has no `name`", KEYS)),
        };
        let fault = |what: &str| Finding::new("bad-tool", format!("the tool `{name}` {what}"), KEYS);
        let known = ["name", "description", "input_schema", "strict"];
        if let Some(key) = definition.keys().find(|key| !known.contains(&key.as_str())) {
            return Err(fault(&format!("has the unknown key `{key}`")));
        }
        let description = match definition.get("description") {
            Some(Value::String(description)) => Some(description.clone()),
            None => None,
            Some(_) => return Err(fault("has a `description` that is not text")),
        };
        let strict = match definition.get("strict") {
            Some(Value::Bool(strict)) => Some(*strict),
            None => None,
            Some(_) => return Err(fault("has a `strict` that is neither true nor false")),
        };
        let input_schema = match definition.get("input_schema") {
            Some(Value::Object(schema)) => schema.clone(),
            _ => return Err(fault("has no `input_schema`")),
        };
        Ok(Self { name, description, input_schema, strict, mark: None, definition, segment: 0 })
    }
}

const KEYS: &str = "a tool is {name, description, input_schema} and may say `strict: true`";
