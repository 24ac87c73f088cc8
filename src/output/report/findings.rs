//! Faults and warnings of many contexts, each said once: with its number, its range, and the contexts that it is of.

use std::collections::{BTreeMap, BTreeSet};

use crate::compare::review::Range;
use crate::cost::planner::words::money;
use crate::output::report::text::{counted, grouped};
use crate::syntax::diag::Diagnostic;
use crate::syntax::quantity::Usd;
use crate::text::project::ContextId;

/// Up to so many places of one fault are shown each.
const SHOWN_EACH: usize = 3;
/// The most names in one list.
const MAX_NAMES: usize = 8;

/// A fault or a warning.
#[derive(Debug, Clone)]
pub struct Finding<'a> {
    /// The one that is shown: of several, the one with the largest figure, else the first.
    pub diagnostic: &'a Diagnostic,
    /// The contexts that have it.
    pub contexts: BTreeSet<&'a ContextId>,
    /// How many there are that say the same, or the same with another figure, at different places.
    pub alike: usize,
    /// The figures of these.
    pub figures: Option<Range<u64>>,
}

/// What makes two diagnostics the same to a reader: place and words.
type Identity<'a> = (Option<&'a str>, Option<(usize, usize)>, &'a str, &'a str, Option<&'a str>, Option<&'a str>);

fn identity(diagnostic: &Diagnostic) -> Identity<'_> {
    let Diagnostic { severity: _, code, message, span, file: _, hint, model, is_open: _, figure: _, extent: _ } =
        diagnostic;
    let place = span.as_ref().map(|span| (span.start, span.end));
    (diagnostic.path().map(|path| path.as_str()), place, code, message, hint.as_deref(), model.as_deref())
}

/// Gathers the diagnostics of many contexts: errors first, then warnings, then notes, each in the order met. What
/// differs in place and figure alone is one finding from the fourth on.
pub fn gather<'a>(diagnostics: impl IntoIterator<Item = (&'a ContextId, &'a Diagnostic)>) -> Vec<Finding<'a>> {
    merged(each(diagnostics))
}

/// Gathers the diagnostics of many contexts, one finding for each place.
pub fn each<'a>(diagnostics: impl IntoIterator<Item = (&'a ContextId, &'a Diagnostic)>) -> Vec<Finding<'a>> {
    // The same words at the same place are one, however many contexts have it.
    let mut places: BTreeMap<Identity<'a>, usize> = BTreeMap::new();
    let mut found: Vec<Finding<'a>> = Vec::new();
    for (context, diagnostic) in diagnostics {
        let index = *places.entry(identity(diagnostic)).or_insert(found.len());
        match found.get_mut(index) {
            Some(finding) => {
                finding.contexts.insert(context);
            }
            None => {
                let (contexts, figures) = (BTreeSet::from([context]), Range::of(diagnostic.figure));
                found.push(Finding { diagnostic, contexts, alike: 1, figures });
            }
        }
    }
    found.sort_by_key(|finding| std::cmp::Reverse(finding.diagnostic.severity));
    found
}

fn merged(found: Vec<Finding<'_>>) -> Vec<Finding<'_>> {
    let mut kinds: BTreeMap<_, Vec<Finding<'_>>> = BTreeMap::new();
    for (number, finding) in found.into_iter().enumerate() {
        let Diagnostic { code, message, hint, model, figure, .. } = finding.diagnostic;
        // With another figure the words are others, too; of these codes the beginning says what it is about.
        let about = match &**code {
            "price-change" | "retiring-model" => message.split(": ").next(),
            code if code.starts_with("budget") => message.split(" is ").next(),
            _ => None,
        };
        let words = figure.map_or_else(|| (Some(&**message), hint.as_deref()), |_| (about, None));
        let kind = kinds.entry((std::cmp::Reverse(finding.diagnostic.severity), code, model, words)).or_default();
        kind.push(Finding { alike: number, ..finding });
    }
    let mut merged: Vec<(usize, Finding<'_>)> = Vec::new();
    for mut alike in kinds.into_values() {
        if alike.len() <= SHOWN_EACH {
            merged.extend(alike.into_iter().map(|finding| (finding.alike, Finding { alike: 1, ..finding })));
            continue;
        }
        let first = alike.first().map_or(0, |finding| finding.alike);
        let figures = Range::of(alike.iter().filter_map(|finding| finding.diagnostic.figure));
        let contexts = alike.iter().flat_map(|finding| finding.contexts.iter().copied()).collect();
        let number = alike.len();
        alike.sort_by_key(|finding| (std::cmp::Reverse(finding.diagnostic.figure), finding.alike));
        merged.extend(
            alike.into_iter().next().map(|shown| (first, Finding { contexts, alike: number, figures, ..shown })),
        );
    }
    merged.sort_by_key(|(number, finding)| (std::cmp::Reverse(finding.diagnostic.severity), *number));
    merged.into_iter().map(|(_, finding)| finding).collect()
}

impl Finding<'_> {
    /// The diagnostic that is shown, with the contexts that it is of.
    pub fn diagnostic(&self) -> Diagnostic {
        Diagnostic { extent: self.extent(), ..self.diagnostic.clone() }
    }

    /// Which contexts it is of and how many there are like it, in words; `None` where the place says it already.
    pub fn extent(&self) -> Option<String> {
        let path = self.diagnostic.path().map(|path| path.as_str());
        if let (1, 1, Some(id)) = (self.alike, self.contexts.len(), self.contexts.first())
            && id.variant.is_none()
            && path.and_then(|path| path.strip_prefix("contexts/")?.strip_suffix(".yaml")) == Some(&*id.name)
        {
            return None;
        }
        let mut words = String::new();
        if self.alike > 1 {
            let range = match self.figures {
                Some(Range { least, median, most }) if least < most => {
                    let dollars = |nano: u64| money(Usd { femto: i128::from(nano) * 1_000_000 });
                    let (words, unit): (fn(u64) -> String, _) = match &*self.diagnostic.code {
                        "price-change" | "retiring-model" => (dollars, " then"),
                        code if code.starts_with("budget") => (grouped, "% of the limit"),
                        _ => (grouped, " tokens"),
                    };
                    format!(" ({} to {}{unit}, median {})", words(least), words(most), words(median))
                }
                _ => String::new(),
            };
            words = format!("one of {} alike{range}; ", grouped(self.alike as u64));
        }
        let names: Vec<String> = self.contexts.iter().take(MAX_NAMES).map(ToString::to_string).collect();
        let more = self.contexts.len() - names.len();
        let more = if more > 0 { format!(" and {} more", grouped(more as u64)) } else { String::new() };
        Some(match self.contexts.len() {
            1 => format!("{words}in {}", names.join("")),
            all => format!("{words}in {}: {}{more}", counted(all, "context"), names.join(", ")),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_many_contexts_share_is_said_once() {
        let ids: Vec<ContextId> = (0..40).map(|number| ContextId::parse(&format!("c{number:02}"))).collect();
        let same = Diagnostic::error("unknown-model", "there is no such model");
        let short: Vec<Diagnostic> =
            (0..40).map(|n| Diagnostic::warning("short-prefix", format!("{n} tokens short")).measuring(n)).collect();
        let shared = ids.iter().map(|id| (id, &same));
        let all = ids.iter().zip(&short).chain(shared);
        let findings = gather(all);
        let words: Vec<(&str, Option<String>)> =
            findings.iter().map(|finding| (finding.diagnostic.message.as_str(), finding.extent())).collect();
        let names = "in 40 contexts: c00, c01, c02, c03, c04, c05, c06, c07 and 32 more";
        assert_eq!(
            words,
            [
                ("there is no such model", Some(names.to_owned())),
                ("39 tokens short", Some(format!("one of 40 alike (0 to 39 tokens, median 19); {names}"))),
            ]
        );
        assert_eq!(gather(ids.iter().zip(&short).take(3)).len(), 3);
    }
}
