"""Cuts a search expression into tokens that know where they stand."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from fakes.cloudinary.errors import query_error

Kind = Literal["word", "text", "operator", "(", ")", "[", "]", "{", "}", "-", "AND", "OR", "NOT", "TO", "end"]

MAX_LENGTH = 16_384  # guess: nobody has recorded the real limit
_SPACE = re.compile(r"\s+")
_OPERATOR = re.compile(r">=|<=|[:=><]")
_WORD = re.compile(r'(?:\\.|[^\s!(){}\[\]*^~?:\\=&><"])+', re.DOTALL)
_TEXT = re.compile(r'"((?:\\.|[^"\\*])*)', re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ENDS_A_WORD = re.compile(r"[\s)\]}]|$")
_KEYWORDS: dict[str, Kind] = {"AND": "AND", "OR": "OR", "NOT": "NOT"}
_BRACKETS: dict[str, Kind] = {"(": "(", ")": ")", "[": "[", "]": "]", "{": "{", "}": "}"}


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of an expression.

    Attributes:
        kind: `word` and `text` (in quotes) carry a value, `operator` one of `: = > >= < <=`.
        text: The value, without quotes and escapes.
        position: Of its first character, counted from 1 as in Cloudinary's errors.
        is_prefix: A `*` ends it: whatever starts so.
    """

    kind: Kind
    text: str
    position: int
    is_prefix: bool = False


def tokenize(expression: str) -> Iterator[Token]:
    """Cut an expression into tokens; the last one is `end`.

    Raises:
        ProviderError: A character that cannot stand where it does, or too many of them (400).
    """
    if len(expression) > MAX_LENGTH:
        raise query_error(MAX_LENGTH + 1)
    at, before = 0, Token("end", "", 0)
    is_range = False
    while True:
        if space := _SPACE.match(expression, at):
            at = space.end()
        if at == len(expression):
            yield Token("end", "", at + 1)
            return
        takes_value = before.kind == "operator" or is_range
        before, at = _next(expression, at, takes_value=takes_value, is_range=is_range)
        if before.kind in ("[", "{"):
            is_range = True
        elif before.kind in ("]", "}"):
            is_range = False
        yield before


def _next(expression: str, at: int, *, takes_value: bool, is_range: bool) -> tuple[Token, int]:
    """The token that starts at an index, and the index behind it."""
    char = expression[at]
    if kind := _BRACKETS.get(char):
        return Token(kind, char, at + 1), at + 1
    if operator := _OPERATOR.match(expression, at):
        return Token("operator", operator[0], at + 1), operator.end()
    if char == "-" and not takes_value:
        return Token("-", char, at + 1), at + 1
    if char == '"':
        return _quoted(expression, at)
    word = _WORD.match(expression, at)
    if word is None:
        raise query_error(at + 1)
    if is_range and word[0] == "TO":
        return Token("TO", "TO", at + 1), word.end()
    if not takes_value and (keyword := _KEYWORDS.get(word[0])):
        return Token(keyword, word[0], at + 1), word.end()
    end = word.end()
    is_prefix = expression[end : end + 1] == "*"
    if is_prefix and not _ENDS_A_WORD.match(expression, end + 1):
        raise query_error(end + 1)
    return Token("word", _plain(word[0]), at + 1, is_prefix), end + is_prefix


def _quoted(expression: str, at: int) -> tuple[Token, int]:
    """In quotes only `"`, `*` and the backslash mean something; a `*` may be the last character."""
    match = _TEXT.match(expression, at)
    assert match is not None
    end = match.end()
    is_prefix = expression[end : end + 1] == "*"
    closing = end + is_prefix
    if expression[closing : closing + 1] != '"' or (is_prefix and not match[1]):
        raise query_error(end + 1)
    return Token("text", _plain(match[1]), at + 1, is_prefix), closing + 1


def _plain(text: str) -> str:
    return _ESCAPE.sub(r"\1", text)
