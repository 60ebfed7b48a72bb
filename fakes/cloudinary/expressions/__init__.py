"""The language of search expressions, as text: tokens, a tree, and what values stand for. No SQL.

Source: cloudinary.com/documentation/search_expressions.
"""

from fakes.cloudinary.expressions.syntax import (
    EVERYTHING,
    And,
    Bounds,
    Node,
    Not,
    Or,
    Term,
    Value,
    parse,
)
from fakes.cloudinary.expressions.values import moment, number

__all__ = [
    "EVERYTHING",
    "And",
    "Bounds",
    "Node",
    "Not",
    "Or",
    "Term",
    "Value",
    "moment",
    "number",
    "parse",
]
