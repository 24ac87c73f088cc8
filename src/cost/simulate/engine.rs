//! Inference engines that one runs oneself: rule R16. Their rules are those of their source code,
//! not of a price list, so they are part of the program. Cost is tokens still to prefill.
//!
//! Sources: vLLM `design/prefix_caching.md` (of its docs) and `v1/core/kv_cache_manager.py`; SGLang
//! 0.5.23 `schedule_batch.py`, `radix_cache.py`; TensorRT-LLM `features/kvcache.md` (of its docs; that
//! the last token is computed anew is not verified there: setting `recomputed`); llama.cpp
//! `tools/server/README.md` and the server's source.

use crate::cost::rules::{CacheFamily, CacheRules, LongestPrefix, Mechanism, Model, Slots};
use crate::syntax::quantity::Share;

/// The names of the engines.
pub const ENGINES: [&str; 4] = ["engine/vllm", "engine/sglang", "engine/trtllm", "engine/llamacpp"];

/// `llama-server` as it starts: `--parallel -1 -sps 0.10 --cache-ram 8192`, idle slots saved, one pool. What a token takes
/// depends on the model.
const LLAMA_SERVER: Slots = Slots {
    count: 4,
    similarity: Share { millionths: 100_000 },
    ram_mib: 8192,
    idle_slots: true,
    unified: true,
    bytes_per_token: 0,
    context: 0,
};

/// The engine of that name. They evict when memory runs out, so nothing that they cache is guaranteed.
pub fn engine(name: &str) -> Option<Model> {
    // 16 tokens is vLLM's usual block (setting `block`); SGLang's page is one token (`page`);
    // TensorRT-LLM reuses parts of blocks.
    let (unit, slots) = match name {
        "engine/vllm" => (16, None),
        "engine/sglang" | "engine/trtllm" => (1, None),
        "engine/llamacpp" => (1, Some(LLAMA_SERVER)),
        _ => return None,
    };
    let family = CacheFamily::LongestPrefix(LongestPrefix {
        unit,
        interval: None,
        hidden: 0,
        recomputed: 1,
        generated: true,
        slots,
    });
    let implicit = Some(Mechanism { family, minimum: 0, lifetimes: Vec::new() });
    let rules = CacheRules { implicit, explicit: None, key_separates: true, invalidation: Vec::new() };
    Some(Model { name: name.into(), rules, prices: None })
}
