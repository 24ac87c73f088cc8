//! Template text with a mapping to the file that it was written in.

use std::ops::Range;
use std::sync::Arc;

use crate::syntax::source::Span;

/// The text of a template, and where each of its bytes was written.
///
/// The text of a file maps to itself. Text of a manifest has lost its quotes, escapes and indentation
/// in YAML: `anchors` maps the beginnings of its lines to the file. It is empty where they cannot be
/// found (folded text, escapes); then a fault points at the whole value.
#[derive(Debug)]
pub(super) struct Passage {
    pub text: Arc<str>,
    whole: Span,
    /// (offset in `text`, offset in the file), ascending in both.
    anchors: Vec<(usize, usize)>,
}

impl Passage {
    /// Text that stands in a file as it is.
    pub fn verbatim(span: &Span) -> Self {
        let text = &span.source.text()[span.start..span.end];
        Self { text: text.into(), whole: span.clone(), anchors: vec![(0, span.start)] }
    }

    /// The text of a manifest at `span`.
    pub fn inline(text: &str, span: &Span) -> Self {
        let anchors = anchors(text, span).unwrap_or_default();
        Self { text: text.into(), whole: span.clone(), anchors }
    }

    /// All of it.
    pub fn whole(&self) -> &Span {
        &self.whole
    }

    /// Where the bytes at `range` were written.
    pub fn span(&self, range: &Range<usize>) -> Span {
        let place = |offset: usize| {
            let index = self.anchors.partition_point(|(own, _)| *own <= offset).checked_sub(1)?;
            let (own, written) = self.anchors.get(index)?;
            Some(written + (offset - own))
        };
        let Some(start) = place(range.start) else { return self.whole.clone() };
        // The end belongs to the line of the last byte, not to the start of the next line.
        let end =
            range.end.checked_sub(1).filter(|last| *last >= range.start).and_then(place).map_or(start, |at| at + 1);
        Span::new(&self.whole.source, start, end.min(self.whole.end.max(start)))
    }
}

/// Where the lines of `text` begin in the file; `None` when one of them is not in it verbatim.
fn anchors(text: &str, span: &Span) -> Option<Vec<(usize, usize)>> {
    let written = span.source.text().get(span.start..span.end)?;
    let (mut anchors, mut offset, mut from) = (Vec::new(), 0, 0);
    for line in text.split_inclusive('\n') {
        let content = line.trim_end_matches('\n');
        from += written.get(from..)?.find(content)?;
        anchors.push((offset, span.start + from));
        from += content.len();
        offset += line.len();
    }
    Some(anchors)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::source::{ProjectPath, Source};

    fn place(manifest: &str, written: &str, text: &str, wanted: &str) -> String {
        let source = Source::new(ProjectPath::new("contexts/a.yaml").unwrap(), manifest);
        let start = manifest.find(written).unwrap();
        let passage = Passage::inline(text, &Span::new(&source, start, start + written.len()));
        let at = text.find(wanted).unwrap();
        let span = passage.span(&(at..at + wanted.len()));
        source.text()[span.start..span.end].to_owned()
    }

    #[test]
    fn text_of_a_manifest_knows_its_place_where_yaml_left_it_as_it_stood() {
        assert_eq!(place("user: \"a {{b}}\"\n", "\"a {{b}}\"", "a {{b}}", "{{b}}"), "{{b}}");
        assert_eq!(
            place("text: |\n  one\n  two {{b}}\n", "|\n  one\n  two {{b}}\n", "one\ntwo {{b}}\n", "{{b}}"),
            "{{b}}"
        );
        // An escape moved the bytes: the whole value is the place.
        assert_eq!(place("user: \"\\t{{b}}\"\n", "\"\\t{{b}}\"", "\t{{b}}", "{{b}}"), "\"\\t{{b}}\"");
    }
}
