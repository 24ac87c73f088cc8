//! What logs say that was paid, what caching saved, which misses cost most and why, and the change that would save most.

use std::cmp::Ordering;
use std::path::Path;

use super::inert;
use super::text::{Table, counted, cut, grouped};
use crate::audit::Audit;
use crate::audit::summary::{Advice, Amount, MissRow, Paid, WhatIf};
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

/// One screen for people.
pub fn text(audit: &Audit, verbose: bool) -> String {
    let most = if verbose { usize::MAX } else { ROWS };
    let mut drawn = String::new();
    for (name, line) in heads(audit) {
        drawn.push_str(&format!("{name:<9} {}\n", inert::line(&line)));
    }
    let mut section = |title: String, table: &Table| {
        if !table.is_empty() {
            drawn.push_str(&format!("\n{title}\n{}", table.draw(2)));
        }
    };
    if audit.models.len() > 1 {
        section("By model".to_owned(), &models(audit, most));
    }
    section("By context".to_owned(), &contexts(audit, most));
    section(misses_title(audit), &misses(audit, most));
    section("The same requests".to_owned(), &what_if(audit));
    if audit.requests > 0 {
        drawn.push_str(&format!("\n{}\n", best(audit.advice.first())));
    }
    let mut notes = |title: &str, rows: Vec<String>| {
        if !rows.is_empty() {
            drawn.push_str(&format!("\n{title}\n"));
            rows.iter().for_each(|row| drawn.push_str(&format!("  {}\n", inert::line(row))));
        }
    };
    notes("Not known", unknown(audit));
    notes("In no sum", left_out(audit));
    notes("Reading", audit.formats.iter().map(|own| format!("{}: {}", own.format, own.reading)).collect());
    drawn
}

/// The same in Markdown.
pub fn markdown(audit: &Audit) -> String {
    let mut drawn = "## Bill\n\n".to_owned();
    for (name, line) in heads(audit) {
        drawn.push_str(&format!("- **{name}** {}\n", inert::markdown(&line)));
    }
    let mut section = |title: &str, table: &Table| {
        if !table.is_empty() {
            drawn.push_str(&format!("\n### {title}\n\n{}", inert::fenced("text", &table.draw(0))));
        }
    };
    section("By model", &models(audit, usize::MAX));
    section("By context", &contexts(audit, usize::MAX));
    section(&misses_title(audit), &misses(audit, 20));
    section("The same requests", &what_if(audit));
    if audit.requests > 0 {
        drawn.push_str(&format!("\n{}\n", inert::markdown(&best(audit.advice.first()))));
    }
    for (title, rows) in [("Not known", unknown(audit)), ("In no sum", left_out(audit))] {
        if !rows.is_empty() {
            drawn.push_str(&format!("\n### {title}\n\n"));
            rows.iter().for_each(|row| drawn.push_str(&format!("- {}\n", inert::markdown(row))));
        }
    }
    drawn
}

/// The columns of a miss.
const MISS: [&str; 14] = [
    "at", "session", "agent", "model", "cause", "certain", "lost", "usd", "reason", "context", "segment", "commit",
    "author", "note",
];

/// Every miss as a row of a table.
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
fn heads(audit: &Audit) -> Vec<(&'static str, String)> {
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
        some => format!("; at least: {some} answers lack their last record"),
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
    let mut table = Table::new(&["context", "commit", "requests>", "paid>", "without a price>"]);
    for own in audit.contexts.iter().take(most) {
        let name = own.context.clone().unwrap_or_else(|| cut(&own.digest, 14));
        let commit = own.commit.clone().unwrap_or_else(|| "unknown".to_owned());
        let [paid, unpriced] = paid(own.paid, own.requests);
        table.row([name, commit, grouped(own.requests), paid, unpriced]);
    }
    if audit.contexts.len() > most {
        table.row([format!("{} more, -v shows all", audit.contexts.len() - most)]);
    }
    table
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

/// The change that would have saved most.
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
        format!("{} {}{first}", grouped(own.count), own.what)
    };
    audit.left_out.iter().map(row).collect()
}
