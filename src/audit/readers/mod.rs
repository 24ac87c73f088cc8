//! Readers: what each format of a log says of a request, one file each. Each says its reading, and what it cannot know.

mod anthropic;
mod bedrock;
mod claude_code;
mod codex;
mod fields;
mod gemini;
mod langfuse;
mod litellm;
mod llamacpp;
mod openai;
mod otel;
mod slim;
mod table;

use serde_json::Value;

use super::record::Record;
use crate::syntax::decode::names;
use fields::{Absurd, Fields};

names! {
    /// A format of usage logs.
    pub enum Format {
        /// Bodies of Anthropic's Messages API, bare or in an envelope.
        Anthropic = "anthropic",
        /// Results of Anthropic's Message Batches.
        AnthropicBatch = "anthropic-batch",
        /// Bodies of OpenAI's Chat Completions.
        OpenAiChat = "openai-chat",
        /// Bodies of OpenAI's Responses.
        OpenAiResponses = "openai-responses",
        /// Results of OpenAI's Batch API.
        OpenAiBatch = "openai-batch",
        /// Bodies of Gemini's generateContent, of the Gemini API or Vertex.
        Gemini = "gemini",
        /// Bodies of Bedrock's Converse.
        Bedrock = "bedrock-converse",
        /// Bodies of DeepSeek's API.
        DeepSeek = "deepseek",
        /// Bodies of xAI's API.
        Xai = "xai",
        /// Bodies of vLLM, and of any other server of the chat dialect.
        Vllm = "vllm",
        /// Bodies of llama.cpp's server, with `timings`.
        LlamaCpp = "llamacpp",
        /// LiteLLM's standard logging payload.
        LiteLlm = "litellm",
        /// LiteLLM's spend logs.
        LiteLlmSpend = "litellm-spend",
        /// Langfuse's export of observations.
        Langfuse = "langfuse",
        /// OpenTelemetry spans by the GenAI conventions, as OTLP/JSON.
        Otel = "otel",
        /// Transcripts of Claude Code.
        ClaudeCode = "claude-code",
        /// Rollouts of Codex.
        Codex = "codex",
        /// Telemetry of Gemini CLI.
        GeminiCli = "gemini-cli",
        /// A table with a heading.
        Csv = "csv",
    }
}

impl Format {
    /// How its usage is read, and what it cannot say.
    pub fn reading(self) -> (&'static str, &'static str) {
        match self {
            Self::Anthropic => (
                "input_tokens is the remainder: the input is it, what was read and what was written. Of `iterations`, compaction and advisor_message are requests of their own, which the totals do not hold",
                "in a bare body: the time, and with it order and gaps",
            ),
            Self::AnthropicBatch => {
                ("as anthropic, at the price of a batch; one that expired or failed is no request", "times, order")
            }
            Self::OpenAiChat | Self::OpenAiResponses => (
                "prompt_tokens (input_tokens) hold what was read and written; `created` is to the second",
                "what was written, where the field is absent; the first token, in a bare body",
            ),
            Self::OpenAiBatch => {
                ("as openai-chat, at the price of a batch; what did not end in 200 is no request", "times, order")
            }
            Self::Gemini => (
                "promptTokenCount holds what was read, and toolUsePromptTokenCount stands beside it; thoughtsTokenCount stands beside candidatesTokenCount; an absent count is 0",
                "the time, but in createTime of Vertex or an envelope",
            ),
            Self::Bedrock => (
                "inputTokens is the remainder; cacheDetails divides the writes by lifetime",
                "model and time, which only an envelope has",
            ),
            Self::DeepSeek => ("prompt_tokens is hit and miss; a miss is no write", "the first token, in a bare body"),
            Self::Xai => (
                "prompt_tokens hold what was read; reasoning stands beside completion_tokens where the total says so",
                "the first token, in a bare body",
            ),
            Self::Vllm => (
                "prompt_tokens hold what was read; writing has no price",
                "what was read, without --enable-prompt-tokens-details: unknown, not 0",
            ),
            Self::LlamaCpp => ("timings.prompt_n was computed anew, timings.cache_n was read", "prices"),
            Self::LiteLlm | Self::LiteLlmSpend => (
                "prompt_tokens are made inclusive for every vendor; `cache_hit: true` is LiteLLM's own cache, which called nobody",
                "the lifetime of writes, where the sender drops it; iterations, which are summed",
            ),
            Self::Langfuse => (
                "a bucket each; they do not overlap where `total` is their sum, and `input` holds them where it is input and output",
                "whether buckets overlap, where `total` tells neither; platform and tier",
            ),
            Self::Otel => (
                "gen_ai.usage.input_tokens holds what was read and written, but where it is less than both; spans of agents sum their children and are passed over",
                "the lifetime of writes, so that their price is a range; platform and region",
            ),
            Self::ClaudeCode => (
                "one request a message and request id, its last record: earlier ones repeat the input, and their output grows",
                "the output of answers whose last record was never written (a lower bound); the start, estimated by the line that the answer hangs from; platform",
            ),
            Self::Codex => (
                "differences of the cumulative totals; what a fork replays of its parent (known by the parent's file, else within a second of its birth), and totals shown again, are no requests",
                "when a request began; platform and tier",
            ),
            Self::GeminiCli => (
                "input_token_count holds what was read, tool_token_count stands beside it, thoughts beside the output",
                "platform and tier",
            ),
            Self::Csv => (
                "a row a request; columns by name: start, model, input, uncached, read, write, write_5m, write_1h, output, session …",
                "whatever has no column",
            ),
        }
    }

    /// The format that a value is of.
    fn of(value: &Value) -> Option<Self> {
        let has = |pointer: &str| value.pointer(pointer).is_some_and(|value| !value.is_null());
        let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        Some(match value {
            _ if has("/resourceSpans") => Self::Otel,
            _ if has("/custom_id") && has("/result/type") => Self::AnthropicBatch,
            _ if has("/custom_id") && (value.get("response").is_some() || has("/error")) => Self::OpenAiBatch,
            _ if has("/provided_model_name") || has("/usage_details") => Self::Langfuse,
            _ if has("/startTime") && (has("/custom_llm_provider") || has("/litellm_call_id") || has("/call_type")) => {
                match value.get("metadata") {
                    Some(Value::String(_)) => Self::LiteLlmSpend,
                    metadata if metadata.is_some_and(|own| own.get("additional_usage_values").is_some()) => {
                        Self::LiteLlmSpend
                    }
                    _ => Self::LiteLlm,
                }
            }
            _ if has("/payload") && has("/type") => Self::Codex,
            _ if (has("/sessionId") || has("/uuid") || TRANSCRIPT.contains(&text("/type"))) && has("/type") => {
                Self::ClaudeCode
            }
            _ if has("/attributes/event.name") => Self::GeminiCli,
            _ if value.get("response").is_some_and(Value::is_object) => return Self::of(value.get("response")?),
            _ if has("/usageMetadata") => Self::Gemini,
            _ if has("/timings/prompt_n") => Self::LlamaCpp,
            _ if text("/type") == "message" && has("/usage") => Self::Anthropic,
            _ if has("/usage/inputTokens") => Self::Bedrock,
            _ if text("/object") == "response" => Self::OpenAiResponses,
            _ if has("/usage/prompt_cache_hit_tokens") => Self::DeepSeek,
            _ if has("/usage/prompt_tokens") => match text("/model") {
                model if model.starts_with("grok") || has("/usage/num_sources_used") => Self::Xai,
                model if is_openai(model) => Self::OpenAiChat,
                _ => Self::Vllm,
            },
            _ => return None,
        })
    }

    /// Whether what one line means rests on the lines before it.
    fn has_state(self) -> bool {
        matches!(self, Self::ClaudeCode | Self::Codex)
    }
}

/// What lines of a transcript of Claude Code may be that name no session.
const TRANSCRIPT: [&str; 3] = ["file-history-snapshot", "summary", "queue-operation"];

/// Whether a model's name is one of OpenAI's, whose servers alone write for a price of their own.
fn is_openai(model: &str) -> bool {
    let digit = |rest: &str| rest.starts_with(|c: char| c.is_ascii_digit());
    ["gpt-", "chatgpt", "ft:", "codex"].iter().any(|begin| model.starts_with(begin))
        || model.strip_prefix('o').is_some_and(digit)
}

/// What a line came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// Read: a request, or something that belongs to the log and is none.
    Read,
    /// No JSON.
    Malformed,
    /// JSON of no known format, or of another than the one asked for.
    Foreign,
    /// Its figures are no numbers of tokens, or contradict each other.
    Absurd,
}

/// The reader of one file.
pub struct Reader {
    /// The format that was asked for, else the one that the file's first lines are of.
    format: Option<Format>,
    insisted: bool,
    /// The format of the last line, where that is another one.
    between: Option<Format>,
    claude: claude_code::Transcript,
    codex: codex::Rollout,
    table: table::Table,
}

impl Reader {
    /// A reader of the file of that name; with a format, of no other.
    pub fn new(name: &str, format: Option<Format>) -> Self {
        Self {
            format,
            insisted: format.is_some(),
            between: None,
            claude: claude_code::Transcript::new(name),
            codex: codex::Rollout::default(),
            table: table::Table::default(),
        }
    }

    /// The format of the last line, or of the file.
    pub fn format(&self) -> Option<Format> {
        self.between.or(self.format)
    }

    /// Reads a line; requests that are complete go to `found`.
    pub fn line(&mut self, bytes: &[u8], found: &mut Vec<Record>) -> Line {
        let before = found.len();
        self.between = None;
        let mut line = match self.format {
            Some(Format::ClaudeCode) => self.claude.line(bytes, found),
            Some(Format::Codex) => self.codex.line(bytes, found),
            Some(Format::Csv) => self.table.line(bytes, found),
            _ => self.body(bytes, found),
        };
        if line == Line::Foreign
            && !self.insisted
            && self.format.is_some_and(Format::has_state)
            && let Ok(value) = slim::parse(bytes)
            && let Some(other) = Format::of(&value).filter(|other| !other.has_state())
        {
            // Two programs wrote into one file.
            line = read(other, &value, found);
            self.between = Some(other);
        }
        let mut sound = true;
        for record in found.iter_mut().skip(before) {
            sound &= record.complete();
        }
        if sound {
            return line;
        }
        found.truncate(before);
        Line::Absurd
    }

    /// What was still open at the end of the file.
    pub fn end(&mut self, found: &mut Vec<Record>) {
        self.between = None;
        self.claude.end(found);
        for record in found.iter_mut() {
            record.complete();
        }
    }

    fn body(&mut self, bytes: &[u8], found: &mut Vec<Record>) -> Line {
        if self.format.is_none() && table::is_heading(bytes) {
            self.format = Some(Format::Csv);
            return self.table.line(bytes, found);
        }
        let Ok(value) = slim::parse(bytes) else { return Line::Malformed };
        let format = if self.insisted { self.format } else { Format::of(&value) };
        let Some(format) = format else { return Line::Foreign };
        if format.has_state() {
            self.format = Some(format);
            return self.line(bytes, found);
        }
        if !self.insisted {
            self.format = Some(format).filter(|format| !format.has_state());
        }
        read(format, &value, found)
    }
}

/// The requests of one value, and what it came to.
fn read(format: Format, value: &Value, found: &mut Vec<Record>) -> Line {
    match bodies(format, value, found) {
        Ok(true) => Line::Read,
        Ok(false) => Line::Foreign,
        Err(Absurd) => Line::Absurd,
    }
}

/// The requests of one value. `false` where it is not of that format.
fn bodies(format: Format, value: &Value, found: &mut Vec<Record>) -> Result<bool, Absurd> {
    let fields = Fields(value);
    match format {
        Format::Anthropic => anthropic::body(fields, found),
        Format::AnthropicBatch => anthropic::batch(fields, found),
        Format::OpenAiChat | Format::OpenAiResponses | Format::DeepSeek | Format::Xai | Format::Vllm => {
            openai::body(format, fields, found)
        }
        Format::OpenAiBatch => openai::batch(fields, found),
        Format::Gemini => gemini::body(fields, found),
        Format::GeminiCli => gemini::telemetry(fields, found),
        Format::Bedrock => bedrock::body(fields, found),
        Format::LlamaCpp => llamacpp::body(fields, found),
        Format::LiteLlm | Format::LiteLlmSpend => litellm::payload(fields, found),
        Format::Langfuse => langfuse::observation(fields, found),
        Format::Otel => otel::spans(fields, found),
        Format::ClaudeCode | Format::Codex | Format::Csv => Ok(false),
    }
}
