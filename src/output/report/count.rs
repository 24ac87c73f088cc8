//! The report of `count`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::text::{Table, grouped};
use crate::cost::tokens::{Basis, Tokenizer, count_by_each};

/// What `count --format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CountReport {
    /// `contexture.count/1`.
    pub schema: &'static str,
    /// Every file, in the order asked.
    pub files: Vec<Counted>,
}

/// One file's counts.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Counted {
    /// As written on the command line.
    pub path: String,
    /// Its size.
    pub bytes: usize,
    /// Exact counts by tokenizer.
    pub tokens: BTreeMap<String, u64>,
    /// Estimates by tokenizer family.
    pub estimates: BTreeMap<String, u64>,
    /// The band of each estimate: least and most that is expected.
    pub bands: BTreeMap<String, [u64; 2]>,
}

impl Counted {
    /// Counts a text by each tokenizer.
    pub fn of(path: &str, text: &str, tokenizers: &[(String, Tokenizer)]) -> Self {
        let mut counted = Self {
            path: path.to_owned(),
            bytes: text.len(),
            tokens: BTreeMap::new(),
            estimates: BTreeMap::new(),
            bands: BTreeMap::new(),
        };
        let counts = count_by_each(tokenizers.iter().map(|(_, tokenizer)| tokenizer), text);
        for ((name, _), count) in tokenizers.iter().zip(counts) {
            if count.basis() == Basis::Estimated {
                counted.estimates.insert(name.clone(), count.tokens());
                counted.bands.insert(name.clone(), count.band().into());
            } else {
                counted.tokens.insert(name.clone(), count.tokens());
            }
        }
        counted
    }
}

impl CountReport {
    /// Reports counted files.
    pub fn new(files: Vec<Counted>) -> Self {
        Self { schema: "contexture.count/1", files }
    }

    /// For people: a table a file, exact counts first.
    pub fn text(&self) -> String {
        let mut drawn = String::new();
        for file in &self.files {
            let mut table = Table::new(&["tokenizer", "tokens>", "basis", "band"]);
            for (name, tokens) in &file.tokens {
                table.row([name.clone(), grouped(*tokens), "exact".to_owned(), String::new()]);
            }
            for (name, tokens) in &file.estimates {
                let [low, high] = file.bands.get(name).copied().unwrap_or([*tokens, *tokens]);
                table.row([
                    name.clone(),
                    format!("≈{}", grouped(*tokens)),
                    "estimated".to_owned(),
                    format!("{} to {}", grouped(low), grouped(high)),
                ]);
            }
            drawn.push_str(&super::inert::words(&format!("{}  {} bytes\n", file.path, grouped(file.bytes as u64))));
            drawn.push_str(&table.draw(2));
        }
        drawn
    }
}
