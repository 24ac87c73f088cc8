use super::*;
use crate::evaluate::cases::tests::side;
use crate::evaluate::verdict::tests::answered;
use crate::syntax::random::SplitMix64;
use crate::syntax::source::{ProjectPath, Source};

fn pair(a: &str, b: &str) -> AnswerPair {
    let source = Source::new(ProjectPath::literal("p"), String::new());
    AnswerPair { id: "p".into(), inputs: BTreeMap::new(), answers: [a.into(), b.into()], span: Span::file(&source) }
}

/// A judge with these pairs that people have judged, none of them of one text.
fn judge(labels: &[&'static str], at: Option<&str>) -> Judge {
    let labelled = labels.iter().map(|_| pair("x", "yy")).collect();
    Judge { labelled, labels: labels.into(), at: at.map(Arc::from), doubts: Vec::new() }
}

/// What a judge said, in the order of the questions; nothing is recorded for an empty text.
fn said(texts: &[&str]) -> Results {
    let outcome = |text: &&str| vec![if text.is_empty() { Outcome::Missing } else { answered(text, 0) }];
    let outcomes = texts.iter().map(outcome).collect();
    Results { side: side("judge"), look: 1, outcomes, usd: None, forecast: None, recorded: None }
}

#[test]
fn both_orders_have_to_agree_and_what_is_no_verdict_is_no_tie() {
    let ruling = |at: Option<&str>, texts: [&str; 2]| judge(&[], at).rulings(&[pair("x", "yy")], &said(&texts))[0];
    for (texts, wanted) in [
        (["a", "b"], Ruling::First),
        (["b", "a"], Ruling::Second),
        (["tie", "tie"], Ruling::Tie),
        (["a", "a"], Ruling::Disagreed),
        (["b", "b"], Ruling::Disagreed),
        (["a", "tie"], Ruling::Disagreed),
        (["tie", "a"], Ruling::Disagreed),
        (["\n **A**.\nIt is better.", "\"B\""], Ruling::First),
        (["a", "Answer B"], Ruling::None),
        (["c", "a"], Ruling::None),
        (["a, or b", "a"], Ruling::None),
        (["draw", "draw"], Ruling::None),
        (["a", ""], Ruling::Missing),
        (["", "c"], Ruling::Missing),
    ] {
        assert_eq!(ruling(None, texts), wanted, "{texts:?}");
    }
    let json = |winner: &str| format!("{{\"why\": \"a\", \"winner\": {winner}}}");
    for (winners, wanted) in
        [(["\"A\"", "\"b\""], Ruling::First), (["\"tie\"", "\"tie\""], Ruling::Tie), (["1", "\"b\""], Ruling::None)]
    {
        let [one, other] = winners.map(json);
        assert_eq!(ruling(Some("/winner"), [&one, &other]), wanted, "{winners:?}");
    }
    assert_eq!(ruling(Some("/winner"), ["a", "b"]), Ruling::None);
}

#[test]
fn nobody_is_asked_about_one_text_and_each_other_pair_is_asked_in_both_orders() {
    let pairs = [pair("x", "x"), pair("x", "yy"), pair("", ""), pair("yy", "x")];
    let asked = questions(&pairs);
    let answers: Vec<_> = asked.cases.iter().map(|case| ANSWERS.map(|name| case.inputs[name].clone())).collect();
    assert_eq!(answers, [["x", "yy"], ["yy", "x"], ["yy", "x"], ["x", "yy"]]);
    let rulings = judge(&[], None).rulings(&pairs, &said(&["a", "b", "tie", "tie"]));
    assert_eq!(rulings, [Ruling::SameText, Ruling::First, Ruling::SameText, Ruling::Tie]);
}

/// Cohen's κ from its definition, counted anew: of all pairs of a person's word and a judge's word, how often they agree.
fn kappa(words: &[(usize, usize)]) -> f64 {
    let n = f64::from(u32::try_from(words.len()).expect("few"));
    let share =
        |is: &dyn Fn(&(usize, usize)) -> bool| words.iter().filter(|own| is(own)).fold(0.0, |sum, _| sum + 1.0) / n;
    let agreed = share(&|(one, other)| one == other);
    let chance: f64 = (0..4).map(|word| share(&|own| own.0 == word) * share(&|own| own.1 == word)).sum();
    (agreed - chance) / (1.0 - chance)
}

#[test]
fn agreement_with_people_is_cohens_kappa_over_what_was_answered() {
    // For each word of a judge, what it says in both orders; no verdict is a word of its own.
    const SAID: [[&str; 2]; 4] = [["a", "b"], ["b", "a"], ["tie", "a"], ["neither", "neither"]];
    let mut random = SplitMix64::new(7);
    for right in [0, 1, 3, 8] {
        let words: Vec<(usize, usize)> = (0..90)
            .map(|_| {
                let person = random.below(3) as usize;
                (person, if random.below(9) < right { person } else { random.below(4) as usize })
            })
            .collect();
        let judge = judge(&words.iter().map(|(person, _)| WORDS[*person]).collect::<Vec<_>>(), None);
        let answers = said(&words.iter().flat_map(|(_, judge)| SAID[*judge]).collect::<Vec<_>>());
        let found = judge.judged(&answers, (&[], &[]), &said(&[]));
        let (own, expected) = (found.confusion.kappa().expect("words of more than one kind"), kappa(&words));
        assert!((own - expected).abs() < 1e-12, "{own} {expected}");
        assert_eq!((found.labelled, found.unanswered, found.doubts.is_empty()), (90, 0, expected >= LEAST_KAPPA));
    }
}

#[test]
fn a_judge_is_trusted_where_enough_is_known_of_it_and_it_is_good_enough() {
    let people = |count: usize| -> Vec<&'static str> { ["a", "b"].into_iter().cycle().take(count).collect() };
    // So many pairs, of which the first are as people say, the next are missing, and the others are the other way round.
    for (count, as_people, missing, doubt) in [
        (50, 50, 0, None),
        (50, 40, 0, None),
        (50, 39, 0, Some("its κ is below 0.6: 0.560")),
        (60, 55, 5, None),
        (60, 53, 7, Some("what it says of 7 of 60 labelled pairs is not known")),
        (50, 49, 1, Some("what it says of 1 of 50 labelled pairs is not known")),
    ] {
        let labels = people(count);
        let said_of = |(at, label): (usize, &&str)| match (at < as_people, at < as_people + missing, *label) {
            (true, _, "a") | (false, false, "b") => ["a", "b"],
            (true, ..) | (false, false, _) => ["b", "a"],
            (false, true, _) => ["", ""],
        };
        let texts: Vec<&str> = labels.iter().enumerate().flat_map(said_of).collect();
        let found = judge(&labels, None).judged(&said(&texts), (&[], &[]), &said(&[]));
        assert_eq!(found.doubts.first().map(String::as_str), doubt, "{count} {as_people} {missing}");
    }
    let always = judge(&["a"; 50], None).judged(&said(&["a", "b"].repeat(50)), (&[], &[]), &said(&[]));
    assert_eq!(always.doubts, ["its κ is not defined: people and judge say one word always"]);
}
