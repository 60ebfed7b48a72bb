"""What of other namespaces a job's input names: models, paths, volumes, endpoints. Pure.

Bytes as base64 are not looked through: no path and no name is as long as that.
"""

import posixpath
import re
from collections.abc import Iterator, Set
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

_LONGEST_NAME = 64
_LONGEST_PATH = 4096
"""In characters: PATH_MAX of Linux."""
_KINDS = "model|lora|checkpoint|ckpt|adapter|weights|tokenizer|volume|bucket|endpoint|template|namespace"
_NAMING = re.compile(rf"(?:{_KINDS})s?(?:(?:id|path|name)s?|dir|file|url|uri)*$")
_SEPARATORS = re.compile(r"[/\\:@?&=#,;\s]+")
_MOUNTED = re.compile(r"(?:runpod-volume|/workspace)/+([^\s\"'<>|;,]*)")
_OF_NAMESPACE = re.compile(r"[-_.]")
_NESTS = (dict, list)
_TOLD = (str, *_NESTS)
_MOCK = "mock_"
"""How the switches begin whose values are answers; a worker does nothing with them."""


@dataclass(frozen=True, slots=True)
class Naming:
    """A field that names something, and the parts of the name.

    Attributes:
        text: As it was sent.
        parts: Components of a path, or words of a name, in lower case.
    """

    field: str
    text: str
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Foreign:
    """What is others'.

    Attributes:
        namespaces: Their namespaces.
        ids: Ids and names of their endpoints and volumes.
    """

    namespaces: Set[str]
    ids: Set[str]

    def owns(self, part: str) -> bool:
        """Whether a part of a name is theirs: an id, a namespace, or `namespace-...`."""
        return part in self.ids or _OF_NAMESPACE.split(part, maxsplit=1)[0] in self.namespaces


def namings(given: Any) -> Iterator[Naming]:
    """All that an input names: in fields for models, volumes and so on, and paths below mounted volumes."""
    waiting: list[tuple[str, Any, bool]] = [("input", given, False)]
    while waiting:
        field, value, is_naming = waiting.pop()
        if isinstance(value, dict):
            waiting += [
                (name, inner, is_naming or _names(name))
                for name, inner in value.items()
                if isinstance(inner, _TOLD) and not name.startswith(_MOCK)
            ]
        elif isinstance(value, list):
            waiting += [
                (field, inner, is_naming)
                for inner in value
                if isinstance(inner, _NESTS) or (isinstance(inner, str) and (is_naming or _has_mount(inner)))
            ]
        elif isinstance(value, str) and len(value) <= _LONGEST_PATH and (parts := _parts(value, is_naming)):
            yield Naming(field, value, parts)


@lru_cache(maxsize=1024)
def _names(field: str) -> bool:
    """Whether a field is for a name, however it is written: `model_path`, `networkVolumeId`, `LORA`."""
    if len(field) > _LONGEST_NAME:
        return False
    return _NAMING.search(re.sub(r"[^a-z]", "", field.lower())) is not None


def _has_mount(text: str) -> bool:
    return len(text) <= _LONGEST_PATH and ("runpod-volume" in text or "/workspace/" in text)


def _parts(text: str, is_naming: bool) -> tuple[str, ...]:
    if is_naming:
        return tuple(part for part in _SEPARATORS.split(unquote(text).lower()) if part)
    if not _has_mount(text):
        return ()
    below = (posixpath.normpath(match[1]) for match in _MOUNTED.finditer(unquote(text).lower()))
    return tuple(part for path in below for part in path.split("/"))
