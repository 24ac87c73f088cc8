//! The stream of builds.

use std::io::BufRead;

use super::Serving;
use crate::watch::library;

/// The next event or group of fields: its lines up to an empty one. Chunk sizes stand between them.
fn next(stream: &mut impl BufRead) -> Vec<String> {
    let mut fields = Vec::new();
    loop {
        let mut line = String::new();
        assert_ne!(stream.read_line(&mut line).expect("an event in time"), 0, "the stream ended");
        let is_chunk_line = line.ends_with("\r\n");
        let line = line.trim_end();
        match (is_chunk_line, line.is_empty()) {
            (true, _) => {}
            (false, true) if fields.is_empty() => {}
            (false, true) => return fields,
            (false, false) => fields.push(line.to_owned()),
        }
    }
}

#[test]
fn a_build_that_settles_is_an_event_with_its_number() {
    let repo = library();
    let mut serving = Serving::of(&repo);
    let (status, mut stream) = serving.events("");
    assert_eq!(status, 200);
    assert_eq!(next(&mut stream), ["retry: 1000", "id: 1"]);
    for seq in 2..4 {
        repo.file("docs/a.md", format!("Text {seq}.\n"));
        assert_eq!(serving.watching.next()["seq"], seq);
        assert_eq!(
            next(&mut stream),
            [format!("id: {seq}"), "event: build".into(), format!("data: {{\"seq\":{seq}}}")]
        );
        assert_eq!(serving.json("page.json")["live"]["seq"], seq);
    }
}

#[test]
fn who_comes_back_hears_of_what_was_missed_and_of_nothing_else() {
    let repo = library();
    let mut serving = Serving::of(&repo);
    repo.file("docs/a.md", "Another text.\n");
    serving.watching.next();
    let (_, mut missed) = serving.events("Last-Event-ID: 1\r\n");
    assert_eq!(next(&mut missed), ["retry: 1000", "id: 1"]);
    assert_eq!(next(&mut missed), ["id: 2", "event: build", "data: {\"seq\":2}"]);
    let (_, mut current) = serving.events("Last-Event-ID: 2\r\n");
    assert_eq!(next(&mut current), ["retry: 1000", "id: 2"]);
    // Nothing stands between this and the next build.
    repo.file("docs/a.md", "A third text.\n");
    assert_eq!(next(&mut current)[0], "id: 3");
}

#[test]
fn the_end_of_the_watch_ends_the_stream() {
    let repo = library();
    let serving = Serving::of(&repo);
    let (_, mut stream) = serving.events("");
    next(&mut stream);
    drop(serving);
    let mut rest = Vec::new();
    // An end or a reset: either tells the page.
    let _ = std::io::Read::read_to_end(&mut stream, &mut rest);
}
