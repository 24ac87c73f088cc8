//! What logs say that was paid, what caching saved, which misses cost most and why, and the change that would save most.

use std::cmp::Ordering;
use std::path::Path;

use super::inert;
use super::text::{Table, counted, cut, grouped};
use crate::audit::Audit;
use crate::audit::summary::{Advice, Amount, Departure, MissRow, Paid, WhatIf};
use crate::cost::planner::words::money;
use crate::syntax::quantity::Usd;

/// How many rows of a list one screen has room for.
const ROWS: usize = 5;

/// Files of a folder that nobody reads.
pub fn passed_over(files: usize, folder: &Path) -> String {
    let (files, folder) = (counted(files, "file"), inert::line(&folder.display().to_string()));
    format!(
        "{files} of {folder} are links or end otherwise than logs do, and are passed over; name one to have it read"
    )
}

/// The lists of a report with their titles, at most so many rows each; those without a row are left out.
pub fn lists(audit: &Audit, most: usize) -> Vec<(String, Table)> {
    let lists = [
        ("By model".to_owned(), models(audit, most)),
        ("By context".to_owned(), contexts(audit, most)),
        (departures_title(audit), departures(audit, most)),
        (misses_title(audit), misses(audit, most)),
        ("The same requests".to_owned(), what_if(audit)),
    ];
    let one_model = audit.models.len() < 2;
    lists.into_iter().skip(usize::from(one_model)).filter(|(_, table)| !table.is_empty()).collect()
}

/// What is behind the lists: what is not known, what is in no sum, how each format is read.
pub fn notes(audit: &Audit) -> [(&'static str, Vec<String>); 3] {
    let readings = audit.formats.iter().map(|own| format!("{}: {}", own.format, own.reading)).collect();
    [("Not known", unknown(audit)), ("In no sum", left_out(audit)), ("Reading", readings)]
}

/// One screen for people.
pub fn text(audit: &Audit, verbose: bool) -> String {
    let mut drawn = String::new();
    for (name, line) in heads(audit) {
        drawn.push_str(&format!("{name:<9} {}\n", inert::line(&line)));
    }
    for (title, table) in lists(audit, if verbose { usize::MAX } else { ROWS }) {
        drawn.push_str(&format!("\n{title}\n{}", table.draw(2)));
    }
    best_of(audit).iter().for_each(|best| drawn.push_str(&format!("\n{best}\n")));
    for (title, rows) in notes(audit).into_iter().filter(|(_, rows)| !rows.is_empty()) {
        drawn.push_str(&format!("\n{title}\n"));
        rows.iter().for_each(|row| drawn.push_str(&format!("  {}\n", inert::line(row))));
    }
    drawn
}

/// The same in Markdown.
pub fn markdown(audit: &Audit) -> String {
    let mut drawn = "## Bill\n\n".to_owned();
    for (name, line) in heads(audit) {
        drawn.push_str(&format!("- **{name}** {}\n", inert::markdown(&line)));
    }
    for (title, table) in lists(audit, 20) {
        drawn.push_str(&format!("\n### {title}\n\n{}", inert::fenced("text", &table.draw(0))));
    }
    best_of(audit).iter().for_each(|best| drawn.push_str(&format!("\n{}\n", inert::markdown(best))));
    for (title, rows) in notes(audit).into_iter().take(2).filter(|(_, rows)| !rows.is_empty()) {
        drawn.push_str(&format!("\n### {title}\n\n"));
        rows.iter().for_each(|row| drawn.push_str(&format!("- {}\n", inert::markdown(row))));
    }
    drawn
}

/// The columns of a miss.
const MISS: [&str; 15] = [
    "at", "session", "agent", "model", "cause", "certain", "lost", "usd", "reason", "forecast", "context", "segment",
    "commit", "author", "note",
];

/// Every miss, and every other departure from the forecast, as a row of a table.
pub fn csv(audit: &Audit) -> String {
    let text = |own: &Option<String>| inert::cell(own.as_deref().unwrap_or_default());
    let row = |miss: &MissRow| -> [String; MISS.len()] {
        [
            miss.at.clone(),
            inert::cell(&miss.session),
            text(&miss.agent),
            inert::cell(&miss.model),
            miss.cause.as_str().to_owned(),
            miss.certain.to_string(),
            miss.lost.to_string(),
            miss.usd.map(Usd::exact).unwrap_or_default(),
            text(&miss.reason),
            miss.forecast.map(|read| read.to_string()).unwrap_or_default(),
            text(&miss.context),
            text(&miss.segment),
            text(&miss.commit),
            text(&miss.author),
            inert::cell(&miss.note),
        ]
    };
    let mut writer = csv::Writer::from_writer(Vec::new());
    // Writing rows of one length to memory cannot fail.
    let _ = writer.write_record(MISS);
    for miss in &audit.misses {
        let _ = writer.write_record(row(miss));
    }
    // A departure that no miss explains has neither cause nor cost.
    for own in audit.departures.iter().filter(|own| own.cause.is_none()) {
        let none = String::new;
        let (read, verdict) = (grouped(own.read), own.verdict.as_str().replace('_', " "));
        let note = format!("read {read}, {verdict} than forecast: {}", own.why);
        let row = [
            own.at.clone(),
            inert::cell(&own.session),
            none(),
            inert::cell(&own.model),
            none(),
            none(),
            none(),
            none(),
            none(),
            own.forecast.to_string(),
            inert::cell(&own.context),
            none(),
            own.commit.clone(),
            none(),
            inert::cell(&note),
        ];
        let _ = writer.write_record(row);
    }
    String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
}

/// An amount, or the range that it is in.
fn amount(amount: Amount) -> String {
    match amount.usd {
        Some(usd) => money(usd),
        None => format!("{} to {}", money(amount.low), money(amount.high)),
    }
}

/// What so many requests cost, and how many of them without a price.
fn paid(own: Paid, requests: u64) -> [String; 2] {
    let paid = if own.unpriced == requests { "unknown".to_owned() } else { amount(own.amount) };
    [paid, if own.unpriced == 0 { String::new() } else { grouped(own.unpriced) }]
}

/// What was paid, of what, what caching saved, and when.
pub fn heads(audit: &Audit) -> Vec<(&'static str, String)> {
    let totals = &audit.totals;
    let n = |number: u64, thing: &str| counted(usize::try_from(number).unwrap_or(usize::MAX), thing);
    let day = |moment: &Option<String>| moment.as_deref().map_or_else(String::new, |at| cut_day(at).to_owned());
    let times = match (&audit.from, &audit.to) {
        (Some(_), Some(_)) if day(&audit.from) == day(&audit.to) => format!(", {}", day(&audit.from)),
        (Some(_), Some(_)) => format!(", {} to {}", day(&audit.from), day(&audit.to)),
        _ => String::new(),
    };
    if audit.requests == 0 {
        return vec![("paid", format!("unknown: no request was found in {}", n(audit.logs, "log")))];
    }
    let covered = match audit.requests - totals.priced {
        0 => String::new(),
        _ if totals.priced == 0 => "; none of them has a price".to_owned(),
        left => format!("; {left} of them without a price"),
    };
    let unfinished = match totals.unfinished {
        0 => String::new(),
        some => format!("; at least: no last record of {}", n(some, "answer")),
    };
    let written: Vec<String> = totals
        .write
        .iter()
        .map(|(ttl, tokens)| {
            format!(
                "{} written for {}",
                grouped(*tokens),
                if ttl == "unknown" { "a lifetime that is unknown" } else { ttl }
            )
        })
        .collect();
    let tokens = format!(
        "{} uncached, {} read, {}{} output",
        grouped(totals.uncached),
        grouped(totals.read),
        written.iter().map(|own| format!("{own}, ")).collect::<String>(),
        grouped(totals.output)
    );
    let paid = format!(
        "{} for {} of {}{times}{covered}{unfinished}",
        if totals.priced == 0 { "unknown".to_owned() } else { amount(totals.paid) },
        n(audit.requests, "request"),
        n(audit.logs, "log")
    );
    let without = format!("the {} that the same requests cost without any cache", money(totals.without_cache));
    let saved = match totals.saved {
        saved if saved.high < Usd::ZERO => {
            let more = Amount {
                usd: saved.usd.map(|usd| Usd::ZERO - usd),
                low: Usd::ZERO - saved.high,
                high: Usd::ZERO - saved.low,
            };
            format!("cost {} more than {without}", amount(more))
        }
        saved => format!("saved {} of {without}", amount(saved)),
    };
    let mut heads = vec![("paid", paid), ("tokens", tokens)];
    if totals.priced > 0 {
        heads.push(("caching", saved));
    }
    heads
}

/// The day of a moment.
fn cut_day(moment: &str) -> &str {
    moment.split('T').next().unwrap_or(moment)
}

fn models(audit: &Audit, most: usize) -> Table {
    let mut table = Table::new(&["model", "requests>", "paid>", "without a price>"]);
    for own in audit.models.iter().take(most) {
        let [paid, unpriced] = paid(own.paid, own.requests);
        table.row([own.model.clone(), grouped(own.requests), paid, unpriced]);
    }
    if audit.models.len() > most {
        table.row([format!("{} more, -v shows all", audit.models.len() - most)]);
    }
    table
}

fn contexts(audit: &Audit, most: usize) -> Table {
    let mut table = Table::new(&[
        "context",
        "commit",
        "requests>",
        "paid>",
        "without a price>",
        "read>",
        "forecast>",
        "as forecast>",
    ]);
    for own in audit.contexts.iter().take(most) {
        let name = own.context.clone().unwrap_or_else(|| cut(&own.digest, 14));
        let commit = own.commit.clone().unwrap_or_else(|| "unknown".to_owned());
        let [paid, unpriced] = paid(own.paid, own.requests);
        let [read, forecast, as_forecast] = own.forecast.as_ref().map_or_else(
            || ["", "unknown", ""].map(str::to_owned),
            |own| {
                let among = format!("{} of {}", grouped(own.as_forecast), grouped(own.requests));
                [grouped(own.read), grouped(own.forecast), among]
            },
        );
        table.row([name, commit, grouped(own.requests), paid, unpriced, read, forecast, as_forecast]);
    }
    if audit.contexts.len() > most {
        table.row([format!("{} more, -v shows all", audit.contexts.len() - most)]);
    }
    table
}

fn departures_title(audit: &Audit) -> String {
    let all = audit.departures.len();
    format!(
        "{} read otherwise than forecast; the first of each context and commit",
        if all == 1 { "1 request".to_owned() } else { format!("{} requests", grouped(all as u64)) }
    )
}

/// The first request of each revision that departs from the forecast.
fn departures(audit: &Audit, most: usize) -> Table {
    let mut table = Table::new(&["when", "context", "commit", "read>", "forecast>", "why"]);
    let mut firsts: Vec<&Departure> =
        audit.contexts.iter().filter_map(|own| own.forecast.as_ref()?.first.as_ref()).collect();
    firsts.sort_by(|one, other| one.at.cmp(&other.at));
    for own in firsts.iter().take(most) {
        table.row([
            own.at.split('.').next().unwrap_or_default().replace('T', " "),
            own.context.clone(),
            own.commit.clone(),
            grouped(own.read),
            band(own),
            reason(own),
        ]);
    }
    if firsts.len() > most {
        table.row([format!("{} more, -v shows all", firsts.len() - most)]);
    }
    table
}

/// What was forecast, with the range that its counts leave open.
fn band(own: &Departure) -> String {
    if own.low == own.high {
        return grouped(own.forecast);
    }
    format!("{} to {}", grouped(own.low), grouped(own.high))
}

fn reason(own: &Departure) -> String {
    match own.cause {
        Some(cause) if own.why.is_empty() => cause.as_str().to_owned(),
        Some(cause) => format!("{}: {}", cause.as_str(), own.why),
        None => own.why.clone(),
    }
}

fn misses_title(audit: &Audit) -> String {
    let (count, lost, usd) = audit.avoidable();
    let misses = if count == 1 { "1 miss".to_owned() } else { format!("{} misses", grouped(count)) };
    format!("{misses} that could have been avoided: {} tokens, {}", grouped(lost), money(usd))
}

fn misses(audit: &Audit, most: usize) -> Table {
    let mut table = Table::new(&["when", "session", "model", "cause", "tokens>", "cost>", "seen"]);
    for miss in audit.misses.iter().take(most) {
        table.row(miss_cells(miss));
    }
    if audit.misses.len() > most {
        table.row([format!("{} more, -v shows all", audit.misses.len() - most)]);
    }
    table
}

fn miss_cells(miss: &MissRow) -> [String; 7] {
    let session = match &miss.agent {
        Some(agent) => format!("{} {}", cut(&miss.session, 12), cut(agent, 12)),
        None => cut(&miss.session, 12),
    };
    let said = miss.reason.as_ref().map(|own| format!("; the provider says {own}")).unwrap_or_default();
    [
        miss.at.split('.').next().unwrap_or_default().replace('T', " "),
        miss.context.clone().unwrap_or(session),
        miss.model.clone(),
        format!("{}{}", miss.cause.as_str(), if miss.certain { "" } else { "?" }),
        grouped(miss.lost),
        miss.usd.map_or_else(|| "unknown".to_owned(), money),
        match (&miss.segment, &miss.commit, &miss.author) {
            (Some(segment), Some(commit), Some(author)) => format!("{segment} changed by {commit} of {author}{said}"),
            _ => format!("{}{said}", miss.note),
        },
    ]
}

fn what_if(audit: &Audit) -> Table {
    let mut table = Table::new(&["lifetime", "cost>", "against the log>", "range>"]);
    let Some(first) = audit.what_if.first() else { return table };
    table.row(["as logged".to_owned(), money(first.logged)]);
    if first.differ > 0 {
        let what = format!(
            "as logged, by the replay, which differs in {} of {}",
            grouped(first.differ),
            grouped(first.requests)
        );
        table.row([what, money(first.again)]);
    }
    for own in &audit.what_if {
        let name = if own.ttl == "none" { "no cache".to_owned() } else { format!("{} for all", own.ttl) };
        table.row([name, money(own.usd), change(own), range(own)]);
    }
    table
}

fn change(own: &WhatIf) -> String {
    match own.usd.cmp(&own.logged) {
        Ordering::Less => format!("-{}", money(own.logged - own.usd)),
        Ordering::Equal => "the same".to_owned(),
        Ordering::Greater => format!("+{}", money(own.usd - own.logged)),
    }
}

fn range(own: &WhatIf) -> String {
    if own.low == own.high { String::new() } else { format!("{} to {}", money(own.low), money(own.high)) }
}

/// The change that would have saved most, where one is to be named.
pub fn best_of(audit: &Audit) -> Option<String> {
    if audit.judged == 0 && audit.advice.is_empty() && audit.requests > 0 {
        return Some(
            "What would have saved most is not known: no request has a session, a time and figures.".to_owned(),
        );
    }
    (audit.requests > 0).then(|| best(audit.advice.first()))
}

fn best(advice: Option<&Advice>) -> String {
    let Some(best) = advice else {
        return "No change of lifetimes or of what missed would have saved anything.".to_owned();
    };
    let yaml = best.yaml.as_ref().map(|yaml| format!(" (`{yaml}` in the manifest)")).unwrap_or_default();
    let range =
        if best.low == best.high { String::new() } else { format!(", {} to {}", money(best.low), money(best.high)) };
    format!("The change that would have saved most: {}{yaml}: {}{range}.", best.what, money(best.saves))
}

fn unknown(audit: &Audit) -> Vec<String> {
    let row = |own: &crate::audit::summary::Unknown| match own.requests {
        0 => own.what.clone(),
        some if some == audit.requests => format!("{} (every request)", own.what),
        some => format!("{} ({} of {} requests)", own.what, grouped(some), grouped(audit.requests)),
    };
    audit.unknown.iter().map(row).collect()
}

fn left_out(audit: &Audit) -> Vec<String> {
    let row = |own: &crate::audit::summary::LeftOutRow| {
        let first = own.first.as_ref().map(|first| format!(", the first at {first}")).unwrap_or_default();
        format!("{}: {}{first}", own.what, grouped(own.count))
    };
    audit.left_out.iter().map(row).collect()
}
