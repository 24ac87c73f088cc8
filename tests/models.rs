//! Model cards: what is built in, what `prices.yaml` does to it, and what the numbers come to.

use std::sync::Arc;

use contexture::diag::Faults;
use contexture::models::{Cards, Date};
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
