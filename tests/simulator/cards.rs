//! A handful of models, written down here so that these tests hold the rules still while the cards
//! move with the providers. Prices are those of November 2026.

use contexture::cost::rules::{
    BlockBoundary, BreakpointOnly, CacheFamily, CacheRules, Class, Cliff, Invalidation, Lifetime, LongestPrefix,
    Mechanism, MixedBilling, Mode, Model, PrefixUnits, Price, Prices, Rates, WholeObject,
};
use contexture::prompt::segment::Tier;
use contexture::syntax::diag::near;
use contexture::syntax::quantity::Ttl;
use contexture::syntax::quantity::Usd;

/// Every name that [`find`] knows.
pub const NAMES: [&str; 21] = [
    "claude-opus-5",
    "claude-opus-4-7",
    "claude-haiku-4-5",
    "claude-haiku-5-5",
    "claude-sonnet-5-5",
    "claude-fable-5-1",
    "anthropic.claude-opus-5",
    "gpt-5.6-sol",
    "gpt-6.1-sol",
    "gpt-5.5",
    "gpt-5.4",
    "gpt-4o",
    "gemini-2.5-flash",
    "deepseek-flash",
    "deepseek-v4-pro",
    "mistral-large-4",
    "grok-4.7",
    "qwen3-max",
    "groq-hosted",
    "fireworks-hosted",
    "own-write-prices",
];

/// The model of that name, or names near to it.
pub fn find(name: &str) -> Result<Model, Vec<String>> {
    let built = match name {
        "claude-opus-5" => anthropic(512, "5", "0.5"),
        "claude-opus-4-7" => anthropic(2048, "5", "0.5"),
        "claude-haiku-4-5" => anthropic(4096, "1", "0.1"),
        "claude-haiku-5-5" => with_cliff(anthropic(512, "0.1", "0.01"), 100_000, false, "0.5", "0.05"),
        "claude-sonnet-5-5" => anthropic(512, "2", "0.1"),
        "claude-fable-5-1" => anthropic(512, "10", "0.25"),
        "anthropic.claude-opus-5" => bedrock(),
        "gpt-5.6-sol" => with_cliff(openai("5", "0.5", &["30m"]), 272_000, false, "10", "1"),
        "gpt-6.1-sol" => with_cliff(openai("2", "0.1", &["30m", "12h"]), 272_000, false, "4", "0.2"),
        "gpt-5.5" => earlier_openai("2.5", "0.25", Some(2048)),
        "gpt-5.4" => with_cliff(earlier_openai("2.5", "0.25", None), 272_000, false, "5", "0.5"),
        "gpt-4o" => earlier_openai("2.5", "1.25", None),
        "gemini-2.5-flash" => gemini(),
        "deepseek-flash" => deepseek("0.3", "0.006"),
        "deepseek-v4-pro" => deepseek("1.32", "0.044"),
        "mistral-large-4" => rounded(64, 64, "0.7", "0.07"),
        "grok-4.7" => with_cliff(rounded(128, 0, "2", "0.5"), 200_000, true, "4", "1"),
        "qwen3-max" => qwen(),
        "groq-hosted" => groq(),
        "fireworks-hosted" => fireworks(),
        "own-write-prices" => own_write_prices(),
        "no-cache" => (CacheRules::default(), prices("15", None, &[])),
        "unpriced" => (anthropic(512, "5", "0.5").0, Prices::default()),
        _ => return Err(near(name, NAMES).into_iter().map(str::to_owned).collect()),
    };
    Ok(Model { name: name.into(), rules: built.0, prices: Some(built.1) })
}

type Card = (CacheRules, Prices);

fn ttl(written: &str) -> Ttl {
    Ttl::parse(written).unwrap()
}

fn dollars(written: &str) -> Price {
    Price::per_million(Usd::parse(written).unwrap()).unwrap()
}

fn multiple(price: &str, millionths: u64) -> Price {
    dollars(price).scaled(contexture::syntax::quantity::Share { millionths }).unwrap()
}

fn prices(input: &str, read: Option<&str>, write: &[(&str, u64)]) -> Prices {
    let write = write.iter().map(|(name, millionths)| (ttl(name), multiple(input, *millionths))).collect();
    let base = Rates { input: Some(dollars(input)), read: read.map(dollars), write, ..Rates::default() };
    Prices { base, ..Prices::default() }
}

fn with_cliff((rules, mut prices): Card, above: u64, inclusive: bool, input: &str, read: &str) -> Card {
    let base = prices.base.input.unwrap().nano;
    let over = dollars(input);
    let rise = over.nano / base;
    let write = prices.base.write.iter().map(|(ttl, price)| (*ttl, Price { nano: price.nano * rise }));
    let rates = Rates { input: Some(over), read: Some(dollars(read)), write: write.collect(), ..Rates::default() };
    prices.cliffs.push(Cliff { above, inclusive, rates });
    (rules, prices)
}

fn lifetime(name: &str, expected: &str, class: Class) -> Lifetime {
    Lifetime { ttl: ttl(name), expected: ttl(expected), class, refreshed_by_use: true }
}

fn loses(settings: &[(&str, Option<Tier>)]) -> Vec<Invalidation> {
    let entry = |(setting, from): &(&str, Option<Tier>)| Invalidation {
        setting: (*setting).into(),
        from: *from,
        default: (*setting == "tool_choice").then(|| "auto".into()),
    };
    settings.iter().map(entry).collect()
}

fn block_boundary(minimum: u64) -> Mechanism {
    Mechanism {
        family: CacheFamily::BlockBoundary(BlockBoundary {
            breakpoints: 4,
            lookback: 20,
            collapse_tool_runs: true,
            longer_ttl_first: true,
            automatic: true,
            minimum_per_breakpoint: false,
            refresh_path: false,
            no_tools: false,
        }),
        minimum,
        lifetimes: vec![lifetime("5m", "5m", Class::Fixed), lifetime("1h", "1h", Class::Fixed)],
    }
}

fn anthropic(minimum: u64, input: &str, read: &str) -> Card {
    let rules = CacheRules {
        explicit: Some(block_boundary(minimum)),
        implicit: None,
        key_separates: true,
        invalidation: loses(&[
            ("tool_choice", Some(Tier::Messages)),
            ("disable_parallel_tool_use", Some(Tier::Messages)),
            ("images", Some(Tier::Messages)),
            ("web_search", Some(Tier::System)),
            ("citations", Some(Tier::System)),
            ("speed", Some(Tier::System)),
            ("thinking", Some(Tier::Tools)),
            ("effort", Some(Tier::Tools)),
        ]),
    };
    (rules, prices(input, Some(read), &[("5m", 1_250_000), ("1h", 2_000_000)]))
}

fn bedrock() -> Card {
    let (mut rules, prices) = anthropic(512, "5", "0.5");
    if let Some(Mechanism { family: CacheFamily::BlockBoundary(family), .. }) = &mut rules.explicit {
        family.collapse_tool_runs = false;
        family.automatic = false;
    }
    rules.key_separates = false;
    (rules, prices)
}

fn openai(input: &str, read: &str, ttls: &[&str]) -> Card {
    let write: Vec<(&str, u64)> =
        ttls.iter().map(|name| (*name, if *name == "12h" { 2_500_000 } else { 1_250_000 })).collect();
    let mechanism = Mechanism {
        family: CacheFamily::BreakpointOnly(BreakpointOnly {
            slots: 4,
            default_mode: Mode::Implicit,
            lookup_first: 2,
            lookup_latest: 50,
            lookup_endings: 20,
            dev_block_end_written: false,
            mixed_billing: MixedBilling::Longest,
            refresh_path: false,
        }),
        minimum: 1024,
        lifetimes: ttls.iter().map(|name| lifetime(name, name, Class::Minimum)).collect(),
    };
    let rules =
        CacheRules { explicit: Some(mechanism), implicit: None, key_separates: true, invalidation: openai_settings() };
    (rules, prices(input, Some(read), &write))
}

fn openai_settings() -> Vec<Invalidation> {
    let full = ["parallel_tool_calls", "text_format", "effort", "verbosity", "service_tier"];
    loses(&full.map(|setting| (setting, Some(Tier::Tools))))
}

fn earlier_openai(input: &str, read: &str, interval: Option<u64>) -> Card {
    let family = LongestPrefix { unit: 128, interval, hidden: 0, recomputed: 0, generated: false, slots: None };
    let lifetimes = vec![lifetime("24h", "30m", Class::Typical), lifetime("1h", "5m", Class::Typical)];
    let mechanism = Mechanism { family: CacheFamily::LongestPrefix(family), minimum: 1024, lifetimes };
    let rules = CacheRules { implicit: Some(mechanism), invalidation: openai_settings(), ..CacheRules::default() };
    (rules, prices(input, Some(read), &[]))
}

fn rounded(unit: u64, minimum: u64, input: &str, read: &str) -> Card {
    let family = LongestPrefix { unit, interval: None, hidden: 0, recomputed: 0, generated: false, slots: None };
    let mechanism = Mechanism { family: CacheFamily::LongestPrefix(family), minimum, lifetimes: Vec::new() };
    (CacheRules { implicit: Some(mechanism), ..CacheRules::default() }, prices(input, Some(read), &[]))
}

fn gemini() -> Card {
    let (mut rules, mut prices) = rounded(1, 2048, "0.3", "0.03");
    if let Some(implicit) = &mut rules.implicit {
        implicit.lifetimes = vec![lifetime("24h", "24h", Class::BestEffort)];
    }
    let stored = Lifetime { refreshed_by_use: false, ..lifetime("1h", "1h", Class::Fixed) };
    let family = CacheFamily::WholeObject(WholeObject::default());
    rules.explicit = Some(Mechanism { family, minimum: 2048, lifetimes: vec![stored] });
    rules.key_separates = true;
    prices.storage = Some(dollars("1"));
    (rules, prices)
}

fn deepseek(input: &str, read: &str) -> Card {
    let family = PrefixUnits { interval: None, build_seconds: 0, generated: true };
    let mechanism = Mechanism { family: CacheFamily::PrefixUnits(family), minimum: 0, lifetimes: Vec::new() };
    let rules = CacheRules { implicit: Some(mechanism), key_separates: true, ..CacheRules::default() };
    (rules, prices(input, Some(read), &[]))
}

fn groq() -> Card {
    let (mut rules, prices) = rounded(1, 1024, "0.6", "0.3");
    if let Some(implicit) = &mut rules.implicit {
        implicit.lifetimes = vec![lifetime("2h", "2h", Class::Typical)];
    }
    (rules, prices)
}

fn fireworks() -> Card {
    let (mut rules, prices) = rounded(1, 0, "0.6", "0.3");
    rules.key_separates = true;
    (rules, prices)
}

/// Its own write prices: nothing extra for 5 m, twice for 1 h.
fn own_write_prices() -> Card {
    let rules = CacheRules { explicit: Some(block_boundary(0)), ..CacheRules::default() };
    (rules, prices("1", Some("0.1"), &[("5m", 1_000_000), ("1h", 2_000_000)]))
}

/// Explicit or implicit, never both at once; the implicit read costs twice as much.
fn qwen() -> Card {
    let mut explicit = block_boundary(1024);
    explicit.lifetimes.truncate(1);
    let (mut rules, _) = rounded(1, 1024, "1", "0.2");
    rules.explicit = Some(explicit);
    let mut prices = prices("1", Some("0.1"), &[("5m", 1_250_000)]);
    prices.base.implicit_read = Some(dollars("0.2"));
    (rules, prices)
}
