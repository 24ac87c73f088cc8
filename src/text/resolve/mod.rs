//! Resolves a context's merged layers to a plan: which texts go where, and under what rules.
//!
//! Everything that depends on the tree is decided here: conditions, globs, orders, example sets and
//! picks, tools, the output schema. Rendering comes after and reads nothing but templates and what they
//! include.

mod files;
mod foreign;
mod split;
mod tools;

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use serde_json::Value as Json;

use crate::prompt::segment::{Role, Tier};
use crate::syntax::condition::{Condition, GRAMMAR};
use crate::syntax::decode::{Count, Decode, OneOrMany, Table, Text};
use crate::syntax::diag::{Diagnostic, Faults, near};
use crate::syntax::manifest::{
    Block, BlockFields, BlockSource, FrontMatter, History, Join, Manifest, Pick, PickBy, Speaker,
};
use crate::syntax::manifest::{Input, Limit, Mark, Stability};
use crate::syntax::source::{ProjectPath, Span};
use crate::syntax::yaml::Node;
use crate::text::examples::{self, Example};
use crate::text::formats;
use crate::text::fragment::{Fragment, Reader};
use crate::text::project::{ContextId, Layers};
use crate::text::template::Piece;

pub use tools::Tool;

/// How large an example is, in whatever unit the caller counts; the text wing knows no tokens.
pub type Size<'a> = &'a (dyn Fn(&Example) -> u64 + Sync);

/// A context with everything decided that depends on the tree.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Its name.
    pub id: ContextId,
    /// The manifest file.
    pub manifest_path: ProjectPath,
    /// The merged manifest.
    pub manifest: Manifest,
    /// Its blocks in order.
    pub blocks: Vec<PlannedBlock>,
    /// `vars` as JSON.
    pub vars: serde_json::Map<String, Json>,
    /// The output schema.
    pub schema: Option<Json>,
    /// The file that it is in, if it is not in the manifest.
    pub schema_file: Option<Arc<Fragment>>,
    /// The path that `each` matched.
    pub each: Option<ProjectPath>,
    /// Files of examples that are reserved for evaluation.
    pub held_out: Vec<Arc<Fragment>>,
    /// The files of `eval.cases`.
    pub cases: Vec<Arc<Fragment>>,
    /// The files of `eval.judge.labels`.
    pub judged: Vec<Arc<Fragment>>,
    /// The file that `prompt` names, if that says something of itself.
    pub foreign: Option<ProjectPath>,
    /// The models of contexture.yaml, for a foreign file whose own are not known.
    pub default_models: Vec<Text>,
}

/// One block whose conditions are true.
#[derive(Debug, Clone)]
pub struct PlannedBlock {
    /// Where in the request.
    pub tier: Tier,
    /// Its `id`, else its 1-based number in the manifest's list.
    pub label: String,
    /// Its text.
    pub content: Content,
    /// Who speaks.
    pub role: Role,
    /// What each text is put into.
    pub wrap: Wrap,
    /// What separates its segments from what follows.
    pub join: Join,
    /// The breakpoint wanted after it.
    pub mark: Mark,
    /// How often it is expected to change.
    pub stability: Option<Stability>,
    /// What to suggest to drop first: lowest first.
    pub priority: i64,
    /// A budget on its tokens, and where it was written.
    pub max_tokens: Option<Limit<Count>>,
    /// Where it was written.
    pub span: Span,
}

/// The texts of a block.
#[derive(Debug, Clone)]
pub enum Content {
    /// Text of the manifest, as it is.
    Inline(Text),
    /// Fragments, as they are.
    Files(Vec<FilePart>),
    /// A template below `templates/`.
    Template(Text),
    /// A turn written in the manifest, as a template.
    Turn(Text),
    /// Examples that were picked, in file order.
    Examples(Arc<Fragment>, Vec<Example>),
    /// Text and holes of a foreign prompt, and where they stand there.
    Foreign(Vec<Piece>, Span),
    /// Tool definitions, sorted by name.
    Tools(Vec<Tool>),
    /// A hole for earlier turns.
    History(History),
}

/// A fragment and the slices that become segments. The slices tile the text.
#[derive(Debug, Clone)]
pub struct FilePart {
    /// The file.
    pub fragment: Arc<Fragment>,
    /// Byte ranges of its text.
    pub slices: Vec<Range<usize>>,
}

/// What each text of a block is put into.
#[derive(Debug, Clone)]
pub enum Wrap {
    /// Nothing.
    Bare,
    /// `<document path="…">`.
    Document,
    /// A code fence.
    Fence,
    /// An `<example>` element: what an example becomes in `system`.
    Example,
    /// A template.
    Template(Text),
}

/// Resolves one context. `size` measures an example for `pick: {tokens: …}`.
pub fn resolve(layers: &Layers, reader: &Reader, size: Size, faults: &mut Faults) -> Option<Plan> {
    let own = layers.own();
    let foreign = formats::open(&own, reader, faults);
    if foreign.is_none() && own.get("prompt").is_some() {
        return None;
    }
    let layer = foreign.as_ref().map(|foreign| foreign::without_vars(&foreign.layer, &layers.merged(None)));
    let node = layers.merged(layer.as_ref());
    let mut manifest = Manifest::decode(&node, faults)?;
    if manifest.description.is_none() {
        manifest.description = described(layers, reader);
    }
    let mut vars = serde_json::Map::new();
    for (key, value) in manifest.vars.iter() {
        vars.insert(key.text.to_string(), value.to_json());
    }
    check_names(&manifest, faults);
    for word in manifest.assumed.iter().filter(|word| node.get(word.value.as_str()).is_none()) {
        let message = format!("`{0}` is assumed, and the manifest has no `{0}`", word.value);
        let fault = Diagnostic::error("useless-option", message).at(&word.span);
        faults.push(fault.hint("take the word off"));
    }
    let scope = Scope { reader, vars: &vars, join: manifest.join.unwrap_or(Join::Blank), size };
    let mut blocks = Vec::new();
    for (tier, written) in
        [(Tier::Tools, &manifest.tools), (Tier::System, &manifest.system), (Tier::Messages, &manifest.messages)]
    {
        for (index, block) in written.iter().enumerate() {
            // A block whose condition has a fault is resolved all the same, to find the other faults in it.
            let applies = scope.all_true(&block.fields.when, faults) != Some(false);
            let planned = applies.then(|| scope.block(tier, index + 1, block, faults)).flatten();
            if planned.is_none() && !faults.has_errors() {
                let mark = block.fields.cache.as_ref().map_or(Mark::Free, |mark| mark.value.0);
                let before = blocks.last_mut().map(|block: &mut PlannedBlock| {
                    let id = format!("{}/{}", block.tier, block.label);
                    (&mut block.mark, id)
                });
                carry(mark, before, &block.span, faults);
            }
            blocks.extend(planned);
        }
    }
    if let Some(foreign) = foreign {
        blocks = foreign::blocks(foreign, &manifest, &vars, reader, blocks, faults);
    }
    check_labels(&blocks, faults);
    tools::check_unique(&blocks, faults);
    let schema = manifest.output.as_ref().and_then(|output| output.schema.as_ref());
    let (schema, schema_file) = schema.and_then(|node| output_schema(node, reader, faults)).unzip();
    let default_models = layers.defaults.as_ref().and_then(|defaults| Vec::decode(defaults.get("models")?, faults));
    let mut matched = |patterns: &OneOrMany<Text>| match patterns.0.as_slice() {
        [] => Vec::new(),
        patterns => files::find(reader, patterns, None, false, faults).unwrap_or_default(),
    };
    let held_out = matched(&manifest.held_out);
    let cases = manifest.eval.as_ref().map_or_else(Vec::new, |eval| matched(&eval.cases));
    let judge = manifest.eval.as_ref().and_then(|eval| eval.judge.as_ref());
    let judged = judge.map_or_else(Vec::new, |judge| matched(&judge.labels));
    if ["tools", "system", "messages", "prompt"].iter().all(|key| node.get(key).is_none()) {
        let fault = Diagnostic::error("empty-context", "the manifest has no `tools`, `system`, `messages` or `prompt`");
        faults.push(fault.at(&manifest.span).hint("add a block, or `abstract: true` if it only serves `extends`"));
    }
    Some(Plan {
        id: layers.id.clone(),
        manifest_path: layers.manifest.clone(),
        manifest,
        blocks,
        vars,
        schema,
        schema_file: schema_file.flatten(),
        each: layers.each.clone(),
        held_out,
        cases,
        judged,
        foreign: layer.map(|layer| layer.span.path().clone()),
        default_models: default_models.unwrap_or_default(),
    })
}

/// The inputs, each with its example or null.
pub fn inputs(manifest: &Manifest) -> serde_json::Map<String, Json> {
    let example = |input: &Input| input.example.as_ref().map_or(Json::Null, Node::to_json);
    manifest.inputs.iter().map(|(key, input)| (key.text.to_string(), example(input))).collect()
}

/// The breakpoint of a block that came to nothing moves to the end of what stands before it.
pub fn carry(mark: Mark, before: Option<(&mut Mark, String)>, block: &Span, faults: &mut Faults) {
    if matches!(mark, Mark::Free | Mark::Never) {
        return;
    }
    let said = match before {
        Some((own @ Mark::Free, id)) => {
            *own = mark;
            let message = format!("the block has no text, so its breakpoint moves to the end of `{id}`");
            Diagnostic::note("moved-breakpoint", message)
        }
        Some((Mark::Here | Mark::For(_), _)) => return,
        Some((Mark::Never, _)) | None => {
            let message =
                "the breakpoint of the block is dead: the block has no text, and none before it may be marked";
            Diagnostic::warning("dead-breakpoint", message).hint("set `cache` on another block")
        }
    };
    faults.push(said.at(block));
}

/// What is needed to resolve a block.
struct Scope<'a> {
    reader: &'a Reader<'a>,
    vars: &'a serde_json::Map<String, Json>,
    join: Join,
    size: Size<'a>,
}

impl Scope<'_> {
    /// Whether every condition is true; `None` after a fault.
    fn all_true(&self, conditions: &OneOrMany<Text>, faults: &mut Faults) -> Option<bool> {
        let mut all = true;
        for written in &conditions.0 {
            let condition = match Condition::parse(&written.value) {
                Ok(condition) => condition,
                Err(message) => {
                    faults.push(Diagnostic::error("bad-condition", message).at(&written.span).hint(GRAMMAR));
                    return None;
                }
            };
            match condition.evaluate(&|name| lookup(self.vars, name)) {
                Ok(holds) => all &= holds,
                Err(unknown) => {
                    let near = near(&unknown.name, self.vars.keys().map(String::as_str));
                    let hint = near.first().map_or_else(
                        || "declare it below `vars:`".to_owned(),
                        |name| format!("did you mean `{name}`?"),
                    );
                    faults.push(
                        Diagnostic::error("unknown-name", format!("`{}` is not a variable", unknown.name))
                            .at(&written.span)
                            .hint(hint),
                    );
                    return None;
                }
            }
        }
        Some(all)
    }

    fn block(&self, tier: Tier, number: usize, block: &Block, faults: &mut Faults) -> Option<PlannedBlock> {
        let fields = &block.fields;
        check_options(tier, block, faults);
        if let Some(id) = fields.id.as_ref().filter(|id| !is_label(&id.value)) {
            let fault = Diagnostic::error("bad-block-id", format!("`{}` is no id for a block", id.value));
            faults.push(fault.at(&id.span).hint("use letters, digits, `-` and `_`"));
        }
        let content = self.content(tier, block, faults)?;
        let role = match (&block.source, tier, &fields.role) {
            (_, Tier::Tools | Tier::System, _) => Role::System,
            (BlockSource::Assistant(_), ..) => Role::Assistant,
            (BlockSource::User(_), ..) => Role::User,
            (_, _, Some(role)) if role.value == Speaker::Assistant => Role::Assistant,
            _ => Role::User,
        };
        let front_matter_stability = match &content {
            Content::Files(parts) => {
                parts.first().and_then(|part| part.fragment.meta.as_ref()?.get("stability")?.as_text().cloned())
            }
            _ => None,
        };
        let stability = fields.stability.map(Stability::from).or(match front_matter_stability.as_deref() {
            Some("frozen") => Some(Stability::Frozen),
            Some("stable") => Some(Stability::Stable),
            Some("volatile") => Some(Stability::Volatile),
            _ => None,
        });
        Some(PlannedBlock {
            tier,
            label: fields.id.as_ref().map_or_else(|| number.to_string(), |id| id.value.to_string()),
            wrap: self.wrap(tier, &content, fields),
            content,
            role,
            join: fields.join.unwrap_or(self.join),
            mark: fields.cache.as_ref().map_or(Mark::Free, |mark| mark.value.0),
            stability,
            priority: fields.priority.unwrap_or(0),
            max_tokens: fields.max_tokens.clone(),
            span: block.span.clone(),
        })
    }

    fn wrap(&self, tier: Tier, content: &Content, fields: &BlockFields) -> Wrap {
        match (&fields.wrap, content) {
            (None, Content::Examples(..)) if tier == Tier::System => Wrap::Example,
            (None, _) => Wrap::Bare,
            (Some(written), _) => match &*written.value {
                "document" => Wrap::Document,
                "fence" => Wrap::Fence,
                "none" => Wrap::Bare,
                _ => Wrap::Template(written.clone()),
            },
        }
    }

    fn content(&self, tier: Tier, block: &Block, faults: &mut Faults) -> Option<Content> {
        let fields = &block.fields;
        let optional = fields.optional.unwrap_or(false);
        if tier == Tier::Tools {
            let fragments = match &block.source {
                BlockSource::File(path) | BlockSource::Bare(path) => {
                    self.reader.named(path, optional, faults).into_iter().collect()
                }
                BlockSource::Files(patterns) => {
                    files::find(self.reader, patterns, fields.order.as_ref(), optional, faults)?
                }
                _ => {
                    let fault = Diagnostic::error("tool-source", "a block in `tools` takes `file` or `files`");
                    faults.push(
                        fault
                            .at(&block.span)
                            .hint("put each tool into a YAML or JSON file with name, description and input_schema"),
                    );
                    return None;
                }
            };
            return Some(Content::Tools(tools::read(&fragments, faults)));
        }
        let only_in_messages = |key: &str, faults: &mut Faults| {
            let fault =
                Diagnostic::error("turn-in-system", format!("`{key}` is a turn, and turns stand in `messages`"));
            faults.push(fault.at(&block.span).hint("move the block to `messages`, or use `text` or `template`"));
        };
        match &block.source {
            BlockSource::Text(text) => Some(Content::Inline(text.clone())),
            BlockSource::Template(name) => Some(Content::Template(name.clone())),
            BlockSource::User(_) | BlockSource::Assistant(_) | BlockSource::History(_) if tier == Tier::System => {
                let key = match &block.source {
                    BlockSource::User(_) => "user",
                    BlockSource::Assistant(_) => "assistant",
                    _ => "history",
                };
                only_in_messages(key, faults);
                None
            }
            BlockSource::User(text) | BlockSource::Assistant(text) => Some(Content::Turn(text.clone())),
            BlockSource::History(history) => Some(Content::History(history.clone())),
            BlockSource::Bare(text) if self.names_template(text) => Some(Content::Template(text.clone())),
            BlockSource::Bare(path) | BlockSource::File(path) => {
                let fragment = self.reader.named(path, optional, faults)?;
                check_front_matter(block, std::slice::from_ref(&fragment), faults);
                Some(Content::Files(vec![self.part(fragment, fields, faults)?]))
            }
            BlockSource::Files(patterns) => {
                let fragments = files::find(self.reader, patterns, fields.order.as_ref(), optional, faults)?;
                check_front_matter(block, &fragments, faults);
                let parts: Vec<Option<FilePart>> =
                    fragments.into_iter().map(|fragment| self.part(fragment, fields, faults)).collect();
                Some(Content::Files(parts.into_iter().collect::<Option<_>>()?))
            }
            BlockSource::Examples(path) => self.examples(path, fields, optional, faults),
        }
    }

    /// Whether a bare string names a template. A file of that path wins over a template's short name.
    fn names_template(&self, written: &Text) -> bool {
        let below = |name: &str| {
            ProjectPath::new(&format!("templates/{name}")).is_ok_and(|path| self.reader.read(&path).is_ok())
        };
        let is_file =
            ProjectPath::parse(&written.value, written.span.path()).is_ok_and(|path| self.reader.read(&path).is_ok());
        !is_file && (below(&written.value) || below(&format!("{}.hbs", written.value)))
    }

    fn part(&self, fragment: Arc<Fragment>, fields: &BlockFields, faults: &mut Faults) -> Option<FilePart> {
        let is_whole = fields.front_matter == Some(FrontMatter::Keep);
        let range = fragment.text(is_whole);
        faults.extend(fragment.head_warning.clone().filter(|_| !is_whole));
        let slices = match &fields.split {
            Some(written) => split::slices(&fragment, range, written, faults)?,
            None => vec![range],
        };
        Some(FilePart { fragment, slices })
    }

    fn examples(&self, path: &Text, fields: &BlockFields, optional: bool, faults: &mut Faults) -> Option<Content> {
        let fragment = self.reader.named(path, optional, faults)?;
        let mapping = fields.map.as_ref().map(|map| examples::Mapping {
            user: map.user.0.iter().map(|path| path.value.to_string()).collect(),
            assistant: map.assistant.value.to_string(),
        });
        // Whoever wraps examples with a template sees their metadata there.
        let is_own = |wrap: &Text| !["document", "fence", "none"].contains(&&*wrap.value);
        let has_template = fields.wrap.as_ref().is_some_and(is_own);
        let all = examples::read(&fragment.source, mapping.as_ref(), has_template, faults)?;
        let pick = match &fields.pick {
            Some(written) => {
                let pick = picked_by(written, faults);
                pick.check(&all, &written.span, faults);
                pick
            }
            None => examples::Pick::default(),
        };
        let mut chosen = examples::pick(&all, &pick, self.size).into_iter().peekable();
        let picked = all.into_iter().enumerate().filter_map(|(index, mut example)| {
            example.picked = Some(chosen.next_if(|(place, _)| *place == index)?.1);
            Some(example)
        });
        Some(Content::Examples(fragment, picked.collect()))
    }
}

/// What the front matter of the file that `each` matched says that it is for.
pub fn described(layers: &Layers, reader: &Reader) -> Option<Text> {
    let fragment = reader.read(layers.each.as_ref()?).ok()?;
    let said = formats::meta(&fragment, "description")?;
    Some(Text { value: said.as_text()?.clone(), span: said.span })
}

/// What a `pick:` asks for.
fn picked_by(written: &Pick, faults: &mut Faults) -> examples::Pick {
    let mut filter = Vec::new();
    for text in &written.filter.0 {
        match Condition::parse(&text.value) {
            Ok(condition) => filter.push(condition),
            Err(message) => faults.push(Diagnostic::error("bad-condition", message).at(&text.span).hint(GRAMMAR)),
        }
    }
    examples::Pick {
        count: written.count.map(|count| usize::try_from(count.0).unwrap_or(usize::MAX)),
        tokens: written.tokens.map(|tokens| tokens.0),
        by: match written.by {
            None | Some(PickBy::Order) => examples::By::Order,
            Some(PickBy::Coverage) => examples::By::Coverage,
            Some(PickBy::Diverse) => examples::By::Diverse,
        },
        label: written.label.as_ref().map(|label| label.value.to_string()),
        seed: written.seed.unwrap_or(0),
        filter,
    }
}

/// The value of a dotted name in `vars`.
fn lookup(vars: &serde_json::Map<String, Json>, name: &str) -> Option<Json> {
    let mut parts = name.strip_prefix("vars.").unwrap_or(name).split('.');
    let first = vars.get(parts.next()?)?;
    parts.try_fold(first, |value, part| value.get(part)).cloned()
}

/// Options that mean nothing for a block are reported rather than ignored.
fn check_options(tier: Tier, block: &Block, faults: &mut Faults) {
    let fields = &block.fields;
    let many = matches!(block.source, BlockSource::Files(_));
    let file = many || matches!(block.source, BlockSource::File(_) | BlockSource::Bare(_));
    let examples = matches!(block.source, BlockSource::Examples(_));
    let written_role =
        matches!(block.source, BlockSource::User(_) | BlockSource::Assistant(_) | BlockSource::History(_)) || examples;
    let useless = [
        ("role", fields.role.is_some() && (tier != Tier::Messages || written_role)),
        ("order", fields.order.is_some() && !many),
        ("split", fields.split.is_some() && (!file || tier == Tier::Tools)),
        ("pick", fields.pick.is_some() && !examples),
        ("map", fields.map.is_some() && !examples),
        (
            "wrap",
            fields.wrap.is_some()
                && (tier == Tier::Tools
                    || (examples && tier == Tier::Messages)
                    || matches!(block.source, BlockSource::History(_))),
        ),
        ("front_matter", fields.front_matter.is_some() && !file),
        ("optional", fields.optional.is_some() && !file && !examples),
    ];
    for (key, _) in useless.into_iter().filter(|(_, useless)| *useless) {
        faults.push(
            Diagnostic::error("useless-option", format!("`{key}` means nothing for this block"))
                .at(block.key_span(key))
                .hint("remove it"),
        );
    }
}

/// Says that `front_matter` does nothing where no file of the block has any.
fn check_front_matter(block: &Block, fragments: &[Arc<Fragment>], faults: &mut Faults) {
    if block.fields.front_matter.is_some() && !fragments.is_empty() && !fragments.iter().any(|one| one.has_head()) {
        let message = "`front_matter` does nothing: no file of this block has any";
        let warning = Diagnostic::warning("front-matter", message).at(block.key_span("front_matter"));
        faults.push(warning.hint("remove it; files of data (YAML, JSON, CSV) have no front matter"));
    }
}

/// Whether `label` can be a block's `id`: it must not contain the separators of segment ids, which are
/// split again when they are read.
fn is_label(label: &str) -> bool {
    !label.is_empty() && !label.contains(|c: char| matches!(c, '/' | '.' | ':') || c.is_control() || c.is_whitespace())
}

fn check_labels(blocks: &[PlannedBlock], faults: &mut Faults) {
    let mut met = HashSet::new();
    for block in blocks {
        if !met.insert((block.tier.as_str(), &block.label)) {
            let message = format!("two blocks in `{}` have the id `{}`", block.tier, block.label);
            let fault = Diagnostic::error("duplicate-block-id", message).at(&block.span);
            faults.push(fault.hint("give one of them another `id`; without one, a block's id is its number"));
        }
    }
}

/// Checks the names of vars and inputs. Templates use both by their bare names, so no name may be both.
fn check_names(manifest: &Manifest, faults: &mut Faults) {
    let is_name = |name: &str| {
        !name.is_empty()
            && name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-')
            && !name.starts_with(|c: char| c.is_ascii_digit())
    };
    let check = |table: &mut dyn Iterator<Item = &crate::syntax::yaml::Key>, what: &str, faults: &mut Faults| {
        for key in table.filter(|key| !is_name(&key.text)) {
            let fault = Diagnostic::error("bad-name", format!("`{}` is no name for {what}", key.text));
            faults.push(fault.at(&key.span).hint("use letters, digits, `_` and `-`, and begin with a letter"));
        }
    };
    check(&mut keys(&manifest.vars), "a variable", faults);
    check(&mut keys(&manifest.inputs), "an input", faults);
    let vars: HashSet<&str> = keys(&manifest.vars).map(|key| &*key.text).collect();
    for key in keys(&manifest.inputs).filter(|key| vars.contains(&*key.text)) {
        faults.push(
            Diagnostic::error("ambiguous-name", format!("`{}` is a variable and an input", key.text))
                .at(&key.span)
                .hint("rename one of the two"),
        );
    }
}

fn keys<T>(table: &Table<T>) -> impl Iterator<Item = &crate::syntax::yaml::Key> {
    table.iter().map(|(key, _)| key)
}

/// The output schema: that of a file, with the file, or the schema itself.
fn output_schema(node: &Node, reader: &Reader, faults: &mut Faults) -> Option<(Json, Option<Arc<Fragment>>)> {
    let (schema, file) = match node.as_text() {
        None => {
            tools::exact_numbers(node, faults);
            (node.to_json(), None)
        }
        Some(_) => {
            let fragment = reader.named(&Text::decode(node, faults)?, false, faults)?;
            (tools::parse_data(&fragment, faults)?.0, Some(fragment))
        }
    };
    if !schema.is_object() {
        faults.push(Diagnostic::error("wrong-type", "an output schema is a map (a JSON Schema)").at(&node.span));
        return None;
    }
    Some((schema, file))
}
