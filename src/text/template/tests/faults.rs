//! Every fault: its whole message, its place, its hint.

use serde_json::json;

use super::*;

fn stage(template: &str) -> Stage {
    let vars = json!({"product": "Acme", "none": null, "price": 1.5, "list": ["a", "b"], "user": {"name": "Ann", "age": 7},
        "rows": [{"a": 1}, {"a": 2}], "empty": [], "off": false, "both": 1});
    Stage::new(template)
        .template("card.hbs", "{{title}}")
        .template("frame.hbs", "{{> @partial-block}}")
        .template("card-wide.hbs", "")
        .template("card-wide.txt", "")
        .vars(vars)
        .inputs(&["ticket", "both"])
}

#[test]
fn names() {
    for (template, expected) in [
        ("a\n {{produkt}}", "2:4 unknown-name: nothing is named `produkt` (did you mean `product`?) ‹produkt›"),
        ("{{vars.produkt}}", "1:3 unknown-name: `vars` holds no `produkt` (did you mean `product`?) ‹vars.produkt›"),
        ("{{inputs.tiket}}", "1:3 unknown-name: `inputs` holds no `tiket` (did you mean `ticket`?) ‹inputs.tiket›"),
        ("{{user.nmae}}", "1:3 unknown-name: `user` holds no `nmae` (did you mean `name`?) ‹user.nmae›"),
        ("{{user.email}}", "1:3 unknown-name: `user` holds no `email` (there is `name`, `age`) ‹user.email›"),
        ("{{product.name}}", "1:3 unknown-name: `product` is text and holds no `name` ‹product.name›"),
        ("{{list.2}}", "1:3 unknown-name: `list` is a list and holds no `2` ‹list.2›"),
        ("{{@index}}", "1:3 unknown-name: `@index` has no value here (it has one inside of `{{#each}}`) ‹@index›"),
        (
            "{{#each list}}{{@key}}{{/each}}",
            "1:17 unknown-name: `@key` has no value here (it has one inside of `{{#each}}` over a map) ‹@key›",
        ),
        ("{{@indx}}", "1:3 unknown-name: `@indx` has no value here (did you mean `@index`?) ‹@indx›"),
        ("{{../product}}", "1:3 unknown-name: `../product` leads above the top of the data ‹../product›"),
        (
            "{{both}}",
            "1:3 ambiguous-name: `both` is a var and an input (write `vars.both` or `inputs.both`, or rename one of the two) ‹both›",
        ),
        (
            "{{#each rows}}{{product}}{{/each}}",
            "1:17 unknown-name: `this` holds no `product` (inside of a loop or `with`, write `@root.product`) ‹product›",
        ),
        ("{{lookup user \"nmae\"}}", "1:15 unknown-name: `lookup` finds no `nmae` (did you mean `name`?) ‹\"nmae\"›"),
        ("{{lookup list 2}}", "1:15 unknown-name: `lookup` finds no `2` ‹2›"),
        (
            "{{this}}",
            "1:3 whole-data: `this` is all of the data and cannot be written (write the name of one value) ‹this›",
        ),
        (
            "{{json inputs}}",
            "1:8 whole-data: `json` cannot look at all of the data (write the name of one value) ‹inputs›",
        ),
        (
            "{{none}}",
            "1:3 null-value: `none` is null and would write nothing (give it a value, or put it into `{{#if …}}`) ‹none›",
        ),
    ] {
        assert_eq!(stage(template).faults(), format!("templates/main.hbs:{expected}\n"), "{template}");
    }
}

/// The holes of handlebars' own strict mode.
#[test]
fn an_unknown_name_is_a_fault_wherever_it_is() {
    for template in [
        "{{nope}}",
        "{{{nope}}}",
        "{{#if nope}}{{/if}}",
        "{{#unless nope}}{{/unless}}",
        "{{#each nope}}{{/each}}",
        "{{#each nope}}{{else}}{{/each}}",
        "{{#with nope}}{{else}}{{/with}}",
        "{{#if (not nope)}}{{/if}}",
        "{{#if (and product (or product nope))}}{{/if}}",
        "{{#if (eq nope 1)}}{{/if}}",
        "{{> card title=nope}}",
        "{{> card nope title=1}}",
        "{{#> frame}}{{nope}}{{/frame}}",
        "{{json nope}}",
        "{{lookup nope 0}}",
        "{{lookup list nope}}",
        "{{join list nope}}",
        "{{include nope}}",
        "{{#segment id=nope}}{{/segment}}",
        "{{#each list}}{{@root.nope}}{{/each}}",
        "{{#each empty}}{{@root.nope}}{{/each}}",
        "{{#each rows}}{{nope}}{{/each}}",
        "{{#with user}}{{nope}}{{/with}}",
        // Branches that are not taken.
        "{{#if off}}{{nope}}{{/if}}",
        "{{#if product}}{{else}}{{nope}}{{/if}}",
        "{{#if product}}{{else if nope}}{{/if}}",
        "{{#if off}}{{#each list}}{{else}}{{nope}}{{/each}}{{/if}}",
        "{{#if off}}{{#if (eq 1 2)}}{{else if product}}{{json nope}}{{/if}}{{/if}}",
        "{{#if off}}{{#> frame}}{{nope}}{{/frame}}{{/if}}",
    ] {
        let faults = stage(template).faults();
        assert!(faults.contains(" unknown-name: ") && faults.contains("nope`"), "{template}: {faults}");
        assert_eq!(faults.lines().count(), 1, "{template}: {faults}");
    }
}

#[test]
fn what_is_guarded_or_merely_false_is_no_fault() {
    for template in [
        "{{#if off}}{{/if}}{{#if none}}{{none}}{{/if}}{{#if empty}}{{/if}}{{#unless ticket2}}{{/unless}}",
        "{{#with none}}{{name}}{{/with}}{{#each none}}{{x}}{{else}}-{{/each}}{{#each empty}}{{x.y}}{{/each}}",
        "{{#each rows}}{{#if (eq a 3)}}{{only_there}}{{/if}}{{/each}}",
        "{{#if (eq user.age 8)}}{{upper user.age}}{{include \"gone.md\"}}{{/if}}",
    ] {
        let stage = stage(template).inputs(&["ticket"]).more(json!({"ticket2": ""}));
        assert_eq!(stage.faults(), "", "{template}");
    }
}

#[test]
fn calls() {
    for (template, expected) in [
        ("{{uper product}}", "1:3 unknown-helper: there is no helper `uper` (did you mean `upper`?) ‹uper›"),
        (
            "{{#list}}{{/list}}",
            "1:4 unknown-helper: there is no helper `list` (a block needs a helper: `{{#if list}}` or `{{#each list}}`) ‹list›",
        ),
        ("{{log product}}", "1:3 unknown-helper: there is no helper `log` ‹log›"),
        (
            "{{now \"date\"}}",
            "1:3 unknown-helper: there is no helper `now` (a build depends on its sources and not on the clock: write the date into `vars`, or make it an input) ‹now›",
        ),
        (
            "{{upper}}",
            "1:3 helper-arguments: `upper` takes one argument and is given 0 (write `{{upper text}}`) ‹upper›",
        ),
        (
            "{{json (upper product product)}}",
            "1:9 helper-arguments: `upper` takes one argument and is given 2 (write `{{upper text}}`) ‹upper›",
        ),
        (
            "{{#if}}{{/if}}",
            "1:4 helper-arguments: `if` takes one argument and is given 0 (write `{{#if name}}…{{/if}}`) ‹if›",
        ),
        ("{{if product}}", "1:3 helper-arguments: `if` is a block (write `{{#if name}}…{{/if}}`) ‹if›"),
        (
            "{{#upper product}}{{/upper}}",
            "1:4 helper-arguments: `upper` is not a block (write `{{upper text}}`) ‹upper›",
        ),
        ("{{json list indnt=2}}", "1:13 helper-arguments: `json` takes no `indnt=` (did you mean `indent`?) ‹indnt›"),
        ("{{json list indent=0}}", "1:20 helper-arguments: `indent` is a number from 1 to 8 ‹0›"),
        ("{{indent 81 product}}", "1:10 helper-arguments: the width of `indent` is a number from 0 to 80 ‹81›"),
        ("{{indent product 2}}", "1:18 helper-arguments: `indent` wants text and is given a number ‹2›"),
        ("{{upper list}}", "1:9 helper-arguments: `upper` wants text and is given a list ‹list›"),
        ("{{join product \",\"}}", "1:8 helper-arguments: `join` wants a list and is given text ‹product›"),
        (
            "{{join rows \",\"}}",
            "1:8 helper-arguments: item 1 of the list is a map; `join` takes text and numbers ‹rows›",
        ),
        ("{{len price}}", "1:7 helper-arguments: `len` wants a list, a map or text and is given a number ‹price›"),
        (
            "{{#if (gt list 1)}}{{/if}}",
            "1:16 helper-arguments: `gt` cannot compare a list with a number (it compares numbers with numbers and text with text) ‹1›",
        ),
        (
            "{{#if product includeZero=1}}{{/if}}",
            "1:27 helper-arguments: `includeZero` wants true or false and is given a number ‹1›",
        ),
        (
            "{{#each product}}{{/each}}",
            "1:9 helper-arguments: `each` walks a list or a map, and `product` is text ‹product›",
        ),
        ("{{#with user as |a b|}}{{/with}}", "1:20 helper-arguments: `with` binds one name ‹b›"),
        ("{{#if user as |a|}}{{/if}}", "1:16 helper-arguments: `if` binds no names ‹a›"),
        (
            "{{include \"a/gone.md\"}}",
            "1:11 missing-fragment: `a/gone.md` cannot be included: there is no such file ‹\"a/gone.md\"›",
        ),
        ("{{include 3}}", "1:11 helper-arguments: `include` wants the path of a fragment ‹3›"),
        ("{{lookup list none}}", "1:15 helper-arguments: `lookup` wants a name or a position as its key ‹none›"),
    ] {
        assert_eq!(stage(template).faults(), format!("templates/main.hbs:{expected}\n"), "{template}");
    }
}

#[test]
fn partials_and_segments() {
    for (template, expected) in [
        ("{{> crad}}", "1:5 unknown-template: there is no template `crad` (did you mean `card`?) ‹crad›"),
        (
            "{{#> nothing_like_it}}x{{/nothing_like_it}}",
            "1:6 unknown-template: there is no template `nothing_like_it` (templates are the files below `templates/`, named by their path there, or any file by its path) ‹nothing_like_it›",
        ),
        (
            "{{> ../secret}}",
            "1:5 unknown-template: there is no template `../secret` (templates are the files below `templates/`, named by their path there, or any file by its path) ‹../secret›",
        ),
        (
            "{{> card-wide}}",
            "1:5 unknown-template: `card-wide` could be `card-wide.hbs` or `card-wide.txt` (write the name with its ending) ‹card-wide›",
        ),
        (
            "{{> (lookup list 0)}}",
            "1:1 template-syntax: the name of a partial is computed (write the name itself; use `{{#if …}}` to choose between partials) ‹{{> (lookup list 0)}}›",
        ),
        (
            "{{> card a b}}",
            "1:1 template-syntax: a partial takes one value, and any number of `name=value` (write `{{> name value title=\"…\"}}`) ‹{{> card a b}}›",
        ),
        ("{{> main}}", "1:5 template-cycle: `main.hbs` includes itself: main.hbs → main.hbs ‹main›"),
        (
            "{{#*inline \"x\"}}y{{/inline}}",
            "1:1 template-refused: inline partials and decorators are not part of these templates (put the text into a file of its own and write `{{> name}}`) ‹{{#*inline \"x\"}}›",
        ),
        (
            "{{* deco}}",
            "1:1 template-refused: inline partials and decorators are not part of these templates (put the text into a file of its own and write `{{> name}}`) ‹{{* deco}}›",
        ),
        (
            "{{{{raw}}}}{{x}}{{{{/raw}}}}",
            "1:1 template-refused: raw blocks are not part of these templates (write `\\{{` for braces that are text) ‹{{{{›",
        ),
        (
            "{{#segment}}{{/segment}}",
            "1:4 helper-arguments: `segment` needs an `id` (write `{{#segment id=\"name\"}}…{{/segment}}`) ‹segment›",
        ),
        (
            "{{#segment id=\"\"}}{{/segment}}",
            "1:15 template-segment: the `id` of a segment is text, and not empty ‹\"\"›",
        ),
        ("{{#segment id=\"a\"}}{{else}}{{/segment}}", "1:20 template-syntax: a segment has no `else` ‹{{else}}›"),
        (
            "{{#segment id=\"a\"}}x{{/segment}}{{#segment id=\"a\"}}y{{/segment}}",
            "1:33 template-segment: the segment id `a` is used twice (in a loop, make it of the item: `{{#segment id=this.name}}`) ‹{{#segment id=\"a\"}}y{{/segment›",
        ),
        (
            "{{#segment id=\"a\"}}{{#segment id=\"b\"}}{{/segment}}{{/segment}}",
            "1:20 template-segment: the segment `b` stands inside of the segment `a` ‹{{#segment id=\"b\"}}{{/segment}›",
        ),
    ] {
        assert_eq!(stage(template).faults(), format!("templates/main.hbs:{expected}\n"), "{template}");
    }
    let faults = stage("{{> frame}}").faults();
    assert!(
        faults.starts_with(
            "templates/frame.hbs:1:1 unknown-template: this template was called without a body (call it as"
        ),
        "{faults}"
    );
}

#[test]
fn tags_that_cannot_be_read() {
    for (template, expected) in [
        ("{{#if product}}", "1:1 template-syntax: `{{#if product}}` is not closed ‹{{#if product}}›"),
        (
            "{{#if product}}{{/each}}{{/if}}",
            "1:16 template-syntax: `each` does not close `{{#if product}}` ‹{{/each}}›",
        ),
        ("x{{/if}}", "1:2 template-syntax: nothing is open that `if` could close ‹{{/if}}›"),
        ("{{else}}", "1:1 template-syntax: `else` stands outside of a block ‹{{else}}›"),
        (
            "{{#if product}}{{else}}{{else}}{{/if}}",
            "1:24 template-syntax: `else` stands after the last `else` of its block ‹{{else}}›",
        ),
        ("{{}}", "1:3 template-syntax: a name is missing here ‹}›"),
        ("{{product", "1:1 template-syntax: `}}` is missing: the tag is not closed ‹{{›"),
        ("{{{product}}", "1:11 template-syntax: `}}}` is missing here ‹}}›"),
        ("{{~{product}}", "1:12 template-syntax: `}}}` is missing here ‹}}›"),
        ("{{product.}}", "1:11 template-syntax: this tag cannot be read from here on ‹}›"),
        ("{{\"text\"}}", "1:3 template-syntax: a name is missing here (text needs no braces) ‹\"›"),
        (
            "{{json \"text}}",
            "1:8 template-syntax: the text is not closed in its tag (escapes are those of JSON: `\\\"`, `\\\\`, `\\n`; `}}` cannot stand in quotes in a tag) ‹\"›",
        ),
        ("{{json (upper product}}", "1:8 template-syntax: `)` is missing ‹(›"),
        (
            "{{json (product)}}",
            "1:9 template-syntax: there is no helper between `(` and `)` (write the name without brackets) ‹product›",
        ),
        ("{{user.name product}}", "1:13 template-syntax: `user.name` is no helper and takes no arguments ‹p›"),
        (
            "{{#user.name}}{{/user.name}}",
            "1:1 template-syntax: a block needs a helper, and `user.name` is a path (write `{{#if user.name}}`, `{{#each user.name}}` or `{{#with user.name}}`) ‹{{#user.name}}›",
        ),
        (
            "{{#each list as item}}{{/each}}",
            "1:14 template-syntax: names are missing after `as` (write `as |item|`) ‹as›",
        ),
        ("{{> card title=1 title=2}}", "1:18 template-syntax: `title=` stands twice in one call ‹title›"),
        ("{{! never closed", "1:1 template-syntax: the comment is not closed ‹{{!›"),
    ] {
        assert_eq!(stage(template).faults(), format!("templates/main.hbs:{expected}\n"), "{template}");
    }
}

#[test]
fn all_faults_of_a_run_are_reported_each_once() {
    let stage = stage("{{nope}}\n{{#each list}}{{nix}}{{/each}}\n{{> card title=nada}}{{> card title=nada}}")
        .template("card.hbs", "{{missing}}");
    let places: Vec<String> = stage.faults().lines().map(|line| line.split(' ').next().unwrap().to_owned()).collect();
    assert_eq!(
        places,
        [
            // What is wrong wherever it stands, then what the rendering finds.
            "templates/main.hbs:1:3",
            "templates/main.hbs:3:16",
            "templates/card.hbs:1:3",
            "templates/main.hbs:3:37",
            "templates/main.hbs:2:17"
        ]
    );
    let stage = Stage::new("{{#if}}\n{{upper}}\n{{> gone}}\n{{/if}}");
    let lines: Vec<String> = stage.faults().lines().map(|line| line.split(':').nth(1).unwrap().to_owned()).collect();
    assert_eq!(lines, ["1", "2", "3"]);
    // One fault of syntax is told a template, since the crate stops at it.
    let stage = Stage::new("{{.}}{{> card}}{{/if}}").template("card.hbs", "{{/each}}");
    assert_eq!(stage.faults().lines().count(), 1);
}

#[test]
fn warnings() {
    for (template, expected) in [
        (
            "{{list}}",
            "1:3 unserialised-value: `list` is a list and is written as `[a, b]` (write `{{json list}}` to say how it is written) ‹list›",
        ),
        (
            "{{user}}",
            "1:3 unserialised-value: `user` is a map and is written as `[object]` (write `{{json user}}` to say how it is written) ‹user›",
        ),
        (
            "{{#each list}}{{@root.price}}{{/each}}",
            "1:17 unserialised-value: `@root.price` is a fraction and is written as `1.5` (write `{{json @root.price}}` to say how it is written) ‹@root.price›",
        ),
        (
            "{{lookup rows 0}}",
            "1:3 unserialised-value: `lookup rows 0` is a map and is written as `[object]` (write `{{json (lookup rows 0)}}` to say how it is written) ‹lookup rows 0›",
        ),
        ("{{json list}}{{json price}}{{user.age}}{{#if off}}{{list}}{{/if}}", ""),
    ] {
        let stage = stage(template);
        let expected = if expected.is_empty() { String::new() } else { format!("templates/main.hbs:{expected}\n") };
        assert_eq!(stage.faults(), expected, "{template}");
        assert!(stage.run().is_ok());
    }
}

#[test]
fn faults_come_in_the_same_order_every_time() {
    let names: String = (0..50).map(|n| format!("{{{{> p{n}}}}}{{{{x{n}}}}}")).collect();
    let stage = (0..50).fold(stage(&names), |stage, n| stage.template(&format!("p{n}.hbs"), "{{y}}"));
    let first = stage.faults();
    assert_eq!(first.lines().count(), 100);
    for _ in 0..5 {
        assert_eq!(stage.faults(), first);
    }
}
