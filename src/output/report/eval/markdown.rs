//! The section of a pull request's comment: quality before and after, beside what a call costs and how long it takes.

use std::fmt::Write as _;

use super::{Row, call, gate, is_unanswered, listed, milliseconds, points, rows, signed};
use crate::evaluate::scored::ScoredCase;
use crate::evaluate::verdict::{Evaluation, GateStatus, Judged, Verdict};
use crate::output::report::inert;
use crate::output::report::text::{counted, cut};

/// The most characters of the section.
const MAX_CHARACTERS: usize = 12_000;
/// The most characters of an answer.
const ANSWER: usize = 120;

/// The section. Everything that a model or the repository wrote stands in code spans.
pub fn markdown(evaluation: &Evaluation) -> String {
    let rows = rows(evaluation);
    let mut drawn = "### Evaluation\n\n".to_owned();
    drawn.push_str("| prompt | model | right | change | a call | p95 |\n|---|---|--:|--:|--:|--:|\n");
    for row in &rows {
        let _ = writeln!(drawn, "| {} |", cells(row).join(" | "));
    }
    for row in &rows {
        let name = if rows.len() > 1 { format!("{}: ", span(&row.name())) } else { String::new() };
        for sentence in row.verdict().into_iter().chain(row.sees()) {
            let _ = writeln!(drawn, "\n{name}{}", inert::markdown(&sentence));
        }
        let missing = row.gates.iter().filter(|gate| gate.status != GateStatus::Met);
        for line in missing {
            let _ = writeln!(drawn, "\n{name}gate {}", inert::markdown(&gate(line)));
        }
        for (what, count) in [
            ("recorded by this change", row.head.run.recorded.unwrap_or_default()),
            ("without an answer", row.head.run.errors),
        ] {
            if count > 0 {
                let answers = counted(usize::try_from(count).unwrap_or(usize::MAX), "answer");
                let _ = writeln!(drawn, "\n{name}{answers} {what}");
            }
        }
        if row.is_own {
            let _ = writeln!(drawn, "\n{name}the base declares no cases: those of the change are asked on both sides");
        }
    }
    for row in &rows {
        let folded = [flips(row), unanswered(row)];
        for fold in folded.into_iter().flatten() {
            if drawn.chars().count() + fold.chars().count() > MAX_CHARACTERS {
                drawn.push_str("\nMore cases are in the output of `contexture eval`.\n");
                return drawn;
            }
            drawn.push_str(&fold);
        }
    }
    drawn
}

/// A name or a text in a cell, which a bar ends even in a code span.
fn span(text: &str) -> String {
    inert::code_span(text).replace('|', "\\|")
}

fn cells(row: &Row) -> Vec<String> {
    let change = |of: &dyn Fn(&Judged) -> String| match row.base {
        Some(base) if of(base) != of(row.head) => format!("{} → {}", of(base), of(row.head)),
        _ => of(row.head),
    };
    let score = |judged: &Judged| judged.run.score.map_or_else(|| "?".to_owned(), |score| points(score.0));
    let verdict = row.comparison.map(|own| match own.verdict {
        Verdict::NotMeasured => "not measured".to_owned(),
        verdict => {
            let said = verdict.as_str().replace('_', " ");
            let said = if matches!(verdict, Verdict::Better | Verdict::Worse) { format!("**{said}**") } else { said };
            let [low, high] = own.interval;
            format!("{said}, {} ({} to {})", signed(own.difference.0), signed(low.0), signed(high.0))
        }
    });
    let model = match row.base.filter(|base| base.run.model != row.head.run.model) {
        Some(base) => format!("{} → {}", span(&base.run.model), span(&row.head.run.model)),
        None => span(&row.head.run.model),
    };
    vec![
        span(&row.name()),
        model,
        format!("{} %", change(&score)),
        verdict.unwrap_or_else(|| "no base".to_owned()),
        inert::markdown(&change(&call)),
        change(&|judged| milliseconds(judged.run.latency_ms.p95)),
    ]
}

/// The cases that one side alone has right, with both answers.
fn flips(row: &Row) -> Option<String> {
    let flips = row.flips();
    let lost = flips.iter().filter(|(is_lost, ..)| *is_lost).count();
    let title = format!("{lost} lost, {} gained", flips.len() - lost);
    (!flips.is_empty()).then_some(())?;
    let mut drawn = fold(row, &title);
    drawn.push_str("| | case | expected | before | after |\n|---|---|---|---|---|\n");
    let mut left = flips.len();
    for (is_lost, case, base, head) in &flips {
        let what = if *is_lost { "lost" } else { "gained" };
        let expected = match &case.expect {
            serde_json::Value::String(text) => text.clone(),
            expect => expect.to_string(),
        };
        let line = [&case.id, &*expected, &*answer(base), &*answer(head)].map(|text| span(&cut(text, ANSWER)));
        let line = format!("| {what} | {} |\n", line.join(" | "));
        if drawn.chars().count() + line.chars().count() > MAX_CHARACTERS / 2 {
            break;
        }
        left -= 1;
        drawn.push_str(&line);
    }
    if left > 0 {
        let _ = writeln!(drawn, "\nand {left} more");
    }
    drawn.push_str("\n</details>\n");
    Some(drawn)
}

/// The cases without an answer, and why.
fn unanswered(row: &Row) -> Option<String> {
    let cases: Vec<_> = listed(row, is_unanswered).collect();
    (!cases.is_empty()).then_some(())?;
    let mut drawn = fold(row, &format!("{} without an answer", counted(cases.len(), "case")));
    for (case, scored) in cases.iter().take(20) {
        let why = scored.answers.iter().find(|answer| answer.points().is_none()).map_or("", |answer| &*answer.text);
        let _ = writeln!(drawn, "- {}: {}", span(&cut(&case.id, 60)), span(&cut(why, ANSWER)));
    }
    drawn.push_str("\n</details>\n");
    Some(drawn)
}

fn fold(row: &Row, title: &str) -> String {
    let name = inert::html(&inert::line(&row.name()));
    let model = inert::html(&inert::line(&row.head.run.model));
    format!("\n<details><summary>{name}, {model}: {title}</summary>\n\n")
}

/// The answer that says most: the first that is not right, else the first.
fn answer(case: &ScoredCase) -> String {
    let wrong = case.answers.iter().find(|answer| answer.points() != Some(crate::evaluate::scorers::FULL));
    wrong.or(case.answers.first()).map_or_else(String::new, |answer| answer.text.trim().to_owned())
}
