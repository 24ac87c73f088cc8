//! Tokenizers that are not public, or whose file the user has not named: estimated by content.

use super::Count;
use super::encoding::Encoding;

/// Models that share a tokenizer which is not at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// Claude up to Opus 4.6 and Sonnet 4.6.
    ClaudeOlder,
    /// Claude from Opus 4.7, Sonnet 5 and Opus 5 on.
    ClaudeNewer,
    /// Gemini without the Gemma model file.
    Gemini,
    /// Gemma 3.
    Gemma,
    /// Llama 3 and 4.
    Llama,
    /// Qwen 3.
    Qwen,
    /// DeepSeek V3.
    DeepSeek,
    /// Mistral's tekken.
    Mistral,
    /// Anything else: Grok, unknown models.
    Other,
}

impl Family {
    /// Every family.
    pub const ALL: [Self; 9] = [
        Self::ClaudeOlder,
        Self::ClaudeNewer,
        Self::Gemini,
        Self::Gemma,
        Self::Llama,
        Self::Qwen,
        Self::DeepSeek,
        Self::Mistral,
        Self::Other,
    ];

    /// The name that cards and reports use.
    pub fn name(self) -> &'static str {
        match self {
            Self::ClaudeOlder => "claude-to-4.6",
            Self::ClaudeNewer => "claude-4.7+",
            Self::Gemini => "gemini",
            Self::Gemma => "gemma",
            Self::Llama => "llama",
            Self::Qwen => "qwen",
            Self::DeepSeek => "deepseek",
            Self::Mistral => "mistral",
            Self::Other => "other",
        }
    }

    /// The family of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|family| family.name() == name)
    }

    /// The estimated tokens of a text.
    pub fn estimate(self, text: &str) -> Count {
        let base = Encoding::O200kBase.count(text);
        let percent = match self {
            Self::ClaudeOlder => 116,
            Self::ClaudeNewer => 154,
            Self::Gemini | Self::Gemma => 110,
            Self::Llama => 100,
            Self::Qwen => 102,
            Self::DeepSeek => 103,
            Self::Mistral => 105,
            Self::Other => 110,
        };
        let tokens = base.saturating_mul(percent).div_ceil(100);
        Count::estimated(tokens, (tokens - tokens / 5, tokens.saturating_add(tokens.div_ceil(5))))
    }
}
