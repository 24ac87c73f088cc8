//! The helpers that a template can call, and the shape of each call.

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

/// Where a helper may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// `{{#if a}}…{{/if}}` only.
    BlockTag,
    /// `{{upper a}}` or `(upper a)` only.
    Inline,
    /// Either: the comparisons.
    Both,
}

/// What a call of a helper looks like.
pub(super) struct Shape {
    pub name: &'static str,
    pub builtin: Builtin,
    pub form: Form,
    /// How many arguments, at least and at most.
    pub arguments: (usize, usize),
    /// The names it takes as `name=value`.
    pub named: &'static [&'static str],
    /// How many names `as |…|` may bind.
    pub params: usize,
    /// How to write it, for hints.
    pub usage: &'static str,
}

/// The most arguments any one call may have, positional or named.
pub const MAX_ARGUMENTS: usize = 64;

/// All of them.
pub(super) const SHAPES: &[Shape] = &[
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
    Shape { name, builtin, form: Form::BlockTag, arguments: (arguments, arguments), named, params, usage }
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
