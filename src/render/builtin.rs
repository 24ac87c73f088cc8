//! The helpers that a template can call, and the shape of each call.

use super::name::near;
use super::syntax::{Call, SyntaxFault};

/// A helper. There are no others, and no way to add one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Builtin {
    If,
    Unless,
    Each,
    With,
    Segment,
    IfEquals,
    UnlessEquals,
    Eq,
    Ne,
    Gt,
    Gte,
    Lt,
    Lte,
    And,
    Or,
    Not,
    Lookup,
    Len,
    Include,
    Json,
    Yaml,
    Indent,
    Join,
    Upper,
    Lower,
    Trim,
}

/// Where a helper may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// `{{#if a}}…{{/if}}` only.
    Block,
    /// `{{upper a}}` or `(upper a)` only.
    Inline,
    /// Either: the comparisons.
    Both,
}

struct Shape {
    name: &'static str,
    builtin: Builtin,
    form: Form,
    /// How many arguments, at least and at most.
    arguments: (usize, usize),
    /// The names it takes as `name=value`.
    named: &'static [&'static str],
    /// How many names `as |…|` may bind.
    params: usize,
    usage: &'static str,
}

/// The most arguments any one call may have, positional or named.
pub const MAX_ARGUMENTS: usize = 64;

/// What people call the helper that is left out on purpose.
const CLOCKS: &[&str] = &["now", "date", "today", "time", "datetime", "currentdate", "dateformat", "formatdate"];

const SHAPES: &[Shape] = &[
    block("if", Builtin::If, 1, &["includeZero"], 0, "{{#if name}}…{{/if}}"),
    block("unless", Builtin::Unless, 1, &["includeZero"], 0, "{{#unless name}}…{{/unless}}"),
    block("each", Builtin::Each, 1, &[], 2, "{{#each list}}…{{/each}}"),
    block("with", Builtin::With, 1, &[], 1, "{{#with map}}…{{/with}}"),
    block("segment", Builtin::Segment, 0, &["id"], 0, "{{#segment id=\"name\"}}…{{/segment}}"),
    block("ifEquals", Builtin::IfEquals, 2, &[], 0, "{{#ifEquals a b}}…{{/ifEquals}}"),
    block("unlessEquals", Builtin::UnlessEquals, 2, &[], 0, "{{#unlessEquals a b}}…{{/unlessEquals}}"),
    test("eq", Builtin::Eq, (2, 2), "(eq a b)"),
    test("ne", Builtin::Ne, (2, 2), "(ne a b)"),
    test("gt", Builtin::Gt, (2, 2), "(gt a b)"),
    test("gte", Builtin::Gte, (2, 2), "(gte a b)"),
    test("lt", Builtin::Lt, (2, 2), "(lt a b)"),
    test("lte", Builtin::Lte, (2, 2), "(lte a b)"),
    test("and", Builtin::And, (1, MAX_ARGUMENTS), "(and a b …)"),
    test("or", Builtin::Or, (1, MAX_ARGUMENTS), "(or a b …)"),
    test("not", Builtin::Not, (1, 1), "(not a)"),
    inline("lookup", Builtin::Lookup, 2, &[], "{{lookup collection key}}"),
    inline("len", Builtin::Len, 1, &[], "{{len list}}"),
    inline("include", Builtin::Include, 1, &[], "{{include \"path\"}}"),
    inline("json", Builtin::Json, 1, &["indent"], "{{json value}} or {{json value indent=2}}"),
    inline("yaml", Builtin::Yaml, 1, &[], "{{yaml value}}"),
    inline("indent", Builtin::Indent, 2, &[], "{{indent 4 text}}"),
    inline("join", Builtin::Join, 2, &[], "{{join list \", \"}}"),
    inline("upper", Builtin::Upper, 1, &[], "{{upper text}}"),
    inline("lower", Builtin::Lower, 1, &[], "{{lower text}}"),
    inline("trim", Builtin::Trim, 1, &[], "{{trim text}}"),
];

const fn block(
    name: &'static str,
    builtin: Builtin,
    arguments: usize,
    named: &'static [&'static str],
    params: usize,
    usage: &'static str,
) -> Shape {
    Shape { name, builtin, form: Form::Block, arguments: (arguments, arguments), named, params, usage }
}

const fn test(name: &'static str, builtin: Builtin, arguments: (usize, usize), usage: &'static str) -> Shape {
    Shape { name, builtin, form: Form::Both, arguments, named: &[], params: 0, usage }
}

const fn inline(
    name: &'static str,
    builtin: Builtin,
    arguments: usize,
    named: &'static [&'static str],
    usage: &'static str,
) -> Shape {
    Shape { name, builtin, form: Form::Inline, arguments: (arguments, arguments), named, params: 0, usage }
}

impl Builtin {
    /// The helper of that name.
    pub fn named(name: &str) -> Option<Self> {
        SHAPES.iter().find(|shape| shape.name == name).map(|shape| shape.builtin)
    }

    /// Whether `{{#name}}…{{else}}…` has an else branch: all blocks but `segment`.
    pub fn has_else(self) -> bool {
        self != Self::Segment
    }
}

/// Says what is wrong with the shape of a call: an unknown helper, a block that is none, too few or
/// too many arguments, a name that it does not take.
pub(super) fn check(call: &Call, is_block: bool) -> Option<SyntaxFault> {
    let name = &call.name;
    let Some(shape) = SHAPES.iter().find(|shape| shape.name == name.text) else {
        return Some(unknown(call, is_block));
    };
    let fault = |message: String| SyntaxFault::new(name.at.clone(), message).code("helper-arguments");
    let usage = format!("write `{}`", shape.usage);
    match (shape.form, is_block) {
        (Form::Block, false) => return Some(fault(format!("`{}` is a block", name.text)).hint(usage)),
        (Form::Inline, true) => return Some(fault(format!("`{}` is not a block", name.text)).hint(usage)),
        _ => {}
    }
    let (least, most) = shape.arguments;
    let given = call.arguments.len();
    if given < least || given > most {
        let wanted = match (least, most) {
            (0, 0) => "no argument".to_owned(),
            (1, 1) => "one argument".to_owned(),
            (least, most) if least == most => format!("{least} arguments"),
            (least, _) => format!("at least {least} argument{}", if least == 1 { "" } else { "s" }),
        };
        return Some(fault(format!("`{}` takes {wanted} and is given {given}", name.text)).hint(usage));
    }
    for (own, _) in &call.named {
        if !shape.named.contains(&own.text.as_str()) {
            let message = format!("`{}` takes no `{}=`", name.text, own.text);
            let mut fault = SyntaxFault::new(own.at.clone(), message).code("helper-arguments");
            fault.hint = near(&own.text, shape.named.iter().copied()).or(Some(usage));
            return Some(fault);
        }
    }
    if shape.builtin == Builtin::Segment && call.named.is_empty() {
        return Some(fault("`segment` needs an `id`".to_owned()).hint(usage));
    }
    if call.params.len() > shape.params {
        let at = call.params.get(shape.params).map_or(name.at.clone(), |param| param.at.clone());
        let message = match shape.params {
            0 => format!("`{}` binds no names", name.text),
            1 => format!("`{}` binds one name", name.text),
            most => format!("`{}` binds at most {most} names", name.text),
        };
        return Some(SyntaxFault::new(at, message).code("helper-arguments"));
    }
    None
}

fn unknown(call: &Call, is_block: bool) -> SyntaxFault {
    let name = &call.name;
    let mut fault =
        SyntaxFault::new(name.at.clone(), format!("there is no helper `{}`", name.text)).code("unknown-helper");
    let word = name.text.as_str();
    fault.hint = if CLOCKS.contains(&word.to_lowercase().as_str()) {
        let why = "a build depends on its sources and not on the clock";
        Some(format!("{why}: write the date into `vars`, or make it an input"))
    } else if is_block && call.arguments.is_empty() {
        Some(format!("a block needs a helper: `{{{{#if {word}}}}}` or `{{{{#each {word}}}}}`"))
    } else {
        near(word, SHAPES.iter().map(|shape| shape.name))
    };
    fault
}
