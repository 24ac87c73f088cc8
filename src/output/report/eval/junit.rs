//! JUnit's XML, as GitLab, Jenkins and GitHub's actions read it: a suite a head, a test a case, and a last test that carries
//! the comparison. GitLab takes tests of one class and name for one (gitlab-foss#50964) and shows the text of a failure
//! and not its `message` (gitlab-foss#53668): so names are unique, and the message is there twice.

use std::fmt::Write as _;

use super::{Row, gate, named, rows, why};
use crate::evaluate::scored::Grade;
use crate::evaluate::verdict::{Evaluation, GateStatus, Verdict};
use crate::output::report::text::cut;

/// The most characters of a reason.
const REASON: usize = 500;

/// What became of a test, if it did not pass: the name of its element, and why.
type Fault = Option<(&'static str, String)>;

/// The whole file.
pub fn junit(evaluation: &Evaluation) -> String {
    let suites: String = rows(evaluation).iter().map(suite).collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"contexture eval\">\n{suites}</testsuites>\n"
    )
}

fn suite(row: &Row) -> String {
    let class = class(row);
    let mut tests: Vec<(String, u64, Fault)> = Vec::new();
    for (case, scored) in row.cases.iter().zip(&row.head.scored.cases) {
        let element = match scored.is_right {
            Some(true) => None,
            Some(false) => Some("failure"),
            None if scored.answers.iter().any(|answer| answer.grade == Grade::Error) => Some("error"),
            None => Some("skipped"),
        };
        let time = scored.answers.iter().filter_map(|answer| answer.latency_ms).sum();
        tests.push((case.id.to_string(), time, element.map(|element| (element, why(scored)))));
    }
    for line in &row.gates {
        let element = match line.status {
            GateStatus::Missed => Some("failure"),
            GateStatus::Open if line.fails_open => Some("failure"),
            GateStatus::Unknown => Some("error"),
            GateStatus::Open | GateStatus::Met => None,
        };
        tests.push((format!("gate {}", line.name), 0, element.map(|element| (element, gate(line)))));
    }
    if let (Some(own), Some(said)) = (row.comparison, row.verdict()) {
        let element = match own.verdict {
            Verdict::Worse => Some("failure"),
            Verdict::NotMeasured => Some("error"),
            _ => None,
        };
        tests.push(("verdict".to_owned(), 0, element.map(|element| (element, said))));
    }
    let count =
        |wanted: &str| tests.iter().filter(|(.., fault)| fault.as_ref().is_some_and(|(is, _)| *is == wanted)).count();
    let time = seconds(tests.iter().map(|(_, time, _)| time).sum());
    let (failures, errors, skipped) = (count("failure"), count("error"), count("skipped"));
    let mut drawn = format!(
        "  <testsuite name=\"{class}\" tests=\"{}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\" \
         time=\"{time}\">\n",
        tests.len()
    );
    for (name, time, fault) in &tests {
        // Writing to a String cannot fail.
        let _ = write!(drawn, "    <testcase classname=\"{class}\" name=\"{}\" time=\"{}\"", xml(name), seconds(*time));
        drawn.push_str(&match fault {
            None => "/>\n".to_owned(),
            Some((element, why)) => {
                let why = xml(&cut(why, REASON));
                format!(">\n      <{element} message=\"{why}\">{why}</{element}>\n    </testcase>\n")
            }
        });
    }
    // What the comparison says is there where it passes, too.
    let said: Vec<String> = row.sees().into_iter().chain(row.verdict()).chain(row.judge()).collect();
    if !said.is_empty() {
        let _ = writeln!(drawn, "    <system-out>{}</system-out>", xml(&said.join("; ")));
    }
    drawn.push_str("  </testsuite>\n");
    drawn
}

/// `triage.short.MODEL`.
fn class(row: &Row) -> String {
    xml(&format!("{}.{}", named(&row.head.run).replace('@', "."), row.head.run.model))
}

/// Milliseconds in seconds.
fn seconds(milliseconds: u64) -> String {
    format!("{}.{:03}", milliseconds / 1000, milliseconds % 1000)
}

/// Text in an element or a quoted attribute. What XML 1.0 cannot hold at all (control characters, U+FFFE and U+FFFF)
/// becomes U+FFFD; line breaks are written as references, which attributes keep.
fn xml(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => shown.push_str("&amp;"),
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            '"' => shown.push_str("&quot;"),
            // A runner that prints the file obeys no line of it.
            ':' => shown.push_str("&#58;"),
            '#' => shown.push_str("&#35;"),
            '\n' | '\r' | '\t' => shown.push_str(&format!("&#{};", u32::from(c))),
            c if c.is_control()
                || matches!(c, '\u{fffe}' | '\u{ffff}')
                || crate::output::report::inert::is_hostile(c) =>
            {
                shown.push('\u{fffd}');
            }
            c => shown.push(c),
        }
    }
    shown
}
