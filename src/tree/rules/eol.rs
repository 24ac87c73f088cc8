//! What git would store for a file of a checkout: its line endings undone, as `git add` does it.
//!
//! The rules are those of gitattributes(5) and of git's own conversion, in their order: encoding,
//! line endings, `$Id$`. A filter (`filter=lfs` and the like) is never run, so what such a filter
//! would store is not what is read here. `core.eol` and `core.safecrlf` decide how a file is
//! checked out or whether git warns, never what is stored.

use crate::tree::ReadError;
use crate::tree::rules::attributes::{AttributeState, FileAttributes};

/// `core.autocrlf`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::tree) enum AutoCrlf {
    /// Files without an attribute are left alone.
    #[default]
    No,
    /// Files that look like text are stored with LF (`true` and `input` alike).
    Yes,
}

/// What happens to the line endings of one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    /// They stay.
    Leave,
    /// It is text: CRLF becomes LF.
    Text,
    /// CRLF becomes LF if the file looks like text and the version in the index has no CRLF.
    Guess,
}

/// The bytes that git would store. `stored_with_crlf` returns whether the version in the index is text
/// with CRLF in it; it is called only where that decides.
pub(in crate::tree) fn as_stored(
    bytes: Vec<u8>,
    attributes: &FileAttributes,
    auto_crlf: AutoCrlf,
    stored_with_crlf: impl FnOnce() -> Result<bool, ReadError>,
) -> Result<Vec<u8>, ReadError> {
    match &attributes.encoding {
        AttributeState::Unspecified => {}
        AttributeState::Value(name) if name.eq_ignore_ascii_case("utf-8") || name.eq_ignore_ascii_case("utf8") => {}
        AttributeState::Value(name) => return Err(ReadError::Encoded(name.clone())),
        AttributeState::Set => return Err(ReadError::Encoded("true".to_owned())),
        AttributeState::Unset => return Err(ReadError::Encoded("false".to_owned())),
    }
    let bytes = match action(attributes, auto_crlf) {
        Action::Leave => bytes,
        Action::Text => without_carriage_returns(bytes),
        Action::Guess => {
            let counts = ByteCounts::of(&bytes);
            if counts.crlf == 0 || counts.is_binary() || stored_with_crlf()? {
                bytes
            } else {
                without_carriage_returns(bytes)
            }
        }
    };
    Ok(if attributes.ident == AttributeState::Set { without_ident(&bytes) } else { bytes })
}

/// Whether a stored version is text with CRLF in it.
pub(in crate::tree) fn is_text_with_crlf(bytes: &[u8]) -> bool {
    let counts = ByteCounts::of(bytes);
    counts.crlf > 0 && !counts.is_binary()
}

fn action(attributes: &FileAttributes, auto_crlf: AutoCrlf) -> Action {
    let named = |state: &AttributeState| match state {
        AttributeState::Set => Some(Action::Text),
        AttributeState::Unset => Some(Action::Leave),
        state if state.is("input") => Some(Action::Text),
        state if state.is("auto") => Some(Action::Guess),
        _ => None,
    };
    let action = named(&attributes.text).or_else(|| named(&attributes.crlf));
    match action {
        Some(Action::Leave) => Action::Leave,
        Some(Action::Guess) => Action::Guess,
        // `eol` alone declares a file text.
        _ if attributes.eol.is("lf") || attributes.eol.is("crlf") => Action::Text,
        Some(Action::Text) => Action::Text,
        None if auto_crlf == AutoCrlf::Yes => Action::Guess,
        None => Action::Leave,
    }
}

/// Turns every CRLF into LF. A lone CR stays, as git leaves it where a file is declared text; under
/// [`Action::Guess`] there is none, since a file with one counts as binary.
fn without_carriage_returns(bytes: Vec<u8>) -> Vec<u8> {
    let mut converted = Vec::with_capacity(bytes.len());
    for (at, byte) in bytes.iter().enumerate() {
        if *byte != b'\r' || bytes.get(at + 1) != Some(&b'\n') {
            converted.push(*byte);
        }
    }
    converted
}

/// Every `$Id: …$` within a line becomes `$Id$` again.
fn without_ident(bytes: &[u8]) -> Vec<u8> {
    let mut converted = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(|byte| *byte == b'$') {
        let (before, after) = rest.split_at(at + 1);
        converted.extend_from_slice(before);
        rest = after;
        let Some(value) = rest.strip_prefix(b"Id:") else { continue };
        let Some(end) = value.iter().position(|byte| *byte == b'$') else { break };
        if value.iter().take(end).all(|byte| *byte != b'\n') {
            converted.extend_from_slice(b"Id$");
            rest = value.get(end + 1..).unwrap_or_default();
        }
    }
    converted.extend_from_slice(rest);
    converted
}

/// The bytes that git counts to distinguish text from binary (`gather_stats` in its convert.c).
#[derive(Debug, Default)]
struct ByteCounts {
    nul: usize,
    lone_cr: usize,
    crlf: usize,
    printable: usize,
    not_printable: usize,
}

impl ByteCounts {
    fn of(bytes: &[u8]) -> Self {
        let mut counts = Self::default();
        let mut rest = bytes.iter().peekable();
        while let Some(byte) = rest.next() {
            match byte {
                b'\r' if rest.peek() == Some(&&b'\n') => {
                    rest.next();
                    counts.crlf += 1;
                }
                b'\r' => counts.lone_cr += 1,
                b'\n' => {}
                0 => {
                    counts.nul += 1;
                    counts.not_printable += 1;
                }
                0x08 | b'\t' | 0x1b | 0x0c => counts.printable += 1,
                0x01..=0x1f | 0x7f => counts.not_printable += 1,
                _ => counts.printable += 1,
            }
        }
        // A final Ctrl-Z is DOS's end of file.
        if bytes.last() == Some(&0x1a) {
            counts.not_printable -= 1;
        }
        counts
    }

    /// A NUL, a lone CR, or more than one odd byte in 128.
    fn is_binary(&self) -> bool {
        self.lone_cr > 0 || self.nul > 0 || (self.printable >> 7) < self.not_printable
    }
}
