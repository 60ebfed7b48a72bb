"""Fills `${NAME}` in compose values, by the rules of the Compose specification ("Interpolation").

Source: docs.docker.com/reference/compose-file/interpolation. Pure functions; reads no environment itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from emulator.errors import ConfigurationRefused

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OPERATORS = (":-", "-", ":?", "?", ":+", "+")


def interpolate(text: str, variables: Mapping[str, str]) -> str:
    """Return `text` with every variable replaced.

    Raises:
        ConfigurationRefused: The text is malformed, or a required variable (`${NAME:?why}`) is missing.
    """
    out: list[str] = []
    position = 0
    while position < len(text):
        dollar = text.find("$", position)
        if dollar < 0:
            out.append(text[position:])
            break
        out.append(text[position:dollar])
        value, position = _substitute(text, dollar, variables)
        out.append(value)
    return "".join(out)


def _substitute(text: str, dollar: int, variables: Mapping[str, str]) -> tuple[str, int]:
    after = dollar + 1
    if text.startswith("$", after):
        return "$", after + 1
    if text.startswith("{", after):
        end = _closing_brace(text, after)
        return _expression(text[after + 1 : end], text, variables), end + 1
    name = _NAME.match(text, after)
    if name is None:
        raise ConfigurationRefused(
            f"'{text}' has a '$' that starts no variable", "write '$$' for a plain '$'"
        )
    return variables.get(name.group(), ""), name.end()


def _closing_brace(text: str, opening: int) -> int:
    depth = 0
    for index in range(opening, len(text)):
        if text[index] == "{" and (index == opening or text[index - 1] == "$"):
            depth += 1
        elif text[index] == "}":
            depth -= 1
            if depth == 0:
                return index
    raise ConfigurationRefused(f"'{text}' has a '${{' that is never closed")


def _expression(expression: str, text: str, variables: Mapping[str, str]) -> str:
    name = _NAME.match(expression)
    rest = expression[name.end() :] if name else expression
    operator = next((candidate for candidate in _OPERATORS if rest.startswith(candidate)), "")
    if name is None or (rest and not operator):
        raise ConfigurationRefused(f"'{text}' holds no valid variable in '${{{expression}}}'")

    value = variables.get(name.group())
    is_given = bool(value) if operator.startswith(":") else value is not None
    word = rest[len(operator) :]
    if operator.endswith("+"):
        return interpolate(word, variables) if is_given else ""
    if is_given or not operator:
        return value or ""
    if operator.endswith("-"):
        return interpolate(word, variables)
    raise ConfigurationRefused(
        f"variable '{name.group()}' is required: {interpolate(word, variables) or 'it is not set'}",
        f"set {name.group()} in the environment or in .env",
    )


def dotenv(text: str) -> dict[str, str]:
    """Return the assignments of a `.env` file: `NAME=value`, `export`, quotes and `#` comments."""
    values: dict[str, str] = {}
    for line in text.splitlines():
        stripped = line.strip().removeprefix("export ").lstrip()
        name, equals, value = stripped.partition("=")
        if not equals or stripped.startswith("#"):
            continue
        values[name.strip()] = _unquoted(value.strip())
    return values


def _unquoted(value: str) -> str:
    if value[:1] in {"'", '"'}:
        end = value.find(value[0], 1)
        return value[1:end] if end > 0 else value[1:]
    return re.split(r"(?:^|\s)#", value, maxsplit=1)[0].rstrip()
