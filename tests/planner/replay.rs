//! Long random streams through the simulator: what a call costs on average there is what the closed
//! forms say.

use contexture::cost::bill::{Bill, bill};
use contexture::cost::planner::{CachePolicy, Layout, plan};
use contexture::cost::rules::Model;
use contexture::cost::simulate::{
    BlockKind, Clock, Content, Contents, Object, Prepared, Prompts, Request, RequestBlock, Seconds, Simulator, Speaker,
};
use contexture::cost::terms::{RequestTokens, Terms};
use contexture::cost::traffic::Traffic;
use contexture::prompt::segment::Tier;
use contexture::syntax::manifest::{Breakpoints, Hours};
use contexture::syntax::manifest::{Mark, Stability};
use contexture::syntax::quantity::Ttl;

use super::stage::{Dice, boundaries, layout, object, request, segments, traffic, ttl};

const MONTH: f64 = 30.0 * 86_400.0;

/// Costs of calls, in dollars.
#[derive(Default)]
struct Sample(Vec<f64>);

impl Sample {
    /// Mean and five standard errors of it.
    fn mean(&self) -> (f64, f64) {
        let n = self.0.len() as f64;
        let mean = self.0.iter().sum::<f64>() / n;
        let variance = self.0.iter().map(|cost| (cost - mean).powi(2)).sum::<f64>() / (n - 1.0);
        (mean, 5.0 * (variance / n).sqrt())
    }
}

/// A prompt of stretches; `versions` tells texts apart that a deploy changed.
struct Prompt<'a> {
    stretches: &'a [(u64, Option<Ttl>)],
    contents: Contents,
    texts: Vec<Vec<Content>>,
    is_object: bool,
}

impl<'a> Prompt<'a> {
    fn new(stretches: &'a [(u64, Option<Ttl>)], is_object: bool) -> Self {
        Self { stretches, contents: Contents::new(), texts: vec![Vec::new(); stretches.len()], is_object }
    }

    fn prepare(&mut self, prompts: &mut Prompts<'_>, versions: &[usize], tokens: &RequestTokens) -> Prepared {
        let mut blocks = Vec::new();
        for (number, (stretch, mark)) in self.stretches.iter().enumerate() {
            while self.texts[number].len() <= versions[number] {
                let text = self.contents.add(*stretch, None);
                self.texts[number].push(text);
            }
            blocks.push(RequestBlock {
                content: self.texts[number][versions[number]],
                tier: Tier::System,
                speaker: Speaker::Developer,
                kind: BlockKind::Text,
                mark: mark.map_or(Mark::Free, Mark::For),
            });
        }
        let object =
            self.is_object.then(|| Object { id: "o".into(), ttl: self.stretches.last().and_then(|last| last.1) });
        let fresh = tokens.inputs + tokens.framing.tokens();
        prompts.prepare(&self.contents, &Request { blocks, fresh, object, ..Request::default() }).unwrap()
    }
}

/// Calls at random over some months, deploys evenly spread; each says which stretches it changes.
fn replayed(
    model: &Model,
    stretches: &[(u64, Option<Ttl>)],
    tokens: &RequestTokens,
    traffic: &Traffic,
    calls: usize,
    seed: u64,
    mut changes: impl FnMut(&mut Dice, &mut [usize]),
) -> Sample {
    let mut dice = Dice(seed);
    let mut prompt = Prompt::new(stretches, stretches.len() == 1 && model.name.starts_with("object"));
    let mut prompts = Prompts::new(model);
    let mut versions = vec![0; stretches.len()];
    let mut prepared = prompt.prepare(&mut prompts, &versions, tokens);
    let mut simulators = vec![Simulator::new(model, Clock::default()); traffic.replicas as usize];
    let mut clocks = vec![0u64; simulators.len()];
    let active = match traffic.hours {
        Hours::Flat => MONTH,
        Hours::Business => 22.0 * 8.0 * 3600.0,
    };
    let pause = active * traffic.replicas as f64 / traffic.calls as f64;
    let between = (traffic.deploys > 0).then(|| (MONTH * 1e6 / traffic.deploys as f64) as u64);
    let mut next_deploy = between;
    let output = tokens.output.unwrap() as f64 * 10e-6;
    let mut sample = Sample::default();
    for call in 0..calls {
        let replica = call % simulators.len();
        let mut at = clocks[replica] + dice.pause(pause);
        let day = 8 * 3600 * 1_000_000;
        if traffic.hours == Hours::Business && at / day != clocks[replica] / day {
            // The clock counts hours of business only; a night is far longer than any lifetime.
            simulators[replica] = Simulator::new(model, Clock::default());
        }
        if at == clocks[replica] {
            at += 1;
        }
        clocks[replica] = at;
        while let Some(deploy) = next_deploy.filter(|deploy| *deploy <= at) {
            changes(&mut dice, &mut versions);
            prepared = prompt.prepare(&mut prompts, &versions, tokens);
            next_deploy = between.map(|between| deploy + between);
        }
        let outcome = simulators[replica].send(&prepared, Seconds { micros: at }, Seconds::default());
        let femto = outcome.cost.unwrap().femto + outcome.storage.unwrap().femto;
        sample.0.push(femto as f64 / 1e15 + output);
    }
    sample
}

fn billed(model: &Model, layout: &Layout, tokens: &RequestTokens, traffic: &Traffic) -> Bill {
    bill(layout, &Terms { model, batch: None, traffic: Some(traffic), tokens })
}

fn dollars(amount: Option<contexture::syntax::quantity::Usd>) -> f64 {
    amount.unwrap().femto as f64 / 1e15
}

/// Replays the marked stretches without deploys and holds the mean against `expected`.
fn agrees(model: &Model, stretches: &[(u64, Ttl)], traffic: &Traffic, seed: u64) {
    let tokens = request(stretches.iter().map(|(stretch, _)| stretch).sum());
    let marked: Vec<_> = stretches.iter().map(|(stretch, ttl)| (*stretch, Some(*ttl))).collect();
    let sample = replayed(model, &marked, &tokens, traffic, 40_000, seed, |_, _| {});
    let (mean, within) = sample.mean();
    let expected = dollars(billed(model, &layout(stretches), &tokens, traffic).expected);
    assert!((mean - expected).abs() <= within, "{mean} is not {expected} within {within}: {traffic:?}");
}

#[test]
fn one_ttl_agrees_at_every_rate() {
    let model = boundaries(false);
    for (seed, calls) in [60, 600, 1_500, 6_000, 20_000, 150_000].into_iter().enumerate() {
        for lifetime in ["5m", "1h"] {
            agrees(&model, &[(57_204, ttl(lifetime))], &traffic(calls, 0), seed as u64);
        }
    }
}

#[test]
fn several_breakpoints_of_one_ttl_are_one() {
    agrees(&boundaries(false), &[(3_000, ttl("5m")), (5_000, ttl("5m")), (20_000, ttl("5m"))], &traffic(9_000, 0), 7);
}

#[test]
fn mixed_ttls_agree_where_reads_keep_their_path_alive() {
    for (seed, calls) in [500, 1_500, 6_000, 20_000].into_iter().enumerate() {
        agrees(&boundaries(true), &[(6_000, ttl("1h")), (4_000, ttl("5m"))], &traffic(calls, 0), seed as u64);
    }
}

/// By the documented reading (U1), a read keeps only the entry alive that it reads.
#[test]
fn mixed_ttls_agree_where_a_longer_lived_entry_runs_out_unread() {
    for (seed, calls) in [500, 1_500, 6_000, 12_000, 20_000, 40_000].into_iter().enumerate() {
        agrees(&boundaries(false), &[(6_000, ttl("1h")), (4_000, ttl("5m"))], &traffic(calls, 0), seed as u64);
    }
}

#[test]
fn replicas_warm_up_each_for_itself() {
    agrees(&boundaries(false), &[(8_000, ttl("5m"))], &Traffic { replicas: 5, ..traffic(20_000, 0) }, 11);
}

#[test]
fn business_hours_agree_with_days_that_start_cold() {
    for (seed, calls) in [100, 1_000, 5_000, 40_000].into_iter().enumerate() {
        for lifetime in ["5m", "1h"] {
            let traffic = Traffic { hours: Hours::Business, ..traffic(calls, 0) };
            agrees(&boundaries(false), &[(8_000, ttl(lifetime))], &traffic, seed as u64);
        }
    }
}

#[test]
fn objects_are_made_anew_when_their_time_is_over() {
    for (seed, calls) in [100, 1_500, 20_000].into_iter().enumerate() {
        agrees(&object(), &[(50_000, ttl("1h"))], &traffic(calls, 0), seed as u64);
    }
}

/// A deploy that changes the whole prompt costs `cold − warm` once. The closed form counts it for
/// warm calls and cold ones alike, so it is held where nearly all are warm.
#[test]
fn deploys_agree_where_the_cache_is_warm() {
    let (model, tokens) = (boundaries(false), request(8_000));
    let traffic = traffic(200_000, 600);
    let stretches = [(8_000, Some(ttl("5m")))];
    let sample = replayed(&model, &stretches, &tokens, &traffic, 400_000, 3, |_, versions| versions[0] += 1);
    let (mean, within) = sample.mean();
    let expected = dollars(billed(&model, &layout(&[(8_000, ttl("5m"))]), &tokens, &traffic).expected);
    assert!((mean - expected).abs() <= within, "{mean} is not {expected} within {within}");
    assert!(within < expected / 50.0);
}

/// What the planner says that a breakpoint is worth is what it saves beyond those behind it, when each
/// deploy changes the volatile block and one of the stable ones.
#[test]
fn worth_agrees_with_a_replay_without_the_breakpoint() {
    let model = boundaries(true);
    let sizes = [6_000u64, 9_000, 12_000, 3_000, 2_000];
    let hints = [Some(Stability::Frozen), None, Some(Stability::Stable), Some(Stability::Volatile), None];
    let tokens = request(sizes.iter().sum());
    let traffic = traffic(30_000, 900);
    let terms = Terms { model: &model, batch: None, traffic: Some(&traffic), tokens: &tokens };
    let mut counts = sizes.to_vec();
    counts.push(0);
    let policy = CachePolicy { breakpoints: Breakpoints::Auto, ttl: Some(ttl("1h")) };
    let planned = plan(&segments(&hints), &counts, policy, &terms).value;
    let marks: Vec<usize> = planned.marks().map(|mark| mark.after).collect();
    assert_eq!(marks, [0, 1, 2, 4], "{planned:#?}");
    let run = |first: usize| {
        let stretches: Vec<_> = sizes
            .iter()
            .enumerate()
            .map(|(number, size)| (*size, (marks.contains(&number) && number >= first).then(|| ttl("1h"))))
            .collect();
        replayed(&model, &stretches, &tokens, &traffic, 300_000, 5, |dice, versions| {
            versions[3] += 1;
            // The three blocks that are stable or say nothing.
            versions[[1, 2, 4][(dice.roll() % 3) as usize]] += 1;
        })
    };
    for placed in &planned.breakpoints {
        let (with, without) = (run(placed.breakpoint.after), run(placed.breakpoint.after + 1));
        // The same stream twice: the differences call by call.
        let differences = Sample(without.0.iter().zip(&with.0).map(|(without, with)| without - with).collect());
        let (mean, within) = differences.mean();
        let worth = dollars(placed.worth.map(|worth| worth.call));
        assert!((mean - worth).abs() <= within, "{mean} is not {worth} within {within}: {}", placed.why);
        assert!(within < worth / 2.0, "too short a stream to tell: {within} for {worth}");
    }
}
