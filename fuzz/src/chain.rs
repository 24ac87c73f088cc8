//! The hash chain: equal from the start as long as the text is, and different from then on.

use contexture::prompt::chain::{canonical_json, link};
use contexture::prompt::segment::{Kind, Origin, Part, Role, Segment, Tier};
use contexture::syntax::manifest::Mark;
use contexture::syntax::source::{ProjectPath, Source, Span};

/// The bytes cut into segments, one of them changed: the chains agree up to it and nowhere after it.
/// And canonical JSON is a fixed point.
pub fn chain(bytes: &[u8]) {
    let segments: Vec<Segment> = bytes.split(|byte| *byte == 0).enumerate().map(segment).collect();
    let whole = link(&segments);
    assert_eq!(whole.digests.len(), segments.len());
    if let Some(at) = bytes.first().map(|byte| usize::from(*byte) % segments.len()) {
        let mut changed = segments.clone();
        changed[at].parts[0].text = format!("{}\u{1}", changed[at].parts[0].text).into();
        let other = link(&changed);
        for place in 0..segments.len() {
            assert_eq!(whole.digests[place] == other.digests[place], place != at, "digest {place}, changed {at}");
            assert_eq!(whole.prefixes[place] == other.prefixes[place], place <= at, "prefix {place}, changed {at}");
        }
        assert_ne!(whole.full(), other.full());
    }
    if let Ok(value) = serde_json::from_slice(bytes)
        && let Ok(text) = canonical_json(&value)
    {
        let again = serde_json::from_str(&text).expect("canonical JSON is JSON");
        // A whole number that a double holds, but not every one beside it, is refused when it is read.
        if let Ok(again) = canonical_json(&again) {
            assert_eq!(again, text);
        }
    }
}

fn segment((number, bytes): (usize, &[u8])) -> Segment {
    let roles = [Role::System, Role::User, Role::Assistant];
    let source = Source::new(ProjectPath::root(), "");
    Segment {
        id: number.to_string(),
        tier: Tier::Messages,
        parts: vec![Part::new(roles[bytes.len() % roles.len()], Kind::Text, String::from_utf8_lossy(bytes))],
        origin: Origin { path: None, lines: None, blob: None, block: Span::file(&source), picked: None },
        mark: Mark::Free,
        stability: None,
        priority: 0,
    }
}
