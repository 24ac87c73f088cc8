//! The bill against the forecast: usage logs, read in a stream, priced at the prices of their day, and what their caches did.
//!
//! ```text
//! Log ──Values──▶ line ──Reader──▶ Record ──Requests──▶ Request ──Pricer, misses, replay──▶ Audit
//! ```
//!
//! A [`record::Record`] is what one format says of one request, in words; a [`requests::Request`] the same in 64
//! bytes, which is all that is held of it. No text of a prompt gets further than the reader.

pub mod record;
pub mod lines;
pub mod files;
pub mod readers;
pub mod requests;
pub mod money;
pub mod causes;
pub mod ttl;
pub mod revisions;
pub mod forecast;
pub mod summary;
pub mod trace;
pub mod declared;

use std::collections::BTreeSet;
use std::io::Read;

use crate::cost::cards::{Cards, Date};
use lines::{Step, Values};
use readers::{Format, Line, Reader};
use record::Millis;
use requests::Requests;
use revisions::Revisions;
pub use summary::Audit;

/// A log to read.
pub struct Log {
    /// Its name, for messages.
    pub name: String,
    /// Its bytes, packed or not.
    pub stream: Box<dyn Read>,
}

/// Lines that no request was read from, by why, with the place of the first.
#[derive(Debug, Default)]
pub struct LeftOut {
    /// No JSON.
    pub malformed: Tally,
    /// Longer than the limit.
    pub too_long: Tally,
    /// Of no known format.
    pub foreign: Tally,
    /// Figures that are no numbers of tokens, or contradict each other.
    pub absurd: Tally,
    /// Logs that could not be read to their end, with why.
    pub cut: Vec<String>,
}

/// A number, and where the first was.
#[derive(Debug, Default)]
pub struct Tally {
    /// How many.
    pub count: u64,
    /// `file:line` of the first.
    pub first: Option<String>,
}

impl Tally {
    fn add(&mut self, name: &str, line: u64) {
        self.count += 1;
        self.first.get_or_insert_with(|| format!("{name}:{line}"));
    }
}

/// Everything that was read.
#[derive(Debug, Default)]
pub struct Reading {
    /// The requests.
    pub requests: Requests,
    /// What was left out.
    pub left_out: LeftOut,
    /// How many logs were read.
    pub logs: u64,
}

impl Reading {
    /// The digests that requests carry.
    pub fn digests(&self) -> BTreeSet<&str> {
        let carried = self.requests.all.iter().filter(|request| request.digest != 0);
        carried.map(|request| self.requests.texts.get(request.digest).as_str()).collect()
    }

    /// Reads a log to its end.
    pub fn read(&mut self, log: Log, format: Option<Format>) {
        self.logs += 1;
        let name = log.name;
        let mut values = match Values::new(log.stream) {
            Ok(values) => values,
            Err(error) => return self.left_out.cut.push(format!("{name}: {error}")),
        };
        let mut reader = Reader::new(&name, format);
        let (mut value, mut found) = (Vec::new(), Vec::new());
        loop {
            match values.next(&mut value) {
                Ok(Step::End) => break,
                Ok(Step::TooLong) => self.left_out.too_long.add(&name, values.line),
                Ok(Step::Value) => {
                    let tally = match reader.line(&value, &mut found) {
                        Line::Read => None,
                        Line::Malformed => Some(&mut self.left_out.malformed),
                        Line::Foreign => Some(&mut self.left_out.foreign),
                        Line::Absurd => Some(&mut self.left_out.absurd),
                    };
                    if let Some(tally) = tally {
                        tally.add(&name, values.line);
                    }
                    self.take(&reader, &mut found);
                }
                Err(error) => {
                    self.left_out.cut.push(format!("{name}:{}: {error}", values.line));
                    break;
                }
            }
        }
        reader.end(&mut found);
        self.take(&reader, &mut found);
    }

    fn take(&mut self, reader: &Reader, found: &mut Vec<record::Record>) {
        for record in found.drain(..) {
            self.requests.add(record, reader.format().unwrap_or(Format::Csv));
        }
    }
}

/// What of the logs is asked about, and with which prices.
pub struct Question<'a> {
    /// Model cards.
    pub cards: &'a Cards,
    /// The day of requests that say none.
    pub today: Date,
    /// Only requests from here on; earlier ones still explain what caches held.
    pub since: Option<Millis>,
    /// What the digests of requests are.
    pub revisions: Revisions,
    /// Only requests of this context.
    pub context: Option<String>,
}
