//! Text from a repository, on its way to a reader: what each sink makes of it is looked at with a
//! reader of that sink.

use contexture::output::report::inert;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// Every escaper on one text.
pub fn escapes(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    assert!(!inert::terminal(&text).contains(inert::is_hostile));
    assert!(!inert::line(&text).contains(['\n', '\t']));
    let shown = inert::line(&text);

    assert_eq!(inline(&inert::code_span(&text)), [Piece::Code(if shown.is_empty() { " ".into() } else { shown })]);
    let words = inert::words(&text).replace(['\n', '\t'], " ");
    let read = inline(&format!("x{}x", inert::markdown(&text)));
    assert!(read.iter().all(|piece| matches!(piece, Piece::Text(_))), "{read:?}");
    let read: String = read.iter().map(|(Piece::Text(text) | Piece::Code(text))| text.as_str()).collect();
    assert_eq!(read.replace('\t', " "), format!("x{words}x"));

    let fenced = inert::fenced("text", &text);
    let blocks: Vec<Event> = Parser::new_ext(&fenced, extensions()).collect();
    assert!(matches!(blocks.first(), Some(Event::Start(Tag::CodeBlock(_)))), "{blocks:?}");
    assert!(matches!(blocks.last(), Some(Event::End(TagEnd::CodeBlock))), "{blocks:?}");
    assert!(blocks[1..blocks.len() - 1].iter().all(|event| matches!(event, Event::Text(_))), "{blocks:?}");

    let html = inert::html(&text);
    assert!(!html.contains(['<', '>', '"', '\'']));
    assert_eq!(unescaped(&html), inert::terminal(&text));

    assert!(!inert::command_message(&text).contains(['\r', '\n']));
    assert!(!inert::command_property(&text).contains(['\r', '\n', ':', ',']));
    assert!(inert::uri(&text).bytes().all(|byte| byte.is_ascii_graphic()));
}

/// Every extension but the one that changes the letters of plain text.
fn extensions() -> Options {
    Options::all() - Options::ENABLE_SMART_PUNCTUATION
}

#[derive(Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Code(String),
}

/// One paragraph, as CommonMark with extensions reads it.
fn inline(markdown: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for event in Parser::new_ext(markdown, extensions()) {
        match event {
            Event::Text(text) => pieces.push(Piece::Text(text.to_string())),
            Event::Code(text) => pieces.push(Piece::Code(text.to_string())),
            Event::Start(Tag::Paragraph) | Event::End(TagEnd::Paragraph) => {}
            other => panic!("{markdown:?} reads as {other:?}"),
        }
    }
    pieces
}

fn unescaped(html: &str) -> String {
    let marks = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#35;", "#"),
        ("&#58;", ":"),
        ("&#39;", "'"),
        ("&amp;", "&"),
    ];
    marks.iter().fold(html.to_owned(), |text, (mark, plain)| text.replace(mark, plain))
}
