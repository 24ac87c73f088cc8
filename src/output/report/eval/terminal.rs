//! An evaluation for people.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;

use super::{
    Row, agreement, call, gate, is_refused, is_unanswered, listed, milliseconds, open_ends, points, quality, rows, why,
};
use crate::evaluate::Case;
use crate::evaluate::statistics::Confusion;
use crate::evaluate::trials::Replay;
use crate::evaluate::verdict::{Evaluation, Repeats, ScoredRun};
use crate::output::report::inert;
use crate::output::report::text::{Table, counted, cut, grouped};

/// The most reasons of one kind that are listed.
const SHOWN: usize = 20;
/// The most cases that are named with a reason that they share.
const NAMED: usize = 6;
/// The most characters of a reason.
const REASON: usize = 160;

/// The report for people.
pub fn text(evaluation: &Evaluation) -> String {
    let mut text = String::new();
    for (number, row) in rows(evaluation).iter().enumerate() {
        if number > 0 {
            text.push('\n');
        }
        paragraph(row, &mut text);
    }
    text
}

/// What recorded answers say, below a report of something else. `command` asks for what is missing.
pub fn recorded(replay: &Replay, command: &str) -> String {
    let mut drawn = format!("evaluation, from recorded answers\n\n{}", text(&replay.evaluation));
    for (what, name) in open_ends(replay, command) {
        let _ = writeln!(drawn, "  {what}{}", inert::line(&name));
    }
    drawn
}

// Writing to a String cannot fail.
fn paragraph(row: &Row, text: &mut String) {
    let _ = writeln!(text, "{}  {}", inert::line(&row.name()), inert::line(&row.head.run.model));
    for sentence in row.sees().into_iter().chain(row.verdict()) {
        let _ = writeln!(text, "  {sentence}");
    }
    if row.is_own {
        text.push_str("  the base declares no cases: those of the change are asked on both sides\n");
    }
    let mut table = Table::new(&["", "commit", "right>", "score", "p95>", "a call>", "cache read>", "forecast>"]);
    let is_same = row.comparison.is_some_and(|own| own.same_requests);
    let sides = [("base", row.base.filter(|_| !is_same)), ("head", Some(row.head)), ("new cases", row.new)];
    for (name, scored_run) in sides.into_iter().filter_map(|(name, scored_run)| Some((name, scored_run?))) {
        table.row(cells(name, scored_run));
    }
    text.push_str(&table.draw(2));
    text.push_str(&tags(row));
    for (name, scored_run) in sides.into_iter().filter_map(|(name, scored_run)| Some((name, scored_run?))) {
        if let Some(Repeats { k, any, all }) = scored_run.run.repeats {
            let (any, all) = (points(any.0), points(all.0));
            let _ = writeln!(
                text,
                "  {name}, {k} answers a case: one is right {any} % (pass@{k}), all are {all} % (pass^{k})"
            );
        }
    }
    // What the answers were mistaken for is no news where nothing was asked anew.
    let told = (!is_same).then_some(row.head);
    if let Some(agreement) = told.and_then(|head| agreement(&head.run)) {
        let _ = writeln!(text, "  labels: {agreement}");
    }
    for (at, said) in row.judge().iter().enumerate() {
        let _ = writeln!(text, "{}{}", if at == 0 { "  " } else { "    " }, inert::line(said));
    }
    for line in &row.gates {
        let _ = writeln!(text, "  gate {}", gate(line));
    }
    if let Some(recorded @ 1..) = row.head.run.recorded {
        let _ = writeln!(text, "  {} of the answers are recorded by this change", grouped(recorded));
    }
    let flips = row.flips();
    for is_lost in [true, false] {
        let own: Vec<_> = flips.iter().filter(|flip| flip.0 == is_lost).collect();
        let what = if is_lost { "lost" } else { "gained" };
        list(
            text,
            own.len(),
            what,
            own.iter().map(|(_, case, base, head)| (&*case.id, why(if is_lost { head } else { base }))),
        );
    }
    let mut some = |what: &str, is_listed: &dyn Fn(&crate::evaluate::scored::ScoredCase) -> bool| {
        let cases: Vec<_> = listed(row, is_listed).collect();
        list(text, cases.len(), what, cases.iter().map(|(case, scored)| (&*case.id, why(scored))));
    };
    some("flaky", &|case| case.is_flaky());
    some("refused", &is_refused);
    some("without an answer", &is_unanswered);
    if row.base.is_none() {
        some("wrong", &|case| case.is_right == Some(false) && !is_refused(case));
    }
    let is_answered = |_: &&Confusion| row.head.run.errors < row.head.run.cases;
    let confusion = told.and_then(|head| head.confusion.as_ref()).filter(is_answered);
    if let Some(confusion) = confusion.filter(|confusion| confusion.labels().len() <= SHOWN) {
        text.push_str(&matrix(confusion));
    }
}

fn cells(name: &str, scored_run: &ScoredRun) -> Vec<String> {
    let run = &scored_run.run;
    let commit = run.commit.as_ref().map(|commit| commit.chars().take(7).collect::<String>());
    vec![
        name.to_owned(),
        commit.unwrap_or_else(|| "-".to_owned()),
        format!("{} of {}", grouped(run.right), grouped(run.cases)),
        quality(run),
        milliseconds(run.latency_ms.p95),
        call(scored_run),
        grouped(run.cache.read),
        run.cache.forecast.map_or_else(|| "?".to_owned(), grouped),
    ]
}

/// How many cases of each tag are right, before and after.
fn tags(row: &Row) -> String {
    let mut table = Table::new(&["tag", "cases>", "base>", "head>"]);
    let tags: BTreeSet<&str> = row.cases.iter().flat_map(|case| case.tags.iter().map(|tag| &**tag)).collect();
    for tag in tags {
        let has_tag = |case: &Case| case.tags.iter().any(|own| **own == *tag);
        let right = |scored_run: &ScoredRun| {
            let own = row.cases.iter().zip(&scored_run.scored.cases).filter(|(case, _)| has_tag(case));
            own.filter(|(_, scored)| scored.is_right == Some(true)).count().to_string()
        };
        let cases = row.cases.iter().filter(|case| has_tag(case)).count();
        let base = row.base.map_or_else(|| "-".to_owned(), right);
        table.row([cut(tag, 40), cases.to_string(), base, right(row.head)]);
    }
    if table.is_empty() { String::new() } else { table.draw(2) }
}

/// Cases by name, each with why.
fn list<'a>(text: &mut String, count: usize, what: &str, cases: impl Iterator<Item = (&'a str, String)>) {
    if count == 0 {
        return;
    }
    let _ = writeln!(text, "  {what}: {}", counted(count, "case"));
    let mut alike: Vec<(String, Vec<&str>)> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for (id, why) in cases {
        let place = *places.entry(why.clone()).or_insert(alike.len());
        match alike.get_mut(place) {
            Some((_, ids)) => ids.push(id),
            None => alike.push((why, vec![id])),
        }
    }
    for (why, ids) in alike.iter().take(SHOWN) {
        let named = ids.iter().take(NAMED).map(|id| inert::line(&cut(id, 60))).collect::<Vec<_>>().join(", ");
        let more = ids.len().checked_sub(NAMED + 1).map_or_else(String::new, |more| format!(" and {} more", more + 1));
        let _ = writeln!(text, "    {named}{more}: {}", inert::line(&cut(why, REASON)));
    }
    let shown: usize = alike.iter().take(SHOWN).map(|(_, ids)| ids.len().min(NAMED)).sum();
    if shown < count {
        let _ = writeln!(text, "    --format json and junit list every case");
    }
}

/// Rows are what was expected, columns what was answered.
fn matrix(confusion: &Confusion) -> String {
    let labels = confusion.labels();
    let columns: Vec<String> = labels.iter().map(|label| format!("{}>", inert::line(&cut(label, 20)))).collect();
    let headings: Vec<&str> =
        ["expected, answered"].into_iter().chain(columns.iter().map(String::as_str)).chain(["no label>"]).collect();
    let mut table = Table::new(&headings);
    for expected in labels {
        let counts = labels.iter().map(String::as_str).chain([Confusion::NO_LABEL]);
        let counts = counts.map(|answered| grouped(confusion.at(expected, answered)));
        table.row([cut(expected, 20)].into_iter().chain(counts));
    }
    table.draw(2)
}
