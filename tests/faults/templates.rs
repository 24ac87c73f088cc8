//! Templates: names that are not there, helpers that are not there, and loops.

use snapbox::str;

use super::{project, refused};

#[test]
fn a_template_that_is_not_there() {
    let repo = project(&[("contexts/a.yaml", "system: [{template: persna.hbs}]\n"), ("templates/persona.hbs", "x\n")]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[unknown-template]: there is no template `persna.hbs`
 --> contexts/a.yaml:1:21
  |
1 | system: [{template: persna.hbs}]
  |                     ^^^^^^^^^^
  |
  = help: did you mean `persona.hbs`?


"#]]);
}

#[test]
fn a_short_name_that_two_templates_have() {
    let repo = project(&[
        ("contexts/a.yaml", "system: [{template: p}]\n"),
        ("templates/p.hbs", "x\n"),
        ("templates/p.txt", "y\n"),
    ]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[unknown-template]: `p` could be `p.hbs` or `p.txt`
 --> contexts/a.yaml:1:21
  |
1 | system: [{template: p}]
  |                     ^
  |
  = help: write the name with its ending


"#]]);
}

#[test]
fn an_unknown_name() {
    let repo = project(&[
        ("contexts/a.yaml", "vars: {product: Acme}\nsystem: [{template: p.hbs}]\n"),
        ("templates/p.hbs", "You sell {{prodct}}.\n"),
    ]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[unknown-name]: nothing is named `prodct`
 --> templates/p.hbs:1:12
  |
1 | You sell {{prodct}}.
  |            ^^^^^^
  |
  = note: in a
  = help: did you mean `product`?


"#]]);
}

#[test]
fn an_unknown_name_in_a_turn() {
    let repo = project(&[("contexts/a.yaml", "inputs: {ticket: {}}\nmessages: [{user: \"Sort this: {{tikcet}}\"}]\n")]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[unknown-name]: nothing is named `tikcet`
 --> contexts/a.yaml:2:33
  |
2 | messages: [{user: "Sort this: {{tikcet}}"}]
  |                                 ^^^^^^
  |
  = help: did you mean `ticket`?


"#]]);
}

#[test]
fn an_unknown_helper() {
    let repo = project(&[
        ("contexts/a.yaml", "vars: {product: Acme}\nsystem: [{template: p.hbs}]\n"),
        ("templates/p.hbs", "{{uper product}}\n"),
    ]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[unknown-helper]: there is no helper `uper`
 --> templates/p.hbs:1:3
  |
1 | {{uper product}}
  |   ^^^^
  |
  = note: in a
  = help: did you mean `upper`?


"#]]);
}

#[test]
fn a_helper_without_its_argument() {
    let repo = project(&[
        ("contexts/a.yaml", "vars: {product: Acme}\nsystem: [{template: p.hbs}]\n"),
        ("templates/p.hbs", "{{upper}}\n"),
    ]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[helper-arguments]: `upper` takes one argument and is given 0
 --> templates/p.hbs:1:3
  |
1 | {{upper}}
  |   ^^^^^
  |
  = note: in a
  = help: write `{{upper text}}`


"#]]);
}

#[test]
fn a_block_that_is_not_closed() {
    let repo = project(&[
        ("contexts/a.yaml", "vars: {product: Acme}\nsystem: [{template: p.hbs}]\n"),
        ("templates/p.hbs", "{{#if product}}yes\n"),
    ]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[template-syntax]: `{{#if product}}` is not closed
 --> templates/p.hbs:1:1
  |
1 | {{#if product}}yes
  | ^^^^^^^^^^^^^^^
  |
  = note: in a


"#]]);
}

#[test]
fn a_block_that_is_closed_by_another() {
    let repo = project(&[
        ("contexts/a.yaml", "vars: {product: Acme}\nsystem: [{template: p.hbs}]\n"),
        ("templates/p.hbs", "{{#if product}}yes{{/unless}}\n"),
    ]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[template-syntax]: `unless` does not close `{{#if product}}`
 --> templates/p.hbs:1:19
  |
1 | {{#if product}}yes{{/unless}}
  |                   ^^^^^^^^^^^
  |
  = note: in a


"#]]);
}

#[test]
fn braces_that_are_not_closed() {
    let repo = project(&[
        ("contexts/a.yaml", "vars: {product: Acme}\nsystem: [{template: p.hbs}]\n"),
        ("templates/p.hbs", "one\n{{product\n"),
    ]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[template-syntax]: `}}` is missing: the tag is not closed
 --> templates/p.hbs:2:1
  |
2 | {{product
  | ^^
  |
  = note: in a


"#]]);
}

#[test]
fn a_partial_that_is_not_there() {
    let repo = project(&[
        ("contexts/a.yaml", "vars: {product: Acme}\nsystem: [{template: p.hbs}]\n"),
        ("templates/p.hbs", "{{> persna}}\n"),
    ]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[unknown-template]: there is no template `persna`
 --> templates/p.hbs:1:5
  |
1 | {{> persna}}
  |     ^^^^^^
  |
  = note: in a
  = help: templates are the files below `templates/`, named by their path there, or any file by its path


"#]]);
}

#[test]
fn a_template_that_includes_itself() {
    let repo = project(&[("contexts/a.yaml", "system: [{template: p.hbs}]\n"), ("templates/p.hbs", "{{> p}}\n")]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[template-cycle]: `p.hbs` includes itself: p.hbs → p.hbs
 --> templates/p.hbs:1:5
  |
1 | {{> p}}
  |     ^
  |
  = note: in a


"#]]);
}

#[test]
fn two_templates_that_include_each_other() {
    let repo = project(&[
        ("contexts/a.yaml", "system: [{template: p.hbs}]\n"),
        ("templates/p.hbs", "{{> q}}\n"),
        ("templates/q.hbs", "{{> p}}\n"),
    ]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[template-cycle]: `p.hbs` includes itself: p.hbs → q.hbs → p.hbs
 --> templates/q.hbs:1:5
  |
1 | {{> p}}
  |     ^
  |
  = note: in a


"#]]);
}

#[test]
fn an_inline_partial() {
    let repo = project(&[
        ("contexts/a.yaml", "system: [{template: p.hbs}]\n"),
        ("templates/p.hbs", "{{#*inline \"x\"}}y{{/inline}}\n"),
    ]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[template-refused]: inline partials and decorators are not part of these templates
 --> templates/p.hbs:1:1
  |
1 | {{#*inline "x"}}y{{/inline}}
  | ^^^^^^^^^^^^^^^^
  |
  = note: in a
  = help: put the text into a file of its own and write `{{> name}}`


"#]]);
}

#[test]
fn a_fragment_that_is_not_there() {
    let repo = project(&[
        ("contexts/a.yaml", "system: [{template: p.hbs}]\n"),
        ("templates/p.hbs", "{{include \"policies/refund.md\"}}\n"),
        ("policies/refunds.md", "x\n"),
    ]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[missing-fragment]: `policies/refund.md` cannot be included: there is no such file
 --> templates/p.hbs:1:11
  |
1 | {{include "policies/refund.md"}}
  |           ^^^^^^^^^^^^^^^^^^^^
  |
  = note: in a


"#]]);
}

#[test]
fn a_template_outside() {
    let repo = project(&[("contexts/a.yaml", "system: [{template: ../p.hbs}]\n")]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[unknown-template]: there is no template `../p.hbs`
 --> contexts/a.yaml:1:21
  |
1 | system: [{template: ../p.hbs}]
  |                     ^^^^^^^^
  |
  = help: templates are the files below `templates/`, named by their path there, or any file by its path


"#]]);
}

#[test]
fn a_wrap_that_is_not_there() {
    let repo = project(&[("contexts/a.yaml", "system: [{file: a.md, wrap: documnt}]\n"), ("a.md", "x\n")]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[unknown-template]: there is no template `documnt`
 --> contexts/a.yaml:1:29
  |
1 | system: [{file: a.md, wrap: documnt}]
  |                             ^^^^^^^
  |
  = help: templates are the files below `templates/`, named by their path there, or any file by its path


"#]]);
}

#[test]
fn a_split_file_in_a_template() {
    let repo = project(&[
        ("contexts/a.yaml", "system: [{file: a.md, wrap: p.hbs, split: lines(1)}]\n"),
        ("a.md", "x\ny\n"),
        ("templates/p.hbs", "{{content}}\n"),
    ]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[split-in-template]: a file that is split cannot be wrapped by a template
 --> contexts/a.yaml:1:29
  |
1 | system: [{file: a.md, wrap: p.hbs, split: lines(1)}]
  |                             ^^^^^
  |
  = help: use `wrap: document` or `fence`, or leave out `split`


"#]]);
}

#[test]
fn a_loop_over_what_is_no_list() {
    let repo = project(&[
        ("contexts/a.yaml", "vars: {product: Acme}\nsystem: [{template: p.hbs}]\n"),
        ("templates/p.hbs", "{{#each product}}{{this}}{{/each}}\n"),
    ]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[helper-arguments]: `each` walks a list or a map, and `product` is text
 --> templates/p.hbs:1:9
  |
1 | {{#each product}}{{this}}{{/each}}
  |         ^^^^^^^
  |
  = note: in a


"#]]);
}

#[test]
fn two_segments_of_one_id() {
    let repo = project(&[
        ("contexts/a.yaml", "system: [{template: p.hbs}]\n"),
        ("templates/p.hbs", "{{#segment id=\"a\"}}x{{/segment}}{{#segment id=\"a\"}}y{{/segment}}\n"),
    ]);
    refused(&repo).is(str![[r#"
exit 2
--- stdout
0 contexts built, 1 broken
--- stderr
error[template-segment]: the segment id `a` is used twice
 --> templates/p.hbs:1:33
  |
1 | {{#segment id="a"}}x{{/segment}}{{#segment id="a"}}y{{/segment}}
  |                                 ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
  |
  = note: in a
  = help: in a loop, make it of the item: `{{#segment id=this.name}}`


"#]]);
}
