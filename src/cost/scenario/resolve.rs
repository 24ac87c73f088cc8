//! A scenario as written, resolved to calls: texts by id, defaults filled in, every fault placed.

use std::collections::HashMap;
use std::sync::Arc;

use super::file::{Scenario, TimedRequest, WrittenBlock};
use crate::cost::rules::Model;
use crate::cost::simulate::{
    BlockKind, Call, Content, Contents, MAX_TOKENS, Object, Request, RequestBlock, Seconds, Speaker,
};
use crate::prompt::segment::Tier;
use crate::syntax::diag::{Diagnostic, Faults, did_you_mean};
use crate::syntax::manifest::Mark;
use crate::syntax::source::Span;
use crate::syntax::yaml::Node;

/// The most texts that one may be patched together from by `same_as`; keeps a long chain of them from
/// filling the memory.
const MAX_PATCHES: usize = 64;

/// The calls of a scenario, one a request, and the texts that they are made of.
pub(super) fn calls(scenario: &Scenario, contents: &mut Contents, faults: &mut Faults) -> Vec<Call> {
    let mut texts = Texts { known: HashMap::new(), contents };
    let mut latest = Seconds::default();
    let mut calls = Vec::with_capacity(scenario.requests.len());
    if scenario.requests.is_empty() {
        faults.push(Diagnostic::error("empty-scenario", "the scenario has no requests").at(&scenario.span));
    }
    for request in &scenario.requests {
        if request.at.value < latest {
            faults.push(
                Diagnostic::error("out-of-order", "this request is sent before the one above it")
                    .at(&request.at.span)
                    .hint("list the requests in order of time"),
            );
        }
        latest = latest.max(request.at.value);
        calls.push(call(request, &mut texts, faults));
    }
    calls
}

fn call(request: &TimedRequest, texts: &mut Texts<'_>, faults: &mut Faults) -> Call {
    if request.blocks.is_empty() {
        let fault = Diagnostic::error("empty-request", "this request has no blocks").at(&request.span);
        faults.push(fault.hint("give it `blocks: [{tier: system, id: s1, tokens: 5000}]`"));
    }
    let blocks: Vec<RequestBlock> = request.blocks.iter().filter_map(|block| texts.block(block, faults)).collect();
    check_order(&request.blocks, faults);
    let tokens = request.blocks.iter().fold(0u64, |sum, block| sum.saturating_add(block.tokens.value.0));
    if tokens > MAX_TOKENS {
        let message = format!("this request has {tokens} tokens; the simulator takes at most {MAX_TOKENS}");
        faults.push(Diagnostic::error("too-many-tokens", message).at(&request.at.span));
    }
    let named = request.settings.iter().map(|(key, value)| (key.text.clone(), plain(value)));
    let tool_choice = request.tool_choice.iter().map(|value| (Arc::from("tool_choice"), plain(value)));
    Call {
        at: request.at.value,
        first_token_after: request.first_token_after.unwrap_or_default(),
        request: Request {
            blocks,
            fresh: 0,
            key: request.key.clone(),
            mode: request.mode.as_ref().map(|mode| mode.value),
            ttl: request.ttl,
            settings: tool_choice.chain(named).collect(),
            object: request.object.as_ref().map(|object| Object { id: object.id.clone(), ttl: object.ttl }),
        },
    }
}

/// Blocks come in the order in which every provider renders them: tools, system, messages.
fn check_order(blocks: &[WrittenBlock], faults: &mut Faults) {
    for pair in blocks.windows(2) {
        if let [before, block] = pair
            && Tier::from(block.tier) < Tier::from(before.tier)
        {
            let message = format!("a {} block after a {} block", block.tier.as_str(), before.tier.as_str());
            let fault = Diagnostic::error("tier-order", message).at(&block.span);
            faults.push(fault.hint("every provider renders tools, then system, then messages"));
        }
    }
}

/// The settings of a request that its model does not know. `tool_choice` is let pass: every
/// provider has it, and where the card is silent it loses nothing.
pub(super) fn check_settings(scenario: &Scenario, own: &[usize], model: &Model, faults: &mut Faults) {
    for request in own.iter().filter_map(|call| scenario.requests.get(*call)) {
        for (key, _) in request.settings.iter().filter(|(key, _)| model.rules.invalidation(&key.text).is_none()) {
            let known = || model.rules.invalidation.iter().map(|entry| &*entry.setting);
            let list = || match known().collect::<Vec<_>>() {
                known if known.is_empty() => "no setting is known to matter to its cache".to_owned(),
                known => format!("known settings: {}", known.join(", ")),
            };
            let message = format!("what a change of `{}` does to the cache of {} is not known", key.text, model.name);
            let fault = Diagnostic::error("unknown-setting", message).at(&key.span).for_model(&model.name);
            faults.push(fault.hint(did_you_mean(&key.text, known()).unwrap_or_else(list)));
        }
    }
}

/// A setting's value as text; equal values are equal texts.
fn plain(value: &Node) -> Arc<str> {
    match value.as_text() {
        Some(text) => text.clone(),
        None => value.to_json().to_string().into(),
    }
}

/// The texts of a scenario, by id.
struct Texts<'a> {
    known: HashMap<Arc<str>, Known>,
    contents: &'a mut Contents,
}

/// A text that has been seen: what later blocks of that id must agree with.
struct Known {
    content: Content,
    tokens: u64,
    like: Option<Like>,
    span: Span,
}

/// What a text begins like, and for how many tokens.
#[derive(PartialEq, Eq)]
struct Like {
    content: Content,
    shared: u64,
}

impl Texts<'_> {
    fn block(&mut self, block: &WrittenBlock, faults: &mut Faults) -> Option<RequestBlock> {
        let content = self.content(block, faults)?;
        let tier = Tier::from(block.tier);
        let by_default = match (tier, block.kind) {
            (Tier::Tools | Tier::System, _) => Speaker::Developer,
            (Tier::Messages, Some(BlockKind::ToolUse | BlockKind::Thinking)) => Speaker::Assistant,
            (Tier::Messages, Some(BlockKind::ToolResult)) => Speaker::Tool,
            (Tier::Messages, _) => Speaker::User,
        };
        Some(RequestBlock {
            content,
            tier,
            speaker: block.role.unwrap_or(by_default),
            kind: block.kind.unwrap_or(BlockKind::Text),
            mark: block.cache.as_ref().map_or(Mark::Free, |cache| cache.value.0),
        })
    }

    /// The text of a block: the one that its id already names, or a new one.
    fn content(&mut self, block: &WrittenBlock, faults: &mut Faults) -> Option<Content> {
        let tokens = block.tokens.value.0;
        let like = self.like(block, faults)?;
        if let Some(known) = self.known.get(&block.id.value) {
            let said = |what: String| {
                let (line, _) = known.span.line_column();
                Diagnostic::error("conflicting-block", format!("`{}` {what} on line {line}", block.id.value))
            };
            if known.tokens != tokens {
                let fault = said(format!("has {tokens} tokens here, but {}", known.tokens)).at(&block.tokens.span);
                faults.push(fault.hint("blocks of one id are byte-identical; give an edited block its own id"));
                return None;
            }
            if like.is_some() && like != known.like {
                faults.push(said("is said to share other text than".to_owned()).at(&block.id.span));
                return None;
            }
            return Some(known.content);
        }
        let content = self.contents.add(tokens, like.as_ref().map(|like| (like.content, like.shared)));
        if self.contents.patches(content) > MAX_PATCHES {
            let message = format!("`{}` is made of more than {MAX_PATCHES} texts", block.id.value);
            let fault = Diagnostic::error("same-as-chain", message).at(&block.id.span);
            faults.push(fault.hint("split the text into blocks"));
            return None;
        }
        let known = Known { content, tokens, like, span: block.id.span.clone() };
        self.known.insert(block.id.value.clone(), known);
        Some(content)
    }

    /// What the block's text begins like; `None` after a fault.
    fn like(&self, block: &WrittenBlock, faults: &mut Faults) -> Option<Option<Like>> {
        let (same_as, shared) = match (&block.same_as, &block.shared) {
            (None, None) => return Some(None),
            (Some(same_as), Some(shared)) => (same_as, shared),
            (Some(same_as), None) => {
                let fault = Diagnostic::error("missing-key", "`same_as` needs the key `shared`").at(&same_as.span);
                faults.push(fault.hint("say how many of the first tokens are the same"));
                return None;
            }
            (None, Some(shared)) => {
                let fault = Diagnostic::error("missing-key", "`shared` needs the key `same_as`").at(&shared.span);
                faults.push(fault.hint("name the block that the tokens are shared with"));
                return None;
            }
        };
        let Some(other) = self.known.get(&same_as.value) else {
            let known = self.known.keys().map(|id| &**id);
            faults.push(
                Diagnostic::error("unknown-block", format!("no block `{}` comes before this one", same_as.value))
                    .at(&same_as.span)
                    .maybe_hint(did_you_mean(&same_as.value, known)),
            );
            return None;
        };
        let most = other.tokens.min(block.tokens.value.0);
        if shared.value.0 > most {
            let message = format!("{} tokens cannot be shared: the shorter of both has {most}", shared.value.0);
            faults.push(Diagnostic::error("shared-too-long", message).at(&shared.span));
            return None;
        }
        Some(Some(Like { content: other.content, shared: shared.value.0 }))
    }
}
