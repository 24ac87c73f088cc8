//! Diagnostics as SARIF 2.1.0, the format in which code hosts and editors take findings.
//!
//! <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>. One run; a rule for each code
//! that occurs, in the order of their names; a result for each finding.

use std::collections::BTreeSet;

use serde::Serialize;

use super::{inert, json};
use crate::syntax::diag::{Diagnostic, Severity};
use crate::syntax::manifest::LintLevel;
use crate::syntax::source::Span;
use crate::text::lint::catalogue;

/// Where the parts of the format are defined for programs.
const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
/// The name by which consumers know the root of the repository.
const REPOSITORY: &str = "%SRCROOT%";

#[derive(Serialize)]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    tool: Tool<'a>,
    column_kind: &'static str,
    results: Vec<Finding<'a>>,
}

#[derive(Serialize)]
struct Tool<'a> {
    driver: Driver<'a>,
}

#[derive(Serialize)]
struct Driver<'a> {
    name: &'static str,
    version: &'static str,
    rules: Vec<Rule<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule<'a> {
    id: &'a str,
    short_description: Message,
    /// What the page of a lint says; other codes have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    full_description: Option<Message>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<Help>,
    #[serde(skip_serializing_if = "Option::is_none")]
    default_configuration: Option<Configuration>,
}

#[derive(Serialize)]
struct Help {
    text: String,
    markdown: &'static str,
}

#[derive(Serialize)]
struct Configuration {
    level: &'static str,
}

impl<'a> Rule<'a> {
    /// The rule of a code: a lint has a page and a level of its own.
    fn of(code: &'a str) -> Self {
        let bare = Message { text: code.replace('-', " ") };
        let Some(lint) = catalogue::find(code) else {
            return Self {
                id: code,
                short_description: bare,
                full_description: None,
                help: None,
                default_configuration: None,
            };
        };
        let level = lint.level.map(|level| match level {
            LintLevel::Deny => "error",
            LintLevel::Warn => "warning",
            LintLevel::Allow => "none",
        });
        Self {
            id: code,
            short_description: bare,
            full_description: Some(Message { text: lint.summary.to_owned() }),
            help: Some(Help { text: lint.page.replace('`', ""), markdown: lint.page }),
            default_configuration: level.map(|level| Configuration { level }),
        }
    }
}

#[derive(Serialize)]
struct Message {
    text: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Finding<'a> {
    rule_id: &'a str,
    rule_index: usize,
    level: &'static str,
    message: Message,
    locations: Vec<Location>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    physical_location: PhysicalLocation,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: ArtifactLocation,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<Region>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ArtifactLocation {
    uri: String,
    uri_base_id: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: usize,
    start_column: usize,
    end_line: usize,
    end_column: usize,
}

impl Region {
    /// SARIF counts as spans do, lines and columns from one and the end not included.
    fn of(span: &Span) -> Self {
        let (start_line, start_column) = span.line_column();
        let (end_line, end_column) = span.source.line_column(span.end);
        Self { start_line, start_column, end_line, end_column }
    }
}

/// The findings as one log, as JSON with a final line break. `prefix` is the project root below the
/// root of the repository.
pub fn log(findings: &[Diagnostic], prefix: &str) -> String {
    let codes: Vec<&str> = findings.iter().map(|one| &*one.code).collect::<BTreeSet<_>>().into_iter().collect();
    let results = findings.iter().map(|one| Finding {
        rule_id: &one.code,
        // Every code is among the codes.
        rule_index: codes.partition_point(|code| *code < &*one.code),
        level: match one.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        },
        message: Message { text: inert::sarif_message(&super::sentences(one)) },
        locations: one
            .path()
            .map(|path| location(&super::in_repository(prefix, path), one.span.as_ref()))
            .into_iter()
            .collect(),
    });
    let rules = codes.iter().map(|code| Rule::of(code));
    let driver = Driver { name: "contexture", version: env!("CARGO_PKG_VERSION"), rules: rules.collect() };
    let run = Run { tool: Tool { driver }, column_kind: "unicodeCodePoints", results: results.collect() };
    json(&Log { schema: SCHEMA, version: "2.1.0", runs: [run] })
}

fn location(path: &str, span: Option<&Span>) -> Location {
    let artifact_location = ArtifactLocation { uri: inert::uri(path), uri_base_id: REPOSITORY };
    Location { physical_location: PhysicalLocation { artifact_location, region: span.map(Region::of) } }
}
