//! Finds what other template languages would fill in or run, and this one sends as it stands: Jinja, Liquid,
//! ERB and EJS, f-strings and `$`-strings, and braces that are a slip away from a hole.

use std::sync::LazyLock;

use regex::Regex;

use super::catalogue::TEMPLATE_LEFTOVER;
use super::volatile::code;
use super::{Finding, When};

/// A tag, in group 1; or something around a name (groups 4, 6, 7, 8): the braces before and behind it are
/// groups 3 and 5.
static SHAPES: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let name = "([A-Za-z_][A-Za-z0-9_]{0,60})";
    let tag = r"\{%[-+]?\s*[a-z][^%\n]{0,200}%\}|\{#-?\s[^\n]{0,200}?#\}|<%[-_]?\s*[a-z][^%\n]{0,200}%>";
    // What a name in Python's braces may be followed by: members, a conversion, a format.
    let format = r"(?:\.\w+|\[\w+\])*(?:![rsa])?(?::[<>=^+,.0-9]*[0-9.][a-z%]?)?";
    let braces = format!(r"([$#]?)(\{{+)\s*{name}{format}\s*(\}}+)");
    Regex::new(&format!(r"({tag})|{braces}|\[\[\s*{name}\s*\]\]|%\({name}\)[sdfr]|<%[-=]=?\s*{name}\b[^%\n]{{0,80}}%>"))
        .ok()
});

/// The findings of a file. A tag counts where it is no sample of code, a name where a context has it.
pub(super) fn findings(text: &str) -> Vec<Finding> {
    if !text.contains(['{', '%', '[']) {
        return Vec::new();
    }
    let code = code(text);
    let finding = |captures: regex::Captures| {
        let whole = captures.get(0)?;
        let in_code = code.iter().any(|range| range.contains(&whole.start()));
        if captures.get(1).is_some() {
            let message =
                format!("`{}` is a tag of another template language, and is sent as it stands", whole.as_str());
            let hint = "write it in Handlebars (docs/templates.md), or between backticks if it is meant";
            let finding = Finding::new(&TEMPLATE_LEFTOVER, whole.range(), message).hint(hint);
            return (!in_code).then(|| finding.when(When::Leftover { name: None, in_code }));
        }
        let len = |group: usize| captures.get(group).map_or(0, |found| found.len());
        // `{{x}}` and `{{{x}}}` are holes here; `placeholder` looks at those in texts that are no templates.
        if len(2) == 0 && len(3) == len(5) && len(3) > 1 {
            return None;
        }
        let name = [4, 6, 7, 8].into_iter().find_map(|group| captures.get(group))?.as_str();
        let message = format!("`{}` is sent as it stands: nothing fills it in", whole.as_str());
        let finding = Finding::new(&TEMPLATE_LEFTOVER, whole.range(), message);
        let finding = finding.hint(format!("in a template, write `{{{{{name}}}}}`"));
        Some(finding.when(When::Leftover { name: Some(name.to_owned()), in_code }))
    };
    SHAPES.iter().flat_map(|shape| shape.captures_iter(text)).filter_map(finding).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each finding as its text, with the name that a context must have.
    fn found(text: &str) -> Vec<(&str, Option<String>)> {
        let name = |finding: &Finding| match &finding.when {
            When::Leftover { name, in_code: false } => name.clone(),
            other => panic!("{other:?}"),
        };
        findings(text).iter().map(|finding| (&text[finding.at.clone()], name(finding))).collect()
    }

    #[test]
    fn what_another_language_would_fill_in_is_found() {
        for (text, name) in [
            ("{% if vip %}", None),
            ("{%- endfor -%}", None),
            ("{# for later #}", None),
            ("<% if (x) { %>", None),
            ("{name}", Some("name")),
            ("{ name }", Some("name")),
            ("{name.first}", Some("name")),
            ("{name!r}", Some("name")),
            ("{name:.2f}", Some("name")),
            ("${name}", Some("name")),
            ("#{name}", Some("name")),
            ("${{name}}", Some("name")),
            ("{name}}", Some("name")),
            ("{{name}", Some("name")),
            ("[[name]]", Some("name")),
            ("%(name)s", Some("name")),
            ("<%= name %>", Some("name")),
        ] {
            assert_eq!(found(&format!("Dear {text}, hello")), [(text, name.map(str::to_owned))], "{text}");
        }
    }

    #[test]
    fn holes_code_and_headings_are_left_alone() {
        for text in [
            "Dear {{name}}, {{{name}}}, {{ name }}",
            "{{#if vip}}a{{else}}b{{/if}} {{!-- {name --}}",
            "Write `{% if x %}` there.",
            "```jinja\n{% for x in y %}\n{# note #}\n```\n",
            "## Setup {#setup}",
            "100 % of <%",
            "{name: \"Ann\"} {\"name\": 1}",
            "a { b } is {} and {1}",
        ] {
            let named = |finding: &&Finding| !matches!(&finding.when, When::Leftover { name: Some(_), .. });
            let all = findings(text);
            assert!(all.iter().find(named).is_none(), "{text}: {all:?}");
        }
        assert!(findings("{{name}} {{{name}}} {name: \"Ann\"}").is_empty());
    }

    #[test]
    fn every_expression_compiles() {
        assert!(SHAPES.is_some());
    }
}
