"""Posts at the platforms that old clips and old answers of ClipBOT refer to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from emulator.control import ask
from emulator.posts import NAMES, posts
from emulator.pruning.item import Item
from emulator.pruning.rows import Sent

_AT_ONCE = 500


def referred(fakes: Mapping[str, str], sent: Iterable[Sent]) -> list[Item]:
    """Return the posts that these rows tell of, found by their ids or by their idempotency keys."""
    by_id: dict[tuple[str, str], str] = {}
    by_key: dict[tuple[str, str], str] = {}
    for row in sent:
        if row.external_id:
            by_id[row.platform, row.external_id] = row.of
        if row.key:
            by_key[row.platform, row.key] = row.of
    if not by_id and not by_key:
        return []
    items = []
    for post in posts(fakes):
        platform = post["platform"]
        of = by_id.get((platform, str(post["id"]))) or by_key.get((platform, str(post["idempotency_key"])))
        if of is not None:
            items.append(_item(platform, post, of))
    return items


def remove(fakes: Mapping[str, str], items: Iterable[Item]) -> set[str]:
    """Have the fakes forget posts; return the ids of the items that are gone."""
    by_fake: dict[str, list[str]] = {}
    for item in items:
        fake, _, post = item.id.partition("/")
        by_fake.setdefault(fake, []).append(post)
    gone: set[str] = set()
    for fake, ids in by_fake.items():
        port = urlsplit(fakes[fake]).port or 80
        for start in range(0, len(ids), _AT_ONCE):
            told = ask(fake, port, "DELETE", "posts", {"ids": ids[start : start + _AT_ONCE]})
            gone |= {f"{fake}/{post}" for post in told["forgotten"]}
    return gone


def _item(platform: str, post: Mapping[str, Any], of: str) -> Item:
    media = post.get("media")
    size = int(media.get("bytes") or 0) if isinstance(media, dict) else 0
    what = f"{platform}: {post.get('title') or post.get('text') or ''}"
    at_s = datetime.fromisoformat(post["at"]).timestamp()
    return Item("post", f"{NAMES.get(platform, platform)}/{post['id']}", at_s, size, what, of=of)
