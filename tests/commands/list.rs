//! `contexture list`.

use snapbox::str;

use super::shop;

#[test]
fn contexts_and_variants_are_listed() {
    shop().run("list").is(str![[r#"
exit 0
--- stdout
context               owner  description
greet                 desk   Greet a customer.
support/triage               Sort a ticket.
support/triage@terse         Sort a ticket.
3 contexts

"#]]);
}

#[test]
fn the_users_of_a_fragment_are_listed() {
    shop().run("list --uses policies/refunds.md").is(str![[r#"
exit 0
--- stdout
context         owner  description
support/triage         Sort a ticket.
1 context

"#]]);
}

#[test]
fn the_users_of_a_template_are_listed() {
    shop().run("list --uses templates/persona.hbs").is(str![[r#"
exit 0
--- stdout
context               owner  description
support/triage               Sort a ticket.
support/triage@terse         Sort a ticket.
2 contexts

"#]]);
}
