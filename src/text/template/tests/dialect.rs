//! Where the implementations of Handlebars differ, and what this one does. docs/templates.md lists it.

use serde_json::json;

use super::*;

fn stage(template: &str) -> Stage {
    Stage::new(template)
        .template("p.hbs", "one\ntwo\n")
        .template("this.hbs", "{{this}}{{x}}")
        .template("frame.hbs", "{{> @partial-block}}")
        .vars(json!({"a": "A", "half": 0.5, "one": 1.0, "list": ["x", 2, null, [true]], "map": {"k": "v"}, "none": {},
            "rows": [{"x": "own"}], "elsewhere": "there", "text": "é"}))
}

#[test]
fn as_handlebars_rust_and_unlike_javascript() {
    for (template, expected) in [
        // What is written of values that are not text.
        ("{{one}} {{half}}", "1.0 0.5"),
        ("{{list}}", "[x, 2, , [true]]"),
        ("{{map}}", "[object]"),
        // An empty map is false.
        ("{{#if none}}true{{else}}false{{/if}}", "false"),
        // Text has a length in bytes.
        ("{{len text}}", "2"),
        // A partial is inserted as it is: no line of it is indented, and the line of its tag is removed.
        ("-\n  {{> p}}\n-", "-\n  one\ntwo\n-"),
        // The body of a partial sees what the partial is given.
        ("{{#> frame a=\"given\"}}{{a}}{{/frame}}", "given"),
        // A name that a partial is given, or `as` binds, goes before the names of the data.
        ("{{#each rows as |x|}}{{json x}}{{/each}}", "{\"x\":\"own\"}"),
        // A backslash before braces.
        ("\\{{a}} \\\\{{a}} \\a", "{{a}} \\A \\a"),
        // Numbers and text that spells one can be compared, and are never equal.
        ("{{gt 2 \"1\"}} {{eq 1 \"1\"}} {{eq 1 1.0}}", "true false false"),
    ] {
        assert_eq!(stage(template).text(), expected, "{template}");
    }
}

#[test]
fn unlike_handlebars_rust() {
    for (template, expected) in [
        // Named arguments of a partial do not change its `this`.
        ("{{> this a x=1}}", "A1"),
        // The name of a partial may be quoted.
        ("{{> 'this' a x=2}}", "A2"),
        // `with` over nothing writes nothing.
        ("{{#with none}}x{{/with}}", ""),
    ] {
        assert_eq!(stage(template).text(), expected, "{template}");
    }
}

#[test]
fn what_other_dialects_write_is_refused_with_the_way_to_write_it() {
    for (template, expected) in [
        ("{{.}}", "template-syntax: a name is missing here (write `{{this}}` for the value itself)"),
        ("{{#each list}}{{..}}{{/each}}", "template-syntax: `..` alone is no value (write `../this`)"),
        ("{{@root}}", "unknown-name: `@root` has no value here (write `@root.name`)"),
        (
            "{{@state.count}}",
            "unknown-name: `@state.count` has no value here (there is no `@state`: declare a var or an input)",
        ),
        ("{{elsewhere}}", "template-syntax: `elsewhere` begins with `else` (write `{{this.elsewhere}}`)"),
        (
            "{{role \"user\"}}",
            "unknown-helper: there is no helper `role` (turns are blocks of the manifest: `user:`, `assistant:`, `history:`)",
        ),
        (
            "{{#map}}{{k}}{{/map}}",
            "unknown-helper: there is no helper `map` (a block needs a helper: `{{#if map}}` or `{{#each map}}`)",
        ),
        ("{{^map}}x{{/map}}", "template-syntax: `else` stands outside of a block"),
        (
            "{{~! note ~}}",
            "template-syntax: a comment starts with `{{!` (trim white space with `{{~` and `~}}` of the tag beside it)",
        ),
        ("{{@partial-block}}", "unknown-name: `@partial-block` has no value here"),
    ] {
        let faults = stage(template).faults();
        assert!(faults.split_once(' ').unwrap().1.starts_with(expected), "{template}: {faults}");
    }
}
