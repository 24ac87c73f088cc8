//! Two sides, case by case: the test, the interval, and the verdict that both allow.

use std::cell::OnceCell;

use super::{Comparison, Decimal, FULL_REAL, TestName, Verdict, ends, margin_real, share};
use crate::evaluate::scored::Scored;
use crate::evaluate::scorers::FULL;
use crate::evaluate::statistics::{ALPHA, Interval, Pairs, bootstrap, mcnemar, needed, newcombe, sign_flip, visible};
use crate::syntax::quantity::Share;

/// One case of both sides, the base's side first.
pub(super) struct PairedCase {
    /// The points of each pair of answers; `None` where there is no answer.
    pub(super) answers: Vec<(Option<i64>, Option<i64>)>,
    /// Which side has it right; `None` where that is not known.
    pub(super) is_right: (Option<bool>, Option<bool>),
}

/// The cases of both sides.
pub(super) type Sides = Vec<PairedCase>;

/// Both sides by their scores.
pub(super) fn scores(base: &Scored, head: &Scored) -> Sides {
    let both = base.cases.iter().zip(&head.cases).map(|(base, head)| {
        let answers = base.answers.iter().zip(&head.answers).map(|(base, head)| (base.points(), head.points()));
        PairedCase { answers: answers.collect(), is_right: (base.is_right, head.is_right) }
    });
    both.collect()
}

/// The answers of two sides, case by case.
pub(super) struct Paired {
    /// For each case with a pair of answers, the sum of the differences of its pairs.
    differences: Vec<i64>,
    /// How many pairs of answers there are.
    answers: u64,
    /// Who has which case right.
    pairs: Pairs,
    /// Answers without a partner.
    dropped: u64,
    /// For each case with an answer dropped, the least and the largest difference that it could have.
    worst: Vec<(i64, i64)>,
    pub(super) test: TestName,
    /// Whether both sides sent the very same requests.
    pub(super) is_same: bool,
    /// Its p and its interval, once they were asked for: over thousands of cases they take a while.
    known: (OnceCell<f64>, OnceCell<Interval>),
}

impl Paired {
    pub(super) fn of(cases: Sides, is_same: bool) -> Self {
        let mut own = Self {
            differences: Vec::new(),
            answers: 0,
            pairs: Pairs::default(),
            dropped: 0,
            worst: Vec::new(),
            test: TestName::McNemar,
            is_same,
            known: <_>::default(),
        };
        for PairedCase { answers: both, is_right } in cases {
            if both.len() != 1 || both.iter().any(|(base, head)| [base, head].iter().any(|side| is_partial(**side))) {
                own.test = TestName::SignFlip;
            }
            let (mut sum, mut known, mut low, mut high) = (0, 0_u64, 0, 0);
            for (base, head) in both {
                let (least, most) = match (base, head) {
                    (Some(base), Some(head)) => {
                        known += 1;
                        sum += head - base;
                        (head - base, head - base)
                    }
                    (Some(base), None) => (-base, FULL - base),
                    (None, Some(head)) => (head - FULL, head),
                    (None, None) => (-FULL, FULL),
                };
                own.dropped += u64::from(base.is_none() || head.is_none());
                (low, high) = (low + least, high + most);
            }
            if known > 0 {
                own.differences.push(sum);
                own.answers += known;
            }
            if low != high || known == 0 {
                own.worst.push((low - sum, high - sum));
            }
            match is_right {
                (Some(true), Some(true)) => own.pairs.both += 1,
                (Some(true), Some(false)) => own.pairs.lost += 1,
                (Some(false), Some(true)) => own.pairs.gained += 1,
                (Some(false), Some(false)) => own.pairs.neither += 1,
                _ => {}
            }
        }
        own
    }

    pub(super) fn p(&self) -> f64 {
        *self.known.0.get_or_init(|| match self.test {
            TestName::McNemar => mcnemar(self.pairs.lost, self.pairs.gained),
            TestName::SignFlip => sign_flip(&self.differences),
        })
    }

    fn sum(&self) -> i64 {
        self.differences.iter().sum()
    }

    /// The 95 % interval of the mean difference.
    fn interval(&self) -> Interval {
        *self.known.1.get_or_init(|| match self.test {
            _ if self.differences.is_empty() => Interval { low: -1.0, high: 1.0 },
            _ if self.is_same => Interval { low: 0.0, high: 0.0 },
            TestName::McNemar => newcombe(self.pairs),
            TestName::SignFlip => {
                let (low, high) = bootstrap(&self.differences);
                Interval { low: self.mean(low), high: self.mean(high) }
            }
        })
    }

    /// A sum of differences over all answers, as a mean score.
    #[expect(clippy::cast_precision_loss, reason = "sums of scores are far below 2^53")]
    fn mean(&self, sum: i64) -> f64 {
        if self.answers == 0 { 0.0 } else { sum as f64 / FULL_REAL / self.answers as f64 }
    }

    /// The mean square of a case's difference; the share of cases that change sides where answers are right or wrong.
    #[expect(clippy::cast_precision_loss, reason = "counts of cases are far below 2^53")]
    fn square(&self) -> f64 {
        let cases = self.differences.len().max(1) as f64;
        let repeats = self.answers as f64 / cases;
        let squares = self.differences.iter().map(|sum| (*sum as f64 / FULL_REAL / repeats.max(1.0)).powi(2));
        squares.sum::<f64>() / cases
    }

    /// These pairs with every answer that is missing at its worst, or at its best, for the head.
    fn imputed(&self, pick: impl Fn(&(i64, i64)) -> i64) -> Self {
        let mut differences = self.differences.clone();
        differences.extend(self.worst.iter().map(&pick));
        let count = |sign: i64| share(self.worst.iter().filter(|ends| pick(ends).signum() == sign).count());
        let pairs = Pairs {
            lost: self.pairs.lost + count(-1),
            gained: self.pairs.gained + count(1),
            neither: self.pairs.neither + count(0),
            ..self.pairs
        };
        let answers = self.answers + self.dropped;
        Self {
            differences,
            answers,
            pairs,
            dropped: 0,
            worst: Vec::new(),
            test: self.test,
            is_same: self.is_same,
            known: <_>::default(),
        }
    }

    /// The verdict by an adjusted p: p decides whether there is a difference, the interval whether a loss is excluded.
    fn verdict(&self, p: f64, margin: f64) -> Verdict {
        match self.sum() {
            sum if p <= ALPHA && sum > 0 => Verdict::Better,
            sum if p <= ALPHA && sum < 0 => Verdict::Worse,
            _ if self.interval().low >= -margin => Verdict::NoDifferenceShown,
            _ => Verdict::TooFewCases,
        }
    }

    pub(super) fn comparison(
        &self,
        ((base, head), look): ((usize, usize), u32),
        margin: Share,
        adjust: impl Fn(f64) -> f64,
    ) -> Comparison {
        let (margin, p_holm) = (margin_real(margin), adjust(self.p()));
        let all = self.answers + self.dropped;
        let by_scores = self.verdict(p_holm, margin);
        // Whether the answers that are missing could turn it.
        let is_turned = || {
            [self.imputed(|ends| ends.0), self.imputed(|ends| ends.1)].iter().any(|worst| {
                let verdict = worst.verdict(adjust(worst.p()), margin);
                verdict != by_scores && !(by_scores == Verdict::TooFewCases && verdict == Verdict::NoDifferenceShown)
            })
        };
        let is_lost = self.differences.is_empty()
            || !self.is_same && (self.dropped * 10 > all || self.dropped > 0 && is_turned());
        let verdict = if is_lost { Verdict::NotMeasured } else { by_scores };
        let n = share(self.differences.len());
        let enough = needed(self.square(), margin).filter(|needed| *needed > n);
        Comparison {
            base,
            head,
            n,
            lost: self.pairs.lost,
            gained: self.pairs.gained,
            dropped: self.dropped,
            difference: Decimal(self.mean(self.sum())),
            interval: ends(self.interval()),
            p: Decimal(self.p()),
            p_holm: Decimal(p_holm),
            look,
            test: self.test,
            margin: Decimal(margin),
            detectable: visible(n, self.square()).map(Decimal),
            needed: if verdict == Verdict::TooFewCases { enough } else { None },
            same_requests: self.is_same,
            verdict,
        }
    }
}

/// Whether a score is neither none nor full.
fn is_partial(points: Option<i64>) -> bool {
    points.is_some_and(|points| points != 0 && points != FULL)
}
