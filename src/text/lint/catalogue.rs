//! Every lint: its id, its default level and its documentation. docs/lints.md is generated from this table.

use crate::syntax::diag::Diagnostic;
use crate::syntax::manifest::LintLevel;

/// One lint.
#[derive(Debug)]
pub struct Lint {
    /// Its name in `lints:`, in comments and in every report.
    pub id: &'static str,
    /// Its default level; `None` if that differs from case to case.
    pub level: Option<LintLevel>,
    /// What it finds, in one sentence.
    pub summary: &'static str,
    /// Why that matters, what is not reported on purpose, what to do.
    pub page: &'static str,
    /// What `check --fix` does about it.
    pub fix: Option<&'static str>,
}

impl Lint {
    /// A diagnostic of this lint at its default level.
    pub(super) fn warning(&self, message: String) -> Diagnostic {
        match self.level {
            Some(LintLevel::Deny) => Diagnostic::error(self.id, message),
            _ => Diagnostic::warning(self.id, message),
        }
    }
}

/// The lint of this id.
pub fn find(id: &str) -> Option<&'static Lint> {
    ALL.iter().copied().find(|lint| lint.id == id)
}

/// Every lint, in the order of docs/lints.md: what must not be sent, what was left in files, what harms
/// caching, what the planner warns of.
pub static ALL: &[&Lint] = &[
    &SECRET,
    &BIDI_TEXT,
    &INVISIBLE_TEXT,
    &CONFLICT_MARKER,
    &LFS_POINTER,
    &CRLF,
    &PLACEHOLDER,
    &TEMPLATE_LEFTOVER,
    &UNUSED_INPUT,
    &SHADOWED_NAME,
    &RESPELLED_NUMBER,
    &FRONT_MATTER,
    &UNMATCHED_PATTERN,
    &UNSENT_FIELD,
    &REVIEW_OVERDUE,
    &NEAR_DUPLICATE,
    &REPEATED_EXAMPLE,
    &CONTRADICTING_EXAMPLE,
    &EXAMPLE_SCHEMA,
    &HELD_OUT_EXAMPLE,
    &EMPTY_TEXT,
    &BLANK_TEXT,
    &HOISTED_SYSTEM,
    &TRIMMED_PREFILL,
    &REWRITTEN_SCHEMA,
    &STRICT_GIVEN_UP,
    &LOOSE_SCHEMA,
    &IGNORED_SETTING,
    &UNSERIALISED_VALUE,
    &NO_EXAMPLES,
    &SMALL_POOL,
    &UNUSED_LABEL,
    &CACHE_BREAKER,
    &INPUT_BEFORE_STABLE,
    &VOLATILE_BEFORE_STABLE,
    &SHORT_PREFIX,
    &DEAD_BREAKPOINT,
    &SHORT_TTL,
    &CACHING_DOES_NOT_PAY,
    &BAND_STRADDLES,
    &NEAR_CLIFF,
    &NEAR_WINDOW,
    &RETIRING_MODEL,
    &PRICE_CHANGE,
    &UNMATCHED_MODEL,
];

const DENY: Option<LintLevel> = Some(LintLevel::Deny);
const WARN: Option<LintLevel> = Some(LintLevel::Warn);

/// A lint of this room, which runs on every file or context.
const fn everywhere(id: &'static str, level: Option<LintLevel>, summary: &'static str, page: &'static str) -> Lint {
    Lint { id, level, summary, page, fix: None }
}

/// A warning that another room makes under this id. It is listed here for its documentation, and so that
/// its level can be set.
const fn elsewhere(id: &'static str, summary: &'static str, page: &'static str) -> Lint {
    Lint { id, level: WARN, summary, page, fix: None }
}

pub(super) static SECRET: Lint = everywhere(
    "secret",
    DENY,
    "A file holds what looks like a key, a token or a password.",
    "What stands in a prompt is sent to a provider with every call, is in its logs, and can be asked for by whoever \
     talks to the model. Take the secret out, and revoke it: it is in the history of the repository.\n\n\
     Found are the documented formats of the vendors (the list is below) and values that are given to names such as \
     `password` and `api_key`. Left alone are samples (`EXAMPLE`, `xxxx`, `your-…`, `abc123`), placeholders, UUIDs, digests \
     of git, addresses, and values of words such as paths. A finding that is none is allowed with \
     `contexture: allow(secret)` in a comment on its line or the one above. \
     The value is written `[secret]` wherever contexture shows text, in excerpts, reports and pages; only what goes to \
     the model (`render`, bundles) holds it.",
);

pub(super) static BIDI_TEXT: Lint = everywhere(
    "bidi-text",
    DENY,
    "Control characters show the text in another order than the model reads it.",
    "A reviewer and the model then see different texts (CVE-2021-42574). Found are overrides (U+202D, U+202E) \
     everywhere, embeddings and isolates (U+202A to U+202C, U+2066 to U+2069) that are not closed on their line or \
     stand on a line without a letter that is written from right to left, and marks (U+200E, U+200F, U+061C) on \
     such a line. Hebrew, Arabic and Persian text that uses them as it should is left alone.",
);

pub(super) static INVISIBLE_TEXT: Lint = Lint {
    fix: Some(
        "removes characters that have no use in any text: tags outside of flags, byte-order marks, deprecated \
        format controls, invisible operators, annotation marks and control characters",
    ),
    ..everywhere(
        "invisible-text",
        WARN,
        "A file holds characters that nobody sees and the model reads.",
        "They split words, hide instructions (tag characters spell whole sentences that no editor shows) and cost \
         tokens. Left alone are the joiners of emoji, of Persian, Arabic and Indic scripts, the flags that tags spell, the \
         variation selectors of emoji and ideographs, and the zero width space of scripts that write no blanks.",
    )
};

pub(super) static CONFLICT_MARKER: Lint = everywhere(
    "conflict-marker",
    DENY,
    "A merge was committed with its conflict markers.",
    "Found is a line of `<<<<<<<` with a later one of `=======` and a later one of `>>>>>>>`, as git writes them. A lone \
     row of signs, such as a heading underlined with `=======`, is left alone.",
);

pub(super) static LFS_POINTER: Lint = everywhere(
    "lfs-pointer",
    DENY,
    "A file is a pointer of Git LFS, not the text that it points to.",
    "contexture reads what git stores and runs no filter, so the model would be sent the pointer. Keep fragments out of \
     LFS: `git lfs untrack`, then commit the text.",
);

pub(super) static CRLF: Lint = Lint {
    fix: Some("turns the line ends of a file that mixes them into LF"),
    ..everywhere(
        "crlf",
        WARN,
        "A text is stored with CRLF line ends, or with both kinds.",
        "The model sees the carriage returns, and they cost tokens. A checkout's own conversion (`core.autocrlf`, \
         `.gitattributes`) is undone before, so what is found is what git stores. Files that are parsed (YAML, JSON, CSV) \
         are left alone.",
    )
};

pub(super) static PLACEHOLDER: Lint = everywhere(
    "placeholder",
    WARN,
    "A place was meant to be filled in, and is not.",
    "Found are `[INSERT …]`, `[YOUR …]` and the like, `<INSERT …>` in capitals, and `{{name}}` in a \
     fragment or in `text:` (which are sent as they are) where the context has a var or an input of that name. Links and \
     what stands between backticks are left alone.",
);

pub(super) static TEMPLATE_LEFTOVER: Lint = everywhere(
    "template-leftover",
    WARN,
    "Something that another template language would fill in or run is sent as it stands.",
    "Found are the tags of Jinja, Liquid, ERB and EJS (`{% if … %}`, `{# … #}`, `<% … %>`), and, where the context has a \
     var or an input of the name, `{name}`, `${name}`, `#{name}`, `[[name]]`, `%(name)s`, `<%= name %>` and braces that do \
     not match (`{{name}`). Fragments and `text:` are looked at outside of code, templates also inside of it for names. \
     Write the text in Handlebars ([docs/templates.md](templates.md)), or put it between backticks.",
);

pub(super) static UNUSED_INPUT: Lint = everywhere(
    "unused-input",
    WARN,
    "An input is declared, and no text has it.",
    "What a caller fills in never reaches the model. An input counts as used where a tag of the manifest or of one of its \
     templates names it, also in a variant or a block that is switched off. One that comes by `extends` is not reported: \
     another context may use it.",
);

pub(super) static SHADOWED_NAME: Lint = everywhere(
    "shadowed-name",
    WARN,
    "A var or an input has the name of something that templates know already.",
    "The bare name then means a helper, `context`, or, in a template named by `wrap`, what it wraps (`title`, `content`, \
     `user` …; reported where the context has such a template). Write `vars.title`, or rename it.",
);

pub(super) static RESPELLED_NUMBER: Lint = everywhere(
    "respelled-number",
    WARN,
    "A number stands in the prompt in another spelling than in its file.",
    "`version: 1.10` is the number 1.1, `0x1f` is 31, and a number beyond 64 bits is rounded. A turn of an example keeps \
     every number as it is spelled; a template writes the value. Put the number into quotes.",
);

static FRONT_MATTER: Lint = elsewhere(
    "front-matter",
    "The head of a file looks like front matter and is none, or `front_matter` does nothing.",
    "The message says what became of it: a block that begins with a key and is no YAML leaves the text unread; one that is \
     not closed, or does not begin on the first line, or has sentences for keys, is sent. TOML between `+++` leaves the text. See \
     [docs/manifest.md](manifest.md#front-matter).",
);

static UNMATCHED_PATTERN: Lint = elsewhere(
    "unmatched-pattern",
    "A pattern of a list matches no file, or excludes none.",
    "The other patterns match, so a build stands without what this one was meant for. A path without `*` that is not there \
     is an error. With `optional: true` nothing is reported.",
);

static UNSENT_FIELD: Lint = elsewhere(
    "unsent-field",
    "A field of an example holds text that is in no turn.",
    "Reported once a file: keys of a message beside its role and its content, turns of a list that `map` takes others of, \
     and, where no template of `wrap` could write them, `tools` and system text of a record and fields of 12 words and more \
     beside a question and its answer. Name the field in `map`, or put system text into the manifest's `system` list.",
);

pub(super) static REVIEW_OVERDUE: Lint = everywhere(
    "review-overdue",
    WARN,
    "The day in a fragment's `review_by` has passed.",
    "`review_by: 2026-11-21` in the front matter says by when somebody should look again. It is held against the day of \
     the run: today for `check` and `diff`, the commit's for `build`, or `--as-of`.",
);

pub(super) static NEAR_DUPLICATE: Lint = everywhere(
    "near-duplicate",
    WARN,
    "Two fragments of one context are almost the same, or two blocks send the same file.",
    "The model reads both, and each costs its tokens; where they differ, it cannot know which one holds. Told is how \
     much of their text, as runs of five words, is the same: 80% or more, in texts of 30 words and more. A file or a \
     template that two blocks name is told where the second one stands; a shorter one, such as a divider, may repeat.",
);

pub(super) static REPEATED_EXAMPLE: Lint = everywhere(
    "repeated-example",
    WARN,
    "An example says what one before it says.",
    "It costs tokens and teaches nothing, and it counts twice when the model weighs cases. Equal are two examples whose \
     words are the same, case and the punctuation around them aside, or whose questions differ in the spelling of words and in \
     courtesy only (of 12 words and more, 90% of their pairs the same), if their answers are equal. Two that differ in another \
     word or a number are different questions. Only examples that stand in the prompt are compared, not the \
     pool that they are picked from.",
);

pub(super) static CONTRADICTING_EXAMPLE: Lint = everywhere(
    "contradicting-example",
    WARN,
    "Two examples answer the same question differently.",
    "One of them is wrong, or the question lacks what tells the two apart. Questions are the same when their words are; \
     answers that are JSON are compared as values.",
);

pub(super) static EXAMPLE_SCHEMA: Lint = everywhere(
    "example-schema",
    WARN,
    "The answer of an example does not match the output schema.",
    "With `output.schema` the model must answer in that form, and learns another one from the example. The schema is \
     JSON Schema; what it refers to outside of itself is not fetched.",
);

pub(super) static HELD_OUT_EXAMPLE: Lint = everywhere(
    "held-out-example",
    WARN,
    "An example of the prompt also stands in a set that is held out for evaluation.",
    "A model that has seen the answer is not measured by the question. The sets are files of examples under `held_out:` in \
     the manifest (patterns, as in `files`). Equal questions are told, and near ones with how much of them is the same: \
     80% or more.",
);

pub(super) static CACHE_BREAKER: Lint = everywhere(
    "cache-breaker",
    WARN,
    "The prefix holds a value that is another one each time it is made.",
    "A cache serves a prompt up to the first byte that differs. Found are dates, weekdays and times that the words before \
     them call today's, current or generated (\"It is Wednesday, 3:09 PM.\"), also in tools, ids of sessions, requests and \
     builds, and, outside of documents, tools, examples and code, every time to the second and every UUID. Make the value an input behind the stable text. Where the block says \
     `stability: volatile` its author knows.",
);

static EMPTY_TEXT: Lint = elsewhere("empty-text", "A block yields no text.", "Remove it, or give it a `when`.");

static BLANK_TEXT: Lint = elsewhere(
    "blank-text",
    "A text of nothing but white space is left out of a request body, because its format refuses it.",
    "Remove the block, or put text into it.",
);

static HOISTED_SYSTEM: Lint = elsewhere(
    "hoisted-system",
    "A first turn of the role `system` is sent as the end of the system prompt.",
    "Move the block to `system`.",
);

static TRIMMED_PREFILL: Lint = elsewhere(
    "trimmed-prefill",
    "White space is cut off the end of a last turn that is the assistant's.",
    "End the turn without white space: the model goes on from there.",
);

static REWRITTEN_SCHEMA: Lint = elsewhere(
    "rewritten-schema",
    "The schema of answers is written another way for a model that takes less of JSON Schema.",
    "See docs/bodies.md for what each format takes. What is left out stands in the descriptions.",
);

static STRICT_GIVEN_UP: Lint = elsewhere(
    "strict-given-up",
    "Answers are not held strictly to their schema, because the strict mode would refuse it.",
    "Close every object, require every property (optional: a union with null), and leave out what the message names.",
);

static LOOSE_SCHEMA: Lint = elsewhere(
    "loose-schema",
    "A model may ignore or refuse a part of the schema of answers, or all of it.",
    "Say it in a `description` instead, and try one call.",
);

static IGNORED_SETTING: Lint = elsewhere(
    "ignored-setting",
    "A model ignores a setting.",
    "Leave it out for this model: set it below a pattern of the models that take it.",
);

static UNSERIALISED_VALUE: Lint = elsewhere(
    "unserialised-value",
    "A template writes a list, a map or a fraction without saying how.",
    "Write `{{json name}}` or `{{yaml name}}`: see docs/templates.md.",
);

static NO_EXAMPLES: Lint = elsewhere("no-examples", "A file of examples holds none.", "See docs/examples.md.");

static SMALL_POOL: Lint =
    elsewhere("small-pool", "`pick` wants more examples than there are.", "Lower `count`, or add examples.");

static UNUSED_LABEL: Lint = elsewhere(
    "unused-label",
    "`label` is set and the way of picking does not use it.",
    "Write `by: coverage`, or take it away.",
);

static INPUT_BEFORE_STABLE: Lint = elsewhere(
    "input-before-stable",
    "Text that never changes stands behind an input, where no cache serves it.",
    "Move the input behind it: see docs/planner.md.",
);

static VOLATILE_BEFORE_STABLE: Lint = elsewhere(
    "volatile-before-stable",
    "Text that changes often stands before text that does not.",
    "Each change of the first makes the cache write the second anew. Move it behind.",
);

static SHORT_PREFIX: Lint = elsewhere(
    "short-prefix",
    "The prefix is a little short of what the model caches at all.",
    "Move stable text in front of the first input, or add to it.",
);

static DEAD_BREAKPOINT: Lint = elsewhere(
    "dead-breakpoint",
    "A breakpoint does nothing: the model ignores it, or the text before it is too short.",
    "See docs/planner.md for each model's least length.",
);

static SHORT_TTL: Lint = elsewhere(
    "short-ttl",
    "The models of a context keep cache entries for less time than `cache` asks for.",
    "The next shorter lifetime is used, and what a call costs is estimated with it. Where one model of the context \
     keeps them as long as that, it is a note.",
);

static CACHING_DOES_NOT_PAY: Lint = elsewhere(
    "caching-does-not-pay",
    "At the declared traffic, caching costs more than it saves.",
    "Calls are too rare for the lifetime of an entry. Set `cache: {breakpoints: off}`, or a longer `ttl`.",
);

static BAND_STRADDLES: Lint = elsewhere(
    "band-straddles",
    "An estimate is too coarse to say on which side of a limit the prompt lies.",
    "Give the model's tokenizer (`tokenizers:`), or keep further away from the limit.",
);

static NEAR_CLIFF: Lint = elsewhere(
    "near-cliff",
    "The prompt is close to a length at which its price per token rises, or just beyond it.",
    "See the model's card: `contexture models NAME`.",
);

static NEAR_WINDOW: Lint =
    elsewhere("near-window", "The prompt almost fills the model's window.", "The expected answer needs its place too.");

static RETIRING_MODEL: Lint = elsewhere(
    "retiring-model",
    "A model is retired, or will be within 60 days.",
    "Its requests then fail, or its vendor lets another model answer them and bills that one. Named is the successor that \
     the vendor names, with what the context costs there. Days are those of the platform in use, and held against today, \
     or `--as-of`.",
);

static PRICE_CHANGE: Lint = elsewhere(
    "price-change",
    "A price changes within 60 days, or is known no longer.",
    "Told is what a month costs from then on. `contexture models --changes` lists every announced day.",
);

static UNMATCHED_MODEL: Lint = elsewhere(
    "unmatched-model",
    "A key of `settings` or `tokenizers` names a model that the context is not built for.",
    "Keys in contexture.yaml or in a context that is extended are not reported: other contexts may use them.",
);
