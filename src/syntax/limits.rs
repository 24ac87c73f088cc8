//! Every limit of what is read: how much of a repository, a file or an argument is taken, and how long.
//!
//! Whatever somebody else decides the size of has one. Where a limit is passed, the message names it and the file.
//! `docs/limits.md` lists them from here.

/// A limit, as the page lists it.
#[derive(Debug, Clone, Copy)]
pub struct Limit {
    /// The constant's name.
    pub name: &'static str,
    /// How much is taken.
    pub most: u64,
    /// Of what.
    pub unit: Unit,
    /// What is limited.
    pub what: &'static str,
}

/// What a limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Bytes.
    Bytes,
    /// Things.
    Count,
}

macro_rules! limits {
    ($($(#[doc = $doc:literal])+ $name:ident: $type:ty = $most:expr, $unit:ident;)+) => {
        $($(#[doc = $doc])+ pub const $name: $type = $most;)+

        /// All of them.
        pub const ALL: &[Limit] = &[
            $(Limit { name: stringify!($name), most: $name as u64, unit: Unit::$unit, what: concat!($($doc),+) },)+
        ];
    };
}

/// A mebibyte.
const MIB: usize = 1024 * 1024;

limits! {
    /// One file of a project, and one object of git's that is a file.
    MAX_FILE_BYTES: u64 = 256 * MIB as u64, Bytes;
    /// All files that one context reads.
    MAX_CONTEXT_BYTES: u64 = 256 * MIB as u64, Bytes;
    /// The prompt of one context.
    MAX_PROMPT_BYTES: u64 = 256 * MIB as u64, Bytes;
    /// Different files that one run reads from one tree: a working tree, an index or a commit.
    MAX_RUN_BYTES: u64 = 300_000_000, Bytes;
    /// Different texts in all prompts of one run from one tree.
    MAX_RUN_TEXT_BYTES: u64 = 300_000_000, Bytes;
    /// Different files that the commits of a `log` read, and different texts of their prompts, together.
    MAX_HISTORY_BYTES: u64 = 2_000_000_000, Bytes;
    /// Files and folders in one listing, and in one comparison of two commits.
    MAX_LISTED_ENTRIES: usize = 1_000_000, Count;
    /// The paths of one listing, and of one comparison of two commits.
    MAX_LISTED_BYTES: usize = 128 * MIB, Bytes;
    /// One path.
    MAX_PATH_BYTES: usize = 4096, Bytes;
    /// Links that one path leads through.
    MAX_LINKS: usize = 40, Count;
    /// A tree, commit or tag object of git's.
    MAX_OBJECT_BYTES: usize = 64 * MIB, Bytes;
    /// Folders of objects that a repository borrows from.
    MAX_ALTERNATES: usize = 32, Count;
    /// Loose objects of a repository, for what libgit2 reads by itself: `blame`, and revisions such as `HEAD@{1}`.
    MAX_LOOSE_OBJECTS: usize = 100_000, Count;
    /// Tags that lead to each other before one leads to a commit.
    MAX_TAGS_TO_COMMIT: usize = 32, Count;
    /// Commits that one question of a history walks through.
    MAX_COMMITS: usize = 5_000_000, Count;
    /// Latest common commits of two histories that are looked at.
    MAX_MERGE_BASES: usize = 64, Count;
    /// git's index.
    MAX_INDEX_BYTES: u64 = 512 * MIB as u64, Bytes;
    /// A file of git's rules, such as `.gitignore`, and any other file of `.git` that is read here.
    MAX_PATTERN_FILE_BYTES: u64 = MIB as u64, Bytes;
    /// Branches and tags among which a near name is looked for.
    MAX_NAMES: usize = 10_000, Count;
    /// A file of the command line, and standard input.
    MAX_INPUT_BYTES: u64 = 256 * MIB as u64, Bytes;
    /// One line of a usage log, or one value that runs over several lines; longer ones are passed over and counted.
    MAX_LOG_LINE_BYTES: usize = 64 * MIB, Bytes;
    /// Entries of a bundle's folder that `verify` looks at.
    MAX_BUNDLE_ENTRIES: usize = 10_000, Count;
    /// How deep lists and maps of a YAML file nest.
    MAX_YAML_DEPTH: usize = 64, Count;
    /// Values of a YAML file, with every alias counted as the values that it repeats.
    MAX_YAML_VALUES: usize = 2_000_000, Count;
    /// Manifests in a chain of `extends`.
    MAX_EXTENDS: usize = 64, Count;
    /// Files that the patterns of one block match.
    MAX_MATCHES: usize = 100_000, Count;
    /// Segments that one file is cut into.
    MAX_SLICES: usize = 100_000, Count;
    /// Steps (one token against one byte) that one tree spends on the patterns of `.gitignore` and `.gitattributes`.
    MAX_PATTERN_STEPS: u64 = 4_000_000_000, Count;
    /// One template.
    MAX_TEMPLATE_BYTES: usize = 128 * 1024, Bytes;
    /// Tags of one template: comments and escaped braces count too.
    MAX_TEMPLATE_TAGS: usize = 2_000, Count;
    /// How deep blocks and partials nest, all templates of a rendering taken together.
    MAX_TEMPLATE_DEPTH: usize = 64, Count;
    /// How deep the calls of a template nest: `(a (b (c …)))`.
    MAX_NESTED_CALLS: usize = 32, Count;
    /// Arguments of a call in a template, positional or named.
    MAX_ARGUMENTS: usize = 64, Count;
    /// Words and signs of one expression in Jinja.
    MAX_EXPRESSION_WORDS: usize = 200, Count;
    /// Steps of one rendering: an element of a block, a value looked at, a kilobyte written.
    MAX_TEMPLATE_STEPS: usize = 1_000_000, Count;
    /// What one rendering writes.
    MAX_RENDERED_BYTES: usize = 64 * MIB, Bytes;
    /// What Codex loads of the `AGENTS.md` of a folder and those above it.
    MAX_AGENTS_BYTES: usize = 32 * 1024, Bytes;
    /// Imports of `CLAUDE.md` that follow each other.
    MAX_IMPORTS: usize = 4, Count;
    /// Files that the `CLAUDE.md` of one folder loads.
    MAX_IMPORTED_FILES: usize = 1000, Count;
    /// A file of data that `init --from` looks into.
    MAX_ADOPTED_DATA_BYTES: u64 = MIB as u64, Bytes;
    /// All of them.
    MAX_ADOPTED_BYTES: u64 = 64 * MIB as u64, Bytes;
    /// A file whose lines are traced by `blame`: git's own walk compares a file's every version with the next.
    MAX_BLAMED_BYTES: usize = 8 * MIB, Bytes;
    /// Connections to the page's server at one time; more of them wait. A browser opens six for each tab.
    MAX_CONNECTIONS: usize = 64, Count;
    /// Connections to the page's server that wait for the next build, so that they leave some for everything else.
    MAX_STREAMS: usize = 32, Count;
    /// The head of a request to the page's server.
    MAX_REQUEST_BYTES: usize = 16 * 1024, Bytes;
    /// An answer of a model's, as it is received.
    MAX_ANSWER_BYTES: usize = 16 * MIB, Bytes;
    /// The results of one batch, which are read line by line; a line is an answer.
    MAX_RESULTS_BYTES: u64 = 4096 * MIB as u64, Bytes;
    /// The head of such an answer.
    MAX_ANSWER_HEAD_BYTES: usize = 64 * 1024, Bytes;
    /// A revision or a context that the page's server is asked about.
    MAX_ASKED_BYTES: usize = 200, Bytes;
    /// Steps that a validator takes to compile an output schema, and for one answer of an example.
    MAX_SCHEMA_STEPS: u64 = 1_000_000, Count;
    /// Parts of an output schema, each with each part of an answer that it is held against.
    MAX_SCHEMA_PAIRS: usize = 1_000_000, Count;
    /// Parts of an output schema that lead to each other.
    MAX_SCHEMA_DEPTH: usize = 256, Count;
    /// How many times as long as a text a `tokenizer.json` may make it.
    MAX_TOKENIZER_GROWTH: u64 = 64, Count;
    /// Messages about one file that are printed.
    MAX_MESSAGES_A_FILE: usize = 100, Count;
    /// Messages that are printed in all; in a report in JSON, about one context.
    MAX_MESSAGES: usize = 1000, Count;
    /// Messages of all contexts in a report in JSON.
    MAX_RECORDED_MESSAGES: usize = 50_000, Count;
    /// Characters of one message.
    MAX_MESSAGE_CHARACTERS: usize = 2000, Count;
    /// Messages that one stage of a build explains.
    MAX_FAULTS: usize = 2000, Count;
    /// Pairs of bytes that are compared to find near names, in one run.
    MAX_NEAR_STEPS: u64 = 500_000_000, Count;
}
