//! Lints of the names and numbers that a manifest declares: inputs that nothing uses, names that something
//! of the template language has already, and numbers that a template spells in another way.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::Subject;
use super::catalogue::{RESPELLED_NUMBER, SHADOWED_NAME, UNUSED_INPUT};
use crate::prompt::segment::{Kind, Part, Segment};
use crate::syntax::diag::{Diagnostic, Faults};
use crate::syntax::json;
use crate::syntax::manifest::BlockSource;
use crate::syntax::source::{ProjectPath, Span};
use crate::syntax::yaml::{Node, Value};
use crate::text::compose::TEMPLATES;
use crate::text::resolve::{Content, PlannedBlock, Wrap};
use crate::text::template::is_helper;

/// What a template knows by a bare name wherever it stands, its helpers left out: what is not a var.
const BUILT_IN: [&str; 5] = ["this", "context", "vars", "inputs", "else"];

fn is_built_in(name: &str) -> bool {
    BUILT_IN.contains(&name) || is_helper(name)
}

/// What a template that wraps a file is given, and one that wraps an example.
const OF_FILE: [&str; 4] = ["path", "title", "content", "meta"];
const OF_EXAMPLE: [&str; 5] = ["index", "user", "assistant", "turns", "meta"];

/// Inputs that the manifest itself declares and that stand nowhere: not in this prompt, not in a branch or a
/// block that is switched off, not in another variant.
pub(super) fn unused_inputs(subject: &Subject) -> Vec<Diagnostic> {
    let parts = subject.segments.iter().flat_map(|segment| &segment.parts);
    let of = |part: &'_ Part| match (&part.region, part.kind) {
        (Some(region), _) => region.needs.clone(),
        (None, Kind::Input) => vec![part.text.to_string()],
        _ => Vec::new(),
    };
    let used: BTreeSet<String> = parts.flat_map(of).collect();
    let own = subject.plan.manifest.inputs.iter().map(|(key, _)| key);
    let own = own.filter(|key| key.span.path() == &subject.plan.manifest_path && !used.contains(&*key.text));
    let mut mentioned: Option<HashSet<String>> = None;
    let unused = own.filter(|key| {
        let mentioned = mentioned.get_or_insert_with(|| {
            let texts = template_texts(subject, key.span.source.text());
            texts.iter().flat_map(|text| mentions(text)).map(str::to_owned).collect()
        });
        !mentioned.contains(&*key.text)
    });
    let warning = |key: &crate::syntax::yaml::Key| {
        let message =
            format!("nothing uses the input `{}`, so what a caller fills in never reaches the model", key.text);
        let hint = format!("write `{{{{{}}}}}` where it belongs, or remove it", key.text);
        UNUSED_INPUT.warning(message).at(&key.span).hint(hint)
    };
    unused.map(warning).collect()
}

/// Every text in which an input of the context can stand: the manifest, the templates that were read, and those
/// that its blocks name, also where a condition switches them off.
fn template_texts(subject: &Subject, manifest: &str) -> Vec<String> {
    let read = |path: &ProjectPath| Some(subject.fragments.read(path).ok()?.source.text().to_string());
    let mut texts = vec![manifest.to_owned()];
    let folder = ProjectPath::literal(TEMPLATES);
    texts.extend(subject.reads.files.keys().filter(|path| path.is_below(&folder)).filter_map(read));
    let manifest = &subject.plan.manifest;
    for block in manifest.system.iter().chain(&manifest.messages) {
        let source = match &block.source {
            BlockSource::Template(name) | BlockSource::Bare(name) => Some(name),
            _ => None,
        };
        for name in source.into_iter().chain(&block.fields.wrap) {
            let paths = [format!("{TEMPLATES}/{}", name.value), format!("{TEMPLATES}/{}.hbs", name.value)];
            texts.extend(paths.iter().filter_map(|path| read(&ProjectPath::new(path).ok()?)));
        }
    }
    texts
}

/// The names in the tags of the text.
fn mentions(text: &str) -> impl Iterator<Item = &str> {
    let tags = text.split("{{").skip(1).map(|rest| rest.split("}}").next().unwrap_or_default());
    tags.flat_map(|tag| tag.split(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '-')))
}

/// Vars and inputs whose bare name means something else in a template.
pub(super) fn shadowed(subject: &Subject) -> Vec<Diagnostic> {
    let wraps = |of_examples: bool| {
        let is_wrapped = |block: &PlannedBlock| {
            matches!(block.wrap, Wrap::Template(_)) && matches!(block.content, Content::Examples(..)) == of_examples
        };
        subject.plan.blocks.iter().any(is_wrapped)
    };
    let (files, examples) = (wraps(false), wraps(true));
    let manifest = &subject.plan.manifest;
    let vars = manifest.vars.iter().map(|(key, _)| (key, "vars"));
    let names = vars.chain(manifest.inputs.iter().map(|(key, _)| (key, "inputs")));
    let warning = |(key, table): (&crate::syntax::yaml::Key, &str)| {
        let name = &*key.text;
        let what = if is_built_in(name) {
            "of the template language itself"
        } else if files && OF_FILE.contains(&name) {
            "of what a template is given that wraps a file"
        } else if examples && OF_EXAMPLE.contains(&name) {
            "of what a template is given that wraps an example"
        } else {
            return None;
        };
        let message = format!("`{name}` is also a name {what}, which goes before it");
        let hint = format!("write it `{table}.{name}` in templates, or give it another name");
        Some(SHADOWED_NAME.warning(message).at(&key.span).hint(hint))
    };
    names.filter_map(warning).collect()
}

/// A number that a template would spell otherwise than it was written.
struct Respelled {
    at: Span,
    written: String,
    shown: String,
}

/// Numbers of vars and of metadata that stand in the prompt in another spelling than in their file.
pub(super) fn respelled(subject: &Subject) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut vars = Vec::new();
    subject.plan.manifest.vars.iter().for_each(|(_, node)| numbers(node, &mut vars));
    let mut all = Texts::default();
    subject.segments.iter().filter(|_| !vars.is_empty()).for_each(|segment| all.add(segment));
    found.extend(vars.into_iter().filter(|number| all.respell(number)));
    let wrapped = subject.plan.blocks.iter().filter(|block| matches!(block.wrap, Wrap::Template(_)));
    for block in wrapped {
        let mut of_file = Vec::new();
        match &block.content {
            Content::Files(parts) => {
                let metas = parts.iter().filter_map(|part| part.fragment.meta.as_ref());
                metas.for_each(|meta| numbers(meta, &mut of_file));
            }
            Content::Examples(fragment, examples) => match fragment.yaml(&mut Faults::new()) {
                Some(root) if matches!(fragment.source.path().extension(), "yaml" | "yml") => {
                    numbers(&root, &mut of_file)
                }
                _ if fragment.source.path().extension().contains("json") => {
                    examples.iter().for_each(|example| json_numbers(&example.span, &mut of_file));
                }
                _ => {}
            },
            _ => {}
        }
        let mut own: HashMap<&ProjectPath, Texts> = HashMap::new();
        for segment in subject.segments.iter().filter(|one| !of_file.is_empty() && is_of(one, block)) {
            segment.origin.path.iter().for_each(|path| own.entry(path).or_default().add(segment));
        }
        found.extend(
            of_file.into_iter().filter(|number| own.get(number.at.path()).is_some_and(|texts| texts.respell(number))),
        );
    }
    let warning = |number: Respelled| {
        let message = format!("the prompt has `{}` where `{}` was written", number.shown, number.written);
        RESPELLED_NUMBER.warning(message).at(&number.at).hint("put the number into quotes to keep its spelling")
    };
    found.into_iter().map(warning).collect()
}

impl Respelled {
    fn new(at: Span, shown: String) -> Option<Self> {
        let written = at.source.text().get(at.start..at.end)?.to_owned();
        (written != shown).then_some(Self { at, written, shown })
    }
}

fn is_of(segment: &Segment, block: &PlannedBlock) -> bool {
    segment.origin.block.start == block.span.start
}

/// Texts of the prompt by the words in them, so that a number is looked for only where it can be.
#[derive(Default)]
struct Texts<'a>(HashMap<&'a str, Vec<&'a str>>);

impl<'a> Texts<'a> {
    fn add(&mut self, segment: &'a Segment) {
        for part in segment.parts.iter().filter(|part| part.kind == Kind::Text) {
            for word in words(&part.text).collect::<HashSet<_>>() {
                self.0.entry(word).or_default().push(&part.text);
            }
        }
    }

    /// Whether a text has the number in its other spelling, and not in the one that was written.
    fn respell(&self, number: &Respelled) -> bool {
        let with_word = words(&number.shown).map(|word| self.0.get(word).map_or(&[][..], Vec::as_slice));
        let fewest = with_word.min_by_key(|texts| texts.len()).unwrap_or_default();
        fewest.iter().any(|text| has(text, &number.shown) && !has(text, &number.written))
    }
}

fn has(text: &str, number: &str) -> bool {
    text.match_indices(number).any(|(at, _)| {
        let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
        let behind = text.get(at + number.len()..).unwrap_or_default();
        let goes_on = behind.strip_prefix('.').unwrap_or(behind).starts_with(char::is_alphanumeric);
        !text.get(..at).unwrap_or_default().ends_with(is_part) && !goes_on
    })
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty())
}

fn numbers(node: &Node, found: &mut Vec<Respelled>) {
    match &node.value {
        Value::List(items) => items.iter().for_each(|item| numbers(item, found)),
        Value::Map(map) => map.iter().for_each(|(_, node)| numbers(node, found)),
        Value::Int(_) | Value::Float(_) => found.extend(Respelled::new(node.span.clone(), node.to_json().to_string())),
        _ => {}
    }
}

fn json_numbers(record: &Span, found: &mut Vec<Respelled>) {
    let text = record.source.text().get(record.start..record.end).unwrap_or_default();
    found.extend(json::numbers(text).filter_map(|at| {
        let shown = serde_json::from_str::<serde_json::Number>(text.get(at.clone())?).ok()?.to_string();
        Respelled::new(Span::new(&record.source, record.start + at.start, record.start + at.end), shown)
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_helper_of_the_page_is_a_built_in_name() {
        let page = include_str!("../../../docs/templates.md");
        let (_, table) = page.split_once("| helper | takes | gives |\n|---|---|---|\n").expect("the table of helpers");
        let rows = table.lines().take_while(|line| line.starts_with('|'));
        let names = rows.flat_map(|row| row.split('|').nth(1).unwrap_or_default().split('`').skip(1).step_by(2));
        let unknown: Vec<&str> = names.filter(|name| !is_built_in(name)).collect();
        assert_eq!(unknown, Vec::<&str>::new());
    }

    #[test]
    fn a_name_is_mentioned_in_tags_only() {
        let has = |text: &str| mentions(text).any(|name| name == "ticket");
        assert!(has("a {{#if ticket}}b{{/if}}") && has("{{inputs.ticket}}"));
        assert!(!has("{ticket} and ticket, {{tickets}}"));
    }
}
