"""What the agent that makes deployments real is told, asked for as it does."""

from __future__ import annotations

import io
import tarfile
from typing import Any

import httpx


def orders(client: httpx.Client) -> list[dict[str, Any]]:
    """The orders since the last reset, without their numbers."""
    found = asked(client)["orders"]
    resets = [at for at, one in enumerate(found) if one["action"] == "reset"]
    behind = found[resets[-1] + 1 :] if resets else found
    return [{name: value for name, value in one.items() if name != "number"} for one in behind]


def asked(client: httpx.Client, after: int = 0, wait_s: int = 0) -> dict[str, Any]:
    """The answer to the agent's question."""
    answer = client.get("/_fake/deployments", params={"after": after, "wait_s": wait_s})
    body: dict[str, Any] = answer.raise_for_status().json()
    return body


def handed_over(client: httpx.Client, deployment: str) -> dict[str, bytes]:
    """The uploaded tree: path -> content."""
    answer = client.get(f"/_fake/deployments/{deployment}/files").raise_for_status()
    with tarfile.open(fileobj=io.BytesIO(answer.content)) as archive:
        files = {one.name: archive.extractfile(one) for one in archive if one.isfile()}
        return {name.removeprefix("./"): file.read() for name, file in files.items() if file is not None}
