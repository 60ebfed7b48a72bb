"""Messages as applications send them, with every limit that Discord checks."""

from collections.abc import Mapping, Sequence
from typing import Any

from fakes.discord import errors
from fakes.discord.shapes import as_object, as_objects
from fakes.discord.state.messages import COMPONENTS_V2, Draft, File

_CONTENT, _EMBEDS, _EMBED_TOTAL, _NONCE = 2000, 10, 6000, 25
_EMBED_TEXTS = (
    (("title",), 256),
    (("description",), 4096),
    (("footer", "text"), 2048),
    (("author", "name"), 256),
)
_EMBED_FIELDS = 25
_FIELD_TEXTS = (("name", 256), ("value", 1024))
_SETTABLE_FLAGS = 4 | 64 | 4096 | COMPONENTS_V2
_LEGACY = ("content", "embeds", "sticker_ids", "poll")


def draft(fields: Mapping[str, Any], files: Sequence[File] = (), idempotency_key: str | None = None) -> Draft:
    """A message as it was sent.

    Raises:
        ProviderError: A field is not usable; the tree of errors names it.
    """
    content = fields.get("content") or ""
    if not isinstance(content, str):
        content = str(content)
    if len(content) > _CONTENT:
        raise errors.too_long(_CONTENT, "content")
    nonce = fields.get("nonce")
    if isinstance(nonce, str) and len(nonce) > _NONCE:
        raise errors.too_long(_NONCE, "nonce")
    flags = _number(fields.get("flags") or 0, "flags") & _SETTABLE_FLAGS
    legacy = [name for name in _LEGACY if fields.get(name)]
    if flags & COMPONENTS_V2 and legacy:
        raise errors.legacy_fields(*legacy)
    reference = as_object(fields.get("message_reference"), "message_reference")
    return Draft(
        content=content,
        embeds=_embeds(as_objects(fields.get("embeds"), "embeds")),
        components=tuple(as_objects(fields.get("components"), "components")),
        files=tuple(files),
        flags=flags,
        tts=bool(fields.get("tts")),
        nonce=nonce,
        is_nonce_enforced=nonce is not None and is_true(fields.get("enforce_nonce")),
        reply_to=str(reference["message_id"]) if reference.get("message_id") else None,
        has_more=bool(fields.get("sticker_ids") or fields.get("poll")),
        fields=frozenset(fields),
        idempotency_key=idempotency_key,
    )


def is_true(value: Any) -> bool:
    """Truth as Discord reads it in queries and forms."""
    return value in (True, 1, "true", "True", "1")


def _embeds(embeds: Sequence[Mapping[str, Any]]) -> tuple[Mapping[str, Any], ...]:
    if len(embeds) > _EMBEDS:
        raise errors.invalid_form(("embeds",), "BASE_TYPE_BAD_LENGTH", "Must be between 0 and 10 in length.")
    total = sum(_embed_length(embed, str(position)) for position, embed in enumerate(embeds))
    if total > _EMBED_TOTAL:
        message = "Embed size exceeds maximum size of 6000"
        raise errors.invalid_form(("embeds",), "MAX_EMBED_SIZE_EXCEEDED", message)
    return tuple(embeds)


def _embed_length(embed: Mapping[str, Any], position: str) -> int:
    """Characters of one embed, each part checked against its own limit."""
    total = 0
    for path, limit in _EMBED_TEXTS:
        value: Any = embed
        for name in path:
            value = as_object(value, "embeds", position, *path[:-1]).get(name)
        total += _length(value, limit, "embeds", position, *path)
    fields = as_objects(embed.get("fields"), "embeds", position, "fields")
    if len(fields) > _EMBED_FIELDS:
        message = "Must be between 0 and 25 in length."
        raise errors.invalid_form(("embeds", position, "fields"), "BASE_TYPE_BAD_LENGTH", message)
    for number, one in enumerate(fields):
        for name, limit in _FIELD_TEXTS:
            if not one.get(name):
                raise errors.required("embeds", position, "fields", str(number), name)
            total += _length(one[name], limit, "embeds", position, "fields", str(number), name)
    return total


def _length(value: Any, limit: int, *path: str) -> int:
    length = len(str(value or ""))
    if length > limit:
        raise errors.too_long(limit, *path)
    return length


def _number(value: Any, name: str) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        message = f'Value "{value}" is not int.'
        raise errors.invalid_form((name,), "NUMBER_TYPE_COERCE", message) from None
