//! Clients that are slow, many, or never satisfied.

use std::io::{Read, Write};
use std::time::Instant;

use super::{DEADLINE, Serving};
use crate::watch::library;

/// More than the server lets in at one time.
const MANY: usize = 70;

#[test]
fn those_that_say_nothing_or_never_finish_make_room_for_the_others() {
    let repo = library();
    let serving = Serving::of(&repo);
    let mut idle: Vec<_> = (0..MANY).map(|_| serving.connect()).collect();
    for (number, stream) in idle.iter_mut().enumerate() {
        let begun =
            ["", "GET ", "GET /TOKEN/ HTTP/1.1\r\nHost: HOST\r\n", "GET /TOKEN/ HTTP/1.1\r\nHost: HOST\r\n\r\n"];
        // One of four has been answered and is idle from then on.
        stream.write_all(serving.own(begun[number % begun.len()]).as_bytes()).expect("sent");
    }
    // This one waits until some of them are let go, which nobody asks for.
    assert_eq!(serving.get("").status(), 200);
    for stream in &mut idle {
        let mut rest = Vec::new();
        // Ends, one way or the other.
        let _ = stream.read_to_end(&mut rest);
    }
}

#[test]
fn one_that_takes_nothing_of_its_answers_is_let_go() {
    let repo = library();
    repo.file("docs/a.md", "All work and no play makes Jack a dull boy.\n".repeat(20_000));
    let serving = Serving::of(&repo);
    let mut stream = serving.connect();
    let request = serving.own("GET /TOKEN/page.json HTTP/1.1\r\nHost: HOST\r\n\r\n");
    let until = Instant::now() + DEADLINE;
    stream.set_write_timeout(Some(DEADLINE)).expect("a deadline");
    // What it asks for fills every buffer between the two, and then nothing moves until the server gives up.
    while stream.write_all(request.as_bytes()).is_ok() {
        assert!(Instant::now() < until, "it is still served");
    }
    assert_eq!(serving.get("").status(), 200);
}

#[test]
fn streams_leave_room_and_end_with_their_readers() {
    let repo = library();
    let serving = Serving::of(&repo);
    let mut open = Vec::new();
    let refused = loop {
        let (status, stream) = serving.events("");
        if status != 200 {
            break status;
        }
        open.push(stream);
        assert!(open.len() < MANY, "streams have no bound");
    };
    assert_eq!(refused, 503);
    assert_eq!(serving.get("page.json").status(), 200);
    // A reader that leaves makes room at once.
    drop(open.pop());
    let until = Instant::now() + DEADLINE;
    while serving.events("").0 != 200 {
        assert!(Instant::now() < until, "the place of a reader that left is not given to another");
    }
}
