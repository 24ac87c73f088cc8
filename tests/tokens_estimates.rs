//! The errors that `docs/tokens.md` gives for Claude, worked out again from the committed numbers:
//! `benches/estimate/corpus.csv` (features of published texts, with their published counts) and
//! `benches/estimate/folds.csv` (what was fitted with a tenth of the prompts held out each time).

use std::collections::HashMap;

use contexture::cost::tokens::{Features, TokenizerFamily};

const CORPUS: &str = include_str!("../benches/estimate/corpus.csv");
const FOLDS: &str = include_str!("../benches/estimate/folds.csv");
const PAGE: &str = include_str!("../docs/tokens.md");
/// The tokens of the request around each text, as the fit finds them.
const WRAPPER: u64 = 6;

/// A text of the corpus, without the text.
struct Published {
    generation: &'static str,
    fold: &'static str,
    tokens: u64,
    features: Vec<u64>,
}

fn corpus() -> Vec<Published> {
    let number = |field: &str| field.parse::<u64>().unwrap();
    let rows = CORPUS.lines().skip(1).map(|line| line.split(',').collect::<Vec<_>>());
    rows.map(|row| Published {
        generation: row[2],
        fold: row[3],
        tokens: number(row[4]),
        features: row[5..].iter().map(|field| number(field)).collect(),
    })
    .collect()
}

/// By generation and fold: the wrapper's tokens, and the weights in thousandths of a token.
fn folds() -> HashMap<(&'static str, &'static str), (u64, Vec<u64>)> {
    let rows = FOLDS.lines().skip(1).map(|line| line.split(',').collect::<Vec<_>>());
    rows.map(|row| {
        let weights = row[3..].iter().map(|field| field.parse().unwrap()).collect();
        ((row[0], row[1]), (row[2].parse().unwrap(), weights))
    })
    .collect()
}

/// Median, p90, p95 and p99 as the table prints them.
fn spread(mut errors: Vec<f64>) -> String {
    errors.sort_by(f64::total_cmp);
    let percentile = |share: f64| {
        let place = share * (errors.len() - 1) as f64;
        let (below, above) = (errors[place.floor() as usize], errors[place.ceil() as usize]);
        format!("{:.1} %", 100.0 * (below + (above - below) * place.fract()))
    };
    [0.5, 0.9, 0.95, 0.99].map(percentile).join(" | ")
}

fn relative(estimate: f64, text: &Published) -> f64 {
    (estimate - text.tokens as f64).abs() / text.tokens as f64
}

#[test]
fn the_page_gives_the_errors_that_the_committed_numbers_give() {
    let (corpus, folds) = (corpus(), folds());
    for (generation, multiplier) in [("older", 1.16), ("newer", 1.54)] {
        let texts: Vec<&Published> = corpus.iter().filter(|text| text.generation == generation).collect();
        let held_out = texts.iter().map(|text| {
            let (wrapper, weights) = &folds[&(generation, text.fold)];
            let sum: u64 = weights.iter().zip(&text.features).map(|(weight, feature)| weight * feature).sum();
            relative(((sum + 500) / 1000 + wrapper) as f64, text)
        });
        let by_content = format!("| {generation}, by content | {} | {} |", texts.len(), spread(held_out.collect()));
        let plain = texts.iter().map(|text| relative(multiplier * text.features[0] as f64, text));
        let plain =
            format!("| {generation}, one multiplier {multiplier} | {} | {} |", texts.len(), spread(plain.collect()));
        for row in [plain, by_content] {
            assert!(PAGE.contains(&row), "docs/tokens.md lacks the row that benches/estimate/fit.py prints:\n{row}");
        }
    }
}

#[test]
fn nineteen_in_twenty_published_counts_lie_in_their_band() {
    for (generation, family) in [("older", TokenizerFamily::ClaudeOlder), ("newer", TokenizerFamily::ClaudeNewer)] {
        let (mut texts, mut inside) = (0, 0);
        for text in corpus().iter().filter(|text| text.generation == generation) {
            let features = Features::from(<[u64; Features::COUNT]>::try_from(text.features.as_slice()).unwrap());
            let (low, high) = family.count_features(&[features]).total.band();
            texts += 1;
            inside += u64::from((low..=high).contains(&text.tokens.saturating_sub(WRAPPER)));
        }
        assert!(inside * 20 >= texts * 19, "{generation}: {inside} of {texts}");
    }
}
