"""What GitHub's runner is told besides the log: annotations and the summary of a step. Pure.

Source: docs.github.com/actions/reference/workflow-commands-for-github-actions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from emulator.shipping.record import Shipped


def is_runner(env: Mapping[str, str]) -> bool:
    """Tell whether this is a step of a workflow."""
    return env.get("GITHUB_ACTIONS") == "true"


def annotation(title: str, text: str) -> str:
    """Return the command that shows an error on the run's page."""
    return f"::error title={_property(title)}::{_data(text)}"


def summary(shipped: Sequence[Shipped]) -> str:
    """Return a table of what was shipped, in Markdown."""
    rows = [
        f"| {one.service} | `{one.commit[:12]}` | `{one.deployment}` | {one.took_s:.1f} s |"
        for one in shipped
    ]
    return "\n".join(["| service | commit | deployment | took |", "| --- | --- | --- | --- |", *rows, ""])


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
