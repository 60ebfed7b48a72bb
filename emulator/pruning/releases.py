"""Old releases that nobody needs any more: neither to serve, nor to be returned to."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from emulator.errors import ConfigurationRefused
from emulator.pruning.files import touched
from emulator.pruning.item import Item
from emulator.releases.record import stamp
from emulator.releases.store import Store


def old(store: Store, before_s: float) -> Iterator[Item]:
    """Yield the releases that were made before, and are not needed any more."""
    for release in store.surplus(keep=0, before=stamp(before_s)):
        _, size = touched(store.folder(release.version))
        made_s = datetime.fromisoformat(release.created_at).timestamp()
        yield Item("release", release.version, made_s, size, release.subject)


def remove(store: Store, item: Item) -> bool:
    """Remove a release; tell whether it is gone: one that is needed by now stays."""
    if item.id in store.needed():
        return False
    try:
        store.remove(item.id)
    except ConfigurationRefused:
        return False
    return True
