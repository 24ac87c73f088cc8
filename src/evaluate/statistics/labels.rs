//! Answers that are one of several labels.

use std::collections::{BTreeMap, BTreeSet};

use super::real;

/// How often each label was answered where each was expected. An answer that is no label is a miss and no class of its
/// own; it is counted under [`Confusion::NO_LABEL`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Confusion {
    labels: Vec<String>,
    counts: BTreeMap<(String, String), u64>,
}

impl Confusion {
    /// Under this name answers are counted that are no label.
    pub const NO_LABEL: &str = "";

    /// Nothing counted yet, of these labels.
    pub fn of(labels: Vec<String>) -> Self {
        Self { labels, counts: BTreeMap::new() }
    }

    /// The declared labels.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// Counts one answer.
    pub fn count(&mut self, expected: &str, answered: &str) {
        let answered = if self.labels.iter().any(|label| label == answered) { answered } else { Self::NO_LABEL };
        *self.counts.entry((expected.to_owned(), answered.to_owned())).or_default() += 1;
    }

    /// How often `answered` came where `expected` was right.
    pub fn at(&self, expected: &str, answered: &str) -> u64 {
        self.counts.get(&(expected.to_owned(), answered.to_owned())).copied().unwrap_or(0)
    }

    fn sum(&self, is_counted: impl Fn(&str, &str) -> bool) -> f64 {
        let counted = self.counts.iter().filter(|((expected, answered), _)| is_counted(expected, answered));
        real(counted.map(|(_, count)| count).sum::<u64>())
    }

    /// Cohen's κ: agreement beyond what the frequencies of the labels alone would give (Cohen 1960). `None` where
    /// chance alone agrees always.
    pub fn kappa(&self) -> Option<f64> {
        let total = self.sum(|_, _| true);
        let agreed = self.sum(|expected, answered| expected == answered) / total;
        let names: BTreeSet<&String> = self.counts.keys().flat_map(|(one, other)| [one, other]).collect();
        let chance = names.into_iter().map(|name| {
            self.sum(|expected, _| expected == name) / total * self.sum(|_, answered| answered == name) / total
        });
        let chance: f64 = chance.sum();
        let kappa = (agreed - chance) / (1.0 - chance);
        kappa.is_finite().then_some(kappa)
    }

    /// F1 of one label: twice what is right, over what was expected and what was answered; 0 where it never occurs.
    pub fn f1(&self, label: &str) -> f64 {
        let named = self.sum(|expected, _| expected == label) + self.sum(|_, answered| answered == label);
        if named == 0.0 { 0.0 } else { 2.0 * real(self.at(label, label)) / named }
    }

    /// The mean F1 of the declared labels; `None` without one.
    pub fn macro_f1(&self) -> Option<f64> {
        let count = u64::try_from(self.labels.len()).ok().filter(|count| *count > 0)?;
        Some(self.labels.iter().map(|label| self.f1(label)).sum::<f64>() / real(count))
    }
}
