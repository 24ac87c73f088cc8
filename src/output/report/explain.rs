//! The report of `explain`: what a context is made of, and what entered each link of its chain.

use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::inert;
use super::text::{Table, counted, grouped, lines_of};
use crate::output::record::{ContextRecord, DiagnosticRecord};
use crate::pipeline::Build;
use crate::pipeline::measured::{MeasuredCount, OUTDATED};
use crate::prompt::chain::{Digest, VERSION};
use crate::prompt::segment::{Kind, Picked, Segment, Tier};
use crate::syntax::source::{ObjectId, ProjectPath};
use crate::text::lint::secret::masked;
use crate::tree::Commit;

/// What `explain --format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ExplainReport<'a> {
    /// `contexture.explain/1`.
    pub schema: &'static str,
    /// The context.
    pub context: ContextRecord<'a>,
    /// What entered each link, in order.
    pub links: Vec<LinkRecord<'a>>,
    /// The last commit that changed each file, when it was asked for.
    pub changed: BTreeMap<&'a ProjectPath, &'a ObjectId>,
    /// Warnings and notes.
    pub diagnostics: Vec<DiagnosticRecord>,
}

/// What entered one link of the chain.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LinkRecord<'a> {
    /// The segment.
    pub segment: &'a str,
    /// Where in the request: the first thing that enters the segment's digest.
    pub tier: Tier,
    /// The digest of the prefix before it.
    pub before: Digest,
    /// The parts that enter the segment's digest, in order.
    pub parts: Vec<PartRecord<'a>>,
    /// Of an example: its label, and why it is in the prompt.
    pub picked: Option<&'a Picked>,
    /// The segment's digest.
    pub digest: Digest,
    /// The digest of the prefix that ends with it.
    pub after: Digest,
}

/// A part as it enters the digest, with its length.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PartRecord<'a> {
    /// Who speaks.
    pub role: crate::prompt::segment::Role,
    /// What it is.
    pub kind: Kind,
    /// Bytes, normalised, as the model sees them.
    pub bytes: usize,
    /// The text, without secrets; of a region its source.
    pub text: Cow<'a, str>,
    /// What a region writes with the examples of its inputs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sample: Option<Cow<'a, str>>,
    /// The inputs that a region depends on.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub needs: &'a [String],
}

/// The last commit behind each file, by path.
pub type Changes = BTreeMap<ProjectPath, Commit>;

/// Reports one context, or one segment of it.
pub fn record<'a>(build: &'a Build, only: Option<usize>, changes: &'a Changes) -> ExplainReport<'a> {
    let wanted = |index: &usize| only.is_none_or(|only| only == *index);
    let links = (0..build.segments.len()).filter(wanted).map(|index| {
        let segment = &build.segments[index];
        LinkRecord {
            segment: &segment.id,
            tier: segment.tier,
            before: build.chain.prefixes[index],
            parts: segment
                .parts
                .iter()
                .map(|part| PartRecord {
                    role: part.role,
                    kind: part.kind,
                    bytes: part.identity().len(),
                    text: masked(part.identity()),
                    sample: part.region.as_ref().map(|_| masked(&part.text)),
                    needs: part.region.as_ref().map_or(&[], |region| &region.needs),
                })
                .collect(),
            picked: segment.origin.picked.as_ref(),
            digest: build.chain.digests[index],
            after: build.chain.prefixes[index + 1],
        }
    });
    ExplainReport {
        schema: "contexture.explain/1",
        context: ContextRecord::of(build),
        links: links.collect(),
        changed: changes.iter().map(|(path, commit)| (path, &commit.id)).collect(),
        diagnostics: DiagnosticRecord::all(&build.warnings),
    }
}

/// A context for people: each segment with its tokens, digest and origin, then each model's marks.
pub fn text(build: &Build, changes: &Changes) -> String {
    let mut drawn = format!("{}\n", inert::words(&build.id.to_string()));
    if let Some(description) = &build.plan.manifest.description {
        drawn.push_str(&format!("  {}\n", inert::words(description.value.trim_end())));
    }
    drawn.push_str(&format!("  prefix    {}  {}\n", build.chain.prefix(), tokens_note(build.counts.prefix.tokens())));
    drawn.push_str(&format!("  full      {}  {}\n", build.chain.full(), tokens_note(build.counts.text.tokens())));
    drawn.push_str(&format!("  settings  {}  model settings and output schema\n\n", build.settings));
    let headings: &[&str] = if changes.is_empty() {
        &["segment", "tokens>", "link", "from"]
    } else {
        &["segment", "tokens>", "link", "changed", "from"]
    };
    let mut table = Table::new(headings);
    for (index, segment) in build.segments.iter().enumerate() {
        let tokens = segment_tokens(segment, build.counts.per_segment[index]);
        let mut row = vec![segment.id.clone(), tokens, build.chain.prefixes[index + 1].short(), origin(segment)];
        if let (Some(from), Some(picked)) = (row.last_mut(), &segment.origin.picked) {
            from.push_str(&format!("  {}", why(picked)));
        }
        if !changes.is_empty() {
            let commit = segment.origin.path.as_ref().and_then(|path| changes.get(path));
            row.insert(3, commit.map_or_else(|| "-".to_owned(), |commit| commit.id.short().to_owned()));
        }
        table.row(row);
        if index + 1 == build.chain.prefix_len && index + 1 < build.segments.len() {
            let mut mark = vec![format!("-- prefix ends: {}", build.chain.prefix().short())];
            mark.resize(headings.len(), String::new());
            table.row(mark);
        }
    }
    drawn.push_str(&table.draw(2));
    for model in &build.models {
        drawn.push_str(&inert::words(&format!(
            "\n  {}: {} tokens in, {}\n",
            model.name,
            grouped(model.tokens.total()),
            model.tokens.basis().as_str()
        )));
        if let Some(measured) = &model.measured {
            let MeasuredCount { tokens, day, source, .. } = &measured.count;
            let estimate = grouped(measured.estimated.tokens.total().saturating_sub(measured.estimated.tokens.inputs));
            let line = format!(
                "{} measured on {day} by {source}, inputs left empty; the estimate was {estimate}",
                grouped(*tokens)
            );
            drawn.push_str(&inert::words(&format!("    {line}\n")));
        }
        drawn.push_str(&super::cost::lines(model));
        for placed in &model.layout.breakpoints {
            let after = &build.segments[placed.breakpoint.after].id;
            let head = format!("after {after} for {}, {} tokens", placed.breakpoint.ttl, grouped(placed.tokens));
            drawn.push_str(&inert::words(&format!("    breakpoint {head}: {}\n", placed.why)));
        }
    }
    for note in build.warnings.iter().filter(|note| note.code == OUTDATED) {
        drawn.push_str(&inert::words(&format!("\n  {}; {}\n", note.message, note.hint.as_deref().unwrap_or_default())));
    }
    drawn
}

/// One segment for people: where its text was read, and every input of its digest and link.
pub fn segment_text(build: &Build, index: usize) -> String {
    let segment = &build.segments[index];
    let mut drawn = format!("{}\n", inert::words(&format!("{}:{}", build.id, segment.id)));
    drawn.push_str(&format!("  from      {}\n", inert::words(&origin(segment))));
    if let Some(blob) = &segment.origin.blob {
        drawn.push_str(&format!("  blob      {blob}\n"));
    }
    let (line, column) = segment.origin.block.line_column();
    drawn.push_str(&inert::words(&format!("  block     {}:{line}:{column}\n", segment.origin.block.path())));
    if let Some(picked) = &segment.origin.picked {
        drawn.push_str(&format!("  example   {}\n", inert::words(&why(picked))));
    }
    drawn.push_str(&format!("  tokens    {} (o200k_base, as joined)\n\n", grouped(build.counts.per_segment[index])));
    let link = |name: &str, digest: &Digest, what: &str| format!("  {name:<9} {digest}  {what}\n");
    drawn.push_str(&format!(
        "  The digest D({}) is BLAKE3 ({VERSION}) over the tier and {}:\n",
        index + 1,
        counted(segment.parts.len(), "part")
    ));
    drawn.push_str(&format!("  tier      {}\n", segment.tier));
    for part in &segment.parts {
        drawn.push_str(&format!(
            "  part      {} {} {} bytes\n",
            part.role.as_str(),
            part.kind.as_str(),
            grouped(part.identity().len() as u64)
        ));
    }
    drawn.push_str(&link("digest", &build.chain.digests[index], &format!("D({})", index + 1)));
    drawn.push_str(&link("before", &build.chain.prefixes[index], &format!("P({index})")));
    drawn.push_str(&link(
        "after",
        &build.chain.prefixes[index + 1],
        &format!("P({}) = H(P({index}), D({}))", index + 1, index + 1),
    ));
    drawn.push('\n');
    for part in &segment.parts {
        let shown = match part.kind {
            Kind::Input => format!("{{{{{}}}}}", part.text),
            Kind::History => format!("[earlier turns: {}]", part.text),
            Kind::Text | Kind::Tool | Kind::ToolCall | Kind::ToolResult => masked(&part.text).into_owned(),
            Kind::Region => format!("{}\n--- sample\n{}", masked(part.identity()), masked(&part.text)),
        };
        drawn.push_str(&format!("--- {} {}\n{}\n", part.role.as_str(), part.kind.as_str(), inert::terminal(&shown)));
    }
    drawn
}

/// The label of an example, and why it was picked: `late: 2nd of its `label``.
fn why(Picked { label, why, .. }: &Picked) -> String {
    label.as_ref().map_or_else(|| why.clone(), |label| format!("{}: {why}", masked(label)))
}

/// The tokens of a segment: a hole has none yet, a region those of its sample.
pub fn segment_tokens(segment: &Segment, tokens: u64) -> String {
    match segment.region() {
        Some(_) => format!("~{}", grouped(tokens)),
        None if segment.is_hole() => "hole".to_owned(),
        None => grouped(tokens),
    }
}

/// Where a segment's text was read: `policies/refunds.md:1-80`, or the manifest's line.
pub fn origin(segment: &Segment) -> String {
    let lines = segment.origin.lines.as_ref().map(|lines| [*lines.start(), *lines.end()]);
    match &segment.origin.path {
        Some(path) => lines_of(path, lines),
        None => format!("{}:{}", segment.origin.block.path(), segment.origin.block.line_column().0),
    }
}

fn tokens_note(tokens: u64) -> String {
    format!("{} tokens by o200k_base", grouped(tokens))
}
