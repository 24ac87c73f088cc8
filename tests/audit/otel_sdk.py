#!/usr/bin/env python3
"""Writes tests/audit/sdk/otel.jsonl with the OpenTelemetry SDK: spans of a conversation by the GenAI conventions, as OTLP in JSON.

    python3 -m venv v && v/bin/pip install opentelemetry-sdk==1.45.2 opentelemetry-exporter-otlp-proto-common==1.45.2
    v/bin/python tests/audit/otel_sdk.py > tests/audit/sdk/otel.jsonl

Each turn is a span of its own below an agent's, as instrumentations write it. Times and ids are fixed, so that a second run
writes the same file.
"""
import base64, json

from google.protobuf.json_format import MessageToDict
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.trace import set_span_in_context

START = 1_791_360_000


class Counted(IdGenerator):
    number = 0

    def generate_span_id(self):
        self.number += 1
        return self.number

    def generate_trace_id(self):
        self.number += 1
        return self.number << 64 | 1


def hexed(value):
    """OTLP/JSON writes ids in hexadecimal, and protobuf's own JSON in base64."""
    if isinstance(value, dict):
        return {key: base64.b64decode(own).hex() if key in ("traceId", "spanId", "parentSpanId") else hexed(own) for key, own in value.items()}
    return [hexed(own) for own in value] if isinstance(value, list) else value


class Lines(SpanExporter):
    def export(self, spans):
        print(json.dumps(hexed(MessageToDict(encode_spans(spans))), separators=(",", ":")))


provider = TracerProvider(id_generator=Counted(), resource=Resource({"service.name": "example"}))
provider.add_span_processor(SimpleSpanProcessor(Lines()))
tracer = provider.get_tracer("example", "1")
# Seconds after the start, read, written, model: the third comes after eleven minutes and finds nothing.
for at, read, written in [(0, 0, 6000), (60, 6000, 500), (720, 0, 7000), (780, 7000, 0)]:
    nanos = lambda seconds: int((START + seconds) * 1_000_000_000)
    agent = tracer.start_span("invoke_agent helper", start_time=nanos(at), attributes={
        "gen_ai.operation.name": "invoke_agent", "gen_ai.conversation.id": "c-1", "gen_ai.usage.input_tokens": read + written + 40,
        "gen_ai.usage.output_tokens": 9})
    chat = tracer.start_span("chat claude-opus-5", context=set_span_in_context(agent), start_time=nanos(at + 0.25), attributes={
        "gen_ai.operation.name": "chat", "gen_ai.provider.name": "anthropic", "gen_ai.request.model": "claude-opus-5",
        "gen_ai.conversation.id": "c-1", "gen_ai.response.id": f"msg_{at}", "gen_ai.usage.input_tokens": read + written + 40,
        "gen_ai.usage.output_tokens": 9, "gen_ai.usage.cache_read.input_tokens": read, "gen_ai.usage.cache_creation.input_tokens": written,
        "gen_ai.response.finish_reasons": ["end_turn"], "contexture.digest": "cx1:" + "5e" * 32})
    chat.add_event("gen_ai.client.inference.operation.details", {"gen_ai.input.messages": "SAID"}, timestamp=nanos(at + 1))
    chat.end(end_time=nanos(at + 2))
    agent.end(end_time=nanos(at + 3))
