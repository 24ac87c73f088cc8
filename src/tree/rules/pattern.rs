//! Patterns as git matches them in `.gitignore` and `.gitattributes`.
//!
//! The rules are those of gitignore(5), and, where that is silent, of git's own matcher: what a
//! malformed class does, where `**` means folders, how far a pattern without a wildcard reaches.
//! `tests/tree/patterns.rs` asks git itself. Matching costs at most pattern times path in bytes,
//! whatever the pattern, and all matching together has a [`StepBudget`], so that no file of patterns
//! can hang a build.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::syntax::error::Error;
use crate::syntax::limits::{MAX_PATH_BYTES, MAX_PATTERN_STEPS};

/// A pattern longer than this matches nothing: no path is as long.
const MAX_PATTERN_BYTES: usize = MAX_PATH_BYTES;

/// The steps that are left for matching, shared by all patterns of a tree.
pub(in crate::tree) struct StepBudget(AtomicU64);

impl Default for StepBudget {
    fn default() -> Self {
        Self(AtomicU64::new(MAX_PATTERN_STEPS))
    }
}

impl StepBudget {
    /// Takes `steps` off the budget.
    ///
    /// # Errors
    /// When fewer than that are left.
    pub(in crate::tree) fn spend(&self, steps: u64) -> Result<(), Error> {
        let left = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(steps));
        left.map(drop).map_err(|_| {
            let what = format!(
                "matching the patterns of `.gitignore` and `.gitattributes` took more than {MAX_PATTERN_STEPS} steps"
            );
            Error::usage(what, "take out patterns with many `*`, or build a revision: `--rev HEAD`")
        })
    }
}

/// One pattern, relative to the folder of the file that it is written in.
#[derive(Debug)]
pub(in crate::tree) struct Pattern {
    /// A path with a slash is matched from the folder down; a bare name at any depth below it.
    anchored: bool,
    /// Whether only folders match (a trailing slash).
    pub(in crate::tree) folders_only: bool,
    /// The bytes before the first wildcard.
    literal: Vec<u8>,
    /// The rest; `None` where it can match nothing.
    rest: Option<Vec<PatternToken>>,
    fold_case: bool,
}

#[derive(Debug)]
enum PatternToken {
    Byte(u8),
    /// `?`: one byte within a name.
    One,
    Class(ByteClass),
    /// `*`: any bytes within a name.
    Star,
    /// `**` at the end: any bytes.
    Stars,
    /// `**/`: nothing, or …
    FoldersStart,
    /// … any bytes up to and with a slash.
    FoldersBody,
}

#[derive(Debug)]
struct ByteClass {
    negated: bool,
    members: Box<[bool; 256]>,
}

impl Pattern {
    /// Reads a pattern, `!` already taken off. `fold_case` is `core.ignoreCase`.
    pub(in crate::tree) fn new(written: &[u8], fold_case: bool) -> Self {
        let (written, folders_only) = match written.strip_suffix(b"/") {
            Some(rest) => (rest, true),
            None => (written, false),
        };
        let anchored = written.contains(&b'/');
        let written = if anchored { written.strip_prefix(b"/").unwrap_or(written) } else { written };
        let wild = written.iter().position(|byte| b"*?[\\".contains(byte)).unwrap_or(written.len());
        // `**` counts as at the start of a name when it follows the literal: git strips that first.
        let (literal, rest) = written.split_at(wild);
        let rest = if written.len() > MAX_PATTERN_BYTES { None } else { compile(rest, fold_case) };
        Self { anchored, folders_only, literal: literal.to_vec(), rest, fold_case }
    }

    /// Whether it matches `path`, which is relative to the pattern's folder; adds to `steps` what
    /// that took.
    pub(in crate::tree) fn matches(&self, path: &str, is_folder: bool, steps: &mut u64) -> bool {
        *steps += 1;
        if self.folders_only && !is_folder {
            return false;
        }
        let text = if self.anchored { path } else { path.rsplit_once('/').map_or(path, |(_, name)| name) };
        let Some((start, text)) = text.as_bytes().split_at_checked(self.literal.len()) else { return false };
        let literal_fits =
            if self.fold_case { start.eq_ignore_ascii_case(&self.literal) } else { start == self.literal };
        let Some(tokens) = self.rest.as_ref().filter(|_| literal_fits) else { return false };
        *steps += tokens.len() as u64 * text.len() as u64;
        run(tokens, text, self.fold_case)
    }
}

/// Compiles what follows the literal. `None`: malformed, matches nothing.
fn compile(pattern: &[u8], fold_case: bool) -> Option<Vec<PatternToken>> {
    let mut tokens = Vec::with_capacity(pattern.len());
    let mut at = 0;
    while let Some(&byte) = pattern.get(at) {
        at += 1;
        match byte {
            b'?' => tokens.push(PatternToken::One),
            b'[' => {
                let (class, end) = ByteClass::parse(pattern, at, fold_case)?;
                tokens.push(PatternToken::Class(class));
                at = end;
            }
            b'*' => {
                let first = at - 1;
                while pattern.get(at) == Some(&b'*') {
                    at += 1;
                }
                let double = at - first > 1;
                let opens_name = first == 0 || pattern.get(first - 1) == Some(&b'/');
                match pattern.get(at..) {
                    Some([]) if double && opens_name => tokens.push(PatternToken::Stars),
                    Some([b'/', ..]) if double && opens_name => {
                        tokens.extend([PatternToken::FoldersStart, PatternToken::FoldersBody]);
                        at += 1;
                    }
                    Some([b'\\', b'/', ..]) if double && opens_name => tokens.push(PatternToken::Stars),
                    _ => tokens.push(PatternToken::Star),
                }
            }
            b'\\' => {
                tokens.push(PatternToken::Byte(fold(*pattern.get(at)?, false)));
                at += 1;
            }
            byte => tokens.push(PatternToken::Byte(fold(byte, fold_case))),
        }
    }
    Some(tokens)
}

impl ByteClass {
    /// Reads a class from behind its `[`; returns it and the place behind its `]`.
    fn parse(pattern: &[u8], mut at: usize, fold_case: bool) -> Option<(Self, usize)> {
        let negated = matches!(pattern.get(at), Some(b'!' | b'^'));
        at += usize::from(negated);
        let mut members = Box::new([false; 256]);
        let mut add = |byte: u8| {
            if let Some(member) = members.get_mut(usize::from(byte)) {
                *member = true;
            }
        };
        // The byte that a following `-` counts from.
        let mut from: Option<u8> = None;
        let mut first = true;
        loop {
            let byte = *pattern.get(at)?;
            if byte == b']' && !first {
                return Some((Self { negated, members }, at + 1));
            }
            first = false;
            let next = pattern.get(at + 1).copied();
            match (byte, from, next) {
                (b'\\', _, _) => {
                    add(next?);
                    from = next;
                    at += 2;
                }
                (b'-', Some(low), Some(end)) if end != b']' => {
                    let (high, taken) = if end == b'\\' { (*pattern.get(at + 2)?, 3) } else { (end, 2) };
                    for byte in low..=high {
                        add(byte);
                        // The text is folded, and a range may be written in capitals.
                        if fold_case && byte.is_ascii_uppercase() {
                            add(byte.to_ascii_lowercase());
                        }
                    }
                    from = None;
                    at += taken;
                }
                (b'[', _, Some(b':')) => {
                    let name_start = at + 2;
                    let length = pattern.get(name_start..)?.iter().position(|byte| *byte == b']')?;
                    match pattern.get(name_start..name_start + length)?.strip_suffix(b":") {
                        Some(name) => {
                            let is_member = named_class(name)?;
                            (0..=u8::MAX).filter(|byte| is_member(*byte)).for_each(&mut add);
                            if fold_case && name == b"upper" {
                                (b'a'..=b'z').for_each(&mut add);
                            }
                            from = None;
                            at = name_start + length + 1;
                        }
                        None => {
                            add(b'[');
                            from = Some(b'[');
                            at += 1;
                        }
                    }
                }
                (byte, _, _) => {
                    add(byte);
                    from = Some(byte);
                    at += 1;
                }
            }
        }
    }

    fn matches(&self, byte: u8) -> bool {
        byte != b'/' && self.members.get(usize::from(byte)).copied().unwrap_or(false) != self.negated
    }
}

fn named_class(name: &[u8]) -> Option<fn(u8) -> bool> {
    Some(match name {
        b"alnum" => |byte| byte.is_ascii_alphanumeric(),
        b"alpha" => |byte| byte.is_ascii_alphabetic(),
        b"blank" => |byte| byte == b' ' || byte == b'\t',
        b"cntrl" => |byte| byte.is_ascii_control(),
        b"digit" => |byte| byte.is_ascii_digit(),
        b"graph" => |byte| byte.is_ascii_graphic(),
        b"lower" => |byte| byte.is_ascii_lowercase(),
        b"print" => |byte| byte.is_ascii_graphic() || byte == b' ',
        b"punct" => |byte| byte.is_ascii_punctuation(),
        b"space" => |byte| byte.is_ascii_whitespace() || byte == 0x0b,
        b"upper" => |byte| byte.is_ascii_uppercase(),
        b"xdigit" => |byte| byte.is_ascii_hexdigit(),
        _ => return None,
    })
}

fn fold(byte: u8, fold_case: bool) -> u8 {
    if fold_case { byte.to_ascii_lowercase() } else { byte }
}

/// Runs the tokens over the text as a nondeterministic automaton, all alternatives at once: `live[i]`
/// means that the text so far can be matched by the tokens before `i`.
fn run(tokens: &[PatternToken], text: &[u8], fold_case: bool) -> bool {
    // Decides most patterns without running them: a literal name, and one with a literal end such as `*.log`.
    match tokens {
        [] => return text.is_empty(),
        [.., PatternToken::Byte(last)] if text.last().is_none_or(|byte| fold(*byte, fold_case) != *last) => {
            return false;
        }
        _ => {}
    }
    let mut live = vec![false; tokens.len() + 2];
    let mut next = live.clone();
    enter(tokens, &mut live, 0);
    for byte in text {
        let byte = fold(*byte, fold_case);
        next.fill(false);
        let mut any = false;
        for (at, token) in tokens.iter().enumerate().filter(|(at, _)| live.get(*at) == Some(&true)) {
            let (stays, passes) = match token {
                PatternToken::Byte(wanted) => (false, byte == *wanted),
                PatternToken::One => (false, byte != b'/'),
                PatternToken::Class(class) => (false, class.matches(byte)),
                PatternToken::Star => (byte != b'/', false),
                PatternToken::Stars => (true, false),
                PatternToken::FoldersStart => (false, false),
                PatternToken::FoldersBody => (true, byte == b'/'),
            };
            if stays {
                enter(tokens, &mut next, at);
            }
            if passes {
                enter(tokens, &mut next, at + 1);
            }
            any |= stays || passes;
        }
        if !any {
            return false;
        }
        std::mem::swap(&mut live, &mut next);
    }
    live.get(tokens.len()) == Some(&true)
}

/// Marks a token as live, and those that can be reached from it without consuming a byte.
fn enter(tokens: &[PatternToken], live: &mut [bool], mut at: usize) {
    loop {
        match live.get_mut(at) {
            Some(mark) if !*mark => *mark = true,
            _ => return,
        }
        match tokens.get(at) {
            Some(PatternToken::Star | PatternToken::Stars) => at += 1,
            Some(PatternToken::FoldersStart) => {
                enter(tokens, live, at + 2);
                at += 1;
            }
            _ => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_counted_and_end() {
        let budget = StepBudget(AtomicU64::new(1000));
        let mut steps = 0;
        assert!(!Pattern::new(b"*a*a*b", false).matches("aaaaaaaaaa", false, &mut steps));
        assert_eq!(steps, 1 + 6 * 10);
        assert!((0..16).all(|_| budget.spend(steps).is_ok()));
        assert!(budget.spend(steps).unwrap_err().to_string().contains("steps"));
    }
}
