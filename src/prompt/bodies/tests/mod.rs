//! Prompts built by hand for the tests of the emitters.

mod holes;
mod rewrites;
mod settings;
mod wire;

use serde_json::{Map, Value, json};

use super::*;
use crate::prompt::segment::{Kind, Origin, Part, Role, Tier};
use crate::syntax::manifest::Mark;
use crate::syntax::quantity::Ttl;
use crate::syntax::source::{ProjectPath, Source, Span};

const WEATHER: &str = r#"{"description":"Get weather.","input_schema":{"properties":{"city":{"type":"string"}},"required":["city"],"type":"object"},"name":"get_weather"}"#;

/// Segments, breakpoints and settings that a [`Prompt`] can borrow.
#[derive(Default)]
struct Draught {
    segments: Vec<Segment>,
    breakpoints: Vec<Breakpoint>,
    settings: Map<String, Value>,
}

impl Draught {
    fn segment(mut self, tier: Tier, parts: &[(Role, Kind, &str)]) -> Self {
        let source = Source::new(ProjectPath::root(), "");
        self.segments.push(Segment {
            id: format!("{tier}/{}", self.segments.len() + 1),
            tier,
            parts: parts.iter().map(|&(role, kind, text)| Part::new(role, kind, text)).collect(),
            origin: Origin { path: None, lines: None, blob: None, block: Span::file(&source), picked: None },
            mark: Mark::Free,
            stability: None,
            priority: 0,
        });
        self
    }

    fn tool(self, definition: &str) -> Self {
        self.segment(Tier::Tools, &[(Role::System, Kind::Tool, definition)])
    }

    fn system(self, text: &str) -> Self {
        self.segment(Tier::System, &[(Role::System, Kind::Text, text)])
    }

    fn user(self, text: &str) -> Self {
        self.segment(Tier::Messages, &[(Role::User, Kind::Text, text)])
    }

    fn assistant(self, text: &str) -> Self {
        self.segment(Tier::Messages, &[(Role::Assistant, Kind::Text, text)])
    }

    fn input(self, name: &str) -> Self {
        self.segment(Tier::Messages, &[(Role::User, Kind::Input, name)])
    }

    fn history(self, name: &str) -> Self {
        self.segment(Tier::Messages, &[(Role::User, Kind::History, name)])
    }

    /// A breakpoint after the last segment so far.
    fn mark(mut self, ttl: &str) -> Self {
        let after = self.segments.len() - 1;
        self.breakpoints.push(Breakpoint { after, ttl: Ttl::parse(ttl).unwrap() });
        self
    }

    fn settings(mut self, settings: Value) -> Self {
        self.settings = settings.as_object().unwrap().clone();
        self
    }

    /// The prompt as a vendor's newest model would have it, with a limit of 1024 tokens.
    fn prompt(&self, api: Api) -> Prompt<'_> {
        let (model, caching) = match api {
            Api::Anthropic => ("claude-opus-5", Caching::CacheControl),
            Api::OpenAi => ("gpt-5.6-sol", Caching::BreakpointField),
            Api::Gemini => ("gemini-3.8-flash", Caching::CachedContent),
            Api::Bedrock => ("anthropic.claude-opus-5", Caching::CachePoint),
            Api::Compatible => ("glm-5.3", Caching::None),
        };
        Prompt {
            segments: &self.segments,
            breakpoints: &self.breakpoints,
            api,
            name: model,
            model,
            settings: &self.settings,
            schema: None,
            schema_name: "answer",
            max_tokens: Some(1024),
            default_max_tokens: 4096,
            vendor: if api == Api::Compatible { "Z.ai" } else { "Anthropic" },
            takes: &Value::Null,
            caching,
            cache_key: None,
        }
    }
}

/// Every API with every dialect that it could have.
fn everywhere() -> impl Iterator<Item = (Api, Dialect)> {
    [
        (Api::Anthropic, Dialect::Messages),
        (Api::OpenAi, Dialect::Responses),
        (Api::OpenAi, Dialect::Chat),
        (Api::Compatible, Dialect::Chat),
        (Api::Gemini, Dialect::Generate),
        (Api::Bedrock, Dialect::Converse),
    ]
    .into_iter()
}

fn json_of(prompt: &Prompt, dialect: Dialect) -> Value {
    emit(prompt, dialect).unwrap().json
}
