//! The answers of one side with their scores: right, wrong, refused, and those that there are not.

use super::scorers::{FULL, Score, Scorers};
use super::{CaseSet, Outcome, Results, Side, Stop};
use crate::syntax::decode::names;
use crate::syntax::quantity::Usd;

names! {
    /// What became of asking a case once.
    pub enum Grade {
        /// The full score.
        Right = "right",
        /// An answer that some scorer does not take.
        Wrong = "wrong",
        /// The model or its provider refused: wrong, listed apart.
        Refused = "refused",
        /// Nothing came back: neither right nor wrong.
        Error = "error",
        /// Nothing is recorded, and nobody was asked: neither right nor wrong.
        Missing = "missing",
    }
}

/// One answer, or what is there instead of it.
#[derive(Debug, Clone)]
pub struct Graded {
    /// What became of it.
    pub grade: Grade,
    /// Its score; 0 without an answer.
    pub score: Score,
    /// The text of the answer, or why there is none. Text of a model: untrusted wherever it is shown.
    pub text: String,
    /// From request to answer.
    pub latency_ms: Option<u64>,
}

impl Graded {
    /// Its points, if there is an answer.
    pub fn points(&self) -> Option<i64> {
        (!matches!(self.grade, Grade::Error | Grade::Missing)).then_some(self.score.points)
    }
}

/// The answers of one side.
#[derive(Debug, Clone)]
pub struct Scored {
    /// Whose.
    pub side: Side,
    /// For each case in the order of its set, each of its repeats.
    pub cases: Vec<ScoredCase>,
    /// What all of them cost when they were asked.
    pub usd: Option<Usd>,
    /// Input tokens read from the cache.
    pub cache_read: u64,
    /// Input tokens that were expected to be.
    pub forecast: Option<u64>,
    /// How many answers this change has recorded itself.
    pub recorded: Option<u64>,
}

/// One case of one side.
#[derive(Debug, Clone)]
pub struct ScoredCase {
    /// Its answers.
    pub answers: Vec<Graded>,
    /// Whether as many of them are right as must be. `None` where those that are missing would decide it.
    pub is_right: Option<bool>,
}

impl ScoredCase {
    /// Whether some of its answers are right and some are not.
    pub fn is_flaky(&self) -> bool {
        let mut answered = self.answers.iter().filter(|answer| answer.points().is_some());
        let first = answered.next().map(|answer| answer.grade == Grade::Right);
        answered.any(|answer| Some(answer.grade == Grade::Right) != first)
    }

    /// How many of its answers are right.
    pub fn right(&self) -> usize {
        self.answers.iter().filter(|answer| answer.grade == Grade::Right).count()
    }
}

impl Scored {
    /// Scores every answer of one side.
    pub fn of(results: Results, set: &CaseSet, scorers: &Scorers) -> Self {
        let Results { side, outcomes, usd, forecast, recorded, .. } = results;
        let mut cache_read = 0;
        let cases = set.cases.iter().zip(outcomes).map(|(case, outcomes)| {
            let answers: Vec<Graded> = outcomes
                .into_iter()
                .map(|outcome| {
                    let none = |grade, text| Graded { grade, score: Score::default(), text, latency_ms: None };
                    let answered = match outcome {
                        Outcome::Error(why) => return none(Grade::Error, why),
                        Outcome::Missing => return none(Grade::Missing, "no answer is recorded".to_owned()),
                        Outcome::Answered(answered) => answered,
                    };
                    cache_read += answered.usage.cache_read;
                    let (grade, score) = if answered.stop == Stop::Refused {
                        let label = scorers.labels().map(|_| String::new());
                        (Grade::Refused, Score { reasons: vec!["the model refused".to_owned()], label, points: 0 })
                    } else {
                        let mut score = scorers.score(case, &answered.text);
                        if answered.stop == Stop::Cut && score.points < FULL {
                            score.reasons.push("the answer was cut by its limit of tokens".to_owned());
                        }
                        (if score.points == FULL { Grade::Right } else { Grade::Wrong }, score)
                    };
                    Graded { grade, score, text: answered.text, latency_ms: answered.latency_ms }
                })
                .collect();
            let count = |is: &dyn Fn(&Graded) -> bool| {
                u32::try_from(answers.iter().filter(|answer| is(answer)).count()).unwrap_or(u32::MAX)
            };
            let right = count(&|answer| answer.grade == Grade::Right);
            let unanswered = count(&|answer| answer.points().is_none());
            let is_right = match right >= case.pass {
                true => Some(true),
                false if right + unanswered < case.pass => Some(false),
                false => None,
            };
            ScoredCase { answers, is_right }
        });
        let cases = cases.collect();
        Self { side, cases, usd, cache_read, forecast, recorded }
    }

    /// Every answer.
    pub fn answers(&self) -> impl Iterator<Item = &Graded> {
        self.cases.iter().flat_map(|case| &case.answers)
    }

    /// Those that are there.
    pub fn answered(&self) -> impl Iterator<Item = &Graded> {
        self.answers().filter(|answer| answer.points().is_some())
    }

    /// Whether it was measured: something was asked, and no more than a tenth of the answers is missing.
    pub fn is_measured(&self) -> bool {
        let asked = self.answers().count();
        asked > 0 && (asked - self.answered().count()) * 10 <= asked
    }

    /// How many answers have this grade.
    pub fn count(&self, grade: Grade) -> usize {
        self.answers().filter(|answer| answer.grade == grade).count()
    }

    /// How many cases are right, wrong, and undecided.
    pub fn tally(&self) -> (u64, u64, u64) {
        let count = |is_right| {
            let cases = self.cases.iter().filter(|case| case.is_right == is_right).count();
            u64::try_from(cases).unwrap_or(u64::MAX)
        };
        (count(Some(true)), count(Some(false)), count(None))
    }

    /// The latency below which this share of the answers stay (hundredths, by nearest rank). Where some came out of a batch
    /// nobody knows.
    pub fn latency(&self, hundredths: usize) -> Option<u64> {
        let mut all: Vec<u64> = self.answered().map(|answer| answer.latency_ms).collect::<Option<_>>()?;
        all.sort_unstable();
        all.get((all.len() * hundredths).div_ceil(100).checked_sub(1)?).copied()
    }
}
