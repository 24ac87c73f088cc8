//! What a regular expression asks for that some providers do not have.

/// Why Python's `re` would refuse the pattern, as far as another engine's syntax is to blame: `None` when it would not,
/// or when what is wrong with it is wrong everywhere.
pub(super) fn not_python(pattern: &str) -> Option<String> {
    let mut in_class = false;
    let mut rest = pattern;
    let mut at_start = true;
    while let Some(first) = rest.chars().next() {
        if first == '\\' {
            let escaped = rest[1..].chars().next()?;
            // Python refuses escapes of letters that mean nothing to it.
            let known = if in_class { "abdfnrstvwxuUDNSW" } else { "abdfnrstvwxuUABDNSWZ" };
            if escaped.is_ascii_alphabetic() && !known.contains(escaped) {
                return Some(format!("`\\{escaped}`"));
            }
            rest = &rest[1 + escaped.len_utf8()..];
            at_start = false;
            continue;
        }
        match first {
            '[' if !in_class => in_class = true,
            ']' if in_class => in_class = false,
            '(' if !in_class => {
                let group = &rest[1..];
                if group.starts_with("?<") && !group.starts_with("?<=") && !group.starts_with("?<!") {
                    return Some("`(?<`, where Python names a group `(?P<`".to_owned());
                }
                let flags = group.strip_prefix('?').and_then(|flags| flags.split_once(')')).map(|(flags, _)| flags);
                let is_flags = |flags: &str| !flags.is_empty() && flags.chars().all(|c| "aiLmsux".contains(c));
                if !at_start && flags.is_some_and(is_flags) {
                    return Some("flags that do not stand at its start".to_owned());
                }
            }
            _ => {}
        }
        rest = &rest[first.len_utf8()..];
        at_start = false;
    }
    None
}

/// Whether the pattern looks ahead or behind.
pub(in super::super) fn looks_around(pattern: &str) -> bool {
    ["(?=", "(?!", "(?<=", "(?<!"].iter().any(|group| {
        pattern
            .match_indices(group)
            .any(|(at, _)| pattern[..at].bytes().rev().take_while(|b| *b == b'\\').count() % 2 == 0)
    })
}
