//! Every command: what it prints, where, and how it ends. One behaviour a test.

mod blame;
mod build;
mod check;
mod count;
mod diff;
mod explain;
mod generate;
mod init;
mod list;
mod lock;
mod log;
mod project;
mod render;
mod screen;
mod trees;
mod usage;

use crate::support::Repo;

/// Two contexts without a model: one plain, one with a variant and an input.
fn shop() -> Repo {
    let repo = Repo::new();
    repo.file(
        "contexts/greet.yaml",
        "description: Greet a customer.\nowner: desk\nsystem:\n  - text: You are kind.\nmessages:\n  - user: Hello\n",
    );
    repo.file(
        "contexts/support/triage.yaml",
        "description: Sort a ticket.\n\
         vars: {shop: Acme}\n\
         inputs: {ticket: {tokens: 100}}\n\
         system:\n  - template: persona.hbs\n  - file: policies/refunds.md\n\
         messages:\n  - user: \"{{ticket}}\"\n\
         variants:\n  terse:\n    system: [{template: persona.hbs}]\n",
    );
    repo.file("templates/persona.hbs", "You work for {{shop}}.\n");
    repo.file("policies/refunds.md", "# Refunds\n\nWithin 30 days.\n");
    repo.committed("base");
    repo
}

/// One context with one exact model and a budget of that many tokens.
fn budgeted(tokens: usize) -> Repo {
    let repo = Repo::new();
    repo.file(
        "contexts/a.yaml",
        format!(
            "models: [gpt-6.1-sol]\nsystem:\n  - text: one two three four five\nbudgets: {{prefix_tokens: {tokens}}}\n"
        ),
    );
    repo.committed("base");
    repo
}
