//! `prompt.md`: the prompt as a person reads it.

use std::fmt::Write as _;
use std::io::{self, Write};

use serde_json::Value;

use super::calls::as_read;
use crate::prompt::segment::{Kind, Part, Role, Segment, Tier};

/// The prompt as Markdown: a heading a turn, a caption a segment, every text in a fence.
///
/// Fences are longer than any run of backticks inside, so that no text can end its own, and a text
/// that ends without a newline gets one before the fence. An input is written as `{{name}}` outside of
/// any fence, so that it cannot be mistaken for text.
pub fn transcript(segments: &[Segment]) -> String {
    let mut page = Vec::new();
    // Writing to memory cannot fail, and everything that is written is UTF-8.
    let _ = write_transcript(segments, &mut page);
    String::from_utf8(page).unwrap_or_default()
}

/// Writes what [`transcript()`] returns.
///
/// # Errors
/// When `out` fails.
pub fn write_transcript(segments: &[Segment], out: &mut dyn Write) -> io::Result<()> {
    let mut speaker = None;
    for segment in segments {
        let mut captioned = false;
        for part in &segment.parts {
            let heading = heading(segment.tier, part);
            // A turn has one heading; tools share one, and a history always has its own.
            if speaker != Some(heading) || part.kind == Kind::History {
                let blank = if speaker.is_none() { "" } else { "\n" };
                writeln!(out, "{blank}# {heading}")?;
                speaker = Some(heading);
                captioned = false;
            }
            if !captioned {
                writeln!(out, "\n{}", caption(segment))?;
                captioned = true;
            }
            out.write_all(b"\n")?;
            content(part, out)?;
            out.write_all(b"\n")?;
        }
    }
    Ok(())
}

/// Writing to a String cannot fail.
fn push(page: &mut String, text: std::fmt::Arguments) {
    let _ = page.write_fmt(text);
}

fn heading(tier: Tier, part: &Part) -> &'static str {
    match (tier, part.kind, part.role) {
        (Tier::Tools, ..) => "Tools",
        (_, Kind::History, _) => "Earlier turns",
        (Tier::System, ..) => "System",
        (Tier::Messages, _, Role::System) => "System, between the turns",
        (Tier::Messages, Kind::ToolResult, _) => "Tool",
        (Tier::Messages, _, Role::User) => "User",
        (Tier::Messages, _, Role::Assistant) => "Assistant",
    }
}

fn caption(segment: &Segment) -> String {
    let mut caption = code(&segment.id);
    if let Some(path) = &segment.origin.path {
        push(&mut caption, format_args!(" · {}", code(path.as_str())));
    }
    if let Some(lines) = &segment.origin.lines {
        match (lines.start(), lines.end()) {
            (first, last) if first == last => push(&mut caption, format_args!(" · line {first}")),
            (first, last) => push(&mut caption, format_args!(" · lines {first}–{last}")),
        }
    }
    caption
}

fn content(part: &Part, out: &mut dyn Write) -> io::Result<()> {
    match part.kind {
        Kind::Text => fence("text", &part.text, out),
        Kind::Region => {
            let needs = part.region.iter().flat_map(|region| &region.needs);
            let needs: Vec<String> = needs.map(|name| code(name)).collect();
            writeln!(out, "A sample: this part depends on {}.\n", needs.join(", "))?;
            fence("text", &part.text, out)
        }
        Kind::Tool | Kind::ToolCall => match serde_json::from_str::<Value>(&part.text) {
            Ok(definition) => fence("json", &format!("{definition:#}"), out),
            Err(_) => fence("text", &part.text, out),
        },
        Kind::ToolResult => fence("text", &as_read(part), out),
        Kind::Input => out.write_all(code(&format!("{{{{{}}}}}", part.text)).as_bytes()),
        Kind::History => out.write_all(code(&part.text).as_bytes()),
    }
}

/// A code span. Characters that could end it or change its direction are escaped.
fn code(text: &str) -> String {
    let mut span = String::from("`");
    for character in text.chars() {
        let turns_around = matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if character == '`' || character.is_control() || turns_around {
            push(&mut span, format_args!("{}", character.escape_unicode()));
        } else {
            span.push(character);
        }
    }
    span.push('`');
    span
}

fn fence(language: &str, text: &str, out: &mut dyn Write) -> io::Result<()> {
    let ticks = "`".repeat(longest_run(text).max(2) + 1);
    let newline = if text.ends_with('\n') { "" } else { "\n" };
    writeln!(out, "{ticks}{language}")?;
    out.write_all(text.as_bytes())?;
    write!(out, "{newline}{ticks}")
}

/// The longest run of backticks. Most texts have few, so searching for each is faster than a scan.
fn longest_run(text: &str) -> usize {
    let (mut longest, mut run, mut end) = (0, 0, 0);
    for (at, tick) in text.match_indices('`') {
        run = if at == end { run + 1 } else { 1 };
        end = at + tick.len();
        longest = longest.max(run);
    }
    longest
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::prompt::segment::Origin;
    use crate::syntax::manifest::Mark;
    use crate::syntax::source::{ProjectPath, Source, Span};

    fn segment(id: &str, path: Option<&str>, tier: Tier, parts: &[(Role, Kind, &str)]) -> Segment {
        let source = Source::new(ProjectPath::root(), "");
        let path = path.map(|path| ProjectPath::new(path).unwrap());
        let lines = path.is_some().then_some(3..=9);
        Segment {
            id: id.to_owned(),
            tier,
            parts: parts.iter().map(|&(role, kind, text)| Part::new(role, kind, text)).collect(),
            origin: Origin { path, lines, blob: None, block: Span::file(&source), picked: None },
            mark: Mark::Free,
            stability: None,
            priority: 0,
        }
    }

    #[test]
    fn a_person_sees_turns_sources_and_holes() {
        let segments = [
            segment(
                "tools/1",
                Some("tools/ping.yaml"),
                Tier::Tools,
                &[(Role::System, Kind::Tool, r#"{"name":"ping"}"#)],
            ),
            segment(
                "system/1",
                Some("a`b.md"),
                Tier::System,
                &[(Role::System, Kind::Text, "# Rules\n```\nx\n```\n\n")],
            ),
            segment(
                "messages/1.1",
                None,
                Tier::Messages,
                &[(Role::User, Kind::Text, "Hi"), (Role::Assistant, Kind::Text, "Ho\n")],
            ),
            segment("messages/2", None, Tier::Messages, &[(Role::User, Kind::History, "earlier")]),
            segment("messages/3.1", None, Tier::Messages, &[(Role::User, Kind::Text, "Ticket: ")]),
            segment("messages/3.2", None, Tier::Messages, &[(Role::User, Kind::Input, "tic`ket\u{202e}")]),
        ];
        let expected = r#"# Tools

`tools/1` · `tools/ping.yaml` · lines 3–9

```json
{
  "name": "ping"
}
```

# System

`system/1` · `a\u{60}b.md` · lines 3–9

````text
# Rules
```
x
```

````

# User

`messages/1.1`

```text
Hi
```

# Assistant

`messages/1.1`

```text
Ho
```

# Earlier turns

`messages/2`

`earlier`

# User

`messages/3.1`

```text
Ticket: 
```

`messages/3.2`

`{{tic\u{60}ket\u{202e}}}`
"#;
        assert_eq!(transcript(&segments), expected);
    }

    /// The contents of the fences of a page, read as CommonMark reads them.
    fn fenced(page: &str) -> Vec<String> {
        let mut contents = Vec::new();
        let mut lines = page.split_inclusive('\n');
        while let Some(line) = lines.next() {
            let ticks = line.bytes().take_while(|&byte| byte == b'`').count();
            if ticks < 3 {
                continue;
            }
            let closes = |line: &&str| {
                let line = line.trim();
                line.len() < ticks || line.bytes().any(|byte| byte != b'`')
            };
            contents.push(lines.by_ref().take_while(closes).collect());
        }
        contents
    }

    proptest! {
        #[test]
        fn no_text_ends_its_own_fence(texts in prop::collection::vec("[`~a\n #]{1,24}", 1..5)) {
            let segments: Vec<Segment> = texts
                .iter()
                .map(|text| segment("s", None, Tier::System, &[(Role::System, Kind::Text, text)]))
                .collect();
            let expected: Vec<String> = texts
                .iter()
                .map(|text| if text.ends_with('\n') { text.clone() } else { format!("{text}\n") })
                .collect();
            prop_assert_eq!(fenced(&transcript(&segments)), expected);
        }
    }
}
