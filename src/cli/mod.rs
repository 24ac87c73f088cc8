//! Arguments to requests, results to the screen: one file a command.
//!
//! A command's file turns its arguments into a request, calls the library and hands the result to a
//! report. No logic, no git and no formatting lives here. Data goes to stdout, everything else to
//! stderr; only [`main`] decides the exit code.

mod break_even;
mod adopt;
mod advise;
mod audit;
mod blame;
mod build;
mod check;
mod compare;
mod examples;
mod count;
mod diff;
mod eval;
mod explain;
mod generate;
mod init;
mod join;
mod list;
mod lock;
mod log;
mod models;
mod render;
mod session;
mod signals;
mod simulate;
mod terminal;
mod top;
mod types;
mod verify;
mod watch;
mod workflow;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};

use crate::pipeline::Answer;
use crate::pipeline::shard::Shard;
use crate::syntax::error::{Error, Failure};
use crate::syntax::quantity::Rate;
use session::Session;

/// Prompt context as source code: build, hash, count and check prompts from git-tracked fragments.
#[derive(Debug, Parser)]
#[command(name = "contexture", version, max_term_width = 100)]
#[command(
    after_help = "Exit codes: 0 fine; 1 the answer is no (budget, lock, verify); 2 it could not be answered (manifest, usage, repository)."
)]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// What every command understands.
#[derive(Debug, Args)]
#[command(next_help_heading = "Everywhere")]
struct Global {
    /// Run as if started in DIR
    #[arg(short = 'C', value_name = "DIR", global = true)]
    directory: Option<PathBuf>,
    /// When to use colour
    #[arg(long, value_enum, default_value_t = Color::Auto, global = true, value_name = "WHEN")]
    color: Color,
    /// Print no warnings and no progress, only results and errors
    #[arg(short, long, global = true)]
    quiet: bool,
    /// Print more: every segment, every note
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    verbose: bool,
    /// Work on at most N things at once [default: one for each core]
    #[arg(long, value_name = "N", global = true)]
    jobs: Option<std::num::NonZeroUsize>,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Color {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// What comes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For programs; `contexture schema` prints its schema
    Json,
}

/// Which text a build reads.
#[derive(Debug, Clone, Default, Args)]
struct TreeArguments {
    /// Read a commit instead of the working tree
    #[arg(long, value_name = "REV")]
    rev: Option<String>,
    /// Read the index, as a pre-commit hook does
    #[arg(long, conflicts_with = "rev")]
    staged: bool,
}

/// Whether the text must be the one that is committed and locked.
#[derive(Debug, Clone, Copy, Default, Args)]
struct LockArguments {
    /// Refuse uncommitted text, and every context that is not as contexture.lock says
    #[arg(long)]
    locked: bool,
}

/// What would be, without an edit of a manifest.
#[derive(Debug, Clone, Default, Args)]
struct WhatIf {
    /// Build for this model instead of those of the manifests; may be given several times
    #[arg(short, long = "model", value_name = "MODEL")]
    models: Vec<String>,
    /// As if contexts were called so often, whatever their manifests say: 10k/day, 1.5M/month
    #[arg(long, value_name = "RATE", value_parser = rate)]
    calls: Option<Rate>,
}

fn rate(written: &str) -> Result<Rate, &'static str> {
    Rate::parse(written).ok_or("a rate is a number of calls and what for, such as 10k/day or 1.5M/month")
}

/// Which part of the contexts a run takes on.
#[derive(Debug, Clone, Copy, Default, Args)]
struct ShardArguments {
    /// Only the contexts of this part: 3/8 is the third of eight. Each context is in one of them, by its
    /// name; `contexture join` joins their JSON reports
    #[arg(long, value_name = "NUMBER/COUNT")]
    shard: Option<Shard>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write a working project to start from
    Init(init::Arguments),
    /// List contexts and variants, and who uses a file
    List(list::Arguments),
    /// Build contexts, write bundles, print the report, hold the budgets
    Build(build::Arguments),
    /// Build without writing, and look for lints: for CI and pre-commit
    Check(check::Arguments),
    /// Show where the money goes: contexts by month, and what that is made of
    Top(top::Arguments),
    /// Print one prompt, or one request body, to stdout
    Render(render::Arguments),
    /// Show what a change does to text, tokens, cache and money
    Diff(diff::Arguments),
    /// Compare two contexts, variants or models: text, tokens, cache and money
    Compare(compare::Arguments),
    /// Ask a model the cases of a context, and say whether a change is an improvement
    Eval(eval::Arguments),
    /// Say whether prompts suffice, what to try next, or whether to fine-tune
    Advise(advise::Arguments),
    /// Show what a context is made of, segment by segment, and why
    Explain(explain::Arguments),
    /// Join the JSON reports of shards into one
    Join(join::Arguments),
    /// Tell the history of a context: tokens, kept prefix and cost, commit by commit
    Log(log::Arguments),
    /// Tell which commits and authors brought the tokens of a prompt
    Blame(blame::Arguments),
    /// Count the tokens of files or of standard input
    Count(count::Arguments),
    /// Build again on every save, and show what changed
    Watch(watch::Arguments),
    /// Price usage logs, and say why caches missed and what it cost
    Audit(audit::Arguments),
    /// Replay timed requests against a provider's cache rules
    Simulate(simulate::Arguments),
    /// Weigh fine-tuning a model against prompting with this context
    BreakEven(break_even::Arguments),
    /// List model cards, explain one, show dated changes, or import a price file
    Models(models::Arguments),
    /// Write contexture.lock: the digests of every context and variant
    Lock(lock::Arguments),
    /// Tell whether bundles follow from the commits that they name
    Verify(verify::Arguments),
    /// Write contexts as typed functions for an application
    Types(types::Arguments),
    /// Print the JSON Schema of a file format or an output
    Schema(generate::SchemaArguments),
    /// Print a completion script for a shell
    Completions(generate::CompletionsArguments),
    /// Print the manual page, or write one a command into a folder
    Man(generate::ManArguments),
}

/// What a command that ran to its end has to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// Fine.
    Yes,
    /// The answer is no: a budget fails, a bundle does not follow.
    No,
    /// Part of it could not be answered.
    Unanswered,
    /// A signal ended it, by number.
    Ended(u8),
}

impl From<Answer> for Verdict {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Yes => Self::Yes,
            Answer::No => Self::No,
            Answer::Open => Self::Unanswered,
        }
    }
}

/// The command line, each command with its examples.
pub fn command() -> clap::Command {
    let with = |command: clap::Command, (name, examples): &(&'static str, &'static str)| {
        command.mut_subcommand(name, |sub| sub.after_help(*examples))
    };
    examples::EXAMPLES.iter().fold(Cli::command(), with)
}

/// Runs the command line and returns the process's exit code.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let matches = command().try_get_matches_from(arguments);
    let cli = match matches.and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version go to stdout and are fine; a usage error goes to stderr and is not.
            let code = if error.use_stderr() { 2 } else { 0 };
            session::complain_of_usage(&error);
            return ExitCode::from(code);
        }
    };
    let Cli { global, command } = cli;
    let session = match Session::start(global) {
        Ok(session) => session,
        Err(error) => {
            session::complain(&error);
            return ExitCode::from(2);
        }
    };
    let result = match command {
        Command::Init(arguments) => init::run(arguments, &session),
        Command::List(arguments) => list::run(arguments, &session),
        Command::Build(arguments) => build::run(arguments, &session),
        Command::Check(arguments) => check::run(arguments, &session),
        Command::Top(arguments) => top::run(arguments, &session),
        Command::Render(arguments) => render::run(arguments, &session),
        Command::Diff(arguments) => diff::run(arguments, &session),
        Command::Compare(arguments) => compare::run(arguments, &session),
        Command::Eval(arguments) => eval::run(arguments, &session),
        Command::Advise(arguments) => advise::run(arguments, &session),
        Command::Explain(arguments) => explain::run(arguments, &session),
        Command::Join(arguments) => join::run(arguments, &session),
        Command::Log(arguments) => log::run(arguments, &session),
        Command::Blame(arguments) => blame::run(arguments, &session),
        Command::Count(arguments) => count::run(arguments, &session),
        Command::Watch(arguments) => watch::run(arguments, &session),
        Command::Audit(arguments) => audit::run(arguments, &session),
        Command::Simulate(arguments) => simulate::run(arguments, &session),
        Command::BreakEven(arguments) => break_even::run(arguments, &session),
        Command::Models(arguments) => models::run(arguments, &session),
        Command::Lock(arguments) => lock::run(arguments, &session),
        Command::Verify(arguments) => verify::run(arguments, &session),
        Command::Types(arguments) => types::run(arguments, &session),
        Command::Schema(arguments) => generate::schema(arguments, &session),
        Command::Completions(arguments) => generate::completions(arguments, &session),
        Command::Man(arguments) => generate::man(arguments, &session),
    };
    ExitCode::from(match result {
        Ok(Verdict::Yes) => 0,
        Ok(Verdict::No) => 1,
        Ok(Verdict::Unanswered) => 2,
        // As a shell tells of a program that a signal ended.
        Ok(Verdict::Ended(signal)) => signal.saturating_add(128),
        Err(Failure::Faults(faults)) => {
            session.warnings(&faults);
            2
        }
        Err(Failure::Error(Error::File { source, .. })) if source.kind() == std::io::ErrorKind::BrokenPipe => 0,
        Err(Failure::Error(error)) => {
            session::complain(&error);
            2
        }
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    #[test]
    fn each_command_has_two_examples_that_parse() {
        let command = super::command();
        let all: BTreeSet<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
        let told: BTreeSet<&str> = super::examples::EXAMPLES.iter().map(|(name, _)| *name).collect();
        assert_eq!(all, told);
        for (name, text) in super::examples::EXAMPLES {
            let examples: Vec<&str> = text.lines().filter(|line| line.starts_with("  contexture ")).collect();
            assert_eq!(examples.len(), 2, "{name}");
            for example in examples {
                let words = example.trim().split("   ").next().unwrap_or_default();
                let words = words.split(" > ").next().unwrap_or_default().replace('\'', "");
                let parsed = super::command().try_get_matches_from(words.split_whitespace());
                assert!(parsed.is_ok(), "{words}: {:?}", parsed.err());
            }
        }
    }

    #[test]
    fn the_glossary_says_of_commands_what_their_help_says() {
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let glossary = words(include_str!("../../docs/glossary.md"));
        for name in ["check", "lock"] {
            let (_, help) = super::examples::EXAMPLES.iter().find(|(own, _)| *own == name).unwrap();
            let paragraph = words(help.rsplit("\n\n").next().unwrap());
            assert!(paragraph.len() > 100 && glossary.contains(&paragraph), "{name}: {paragraph}");
        }
    }

    #[test]
    fn no_argument_of_a_command_takes_the_place_of_a_global_one() {
        let command = super::command();
        command.clone().debug_assert();
        // clap tells arguments apart by id alone, and fills two that share one with one value.
        let ids = |command: &clap::Command| -> BTreeSet<String> {
            command.get_arguments().map(|argument| argument.get_id().to_string()).collect()
        };
        for sub in command.get_subcommands() {
            assert_eq!(ids(&command).intersection(&ids(sub)).next(), None, "contexture {}", sub.get_name());
        }
    }
}
