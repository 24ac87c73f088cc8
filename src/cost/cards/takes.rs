//! What a model takes of a request, beyond what its dialect allows.

use serde_json::{Map, Value};

use crate::cost::fact::Fact;
use crate::syntax::decode::{Table, Text, record};

use super::card::CardAt;

record! {
    /// What a model takes or refuses: `true` and `false` by a source; what is not written is unknown.
    pub struct Takes("what a model takes") {
        /// A last turn that is the assistant's.
        pub prefill: Option<bool> = "prefill",
        /// `temperature`, `top_p`, `top_k`. A reasoning model of OpenAI that refuses them takes them at effort `none`, if it has that.
        pub sampling: Option<bool> = "sampling",
        /// `temperature` and `top_p` in one request.
        pub temperature_with_top_p: Option<bool> = "temperature_with_top_p",
        /// Stop sequences.
        pub stop: Option<bool> = "stop",
        /// It thinks on every request; that cannot be switched off.
        pub think_always: Option<bool> = "think_always",
        /// It thinks unless it is told not to.
        pub think_default: Option<bool> = "think_default",
        /// Thinking of type `enabled`, with a budget in tokens.
        pub budget_tokens: Option<bool> = "budget_tokens",
        /// Thinking of type `adaptive`.
        pub adaptive: Option<bool> = "adaptive",
        /// Levels of effort, each with whether it is one.
        pub effort: Table<bool> = "effort",
        /// The level of a request that names none.
        pub effort_default: Option<Text> = "effort_default",
        /// `tool_choice` that forces a tool (`any`, `tool`).
        pub forced_tool: Option<bool> = "forced_tool",
        /// Function tools in Chat Completions at an effort other than `none`.
        pub chat_tools_with_effort: Option<bool> = "chat_tools_with_effort",
        /// Strict tools.
        pub strict_tools: Option<bool> = "strict_tools",
        /// An answer held to a JSON schema.
        pub json_schema: Option<bool> = "json_schema",
        /// System text after the first turn.
        pub mid_system: Option<bool> = "mid_system",
    }
}

impl Takes {
    /// What is known, each by its key.
    pub fn known(&self) -> Map<String, Value> {
        let flags = [
            ("prefill", self.prefill),
            ("sampling", self.sampling),
            ("temperature_with_top_p", self.temperature_with_top_p),
            ("stop", self.stop),
            ("think_always", self.think_always),
            ("think_default", self.think_default),
            ("budget_tokens", self.budget_tokens),
            ("adaptive", self.adaptive),
            ("forced_tool", self.forced_tool),
            ("chat_tools_with_effort", self.chat_tools_with_effort),
            ("strict_tools", self.strict_tools),
            ("json_schema", self.json_schema),
            ("mid_system", self.mid_system),
        ];
        let mut known: Map<String, Value> =
            flags.into_iter().filter_map(|(key, flag)| Some((key.to_owned(), flag?.into()))).collect();
        if !self.effort.is_empty() {
            let levels = self.effort.iter().map(|(level, is)| (level.text.to_string(), (*is).into()));
            known.insert("effort".to_owned(), Value::Object(levels.collect()));
        }
        known.extend(self.effort_default.iter().map(|level| ("effort_default".to_owned(), (*level.value).into())));
        known
    }
}

impl<'a> CardAt<'a> {
    /// What it takes, with the evidence for all of it; `None` where nothing is known.
    pub fn takes(&self) -> Option<&'a Fact<Takes>> {
        self.card.facts.takes.as_ref()?.at(self.day)
    }
}
