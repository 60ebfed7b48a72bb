"""Frozen records as the text of one column, and back."""

import json
from dataclasses import asdict
from typing import Any

from fakes.runpod.wire.resources import Deployment, Template


def text_of(record: Template | Deployment) -> str:
    """A record as JSON."""
    return json.dumps(asdict(record))


def attributes_in(text: str) -> dict[str, Any]:
    """The attributes of a record that was written as JSON; its lists were tuples."""
    found: dict[str, Any] = json.loads(text)
    return {name: tuple(value) if isinstance(value, list) else value for name, value in found.items()}
