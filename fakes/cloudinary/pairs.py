r"""Reads and writes `k=v|k2=v2`, the form of context and structured metadata; `\|` and `\=` are escaped."""

import json
import re
from collections.abc import Mapping

from fakes.cloudinary.errors import invalid_parameter
from fakes.kit.bodies import strict_json

_LIMIT = 100_000  # guess: the number; reading takes time


def read(text: str, name: str) -> dict[str, str]:
    """The pairs of a text, or of a JSON object; a name that comes twice keeps its last value.

    Args:
        text: As it was sent.
        name: The parameter, for errors.

    Raises:
        ProviderError: A piece has no `=`, or the text is too long (400).
    """
    if len(text) > _LIMIT:
        raise invalid_parameter(name, f"more than {_LIMIT} characters")
    if text.startswith("{"):
        return _of_json(text, name)
    found = {}
    for piece in re.findall(r"(?:\\.|[^|\\])+", text, re.DOTALL):
        match = re.fullmatch(r"((?:\\.|[^=\\])+)=(.*)", piece, re.DOTALL)
        if match is None:
            raise invalid_parameter(name, text)
        found[_unescape(match[1])] = _unescape(match[2])
    return found


def write(pairs: Mapping[str, str]) -> str:
    """Pairs as one text."""
    return "|".join(f"{_escape(name)}={_escape(value)}" for name, value in pairs.items())


def _of_json(text: str, name: str) -> dict[str, str]:
    try:
        pairs = strict_json(text)
    except ValueError as error:
        raise invalid_parameter(name, text) from error
    return {
        str(key): value if isinstance(value, str) else json.dumps(value)
        for key, value in pairs.items()
        if value is not None
    }


def _escape(text: str) -> str:
    return re.sub(r"([\\|=])", r"\\\1", text)


def _unescape(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)
