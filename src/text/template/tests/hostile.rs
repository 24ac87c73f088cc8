//! Hostile templates: each ends soon, with a fault or with its text.

use std::time::{Duration, Instant};

use serde_json::json;

use super::*;
use crate::syntax::limits::{
    MAX_ARGUMENTS, MAX_NESTED_CALLS, MAX_RENDERED_BYTES, MAX_TEMPLATE_BYTES, MAX_TEMPLATE_DEPTH, MAX_TEMPLATE_STEPS,
    MAX_TEMPLATE_TAGS,
};

/// Debug builds on a busy machine included; a release build takes a tenth of it.
const SOON: Duration = Duration::from_secs(10);

fn faults(stage: &Stage) -> String {
    let start = Instant::now();
    let faults = stage.faults();
    assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
    faults
}

fn hundred() -> Json {
    json!({"a": (0..100).collect::<Vec<_>>(), "text": "x".repeat(1000)})
}

#[test]
fn both_sides_of_every_limit() {
    let blocks = |depth: usize| format!("{}{}", "{{#if a}}".repeat(depth), "{{/if}}".repeat(depth));
    let calls = |depth: usize| format!("{{{{#if {}a{}}}}}{{{{/if}}}}", "(not ".repeat(depth), ")".repeat(depth));
    let arguments = |count: usize| format!("{{{{#if (and{})}}}}{{{{/if}}}}", " a".repeat(count));
    let bytes = |count: usize| "x".repeat(count);
    let tags = |count: usize| "{{!}}".repeat(count);
    for (inside, outside, words) in [
        (blocks(MAX_TEMPLATE_DEPTH), blocks(MAX_TEMPLATE_DEPTH + 1), "blocks nest deeper than 64"),
        (calls(MAX_NESTED_CALLS), calls(MAX_NESTED_CALLS + 1), "calls nest deeper than 32"),
        (arguments(MAX_ARGUMENTS), arguments(MAX_ARGUMENTS + 1), "a call has more than 64 arguments"),
        (
            bytes(MAX_TEMPLATE_BYTES),
            bytes(MAX_TEMPLATE_BYTES + 1),
            "the template holds 131073 bytes; the limit is 131072",
        ),
        (tags(MAX_TEMPLATE_TAGS), tags(MAX_TEMPLATE_TAGS + 1), "the template holds more than 2000 tags"),
    ] {
        assert_eq!(faults(&Stage::new(&inside).vars(hundred())), "", "{words}");
        let faults = faults(&Stage::new(&outside).vars(hundred()));
        assert!(faults.contains(" template-limit: ") && faults.contains(words), "{faults}");
    }
}

#[test]
fn partials_nest_to_the_limit_and_no_further() {
    let chain = |length: usize| {
        let link = |n: usize| format!("{{{{> p{}}}}}", n + 1);
        (1..length)
            .fold(Stage::new("{{> p1}}"), |stage, n| stage.template(&format!("p{n}.hbs"), &link(n)))
            .template(&format!("p{length}.hbs"), "end")
    };
    assert_eq!(chain(MAX_TEMPLATE_DEPTH).text(), "end");
    for length in [MAX_TEMPLATE_DEPTH + 1, MAX_TEMPLATE_DEPTH + 2, 1000] {
        let faults = faults(&chain(length));
        assert!(faults.contains("partials nest deeper than 64"), "{length} {faults}");
    }
    // Blocks count too.
    let stage =
        chain(40).template("main.hbs", &format!("{}{{{{> p1}}}}{}", "{{#if a}}".repeat(40), "{{/if}}".repeat(40)));
    assert!(faults(&stage.vars(hundred())).contains("blocks and partials nest deeper than 64"));
}

#[test]
fn steps_are_counted_also_where_nothing_is_written() {
    let nested = |inner: &str| format!("{}{inner}{}", "{{#each @root.a}}".repeat(4), "{{/each}}".repeat(4));
    for template in [
        nested("{{this}}"),
        nested(""),
        nested("{{!}}"),
        nested("{{#if (eq @root.a @root.a)}}{{/if}}"),
        nested("{{#each (lookup @root \"a\")}}{{/each}}").replace("(lookup @root \"a\")", "@root.a"),
        nested("{{nope}}"),
        nested("{{include \"f.md\"}}"),
        nested("{{> p x=@root.text}}"),
    ] {
        let stage = Stage::new(&template).template("p.hbs", "{{> q y=x}}").template("q.hbs", "").fragment("f.md", "f");
        let faults = faults(&stage.vars(hundred()));
        assert!(faults.contains("the template takes more than 1000000 steps to render"), "{template} {faults}");
    }
    // A step for the loop, one for its argument, one a turn: the last turn that fits.
    let turns = |count: usize| Stage::new("{{#each list}}x{{/each}}").vars(json!({"list": vec![0; count]}));
    let fits = MAX_TEMPLATE_STEPS - 3;
    assert_eq!(turns(fits).text().len(), fits);
    assert!(faults(&turns(fits + 4)).contains("steps"));
}

#[test]
fn output_is_bounded() {
    let fragment = "x".repeat(MAX_RENDERED_BYTES / 64);
    let stage = |count: usize| Stage::new(&"{{include \"f.md\"}}".repeat(count)).fragment("f.md", &fragment);
    assert_eq!(stage(64).text().len(), MAX_RENDERED_BYTES);
    assert!(faults(&stage(65)).contains("writes more than 67108864 bytes"));
    // Bodies within bodies double.
    let double = |n: usize| format!("{{{{#> d{n}}}}}{{{{> @partial-block}}}}{{{{> @partial-block}}}}{{{{/d{n}}}}}");
    let doubling = (1..40).fold(Stage::new(&format!("{{{{#> d{0}}}}}{{{{text}}}}{{{{/d{0}}}}}", 39)), |stage, n| {
        stage.template(&format!("d{n}.hbs"), &if n == 1 { "{{> @partial-block}}".to_owned() } else { double(n - 1) })
    });
    assert!(faults(&doubling.vars(hundred())).contains("template-limit"));
    // A helper's value counts before it is written.
    let growing = format!("{{{{#if {}text{}}}}}{{{{/if}}}}", "(indent 80 ".repeat(30), ")".repeat(30));
    let faults = faults(&Stage::new(&growing).vars(json!({"text": "x\n".repeat(100_000)})));
    assert!(faults.contains("the text would hold more than 67108864 bytes"), "{faults}");
}

#[test]
fn cycles_show_their_chain() {
    let stage = Stage::new("{{> a}}")
        .template("a.hbs", "{{#if x}}{{> b}}{{/if}}")
        .template("b.hbs", "{{#> c}}{{/c}}")
        .template("c.hbs", "{{> a}}");
    assert_eq!(
        faults(&stage.vars(json!({"x": 1}))),
        "templates/c.hbs:1:5 template-cycle: `a.hbs` includes itself: a.hbs → b.hbs → c.hbs → a.hbs ‹a›\n"
    );
    // A diamond is not a cycle, however many paths lead through it.
    let diamonds = (0..60).fold(Stage::new("{{> p0}}"), |stage, n| {
        stage.template(&format!("p{n}.hbs"), &format!("{{{{> p{0}}}}}{{{{> p{0}}}}}", n + 1))
    });
    let diamonds = diamonds.template("p60.hbs", "");
    assert!(faults(&diamonds).contains("steps"));
    let unread = Stage { templates: diamonds.templates.clone(), ..Stage::default() };
    assert_eq!(faults(&unread.template("main.hbs", "{{#if off}}{{> p0}}{{/if}}").vars(json!({"off": false}))), "");
}

#[test]
fn text_of_any_shape_is_read_in_linear_time() {
    let size = MAX_TEMPLATE_BYTES - 10;
    let fill = |piece: &str| piece.repeat((size / piece.len()).min(MAX_TEMPLATE_TAGS * 10));
    for piece in [
        "{{#if ",
        "{{#if a}}",
        "{{",
        "{{{",
        "{{{{",
        "{{!--",
        "{{!--}}",
        "{{! ",
        "\\",
        "\\{{",
        "\\\\{{a}}",
        "(",
        "{{(",
        "{{a (",
        "{{#if (not ",
        "{{a [",
        "{{a {\"a\":",
        "{{a [[[[",
        "{{a \"",
        "{{a '",
        "{{a.",
        "{{../",
        "{{[",
        "{{[a.",
        "{{@",
        "{{> ",
        "{{#> a}}",
        "{{else}}",
        "{{/if}}",
        "{{~",
        "~}}",
        "{{a a=",
        "{{#each a as |",
        " ",
        "\n",
        "{{!}} ",
        "\u{10ffff}",
        "{{\u{10ffff}",
        "{{#if a}}{{else if a}}",
        "-",
        "{{a 1",
    ] {
        for text in [fill(piece), format!("{{{{#if a}}}}{}", fill(piece)), format!("{{{{a {}", fill(piece))] {
            faults(&Stage::new(&text).vars(hundred()));
        }
    }
}

#[test]
fn an_else_chain_is_as_deep_as_it_is_long() {
    let chain = |length: usize| {
        let text = format!("{{{{#if off}}}}{}{{{{else}}}}end{{{{/if}}}}", "{{else if off}}x".repeat(length));
        Stage::new(&text).vars(json!({"off": 0}))
    };
    assert_eq!(chain(MAX_TEMPLATE_DEPTH - 1).text(), "end");
    for length in [MAX_TEMPLATE_DEPTH, 1500] {
        assert!(faults(&chain(length)).contains("blocks nest deeper than 64"));
    }
}

#[test]
fn long_names_are_not_compared() {
    let name = "n".repeat(20_000);
    let stage = Stage::new(&format!("{{{{{name}x}}}}{{{{#{name} a}}}}{{{{/{name}}}}}"))
        .vars(json!({ name.clone(): 1, "a": 1 }));
    assert!(faults(&stage).contains("unknown-helper"));
    assert!(faults(&Stage::new(&format!("{{{{{name}x}}}}")).vars(json!({ name: 1 }))).contains("unknown-name"));
}

/// Whatever the scan takes for text must be text to the crate too: else a template could nest deeper than it says.
#[test]
fn no_braces_deceive_the_scan() {
    for template in [
        "{{json \"}} {{/if}} \"}}",
        "{{json '}} {{/if}} '}}",
        "{{json [\"]\", \"}} {{#if a}} \"]}}{{/if}}",
        "{{json ['] ', '}}{{#if a}}']}}",
        "{{a.[\"] \"}}{{#if a}}\"}}",
        "{{> 'p\\\\' }}{{#if a}}'}}",
        "{{json {\"a\": {\"b\": \"}}{{#if a}}\"}} }}",
        "{{json {\"a\":{}}}}",
        "{{!-- {{#if a}} --}}{{/if}}",
        "{{! -- }} {{#if a}} --}}{{/if}}",
        "\\{{#if a}}{{/if}}",
        "\\\\{{#if a}}",
        "\\{{{{#if a}}{{/if}}",
        "{{{{if a}}}}{{{{/if}}}}",
        "{{{#if a}}}{{/if}}",
        "{{~ { #if a } ~}}{{/if}}",
        "{{else}}{{#if a}}",
    ] {
        assert!(faults(&Stage::new(template).vars(hundred())).contains(" template-"), "{template}");
    }
}

/// The marks of the program cannot be written by anybody.
#[test]
fn reserved_characters_are_refused_in_every_text_that_comes_in() {
    let mark = "\u{fdd0}\u{fdd1}a\u{fdd4}";
    for (stage, words) in [
        (Stage::new(mark), "main.hbs:1:1 reserved-character: the template holds U+FDD0"),
        (Stage::new("{{a}}").vars(json!({"a": mark})), "`vars.a` holds U+FDD0"),
        (Stage::new("{{a}}").vars(json!({"a": [{"b": mark}]})), "`vars.a` holds U+FDD0"),
        (Stage::new("").vars(json!({"a": {mark: 1}})), "`vars.a` holds U+FDD0"),
        (Stage::new("").more(json!({"content": "\u{fdef}"})), "`content` holds U+FDEF"),
        (Stage::new("{{include \"f.md\"}}").fragment("f.md", mark), "cannot be included: it holds U+FDD0"),
        (Stage::new("{{json \"\\ufdd0\\ufdd1a\\ufdd4\"}}"), "the text holds U+FDD0"),
        (Stage::new("{{> p x=\"\\ufdd3\"}}").template("p.hbs", "{{x}}"), "the text holds U+FDD3"),
        (Stage::new("{{> p}}").template("p.hbs", mark), "p.hbs:1:1 reserved-character"),
    ] {
        assert!(faults(&stage).contains(words), "{words}: {}", stage.faults());
    }
}
