//! `contexture break-even`: prompt or fine-tune.

use clap::Args;

use crate::cost::break_even::{Answer, Question, break_even, tuned_call};
use crate::cost::cards::{Choices, Date};
use crate::cost::rules::{CacheRules, Model, Price, Prices, Rates};
use crate::cost::terms::RequestTokens;
use crate::cost::tokens::Count;
use crate::output::report;
use crate::pipeline::model::ModelBuild;
use crate::pipeline::{Build, Request, build_all};
use crate::syntax::error::{Error, Failure};
use crate::syntax::quantity::{Usd, parse_count};

use super::session::Session;
use super::{Format, TreeArguments, Verdict};

/// Weigh fine-tuning a model against prompting with this context.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A context, ID or ID@VARIANT
    #[arg(value_name = "ID")]
    id: String,
    /// What training costs, once
    #[arg(long, value_name = "USD", value_parser = usd)]
    training: Usd,
    #[command(flatten)]
    tuned: Tuned,
    /// Which of the context's models is used today [default: the first]
    #[arg(long, value_name = "MODEL")]
    model: Option<String>,
    #[command(flatten)]
    tree: TreeArguments,
    /// Prices and rules as of this day [default: today]
    #[arg(long, value_name = "YYYY-MM-DD")]
    as_of: Option<Date>,
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    format: Format,
}

/// A tuned model, as it is told.
#[derive(Debug, Args)]
pub(super) struct Tuned {
    /// The tuned model's card, for its prices and cache rules
    #[arg(long, value_name = "MODEL")]
    pub(super) tuned_model: Option<String>,
    /// The tuned model's input price, USD per million tokens, without caching
    #[arg(long, value_name = "USD", value_parser = usd, requires = "tuned_output", conflicts_with = "tuned_model")]
    tuned_input: Option<Usd>,
    /// The tuned model's output price, USD per million tokens
    #[arg(long, value_name = "USD", value_parser = usd, requires = "tuned_input")]
    tuned_output: Option<Usd>,
    /// Tokens of prompt text that the tuned model still needs
    #[arg(long, value_name = "TOKENS", value_parser = count, default_value = "0")]
    prompt: u64,
    /// For how many months the tuned model serves before it is trained anew
    #[arg(long, value_name = "N", default_value_t = 12, value_parser = clap::value_parser!(u32).range(1..=1200))]
    months: u32,
}

pub(super) fn usd(written: &str) -> Result<Usd, String> {
    Usd::parse(written).ok_or_else(|| "expected an amount such as $500 or 0.25".to_owned())
}

fn count(written: &str) -> Result<u64, String> {
    parse_count(written).ok_or_else(|| "expected a count such as 600 or 2k".to_owned())
}

pub(super) fn run(arguments: Arguments, session: &Session) -> Result<Verdict, Failure> {
    let Arguments { id, training, tuned, model, tree, as_of, format } = arguments;
    let workspace = session.workspace()?;
    let tree = session.tree(&workspace, &tree)?;
    let day = as_of.unwrap_or_else(super::session::today);
    let models = model.into_iter().collect();
    let request = Request { contexts: vec![id], as_of: Some(day), models, ..Request::default() };
    let build = super::render::only(build_all(tree.as_ref(), &request)?)?;
    let today = first_model(&build)?;
    let (name, answer) = tuned.weigh(&build, today, training, session)?;
    session.warnings(&build.warnings);
    session.print(&match format {
        Format::Text => report::break_even::text(&build, today, &name, &answer),
        Format::Json => report::break_even::json(&build, today, &name, &answer),
    })?;
    Ok(Verdict::Yes)
}

/// The model that a context is called with today.
pub(super) fn first_model(build: &Build) -> Result<&ModelBuild, Error> {
    let what = || format!("`{}` names no model", build.id);
    build.models.first().ok_or_else(|| Error::usage(what(), "add `models:` to it, or give --model"))
}

impl Tuned {
    /// Whether enough of it is told to weigh it.
    pub(super) fn is_told(&self) -> bool {
        self.tuned_model.is_some() || self.tuned_input.is_some()
    }

    /// The tuned model's name, and when training it pays.
    pub(super) fn weigh(
        &self,
        build: &Build,
        today: &ModelBuild,
        training: Usd,
        session: &Session,
    ) -> Result<(String, Answer), Failure> {
        let tuned = match &self.tuned_model {
            Some(name) => {
                let cards = session.cards()?;
                let card = cards.find(name).map_err(|unknown| Error::usage(unknown.to_string(), unknown.hint()))?;
                card.at(build.date).model(&Choices::default())
            }
            None if self.tuned_input.is_none() => {
                let cure = "name --tuned-model, or its prices with --tuned-input and --tuned-output";
                return Err(Error::usage("nothing says what the tuned model costs".to_owned(), cure).into());
            }
            None => uncached_model(self.tuned_input, self.tuned_output),
        };
        let traffic = build.traffic();
        let text = Count::exact(self.prompt);
        let tokens = RequestTokens { prefix: text, text, framing: Count::exact(0), ..today.tokens };
        let tuned_cost = tuned_call(&tuned, traffic.as_ref(), &tokens);
        let (base, months) = (&today.bill, self.months);
        let question = Question { training, base, tuned: tuned_cost, traffic: traffic.as_ref(), months };
        Ok((tuned.name.to_string(), break_even(&question)))
    }
}

/// A model of which two prices are known and nothing else.
fn uncached_model(input: Option<Usd>, output: Option<Usd>) -> Model {
    let price = |usd: Option<Usd>| usd.and_then(Price::per_million);
    let base = Rates { input: price(input), output: price(output), ..Rates::default() };
    Model { name: "tuned".into(), rules: CacheRules::default(), prices: Some(Prices { base, ..Prices::default() }) }
}
