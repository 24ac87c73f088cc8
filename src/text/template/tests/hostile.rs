//! Hostile templates: each ends soon, with a fault or with its text.

use std::time::{Duration, Instant};

use serde_json::json;

use super::*;
use crate::text::template::{
    MAX_ARGUMENTS, MAX_DEPTH, MAX_NESTED_CALLS, MAX_OUTPUT_BYTES, MAX_STEPS, MAX_TAGS, MAX_TEMPLATE_BYTES,
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
        (blocks(MAX_DEPTH), blocks(MAX_DEPTH + 1), "blocks nest deeper than 64"),
        (calls(MAX_NESTED_CALLS), calls(MAX_NESTED_CALLS + 1), "calls nest deeper than 32"),
        (arguments(MAX_ARGUMENTS), arguments(MAX_ARGUMENTS + 1), "a call has more than 64 arguments"),
        (
            bytes(MAX_TEMPLATE_BYTES),
            bytes(MAX_TEMPLATE_BYTES + 1),
            "the template holds 1048577 bytes; the limit is 1048576",
        ),
        (tags(MAX_TAGS), tags(MAX_TAGS + 1), "the template holds more than 20000 tags"),
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
    assert_eq!(chain(MAX_DEPTH - 1).text(), "end");
    for length in [MAX_DEPTH, MAX_DEPTH + 1, 1000] {
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
    // One step for the loop itself, three for its tag, two a turn: the last turn that fits.
    let turns = |count: usize| Stage::new("{{#each list}}x{{/each}}").vars(json!({"list": vec![0; count]}));
    let fits = (MAX_STEPS - 2) / 2;
    assert_eq!(turns(fits).text().len(), fits);
    assert!(faults(&turns(fits + 1)).contains("steps"));
}

#[test]
fn output_is_bounded() {
    let fragment = "x".repeat(MAX_OUTPUT_BYTES / 64);
    let stage = |count: usize| Stage::new(&"{{include \"f.md\"}}".repeat(count)).fragment("f.md", &fragment);
    assert_eq!(stage(64).text().len(), MAX_OUTPUT_BYTES);
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
    let fill = |piece: &str| piece.repeat((size / piece.len()).min(MAX_TAGS * 10));
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
fn a_long_else_chain_is_no_depth() {
    let chain = format!("{{{{#if off}}}}{}{{{{else}}}}end{{{{/if}}}}", "{{else if off}}x".repeat(5000));
    assert_eq!(Stage::new(&chain).vars(json!({"off": 0})).text(), "end");
}

#[test]
fn long_names_are_not_compared() {
    let name = "n".repeat(200_000);
    let stage = Stage::new(&format!("{{{{{name}x}}}}{{{{#{name} a}}}}{{{{/{name}}}}}"))
        .vars(json!({ name.clone(): 1, "a": 1 }));
    assert!(faults(&stage).contains("unknown-helper"));
    assert!(faults(&Stage::new(&format!("{{{{{name}x}}}}")).vars(json!({ name: 1 }))).contains("unknown-name"));
}
