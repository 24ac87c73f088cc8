"""What an application writes, for mypy: requests are what the vendors' own functions take."""

import anthropic
import openai
from anthropic.types import Message
from anthropic.types.message_create_params import MessageCreateParamsNonStreaming
from openai.types.chat import ChatCompletion
from openai.types.responses import Response

import contexture_bundle
from contexture_bundle import Bundle, BundleError


def answers(bundle: Bundle, ticket: str) -> tuple[Message, Response, ChatCompletion]:
    sonnet: MessageCreateParamsNonStreaming = bundle.request("claude-sonnet-5-5", ticket=ticket)
    return (
        anthropic.Anthropic().messages.create(**sonnet),
        openai.OpenAI().responses.create(**bundle.request("gpt-6.1-sol", ticket=ticket)),
        openai.OpenAI().chat.completions.create(**bundle.request("gpt-6.1-sol", "chat", ticket=ticket)),
    )


def names(folder: str) -> list[str]:
    try:
        bundle = contexture_bundle.load(folder, verify=True)
    except BundleError as fault:
        return [str(fault)]
    return [bundle.id, bundle.full, *bundle.inputs, *bundle.history, *bundle.models]
