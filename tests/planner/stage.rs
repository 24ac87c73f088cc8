//! Models, prompts and traffic for the tests.

use contexture::cost::planner::{Layout, Placed};
use contexture::cost::rules::{
    BlockBoundary, CacheFamily, CacheRules, Class, Lifetime, Mechanism, Model, Price, Prices, Rates, WholeObject,
};
use contexture::cost::terms::RequestTokens;
use contexture::cost::tokens::Count;
use contexture::cost::traffic::Traffic;
use contexture::prompt::blocks::Breakpoint;
use contexture::prompt::segment::{Kind, Origin, Part, Role, Segment, Tier};
use contexture::syntax::manifest::{HitRate, Hours};
use contexture::syntax::manifest::{Mark, Stability};
use contexture::syntax::quantity::Ttl;
use contexture::syntax::quantity::{Share, Usd};
use contexture::syntax::source::{ProjectPath, Source, Span};

pub fn ttl(written: &str) -> Ttl {
    Ttl::parse(written).unwrap()
}

pub fn price(written: &str) -> Price {
    Price::per_million(Usd::parse(written).unwrap()).unwrap()
}

fn kept(written: &str, refreshed_by_use: bool) -> Lifetime {
    Lifetime { ttl: ttl(written), expected: ttl(written), class: Class::Fixed, refreshed_by_use }
}

fn rates() -> Rates {
    Rates {
        input: Some(price("2")),
        output: Some(price("10")),
        read: Some(price("0.1")),
        implicit_read: None,
        write: vec![(ttl("5m"), price("2.5")), (ttl("1h"), price("4"))],
    }
}

fn model(name: &str, rules: CacheRules, storage: Option<Price>) -> Model {
    Model { name: name.into(), rules, prices: Some(Prices { base: rates(), cliffs: Vec::new(), storage }) }
}

/// Marked block boundaries, 5 minutes and an hour.
pub fn boundaries(refresh_path: bool) -> Model {
    let family = CacheFamily::BlockBoundary(BlockBoundary {
        breakpoints: 4,
        lookback: 20,
        collapse_tool_runs: true,
        longer_ttl_first: true,
        automatic: true,
        minimum_per_breakpoint: false,
        refresh_path,
        no_tools: false,
    });
    let mechanism = Mechanism { family, minimum: 512, lifetimes: vec![kept("5m", true), kept("1h", true)] };
    model("boundaries", CacheRules { explicit: Some(mechanism), ..CacheRules::default() }, None)
}

/// A cached object, stored at a dollar per million tokens and hour, which use does not refresh.
pub fn object() -> Model {
    let family = CacheFamily::WholeObject(WholeObject::default());
    let mechanism = Mechanism { family, minimum: 1024, lifetimes: vec![kept("1h", false)] };
    model("object", CacheRules { explicit: Some(mechanism), ..CacheRules::default() }, Some(price("1")))
}

pub fn traffic(calls: u64, deploys: u64) -> Traffic {
    Traffic { calls, hours: Hours::Flat, hit_rate: HitRate::Auto, deploys, replicas: 1, batch: Share::default() }
}

/// A request whose text is all prefix, with 600 tokens of input.
pub fn request(prefix: u64) -> RequestTokens {
    let text = Count::exact(prefix);
    RequestTokens {
        prefix: text,
        text,
        inputs: 600,
        unsized_input: false,
        framing: Count::exact(21),
        output: Some(250),
    }
}

/// Breakpoints after stretches of these lengths.
pub fn layout(stretches: &[(u64, Ttl)]) -> Layout {
    let mut tokens = 0;
    let placed = stretches.iter().enumerate().map(|(after, (stretch, ttl))| {
        tokens += stretch;
        let breakpoint = Breakpoint { after, ttl: *ttl };
        Placed { breakpoint, tokens, is_dead: false, is_explicit: false, worth: None, why: String::new() }
    });
    Layout { breakpoints: placed.collect() }
}

/// Segments of the system prompt, each a block of the manifest, and an input behind them.
pub fn segments(stabilities: &[Option<Stability>]) -> Vec<Segment> {
    let source = Source::new(ProjectPath::new("contexts/a.yaml").unwrap(), "\n".repeat(stabilities.len() + 1));
    let segment = |block: usize, stability, kind| Segment {
        id: format!("system/{}", block + 1),
        tier: Tier::System,
        parts: vec![Part::new(Role::System, kind, "a")],
        origin: Origin { path: None, lines: None, blob: None, block: Span::new(&source, block, block), picked: None },
        mark: Mark::Free,
        stability,
        priority: 0,
    };
    let mut segments: Vec<Segment> =
        stabilities.iter().enumerate().map(|(block, stability)| segment(block, *stability, Kind::Text)).collect();
    segments.push(segment(stabilities.len(), None, Kind::Input));
    segments
}

/// A generator of random numbers that is the same everywhere (SplitMix64).
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Above 0, at most 1.
    pub fn unit(&mut self) -> f64 {
        ((self.roll() >> 11) + 1) as f64 / (1u64 << 53) as f64
    }

    /// A pause of an exponential distribution, in microseconds.
    pub fn pause(&mut self, mean_seconds: f64) -> u64 {
        (-self.unit().ln() * mean_seconds * 1e6) as u64
    }
}
