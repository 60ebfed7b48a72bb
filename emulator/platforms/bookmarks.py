"""Which orders were carried out, kept over the end of the supervisor: the others are carried out again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from emulator.statefolder import damaged, read_json, replace_json, writing

FILE = "platforms.json"


class Bookmarks:
    """Numbers of orders by platform, in one file of the state folder.

    Raises:
        StateFolderUnusable: The file is damaged.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        found = read_json(self._path) or {}
        try:
            self._behind = {name: int(one["behind"]) for name, one in found.items()}
            self._done = {name: {int(number) for number in one["done"]} for name, one in found.items()}
        except (KeyError, TypeError, ValueError) as error:
            raise damaged(self._path, f"it holds no numbers of orders ({error!r})") from error

    def behind(self, platform: str) -> int:
        """Return the number up to which all orders were carried out."""
        return self._behind.get(platform, 0)

    def is_done(self, platform: str, number: int) -> bool:
        """Tell whether an order was carried out."""
        return number <= self.behind(platform) or number in self._done.get(platform, ())

    def note(self, platform: str, number: int, open_numbers: set[int]) -> None:
        """Note that an order was carried out.

        Args:
            open_numbers: Orders that were heard of and are not carried out yet.
        """
        done = self._done.setdefault(platform, set()) | {number}
        limit = min(open_numbers - {number}, default=max(done) + 1)
        self._behind[platform] = max(self.behind(platform), *(one for one in done if one < limit), 0)
        self._done[platform] = {one for one in done if one > limit}
        self._write()

    def restart(self, platform: str, number: int = 0) -> None:
        """Forget all up to now: what is behind this number is still to be carried out."""
        self._behind[platform], self._done[platform] = number, set()
        self._write()

    def _write(self) -> None:
        value: dict[str, Any] = {
            name: {"behind": behind, "done": sorted(self._done.get(name, ()))}
            for name, behind in self._behind.items()
        }
        with writing(self._path):
            replace_json(self._path, value)
