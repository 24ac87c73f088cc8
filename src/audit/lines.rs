//! A log as a stream of values: lines, or JSON values that run over several lines; packed or not; never whole in memory.

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::MultiGzDecoder;
use memchr::memchr;

use crate::syntax::limits::MAX_LOG_LINE_BYTES;

/// What comes next of a log.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// A value, in the buffer.
    Value,
    /// A line longer than the limit: passed over.
    TooLong,
    /// Nothing more.
    End,
}

/// Reads a log value by value.
pub struct Values {
    reader: Box<dyn BufRead>,
    /// The line that the last value begins on, from 1.
    pub line: u64,
    /// How many lines have ended, where values end by their brackets.
    ended: u64,
    /// Whether values end where their brackets close, not at the end of a line.
    by_brackets: bool,
    begun: bool,
}

/// Size of the buffer between the file and the lines.
const BUFFER: usize = 256 * 1024;

impl Values {
    /// Opens a stream. Packed ones are known by their first bytes, and may have several members.
    ///
    /// # Errors
    /// When the first bytes cannot be read, or are those of a Parquet file.
    pub fn new(stream: impl Read + 'static) -> io::Result<Self> {
        let mut reader = BufReader::with_capacity(BUFFER, stream);
        let begin = reader.fill_buf()?;
        if begin.starts_with(b"PAR1") {
            return Err(io::Error::other("it is a Parquet file, which is not read: export JSONL or CSV instead"));
        }
        let packed = begin.starts_with(&[0x1f, 0x8b]);
        let reader: Box<dyn BufRead> = if packed {
            Box::new(BufReader::with_capacity(BUFFER, MultiGzDecoder::new(reader)))
        } else {
            Box::new(reader)
        };
        Ok(Self { reader, line: 0, ended: 0, by_brackets: false, begun: false })
    }

    /// The next value, into `value`.
    ///
    /// # Errors
    /// When the stream cannot be read any further.
    pub fn next(&mut self, value: &mut Vec<u8>) -> io::Result<Step> {
        if !self.begun {
            self.begun = true;
            if self.reader.fill_buf()?.starts_with(b"\xef\xbb\xbf") {
                self.reader.consume(3);
            }
            let step = self.next_line(value)?;
            // A first line that opens something and does not close it: indented JSON, or a list of values.
            let first = value.trim_ascii();
            if step == Step::Value
                && matches!(first.first(), Some(b'{' | b'['))
                && (matches!(first, b"{" | b"[") || first.starts_with(b"[{"))
            {
                self.by_brackets = true;
                let mut first = std::mem::take(value);
                first.push(b'\n');
                let rest = std::mem::replace(&mut self.reader, Box::new(io::empty()));
                self.reader = Box::new(BufReader::with_capacity(BUFFER, io::Cursor::new(first).chain(rest)));
                return self.next_value(value);
            }
            return Ok(step);
        }
        if self.by_brackets { self.next_value(value) } else { self.next_line(value) }
    }

    fn next_line(&mut self, line: &mut Vec<u8>) -> io::Result<Step> {
        loop {
            line.clear();
            let mut too_long = false;
            let mut any = false;
            loop {
                let buffer = self.reader.fill_buf()?;
                if buffer.is_empty() {
                    break;
                }
                any = true;
                let (piece, used, ended) = match memchr(b'\n', buffer) {
                    Some(end) => (&buffer[..end], end + 1, true),
                    None => (buffer, buffer.len(), false),
                };
                too_long |= line.len() + piece.len() > MAX_LOG_LINE_BYTES;
                if too_long {
                    line.clear();
                } else {
                    line.extend_from_slice(piece);
                }
                self.reader.consume(used);
                if ended {
                    break;
                }
            }
            if !any {
                return Ok(Step::End);
            }
            self.line += 1;
            if too_long {
                line.shrink_to(BUFFER);
                return Ok(Step::TooLong);
            }
            if !line.trim_ascii().is_empty() {
                return Ok(Step::Value);
            }
        }
    }

    /// Values by their brackets; what stands between them (blanks, commas, the brackets of a list) is passed over.
    fn next_value(&mut self, value: &mut Vec<u8>) -> io::Result<Step> {
        value.clear();
        let (mut depth, mut in_string, mut escaped, mut too_long) = (0u32, false, false, false);
        loop {
            let buffer = self.reader.fill_buf()?;
            if buffer.is_empty() {
                return Ok(if value.is_empty() { Step::End } else { Step::Value });
            }
            let mut used = 0;
            let mut done = false;
            for byte in buffer.iter().copied() {
                used += 1;
                self.ended += u64::from(byte == b'\n');
                match (depth, byte) {
                    (0, b'{') => self.line = self.ended + 1,
                    (0, _) => continue,
                    _ => {}
                }
                if value.len() < MAX_LOG_LINE_BYTES {
                    value.push(byte);
                } else {
                    too_long = true;
                }
                match byte {
                    _ if escaped => escaped = false,
                    b'\\' if in_string => escaped = true,
                    b'"' => in_string = !in_string,
                    b'{' | b'[' if !in_string => depth += 1,
                    b'}' | b']' if !in_string => {
                        depth -= 1;
                        if depth == 0 {
                            done = true;
                            break;
                        }
                    }
                    _ => {}
                }
            }
            self.reader.consume(used);
            if done {
                return Ok(if too_long { Step::TooLong } else { Step::Value });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(bytes: &'static [u8]) -> Vec<(String, u64)> {
        let mut values = Values::new(bytes).unwrap();
        let (mut found, mut value) = (Vec::new(), Vec::new());
        while values.next(&mut value).unwrap() == Step::Value {
            found.push((String::from_utf8(value.trim_ascii().to_vec()).unwrap(), values.line));
        }
        found
    }

    #[test]
    fn lines_and_values_of_every_shape() {
        let of =
            |texts: &[(&str, u64)]| texts.iter().map(|(text, line)| ((*text).to_owned(), *line)).collect::<Vec<_>>();
        assert_eq!(values(b""), of(&[]));
        assert_eq!(values(b"\xef\xbb\xbf{\"a\":1}\r\n\n {\"b\":2}"), of(&[("{\"a\":1}", 1), ("{\"b\":2}", 3)]));
        assert_eq!(values(b"{\n \"a\": \"}\\\"\"\n}\n{\n}"), of(&[("{\n \"a\": \"}\\\"\"\n}", 1), ("{\n}", 4)]));
        assert_eq!(values(b"[{\"a\":1},\n{\"a\":[2]}]\n"), of(&[("{\"a\":1}", 1), ("{\"a\":[2]}", 2)]));
        assert_eq!(values(b"{\"cut\": \nnext"), of(&[("{\"cut\":", 1), ("next", 2)]));
    }
}
