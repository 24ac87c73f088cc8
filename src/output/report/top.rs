//! Where the money goes: contexts and models by what a month of them costs, and what that is made of.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::cost::amount;
use super::text::{Table, counted, grouped};
use crate::cost::parts::MonthParts;
use crate::cost::tokens::Basis;
use crate::pipeline::model::ModelBuild;
use crate::pipeline::{Build, BuildResult};
use crate::syntax::quantity::Usd;
use crate::text::project::ContextId;

/// What `top --format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TopReport<'a> {
    /// `contexture.top/1`.
    pub schema: &'static str,
    /// The day whose prices and rules hold.
    pub as_of: String,
    /// Each context with each of its models: unknown months first, then the dearest, then those without traffic by
    /// their tokens.
    pub rows: Vec<TopRow<'a>>,
    /// The sums of each model.
    pub totals: Vec<ModelSum>,
    /// Contexts that cannot be built, and so are in no sum.
    pub broken: Vec<&'a ContextId>,
}

/// One context with one of its models.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TopRow<'a> {
    /// The context.
    #[serde(flatten)]
    pub id: &'a ContextId,
    /// The model; empty where the manifest names none.
    pub model: &'a str,
    /// Input tokens of a call; of the text by o200k_base, without a model.
    pub tokens: u64,
    /// Whether that is an estimate.
    pub estimated: bool,
    /// Calls a month; null where no traffic is declared.
    pub calls: Option<u64>,
    /// US dollars of a month; null where a price or the traffic is not known.
    pub month: Option<Usd>,
    /// Whether the month holds the answers; false where `output.tokens` does not say their size.
    pub answer: bool,
    /// Whether the month holds every input; false where one has no `tokens`.
    pub inputs: bool,
    /// What that month is made of.
    pub parts: Option<MonthParts>,
    /// Whether a price that it takes is not known.
    pub unpriced: bool,
    /// Keys of the manifest whose values were assumed: the figures rest on them.
    pub assumed: Vec<&'static str>,
}

/// What contexts come to with one model. Each model is an alternative: amounts of two are never added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ModelSum {
    /// The model.
    pub model: String,
    /// How many contexts are built for it.
    pub contexts: usize,
    /// US dollars of a month; null where a price is not known or none declares traffic.
    pub month: Option<Usd>,
    /// Contexts whose prices are not all known.
    pub unknown: usize,
    /// Contexts without traffic, of which nothing is in `month`.
    pub without_traffic: usize,
    /// Whether the tokens of any are an estimate, and so is `month`.
    pub estimated: bool,
}

impl<'a> TopReport<'a> {
    /// Orders what was built.
    pub fn new(results: &'a [BuildResult]) -> Self {
        let builds = || results.iter().filter_map(BuildResult::build);
        Self {
            schema: "contexture.top/1",
            as_of: builds().next().map_or_else(String::new, |build| build.date.to_string()),
            rows: rows(builds()),
            totals: sums(builds()),
            broken: results.iter().filter(|tried| tried.result.is_err()).map(|tried| &tried.id).collect(),
        }
    }

    /// The first `most` rows for people, a row for what is left, and the sums.
    pub fn text(&self, most: usize) -> String {
        let mut table = Table::new(&[
            "context", "model", "tokens>", "calls>", "month>", "share>", "read>", "written>", "fresh>", "output>",
            "other>",
        ]);
        let sums: BTreeMap<&str, &ModelSum> = self.totals.iter().map(|sum| (&*sum.model, sum)).collect();
        for row in self.rows.iter().take(most) {
            table.row(row.cells(sums.get(row.model).copied()));
        }
        let left = self.rows.get(most..).unwrap_or_default();
        if !left.is_empty() {
            table.row([format!("{} more, -v shows all", counted(left.len(), "row"))]);
        }
        for sum in &self.totals {
            let month = match (sum.month, sum.unknown) {
                (_, some @ 1..) => format!("unknown in {}", grouped(some as u64)),
                (_, 0) if sum.without_traffic == sum.contexts => "no traffic".to_owned(),
                (month, 0) => format!("{}{}", if sum.estimated { "≈" } else { "" }, amount(month)),
            };
            let all = format!("all {}", counted(sum.contexts, "context"));
            table.row([all, sum.model.clone(), String::new(), String::new(), month]);
        }
        let mut drawn = table.draw(0);
        let idle: usize = self.totals.iter().map(|sum| sum.without_traffic).max().unwrap_or(0);
        if idle > 0 {
            drawn.push_str(&format!("{} without `traffic`: nothing of them is in a month\n", counted(idle, "context")));
        }
        let bare = self.rows.iter().filter(|row| row.month.is_some() && !row.answer).count();
        if bare > 0 {
            let rows = counted(bare, "row");
            drawn.push_str(&format!(
                "{rows} without the answer, whose size `output.tokens` does not say: the input's share\n"
            ));
        }
        let bare = self.rows.iter().filter(|row| row.month.is_some() && !row.inputs).count();
        if bare > 0 {
            let rows = counted(bare, "row");
            drawn.push_str(&format!("{rows} without an input, whose size its `tokens` does not say\n"));
        }
        let words: BTreeSet<&str> = self.rows.iter().flat_map(|row| row.assumed.iter().copied()).collect();
        if !words.is_empty() {
            let rows = counted(self.rows.iter().filter(|row| !row.assumed.is_empty()).count(), "row");
            let words: Vec<&str> = words.into_iter().collect();
            drawn.push_str(&format!(
                "{rows} on what `assumed` of the manifest names and nobody confirmed: {}\n",
                words.join(", ")
            ));
        }
        if !self.broken.is_empty() {
            drawn.push_str(&format!("{} broken: nothing of them is in a sum\n", counted(self.broken.len(), "context")));
        }
        if self.rows.iter().any(|row| row.estimated) {
            drawn.push_str("≈ estimated: framing, tools, or a tokenizer that is not public. ");
        }
        drawn.push_str(&format!("Prices of {}; each model is an alternative to the others.\n", self.as_of));
        drawn
    }
}

impl<'a> TopRow<'a> {
    /// A row for each model; one without for a context that has none.
    fn all(build: &'a Build) -> Vec<Self> {
        if build.models.is_empty() {
            let (tokens, calls) = (build.counts.text.tokens(), build.traffic().map(|traffic| traffic.calls));
            let (estimated, unpriced) = (false, false);
            return vec![Self {
                id: &build.id,
                model: "",
                tokens,
                estimated,
                calls,
                month: None,
                answer: build.plan.manifest.output.as_ref().is_some_and(|output| output.tokens.is_some()),
                inputs: true,
                parts: None,
                unpriced,
                assumed: assumed(build),
            }];
        }
        build.models.iter().map(|model| Self::of(build, model)).collect()
    }

    fn of(build: &'a Build, model: &'a ModelBuild) -> Self {
        Self {
            id: &build.id,
            model: &model.name,
            tokens: model.tokens.total(),
            estimated: model.tokens.basis() == Basis::Estimated,
            calls: build.traffic().map(|traffic| traffic.calls),
            month: model.bill.month,
            answer: model.bill.holds_answer,
            inputs: model.bill.holds_inputs,
            parts: build.month_parts(model),
            unpriced: model.bill.warm.is_none(),
            assumed: assumed(build),
        }
    }

    fn cells(&self, sum: Option<&ModelSum>) -> Vec<String> {
        let about = if self.estimated { "≈" } else { "" };
        let percent = |part: Usd, whole: Option<Usd>| match whole {
            Some(whole) if whole.femto > 0 => {
                let tenths = part.femto.saturating_mul(1000) / whole.femto;
                format!("{}.{}%", tenths / 10, (tenths % 10).abs())
            }
            _ => "?".to_owned(),
        };
        let month = match (self.month, self.unpriced, self.calls) {
            (Some(month), ..) => format!("{about}{}", crate::cost::planner::words::money(month)),
            (None, true, _) => "unknown".to_owned(),
            (None, false, _) if self.model.is_empty() => "no model".to_owned(),
            (None, false, _) => "no traffic".to_owned(),
        };
        let mut cells = vec![
            self.id.to_string(),
            self.model.to_owned(),
            format!("{about}{}", grouped(self.tokens)),
            self.calls.map_or_else(|| "?".to_owned(), grouped),
            month,
        ];
        let Some(month) = self.month else { return cells };
        cells.push(percent(month, sum.and_then(|sum| sum.month)));
        if let Some(parts) = self.parts {
            let parts = [parts.read, parts.written, parts.fresh, parts.output, parts.other];
            cells.extend(parts.map(|part| percent(part, Some(month))));
        }
        cells
    }
}

fn assumed(build: &Build) -> Vec<&'static str> {
    build.plan.manifest.assumed.iter().map(|word| word.value.as_str()).collect()
}

/// Each context with each of its models, in the order of [`TopReport::rows`].
pub fn rows<'a>(builds: impl Iterator<Item = &'a Build>) -> Vec<TopRow<'a>> {
    let mut rows: Vec<TopRow<'_>> = builds.flat_map(TopRow::all).collect();
    rows.sort_by_key(|row| (!row.unpriced, Reverse(row.month), Reverse(row.tokens), row.id));
    rows
}

/// The sums of each model, unknown ones first, then the dearest.
pub fn sums<'a>(builds: impl Iterator<Item = &'a Build>) -> Vec<ModelSum> {
    let models = builds.flat_map(|build| &build.models);
    joined(models.map(|model| ModelSum {
        model: model.name.clone(),
        contexts: 1,
        month: model.bill.month,
        unknown: usize::from(model.bill.warm.is_none()),
        without_traffic: usize::from(model.bill.warm.is_some() && model.bill.month.is_none()),
        estimated: model.tokens.basis() == Basis::Estimated,
    }))
}

/// Sums of parts of a project, put together.
pub fn joined(parts: impl IntoIterator<Item = ModelSum>) -> Vec<ModelSum> {
    let mut sums: BTreeMap<String, ModelSum> = BTreeMap::new();
    for part in parts {
        match sums.get_mut(&part.model) {
            None => {
                sums.insert(part.model.clone(), part);
            }
            Some(sum) => {
                let known = [sum.month, part.month].into_iter().flatten().reduce(|one, other| one + other);
                sum.month = known.filter(|_| sum.unknown + part.unknown == 0);
                sum.contexts += part.contexts;
                sum.unknown += part.unknown;
                sum.without_traffic += part.without_traffic;
                sum.estimated |= part.estimated;
            }
        }
    }
    let mut sums: Vec<ModelSum> = sums.into_values().collect();
    sums.sort_by_key(|sum| (sum.unknown == 0, Reverse(sum.month)));
    sums
}
