"""Which paths a `.gitignore` leaves out (git-scm.com/docs/gitignore)."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of a `.gitignore`."""

    pattern: re.Pattern[str]
    is_negated: bool


def rules(text: str) -> tuple[Rule, ...]:
    """The rules of a `.gitignore`, in its order."""
    lines = (line.rstrip() for line in text.splitlines())
    return tuple(_rule(line) for line in lines if line.strip("!/") and not line.startswith("#"))


def is_ignored(path: str, given: tuple[Rule, ...]) -> bool:
    """Whether a path (or a folder on its way) is left out; the last rule that fits decides."""
    ignored = False
    for rule in given:
        if rule.pattern.fullmatch(path):
            ignored = not rule.is_negated
    return ignored


def _rule(line: str) -> Rule:
    body = line.removeprefix("!")
    is_anchored = "/" in body.rstrip("/")
    is_folder = body.endswith("/")
    inner = _expression(body.strip("/"))
    before = "" if is_anchored else "(?:.*/)?"
    after = "/.*" if is_folder else "(?:/.*)?"
    try:
        pattern = re.compile(before + inner + after)
    except re.error:
        pattern = re.compile(re.escape(body))  # a set without a sense, such as [z-a]
    return Rule(pattern, line.startswith("!"))


def _expression(glob: str) -> str:
    """A glob as a regular expression: `**/` is any folders, `*` and `?` stay within a name."""
    parts = re.split(r"(\*\*/|\*\*|\*|\?|\[[^\]]+\])", re.sub(r"(?:\*\*/)+", "**/", glob))
    words = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return "".join(words.get(part) or _set(part) or re.escape(part) for part in parts if part)


def _set(part: str) -> str | None:
    """A set of characters as a regular expression; None for what is none."""
    if not part.startswith("[") or len(part) < len("[a]"):
        return None
    body = part[1:-1]
    negation = "^" if body[0] in "!^" else ""
    inner = re.sub(r"([\[\\^&|~])", r"\\\1", body[len(negation) :])
    return f"[{negation}{inner}]"
