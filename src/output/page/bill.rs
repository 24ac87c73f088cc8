//! The page of an audit: one file without a script, whose every word is text.

use super::assets::{hash, theme};
use crate::audit::Audit;
use crate::audit::record::Millis;
use crate::audit::summary::{Lane, Part, Timeline};
use crate::output::report::audit::{best_of, heads, lists, notes};
use crate::output::report::inert;
use crate::output::report::text::{counted, grouped};
use crate::text::lint::secret::masked;

const STYLE: &str = include_str!("app/bill.css");

/// The most rows of a list.
const MOST_ROWS: usize = 100;

/// The most misses that have a number on the timeline.
const MOST_MARKS: usize = 9;

/// An audit as one HTML file.
pub fn bill(audit: &Audit) -> String {
    let style = format!("{}{STYLE}", theme());
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" \
         content=\"default-src 'none'; base-uri 'none'; form-action 'none'; style-src {}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>Bill</title>\n<style>{style}</style>\n\
         </head>\n<body>\n<main>\n<h1>Bill</h1>\n<dl>\n",
        hash(&style)
    );
    for (name, line) in heads(audit) {
        page.push_str(&format!("<dt>{name}</dt><dd>{}</dd>\n", said(&line)));
    }
    page.push_str("</dl>\n");
    best_of(audit).iter().for_each(|best| page.push_str(&format!("<p class=\"best\">{}</p>\n", said(best))));
    page.push_str(&timeline(audit));
    for (title, table) in lists(audit, MOST_ROWS) {
        page.push_str(&format!("<h2>{}</h2>\n<div class=\"wide\">{}</div>\n", said(&title), table.html()));
    }
    for (title, rows) in notes(audit).into_iter().filter(|(_, rows)| !rows.is_empty()) {
        let rows: String = rows.iter().map(|row| format!("<li>{}</li>\n", said(row))).collect();
        page.push_str(&format!("<h2>{title}</h2>\n<ul>\n{rows}</ul>\n"));
    }
    page.push_str("</main>\n</body>\n</html>\n");
    page
}

/// A text of a log: without secrets, and nothing but text.
fn said(text: &str) -> String {
    inert::html(&masked(text))
}

fn timeline(audit: &Audit) -> String {
    let own = &audit.timeline;
    let Some(from) = own.from.as_deref().and_then(Millis::parse) else { return String::new() };
    let end = from.plus(i64::try_from(own.seconds.saturating_mul(own.parts) * 1000).unwrap_or(i64::MAX));
    let legend =
        [("read", "read"), ("written", "written"), ("uncached", "neither"), ("lost", "had been there, paid for anew")];
    let legend: String =
        legend.iter().map(|(class, words)| format!("<li><i class=\"{class}\"></i>{words}</li>")).collect();
    let mut drawn = format!(
        "<h2>Input tokens over time</h2>\n<ul class=\"legend\">{legend}</ul>\n<p>Each bar is {}; numbers are the \
         dearest misses, in the order of the list below.</p>\n",
        length(own.seconds)
    );
    for (number, lane) in own.lanes.iter().enumerate() {
        let marks = if number == 0 { marks(audit, from, end) } else { String::new() };
        let name = match (&lane.session, &lane.agent) {
            (None, _) => "all requests".to_owned(),
            (Some(session), None) => session.clone(),
            (Some(session), Some(agent)) => format!("{session} {agent}"),
        };
        let requests: u64 = lane.parts.iter().map(|part| part.requests).sum();
        let (most, _) = heights(lane);
        drawn.push_str(&format!(
            "<figure>\n<figcaption><b>{}</b> {}; the highest bar is {} tokens</figcaption>\n{}<p class=\"ends\">\
             <span>{}</span><span>{}</span></p>\n</figure>\n",
            said(&name),
            counted(usize::try_from(requests).unwrap_or(usize::MAX), "request"),
            grouped(most),
            chart(lane, own, from, &marks),
            minute(from),
            minute(end)
        ));
    }
    drawn
}

/// The most input of a part, and the most that was lost in one.
fn heights(lane: &Lane) -> (u64, u64) {
    let input = lane.parts.iter().map(|part| part.read + part.written + part.uncached).max().unwrap_or(0);
    (input, lane.parts.iter().map(|part| part.lost).max().unwrap_or(0))
}

/// Bars to one scale: upwards what was sent, downwards what of it was lost.
fn chart(lane: &Lane, timeline: &Timeline, from: Millis, marks: &str) -> String {
    let (up, down) = heights(lane);
    let all = (up + down).max(1);
    let share = |tokens: u64, of: u64| format!("{:.3}%", tokens as f64 * 100.0 / of as f64);
    let mut bars = String::new();
    for part in &lane.parts {
        let (left, width) = (share(part.place, timeline.parts), share(1, timeline.parts));
        let mut bar = |class: &str, top: u64, tokens: u64| {
            if tokens > 0 {
                bars.push_str(&format!(
                    "<rect class=\"{class}\" x=\"{left}\" y=\"{}\" width=\"{width}\" height=\"{}\"/>",
                    share(top, all),
                    share(tokens, all)
                ));
            }
        };
        let mut top = up;
        for (class, tokens) in [("read", part.read), ("written", part.written), ("uncached", part.uncached)] {
            top -= tokens;
            bar(class, top, tokens);
        }
        bar("lost", up, part.lost);
        let at = from.plus(i64::try_from(part.place * timeline.seconds * 1000).unwrap_or(0));
        bars.push_str(&format!(
            "<rect class=\"whole\" x=\"{left}\" y=\"0\" width=\"{width}\" height=\"100%\"><title>{}</title></rect>\n",
            said(&words(part, at))
        ));
    }
    let line = share(up, all);
    format!(
        "<svg role=\"img\" aria-label=\"input tokens over time\">\n{bars}<line x1=\"0\" x2=\"100%\" y1=\"{line}\" \
         y2=\"{line}\"/>\n{marks}</svg>\n"
    )
}

/// A part in words.
fn words(part: &Part, at: Millis) -> String {
    let [read, written, uncached, lost] = [part.read, part.written, part.uncached, part.lost].map(grouped);
    let requests = counted(usize::try_from(part.requests).unwrap_or(usize::MAX), "request");
    let causes: String = part.causes.iter().map(|(cause, count)| format!(", {cause} {count}")).collect();
    let sent = format!("{}: {requests}, {read} read, {written} written, {uncached} neither", minute(at));
    if part.lost == 0 { sent } else { format!("{sent}; {lost} lost{causes}") }
}

/// The numbers of the dearest misses, at their times.
fn marks(audit: &Audit, from: Millis, end: Millis) -> String {
    let span = (end.0 - from.0).max(1) as f64;
    let place = |(number, miss): (usize, &crate::audit::summary::MissRow)| {
        let left = (Millis::parse(&miss.at)?.0 - from.0) as f64 * 100.0 / span;
        let left = left.clamp(0.5, 99.5);
        let words = said(&format!("{} {}: {} tokens", miss.at, miss.cause.as_str(), grouped(miss.lost)));
        let y = 12 + number * 12;
        Some(format!("<text x=\"{left:.3}%\" y=\"{y}\">{}<title>{words}</title></text>\n", number + 1))
    };
    audit.misses.iter().take(MOST_MARKS).enumerate().filter_map(place).collect()
}

/// A moment to the minute, in UTC.
fn minute(at: Millis) -> String {
    at.to_string().replace('T', " ").chars().take(16).collect()
}

/// A length of time in its largest unit.
fn length(seconds: u64) -> String {
    let units = [(604_800, "week"), (86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second")];
    let (unit, name) = units.into_iter().find(|(unit, _)| seconds.is_multiple_of(*unit)).unwrap_or((1, "second"));
    match seconds / unit {
        1 => format!("one {name}"),
        some => format!("{some} {name}s"),
    }
}
