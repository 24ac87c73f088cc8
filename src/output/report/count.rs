//! The reports of `count`.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use super::inert;
use super::text::{Table, counted as number, grouped};
use crate::cost::tokens::{Basis, Tokenizer, count_by_each};
use crate::evaluate::counted;
use crate::pipeline::measured::{COUNTS_FILE, MeasuredCount};
use crate::text::project::ContextId;

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

/// What `count --remote --format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RemoteReport<'a> {
    /// `contexture.count-remote/1`.
    pub schema: &'static str,
    /// Every prompt with each of its models.
    pub counts: Vec<RemoteCount<'a>>,
    /// How far the estimates are from what was counted, by tokenizer.
    pub tokenizers: Vec<Comparison>,
}

/// One prompt with one model.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RemoteCount<'a> {
    /// Its name and variant.
    #[serde(flatten)]
    pub id: &'a ContextId,
    /// The model.
    pub model: &'a str,
    /// What its provider counted; null where there is no count.
    pub measured: Option<&'a MeasuredCount>,
    /// Whether that was recorded before this run.
    pub recorded: bool,
    /// Why there is no count.
    pub error: Option<&'a str>,
    /// The estimate of the same.
    pub estimate: u64,
    /// The least and the most that the estimate allows.
    pub band: [u64; 2],
    /// What counts or estimates the model's tokens here.
    pub tokenizer: &'a str,
}

/// Estimates beside counts.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Comparison {
    /// What estimates.
    pub tokenizer: String,
    /// How many prompts were counted, each once.
    pub prompts: usize,
    /// How many of these estimates have a band: text that is counted exactly has none, and what a provider adds to it neither.
    pub with_band: usize,
    /// How many of the counts lie in that band.
    pub in_band: usize,
    /// The median distance from the count, as a share of it: `0.0183`.
    #[serde(serialize_with = "as_share")]
    #[schemars(with = "String")]
    pub median: i64,
    /// The largest distance.
    #[serde(serialize_with = "as_share")]
    #[schemars(with = "String")]
    pub worst: i64,
}

impl RemoteCount<'_> {
    /// How far the estimate is from the count, as a share of it in millionths; negative where it is too low.
    fn off(&self) -> Option<i64> {
        let count = i128::from(self.measured?.tokens.max(1));
        i64::try_from((i128::from(self.estimate) - count) * 1_000_000 / count).ok()
    }

    fn has_band(&self) -> bool {
        self.band[0] < self.band[1]
    }

    fn is_in_band(&self) -> bool {
        self.measured.is_some_and(|count| (self.band[0]..=self.band[1]).contains(&count.tokens))
    }
}

impl<'a> RemoteReport<'a> {
    /// Reports what was counted.
    pub fn new(all: &'a [counted::Counted<'a>]) -> Self {
        let counts: Vec<RemoteCount<'a>> = all
            .iter()
            .map(|one| {
                let estimate = one.model.tokens.text + one.model.tokens.framing;
                RemoteCount {
                    id: &one.build.id,
                    model: &one.model.card.name,
                    measured: one.result.as_ref().ok(),
                    recorded: one.is_recorded,
                    error: one.result.as_ref().err().map(String::as_str),
                    estimate: estimate.tokens(),
                    band: estimate.band().into(),
                    tokenizer: one.model.card.tokenizer.as_str(),
                }
            })
            .collect();
        let names: BTreeSet<&str> = counts.iter().map(|one| one.tokenizer).collect();
        let tokenizers = names.into_iter().filter_map(|name| compared(name, &counts)).collect();
        Self { schema: "contexture.count-remote/1", counts, tokenizers }
    }

    /// Whether everything was counted.
    pub fn is_whole(&self) -> bool {
        self.counts.iter().all(|one| one.measured.is_some())
    }

    /// For people: a table of all counts, then how good the estimates are.
    pub fn text(&self) -> String {
        let mut table = Table::new(&["context", "model", "measured>", "estimate>", "off>", "band", "counted by"]);
        for one in &self.counts {
            let about = format!("≈{}", grouped(one.estimate));
            let (measured, by) = match (one.measured, one.error) {
                (Some(count), _) => (grouped(count.tokens), format!("{} on {}", count.source, count.day)),
                (None, error) => ("?".to_owned(), format!("nobody: {}", error.unwrap_or_default())),
            };
            let off = one.off().map_or_else(|| "?".to_owned(), signed);
            let band = match one.measured.map(|_| one.is_in_band()) {
                Some(_) if !one.has_band() => "none".to_owned(),
                Some(true) => "within".to_owned(),
                Some(false) => format!("outside {} to {}", grouped(one.band[0]), grouped(one.band[1])),
                None => String::new(),
            };
            table.row([one.id.to_string(), one.model.to_owned(), measured, about, off, band, by]);
        }
        let mut drawn = table.draw(0);
        for Comparison { tokenizer, prompts, with_band, in_band, median, worst } in &self.tokenizers {
            let bands = match with_band {
                0 => "no estimate has a band".to_owned(),
                some => format!("{in_band} of {some} counts lie in the band of their estimate"),
            };
            drawn.push_str(&format!(
                "{tokenizer}: {} measured; the estimates are off by {} in the median and {} at worst, and {bands}\n",
                number(*prompts, "prompt"),
                percent(*median),
                percent(*worst)
            ));
        }
        let (all, here) = (self.counts.len(), self.counts.iter().filter(|one| one.measured.is_some()).count());
        let recorded = self.counts.iter().filter(|one| one.recorded).count();
        drawn.push_str(&format!("{here} of {all} measured, {recorded} of them recorded before"));
        drawn.push_str(&match all - here {
            0 => format!("; {COUNTS_FILE} has them\n"),
            missing => format!("; {missing} not measured, so their tokens stay estimates\n"),
        });
        inert::terminal(&drawn)
    }
}

/// The estimates of one tokenizer beside the counts; `None` without a count.
fn compared(tokenizer: &str, counts: &[RemoteCount<'_>]) -> Option<Comparison> {
    let mut met = BTreeSet::new();
    let own: Vec<&RemoteCount<'_>> = counts
        .iter()
        .filter(|one| one.tokenizer == tokenizer)
        .filter(|one| one.measured.is_some_and(|count| met.insert((one.model, count.full, count.settings))))
        .collect();
    let mut off: Vec<i64> = own.iter().filter_map(|one| Some(one.off()?.abs())).collect();
    off.sort_unstable();
    Some(Comparison {
        tokenizer: tokenizer.to_owned(),
        prompts: own.len(),
        with_band: own.iter().filter(|one| one.has_band()).count(),
        in_band: own.iter().filter(|one| one.has_band() && one.is_in_band()).count(),
        // Of two in the middle the larger: no distance is shown smaller than it is.
        median: *off.get(off.len() / 2)?,
        worst: *off.last()?,
    })
}

/// A share in millionths as per cent with one place.
fn percent(millionths: i64) -> String {
    let tenths = (millionths.unsigned_abs() + 500) / 1000;
    format!("{}.{}%", tenths / 10, tenths % 10)
}

fn signed(millionths: i64) -> String {
    format!("{}{}", if millionths < 0 { "-" } else { "+" }, percent(millionths))
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn as_share<S: serde::Serializer>(millionths: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    let tenths_of_thousandths = (millionths.unsigned_abs() + 50) / 100;
    serializer.collect_str(&format_args!("{}.{:04}", tenths_of_thousandths / 10_000, tenths_of_thousandths % 10_000))
}
