use super::*;
use crate::evaluate::cases::tests::{Project, side};
use crate::evaluate::judge::Ruling;
use crate::evaluate::scored::{Graded, ScoredCase};
use crate::evaluate::scorers::Score;
use crate::evaluate::statistics::{ALPHA, Pairs, detectable, mcnemar, newcombe};
use crate::evaluate::{Answered, Outcome, Stop, Usage};
use crate::syntax::random::SplitMix64;

/// Scores of one side, one list a case; `None` where there is no answer.
fn scored(cases: &[Vec<Option<i64>>]) -> Scored {
    let graded = |points: &Option<i64>| Graded {
        grade: match points {
            Some(FULL) => Grade::Right,
            Some(_) => Grade::Wrong,
            None => Grade::Error,
        },
        score: Score { points: points.unwrap_or(0), ..Score::default() },
        text: String::new(),
        latency_ms: points.map(|_| 100),
    };
    let case = |points: &Vec<Option<i64>>| {
        let answers: Vec<Graded> = points.iter().map(graded).collect();
        let right = answers.iter().all(|answer| answer.grade == Grade::Right);
        let is_known = !answers.iter().any(|answer| answer.grade == Grade::Error);
        ScoredCase { answers, is_right: (is_known || !right).then_some(right && is_known) }
    };
    let cases = cases.iter().map(case).collect();
    Scored { side: side("m"), cases, usd: None, cache_read: 0, forecast: None, recorded: None }
}

/// One answer a case: both right, lost, gained, neither.
fn pairs(both: usize, lost: usize, gained: usize, neither: usize) -> Paired {
    let side = |counts: [(usize, i64); 4]| {
        let points = counts.into_iter().flat_map(|(count, points)| vec![vec![Some(points)]; count]);
        scored(&points.collect::<Vec<_>>())
    };
    let base = side([(both, FULL), (lost, FULL), (gained, 0), (neither, 0)]);
    let head = side([(both, FULL), (lost, 0), (gained, FULL), (neither, 0)]);
    Paired::of(scores(&base, &head), false)
}

fn alone(paired: &Paired) -> Comparison {
    paired.comparison(((0, 1), 1), crate::evaluate::protocol::DEFAULT_MARGIN, |p| p)
}

/// Measured counts of a small model over 64 cases among others, with p and interval by statsmodels (McNemar, Wilson) and
/// Newcombe's formula over it, and what the rule says of them.
#[test]
fn the_rule_says_what_the_counts_allow() {
    for (both, lost, gained, neither, p, interval, verdict) in [
        (25, 3, 28, 8, "4.6e-6", "0.2357 0.5196", Verdict::Better),
        (51, 2, 2, 9, "1", "-0.0762 0.0762", Verdict::TooFewCases),
        (46, 7, 0, 11, "0.0156", "-0.1976 -0.0263", Verdict::Worse),
        (95, 0, 0, 5, "1", "-0.0385 0.0385", Verdict::NoDifferenceShown),
        (10, 5, 0, 0, "0.0625", "-0.5829 -0.0603", Verdict::TooFewCases),
    ] {
        let found = alone(&pairs(both, lost, gained, neither));
        let [low, high] = found.interval;
        let printed = (found.p.to_string(), format!("{low} {high}"), found.verdict);
        assert_eq!(printed, (p.to_owned(), interval.to_owned(), verdict), "{lost} lost, {gained} gained");
        assert_eq!(found.test, TestName::McNemar);
        assert_eq!(found.needed.is_some(), verdict == Verdict::TooFewCases && found.needed > Some(found.n));
    }
    assert_eq!(alone(&pairs(51, 2, 2, 9)).needed, Some(194));
}

#[test]
fn missing_answers_are_left_out_of_both_sides_and_may_not_decide() {
    let one = |points: &[Option<i64>]| scored(&points.iter().map(|one| vec![*one]).collect::<Vec<_>>());
    let verdict = |base: &[Option<i64>], head: &[Option<i64>]| {
        let found = alone(&Paired::of(scores(&one(base), &one(head)), false));
        (found.n, found.dropped, found.verdict)
    };
    let full = |count: usize| vec![Some(FULL); count];
    // Twelve of a hundred: too many, whatever the others say.
    let head = [full(88), vec![None; 12]].concat();
    assert_eq!(verdict(&full(100), &head), (88, 12, Verdict::NotMeasured));
    // Twenty gained and one missing: better at the worst, too.
    let base = [vec![Some(0); 20], full(80)].concat();
    let head = [full(99), vec![None]].concat();
    assert_eq!(verdict(&base, &head), (99, 1, Verdict::Better));
    // Six gained and one missing: that one could turn it.
    let base = [vec![Some(0); 6], full(14)].concat();
    let head = [full(19), vec![None]].concat();
    assert_eq!(verdict(&base, &head), (19, 1, Verdict::NotMeasured));
    assert_eq!(verdict(&[None], &[None]), (0, 1, Verdict::NotMeasured));
    assert_eq!(verdict(&[], &[]), (0, 0, Verdict::NotMeasured));
}

/// A hundred repeats of one case are one case.
#[test]
fn repeats_are_not_cases() {
    let base = scored(&[vec![Some(FULL); 100], vec![Some(FULL)]]);
    let head = scored(&[vec![Some(0); 100], vec![Some(FULL)]]);
    let paired = Paired::of(scores(&base, &head), false);
    assert_eq!((paired.test, paired.p()), (TestName::SignFlip, 1.0));
    assert_eq!(alone(&paired).n, 2);
}

/// A set of cases of whom some are hard: chances of being right, from a fixed sequence.
fn chances(count: usize, random: &mut SplitMix64) -> Vec<f64> {
    (0..count).map(|_| 1.0 - unit(random).powi(3)).collect()
}

#[expect(clippy::cast_precision_loss, reason = "32 bits are exact")]
fn unit(random: &mut SplitMix64) -> f64 {
    (random.bits() >> 32) as f64 / 4_294_967_296.0
}

fn answers(chances: &[f64], repeats: usize, random: &mut SplitMix64) -> Scored {
    let answer = |chance: f64, random: &mut SplitMix64| Some(if unit(random) < chance { FULL } else { 0 });
    let case = |chance: &f64| (0..repeats).map(|_| answer(*chance, random)).collect::<Vec<_>>();
    scored(&chances.iter().map(case).collect::<Vec<_>>())
}

/// Both sides have the same chances: at most 64 of 1,000 runs may find a difference, what a rule of exactly 5 % shows
/// in all but one of twenty thousand such tests.
#[test]
fn equal_prompts_are_rarely_called_different() {
    for (cases, repeats) in [(30, 1), (100, 1), (200, 1), (50, 3), (60, 5)] {
        let mut random = SplitMix64::new(cases as u64);
        let alarms = (0..1000).filter(|_| {
            let chances = chances(cases, &mut random);
            let sides = [(); 2].map(|()| answers(&chances, repeats, &mut random));
            Paired::of(scores(&sides[0], &sides[1]), false).p() <= ALPHA
        });
        let alarms = alarms.count();
        assert!(alarms <= 64, "{alarms} alarms of 1,000 with {cases} cases asked {repeats} times");
    }
}

/// Ten contexts in one run: without the correction for several comparisons a fifth of such runs would alarm.
#[test]
fn several_contexts_alarm_no_more_often_than_one() {
    let mut random = SplitMix64::new(10);
    let mut one = || {
        let chances = chances(60, &mut random);
        Paired::of(scores(&answers(&chances, 1, &mut random), &answers(&chances, 1, &mut random)), false).p()
    };
    let runs: Vec<Vec<f64>> = (0..1000).map(|_| (0..10).map(|_| one()).collect()).collect();
    let alarms = |adjusted: &dyn Fn(&[f64]) -> Vec<f64>| {
        runs.iter().filter(|values| adjusted(values).iter().any(|p| *p <= ALPHA)).count()
    };
    assert!(alarms(&holm) <= 64, "{}", alarms(&holm));
    assert!(alarms(&<[f64]>::to_vec) > 100);
}

/// At the difference that is said to be found in 80 of 100 evaluations, at least 770 of 1,000 find it.
#[test]
fn the_difference_that_is_promised_is_found() {
    for (cases, discordance) in [(50, 0.2), (100, 0.2), (200, 0.1)] {
        let difference = detectable(cases as u64, discordance).expect("a difference");
        let mut random = SplitMix64::new(7);
        let found = (0..1000).filter(|_| {
            let draws = (0..cases).map(|_| unit(&mut random)).collect::<Vec<_>>();
            let lost = draws.iter().filter(|draw| **draw < f64::midpoint(discordance, difference)).count();
            let gained = draws.iter().filter(|draw| **draw > 1.0 - (discordance - difference) / 2.0).count();
            alone(&pairs(cases - lost - gained, lost, gained, 0)).verdict == Verdict::Worse
        });
        let found = found.count();
        assert!((770..=850).contains(&found), "{found} of 1,000 with {cases} cases");
    }
}

pub(in crate::evaluate) fn answered(text: &str, latency_ms: u64) -> Outcome {
    Outcome::Answered(Answered {
        text: text.to_owned(),
        stop: if text == "no" { Stop::Refused } else { Stop::Complete },
        usage: Usage { cache_read: 10, ..Usage::default() },
        latency_ms: Some(latency_ms),
        first_token_ms: None,
        origin: "http://127.0.0.1:1".to_owned(),
        model: "m".to_owned(),
        attempts: 1,
    })
}

/// An evaluation of one context over cases that expect `a`, from the answers of both sides.
pub(crate) fn evaluation(eval: &str, base: &[&str], head: &[&str]) -> Evaluation {
    looked(eval, base, head, &[1])
}

/// `count` of them in one run.
pub(crate) fn many(eval: &str, base: &[&str], head: &[&str], count: usize) -> Evaluation {
    looked(eval, base, head, &vec![1; count])
}

/// One of them for each of these looks.
fn looked(eval: &str, base: &[&str], head: &[&str], looks: &[u32]) -> Evaluation {
    // The first two are tagged.
    let line = |at: usize| {
        let tags = if at < 2 { ", \"tags\": \"first\"" } else { "" };
        format!("{{\"inputs\": {{\"q\": \"{at}\"}}, \"expect\": \"a\"{tags}}}\n")
    };
    let cases: String = (0..head.len()).map(line).collect();
    let project = Project::new(eval, &cases);
    let outcomes = |texts: &[&str]| -> Vec<Vec<Outcome>> {
        let outcome = |text: &&str| if text.is_empty() { Outcome::Missing } else { answered(text, 1000) };
        texts.iter().map(|text| vec![outcome(text)]).collect()
    };
    let results = |texts: &[&str], look| Results {
        side: side("m"),
        look,
        outcomes: outcomes(texts),
        usd: Usd::parse("0.3"),
        forecast: Some(0),
        recorded: Some(0),
    };
    let trial = |look: &u32| {
        let base = (!base.is_empty()).then(|| results(base, *look));
        Trial {
            protocol: project.protocol(),
            base,
            head: results(head, *look),
            new: None,
            is_same: false,
            judged: None,
        }
    };
    Evaluation::of(looks.iter().map(trial).collect())
}

#[test]
fn asking_again_until_a_difference_shows_shows_none() {
    let (base, head) = ([vec!["a"; 40], vec!["b"; 6]].concat(), ["a"; 46]);
    let verdicts = |looks: &[u32]| -> Vec<String> {
        let found = looked("score: [{label: [a, b]}]", &base, &head, looks).comparisons;
        found.iter().map(|own| format!("{} {} {}", own.p, own.p_holm, own.verdict)).collect()
    };
    assert_eq!(verdicts(&[1]), ["0.0313 0.0313 better"]);
    assert_eq!(verdicts(&[2]), ["0.0313 0.0625 no_difference_shown"]);
    // One comparison pays for its own looks, and both for each other.
    assert_eq!(verdicts(&[1, 3]), ["0.0313 0.0625 no_difference_shown", "0.0313 0.0938 no_difference_shown"]);
}

#[test]
fn gates_say_what_is_shown_and_nothing_that_is_unknown() {
    let gates = |gates: &str, base: &[&str], head: &[&str]| {
        let found = evaluation(&format!("gates: {{{gates}}}"), base, head);
        let gates: Vec<String> = found
            .gates
            .iter()
            .map(|gate| format!("{} {} {}", gate.name, gate.actual.as_deref().unwrap_or("?"), gate.status))
            .collect();
        (gates.join(", "), found.answer())
    };
    let of =
        |right: usize, wrong: usize, missing: usize| [vec!["a"; right], vec!["b"; wrong], vec![""; missing]].concat();
    // The bounds of 43 of 50, 90 of 100 and 182 of 200: facts of the rule.
    for (gate, base, head, wanted, answer) in [
        ("pass: 85%", of(0, 0, 0), of(43, 7, 0), "pass 0.86 open", Answer::Yes),
        ("pass: 85%, open: fail", of(0, 0, 0), of(43, 7, 0), "pass 0.86 open", Answer::No),
        ("pass: 85%", of(0, 0, 0), of(182, 18, 0), "pass 0.91 met", Answer::Yes),
        ("pass: 85%", of(0, 0, 0), of(30, 20, 0), "pass 0.6 missed", Answer::No),
        ("pass: 85%", of(0, 0, 0), of(182, 0, 18), "pass 1 met", Answer::Yes),
        ("pass: 85%", of(0, 0, 0), of(176, 0, 25), "pass 1 open", Answer::Open),
        ("pass: 85%", of(0, 0, 0), of(0, 0, 9), "pass ? unknown", Answer::Open),
        ("cost_per_call: $0.03", of(0, 0, 0), of(10, 0, 0), "cost_per_call 0.03 met", Answer::Yes),
        ("cost_per_call: $0.0299", of(0, 0, 0), of(10, 0, 0), "cost_per_call 0.03 missed", Answer::No),
        ("latency_p95: 1s", of(0, 0, 0), of(10, 0, 0), "latency_p95 1000 met", Answer::Yes),
        ("latency_p95: 999ms", of(0, 0, 0), of(10, 0, 0), "latency_p95 1000 missed", Answer::No),
        ("recorded: base", of(0, 0, 0), of(9, 0, 0), "recorded 0 met", Answer::Yes),
        ("regression: 5%", of(0, 0, 0), of(9, 0, 0), "", Answer::Yes),
        ("regression: 5%", of(99, 1, 0), of(99, 1, 0), "regression 0 met", Answer::Yes),
        ("regression: 5%", of(9, 1, 0), of(9, 1, 0), "regression 0 open", Answer::Yes),
        ("regression: 5%", of(50, 0, 0), of(40, 10, 0), "regression 0.2 missed", Answer::No),
        ("regression: 30%", of(50, 0, 0), of(40, 10, 0), "regression 0.2 open", Answer::No),
        ("regression: 5%", of(50, 0, 0), of(40, 0, 10), "regression 0 unknown", Answer::Open),
    ] {
        assert_eq!(gates(gate, &base, &head), (wanted.to_owned(), answer), "{gate}");
    }
}

#[test]
fn a_run_counts_right_wrong_refused_and_error_apart() {
    let found = evaluation("score: [equals]", &[], &["a", "b", "no", "", "a"]);
    let run = &found.runs[0].run;
    assert_eq!((run.cases, run.right, run.refused, run.errors, run.flaky), (5, 2, 1, 1, 0));
    assert_eq!(run.score.map(|score| score.to_string()).as_deref(), Some("0.5"));
    assert_eq!((run.latency_ms.p95, run.cache.read), (Some(1000), 40));
    // A fifth is missing.
    assert_eq!(found.answer(), Answer::Open);
}

#[test]
fn decimals_are_short_and_never_a_false_zero() {
    for (number, printed) in [
        (0.1, "0.1"),
        (0.80833, "0.8083"),
        (-0.00001, "0"),
        (4.65e-6, "4.7e-6"),
        (0.0, "0"),
        (1.0, "1"),
        (-0.25, "-0.25"),
    ] {
        assert_eq!(Decimal(number).to_string(), printed);
    }
}

/// Three, two and no right answers of three: pass@2 and pass^2 by counting the draws of two.
#[test]
fn repeats_say_how_likely_one_and_all_are_right() {
    let of = |right: usize, n: usize| (0..n).map(|at| Some(if at < right { FULL } else { 0 })).collect::<Vec<_>>();
    let found = repeats(&scored(&[of(3, 3), of(2, 3), of(0, 3), of(1, 2), vec![None, None]])).expect("repeats");
    assert_eq!((found.k, found.any.to_string(), found.all.to_string()), (2, "0.75".to_owned(), "0.3333".to_owned()));
    assert!(repeats(&scored(&[of(1, 1), of(3, 3)])).is_none());
}

/// What a judge says of cases, each asked so often, with these rulings.
fn judged(rulings: Vec<Vec<Ruling>>) -> Judged {
    Judged {
        side: side("judge"),
        usd: None,
        recorded: None,
        cases: rulings,
        lengths: Vec::new(),
        confusion: Confusion::of(Vec::new()),
        labelled: 0,
        unanswered: 0,
        doubts: Vec::new(),
    }
}

/// By the definition of each: McNemar's test and Newcombe's interval with every tie right on both sides.
#[test]
fn what_a_judge_prefers_is_the_comparison_of_cases_that_change_sides() {
    let of = |counts: [(Ruling, u64); 5]| {
        let rulings = counts.into_iter().flat_map(|(ruling, count)| (0..count).map(move |_| vec![ruling]));
        Paired::of(judgement::pairs(&judged(rulings.collect())), false)
    };
    for (lost, gained, ties) in (0..12).flat_map(|lost| (0..12).map(move |gained| (lost, gained, 3 * lost + gained))) {
        let own = of([
            (Ruling::First, lost),
            (Ruling::Second, gained),
            (Ruling::Tie, ties / 3),
            (Ruling::Disagreed, ties / 3),
            (Ruling::SameText, ties - 2 * (ties / 3)),
        ]);
        let found = alone(&own);
        let interval = newcombe(Pairs { both: ties, lost, gained, neither: 0 });
        let wanted = (lost, gained, lost + gained + ties, mcnemar(lost, gained), ends(interval));
        assert_eq!((found.lost, found.gained, found.n, own.p(), found.interval), wanted);
    }
    // No verdict is no tie: it is dropped from both sides.
    let found = alone(&of([
        (Ruling::Second, 30),
        (Ruling::Tie, 4),
        (Ruling::None, 3),
        (Ruling::Missing, 3),
        (Ruling::First, 0),
    ]));
    assert_eq!((found.n, found.dropped, found.verdict), (34, 6, Verdict::NotMeasured));
    // The case is the unit: what most of its repeats say, and their sum in the test.
    let found =
        Paired::of(judgement::pairs(&judged(vec![vec![Ruling::Second, Ruling::Second, Ruling::First]; 20])), false);
    let found = alone(&found);
    assert_eq!((found.gained, found.lost, found.n, found.test), (20, 0, 20, TestName::SignFlip));
    assert_eq!(found.difference.to_string(), "0.3333");
}

/// A change may add a judge that its base does not have: it must not weaken what the scores say.
#[test]
fn a_judge_makes_others_pay_only_where_it_can_fail_the_run() {
    let cases: String =
        (0..46).map(|id| format!("{{\"id\": {id}, \"inputs\": {{\"q\": \"q\"}}, \"expect\": \"a\"}}\n")).collect();
    let of = |gates: &str, preferred: usize| {
        let project =
            Project::new(&format!("score: [{{label: [a, b]}}]\n  judge: {{context: j}}\n  gates: {{{gates}}}"), &cases);
        let results = |right: usize| Results {
            side: side("m"),
            look: 1,
            outcomes: (0..46).map(|at| vec![answered(if at < right { "a" } else { "b" }, 1)]).collect(),
            usd: None,
            forecast: None,
            recorded: None,
        };
        let rulings = (0..46).map(|at| vec![if at < preferred { Ruling::First } else { Ruling::Tie }]);
        let trial = Trial {
            protocol: project.protocol(),
            base: Some(results(46)),
            head: results(40),
            new: None,
            is_same: false,
            judged: Some(judged(rulings.collect())),
        };
        Evaluation::of(vec![trial])
    };
    let shown = |found: &Evaluation| {
        let judged = &found.judgements[0].comparison;
        let own = &found.comparisons[0];
        [own.p_holm, judged.p_holm]
            .map(|p| p.to_string())
            .into_iter()
            .chain([own.verdict.to_string()])
            .collect::<Vec<_>>()
    };
    assert_eq!(shown(&of("regression: 5%", 2)), ["0.0313", "0.5", "worse"]);
    assert_eq!(shown(&of("regression: 5%, judge: 5%", 2)), ["0.0625", "0.5", "too_few_cases"]);
    let found = of("regression: 50%, judge: 5%", 20);
    assert_eq!((found.gates[1].name, found.gates[1].status, found.answer()), ("judge", GateStatus::Missed, Answer::No));
    // Without a gate it fails nothing, whatever it prefers.
    let only = Evaluation { comparisons: Vec::new(), gates: Vec::new(), ..of("regression: 5%", 20) };
    assert_eq!((only.judgements[0].comparison.verdict, only.answer()), (Verdict::Worse, Answer::Yes));
}
