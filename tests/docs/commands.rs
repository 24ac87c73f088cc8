//! docs/cli.md: every command as it explains itself.

use std::collections::BTreeSet;
use std::process::Command;

use clap::CommandFactory as _;
use contexture::cli::Cli;

use crate::{UPDATE, at, files, pages, text, with_generated};

/// What `contexture … -h` prints.
fn help(command: &str) -> String {
    let mut run = Command::new(env!("CARGO_BIN_EXE_contexture"));
    run.args(command.split_whitespace()).arg("-h").env("COLUMNS", "100");
    String::from_utf8(run.output().unwrap().stdout).unwrap()
}

#[test]
fn the_command_page_is_current() {
    let path = at("docs/cli.md");
    let whole = help("");
    let mut generated = format!("```text\n{}\n```\n", whole.trim_end());
    for command in Cli::command().get_subcommands().filter(|command| !command.is_hide_set()) {
        let name = command.get_name();
        let help = help(name);
        // What every command understands stands once, above.
        let (own, everywhere) = help.split_once("\nEverywhere:").expect("the options that hold everywhere");
        let (everywhere, examples) = everywhere.split_once("\nExamples:").expect("examples at the end");
        assert!(whole.contains(everywhere.trim()), "contexture {name} explains a common option differently");
        let own = own.trim_end();
        generated.push_str(&format!("\n## {name}\n\n```text\n{own}\n\nExamples:{}\n```\n", examples.trim_end()));
    }
    pages::hold(&path, &with_generated(&text(&path), "commands", &generated), UPDATE, "docs");
}

/// The words that follow `contexture ` in code on a page.
fn commands_named(page: &str) -> BTreeSet<String> {
    let after = page.match_indices("contexture ").filter_map(|(at, found)| {
        let before = page[..at].chars().next_back();
        let word: String =
            page[at + found.len()..].chars().take_while(|c| c.is_ascii_lowercase() || *c == '-').collect();
        let is_code = matches!(before, Some('`')) || page[..at].ends_with("$ ") || page[..at].ends_with("run: ");
        (is_code && !word.is_empty() && !word.starts_with('-')).then_some(word)
    });
    after.collect()
}

#[test]
fn no_page_names_a_command_that_does_not_exist() {
    let command = Cli::command();
    let known: BTreeSet<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
    let mut pages = files("docs", ".md");
    pages.extend(files("src/cli/starter", ""));
    pages.extend([at("README.md"), at("CONTRIBUTING.md"), at("SECURITY.md")]);
    for page in pages {
        for word in commands_named(&text(&page)) {
            assert!(known.contains(&*word), "{} names `contexture {word}`, which does not exist", page.display());
        }
    }
}
