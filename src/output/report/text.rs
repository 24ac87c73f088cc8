//! Tables and numbers for a terminal.

use unicode_width::UnicodeWidthStr;

use super::inert;
use crate::syntax::source::ProjectPath;
use crate::text::lint::secret::masked;

/// How a column lines up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

/// Rows of cells under a heading, as wide as their content.
#[derive(Debug)]
pub struct Table {
    sides: Vec<Side>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with a heading. A heading that ends in `>` lines its column up on the right.
    pub fn new(headings: &[&str]) -> Self {
        let sides =
            headings.iter().map(|heading| if heading.ends_with('>') { Side::Right } else { Side::Left }).collect();
        let heading = headings.iter().map(|heading| heading.trim_end_matches('>').to_owned()).collect();
        Self { sides, rows: vec![heading] }
    }

    /// Adds a row. Cells are made harmless here.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().map(|cell| inert::line(&cell)).collect());
    }

    /// Whether there is no row below the heading.
    pub fn is_empty(&self) -> bool {
        self.rows.len() < 2
    }

    /// The table in HTML.
    pub fn html(&self) -> String {
        let row = |(number, row): (usize, &Vec<String>)| {
            let cell = |(cell, side): (&String, &Side)| {
                let name = if number == 0 { "th" } else { "td" };
                let class = if matches!(side, Side::Right) { " class=\"n\"" } else { "" };
                format!("<{name}{class}>{}</{name}>", inert::html(&masked(cell)))
            };
            format!("<tr>{}</tr>\n", row.iter().zip(&self.sides).map(cell).collect::<String>())
        };
        format!("<table>\n{}</table>\n", self.rows.iter().enumerate().map(row).collect::<String>())
    }

    /// The table as text, each line ending in a line break.
    pub fn draw(&self, indent: usize) -> String {
        let widths: Vec<usize> = (0..self.sides.len())
            .map(|column| {
                self.rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.width()).max().unwrap_or(0)
            })
            .collect();
        let mut drawn = String::new();
        for row in &self.rows {
            let mut line = " ".repeat(indent);
            for (column, cell) in row.iter().enumerate() {
                let gap = " ".repeat(widths[column].saturating_sub(cell.width()));
                match self.sides[column] {
                    Side::Left => line.extend([cell.as_str(), &gap]),
                    Side::Right => line.extend([gap.as_str(), cell]),
                }
                line.push_str("  ");
            }
            drawn.push_str(line.trim_end());
            drawn.push('\n');
        }
        drawn
    }
}

/// A number with its thousands apart: `57,204`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// The first `most` characters of a line.
pub fn cut(line: &str, most: usize) -> String {
    match line.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or(line)),
        None => line.to_owned(),
    }
}

/// Lines of a file, or all of it: `policies/refunds.md:1-80`.
pub fn lines_of(path: &ProjectPath, lines: Option<[usize; 2]>) -> String {
    match lines {
        Some([first, last]) if first == last => format!("{path}:{first}"),
        Some([first, last]) => format!("{path}:{first}-{last}"),
        None => path.to_string(),
    }
}

/// `1 segment`, `2 segments`.
pub fn counted(number: usize, thing: &str) -> String {
    format!("{} {thing}{}", grouped(number as u64), if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_by_what_is_seen() {
        let mut table = Table::new(&["name", "tokens>"]);
        table.row(["日本".to_owned(), grouped(1_234)]);
        table.row(["a\u{1b}b".to_owned(), grouped(7)]);
        assert_eq!(table.draw(0), "name      tokens\n日本       1,234\na\\u{1b}b       7\n");
    }

    #[test]
    fn thousands_stand_apart() {
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }
}
