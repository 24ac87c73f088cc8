//! Laws that hold for every family and every model of the cards.

use contexture::cost::rules::Model;
use contexture::cost::simulate::{
    self, BlockKind, Call, Clock, Contents, ENGINES, Prepared, Prompts, Request, RequestBlock, Seconds, Sent,
    Simulator, Speaker, engine,
};
use contexture::prompt::segment::Tier;
use contexture::syntax::manifest::Mark;
use contexture::syntax::quantity::Ttl;
use proptest::prelude::*;

use crate::cards;

/// A block that says its length, whether it is marked, and nothing else.
fn block(contents: &mut Contents, tokens: u64, marked: bool) -> RequestBlock {
    let mark = if marked { Mark::Here } else { Mark::Free };
    let content = contents.add(tokens, None);
    RequestBlock { content, tier: Tier::System, speaker: Speaker::Developer, kind: BlockKind::Text, mark }
}

fn question(contents: &mut Contents, tokens: u64) -> RequestBlock {
    let content = contents.add(tokens, None);
    RequestBlock { content, tier: Tier::Messages, speaker: Speaker::User, kind: BlockKind::Text, mark: Mark::Free }
}

fn models() -> Vec<Model> {
    let cards = cards::NAMES.iter().map(|name| cards::find(name).unwrap());
    cards.chain(ENGINES.iter().map(|name| engine(name).unwrap())).collect()
}

fn tokens(sent: &Sent) -> (u64, u64, u64) {
    (sent.outcome.read, sent.outcome.written.iter().map(|(_, tokens)| tokens).sum(), sent.outcome.uncached)
}

/// Calls on a few contexts: which of them, how long after the last call, and the question's length.
fn streams() -> impl Strategy<Value = Vec<(usize, u64, u64)>> {
    let gap = prop::sample::select(&[0u64, 1, 30, 299, 300, 1800, 4000, 90_000][..]);
    prop::collection::vec((0..3usize, gap, 1..900u64), 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// A question that is told as fresh tokens costs what it costs as a block that occurs once.
    #[test]
    fn fresh_tokens_are_a_block_that_occurs_once(stream in streams(), marked: bool) {
        for model in models() {
            let mut contents = Contents::new();
            let shared = block(&mut contents, 1500, marked);
            let rest: Vec<RequestBlock> = (0..3).map(|_| block(&mut contents, 2700, marked)).collect();
            let mut now = 0;
            let (mut fresh, mut once) = (Vec::new(), Vec::new());
            for (context, gap, length) in &stream {
                now += gap * 1_000_000;
                let blocks = vec![shared, rest[*context]];
                let with_question = [&blocks[..], &[question(&mut contents, *length)]].concat();
                let call = |blocks: Vec<RequestBlock>, fresh: u64| Call {
                    at: Seconds { micros: now },
                    first_token_after: Seconds::whole(1),
                    request: Request { blocks, fresh, ..Request::default() },
                };
                fresh.push(call(blocks, *length));
                once.push(call(with_question, 0));
            }
            let run = |calls: &[Call]| simulate::simulate(&model, &contents, calls, false).unwrap();
            let (fresh, once) = (run(&fresh), run(&once));
            prop_assert_eq!(
                fresh.iter().map(tokens).collect::<Vec<_>>(),
                once.iter().map(tokens).collect::<Vec<_>>(),
                "{}", model.name
            );
            for (sent, (_, _, length)) in once.iter().zip(&stream) {
                prop_assert_eq!(sent.outcome.input(), 1500 + 2700 + length);
                prop_assert!(sent.upper.is_none_or(|upper| upper >= sent.outcome.read), "{}", model.name);
            }
        }
    }

    /// A prompt that is prepared once and sent often is served as one prepared for every call.
    #[test]
    fn preparing_once_changes_nothing(stream in streams()) {
        for model in models() {
            let mut contents = Contents::new();
            let mut context = || vec![block(&mut contents, 1100, true), block(&mut contents, 1300, true)];
            let contexts = [context(), context(), context()];
            let request = |number: usize| Request { blocks: contexts[number].clone(), ..Request::default() };
            let mut prompts = Prompts::new(&model);
            let once: Vec<Prepared> = (0..3).map(|number| prompts.prepare(&contents, &request(number)).unwrap()).collect();
            let (mut first, mut second) = (Simulator::new(&model, Clock::default()), Simulator::new(&model, Clock::default()));
            let mut now = 0;
            for (context, gap, _) in &stream {
                now += gap * 1_000_000;
                let again = prompts.prepare(&contents, &request(*context)).unwrap();
                let (at, first_token) = (Seconds { micros: now }, Seconds::default());
                prop_assert_eq!(first.send(&once[*context], at, first_token), second.send(&again, at, first_token));
            }
        }
    }
}

/// What is still served after a change (R10), for a context of 9,000 tokens that is always followed by
/// a fresh question.
#[test]
fn a_change_is_served_up_to_an_entry_that_the_new_layout_reaches() {
    let served = |name: &str, marks: [bool; 3], changed: usize| {
        let model = engine(name).unwrap_or_else(|| cards::find(name).unwrap());
        let mut contents = Contents::new();
        let old: Vec<RequestBlock> = marks.iter().map(|marked| block(&mut contents, 3000, *marked)).collect();
        let mut new = old.clone();
        if let Some(block) = new.get_mut(changed) {
            block.content = contents.add(3000, Some((block.content, 2000)));
        }
        let mut prompts = Prompts::new(&model);
        let mut prepare = |blocks| prompts.prepare(&contents, &Request { blocks, fresh: 100, ..Request::default() });
        let (old, new) = (prepare(old).unwrap(), prepare(new).unwrap());
        simulate::served(&model, &old, &new)
    };
    let (all, last) = ([true; 3], [false, false, true]);
    assert_eq!(served("claude-opus-5", all, 9), 9000, "nothing changed");
    assert_eq!(served("claude-opus-5", all, 2), 6000);
    assert_eq!(served("claude-opus-5", all, 0), 0);
    assert_eq!(served("claude-opus-5", last, 2), 0, "never a mere byte prefix");
    assert_eq!(served("gpt-6.1-sol", all, 2), 6000);
    assert_eq!(served("gpt-6.1-sol", [false; 3], 9), 0, "the question is the only breakpoint");
    assert_eq!(served("gpt-5.4", last, 2), 7936, "8,000 rounded down to 128");
    assert_eq!(served("gpt-5.5", last, 2), 6144, "8,000 rounded down to 2,048");
    assert_eq!(served("deepseek-flash", last, 9), 9000, "two questions have shown the common prefix");
    assert_eq!(served("deepseek-flash", last, 2), 0, "no complete unit before the change");
    assert_eq!(served("engine/vllm", last, 2), 8000);
    assert_eq!(served("no-cache", last, 9), 0);
}

/// An entry lives only where all of its prefix is the same: tokens that agree again after a change
/// are worth nothing.
#[test]
fn agreement_after_a_change_is_worth_nothing() {
    for model in models() {
        let mut contents = Contents::new();
        let (first, other, same) =
            (block(&mut contents, 5000, true), block(&mut contents, 5000, true), block(&mut contents, 5000, true));
        let call = |at: u32, blocks: Vec<RequestBlock>| Call {
            at: Seconds::whole(at),
            first_token_after: Seconds::default(),
            request: Request { blocks, ttl: Some(Ttl { seconds: 3600 }), ..Request::default() },
        };
        let calls = [call(0, vec![first, same]), call(60, vec![other, same])];
        let sent = simulate::simulate(&model, &contents, &calls, false).unwrap();
        assert_eq!(sent[1].outcome.read, 0, "{}", model.name);
    }
}
