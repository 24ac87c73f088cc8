//! Every built-in card: a cold and a warm call cost what the simulator says that they cost.

use contexture::cost::bill::{bill, bounds};
use contexture::cost::cards::{Cards, Choices, Date};
use contexture::cost::planner::{CachePolicy, Layout, plan};
use contexture::cost::rules::{CacheFamily, Mode, Model};
use contexture::cost::simulate::{
    BlockKind, Clock, Contents, Object, Outcome, Prompts, Request, RequestBlock, Seconds, Simulator, Speaker,
};
use contexture::cost::terms::Terms;
use contexture::prompt::segment::{Kind, Role, Segment, Tier};
use contexture::syntax::manifest::Breakpoints;
use contexture::syntax::manifest::Mark;
use contexture::syntax::quantity::Ttl;
use contexture::syntax::quantity::Usd;

use super::stage::{request, segments, traffic, ttl};

/// The same prompt three times, a minute apart, each with an input of its own.
fn replayed(model: &Model, prefix: u64, layout: &Layout, fresh: u64) -> Vec<Outcome> {
    let mark = layout.breakpoints.first().map(|placed| placed.breakpoint.ttl);
    let mut contents = Contents::new();
    let content = contents.add(prefix, None);
    let family = model.rules.explicit.as_ref().map(|mechanism| &mechanism.family);
    let request = Request {
        blocks: vec![RequestBlock {
            content,
            tier: Tier::System,
            speaker: Speaker::Developer,
            kind: BlockKind::Text,
            mark: mark.map_or(Mark::Free, Mark::For),
        }],
        fresh,
        // What the emitters send: nothing but the marked text is written.
        mode: matches!(family, Some(CacheFamily::BreakpointOnly(_))).then_some(Mode::Explicit),
        object: match family {
            Some(CacheFamily::WholeObject(_)) => mark.map(|ttl| Object { id: "o".into(), ttl: Some(ttl) }),
            _ => None,
        },
        ..Request::default()
    };
    let prompt = Prompts::new(model).prepare(&contents, &request).unwrap();
    let mut simulator = Simulator::new(model, Clock::default());
    (0..3).map(|call| simulator.send(&prompt, Seconds::whole(60 * call), Seconds::default()).clone()).collect()
}

/// One segment of system prompt, marked or not, and a question.
fn prompt(mark: Option<Ttl>) -> Vec<Segment> {
    let mut segments = segments(&[None]);
    segments[0].mark = mark.map_or(Mark::Free, Mark::For);
    let question = segments.last_mut().unwrap();
    question.tier = Tier::Messages;
    question.parts.iter_mut().for_each(|part| (part.role, part.kind) = (Role::User, Kind::Input));
    segments
}

#[test]
fn every_card_is_billed_as_it_is_simulated() {
    let cards = Cards::built_in();
    let mut compared = 0;
    for name in cards.names() {
        let model = cards.find(&name).unwrap().at(Date::constant(2026, 11, 20)).model(&Choices::default());
        for prefix in [100, 512, 1_023, 1_024, 4_095, 4_096, 57_204, 99_000, 199_379, 271_379, 271_380, 640_000] {
            for mark in [None, Some(ttl("5m")), Some(ttl("1h")), Some(ttl("12h"))] {
                let tokens = request(prefix);
                let terms = Terms { model: &model, batch: None, traffic: None, tokens: &tokens };
                let policy = CachePolicy { breakpoints: Breakpoints::Manual, ttl: None };
                let layout = plan(&prompt(mark), &[prefix, 0], policy, &terms).value;
                let live = layout.breakpoints.iter().all(|placed| !placed.is_dead);
                let objects = matches!(
                    model.rules.explicit.as_ref().map(|mechanism| &mechanism.family),
                    Some(CacheFamily::WholeObject(_))
                );
                if !live && objects {
                    // The provider refuses an object that is too small; the planner says that it is dead.
                    continue;
                }
                let outcomes = replayed(&model, prefix, &layout, tokens.inputs + tokens.framing.tokens());
                let found = bill(&layout, &terms);
                let what = format!("{name}, {prefix} tokens, {mark:?}");
                assert_eq!(found.read, outcomes[2].read, "{what}");
                let output = model.prices.as_ref().and_then(|prices| prices.at(tokens.total()).output);
                let answer = output.map(|price| price.of(tokens.output.unwrap()));
                let with_answer = |cost: Option<Usd>| Some(cost? + answer?);
                assert_eq!(found.cold, with_answer(outcomes[0].cost), "{what}");
                assert_eq!(found.warm, with_answer(outcomes[2].cost), "{what}");
                assert_eq!(bounds(&layout, &terms), (found, found), "{what}");
                compared += 1;
            }
        }
    }
    assert!(compared > 1_000, "{compared}");
}

/// Whatever a model caches unasked, marking a request is never dearer than leaving it alone.
#[test]
fn no_card_is_planned_dearer_than_unmarked() {
    let cards = Cards::built_in();
    let (mut compared, mut marked) = (0, 0);
    for name in cards.names() {
        let model = cards.find(&name).unwrap().at(Date::constant(2026, 11, 20)).model(&Choices::default());
        for prefix in [1_024, 15_000, 199_000, 300_000] {
            for calls in [10, 500, 700, 5_000, 100_000, 3_000_000] {
                for deploys in [0, 20] {
                    let tokens = request(prefix);
                    let traffic = traffic(calls, deploys);
                    let terms = Terms { model: &model, batch: None, traffic: Some(&traffic), tokens: &tokens };
                    let policy = CachePolicy { breakpoints: Breakpoints::Auto, ttl: None };
                    let layout = plan(&prompt(None), &[prefix, 0], policy, &terms).value;
                    let month = |layout: &Layout| bill(layout, &terms).month;
                    let (Some(planned), Some(alone)) = (month(&layout), month(&Layout::default())) else { continue };
                    assert!(planned <= alone, "{name}: {prefix} tokens, {calls} calls: {planned:?} and {alone:?}");
                    compared += 1;
                    marked += usize::from(!layout.breakpoints.is_empty());
                }
            }
        }
    }
    assert!(compared > 1_000 && marked > 100, "{compared}, {marked}");
}
