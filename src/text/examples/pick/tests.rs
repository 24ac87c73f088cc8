//! The law of picking and its oracles: pools at random, and the same picks found the slow way.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Map, json};

use super::*;
use crate::prompt::segment::{Kind, Role};
use crate::syntax::source::{ProjectPath, Source};

/// An example of one user turn; its size is its length.
/// The places alone.
fn pick(examples: &[Example], pick: &Pick, size: &(dyn Fn(&Example) -> u64 + Sync)) -> Vec<usize> {
    super::pick(examples, pick, size).into_iter().map(|(place, _)| place).collect()
}

fn example(place: usize, text: &str, meta: Map<String, Value>) -> Example {
    let source = Source::new(ProjectPath::new("a.jsonl").unwrap(), "");
    let turns = vec![Turn { role: Role::User, kind: Kind::Text, text: Arc::from(text) }];
    Example { index: place + 1, turns, meta, lines: 1..=1, span: Span::file(&source), picked: None }
}

fn size(example: &Example) -> u64 {
    example.turns.iter().map(|turn| turn.text.len() as u64).sum()
}

fn fields(label: Option<u8>, weight: Option<i8>) -> Map<String, Value> {
    let label = label.map(|label| ("label".to_owned(), json!(format!("l{label}"))));
    label.into_iter().chain(weight.map(|weight| ("weight".to_owned(), json!(weight)))).collect()
}

/// Pools with few labels, few weights, few words and many twins: where ties and shifts are.
fn pools() -> impl Strategy<Value = (Vec<Example>, usize)> {
    let label = prop::option::weighted(0.9, 0..5u8);
    let weight = prop::option::weighted(0.4, 0..3i8);
    let text = prop_oneof![3 => "[a-d]( [a-d]){0,4}", 1 => "[a-h ]{1,40}"];
    let records = prop::collection::vec((text, label, weight), 1..40);
    (records, 0.0..1.0f64).prop_map(|(records, old)| {
        let old = (records.len() as f64 * old) as usize;
        let examples = records.into_iter().enumerate();
        (examples.map(|(place, (text, label, weight))| example(place, &text, fields(label, weight))).collect(), old)
    })
}

fn picks() -> impl Strategy<Value = Pick> {
    let by = prop::sample::select(vec![By::Order, By::Coverage, By::Diverse]);
    let filter = prop_oneof![3 => Just(vec![]), 1 => Just(vec![Condition::parse("label != l1").unwrap()])];
    (by, prop::option::of(Just("label".to_owned())), 0..4u64, filter).prop_map(|(by, label, seed, filter)| Pick {
        by,
        label,
        seed,
        filter,
        ..Pick::default()
    })
}

fn lost(old: &[usize], new: &[usize]) -> usize {
    old.iter().filter(|place| !new.contains(place)).count()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, ..ProptestConfig::default() })]

    #[test]
    fn appending_replaces_at_most_as_many_picks((pool, old) in pools(), settings in picks(), count in 0..20usize) {
        let settings = Pick { count: Some(count), ..settings };
        let before = pick(&pool[..old], &settings, &size);
        let after = pick(&pool, &settings, &size);
        let admitted = |pool: &[Example]| pool.iter().filter(|example| settings.admits(example)).count();
        prop_assert_eq!(before.len(), count.min(admitted(&pool[..old])));
        prop_assert_eq!(after.len(), count.min(admitted(&pool)));
        prop_assert!(after.is_sorted_by(|a, b| a < b));
        prop_assert!(lost(&before, &after) <= pool.len() - old, "{:?} then {:?}", before, after);
        if settings.by == By::Order {
            prop_assert_eq!(lost(&before, &after), 0);
        }
    }

    #[test]
    fn under_a_token_budget_no_more_is_replaced_than_appended_and_given_up(
        (pool, old) in pools(), settings in picks(), tokens in 0..120u64, count in prop::option::of(0..20usize)
    ) {
        let settings = Pick { count, tokens: Some(tokens), ..settings };
        let before = pick(&pool[..old], &settings, &size);
        let after = pick(&pool, &settings, &size);
        let spent: u64 = after.iter().map(|place| size(&pool[*place])).sum();
        prop_assert!(spent <= tokens);
        let given_up = before.len().saturating_sub(after.len());
        prop_assert!(lost(&before, &after) <= pool.len() - old + given_up, "{:?} then {:?}", before, after);
        if settings.by == By::Order {
            prop_assert_eq!(lost(&before, &after), 0);
        }
        // Nothing that would have come next fits beside the picks.
        if count.is_none() {
            let sequence = settings.sequence(&pool);
            let next = sequence.iter().find(|(key, example)| !after.contains(&key.place) && size(example) <= tokens);
            prop_assert!(next.is_none_or(|(_, example)| spent + size(example) > tokens));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// The oracle deals cards: a pile for each label, and a round takes the top of every pile.
    #[test]
    fn coverage_deals_every_label_in_turn((pool, _) in pools(), count in 0..20usize) {
        let settings = Pick { by: By::Coverage, count: Some(count), ..Pick::default() };
        let weight = |place: &usize| pool[*place].field("weight").and_then(Value::as_i64).unwrap_or(1);
        let mut piles: Vec<(Option<&Value>, Vec<usize>)> = Vec::new();
        for (place, example) in pool.iter().enumerate() {
            let label = example.field("label");
            match piles.iter_mut().find(|(own, _)| *own == label) {
                Some((_, pile)) => pile.push(place),
                None => piles.push((label, vec![place])),
            }
        }
        piles.iter_mut().for_each(|(_, pile)| pile.sort_by_key(|place| -weight(place)));
        let mut expected = Vec::new();
        while expected.len() < count.min(pool.len()) {
            let mut round: Vec<usize> =
                piles.iter_mut().filter(|(_, pile)| !pile.is_empty()).map(|(_, pile)| pile.remove(0)).collect();
            round.sort_by_key(|place| (-weight(place), *place));
            round.truncate(count - expected.len());
            expected.extend(round);
        }
        expected.sort_unstable();
        prop_assert_eq!(pick(&pool, &settings, &size), expected);
    }

    /// Of two picks, the later one shares no more with the earlier than what the picks were sorted by
    /// allows, counted here over sets of words in plain text.
    #[test]
    fn diverse_picks_are_unlike_each_other((pool, _) in pools(), count in 1..20usize) {
        let settings = Pick { by: By::Diverse, count: Some(count), ..Pick::default() };
        let pairs = |place: usize| -> BTreeSet<Vec<&str>> {
            let words: Vec<&str> = pool[place].turns[0].text.split_whitespace().collect();
            if words.len() == 1 { BTreeSet::from([words]) } else { words.windows(2).map(<[&str]>::to_vec).collect() }
        };
        let overlap = |place: usize| {
            let before: BTreeSet<Vec<&str>> = (0..place).flat_map(pairs).collect();
            let own = pairs(place);
            (own.intersection(&before).count() * 10_000).checked_div(own.len()).unwrap_or(10_000)
        };
        // Weights come after what is new and before the place.
        let weight = |place: usize| pool[place].field("weight").and_then(Value::as_i64).unwrap_or(1);
        let mut expected: Vec<usize> = (0..pool.len()).collect();
        expected.sort_by_key(|place| (overlap(*place), -weight(*place), *place));
        expected.truncate(count);
        let worst = expected.iter().map(|place| overlap(*place)).max().unwrap_or(0);
        expected.sort_unstable();
        prop_assert_eq!(&pick(&pool, &settings, &size), &expected);
        for (number, later) in expected.iter().enumerate() {
            for earlier in &expected[..number] {
                let shared = pairs(*later).intersection(&pairs(*earlier)).count() * 10_000;
                prop_assert!(shared <= worst * pairs(*later).len() + pairs(*later).len());
            }
        }
    }

    #[test]
    fn a_seed_makes_the_order_of_a_label_not_matter((pool, _) in pools(), seed in 1..u64::MAX, count in 0..20usize) {
        let settings = Pick { by: By::Coverage, count: Some(count), seed, ..Pick::default() };
        let said = |pool: &[Example]| {
            let mut texts: Vec<String> =
                pick(pool, &settings, &size).into_iter().map(|place| format!("{} {:?}", pool[place].turns[0].text, pool[place].meta)).collect();
            texts.sort_unstable();
            texts
        };
        let mut unique = pool;
        unique.sort_by(|a, b| a.turns[0].text.cmp(&b.turns[0].text));
        unique.dedup_by(|a, b| a.turns[0].text == b.turns[0].text);
        let straight = said(&unique);
        unique.reverse();
        prop_assert_eq!(straight, said(&unique));
    }
}

/// Which examples a prompt holds is a format: these picks change with a new major release only.
#[test]
fn the_picks_of_a_pool_never_change() {
    let labels = ["billing", "shipping", "returns"];
    let text = |n: usize| format!("Ticket {n} about {} no {}, filed by desk {}", labels[n % 3], n % 7, n % 5);
    let meta = |n: usize| {
        Map::from_iter([("label".to_owned(), json!(labels[n * n % 11 % 3])), ("n".to_owned(), json!(n % 4))])
    };
    let pool: Vec<Example> = (0..60).map(|n| example(n, &text(n), meta(n))).collect();
    let by = |by, seed, filter: &str| {
        let filter = [filter].into_iter().filter(|text| !text.is_empty()).map(|text| Condition::parse(text).unwrap());
        pick(&pool, &Pick { by, seed, count: Some(8), filter: filter.collect(), ..Pick::default() }, &size)
    };
    assert_eq!(by(By::Order, 0, ""), [0, 1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(by(By::Order, 9, "n == 3"), [3, 7, 11, 15, 19, 23, 27, 31]);
    assert_eq!(by(By::Coverage, 0, ""), [0, 1, 2, 3, 4, 5, 7, 9]);
    assert_eq!(by(By::Coverage, 9, ""), [0, 10, 13, 15, 17, 32, 47, 59]);
    assert_eq!(by(By::Diverse, 0, ""), [0, 1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(by(By::Diverse, 9, ""), [0, 1, 2, 10, 13, 15, 47, 59]);
}

#[test]
fn an_example_that_alone_exceeds_the_budget_is_passed_over_and_not_all_are_counted() {
    let pool: Vec<Example> = ["aaaaaaaaaaaa", "bbbb", "cccc", "dddd", "e"]
        .iter()
        .enumerate()
        .map(|(place, text)| example(place, text, Map::new()))
        .collect();
    let counted = std::sync::Mutex::new(Vec::new());
    let count = |example: &Example| {
        counted.lock().unwrap().push(example.index);
        size(example)
    };
    assert_eq!(pick(&pool, &Pick { tokens: Some(10), ..Pick::default() }, &count), [1, 2]);
    assert_eq!(*counted.lock().unwrap(), [1, 2, 3, 4]);
    assert_eq!(pick(&pool, &Pick { tokens: Some(10), count: Some(1), ..Pick::default() }, &size), [1]);
    assert_eq!(pick(&pool, &Pick::default(), &size), [0, 1, 2, 3, 4]);
}

#[test]
fn a_check_says_what_the_examples_cannot_give() {
    let pool: Vec<Example> = (0..4).map(|n| example(n, "a", fields((n > 0).then_some(1), None))).collect();
    let at = Span::file(&Source::new(ProjectPath::new("contexts/a.yaml").unwrap(), ""));
    let messages = |pick: Pick| {
        let mut faults = Faults::new();
        pick.check(&pool, &at, &mut faults);
        let line =
            |fault: Diagnostic| format!("{}: {} [{}]", fault.code, fault.message, fault.hint.unwrap_or_default());
        faults.into_vec().into_iter().map(line).collect::<Vec<_>>()
    };
    let filter = |text: &str| vec![Condition::parse(text).unwrap()];
    assert_eq!(messages(Pick { count: Some(4), ..Pick::default() }), [""; 0]);
    assert_eq!(
        messages(Pick { count: Some(5), ..Pick::default() }),
        ["small-pool: `count` asks for 5 examples, and there are 4 []"]
    );
    assert_eq!(
        messages(Pick {
            by: By::Coverage,
            label: Some("labl".to_owned()),
            filter: filter("split == train"),
            ..Pick::default()
        }),
        [
            "unknown-field: no example has the field `split` that `where` needs [the examples have `label`]",
            "unknown-field: no example has the field `labl` that `label` needs [did you mean `label`?]",
        ]
    );
    assert_eq!(
        messages(Pick { by: By::Coverage, ..Pick::default() }),
        ["unlabelled: 1 of 4 examples have no `label`; they count as one label []"]
    );
    assert_eq!(
        messages(Pick { label: Some("label".to_owned()), ..Pick::default() }),
        [
            "unused-label: `label` means nothing when examples are picked by order [write `by: coverage`, or remove `label`]"
        ]
    );
    assert_eq!(
        messages(Pick { filter: filter("label == other"), ..Pick::default() }),
        ["no-examples: no example meets `where` []"]
    );
}
