"""What the fakes have to know of a seed, as their seed documents: assets, grants and earlier posts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from seed.clips import Asset
from seed.people import OAuthAccountRow
from seed.scenario import Scenario


def documents(scenario: Scenario, assets: Sequence[Asset]) -> dict[str, dict[str, Any]]:
    """Return the document of each fake that has one, by the fake's name."""
    accounts = scenario.tables["oauth_accounts"]
    providers = sorted({account.provider for account in accounts})
    found: dict[str, dict[str, Any]] = {
        provider: {"oauth": {"grants": [_grant(one) for one in accounts if one.provider == provider]}}
        for provider in providers
    }
    found["cloudinary"] = {"assets": [_asset(asset) for asset in assets]}
    for platform, provider in (("youtube", "google"), ("tiktok", "tiktok")):
        found.setdefault(provider, {})["videos"] = _posts(scenario, platform)
    return found


def _asset(asset: Asset) -> dict[str, Any]:
    file = asset.file
    return {
        "public_id": asset.public_id,
        "resource_type": asset.resource_type,
        "type": "upload",
        "format": file.format,
        "bytes": file.bytes,
        "width": file.width,
        "height": file.height,
        "duration": file.duration_s or None,
        "sha256": file.sha256,
        "etag": file.etag,
        "created_at": _iso(asset.created_at),
        "tags": list(asset.tags),
        "context": dict(asset.context),
        "original_filename": file.recipe,
    }


def _grant(account: OAuthAccountRow) -> dict[str, Any]:
    return {
        "login": account.login,
        "scopes": list(account.scopes),
        "access_token": account.access_token.text,
        "refresh_token": account.refresh_token.text if account.refresh_token else None,
        "expires_in": None,
    }


def _posts(scenario: Scenario, platform: str) -> list[dict[str, Any]]:
    """Return what was published at a platform, the oldest first, in its owner's name."""
    titles = {clip.id: clip.title for clip in scenario.tables["clips"]}
    logins = {account.user_id: account.login for account in scenario.tables["oauth_accounts"]}
    posted = [p for p in scenario.tables["posts"] if p.platform == platform and p.posted_at is not None]
    return [
        {
            "id": post.external_id,
            "login": logins[post.user_id],
            "title": titles[post.clip_id],
            "description": "",
            "at": _iso(post.posted_at),
            "idempotency_key": post.idempotency_key,
        }
        for post in sorted(posted, key=lambda post: post.posted_at)
    ]


def _iso(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
