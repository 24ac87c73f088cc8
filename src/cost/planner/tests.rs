use std::borrow::Cow;
use std::sync::Arc;

use super::*;
use crate::cost::bill::bill;
use crate::cost::rules::{BlockBoundary, CacheFamily, CacheRules, Class, Cliff, Lifetime, Model, Price, Prices, Rates};
use crate::cost::terms::RequestTokens;
use crate::cost::tokens::Count;
use crate::cost::traffic::Traffic;
use crate::cost::warnings::warnings;
use crate::cost::{cards::Window, window};
use crate::prompt::segment::{Kind, Origin, Part, Role, Tier, prefix_len};
use crate::syntax::diag::{Diagnostic, Severity};
use crate::syntax::manifest::{HitRate, Hours};
use crate::syntax::manifest::{Mark, Stability};
use crate::syntax::quantity::{Share, Usd};
use crate::syntax::source::{ProjectPath, Source, Span};

/// A segment of a test prompt.
#[derive(Debug, Clone, Copy)]
pub(super) struct Text {
    pub block: usize,
    pub stability: Option<Stability>,
    pub mark: Mark,
    pub is_input: bool,
}

impl Default for Text {
    fn default() -> Self {
        Self { block: 0, stability: None, mark: Mark::Free, is_input: false }
    }
}

/// Segments of the system prompt, one line of the manifest each block.
pub(super) fn prefix(texts: &[Text]) -> Vec<Segment> {
    let source = Source::new(ProjectPath::new("contexts/a.yaml").unwrap(), "\n".repeat(2000));
    let segment = |(number, text): (usize, &Text)| Segment {
        id: format!("system/{}.{number}", text.block),
        tier: Tier::System,
        parts: vec![Part {
            region: None,
            role: Role::System,
            kind: if text.is_input { Kind::Input } else { Kind::Text },
            text: "a".into(),
        }],
        origin: Origin {
            path: None,
            lines: None,
            blob: None,
            block: Span::new(&source, text.block, text.block),
            picked: None,
        },
        mark: text.mark,
        stability: text.stability,
        priority: 0,
    };
    texts.iter().enumerate().map(segment).collect()
}

fn ttl(written: &str) -> Ttl {
    Ttl::parse(written).unwrap()
}

fn usd(written: &str) -> Usd {
    Usd::parse(written).unwrap()
}

fn price(written: &str) -> Price {
    Price::per_million(usd(written)).unwrap()
}

/// $2 in, $0.10 read, $2.50 for 5m and $4 for 1h: claude-sonnet-5-5 as published.
fn sonnet() -> Model {
    let kept =
        |written| Lifetime { ttl: ttl(written), expected: ttl(written), class: Class::Fixed, refreshed_by_use: true };
    let family = CacheFamily::BlockBoundary(BlockBoundary {
        breakpoints: 4,
        lookback: 20,
        collapse_tool_runs: true,
        longer_ttl_first: true,
        automatic: true,
        minimum_per_breakpoint: false,
        refresh_path: false,
        no_tools: false,
    });
    let base = Rates {
        input: Some(price("2")),
        output: Some(price("10")),
        read: Some(price("0.1")),
        implicit_read: None,
        write: vec![(ttl("5m"), price("2.5")), (ttl("1h"), price("4"))],
    };
    let mechanism = Mechanism { family, minimum: 512, lifetimes: vec![kept("5m"), kept("1h")] };
    Model {
        name: Arc::from("claude-sonnet-5-5"),
        rules: CacheRules { explicit: Some(mechanism), ..CacheRules::default() },
        prices: Some(Prices { base, ..Prices::default() }),
    }
}

fn traffic(calls: u64, deploys: u64) -> Traffic {
    Traffic { calls, hours: Hours::Flat, hit_rate: HitRate::Auto, deploys, replicas: 1, batch: Share::default() }
}

const AUTO: CachePolicy = CachePolicy { breakpoints: Breakpoints::Auto, ttl: None };

/// Plans segments of these tokens, with an input of 600 behind them.
fn planned(
    texts: &[Text],
    tokens: &[u64],
    policy: CachePolicy,
    traffic: Option<&Traffic>,
) -> (Warned<Layout>, RequestTokens) {
    let prefix = Count::exact(tokens.iter().sum());
    let request = RequestTokens {
        prefix,
        text: prefix,
        inputs: 600,
        unsized_input: false,
        framing: Count::exact(10),
        output: Some(250),
    };
    let model = sonnet();
    let terms = Terms { model: &model, batch: None, traffic, tokens: &request };
    let mut segments = super::tests::prefix(texts);
    segments.extend(super::tests::prefix(&[Text { block: 999, is_input: true, ..Text::default() }]));
    let mut tokens = tokens.to_vec();
    tokens.push(0);
    (plan(&segments, &tokens, policy, &terms), request)
}

fn places(layout: &Layout) -> Vec<(usize, String)> {
    layout.marks().map(|mark| (mark.after, mark.ttl.to_string())).collect()
}

fn blocks(count: usize) -> Vec<Text> {
    (0..count).map(|block| Text { block, ..Text::default() }).collect()
}

#[test]
fn the_ttl_follows_the_traffic() {
    let texts = blocks(3);
    let at = |calls| places(&planned(&texts, &[1_000, 6_000, 50_000], AUTO, Some(&traffic(calls, 0))).0.value);
    assert_eq!(at(1_500), [(2, "1h".to_owned())]);
    assert_eq!(at(1_500_000), [(2, "5m".to_owned())]);
    assert_eq!(at(3), []);
}

#[test]
fn deploys_are_hedged_with_what_the_limit_leaves() {
    let texts = blocks(6);
    let (layout, _) = planned(&texts, &[5_000; 6], AUTO, Some(&traffic(1_500_000, 20)));
    assert_eq!(layout.value.breakpoints.len(), 4);
    assert_eq!(layout.value.breakpoints[3].breakpoint.after, 5);
    let mut volatile = blocks(6);
    volatile[4].stability = Some(Stability::Volatile);
    for text in &mut volatile[..4] {
        text.stability = Some(Stability::Frozen);
    }
    let (layout, _) = planned(&volatile, &[5_000; 6], AUTO, Some(&traffic(1_500_000, 20)));
    assert_eq!(places(&layout.value), [(3, "5m".to_owned()), (5, "5m".to_owned())]);
}

#[test]
fn marks_of_the_manifest_stand() {
    let mut texts = blocks(4);
    texts[1].mark = Mark::For(ttl("1h"));
    let (layout, _) = planned(&texts, &[2_000; 4], AUTO, Some(&traffic(1_500_000, 0)));
    assert_eq!(places(&layout.value), [(1, "1h".to_owned()), (3, "5m".to_owned())]);
    assert!(layout.value.breakpoints[0].why.starts_with("written in the manifest; "));
    let manual = CachePolicy { breakpoints: Breakpoints::Manual, ttl: None };
    assert_eq!(places(&planned(&texts, &[2_000; 4], manual, None).0.value), [(1, "1h".to_owned())]);
    let off = CachePolicy { breakpoints: Breakpoints::Off, ttl: None };
    assert_eq!(places(&planned(&texts, &[2_000; 4], off, None).0.value), []);
    texts[3].mark = Mark::Never;
    let (layout, _) = planned(&texts, &[2_000; 4], AUTO, Some(&traffic(1_500_000, 0)));
    assert_eq!(places(&layout.value), [(1, "1h".to_owned()), (2, "5m".to_owned())]);
}

/// The code of what this run found.
fn code(found: &Diagnostic) -> &'static str {
    if let Cow::Borrowed(code) = found.code { code } else { "" }
}

fn codes(texts: &[Text], tokens: &[u64], traffic: Option<&Traffic>) -> Vec<(&'static str, Severity, usize)> {
    let (layout, _) = planned(texts, tokens, AUTO, traffic);
    layout
        .warnings
        .iter()
        .map(|found| (code(found), found.severity, found.span.as_ref().map_or(0, |span| span.line_column().0)))
        .collect()
}

#[test]
fn what_the_provider_refuses_names_its_rule_and_the_line() {
    let mut texts = blocks(5);
    texts.iter_mut().for_each(|text| text.mark = Mark::Here);
    assert_eq!(codes(&texts, &[1_000; 5], None), [("too-many-breakpoints", Severity::Error, 5)]);
    let (layout, _) = planned(&texts, &[1_000; 5], AUTO, None);
    assert_eq!(
        layout.warnings[0].message,
        "a request carries at most 4 cache breakpoints, an automatic one included; this one has 5"
    );
    let mut texts = blocks(2);
    texts[0].mark = Mark::For(ttl("5m"));
    texts[1].mark = Mark::For(ttl("1h"));
    assert_eq!(codes(&texts, &[1_000; 2], None), [("ttl-order", Severity::Error, 2)]);
}

#[test]
fn dead_and_rounded_marks_are_told() {
    let mut texts = blocks(2);
    texts[0].mark = Mark::Here;
    assert_eq!(codes(&texts, &[511, 1_000], None), [("dead-breakpoint", Severity::Warning, 1)]);
    texts[0].mark = Mark::For(ttl("30m"));
    assert_eq!(codes(&texts, &[512, 1_000], None), [("short-ttl", Severity::Note, 1)]);
    assert_eq!(codes(&blocks(1), &[10_000], Some(&traffic(2, 0))), [("caching-does-not-pay", Severity::Note, 1)]);
}

#[test]
fn the_words_of_the_last_breakpoint_can_be_checked_by_hand() {
    let (layout, tokens) = planned(&blocks(1), &[57_204], AUTO, Some(&traffic(1_500_000, 0)));
    assert_eq!(
        layout.value.breakpoints[0].why,
        "ends the 57,204 tokens before the first input; at 1,500,000 calls a month they are read 100% of the time, at \
         $0.10 a million instead of $2, and written the rest of the time at $2.50; saves $0.1087 a call, $163,031.40 a \
         month; with 1h they would be read 100% of the time, and a month cost the same"
    );
    let model = sonnet();
    let traffic = traffic(1_500_000, 0);
    let terms = Terms { model: &model, batch: None, traffic: Some(&traffic), tokens: &tokens };
    let saved = bill(&layout.value, &terms).saves.unwrap();
    assert_eq!(layout.value.breakpoints[0].worth.unwrap().month, saved);
}

#[test]
fn worths_add_up_and_the_words_of_a_hedge_can_be_checked_by_hand() {
    let mut texts = blocks(3);
    texts[0].stability = Some(Stability::Frozen);
    let (layout, tokens) = planned(&texts, &[20_000, 5_000, 5_000], AUTO, Some(&traffic(1_500_000, 20)));
    // 20,000 tokens · 10 deploys · $2.40 a million, and 25,000 · 10: every deploy changes one of two blocks.
    assert_eq!(
        layout.value.breakpoints[0].why,
        "keeps the first 20,000 tokens: 50% of 20 deploys a month change nothing before it, but something before the \
         next breakpoint, and the call after each reads them instead of writing them anew; saves $0.4800 a month, if \
         reads keep earlier entries alive, which is not documented"
    );
    assert_eq!(layout.value.breakpoints[1].worth.unwrap().month, usd("0.6"));
    assert!(layout.value.breakpoints[2].why.contains("at $2.50, and once more after 20 deploys; saves $0.0570 a call"));
    let (model, traffic) = (sonnet(), traffic(1_500_000, 20));
    let terms = Terms { model: &model, batch: None, traffic: Some(&traffic), tokens: &tokens };
    let hedged = usd("0.48") + usd("0.6");
    let worths: Usd = layout.value.breakpoints.iter().filter_map(|placed| Some(placed.worth?.month)).sum();
    assert_eq!(worths, bill(&layout.value, &terms).saves.unwrap() + hedged);
}

#[test]
fn without_traffic_the_end_of_the_prefix_is_marked() {
    let (layout, _) = planned(&blocks(3), &[1_000; 3], AUTO, None);
    assert_eq!(
        layout.value.breakpoints[0].why,
        "ends the 3,000 tokens before the first input; pays with the second call within 5m (no traffic is declared)"
    );
    assert_eq!(places(&layout.value), [(2, "5m".to_owned())]);
}

/// The codes and messages about a prompt: segments with their tokens, the band of the text, a window.
fn remarked(
    texts: &[Text],
    tokens: &[u64],
    band: (u64, u64),
    window: Option<u64>,
) -> Vec<(&'static str, String, usize)> {
    let mut model = sonnet();
    let dear = Rates { input: Some(price("4")), output: Some(price("15")), ..Rates::default() };
    model.prices.as_mut().unwrap().cliffs = vec![Cliff { above: 100_000, inclusive: false, rates: dear }];
    let segments = super::tests::prefix(texts);
    let end = prefix_len(&segments);
    let count = |tokens: u64, (less, more): (u64, u64)| Count::estimated(tokens, (tokens - less, tokens + more));
    let (prefix, text) = (tokens[..end].iter().sum(), tokens.iter().sum());
    let request = RequestTokens {
        prefix: count(prefix, band),
        text: count(text, band),
        inputs: 600,
        unsized_input: false,
        framing: Count::exact(0),
        output: Some(250),
    };
    let traffic = traffic(100, 0);
    let terms = Terms { model: &model, batch: None, traffic: Some(&traffic), tokens: &request };
    let layout = plan(&segments, tokens, AUTO, &terms).value;
    let bill = bill(&layout, &terms);
    let window = Window { input: window, ..Window::default() };
    let fitted = window::Subject { window, tokens: &request, answer: 0, segments: &segments, per_segment: tokens };
    warnings(&segments, tokens, &layout, &bill, &terms)
        .into_iter()
        .chain(fitted.warning(&fitted.fit()))
        .map(|found| (code(&found), found.message, found.span.map_or(0, |span| span.line_column().0)))
        .collect()
}

#[test]
fn text_that_can_never_be_cached_is_told_with_its_tokens() {
    let input = Text { block: 1, is_input: true, ..Text::default() };
    let texts = [Text::default(), input, Text { block: 2, ..Text::default() }];
    let found = remarked(&texts, &[1_000, 0, 12_345], (0, 0), None);
    assert_eq!(
        found,
        [(
            "input-before-stable",
            "`system/1.1` is filled in at run time and stands before ≈12,345 tokens of unchanging text (most of it in \
         `system/2.2`), which can never be cached"
                .to_owned(),
            2
        )]
    );
    assert!(remarked(&texts, &[1_000, 0, 99], (0, 0), None).is_empty());
    let mut texts = blocks(3);
    texts[1].stability = Some(Stability::Volatile);
    let found = remarked(&texts, &[1_000, 50, 2_000], (0, 0), None);
    assert_eq!(found.iter().map(|(code, _, line)| (*code, *line)).collect::<Vec<_>>(), [("volatile-before-stable", 2)]);
}

#[test]
fn limits_that_are_near_are_told() {
    let codes = |tokens: u64, band, window| {
        remarked(&blocks(1), &[tokens], band, window).into_iter().map(|(code, ..)| code).collect::<Vec<_>>()
    };
    // The prefix: 512 tokens are cached, a quarter less is a few short.
    assert_eq!(codes(500, (0, 0), None), ["short-prefix"]);
    assert!(codes(383, (0, 0), None).is_empty() && codes(512, (0, 0), None).is_empty());
    assert_eq!(codes(500, (10, 20), None), ["band-straddles"]);
    // The cliff lies above 100,000 tokens, 600 of which are the input's.
    assert_eq!(codes(97_400, (0, 0), None), ["near-cliff"]);
    assert!(codes(97_399, (0, 0), None).is_empty());
    assert_eq!(codes(99_400, (0, 0), None), ["near-cliff"]);
    assert_eq!(codes(99_401, (0, 0), None), ["near-cliff"]);
    assert_eq!(codes(104_400, (0, 0), None), ["near-cliff"]);
    assert!(codes(104_401, (0, 0), None).is_empty());
    assert_eq!(codes(90_000, (0, 20_000), None), ["band-straddles"]);
    // The window.
    assert_eq!(codes(9_400, (0, 0), Some(10_000)), ["near-window"]);
    assert_eq!(codes(8_900, (0, 0), Some(10_000)), ["near-window"]);
    assert!(codes(8_899, (0, 0), Some(10_000)).is_empty());
    assert_eq!(codes(9_401, (0, 0), Some(10_000)), ["window"]);
    assert_eq!(codes(9_000, (0, 500), Some(10_000)), ["band-straddles"]);
    assert_eq!(codes(9_500, (99, 500), Some(10_000)), ["window"]);
}

#[test]
fn what_lies_beyond_a_cliff_is_told_in_dollars() {
    let found = remarked(&blocks(1), &[99_501], (0, 0), None);
    assert_eq!(
        found[0].1,
        "the request is ≈101 tokens over the price cliff at 100,000: beyond it an uncached call costs ≈$0.4042 instead \
         of ≈$0.2027"
    );
}

#[test]
fn marks_that_cost_more_than_they_save_are_told() {
    let mut texts = blocks(1);
    texts[0].mark = Mark::Here;
    let found = remarked(&texts, &[10_000], (0, 0), None);
    assert_eq!(found.iter().map(|(code, ..)| *code).collect::<Vec<_>>(), ["caching-does-not-pay"]);
    assert_eq!(
        found[0].1,
        "caching costs ≈$0.4724 a month more than it saves at 100 calls a month: an entry is found 1.2% of the time"
    );
}
