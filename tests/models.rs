//! Model cards: what is built in, what `prices.yaml` does to it, and what the numbers come to.

use std::collections::BTreeSet;
use std::sync::Arc;

use contexture::cost::rules::{Cliff, Price, Rates};
use contexture::diag::Faults;
use contexture::models::{Cards, Date, Status, Window, parse_price, schema};
use contexture::quantity::Usd;
use contexture::segment::Ttl;
use contexture::source::{ProjectPath, Source};

fn day(written: &str) -> Date {
    written.parse().unwrap()
}

fn prices_yaml(text: &str) -> Arc<Source> {
    Source::new(ProjectPath::new("prices.yaml").unwrap(), text)
}

/// The built-in cards under a `prices.yaml`, and the faults in it: `line:column code`.
fn laid_over(text: &str) -> (Cards, Vec<String>) {
    let mut faults = Faults::new();
    let cards = Cards::built_in().with_overrides(&prices_yaml(text), &mut faults);
    let place = |fault: &contexture::diag::Diagnostic| {
        let (line, column) = fault.span.as_ref().unwrap().line_column();
        format!("{line}:{column} {}", fault.code)
    };
    (cards, faults.into_vec().iter().map(place).collect())
}

#[test]
fn the_documented_bill_of_gpt_6_1_sol_follows_from_its_card() {
    // The example of the JSON of `build`: 57,204 tokens of prefix, 600 of inputs, 21 of framing, 250 out.
    let card = Cards::built_in().find("gpt-6.1-sol").unwrap();
    let prices = card.at(day("2026-11-21")).prices();
    let rates = prices.at(57_825);
    let (input, output, read) = (rates.input.unwrap(), rates.output.unwrap(), rates.read.unwrap());
    let write = rates.write(Ttl::parse("30m").unwrap()).unwrap();
    let rest = input.of(621) + output.of(250);
    let (uncached, cold, warm) = (input.of(57_204) + rest, write.of(57_204) + rest, read.of(57_204) + rest);
    assert_eq!(uncached.exact(), "0.11815");
    assert_eq!(cold.exact(), "0.146752");
    assert_eq!(warm.exact(), "0.0094624");
    assert_eq!((cold - warm).exact(), "0.1372896");
}

/// What an empty field stands for.
fn known(field: &str) -> Option<&str> {
    (!field.is_empty()).then_some(field)
}

fn price(field: &str) -> Option<Price> {
    known(field).map(|field| parse_price(field).unwrap())
}

/// `5m=6.25 1h=10`.
fn writes(field: &str) -> Vec<(Ttl, Price)> {
    let pair = |pair: &str| {
        let (ttl, usd) = pair.split_once('=').unwrap();
        (Ttl::parse(ttl).unwrap(), parse_price(usd).unwrap())
    };
    field.split_whitespace().map(pair).collect()
}

fn rates(fields: &[&str]) -> Rates {
    let [input, output, read, write] = fields else { panic!("four fields") };
    Rates { input: price(input), output: price(output), read: price(read), implicit_read: None, write: writes(write) }
}

#[test]
fn the_cards_say_what_the_price_tables_say() {
    let cards = Cards::built_in();
    let table = include_str!("fixtures/model-prices.csv");
    let rows: Vec<Vec<&str>> = table.lines().skip(3).map(|line| line.split(',').collect()).collect();
    assert_eq!(rows.len(), 42);
    for row in rows {
        let card = cards.find(row[0]).unwrap();
        let now = card.at(day("2026-11-20"));
        let prices = now.prices();
        assert_eq!(prices.base, rates(&row[1..5]), "{}", row[0]);
        assert_eq!(now.batch(), known(row[5]).map(|_| rates(&row[5..9])), "{} in a batch", row[0]);
        let cliffs = known(row[9]).map(|limit| Cliff {
            above: limit.trim_start_matches(['>', '=']).parse().unwrap(),
            inclusive: limit.starts_with(">="),
            rates: rates(&row[10..14]),
        });
        assert_eq!(prices.cliffs, Vec::from_iter(cliffs), "{} when long", row[0]);
        let number = |field| known(field).map(|field| field.parse::<u64>().unwrap());
        let window = Window { total: number(row[14]), input: number(row[15]), output: number(row[16]) };
        assert_eq!(now.window(), window, "{}", row[0]);
        if let Some(minimum) = number(row[17]) {
            assert_eq!(now.minimum(), Some(minimum), "{}", row[0]);
        }
        let deprecated = card.facts.deprecated.as_ref().map(|fact| fact.value.to_string());
        assert_eq!(deprecated.as_deref(), known(row[18]), "{}", row[0]);
    }
}

#[test]
fn every_number_of_every_card_has_a_source_that_exists() {
    let cards = Cards::built_in();
    let mut named = BTreeSet::new();
    for name in cards.names() {
        let facts = cards.facts(&cards.find(&name).unwrap(), day("2026-11-20"));
        assert!(!facts.is_empty(), "{name}");
        for fact in facts {
            let place = format!("{name}: {} {}", fact.path, fact.value);
            assert!(!fact.sources.is_empty(), "{place} has no source");
            assert!(fact.sources.iter().all(|key| cards.source(key).is_some()), "{place}: {:?}", fact.sources);
            assert_ne!(fact.status, Status::Own, "{place}");
            assert!(
                fact.conflicts.is_empty() || fact.note.is_some(),
                "{place}: a conflict needs a note that settles it"
            );
            assert!(fact.status != Status::Conflict || !fact.conflicts.is_empty(), "{place}");
            named.extend(fact.sources);
            named.extend(fact.conflicts.into_iter().flat_map(|claim| claim.sources));
        }
    }
    let (_, text) = cards.files().find(|(name, _)| *name == "sources.yaml").unwrap();
    let node = contexture::yaml::parse(&prices_yaml(text), &mut Faults::new()).unwrap();
    for (key, _) in node.get("sources").unwrap().as_map().unwrap().iter() {
        assert!(named.contains(&key.text), "no fact names the source {}", key.text);
    }
}

#[test]
fn the_schema_takes_every_card_file_and_refuses_what_is_wrong() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let json = |text: &str| {
        let mut faults = Faults::new();
        let node = contexture::yaml::parse(&prices_yaml(text), &mut faults).unwrap();
        node.to_json()
    };
    for file in std::fs::read_dir("src/models/cards").unwrap() {
        let path = file.unwrap().path();
        let errors: Vec<String> = validator
            .iter_errors(&json(&std::fs::read_to_string(&path).unwrap()))
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert_eq!(errors, Vec::<String>::new(), "{}", path.display());
    }
    for wrong in [
        "models: {x: {prices: {input: -1}}}",
        "models: {x: {window: {input: {value: many}}}}",
        "models: {x: {cache: {explicit: {lifetimes: [{ttl: 5m}]}}}}",
        "sources: {x: {kind: doc}}",
        "modles: {}",
    ] {
        assert!(!validator.is_valid(&json(wrong)), "{wrong}");
    }
}

#[test]
fn every_card_file_is_built_in_and_lists_its_names_letter_by_letter() {
    let cards = Cards::built_in();
    let mut on_disk: Vec<String> = std::fs::read_dir("src/models/cards")
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    on_disk.sort();
    let mut built_in: Vec<&str> = cards.files().map(|(name, _)| name).collect();
    built_in.sort_unstable();
    assert_eq!(built_in, on_disk);
    for name in cards.names() {
        let card = cards.find(&name).unwrap();
        for own in std::iter::once(&card.name).chain(&card.aliases) {
            assert!(cards.files().any(|(_, text)| text.contains(&**own)), "{own} is escaped in its file");
            assert_eq!(cards.find(own).unwrap().name, card.name, "{own} finds another card");
        }
    }
}

#[test]
fn changes_are_told_by_day() {
    let cards = Cards::built_in();
    let told: Vec<String> = cards
        .changes()
        .into_iter()
        .filter(|change| change.day.0 > day("2026-11-20") && change.day.0 <= day("2027-01-01"))
        .filter(|change| !change.path.contains("batch"))
        .map(|change| {
            let value = |value: Option<String>| value.unwrap_or("unknown".to_owned());
            format!(
                "{} {} {}: {} -> {}",
                change.day,
                change.model,
                change.path,
                value(change.before),
                value(change.after)
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "2026-11-30 claude-sonnet-4-5 deprecated: unknown -> deprecated",
            "2026-12-01 gemini-4-argon prices.input: 2 -> 4",
            "2026-12-01 gemini-4-argon prices.output: 10 -> 20",
            "2026-12-01 gemini-4-argon prices.read: 0.1 -> 0.2",
            "2026-12-11 gpt-5-mini deprecated: unknown -> deprecated",
            "2026-12-24 vertex/claude-sonnet-5 deprecated: unknown -> deprecated",
            "2027-01-01 gemini-3.8-flash prices.input: 0.75 -> 1.5",
            "2027-01-01 gemini-3.8-flash prices.output: 3.75 -> 7.5",
            "2027-01-01 gemini-3.8-flash prices.read: 0.075 -> 0.15",
            "2027-01-01 gemini-3.8-flash storage: 0.50 -> unknown",
        ]
    );
}

#[test]
fn every_built_in_card_is_whole() {
    let cards = Cards::built_in();
    assert_eq!(
        cards.faults().iter().map(|fault| format!("{:?} {}", fault.span, fault.message)).collect::<Vec<_>>(),
        Vec::<String>::new()
    );
    for name in cards.names() {
        assert_eq!(cards.find(&name).unwrap().name, name);
    }
}

#[test]
fn an_unknown_model_comes_with_near_names() {
    let error = Cards::built_in().find("claude-opus-5.5").unwrap_err();
    assert_eq!(error.to_string(), "there is no card for the model `claude-opus-5.5`");
    assert!(error.near.contains(&"claude-opus-5-5".to_owned()), "{:?}", error.near);
    assert_eq!(Cards::built_in().find("no-such-thing").unwrap_err().near, Vec::<String>::new());
}

#[test]
fn an_announced_price_comes_into_force_on_its_day() {
    let card = Cards::built_in().find("gemini/gemini-4-argon").unwrap();
    assert_eq!(&*card.name, "gemini-4-argon");
    let input = |written| card.at(day(written)).prices().base.input.unwrap().of(1_000_000);
    assert_eq!(input("2026-11-30"), Usd::parse("2").unwrap());
    assert_eq!(input("2026-12-01"), Usd::parse("4").unwrap());
}

#[test]
fn prices_yaml_changes_a_card_and_adds_one() {
    let (cards, faults) = laid_over(
        "models:\n  claude-opus-5:\n    prices: {input: 4.50, output: 22.50, read: 0.45, write: {5m: 5.625}}\n  acme/claude:\n    like: claude-opus-5\n    aliases: [ours]\n    cache: {explicit: {minimum: 2048}}\n",
    );
    assert_eq!(faults, Vec::<String>::new());
    let negotiated = cards.find("claude-opus-5").unwrap();
    let today = day("2026-11-21");
    assert_eq!(negotiated.at(today).prices().base.input.unwrap().nano, 4_500_000_000);
    assert_eq!(negotiated.at(today).minimum(), Some(512));
    let ours = cards.find("ours").unwrap();
    assert_eq!(&*ours.name, "acme/claude");
    assert_eq!(ours.at(today).minimum(), Some(2048));
    assert_eq!(ours.at(today).prices(), negotiated.at(today).prices());
    assert_ne!(cards.digest(), Cards::built_in().digest());
}

#[test]
fn faults_in_prices_yaml_are_placed_all_of_them() {
    let (cards, faults) = laid_over(
        "models:\n  claude-opus-5:\n    prices: {input: -1, output: .inf, read: 99999999999999999999, bach: 1}\n    window: {input: {value: 9, sorce: x}}\n  x: {like: claud-opus-5}\n  a: {like: b}\n  b: {like: a}\n  y: {like: claude-opus-5, cache: {explicit: {minimum: {value: 1, source: nowhere}}}}\n",
    );
    let mut faults = faults;
    faults.sort();
    assert_eq!(
        faults,
        [
            "3:21 wrong-type",
            "3:33 yaml-number",
            "3:45 wrong-type",
            "3:67 unknown-key",
            "4:32 unknown-key",
            "5:13 unknown-model",
            "6:13 card-cycle",
            "7:13 card-cycle",
            "8:75 unknown-source",
        ]
    );
    assert!(cards.find("x").is_err());
}
