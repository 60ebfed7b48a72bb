"""Reads a search expression into a tree, by recursive descent.

    any     := all ("OR" all)*
    all     := one ("AND"? one)*
    one     := ("NOT" | "-") one | "(" any ")" | clause
    clause  := name operator (value | range | "(" any ")") | value
    range   := ("[" | "{") value "TO" value ("]" | "}")

Within `name:( ... )` the values stand for clauses of that name.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, cast

from fakes.cloudinary.errors import query_error
from fakes.cloudinary.expressions.tokens import Kind, Token, tokenize

Operator = Literal[":", "=", ">", ">=", "<", "<="]
MAX_DEPTH = 20  # SQLite reads no statement that is nested much deeper than what becomes of this
MAX_TERMS = 250
_ENDS: frozenset[Kind] = frozenset({"OR", ")", "end"})


@dataclass(frozen=True, slots=True)
class Value:
    """What a field is compared with.

    Attributes:
        position: Of its first character, counted from 1.
        is_prefix: A `*` ended it.
    """

    text: str
    position: int
    is_prefix: bool = False


@dataclass(frozen=True, slots=True)
class Term:
    """`field operator value`; without a field the value is looked for everywhere."""

    field: str | None
    operator: Operator
    value: Value


@dataclass(frozen=True, slots=True)
class Bounds:
    """`field:[low TO high]`; square brackets include their bound, braces do not."""

    field: str
    low: Value
    high: Value
    has_low: bool
    has_high: bool


@dataclass(frozen=True, slots=True)
class Not:
    """What does not fit `node`."""

    node: "Node"


@dataclass(frozen=True, slots=True)
class And:
    """What fits all of `nodes`."""

    nodes: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """What fits one of `nodes`."""

    nodes: tuple["Node", ...]


Node = Term | Bounds | Not | And | Or
EVERYTHING = And(())


def parse(expression: str) -> Node:
    """Read an expression; an empty one is `EVERYTHING`.

    Raises:
        ProviderError: It cannot be read, is nested too deeply or has too many terms (400).
    """
    return _Parser(tokenize(expression)).whole()


class _Parser:
    """One expression on its way from tokens to a tree.

    Args:
        tokens: Its tokens, the last one `end`.
    """

    def __init__(self, tokens: Iterator[Token]) -> None:
        self._tokens = tokens
        self._token = next(tokens)
        self._depth = 0
        self._terms = 0
        self._scope: tuple[str, Operator] | None = None

    def whole(self) -> Node:
        if self._token.kind == "end":
            return EVERYTHING
        node = self._any()
        self._take("end")
        return node

    def _any(self) -> Node:
        nodes = [self._all()]
        while self._token.kind == "OR":
            self._step()
            nodes.append(self._all())
        return nodes[0] if len(nodes) == 1 else Or(tuple(nodes))

    def _all(self) -> Node:
        nodes = [self._one()]
        while self._token.kind not in _ENDS:
            if self._token.kind == "AND":
                self._step()
            nodes.append(self._one())
        return nodes[0] if len(nodes) == 1 else And(tuple(nodes))

    def _one(self) -> Node:
        token = self._token
        if self._depth == MAX_DEPTH:
            raise query_error(token.position)
        self._depth += 1
        try:
            match token.kind:
                case "NOT" | "-":
                    self._step()
                    return Not(self._one())
                case "(":
                    return self._group()
                case _:
                    return self._clause()
        finally:
            self._depth -= 1

    def _group(self) -> Node:
        self._take("(")
        node = self._any()
        self._take(")")
        return node

    def _clause(self) -> Node:
        self._terms += 1
        if self._terms > MAX_TERMS:
            raise query_error(self._token.position)
        if self._scope is not None:
            return self._compared(*self._scope)
        value = self._value()
        if not self._is_at("operator"):
            return Term(None, ":", value)
        if value.is_prefix or not value.text:
            raise query_error(self._token.position)
        operator = self._operator()
        if self._is_at("(") and operator in (":", "="):
            return self._scoped(value.text, operator)
        return self._compared(value.text, operator)

    def _operator(self) -> Operator:
        """An operator; `:>` and the like mean the comparison."""
        text = self._take("operator").text
        if text == ":" and self._token.kind == "operator" and self._token.text not in (":", "="):
            text = self._take("operator").text
        return cast(Operator, text)

    def _scoped(self, field: str, operator: Operator) -> Node:
        self._scope = (field, operator)
        node = self._group()
        self._scope = None
        return node

    def _compared(self, field: str, operator: Operator) -> Node:
        if self._token.kind in ("[", "{"):
            return self._range(field, operator)
        return Term(field, operator, self._value())

    def _range(self, field: str, operator: Operator) -> Node:
        opening = self._step()
        if operator not in (":", "="):
            raise query_error(opening.position)
        low = self._value()
        self._take("TO")
        high = self._value()
        closing = self._step()
        if closing.kind not in ("]", "}"):
            raise query_error(closing.position)
        for bound in (low, high):
            if bound.is_prefix:
                raise query_error(bound.position + len(bound.text))
        return Bounds(field, low, high, opening.kind == "[", closing.kind == "]")

    def _value(self) -> Value:
        token = self._step()
        if token.kind not in ("word", "text"):
            raise query_error(token.position)
        return Value(token.text, token.position, token.is_prefix)

    def _is_at(self, kind: Kind) -> bool:
        return self._token.kind == kind

    def _take(self, kind: Kind) -> Token:
        if self._token.kind != kind:
            raise query_error(self._token.position)
        return self._step()

    def _step(self) -> Token:
        token = self._token
        if token.kind != "end":
            self._token = next(self._tokens)
        return token
