//! docs/lints.md: the parts on each lint, written from their declarations.

use contexture::syntax::manifest::LintLevel;
use contexture::text::lint::catalogue::{ALL, Lint};
use contexture::text::lint::secret;

use crate::{UPDATE, at, pages, text, with_generated};

#[test]
fn the_page_of_lints_is_current() {
    let path = at("docs/lints.md");
    let page = with_generated(&text(&path), "lints", &table());
    let sections: Vec<String> = ALL.iter().map(|lint| section(lint)).collect();
    let page = with_generated(&page, "pages", &sections.join("\n\n"));
    let mut kinds: Vec<&str> = secret::kinds().collect();
    kinds.dedup();
    let page = with_generated(&page, "secrets", &(kinds.join(", ") + "."));
    pages::hold(&path, &page, UPDATE, "docs");
}

fn table() -> String {
    let row = |lint: &&Lint| {
        let fix = if lint.fix.is_some() { "yes" } else { "" };
        format!("| [`{0}`](#{0}) | {1} | {fix} | {2} |\n", lint.id, level(lint), lint.summary)
    };
    format!("| id | level | `--fix` | what it finds |\n|---|---|---|---|\n{}", ALL.iter().map(row).collect::<String>())
}

fn level(lint: &Lint) -> &'static str {
    match lint.level {
        Some(LintLevel::Deny) => "deny",
        Some(LintLevel::Warn) => "warn",
        Some(LintLevel::Allow) => "allow",
        None => "warn, or a note",
    }
}

fn section(lint: &Lint) -> String {
    let fix = lint.fix.map(|fix| format!("\n\n`check --fix` {fix}.")).unwrap_or_default();
    format!("### {}\n\n{}\n\n{}{fix}", lint.id, lint.summary, lint.page)
}
