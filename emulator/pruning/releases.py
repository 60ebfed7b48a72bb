"""Old releases that serve nowhere; the one that a rollback would return to stays, and one being deployed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from emulator.errors import ConfigurationRefused
from emulator.pruning.files import touched
from emulator.pruning.item import Item
from emulator.releases.record import DeploymentState, stamp
from emulator.releases.store import Store


def old(store: Store, before_s: float) -> Iterator[Item]:
    """Yield the releases that were made before, and are not needed any more."""
    needed = _needed(store)
    for release in store.surplus(keep=0, before=stamp(before_s)):
        if release.version in needed:
            continue
        _, size = touched(store.folder(release.version))
        made_s = datetime.fromisoformat(release.created_at).timestamp()
        yield Item("release", release.version, made_s, size, release.subject)


def remove(store: Store, item: Item) -> bool:
    """Remove a release; tell whether it is gone: one that serves by now stays."""
    if item.id in _needed(store):
        return False
    try:
        store.remove(item.id)
    except ConfigurationRefused:
        return False
    return True


def _needed(store: Store) -> set[str]:
    good = (store.last_good(version) for version in set(store.current().values()))
    under_way = (one.release for one in store.deployments() if one.state is DeploymentState.RUNNING)
    return {release.version for release in good if release} | {version for version in under_way if version}
