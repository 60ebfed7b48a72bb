"""Evaluates the expressions of workflows: names, texts, true and false, ==, !=, !, &&, || and parentheses.

Whatever else GitHub knows is refused, as is a name that nobody gave a value: GitHub would take it for empty.
Source: docs.github.com/actions/reference/evaluate-expressions-in-workflows-and-actions.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

Value = str | bool
Contexts = Mapping[str, Mapping[str, str]]
"""`github`, `vars`, `secrets`, `inputs` and so on, each with its values by name."""

_TOKEN = re.compile(r"\s*(?:(==|!=|&&|\|\||[!()])|('(?:[^']|'')*')|([A-Za-z_][\w.-]*)|(\S))")
_INSERT = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)


class Refused(ValueError):
    """Something that this evaluator does not know."""


def filled(text: str, contexts: Contexts) -> str:
    """Return a text with each `${{ ... }}` replaced by its value."""
    return _INSERT.sub(lambda found: _as_text(evaluate(found[1], contexts)), text)


def inserted(text: str) -> list[str]:
    """Return the expressions within a text."""
    return [found.strip() for found in _INSERT.findall(text)]


def evaluate(text: str, contexts: Contexts) -> Value:
    """Return the value of an expression.

    Raises:
        Refused: It has something that is not known here.
    """
    reader = _Reader(_tokens(text), contexts)
    value = reader.either()
    if reader.rest:
        raise Refused(f"'{reader.rest[0]}' in '{text.strip()}' is not expected here")
    return value


def _tokens(text: str) -> list[str]:
    found = []
    for operator, quoted, name, other in _TOKEN.findall(text):
        if other:
            raise Refused(f"'{other}' in '{text.strip()}' is not known")
        found.append(operator or quoted or name)
    return found


class _Reader:
    """Reads an expression by recursive descent; `rest` are the tokens that are not read yet."""

    def __init__(self, tokens: list[str], contexts: Contexts) -> None:
        self.rest = tokens
        self._contexts = contexts

    def either(self) -> Value:
        value = self._both()
        while self._next_is("||"):
            other = self._both()
            value = value or other
        return value

    def _both(self) -> Value:
        value = self._compared()
        while self._next_is("&&"):
            other = self._compared()
            value = other if value else value
        return value

    def _compared(self) -> Value:
        left = self._single()
        for operator, wanted in (("==", True), ("!=", False)):
            if self._next_is(operator):
                return _is_equal(left, self._single()) is wanted
        return left

    def _single(self) -> Value:
        if self._next_is("!"):
            return not self._single()
        if self._next_is("("):
            value = self.either()
            if not self._next_is(")"):
                raise Refused("a parenthesis is not closed")
            return value
        if not self.rest:
            raise Refused("the expression ends too early")
        return self._read(self.rest.pop(0))

    def _read(self, token: str) -> Value:
        if token.startswith("'"):
            return token[1:-1].replace("''", "'")
        if token in ("true", "false"):
            return token == "true"
        context, _, name = token.partition(".")
        if self.rest and self.rest[0] == "(":
            raise Refused(f"the function '{token}' is not known")
        if name not in self._contexts.get(context, {}):
            raise Refused(f"nobody gave '{token}' a value")
        return self._contexts[context][name]

    def _next_is(self, token: str) -> bool:
        if self.rest and self.rest[0] == token:
            self.rest.pop(0)
            return True
        return False


def _is_equal(left: Value, right: Value) -> bool:
    if isinstance(left, str) and isinstance(right, str):
        return left.lower() == right.lower()  # as GitHub compares texts
    if isinstance(left, bool) and isinstance(right, bool):
        return left is right
    raise Refused(f"{left!r} and {right!r} are of two kinds")


def _as_text(value: Value) -> str:
    return value if isinstance(value, str) else str(value).lower()
