//! The section of a pull request's comment: quality before and after, beside what a call costs and how long it takes.

use std::fmt::Write as _;

use super::{Row, call, expected, gate, listed, milliseconds, open_ends, points, rows, signed};
use crate::evaluate::scored::{Grade, ScoredCase};
use crate::evaluate::trials::Replay;
use crate::evaluate::verdict::{Evaluation, GateStatus, ScoredRun, Verdict};
use crate::output::report::inert;
use crate::output::report::text::{counted, cut};

/// The most characters of the section.
const MAX_CHARACTERS: usize = 12_000;
/// The most characters of the section as a part of another comment.
const PART_CHARACTERS: usize = 4_000;
/// The most lines of what is left to do.
const ENDS: usize = 4;
/// The most characters of an answer.
const ANSWER: usize = 120;

/// The section. Everything that a model or the repository wrote stands in code spans.
pub fn markdown(evaluation: &Evaluation) -> String {
    draw(evaluation, MAX_CHARACTERS, &[])
}

/// The same as a part of another comment. `command` asks for what is missing.
pub fn section(replay: &Replay, command: &str) -> String {
    let ends = open_ends(replay, command);
    let mut lines: Vec<String> = ends.iter().map(|(what, name)| format!("{what}{}", span(&cut(name, 300)))).collect();
    if let Some(more) = lines.len().checked_sub(ENDS).filter(|more| *more > 0) {
        lines.truncate(ENDS);
        lines.push(format!("and {more} more that cannot be evaluated"));
    }
    draw(&replay.evaluation, PART_CHARACTERS, &lines)
}

fn draw(evaluation: &Evaluation, most: usize, ends: &[String]) -> String {
    let mut rows = rows(evaluation);
    rows.sort_by_key(urgency);
    let mut drawn = "### Evaluation\n".to_owned();
    if !rows.is_empty() {
        drawn.push_str("\n| prompt | model | right | change | a call | p95 |\n|---|---|--:|--:|--:|--:|\n");
    }
    let fits =
        |drawn: &str, more: &str, share: usize| drawn.chars().count() + more.chars().count() <= most * share / 100;
    let mut shown = 0;
    for row in &rows {
        let line = format!("| {} |\n", cells(row).join(" | "));
        if !fits(&drawn, &line, 50) {
            break;
        }
        drawn.push_str(&line);
        shown += 1;
    }
    let mut told = 0;
    for row in rows.iter().take(shown) {
        let name = if rows.len() > 1 { format!("{}: ", span(&row.name())) } else { String::new() };
        let lines: String = sentences(row).iter().map(|line| format!("\n{name}{line}\n")).collect();
        if !fits(&drawn, &lines, 75) {
            break;
        }
        drawn.push_str(&lines);
        told += 1;
    }
    for line in ends {
        let _ = writeln!(drawn, "\n{line}");
    }
    let folds = rows.iter().take(shown).flat_map(|row| [flips(row), unanswered(row)]).flatten();
    let mut is_cut = told < rows.len();
    for fold in folds {
        if !fits(&drawn, &fold, 100) {
            is_cut = true;
            break;
        }
        drawn.push_str(&fold);
    }
    if is_cut {
        let left = rows.len() - shown;
        let left =
            if left > 0 { format!("{}, less urgent, and more ", counted(left, "row")) } else { "More ".to_owned() };
        let _ = writeln!(drawn, "\n{left}cases are in the output of `contexture eval`.");
    }
    drawn
}

/// The less, the sooner somebody should look.
fn urgency(row: &Row) -> usize {
    let is_open = row.gates.iter().any(|gate| gate.status != GateStatus::Met);
    match row.comparison.map(|own| own.verdict) {
        Some(Verdict::Worse) => 0,
        Some(Verdict::NotMeasured) => 1,
        _ if is_open || !row.missing().is_empty() => 2,
        Some(Verdict::TooFewCases) | None => 3,
        Some(Verdict::NoDifferenceShown | Verdict::Better) => 4,
    }
}

/// What is said of a row below the table.
fn sentences(row: &Row) -> Vec<String> {
    let judge = Some(row.judge().join("; ")).filter(|judge| !judge.is_empty());
    let mut said: Vec<String> = row.verdict().into_iter().chain(row.sees()).chain(judge).collect();
    let missed = row.gates.iter().filter(|gate| gate.status != GateStatus::Met);
    said.extend(missed.map(|own| format!("gate {}", gate(own))));
    said.extend(row.missing());
    let errors = u64::try_from(row.head.scored.count(Grade::Error)).unwrap_or(u64::MAX);
    let recorded = row.head.run.recorded.unwrap_or_default();
    for (what, count) in [("recorded by this change", recorded), ("without an answer", errors)] {
        if count > 0 {
            let answers = counted(usize::try_from(count).unwrap_or(usize::MAX), "answer");
            said.push(format!("{answers} {what}"));
        }
    }
    if row.is_own {
        said.push("the base declares no cases: those of the change are asked on both sides".to_owned());
    }
    said.iter().map(|sentence| inert::markdown(sentence)).collect()
}

/// A name or a text in a cell, which a bar ends even in a code span.
fn span(text: &str) -> String {
    inert::code_span(text).replace('|', "\\|")
}

fn cells(row: &Row) -> Vec<String> {
    let change = |of: &dyn Fn(&ScoredRun) -> String| match row.base {
        Some(base) if of(base) != of(row.head) => format!("{} → {}", of(base), of(row.head)),
        _ => of(row.head),
    };
    let score = |scored_run: &ScoredRun| scored_run.run.score.map_or_else(|| "?".to_owned(), |score| points(score.0));
    let verdict = row.comparison.map(|own| match own.verdict {
        Verdict::NotMeasured => "not measured".to_owned(),
        _ if own.same_requests => "same requests".to_owned(),
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
        change(&|scored_run| milliseconds(scored_run.run.latency_ms.p95)),
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
        let line = [&case.id, &*expected(case), &*answer(base), &*answer(head)].map(|text| span(&cut(text, ANSWER)));
        let line = format!("| {what} | {} |\n", line.join(" | "));
        if drawn.chars().count() + line.chars().count() > PART_CHARACTERS / 2 {
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
    let is_error = |case: &ScoredCase| case.answers.iter().any(|answer| answer.grade == Grade::Error);
    let cases: Vec<_> = listed(row, is_error).collect();
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
