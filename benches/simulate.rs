//! A million requests against one context, for each matching family, on one core.
//!
//! `cargo bench --bench simulate`. The promise: each line under a second.

#![expect(clippy::print_stdout, reason = "a benchmark's output is its result")]

#[path = "../tests/simulator/cards.rs"]
mod cards;

use std::time::Instant;

use contexture::cost::simulate::{
    BlockKind, Clock, Contents, Prompts, Request, RequestBlock, Seconds, Simulator, Speaker, engine,
};
use contexture::prompt::segment::Tier;
use contexture::syntax::manifest::Mark;
use contexture::syntax::quantity::Ttl;
use contexture::syntax::quantity::Usd;

const REQUESTS: u64 = 1_000_000;
const BLOCKS: usize = 400;

fn main() {
    for name in ["claude-opus-5", "gpt-6.1-sol", "gpt-5.4", "deepseek-flash", "gemini-2.5-flash"] {
        run(name);
    }
    run("engine/vllm");
    run("engine/llamacpp");
}

/// A context of 400 blocks with three breakpoints, and a fresh question of 600 tokens each time, at
/// gaps between nothing and ten minutes so that hits, refreshes and misses all occur.
fn run(name: &str) {
    let Some(model) = engine(name).or_else(|| cards::find(name).ok()) else { return };
    let mut contents = Contents::new();
    let block = |number: usize, contents: &mut Contents| RequestBlock {
        content: contents.add(150, None),
        tier: if number < 100 { Tier::System } else { Tier::Messages },
        speaker: if number < 100 { Speaker::Developer } else { Speaker::User },
        kind: BlockKind::Text,
        mark: match number {
            99 => Mark::For(Ttl { seconds: 3600 }),
            249 | 399 => Mark::For(Ttl { seconds: 300 }),
            _ => Mark::Free,
        },
    };
    let blocks = (0..BLOCKS).map(|number| block(number, &mut contents)).collect();
    let request = Request { blocks, fresh: 600, ..Request::default() };
    let mut prompts = Prompts::new(&model);
    let Ok(prompt) = prompts.prepare(&contents, &request) else { return };
    let mut simulator = Simulator::new(&model, Clock::default());

    let started = Instant::now();
    let (mut at, mut state, mut read, mut cost) = (0u64, 1u64, 0u64, Usd::ZERO);
    for _ in 0..REQUESTS {
        // A linear congruential generator: gaps of up to 600 s, most of them short.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let gap = (state >> 20) % 600_000_000;
        at += if state >> 63 == 0 { gap / 100 } else { gap };
        let outcome = simulator.send(&prompt, Seconds { micros: at }, Seconds::whole(1));
        read += outcome.read;
        cost = cost + outcome.cost.unwrap_or_default();
    }
    let seconds = started.elapsed().as_secs_f64();
    println!("{name:18} {seconds:.3} s   {:.1}% of input read   ${}", share(read, prompt.input()), cost.rounded(2));
}

fn share(read: u64, input: u64) -> f64 {
    read as f64 / (input as f64 * REQUESTS as f64) * 100.0
}
