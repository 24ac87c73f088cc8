//! Models whose tokenizer is not public, or whose file the user has not named: their tokens are estimated
//! from the content.

use super::estimate::Estimator;
use super::features::Features;
use super::{Count, MessageCount, estimators};

/// Models that share a tokenizer that is not available.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TokenizerFamily {
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

impl TokenizerFamily {
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

    /// The estimated tokens of a text, without those that a request adds around it.
    pub fn estimate(self, text: &str) -> Count {
        self.count_message(&[text]).total
    }

    /// The estimated tokens of the text that the pieces make when joined, and each piece's share.
    pub fn count_message(self, pieces: &[&str]) -> MessageCount {
        self.count_features(&Features::of(pieces))
    }

    /// [`count_message`](Self::count_message) for pieces whose features are known.
    pub fn count_features(self, pieces: &[Features]) -> MessageCount {
        self.estimator().message(pieces)
    }

    fn estimator(self) -> &'static Estimator {
        match self {
            Self::ClaudeOlder => &estimators::CLAUDE_OLDER,
            Self::ClaudeNewer => &estimators::CLAUDE_NEWER,
            // Google's own SDK counts Gemini 2 to 3.1 with Gemma 3's vocabulary; Gemma 4's, of the
            // later ones, differs from it by half a percent at most.
            Self::Gemini | Self::Gemma => &estimators::GEMMA,
            Self::Llama => &estimators::LLAMA,
            Self::Qwen => &estimators::QWEN,
            Self::DeepSeek => &estimators::DEEPSEEK,
            Self::Mistral => &estimators::MISTRAL,
            Self::Other => &estimators::OTHER,
        }
    }
}
