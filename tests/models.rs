//! Model cards: what is built in, what `prices.yaml` does to it, and what the numbers come to.

use std::collections::BTreeSet;
use std::sync::Arc;

use contexture::cost::cards::{Cards, Choices, Date, Selection, Status, parse_price, schema};
use contexture::cost::rules::{CacheFamily, CacheRules, Price, Rates};
use contexture::syntax::diag::Faults;
use contexture::syntax::quantity::Ttl;
use contexture::syntax::quantity::Usd;
use contexture::syntax::source::{ProjectPath, Source};

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
    let place = |fault: &contexture::syntax::diag::Diagnostic| {
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
    let rows: Vec<Vec<&str>> = table.lines().skip(4).map(|line| line.split(',').collect()).collect();
    let models: BTreeSet<&str> = rows.iter().map(|row| row[0]).collect();
    assert_eq!(models.len(), 120);
    for row in rows {
        let card = cards.find(row[0]).unwrap();
        let now = card.at(day("2026-11-29"));
        if row[1] == "window" {
            let number = |field| known(field).map(|field| field.parse::<u64>().unwrap());
            let window = now.window();
            assert_eq!((window.input, window.output), (number(row[3]), number(row[4])), "{row:?}");
            assert!(number(row[2]).is_none_or(|minimum| now.minimum() == Some(minimum)), "{row:?} {:?}", now.minimum());
            let deprecated = card.facts.deprecated.as_ref().map(|fact| fact.value.to_string());
            assert!(known(row[5]).is_none_or(|day| deprecated.as_deref() == Some(day)), "{row:?} {deprecated:?}");
            let successor = card.facts.successor.as_ref().map(|fact| &*fact.value.value);
            assert!(known(row[6]).is_none_or(|name| successor == Some(name)), "{row:?} {successor:?}");
            continue;
        }
        let prices = match row[1] {
            "std" => Some(now.prices()),
            "batch" => now.batch(),
            tier => now.price_list().unwrap().value.tier(tier),
        };
        let prices = prices.unwrap_or_else(|| panic!("{row:?}"));
        let above = row[2].trim_start_matches(['>', '=']);
        let size = if above.is_empty() { 1 } else { above.parse().unwrap() };
        let inclusive = row[2].starts_with(">=");
        let found = Rates { implicit_read: None, ..prices.at(size + u64::from(!inclusive)).clone() };
        assert_eq!(found, rates(&row[3..7]), "{row:?}");
        assert_eq!(prices.at(size - u64::from(inclusive)), &prices.base, "{row:?}");
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
    let node = contexture::syntax::yaml::parse(&prices_yaml(text), &mut Faults::new()).unwrap();
    for (key, _) in node.get("sources").unwrap().as_map().unwrap().iter() {
        assert!(named.contains(&key.text), "no fact names the source {}", key.text);
    }
}

#[test]
fn the_schema_takes_every_card_file_and_refuses_what_is_wrong() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let json = |text: &str| {
        let mut faults = Faults::new();
        let node = contexture::syntax::yaml::parse(&prices_yaml(text), &mut faults).unwrap();
        node.to_json()
    };
    for file in std::fs::read_dir("src/cost/cards/vendors").unwrap() {
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
    let mut on_disk: Vec<String> = std::fs::read_dir("src/cost/cards/vendors")
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
        .filter(|change| !change.path.contains("batch") && !change.path.contains("tiers"))
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
            "2026-11-30 claude-opus-4-8 multipliers.fast: 2 -> unknown",
            "2026-11-30 claude-sonnet-4-5 deprecated: unknown -> deprecated",
            "2026-12-01 gemini-2.5-flash deprecated: unknown -> deprecated",
            "2026-12-01 gemini-2.5-pro deprecated: unknown -> deprecated",
            "2026-12-01 gemini-4-argon prices.input: 2 -> 4",
            "2026-12-01 gemini-4-argon prices.output: 10 -> 20",
            "2026-12-01 gemini-4-argon prices.read: 0.1 -> 0.2",
            "2026-12-11 gpt-5 deprecated: unknown -> deprecated",
            "2026-12-11 gpt-5-mini deprecated: unknown -> deprecated",
            "2026-12-11 gpt-5-nano deprecated: unknown -> deprecated",
            "2026-12-11 o3 deprecated: unknown -> deprecated",
            "2026-12-24 vertex/claude-sonnet-5 deprecated: unknown -> deprecated",
            "2027-01-01 gemini-3.6-flash prices.input: 0.75 -> 1.5",
            "2027-01-01 gemini-3.6-flash prices.output: 3.75 -> 7.5",
            "2027-01-01 gemini-3.6-flash prices.read: 0.075 -> 0.15",
            "2027-01-01 gemini-3.7-flash prices.input: 0.75 -> 1.5",
            "2027-01-01 gemini-3.7-flash prices.output: 3.75 -> 7.5",
            "2027-01-01 gemini-3.7-flash prices.read: 0.075 -> 0.15",
            "2027-01-01 gemini-3.8-flash prices.input: 0.75 -> 1.5",
            "2027-01-01 gemini-3.8-flash prices.output: 3.75 -> 7.5",
            "2027-01-01 gemini-3.8-flash prices.read: 0.075 -> 0.15",
            "2027-01-01 gemini-3.8-flash storage: 0.50 -> unknown",
            "2027-01-01 vertex/gemini-3.8-flash prices.input: 0.75 -> 1.5",
            "2027-01-01 vertex/gemini-3.8-flash prices.output: 3.75 -> 7.5",
            "2027-01-01 vertex/gemini-3.8-flash prices.read: 0.075 -> 0.15",
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

/// A name, the card's prices of input and output on 2026-11-29, what is sent, and the caveats; or what the hint says.
const NAMES: &str = include_str!("fixtures/model-names.txt");

#[test]
fn every_name_leads_to_the_price_of_that_very_name_or_to_none() {
    let cards = Cards::built_in();
    let mut told = String::new();
    for name in NAMES.lines().filter_map(|line| line.split(" | ").next()) {
        let found = match cards.find(name) {
            Ok(card) => {
                let prices = card.at(day("2026-11-29")).prices().base;
                let of = |price: Option<Price>| price.map_or("?".to_owned(), |price| price.of(1_000_000).exact());
                let caveats: Vec<&str> = card.caveats.iter().map(|caveat| caveat.code).collect();
                format!("{} {} | {} | {}", of(prices.input), of(prices.output), card.api_name, caveats.join(" "))
            }
            Err(unknown) => format!("unknown | {}", unknown.hint()),
        };
        told.push_str(format!("{name} | {found}").trim_end());
        told.push('\n');
    }
    assert_eq!(told, NAMES);
}

#[test]
fn every_moving_name_means_a_model_that_has_a_card() {
    let cards = Cards::built_in();
    let (_, text) = cards.files().find(|(name, _)| *name == "moving.yaml").unwrap();
    let names: Vec<&str> =
        text.lines().filter_map(|line| line.strip_prefix("  ")?.split_once(": {")).map(|(name, _)| name).collect();
    assert!(names.len() >= 30);
    for name in names {
        let card = cards.find(name).unwrap();
        assert_eq!((card.caveats[0].code, &*card.api_name), ("moving-model", name));
    }
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

/// An imported `prices.yaml`, which must be without faults.
fn imported(table: &str) -> (Cards, String, Vec<String>) {
    let import = Cards::built_in().import(table, "a table", Selection::All).unwrap();
    let mut faults = Faults::new();
    let cards = Cards::built_in().with_overrides(&prices_yaml(&import.yaml), &mut faults);
    assert!(!faults.has_errors(), "{:?}\n{}", faults.into_vec(), import.yaml);
    (cards, import.yaml, import.left_out)
}

#[test]
fn a_table_of_litellm_becomes_a_prices_yaml() {
    let (cards, yaml, left_out) = imported(include_str!("fixtures/litellm.json"));
    assert_eq!(
        yaml,
        r#"sources:
  imported: {title: "a table", kind: third-party}
models:
  claude-opus-5:
    window:
      input: {value: 1000000, source: imported}
    prices:
      - input: 4
        output: 20
        read: 0.4
        write: {5m: 5, 1h: 8}
        batch: {input: 2, output: 10}
        source: imported
    multipliers:
      us: {value: 1.1, source: imported}
    cache: {explicit: {minimum: {value: 512, source: imported}}}
  "acme/one: two":
    vendor: acme
    platform: other
    dialects: [chat]
    tokenizer: {value: other, source: imported, status: unverified}
    window:
      input: {value: 64000, source: imported}
    prices:
      - input: 0.125
        output: 0.5
        long:
          - {more_than: 32000, input: 0.25, output: 1}
        source: imported
    deprecated: {value: 2027-01-31, source: imported}
"#
    );
    assert_eq!(
        left_out,
        [
            "sample_spec: no price of input or output tokens",
            "us.anthropic.claude-opus-5: the card of that name is for another platform",
            "acme/negative: no price of input or output tokens",
            "acme/images: no price of input or output tokens",
            "the key `mode` of 2 models",
        ]
    );
    let prices = cards.find("acme/one: two").unwrap().at(day("2026-11-21")).prices();
    assert_eq!(prices.base.read, None, "a zero is not a price");
    assert_eq!(prices.at(32_001).input, parse_price("0.25"));
}

#[test]
fn a_table_of_genai_prices_becomes_a_prices_yaml() {
    let (cards, yaml, left_out) = imported(include_str!("fixtures/genai-prices.json"));
    assert_eq!(
        yaml,
        r#"sources:
  imported: {title: "a table", kind: third-party}
models:
  mistral-large-4:
    window:
      total: {value: 1048576, source: imported}
    prices:
      - input: 0.68
        output: 2.09
        batch: {input: 0.34, output: 1.045}
        source: imported
        note: "at other hours than those with a price of their own"
      - input: 1.36
        output: 4.18
        batch: {input: 0.68, output: 2.09}
        from: 2026-10-20
        source: imported
        note: "at other hours than those with a price of their own"
  acme/tiered:
    vendor: acme
    platform: other
    dialects: [chat]
    tokenizer: {value: other, source: imported, status: unverified}
    window:
      total: {value: 200000, source: imported}
    prices:
      - input: 1
        output: 5
        read: 0.1
        long:
          - {more_than: 100000, input: 2, output: 5, read: 0.1}
        source: imported
"#
    );
    assert_eq!(
        left_out,
        ["mistral-large-4: prices that depend on the hour", "acme/embedding: no price of input or output tokens"]
    );
    let card = cards.find("mistral-large-4").unwrap();
    assert_eq!(card.at(day("2026-10-19")).prices().base.input, parse_price("0.68"));
    assert_eq!(card.at(day("2026-10-20")).prices().base.input, parse_price("1.36"));
}

#[test]
fn a_table_of_another_shape_is_an_error_with_a_cure() {
    for table in ["{}", "[", "42", r#"{"a": {"b": 1}}"#] {
        let error = Cards::built_in().import(table, "a table", Selection::All).unwrap_err();
        assert!(error.cure().is_some(), "{table}");
    }
}

#[test]
fn a_card_is_told_fact_by_fact() {
    let cards = Cards::built_in();
    let card = cards.find("claude-sonnet-4-6").unwrap();
    let told = cards.explain(&card, day("2026-11-21"));
    let fact = |path: &str| told.facts.iter().filter(|fact| fact.path == path).collect::<Vec<_>>();
    let [minimum] = fact("cache.explicit.minimum")[..] else { panic!("one minimum") };
    assert_eq!((minimum.value.as_str(), minimum.status, minimum.unit), ("1024", Status::Conflict, Some("tokens")));
    assert_eq!(minimum.conflicts.len(), 2);
    let [before, now] = fact("prices.input")[..] else { panic!("two price lists") };
    assert_eq!((before.in_force, now.in_force), (false, true));
    assert_eq!(now.from.unwrap().to_string(), "2026-03-13");
    assert!(fact("prices.long.200k.input").iter().all(|fact| !fact.in_force));
    assert!(told.sources.iter().any(|source| &*source.key == "ant-issue-1194"));
    assert_eq!(fact("cache.explicit.lifetimes.1h.class")[0].status, Status::Doc);
}

#[test]
fn all_cards_at_a_glance() {
    let rows = Cards::built_in().rows(day("2026-11-21"));
    assert!(rows.len() >= 42);
    let row = rows.iter().find(|row| &*row.model == "gemini-4-argon").unwrap();
    assert_eq!(row.next_change.unwrap().to_string(), "2026-12-01");
    let json = serde_json::to_value(rows.iter().find(|row| &*row.model == "grok-4.7").unwrap()).unwrap();
    let expected = serde_json::json!({
        "model": "grok-4.7", "vendor": "xAI", "platform": "xai", "tokenizer": "other", "window": 500_000,
        "input": "2", "output": "6", "read": "0.5", "write": {}, "cliff": 200_000, "minimum": null,
        "next_change": null, "deprecated": null
    });
    assert_eq!(json, expected);
}

#[test]
fn every_example_of_the_guide_is_a_prices_yaml_without_faults() {
    let guide = include_str!("../docs/models.md");
    let examples: Vec<&str> = guide.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert_eq!(examples.len(), 3);
    for example in examples {
        let (_, faults) = laid_over(example);
        assert_eq!(faults, Vec::<String>::new(), "{example}");
    }
}

#[test]
fn an_incomplete_price_list_warns_of_what_it_loses() {
    let (cards, faults) = laid_over("models:\n  claude-opus-5:\n    prices: {input: 4.50, output: 22.50}\n");
    assert_eq!(faults, ["3:13 incomplete-prices"]);
    let card = cards.find("claude-opus-5").unwrap();
    assert_eq!(card.at(day("2026-11-21")).prices().base.read, None);
    let told = cards.explain(&card, day("2026-11-21"));
    assert_eq!(told.facts.iter().find(|fact| fact.path == "prices.input").unwrap().status, Status::Own);
}

#[test]
fn a_new_value_never_stands_under_an_old_source() {
    let (cards, _) = laid_over("models:\n  claude-sonnet-4-6:\n    cache: {explicit: {minimum: {value: 4096}}}\n");
    let card = cards.find("claude-sonnet-4-6").unwrap();
    let facts = cards.facts(&card, day("2026-11-21"));
    let minimum = facts.iter().find(|fact| fact.path == "cache.explicit.minimum").unwrap();
    assert_eq!((minimum.value.as_str(), minimum.sources.len(), minimum.conflicts.len()), ("4096", 0, 0));
    assert_eq!(card.at(day("2026-11-21")).cache_rules().explicit.unwrap().lifetimes.len(), 2);
}

#[test]
fn a_fact_without_a_known_end_is_unknown_after_its_last_day() {
    let card = Cards::built_in().find("gemini-3.8-flash").unwrap();
    assert_eq!(card.at(day("2026-12-31")).prices().storage, parse_price("0.50"));
    assert_eq!(card.at(day("2027-01-01")).prices().storage, None);
}

#[test]
fn the_cache_rules_of_the_cards_are_those_of_their_sources() {
    let cards = Cards::built_in();
    let rules = |name: &str| cards.find(name).unwrap().at(day("2026-11-21")).cache_rules();
    let sonnet = rules("claude-sonnet-5-5").explicit.unwrap();
    assert_eq!(sonnet.minimum, 512);
    let CacheFamily::BlockBoundary(boundary) = sonnet.family else { panic!("block boundaries") };
    assert_eq!((boundary.breakpoints, boundary.lookback, boundary.collapse_tool_runs), (4, 20, true));
    let sol = rules("gpt-6.1-sol");
    let explicit = sol.explicit.unwrap();
    let ttls: Vec<String> = explicit.lifetimes.iter().map(|lifetime| lifetime.ttl.to_string()).collect();
    assert_eq!((explicit.minimum, ttls.as_slice(), sol.key_separates), (1024, &["30m".into(), "12h".into()][..], true));
    assert!(explicit.is_guaranteed());
    let earlier = rules("gpt-5.4");
    assert!(earlier.explicit.is_none());
    let CacheFamily::LongestPrefix(prefix) = earlier.implicit.unwrap().family else { panic!("a longest prefix") };
    assert_eq!((prefix.unit, prefix.interval), (128, None));
    let flash = rules("gemini-3.8-flash");
    assert!(matches!(flash.explicit.unwrap().family, CacheFamily::WholeObject(_)));
    assert!(!flash.implicit.unwrap().is_guaranteed());
    assert!(rules("gemini-4-argon").explicit.is_none());
    assert_eq!(rules("bedrock/claude-opus-4-7").explicit.unwrap().minimum, 4096);
    assert_eq!(rules("claude-opus-4-7").explicit.unwrap().minimum, 2048);
    assert_eq!(rules("bedrock/llama4-maverick"), CacheRules::default());
}

proptest::proptest! {
    #[test]
    fn a_price_is_read_as_it_is_written(nano in 0u64..=1_000_000_000_000_000) {
        let price = Price { nano };
        proptest::prop_assert_eq!(parse_price(&price.of(1_000_000).exact()), Some(price));
    }

    #[test]
    fn no_prices_yaml_makes_it_panic(text in r#"(models|families|sources|  [a-z]{1,3}|    prices|    cache|      explicit|    like|[\[\]{}:,\-" \n]|claude-opus-5|from|2026-02-30|-?[0-9.e]{1,9}|null|5m){0,40}"#) {
        let mut faults = Faults::new();
        let cards = Cards::built_in().with_overrides(&prices_yaml(&text), &mut faults);
        _ = (cards.names(), cards.digest());
        if let Ok(card) = cards.find("claude-opus-5") {
            _ = (card.at(day("2026-11-21")).model(&Choices::default()), card.changes(), cards.explain(&card, day("2026-11-21")));
        }
    }
}
