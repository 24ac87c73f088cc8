use super::*;
use crate::cost::ahead::ahead;
use crate::cost::bill::{bill, bounds};
use crate::cost::cards::{Cards, Choices};
use crate::cost::planner::Layout;
use crate::cost::terms::Terms;
use crate::cost::traffic::Traffic;
use crate::syntax::decode::Decode;
use crate::syntax::diag::{Faults, Severity};
use crate::syntax::manifest::{self, HitRate, Hours};
use crate::syntax::source::{ProjectPath, Source};

fn node(text: &str) -> crate::syntax::yaml::Node {
    let source = Source::new(ProjectPath::new("contexts/a.yaml").unwrap(), text.to_owned());
    crate::syntax::yaml::parse(&source, &mut Faults::new()).unwrap()
}

fn budgets(text: &str) -> Budgets {
    let mut faults = Faults::new();
    let budgets = Budgets::decode(&node(text), &mut faults);
    assert!(!faults.has_errors(), "{:?}", faults.into_vec());
    budgets.unwrap()
}

fn traffic() -> Traffic {
    Traffic {
        calls: 10_000,
        hours: Hours::Flat,
        hit_rate: HitRate::Auto,
        deploys: 0,
        replicas: 1,
        batch: Share::default(),
    }
}

fn request(prefix: Count) -> RequestTokens {
    RequestTokens {
        prefix,
        text: prefix,
        inputs: 500,
        unsized_input: false,
        framing: Count::exact(0),
        output: Some(1_000),
    }
}

/// Every budget of `written`, for one model of the built-in cards on one day.
fn results(written: &str, model: &str, day: Date, prefix: Count, base_prefix: Option<u64>) -> Vec<BudgetResult> {
    let card = Cards::built_in().find(model).unwrap();
    let (tokens, traffic) = (request(prefix), traffic());
    let bills = |model: &crate::cost::rules::Model| {
        let terms = Terms { model, batch: None, traffic: Some(&traffic), tokens: &tokens };
        Bills { at: bill(&Layout::default(), &terms), bounds: bounds(&Layout::default(), &terms) }
    };
    let plain = Choices::default();
    let later = ahead(&card, &plain, day, |at| bills(&at.model(&plain)));
    let bills = bills(&card.at(day).model(&plain));
    let figures = Figures { model, tokens: &tokens, bills, later: &later, blocks: &[], has_traffic: true, base_prefix };
    evaluate(Some(&budgets(written)), &figures)
}

const TODAY: Date = Date::constant(2026, 11, 20);

#[test]
fn a_budget_is_compared_today_and_on_announced_days() {
    let exact = Count::exact(10_000);
    // 10,500 tokens at $2 and 1,000 at $10: $0.031 a call uncached, twice that from December on.
    let found = results("{cost_per_call: {uncached: $0.05}}", "gemini-4-argon", TODAY, exact, None);
    let [held] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((held.status, held.actual.unwrap().decimal()), (Status::Pass, "0.031".to_owned()));
    assert_eq!(
        held.sentence(),
        "cost_per_call.uncached is $0.0310, the limit is $0.0500; passes today, fails from 2026-12-01 when \
         gemini-4-argon doubles: $0.0620 then"
    );
    let warning = held.warning().unwrap();
    assert_eq!(
        (&*warning.code, warning.hint.as_deref()),
        ("budget-ahead", Some("the limit is `budgets.cost_per_call.uncached` in contexts/a.yaml"))
    );
    let december = Date::constant(2026, 12, 1);
    let found = results("{cost_per_call: {uncached: $0.05}}", "gemini-4-argon", december, exact, None);
    assert_eq!(found[0].status, Status::Fail);
}

#[test]
fn every_kind_of_budget() {
    let written = "{tokens: 10k, prefix_tokens: 10k, cost_per_call: {warm: $1, cold: 0.001}, cost_per_month: $310, \
                   cached_share: 90%, growth: 5%}";
    let found = results(written, "gemini-4-argon", TODAY, Count::exact(10_000), Some(9_000));
    let row = |result: &BudgetResult| {
        let actual = result.actual.map(Amount::decimal).unwrap_or_default();
        (result.name.as_str(), result.limit.decimal(), actual, result.status)
    };
    let rows: Vec<_> = found.iter().map(row).collect();
    let expect = |name, limit: &str, actual: &str, status| (name, limit.to_owned(), actual.to_owned(), status);
    assert_eq!(
        rows,
        [
            expect("tokens", "10000", "10500", Status::Fail),
            expect("prefix_tokens", "10000", "10000", Status::Pass),
            expect("cost_per_call.warm", "1", "0.012", Status::Pass),
            expect("cost_per_call.cold", "0.001", "0.031", Status::Fail),
            expect("cost_per_month", "310", "120", Status::Pass),
            expect("cached_share", "0.9", "0.95238", Status::Pass),
            expect("growth", "0.05", "0.111112", Status::Fail),
        ]
    );
    assert_eq!(nearest(&found).unwrap().name, BudgetName::PrefixTokens);
}

#[test]
fn estimates_and_unknown_prices_are_not_guessed() {
    let near = Count::estimated(10_000, (9_000, 11_000));
    let found =
        results("{tokens: 11k, cost_per_call: {uncached: $0.032}, growth: 5%}", "gemini-4-argon", TODAY, near, None);
    let statuses: Vec<_> = found.iter().map(|result| result.status).collect();
    assert_eq!(statuses, [Status::Unknown, Status::Unknown, Status::Skipped]);
    let said = found[0].warning().unwrap();
    assert_eq!((&*said.code, said.severity, said.is_open), ("budget-unknown", Severity::Error, true));
    let passing = "{tokens: {limit: 11k, unknown: pass}, cost_per_call: {uncached: $0.032, unknown: pass}}";
    for result in results(passing, "gemini-4-argon", TODAY, near, None) {
        assert!(result.status == Status::Unknown && !result.is_open(), "{result:?}");
        assert_eq!(result.warning().unwrap().severity, Severity::Warning);
    }
}

#[test]
fn what_failed_before_blocks_only_when_it_got_worse() {
    let at = |prefix| results("{tokens: 1k}", "gemini-4-argon", TODAY, Count::exact(prefix), None).remove(0);
    let (base, percent) = (at(9_500), Share { millionths: 10_000 });
    assert!(at(9_500).blocks(None, Share::default()));
    assert!(!at(9_500).blocks(Some(&base), Share::default()));
    assert!(!at(9_000).blocks(Some(&base), Share::default()));
    assert!(at(9_501).blocks(Some(&base), Share::default()));
    assert!(!at(9_600).blocks(Some(&base), percent));
    assert!(at(9_601).blocks(Some(&base), percent));
    assert!(at(9_500).blocks(Some(&at(100)), percent));
}

#[test]
fn traffic_reads_as_it_is_declared() {
    let declared = |text: &str| Traffic::declared(&manifest::Traffic::decode(&node(text), &mut Faults::new()).unwrap());
    let found = declared("{calls: 50/day, hours: business, deploys: 2/day, replicas: 3, batch: 25%}").unwrap();
    assert_eq!((found.calls, found.deploys, found.replicas, found.batch_calls()), (1_100, 60, 3, 275));
    assert_eq!(declared("{calls: 2k/hour}").unwrap().calls, 1_440_000);
    assert_eq!(declared("{deploys: 20/month}"), None);
}
