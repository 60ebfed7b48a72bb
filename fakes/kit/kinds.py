"""Kinds of faults: what each does and which options it takes. What becomes of them is in `faults`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Accepts = Literal["number", "whole number", "text", "headers"]


@dataclass(frozen=True, slots=True)
class Option:
    """One field of a fault.

    Attributes:
        name: As in the JSON, with its unit; on the command line with hyphens.
        what: What it is, as words that continue a sentence.
        accepts: A number (from `lowest` to `highest`), a text, or texts by name (not on the command line).
        default: Its value when it is not given.
        is_required: Whether it has to be given.
    """

    name: str
    what: str
    accepts: Accepts = "number"
    lowest: float = 0
    highest: float = 0
    default: float | str | None = None
    is_required: bool = False

    def takes(self, value: Any) -> bool:
        """Whether it may be this value."""
        match self.accepts:
            case "text":
                return isinstance(value, str)
            case "headers":
                return isinstance(value, dict) and all(isinstance(one, str) for one in value.values())
            case "number":
                return self._is_within(value)
            case "whole number":
                return self._is_within(value) and value == int(value)

    @property
    def possible(self) -> str:
        """What it may be, in words."""
        match self.accepts:
            case "text":
                return "a text"
            case "headers":
                return "an object of texts"
            case _:
                return f"a {self.accepts} from {self.lowest:.7g} to {self.highest:.7g}"

    def _is_within(self, value: Any) -> bool:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return is_number and self.lowest <= value <= self.highest


@dataclass(frozen=True, slots=True)
class FaultKind:
    """A kind of fault.

    Attributes:
        name: Its word in the JSON and on the command line.
        what: What it does, in one sentence without a full stop.
    """

    name: str
    what: str
    options: tuple[Option, ...] = ()

    def read(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return the options of a fault given as JSON, each with a value.

        Raises:
            ValueError: A field is unknown, missing or has a bad value; the text names it.
        """
        names = [option.name for option in self.options]
        if unknown := set(body) - {"kind", *names}:
            known = f"it takes {', '.join(names)}" if names else "it takes none"
            raise ValueError(f"fault field '{min(unknown)}' means nothing for kind '{self.name}'; {known}")
        return {option.name: self._value(option, body.get(option.name)) for option in self.options}

    def _value(self, option: Option, given: Any) -> Any:
        if given is None and option.is_required:
            needed = f"'{option.name}', {option.what}: {option.possible}"
            raise ValueError(f"a fault of kind '{self.name}' needs {needed}")
        if given is None:
            return option.default
        if not option.takes(given):
            field = f"fault field '{option.name}' of kind '{self.name}'"
            raise ValueError(f"{field} is {given!r}; it must be {option.possible}")
        return int(given) if option.accepts == "whole number" else given


RULE_OPTIONS = (
    Option("path", "Glob on the path", "text", default="*"),
    Option("method", "HTTP method", "text", default="*"),
    Option("times", "How often it strikes, without it for ever", "whole number", 1, 1_000_000),
    Option("after", "How many requests pass before it strikes", "whole number", 0, 1_000_000, 0),
    Option("probability", "Chance that it strikes", "number", 0, 1, 1),
)
"""What every kind that strikes requests takes."""

RULE_KINDS = (
    FaultKind(
        "latency",
        "lets requests wait, and go on",
        (Option("ms", "the milliseconds to wait", "number", 0, 3_600_000, is_required=True), *RULE_OPTIONS),
    ),
    FaultKind(
        "error",
        "answers requests with an error",
        (
            Option("status", "HTTP status", "whole number", 400, 599, 500),
            Option("body", "body of the answer, without it the provider's own", "text"),
            Option("headers", "headers of the answer", "headers"),
            *RULE_OPTIONS,
        ),
    ),
    FaultKind("hang", "never answers requests", RULE_OPTIONS),
    FaultKind("cut", "closes the connection instead of an answer", RULE_OPTIONS),
    FaultKind("garbage", "answers 200 with bytes that are not the provider's", RULE_OPTIONS),
)
"""Kinds that strike requests: of every fake."""
