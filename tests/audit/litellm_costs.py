#!/usr/bin/env python3
"""Writes tests/audit/sdk/litellm.jsonl: records as LiteLLM logs them, each with what LiteLLM's own arithmetic says that it cost.

    python3 -m venv v && v/bin/pip install litellm==1.110.2
    v/bin/python tests/audit/litellm_costs.py > tests/audit/sdk/litellm.jsonl

The arithmetic is held, not the price list: the prices registered here are those of the model cards on 2026-10-07.
"""
import json, os, random

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
import litellm
from litellm.types.utils import Usage

M = 1e-6
PRICES = {  # vendor, input, output, read, written for 5m, for 1h
    "claude-opus-5": ("anthropic", 5, 25, 0.5, 6.25, 10),
    "claude-sonnet-4-5": ("anthropic", 3, 15, 0.3, 3.75, 6),
    "gpt-5.4": ("openai", 2.5, 15, 0.25, None, None),
}
draw = random.Random(20)
for number in range(24):
    model = ["claude-opus-5", "claude-sonnet-4-5", "gpt-5.4"][number % 3]
    vendor, price, out, read_price, short, long = PRICES[model]
    litellm.register_model({model: {
        "litellm_provider": vendor, "mode": "chat", "input_cost_per_token": price * M, "output_cost_per_token": out * M,
        "cache_read_input_token_cost": read_price * M,
        **({"cache_creation_input_token_cost": short * M, "cache_creation_input_token_cost_above_1hr": long * M} if short else {})}})
    read, uncached, output = draw.randrange(0, 90_000), draw.randrange(1, 5_000), draw.randrange(1, 4_000)
    five, hour = (draw.randrange(0, 9_000), draw.choice([0, draw.randrange(1, 9_000)])) if short else (0, 0)
    prompt = read + uncached + five + hour
    details = {"cached_tokens": read, "cache_write_tokens": five + hour}
    if short:
        details |= {"cache_creation_tokens": five + hour, "cache_creation_token_details": {"ephemeral_5m_input_tokens": five, "ephemeral_1h_input_tokens": hour}}
    usage = {"prompt_tokens": prompt, "completion_tokens": output, "total_tokens": prompt + output, "prompt_tokens_details": details}
    if short:
        usage |= {"cache_read_input_tokens": read, "cache_creation_input_tokens": five + hour}
    cost = sum(litellm.cost_per_token(model=model, custom_llm_provider=vendor, usage_object=Usage(**usage)))
    print(json.dumps({
        "id": f"l{number}", "litellm_call_id": f"call-{number}", "call_type": "acompletion", "status": "success", "custom_llm_provider": vendor,
        "prompt_tokens": prompt, "completion_tokens": output, "total_tokens": prompt + output, "startTime": 1791360000 + 60 * number,
        "endTime": 1791360002 + 60 * number, "session_id": f"s{number}", "model": model, "metadata": {"usage_object": usage}, "cache_hit": False, "response_cost": cost},
        separators=(",", ":")))
