use serde_json::Value as Json;

use super::paired::{bootstrap_of, random_flips};
use super::power::{Power, detectable_by_normal};
use super::rates::wilson_at;
use super::*;
use crate::syntax::random::SplitMix64;

/// What a row of the golden table comes to here: the names of its results with their values.
fn computed(kind: &str, input: &Json) -> Vec<(&'static str, f64)> {
    let count = |key: &str| input[key].as_u64().expect("a count");
    let number = |key: &str| input[key].as_f64().expect("a number");
    let whole = |list: &Json| -> Vec<i64> {
        list.as_array().expect("a list").iter().map(|value| value.as_i64().expect("a whole number")).collect()
    };
    let names = |key: &str| -> Vec<String> {
        input[key].as_array().expect("a list").iter().map(|name| name.as_str().expect("text").to_owned()).collect()
    };
    let optional = |value: Option<f64>| value.unwrap_or(f64::NAN);
    let (seed, rounds) = (input["seed"].as_u64().unwrap_or(0), input["rounds"].as_u64().unwrap_or(0));
    match kind {
        "mcnemar" => vec![("p", mcnemar(count("lost"), count("gained")))],
        "wilson" => {
            // scipy.stats.norm.ppf of 0.95, 0.975 and 0.995
            let z = match number("confidence") {
                0.9 => 1.644_853_626_951_472_2,
                0.95 => Z_95,
                _ => 2.575_829_303_548_900_4,
            };
            let interval = wilson_at(count("k"), count("n"), z);
            vec![("low", interval.low), ("high", interval.high)]
        }
        "clopper_lower" => vec![("low", lower_bound(count("k"), count("n")))],
        "newcombe_paired" => {
            let [both, lost, gained, neither] = ["both", "lost", "gained", "neither"].map(count);
            let interval = newcombe(Pairs { both, lost, gained, neither });
            let difference = (real(gained) - real(lost)) / real(both + lost + gained + neither);
            vec![("difference", difference), ("low", interval.low), ("high", interval.high)]
        }
        "sign_flip" => vec![("p", sign_flip(&whole(&input["d"])))],
        "sign_flip_random" => {
            let rounds = u32::try_from(rounds).expect("small");
            let hits = f64::from(random_flips(&whole(&input["d"]), rounds, seed));
            vec![("hits", hits), ("p", (1.0 + hits) / (1.0 + f64::from(rounds)))]
        }
        "bootstrap" => {
            let differences = whole(&input["d"]);
            let (low, high) = bootstrap_of(&differences, usize::try_from(rounds).expect("small"), seed);
            let n = real(u64::try_from(differences.len()).expect("small"));
            vec![("low_sum", real(low)), ("high_sum", real(high)), ("low", real(low) / n), ("high", real(high) / n)]
        }
        "clustered" => {
            let groups: Vec<Vec<i64>> = input["groups"].as_array().expect("groups").iter().map(whole).collect();
            let (mean, error) = clustered_error(&groups).expect("answers");
            vec![("mean", mean), ("se", error)]
        }
        "holm" => {
            let values = input["ps"].as_array().expect("a list").iter().map(|p| p.as_f64().expect("a number"));
            holm(&values.collect::<Vec<_>>()).into_iter().map(|p| ("adjusted", p)).collect()
        }
        "mcnemar_power" => vec![("value", Power::of(count("n"), number("discordance")).at(number("delta")))],
        "detectable" => vec![("delta", optional(detectable(count("n"), number("discordance"))))],
        "detectable_normal" => vec![("delta", optional(detectable_by_normal(count("n"), number("discordance"))))],
        "needed" => {
            let cases = needed(number("discordance"), number("delta")).expect("a number of cases");
            vec![("n", real(cases))]
        }
        "pass_k" => {
            let (n, c, k) = (count("n"), count("c"), count("k"));
            vec![("pass_at_k", pass_at(n, c, k)), ("pass_hat_k", pass_hat(n, c, k))]
        }
        "labels" => {
            let mut confusion = Confusion::of(names("names"));
            let (gold, answers) = (names("gold"), names("answers"));
            gold.iter().zip(&answers).for_each(|(expected, answered)| confusion.count(expected, answered));
            let right = gold.iter().zip(&answers).filter(|(expected, answered)| expected == answered).count();
            let all = |count: usize| real(u64::try_from(count).expect("small"));
            let mut found = vec![
                ("accuracy", all(right) / all(gold.len())),
                ("kappa", optional(confusion.kappa())),
                ("macro_f1", optional(confusion.macro_f1())),
            ];
            found.extend(confusion.labels().iter().map(|label| ("f1", confusion.f1(label))));
            found
        }
        other => panic!("no {other}"),
    }
}

/// Values of scipy 1.17.1, statsmodels 0.15.0 and scikit-learn 1.9.1; tests/statistics/recompute.py makes them again.
#[test]
fn everything_equals_the_reference_values() {
    let table: Json = serde_json::from_str(include_str!("../../../tests/statistics/golden.json")).expect("JSON");
    let rows = table["rows"].as_array().expect("rows");
    assert_eq!(rows.len(), 72);
    let mut wrong = Vec::new();
    for row in rows {
        let (id, tolerance) = (row["id"].as_str().expect("an id"), row["tolerance"].as_f64().expect("a tolerance"));
        let (kind, _) = id.rsplit_once('-').expect("a kind and a number");
        let mut wanted: Vec<(&String, &Json)> = Vec::new();
        for (name, value) in row["want"].as_object().expect("results") {
            match value {
                Json::Array(list) => wanted.extend(list.iter().map(|value| (name, value))),
                // Counts of sign choices, from which p follows.
                Json::String(_) => {}
                value => wanted.push((name, value)),
            }
        }
        let found = computed(kind, &row["input"]);
        assert_eq!(found.len(), wanted.len(), "{id}");
        for ((name, value), (wanted_name, wanted)) in found.into_iter().zip(wanted) {
            assert_eq!(name, wanted_name, "{id}");
            let wanted = wanted.as_f64().unwrap_or(f64::NAN);
            let is_equal = (value - wanted).abs() <= tolerance || value.is_nan() && wanted.is_nan();
            if !is_equal {
                wrong.push(format!("{id} {name}: {value} instead of {wanted}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn sign_flips_of_one_size_are_mcnemars_test() {
    for (lost, gained) in (0..12).flat_map(|lost| (0..12).map(move |gained| (lost, gained))) {
        let differences = [vec![-1000; lost], vec![1000; gained], vec![0; 3]].concat();
        let count = |count: usize| u64::try_from(count).expect("small");
        let (flips, exact) = (sign_flip(&differences), mcnemar(count(lost), count(gained)));
        assert!((flips - exact).abs() < 1e-12, "{lost} lost, {gained} gained: {flips} and {exact}");
    }
}

/// By the definition: every choice of signs, one by one.
#[test]
fn sign_flips_are_what_all_choices_of_signs_say() {
    let mut random = SplitMix64::new(3);
    for _ in 0..50 {
        let size = 1 + random.below(12);
        let differences: Vec<i64> = (0..size).map(|_| i64::try_from(random.below(19)).expect("small") - 9).collect();
        let observed = differences.iter().sum::<i64>().abs();
        let far = (0_u32..1 << size).filter(|signs| {
            let signed = |(at, one): (usize, &i64)| if (signs >> at) & 1 == 1 { -one } else { *one };
            differences.iter().enumerate().map(signed).sum::<i64>().abs() >= observed
        });
        let brute = real(u64::try_from(far.count()).expect("small")) / f64::from(1_u32 << size);
        assert!((sign_flip(&differences) - brute).abs() < 1e-12, "{differences:?}");
    }
}

#[test]
fn a_sum_too_large_for_the_exact_distribution_is_flipped_at_random() {
    let mut random = SplitMix64::new(11);
    let scores = |random: &mut SplitMix64| i64::try_from(random.below(2001)).expect("small") - 1000;
    let differences: Vec<i64> = (0..2000).map(|_| scores(&mut random)).collect();
    assert!(sign_flip(&differences) > 0.01);
    let all_up: Vec<i64> = differences.iter().map(|difference| difference.abs() + 1).collect();
    assert!(sign_flip(&all_up) <= 1.0 / 10_000.0 + 1e-12);
}

/// The numbers of the generator's authors for seed 0.
#[test]
fn splitmix_is_the_published_generator() {
    let mut random = SplitMix64::new(0);
    let first = [random.bits(), random.bits(), random.bits()];
    assert_eq!(first, [0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4, 0x06c4_5d18_8009_454f]);
}

#[test]
fn small_and_empty_samples_have_an_answer() {
    assert!((mcnemar(0, 0) - 1.0).abs() < 1e-15 && mcnemar(5, 0) > ALPHA && mcnemar(0, 6) < ALPHA);
    assert_eq!(wilson(0, 0), Interval { low: 0.0, high: 1.0 });
    assert_eq!((lower_bound(0, 0), upper_bound(0, 0)), (0.0, 1.0));
    assert!((lower_bound(50, 50) - 0.05_f64.powf(0.02)).abs() < 1e-9);
    assert_eq!(newcombe(Pairs::default()), Interval { low: -1.0, high: 1.0 });
    assert_eq!(clustered_error(&[vec![], vec![]]), None);
    assert!(holm(&[]).is_empty());
    assert_eq!(needed(0.0, 0.0), None);
    assert_eq!((Confusion::default().kappa(), Confusion::default().macro_f1()), (None, None));
}
