"""The request types of the Anthropic and OpenAI SDKs, closed: an unknown key is refused.

Those SDKs describe requests as TypedDicts, which Python itself never checks. pydantic can, once
three things are changed in place: every TypedDict forbids extra keys (except those that the SDK
declares open, such as a tool's JSON Schema); `Iterable` becomes `list`, because pydantic checks the
elements of an iterable only when somebody asks for them; and answers, which may be sent back as they
came and are open to new keys, are no alternative to a request's own types.
"""

import collections.abc
import types
import typing

import pydantic
import typing_extensions


def close(root):
    """Closes a TypedDict and every TypedDict that it leads to."""
    closed, waiting = set(), [root]
    while waiting:
        typed = waiting.pop()
        if typed in closed:
            continue
        closed.add(typed)
        hints = typing_extensions.get_type_hints(typed, include_extras=True)
        typed.__annotations__ = {name: listed(hint) for name, hint in hints.items()}
        if getattr(typed, "__pydantic_config__", {}).get("extra") != "allow":
            typed.__pydantic_config__ = pydantic.ConfigDict(
                extra="forbid", strict=True, arbitrary_types_allowed=True
            )
        for hint in typed.__annotations__.values():
            waiting.extend(typed_dicts(hint))
    return root


def listed(hint):
    """The type with every iterable in it a list, and no answers; None if there is nothing else."""
    if isinstance(hint, type) and issubclass(hint, pydantic.BaseModel):
        return None
    origin, arguments = typing_extensions.get_origin(hint), typing_extensions.get_args(hint)
    if origin is typing.Literal or not arguments:
        return hint
    if origin is typing_extensions.Annotated:
        return listed(arguments[0])
    inner = tuple(kept for kept in map(listed, arguments) if kept is not None)
    if not inner:
        return None
    if origin is collections.abc.Iterable or getattr(origin, "__name__", "") == "SequenceNotStr":
        return list[inner]
    if origin in (typing.Union, types.UnionType):
        return typing.Union[inner]
    return origin[inner if len(inner) > 1 else inner[0]]


def typed_dicts(hint):
    """The TypedDicts among a type's alternatives."""
    if typing_extensions.is_typeddict(hint):
        return [hint]
    arguments = typing_extensions.get_args(hint)
    if typing_extensions.get_origin(hint) is typing.Literal:
        return []
    return [typed for argument in arguments for typed in typed_dicts(argument)]


def has_path(typed, path):
    """Whether a dotted path leads to a key of the TypedDict or of those inside it."""
    head, _, rest = path.partition(".")
    hint = typed.__annotations__.get(head)
    if hint is None:
        return False
    return not rest or any(has_path(inner, rest) for inner in typed_dicts(hint))
