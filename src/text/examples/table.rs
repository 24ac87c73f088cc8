//! Examples in CSV and TSV: a header row, then a record a row.
//!
//! The csv crate parses; it reports the position of a row but not of a cell, which a small scanner
//! finds when there is a fault to point at.

use std::ops::Range;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::{Example, FileFaults, RawRecord, Wanted, field, record};
use crate::syntax::diag::{Diagnostic, did_you_mean};
use crate::syntax::source::{Source, Span};

/// A record a row, with the cells under the names of the first row, which the delimiter is known by: that which cuts it
/// into the most cells. Rows without any text are skipped, and an empty cell is no metadata.
pub(super) fn read(delimiters: &[u8], wanted: Wanted<'_>, report: &mut FileFaults<'_>) -> Vec<Example> {
    let text = report.source.text().clone();
    let tables = delimiters.iter().rev().filter_map(|delimiter| {
        let mut rows = Rows::new(&text, *delimiter);
        rows.next().map(|header| (rows, header))
    });
    let Some((mut rows, header)) = tables.max_by_key(|(_, header)| header.cells.len()) else { return Vec::new() };
    if !header_is_valid(&header, &rows, wanted, report) {
        return Vec::new();
    }
    let mut examples = Vec::new();
    let mut index = 0;
    while let Some(row) = rows.next() {
        index += 1;
        examples.extend(example(&header, row, index, &rows, wanted, report));
    }
    examples
}

/// The rows of a table that have any text.
struct Rows<'a> {
    text: &'a str,
    delimiter: u8,
    reader: csv::Reader<&'a [u8]>,
}

/// One row: its cells, and where it was written.
struct Row {
    cells: csv::StringRecord,
    range: Range<usize>,
}

impl Iterator for Rows<'_> {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        let mut cells = csv::StringRecord::new();
        loop {
            // Reading from memory cannot fail: the text is UTF-8, and the reader accepts rows of any length.
            if !self.reader.read_record(&mut cells).unwrap_or(false) {
                return None;
            }
            let from = cells.position().map_or(0, csv::Position::byte);
            let range = self.bounds(from, self.reader.position().byte());
            if cells.iter().any(|cell| !cell.trim().is_empty()) || self.stray_quote(&range).is_some() {
                return Some(Row { cells, range });
            }
        }
    }
}

impl<'a> Rows<'a> {
    fn new(text: &'a str, delimiter: u8) -> Self {
        let mut reader = csv::ReaderBuilder::new();
        reader.delimiter(delimiter).has_headers(false).flexible(true);
        Self { text, delimiter, reader: reader.from_reader(text.as_bytes()) }
    }

    /// The bytes of a row without the line ends on both sides.
    fn bounds(&self, from: u64, to: u64) -> Range<usize> {
        let at = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX).min(self.text.len());
        let written = self.text.get(at(from)..at(to)).unwrap_or_default();
        let trimmed = written.trim_start_matches(['\r', '\n']);
        let start = at(from) + written.len() - trimmed.len();
        start..start + trimmed.trim_end_matches(['\r', '\n']).len()
    }

    /// What is wrong with the quotes of a row, and where.
    fn stray_quote(&self, row: &Range<usize>) -> Option<(usize, &'static str)> {
        let is_quoted = self.text.get(row.clone()).is_some_and(|written| written.contains('"'));
        is_quoted.then(|| self.cell_ranges(row).1).flatten()
    }

    /// The byte ranges of a row's cells, quotes included, and what is wrong with their quotes, where.
    fn cell_ranges(&self, row: &Range<usize>) -> (Vec<Range<usize>>, Option<(usize, &'static str)>) {
        let mut cells = Vec::new();
        let (mut start, mut in_quotes, mut closed, mut stray) = (row.start, false, None, None);
        let bytes = self.text.as_bytes().get(row.clone()).unwrap_or_default();
        for (at, byte) in (row.start..).zip(bytes) {
            let follows_quote = closed.is_some_and(|closed| closed + 1 == at);
            match byte {
                b'"' if in_quotes => (in_quotes, closed) = (false, Some(at)),
                // A quote opens a cell only at its start. One right after a closing quote is a doubled
                // one, which stands for itself, so the cell is still open.
                b'"' if at == start || follows_quote => in_quotes = true,
                byte if *byte == self.delimiter && !in_quotes => {
                    cells.push(start..at);
                    start = at + 1;
                }
                _ if follows_quote && !in_quotes && stray.is_none() => {
                    stray = Some((at, "something follows the quote that closes the cell"));
                }
                _ => {}
            }
        }
        cells.push(start..row.end);
        (cells, stray.or(in_quotes.then_some((start, "the quote that opens here is not closed"))))
    }
}

/// Reports what is wrong with the names of the columns, once for the whole table; returns whether nothing is.
fn header_is_valid(header: &Row, rows: &Rows<'_>, wanted: Wanted<'_>, report: &mut FileFaults<'_>) -> bool {
    let (ranges, stray) = rows.cell_ranges(&header.range);
    if let Some(stray) = stray {
        report.push(stray_quote(stray, report.source));
        return false;
    }
    let span = |number: usize| {
        let range = ranges.get(number).unwrap_or(&header.range);
        Span::new(report.source, range.start, range.end)
    };
    let mut faults = Vec::new();
    let mut columns = Map::new();
    for (number, name) in header.cells.iter().enumerate() {
        if name.trim().is_empty() {
            let fault = Diagnostic::error("example-columns", format!("column {} has no name", number + 1));
            faults.push(fault.at(&span(number)).hint("the first row names the columns"));
        } else if columns.insert(name.to_owned(), Value::Null).is_some() {
            let fault = Diagnostic::error("duplicate-key", format!("two columns have the name `{name}`"));
            faults.push(fault.at(&span(number)).hint("remove or rename one of the two"));
        }
    }
    match wanted {
        Wanted::Fields => {}
        Wanted::Turns => {
            if let Err(message) = record::shape(&columns) {
                let header = Span::new(report.source, header.range.start, header.range.end);
                faults.push(Diagnostic::error("example-shape", message).at(&header).hint(record::MAP_HINT));
            }
        }
        Wanted::Mapped(map) => {
            for path in map.user.iter().chain([&map.assistant]).filter(|path| field::lookup(&columns, path).is_none()) {
                let header = Span::new(report.source, header.range.start, header.range.end);
                let hint = did_you_mean(path, columns.keys().map(String::as_str))
                    .unwrap_or_else(|| format!("the table has {}", record::keys(&columns)));
                let message = format!("there is no column `{path}`, which `map` names");
                faults.push(Diagnostic::error("example-map", message).at(&header).hint(hint));
            }
        }
    }
    let is_valid = faults.is_empty();
    faults.into_iter().for_each(|fault| report.push(fault));
    is_valid
}

fn example(
    header: &Row,
    row: Row,
    index: usize,
    rows: &Rows<'_>,
    wanted: Wanted<'_>,
    report: &mut FileFaults<'_>,
) -> Option<Example> {
    let source = report.source.clone();
    let span = Span::new(&source, row.range.start, row.range.end);
    // The reader takes whatever stands beside quotes into the cell; Python's strict reader refuses it, too.
    if let Some(stray) = rows.stray_quote(&row.range) {
        report.push(stray_quote(stray, &source));
        return None;
    }
    if row.cells.len() != header.cells.len() {
        let message = format!("the row has {}, the header {}", counted(row.cells.len()), counted(header.cells.len()));
        let hint = "put cells that hold a separator or a line end into double quotes";
        report.push(Diagnostic::error("example-columns", message).at(&span).hint(hint));
        return None;
    }
    let cells = header.cells.iter().zip(&row.cells);
    let fields: Map<String, Value> = cells.map(|(name, cell)| (name.to_owned(), Value::from(cell))).collect();
    let place = |keys: &[&str]| {
        let column = keys.first().and_then(|key| header.cells.iter().position(|name| name == *key));
        let cell = column.and_then(|column| rows.cell_ranges(&row.range).0.into_iter().nth(column));
        let range = cell.unwrap_or(row.range.clone());
        Span::new(&source, range.start, range.end)
    };
    // Cells are text, which needs no spelling.
    let spell = |_: &[&str], _: &mut FileFaults<'_>| String::new();
    let record = RawRecord { index, value: Value::Object(fields), span, place: &place, spell: &spell };
    let mut example = record::example(record, wanted, report)?;
    example.meta.retain(|_, value| value.as_str() != Some(""));
    Some(example)
}

fn stray_quote((at, message): (usize, &'static str), source: &Arc<Source>) -> Diagnostic {
    let fault = Diagnostic::error("examples-syntax", message).at(&Span::new(source, at, at + 1));
    fault.hint("a quote inside a cell is doubled: `\"\"`")
}

fn counted(cells: usize) -> String {
    if cells == 1 { "1 cell".to_owned() } else { format!("{cells} cells") }
}
