//! `prompt.md`: the prompt as a person reads it.

use std::fmt::Write as _;

use serde_json::Value;

use crate::segment::{Kind, Part, Role, Segment, Tier};

/// The prompt as Markdown: a heading a turn, a caption a segment, every text in a fence.
///
/// Fences are longer than any run of backticks inside, so that no text can end its own, and a text
/// that ends without a newline gets one before the fence. An input stands as `{{name}}` outside of
/// any fence, so that it cannot be mistaken for text.
pub fn transcript(segments: &[Segment]) -> String {
    let mut page = String::new();
    let mut speaker = None;
    for segment in segments {
        let mut captioned = false;
        for part in &segment.parts {
            let heading = heading(segment.tier, part);
            // A turn has one heading; tools share one, and a history always has its own.
            if speaker != Some(heading) || part.kind == Kind::History {
                let blank = if page.is_empty() { "" } else { "\n" };
                push(&mut page, format_args!("{blank}# {heading}\n"));
                speaker = Some(heading);
                captioned = false;
            }
            if !captioned {
                push(&mut page, format_args!("\n{}\n", caption(segment)));
                captioned = true;
            }
            push(&mut page, format_args!("\n{}\n", content(part)));
        }
    }
    page
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

fn content(part: &Part) -> String {
    match part.kind {
        Kind::Text => fence("text", &part.text),
        Kind::Tool => match serde_json::from_str::<Value>(&part.text) {
            Ok(definition) => fence("json", &format!("{definition:#}")),
            Err(_) => fence("text", &part.text),
        },
        Kind::Input => code(&format!("{{{{{}}}}}", part.text)),
        Kind::History => code(&part.text),
    }
}

/// A code span. Control characters and backticks, which could end it, are written as escapes.
fn code(text: &str) -> String {
    let mut span = String::from("`");
    for character in text.chars() {
        if character.is_control() || character == '`' {
            push(&mut span, format_args!("{}", character.escape_unicode()));
        } else {
            span.push(character);
        }
    }
    span.push('`');
    span
}

fn fence(language: &str, text: &str) -> String {
    let longest = text.split(|character| character != '`').map(str::len).max().unwrap_or(0);
    let ticks = "`".repeat(longest.max(2) + 1);
    let newline = if text.ends_with('\n') { "" } else { "\n" };
    format!("{ticks}{language}\n{text}{newline}{ticks}")
}
