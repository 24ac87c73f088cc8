//! The helpers that a template can call, and the shape of each call.

use super::near;
use crate::syntax::limits::MAX_ARGUMENTS;

/// Where a helper may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// `{{#if a}}…{{/if}}` only.
    Block,
    /// `{{upper a}}` or `(upper a)` only.
    Inline,
    /// Either: the comparisons.
    Both,
}
use Form::{Block, Both, Inline};

/// A helper: its name, where it may be used, the least and the most arguments, the names that it takes as `name=value`,
/// how many names `as |…|` may bind, and how to write it.
struct Shape(&'static str, Form, usize, usize, &'static [&'static str], usize, &'static str);

/// All of them. There is no way to add one.
const SHAPES: &[Shape] = &[
    Shape("if", Block, 1, 1, &["includeZero"], 0, "{{#if name}}…{{/if}}"),
    Shape("unless", Block, 1, 1, &["includeZero"], 0, "{{#unless name}}…{{/unless}}"),
    Shape("each", Block, 1, 1, &[], 2, "{{#each list}}…{{/each}}"),
    Shape("with", Block, 1, 1, &[], 1, "{{#with map}}…{{/with}}"),
    Shape("segment", Block, 0, 0, &["id"], 0, "{{#segment id=\"name\"}}…{{/segment}}"),
    Shape("ifEquals", Block, 2, 2, &[], 0, "{{#ifEquals a b}}…{{/ifEquals}}"),
    Shape("unlessEquals", Block, 2, 2, &[], 0, "{{#unlessEquals a b}}…{{/unlessEquals}}"),
    Shape("eq", Both, 2, 2, &[], 0, "(eq a b)"),
    Shape("ne", Both, 2, 2, &[], 0, "(ne a b)"),
    Shape("gt", Both, 2, 2, &[], 0, "(gt a b)"),
    Shape("gte", Both, 2, 2, &[], 0, "(gte a b)"),
    Shape("lt", Both, 2, 2, &[], 0, "(lt a b)"),
    Shape("lte", Both, 2, 2, &[], 0, "(lte a b)"),
    Shape("and", Both, 1, MAX_ARGUMENTS, &[], 0, "(and a b …)"),
    Shape("or", Both, 1, MAX_ARGUMENTS, &[], 0, "(or a b …)"),
    Shape("not", Both, 1, 1, &[], 0, "(not a)"),
    Shape("has", Both, 2, 2, &[], 0, "(has map \"name\")"),
    Shape("lookup", Inline, 2, 2, &[], 0, "{{lookup collection key}}"),
    Shape("len", Inline, 1, 1, &[], 0, "{{len list}}"),
    Shape("include", Inline, 1, 1, &[], 0, "{{include \"path\"}}"),
    Shape("json", Inline, 1, 1, &["indent"], 0, "{{json value}} or {{json value indent=2}}"),
    Shape("yaml", Inline, 1, 1, &[], 0, "{{yaml value}}"),
    Shape("indent", Inline, 2, 2, &[], 0, "{{indent 4 text}}"),
    Shape("join", Inline, 2, 2, &[], 0, "{{join list \", \"}}"),
    Shape("upper", Inline, 1, 1, &[], 0, "{{upper text}}"),
    Shape("lower", Inline, 1, 1, &[], 0, "{{lower text}}"),
    Shape("trim", Inline, 1, 1, &[], 0, "{{trim text}}"),
];

/// Names of helpers of other programs, and what stands in their place here.
const ELSEWHERE: &[(&[&str], &str)] = &[
    (
        &["now", "date", "today", "time", "datetime", "currentdate", "dateformat", "formatdate"],
        "a build depends on its sources and not on the clock: write the date into `vars`, or make it an input",
    ),
    (&["role", "history", "media", "section"], "turns are blocks of the manifest: `user:`, `assistant:`, `history:`"),
];

/// Whether there is a helper of that name.
pub fn is_helper(name: &str) -> bool {
    SHAPES.iter().any(|shape| shape.0 == name)
}

/// What a call looks like: its block's names are those of `as |…|`.
pub(super) struct Call<'c> {
    pub name: &'c str,
    pub is_block: bool,
    pub arguments: usize,
    pub named: Vec<&'c str>,
    pub bound: Vec<&'c str>,
}

/// A fault in a call: its code, the word that it is about, its message and its hint.
pub(super) type CallFault<'c> = (&'static str, &'c str, String, Option<String>);

/// The fault in a call, if there is one: an unknown helper, one that is or is not a block, too few or too many
/// arguments, a named argument that it does not take.
pub(super) fn check<'c>(call: &Call<'c>) -> Option<CallFault<'c>> {
    let name = call.name;
    let Some(Shape(_, form, least, most, named, bound, usage)) = SHAPES.iter().find(|shape| shape.0 == name) else {
        return Some(("unknown-helper", name, format!("there is no helper `{name}`"), instead(call)));
    };
    let fault = |word, message, hint| Some(("helper-arguments", word, message, hint));
    let usage = Some(format!("write `{usage}`"));
    let given = call.arguments + call.named.len();
    if given > MAX_ARGUMENTS {
        return Some(("template-limit", name, format!("a call has more than {MAX_ARGUMENTS} arguments"), None));
    }
    match (form, call.is_block) {
        (Form::Block, false) => return fault(name, format!("`{name}` is a block"), usage),
        (Form::Inline, true) => return fault(name, format!("`{name}` is not a block"), usage),
        _ => {}
    }
    if !(*least..=*most).contains(&call.arguments) {
        let wanted = match (least, most) {
            (0, 0) => "no argument".to_owned(),
            (1, 1) => "one argument".to_owned(),
            (1, _) => "at least 1 argument".to_owned(),
            (least, _) => format!("{least} arguments"),
        };
        return fault(name, format!("`{name}` takes {wanted} and is given {}", call.arguments), usage);
    }
    if let Some(own) = call.named.iter().find(|own| !named.contains(own)) {
        return fault(own, format!("`{name}` takes no `{own}=`"), near(own, named.iter().copied()).or(usage));
    }
    if name == "segment" && call.named.is_empty() {
        return fault(name, "`segment` needs an `id`".to_owned(), usage);
    }
    let extra = call.bound.get(*bound)?;
    let most = ["no names", "one name", "at most two names"][*bound];
    fault(extra, format!("`{name}` binds {most}"), None)
}

/// The hint for a helper that there is not.
fn instead(call: &Call) -> Option<String> {
    let word = call.name.to_lowercase();
    if let Some((_, hint)) = ELSEWHERE.iter().find(|(names, _)| names.contains(&word.as_str())) {
        return Some((*hint).to_owned());
    }
    let word = call.name;
    if call.is_block && call.arguments == 0 {
        return Some(format!("a block needs a helper: `{{{{#if {word}}}}}` or `{{{{#each {word}}}}}`"));
    }
    near(word, SHAPES.iter().map(|shape| shape.0))
}
