"""Asks a fake something by its control surface, `/_fake/`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from typing import Any

from emulator.errors import CheckFailed, ConfigurationRefused

_WITHIN_S = 5.0


def ask(
    fake: str,
    port: int,
    method: str,
    path: str,
    body: Mapping[str, Any] | None = None,
    *,
    hint: str = "",
    within_s: float = _WITHIN_S,
) -> dict[str, Any]:
    """Return what a fake answers; `path` is what follows `/_fake/`.

    Raises:
        CheckFailed: It does not answer.
        ConfigurationRefused: It refuses, with `hint`.
    """
    connection = HTTPConnection("127.0.0.1", port, timeout=within_s)
    try:
        connection.request(method, f"/_fake/{path}", None if body is None else json.dumps(body))
        answer = connection.getresponse()
        found = json.loads(answer.read() or b"{}")
    except (OSError, HTTPException, ValueError) as error:
        raise CheckFailed(f"fake '{fake}' does not answer: {error}", "see: clipnet-emulate status") from error
    finally:
        connection.close()
    if answer.status >= 400:
        raise ConfigurationRefused(f"fake '{fake}' refused it: {found.get('error', found)}", hint)
    return dict(found)
