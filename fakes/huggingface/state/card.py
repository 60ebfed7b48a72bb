"""The front matter of a Space's README.md (huggingface.co/docs/hub/spaces-config-reference)."""

import json
import re
from collections.abc import Mapping
from typing import Any

SDKS = ("gradio", "docker", "static", "streamlit")
COLORS = ("red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray")
EMPTY = "empty or missing yaml metadata in repo card"
_FRONT = re.compile(r"\A\ufeff?---[ \t]*\r?\n(.*?)^---[ \t]*\r?$", re.DOTALL | re.MULTILINE)
_APP_FILES = {"gradio": "app.py", "streamlit": "app.py", "docker": "Dockerfile", "static": "index.html"}
_CHOICES = {"sdk": SDKS, "colorFrom": COLORS, "colorTo": COLORS}
_PORTS = range(1, 65536)


class BadCard(ValueError):
    """The front matter is no YAML of an object; the text says why."""


def read(text: str) -> Mapping[str, Any] | None:
    """The front matter of a README.md as JSON has it, dates as texts; None where there is none.

    Raises:
        BadCard: It is not valid YAML, or no object.
    """
    found = _FRONT.match(text)
    if found is None:
        return None
    import yaml  # late: a start without Spaces does not pay for it

    try:
        card = json.loads(json.dumps(yaml.safe_load(found[1]), default=str, allow_nan=False))
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        raise BadCard(f"YAML metadata is invalid: {error}") from error
    if card is None:
        return None
    if not isinstance(card, dict):
        raise BadCard("YAML metadata must be an object")
    return card


def flaws(card: Mapping[str, Any]) -> tuple[str, ...]:
    """What the Hub refuses in a Space's front matter."""
    found = [
        f'"{name}" must be one of [{", ".join(known)}]'
        for name, known in _CHOICES.items()
        if name in card and card[name] not in known
    ]
    port = card.get("app_port")
    if port is not None and (isinstance(port, bool) or port not in _PORTS):
        found.append('"app_port" must be a valid port')
    return tuple(found)


def app_file(card: Mapping[str, Any], sdk: str) -> str:
    """Path of the file that the Space cannot start without."""
    named = card.get("app_file")
    return str(named) if named and sdk != "docker" else _APP_FILES[sdk]


def initial(name: str, sdk: str) -> str:
    """The README.md of a new Space."""
    title = name.replace("-", " ").replace("_", " ").title()
    return (
        f"---\ntitle: {title}\nemoji: \U0001f680\ncolorFrom: blue\ncolorTo: green\n"
        f"sdk: {sdk}\npinned: false\n---\n\n"
        "Check out the configuration reference at https://huggingface.co/docs/hub/spaces-config-reference\n"
    )
