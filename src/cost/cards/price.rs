//! Prices as a card writes them: US dollars per million tokens, exact.

use std::borrow::Cow;
use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::cost::rules::{Cliff, Price, Prices, Rates};
use crate::syntax::decode::{Count, Decode, Table, expected, inline_schema, record};
use crate::syntax::diag::{Diagnostic, Faults};
use crate::syntax::quantity::{Share, Ttl, Usd};
use crate::syntax::yaml::{Node, Value};

/// The highest price that is taken for one: a million dollars per million tokens.
pub(super) const HIGHEST: u64 = 1_000_000 * 1_000_000_000;

/// Parses `2.50`, `$0.1`, `0.003625`: dollars per million tokens, not negative, at most nine
/// decimals, at most a million dollars.
pub fn parse_price(written: &str) -> Option<Price> {
    Usd::parse(written).and_then(Price::per_million).filter(|price| price.nano <= HIGHEST)
}

/// A price as a card writes it: dollars per million tokens without trailing zeros, `2.5`.
pub(super) fn written(price: Price) -> String {
    price.of(1_000_000).exact()
}

/// Prices as a card writes them, each times a factor; one that does not fit is left out.
pub(super) fn scaled(node: &Node, factor: Share) -> Node {
    const NO_PRICES: [&str; 8] = ["more_than", "at_least", "hours", "from", "until", "source", "status", "note"];
    let value = match &node.value {
        Value::List(items) => Value::List(items.iter().map(|item| scaled(item, factor)).collect()),
        Value::Map(map) => {
            let entries = map.iter().filter(|(key, _)| &*key.text != "conflicts").map(|(key, value)| {
                let is_price = !NO_PRICES.contains(&&*key.text);
                (key.clone(), if is_price { scaled(value, factor) } else { value.clone() })
            });
            Value::Map(Arc::new(entries.collect()))
        }
        _ => {
            let price = Price::decode(node, &mut Faults::new()).and_then(|price| price.scaled(factor));
            price.map_or(Value::Null, |price| Value::Text(written(price).into()))
        }
    };
    Node::new(value, node.span.clone())
}

impl Decode for Price {
    fn decode(node: &Node, faults: &mut Faults) -> Option<Self> {
        let written = match &node.value {
            Value::Text(text) => Some(text.trim()),
            // As it stands in the file, so that 0.1 is a tenth and not a float near it.
            Value::Int(_) | Value::Float(_) => node.span.source.text().get(node.span.start..node.span.end),
            _ => None,
        };
        let price = written.and_then(parse_price);
        if price.is_none() {
            expected("a price in US dollars per million tokens such as 2.50, from 0 to 1000000", node, faults);
        }
        price
    }
}

inline_schema!([] Price, "Price", |_generator| json_schema!({"anyOf": [
    {"type": "number", "minimum": 0, "maximum": 1_000_000},
    {"type": "string", "pattern": "^\\$?[0-9][0-9_]*(\\.[0-9]+)?$"}
]}));

/// Prices of cache writes by lifetime, shortest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WritePrices(pub Vec<(Ttl, Price)>);

impl Decode for WritePrices {
    fn decode(node: &Node, faults: &mut Faults) -> Option<Self> {
        let table = Table::<Price>::decode(node, faults)?;
        let mut prices = Vec::new();
        for (key, price) in table.iter() {
            match Ttl::parse(&key.text) {
                Some(ttl) => prices.push((ttl, *price)),
                None => {
                    let message = format!("`{}` is not a lifetime such as 5m, 1h or 24h", key.text);
                    faults.push(Diagnostic::error("wrong-type", message).at(&key.span));
                }
            }
        }
        prices.sort();
        (prices.len() == table.iter().len()).then_some(Self(prices))
    }

    fn absent() -> Option<Self> {
        Some(Self::default())
    }
}

impl JsonSchema for WritePrices {
    fn schema_name() -> Cow<'static, str> {
        "WritePrices".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "propertyNames": {"pattern": "^[1-9][0-9]*[smhd]$"},
            "additionalProperties": generator.subschema_for::<Price>()
        })
    }
}

record! {
    /// Prices of one request, in US dollars per million tokens. What is not written is unknown.
    pub struct PriceList("a price list") {
        /// Input that no cache served or kept.
        pub input: Option<Price> = "input",
        /// Output, reasoning included.
        pub output: Option<Price> = "output",
        /// Input that a cache served.
        pub read: Option<Price> = "read",
        /// The same without having been asked to, where that price differs.
        pub implicit_read: Option<Price> = "implicit_read",
        /// Input that a cache kept, by lifetime; none where that has no price of its own.
        pub write: WritePrices = "write",
        /// The same in a batch.
        pub batch: Option<PlainPrices> = "batch",
        /// What the whole request costs once its input reaches a size; smallest size first.
        pub long: Vec<LongPrices> = "long",
        /// The same by service tier, under the name that a request asks for it by: `flex`, `priority`, `fast`.
        pub tiers: Table<PlainPrices> = "tiers",
        /// What it costs at hours of low traffic.
        pub off_peak: Option<OffPeak> = "off_peak",
    }
}

record! {
    /// Prices without conditions.
    pub struct PlainPrices("prices") {
        /// Input that no cache served or kept.
        pub input: Option<Price> = "input",
        /// Output.
        pub output: Option<Price> = "output",
        /// Input that a cache served.
        pub read: Option<Price> = "read",
        /// Input that a cache kept, by lifetime.
        pub write: WritePrices = "write",
    }
}

record! {
    /// A price cliff: beyond a size the whole request costs this much, not only what lies beyond.
    pub struct LongPrices("prices of a long request") {
        /// In force when the input has more tokens than this.
        pub more_than: Option<Count> = "more_than",
        /// In force when the input has this many tokens or more.
        pub at_least: Option<Count> = "at_least",
        /// Input that no cache served or kept.
        pub input: Option<Price> = "input",
        /// Output.
        pub output: Option<Price> = "output",
        /// Input that a cache served.
        pub read: Option<Price> = "read",
        /// Input that a cache kept, by lifetime.
        pub write: WritePrices = "write",
        /// The same in a batch.
        pub batch: Option<PlainPrices> = "batch",
        /// The same by service tier.
        pub tiers: Table<PlainPrices> = "tiers",
    }
}

impl LongPrices {
    /// The smallest number of input tokens that costs this much.
    pub fn first(&self) -> u64 {
        match (self.more_than, self.at_least) {
            (Some(Count(limit)), _) => limit.saturating_add(1),
            (None, Some(Count(limit))) => limit,
            (None, None) => 0,
        }
    }
}

record! {
    /// Prices at hours of low traffic, told by `contexture models` and used by no estimate.
    pub struct OffPeak("off-peak prices") {
        /// When, in words.
        pub hours: crate::syntax::decode::Text = "hours",
        /// Input that no cache served or kept.
        pub input: Option<Price> = "input",
        /// Output.
        pub output: Option<Price> = "output",
        /// Input that a cache served.
        pub read: Option<Price> = "read",
    }
}

/// Prices as the cost wing reads them.
fn rates(input: Option<Price>, output: Option<Price>, read: Option<Price>, write: &WritePrices) -> Rates {
    Rates { input, output, read, implicit_read: None, write: write.0.clone() }
}

impl PlainPrices {
    fn rates(&self) -> Rates {
        rates(self.input, self.output, self.read, &self.write)
    }
}

impl PriceList {
    /// The prices of an ordinary request.
    pub fn rates(&self) -> Rates {
        Rates { implicit_read: self.implicit_read, ..rates(self.input, self.output, self.read, &self.write) }
    }

    /// The prices of ordinary requests of every size.
    pub fn standard(&self) -> Prices {
        self.of_all_sizes(self.rates(), |long| rates(long.input, long.output, long.read, &long.write))
    }

    /// The prices in a batch, if any is known. Those of a long request are unknown where only its ordinary ones are.
    pub fn batch(&self) -> Option<Prices> {
        let known = |own: &Option<PlainPrices>| own.as_ref().map(PlainPrices::rates);
        Some(self.of_all_sizes(known(&self.batch)?, |long| known(&long.batch).unwrap_or_default()))
    }

    /// The prices in a service tier, likewise.
    pub fn tier(&self, name: &str) -> Option<Prices> {
        let known = |own: &Table<PlainPrices>| own.get(name).map(PlainPrices::rates);
        Some(self.of_all_sizes(known(&self.tiers)?, |long| known(&long.tiers).unwrap_or_default()))
    }

    fn of_all_sizes(&self, base: Rates, of: impl Fn(&LongPrices) -> Rates) -> Prices {
        let cliff = |long: &LongPrices| {
            let (above, inclusive) = match (long.more_than, long.at_least) {
                (Some(Count(limit)), _) => (limit, false),
                (None, limit) => (limit?.0, true),
            };
            Some(Cliff { above, inclusive, rates: of(long) })
        };
        Prices { base, cliffs: self.long.iter().filter_map(cliff).collect(), storage: None }
    }

    /// Reports cliffs that do not say where they lie, or that are not in order.
    pub fn check(&self, faults: &mut Faults) {
        for cliff in &self.long {
            if cliff.more_than.is_some() == cliff.at_least.is_some() {
                let message = "prices of a long request need exactly one of `more_than` and `at_least`";
                faults.push(Diagnostic::error("price-cliff", message).at(&cliff.span));
            }
        }
        for pair in self.long.windows(2) {
            let [lower, higher] = pair else { continue };
            if higher.first() <= lower.first() {
                let message = "prices of long requests stand in the order of their sizes, smallest first";
                faults.push(Diagnostic::error("price-cliff", message).at(&higher.span));
            }
        }
    }
}
