//! The files of the app, for a server and for one frozen file.
//!
//! The app is written as small modules, for people. A browser gets them as one script: `import` lines
//! are left out, `export` taken away, and the modules stand in the order in which they build on each
//! other. `tests/page` holds the modules to what this joining can bear.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::Page;
use crate::output::report::{inert, without_secrets, without_styles};

/// The words of the reports; its first table is what a page says of a word that is pointed at.
const GLOSSARY: &str = include_str!("../../../docs/glossary.md");

/// The document, with a place for each thing that differs between the two modes.
const DOCUMENT: &str = include_str!("app/index.html");

/// The style sheets, in order.
const STYLES: [&str; 4] = [
    include_str!("app/theme.css"),
    include_str!("app/frame.css"),
    include_str!("app/prompt.css"),
    include_str!("app/figures.css"),
];

/// The modules, each below those that it imports.
const MODULES: [&str; 30] = [
    include_str!("app/dom.js"),
    include_str!("app/words.js"),
    include_str!("app/format.js"),
    include_str!("app/inert.js"),
    include_str!("app/state.js"),
    include_str!("app/place.js"),
    include_str!("app/fill.js"),
    include_str!("app/copy.js"),
    include_str!("app/text.js"),
    include_str!("app/search.js"),
    include_str!("app/strip.js"),
    include_str!("app/prompt.js"),
    include_str!("app/chart.js"),
    include_str!("app/table.js"),
    include_str!("app/cost.js"),
    include_str!("app/beside.js"),
    include_str!("app/diagnostics.js"),
    include_str!("app/load.js"),
    include_str!("app/evaluation.js"),
    include_str!("app/changes.js"),
    include_str!("app/history.js"),
    include_str!("app/sharing.js"),
    include_str!("app/fuzzy.js"),
    include_str!("app/side.js"),
    include_str!("app/project.js"),
    include_str!("app/find.js"),
    include_str!("app/frame.js"),
    include_str!("app/keys.js"),
    include_str!("app/live.js"),
    include_str!("app/main.js"),
];

/// A file that a server hands out as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asset {
    /// Its name below the page's own address; empty for the page itself.
    pub name: &'static str,
    /// What it is, for `Content-Type`.
    pub content_type: &'static str,
    /// Its text.
    pub text: String,
}

/// The files of a live page. They hold no data and load nothing but each other, `page.json` and
/// `events`, all by relative addresses, so that `default-src 'none'; script-src 'self'; style-src
/// 'self'; connect-src 'self'` lets them work.
pub fn assets() -> [Asset; 3] {
    let document = document("", "<link rel=\"stylesheet\" href=\"app.css\">", "<script src=\"app.js\" defer></script>");
    let asset = |name, content_type, text| Asset { name, content_type, text };
    [
        asset("", "text/html; charset=utf-8", document),
        asset("app.js", "text/javascript; charset=utf-8", script()),
        asset("app.css", "text/css; charset=utf-8", STYLES.concat()),
    ]
}

/// The page as one file that needs nothing else. `plain`, less its styles, is what a reader without script sees.
pub fn frozen(page: &Page, plain: &str) -> String {
    let (style, script) = (STYLES.concat(), script());
    let policy = format!(
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; base-uri 'none'; \
         form-action 'none'; style-src {}; script-src {}\">",
        hash(&style),
        hash(&script)
    );
    let data = inert::embedded_json(&page.json());
    document(
        &policy,
        &format!("<style>{style}</style>"),
        &format!(
            "<noscript><pre>{}</pre></noscript>\n<script type=\"application/json\" id=\"page\">{data}</script>\n\
             <script>{script}</script>",
            inert::html(&without_secrets(&without_styles(plain)))
        ),
    )
}

/// The colours and the type of every page.
pub(super) fn theme() -> &'static str {
    STYLES[0]
}

fn document(policy: &str, style: &str, script: &str) -> String {
    let mut drawn = String::new();
    for line in DOCUMENT.lines() {
        drawn.push_str(match line.trim() {
            "<!-- policy -->" => policy,
            "<!-- style -->" => style,
            "<!-- script -->" => script,
            _ => line,
        });
        drawn.push('\n');
    }
    drawn
}

/// The modules as one script.
fn script() -> String {
    let glossary = serde_json::json!(words().collect::<BTreeMap<_, _>>());
    let mut joined = format!("\"use strict\";\n(() => {{\nconst GLOSSARY = {glossary};\n");
    for line in MODULES.iter().flat_map(|module| module.lines()).filter(|line| !line.starts_with("import ")) {
        joined.push_str(line.strip_prefix("export ").unwrap_or(line));
        joined.push('\n');
    }
    joined.push_str("})();\n");
    joined
}

/// The words of the glossary, and what each means; of a row with several, each.
fn words() -> impl Iterator<Item = (&'static str, &'static str)> {
    let rows = GLOSSARY.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |")?.split_once(" | "));
    rows.skip(1).flat_map(|(words, meaning)| words.split(", ").map(move |word| (word, meaning)))
}

/// A text as a content policy names it.
pub(super) fn hash(text: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)))
}
