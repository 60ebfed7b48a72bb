"""How tests click through a fake's consent page."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

import httpx

REDIRECT = "http://127.0.0.1:8401/v1/oauth/{provider}/callback"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


def callback(answer: httpx.Response) -> dict[str, str]:
    """The parameters of the redirect back."""
    assert answer.status_code == 302, answer.text
    return dict(parse_qsl(urlsplit(answer.headers["location"]).query))


def approved(client: httpx.Client, path: str, params: Mapping[str, str], login: str) -> dict[str, str]:
    """Approve as a person without a page."""
    return callback(client.get(path, params={**params, "auto_approve": "1", "login_hint": login}))
